/* SPDX-License-Identifier: Apache-2.0 */
/* Memory pools and allocation in stream order: see pool.h. */
#include "shim/backend/sim/cuda/pool.h"

#include <string.h>
#include <sys/mman.h>

#include "shim/backend/sim/cuda/graph.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

void cuda_pool_forget(void)
{
	pthread_mutex_init(&lock, NULL);
}

static uint64_t raise_to(uint64_t *high, uint64_t value)
{
	if (value > *high)
		*high = value;
	return value;
}

/* A pool takes whole blocks from its device, or as much as there is; the lock is held. */
static bool grow(struct cuda_pool *pool, uint64_t used)
{
	struct cuda_device *device = &cuda_state.device[pool->device];
	uint64_t wanted = cuda_round_up(used, POOL_BLOCK);

	if (pool->props.maxSize && used > pool->props.maxSize)
		return false;
	if (used <= pool->reserved)
		return true;
	if (!cuda_charge(device, wanted - pool->reserved)) {
		wanted = used;
		if (!cuda_charge(device, wanted - pool->reserved))
			return false;
	}
	pool->reserved = raise_to(&pool->reserved_high, wanted);
	return true;
}

/* What is not used goes back to the device, but for as much as shall be kept; the lock is held. */
static void shrink(struct cuda_pool *pool, uint64_t keep)
{
	uint64_t wanted = cuda_round_up(pool->used, POOL_BLOCK);

	if (wanted < keep)
		wanted = keep;
	if (wanted >= pool->reserved)
		return;
	cuda_discharge(&cuda_state.device[pool->device], pool->reserved - wanted);
	pool->reserved = wanted;
}

static struct cuda_pool *pool_new(uint32_t device, const CUmemPoolProps *props)
{
	struct cuda_pool *pool = object_new(OBJECT_POOL, NULL);

	if (!pool)
		return NULL;
	pool->device = device;
	pool->props = *props;
	for (int i = 0; i < 3; i++)
		pool->reuse[i] = 1;
	return pool;
}

static struct cuda_pool *default_pool(uint32_t device)
{
	CUmemPoolProps props = {
		.allocType = CU_MEM_ALLOCATION_TYPE_PINNED,
		.location = { .type = CU_MEM_LOCATION_TYPE_DEVICE, .id = (int)device },
	};
	struct cuda_device *of = &cuda_state.device[device];

	pthread_mutex_lock(&cuda_state.lock);
	if (!of->pool) {
		of->pool = pool_new(device, &props);
		if (of->pool)
			of->pool->standard = true;
	}
	pthread_mutex_unlock(&cuda_state.lock);
	return of->pool;
}

static struct cuda_pool *current_pool(uint32_t device)
{
	struct cuda_pool *pool = cuda_state.device[device].current_pool;

	return pool ? pool : default_pool(device);
}

static struct cuda_pool *pool_of(CUmemoryPool handle)
{
	struct cuda_pool *pool = object_get(handle, OBJECT_POOL);

	return pool && !pool->ended ? pool : NULL;
}

#define NEED_POOL(name, handle)                                                                    \
	CUDA_NEED_INIT();                                                                          \
	struct cuda_pool *name = pool_of(handle);                                                  \
	if (!name)                                                                                 \
	return CUDA_ERROR_INVALID_VALUE

/* ---- allocation ---- */

static CUresult take(struct cuda_pool *pool, uint64_t size, CUdeviceptr *out)
{
	struct range range = {
		.size = size,
		.owner = &pool->object,
		.kind = RANGE_POOL,
		.device = pool->device,
		.access = PROT_READ | PROT_WRITE,
	};
	bool room;

	if (!size || size > UINT64_C(1) << 47)
		return size ? CUDA_ERROR_OUT_OF_MEMORY : CUDA_ERROR_INVALID_VALUE;
	range.mapped = cuda_round_up(size, CUDA_PAGE);
	pthread_mutex_lock(&lock);
	room = grow(pool, pool->used + range.mapped);
	if (room)
		pool->used = raise_to(&pool->used_high, pool->used + range.mapped);
	pthread_mutex_unlock(&lock);
	if (!room)
		return CUDA_ERROR_OUT_OF_MEMORY;
	range.start = cuda_map(range.mapped, CUDA_PAGE, PROT_READ | PROT_WRITE);
	if (range.start && range_add(&range_allocations, &range)) {
		*out = range.start;
		return CUDA_SUCCESS;
	}
	if (range.start)
		munmap((void *)(uintptr_t)range.start, range.mapped);
	cuda_pool_return(&range);
	return CUDA_ERROR_OUT_OF_MEMORY;
}

