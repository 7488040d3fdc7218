/* SPDX-License-Identifier: Apache-2.0 */
/* NVML's fields: numbers that are asked for in one call, each from what its own getter says. */
#include <string.h>
#include <time.h>

#include "shim/backend/sim/nvml/state.h"

/* Numbers of fields, as the interface defines them. */
enum {
	FIELD_ECC_CURRENT = 1,
	FIELD_ECC_PENDING = 2,
	FIELD_ECC_SBE_VOL_TOTAL = 3,
	FIELD_ECC_DBE_VOL_TOTAL = 4,
	FIELD_ECC_SBE_AGG_TOTAL = 5,
	FIELD_ECC_DBE_AGG_TOTAL = 6,
	FIELD_RETIRED_PENDING = 31,
	FIELD_MEMORY_TEMP = 82,
	FIELD_TOTAL_ENERGY = 83,
	FIELD_NVLINK_LINK_COUNT = 91,
	FIELD_PCIE_REPLAY_COUNTER = 94,
	FIELD_REMAPPED_COR = 142,
	FIELD_REMAPPED_UNC = 143,
	FIELD_REMAPPED_PENDING = 144,
	FIELD_REMAPPED_FAILURE = 145,
	FIELD_POWER_AVERAGE = 185,
	FIELD_POWER_INSTANT = 186,
	FIELD_POWER_MIN_LIMIT = 187,
	FIELD_POWER_MAX_LIMIT = 188,
	FIELD_POWER_DEFAULT_LIMIT = 189,
	FIELD_POWER_CURRENT_LIMIT = 190,
};

static nvmlReturn_t put_uint(nvmlFieldValue_t *value, nvmlReturn_t result, unsigned number)
{
	value->valueType = NVML_VALUE_TYPE_UNSIGNED_INT;
	value->value.uiVal = number;
	return result;
}

static nvmlReturn_t put_ull(nvmlFieldValue_t *value, nvmlReturn_t result, unsigned long long number)
{
	value->valueType = NVML_VALUE_TYPE_UNSIGNED_LONG_LONG;
	value->value.ullVal = number;
	return result;
}

static nvmlReturn_t put_errors(nvmlDevice_t handle, nvmlFieldValue_t *value, nvmlMemoryErrorType_t type,
			       nvmlEccCounterType_t counter)
{
	unsigned long long count = 0;
	nvmlReturn_t result = sim_nvmlDeviceGetTotalEccErrors(handle, type, counter, &count);

	return put_ull(value, result, count);
}

