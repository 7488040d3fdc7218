/* SPDX-License-Identifier: Apache-2.0 */
/* Clocks of the simulated NVML: at rest, the highest, what was asked for, and which there are. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "shim/backend/sim/nvml/state.h"

#define STEP_MHZ   15u   /* between two graphics clocks that can be asked for */
#define OFFSET_MHZ 1000 /* most that the clocks of a card for games can be shifted; of others not at all */

static unsigned idle_of(const struct vgpu_sim_device *device, nvmlClockType_t type)
{
	switch (type) {
	case NVML_CLOCK_MEM:
		return device->clock_memory_idle_mhz;
	case NVML_CLOCK_VIDEO:
		return device->clock_video_idle_mhz;
	default:
		return device->clock_idle_mhz;
	}
}

static unsigned most_of(const struct vgpu_sim_device *device, nvmlClockType_t type)
{
	switch (type) {
	case NVML_CLOCK_MEM:
		return device->clock_memory_max_mhz;
	case NVML_CLOCK_VIDEO:
		return device->clock_video_max_mhz;
	default:
		return device->clock_max_mhz;
	}
}

static unsigned between(unsigned value, unsigned least, unsigned most)
{
	return value < least ? least : value > most ? most : value;
}

/* At rest, within what the clocks were locked to. */
static unsigned current_of(const struct vgpu_sim_device *device, nvmlClockType_t type)
{
	unsigned idle = idle_of(device, type), most = most_of(device, type);

	switch (type) {
	case NVML_CLOCK_MEM:
		return between(idle, nvml_knob(device, NVML_KNOB_LOCK_MEMORY_MIN, 0),
			       nvml_knob(device, NVML_KNOB_LOCK_MEMORY_MAX, most));
	case NVML_CLOCK_VIDEO:
		return idle;
	default:
		return between(idle, nvml_knob(device, NVML_KNOB_LOCK_MIN, 0),
			       nvml_knob(device, NVML_KNOB_LOCK_MAX, most));
	}
}

static unsigned application_of(const struct vgpu_sim_device *device, nvmlClockType_t type)
{
	if (type == NVML_CLOCK_MEM)
		return nvml_knob(device, NVML_KNOB_APPLICATION_MEMORY, most_of(device, type));
	if (type == NVML_CLOCK_VIDEO)
		return most_of(device, type);
	return nvml_knob(device, NVML_KNOB_APPLICATION, most_of(device, type));
}

static nvmlReturn_t put(nvmlDevice_t handle, nvmlClockType_t type, unsigned int *mhz,
			unsigned (*of)(const struct vgpu_sim_device *device, nvmlClockType_t type))
{
	NVML_NEED_DEVICE(device, handle);
	if (!mhz || (unsigned)type >= NVML_CLOCK_COUNT)
		return NVML_ERROR_INVALID_ARGUMENT;
	*mhz = of(device, type);
	return NVML_SUCCESS;
}

nvmlReturn_t sim_nvmlDeviceGetClockInfo(nvmlDevice_t handle, nvmlClockType_t type, unsigned int *mhz)
{
	if (mhz && nvml_device_of(handle) && (unsigned)type >= NVML_CLOCK_COUNT)
		return nvml_ready() ? NVML_ERROR_NOT_SUPPORTED : NVML_ERROR_UNINITIALIZED;
	return put(handle, type, mhz, current_of);
}

nvmlReturn_t sim_nvmlDeviceGetMaxClockInfo(nvmlDevice_t handle, nvmlClockType_t type, unsigned int *mhz)
{
	return put(handle, type, mhz, most_of);
}

/* Of video nothing can be asked for. */
static nvmlReturn_t put_application(nvmlDevice_t handle, nvmlClockType_t type, unsigned int *mhz,
				    unsigned (*of)(const struct vgpu_sim_device *device, nvmlClockType_t type))
{
	nvmlReturn_t result = put(handle, type, mhz, of);

	return result == NVML_SUCCESS && type == NVML_CLOCK_VIDEO ? NVML_ERROR_NOT_SUPPORTED : result;
}

nvmlReturn_t sim_nvmlDeviceGetApplicationsClock(nvmlDevice_t handle, nvmlClockType_t type, unsigned int *mhz)
{
	return put_application(handle, type, mhz, application_of);
}

