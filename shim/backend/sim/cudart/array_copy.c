/* SPDX-License-Identifier: Apache-2.0 */
/* Copies that arrays take part in, and boxes of memory: copied and set. */
#include "shim/backend/sim/cudart/runtime.h"

#include <string.h>

#define A(array) ((CUarray)(uintptr_t)(array))

static bool types_of(CUDA_MEMCPY3D *copy, cudaMemcpyKind kind)
{
	static const unsigned char to[] = { CU_MEMORYTYPE_HOST, CU_MEMORYTYPE_DEVICE,
					    CU_MEMORYTYPE_HOST, CU_MEMORYTYPE_DEVICE,
					    CU_MEMORYTYPE_UNIFIED };
	static const unsigned char from[] = { CU_MEMORYTYPE_HOST, CU_MEMORYTYPE_HOST,
					      CU_MEMORYTYPE_DEVICE, CU_MEMORYTYPE_DEVICE,
					      CU_MEMORYTYPE_UNIFIED };

	if ((unsigned)kind >= sizeof(to))
		return false;
	copy->dstMemoryType = (CUmemorytype)to[kind];
	copy->srcMemoryType = (CUmemorytype)from[kind];
	return true;
}

cudaError_t runtime_copy_1d(CUDA_MEMCPY3D *out, void *to, const void *from, size_t size,
			    cudaMemcpyKind kind)
{
	*out = (CUDA_MEMCPY3D){
		.dstHost = to,
		.dstDevice = runtime_address(to),
		.srcHost = from,
		.srcDevice = runtime_address(from),
		.WidthInBytes = size,
		.Height = 1,
		.Depth = 1,
	};
	return types_of(out, kind) ? cudaSuccess : cudaErrorInvalidMemcpyDirection;
}

cudaError_t runtime_copy_3d(CUDA_MEMCPY3D *out, const cudaMemcpy3DParms *in)
{
	size_t element = 1;

	if (!in || !in->srcArray == !in->srcPtr.ptr || !in->dstArray == !in->dstPtr.ptr)
		return cudaErrorInvalidValue;
	/* extents and places are in elements as soon as an array takes part */
	if (in->srcArray)
		element = runtime_element(in->srcArray);
	else if (in->dstArray)
		element = runtime_element(in->dstArray);
	if (!element || (in->srcArray && in->dstArray && runtime_element(in->dstArray) != element))
		return cudaErrorInvalidValue;
	*out = (CUDA_MEMCPY3D){
		.srcXInBytes = in->srcPos.x * (in->srcArray ? element : 1),
		.srcY = in->srcPos.y,
		.srcZ = in->srcPos.z,
		.srcHost = in->srcPtr.ptr,
		.srcDevice = runtime_address(in->srcPtr.ptr),
		.srcArray = A(in->srcArray),
		.srcPitch = in->srcPtr.pitch,
		.srcHeight = in->srcPtr.ysize,
		.dstXInBytes = in->dstPos.x * (in->dstArray ? element : 1),
		.dstY = in->dstPos.y,
		.dstZ = in->dstPos.z,
		.dstHost = in->dstPtr.ptr,
		.dstDevice = runtime_address(in->dstPtr.ptr),
		.dstArray = A(in->dstArray),
		.dstPitch = in->dstPtr.pitch,
		.dstHeight = in->dstPtr.ysize,
		.WidthInBytes = in->extent.width * element,
		.Height = in->extent.height,
		.Depth = in->extent.depth,
	};
	if (!types_of(out, in->kind))
		return cudaErrorInvalidMemcpyDirection;
	if (in->srcArray)
		out->srcMemoryType = CU_MEMORYTYPE_ARRAY;
	if (in->dstArray)
		out->dstMemoryType = CU_MEMORYTYPE_ARRAY;
	return cudaSuccess;
}

static cudaError_t three(const cudaMemcpy3DParms *in, bool async, bool own, cudaStream_t stream)
{
	CUDA_MEMCPY3D copy;
	cudaError_t error;

	RUNTIME_NEED_CONTEXT();
	error = runtime_copy_3d(&copy, in);
	if (error != cudaSuccess)
		RUNTIME_FAIL(error);
	if (async)
		RUNTIME_RETURN(cuMemcpy3DAsync_v2(&copy, (CUstream)stream));
	if (own)
		RUNTIME_RETURN(cuMemcpy3D_v2_ptds(&copy));
	RUNTIME_RETURN(cuMemcpy3D_v2(&copy));
}

cudaError_t sim_cudaMemcpy3D(const cudaMemcpy3DParms *in)
{
	return three(in, false, false, NULL);
}

cudaError_t sim_cudaMemcpy3D_ptds(const cudaMemcpy3DParms *in)
{
	return three(in, false, true, NULL);
}

