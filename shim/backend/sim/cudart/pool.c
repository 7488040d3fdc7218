/* SPDX-License-Identifier: Apache-2.0 */
/* Memory pools, allocation in stream order, and managed memory's advice, through the runtime. */
#include "shim/backend/sim/cudart/runtime.h"

#define POOL(pool) ((CUmemoryPool)(pool))
#define S(stream) ((CUstream)(stream))

/* The driver's addresses are as wide as this interface's pointers. */
RUNTIME_PASS(cudaMallocAsync, (void **out, size_t size, cudaStream_t stream),
	     cuMemAllocAsync((CUdeviceptr *)(void *)out, size, S(stream)))
RUNTIME_PTSZ(cudaMallocAsync, (void **out, size_t size, cudaStream_t stream),
	     (out, size, runtime_ptsz(stream)))
RUNTIME_PASS(cudaMallocFromPoolAsync,
	     (void **out, size_t size, cudaMemPool_t pool, cudaStream_t stream),
	     cuMemAllocFromPoolAsync((CUdeviceptr *)(void *)out, size, POOL(pool), S(stream)))
RUNTIME_PTSZ(cudaMallocFromPoolAsync,
	     (void **out, size_t size, cudaMemPool_t pool, cudaStream_t stream),
	     (out, size, pool, runtime_ptsz(stream)))
RUNTIME_PASS(cudaFreeAsync, (void *pointer, cudaStream_t stream),
	     cuMemFreeAsync(runtime_address(pointer), S(stream)))
RUNTIME_PTSZ(cudaFreeAsync, (void *pointer, cudaStream_t stream), (pointer, runtime_ptsz(stream)))

static cudaError_t checked(int device)
{
	cudaError_t error = runtime_start();

	if (error != cudaSuccess)
		return error;
	return device < 0 || device >= runtime.count ? cudaErrorInvalidDevice : cudaSuccess;
}

#define NEED_ORDINAL(ordinal)                                                                      \
	do {                                                                                       \
		cudaError_t error_ = checked(ordinal);                                             \
		if (error_ != cudaSuccess)                                                         \
			RUNTIME_FAIL(error_);                                                      \
	} while (0)

cudaError_t sim_cudaDeviceGetDefaultMemPool(cudaMemPool_t *pool, int device)
{
	NEED_ORDINAL(device);
	RUNTIME_RETURN(
	    cuDeviceGetDefaultMemPool((CUmemoryPool *)pool, runtime.device[device].device));
}

cudaError_t sim_cudaDeviceGetMemPool(cudaMemPool_t *pool, int device)
{
	NEED_ORDINAL(device);
	RUNTIME_RETURN(cuDeviceGetMemPool((CUmemoryPool *)pool, runtime.device[device].device));
}

cudaError_t sim_cudaDeviceSetMemPool(int device, cudaMemPool_t pool)
{
	NEED_ORDINAL(device);
	RUNTIME_RETURN(cuDeviceSetMemPool(runtime.device[device].device, POOL(pool)));
}

/* properties, places and descriptions of access are laid out alike */
RUNTIME_PASS(cudaMemPoolCreate, (cudaMemPool_t * pool, const cudaMemPoolProps *props),
	     cuMemPoolCreate((CUmemoryPool *)pool, (const CUmemPoolProps *)(const void *)props))
RUNTIME_PASS(cudaMemPoolDestroy, (cudaMemPool_t pool), cuMemPoolDestroy(POOL(pool)))
RUNTIME_PASS(cudaMemPoolTrimTo, (cudaMemPool_t pool, size_t keep),
	     cuMemPoolTrimTo(POOL(pool), keep))
RUNTIME_PASS(cudaMemPoolGetAttribute, (cudaMemPool_t pool, cudaMemPoolAttr attribute, void *value),
	     cuMemPoolGetAttribute(POOL(pool), (CUmemPool_attribute)(int)attribute, value))
RUNTIME_PASS(cudaMemPoolSetAttribute, (cudaMemPool_t pool, cudaMemPoolAttr attribute, void *value),
	     cuMemPoolSetAttribute(POOL(pool), (CUmemPool_attribute)(int)attribute, value))
RUNTIME_PASS(cudaMemPoolSetAccess,
	     (cudaMemPool_t pool, const cudaMemAccessDesc *desc, size_t count),
	     cuMemPoolSetAccess(POOL(pool), (const CUmemAccessDesc *)(const void *)desc, count))
RUNTIME_PASS(cudaMemPoolGetAccess,
	     (cudaMemAccessFlags * flags, cudaMemPool_t pool, cudaMemLocation *location),
	     cuMemPoolGetAccess((CUmemAccess_flags *)flags, POOL(pool),
				(CUmemLocation *)(void *)location))

/* ---- managed memory ---- */

#define PLACE(location)                                                                            \
	(CUmemLocation)                                                                            \
	{                                                                                          \
		.type = (CUmemLocationType)(int)(location).type, .id = (location).id               \
	}

#if SIM_CUDART == 12
RUNTIME_PASS(cudaMemAdvise, (const void *pointer, size_t size, cudaMemoryAdvise advice, int device),
	     cuMemAdvise(runtime_address(pointer), size, (CUmem_advise)(int)advice, device))
