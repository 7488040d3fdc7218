/* SPDX-License-Identifier: Apache-2.0 */
/* Copies: checked, then bytes move at once, in the calling thread; or a capture takes them. */
#include <string.h>
#include <sys/mman.h>

#include "shim/backend/sim/cuda/array.h"
#include "shim/backend/sim/cuda/graph.h"
#include "shim/backend/sim/cuda/memory.h"

static void *address_of(uint64_t address)
{
	return (void *)(uintptr_t)address;
}

/* Memory of ours that may be accessed so; its own bounds are the caller's only ones. */
static bool ours(uint64_t address, uint64_t size, uint32_t access)
{
	return range_covers(&range_allocations, address, size, access);
}

/* A unified address: where it is ours it is checked, otherwise it is the program's own memory. */
static bool reachable(uint64_t address, uint64_t size, uint32_t access)
{
	return address &&
	       (!range_touches(&range_allocations, address, size) || ours(address, size, access));
}

/* One end of a copy: where its first row begins, and how rows and slices follow. */
struct side {
	CUmemorytype type;
	const void *host;
	CUdeviceptr device;
	CUarray array;
	size_t x, y, z;
	size_t pitch, height;
	uint64_t first;
	uint64_t slice;
};

static bool place(struct side *side, const CUDA_MEMCPY3D *copy, uint32_t access)
{
	uint64_t rows, size, base;

	if (side->type == CU_MEMORYTYPE_ARRAY) {
		const struct cuda_array *array = object_get(side->array, OBJECT_ARRAY);

		if (!array || !cuda_array_holds(array, side->x, side->y, side->z,
						copy->WidthInBytes, copy->Height, copy->Depth))
			return false;
		side->pitch = array->pitch;
		side->slice = array->slice;
		side->first =
		    array->address + side->z * array->slice + side->y * array->pitch + side->x;
		return true;
	}
	if (!side->pitch)
		side->pitch = copy->WidthInBytes + side->x;
	if (!side->height)
		side->height = copy->Height + side->y;
	if ((copy->Height > 1 || copy->Depth > 1) && side->pitch < side->x + copy->WidthInBytes)
		return false;
	if (copy->Depth > 1 && side->height < side->y + copy->Height)
		return false;
	base = side->type == CU_MEMORYTYPE_HOST ? (uintptr_t)side->host : side->device;
	if (__builtin_mul_overflow(side->pitch, side->height, &side->slice) && copy->Depth > 1)
		return false;
	/* from the first byte to the last */
	if (__builtin_mul_overflow(copy->Depth - 1, side->slice, &size) ||
	    __builtin_mul_overflow(copy->Height - 1, side->pitch, &rows) ||
	    __builtin_add_overflow(size, rows, &size) ||
	    __builtin_add_overflow(size, copy->WidthInBytes, &size))
		return false;
	side->first = base + side->z * side->slice + side->y * side->pitch + side->x;
	switch (side->type) {
	case CU_MEMORYTYPE_HOST:
		return side->host;
	case CU_MEMORYTYPE_DEVICE:
		return ours(side->first, size, access);
	case CU_MEMORYTYPE_UNIFIED:
		return reachable(side->first, size, access);
	default:
		return false;
	}
}

