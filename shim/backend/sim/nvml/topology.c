/* SPDX-License-Identifier: Apache-2.0 */
/* How simulated devices are joined to each other, to processors and to the bus, as NVML tells it. */
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include "shim/backend/sim/nvml/state.h"

/* ---- the bus ---- */

NVML_GET(nvmlDeviceGetPcieLinkMaxSpeed, unsigned int, device, device->pcie_generation);

nvmlReturn_t sim_nvmlDeviceGetPcieThroughput(nvmlDevice_t handle, nvmlPcieUtilCounter_t counter, unsigned int *value)
{
	NVML_NEED_DEVICE(device, handle);
	if (!value || (unsigned)counter >= NVML_PCIE_UTIL_COUNT)
		return NVML_ERROR_INVALID_ARGUMENT;
	*value = counter == NVML_PCIE_UTIL_TX_BYTES ? device->pcie_tx_kbs : device->pcie_rx_kbs;
	return NVML_SUCCESS;
}

/* ---- processors ---- */

#define WORD_BITS (8u * sizeof(unsigned long))

/* All processors are as near as any. */
static nvmlReturn_t put_processors(nvmlDevice_t handle, unsigned size, unsigned long *set)
{
	long count = sysconf(_SC_NPROCESSORS_CONF);

	NVML_NEED_DEVICE(device, handle);
	(void)device;
	if (!set || !size)
		return NVML_ERROR_INVALID_ARGUMENT;
	if ((unsigned long)count > size * WORD_BITS)
		return NVML_ERROR_INSUFFICIENT_SIZE;
	memset(set, 0, size * sizeof(*set));
	for (long i = 0; i < count; i++)
		set[(unsigned long)i / WORD_BITS] |= 1ul << (unsigned long)i % WORD_BITS;
	return NVML_SUCCESS;
}

nvmlReturn_t sim_nvmlDeviceGetCpuAffinity(nvmlDevice_t handle, unsigned int size, unsigned long *set)
{
	return put_processors(handle, size, set);
}

nvmlReturn_t sim_nvmlDeviceGetCpuAffinityWithinScope(nvmlDevice_t handle, unsigned int size, unsigned long *set,
						     nvmlAffinityScope_t scope)
{
	if (scope > 1) /* a node, a socket */
		return NVML_ERROR_INVALID_ARGUMENT;
	return put_processors(handle, size, set);
}

nvmlReturn_t sim_nvmlDeviceGetMemoryAffinity(nvmlDevice_t handle, unsigned int size, unsigned long *set,
					     nvmlAffinityScope_t scope)
{
	NVML_NEED_DEVICE(device, handle);
	if (!set || !size || scope > 1)
		return NVML_ERROR_INVALID_ARGUMENT;
	if (device->numa_node / WORD_BITS >= size)
		return NVML_ERROR_INSUFFICIENT_SIZE;
	memset(set, 0, size * sizeof(*set));
	set[device->numa_node / WORD_BITS] |= 1ul << device->numa_node % WORD_BITS;
	return NVML_SUCCESS;
}

/* The calling thread may run on every processor of the device, which is every one. */
static nvmlReturn_t set_affinity(nvmlDevice_t handle)
{
	cpu_set_t set;

	NVML_NEED_DEVICE(device, handle);
	(void)device;
	CPU_ZERO(&set);
	for (long i = 0; i < sysconf(_SC_NPROCESSORS_CONF) && i < CPU_SETSIZE; i++)
		CPU_SET((int)i, &set);
	return sched_setaffinity(0, sizeof(set), &set) ? NVML_ERROR_OPERATING_SYSTEM : NVML_SUCCESS;
}

nvmlReturn_t sim_nvmlDeviceSetCpuAffinity(nvmlDevice_t handle)
{
	return set_affinity(handle);
}

nvmlReturn_t sim_nvmlDeviceClearCpuAffinity(nvmlDevice_t handle)
{
	return set_affinity(handle);
}

