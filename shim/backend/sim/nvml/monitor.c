/* SPDX-License-Identifier: Apache-2.0 */
/* What a monitor asks of a device at rest: memory, load, temperature, power, clocks, modes. */
#include <stdint.h>
#include <time.h>

#include "shim/backend/sim/nvml/state.h"

/* ---- memory ---- */

nvmlReturn_t sim_nvmlDeviceGetMemoryInfo(nvmlDevice_t handle, nvmlMemory_t *memory)
{
	NVML_NEED_DEVICE(device, handle);
	if (!memory)
		return NVML_ERROR_INVALID_ARGUMENT;
	*memory = (nvmlMemory_t){
		.total = device->memory_bytes + device->reserved_bytes,
		.free = device->memory_bytes,
		.used = device->reserved_bytes, /* the first version knows no other place for it */
	};
	return NVML_SUCCESS;
}

nvmlReturn_t sim_nvmlDeviceGetMemoryInfo_v2(nvmlDevice_t handle, nvmlMemory_v2_t *memory)
{
	NVML_NEED_DEVICE(device, handle);
	if (!memory)
		return NVML_ERROR_INVALID_ARGUMENT;
	if (memory->version != NVML_VERSION_OF(nvmlMemory_v2_t, 2))
		return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
	memory->total = device->memory_bytes + device->reserved_bytes;
	memory->reserved = device->reserved_bytes;
	memory->free = device->memory_bytes;
	memory->used = 0;
	return NVML_SUCCESS;
}

nvmlReturn_t sim_nvmlDeviceGetBAR1MemoryInfo(nvmlDevice_t handle, nvmlBAR1Memory_t *memory)
{
	NVML_NEED_DEVICE(device, handle);
	if (!memory)
		return NVML_ERROR_INVALID_ARGUMENT;
	*memory =
	    (nvmlBAR1Memory_t){ .bar1Total = device->bar1_bytes, .bar1Free = device->bar1_bytes };
	return NVML_SUCCESS;
}

NVML_GET(nvmlDeviceGetMemoryBusWidth, unsigned int, device,
	 NVML_ATTRIBUTE(device, GLOBAL_MEMORY_BUS_WIDTH));

/* ---- load ---- */

nvmlReturn_t sim_nvmlDeviceGetUtilizationRates(nvmlDevice_t handle, nvmlUtilization_t *rates)
{
	NVML_NEED_DEVICE(device, handle);
	if (!rates)
		return NVML_ERROR_INVALID_ARGUMENT;
	*rates = (nvmlUtilization_t){ .gpu = device->utilization_gpu,
				      .memory = device->utilization_memory };
	return NVML_SUCCESS;
}

static nvmlReturn_t idle_engine(nvmlDevice_t handle, unsigned int *utilization,
				unsigned int *period_us)
{
	NVML_NEED_DEVICE(device, handle);
	(void)device;
	if (!utilization || !period_us)
		return NVML_ERROR_INVALID_ARGUMENT;
	*utilization = 0;
	*period_us = 167000;
	return NVML_SUCCESS;
}

nvmlReturn_t sim_nvmlDeviceGetEncoderUtilization(nvmlDevice_t handle, unsigned int *utilization,
						 unsigned int *period_us)
{
	return idle_engine(handle, utilization, period_us);
}

nvmlReturn_t sim_nvmlDeviceGetDecoderUtilization(nvmlDevice_t handle, unsigned int *utilization,
						 unsigned int *period_us)
{
	return idle_engine(handle, utilization, period_us);
}

/* No process is told of: the count is 0 in each of the layouts. */
static nvmlReturn_t no_processes(nvmlDevice_t handle, unsigned int *count)
{
	NVML_NEED_DEVICE(device, handle);
	(void)device;
	if (!count)
		return NVML_ERROR_INVALID_ARGUMENT;
	*count = 0;
	return NVML_SUCCESS;
}

#define NO_PROCESSES(function, type)                                                               \
	nvmlReturn_t sim_##function(nvmlDevice_t handle, unsigned int *count, type *processes)     \
	{                                                                                          \
		(void)processes;                                                                   \
		return no_processes(handle, count);                                                \
	}                                                                                          \
	_Static_assert(1, "")