nvmlReturn_t sim_nvmlDeviceGetDefaultApplicationsClock(nvmlDevice_t handle, nvmlClockType_t type, unsigned int *mhz)
{
	return put_application(handle, type, mhz, most_of);
}

nvmlReturn_t sim_nvmlDeviceGetMaxCustomerBoostClock(nvmlDevice_t handle, nvmlClockType_t type, unsigned int *mhz)
{
	nvmlReturn_t result = put_application(handle, type, mhz, most_of);

	return result == NVML_SUCCESS && type == NVML_CLOCK_MEM ? NVML_ERROR_NOT_SUPPORTED : result;
}

nvmlReturn_t sim_nvmlDeviceGetClock(nvmlDevice_t handle, nvmlClockType_t type, nvmlClockId_t which, unsigned int *mhz)
{
	switch (which) {
	case NVML_CLOCK_ID_CURRENT:
		return sim_nvmlDeviceGetClockInfo(handle, type, mhz);
	case NVML_CLOCK_ID_APP_CLOCK_TARGET:
		return sim_nvmlDeviceGetApplicationsClock(handle, type, mhz);
	case NVML_CLOCK_ID_APP_CLOCK_DEFAULT:
		return sim_nvmlDeviceGetDefaultApplicationsClock(handle, type, mhz);
	case NVML_CLOCK_ID_CUSTOMER_BOOST_MAX:
		return sim_nvmlDeviceGetMaxCustomerBoostClock(handle, type, mhz);
	default:
		return NVML_ERROR_INVALID_ARGUMENT;
	}
}

/* ---- which there are ---- */

static bool has_memory_clock(const struct vgpu_sim_device *device, unsigned mhz)
{
	return mhz == device->clock_memory_max_mhz || mhz == device->clock_memory_low_mhz;
}

static bool has_clock(const struct vgpu_sim_device *device, unsigned mhz)
{
	return mhz <= device->clock_max_mhz && mhz >= device->clock_idle_mhz &&
	       (device->clock_max_mhz - mhz) % STEP_MHZ == 0;
}

/* Fills at most *count of what there is, and says how many there are. */
static nvmlReturn_t put_list(unsigned int *count, unsigned int *list, unsigned first, unsigned last, unsigned step)
{
	unsigned there = (first - last) / step + 1, room = *count;

	*count = there;
	if (!list || room < there)
		return NVML_ERROR_INSUFFICIENT_SIZE;
	for (unsigned i = 0; i < there; i++)
		list[i] = first - i * step;
	return NVML_SUCCESS;
}

nvmlReturn_t sim_nvmlDeviceGetSupportedMemoryClocks(nvmlDevice_t handle, unsigned int *count, unsigned int *list)
{
	NVML_NEED_DEVICE(device, handle);
	unsigned most = device->clock_memory_max_mhz, least = device->clock_memory_low_mhz;

	if (!count)
		return NVML_ERROR_INVALID_ARGUMENT;
	return put_list(count, list, most, most > least ? least : most, most > least ? most - least : 1);
}

nvmlReturn_t sim_nvmlDeviceGetSupportedGraphicsClocks(nvmlDevice_t handle, unsigned int memory_mhz,
						      unsigned int *count, unsigned int *list)
{
	NVML_NEED_DEVICE(device, handle);
	unsigned most = device->clock_max_mhz, least = device->clock_idle_mhz;

	if (!count)
		return NVML_ERROR_INVALID_ARGUMENT;
	if (!has_memory_clock(device, memory_mhz))
		return NVML_ERROR_NOT_FOUND;
	return put_list(count, list, most, least < most ? least : most, STEP_MHZ);
}

static bool has_low(const struct vgpu_sim_device *device)
{
	return device->clock_memory_low_mhz != device->clock_memory_max_mhz;
}

/* Cards whose memory keeps its speed at rest do not leave their highest state. */
NVML_GET(nvmlDeviceGetPerformanceState, nvmlPstates_t, device,
	 device->clock_memory_idle_mhz == device->clock_memory_max_mhz ? NVML_PSTATE_0 : device->low_state);
SIM_ALIAS(sim_nvmlDeviceGetPowerState, sim_nvmlDeviceGetPerformanceState);