CUresult cuda_copy_run(const CUDA_MEMCPY3D *copy, struct cuda_stream *stream)
{
	const struct cuda_device *device;
	struct side to = { copy->dstMemoryType,
			   copy->dstHost,
			   copy->dstDevice,
			   copy->dstArray,
			   copy->dstXInBytes,
			   copy->dstY,
			   copy->dstZ,
			   copy->dstPitch,
			   copy->dstHeight,
			   0,
			   0 };
	struct side from = { copy->srcMemoryType,
			     copy->srcHost,
			     copy->srcDevice,
			     copy->srcArray,
			     copy->srcXInBytes,
			     copy->srcY,
			     copy->srcZ,
			     copy->srcPitch,
			     copy->srcHeight,
			     0,
			     0 };
	bool bus = to.type == CU_MEMORYTYPE_HOST || from.type == CU_MEMORYTYPE_HOST;

	if (!copy->WidthInBytes || !copy->Height || !copy->Depth)
		return CUDA_SUCCESS;
	if (!place(&to, copy, PROT_WRITE) || !place(&from, copy, PROT_READ))
		return CUDA_ERROR_INVALID_VALUE;
	for (size_t z = 0; z < copy->Depth; z++)
		for (size_t y = 0; y < copy->Height; y++)
			memmove(address_of(to.first + z * to.slice + y * to.pitch),
				address_of(from.first + z * from.slice + y * from.pitch),
				copy->WidthInBytes);
	if (stream) {
		device = cuda_device_of((struct cuda_context *)stream->object.owner);
		cuda_stream_busy(
		    stream,
		    cuda_copy_ns(device, copy->WidthInBytes * copy->Height * copy->Depth, bus));
	}
	return CUDA_SUCCESS;
}

/* ---- in a row ---- */

static CUDA_MEMCPY3D row(CUmemorytype to_type, uint64_t to, CUmemorytype from_type, uint64_t from,
			 size_t size)
{
	return (CUDA_MEMCPY3D){
		.dstMemoryType = to_type,
		.dstHost = address_of(to),
		.dstDevice = to,
		.srcMemoryType = from_type,
		.srcHost = address_of(from),
		.srcDevice = from,
		.WidthInBytes = size,
		.Height = 1,
		.Depth = 1,
	};
}

/* A copy that returns when it is done: work of the default stream, or of the thread's own. */
static CUresult now(const CUDA_MEMCPY3D *copy, CUstream handle)
{
	CUresult result;

	CUDA_NEED_STREAM(stream, handle);
	result = cuda_capture_idle(stream);
	if (result != CUDA_SUCCESS)
		return result;
	return cuda_copy_run(copy, stream);
}

static CUresult later(const CUDA_MEMCPY3D *copy, CUstream stream)
{
	CUgraphNodeParams node = { .type = CU_GRAPH_NODE_TYPE_MEMCPY };

	if (!copy->WidthInBytes || !copy->Height || !copy->Depth) {
		CUDA_NEED_STREAM(good, stream);
		(void)good;
		return CUDA_SUCCESS;
	}
	node.memcpy.copyParams = *copy;
	return cuda_stream_submit(stream, &node);
}

#define HOST(pointer) CU_MEMORYTYPE_HOST, (uintptr_t)(pointer)
#define DEVICE(pointer) CU_MEMORYTYPE_DEVICE, (pointer)
#define UNIFIED(pointer) CU_MEMORYTYPE_UNIFIED, (pointer)

/* One kind of copy: at once, on the thread's own stream, and for any stream. */
#define COPY(name, async, to_type, to_side, from_type, from_side)                                  \
	CUresult sim_##name(to_type to, from_type from, size_t size)                               \
	{                                                                                          \
		CUDA_MEMCPY3D copy = row(to_side, from_side, size);                                \
		return now(&copy, NULL);                                                           \
	}                                                                                          \
	CUresult sim_##name##_ptds(to_type to, from_type from, size_t size)                        \
	{                                                                                          \
		CUDA_MEMCPY3D copy = row(to_side, from_side, size);                                \
		return now(&copy, cuda_ptsz(NULL));                                                \
	}                                                                                          \
	CUresult sim_##async(to_type to, from_type from, size_t size, CUstream stream)             \
	{                                                                                          \
		CUDA_MEMCPY3D copy = row(to_side, from_side, size);                                \
		return later(&copy, stream);                                                       \
	}                                                                                          \
	CUDA_PTSZ(async, (to_type to, from_type from, size_t size, CUstream stream),               \
		  (to, from, size, cuda_ptsz(stream)))

