/* SPDX-License-Identifier: Apache-2.0 */
/* What an address is: its allocation, its kind, its device. */
#include <string.h>
#include <sys/mman.h>

#include "shim/backend/sim/cuda/memory.h"

CUresult sim_cuMemGetAddressRange_v2(CUdeviceptr *base, size_t *size, CUdeviceptr pointer)
{
	struct range range;

	CUDA_NEED_CONTEXT(context);
	(void)context;
	if (!range_find(&range_allocations, pointer, &range))
		return CUDA_ERROR_NOT_FOUND;
	if (base)
		*base = range.start;
	if (size)
		*size = range.size;
	return CUDA_SUCCESS;
}

static bool is_host(const struct range *range)
{
	return range->kind == RANGE_HOST || range->kind == RANGE_REGISTERED;
}

static CUresult put(void *data, const void *value, size_t size)
{
	memcpy(data, value, size);
	return CUDA_SUCCESS;
}

#define PUT(type, value)                                                                           \
	do {                                                                                       \
		type value_ = (type)(value);                                                       \
		return put(data, &value_, sizeof(value_));                                         \
	} while (0)

static CUresult get(void *data, CUpointer_attribute attribute, CUdeviceptr pointer,
		    const struct range *range)
{
	switch (attribute) {
	case CU_POINTER_ATTRIBUTE_CONTEXT:
		PUT(CUcontext,
		    object_get(range->owner, OBJECT_CONTEXT) ? (CUcontext)range->owner : NULL);
	case CU_POINTER_ATTRIBUTE_MEMORY_TYPE:
		PUT(unsigned, is_host(range) ? CU_MEMORYTYPE_HOST : CU_MEMORYTYPE_DEVICE);
	case CU_POINTER_ATTRIBUTE_DEVICE_POINTER:
		PUT(CUdeviceptr, pointer);
	case CU_POINTER_ATTRIBUTE_HOST_POINTER:
		if (!is_host(range) && range->kind != RANGE_MANAGED)
			return CUDA_ERROR_INVALID_VALUE;
		PUT(uint64_t, pointer);
	case CU_POINTER_ATTRIBUTE_P2P_TOKENS:
		/* For a kernel's modules that share memory with other devices: there are none. */
		return put(data, (const uint64_t[2]){ 0 }, 2 * sizeof(uint64_t));
	case CU_POINTER_ATTRIBUTE_SYNC_MEMOPS:
		PUT(int, range->sync_memops);
	case CU_POINTER_ATTRIBUTE_BUFFER_ID:
		PUT(uint64_t, range->id);
	case CU_POINTER_ATTRIBUTE_IS_MANAGED:
		PUT(int, range->kind == RANGE_MANAGED);
	case CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL:
		PUT(int, range->device);
	case CU_POINTER_ATTRIBUTE_IS_LEGACY_CUDA_IPC_CAPABLE:
		PUT(int, range->kind == RANGE_DEVICE);
	case CU_POINTER_ATTRIBUTE_RANGE_START_ADDR:
		PUT(CUdeviceptr, range->start);
	case CU_POINTER_ATTRIBUTE_RANGE_SIZE:
		PUT(size_t, range->size);
	case CU_POINTER_ATTRIBUTE_MAPPED:
		PUT(int, 1);
	case CU_POINTER_ATTRIBUTE_ALLOWED_HANDLE_TYPES:
		PUT(uint64_t, CU_MEM_HANDLE_TYPE_NONE);
	case CU_POINTER_ATTRIBUTE_IS_GPU_DIRECT_RDMA_CAPABLE:
		PUT(int, range->kind == RANGE_DEVICE &&
			     cuda_attribute(&cuda_state.device[range->device],
					    CU_DEVICE_ATTRIBUTE_GPU_DIRECT_RDMA_SUPPORTED));
	case CU_POINTER_ATTRIBUTE_IS_HW_DECOMPRESS_CAPABLE:
		/* Of the memory, not of the device: a genuine H100, which cannot do it, says so of its own. */
		PUT(int, range->kind == RANGE_DEVICE);
	case CU_POINTER_ATTRIBUTE_ACCESS_FLAGS:
		PUT(int, range->access &PROT_WRITE  ? CU_MEM_ACCESS_FLAGS_PROT_READWRITE
			 : range->access &PROT_READ ? CU_MEM_ACCESS_FLAGS_PROT_READ
						    : CU_MEM_ACCESS_FLAGS_PROT_NONE);
	case CU_POINTER_ATTRIBUTE_MEMPOOL_HANDLE:
		PUT(CUmemoryPool, range->kind == RANGE_POOL ? (CUmemoryPool)range->owner : NULL);
	case CU_POINTER_ATTRIBUTE_MAPPING_SIZE:
		PUT(size_t, range->mapped);
	case CU_POINTER_ATTRIBUTE_MAPPING_BASE_ADDR:
		PUT(uint64_t, range->start);
	case CU_POINTER_ATTRIBUTE_MEMORY_BLOCK_ID:
		PUT(uint64_t, range->id);
	default:
		return CUDA_ERROR_INVALID_VALUE;
	}
}