/* The lowest first. */
nvmlReturn_t sim_nvmlDeviceGetSupportedPerformanceStates(nvmlDevice_t handle, nvmlPstates_t *states, unsigned int size)
{
	NVML_NEED_DEVICE(device, handle);
	unsigned room = size / sizeof(*states), count = has_low(device) ? 2 : 1;

	if (!states)
		return NVML_ERROR_INVALID_ARGUMENT;
	if (room < count)
		return NVML_ERROR_INSUFFICIENT_SIZE;
	for (unsigned i = 0; i < room; i++)
		states[i] = NVML_PSTATE_UNKNOWN;
	if (has_low(device))
		states[0] = (nvmlPstates_t)device->low_state;
	states[count - 1] = NVML_PSTATE_0;
	return NVML_SUCCESS;
}

nvmlReturn_t sim_nvmlDeviceGetMinMaxClockOfPState(nvmlDevice_t handle, nvmlClockType_t type, nvmlPstates_t state,
						  unsigned int *least, unsigned int *most)
{
	NVML_NEED_DEVICE(device, handle);
	if (!least || !most || (unsigned)type >= NVML_CLOCK_COUNT)
		return NVML_ERROR_INVALID_ARGUMENT;
	if (state != NVML_PSTATE_0 && !(has_low(device) && (unsigned)state == device->low_state))
		return NVML_ERROR_UNKNOWN;
	*least = idle_of(device, type);
	*most = most_of(device, type);
	if (type == NVML_CLOCK_MEM)
		*least = *most = state == NVML_PSTATE_0 ? device->clock_memory_max_mhz : device->clock_memory_low_mhz;
	return NVML_SUCCESS;
}

nvmlReturn_t sim_nvmlDeviceGetDynamicPstatesInfo(nvmlDevice_t handle, nvmlGpuDynamicPstatesInfo_t *info)
{
	NVML_NEED_DEVICE(device, handle);
	if (!info)
		return NVML_ERROR_INVALID_ARGUMENT;
	memset(info, 0, sizeof(*info));
	/* graphics, frame buffer, video */
	info->utilization[0].bIsPresent = info->utilization[1].bIsPresent = info->utilization[2].bIsPresent = 1;
	info->utilization[0].percentage = device->utilization_gpu;
	info->utilization[1].percentage = device->utilization_memory;
	info->utilization[2].percentage = device->utilization_encoder > device->utilization_decoder
						  ? device->utilization_encoder
						  : device->utilization_decoder;
	return NVML_SUCCESS;
}

static int put_clocks(char *text, size_t size, const struct vgpu_sim_device *device, unsigned now, unsigned memory)
{
	return snprintf(text, size,
			"nvclock=%u, nvclockmin=%u, nvclockmax=%u, nvclockeditable=0, memclock=%u, memclockmin=%u, "
			"memclockmax=%u, memclockeditable=0, memTransferRate=%u, memTransferRatemin=%u, "
			"memTransferRatemax=%u, memTransferRateeditable=0",
			now, idle_of(device, NVML_CLOCK_GRAPHICS), most_of(device, NVML_CLOCK_GRAPHICS), memory, memory, memory,
			2 * memory, 2 * memory, 2 * memory);
}

/* Numbered from the lowest. */
nvmlReturn_t sim_nvmlDeviceGetPerformanceModes(nvmlDevice_t handle, nvmlDevicePerfModes_t *modes)
{
	NVML_NEED_DEVICE(device, handle);
	unsigned idle = idle_of(device, NVML_CLOCK_GRAPHICS), n = 0;
	size_t used = 0, size = sizeof(modes->str);

	if (!modes)
		return NVML_ERROR_INVALID_ARGUMENT;
	if (modes->version != NVML_VERSION_OF(nvmlDevicePerfModes_t, 1))
		return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
	if (has_low(device)) {
		used += (size_t)snprintf(modes->str, size, "perf=%u, ", n++);
		used += (size_t)put_clocks(modes->str + used, size - used, device, idle, device->clock_memory_low_mhz);
		used += (size_t)snprintf(modes->str + used, size - used, " ; ");
	}
	used += (size_t)snprintf(modes->str + used, size - used, "perf=%u, ", n);
	put_clocks(modes->str + used, size - used, device, idle, device->clock_memory_max_mhz);
	return NVML_SUCCESS;
}

