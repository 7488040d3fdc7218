/* SPDX-License-Identifier: Apache-2.0 */
/* Managed memory: what the program advised, and where it was last brought. */
#include <string.h>
#include <sys/mman.h>

#include "shim/backend/sim/cuda/graph.h"
#include "shim/backend/sim/cuda/memory.h"

#define HOST (-1)
#define NOWHERE (-2)
#define HOST_BIT 63
#define CU_DEVICE_CPU (-1)

/* The number of a place as ranges keep it; NOWHERE: it is none. */
static int32_t place_of(CUmemLocation location)
{
	switch (location.type) {
	case CU_MEM_LOCATION_TYPE_DEVICE:
		return location.id >= 0 && (uint32_t)location.id < cuda_state.count ? location.id
										    : NOWHERE;
	case CU_MEM_LOCATION_TYPE_HOST:
	case CU_MEM_LOCATION_TYPE_HOST_NUMA:
	case CU_MEM_LOCATION_TYPE_HOST_NUMA_CURRENT:
		return HOST;
	default:
		return NOWHERE;
	}
}

/* The older calls have a device or -1 for the host. */
static CUmemLocation location_of(CUdevice dev)
{
	return (CUmemLocation){
		.type =
		    dev == CU_DEVICE_CPU ? CU_MEM_LOCATION_TYPE_HOST : CU_MEM_LOCATION_TYPE_DEVICE,
		.id = dev == CU_DEVICE_CPU ? 0 : dev,
	};
}

static bool managed(CUdeviceptr address, size_t size)
{
	struct range range;

	return size && range_find(&range_allocations, address, &range) &&
	       range.kind == RANGE_MANAGED && range_covers(&range_allocations, address, size, 0);
}

struct advice {
	CUmem_advise advice;
	int32_t place;
};

static void apply(struct range *range, const void *data)
{
	const struct advice *advice = data;
	uint64_t bit = UINT64_C(1) << (advice->place == HOST ? HOST_BIT : advice->place & 63);

	switch (advice->advice) {
	case CU_MEM_ADVISE_SET_READ_MOSTLY:
		range->read_mostly = 1;
		break;
	case CU_MEM_ADVISE_UNSET_READ_MOSTLY:
		range->read_mostly = 0;
		break;
	case CU_MEM_ADVISE_SET_PREFERRED_LOCATION:
		range->preferred = advice->place;
		break;
	case CU_MEM_ADVISE_UNSET_PREFERRED_LOCATION:
		range->preferred = NOWHERE;
		break;
	case CU_MEM_ADVISE_SET_ACCESSED_BY:
		range->accessed_by |= bit;
		break;
	default:
		range->accessed_by &= ~bit;
	}
}

CUresult sim_cuMemAdvise_v2(CUdeviceptr address, size_t size, CUmem_advise advice,
			    CUmemLocation location)
{
	struct advice given = { .advice = advice, .place = place_of(location) };

	CUDA_NEED_CONTEXT(context);
	(void)context;
	if (advice < CU_MEM_ADVISE_SET_READ_MOSTLY || advice > CU_MEM_ADVISE_UNSET_ACCESSED_BY ||
	    !managed(address, size))
		return CUDA_ERROR_INVALID_VALUE;
	/* the two that set and unset "read mostly" and the one that unsets a place need none */
	if (given.place == NOWHERE && (advice == CU_MEM_ADVISE_SET_PREFERRED_LOCATION ||
				       advice >= CU_MEM_ADVISE_SET_ACCESSED_BY))
		return location.type == CU_MEM_LOCATION_TYPE_DEVICE ? CUDA_ERROR_INVALID_DEVICE
								    : CUDA_ERROR_INVALID_VALUE;
	range_change(&range_allocations, address, size, apply, &given);
	return CUDA_SUCCESS;
}

CUresult sim_cuMemAdvise(CUdeviceptr address, size_t size, CUmem_advise advice, CUdevice dev)
{
	return sim_cuMemAdvise_v2(address, size, advice, location_of(dev));
}

static void bring(struct range *range, const void *data)
{
	memcpy(&range->prefetched, data, sizeof(range->prefetched));
}

CUresult sim_cuMemPrefetchAsync_v2(CUdeviceptr address, size_t size, CUmemLocation location,
				   unsigned int flags, CUstream handle)
{
	int32_t place = place_of(location);
	CUresult result;

	CUDA_NEED_STREAM(stream, handle);
	if (flags || !managed(address, size))
		return CUDA_ERROR_INVALID_VALUE;
	if (place == NOWHERE)
		return location.type == CU_MEM_LOCATION_TYPE_DEVICE ? CUDA_ERROR_INVALID_DEVICE
								    : CUDA_ERROR_INVALID_VALUE;
	result = cuda_capture_idle(stream);
	if (result != CUDA_SUCCESS)
		return result;
	range_change(&range_allocations, address, size, bring, &place);
	cuda_stream_busy(
	    stream,
	    cuda_copy_ns(cuda_device_of((struct cuda_context *)stream->object.owner), size, true));
	return CUDA_SUCCESS;
}
CUDA_PTSZ(cuMemPrefetchAsync_v2,
	  (CUdeviceptr address, size_t size, CUmemLocation location, unsigned int flags,
	   CUstream stream),
	  (address, size, location, flags, cuda_ptsz(stream)))

