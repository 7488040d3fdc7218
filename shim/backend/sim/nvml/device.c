/* SPDX-License-Identifier: Apache-2.0 */
/* Which devices there are and who they are: handles, names, PCI addresses, what they can do. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "shim/backend/sim/nvml/state.h"

nvmlReturn_t sim_nvmlDeviceGetCount_v2(unsigned int *count)
{
	NVML_NEED_INIT();
	if (!count)
		return NVML_ERROR_INVALID_ARGUMENT;
	*count = sim_devices.count;
	return NVML_SUCCESS;
}
SIM_ALIAS(sim_nvmlDeviceGetCount, sim_nvmlDeviceGetCount_v2);

/* ---- handles ---- */

nvmlReturn_t sim_nvmlDeviceGetHandleByIndex_v2(unsigned int index, nvmlDevice_t *handle)
{
	NVML_NEED_INIT();
	if (!handle || index >= sim_devices.count)
		return NVML_ERROR_INVALID_ARGUMENT;
	*handle = nvml_handle_of(index);
	return NVML_SUCCESS;
}
SIM_ALIAS(sim_nvmlDeviceGetHandleByIndex, sim_nvmlDeviceGetHandleByIndex_v2);

nvmlReturn_t sim_nvmlDeviceGetHandleByUUID(const char *uuid, nvmlDevice_t *handle)
{
	char text[VGPU_SIMDEV_UUID_TEXT];

	NVML_NEED_INIT();
	if (!uuid || !handle)
		return NVML_ERROR_INVALID_ARGUMENT;
	for (unsigned i = 0; i < sim_devices.count; i++) {
		vgpu_simdev_uuid_text(sim_devices.device[i].uuid, text);
		if (!strcasecmp(text, uuid)) {
			*handle = nvml_handle_of(i);
			return NVML_SUCCESS;
		}
	}
	return NVML_ERROR_NOT_FOUND;
}

nvmlReturn_t sim_nvmlDeviceGetHandleByUUIDV(const nvmlUUID_t *uuid, nvmlDevice_t *handle)
{
	char text[VGPU_SIMDEV_UUID_TEXT];

	NVML_NEED_INIT();
	if (!uuid || !handle)
		return NVML_ERROR_INVALID_ARGUMENT;
	if (uuid->version != NVML_VERSION_OF(nvmlUUID_t, 1))
		return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
	if (uuid->type == NVML_UUID_TYPE_ASCII)
		snprintf(text, sizeof(text), "%.*s", (int)sizeof(text) - 1, uuid->value.str);
	else if (uuid->type == NVML_UUID_TYPE_BINARY)
		vgpu_simdev_uuid_text(uuid->value.bytes, text);
	else
		return NVML_ERROR_INVALID_ARGUMENT;
	return sim_nvmlDeviceGetHandleByUUID(text, handle);
}

nvmlReturn_t sim_nvmlDeviceGetHandleBySerial(const char *serial, nvmlDevice_t *handle)
{
	NVML_NEED_INIT();
	if (!serial || !handle)
		return NVML_ERROR_INVALID_ARGUMENT;
	for (unsigned i = 0; i < sim_devices.count; i++) {
		if (!strcmp(sim_devices.device[i].serial, serial)) {
			*handle = nvml_handle_of(i);
			return NVML_SUCCESS;
		}
	}
	return NVML_ERROR_NOT_FOUND;
}

nvmlReturn_t sim_nvmlDeviceGetHandleByPciBusId_v2(const char *text, nvmlDevice_t *handle)
{
	unsigned domain = 0, bus, device, function = 0;

	NVML_NEED_INIT();
	if (!text || !handle)
		return NVML_ERROR_INVALID_ARGUMENT;
	if (sscanf(text, "%x:%x:%x.%x", &domain, &bus, &device, &function) < 3) {
		domain = 0;
		if (sscanf(text, "%x:%x.%x", &bus, &device, &function) < 2)
			return NVML_ERROR_INVALID_ARGUMENT;
	}
	for (unsigned i = 0; i < sim_devices.count; i++) {
		const struct vgpu_sim_pci *pci = &sim_devices.device[i].pci;

		if (pci->domain == domain && pci->bus == bus && pci->device == device &&
		    !function) {
			*handle = nvml_handle_of(i);
			return NVML_SUCCESS;
		}
	}
	return NVML_ERROR_NOT_FOUND;
}
SIM_ALIAS(sim_nvmlDeviceGetHandleByPciBusId, sim_nvmlDeviceGetHandleByPciBusId_v2);