COPY(cuMemcpyHtoD_v2, cuMemcpyHtoDAsync_v2, CUdeviceptr, DEVICE(to), const void *, HOST(from))
COPY(cuMemcpyDtoH_v2, cuMemcpyDtoHAsync_v2, void *, HOST(to), CUdeviceptr, DEVICE(from))
COPY(cuMemcpyDtoD_v2, cuMemcpyDtoDAsync_v2, CUdeviceptr, DEVICE(to), CUdeviceptr, DEVICE(from))
COPY(cuMemcpy, cuMemcpyAsync, CUdeviceptr, UNIFIED(to), CUdeviceptr, UNIFIED(from))

CUresult sim_cuMemcpyPeerAsync(CUdeviceptr to, CUcontext to_context, CUdeviceptr from,
			       CUcontext from_context, size_t size, CUstream stream)
{
	CUDA_NEED_INIT();
	if (!cuda_context_of(to_context) || !cuda_context_of(from_context))
		return CUDA_ERROR_INVALID_CONTEXT;
	return sim_cuMemcpyDtoDAsync_v2(to, from, size, stream);
}
CUDA_PTSZ(cuMemcpyPeerAsync,
	  (CUdeviceptr to, CUcontext to_context, CUdeviceptr from, CUcontext from_context,
	   size_t size, CUstream stream),
	  (to, to_context, from, from_context, size, cuda_ptsz(stream)))

CUresult sim_cuMemcpyPeer(CUdeviceptr to, CUcontext to_context, CUdeviceptr from,
			  CUcontext from_context, size_t size)
{
	CUDA_NEED_INIT();
	if (!cuda_context_of(to_context) || !cuda_context_of(from_context))
		return CUDA_ERROR_INVALID_CONTEXT;
	return sim_cuMemcpyDtoD_v2(to, from, size);
}

CUresult sim_cuMemcpyPeer_ptds(CUdeviceptr to, CUcontext to_context, CUdeviceptr from,
			       CUcontext from_context, size_t size)
{
	CUDA_NEED_INIT();
	if (!cuda_context_of(to_context) || !cuda_context_of(from_context))
		return CUDA_ERROR_INVALID_CONTEXT;
	return sim_cuMemcpyDtoD_v2_ptds(to, from, size);
}

/* ---- in two and three dimensions ---- */

static CUDA_MEMCPY3D deepen(const CUDA_MEMCPY2D *copy)
{
	return (CUDA_MEMCPY3D){
		.srcXInBytes = copy->srcXInBytes,
		.srcY = copy->srcY,
		.srcMemoryType = copy->srcMemoryType,
		.srcHost = copy->srcHost,
		.srcDevice = copy->srcDevice,
		.srcArray = copy->srcArray,
		.srcPitch = copy->srcPitch,
		.dstXInBytes = copy->dstXInBytes,
		.dstY = copy->dstY,
		.dstMemoryType = copy->dstMemoryType,
		.dstHost = copy->dstHost,
		.dstDevice = copy->dstDevice,
		.dstArray = copy->dstArray,
		.dstPitch = copy->dstPitch,
		.WidthInBytes = copy->WidthInBytes,
		.Height = copy->Height,
		.Depth = 1,
	};
}

static CUresult two(const CUDA_MEMCPY2D *copy, CUstream stream, bool wait)
{
	CUDA_MEMCPY3D deep;

	if (!copy || (copy->srcPitch && copy->srcPitch < copy->WidthInBytes) ||
	    (copy->dstPitch && copy->dstPitch < copy->WidthInBytes))
		return CUDA_ERROR_INVALID_VALUE;
	deep = deepen(copy);
	return wait ? now(&deep, stream) : later(&deep, stream);
}

static CUresult three(const CUDA_MEMCPY3D *copy, CUstream stream, bool wait)
{
	if (!copy)
		return CUDA_ERROR_INVALID_VALUE;
	return wait ? now(copy, stream) : later(copy, stream);
}

