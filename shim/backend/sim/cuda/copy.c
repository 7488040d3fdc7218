/* SPDX-License-Identifier: Apache-2.0 */
/* Copies and sets: done at once, in the calling thread, whatever stream they are given. */
#include <string.h>
#include <sys/mman.h>

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

/* The two ends of a copy are checked, then bytes move. */
#define COPY(context, to, from, size, to_good, from_good)                                          \
	do {                                                                                       \
		CUDA_NEED_CONTEXT(context);                                                        \
		(void)context;                                                                     \
		if (!(size))                                                                       \
			return CUDA_SUCCESS;                                                       \
		if (!(to_good) || !(from_good))                                                    \
			return CUDA_ERROR_INVALID_VALUE;                                           \
		memmove(to, from, size);                                                           \
		return CUDA_SUCCESS;                                                               \
	} while (0)

CUresult sim_cuMemcpyHtoD_v2(CUdeviceptr to, const void *from, size_t size)
{
	COPY(context, address_of(to), from, size, ours(to, size, PROT_WRITE), from);
}
SIM_ALIAS(sim_cuMemcpyHtoD_v2_ptds, sim_cuMemcpyHtoD_v2);

CUresult sim_cuMemcpyDtoH_v2(void *to, CUdeviceptr from, size_t size)
{
	COPY(context, to, address_of(from), size, to, ours(from, size, PROT_READ));
}
SIM_ALIAS(sim_cuMemcpyDtoH_v2_ptds, sim_cuMemcpyDtoH_v2);

CUresult sim_cuMemcpyDtoD_v2(CUdeviceptr to, CUdeviceptr from, size_t size)
{
	COPY(context, address_of(to), address_of(from), size, ours(to, size, PROT_WRITE),
	     ours(from, size, PROT_READ));
}
SIM_ALIAS(sim_cuMemcpyDtoD_v2_ptds, sim_cuMemcpyDtoD_v2);

CUresult sim_cuMemcpy(CUdeviceptr to, CUdeviceptr from, size_t size)
{
	COPY(context, address_of(to), address_of(from), size, reachable(to, size, PROT_WRITE),
	     reachable(from, size, PROT_READ));
}
SIM_ALIAS(sim_cuMemcpy_ptds, sim_cuMemcpy);

CUresult sim_cuMemcpyPeer(CUdeviceptr to, CUcontext to_context, CUdeviceptr from,
			  CUcontext from_context, size_t size)
{
	CUDA_NEED_INIT();
	if (!cuda_context_of(to_context) || !cuda_context_of(from_context))
		return CUDA_ERROR_INVALID_CONTEXT;
	return sim_cuMemcpyDtoD_v2(to, from, size);
}
SIM_ALIAS(sim_cuMemcpyPeer_ptds, sim_cuMemcpyPeer);

#define NEED_STREAM(stream)                                                                        \
	do {                                                                                       \
		CUDA_NEED_INIT();                                                                  \
		if (!cuda_stream_valid(stream))                                                    \
			return CUDA_ERROR_INVALID_HANDLE;                                          \
	} while (0)

CUresult sim_cuMemcpyHtoDAsync_v2(CUdeviceptr to, const void *from, size_t size, CUstream stream)
{
	NEED_STREAM(stream);
	return sim_cuMemcpyHtoD_v2(to, from, size);
}
SIM_ALIAS(sim_cuMemcpyHtoDAsync_v2_ptsz, sim_cuMemcpyHtoDAsync_v2);

CUresult sim_cuMemcpyDtoHAsync_v2(void *to, CUdeviceptr from, size_t size, CUstream stream)
{
	NEED_STREAM(stream);
	return sim_cuMemcpyDtoH_v2(to, from, size);
}
SIM_ALIAS(sim_cuMemcpyDtoHAsync_v2_ptsz, sim_cuMemcpyDtoHAsync_v2);

CUresult sim_cuMemcpyDtoDAsync_v2(CUdeviceptr to, CUdeviceptr from, size_t size, CUstream stream)
{
	NEED_STREAM(stream);
	return sim_cuMemcpyDtoD_v2(to, from, size);
}
SIM_ALIAS(sim_cuMemcpyDtoDAsync_v2_ptsz, sim_cuMemcpyDtoDAsync_v2);

CUresult sim_cuMemcpyAsync(CUdeviceptr to, CUdeviceptr from, size_t size, CUstream stream)
{
	NEED_STREAM(stream);
	return sim_cuMemcpy(to, from, size);
}
SIM_ALIAS(sim_cuMemcpyAsync_ptsz, sim_cuMemcpyAsync);

CUresult sim_cuMemcpyPeerAsync(CUdeviceptr to, CUcontext to_context, CUdeviceptr from,
			       CUcontext from_context, size_t size, CUstream stream)
{
	NEED_STREAM(stream);
	return sim_cuMemcpyPeer(to, to_context, from, from_context, size);
}
SIM_ALIAS(sim_cuMemcpyPeerAsync_ptsz, sim_cuMemcpyPeerAsync);

/* ---- two dimensions ---- */

