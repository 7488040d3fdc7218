/* SPDX-License-Identifier: Apache-2.0 */
/* Virtual memory management: physical allocations, reserved addresses, and mappings. */
#include <string.h>
#include <sys/mman.h>

#include "shim/backend/sim/cuda/memory.h"

/* Counts against its device from its creation until its handle and its last mapping are gone. */
struct physical {
	struct object object;
	void *pages; /* shared, so that two mappings of it show the same bytes */
	uint64_t size;
	uint32_t device;
	uint32_t handles; /* under cuda_state.lock, as is: */
	uint32_t mappings;
	CUmemAllocationProp prop;
};
_Static_assert(sizeof(struct physical) <= OBJECT_BYTES, "a slot holds it");

static void *address_of(uint64_t address)
{
	return (void *)(uintptr_t)address;
}

static struct physical *physical_of(CUmemGenericAllocationHandle handle)
{
	struct physical *physical = object_get(address_of(handle), OBJECT_PHYSICAL);

	return physical && physical->handles ? physical : NULL;
}

static CUresult check_prop(const CUmemAllocationProp *prop)
{
	if (!prop || prop->type != CU_MEM_ALLOCATION_TYPE_PINNED ||
	    prop->location.type != CU_MEM_LOCATION_TYPE_DEVICE)
		return CUDA_ERROR_INVALID_VALUE;
	if (prop->location.id < 0 || (uint32_t)prop->location.id >= cuda_state.count)
		return CUDA_ERROR_INVALID_DEVICE;
	return CUDA_SUCCESS;
}

CUresult sim_cuMemGetAllocationGranularity(size_t *granularity, const CUmemAllocationProp *prop,
					   CUmemAllocationGranularity_flags option)
{
	CUresult result;

	CUDA_NEED_INIT();
	result = check_prop(prop);
	if (result != CUDA_SUCCESS)
		return result;
	if (!granularity || (unsigned)option > CU_MEM_ALLOC_GRANULARITY_RECOMMENDED)
		return CUDA_ERROR_INVALID_VALUE;
	*granularity = CUDA_GRANULARITY;
	return CUDA_SUCCESS;
}

/* ---- physical allocations ---- */

