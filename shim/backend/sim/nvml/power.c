/* SPDX-License-Identifier: Apache-2.0 */
/* Power, temperature and fans of the simulated NVML. */
#include <stdint.h>
#include <string.h>
#include <time.h>

#include "shim/backend/sim/nvml/state.h"

#define FAN_LEAST 30u /* per cent */
#define FAN_RPM   3000u /* at 100 per cent */
#define SENSOR_MOST 127 /* °C that a sensor can tell */
#define MANUAL    1u /* nvmlFanControlPolicy_t */

/* ---- power ---- */

static unsigned limit_of(const struct vgpu_sim_device *device)
{
	return nvml_knob(device, NVML_KNOB_POWER_LIMIT, device->power_limit_mw);
}

static unsigned usage_of(const struct vgpu_sim_device *device)
{
	return device->power_idle_mw < limit_of(device) ? device->power_idle_mw : limit_of(device);
}

NVML_GET(nvmlDeviceGetPowerUsage, unsigned int, device, usage_of(device));
NVML_GET(nvmlDeviceGetPowerManagementLimit, unsigned int, device, limit_of(device));
NVML_GET(nvmlDeviceGetEnforcedPowerLimit, unsigned int, device, limit_of(device));
NVML_GET(nvmlDeviceGetPowerManagementDefaultLimit, unsigned int, device, device->power_limit_mw);
NVML_GET(nvmlDeviceGetPowerManagementMode, nvmlEnableState_t, device, NVML_FEATURE_ENABLED);
NVML_GET(nvmlDeviceGetPowerSource, nvmlPowerSource_t, device, 0); /* the mains */

nvmlReturn_t sim_nvmlDeviceGetPowerManagementLimitConstraints(nvmlDevice_t handle, unsigned int *least,
							      unsigned int *most)
{
	NVML_NEED_DEVICE(device, handle);
	if (!least || !most)
		return NVML_ERROR_INVALID_ARGUMENT;
	*least = device->power_min_mw;
	*most = device->power_limit_mw;
	return NVML_SUCCESS;
}

nvmlReturn_t sim_nvmlDeviceSetPowerManagementLimit(nvmlDevice_t handle, unsigned int limit)
{
	NVML_NEED_DEVICE(device, handle);
	NVML_NEED_ROOT();
	if (limit < device->power_min_mw || limit > device->power_limit_mw)
		return NVML_ERROR_INVALID_ARGUMENT;
	nvml_set_knob(device, NVML_KNOB_POWER_LIMIT, limit);
	return NVML_SUCCESS;
}

nvmlReturn_t sim_nvmlDeviceSetPowerManagementLimit_v2(nvmlDevice_t handle, nvmlPowerValue_v2_t *value)
{
	NVML_NEED_DEVICE(device, handle);
	(void)device;
	if (!value)
		return NVML_ERROR_INVALID_ARGUMENT;
	if (value->version != NVML_VERSION_OF(nvmlPowerValue_v2_t, 2))
		return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
	if (value->powerScope) /* a module's or the memory's */
		return NVML_ERROR_NOT_SUPPORTED;
	return sim_nvmlDeviceSetPowerManagementLimit(handle, value->powerValueMw);
}

/* Millijoules at rest since the machine started. */
nvmlReturn_t sim_nvmlDeviceGetTotalEnergyConsumption(nvmlDevice_t handle, unsigned long long *energy)
{
	struct timespec up;

	NVML_NEED_DEVICE(device, handle);
	if (!energy)
		return NVML_ERROR_INVALID_ARGUMENT;
	clock_gettime(CLOCK_BOOTTIME, &up);
	*energy = (unsigned long long)up.tv_sec * usage_of(device) +
		  (unsigned long long)up.tv_nsec / 1000 * usage_of(device) / 1000000;
	return NVML_SUCCESS;
}

/* ---- temperature ---- */

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

nvmlReturn_t sim_nvmlDeviceGetMarginTemperature(nvmlDevice_t handle, nvmlMarginTemperature_t *margin)
{
	NVML_NEED_DEVICE(device, handle);
	if (!margin)
		return NVML_ERROR_INVALID_ARGUMENT;
	if (margin->version != NVML_VERSION_OF(nvmlMarginTemperature_t, 1))
		return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
	margin->marginTemperature = (int)device->temperature_max_c - (int)device->temperature_c;
	return NVML_SUCCESS;
}