/* One side of a 2D copy: where its first row begins; false: an array, or no memory of ours. */
static bool side(CUmemorytype type, const void *host, CUdeviceptr device, size_t x, size_t y,
		 size_t pitch, const CUDA_MEMCPY2D *copy, uint32_t access, uint64_t *first)
{
	uint64_t base = type == CU_MEMORYTYPE_HOST ? (uintptr_t)host : device;
	uint64_t size = (copy->Height - 1) * pitch + copy->WidthInBytes;

	*first = base + y * pitch + x;
	switch (type) {
	case CU_MEMORYTYPE_HOST:
		return host;
	case CU_MEMORYTYPE_DEVICE:
		return ours(*first, size, access);
	case CU_MEMORYTYPE_UNIFIED:
		return reachable(*first, size, access);
	default:
		return false;
	}
}

CUresult sim_cuMemcpy2D_v2(const CUDA_MEMCPY2D *copy)
{
	uint64_t to, from;
	size_t to_pitch, from_pitch;

	CUDA_NEED_CONTEXT(context);
	(void)context;
	if (!copy)
		return CUDA_ERROR_INVALID_VALUE;
	if (!copy->WidthInBytes || !copy->Height)
		return CUDA_SUCCESS;
	to_pitch = copy->dstPitch ? copy->dstPitch : copy->WidthInBytes;
	from_pitch = copy->srcPitch ? copy->srcPitch : copy->WidthInBytes;
	if (to_pitch < copy->WidthInBytes || from_pitch < copy->WidthInBytes ||
	    !side(copy->dstMemoryType, copy->dstHost, copy->dstDevice, copy->dstXInBytes,
		  copy->dstY, to_pitch, copy, PROT_WRITE, &to) ||
	    !side(copy->srcMemoryType, copy->srcHost, copy->srcDevice, copy->srcXInBytes,
		  copy->srcY, from_pitch, copy, PROT_READ, &from))
		return CUDA_ERROR_INVALID_VALUE;
	for (size_t row = 0; row < copy->Height; row++)
		memmove(address_of(to + row * to_pitch), address_of(from + row * from_pitch),
			copy->WidthInBytes);
	return CUDA_SUCCESS;
}
SIM_ALIAS(sim_cuMemcpy2D_v2_ptds, sim_cuMemcpy2D_v2);
SIM_ALIAS(sim_cuMemcpy2DUnaligned_v2, sim_cuMemcpy2D_v2);
SIM_ALIAS(sim_cuMemcpy2DUnaligned_v2_ptds, sim_cuMemcpy2D_v2);

CUresult sim_cuMemcpy2DAsync_v2(const CUDA_MEMCPY2D *copy, CUstream stream)
{
	NEED_STREAM(stream);
	return sim_cuMemcpy2D_v2(copy);
}
SIM_ALIAS(sim_cuMemcpy2DAsync_v2_ptsz, sim_cuMemcpy2DAsync_v2);

/* ---- sets ---- */

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

static CUresult set(uint64_t to, size_t pitch, uint32_t value, unsigned width, size_t columns,
		    size_t rows)
{
	uint64_t row_size, size;

	CUDA_NEED_CONTEXT(context);
	(void)context;
	if (!columns || !rows)
		return CUDA_SUCCESS;
	if (__builtin_mul_overflow(columns, width, &row_size) || (rows > 1 && pitch < row_size) ||
	    __builtin_mul_overflow(rows - 1, pitch, &size) ||
	    __builtin_add_overflow(size, row_size, &size) || to % width ||
	    (rows > 1 && pitch % width) || !ours(to, size, PROT_WRITE))
		return CUDA_ERROR_INVALID_VALUE;
	if (!value && (rows == 1 || pitch == row_size)) {
		zero(to, size);
		return CUDA_SUCCESS;
	}
	for (size_t row = 0; row < rows; row++)
		fill(address_of(to + row * pitch), value, width, columns);
	return CUDA_SUCCESS;
}

#define SET(bits, type)                                                                            \
	CUresult sim_cuMemsetD##bits##_v2(CUdeviceptr to, type value, size_t count)                \
	{                                                                                          \
		return set(to, 0, value, bits / 8, count, 1);                                      \
	}                                                                                          \
	SIM_ALIAS(sim_cuMemsetD##bits##_v2_ptds, sim_cuMemsetD##bits##_v2);                        \
	CUresult sim_cuMemsetD##bits##Async(CUdeviceptr to, type value, size_t count,              \
					    CUstream stream)                                       \
	{                                                                                          \
		NEED_STREAM(stream);                                                               \
		return set(to, 0, value, bits / 8, count, 1);                                      \
	}                                                                                          \
	SIM_ALIAS(sim_cuMemsetD##bits##Async_ptsz, sim_cuMemsetD##bits##Async);                    \
	CUresult sim_cuMemsetD2D##bits##_v2(CUdeviceptr to, size_t pitch, type value,              \
					    size_t width, size_t height)                           \
	{                                                                                          \
		return set(to, pitch, value, bits / 8, width, height);                             \
	}                                                                                          \
	SIM_ALIAS(sim_cuMemsetD2D##bits##_v2_ptds, sim_cuMemsetD2D##bits##_v2);                    \
	CUresult sim_cuMemsetD2D##bits##Async(CUdeviceptr to, size_t pitch, type value,            \
					      size_t width, size_t height, CUstream stream)        \
	{                                                                                          \
		NEED_STREAM(stream);                                                               \
		return set(to, pitch, value, bits / 8, width, height);                             \
	}                                                                                          \
	SIM_ALIAS(sim_cuMemsetD2D##bits##Async_ptsz, sim_cuMemsetD2D##bits##Async)

SET(8, unsigned char);
SET(16, unsigned short);
SET(32, unsigned int);