CUresult sim_cuMemCreate(CUmemGenericAllocationHandle *handle, size_t size,
			 const CUmemAllocationProp *prop, unsigned long long flags)
{
	struct physical *physical;
	CUresult result;

	CUDA_NEED_INIT();
	result = check_prop(prop);
	if (result != CUDA_SUCCESS)
		return result;
	if (!handle || !size || size % CUDA_GRANULARITY || flags)
		return CUDA_ERROR_INVALID_VALUE;
	if (!cuda_charge(&cuda_state.device[prop->location.id], size))
		return CUDA_ERROR_OUT_OF_MEMORY;
	physical = object_new(OBJECT_PHYSICAL, NULL);
	if (!physical)
		goto err_discharge;
	physical->pages = mmap(NULL, size, PROT_READ | PROT_WRITE,
			       MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (physical->pages == MAP_FAILED)
		goto err_free;
	physical->size = size;
	physical->device = (uint32_t)prop->location.id;
	physical->prop = *prop;
	physical->handles = 1;
	*handle = (uintptr_t)physical;
	return CUDA_SUCCESS;

err_free:
	object_free(physical);
err_discharge:
	cuda_discharge(&cuda_state.device[prop->location.id], size);
	return CUDA_ERROR_OUT_OF_MEMORY;
}

/* The caller holds cuda_state.lock. */
static void release_unused(struct physical *physical)
{
	if (physical->handles || physical->mappings)
		return;
	munmap(physical->pages, physical->size);
	cuda_discharge(&cuda_state.device[physical->device], physical->size);
	object_free(physical);
}

CUresult sim_cuMemRelease(CUmemGenericAllocationHandle handle)
{
	CUresult result = CUDA_ERROR_INVALID_VALUE;
	struct physical *physical;

	CUDA_NEED_INIT();
	pthread_mutex_lock(&cuda_state.lock);
	physical = physical_of(handle);
	if (physical) {
		physical->handles--;
		release_unused(physical);
		result = CUDA_SUCCESS;
	}
	pthread_mutex_unlock(&cuda_state.lock);
	return result;
}

CUresult sim_cuMemRetainAllocationHandle(CUmemGenericAllocationHandle *handle, void *address)
{
	CUresult result = CUDA_ERROR_INVALID_VALUE;
	struct range range;

	CUDA_NEED_INIT();
	if (!handle)
		return CUDA_ERROR_INVALID_VALUE;
	pthread_mutex_lock(&cuda_state.lock);
	if (range_find(&range_allocations, (uintptr_t)address, &range) &&
	    range.kind == RANGE_MAPPED) {
		((struct physical *)range.owner)->handles++;
		*handle = (uintptr_t)range.owner;
		result = CUDA_SUCCESS;
	}
	pthread_mutex_unlock(&cuda_state.lock);
	return result;
}

CUresult sim_cuMemGetAllocationPropertiesFromHandle(CUmemAllocationProp *prop,
						    CUmemGenericAllocationHandle handle)
{
	struct physical *physical;

	CUDA_NEED_INIT();
	physical = physical_of(handle);
	if (!prop || !physical)
		return CUDA_ERROR_INVALID_VALUE;
	*prop = physical->prop;
	return CUDA_SUCCESS;
}

/* ---- addresses ---- */

CUresult sim_cuMemAddressReserve(CUdeviceptr *pointer, size_t size, size_t alignment,
				 CUdeviceptr wanted, unsigned long long flags)
{
	struct range range = { .size = size, .mapped = size, .kind = RANGE_RESERVED };

	CUDA_NEED_INIT();
	(void)wanted; /* a wish that a driver need not grant */
	if (!pointer || !size || size % CUDA_GRANULARITY || flags || alignment & (alignment - 1))
		return CUDA_ERROR_INVALID_VALUE;
	range.start =
	    cuda_map(size, alignment > CUDA_GRANULARITY ? alignment : CUDA_GRANULARITY, PROT_NONE);
	if (!range.start)
		return CUDA_ERROR_OUT_OF_MEMORY;
	if (!range_add(&range_reservations, &range)) {
		munmap(address_of(range.start), size);
		return CUDA_ERROR_OUT_OF_MEMORY;
	}
	*pointer = range.start;
	return CUDA_SUCCESS;
}

CUresult sim_cuMemAddressFree(CUdeviceptr pointer, size_t size)
{
	CUresult result = CUDA_ERROR_INVALID_VALUE;
	struct range range;

	CUDA_NEED_INIT();
	pthread_mutex_lock(&cuda_state.lock);
	if (range_find(&range_reservations, pointer, &range) && range.start == pointer &&
	    range.size == size && !range_touches(&range_allocations, pointer, size)) {
		range_take(&range_reservations, pointer, RANGE_BIT(RANGE_RESERVED), &range);
		munmap(address_of(pointer), size);
		result = CUDA_SUCCESS;
	}
	pthread_mutex_unlock(&cuda_state.lock);
	return result;
}

CUresult sim_cuMemMap(CUdeviceptr pointer, size_t size, size_t offset,
		      CUmemGenericAllocationHandle handle, unsigned long long flags)
{
	CUresult result = CUDA_ERROR_INVALID_VALUE;
	struct range range = {
		.start = pointer, .size = size, .mapped = size, .kind = RANGE_MAPPED
	};
	struct physical *physical;

	CUDA_NEED_INIT();
	if (!size || (pointer | size | offset) % CUDA_GRANULARITY || flags)
		return CUDA_ERROR_INVALID_VALUE;
	pthread_mutex_lock(&cuda_state.lock);
	physical = physical_of(handle);
	if (!physical || offset > physical->size || size > physical->size - offset ||
	    !range_covers(&range_reservations, pointer, size, 0))
		goto out;
	range.owner = &physical->object;
	range.device = physical->device;
	if (!range_add(&range_allocations, &range))
		goto out;
	/* an old size of 0 leaves the pages where they are and shows them in a second place too */
	if (mremap((char *)physical->pages + offset, 0, size, MREMAP_MAYMOVE | MREMAP_FIXED,
		   address_of(pointer)) == MAP_FAILED) {
		range_take(&range_allocations, pointer, RANGE_BIT(RANGE_MAPPED), &range);
		result = CUDA_ERROR_OUT_OF_MEMORY;
		goto out;
	}
	mprotect(address_of(pointer), size, PROT_NONE);
	physical->mappings++;
	result = CUDA_SUCCESS;
out:
	pthread_mutex_unlock(&cuda_state.lock);
	return result;
}

CUresult sim_cuMemUnmap(CUdeviceptr pointer, size_t size)
{
	uint64_t end, at = pointer;
	CUresult result = CUDA_ERROR_INVALID_VALUE;
	struct range range;

	CUDA_NEED_INIT();
	if (!size || (pointer | size) % CUDA_GRANULARITY ||
	    __builtin_add_overflow(pointer, size, &end))
		return CUDA_ERROR_INVALID_VALUE;
	pthread_mutex_lock(&cuda_state.lock);
	/* whole mappings only: look at all before the first goes */
	while (at < end && range_find(&range_allocations, at, &range) && range.start == at &&
	       range.kind == RANGE_MAPPED && range.size <= end - at)
		at += range.size;
	if (at != end)
		goto out;
	for (at = pointer; at < end; at += range.size) {
		struct physical *physical;

		range_take(&range_allocations, at, RANGE_BIT(RANGE_MAPPED), &range);
		/* back to reserved, never to free: another mapping could come in between */
		if (mmap(address_of(at), range.size, PROT_NONE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1,
			 0) == MAP_FAILED)
			madvise(address_of(at), range.size, MADV_DONTNEED);
		physical = (struct physical *)range.owner;
		physical->mappings--;
		release_unused(physical);
	}
	result = CUDA_SUCCESS;
out:
	pthread_mutex_unlock(&cuda_state.lock);
	return result;
}

CUresult sim_cuMemSetAccess(CUdeviceptr pointer, size_t size, const CUmemAccessDesc *desc,
			    size_t count)
{
	int access = 0;

	CUDA_NEED_INIT();
	if (!desc || !count || !size || (pointer | size) % CUDA_GRANULARITY)
		return CUDA_ERROR_INVALID_VALUE;
	for (size_t i = 0; i < count; i++) {
		if (desc[i].location.type != CU_MEM_LOCATION_TYPE_DEVICE)
			return CUDA_ERROR_INVALID_VALUE;
		if (desc[i].location.id < 0 || (uint32_t)desc[i].location.id >= cuda_state.count)
			return CUDA_ERROR_INVALID_DEVICE;
		if (desc[i].flags == CU_MEM_ACCESS_FLAGS_PROT_READWRITE)
			access |= PROT_READ | PROT_WRITE;
		else if (desc[i].flags == CU_MEM_ACCESS_FLAGS_PROT_READ)
			access |= PROT_READ;
		else if (desc[i].flags != CU_MEM_ACCESS_FLAGS_PROT_NONE)
			return CUDA_ERROR_INVALID_VALUE;
	}
	if (!range_covers(&range_allocations, pointer, size, 0) ||
	    !range_covers(&range_reservations, pointer, size, 0))
		return CUDA_ERROR_INVALID_VALUE;
	if (mprotect(address_of(pointer), size, access))
		return CUDA_ERROR_OUT_OF_MEMORY;
	range_set_access(&range_allocations, pointer, size, (uint32_t)access);
	return CUDA_SUCCESS;
}

CUresult sim_cuMemGetAccess(unsigned long long *flags, const CUmemLocation *location,
			    CUdeviceptr pointer)
{
	struct range range;

	CUDA_NEED_INIT();
	if (!flags || !location || location->type != CU_MEM_LOCATION_TYPE_DEVICE ||
	    !range_find(&range_allocations, pointer, &range) || range.kind != RANGE_MAPPED)
		return CUDA_ERROR_INVALID_VALUE;
	*flags = range.access & PROT_WRITE  ? CU_MEM_ACCESS_FLAGS_PROT_READWRITE
		 : range.access & PROT_READ ? CU_MEM_ACCESS_FLAGS_PROT_READ
					    : CU_MEM_ACCESS_FLAGS_PROT_NONE;
	return CUDA_SUCCESS;
}