/* ---- identity ---- */

nvmlReturn_t sim_nvmlDeviceGetName(nvmlDevice_t handle, char *name, unsigned int size)
{
	NVML_NEED_DEVICE(device, handle);
	return nvml_put_text(name, size, device->name);
}

nvmlReturn_t sim_nvmlDeviceGetUUID(nvmlDevice_t handle, char *uuid, unsigned int size)
{
	char text[VGPU_SIMDEV_UUID_TEXT];

	NVML_NEED_DEVICE(device, handle);
	vgpu_simdev_uuid_text(device->uuid, text);
	return nvml_put_text(uuid, size, text);
}

nvmlReturn_t sim_nvmlDeviceGetSerial(nvmlDevice_t handle, char *serial, unsigned int size)
{
	NVML_NEED_DEVICE(device, handle);
	return nvml_put_text(serial, size, device->serial);
}

nvmlReturn_t sim_nvmlDeviceGetBoardPartNumber(nvmlDevice_t handle, char *part, unsigned int size)
{
	NVML_NEED_DEVICE(device, handle);
	return nvml_put_text(part, size, device->part);
}

nvmlReturn_t sim_nvmlDeviceGetVbiosVersion(nvmlDevice_t handle, char *version, unsigned int size)
{
	NVML_NEED_DEVICE(device, handle);
	return nvml_put_text(version, size, device->vbios);
}

NVML_GET(nvmlDeviceGetIndex, unsigned int, device, nvml_index_of(device));
NVML_GET(nvmlDeviceGetMinorNumber, unsigned int, device, nvml_index_of(device));
NVML_GET(nvmlDeviceGetModuleId, unsigned int, device, nvml_index_of(device) + 1);
NVML_GET(nvmlDeviceGetBrand, nvmlBrandType_t, device, device->brand);
NVML_GET(nvmlDeviceGetArchitecture, nvmlDeviceArchitecture_t, device, device->architecture);
NVML_GET(nvmlDeviceGetNumGpuCores, unsigned int, device, device->cores);
NVML_GET(nvmlDeviceGetBoardId, unsigned int, device,
	 device->pci.domain << 16 | device->pci.bus << 8 | device->pci.device);
NVML_GET(nvmlDeviceGetMultiGpuBoard, unsigned int, device, 0);
NVML_GET(nvmlDeviceIsMigDeviceHandle, unsigned int, device, 0);
NVML_GET(nvmlDeviceGetBusType, nvmlBusType_t, device, 2); /* PCIe */

nvmlReturn_t sim_nvmlDeviceOnSameBoard(nvmlDevice_t first, nvmlDevice_t second, int *same)
{
	NVML_NEED_DEVICE(a, first);
	NVML_NEED_DEVICE(b, second);
	if (!same)
		return NVML_ERROR_INVALID_ARGUMENT;
	*same = a == b;
	return NVML_SUCCESS;
}

nvmlReturn_t sim_nvmlDeviceGetCudaComputeCapability(nvmlDevice_t handle, int *major, int *minor)
{
	NVML_NEED_DEVICE(device, handle);
	if (!major || !minor)
		return NVML_ERROR_INVALID_ARGUMENT;
	*major = NVML_ATTRIBUTE(device, COMPUTE_CAPABILITY_MAJOR);
	*minor = NVML_ATTRIBUTE(device, COMPUTE_CAPABILITY_MINOR);
	return NVML_SUCCESS;
}

