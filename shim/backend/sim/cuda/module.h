/* SPDX-License-Identifier: Apache-2.0 */
/* Device code: libraries (which modules are too) and the kernels found in them. */
#ifndef VGPU_SIM_CUDA_MODULE_H
#define VGPU_SIM_CUDA_MODULE_H

#include "shim/backend/sim/cuda/state.h"

struct cuda_name;

struct cuda_kernel {
	struct object object; /* owner: its library */
	struct cuda_kernel *next;
	struct cuda_name *name;
	uint32_t hash;
	int32_t dynamic_shared;
	int32_t carveout;
	int32_t cluster[3];
	int32_t cluster_required;
	int32_t cluster_any_size;
	int32_t cluster_policy;
	uint32_t cache_config;
};
_Static_assert(sizeof(struct cuda_kernel) <= OBJECT_BYTES, "a slot holds it");

/* Valid as long as the kernel. */
const char *cuda_kernel_name(const struct cuda_kernel *kernel);

#define CUDA_KERNEL_REGISTERS 32

/* A function's or a kernel's handle: they are the same thing. NULL: neither. */
static inline struct cuda_kernel *cuda_kernel_of(const void *handle)
{
	return object_get(handle, OBJECT_KERNEL);
}

#endif
