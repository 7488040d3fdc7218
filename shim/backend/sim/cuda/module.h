/* SPDX-License-Identifier: Apache-2.0 */
/* Device code: libraries (which modules are too), and the kernels and globals found in them. */
#ifndef VGPU_SIM_CUDA_MODULE_H
#define VGPU_SIM_CUDA_MODULE_H

#include "shim/backend/sim/cuda/image.h"
#include "shim/backend/sim/cuda/state.h"

struct cuda_kernel {
	struct object object; /* owner: its library */
	struct cuda_kernel *next;
	char *name;                    /* on the heap */
	const struct image_kernel *is; /* NULL: its code could not be read */
	uint32_t hash;
	int32_t dynamic_shared;
	int32_t carveout;
	int32_t cluster[3];
	int32_t cluster_required;
	int32_t cluster_any_size;
	int32_t cluster_policy;
	uint32_t cache_config;
	uint32_t shared_config;
	bool loaded;
	/* set before a launch by the calls that took them one by one, until CUDA 4 */
	uint32_t block[3];
	uint32_t old_shared;
	uint32_t param_bytes;
};
_Static_assert(sizeof(struct cuda_kernel) <= OBJECT_BYTES, "a slot holds it");

#define CUDA_KERNEL_REGISTERS 32 /* where the code does not tell */

/* A global in one context: the same address whenever it is asked for. */
struct cuda_global {
	struct cuda_global *next;
	const struct image_global *is;
	struct cuda_context *context;
	uint64_t serial; /* of the context, with: */
	uint32_t life;   /* tell whether it is the one that the memory belonged to */
	uint64_t address;
};

struct cuda_library {
	struct object object;        /* owner: its context for a CUmodule, none for a CUlibrary */
	struct cuda_kernel *kernels; /* under cuda_state.lock, as is all that follows */
	struct cuda_global *globals;
	struct image *image;
	const void *source; /* code that stays where it is, until it is first asked for */
	uint32_t version;   /* of the device: 90 is 9.0 */
	bool opaque;        /* code that cannot be read: a kernel is known by being asked for */
};
_Static_assert(sizeof(struct cuda_library) <= OBJECT_BYTES, "a slot holds it");

/* A function's or a kernel's handle: they are the same thing. NULL: neither. */
static inline struct cuda_kernel *cuda_kernel_of(const void *handle)
{
	return object_get(handle, OBJECT_KERNEL);
}

/* Reads the code if that was put off; the caller holds cuda_state.lock. */
CUresult cuda_library_need(struct cuda_library *library);

/* Frees the globals of a library; the caller holds cuda_state.lock. */
void cuda_globals_release(struct cuda_library *library);

/* Threads of a block that a kernel may have. */
int cuda_kernel_max_threads(const struct cuda_kernel *kernel, const struct cuda_device *device);

static inline uint32_t cuda_kernel_registers(const struct cuda_kernel *kernel)
{
	return kernel->is && kernel->is->registers ? kernel->is->registers : CUDA_KERNEL_REGISTERS;
}

#endif