CUresult sim_cuMemPrefetchAsync(CUdeviceptr address, size_t size, CUdevice dev, CUstream stream)
{
	return sim_cuMemPrefetchAsync_v2(address, size, location_of(dev), 0, stream);
}
CUDA_PTSZ(cuMemPrefetchAsync, (CUdeviceptr address, size_t size, CUdevice dev, CUstream stream),
	  (address, size, dev, cuda_ptsz(stream)))

/* ---- many at once ---- */

/* Which of the places holds for the i-th range: the last whose first index is not above it. */
static CUresult batch(CUdeviceptr *addresses, size_t *sizes, size_t count, CUmemLocation *places,
		      size_t *first, size_t place_count, bool discard, unsigned long long flags,
		      CUstream stream)
{
	size_t k = 0;

	if (!addresses || !sizes || !count || flags)
		return CUDA_ERROR_INVALID_VALUE;
	if (places && (!first || !place_count || place_count > count || first[0]))
		return CUDA_ERROR_INVALID_VALUE;
	for (size_t i = 0; i < count; i++)
		if (!managed(addresses[i], sizes[i]))
			return CUDA_ERROR_INVALID_VALUE;
	for (size_t i = 0; i < count; i++) {
		CUresult result = CUDA_SUCCESS;

		if (discard) {
			uint64_t from = cuda_round_up(addresses[i], CUDA_PAGE);
			uint64_t to = (addresses[i] + sizes[i]) / CUDA_PAGE * CUDA_PAGE;

			if (to > from)
				madvise((void *)(uintptr_t)from, to - from, MADV_DONTNEED);
		}
		if (!places)
			continue;
		while (k + 1 < place_count && first[k + 1] <= i)
			k++;
		result = sim_cuMemPrefetchAsync_v2(addresses[i], sizes[i], places[k], 0, stream);
		if (result != CUDA_SUCCESS)
			return result;
	}
	return CUDA_SUCCESS;
}

CUresult sim_cuMemPrefetchBatchAsync(CUdeviceptr *addresses, size_t *sizes, size_t count,
				     CUmemLocation *places, size_t *first, size_t place_count,
				     unsigned long long flags, CUstream stream)
{
	CUDA_NEED_STREAM(good, stream);
	(void)good;
	if (!places)
		return CUDA_ERROR_INVALID_VALUE;
	return batch(addresses, sizes, count, places, first, place_count, false, flags, stream);
}
CUDA_PTSZ(cuMemPrefetchBatchAsync,
	  (CUdeviceptr * addresses, size_t *sizes, size_t count, CUmemLocation *places,
	   size_t *first, size_t place_count, unsigned long long flags, CUstream stream),
	  (addresses, sizes, count, places, first, place_count, flags, cuda_ptsz(stream)))

CUresult sim_cuMemDiscardBatchAsync(CUdeviceptr *addresses, size_t *sizes, size_t count,
				    unsigned long long flags, CUstream stream)
{
	CUDA_NEED_STREAM(good, stream);
	(void)good;
	return batch(addresses, sizes, count, NULL, NULL, 0, true, flags, stream);
}
CUDA_PTSZ(cuMemDiscardBatchAsync,
	  (CUdeviceptr * addresses, size_t *sizes, size_t count, unsigned long long flags,
	   CUstream stream),
	  (addresses, sizes, count, flags, cuda_ptsz(stream)))

CUresult sim_cuMemDiscardAndPrefetchBatchAsync(CUdeviceptr *addresses, size_t *sizes, size_t count,
					       CUmemLocation *places, size_t *first,
					       size_t place_count, unsigned long long flags,
					       CUstream stream)
{
	CUDA_NEED_STREAM(good, stream);
	(void)good;
	if (!places)
		return CUDA_ERROR_INVALID_VALUE;
	return batch(addresses, sizes, count, places, first, place_count, true, flags, stream);
}
CUDA_PTSZ(cuMemDiscardAndPrefetchBatchAsync,
	  (CUdeviceptr * addresses, size_t *sizes, size_t count, CUmemLocation *places,
	   size_t *first, size_t place_count, unsigned long long flags, CUstream stream),
	  (addresses, sizes, count, places, first, place_count, flags, cuda_ptsz(stream)))

