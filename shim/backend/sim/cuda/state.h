/* SPDX-License-Identifier: Apache-2.0 */
/* The simulated driver's state: the devices that the program sees, and contexts. */
#ifndef VGPU_SIM_CUDA_STATE_H
#define VGPU_SIM_CUDA_STATE_H

#include <pthread.h>
#include <stdbool.h>

#include "gen/cuda_proto.h"
#include "shim/backend/sim/cuda/object.h"
#include "shim/backend/sim/session.h"
#include "shim/backend/sim/sim.h"

#define CUDA_LIMITS 16u

struct cuda_device {
	const struct vgpu_sim_device *is;
	uint32_t contexts;   /* live ones: the first takes the device's context memory */
	/* under state.lock */
	struct cuda_context *primary; /* its handle stays the same once it was given out */
	uint32_t primary_refs;
	uint32_t primary_flags;
	struct cuda_pool *pool;         /* the default one, once it was asked for */
	struct cuda_pool *current_pool; /* what cuMemAllocAsync takes from; NULL: the default one */
	/* of graphs' allocations; atomic */
	uint64_t graph_used, graph_used_high;
	uint64_t graph_reserved, graph_reserved_high;
};

struct cuda_context {
	struct object object;
	uint32_t device;
	uint32_t flags;
	uint32_t api_version;
	bool primary;
	bool active; /* false: a primary context that nobody holds */
	uint64_t id;
	uint32_t cache_config;
	uint32_t shared_config;
	uint32_t attached;           /* references beyond the first */
	uint32_t lives; /* how often it was activated: what it had in an earlier one is gone */
	uint64_t peers;              /* bit a device: access enabled */
	uint64_t limit[CUDA_LIMITS]; /* by CUlimit */
	struct cuda_stream *default_streams;
};
_Static_assert(sizeof(struct cuda_context) <= OBJECT_BYTES, "a slot holds it");

struct cuda_state {
	bool ready; /* cuInit succeeded; published last */
	uint32_t count;
	struct cuda_device device[VGPU_SIMDEV_MAX];
	pthread_mutex_t
	    lock; /* contexts and what belongs to them; never taken by getters of devices */
};

extern struct cuda_state cuda_state;

static inline bool cuda_ready(void)
{
	return __atomic_load_n(&cuda_state.ready, __ATOMIC_ACQUIRE);
}

#define CUDA_NEED_INIT()                                                                           \
	do {                                                                                       \
		if (!cuda_ready())                                                                 \
			return CUDA_ERROR_NOT_INITIALIZED;                                         \
	} while (0)

/* Sets `name` to the struct cuda_device of ordinal `dev`, or returns from the function. */
#define CUDA_NEED_DEVICE(name, dev)                                                                \
	CUDA_NEED_INIT();                                                                          \
	if ((dev) < 0 || (uint32_t)(dev) >= cuda_state.count)                                      \
		return CUDA_ERROR_INVALID_DEVICE;                                                  \
	struct cuda_device *name = &cuda_state.device[dev]

/* Sets `name` to the calling thread's current context, or returns from the function. */
#define CUDA_NEED_CONTEXT(name)                                                                    \
	struct cuda_context *name;                                                                 \
	do {                                                                                       \
		CUresult current_ = cuda_current(&name);                                           \
		if (current_ != CUDA_SUCCESS)                                                      \
			return current_;                                                           \
	} while (0)

/* CUDA_SUCCESS and a live context; or what a call that needs one returns. */
CUresult cuda_current(struct cuda_context **context);

/* The context of a handle; NULL: none, or destroyed. */
struct cuda_context *cuda_context_of(CUcontext handle);

static inline struct cuda_device *cuda_device_of(const struct cuda_context *context)
{
	return &cuda_state.device[context->device];
}

/* Counts memory as used; false: the device is full. bytes may be 0. */
bool cuda_charge(struct cuda_device *device, uint64_t bytes);
void cuda_discharge(struct cuda_device *device, uint64_t bytes);

/* By all processes of the session. */
static inline uint64_t cuda_used(const struct cuda_device *device)
{
	return session_used((unsigned)(device->is - sim_devices.device));
}

static inline int cuda_attribute(const struct cuda_device *device, CUdevice_attribute attribute)
{
	return device->is->attribute[attribute];
}

/* Whether they are flags of a context, with at most one way to wait. */
bool cuda_context_flags_valid(unsigned int flags);

/* A stream's handle, or one of the three that are no pointer, is good. */
bool cuda_stream_valid(CUstream stream);

/* Frees all memory of a context that is being destroyed. */
void cuda_memory_release(struct cuda_context *context);

/* Frees an array with its bytes, likewise for what else has more than its slot. */
void cuda_array_release(struct object *array);

/* Frees a library and its kernels; the caller holds cuda_state.lock. */
void cuda_library_release(struct object *library);

/* In a forked child, after the rest was forgotten: what other files keep for themselves. */
void cuda_context_forget(void);

#endif
