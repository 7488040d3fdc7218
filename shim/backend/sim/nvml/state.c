/* SPDX-License-Identifier: Apache-2.0 */
/* Initialisation of the simulated NVML, what it says of the system, and its result codes. */
#include "shim/backend/sim/nvml/state.h"

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static unsigned users; /* nvmlInit calls not yet undone; atomic */

static void forget(void)
{
	__atomic_store_n(&users, 0, __ATOMIC_RELAXED);
}

int sim_start(bool fork, sim_say say)
{
	static bool registered;

	if (fork)
		forget();
	else if (!registered)
		registered = !pthread_atfork(NULL, NULL, forget);
	return sim_devices_open(say);
}

bool nvml_ready(void)
{
	return __atomic_load_n(&users, __ATOMIC_ACQUIRE) != 0;
}

nvmlReturn_t sim_nvmlInit_v2(void)
{
	__atomic_add_fetch(&users, 1, __ATOMIC_ACQ_REL);
	return NVML_SUCCESS;
}
SIM_ALIAS(sim_nvmlInit, sim_nvmlInit_v2);

nvmlReturn_t sim_nvmlInitWithFlags(unsigned int flags)
{
	(void)flags; /* 1: no devices is no error; 2: do not attach; it is none here either way */
	return sim_nvmlInit_v2();
}

nvmlReturn_t sim_nvmlShutdown(void)
{
	unsigned n = __atomic_load_n(&users, __ATOMIC_RELAXED);

	do {
		if (!n)
			return NVML_ERROR_UNINITIALIZED;
	} while (!__atomic_compare_exchange_n(&users, &n, n - 1, true, __ATOMIC_ACQ_REL,
					      __ATOMIC_RELAXED));
	return NVML_SUCCESS;
}

const struct vgpu_sim_device *nvml_device_of(nvmlDevice_t handle)
{
	uintptr_t offset = (uintptr_t)handle - (uintptr_t)sim_devices.device;
	size_t index = offset / sizeof(sim_devices.device[0]);

	if (offset % sizeof(sim_devices.device[0]) || index >= sim_devices.count)
		return NULL;
	return &sim_devices.device[index];
}

nvmlDevice_t nvml_handle_of(unsigned index)
{
	return (nvmlDevice_t)&sim_devices.device[index];
}

nvmlReturn_t nvml_put_text(char *out, unsigned size, const char *text)
{
	size_t n = strlen(text) + 1;

	if (!out)
		return NVML_ERROR_INVALID_ARGUMENT;
	if (n > size)
		return NVML_ERROR_INSUFFICIENT_SIZE;
	memcpy(out, text, n);
	return NVML_SUCCESS;
}

/* ---- the system ---- */

nvmlReturn_t sim_nvmlSystemGetDriverVersion(char *version, unsigned int size)
{
	NVML_NEED_INIT();
	return nvml_put_text(version, size, sim_devices.driver);
}

nvmlReturn_t sim_nvmlSystemGetNVMLVersion(char *version, unsigned int size)
{
	char text[sizeof(sim_devices.driver) + 16];

	snprintf(text, sizeof(text), "%d.%s", sim_devices.cuda_version / 1000, sim_devices.driver);
	return nvml_put_text(version, size, text);
}

nvmlReturn_t sim_nvmlSystemGetCudaDriverVersion_v2(int *version)
{
	if (!version)
		return NVML_ERROR_INVALID_ARGUMENT;
	*version = sim_devices.cuda_version;
	return NVML_SUCCESS;
}
SIM_ALIAS(sim_nvmlSystemGetCudaDriverVersion, sim_nvmlSystemGetCudaDriverVersion_v2);

nvmlReturn_t sim_nvmlSystemGetDriverBranch(nvmlSystemDriverBranchInfo_t *info, unsigned int size)
{
	NVML_NEED_INIT();
	if (!info)
		return NVML_ERROR_INVALID_ARGUMENT;
	if (info->version != NVML_VERSION_OF(nvmlSystemDriverBranchInfo_t, 1))
		return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
	if (size > sizeof(info->branch))
		size = sizeof(info->branch);
	if ((unsigned)snprintf(info->branch, size, "r%.3s_00", sim_devices.driver) >= size)
		return NVML_ERROR_INSUFFICIENT_SIZE;
	return NVML_SUCCESS;
}

