/* SPDX-License-Identifier: Apache-2.0 */
/* Modes of the simulated NVML's devices, and what their firmware says: what is set here is seen by the whole session. */
#include <stdio.h>
#include <string.h>

#include "shim/backend/sim/nvml/state.h"

#define MIG_MOST 7u

NVML_GET(nvmlDeviceGetPersistenceMode, nvmlEnableState_t, device,
	 nvml_knob(device, NVML_KNOB_PERSISTENCE, device->persistence));
NVML_GET(nvmlDeviceGetComputeMode, nvmlComputeMode_t, device,
	 nvml_knob(device, NVML_KNOB_COMPUTE_MODE, (unsigned)NVML_ATTRIBUTE(device, COMPUTE_MODE)));
NVML_GET(nvmlDeviceGetDisplayMode, nvmlEnableState_t, device, NVML_FEATURE_ENABLED);
NVML_GET(nvmlDeviceGetDisplayActive, nvmlEnableState_t, device, NVML_FEATURE_DISABLED);
NVML_GET(nvmlDeviceGetVirtualizationMode, nvmlGpuVirtualizationMode_t, device, NVML_GPU_VIRTUALIZATION_MODE_NONE);

static nvmlReturn_t set_mode(nvmlDevice_t handle, unsigned knob, unsigned mode, unsigned modes)
{
	NVML_NEED_DEVICE(device, handle);
	NVML_NEED_ROOT();
	if (mode >= modes)
		return NVML_ERROR_INVALID_ARGUMENT;
	nvml_set_knob(device, knob, mode);
	return NVML_SUCCESS;
}

nvmlReturn_t sim_nvmlDeviceSetPersistenceMode(nvmlDevice_t handle, nvmlEnableState_t mode)
{
	return set_mode(handle, NVML_KNOB_PERSISTENCE, (unsigned)mode, 2);
}

nvmlReturn_t sim_nvmlDeviceSetComputeMode(nvmlDevice_t handle, nvmlComputeMode_t mode)
{
	/* "one thread" is of the past */
	return set_mode(handle, NVML_KNOB_COMPUTE_MODE,
			mode == NVML_COMPUTEMODE_EXCLUSIVE_THREAD ? NVML_COMPUTEMODE_COUNT : (unsigned)mode,
			NVML_COMPUTEMODE_COUNT);
}

/* Application clocks are for root, whatever is asked for. */
nvmlReturn_t sim_nvmlDeviceGetAPIRestriction(nvmlDevice_t handle, nvmlRestrictedAPI_t api, nvmlEnableState_t *restricted)
{
	NVML_NEED_DEVICE(device, handle);
	if (!restricted || (unsigned)api >= NVML_RESTRICTED_API_COUNT)
		return NVML_ERROR_INVALID_ARGUMENT;
	if (api == NVML_RESTRICTED_API_SET_APPLICATION_CLOCKS)
		return NVML_ERROR_NOT_SUPPORTED;
	*restricted = nvml_knob(device, NVML_KNOB_BOOST_RESTRICTED, NVML_FEATURE_DISABLED);
	return NVML_SUCCESS;
}

nvmlReturn_t sim_nvmlDeviceSetAPIRestriction(nvmlDevice_t handle, nvmlRestrictedAPI_t api, nvmlEnableState_t restricted)
{
	if ((unsigned)api >= NVML_RESTRICTED_API_COUNT)
		return NVML_ERROR_INVALID_ARGUMENT;
	if (api == NVML_RESTRICTED_API_SET_APPLICATION_CLOCKS)
		return NVML_ERROR_NOT_SUPPORTED;
	return set_mode(handle, NVML_KNOB_BOOST_RESTRICTED, (unsigned)restricted, 2);
}

/* ---- division ---- */

/* Only the large data-centre chips can be divided; here none is. */
static bool can_divide(const struct vgpu_sim_device *device)
{
	int compute = NVML_ATTRIBUTE(device, COMPUTE_CAPABILITY_MAJOR) * 10 +
		      NVML_ATTRIBUTE(device, COMPUTE_CAPABILITY_MINOR);

	return compute == 80 || compute == 90 || compute == 100;
}

nvmlReturn_t sim_nvmlDeviceGetMigMode(nvmlDevice_t handle, unsigned int *current, unsigned int *pending)
{
	NVML_NEED_DEVICE(device, handle);
	if (!current || !pending)
		return NVML_ERROR_INVALID_ARGUMENT;
	if (!can_divide(device))
		return NVML_ERROR_NOT_SUPPORTED;
	*current = *pending = nvml_knob(device, NVML_KNOB_MIG, 0);
	return NVML_SUCCESS;
}