nvmlReturn_t sim_nvmlDeviceGetCurrentClockFreqs(nvmlDevice_t handle, nvmlDeviceCurrentClockFreqs_t *now)
{
	NVML_NEED_DEVICE(device, handle);
	if (!now)
		return NVML_ERROR_INVALID_ARGUMENT;
	if (now->version != NVML_VERSION_OF(nvmlDeviceCurrentClockFreqs_t, 1))
		return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
	put_clocks(now->str, sizeof(now->str), device, current_of(device, NVML_CLOCK_GRAPHICS),
		   current_of(device, NVML_CLOCK_MEM));
	return NVML_SUCCESS;
}

/* ---- what is asked for ---- */

nvmlReturn_t sim_nvmlDeviceSetApplicationsClocks(nvmlDevice_t handle, unsigned int memory_mhz, unsigned int mhz)
{
	NVML_NEED_DEVICE(device, handle);
	NVML_NEED_ROOT();
	if (!has_memory_clock(device, memory_mhz) || !has_clock(device, mhz))
		return NVML_ERROR_INVALID_ARGUMENT;
	nvml_set_knob(device, NVML_KNOB_APPLICATION_MEMORY, memory_mhz);
	nvml_set_knob(device, NVML_KNOB_APPLICATION, mhz);
	return NVML_SUCCESS;
}

nvmlReturn_t sim_nvmlDeviceResetApplicationsClocks(nvmlDevice_t handle)
{
	NVML_NEED_DEVICE(device, handle);
	NVML_NEED_ROOT();
	nvml_reset_knob(device, NVML_KNOB_APPLICATION_MEMORY);
	nvml_reset_knob(device, NVML_KNOB_APPLICATION);
	return NVML_SUCCESS;
}

static nvmlReturn_t lock(nvmlDevice_t handle, unsigned knob, nvmlClockType_t type, unsigned least, unsigned most)
{
	NVML_NEED_DEVICE(device, handle);
	NVML_NEED_ROOT();
	if (least > most || most > most_of(device, type))
		return NVML_ERROR_INVALID_ARGUMENT;
	nvml_set_knob(device, knob, least);
	nvml_set_knob(device, knob + 1, most);
	return NVML_SUCCESS;
}

static nvmlReturn_t unlock(nvmlDevice_t handle, unsigned knob)
{
	NVML_NEED_DEVICE(device, handle);
	NVML_NEED_ROOT();
	nvml_reset_knob(device, knob);
	nvml_reset_knob(device, knob + 1);
	return NVML_SUCCESS;
}

nvmlReturn_t sim_nvmlDeviceSetGpuLockedClocks(nvmlDevice_t handle, unsigned int least, unsigned int most)
{
	return lock(handle, NVML_KNOB_LOCK_MIN, NVML_CLOCK_GRAPHICS, least, most);
}

nvmlReturn_t sim_nvmlDeviceResetGpuLockedClocks(nvmlDevice_t handle)
{
	return unlock(handle, NVML_KNOB_LOCK_MIN);
}

nvmlReturn_t sim_nvmlDeviceSetMemoryLockedClocks(nvmlDevice_t handle, unsigned int least, unsigned int most)
{
	return lock(handle, NVML_KNOB_LOCK_MEMORY_MIN, NVML_CLOCK_MEM, least, most);
}

nvmlReturn_t sim_nvmlDeviceResetMemoryLockedClocks(nvmlDevice_t handle)
{
	return unlock(handle, NVML_KNOB_LOCK_MEMORY_MIN);
}

/* 1: low since nothing runs; 2: held by what was asked for; 4: by the power limit */
static unsigned long long reasons(const struct vgpu_sim_device *device)
{
	unsigned long long bits = device->utilization_gpu ? 0 : 1;

	if (application_of(device, NVML_CLOCK_GRAPHICS) < most_of(device, NVML_CLOCK_GRAPHICS))
		bits |= 2;
	if (nvml_knob(device, NVML_KNOB_POWER_LIMIT, device->power_limit_mw) < device->power_idle_mw)
		bits |= 4;
	return bits;
}

NVML_GET(nvmlDeviceGetCurrentClocksEventReasons, unsigned long long, device, reasons(device));
SIM_ALIAS(sim_nvmlDeviceGetCurrentClocksThrottleReasons, sim_nvmlDeviceGetCurrentClocksEventReasons);
NVML_GET(nvmlDeviceGetSupportedClocksEventReasons, unsigned long long, device, 0x1ff);
SIM_ALIAS(sim_nvmlDeviceGetSupportedClocksThrottleReasons, sim_nvmlDeviceGetSupportedClocksEventReasons);