/* Of those whose memory is a node of the host's. */
nvmlReturn_t sim_nvmlDeviceGetNumaNodeId(nvmlDevice_t handle, unsigned int *node)
{
	NVML_NEED_DEVICE(device, handle);
	if (!node)
		return NVML_ERROR_INVALID_ARGUMENT;
	if (!NVML_ATTRIBUTE(device, PAGEABLE_MEMORY_ACCESS_USES_HOST_PAGE_TABLES))
		return NVML_ERROR_NOT_SUPPORTED;
	*node = device->numa_node;
	return NVML_SUCCESS;
}

/* ---- each other ---- */

static nvmlGpuTopologyLevel_t level_of(const struct vgpu_sim_device *a, const struct vgpu_sim_device *b)
{
	if (a == b)
		return NVML_TOPOLOGY_INTERNAL;
	if (a->numa_node != b->numa_node)
		return NVML_TOPOLOGY_SYSTEM;
	return a->pci.domain == b->pci.domain ? NVML_TOPOLOGY_HOSTBRIDGE : NVML_TOPOLOGY_NODE;
}

nvmlReturn_t sim_nvmlDeviceGetTopologyCommonAncestor(nvmlDevice_t first, nvmlDevice_t second,
						     nvmlGpuTopologyLevel_t *level)
{
	NVML_NEED_DEVICE(a, first);
	NVML_NEED_DEVICE(b, second);
	if (!level)
		return NVML_ERROR_INVALID_ARGUMENT;
	if (a == b)
		return NVML_ERROR_NOT_SUPPORTED;
	*level = level_of(a, b);
	return NVML_SUCCESS;
}

nvmlReturn_t sim_nvmlDeviceGetTopologyNearestGpus(nvmlDevice_t handle, nvmlGpuTopologyLevel_t level, unsigned int *count,
						  nvmlDevice_t *devices)
{
	NVML_NEED_DEVICE(device, handle);
	unsigned there = 0, room;

	if (!count)
		return NVML_ERROR_INVALID_ARGUMENT;
	room = *count;
	for (unsigned i = 0; i < sim_devices.count; i++) {
		const struct vgpu_sim_device *other = &sim_devices.device[i];

		if (other == device || level_of(device, other) > level)
			continue;
		if (devices && there < room)
			devices[there] = nvml_handle_of(i);
		there++;
	}
	*count = there;
	return devices && room < there ? NVML_ERROR_INSUFFICIENT_SIZE : NVML_SUCCESS;
}

nvmlReturn_t sim_nvmlSystemGetTopologyGpuSet(unsigned int processor, unsigned int *count, nvmlDevice_t *devices)
{
	unsigned room;

	NVML_NEED_INIT();
	if (!count || processor >= (unsigned long)sysconf(_SC_NPROCESSORS_CONF))
		return NVML_ERROR_INVALID_ARGUMENT;
	room = *count;
	*count = sim_devices.count;
	if (!devices)
		return NVML_SUCCESS;
	if (room < sim_devices.count)
		return NVML_ERROR_INSUFFICIENT_SIZE;
	for (unsigned i = 0; i < sim_devices.count; i++)
		devices[i] = nvml_handle_of(i);
	return NVML_SUCCESS;
}

nvmlReturn_t sim_nvmlDeviceGetP2PStatus(nvmlDevice_t first, nvmlDevice_t second, nvmlGpuP2PCapsIndex_t what,
					nvmlGpuP2PStatus_t *status)
{
	NVML_NEED_DEVICE(a, first);
	NVML_NEED_DEVICE(b, second);
	if (!status || (unsigned)what >= NVML_P2P_CAPS_INDEX_UNKNOWN)
		return NVML_ERROR_INVALID_ARGUMENT;
	/* Cards for games do not reach each other, nor do unlike ones. */
	if (a == b)
		*status = NVML_P2P_STATUS_NOT_SUPPORTED;
	else if (a->architecture != b->architecture)
		*status = NVML_P2P_STATUS_GPU_NOT_SUPPORTED;
	else if (what == NVML_P2P_CAPS_INDEX_NVLINK || what == NVML_P2P_CAPS_INDEX_ATOMICS)
		*status = a->nvlinks && b->nvlinks ? NVML_P2P_STATUS_OK : NVML_P2P_STATUS_NOT_SUPPORTED;
	else
		*status = a->brand == NVML_BRAND_GEFORCE || b->brand == NVML_BRAND_GEFORCE
				  ? NVML_P2P_STATUS_CHIPSET_NOT_SUPPORTED
				  : NVML_P2P_STATUS_OK;
	return NVML_SUCCESS;
}

