/* SPDX-License-Identifier: Apache-2.0 */
/* Allocation: device, managed and host memory, and how much is left. */
#include "shim/backend/sim/cuda/memory.h"

#include <sys/mman.h>

#include "shim/backend/sim/cuda/graph.h"
#include "shim/backend/sim/cuda/pool.h"

/* Flags that the interface defines as plain numbers, not as an enumeration. */
enum {
	CU_MEMHOSTALLOC_PORTABLE = 1,
	CU_MEMHOSTALLOC_DEVICEMAP = 2,
	CU_MEMHOSTALLOC_WRITECOMBINED = 4,
	CU_MEMHOSTREGISTER_PORTABLE = 1,
	CU_MEMHOSTREGISTER_DEVICEMAP = 2,
	CU_MEMHOSTREGISTER_IOMEMORY = 4,
	CU_MEMHOSTREGISTER_READ_ONLY = 8,
};

uint64_t cuda_map(uint64_t size, uint64_t alignment, int protection)
{
	uint64_t room = alignment > CUDA_PAGE ? size + alignment : size;
	uint64_t base, start;
	void *map;

	if (room < size)
		return 0;
	map = mmap(NULL, room, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (map == MAP_FAILED)
		return 0;
	base = (uintptr_t)map;
	start = alignment > CUDA_PAGE ? cuda_round_up(base, alignment) : base;
	if (start > base)
		munmap(map, start - base);
	if (start + size < base + room)
		munmap((void *)(uintptr_t)(start + size), base + room - start - size);
	return start;
}

/* How a genuine driver counts is known of cuMemAlloc alone: the others are charged for their pages. */
static bool charge(struct cuda_device *device, struct range *range)
{
	if (range->kind == RANGE_DEVICE)
		return slab_charge(device, range->owner, range->size, &range->charged);
	return !(CUDA_CHARGED >> range->kind & 1) || cuda_charge(device, range->mapped);
}

static void discharge(struct cuda_device *device, const struct range *range)
{
	if (range->kind == RANGE_DEVICE)
		slab_discharge(device, &range->charged);
	else if (CUDA_CHARGED >> range->kind & 1)
		cuda_discharge(device, range->mapped);
}

CUresult cuda_allocate(struct cuda_context *context, enum range_kind kind, uint64_t size,
		       uint32_t flags, uint64_t *address)
{
	struct cuda_device *device = cuda_device_of(context);
	struct range range = {
		.size = size,
		.owner = &context->object,
		.kind = kind,
		.flags = flags,
		.device = context->device,
		.access = PROT_READ | PROT_WRITE,
		.preferred = -2,
		.prefetched = -2,
		/* As a genuine driver has it from the start. */
		.sync_memops = kind == RANGE_DEVICE,
	};

	if (!size || !address)
		return CUDA_ERROR_INVALID_VALUE;
	if (size > UINT64_C(1) << 47)
		return CUDA_ERROR_OUT_OF_MEMORY;
	range.mapped = cuda_round_up(size, CUDA_PAGE);
	if (!charge(device, &range))
		return CUDA_ERROR_OUT_OF_MEMORY;
	/* what is large begins where huge pages can: its first touch is then cheap */
	range.start =
	    cuda_map(range.mapped, size >= CUDA_GRANULARITY ? CUDA_GRANULARITY : CUDA_PAGE,
		     PROT_READ | PROT_WRITE);
	if (range.start && range_add(&range_allocations, &range)) {
		*address = range.start;
		return CUDA_SUCCESS;
	}
	if (range.start)
		munmap((void *)(uintptr_t)range.start, range.mapped);
	discharge(device, &range);
	return CUDA_ERROR_OUT_OF_MEMORY;
}

void cuda_allocation_free(const struct range *range)
{
	if (range->kind == RANGE_REGISTERED)
		return;
	munmap((void *)(uintptr_t)range->start, range->mapped);
	if (range->kind == RANGE_POOL)
		cuda_pool_return(range);
	discharge(&cuda_state.device[range->device], range);
}

void cuda_memory_release(struct cuda_context *context)
{
	struct range range;

	while (range_take_owned(&range_allocations, &context->object, &range))
		cuda_allocation_free(&range);
}

CUresult sim_cuMemGetInfo_v2(size_t *free, size_t *total)
{
	CUDA_NEED_CONTEXT(context);
	struct cuda_device *device = cuda_device_of(context);

	if (!free || !total)
		return CUDA_ERROR_INVALID_VALUE;
	*total = device->is->memory_bytes;
	*free = device->is->memory_bytes - cuda_used(device);
	return CUDA_SUCCESS;
}

/* The older call's numbers are narrower: what does not fit reads as all that it can say. */
CUresult sim_cuMemGetInfo(unsigned int *free, unsigned int *total)
{
	size_t wide_free, wide_total;
	CUresult result = sim_cuMemGetInfo_v2(&wide_free, &wide_total);

	if (result != CUDA_SUCCESS)
		return result;
	if (!free || !total)
		return CUDA_ERROR_INVALID_VALUE;
	*free = wide_free > UINT32_MAX ? UINT32_MAX : (unsigned)wide_free;
	*total = wide_total > UINT32_MAX ? UINT32_MAX : (unsigned)wide_total;
	return CUDA_SUCCESS;
}

CUresult sim_cuMemAlloc_v2(CUdeviceptr *pointer, size_t size)
{
	CUDA_NEED_CONTEXT(context);
	uint64_t address;
	CUresult result;

	if (!pointer)
		return CUDA_ERROR_INVALID_VALUE;
	result = cuda_capture_safe();
	if (result == CUDA_SUCCESS)
		result = cuda_allocate(context, RANGE_DEVICE, size, 0, &address);
	if (result == CUDA_SUCCESS)
		*pointer = address;
	return result;
}

CUresult sim_cuMemAllocPitch_v2(CUdeviceptr *pointer, size_t *pitch, size_t width, size_t height,
				unsigned int element)
{
	uint64_t step = cuda_round_up(width, 512), size;
	CUresult result;

	if (!pointer || !pitch || !width || !height ||
	    (element != 4 && element != 8 && element != 16))
		return CUDA_ERROR_INVALID_VALUE;
	if (step < width || __builtin_mul_overflow(step, height, &size))
		return CUDA_ERROR_INVALID_VALUE;
	result = sim_cuMemAlloc_v2(pointer, size);
	if (result == CUDA_SUCCESS)
		*pitch = step;
	return result;
}

CUresult sim_cuMemAllocManaged(CUdeviceptr *pointer, size_t size, unsigned int flags)
{
	CUDA_NEED_CONTEXT(context);
	uint64_t address;
	CUresult result;

	if (!pointer || (flags != CU_MEM_ATTACH_GLOBAL && flags != CU_MEM_ATTACH_HOST))
		return CUDA_ERROR_INVALID_VALUE;
	if (!cuda_attribute(cuda_device_of(context), CU_DEVICE_ATTRIBUTE_MANAGED_MEMORY))
		return CUDA_ERROR_NOT_SUPPORTED;
	result = cuda_allocate(context, RANGE_MANAGED, size, flags, &address);
	if (result == CUDA_SUCCESS)
		*pointer = address;
	return result;
}

CUresult sim_cuMemFree_v2(CUdeviceptr pointer)
{
	struct range range;
	CUresult result;

	CUDA_NEED_INIT();
	if (!pointer)
		return CUDA_SUCCESS;
	result = cuda_capture_safe();
	if (result != CUDA_SUCCESS)
		return result;
	if (range_find(&range_allocations, pointer, &range) && range.kind == RANGE_GRAPH)
		return cuda_graph_memory_give(pointer);
	if (!range_take(&range_allocations, pointer,
			RANGE_BIT(RANGE_DEVICE) | RANGE_BIT(RANGE_MANAGED) | RANGE_BIT(RANGE_POOL),
			&range))
		return CUDA_ERROR_INVALID_VALUE;
	cuda_allocation_free(&range);
	return CUDA_SUCCESS;
}

/* ---- host memory ---- */

#define HOST_FLAGS                                                                                 \
	(CU_MEMHOSTALLOC_PORTABLE | CU_MEMHOSTALLOC_DEVICEMAP | CU_MEMHOSTALLOC_WRITECOMBINED)
#define REGISTER_FLAGS                                                                             \
	(CU_MEMHOSTREGISTER_PORTABLE | CU_MEMHOSTREGISTER_DEVICEMAP |                              \
	 CU_MEMHOSTREGISTER_IOMEMORY | CU_MEMHOSTREGISTER_READ_ONLY)

CUresult sim_cuMemHostAlloc(void **pointer, size_t size, unsigned int flags)
{
	CUDA_NEED_CONTEXT(context);
	uint64_t address;
	CUresult result;

	if (!pointer || flags & ~(unsigned)HOST_FLAGS)
		return CUDA_ERROR_INVALID_VALUE;
	/* Nothing of the host's is had without an error, unlike nothing of the device's. */
	*pointer = NULL;
	if (!size)
		return CUDA_SUCCESS;
	result =
	    cuda_allocate(context, RANGE_HOST, size, flags | CU_MEMHOSTALLOC_DEVICEMAP, &address);
	if (result == CUDA_SUCCESS)
		*pointer = (void *)(uintptr_t)address;
	return result;
}

CUresult sim_cuMemAllocHost_v2(void **pointer, size_t size)
{
	return sim_cuMemHostAlloc(pointer, size, 0);
}

CUresult sim_cuMemAllocHost(void **pointer, unsigned int size)
{
	return sim_cuMemHostAlloc(pointer, size, 0);
}

CUresult sim_cuMemFreeHost(void *pointer)
{
	struct range range;

	CUDA_NEED_INIT();
	if (!pointer)
		return CUDA_SUCCESS;
	if (!range_take(&range_allocations, (uintptr_t)pointer, RANGE_BIT(RANGE_HOST), &range))
		return CUDA_ERROR_INVALID_VALUE;
	cuda_allocation_free(&range);
	return CUDA_SUCCESS;
}

CUresult sim_cuMemHostRegister_v2(void *pointer, size_t size, unsigned int flags)
{
	CUDA_NEED_CONTEXT(context);
	struct range range = {
		.start = (uintptr_t)pointer,
		.size = size,
		.mapped = size,
		.owner = &context->object,
		.kind = RANGE_REGISTERED,
		.flags = flags,
		.device = context->device,
		.access = PROT_READ | PROT_WRITE,
	};

	if (!pointer || !size || flags & ~(unsigned)REGISTER_FLAGS ||
	    range.start + range.size < range.start)
		return CUDA_ERROR_INVALID_VALUE;
	return range_add(&range_allocations, &range) ? CUDA_SUCCESS
						     : CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED;
}
SIM_ALIAS(sim_cuMemHostRegister, sim_cuMemHostRegister_v2);

CUresult sim_cuMemHostUnregister(void *pointer)
{
	struct range range;

	CUDA_NEED_INIT();
	if (!pointer)
		return CUDA_ERROR_INVALID_VALUE;
	return range_take(&range_allocations, (uintptr_t)pointer, RANGE_BIT(RANGE_REGISTERED),
			  &range)
		   ? CUDA_SUCCESS
		   : CUDA_ERROR_HOST_MEMORY_NOT_REGISTERED;
}

static bool find_host(const void *pointer, struct range *range)
{
	return range_find(&range_allocations, (uintptr_t)pointer, range) &&
	       (RANGE_BIT(RANGE_HOST) | RANGE_BIT(RANGE_REGISTERED)) >> range->kind & 1;
}

CUresult sim_cuMemHostGetDevicePointer_v2(CUdeviceptr *device, void *pointer, unsigned int flags)
{
	struct range range;

	CUDA_NEED_CONTEXT(context);
	(void)context;
	if (!device || flags || !find_host(pointer, &range))
		return CUDA_ERROR_INVALID_VALUE;
	*device = (uintptr_t)pointer;
	return CUDA_SUCCESS;
}

CUresult sim_cuMemHostGetFlags(unsigned int *flags, void *pointer)
{
	struct range range;

	CUDA_NEED_INIT();
	if (!flags || !find_host(pointer, &range) || range.kind != RANGE_HOST)
		return CUDA_ERROR_INVALID_VALUE;
	*flags = range.flags;
	return CUDA_SUCCESS;
}
