/* SPDX-License-Identifier: Apache-2.0 */
/* What the simulated NVML's files share: whether it is initialised, and what a device handle is. */
#ifndef VGPU_SIM_NVML_STATE_H
#define VGPU_SIM_NVML_STATE_H

#include <stdbool.h>
#include <stddef.h>

#include "gen/cuda_types.h"
#include "gen/nvml_proto.h"
#include "shim/backend/sim/sim.h"

bool nvml_ready(void);

/* A handle is the address of the device's description. NULL: not a handle. Lock-free. */
const struct vgpu_sim_device *nvml_device_of(nvmlDevice_t handle);
nvmlDevice_t nvml_handle_of(unsigned index);

static inline unsigned nvml_index_of(const struct vgpu_sim_device *device)
{
	return (unsigned)(device - sim_devices.device);
}

/* NVML_SUCCESS, or NVML_ERROR_INSUFFICIENT_SIZE and *out untouched. */
nvmlReturn_t nvml_put_text(char *out, unsigned size, const char *text);

#define NVML_NEED_INIT()                                                                           \
	do {                                                                                       \
		if (!nvml_ready())                                                                 \
			return NVML_ERROR_UNINITIALIZED;                                           \
	} while (0)

/* Sets `name` to the device behind a handle, or returns from the function. */
#define NVML_NEED_DEVICE(name, handle)                                                             \
	NVML_NEED_INIT();                                                                          \
	const struct vgpu_sim_device *name = nvml_device_of(handle);                               \
	if (!name)                                                                                 \
	return NVML_ERROR_INVALID_ARGUMENT

/* A getter of one number: its out-pointer must not be NULL. */
#define NVML_GET(function, type, device, value)                                                    \
	nvmlReturn_t sim_##function(nvmlDevice_t handle, type *out)                                \
	{                                                                                          \
		NVML_NEED_DEVICE(device, handle);                                                  \
		(void)device;                                                                      \
		if (!out)                                                                          \
			return NVML_ERROR_INVALID_ARGUMENT;                                        \
		*out = (type)(value);                                                              \
		return NVML_SUCCESS;                                                               \
	}                                                                                          \
	_Static_assert(1, "")

/* An attribute that the driver interface has a number for. */
#define NVML_ATTRIBUTE(device, name) ((device)->attribute[CU_DEVICE_ATTRIBUTE_##name])

/* The version word that structs of NVML begin with. */
#define NVML_VERSION_OF(type, version) (sizeof(type) | (version) << 24)

#endif
