/* SPDX-License-Identifier: Apache-2.0 */
/* What the driver tells of its devices. Reads only what cuInit wrote: no locks. */
#include <stdio.h>
#include <string.h>

#include "shim/backend/sim/cuda/array.h"
#include "shim/backend/sim/cuda/state.h"

CUresult sim_cuDeviceGetCount(int *count)
{
	CUDA_NEED_INIT();
	if (!count)
		return CUDA_ERROR_INVALID_VALUE;
	*count = (int)cuda_state.count;
	return CUDA_SUCCESS;
}

CUresult sim_cuDeviceGet(CUdevice *device, int ordinal)
{
	CUDA_NEED_INIT();
	if (!device)
		return CUDA_ERROR_INVALID_VALUE;
	if (ordinal < 0 || (uint32_t)ordinal >= cuda_state.count)
		return CUDA_ERROR_INVALID_DEVICE;
	*device = ordinal;
	return CUDA_SUCCESS;
}

CUresult sim_cuDeviceGetName(char *name, int len, CUdevice dev)
{
	CUDA_NEED_DEVICE(device, dev);
	if (!name || !len)
		return CUDA_ERROR_INVALID_VALUE;
	/* A genuine driver takes a negative length for a very large one. */
	snprintf(name, len < 0 ? sizeof(device->is->name) : (size_t)len, "%s", device->is->name);
	return CUDA_SUCCESS;
}

CUresult sim_cuDeviceGetUuid(CUuuid *uuid, CUdevice dev)
{
	CUDA_NEED_DEVICE(device, dev);
	if (!uuid)
		return CUDA_ERROR_INVALID_VALUE;
	memcpy(uuid, device->is->uuid, sizeof(*uuid));
	return CUDA_SUCCESS;
}
SIM_ALIAS(sim_cuDeviceGetUuid_v2, sim_cuDeviceGetUuid);

CUresult sim_cuDeviceTotalMem_v2(size_t *bytes, CUdevice dev)
{
	CUDA_NEED_DEVICE(device, dev);
	if (!bytes)
		return CUDA_ERROR_INVALID_VALUE;
	*bytes = device->is->memory_bytes;
	return CUDA_SUCCESS;
}

CUresult sim_cuDeviceTotalMem(unsigned int *bytes, CUdevice dev)
{
	CUDA_NEED_DEVICE(device, dev);
	if (!bytes)
		return CUDA_ERROR_INVALID_VALUE;
	*bytes =
	    device->is->memory_bytes > UINT32_MAX ? UINT32_MAX : (unsigned)device->is->memory_bytes;
	return CUDA_SUCCESS;
}

CUresult sim_cuDeviceGetAttribute(int *value, CUdevice_attribute attribute, CUdevice dev)
{
	CUDA_NEED_DEVICE(device, dev);
	if (!value || (int)attribute < 1 || (int)attribute >= CU_DEVICE_ATTRIBUTE_MAX)
		return CUDA_ERROR_INVALID_VALUE;
	*value = cuda_attribute(device, attribute);
	return CUDA_SUCCESS;
}

CUresult sim_cuDeviceComputeCapability(int *major, int *minor, CUdevice dev)
{
	CUDA_NEED_DEVICE(device, dev);
	if (!major || !minor)
		return CUDA_ERROR_INVALID_VALUE;
	*major = cuda_attribute(device, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR);
	*minor = cuda_attribute(device, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR);
	return CUDA_SUCCESS;
}

CUresult sim_cuDeviceGetProperties(CUdevprop *prop, CUdevice dev)
{
	CUDA_NEED_DEVICE(device, dev);
	if (!prop)
		return CUDA_ERROR_INVALID_VALUE;
#define ATTRIBUTE(name) cuda_attribute(device, CU_DEVICE_ATTRIBUTE_##name)
	*prop = (CUdevprop){
		.maxThreadsPerBlock = ATTRIBUTE(MAX_THREADS_PER_BLOCK),
		.maxThreadsDim = { ATTRIBUTE(MAX_BLOCK_DIM_X), ATTRIBUTE(MAX_BLOCK_DIM_Y),
				   ATTRIBUTE(MAX_BLOCK_DIM_Z) },
		.maxGridSize = { ATTRIBUTE(MAX_GRID_DIM_X), ATTRIBUTE(MAX_GRID_DIM_Y),
				 ATTRIBUTE(MAX_GRID_DIM_Z) },
		.sharedMemPerBlock = ATTRIBUTE(MAX_SHARED_MEMORY_PER_BLOCK),
		.totalConstantMemory = ATTRIBUTE(TOTAL_CONSTANT_MEMORY),
		.SIMDWidth = ATTRIBUTE(WARP_SIZE),
		.memPitch = ATTRIBUTE(MAX_PITCH),
		.regsPerBlock = ATTRIBUTE(MAX_REGISTERS_PER_BLOCK),
		.clockRate = ATTRIBUTE(CLOCK_RATE),
		.textureAlign = ATTRIBUTE(TEXTURE_ALIGNMENT),
	};
#undef ATTRIBUTE
	return CUDA_SUCCESS;
}