/* What is asked for stands in its own place; only the first has a sensor behind it. */
nvmlReturn_t sim_nvmlDeviceGetThermalSettings(nvmlDevice_t handle, unsigned int sensor,
					      nvmlGpuThermalSettings_t *settings)
{
	NVML_NEED_DEVICE(device, handle);
	unsigned place = sensor == NVML_THERMAL_TARGET_ALL ? 0 : sensor;

	if (!settings || place >= sizeof(settings->sensor) / sizeof(settings->sensor[0]))
		return NVML_ERROR_INVALID_ARGUMENT;
	memset(settings, 0, sizeof(*settings));
	settings->count = 1;
	settings->sensor[place].controller = NVML_THERMAL_CONTROLLER_GPU_INTERNAL;
	settings->sensor[place].target = NVML_THERMAL_TARGET_GPU;
	if (!place) {
		settings->sensor[0].defaultMaxTemp = SENSOR_MOST;
		settings->sensor[0].currentTemp = (int)device->temperature_c;
	}
	return NVML_SUCCESS;
}

nvmlReturn_t sim_nvmlDeviceGetTemperatureThreshold(nvmlDevice_t handle, nvmlTemperatureThresholds_t which,
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
		*temperature = device->temperature_slowdown_c;
		return NVML_SUCCESS;
	case NVML_TEMPERATURE_THRESHOLD_GPU_MAX:
		*temperature = device->temperature_max_c;
		return NVML_SUCCESS;
	case NVML_TEMPERATURE_THRESHOLD_MEM_MAX:
		if (!device->temperature_memory_max_c)
			return NVML_ERROR_NOT_SUPPORTED;
		*temperature = device->temperature_memory_max_c;
		return NVML_SUCCESS;
	case NVML_TEMPERATURE_THRESHOLD_ACOUSTIC_CURR:
		if (!device->fans)
			return NVML_ERROR_NOT_SUPPORTED;
		*temperature = nvml_knob(device, NVML_KNOB_ACOUSTIC, device->temperature_slowdown_c);
		return NVML_SUCCESS;
	default:
		return NVML_ERROR_NOT_SUPPORTED;
	}
}

nvmlReturn_t sim_nvmlDeviceSetTemperatureThreshold(nvmlDevice_t handle, nvmlTemperatureThresholds_t which,
						   int *temperature)
{
	NVML_NEED_DEVICE(device, handle);
	if (!temperature || (unsigned)which >= NVML_TEMPERATURE_THRESHOLD_COUNT)
		return NVML_ERROR_INVALID_ARGUMENT;
	if (which != NVML_TEMPERATURE_THRESHOLD_ACOUSTIC_CURR || !device->fans)
		return NVML_ERROR_NOT_SUPPORTED;
	NVML_NEED_ROOT();
	if (*temperature < 0 || *temperature > (int)device->temperature_slowdown_c)
		return NVML_ERROR_INVALID_ARGUMENT;
	nvml_set_knob(device, NVML_KNOB_ACOUSTIC, (unsigned)*temperature);
	return NVML_SUCCESS;
}

/* ---- fans ---- */

NVML_GET(nvmlDeviceGetNumFans, unsigned int, device, device->fans);

#define NEED_FAN(device, fan)                                                                      \
	do {                                                                                       \
		if ((fan) >= (device)->fans)                                                       \
			return NVML_ERROR_INVALID_ARGUMENT;                                        \
	} while (0)

static unsigned fan_of(const struct vgpu_sim_device *device, unsigned fan)
{
	return nvml_knob(device, NVML_KNOB_FAN + fan, device->fan_percent);
}

nvmlReturn_t sim_nvmlDeviceGetFanSpeed_v2(nvmlDevice_t handle, unsigned int fan, unsigned int *speed)
{
	NVML_NEED_DEVICE(device, handle);
	if (!speed)
		return NVML_ERROR_INVALID_ARGUMENT;
	NEED_FAN(device, fan);
	*speed = fan_of(device, fan);
	return NVML_SUCCESS;
}
SIM_ALIAS(sim_nvmlDeviceGetTargetFanSpeed, sim_nvmlDeviceGetFanSpeed_v2);