static CUresult peer(const CUDA_MEMCPY3D_PEER *copy, CUstream stream, bool wait)
{
	CUDA_MEMCPY3D plain;

	CUDA_NEED_INIT();
	if (!copy)
		return CUDA_ERROR_INVALID_VALUE;
	if (!cuda_context_of(copy->srcContext) || !cuda_context_of(copy->dstContext))
		return CUDA_ERROR_INVALID_CONTEXT;
	/* alike but for the contexts, which stand where the other has nothing */
	memcpy(&plain, copy, sizeof(plain));
	plain.reserved0 = plain.reserved1 = NULL;
	return wait ? now(&plain, stream) : later(&plain, stream);
}

#define SHAPE(name, ptds, async, type, function)                                                   \
	CUresult sim_##name(const type *copy)                                                      \
	{                                                                                          \
		return function(copy, NULL, true);                                                 \
	}                                                                                          \
	CUresult sim_##ptds(const type *copy)                                                      \
	{                                                                                          \
		return function(copy, cuda_ptsz(NULL), true);                                      \
	}                                                                                          \
	CUresult sim_##async(const type *copy, CUstream stream)                                    \
	{                                                                                          \
		return function(copy, stream, false);                                              \
	}                                                                                          \
	CUDA_PTSZ(async, (const type *copy, CUstream stream), (copy, cuda_ptsz(stream)))

SHAPE(cuMemcpy2D_v2, cuMemcpy2D_v2_ptds, cuMemcpy2DAsync_v2, CUDA_MEMCPY2D, two)
SHAPE(cuMemcpy3D_v2, cuMemcpy3D_v2_ptds, cuMemcpy3DAsync_v2, CUDA_MEMCPY3D, three)
SHAPE(cuMemcpy3DPeer, cuMemcpy3DPeer_ptds, cuMemcpy3DPeerAsync, CUDA_MEMCPY3D_PEER, peer)
SIM_ALIAS(sim_cuMemcpy2DUnaligned_v2, sim_cuMemcpy2D_v2);
SIM_ALIAS(sim_cuMemcpy2DUnaligned_v2_ptds, sim_cuMemcpy2D_v2_ptds);

/* ---- arrays in a row ---- */

static CUresult array_row(CUarray to_array, size_t to_offset, uint64_t to, CUarray from_array,
			  size_t from_offset, uint64_t from, bool host, size_t size,
			  CUstream stream, bool wait)
{
	CUmemorytype other = host ? CU_MEMORYTYPE_HOST : CU_MEMORYTYPE_DEVICE;
	CUDA_MEMCPY3D copy = row(to_array ? CU_MEMORYTYPE_ARRAY : other, to,
				 from_array ? CU_MEMORYTYPE_ARRAY : other, from, size);

	copy.dstArray = to_array;
	copy.dstXInBytes = to_offset;
	copy.srcArray = from_array;
	copy.srcXInBytes = from_offset;
	return wait ? now(&copy, stream) : later(&copy, stream);
}

#define ARRAY_ROW(name, parameters, to_array, to_offset, to, from_array, from_offset, from, host)  \
	CUresult sim_##name parameters                                                             \
	{                                                                                          \
		return array_row(to_array, to_offset, to, from_array, from_offset, from, host,     \
				 size, NULL, true);                                                \
	}                                                                                          \
	CUresult sim_##name##_ptds parameters                                                      \
	{                                                                                          \
		return array_row(to_array, to_offset, to, from_array, from_offset, from, host,     \
				 size, cuda_ptsz(NULL), true);                                     \
	}

ARRAY_ROW(cuMemcpyHtoA_v2, (CUarray array, size_t offset, const void *host, size_t size), array,
	  offset, 0, NULL, 0, (uintptr_t)host, true)
ARRAY_ROW(cuMemcpyAtoH_v2, (void *host, CUarray array, size_t offset, size_t size), NULL, 0,
	  (uintptr_t)host, array, offset, 0, true)