/* ---- what was advised ---- */

static CUmemLocationType type_of(int32_t place)
{
	return place == HOST      ? CU_MEM_LOCATION_TYPE_HOST
	       : place == NOWHERE ? CU_MEM_LOCATION_TYPE_INVALID
				  : CU_MEM_LOCATION_TYPE_DEVICE;
}

CUresult sim_cuMemRangeGetAttribute(void *data, size_t size, CUmem_range_attribute attribute,
				    CUdeviceptr address, size_t count)
{
	struct range range;
	int32_t *words = data;
	size_t n = size / sizeof(*words), k = 0;

	CUDA_NEED_CONTEXT(context);
	(void)context;
	if (!data || !n || size % sizeof(*words) || !managed(address, count) ||
	    !range_find(&range_allocations, address, &range))
		return CUDA_ERROR_INVALID_VALUE;
	if (attribute != CU_MEM_RANGE_ATTRIBUTE_ACCESSED_BY && n != 1)
		return CUDA_ERROR_INVALID_VALUE;
	switch (attribute) {
	case CU_MEM_RANGE_ATTRIBUTE_READ_MOSTLY:
		words[0] = (int32_t)range.read_mostly;
		return CUDA_SUCCESS;
	case CU_MEM_RANGE_ATTRIBUTE_PREFERRED_LOCATION:
		words[0] = range.preferred;
		return CUDA_SUCCESS;
	case CU_MEM_RANGE_ATTRIBUTE_LAST_PREFETCH_LOCATION:
		words[0] = range.prefetched;
		return CUDA_SUCCESS;
	case CU_MEM_RANGE_ATTRIBUTE_PREFERRED_LOCATION_TYPE:
		words[0] = (int32_t)type_of(range.preferred);
		return CUDA_SUCCESS;
	case CU_MEM_RANGE_ATTRIBUTE_LAST_PREFETCH_LOCATION_TYPE:
		words[0] = (int32_t)type_of(range.prefetched);
		return CUDA_SUCCESS;
	case CU_MEM_RANGE_ATTRIBUTE_PREFERRED_LOCATION_ID:
		words[0] = range.preferred < 0 ? 0 : range.preferred;
		return CUDA_SUCCESS;
	case CU_MEM_RANGE_ATTRIBUTE_LAST_PREFETCH_LOCATION_ID:
		words[0] = range.prefetched < 0 ? 0 : range.prefetched;
		return CUDA_SUCCESS;
	case CU_MEM_RANGE_ATTRIBUTE_ACCESSED_BY:
		for (int32_t i = 0; i < 64 && k < n; i++)
			if (range.accessed_by >> i & 1)
				words[k++] = i == HOST_BIT ? HOST : i;
		while (k < n)
			words[k++] = NOWHERE;
		return CUDA_SUCCESS;
	default:
		return CUDA_ERROR_INVALID_VALUE;
	}
}

CUresult sim_cuMemRangeGetAttributes(void **data, size_t *sizes, CUmem_range_attribute *attributes,
				     size_t number, CUdeviceptr address, size_t count)
{
	if (!data || !sizes || !attributes || !number)
		return CUDA_ERROR_INVALID_VALUE;
	for (size_t i = 0; i < number; i++) {
		CUresult result =
		    sim_cuMemRangeGetAttribute(data[i], sizes[i], attributes[i], address, count);

		if (result != CUDA_SUCCESS)
			return result;
	}
	return CUDA_SUCCESS;
}

static void attach(struct range *range, const void *data)
{
	memcpy(&range->flags, data, sizeof(range->flags));
}

/* Which stream may touch managed memory matters only where devices cannot share it with the host. */
CUresult sim_cuStreamAttachMemAsync(CUstream stream, CUdeviceptr address, size_t size,
				    unsigned int flags)
{
	struct range range;

	CUDA_NEED_STREAM(good, stream);
	(void)good;
	if ((flags != CU_MEM_ATTACH_GLOBAL && flags != CU_MEM_ATTACH_HOST &&
	     flags != CU_MEM_ATTACH_SINGLE) ||
	    !range_find(&range_allocations, address, &range) || range.kind != RANGE_MANAGED ||
	    range.start != address || (size && size != range.size))
		return CUDA_ERROR_INVALID_VALUE;
	if (flags == CU_MEM_ATTACH_SINGLE && !stream)
		return CUDA_ERROR_INVALID_VALUE;
	range_change(&range_allocations, address, range.size, attach, &flags);
	return CUDA_SUCCESS;
}
CUDA_PTSZ(cuStreamAttachMemAsync,
	  (CUstream stream, CUdeviceptr address, size_t size, unsigned int flags),
	  (cuda_ptsz(stream), address, size, flags))