nvmlReturn_t sim_nvmlDeviceGetFanSpeed(nvmlDevice_t handle, unsigned int *speed)
{
	const struct vgpu_sim_device *device = nvml_device_of(handle);

	if (nvml_ready() && device && speed && !device->fans)
		return NVML_ERROR_NOT_SUPPORTED;
	return sim_nvmlDeviceGetFanSpeed_v2(handle, 0, speed);
}

nvmlReturn_t sim_nvmlDeviceGetFanSpeedRPM(nvmlDevice_t handle, nvmlFanSpeedInfo_t *info)
{
	NVML_NEED_DEVICE(device, handle);
	if (!info)
		return NVML_ERROR_INVALID_ARGUMENT;
	if (info->version != NVML_VERSION_OF(nvmlFanSpeedInfo_t, 1))
		return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
	NEED_FAN(device, info->fan);
	info->speed = fan_of(device, info->fan) * FAN_RPM / 100;
	return NVML_SUCCESS;
}

nvmlReturn_t sim_nvmlDeviceGetMinMaxFanSpeed(nvmlDevice_t handle, unsigned int *least, unsigned int *most)
{
	NVML_NEED_DEVICE(device, handle);
	if (!least || !most)
		return NVML_ERROR_INVALID_ARGUMENT;
	NEED_FAN(device, 0);
	*least = FAN_LEAST;
	*most = 100;
	return NVML_SUCCESS;
}

nvmlReturn_t sim_nvmlDeviceSetFanSpeed_v2(nvmlDevice_t handle, unsigned int fan, unsigned int speed)
{
	NVML_NEED_DEVICE(device, handle);
	NEED_FAN(device, fan);
	NVML_NEED_ROOT();
	if (speed < FAN_LEAST || speed > 100)
		return NVML_ERROR_INVALID_ARGUMENT;
	nvml_set_knob(device, NVML_KNOB_FAN + fan, speed);
	nvml_set_knob(device, NVML_KNOB_FAN_POLICY + fan, MANUAL);
	return NVML_SUCCESS;
}

nvmlReturn_t sim_nvmlDeviceSetDefaultFanSpeed_v2(nvmlDevice_t handle, unsigned int fan)
{
	NVML_NEED_DEVICE(device, handle);
	NEED_FAN(device, fan);
	NVML_NEED_ROOT();
	nvml_reset_knob(device, NVML_KNOB_FAN + fan);
	nvml_reset_knob(device, NVML_KNOB_FAN_POLICY + fan);
	return NVML_SUCCESS;
}

nvmlReturn_t sim_nvmlDeviceGetFanControlPolicy_v2(nvmlDevice_t handle, unsigned int fan,
						  nvmlFanControlPolicy_t *policy)
{
	NVML_NEED_DEVICE(device, handle);
	if (!policy)
		return NVML_ERROR_INVALID_ARGUMENT;
	NEED_FAN(device, fan);
	*policy = nvml_knob(device, NVML_KNOB_FAN_POLICY + fan, 0);
	return NVML_SUCCESS;
}

nvmlReturn_t sim_nvmlDeviceSetFanControlPolicy(nvmlDevice_t handle, unsigned int fan, nvmlFanControlPolicy_t policy)
{
	NVML_NEED_DEVICE(device, handle);
	NEED_FAN(device, fan);
	NVML_NEED_ROOT();
	if (policy > MANUAL)
		return NVML_ERROR_INVALID_ARGUMENT;
	if (policy != MANUAL)
		nvml_reset_knob(device, NVML_KNOB_FAN + fan);
	nvml_set_knob(device, NVML_KNOB_FAN_POLICY + fan, policy);
	return NVML_SUCCESS;
}

nvmlReturn_t sim_nvmlDeviceGetCoolerInfo(nvmlDevice_t handle, nvmlCoolerInfo_t *info)
{
	NVML_NEED_DEVICE(device, handle);
	if (!info)
		return NVML_ERROR_INVALID_ARGUMENT;
	if (info->version != NVML_VERSION_OF(nvmlCoolerInfo_t, 1))
		return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
	if (!device->fans)
		return NVML_ERROR_NOT_SUPPORTED;
	NEED_FAN(device, info->index);
	info->signalType = NVML_THERMAL_COOLER_SIGNAL_VARIABLE;
	info->target = NVML_THERMAL_COOLER_TARGET_GPU;
	return NVML_SUCCESS;
}