/* Switched while nobody uses the device; instances cannot be made. */
nvmlReturn_t sim_nvmlDeviceSetMigMode(nvmlDevice_t handle, unsigned int mode, nvmlReturn_t *activation)
{
	NVML_NEED_DEVICE(device, handle);
	if (!activation || mode > 1)
		return NVML_ERROR_INVALID_ARGUMENT;
	if (!can_divide(device))
		return NVML_ERROR_NOT_SUPPORTED;
	NVML_NEED_ROOT();
	if (session_used(nvml_index_of(device))) {
		*activation = NVML_ERROR_IN_USE;
		return NVML_ERROR_IN_USE;
	}
	nvml_set_knob(device, NVML_KNOB_MIG, mode);
	*activation = NVML_SUCCESS;
	return NVML_SUCCESS;
}

NVML_GET(nvmlDeviceGetMaxMigDeviceCount, unsigned int, device,
	 can_divide(device) && nvml_knob(device, NVML_KNOB_MIG, 0) ? MIG_MOST : 0);

nvmlReturn_t sim_nvmlDeviceGetMigDeviceHandleByIndex(nvmlDevice_t handle, unsigned int index, nvmlDevice_t *instance)
{
	NVML_NEED_DEVICE(device, handle);
	if (!instance || index >= MIG_MOST)
		return NVML_ERROR_INVALID_ARGUMENT;
	return can_divide(device) ? NVML_ERROR_NOT_FOUND : NVML_ERROR_NOT_SUPPORTED;
}

/* What is asked of an instance is not answered by a whole device. */
static nvmlReturn_t no_instance(nvmlDevice_t handle)
{
	NVML_NEED_DEVICE(device, handle);
	return can_divide(device) ? NVML_ERROR_INVALID_ARGUMENT : NVML_ERROR_NOT_SUPPORTED;
}

nvmlReturn_t sim_nvmlDeviceGetGpuInstanceId(nvmlDevice_t handle, unsigned int *id)
{
	(void)id;
	return no_instance(handle);
}

nvmlReturn_t sim_nvmlDeviceGetComputeInstanceId(nvmlDevice_t handle, unsigned int *id)
{
	(void)id;
	return no_instance(handle);
}

nvmlReturn_t sim_nvmlDeviceGetDeviceHandleFromMigDeviceHandle(nvmlDevice_t handle, nvmlDevice_t *whole)
{
	(void)whole;
	return no_instance(handle);
}

nvmlReturn_t sim_nvmlDeviceGetGpuInstanceById(nvmlDevice_t handle, unsigned int id, nvmlGpuInstance_t *instance)
{
	NVML_NEED_DEVICE(device, handle);
	(void)id;
	if (!instance)
		return NVML_ERROR_INVALID_ARGUMENT;
	return can_divide(device) ? NVML_ERROR_NOT_FOUND : NVML_ERROR_NOT_SUPPORTED;
}

/* ---- firmware ---- */

nvmlReturn_t sim_nvmlDeviceGetGspFirmwareVersion(nvmlDevice_t handle, char *version)
{
	NVML_NEED_DEVICE(device, handle);
	if (!version)
		return NVML_ERROR_INVALID_ARGUMENT;
	NVML_NEED_COMPUTE(device, >= 8);
	return nvml_put_text(version, NVML_GSP_BYTES, sim_devices.driver);
}

nvmlReturn_t sim_nvmlDeviceGetGspFirmwareMode(nvmlDevice_t handle, unsigned int *enabled, unsigned int *by_default)
{
	NVML_NEED_DEVICE(device, handle);
	if (!enabled || !by_default)
		return NVML_ERROR_INVALID_ARGUMENT;
	*enabled = *by_default = NVML_ATTRIBUTE(device, COMPUTE_CAPABILITY_MAJOR) >= 8;
	return NVML_SUCCESS;
}

nvmlReturn_t sim_nvmlDeviceGetInforomImageVersion(nvmlDevice_t handle, char *version, unsigned int size)
{
	NVML_NEED_DEVICE(device, handle);
	return nvml_put_text(version, size, device->inforom);
}

nvmlReturn_t sim_nvmlDeviceGetInforomVersion(nvmlDevice_t handle, nvmlInforomObject_t object, char *version,
					     unsigned int size)
{
	static const char *const texts[] = { [NVML_INFOROM_OEM] = "2.1", [NVML_INFOROM_ECC] = "7.16" };

	NVML_NEED_DEVICE(device, handle);
	if ((unsigned)object >= NVML_INFOROM_COUNT)
		return NVML_ERROR_INVALID_ARGUMENT;
	if (object > NVML_INFOROM_ECC || (object == NVML_INFOROM_ECC && !NVML_ATTRIBUTE(device, ECC_ENABLED)))
		return NVML_ERROR_NOT_SUPPORTED;
	return nvml_put_text(version, size, texts[object]);
}

