/* SPDX-License-Identifier: Apache-2.0 */
/* Memory and load of the simulated NVML's devices. */
#include <stdint.h>

#include "shim/backend/sim/nvml/state.h"

#define BAR1_USED (UINT64_C(13) << 17) /* by the driver itself */

/* ---- memory ---- */

nvmlReturn_t sim_nvmlDeviceGetMemoryInfo(nvmlDevice_t handle, nvmlMemory_t *memory)
{
	uint64_t used;

	NVML_NEED_DEVICE(device, handle);
	if (!memory)
		return NVML_ERROR_INVALID_ARGUMENT;
	used = session_used(nvml_index_of(device));
	*memory = (nvmlMemory_t){
		.total = device->memory_bytes + device->reserved_bytes,
		.free = device->memory_bytes - used,
		.used = device->reserved_bytes + used, /* the first version knows no other place for it */
	};
	return NVML_SUCCESS;
}

nvmlReturn_t sim_nvmlDeviceGetMemoryInfo_v2(nvmlDevice_t handle, nvmlMemory_v2_t *memory)
{
	NVML_NEED_DEVICE(device, handle);
	if (!memory)
		return NVML_ERROR_INVALID_ARGUMENT;
	if (memory->version != NVML_VERSION_OF(nvmlMemory_v2_t, 2))
		return NVML_ERROR_FUNCTION_NOT_FOUND; /* that, and not a mismatch, the driver says */
	memory->total = device->memory_bytes + device->reserved_bytes;
	memory->reserved = device->reserved_bytes;
	memory->used = session_used(nvml_index_of(device));
	memory->free = device->memory_bytes - memory->used;
	return NVML_SUCCESS;
}

nvmlReturn_t sim_nvmlDeviceGetBAR1MemoryInfo(nvmlDevice_t handle, nvmlBAR1Memory_t *memory)
{
	NVML_NEED_DEVICE(device, handle);
	if (!memory)
		return NVML_ERROR_INVALID_ARGUMENT;
	*memory = (nvmlBAR1Memory_t){
		.bar1Total = device->bar1_bytes,
		.bar1Free = device->bar1_bytes - BAR1_USED,
		.bar1Used = BAR1_USED,
	};
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
