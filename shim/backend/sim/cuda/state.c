/* SPDX-License-Identifier: Apache-2.0 */
/* Initialisation, and the memory that each device has left. */
#include "shim/backend/sim/cuda/state.h"

#include <stdlib.h>
#include <string.h>

#include "shim/backend/sim/cuda/heap.h"
#include "shim/backend/sim/cuda/range.h"
#include "shim/backend/sim/cuda/stream.h"

struct cuda_state cuda_state = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* What the parent had means nothing in the child, which begins with cuInit. */
static void forget(void)
{
	memset(&cuda_state, 0, sizeof(cuda_state));
	pthread_mutex_init(&cuda_state.lock, NULL);
	object_forget();
	range_forget();
	slab_forget();
	heap_forget();
	cuda_capture_forget();
	cuda_stream_forget();
	cuda_pool_forget();
	cuda_graph_memory_forget();
	cuda_context_forget();
}

int sim_start(bool fork, sim_say say)
{
	static bool registered;

	if (fork) {
		forget();
	} else if (!registered) {
		/* also while nothing is recorded, when nobody else notices a fork */
		registered = !pthread_atfork(NULL, NULL, forget);
	}
	return sim_devices_open(say);
}

CUresult sim_cuInit(unsigned int flags)
{
	uint8_t order[VGPU_SIMDEV_MAX];
	CUresult result = CUDA_SUCCESS;

	if (flags)
		return CUDA_ERROR_INVALID_VALUE;
	if (cuda_ready())
		return CUDA_SUCCESS;
	pthread_mutex_lock(&cuda_state.lock);
	if (!cuda_state.ready) {
		cuda_state.count =
		    vgpu_simdev_visible(&sim_devices, getenv("CUDA_DEVICE_ORDER"),
					getenv("CUDA_VISIBLE_DEVICES"), order);
		for (uint32_t i = 0; i < cuda_state.count; i++)
			cuda_state.device[i].is = &sim_devices.device[order[i]];
		if (cuda_state.count)
			__atomic_store_n(&cuda_state.ready, true, __ATOMIC_RELEASE);
		else
			result = CUDA_ERROR_NO_DEVICE;
	}
	pthread_mutex_unlock(&cuda_state.lock);
	return result;
}

CUresult sim_cuDriverGetVersion(int *version)
{
	if (!version)
		return CUDA_ERROR_INVALID_VALUE;
	*version = sim_devices.cuda_version;
	return CUDA_SUCCESS;
}

bool cuda_charge(struct cuda_device *device, uint64_t bytes)
{
	return session_charge((unsigned)(device->is - sim_devices.device), bytes, device->is->memory_bytes);
}

void cuda_discharge(struct cuda_device *device, uint64_t bytes)
{
	session_discharge((unsigned)(device->is - sim_devices.device), bytes);
}