NVML_GET(nvmlDeviceGetInforomConfigurationChecksum, unsigned int, device, 0);

nvmlReturn_t sim_nvmlDeviceValidateInforom(nvmlDevice_t handle)
{
	NVML_NEED_DEVICE(device, handle);
	(void)device;
	return NVML_SUCCESS;
}

/* ---- the rest ---- */

nvmlReturn_t sim_nvmlDeviceGetC2cModeInfoV(nvmlDevice_t handle, nvmlC2cModeInfo_v1_t *info)
{
	NVML_NEED_DEVICE(device, handle);
	if (!info)
		return NVML_ERROR_INVALID_ARGUMENT;
	info->isC2cEnabled = NVML_ATTRIBUTE(device, PAGEABLE_MEMORY_ACCESS_USES_HOST_PAGE_TABLES) != 0;
	return NVML_SUCCESS;
}

/* A number that is the device's own. */
nvmlReturn_t sim_nvmlDeviceGetPdi(nvmlDevice_t handle, nvmlPdi_t *pdi)
{
	NVML_NEED_DEVICE(device, handle);
	if (!pdi)
		return NVML_ERROR_INVALID_ARGUMENT;
	if (pdi->version != NVML_VERSION_OF(nvmlPdi_t, 1))
		return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
	memcpy(&pdi->value, device->uuid, sizeof(pdi->value));
	return NVML_SUCCESS;
}


nvmlReturn_t sim_nvmlDeviceGetAddressingMode(nvmlDevice_t handle, nvmlDeviceAddressingMode_t *mode)
{
	NVML_NEED_DEVICE(device, handle);
	if (!mode)
		return NVML_ERROR_INVALID_ARGUMENT;
	if (mode->version != NVML_VERSION_OF(nvmlDeviceAddressingMode_t, 1))
		return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
	/* 2: through the host's own page tables; 1: through a copy of them; 0: not at all */
	mode->value = NVML_ATTRIBUTE(device, PAGEABLE_MEMORY_ACCESS_USES_HOST_PAGE_TABLES) ? 2
		      : NVML_ATTRIBUTE(device, PAGEABLE_MEMORY_ACCESS)			   ? 1
											   : 0;
	return NVML_SUCCESS;
}

nvmlReturn_t sim_nvmlDeviceSetHostname_v1(nvmlDevice_t handle, nvmlHostname_v1_t *name)
{
	uint64_t part;

	NVML_NEED_DEVICE(device, handle);
	NVML_NEED_COMPUTE(device, >= 10);
	if (!name || !memchr(name->value, '\0', sizeof(name->value)))
		return NVML_ERROR_INVALID_ARGUMENT;
	NVML_NEED_ROOT();
	for (unsigned i = 0; i < sizeof(name->value) / sizeof(part); i++) {
		memcpy(&part, name->value + i * sizeof(part), sizeof(part));
		session_set(nvml_index_of(device), NVML_KNOB_HOSTNAME + i, part);
	}
	return NVML_SUCCESS;
}

nvmlReturn_t sim_nvmlDeviceGetHostname_v1(nvmlDevice_t handle, nvmlHostname_v1_t *name)
{
	uint64_t part;

	NVML_NEED_DEVICE(device, handle);
	if (!name)
		return NVML_ERROR_INVALID_ARGUMENT;
	NVML_NEED_COMPUTE(device, >= 10);
	for (unsigned i = 0; i < sizeof(name->value) / sizeof(part); i++) {
		part = session_get(nvml_index_of(device), NVML_KNOB_HOSTNAME + i, 0);
		memcpy(name->value + i * sizeof(part), &part, sizeof(part));
	}
	return NVML_SUCCESS;
}

static const struct vgpu_sim_device *by_address(const nvmlPciInfo_t *pci)
{
	for (unsigned i = 0; pci && i < sim_devices.count; i++)
		if (sim_devices.device[i].pci.domain == pci->domain && sim_devices.device[i].pci.bus == pci->bus &&
		    sim_devices.device[i].pci.device == pci->device)
			return &sim_devices.device[i];
	return NULL;
}