ARRAY_ROW(cuMemcpyDtoA_v2, (CUarray array, size_t offset, CUdeviceptr device, size_t size), array,
	  offset, 0, NULL, 0, device, false)
ARRAY_ROW(cuMemcpyAtoD_v2, (CUdeviceptr device, CUarray array, size_t offset, size_t size), NULL, 0,
	  device, array, offset, 0, false)
ARRAY_ROW(cuMemcpyAtoA_v2,
	  (CUarray to, size_t to_offset, CUarray from, size_t from_offset, size_t size), to,
	  to_offset, 0, from, from_offset, 0, false)

CUresult sim_cuMemcpyHtoAAsync_v2(CUarray array, size_t offset, const void *host, size_t size,
				  CUstream stream)
{
	return array_row(array, offset, 0, NULL, 0, (uintptr_t)host, true, size, stream, false);
}
CUDA_PTSZ(cuMemcpyHtoAAsync_v2,
	  (CUarray array, size_t offset, const void *host, size_t size, CUstream stream),
	  (array, offset, host, size, cuda_ptsz(stream)))

CUresult sim_cuMemcpyAtoHAsync_v2(void *host, CUarray array, size_t offset, size_t size,
				  CUstream stream)
{
	return array_row(NULL, 0, (uintptr_t)host, array, offset, 0, true, size, stream, false);
}
CUDA_PTSZ(cuMemcpyAtoHAsync_v2,
	  (void *host, CUarray array, size_t offset, size_t size, CUstream stream),
	  (host, array, offset, size, cuda_ptsz(stream)))

/* ---- many at once ---- */

CUresult sim_cuMemcpyBatchAsync_v2(CUdeviceptr *to, CUdeviceptr *from, size_t *sizes, size_t count,
				   CUmemcpyAttributes *attributes, size_t *first,
				   size_t attribute_count, CUstream stream)
{
	/* the default stream takes no batches */
	if (!to || !from || !sizes || !count || !attributes || !first || !attribute_count ||
	    attribute_count > count || first[0])
		return CUDA_ERROR_INVALID_VALUE;
	if ((uintptr_t)stream <= 1)
		return CUDA_ERROR_INVALID_HANDLE;
	for (size_t i = 1; i < attribute_count; i++)
		if (first[i] <= first[i - 1] || first[i] >= count)
			return CUDA_ERROR_INVALID_VALUE;
	for (size_t i = 0; i < count; i++) {
		CUresult result = sim_cuMemcpyAsync(to[i], from[i], sizes[i], stream);

		if (result != CUDA_SUCCESS)
			return result;
	}
	return CUDA_SUCCESS;
}
CUDA_PTSZ(cuMemcpyBatchAsync_v2,
	  (CUdeviceptr * to, CUdeviceptr *from, size_t *sizes, size_t count,
	   CUmemcpyAttributes *attributes, size_t *first, size_t attribute_count, CUstream stream),
	  (to, from, sizes, count, attributes, first, attribute_count, cuda_ptsz(stream)))

CUresult sim_cuMemcpyBatchAsync(CUdeviceptr *to, CUdeviceptr *from, size_t *sizes, size_t count,
				CUmemcpyAttributes *attributes, size_t *first,
				size_t attribute_count, size_t *failed, CUstream stream)
{
	CUresult result = sim_cuMemcpyBatchAsync_v2(to, from, sizes, count, attributes, first,
						    attribute_count, stream);

	/* which one it was is not kept: the whole batch is blamed */
	if (result != CUDA_SUCCESS && failed)
		*failed = SIZE_MAX;
	return result;
}
CUDA_PTSZ(cuMemcpyBatchAsync,
	  (CUdeviceptr * to, CUdeviceptr *from, size_t *sizes, size_t count,
	   CUmemcpyAttributes *attributes, size_t *first, size_t attribute_count, size_t *failed,
	   CUstream stream),
	  (to, from, sizes, count, attributes, first, attribute_count, failed, cuda_ptsz(stream)))