static nvmlReturn_t put_field(nvmlDevice_t handle, const struct vgpu_sim_device *device, nvmlFieldValue_t *value)
{
	unsigned corrected = 0, uncorrected = 0, pending = 0, failed = 0, number = 0;
	nvmlEnableState_t now = 0, then = 0;
	unsigned long long energy = 0;
	nvmlReturn_t result;

	switch (value->fieldId) {
	case FIELD_ECC_CURRENT:
	case FIELD_ECC_PENDING:
		result = sim_nvmlDeviceGetEccMode(handle, &now, &then);
		return put_ull(value, result, (unsigned)(value->fieldId == FIELD_ECC_CURRENT ? now : then));
	case FIELD_ECC_SBE_VOL_TOTAL:
		return put_errors(handle, value, NVML_MEMORY_ERROR_TYPE_CORRECTED, NVML_VOLATILE_ECC);
	case FIELD_ECC_DBE_VOL_TOTAL:
		return put_errors(handle, value, NVML_MEMORY_ERROR_TYPE_UNCORRECTED, NVML_VOLATILE_ECC);
	case FIELD_ECC_SBE_AGG_TOTAL:
		return put_errors(handle, value, NVML_MEMORY_ERROR_TYPE_CORRECTED, NVML_AGGREGATE_ECC);
	case FIELD_ECC_DBE_AGG_TOTAL:
		return put_errors(handle, value, NVML_MEMORY_ERROR_TYPE_UNCORRECTED, NVML_AGGREGATE_ECC);
	case FIELD_RETIRED_PENDING:
		result = sim_nvmlDeviceGetRetiredPagesPendingStatus(handle, &now);
		return put_uint(value, result, (unsigned)now);
	case FIELD_MEMORY_TEMP:
		return put_uint(value, device->temperature_memory_c ? NVML_SUCCESS : NVML_ERROR_NOT_SUPPORTED,
				device->temperature_memory_c);
	case FIELD_TOTAL_ENERGY:
		result = sim_nvmlDeviceGetTotalEnergyConsumption(handle, &energy);
		return put_ull(value, result, energy);
	case FIELD_NVLINK_LINK_COUNT:
		return put_uint(value, device->nvlinks ? NVML_SUCCESS : NVML_ERROR_NOT_SUPPORTED, device->nvlinks);
	case FIELD_PCIE_REPLAY_COUNTER:
		result = sim_nvmlDeviceGetPcieReplayCounter(handle, &number);
		return put_uint(value, result, number);
	case FIELD_REMAPPED_COR:
	case FIELD_REMAPPED_UNC:
	case FIELD_REMAPPED_PENDING:
	case FIELD_REMAPPED_FAILURE:
		result = sim_nvmlDeviceGetRemappedRows(handle, &corrected, &uncorrected, &pending, &failed);
		return put_ull(value, result,
				value->fieldId == FIELD_REMAPPED_COR	   ? corrected
				: value->fieldId == FIELD_REMAPPED_UNC	   ? uncorrected
				: value->fieldId == FIELD_REMAPPED_PENDING ? pending
									   : failed);
	case FIELD_POWER_AVERAGE:
	case FIELD_POWER_INSTANT:
		result = sim_nvmlDeviceGetPowerUsage(handle, &number);
		return put_uint(value, result, number);
	case FIELD_POWER_MIN_LIMIT:
		return put_uint(value, NVML_SUCCESS, device->power_min_mw);
	case FIELD_POWER_MAX_LIMIT:
	case FIELD_POWER_DEFAULT_LIMIT:
		return put_uint(value, NVML_SUCCESS, device->power_limit_mw);
	case FIELD_POWER_CURRENT_LIMIT:
		result = sim_nvmlDeviceGetPowerManagementLimit(handle, &number);
		return put_uint(value, result, number);
	default:
		return NVML_ERROR_NOT_SUPPORTED;
	}
}

nvmlReturn_t sim_nvmlDeviceGetFieldValues(nvmlDevice_t handle, int count, nvmlFieldValue_t *values)
{
	struct timespec now;

	NVML_NEED_DEVICE(device, handle);
	if (!values || count < 1)
		return NVML_ERROR_INVALID_ARGUMENT;
	clock_gettime(CLOCK_REALTIME, &now);
	for (int i = 0; i < count; i++) {
		values[i].timestamp = now.tv_sec * 1000000ll + now.tv_nsec / 1000;
		values[i].latencyUsec = 0;
		memset(&values[i].value, 0, sizeof(values[i].value));
		values[i].nvmlReturn = put_field(handle, device, &values[i]);
	}
	return NVML_SUCCESS;
}

nvmlReturn_t sim_nvmlDeviceClearFieldValues(nvmlDevice_t handle, int count, nvmlFieldValue_t *values)
{
	NVML_NEED_DEVICE(device, handle);
	(void)device;
	if (!values || count < 1)
		return NVML_ERROR_INVALID_ARGUMENT;
	for (int i = 0; i < count; i++)
		values[i].nvmlReturn =
			values[i].fieldId == FIELD_ECC_SBE_VOL_TOTAL || values[i].fieldId == FIELD_ECC_DBE_VOL_TOTAL
				? sim_nvmlDeviceClearEccErrorCounts(handle, NVML_VOLATILE_ECC)
				: NVML_ERROR_NOT_SUPPORTED;
	return NVML_SUCCESS;
}