cudaError_t sim_cudaMemcpy3DAsync(const cudaMemcpy3DParms *in, cudaStream_t stream)
{
	return three(in, true, false, stream);
}
RUNTIME_PTSZ(cudaMemcpy3DAsync, (const cudaMemcpy3DParms *in, cudaStream_t stream),
	     (in, runtime_ptsz(stream)))

static cudaError_t peers(const cudaMemcpy3DPeerParms *in, bool async, cudaStream_t stream)
{
	CUDA_MEMCPY3D_PEER copy;
	CUDA_MEMCPY3D as_copy;
	cudaMemcpy3DParms plain;
	cudaError_t error;

	RUNTIME_NEED_CONTEXT();
	if (!in)
		RUNTIME_FAIL(cudaErrorInvalidValue);
	plain = (cudaMemcpy3DParms){
		.srcArray = in->srcArray,
		.srcPos = in->srcPos,
		.srcPtr = in->srcPtr,
		.dstArray = in->dstArray,
		.dstPos = in->dstPos,
		.dstPtr = in->dstPtr,
		.extent = in->extent,
		.kind = cudaMemcpyDeviceToDevice,
	};
	/* the two are laid out alike but for the contexts */
	error = runtime_copy_3d(&as_copy, &plain);
	memcpy(&copy, &as_copy, sizeof(copy));
	if (error == cudaSuccess)
		error = runtime_primary(in->srcDevice, &copy.srcContext);
	if (error == cudaSuccess)
		error = runtime_primary(in->dstDevice, &copy.dstContext);
	if (error != cudaSuccess)
		RUNTIME_FAIL(error);
	if (async)
		RUNTIME_RETURN(cuMemcpy3DPeerAsync(&copy, (CUstream)stream));
	RUNTIME_RETURN(cuMemcpy3DPeer(&copy));
}

cudaError_t sim_cudaMemcpy3DPeer(const cudaMemcpy3DPeerParms *in)
{
	return peers(in, false, NULL);
}
SIM_ALIAS(sim_cudaMemcpy3DPeer_ptds, sim_cudaMemcpy3DPeer);

cudaError_t sim_cudaMemcpy3DPeerAsync(const cudaMemcpy3DPeerParms *in, cudaStream_t stream)
{
	return peers(in, true, stream);
}
RUNTIME_PTSZ(cudaMemcpy3DPeerAsync, (const cudaMemcpy3DPeerParms *in, cudaStream_t stream),
	     (in, runtime_ptsz(stream)))

/* ---- arrays by bytes: x is an offset in bytes here, unlike above ---- */

struct flat {
	cudaArray_const_t to_array, from_array;
	size_t to_x, to_y, from_x, from_y;
	void *to;
	const void *from;
	size_t to_pitch, from_pitch, width, height;
	cudaMemcpyKind kind;
};

static cudaError_t flat(const struct flat *in, bool async, bool own, cudaStream_t stream)
{
	CUDA_MEMCPY3D copy = {
		.dstXInBytes = in->to_x,
		.dstY = in->to_y,
		.dstHost = in->to,
		.dstDevice = runtime_address(in->to),
		.dstArray = A(in->to_array),
		.dstPitch = in->to_pitch,
		.srcXInBytes = in->from_x,
		.srcY = in->from_y,
		.srcHost = in->from,
		.srcDevice = runtime_address(in->from),
		.srcArray = A(in->from_array),
		.srcPitch = in->from_pitch,
		.WidthInBytes = in->width,
		.Height = in->height,
		.Depth = 1,
	};

	RUNTIME_NEED_CONTEXT();
	if (!types_of(&copy, in->kind))
		RUNTIME_FAIL(cudaErrorInvalidMemcpyDirection);
	if (in->to_array)
		copy.dstMemoryType = CU_MEMORYTYPE_ARRAY;
	if (in->from_array)
		copy.srcMemoryType = CU_MEMORYTYPE_ARRAY;
	if ((in->to && in->height > 1 && in->to_pitch < in->width) ||
	    (in->from && in->height > 1 && in->from_pitch < in->width))
		RUNTIME_FAIL(cudaErrorInvalidPitchValue);
	if (async)
		RUNTIME_RETURN(cuMemcpy3DAsync_v2(&copy, (CUstream)stream));
	if (own)
		RUNTIME_RETURN(cuMemcpy3D_v2_ptds(&copy));
	RUNTIME_RETURN(cuMemcpy3D_v2(&copy));
}

#define TO_ARRAY                                                                                   \
	cudaArray_t array, size_t x, size_t y, const void *from, size_t pitch, size_t width,       \
	    size_t height, cudaMemcpyKind kind
#define TO_ARRAY_IS                                                                                \
	&(struct flat)                                                                             \
	{                                                                                          \
		.to_array = array, .to_x = x, .to_y = y, .from = from, .from_pitch = pitch,        \
		.width = width, .height = height, .kind = kind                                     \
	}