void cuda_pool_return(const struct range *range)
{
	struct cuda_pool *pool = (struct cuda_pool *)range->owner;
	bool last;

	pthread_mutex_lock(&lock);
	pool->used -= range->mapped;
	shrink(pool, pool->ended ? 0 : pool->threshold);
	last = pool->ended && !pool->used;
	pthread_mutex_unlock(&lock);
	if (last)
		object_free(pool);
}

static CUresult allocate(CUdeviceptr *out, size_t size, struct cuda_pool *pool, CUstream stream)
{
	CUgraphNodeParams node = { .type = CU_GRAPH_NODE_TYPE_MEM_ALLOC };
	CUstreamCaptureStatus status;
	CUresult result;

	if (!out || !pool)
		return CUDA_ERROR_INVALID_VALUE;
	result = sim_cuStreamIsCapturing(stream, &status);
	if (result != CUDA_SUCCESS)
		return result;
	if (status == CU_STREAM_CAPTURE_STATUS_NONE)
		return take(pool, size, out);
	node.alloc.poolProps = pool->props;
	node.alloc.bytesize = size;
	return cuda_capture_alloc(stream, &node, out);
}

CUresult sim_cuMemAllocAsync(CUdeviceptr *out, size_t size, CUstream stream)
{
	CUDA_NEED_STREAM(of, stream);
	return allocate(out, size, current_pool(((struct cuda_context *)of->object.owner)->device),
			stream);
}
CUDA_PTSZ(cuMemAllocAsync, (CUdeviceptr * out, size_t size, CUstream stream),
	  (out, size, cuda_ptsz(stream)))

CUresult sim_cuMemAllocFromPoolAsync(CUdeviceptr *out, size_t size, CUmemoryPool handle,
				     CUstream stream)
{
	NEED_POOL(pool, handle);
	return allocate(out, size, pool, stream);
}
CUDA_PTSZ(cuMemAllocFromPoolAsync,
	  (CUdeviceptr * out, size_t size, CUmemoryPool pool, CUstream stream),
	  (out, size, pool, cuda_ptsz(stream)))

CUresult sim_cuMemFreeAsync(CUdeviceptr pointer, CUstream stream)
{
	CUgraphNodeParams node = { .type = CU_GRAPH_NODE_TYPE_MEM_FREE };
	CUstreamCaptureStatus status;
	struct range range;
	CUresult result;

	if (!pointer)
		return CUDA_SUCCESS;
	result = sim_cuStreamIsCapturing(stream, &status);
	if (result != CUDA_SUCCESS)
		return result;
	if (!range_find(&range_allocations, pointer, &range) || range.start != pointer)
		return CUDA_ERROR_INVALID_VALUE;
	node.free.dptr = pointer;
	if (status != CU_STREAM_CAPTURE_STATUS_NONE || range.kind == RANGE_GRAPH)
		return cuda_stream_submit(stream, &node);
	return sim_cuMemFree_v2(pointer);
}
CUDA_PTSZ(cuMemFreeAsync, (CUdeviceptr pointer, CUstream stream), (pointer, cuda_ptsz(stream)))

/* ---- pools ---- */

static CUresult give_pool(CUmemoryPool *out, CUdevice dev,
			  struct cuda_pool *(*which)(uint32_t device))
{
	CUDA_NEED_DEVICE(device, dev);
	if (!out)
		return CUDA_ERROR_INVALID_VALUE;
	if (!cuda_attribute(device, CU_DEVICE_ATTRIBUTE_MEMORY_POOLS_SUPPORTED))
		return CUDA_ERROR_NOT_SUPPORTED;
	*out = (CUmemoryPool)which((uint32_t)dev);
	return *out ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY;
}

CUresult sim_cuDeviceGetDefaultMemPool(CUmemoryPool *out, CUdevice dev)
{
	return give_pool(out, dev, default_pool);
}

CUresult sim_cuDeviceGetMemPool(CUmemoryPool *out, CUdevice dev)
{
	return give_pool(out, dev, current_pool);
}

