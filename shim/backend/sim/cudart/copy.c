/* SPDX-License-Identifier: Apache-2.0 */
/* Copies and sets through the runtime: the direction chooses the driver's call. */
#include "shim/backend/sim/cudart/runtime.h"

#include <string.h>

static CUdeviceptr address_of(const void *pointer)
{
	return (CUdeviceptr)(uintptr_t)pointer;
}

/* The synchronous and the asynchronous calls differ in the driver's function alone. */
static cudaError_t copy(void *to, const void *from, size_t size, cudaMemcpyKind kind, bool async,
			CUstream stream)
{
	const struct vgpu_cuda_calls *driver;
	CUresult result;

	RUNTIME_NEED_CONTEXT();
	driver = runtime.driver;
	if (!size)
		return cudaSuccess;
	switch (kind) {
	case cudaMemcpyHostToHost:
		if (!to || !from)
			RUNTIME_FAIL(cudaErrorInvalidValue);
		memmove(to, from, size);
		return cudaSuccess;
	case cudaMemcpyHostToDevice:
		result = async ? driver->cuMemcpyHtoDAsync_v2(address_of(to), from, size, stream)
			       : driver->cuMemcpyHtoD_v2(address_of(to), from, size);
		break;
	case cudaMemcpyDeviceToHost:
		result = async ? driver->cuMemcpyDtoHAsync_v2(to, address_of(from), size, stream)
			       : driver->cuMemcpyDtoH_v2(to, address_of(from), size);
		break;
	case cudaMemcpyDeviceToDevice:
		result = async ? driver->cuMemcpyDtoDAsync_v2(address_of(to), address_of(from),
							      size, stream)
			       : driver->cuMemcpyDtoD_v2(address_of(to), address_of(from), size);
		break;
	case cudaMemcpyDefault:
		result = async
			     ? driver->cuMemcpyAsync(address_of(to), address_of(from), size, stream)
			     : driver->cuMemcpy(address_of(to), address_of(from), size);
		break;
	default:
		RUNTIME_FAIL(cudaErrorInvalidMemcpyDirection);
	}
	return runtime_note(runtime_code(result));
}

cudaError_t sim_cudaMemcpy(void *to, const void *from, size_t size, cudaMemcpyKind kind)
{
	return copy(to, from, size, kind, false, NULL);
}
SIM_ALIAS(sim_cudaMemcpy_ptds, sim_cudaMemcpy);

cudaError_t sim_cudaMemcpyAsync(void *to, const void *from, size_t size, cudaMemcpyKind kind,
				cudaStream_t stream)
{
	return copy(to, from, size, kind, true, (CUstream)stream);
}
RUNTIME_PTSZ(cudaMemcpyAsync,
	     (void *dst, const void *src, size_t count, cudaMemcpyKind kind, cudaStream_t stream),
	     (dst, src, count, kind, runtime_ptsz(stream)))

static cudaError_t copy_2d(void *to, size_t to_pitch, const void *from, size_t from_pitch,
			   size_t width, size_t height, cudaMemcpyKind kind, bool async,
			   CUstream stream)
{
	static const struct {
		unsigned to, from;
	} types[] = {
		[cudaMemcpyHostToHost] = { CU_MEMORYTYPE_HOST, CU_MEMORYTYPE_HOST },
		[cudaMemcpyHostToDevice] = { CU_MEMORYTYPE_DEVICE, CU_MEMORYTYPE_HOST },
		[cudaMemcpyDeviceToHost] = { CU_MEMORYTYPE_HOST, CU_MEMORYTYPE_DEVICE },
		[cudaMemcpyDeviceToDevice] = { CU_MEMORYTYPE_DEVICE, CU_MEMORYTYPE_DEVICE },
		[cudaMemcpyDefault] = { CU_MEMORYTYPE_UNIFIED, CU_MEMORYTYPE_UNIFIED },
	};
	CUDA_MEMCPY2D what = {
		.srcHost = from,
		.srcDevice = address_of(from),
		.srcPitch = from_pitch,
		.dstHost = to,
		.dstDevice = address_of(to),
		.dstPitch = to_pitch,
		.WidthInBytes = width,
		.Height = height,
	};

	RUNTIME_NEED_CONTEXT();
	if ((unsigned)kind >= sizeof(types) / sizeof(types[0]))
		RUNTIME_FAIL(cudaErrorInvalidMemcpyDirection);
	if (width > to_pitch || width > from_pitch)
		RUNTIME_FAIL(cudaErrorInvalidPitchValue);
	what.dstMemoryType = (CUmemorytype)types[kind].to;
	what.srcMemoryType = (CUmemorytype)types[kind].from;
	if (async)
		RUNTIME_RETURN(cuMemcpy2DAsync_v2(&what, stream));
	RUNTIME_RETURN(cuMemcpy2DUnaligned_v2(&what));
}