RUNTIME_PASS(cudaMemPrefetchAsync,
	     (const void *pointer, size_t size, int device, cudaStream_t stream),
	     cuMemPrefetchAsync(runtime_address(pointer), size, device, S(stream)))
RUNTIME_PTSZ(cudaMemPrefetchAsync,
	     (const void *pointer, size_t size, int device, cudaStream_t stream),
	     (pointer, size, device, runtime_ptsz(stream)))
#define PLACED(name) name##_v2
#else
#define PLACED(name) name
RUNTIME_PASS(cudaMemGetDefaultMemPool,
	     (cudaMemPool_t * pool, cudaMemLocation *location, cudaMemAllocationType type),
	     cuMemGetDefaultMemPool((CUmemoryPool *)pool, (CUmemLocation *)(void *)location,
				    (CUmemAllocationType)(int)type))
RUNTIME_PASS(cudaMemGetMemPool,
	     (cudaMemPool_t * pool, cudaMemLocation *location, cudaMemAllocationType type),
	     cuMemGetMemPool((CUmemoryPool *)pool, (CUmemLocation *)(void *)location,
			     (CUmemAllocationType)(int)type))
RUNTIME_PASS(cudaMemSetMemPool,
	     (cudaMemLocation * location, cudaMemAllocationType type, cudaMemPool_t pool),
	     cuMemSetMemPool((CUmemLocation *)(void *)location, (CUmemAllocationType)(int)type,
			     POOL(pool)))

#define BATCH                                                                                      \
	(void **pointers, size_t *sizes, size_t count, cudaMemLocation *places, size_t *first,     \
	 size_t place_count, unsigned long long flags, cudaStream_t stream)
#define BATCH_PTSZ (pointers, sizes, count, places, first, place_count, flags, runtime_ptsz(stream))

RUNTIME_PASS(cudaMemPrefetchBatchAsync, BATCH,
	     cuMemPrefetchBatchAsync((CUdeviceptr *)(void *)pointers, sizes, count,
				     (CUmemLocation *)(void *)places, first, place_count, flags,
				     S(stream)))
RUNTIME_PTSZ(cudaMemPrefetchBatchAsync, BATCH, BATCH_PTSZ)
RUNTIME_PASS(cudaMemDiscardAndPrefetchBatchAsync, BATCH,
	     cuMemDiscardAndPrefetchBatchAsync((CUdeviceptr *)(void *)pointers, sizes, count,
					       (CUmemLocation *)(void *)places, first, place_count,
					       flags, S(stream)))
RUNTIME_PTSZ(cudaMemDiscardAndPrefetchBatchAsync, BATCH, BATCH_PTSZ)
RUNTIME_PASS(cudaMemDiscardBatchAsync,
	     (void **pointers, size_t *sizes, size_t count, unsigned long long flags,
	      cudaStream_t stream),
	     cuMemDiscardBatchAsync((CUdeviceptr *)(void *)pointers, sizes, count, flags,
				    S(stream)))
RUNTIME_PTSZ(cudaMemDiscardBatchAsync,
	     (void **pointers, size_t *sizes, size_t count, unsigned long long flags,
	      cudaStream_t stream),
	     (pointers, sizes, count, flags, runtime_ptsz(stream)))
#endif

RUNTIME_PASS(PLACED(cudaMemAdvise),
	     (const void *pointer, size_t size, cudaMemoryAdvise advice, cudaMemLocation location),
	     cuMemAdvise_v2(runtime_address(pointer), size, (CUmem_advise)(int)advice,
			    PLACE(location)))
RUNTIME_PASS(PLACED(cudaMemPrefetchAsync),
	     (const void *pointer, size_t size, cudaMemLocation location, unsigned int flags,
	      cudaStream_t stream),
	     cuMemPrefetchAsync_v2(runtime_address(pointer), size, PLACE(location), flags,
				   S(stream)))
RUNTIME_PTSZ(PLACED(cudaMemPrefetchAsync),
	     (const void *pointer, size_t size, cudaMemLocation location, unsigned int flags,
	      cudaStream_t stream),
	     (pointer, size, location, flags, runtime_ptsz(stream)))

RUNTIME_PASS(cudaMemRangeGetAttribute,
	     (void *data, size_t size, cudaMemRangeAttribute attribute, const void *pointer,
	      size_t count),
	     cuMemRangeGetAttribute(data, size, (CUmem_range_attribute)(int)attribute,
				    runtime_address(pointer), count))
RUNTIME_PASS(cudaMemRangeGetAttributes,
	     (void **data, size_t *sizes, cudaMemRangeAttribute *attributes, size_t number,
	      const void *pointer, size_t count),
	     cuMemRangeGetAttributes(data, sizes, (CUmem_range_attribute *)attributes, number,
				     runtime_address(pointer), count))

/* Without a length all of the allocation; what is attached without being said is the stream's alone. */
RUNTIME_PASS(cudaStreamAttachMemAsync,
	     (cudaStream_t stream, void *pointer, size_t size, unsigned int flags),
	     cuStreamAttachMemAsync(S(stream), runtime_address(pointer), size, flags))
RUNTIME_PTSZ(cudaStreamAttachMemAsync,
	     (cudaStream_t stream, void *pointer, size_t size, unsigned int flags),
	     (runtime_ptsz(stream), pointer, size, flags))