nvmlReturn_t sim_nvmlDeviceModifyDrainState(nvmlPciInfo_t *pci, nvmlEnableState_t state)
{
	const struct vgpu_sim_device *device = by_address(pci);

	NVML_NEED_INIT();
	if (!device || (unsigned)state > NVML_FEATURE_ENABLED)
		return NVML_ERROR_INVALID_ARGUMENT;
	NVML_NEED_ROOT();
	nvml_set_knob(device, NVML_KNOB_DRAIN, state);
	return NVML_SUCCESS;
}

nvmlReturn_t sim_nvmlDeviceQueryDrainState(nvmlPciInfo_t *pci, nvmlEnableState_t *state)
{
	const struct vgpu_sim_device *device = by_address(pci);

	NVML_NEED_INIT();
	if (!device || !state)
		return NVML_ERROR_INVALID_ARGUMENT;
	*state = nvml_knob(device, NVML_KNOB_DRAIN, NVML_FEATURE_DISABLED);
	return NVML_SUCCESS;
}

/* ---- confidential computing: off ---- */

nvmlReturn_t sim_nvmlSystemGetConfComputeState(nvmlConfComputeSystemState_t *state)
{
	NVML_NEED_INIT();
	if (!state)
		return NVML_ERROR_INVALID_ARGUMENT;
	*state = (nvmlConfComputeSystemState_t){ 0 };
	return NVML_SUCCESS;
}

nvmlReturn_t sim_nvmlSystemGetConfComputeGpusReadyState(unsigned int *accepting)
{
	NVML_NEED_INIT();
	if (!accepting)
		return NVML_ERROR_INVALID_ARGUMENT;
	*accepting = (unsigned)session_get(0, NVML_KNOB_READY, 0);
	return NVML_SUCCESS;
}

nvmlReturn_t sim_nvmlSystemSetConfComputeGpusReadyState(unsigned int accepting)
{
	NVML_NEED_INIT();
	NVML_NEED_ROOT();
	if (accepting > 1)
		return NVML_ERROR_INVALID_ARGUMENT;
	session_set(0, NVML_KNOB_READY, accepting);
	return NVML_SUCCESS;
}

nvmlReturn_t sim_nvmlSystemGetConfComputeCapabilities(nvmlConfComputeSystemCaps_t *capabilities)
{
	NVML_NEED_INIT();
	if (!capabilities)
		return NVML_ERROR_INVALID_ARGUMENT;
	*capabilities = (nvmlConfComputeSystemCaps_t){ 0 };
	for (unsigned i = 0; i < sim_devices.count; i++)
		if (NVML_ATTRIBUTE(&sim_devices.device[i], COMPUTE_CAPABILITY_MAJOR) >= 9)
			capabilities->gpusCaps = 1;
	return NVML_SUCCESS;
}

nvmlReturn_t sim_nvmlSystemGetConfComputeSettings(nvmlSystemConfComputeSettings_t *settings)
{
	uint32_t version;

	NVML_NEED_INIT();
	if (!settings)
		return NVML_ERROR_INVALID_ARGUMENT;
	version = settings->version;
	if (version != NVML_VERSION_OF(nvmlSystemConfComputeSettings_t, 1))
		return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
	memset(settings, 0, sizeof(*settings));
	settings->version = version;
	return NVML_SUCCESS;
}

nvmlReturn_t sim_nvmlSystemGetConfComputeKeyRotationThresholdInfo(nvmlConfComputeGetKeyRotationThresholdInfo_t *info)
{
	NVML_NEED_INIT();
	if (!info)
		return NVML_ERROR_INVALID_ARGUMENT;
	if (info->version != NVML_VERSION_OF(nvmlConfComputeGetKeyRotationThresholdInfo_t, 1))
		return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
	info->attackerAdvantage = session_get(0, NVML_KNOB_ATTACKER, 60);
	return NVML_SUCCESS;
}

nvmlReturn_t sim_nvmlDeviceGetConfComputeMemSizeInfo(nvmlDevice_t handle, nvmlConfComputeMemSizeInfo_t *info)
{
	NVML_NEED_DEVICE(device, handle);
	if (!info)
		return NVML_ERROR_INVALID_ARGUMENT;
	*info = (nvmlConfComputeMemSizeInfo_t){ .unprotectedMemSizeKib = device->memory_bytes >> 10 };
	return NVML_SUCCESS;
}

nvmlReturn_t sim_nvmlDeviceGetConfComputeProtectedMemoryUsage(nvmlDevice_t handle, nvmlMemory_t *memory)
{
	NVML_NEED_DEVICE(device, handle);
	(void)device;
	if (!memory)
		return NVML_ERROR_INVALID_ARGUMENT;
	*memory = (nvmlMemory_t){ 0 };
	return NVML_SUCCESS;
}
