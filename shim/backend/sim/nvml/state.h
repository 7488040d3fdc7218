/* SPDX-License-Identifier: Apache-2.0 */
/* What the simulated NVML's files share: whether it is initialised, and what a device handle is. */
#ifndef VGPU_SIM_NVML_STATE_H
#define VGPU_SIM_NVML_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <unistd.h>

#include "gen/cuda_types.h"
#include "gen/nvml_proto.h"
#include "shim/backend/sim/session.h"
#include "shim/backend/sim/sim.h"

bool nvml_ready(void);

/* A handle is the address of the device's description. NULL: not a handle. Lock-free. */
const struct vgpu_sim_device *nvml_device_of(nvmlDevice_t handle);
nvmlDevice_t nvml_handle_of(unsigned index);

static inline unsigned nvml_index_of(const struct vgpu_sim_device *device)
{
	return (unsigned)(device - sim_devices.device);
}

/* What can be set on a device, for the whole session. */
enum nvml_knob {
	NVML_KNOB_POWER_LIMIT,
	NVML_KNOB_PERSISTENCE,
	NVML_KNOB_COMPUTE_MODE,
	NVML_KNOB_APPLICATION,
	NVML_KNOB_APPLICATION_MEMORY,
	NVML_KNOB_LOCK_MIN,
	NVML_KNOB_LOCK_MAX,
	NVML_KNOB_LOCK_MEMORY_MIN,
	NVML_KNOB_LOCK_MEMORY_MAX,
	NVML_KNOB_OFFSET,
	NVML_KNOB_OFFSET_MEMORY,
	NVML_KNOB_ACOUSTIC,
	NVML_KNOB_BOOST_RESTRICTED,
	NVML_KNOB_ECC,
	NVML_KNOB_ECC_CLEARED,
	NVML_KNOB_MIG,
	NVML_KNOB_ACCOUNTING,
	NVML_KNOB_DRAIN,
	NVML_KNOB_READY,
	NVML_KNOB_ATTACKER,
	NVML_KNOB_HOSTNAME = 24,   /* 8 words */
	NVML_KNOB_FAN = 32,        /* one a fan */
	NVML_KNOB_FAN_POLICY = 48, /* likewise */
	NVML_KNOBS = 64,
};
_Static_assert(NVML_KNOBS <= SESSION_KNOBS, "room in the session");

#define NVML_GSP_BYTES 64u /* of nvmlDeviceGetGspFirmwareVersion, which has no size */

static inline unsigned nvml_knob(const struct vgpu_sim_device *device, unsigned knob, unsigned unset)
{
	return (unsigned)session_get(nvml_index_of(device), knob, unset);
}

static inline void nvml_set_knob(const struct vgpu_sim_device *device, unsigned knob, unsigned value)
{
	session_set(nvml_index_of(device), knob, value);
}

static inline void nvml_reset_knob(const struct vgpu_sim_device *device, unsigned knob)
{
	session_reset(nvml_index_of(device), knob);
}

/* As the driver has it, for root alone. */
#define NVML_NEED_ROOT()                                                                           \
	do {                                                                                       \
		if (geteuid())                                                                     \
			return NVML_ERROR_NO_PERMISSION;                                           \
	} while (0)

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

/* By the major number of the compute capability: what older or newer cards do not have. */
#define NVML_NEED_COMPUTE(device, condition)                                                       \
	do {                                                                                       \
		if (!(NVML_ATTRIBUTE(device, COMPUTE_CAPABILITY_MAJOR) condition))                 \
			return NVML_ERROR_NOT_SUPPORTED;                                           \
	} while (0)

/* The version word that structs of NVML begin with. */
#define NVML_VERSION_OF(type, version) (sizeof(type) | (version) << 24)

#endif