NO_PROCESSES(nvmlDeviceGetComputeRunningProcesses, nvmlProcessInfo_v1_t);
NO_PROCESSES(nvmlDeviceGetComputeRunningProcesses_v2, nvmlProcessInfo_v2_t);
NO_PROCESSES(nvmlDeviceGetComputeRunningProcesses_v3, nvmlProcessInfo_t);
NO_PROCESSES(nvmlDeviceGetGraphicsRunningProcesses, nvmlProcessInfo_v1_t);
NO_PROCESSES(nvmlDeviceGetGraphicsRunningProcesses_v2, nvmlProcessInfo_v2_t);
NO_PROCESSES(nvmlDeviceGetGraphicsRunningProcesses_v3, nvmlProcessInfo_t);
NO_PROCESSES(nvmlDeviceGetMPSComputeRunningProcesses, nvmlProcessInfo_v1_t);
NO_PROCESSES(nvmlDeviceGetMPSComputeRunningProcesses_v2, nvmlProcessInfo_v2_t);
NO_PROCESSES(nvmlDeviceGetMPSComputeRunningProcesses_v3, nvmlProcessInfo_t);

/* ---- temperature, fans, power ---- */

nvmlReturn_t sim_nvmlDeviceGetTemperature(nvmlDevice_t handle, nvmlTemperatureSensors_t sensor,
					  unsigned int *temperature)
{
	NVML_NEED_DEVICE(device, handle);
	if (!temperature || sensor != NVML_TEMPERATURE_GPU)
		return NVML_ERROR_INVALID_ARGUMENT;
	*temperature = device->temperature_c;
	return NVML_SUCCESS;
}

nvmlReturn_t sim_nvmlDeviceGetTemperatureV(nvmlDevice_t handle, nvmlTemperature_t *temperature)
{
	NVML_NEED_DEVICE(device, handle);
	if (!temperature)
		return NVML_ERROR_INVALID_ARGUMENT;
	if (temperature->version != NVML_VERSION_OF(nvmlTemperature_t, 1))
		return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
	if (temperature->sensorType != NVML_TEMPERATURE_GPU)
		return NVML_ERROR_INVALID_ARGUMENT;
	temperature->temperature = (int)device->temperature_c;
	return NVML_SUCCESS;
}

nvmlReturn_t sim_nvmlDeviceGetTemperatureThreshold(nvmlDevice_t handle,
						   nvmlTemperatureThresholds_t which,
						   unsigned int *temperature)
{
	NVML_NEED_DEVICE(device, handle);
	if (!temperature || (unsigned)which >= NVML_TEMPERATURE_THRESHOLD_COUNT)
		return NVML_ERROR_INVALID_ARGUMENT;
	switch (which) {
	case NVML_TEMPERATURE_THRESHOLD_SHUTDOWN:
		*temperature = device->temperature_shutdown_c;
		return NVML_SUCCESS;
	case NVML_TEMPERATURE_THRESHOLD_SLOWDOWN:
	case NVML_TEMPERATURE_THRESHOLD_GPU_MAX:
		*temperature = device->temperature_slowdown_c;
		return NVML_SUCCESS;
	default:
		return NVML_ERROR_NOT_SUPPORTED;
	}
}

NVML_GET(nvmlDeviceGetNumFans, unsigned int, device, device->fans);

nvmlReturn_t sim_nvmlDeviceGetFanSpeed_v2(nvmlDevice_t handle, unsigned int fan,
					  unsigned int *speed)
{
	NVML_NEED_DEVICE(device, handle);
	if (!speed)
		return NVML_ERROR_INVALID_ARGUMENT;
	if (!device->fans)
		return NVML_ERROR_NOT_SUPPORTED;
	if (fan >= device->fans)
		return NVML_ERROR_INVALID_ARGUMENT;
	*speed = 30;
	return NVML_SUCCESS;
}