static size_t element_of(const CUmemcpy3DOperand *side)
{
	const struct cuda_array *array = object_get(side->op.array.array, OBJECT_ARRAY);

	return array ? array->element : 0;
}

/* Extents are in elements where an array is one side, and bytes otherwise. */
static CUresult batch_3d(const CUDA_MEMCPY3D_BATCH_OP *op, CUstream stream)
{
	bool to_array = op->dst.type == CU_MEMCPY_OPERAND_TYPE_ARRAY;
	bool from_array = op->src.type == CU_MEMCPY_OPERAND_TYPE_ARRAY;
	size_t element = to_array ? element_of(&op->dst) : from_array ? element_of(&op->src) : 1;
	CUDA_MEMCPY3D copy = {
		.WidthInBytes = op->extent.width * element,
		.Height = op->extent.height,
		.Depth = op->extent.depth,
		.dstMemoryType = to_array ? CU_MEMORYTYPE_ARRAY : CU_MEMORYTYPE_UNIFIED,
		.srcMemoryType = from_array ? CU_MEMORYTYPE_ARRAY : CU_MEMORYTYPE_UNIFIED,
	};

	if (!element)
		return CUDA_ERROR_INVALID_VALUE;
	if (to_array) {
		copy.dstArray = op->dst.op.array.array;
		copy.dstXInBytes = op->dst.op.array.offset.x * element;
		copy.dstY = op->dst.op.array.offset.y;
		copy.dstZ = op->dst.op.array.offset.z;
	} else {
		copy.dstDevice = op->dst.op.ptr.ptr;
		copy.dstPitch = op->dst.op.ptr.rowLength * element;
		copy.dstHeight = op->dst.op.ptr.layerHeight;
	}
	if (from_array) {
		copy.srcArray = op->src.op.array.array;
		copy.srcXInBytes = op->src.op.array.offset.x * element;
		copy.srcY = op->src.op.array.offset.y;
		copy.srcZ = op->src.op.array.offset.z;
	} else {
		copy.srcDevice = op->src.op.ptr.ptr;
		copy.srcPitch = op->src.op.ptr.rowLength * element;
		copy.srcHeight = op->src.op.ptr.layerHeight;
	}
	return later(&copy, stream);
}

CUresult sim_cuMemcpy3DBatchAsync_v2(size_t count, CUDA_MEMCPY3D_BATCH_OP *ops,
				     unsigned long long flags, CUstream stream)
{
	if (!count || !ops || flags)
		return CUDA_ERROR_INVALID_VALUE;
	if ((uintptr_t)stream <= 1)
		return CUDA_ERROR_INVALID_HANDLE;
	for (size_t i = 0; i < count; i++) {
		CUresult result = batch_3d(&ops[i], stream);

		if (result != CUDA_SUCCESS)
			return result;
	}
	return CUDA_SUCCESS;
}
CUDA_PTSZ(cuMemcpy3DBatchAsync_v2,
	  (size_t count, CUDA_MEMCPY3D_BATCH_OP *ops, unsigned long long flags, CUstream stream),
	  (count, ops, flags, cuda_ptsz(stream)))

CUresult sim_cuMemcpy3DBatchAsync(size_t count, CUDA_MEMCPY3D_BATCH_OP *ops, size_t *failed,
				  unsigned long long flags, CUstream stream)
{
	CUresult result = sim_cuMemcpy3DBatchAsync_v2(count, ops, flags, stream);

	if (result != CUDA_SUCCESS && failed)
		*failed = SIZE_MAX;
	return result;
}
CUDA_PTSZ(cuMemcpy3DBatchAsync,
	  (size_t count, CUDA_MEMCPY3D_BATCH_OP *ops, size_t *failed, unsigned long long flags,
	   CUstream stream),
	  (count, ops, failed, flags, cuda_ptsz(stream)))