CUresult sim_cuDeviceSetMemPool(CUdevice dev, CUmemoryPool handle)
{
	CUDA_NEED_DEVICE(device, dev);
	NEED_POOL(pool, handle);
	if (pool->device != (uint32_t)dev)
		return CUDA_ERROR_INVALID_VALUE;
	device->current_pool = pool->standard ? NULL : pool;
	return CUDA_SUCCESS;
}

static CUresult device_of(const CUmemLocation *location, CUmemAllocationType type)
{
	if (!location || location->type != CU_MEM_LOCATION_TYPE_DEVICE)
		return CUDA_ERROR_INVALID_VALUE;
	return type == CU_MEM_ALLOCATION_TYPE_PINNED ? CUDA_SUCCESS : CUDA_ERROR_NOT_SUPPORTED;
}

CUresult sim_cuMemGetDefaultMemPool(CUmemoryPool *out, CUmemLocation *location,
				    CUmemAllocationType type)
{
	CUresult result = device_of(location, type);

	return result == CUDA_SUCCESS ? sim_cuDeviceGetDefaultMemPool(out, location->id) : result;
}

CUresult sim_cuMemGetMemPool(CUmemoryPool *out, CUmemLocation *location, CUmemAllocationType type)
{
	CUresult result = device_of(location, type);

	return result == CUDA_SUCCESS ? sim_cuDeviceGetMemPool(out, location->id) : result;
}

CUresult sim_cuMemSetMemPool(CUmemLocation *location, CUmemAllocationType type, CUmemoryPool pool)
{
	CUresult result = device_of(location, type);

	return result == CUDA_SUCCESS ? sim_cuDeviceSetMemPool(location->id, pool) : result;
}

CUresult sim_cuMemPoolCreate(CUmemoryPool *out, const CUmemPoolProps *props)
{
	CUDA_NEED_INIT();
	if (!out || !props || props->allocType != CU_MEM_ALLOCATION_TYPE_PINNED ||
	    props->location.type != CU_MEM_LOCATION_TYPE_DEVICE)
		return CUDA_ERROR_INVALID_VALUE;
	if (props->location.id < 0 || (uint32_t)props->location.id >= cuda_state.count)
		return CUDA_ERROR_INVALID_DEVICE;
	/* a pool that other processes could open would have to be their memory too */
	if (props->handleTypes != CU_MEM_HANDLE_TYPE_NONE)
		return CUDA_ERROR_NOT_SUPPORTED;
	*out = (CUmemoryPool)pool_new((uint32_t)props->location.id, props);
	return *out ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY;
}

CUresult sim_cuMemPoolDestroy(CUmemoryPool handle)
{
	struct cuda_device *device;
	bool unused;

	NEED_POOL(pool, handle);
	if (pool->standard)
		return CUDA_ERROR_INVALID_VALUE;
	device = &cuda_state.device[pool->device];
	if (device->current_pool == pool)
		device->current_pool = NULL;
	pthread_mutex_lock(&lock);
	pool->ended = true;
	shrink(pool, 0);
	unused = !pool->used;
	pthread_mutex_unlock(&lock);
	if (unused)
		object_free(pool);
	return CUDA_SUCCESS;
}

CUresult sim_cuMemPoolTrimTo(CUmemoryPool handle, size_t keep)
{
	NEED_POOL(pool, handle);
	pthread_mutex_lock(&lock);
	shrink(pool, keep);
	pthread_mutex_unlock(&lock);
	return CUDA_SUCCESS;
}

CUresult sim_cuMemPoolGetAttribute(CUmemoryPool handle, CUmemPool_attribute attribute, void *value)
{
	uint64_t wide = 0;

	NEED_POOL(pool, handle);
	if (!value)
		return CUDA_ERROR_INVALID_VALUE;
	if ((unsigned)attribute - CU_MEMPOOL_ATTR_REUSE_FOLLOW_EVENT_DEPENDENCIES < 3) {
		memcpy(value,
		       &pool->reuse[attribute - CU_MEMPOOL_ATTR_REUSE_FOLLOW_EVENT_DEPENDENCIES],
		       sizeof(pool->reuse[0]));
		return CUDA_SUCCESS;
	}
	pthread_mutex_lock(&lock);
	switch (attribute) {
	case CU_MEMPOOL_ATTR_RELEASE_THRESHOLD:
		wide = pool->threshold;
		break;
	case CU_MEMPOOL_ATTR_RESERVED_MEM_CURRENT:
		wide = pool->reserved;
		break;
	case CU_MEMPOOL_ATTR_RESERVED_MEM_HIGH:
		wide = pool->reserved_high;
		break;
	case CU_MEMPOOL_ATTR_USED_MEM_CURRENT:
		wide = pool->used;
		break;
	case CU_MEMPOOL_ATTR_USED_MEM_HIGH:
		wide = pool->used_high;
		break;
	default:
		pthread_mutex_unlock(&lock);
		return CUDA_ERROR_INVALID_VALUE;
	}
	pthread_mutex_unlock(&lock);
	memcpy(value, &wide, sizeof(wide));
	return CUDA_SUCCESS;
}