CUresult sim_cuDeviceGetPCIBusId(char *text, int len, CUdevice dev)
{
	char whole[24];
	int n;

	CUDA_NEED_DEVICE(device, dev);
	n = snprintf(whole, sizeof(whole), "%04X:%02X:%02X.0", device->is->pci.domain,
		     device->is->pci.bus, device->is->pci.device);
	if (!text || len <= n)
		return CUDA_ERROR_INVALID_VALUE;
	memcpy(text, whole, (size_t)n + 1);
	return CUDA_SUCCESS;
}

CUresult sim_cuDeviceGetByPCIBusId(CUdevice *dev, const char *text)
{
	unsigned domain = 0, bus, device, function = 0;

	CUDA_NEED_INIT();
	if (!dev || !text)
		return CUDA_ERROR_INVALID_VALUE;
	if (sscanf(text, "%x:%x:%x.%x", &domain, &bus, &device, &function) < 3) {
		domain = 0;
		if (sscanf(text, "%x:%x.%x", &bus, &device, &function) < 2)
			return CUDA_ERROR_INVALID_VALUE;
	}
	for (uint32_t i = 0; i < cuda_state.count; i++) {
		const struct vgpu_sim_pci *pci = &cuda_state.device[i].is->pci;

		if (pci->domain == domain && pci->bus == bus && pci->device == device &&
		    !function) {
			*dev = (CUdevice)i;
			return CUDA_SUCCESS;
		}
	}
	return CUDA_ERROR_INVALID_DEVICE;
}

/* LUIDs belong to another operating system: here the driver itself says so. */
CUresult sim_cuDeviceGetLuid(char *luid, unsigned int *mask, CUdevice dev)
{
	CUDA_NEED_DEVICE(device, dev);
	(void)device;
	return luid && mask ? CUDA_ERROR_NOT_SUPPORTED : CUDA_ERROR_INVALID_VALUE;
}

CUresult sim_cuDeviceCanAccessPeer(int *can, CUdevice dev, CUdevice peer)
{
	CUDA_NEED_DEVICE(device, dev);
	if (!can)
		return CUDA_ERROR_INVALID_VALUE;
	if (peer < 0 || (uint32_t)peer >= cuda_state.count)
		return CUDA_ERROR_INVALID_DEVICE;
	*can = dev != peer && !cuda_attribute(device, CU_DEVICE_ATTRIBUTE_INTEGRATED);
	return CUDA_SUCCESS;
}

CUresult sim_cuDeviceGetP2PAttribute(int *value, CUdevice_P2PAttribute attribute, CUdevice src,
				     CUdevice dst)
{
	CUDA_NEED_DEVICE(device, src);
	(void)device;
	if (dst < 0 || (uint32_t)dst >= cuda_state.count || src == dst)
		return CUDA_ERROR_INVALID_DEVICE;
	if (!value)
		return CUDA_ERROR_INVALID_VALUE;
	switch (attribute) {
	case CU_DEVICE_P2P_ATTRIBUTE_PERFORMANCE_RANK:
		*value = 0;
		return CUDA_SUCCESS;
	case CU_DEVICE_P2P_ATTRIBUTE_ACCESS_SUPPORTED:
	case CU_DEVICE_P2P_ATTRIBUTE_NATIVE_ATOMIC_SUPPORTED:
	case CU_DEVICE_P2P_ATTRIBUTE_CUDA_ARRAY_ACCESS_SUPPORTED:
		*value = 1;
		return CUDA_SUCCESS;
	default:
		return CUDA_ERROR_INVALID_VALUE;
	}
}

CUresult sim_cuDeviceGetExecAffinitySupport(int *value, CUexecAffinityType type, CUdevice dev)
{
	CUDA_NEED_DEVICE(device, dev);
	if (!value || type != CU_EXEC_AFFINITY_TYPE_SM_COUNT)
		return CUDA_ERROR_INVALID_VALUE;
	*value = cuda_attribute(device, CU_DEVICE_ATTRIBUTE_MPS_ENABLED) != 0;
	return CUDA_SUCCESS;
}

CUresult sim_cuDeviceGetTexture1DLinearMaxWidth(size_t *width, CUarray_format format,
						unsigned channels, CUdevice dev)
{
	size_t bytes = cuda_format_bytes(format);

	CUDA_NEED_DEVICE(device, dev);
	if (!width || !bytes || !channels || channels > 4 || channels == 3)
		return CUDA_ERROR_INVALID_VALUE;
	*width =
	    (size_t)cuda_attribute(device, CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE1D_LINEAR_WIDTH) /
	    (bytes * channels);
	return CUDA_SUCCESS;
}