/* ---- NVLink: every link of a device goes to a switch, and works ---- */

#define NEED_LINK(device, link)                                                                    \
	do {                                                                                       \
		if (!(device)->nvlinks)                                                            \
			return NVML_ERROR_NOT_SUPPORTED;                                           \
		if ((link) >= (device)->nvlinks)                                                   \
			return NVML_ERROR_INVALID_ARGUMENT;                                        \
	} while (0)

nvmlReturn_t sim_nvmlDeviceGetNvLinkState(nvmlDevice_t handle, unsigned int link, nvmlEnableState_t *active)
{
	NVML_NEED_DEVICE(device, handle);
	if (!active)
		return NVML_ERROR_INVALID_ARGUMENT;
	NEED_LINK(device, link);
	*active = NVML_FEATURE_ENABLED;
	return NVML_SUCCESS;
}

nvmlReturn_t sim_nvmlDeviceGetNvLinkVersion(nvmlDevice_t handle, unsigned int link, unsigned int *version)
{
	NVML_NEED_DEVICE(device, handle);
	if (!version)
		return NVML_ERROR_INVALID_ARGUMENT;
	NEED_LINK(device, link);
	*version = NVML_ATTRIBUTE(device, COMPUTE_CAPABILITY_MAJOR) >= 9   ? 4
		   : NVML_ATTRIBUTE(device, COMPUTE_CAPABILITY_MAJOR) >= 8 ? 3
									   : 2;
	return NVML_SUCCESS;
}

nvmlReturn_t sim_nvmlDeviceGetNvLinkCapability(nvmlDevice_t handle, unsigned int link,
					       nvmlNvLinkCapability_t capability, unsigned int *result)
{
	NVML_NEED_DEVICE(device, handle);
	NEED_LINK(device, link);
	if (!result || (unsigned)capability >= NVML_NVLINK_CAP_COUNT)
		return NVML_ERROR_INVALID_ARGUMENT;
	*result = capability != NVML_NVLINK_CAP_SLI_BRIDGE;
	return NVML_SUCCESS;
}

nvmlReturn_t sim_nvmlDeviceGetNvLinkErrorCounter(nvmlDevice_t handle, unsigned int link, nvmlNvLinkErrorCounter_t counter,
						 unsigned long long *value)
{
	NVML_NEED_DEVICE(device, handle);
	NEED_LINK(device, link);
	if (!value || (unsigned)counter >= NVML_NVLINK_ERROR_COUNT)
		return NVML_ERROR_INVALID_ARGUMENT;
	*value = 0;
	return NVML_SUCCESS;
}

nvmlReturn_t sim_nvmlDeviceResetNvLinkErrorCounters(nvmlDevice_t handle, unsigned int link)
{
	NVML_NEED_DEVICE(device, handle);
	NEED_LINK(device, link);
	NVML_NEED_ROOT();
	return NVML_SUCCESS;
}

nvmlReturn_t sim_nvmlDeviceGetNvLinkRemoteDeviceType(nvmlDevice_t handle, unsigned int link, nvmlIntNvLinkDeviceType_t *type)
{
	NVML_NEED_DEVICE(device, handle);
	if (!type)
		return NVML_ERROR_INVALID_ARGUMENT;
	NEED_LINK(device, link);
	*type = NVML_NVLINK_DEVICE_TYPE_SWITCH;
	return NVML_SUCCESS;
}
