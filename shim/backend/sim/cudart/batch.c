/* SPDX-License-Identifier: Apache-2.0 */
/* Many copies in one call. 12 tells which of them was refused; 13 no longer does. */
#include "shim/backend/sim/cudart/runtime.h"

/* attributes and operations are laid out alike in both interfaces */
#define ATTRIBUTES (CUmemcpyAttributes *)(void *)attributes
#define BOXES (CUDA_MEMCPY3D_BATCH_OP *)(void *)boxes
#define S (CUstream) stream

#if SIM_CUDART == 12
RUNTIME_PASS(cudaMemcpyBatchAsync,
	     (void **to, void **from, size_t *sizes, size_t count, cudaMemcpyAttributes *attributes,
	      size_t *first, size_t attribute_count, size_t *refused, cudaStream_t stream),
	     cuMemcpyBatchAsync((CUdeviceptr *)(void *)to, (CUdeviceptr *)(void *)from, sizes,
				count, ATTRIBUTES, first, attribute_count, refused, S))
RUNTIME_PTSZ(cudaMemcpyBatchAsync,
	     (void **to, void **from, size_t *sizes, size_t count, cudaMemcpyAttributes *attributes,
	      size_t *first, size_t attribute_count, size_t *refused, cudaStream_t stream),
	     (to, from, sizes, count, attributes, first, attribute_count, refused,
	      runtime_ptsz(stream)))
RUNTIME_PASS(cudaMemcpy3DBatchAsync,
	     (size_t count, cudaMemcpy3DBatchOp *boxes, size_t *refused, unsigned long long flags,
	      cudaStream_t stream),
	     cuMemcpy3DBatchAsync(count, BOXES, refused, flags, S))
RUNTIME_PTSZ(cudaMemcpy3DBatchAsync,
	     (size_t count, cudaMemcpy3DBatchOp *boxes, size_t *refused, unsigned long long flags,
	      cudaStream_t stream),
	     (count, boxes, refused, flags, runtime_ptsz(stream)))
#else
RUNTIME_PASS(cudaMemcpyBatchAsync,
	     (void *const *to, const void *const *from, const size_t *sizes, size_t count,
	      cudaMemcpyAttributes *attributes, size_t *first, size_t attribute_count,
	      cudaStream_t stream),
	     cuMemcpyBatchAsync_v2((CUdeviceptr *)(uintptr_t)to, (CUdeviceptr *)(uintptr_t)from,
				   (size_t *)(uintptr_t)sizes, count, ATTRIBUTES, first,
				   attribute_count, S))
RUNTIME_PTSZ(cudaMemcpyBatchAsync,
	     (void *const *to, const void *const *from, const size_t *sizes, size_t count,
	      cudaMemcpyAttributes *attributes, size_t *first, size_t attribute_count,
	      cudaStream_t stream),
	     (to, from, sizes, count, attributes, first, attribute_count, runtime_ptsz(stream)))
RUNTIME_PASS(cudaMemcpy3DBatchAsync,
	     (size_t count, cudaMemcpy3DBatchOp *boxes, unsigned long long flags,
	      cudaStream_t stream),
	     cuMemcpy3DBatchAsync_v2(count, BOXES, flags, S))
RUNTIME_PTSZ(cudaMemcpy3DBatchAsync,
	     (size_t count, cudaMemcpy3DBatchOp *boxes, unsigned long long flags,
	      cudaStream_t stream),
	     (count, boxes, flags, runtime_ptsz(stream)))
#endif
