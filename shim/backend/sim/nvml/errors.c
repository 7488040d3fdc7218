/* SPDX-License-Identifier: Apache-2.0 */
/* Errors of the simulated devices' memory, and what was given up of it for them. */
#include <string.h>

#include "shim/backend/sim/nvml/state.h"

#define NEED_ECC(device)                                                                           \
	do {                                                                                       \
		if (!NVML_ATTRIBUTE(device, ECC_ENABLED))                                          \
			return NVML_ERROR_NOT_SUPPORTED;                                           \
	} while (0)

/* What is set holds from the next start of the machine on. */
nvmlReturn_t sim_nvmlDeviceGetEccMode(nvmlDevice_t handle, nvmlEnableState_t *current, nvmlEnableState_t *pending)
{
	NVML_NEED_DEVICE(device, handle);
	if (!current || !pending)
		return NVML_ERROR_INVALID_ARGUMENT;
	*current = (nvmlEnableState_t)NVML_ATTRIBUTE(device, ECC_ENABLED);
	*pending = nvml_knob(device, NVML_KNOB_ECC, *current);
	return NVML_SUCCESS;
}

nvmlReturn_t sim_nvmlDeviceSetEccMode(nvmlDevice_t handle, nvmlEnableState_t mode)
{
	NVML_NEED_DEVICE(device, handle);
	NVML_NEED_ROOT();
	if ((unsigned)mode > NVML_FEATURE_ENABLED)
		return NVML_ERROR_INVALID_ARGUMENT;
	nvml_set_knob(device, NVML_KNOB_ECC, (unsigned)mode);
	return NVML_SUCCESS;
}

NVML_GET(nvmlDeviceGetDefaultEccMode, nvmlEnableState_t, device,
	 device->brand == NVML_BRAND_GEFORCE ? NVML_FEATURE_DISABLED : NVML_FEATURE_ENABLED);

/* Errors since the start can be cleared, those of a card's whole life cannot. */
static unsigned long long errors_of(const struct vgpu_sim_device *device, nvmlMemoryErrorType_t type,
				    nvmlEccCounterType_t counter)
{
	if (counter == NVML_VOLATILE_ECC && nvml_knob(device, NVML_KNOB_ECC_CLEARED, 0))
		return 0;
	return type == NVML_MEMORY_ERROR_TYPE_CORRECTED ? device->ecc_corrected : device->ecc_uncorrected;
}

static bool ecc_valid(nvmlMemoryErrorType_t type, nvmlEccCounterType_t counter)
{
	return (unsigned)type < NVML_MEMORY_ERROR_TYPE_COUNT && (unsigned)counter < NVML_ECC_COUNTER_TYPE_COUNT;
}

nvmlReturn_t sim_nvmlDeviceGetTotalEccErrors(nvmlDevice_t handle, nvmlMemoryErrorType_t type,
					     nvmlEccCounterType_t counter, unsigned long long *count)
{
	NVML_NEED_DEVICE(device, handle);
	if (!count || !ecc_valid(type, counter))
		return NVML_ERROR_INVALID_ARGUMENT;
	NEED_ECC(device);
	*count = errors_of(device, type, counter);
	return NVML_SUCCESS;
}

/* All were in the device's memory. */
nvmlReturn_t sim_nvmlDeviceGetMemoryErrorCounter(nvmlDevice_t handle, nvmlMemoryErrorType_t type,
						 nvmlEccCounterType_t counter, nvmlMemoryLocation_t location,
						 unsigned long long *count)
{
	NVML_NEED_DEVICE(device, handle);
	if (!count || !ecc_valid(type, counter) || (unsigned)location >= NVML_MEMORY_LOCATION_COUNT)
		return NVML_ERROR_INVALID_ARGUMENT;
	NEED_ECC(device);
	if (location != NVML_MEMORY_LOCATION_DEVICE_MEMORY)
		return NVML_ERROR_NOT_SUPPORTED;
	*count = errors_of(device, type, counter);
	return NVML_SUCCESS;
}

nvmlReturn_t sim_nvmlDeviceGetDetailedEccErrors(nvmlDevice_t handle, nvmlMemoryErrorType_t type,
						nvmlEccCounterType_t counter, nvmlEccErrorCounts_t *counts)
{
	NVML_NEED_DEVICE(device, handle);
	if (!counts || !ecc_valid(type, counter))
		return NVML_ERROR_INVALID_ARGUMENT;
	NEED_ECC(device);
	*counts = (nvmlEccErrorCounts_t){ .deviceMemory = errors_of(device, type, counter) };
	return NVML_SUCCESS;
}

nvmlReturn_t sim_nvmlDeviceClearEccErrorCounts(nvmlDevice_t handle, nvmlEccCounterType_t counter)
{
	NVML_NEED_DEVICE(device, handle);
	if ((unsigned)counter >= NVML_ECC_COUNTER_TYPE_COUNT)
		return NVML_ERROR_INVALID_ARGUMENT;
	NEED_ECC(device);
	NVML_NEED_ROOT();
	if (counter == NVML_AGGREGATE_ECC)
		return NVML_ERROR_NOT_SUPPORTED;
	nvml_set_knob(device, NVML_KNOB_ECC_CLEARED, 1);
	return NVML_SUCCESS;
}

/* ---- what was given up of the memory ---- */