/* ---- PCI, in each layout that a caller may have been built for ---- */

static void put_pci(nvmlPciInfo_t *pci, const struct vgpu_sim_device *device)
{
	memset(pci, 0, sizeof(*pci));
	snprintf(pci->busIdLegacy, sizeof(pci->busIdLegacy), "%04X:%02X:%02X.0",
		 device->pci.domain & 0xffff, device->pci.bus & 0xff, device->pci.device & 0xff);
	snprintf(pci->busId, sizeof(pci->busId), "%08X:%02X:%02X.0", device->pci.domain,
		 device->pci.bus, device->pci.device);
	pci->domain = device->pci.domain;
	pci->bus = device->pci.bus;
	pci->device = device->pci.device;
	pci->pciDeviceId = device->pci_id;
	pci->pciSubSystemId = device->pci_subsystem;
}

/* Callers of the older symbols pass less room: nothing past it is touched. */
static nvmlReturn_t get_pci(nvmlDevice_t handle, nvmlPciInfo_t *pci, size_t size)
{
	nvmlPciInfo_t whole;

	NVML_NEED_DEVICE(device, handle);
	if (!pci)
		return NVML_ERROR_INVALID_ARGUMENT;
	put_pci(&whole, device);
	memcpy(pci, &whole, size);
	return NVML_SUCCESS;
}

nvmlReturn_t sim_nvmlDeviceGetPciInfo_v3(nvmlDevice_t handle, nvmlPciInfo_t *pci)
{
	return get_pci(handle, pci, sizeof(*pci));
}

nvmlReturn_t sim_nvmlDeviceGetPciInfo_v2(nvmlDevice_t handle, nvmlPciInfo_t *pci)
{
	return get_pci(handle, pci, offsetof(nvmlPciInfo_t, busId));
}

nvmlReturn_t sim_nvmlDeviceGetPciInfo(nvmlDevice_t handle, nvmlPciInfo_t *pci)
{
	return get_pci(handle, pci, offsetof(nvmlPciInfo_t, pciSubSystemId));
}

nvmlReturn_t sim_nvmlDeviceGetPciInfoExt(nvmlDevice_t handle, nvmlPciInfoExt_t *pci)
{
	NVML_NEED_DEVICE(device, handle);
	if (!pci)
		return NVML_ERROR_INVALID_ARGUMENT;
	if (pci->version != NVML_VERSION_OF(nvmlPciInfoExt_t, 1))
		return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
	pci->domain = device->pci.domain;
	pci->bus = device->pci.bus;
	pci->device = device->pci.device;
	pci->pciDeviceId = device->pci_id;
	pci->pciSubSystemId = device->pci_subsystem;
	pci->baseClass = 3;
	pci->subClass = 2;
	snprintf(pci->busId, sizeof(pci->busId), "%08X:%02X:%02X.0", device->pci.domain,
		 device->pci.bus, device->pci.device);
	return NVML_SUCCESS;
}

NVML_GET(nvmlDeviceGetMaxPcieLinkGeneration, unsigned int, device, device->pcie_generation);
NVML_GET(nvmlDeviceGetGpuMaxPcieLinkGeneration, unsigned int, device, device->pcie_generation);
NVML_GET(nvmlDeviceGetCurrPcieLinkGeneration, unsigned int, device, device->pcie_generation);
NVML_GET(nvmlDeviceGetMaxPcieLinkWidth, unsigned int, device, device->pcie_width);
NVML_GET(nvmlDeviceGetCurrPcieLinkWidth, unsigned int, device, device->pcie_width);
NVML_GET(nvmlDeviceGetPcieReplayCounter, unsigned int, device, 0);
/* Megatransfers a second. */
static unsigned speed_of(const struct vgpu_sim_device *device)
{
	static const unsigned speeds[] = { 2500, 5000, 8000, 16000, 32000, 64000, 128000, 256000 };

	return speeds[device->pcie_generation - 1];
}

NVML_GET(nvmlDeviceGetPcieSpeed, unsigned int, device, speed_of(device));