nvmlReturn_t sim_nvmlSystemGetHicVersion(unsigned int *count, nvmlHwbcEntry_t *entries)
{
	(void)entries;
	return sim_nvmlUnitGetCount(count);
}

nvmlReturn_t sim_nvmlGetExcludedDeviceCount(unsigned int *count)
{
	return sim_nvmlUnitGetCount(count);
}

nvmlReturn_t sim_nvmlGetExcludedDeviceInfoByIndex(unsigned int index, nvmlExcludedDeviceInfo_t *info)
{
	(void)index; /* past the last, whichever it is */
	(void)info;
	NVML_NEED_INIT();
	return NVML_ERROR_INVALID_ARGUMENT;
}

/* The S-class units of old; no machine of today has one. */
nvmlReturn_t sim_nvmlUnitGetCount(unsigned int *count)
{
	NVML_NEED_INIT();
	if (!count)
		return NVML_ERROR_INVALID_ARGUMENT;
	*count = 0;
	return NVML_SUCCESS;
}

const char *sim_nvmlErrorString(nvmlReturn_t result)
{
	static const struct {
		nvmlReturn_t result;
		const char *text;
	} texts[] = {
		{ NVML_SUCCESS, "Success" },
		{ NVML_ERROR_UNINITIALIZED, "Uninitialized" },
		{ NVML_ERROR_INVALID_ARGUMENT, "Invalid Argument" },
		{ NVML_ERROR_NOT_SUPPORTED, "Not Supported" },
		{ NVML_ERROR_NO_PERMISSION, "Insufficient Permissions" },
		{ NVML_ERROR_ALREADY_INITIALIZED, "Already Initialized" },
		{ NVML_ERROR_NOT_FOUND, "Not Found" },
		{ NVML_ERROR_INSUFFICIENT_SIZE, "Insufficient Size" },
		{ NVML_ERROR_INSUFFICIENT_POWER, "Power cable is missing" },
		{ NVML_ERROR_DRIVER_NOT_LOADED, "Driver Not Loaded" },
		{ NVML_ERROR_TIMEOUT, "Timeout" },
		{ NVML_ERROR_IRQ_ISSUE, "Interrupt problem" },
		{ NVML_ERROR_LIBRARY_NOT_FOUND, "Shared library not found" },
		{ NVML_ERROR_FUNCTION_NOT_FOUND, "Function Not Found" },
		{ NVML_ERROR_CORRUPTED_INFOROM, "Inforom is corrupt" },
		{ NVML_ERROR_GPU_IS_LOST, "GPU is lost" },
		{ NVML_ERROR_RESET_REQUIRED, "GPU needs a reset" },
		{ NVML_ERROR_OPERATING_SYSTEM, "Operating system refused" },
		{ NVML_ERROR_LIB_RM_VERSION_MISMATCH, "Driver/library version mismatch" },
		{ NVML_ERROR_IN_USE, "In use" },
		{ NVML_ERROR_MEMORY, "Out of memory" },
		{ NVML_ERROR_NO_DATA, "No data" },
		{ NVML_ERROR_VGPU_ECC_NOT_SUPPORTED, "Not with ECC on" },
		{ NVML_ERROR_INSUFFICIENT_RESOURCES, "Resources exhausted" },
		{ NVML_ERROR_FREQ_NOT_SUPPORTED, "Frequency not supported" },
		{ NVML_ERROR_ARGUMENT_VERSION_MISMATCH, "Argument version mismatch" },
		{ NVML_ERROR_DEPRECATED, "Deprecated" },
		{ NVML_ERROR_NOT_READY, "Not ready" },
		{ NVML_ERROR_GPU_NOT_FOUND, "No GPU found" },
		{ NVML_ERROR_INVALID_STATE, "Not valid in this state" },
		{ NVML_ERROR_RESET_TYPE_NOT_SUPPORTED, "Kind of reset not supported" },
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (texts[i].result == result)
			return texts[i].text;
	return "Unknown Error";
}