/* Cards before Ampere retire pages, later ones remap rows. */
nvmlReturn_t sim_nvmlDeviceGetRetiredPages_v2(nvmlDevice_t handle, nvmlPageRetirementCause_t cause,
					      unsigned int *count, unsigned long long *addresses,
					      unsigned long long *times)
{
	NVML_NEED_DEVICE(device, handle);
	unsigned there, room;

	if (!count || (unsigned)cause >= NVML_PAGE_RETIREMENT_CAUSE_COUNT)
		return NVML_ERROR_INVALID_ARGUMENT;
	NVML_NEED_COMPUTE(device, < 8);
	there = cause == NVML_PAGE_RETIREMENT_CAUSE_DOUBLE_BIT_ECC_ERROR ? device->retired_pages : 0;
	room = *count;
	*count = there;
	if (room < there || (there && !addresses))
		return NVML_ERROR_INSUFFICIENT_SIZE;
	for (unsigned i = 0; i < there; i++) {
		addresses[i] = (device->memory_bytes / 2 + i * 65536) & ~UINT64_C(65535);
		if (times)
			times[i] = 1700000000000000ull + i;
	}
	return NVML_SUCCESS;
}

nvmlReturn_t sim_nvmlDeviceGetRetiredPages(nvmlDevice_t handle, nvmlPageRetirementCause_t cause,
					   unsigned int *count, unsigned long long *addresses)
{
	return sim_nvmlDeviceGetRetiredPages_v2(handle, cause, count, addresses, NULL);
}

nvmlReturn_t sim_nvmlDeviceGetRetiredPagesPendingStatus(nvmlDevice_t handle, nvmlEnableState_t *pending)
{
	NVML_NEED_DEVICE(device, handle);
	if (!pending)
		return NVML_ERROR_INVALID_ARGUMENT;
	NVML_NEED_COMPUTE(device, < 8);
	*pending = device->remap_pending;
	return NVML_SUCCESS;
}

nvmlReturn_t sim_nvmlDeviceGetRemappedRows(nvmlDevice_t handle, unsigned int *corrected, unsigned int *uncorrected,
					   unsigned int *pending, unsigned int *failed)
{
	NVML_NEED_DEVICE(device, handle);
	if (!corrected || !uncorrected || !pending || !failed)
		return NVML_ERROR_INVALID_ARGUMENT;
	NVML_NEED_COMPUTE(device, >= 8);
	*corrected = 0;
	*uncorrected = device->remapped_rows;
	*pending = device->remap_pending;
	*failed = device->remap_failed;
	return NVML_SUCCESS;
}

nvmlReturn_t sim_nvmlDeviceGetRemappedRows_v2(nvmlDevice_t handle, nvmlRemappedRowsInfo_v2_t *info)
{
	NVML_NEED_DEVICE(device, handle);
	if (!info)
		return NVML_ERROR_INVALID_ARGUMENT;
	NVML_NEED_COMPUTE(device, >= 8);
	*info = (nvmlRemappedRowsInfo_v2_t){
		.uncActiveRemaps = device->remapped_rows,
		.bPending = device->remap_pending,
		.bFailureOccurred = device->remap_failed,
	};
	return NVML_SUCCESS;
}

/* In how many banks all spare rows are left, in how many most, some, few and none. */
nvmlReturn_t sim_nvmlDeviceGetRowRemapperHistogram(nvmlDevice_t handle, nvmlRowRemapperHistogramValues_t *values)
{
	NVML_NEED_DEVICE(device, handle);
	unsigned banks, used;

	if (!values)
		return NVML_ERROR_INVALID_ARGUMENT;
	NVML_NEED_COMPUTE(device, >= 8);
	banks = (unsigned)NVML_ATTRIBUTE(device, GLOBAL_MEMORY_BUS_WIDTH) / 2;
	used = device->remapped_rows < banks ? device->remapped_rows : banks;
	*values = (nvmlRowRemapperHistogramValues_t){ .max = banks - used, .high = used };
	return NVML_SUCCESS;
}

nvmlReturn_t sim_nvmlDeviceGetSramEccErrorStatus(nvmlDevice_t handle, nvmlEccSramErrorStatus_t *status)
{
	NVML_NEED_DEVICE(device, handle);
	uint32_t version;

	if (!status)
		return NVML_ERROR_INVALID_ARGUMENT;
	version = status->version;
	if (version != NVML_VERSION_OF(nvmlEccSramErrorStatus_t, 1))
		return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
	NEED_ECC(device);
	NVML_NEED_COMPUTE(device, >= 8);
	memset(status, 0, sizeof(*status));
	status->version = version;
	return NVML_SUCCESS;
}

nvmlReturn_t sim_nvmlDeviceGetRepairStatus(nvmlDevice_t handle, nvmlRepairStatus_t *status)
{
	NVML_NEED_DEVICE(device, handle);
	if (!status)
		return NVML_ERROR_INVALID_ARGUMENT;
	if (status->version != NVML_VERSION_OF(nvmlRepairStatus_t, 1))
		return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
	status->bChannelRepairPending = device->remap_pending;
	status->bTpcRepairPending = 0;
	return NVML_SUCCESS;
}

nvmlReturn_t sim_nvmlDeviceGetUnrepairableMemoryFlag_v1(nvmlDevice_t handle, nvmlUnrepairableMemoryStatus_v1_t *status)
{
	NVML_NEED_DEVICE(device, handle);
	if (!status)
		return NVML_ERROR_INVALID_ARGUMENT;
	status->bUnrepairableMemory = device->remap_failed;
	return NVML_SUCCESS;
}