cudaError_t sim_cudaMemcpy2D(void *to, size_t to_pitch, const void *from, size_t from_pitch,
			     size_t width, size_t height, cudaMemcpyKind kind)
{
	return copy_2d(to, to_pitch, from, from_pitch, width, height, kind, false, NULL);
}
SIM_ALIAS(sim_cudaMemcpy2D_ptds, sim_cudaMemcpy2D);

cudaError_t sim_cudaMemcpy2DAsync(void *to, size_t to_pitch, const void *from, size_t from_pitch,
				  size_t width, size_t height, cudaMemcpyKind kind,
				  cudaStream_t stream)
{
	return copy_2d(to, to_pitch, from, from_pitch, width, height, kind, true, (CUstream)stream);
}
RUNTIME_PTSZ(cudaMemcpy2DAsync,
	     (void *dst, size_t dpitch, const void *src, size_t spitch, size_t width, size_t height,
	      cudaMemcpyKind kind, cudaStream_t stream),
	     (dst, dpitch, src, spitch, width, height, kind, runtime_ptsz(stream)))

static cudaError_t copy_peer(void *to, int to_device, const void *from, int from_device,
			     size_t size, bool async, CUstream stream)
{
	CUcontext to_context, from_context;
	cudaError_t error;

	RUNTIME_NEED_CONTEXT();
	error = runtime_primary(to_device, &to_context);
	if (error == cudaSuccess)
		error = runtime_primary(from_device, &from_context);
	if (error != cudaSuccess)
		RUNTIME_FAIL(error);
	if (async)
		RUNTIME_RETURN(cuMemcpyPeerAsync(address_of(to), to_context, address_of(from),
						 from_context, size, stream));
	RUNTIME_RETURN(
	    cuMemcpyPeer(address_of(to), to_context, address_of(from), from_context, size));
}

cudaError_t sim_cudaMemcpyPeer(void *to, int to_device, const void *from, int from_device,
			       size_t size)
{
	return copy_peer(to, to_device, from, from_device, size, false, NULL);
}

cudaError_t sim_cudaMemcpyPeerAsync(void *to, int to_device, const void *from, int from_device,
				    size_t size, cudaStream_t stream)
{
	return copy_peer(to, to_device, from, from_device, size, true, (CUstream)stream);
}

/* ---- sets ---- */

cudaError_t sim_cudaMemset(void *to, int value, size_t size)
{
	RUNTIME_NEED_CONTEXT();
	RUNTIME_RETURN(cuMemsetD8_v2(address_of(to), (unsigned char)value, size));
}
SIM_ALIAS(sim_cudaMemset_ptds, sim_cudaMemset);

cudaError_t sim_cudaMemsetAsync(void *to, int value, size_t size, cudaStream_t stream)
{
	RUNTIME_NEED_CONTEXT();
	RUNTIME_RETURN(
	    cuMemsetD8Async(address_of(to), (unsigned char)value, size, (CUstream)stream));
}
RUNTIME_PTSZ(cudaMemsetAsync, (void *devPtr, int value, size_t count, cudaStream_t stream),
	     (devPtr, value, count, runtime_ptsz(stream)))

cudaError_t sim_cudaMemset2D(void *to, size_t pitch, int value, size_t width, size_t height)
{
	RUNTIME_NEED_CONTEXT();
	RUNTIME_RETURN(cuMemsetD2D8_v2(address_of(to), pitch, (unsigned char)value, width, height));
}
SIM_ALIAS(sim_cudaMemset2D_ptds, sim_cudaMemset2D);

cudaError_t sim_cudaMemset2DAsync(void *to, size_t pitch, int value, size_t width, size_t height,
				  cudaStream_t stream)
{
	RUNTIME_NEED_CONTEXT();
	RUNTIME_RETURN(cuMemsetD2D8Async(address_of(to), pitch, (unsigned char)value, width, height,
					 (CUstream)stream));
}
RUNTIME_PTSZ(cudaMemset2DAsync,
	     (void *devPtr, size_t pitch, int value, size_t width, size_t height,
	      cudaStream_t stream),
	     (devPtr, pitch, value, width, height, runtime_ptsz(stream)))