/* ---- offsets ---- */

static int offset_range(const struct vgpu_sim_device *device)
{
	return device->brand == NVML_BRAND_GEFORCE ? OFFSET_MHZ : 0;
}

static nvmlReturn_t get_offset(nvmlDevice_t handle, unsigned knob, int *offset)
{
	NVML_NEED_DEVICE(device, handle);
	if (!offset)
		return NVML_ERROR_INVALID_ARGUMENT;
	*offset = (int)nvml_knob(device, knob, OFFSET_MHZ) - OFFSET_MHZ;
	return NVML_SUCCESS;
}

static nvmlReturn_t set_offset(nvmlDevice_t handle, unsigned knob, int offset)
{
	NVML_NEED_DEVICE(device, handle);
	NVML_NEED_ROOT();
	if (offset < -offset_range(device) || offset > offset_range(device))
		return NVML_ERROR_INVALID_ARGUMENT;
	nvml_set_knob(device, knob, (unsigned)(offset + OFFSET_MHZ));
	return NVML_SUCCESS;
}

nvmlReturn_t sim_nvmlDeviceGetGpcClkVfOffset(nvmlDevice_t handle, int *offset)
{
	return get_offset(handle, NVML_KNOB_OFFSET, offset);
}

nvmlReturn_t sim_nvmlDeviceSetGpcClkVfOffset(nvmlDevice_t handle, int offset)
{
	return set_offset(handle, NVML_KNOB_OFFSET, offset);
}

nvmlReturn_t sim_nvmlDeviceGetMemClkVfOffset(nvmlDevice_t handle, int *offset)
{
	return get_offset(handle, NVML_KNOB_OFFSET_MEMORY, offset);
}

nvmlReturn_t sim_nvmlDeviceSetMemClkVfOffset(nvmlDevice_t handle, int offset)
{
	return set_offset(handle, NVML_KNOB_OFFSET_MEMORY, offset);
}

nvmlReturn_t sim_nvmlDeviceGetGpcClkMinMaxVfOffset(nvmlDevice_t handle, int *least, int *most)
{
	NVML_NEED_DEVICE(device, handle);
	if (!least || !most)
		return NVML_ERROR_INVALID_ARGUMENT;
	*least = -offset_range(device);
	*most = offset_range(device);
	return NVML_SUCCESS;
}
SIM_ALIAS(sim_nvmlDeviceGetMemClkMinMaxVfOffset, sim_nvmlDeviceGetGpcClkMinMaxVfOffset);

static nvmlReturn_t offset_knob(nvmlDevice_t handle, const nvmlClockOffset_t *info, unsigned *knob)
{
	NVML_NEED_DEVICE(device, handle);
	(void)device;
	if (!info)
		return NVML_ERROR_INVALID_ARGUMENT;
	if (info->version != NVML_VERSION_OF(nvmlClockOffset_t, 1))
		return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
	if (info->pstate != NVML_PSTATE_0 || (info->type != NVML_CLOCK_GRAPHICS && info->type != NVML_CLOCK_MEM))
		return NVML_ERROR_INVALID_ARGUMENT;
	*knob = info->type == NVML_CLOCK_MEM ? NVML_KNOB_OFFSET_MEMORY : NVML_KNOB_OFFSET;
	return NVML_SUCCESS;
}

nvmlReturn_t sim_nvmlDeviceGetClockOffsets(nvmlDevice_t handle, nvmlClockOffset_t *info)
{
	unsigned knob;
	nvmlReturn_t result = offset_knob(handle, info, &knob);

	if (result != NVML_SUCCESS)
		return result;
	sim_nvmlDeviceGetGpcClkMinMaxVfOffset(handle, &info->minClockOffsetMHz, &info->maxClockOffsetMHz);
	return get_offset(handle, knob, &info->clockOffsetMHz);
}

nvmlReturn_t sim_nvmlDeviceSetClockOffsets(nvmlDevice_t handle, nvmlClockOffset_t *info)
{
	unsigned knob;
	nvmlReturn_t result = offset_knob(handle, info, &knob);

	return result == NVML_SUCCESS ? set_offset(handle, knob, info->clockOffsetMHz) : result;
}

NVML_GET(nvmlDeviceGetAdaptiveClockInfoStatus, unsigned int, device, 1);