#define FROM_ARRAY                                                                                 \
	void *to, size_t pitch, cudaArray_const_t array, size_t x, size_t y, size_t width,         \
	    size_t height, cudaMemcpyKind kind
#define FROM_ARRAY_IS                                                                              \
	&(struct flat)                                                                             \
	{                                                                                          \
		.from_array = array, .from_x = x, .from_y = y, .to = to, .to_pitch = pitch,        \
		.width = width, .height = height, .kind = kind                                     \
	}

cudaError_t sim_cudaMemcpy2DToArray(TO_ARRAY)
{
	return flat(TO_ARRAY_IS, false, false, NULL);
}

cudaError_t sim_cudaMemcpy2DToArray_ptds(TO_ARRAY)
{
	return flat(TO_ARRAY_IS, false, true, NULL);
}

cudaError_t sim_cudaMemcpy2DToArrayAsync(TO_ARRAY, cudaStream_t stream)
{
	return flat(TO_ARRAY_IS, true, false, stream);
}
RUNTIME_PTSZ(cudaMemcpy2DToArrayAsync, (TO_ARRAY, cudaStream_t stream),
	     (array, x, y, from, pitch, width, height, kind, runtime_ptsz(stream)))

cudaError_t sim_cudaMemcpy2DFromArray(FROM_ARRAY)
{
	return flat(FROM_ARRAY_IS, false, false, NULL);
}

cudaError_t sim_cudaMemcpy2DFromArray_ptds(FROM_ARRAY)
{
	return flat(FROM_ARRAY_IS, false, true, NULL);
}

cudaError_t sim_cudaMemcpy2DFromArrayAsync(FROM_ARRAY, cudaStream_t stream)
{
	return flat(FROM_ARRAY_IS, true, false, stream);
}
RUNTIME_PTSZ(cudaMemcpy2DFromArrayAsync, (FROM_ARRAY, cudaStream_t stream),
	     (to, pitch, array, x, y, width, height, kind, runtime_ptsz(stream)))

#define ARRAYS                                                                                     \
	cudaArray_t to, size_t to_x, size_t to_y, cudaArray_const_t from, size_t from_x,           \
	    size_t from_y, size_t width, size_t height, cudaMemcpyKind kind
cudaError_t sim_cudaMemcpy2DArrayToArray(ARRAYS)
{
	return flat(&(struct flat){ .to_array = to,
				    .to_x = to_x,
				    .to_y = to_y,
				    .from_array = from,
				    .from_x = from_x,
				    .from_y = from_y,
				    .width = width,
				    .height = height,
				    .kind = kind },
		    false, false, NULL);
}
SIM_ALIAS(sim_cudaMemcpy2DArrayToArray_ptds, sim_cudaMemcpy2DArrayToArray);

/* ---- in a row, along an array's rows: from one into the next ---- */

/* Bytes of a row; 0: not an array. */
static size_t row_of(cudaArray_const_t array)
{
	CUDA_ARRAY3D_DESCRIPTOR is;

	return runtime.driver->cuArray3DGetDescriptor_v2(&is, A(array)) == CUDA_SUCCESS
		   ? is.Width * runtime_element(array)
		   : 0;
}

static size_t lesser(size_t a, size_t b)
{
	return a < b ? a : b;
}

static void step(size_t by, size_t row, size_t *x, size_t *y)
{
	*x += by;
	if (*x == row) {
		*x = 0;
		++*y;
	}
}

/* Up to the end of a row of either array, again and again. */
static cudaError_t along(struct flat part, size_t count, bool async, bool own, cudaStream_t stream)
{
	size_t to_row = 0, from_row = 0;

	RUNTIME_NEED_CONTEXT();
	if (part.to_array)
		to_row = row_of(part.to_array);
	if (part.from_array)
		from_row = row_of(part.from_array);
	if ((!to_row && !part.to) || (!from_row && !part.from))
		RUNTIME_FAIL(cudaErrorInvalidResourceHandle);
	while (count) {
		cudaError_t error;

		if ((to_row && part.to_x >= to_row) || (from_row && part.from_x >= from_row))
			RUNTIME_FAIL(cudaErrorInvalidValue);
		part.width = count;
		if (to_row)
			part.width = lesser(part.width, to_row - part.to_x);
		if (from_row)
			part.width = lesser(part.width, from_row - part.from_x);
		part.height = 1;
		error = flat(&part, async, own, stream);
		if (error != cudaSuccess)
			return error;
		count -= part.width;
		if (to_row)
			step(part.width, to_row, &part.to_x, &part.to_y);
		else
			part.to = (char *)part.to + part.width;
		if (from_row)
			step(part.width, from_row, &part.from_x, &part.from_y);
		else
			part.from = (const char *)part.from + part.width;
	}
	return cudaSuccess;
}