nvmlReturn_t sim_nvmlDeviceGetFanSpeed(nvmlDevice_t handle, unsigned int *speed)
{
	return sim_nvmlDeviceGetFanSpeed_v2(handle, 0, speed);
}

NVML_GET(nvmlDeviceGetPowerUsage, unsigned int, device, device->power_idle_mw);
NVML_GET(nvmlDeviceGetPowerManagementLimit, unsigned int, device, device->power_limit_mw);
NVML_GET(nvmlDeviceGetPowerManagementDefaultLimit, unsigned int, device, device->power_limit_mw);
NVML_GET(nvmlDeviceGetEnforcedPowerLimit, unsigned int, device, device->power_limit_mw);
NVML_GET(nvmlDeviceGetPowerManagementMode, nvmlEnableState_t, device, NVML_FEATURE_ENABLED);
NVML_GET(nvmlDeviceGetPowerSource, nvmlPowerSource_t, device, 0); /* the mains */

nvmlReturn_t sim_nvmlDeviceGetPowerManagementLimitConstraints(nvmlDevice_t handle,
							      unsigned int *least,
							      unsigned int *most)
{
	NVML_NEED_DEVICE(device, handle);
	if (!least || !most)
		return NVML_ERROR_INVALID_ARGUMENT;
	*least = device->power_min_mw;
	*most = device->power_limit_mw;
	return NVML_SUCCESS;
}

/* Millijoules at rest since the machine started. */
nvmlReturn_t sim_nvmlDeviceGetTotalEnergyConsumption(nvmlDevice_t handle,
						     unsigned long long *energy)
{
	struct timespec up;

	NVML_NEED_DEVICE(device, handle);
	if (!energy)
		return NVML_ERROR_INVALID_ARGUMENT;
	clock_gettime(CLOCK_BOOTTIME, &up);
	*energy = (unsigned long long)up.tv_sec * device->power_idle_mw +
		  (unsigned long long)up.tv_nsec / 1000 * device->power_idle_mw / 1000000;
	return NVML_SUCCESS;
}

/* ---- clocks ---- */

static nvmlReturn_t put_clock(const struct vgpu_sim_device *device, nvmlClockType_t type, bool most,
			      unsigned int *mhz)
{
	if (!mhz)
		return NVML_ERROR_INVALID_ARGUMENT;
	switch (type) {
	case NVML_CLOCK_GRAPHICS:
	case NVML_CLOCK_SM:
		*mhz = most ? device->clock_max_mhz : device->clock_idle_mhz;
		return NVML_SUCCESS;
	case NVML_CLOCK_MEM:
		*mhz = most ? device->clock_memory_max_mhz : device->clock_memory_idle_mhz;
		return NVML_SUCCESS;
	case NVML_CLOCK_VIDEO:
		*mhz = most ? device->clock_video_max_mhz : device->clock_video_idle_mhz;
		return NVML_SUCCESS;
	default:
		return NVML_ERROR_INVALID_ARGUMENT;
	}
}

nvmlReturn_t sim_nvmlDeviceGetClockInfo(nvmlDevice_t handle, nvmlClockType_t type,
					unsigned int *mhz)
{
	NVML_NEED_DEVICE(device, handle);
	return put_clock(device, type, false, mhz);
}

nvmlReturn_t sim_nvmlDeviceGetMaxClockInfo(nvmlDevice_t handle, nvmlClockType_t type,
					   unsigned int *mhz)
{
	NVML_NEED_DEVICE(device, handle);
	return put_clock(device, type, true, mhz);
}
SIM_ALIAS(sim_nvmlDeviceGetApplicationsClock, sim_nvmlDeviceGetMaxClockInfo);
SIM_ALIAS(sim_nvmlDeviceGetDefaultApplicationsClock, sim_nvmlDeviceGetMaxClockInfo);
SIM_ALIAS(sim_nvmlDeviceGetMaxCustomerBoostClock, sim_nvmlDeviceGetMaxClockInfo);

