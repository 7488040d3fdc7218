/* SPDX-License-Identifier: Apache-2.0 */
/* Memory of graphs: a node's address is given for good, its bytes are there from launch to free. */
#include <sys/mman.h>

#include "shim/backend/sim/cuda/graph.h"
#include "shim/backend/sim/cuda/heap.h"
#include "shim/backend/sim/cuda/memory.h"

struct graph_memory {
	struct graph_memory *next;
	uint64_t address, mapped;
	uint32_t device;
	uint32_t nodes; /* that name it: the address lives with them */
	bool live;      /* allocated by a launch and not yet freed */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct graph_memory *memories;

void cuda_graph_memory_forget(void)
{
	pthread_mutex_init(&lock, NULL);
	memories = NULL;
}

/* The lock is held, as for all that follows. */
static struct graph_memory **find(uint64_t address)
{
	struct graph_memory **link = &memories;

	while (*link && (*link)->address != address)
		link = &(*link)->next;
	return link;
}

static void drop(struct graph_memory **link)
{
	struct graph_memory *memory = *link;
	struct range range;

	*link = memory->next;
	range_take(&range_allocations, memory->address, RANGE_BIT(RANGE_GRAPH), &range);
	munmap((void *)(uintptr_t)memory->address, memory->mapped);
	heap_free(memory);
}

CUresult cuda_graph_memory_reserve(CUDA_MEM_ALLOC_NODE_PARAMS *params)
{
	const CUmemLocation *location = &params->poolProps.location;
	struct range range = { .size = params->bytesize, .kind = RANGE_GRAPH };
	struct graph_memory *memory;

	if (!params->bytesize || params->poolProps.allocType != CU_MEM_ALLOCATION_TYPE_PINNED ||
	    location->type != CU_MEM_LOCATION_TYPE_DEVICE)
		return CUDA_ERROR_INVALID_VALUE;
	if (location->id < 0 || (uint32_t)location->id >= cuda_state.count)
		return CUDA_ERROR_INVALID_DEVICE;
	memory = heap_get(sizeof(*memory));
	if (!memory)
		return CUDA_ERROR_OUT_OF_MEMORY;
	memory->device = range.device = (uint32_t)location->id;
	memory->mapped = range.mapped = cuda_round_up(params->bytesize, CUDA_PAGE);
	memory->nodes = 1;
	memory->address = range.start = cuda_map(range.mapped, CUDA_PAGE, PROT_NONE);
	if (!range.start || !range_add(&range_allocations, &range)) {
		if (range.start)
			munmap((void *)(uintptr_t)range.start, range.mapped);
		heap_free(memory);
		return CUDA_ERROR_OUT_OF_MEMORY;
	}
	pthread_mutex_lock(&lock);
	memory->next = memories;
	memories = memory;
	pthread_mutex_unlock(&lock);
	params->dptr = range.start;
	return CUDA_SUCCESS;
}

void cuda_graph_memory_hold(CUdeviceptr address)
{
	struct graph_memory *memory;

	pthread_mutex_lock(&lock);
	memory = *find(address);
	if (memory)
		memory->nodes++;
	pthread_mutex_unlock(&lock);
}

void cuda_graph_memory_unreserve(CUdeviceptr address)
{
	struct graph_memory **link;

	pthread_mutex_lock(&lock);
	link = find(address);
	if (*link && !--(*link)->nodes && !(*link)->live)
		drop(link);
	pthread_mutex_unlock(&lock);
}

static void raise_to(uint64_t *high, uint64_t value)
{
	if (value > *high)
		*high = value;
}

CUresult cuda_graph_memory_take(CUdeviceptr address)
{
	CUresult result = CUDA_SUCCESS;
	struct graph_memory *memory;
	struct cuda_device *device;

	pthread_mutex_lock(&lock);
	memory = *find(address);
	if (!memory || memory->live) {
		/* what a launch allocated must be freed before it is launched again */
		result = CUDA_ERROR_INVALID_VALUE;
		goto out;
	}
	device = &cuda_state.device[memory->device];
	if (device->graph_used + memory->mapped > device->graph_reserved) {
		uint64_t more = device->graph_used + memory->mapped - device->graph_reserved;

		if (!cuda_charge(device, more)) {
			result = CUDA_ERROR_OUT_OF_MEMORY;
			goto out;
		}
		device->graph_reserved += more;
		raise_to(&device->graph_reserved_high, device->graph_reserved);
	}
	device->graph_used += memory->mapped;
	raise_to(&device->graph_used_high, device->graph_used);
	memory->live = true;
	mprotect((void *)(uintptr_t)address, memory->mapped, PROT_READ | PROT_WRITE);
	range_set_access(&range_allocations, address, memory->mapped, PROT_READ | PROT_WRITE);
out:
	pthread_mutex_unlock(&lock);
	return result;
}

CUresult cuda_graph_memory_give(CUdeviceptr address)
{
	CUresult result = CUDA_ERROR_INVALID_VALUE;
	struct graph_memory **link, *memory;

	pthread_mutex_lock(&lock);
	link = find(address);
	memory = *link;
	if (memory && memory->live) {
		cuda_state.device[memory->device].graph_used -= memory->mapped;
		memory->live = false;
		range_set_access(&range_allocations, address, memory->mapped, 0);
		madvise((void *)(uintptr_t)address, memory->mapped, MADV_DONTNEED);
		mprotect((void *)(uintptr_t)address, memory->mapped, PROT_NONE);
		if (!memory->nodes)
			drop(link);
		result = CUDA_SUCCESS;
	}
	pthread_mutex_unlock(&lock);
	return result;
}

/* ---- entry points ---- */

static uint64_t *figure(struct cuda_device *device, CUgraphMem_attribute attribute)
{
	switch (attribute) {
	case CU_GRAPH_MEM_ATTR_USED_MEM_CURRENT:
		return &device->graph_used;
	case CU_GRAPH_MEM_ATTR_USED_MEM_HIGH:
		return &device->graph_used_high;
	case CU_GRAPH_MEM_ATTR_RESERVED_MEM_CURRENT:
		return &device->graph_reserved;
	case CU_GRAPH_MEM_ATTR_RESERVED_MEM_HIGH:
		return &device->graph_reserved_high;
	default:
		return NULL;
	}
}

CUresult sim_cuDeviceGetGraphMemAttribute(CUdevice dev, CUgraphMem_attribute attribute, void *value)
{
	CUDA_NEED_DEVICE(device, dev);
	if (!value || !figure(device, attribute))
		return CUDA_ERROR_INVALID_VALUE;
	pthread_mutex_lock(&lock);
	*(cuuint64_t *)value = *figure(device, attribute);
	pthread_mutex_unlock(&lock);
	return CUDA_SUCCESS;
}

/* High marks can be set back, to what is there now. */
CUresult sim_cuDeviceSetGraphMemAttribute(CUdevice dev, CUgraphMem_attribute attribute, void *value)
{
	CUDA_NEED_DEVICE(device, dev);
	if (!value || *(cuuint64_t *)value)
		return CUDA_ERROR_INVALID_VALUE;
	if (attribute == CU_GRAPH_MEM_ATTR_USED_MEM_HIGH)
		device->graph_used_high = device->graph_used;
	else if (attribute == CU_GRAPH_MEM_ATTR_RESERVED_MEM_HIGH)
		device->graph_reserved_high = device->graph_reserved;
	else
		return CUDA_ERROR_INVALID_VALUE;
	return CUDA_SUCCESS;
}

CUresult sim_cuDeviceGraphMemTrim(CUdevice dev)
{
	CUDA_NEED_DEVICE(device, dev);
	pthread_mutex_lock(&lock);
	cuda_discharge(device, device->graph_reserved - device->graph_used);
	device->graph_reserved = device->graph_used;
	pthread_mutex_unlock(&lock);
	return CUDA_SUCCESS;
}
