/* SPDX-License-Identifier: Apache-2.0 */
/* Memory pools: what is taken from them in stream order. */
#ifndef VGPU_SIM_CUDA_POOL_H
#define VGPU_SIM_CUDA_POOL_H

#include "shim/backend/sim/cuda/memory.h"

#define POOL_BLOCK (UINT64_C(32) << 20) /* what a pool takes from its device at once */

struct cuda_pool {
	struct object object;
	uint32_t device;
	bool standard; /* a device's default pool: not to be destroyed */
	bool ended;    /* destroyed by the program, and still in use */
	/* under the pools' lock, in bytes */
	uint64_t used, used_high;
	uint64_t reserved, reserved_high; /* what the device is charged for */
	uint64_t threshold;               /* kept when it is no longer used */
	int32_t reuse[3];               /* by attribute, from …REUSE_FOLLOW_EVENT_DEPENDENCIES */
	uint64_t read_only, read_write; /* bit a device: other devices' access */
	CUmemPoolProps props;
};
_Static_assert(sizeof(struct cuda_pool) <= OBJECT_BYTES, "a slot holds it");

/* Gives a range of RANGE_POOL back to its pool. */
void cuda_pool_return(const struct range *range);

#endif