CUresult sim_cuMemPoolSetAttribute(CUmemoryPool handle, CUmemPool_attribute attribute, void *value)
{
	CUresult result = CUDA_SUCCESS;
	uint64_t wide;

	NEED_POOL(pool, handle);
	if (!value)
		return CUDA_ERROR_INVALID_VALUE;
	if ((unsigned)attribute - CU_MEMPOOL_ATTR_REUSE_FOLLOW_EVENT_DEPENDENCIES < 3) {
		memcpy(&pool->reuse[attribute - CU_MEMPOOL_ATTR_REUSE_FOLLOW_EVENT_DEPENDENCIES],
		       value, sizeof(pool->reuse[0]));
		return CUDA_SUCCESS;
	}
	if (attribute != CU_MEMPOOL_ATTR_RELEASE_THRESHOLD &&
	    attribute != CU_MEMPOOL_ATTR_RESERVED_MEM_HIGH &&
	    attribute != CU_MEMPOOL_ATTR_USED_MEM_HIGH)
		return CUDA_ERROR_INVALID_VALUE;
	memcpy(&wide, value, sizeof(wide));
	pthread_mutex_lock(&lock);
	/* high marks can only be set back, to what is there now */
	if (attribute == CU_MEMPOOL_ATTR_RELEASE_THRESHOLD)
		pool->threshold = wide;
	else if (wide)
		result = CUDA_ERROR_INVALID_VALUE;
	else if (attribute == CU_MEMPOOL_ATTR_RESERVED_MEM_HIGH)
		pool->reserved_high = pool->reserved;
	else
		pool->used_high = pool->used;
	pthread_mutex_unlock(&lock);
	return result;
}

CUresult sim_cuMemPoolSetAccess(CUmemoryPool handle, const CUmemAccessDesc *desc, size_t count)
{
	NEED_POOL(pool, handle);
	if (!desc || !count)
		return CUDA_ERROR_INVALID_VALUE;
	for (size_t i = 0; i < count; i++) {
		int id = desc[i].location.id;
		bool own = (uint32_t)id == pool->device;

		if (desc[i].location.type != CU_MEM_LOCATION_TYPE_DEVICE)
			return CUDA_ERROR_INVALID_VALUE;
		if (id < 0 || (uint32_t)id >= cuda_state.count)
			return CUDA_ERROR_INVALID_DEVICE;
		if (own && desc[i].flags != CU_MEM_ACCESS_FLAGS_PROT_READWRITE)
			return CUDA_ERROR_INVALID_DEVICE;
		pool->read_only &= ~(UINT64_C(1) << id);
		pool->read_write &= ~(UINT64_C(1) << id);
		if (desc[i].flags == CU_MEM_ACCESS_FLAGS_PROT_READ)
			pool->read_only |= UINT64_C(1) << id;
		else if (desc[i].flags == CU_MEM_ACCESS_FLAGS_PROT_READWRITE)
			pool->read_write |= UINT64_C(1) << id;
	}
	return CUDA_SUCCESS;
}

CUresult sim_cuMemPoolGetAccess(CUmemAccess_flags *flags, CUmemoryPool handle,
				CUmemLocation *location)
{
	NEED_POOL(pool, handle);
	if (!flags || !location || location->type != CU_MEM_LOCATION_TYPE_DEVICE ||
	    location->id < 0 || (uint32_t)location->id >= cuda_state.count)
		return CUDA_ERROR_INVALID_VALUE;
	*flags = (uint32_t)location->id == pool->device || pool->read_write >> location->id & 1
		     ? CU_MEM_ACCESS_FLAGS_PROT_READWRITE
		 : pool->read_only >> location->id & 1 ? CU_MEM_ACCESS_FLAGS_PROT_READ
						       : CU_MEM_ACCESS_FLAGS_PROT_NONE;
	return CUDA_SUCCESS;
}
