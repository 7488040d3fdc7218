/* SPDX-License-Identifier: Apache-2.0 */
/* Sets: memory filled with one value, in one or two dimensions. */
#include <string.h>
#include <sys/mman.h>

#include "shim/backend/sim/cuda/graph.h"
#include "shim/backend/sim/cuda/memory.h"

static void *address_of(uint64_t address)
{
	return (void *)(uintptr_t)address;
}

static void fill(char *to, uint32_t value, unsigned width, size_t count)
{
	if (width == 1) {
		memset(to, (int)value, count);
	} else if (width == 2) {
		uint16_t *place = (uint16_t *)to;

		for (size_t i = 0; i < count; i++)
			place[i] = (uint16_t)value;
	} else {
		uint32_t *place = (uint32_t *)to;

		for (size_t i = 0; i < count; i++)
			place[i] = value;
	}
}

/* Large zeroes give pages back instead of touching them: clearing 80 GiB costs nothing. */
static void zero(uint64_t to, uint64_t size)
{
	uint64_t first = cuda_round_up(to, CUDA_PAGE), last = (to + size) / CUDA_PAGE * CUDA_PAGE;
	struct range range;
	bool whole = range_find(&range_allocations, to, &range) &&
		     (RANGE_BIT(RANGE_DEVICE) | RANGE_BIT(RANGE_MANAGED)) >> range.kind & 1 &&
		     to + size <= range.start + range.mapped;

	if (!whole || size < CUDA_GRANULARITY ||
	    madvise(address_of(first), last - first, MADV_DONTNEED)) {
		memset(address_of(to), 0, size);
		return;
	}
	memset(address_of(to), 0, first - to);
	memset(address_of(last), 0, to + size - last);
}

/* How many bytes are touched from the first to the last; false: more than there can be. */
static bool extent(const CUDA_MEMSET_NODE_PARAMS_v2 *set, uint64_t *row, uint64_t *size)
{
	return !__builtin_mul_overflow(set->width, set->elementSize, row) &&
	       (set->height == 1 || set->pitch >= *row) &&
	       !__builtin_mul_overflow(set->height - 1, set->pitch, size) &&
	       !__builtin_add_overflow(*size, *row, size);
}

CUresult cuda_set_run(const CUDA_MEMSET_NODE_PARAMS_v2 *set, struct cuda_stream *stream)
{
	uint64_t row, size;

	if (!set->width || !set->height)
		return CUDA_SUCCESS;
	if (!extent(set, &row, &size) || set->dst % set->elementSize ||
	    (set->height > 1 && set->pitch % set->elementSize) ||
	    !range_covers(&range_allocations, set->dst, size, PROT_WRITE))
		return CUDA_ERROR_INVALID_VALUE;
	if (!set->value && (set->height == 1 || set->pitch == row)) {
		zero(set->dst, size);
	} else {
		for (size_t i = 0; i < set->height; i++)
			fill(address_of(set->dst + i * set->pitch), set->value, set->elementSize,
			     set->width);
	}
	cuda_stream_busy(
	    stream,
	    cuda_copy_ns(cuda_device_of((struct cuda_context *)stream->object.owner), size, false));
	return CUDA_SUCCESS;
}

static CUresult set(uint64_t to, size_t pitch, uint32_t value, unsigned element, size_t width,
		    size_t height, CUstream handle, bool wait)
{
	CUgraphNodeParams node = { .type = CU_GRAPH_NODE_TYPE_MEMSET };
	CUresult result;

	CUDA_NEED_STREAM(stream, handle);
	if (!width || !height)
		return CUDA_SUCCESS;
	node.memset = (CUDA_MEMSET_NODE_PARAMS_v2){
		.dst = to,
		.pitch = pitch,
		.value = value,
		.elementSize = element,
		.width = width,
		.height = height,
	};
	if (!wait)
		return cuda_stream_submit(handle, &node);
	result = cuda_capture_idle(stream);
	return result == CUDA_SUCCESS ? cuda_set_run(&node.memset, stream) : result;
}

#define SET(bits, type)                                                                            \
	CUresult sim_cuMemsetD##bits##_v2(CUdeviceptr to, type value, size_t count)                \
	{                                                                                          \
		return set(to, 0, value, bits / 8, count, 1, NULL, true);                          \
	}                                                                                          \
	CUresult sim_cuMemsetD##bits##_v2_ptds(CUdeviceptr to, type value, size_t count)           \
	{                                                                                          \
		return set(to, 0, value, bits / 8, count, 1, cuda_ptsz(NULL), true);               \
	}                                                                                          \
	CUresult sim_cuMemsetD##bits##Async(CUdeviceptr to, type value, size_t count,              \
					    CUstream stream)                                       \
	{                                                                                          \
		return set(to, 0, value, bits / 8, count, 1, stream, false);                       \
	}                                                                                          \
	CUDA_PTSZ(cuMemsetD##bits##Async,                                                          \
		  (CUdeviceptr to, type value, size_t count, CUstream stream),                     \
		  (to, value, count, cuda_ptsz(stream)))                                           \
	CUresult sim_cuMemsetD2D##bits##_v2(CUdeviceptr to, size_t pitch, type value,              \
					    size_t width, size_t height)                           \
	{                                                                                          \
		return set(to, pitch, value, bits / 8, width, height, NULL, true);                 \
	}                                                                                          \
	CUresult sim_cuMemsetD2D##bits##_v2_ptds(CUdeviceptr to, size_t pitch, type value,         \
						 size_t width, size_t height)                      \
	{                                                                                          \
		return set(to, pitch, value, bits / 8, width, height, cuda_ptsz(NULL), true);      \
	}                                                                                          \
	CUresult sim_cuMemsetD2D##bits##Async(CUdeviceptr to, size_t pitch, type value,            \
					      size_t width, size_t height, CUstream stream)        \
	{                                                                                          \
		return set(to, pitch, value, bits / 8, width, height, stream, false);              \
	}                                                                                          \
	CUDA_PTSZ(cuMemsetD2D##bits##Async,                                                        \
		  (CUdeviceptr to, size_t pitch, type value, size_t width, size_t height,          \
		   CUstream stream),                                                               \
		  (to, pitch, value, width, height, cuda_ptsz(stream)))

SET(8, unsigned char)
SET(16, unsigned short)
SET(32, unsigned int)