nvmlReturn_t sim_nvmlDeviceGetClock(nvmlDevice_t handle, nvmlClockType_t type, nvmlClockId_t which,
				    unsigned int *mhz)
{
	NVML_NEED_DEVICE(device, handle);
	if ((unsigned)which >= NVML_CLOCK_ID_COUNT)
		return NVML_ERROR_INVALID_ARGUMENT;
	return put_clock(device, type, which != NVML_CLOCK_ID_CURRENT, mhz);
}

/* Cards whose memory has one speed never leave their highest state. */
NVML_GET(nvmlDeviceGetPerformanceState, nvmlPstates_t, device,
	 device->clock_memory_idle_mhz == device->clock_memory_max_mhz ? NVML_PSTATE_0
								       : NVML_PSTATE_8);
SIM_ALIAS(sim_nvmlDeviceGetPowerState, sim_nvmlDeviceGetPerformanceState);

/* 1: the clocks are low since nothing runs */
NVML_GET(nvmlDeviceGetCurrentClocksEventReasons, unsigned long long, device, 1);
SIM_ALIAS(sim_nvmlDeviceGetCurrentClocksThrottleReasons,
	  sim_nvmlDeviceGetCurrentClocksEventReasons);
NVML_GET(nvmlDeviceGetSupportedClocksEventReasons, unsigned long long, device, 0x1ff);
SIM_ALIAS(sim_nvmlDeviceGetSupportedClocksThrottleReasons,
	  sim_nvmlDeviceGetSupportedClocksEventReasons);

/* ---- modes ---- */

NVML_GET(nvmlDeviceGetPersistenceMode, nvmlEnableState_t, device, device->persistence);
NVML_GET(nvmlDeviceGetComputeMode, nvmlComputeMode_t, device, NVML_ATTRIBUTE(device, COMPUTE_MODE));
NVML_GET(nvmlDeviceGetDisplayMode, nvmlEnableState_t, device, NVML_FEATURE_DISABLED);
NVML_GET(nvmlDeviceGetDisplayActive, nvmlEnableState_t, device, NVML_FEATURE_DISABLED);
NVML_GET(nvmlDeviceGetVirtualizationMode, nvmlGpuVirtualizationMode_t, device,
	 NVML_GPU_VIRTUALIZATION_MODE_NONE);

nvmlReturn_t sim_nvmlDeviceGetEccMode(nvmlDevice_t handle, nvmlEnableState_t *current,
				      nvmlEnableState_t *pending)
{
	NVML_NEED_DEVICE(device, handle);
	if (!current || !pending)
		return NVML_ERROR_INVALID_ARGUMENT;
	*current = *pending = (nvmlEnableState_t)NVML_ATTRIBUTE(device, ECC_ENABLED);
	return NVML_SUCCESS;
}

nvmlReturn_t sim_nvmlDeviceGetTotalEccErrors(nvmlDevice_t handle, nvmlMemoryErrorType_t type,
					     nvmlEccCounterType_t counter,
					     unsigned long long *count)
{
	NVML_NEED_DEVICE(device, handle);
	if (!count || (unsigned)type >= NVML_MEMORY_ERROR_TYPE_COUNT ||
	    (unsigned)counter >= NVML_ECC_COUNTER_TYPE_COUNT)
		return NVML_ERROR_INVALID_ARGUMENT;
	if (!NVML_ATTRIBUTE(device, ECC_ENABLED))
		return NVML_ERROR_NOT_SUPPORTED;
	*count = 0;
	return NVML_SUCCESS;
}

/* Only the large data-centre chips can be divided; here none is. */
nvmlReturn_t sim_nvmlDeviceGetMigMode(nvmlDevice_t handle, unsigned int *current,
				      unsigned int *pending)
{
	int compute;

	NVML_NEED_DEVICE(device, handle);
	if (!current || !pending)
		return NVML_ERROR_INVALID_ARGUMENT;
	compute = NVML_ATTRIBUTE(device, COMPUTE_CAPABILITY_MAJOR) * 10 +
		  NVML_ATTRIBUTE(device, COMPUTE_CAPABILITY_MINOR);
	if (compute != 80 && compute != 90 && compute != 100)
		return NVML_ERROR_NOT_SUPPORTED;
	*current = *pending = 0;
	return NVML_SUCCESS;
}