CUresult sim_cuPointerGetAttribute(void *data, CUpointer_attribute attribute, CUdeviceptr pointer)
{
	struct range range;

	CUDA_NEED_CONTEXT(context);
	(void)context;
	if (!data || !range_find(&range_allocations, pointer, &range))
		return CUDA_ERROR_INVALID_VALUE;
	return get(data, attribute, pointer, &range);
}

/* Bytes of an attribute's value; 0: none that is known here. */
static size_t size_of(CUpointer_attribute attribute)
{
	switch (attribute) {
	case CU_POINTER_ATTRIBUTE_CONTEXT:
	case CU_POINTER_ATTRIBUTE_DEVICE_POINTER:
	case CU_POINTER_ATTRIBUTE_HOST_POINTER:
	case CU_POINTER_ATTRIBUTE_BUFFER_ID:
	case CU_POINTER_ATTRIBUTE_RANGE_START_ADDR:
	case CU_POINTER_ATTRIBUTE_RANGE_SIZE:
	case CU_POINTER_ATTRIBUTE_ALLOWED_HANDLE_TYPES:
	case CU_POINTER_ATTRIBUTE_MEMPOOL_HANDLE:
	case CU_POINTER_ATTRIBUTE_MAPPING_SIZE:
	case CU_POINTER_ATTRIBUTE_MAPPING_BASE_ADDR:
	case CU_POINTER_ATTRIBUTE_MEMORY_BLOCK_ID:
		return 8;
	case CU_POINTER_ATTRIBUTE_MEMORY_TYPE:
	case CU_POINTER_ATTRIBUTE_SYNC_MEMOPS:
	case CU_POINTER_ATTRIBUTE_IS_MANAGED:
	case CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL:
	case CU_POINTER_ATTRIBUTE_IS_LEGACY_CUDA_IPC_CAPABLE:
	case CU_POINTER_ATTRIBUTE_MAPPED:
	case CU_POINTER_ATTRIBUTE_IS_GPU_DIRECT_RDMA_CAPABLE:
	case CU_POINTER_ATTRIBUTE_IS_HW_DECOMPRESS_CAPABLE:
	case CU_POINTER_ATTRIBUTE_ACCESS_FLAGS:
		return 4;
	case CU_POINTER_ATTRIBUTE_P2P_TOKENS:
		return 16;
	default:
		return 0;
	}
}

/* A pointer that the driver does not know is no error here: every value reads as nothing. */
CUresult sim_cuPointerGetAttributes(unsigned int count, CUpointer_attribute *attributes,
				    void **data, CUdeviceptr pointer)
{
	struct range range;
	bool found;

	CUDA_NEED_CONTEXT(context);
	(void)context;
	if (!count || !attributes || !data)
		return CUDA_ERROR_INVALID_VALUE;
	found = range_find(&range_allocations, pointer, &range);
	for (unsigned i = 0; i < count; i++) {
		size_t size = size_of(attributes[i]);
		int none = -2;

		if (!size || !data[i])
			return CUDA_ERROR_INVALID_VALUE;
		memset(data[i], 0, size);
		if (!found && attributes[i] == CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL)
			memcpy(data[i], &none, sizeof(none));
		else if (found)
			get(data[i], attributes[i], pointer, &range);
	}
	return CUDA_SUCCESS;
}

static void set_sync(struct range *range, const void *data)
{
	range->sync_memops = *(const unsigned int *)data != 0;
}

CUresult sim_cuPointerSetAttribute(const void *value, CUpointer_attribute attribute,
				   CUdeviceptr pointer)
{
	struct range range;

	CUDA_NEED_CONTEXT(context);
	(void)context;
	/* of all of them, one can be set */
	if (!value || attribute != CU_POINTER_ATTRIBUTE_SYNC_MEMOPS ||
	    !range_find(&range_allocations, pointer, &range))
		return CUDA_ERROR_INVALID_VALUE;
	range_change(&range_allocations, pointer, 1, set_sync, value);
	return CUDA_SUCCESS;
}