#define ROW_TO                                                                                     \
	cudaArray_t array, size_t x, size_t y, const void *from, size_t count, cudaMemcpyKind kind
#define ROW_TO_IS                                                                                  \
	(struct flat)                                                                              \
	{                                                                                          \
		.to_array = array, .to_x = x, .to_y = y, .from = from, .kind = kind                \
	}
#define ROW_FROM                                                                                   \
	void *to, cudaArray_const_t array, size_t x, size_t y, size_t count, cudaMemcpyKind kind
#define ROW_FROM_IS                                                                                \
	(struct flat)                                                                              \
	{                                                                                          \
		.from_array = array, .from_x = x, .from_y = y, .to = to, .kind = kind              \
	}

cudaError_t sim_cudaMemcpyToArray(ROW_TO)
{
	return along(ROW_TO_IS, count, false, false, NULL);
}

cudaError_t sim_cudaMemcpyToArray_ptds(ROW_TO)
{
	return along(ROW_TO_IS, count, false, true, NULL);
}

cudaError_t sim_cudaMemcpyToArrayAsync(ROW_TO, cudaStream_t stream)
{
	return along(ROW_TO_IS, count, true, false, stream);
}
RUNTIME_PTSZ(cudaMemcpyToArrayAsync, (ROW_TO, cudaStream_t stream),
	     (array, x, y, from, count, kind, runtime_ptsz(stream)))

cudaError_t sim_cudaMemcpyFromArray(ROW_FROM)
{
	return along(ROW_FROM_IS, count, false, false, NULL);
}

cudaError_t sim_cudaMemcpyFromArray_ptds(ROW_FROM)
{
	return along(ROW_FROM_IS, count, false, true, NULL);
}

cudaError_t sim_cudaMemcpyFromArrayAsync(ROW_FROM, cudaStream_t stream)
{
	return along(ROW_FROM_IS, count, true, false, stream);
}
RUNTIME_PTSZ(cudaMemcpyFromArrayAsync, (ROW_FROM, cudaStream_t stream),
	     (to, array, x, y, count, kind, runtime_ptsz(stream)))

cudaError_t sim_cudaMemcpyArrayToArray(cudaArray_t to, size_t to_x, size_t to_y,
				       cudaArray_const_t from, size_t from_x, size_t from_y,
				       size_t count, cudaMemcpyKind kind)
{
	return along((struct flat){ .to_array = to,
				    .to_x = to_x,
				    .to_y = to_y,
				    .from_array = from,
				    .from_x = from_x,
				    .from_y = from_y,
				    .kind = kind },
		     count, false, false, NULL);
}
SIM_ALIAS(sim_cudaMemcpyArrayToArray_ptds, sim_cudaMemcpyArrayToArray);

/* ---- linear memory in three dimensions ---- */

cudaError_t sim_cudaMalloc3D(cudaPitchedPtr *out, cudaExtent extent)
{
	size_t pitch;
	void *pointer;
	cudaError_t error;

	if (!out)
		RUNTIME_FAIL(cudaErrorInvalidValue);
	error = sim_cudaMallocPitch(&pointer, &pitch, extent.width, extent.height * extent.depth);
	if (error == cudaSuccess)
		*out = (cudaPitchedPtr){ pointer, pitch, extent.width, extent.height };
	return error;
}

static cudaError_t set(cudaPitchedPtr to, int value, cudaExtent extent, bool async,
		       cudaStream_t stream)
{
	RUNTIME_NEED_CONTEXT();
	for (size_t z = 0; z < extent.depth; z++) {
		CUdeviceptr slice = runtime_address(to.ptr) + z * to.pitch * to.ysize;
		CUresult result =
		    async ? runtime.driver->cuMemsetD2D8Async(slice, to.pitch, (unsigned char)value,
							      extent.width, extent.height,
							      (CUstream)stream)
			  : runtime.driver->cuMemsetD2D8_v2(slice, to.pitch, (unsigned char)value,
							    extent.width, extent.height);

		if (result != CUDA_SUCCESS)
			RUNTIME_FAIL(runtime_code(result));
	}
	return cudaSuccess;
}

cudaError_t sim_cudaMemset3D(cudaPitchedPtr to, int value, cudaExtent extent)
{
	return set(to, value, extent, false, NULL);
}
SIM_ALIAS(sim_cudaMemset3D_ptds, sim_cudaMemset3D);

cudaError_t sim_cudaMemset3DAsync(cudaPitchedPtr to, int value, cudaExtent extent,
				  cudaStream_t stream)
{
	return set(to, value, extent, true, stream);
}
RUNTIME_PTSZ(cudaMemset3DAsync,
	     (cudaPitchedPtr to, int value, cudaExtent extent, cudaStream_t stream),
	     (to, value, extent, runtime_ptsz(stream)))
