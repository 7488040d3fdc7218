/* SPDX-License-Identifier: Apache-2.0 */
/* Device memory: it lies in this process's address space and costs nothing until touched. */
#ifndef VGPU_SIM_CUDA_MEMORY_H
#define VGPU_SIM_CUDA_MEMORY_H

#include "shim/backend/sim/cuda/range.h"
#include "shim/backend/sim/cuda/state.h"

#define CUDA_PAGE UINT64_C(4096)
#define CUDA_GRANULARITY (UINT64_C(2) << 20) /* of physical allocations */

#define RANGE_BIT(kind) (1u << (kind))

static inline uint64_t cuda_round_up(uint64_t value, uint64_t step)
{
	return (value + step - 1) / step * step;
}

/* Address space of whole pages (protection PROT_NONE: without contents); 0: there is none. */
uint64_t cuda_map(uint64_t size, uint64_t alignment, int protection);

/* Kinds that are charged to their device when they are made. */
#define CUDA_CHARGED (RANGE_BIT(RANGE_DEVICE) | RANGE_BIT(RANGE_GLOBAL) | RANGE_BIT(RANGE_ARRAY))

/* Allocates and records; charges the context's device for the kinds that are. */
CUresult cuda_allocate(struct cuda_context *context, enum range_kind kind, uint64_t size,
		       uint32_t flags, uint64_t *address);

/* Gives back what range_take took. */
void cuda_allocation_free(const struct range *range);

#endif
