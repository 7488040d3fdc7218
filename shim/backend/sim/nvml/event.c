/* SPDX-License-Identifier: Apache-2.0 */
/* Events of the simulated NVML: sets can be made and waited for; nothing ever happens to a simulated device. */
#include <errno.h>
#include <stdint.h>
#include <time.h>

#include "shim/backend/sim/nvml/state.h"

#define SETS      64u
#define SUPPORTED 0xff9full

/* A handle is the address of a place; 1 in it: taken. */
static uint32_t sets[SETS];

static uint32_t *set_of(nvmlEventSet_t handle)
{
	uintptr_t offset = (uintptr_t)handle - (uintptr_t)sets;

	if (offset % sizeof(sets[0]) || offset / sizeof(sets[0]) >= SETS ||
	    !__atomic_load_n(&sets[offset / sizeof(sets[0])], __ATOMIC_ACQUIRE))
		return NULL;
	return &sets[offset / sizeof(sets[0])];
}

nvmlReturn_t sim_nvmlEventSetCreate(nvmlEventSet_t *set)
{
	NVML_NEED_INIT();
	if (!set)
		return NVML_ERROR_INVALID_ARGUMENT;
	for (unsigned i = 0; i < SETS; i++) {
		uint32_t none = 0;

		if (__atomic_compare_exchange_n(&sets[i], &none, 1, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)) {
			*set = (nvmlEventSet_t)&sets[i];
			return NVML_SUCCESS;
		}
	}
	return NVML_ERROR_INSUFFICIENT_RESOURCES;
}

nvmlReturn_t sim_nvmlEventSetFree(nvmlEventSet_t set)
{
	uint32_t *place = set_of(set);

	NVML_NEED_INIT();
	if (!place)
		return NVML_ERROR_INVALID_ARGUMENT;
	__atomic_store_n(place, 0, __ATOMIC_RELEASE);
	return NVML_SUCCESS;
}

NVML_GET(nvmlDeviceGetSupportedEventTypes, unsigned long long, device, SUPPORTED);

nvmlReturn_t sim_nvmlDeviceRegisterEvents(nvmlDevice_t handle, unsigned long long types, nvmlEventSet_t set)
{
	NVML_NEED_DEVICE(device, handle);
	(void)device;
	if (!set_of(set))
		return NVML_ERROR_INVALID_ARGUMENT;
	return types & ~SUPPORTED ? NVML_ERROR_NOT_SUPPORTED : NVML_SUCCESS;
}

nvmlReturn_t sim_nvmlEventSetWait_v2(nvmlEventSet_t set, nvmlEventData_t *data, unsigned int timeout_ms)
{
	struct timespec left = { .tv_sec = timeout_ms / 1000, .tv_nsec = timeout_ms % 1000 * 1000000L };

	NVML_NEED_INIT();
	if (!set_of(set) || !data)
		return NVML_ERROR_INVALID_ARGUMENT;
	while (clock_nanosleep(CLOCK_MONOTONIC, 0, &left, &left) == EINTR)
		;
	return NVML_ERROR_TIMEOUT;
}
SIM_ALIAS(sim_nvmlEventSetWait, sim_nvmlEventSetWait_v2);
