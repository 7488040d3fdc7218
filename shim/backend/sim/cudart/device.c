/* SPDX-License-Identifier: Apache-2.0 */
/* Devices as the runtime shows them, and which of them a thread uses. */
#include "shim/backend/sim/cudart/runtime.h"

#include <stddef.h>
#include <string.h>

cudaError_t sim_cudaGetDeviceCount(int *count)
{
	cudaError_t error = runtime_start();

	if (!count)
		RUNTIME_FAIL(cudaErrorInvalidValue);
	*count = error == cudaSuccess ? runtime.count : 0;
	return runtime_note(error);
}

cudaError_t sim_cudaGetDevice(int *device)
{
	RUNTIME_NEED_START();
	if (!device)
		RUNTIME_FAIL(cudaErrorInvalidValue);
	*device = runtime_thread()->device;
	return cudaSuccess;
}

/* Makes the device's primary context at once, as the runtime has done since 12. */
cudaError_t sim_cudaSetDevice(int device)
{
	struct runtime_thread *thread = runtime_thread();

	RUNTIME_NEED_START();
	if (device < 0 || device >= runtime.count)
		RUNTIME_FAIL(cudaErrorInvalidDevice);
	if (thread->device != device || !thread->bound) {
		thread->device = device;
		/* whatever the program made current before, this call says otherwise */
		thread->bound = -1;
	}
	return runtime_note(runtime_bind());
}

#define NEED_ORDINAL(name, ordinal)                                                                \
	RUNTIME_NEED_START();                                                                      \
	if ((ordinal) < 0 || (ordinal) >= runtime.count)                                           \
		RUNTIME_FAIL(cudaErrorInvalidDevice);                                              \
	const struct runtime_device *name = &runtime.device[ordinal]

cudaError_t sim_cudaInitDevice(int device, unsigned int device_flags, unsigned int flags)
{
	int before = runtime_thread()->device;
	cudaError_t error;

	NEED_ORDINAL(chosen, device);
	if (flags & 1) {
		CUresult result =
		    runtime.driver->cuDevicePrimaryCtxSetFlags_v2(chosen->device, device_flags);

		if (result != CUDA_SUCCESS)
			RUNTIME_FAIL(runtime_code(result));
	}
	error = sim_cudaSetDevice(device);
	if (error == cudaSuccess && before != device)
		error = sim_cudaSetDevice(before);
	return error;
}

cudaError_t sim_cudaSetDeviceFlags(unsigned int flags)
{
	RUNTIME_NEED_START();
	RUNTIME_RETURN(cuDevicePrimaryCtxSetFlags_v2(
	    runtime.device[runtime_thread()->device].device, flags & ~(unsigned)CU_CTX_MAP_HOST));
}

cudaError_t sim_cudaGetDeviceFlags(unsigned int *flags)
{
	unsigned int set;
	CUresult result;
	int active;

	RUNTIME_NEED_START();
	if (!flags)
		RUNTIME_FAIL(cudaErrorInvalidValue);
	result = runtime.driver->cuDevicePrimaryCtxGetState(
	    runtime.device[runtime_thread()->device].device, &set, &active);
	if (result != CUDA_SUCCESS)
		RUNTIME_FAIL(runtime_code(result));
	*flags = set | CU_CTX_MAP_HOST;
	return cudaSuccess;
}

cudaError_t sim_cudaDeviceReset(void)
{
	struct runtime_thread *thread = runtime_thread();

	RUNTIME_NEED_START();
	thread->bound = -1;
	runtime_forget_primary(thread->device);
	RUNTIME_RETURN(cuDevicePrimaryCtxReset_v2(runtime.device[thread->device].device));
}

cudaError_t sim_cudaDeviceSynchronize(void)
{
	RUNTIME_NEED_CONTEXT();
	RUNTIME_RETURN(cuCtxSynchronize());
}

/* The two interfaces number their attributes alike. */
cudaError_t sim_cudaDeviceGetAttribute(int *value, cudaDeviceAttr attribute, int device)
{
	NEED_ORDINAL(chosen, device);
	if (!value)
		RUNTIME_FAIL(cudaErrorInvalidValue);
	RUNTIME_RETURN(
	    cuDeviceGetAttribute(value, (CUdevice_attribute)(int)attribute, chosen->device));
}

cudaError_t sim_cudaDeviceGetPCIBusId(char *text, int size, int device)
{
	NEED_ORDINAL(chosen, device);
	RUNTIME_RETURN(cuDeviceGetPCIBusId(text, size, chosen->device));
}

cudaError_t sim_cudaDeviceGetByPCIBusId(int *device, const char *text)
{
	CUdevice found;
	CUresult result;

	RUNTIME_NEED_START();
	if (!device || !text)
		RUNTIME_FAIL(cudaErrorInvalidValue);
	result = runtime.driver->cuDeviceGetByPCIBusId(&found, text);
	if (result != CUDA_SUCCESS)
		RUNTIME_FAIL(runtime_code(result));
	for (int i = 0; i < runtime.count; i++)
		if (runtime.device[i].device == found)
			*device = i;
	return cudaSuccess;
}

cudaError_t sim_cudaDeviceGetP2PAttribute(int *value, cudaDeviceP2PAttr attribute, int from, int to)
{
	NEED_ORDINAL(a, from);
	NEED_ORDINAL(b, to);
	RUNTIME_RETURN(cuDeviceGetP2PAttribute(value, (CUdevice_P2PAttribute)(int)attribute,
					       a->device, b->device));
}

cudaError_t sim_cudaDeviceCanAccessPeer(int *can, int device, int peer)
{
	NEED_ORDINAL(a, device);
	NEED_ORDINAL(b, peer);
	RUNTIME_RETURN(cuDeviceCanAccessPeer(can, a->device, b->device));
}

static cudaError_t change_peer(int peer, bool enable, unsigned int flags)
{
	CUcontext context;
	cudaError_t error;

	RUNTIME_NEED_CONTEXT();
	error = runtime_primary(peer, &context);
	if (error != cudaSuccess)
		RUNTIME_FAIL(error);
	/* The driver's word for a device and itself is another. */
	if (enable && peer == runtime_thread()->device)
		RUNTIME_FAIL(cudaErrorInvalidDevice);
	if (enable)
		RUNTIME_RETURN(cuCtxEnablePeerAccess(context, flags));
	RUNTIME_RETURN(cuCtxDisablePeerAccess(context));
}

cudaError_t sim_cudaDeviceEnablePeerAccess(int peer, unsigned int flags)
{
	return change_peer(peer, true, flags);
}

cudaError_t sim_cudaDeviceDisablePeerAccess(int peer)
{
	return change_peer(peer, false, 0);
}

cudaError_t sim_cudaDeviceGetLimit(size_t *value, cudaLimit limit)
{
	RUNTIME_NEED_CONTEXT();
	RUNTIME_RETURN(cuCtxGetLimit(value, (CUlimit)(int)limit));
}

cudaError_t sim_cudaDeviceSetLimit(cudaLimit limit, size_t value)
{
	RUNTIME_NEED_CONTEXT();
	RUNTIME_RETURN(cuCtxSetLimit((CUlimit)(int)limit, value));
}

cudaError_t sim_cudaDeviceGetCacheConfig(cudaFuncCache *config)
{
	RUNTIME_NEED_CONTEXT();
	RUNTIME_RETURN(cuCtxGetCacheConfig((CUfunc_cache *)config));
}

cudaError_t sim_cudaDeviceSetCacheConfig(cudaFuncCache config)
{
	RUNTIME_NEED_CONTEXT();
	RUNTIME_RETURN(cuCtxSetCacheConfig((CUfunc_cache)(int)config));
}

cudaError_t sim_cudaDeviceGetStreamPriorityRange(int *least, int *greatest)
{
	RUNTIME_NEED_CONTEXT();
	RUNTIME_RETURN(cuCtxGetStreamPriorityRange(least, greatest));
}

/* ---- properties ---- */

static void fill(cudaDeviceProp *prop, const struct runtime_device *device)
{
	memset(prop, 0, sizeof(*prop));
	memcpy(prop->name, device->name, sizeof(prop->name));
	memcpy(&prop->uuid, &device->uuid, sizeof(prop->uuid));
	prop->totalGlobalMem = device->memory_bytes;
#define ATTRIBUTE(name) device->attribute[CU_DEVICE_ATTRIBUTE_##name]
#define P(member, name) prop->member = (__typeof__(prop->member))ATTRIBUTE(name)
	P(sharedMemPerBlock, MAX_SHARED_MEMORY_PER_BLOCK);
	P(regsPerBlock, MAX_REGISTERS_PER_BLOCK);
	P(warpSize, WARP_SIZE);
	P(memPitch, MAX_PITCH);
	P(maxThreadsPerBlock, MAX_THREADS_PER_BLOCK);
	P(maxThreadsDim[0], MAX_BLOCK_DIM_X);
	P(maxThreadsDim[1], MAX_BLOCK_DIM_Y);
	P(maxThreadsDim[2], MAX_BLOCK_DIM_Z);
	P(maxGridSize[0], MAX_GRID_DIM_X);
	P(maxGridSize[1], MAX_GRID_DIM_Y);
	P(maxGridSize[2], MAX_GRID_DIM_Z);
	P(totalConstMem, TOTAL_CONSTANT_MEMORY);
	P(major, COMPUTE_CAPABILITY_MAJOR);
	P(minor, COMPUTE_CAPABILITY_MINOR);
	P(textureAlignment, TEXTURE_ALIGNMENT);
	P(texturePitchAlignment, TEXTURE_PITCH_ALIGNMENT);
	P(multiProcessorCount, MULTIPROCESSOR_COUNT);
	P(integrated, INTEGRATED);
	P(canMapHostMemory, CAN_MAP_HOST_MEMORY);
	P(maxTexture1D, MAXIMUM_TEXTURE1D_WIDTH);
	P(maxTexture1DMipmap, MAXIMUM_TEXTURE1D_MIPMAPPED_WIDTH);
	P(maxTexture2D[0], MAXIMUM_TEXTURE2D_WIDTH);
	P(maxTexture2D[1], MAXIMUM_TEXTURE2D_HEIGHT);
	P(maxTexture2DMipmap[0], MAXIMUM_TEXTURE2D_MIPMAPPED_WIDTH);
	P(maxTexture2DMipmap[1], MAXIMUM_TEXTURE2D_MIPMAPPED_HEIGHT);
	P(maxTexture2DLinear[0], MAXIMUM_TEXTURE2D_LINEAR_WIDTH);
	P(maxTexture2DLinear[1], MAXIMUM_TEXTURE2D_LINEAR_HEIGHT);
	P(maxTexture2DLinear[2], MAXIMUM_TEXTURE2D_LINEAR_PITCH);
	P(maxTexture2DGather[0], MAXIMUM_TEXTURE2D_GATHER_WIDTH);
	P(maxTexture2DGather[1], MAXIMUM_TEXTURE2D_GATHER_HEIGHT);
	P(maxTexture3D[0], MAXIMUM_TEXTURE3D_WIDTH);
	P(maxTexture3D[1], MAXIMUM_TEXTURE3D_HEIGHT);
	P(maxTexture3D[2], MAXIMUM_TEXTURE3D_DEPTH);
	P(maxTexture3DAlt[0], MAXIMUM_TEXTURE3D_WIDTH_ALTERNATE);
	P(maxTexture3DAlt[1], MAXIMUM_TEXTURE3D_HEIGHT_ALTERNATE);
	P(maxTexture3DAlt[2], MAXIMUM_TEXTURE3D_DEPTH_ALTERNATE);
	P(maxTextureCubemap, MAXIMUM_TEXTURECUBEMAP_WIDTH);
	P(maxTexture1DLayered[0], MAXIMUM_TEXTURE1D_LAYERED_WIDTH);
	P(maxTexture1DLayered[1], MAXIMUM_TEXTURE1D_LAYERED_LAYERS);
	P(maxTexture2DLayered[0], MAXIMUM_TEXTURE2D_LAYERED_WIDTH);
	P(maxTexture2DLayered[1], MAXIMUM_TEXTURE2D_LAYERED_HEIGHT);
	P(maxTexture2DLayered[2], MAXIMUM_TEXTURE2D_LAYERED_LAYERS);
	P(maxTextureCubemapLayered[0], MAXIMUM_TEXTURECUBEMAP_LAYERED_WIDTH);
	P(maxTextureCubemapLayered[1], MAXIMUM_TEXTURECUBEMAP_LAYERED_LAYERS);
	P(maxSurface1D, MAXIMUM_SURFACE1D_WIDTH);
	P(maxSurface2D[0], MAXIMUM_SURFACE2D_WIDTH);
	P(maxSurface2D[1], MAXIMUM_SURFACE2D_HEIGHT);
	P(maxSurface3D[0], MAXIMUM_SURFACE3D_WIDTH);
	P(maxSurface3D[1], MAXIMUM_SURFACE3D_HEIGHT);
	P(maxSurface3D[2], MAXIMUM_SURFACE3D_DEPTH);
	P(maxSurface1DLayered[0], MAXIMUM_SURFACE1D_LAYERED_WIDTH);
	P(maxSurface1DLayered[1], MAXIMUM_SURFACE1D_LAYERED_LAYERS);
	P(maxSurface2DLayered[0], MAXIMUM_SURFACE2D_LAYERED_WIDTH);
	P(maxSurface2DLayered[1], MAXIMUM_SURFACE2D_LAYERED_HEIGHT);
	P(maxSurface2DLayered[2], MAXIMUM_SURFACE2D_LAYERED_LAYERS);
	P(maxSurfaceCubemap, MAXIMUM_SURFACECUBEMAP_WIDTH);
	P(maxSurfaceCubemapLayered[0], MAXIMUM_SURFACECUBEMAP_LAYERED_WIDTH);
	P(maxSurfaceCubemapLayered[1], MAXIMUM_SURFACECUBEMAP_LAYERED_LAYERS);
	P(surfaceAlignment, SURFACE_ALIGNMENT);
	P(concurrentKernels, CONCURRENT_KERNELS);
	P(ECCEnabled, ECC_ENABLED);
	P(pciBusID, PCI_BUS_ID);
	P(pciDeviceID, PCI_DEVICE_ID);
	P(pciDomainID, PCI_DOMAIN_ID);
	P(tccDriver, TCC_DRIVER);
	P(asyncEngineCount, ASYNC_ENGINE_COUNT);
	P(unifiedAddressing, UNIFIED_ADDRESSING);
	P(memoryBusWidth, GLOBAL_MEMORY_BUS_WIDTH);
	P(l2CacheSize, L2_CACHE_SIZE);
	P(persistingL2CacheMaxSize, MAX_PERSISTING_L2_CACHE_SIZE);
	P(maxThreadsPerMultiProcessor, MAX_THREADS_PER_MULTIPROCESSOR);
	P(streamPrioritiesSupported, STREAM_PRIORITIES_SUPPORTED);
	P(globalL1CacheSupported, GLOBAL_L1_CACHE_SUPPORTED);
	P(localL1CacheSupported, LOCAL_L1_CACHE_SUPPORTED);
	P(sharedMemPerMultiprocessor, MAX_SHARED_MEMORY_PER_MULTIPROCESSOR);
	P(regsPerMultiprocessor, MAX_REGISTERS_PER_MULTIPROCESSOR);
	P(managedMemory, MANAGED_MEMORY);
	P(isMultiGpuBoard, MULTI_GPU_BOARD);
	P(multiGpuBoardGroupID, MULTI_GPU_BOARD_GROUP_ID);
	P(hostNativeAtomicSupported, HOST_NATIVE_ATOMIC_SUPPORTED);
	P(pageableMemoryAccess, PAGEABLE_MEMORY_ACCESS);
	P(concurrentManagedAccess, CONCURRENT_MANAGED_ACCESS);
	P(computePreemptionSupported, COMPUTE_PREEMPTION_SUPPORTED);
	P(canUseHostPointerForRegisteredMem, CAN_USE_HOST_POINTER_FOR_REGISTERED_MEM);
	P(cooperativeLaunch, COOPERATIVE_LAUNCH);
	P(sharedMemPerBlockOptin, MAX_SHARED_MEMORY_PER_BLOCK_OPTIN);
	P(pageableMemoryAccessUsesHostPageTables, PAGEABLE_MEMORY_ACCESS_USES_HOST_PAGE_TABLES);
	P(directManagedMemAccessFromHost, DIRECT_MANAGED_MEM_ACCESS_FROM_HOST);
	P(maxBlocksPerMultiProcessor, MAX_BLOCKS_PER_MULTIPROCESSOR);
	P(accessPolicyMaxWindowSize, MAX_ACCESS_POLICY_WINDOW_SIZE);
	P(reservedSharedMemPerBlock, RESERVED_SHARED_MEMORY_PER_BLOCK);
	P(hostRegisterSupported, HOST_REGISTER_SUPPORTED);
	P(sparseCudaArraySupported, SPARSE_CUDA_ARRAY_SUPPORTED);
	P(hostRegisterReadOnlySupported, READ_ONLY_HOST_REGISTER_SUPPORTED);
	P(timelineSemaphoreInteropSupported, TIMELINE_SEMAPHORE_INTEROP_SUPPORTED);
	P(memoryPoolsSupported, MEMORY_POOLS_SUPPORTED);
	P(gpuDirectRDMASupported, GPU_DIRECT_RDMA_SUPPORTED);
	P(gpuDirectRDMAFlushWritesOptions, GPU_DIRECT_RDMA_FLUSH_WRITES_OPTIONS);
	P(gpuDirectRDMAWritesOrdering, GPU_DIRECT_RDMA_WRITES_ORDERING);
	P(memoryPoolSupportedHandleTypes, MEMPOOL_SUPPORTED_HANDLE_TYPES);
	P(deferredMappingCudaArraySupported, DEFERRED_MAPPING_CUDA_ARRAY_SUPPORTED);
	P(ipcEventSupported, IPC_EVENT_SUPPORTED);
	P(clusterLaunch, CLUSTER_LAUNCH);
	P(unifiedFunctionPointers, UNIFIED_FUNCTION_POINTERS);
#if SIM_CUDART == 12
	P(clockRate, CLOCK_RATE);
	P(deviceOverlap, GPU_OVERLAP);
	P(kernelExecTimeoutEnabled, KERNEL_EXEC_TIMEOUT);
	P(computeMode, COMPUTE_MODE);
	P(maxTexture1DLinear, MAXIMUM_TEXTURE1D_LINEAR_WIDTH);
	P(memoryClockRate, MEMORY_CLOCK_RATE);
	P(singleToDoublePrecisionPerfRatio, SINGLE_TO_DOUBLE_PRECISION_PERF_RATIO);
	P(cooperativeMultiDeviceLaunch, COOPERATIVE_MULTI_DEVICE_LAUNCH);
#else
	P(deviceNumaConfig, NUMA_CONFIG);
	P(deviceNumaId, NUMA_ID);
	P(mpsEnabled, MPS_ENABLED);
	P(hostNumaId, HOST_NUMA_ID);
	P(gpuPciDeviceID, GPU_PCI_DEVICE_ID);
	P(gpuPciSubsystemID, GPU_PCI_SUBSYSTEM_ID);
	P(hostNumaMultinodeIpcSupported, HOST_NUMA_MULTINODE_IPC_SUPPORTED);
#endif
#undef P
#undef ATTRIBUTE
}

static cudaError_t properties(cudaDeviceProp *prop, size_t size, int device)
{
	cudaDeviceProp whole;

	NEED_ORDINAL(chosen, device);
	if (!prop)
		RUNTIME_FAIL(cudaErrorInvalidValue);
	fill(&whole, chosen);
	memcpy(prop, &whole, size);
	return cudaSuccess;
}

#if SIM_CUDART == 12
/* Callers of the old symbol pass the struct of CUDA 10 and 11: it ends here. */
cudaError_t sim_cudaGetDeviceProperties(cudaDeviceProp *prop, int device)
{
	return properties(prop, offsetof(cudaDeviceProp, maxBlocksPerMultiProcessor), device);
}

cudaError_t sim_cudaGetDeviceProperties_v2(cudaDeviceProp *prop, int device)
{
	return properties(prop, sizeof(*prop), device);
}
#else
cudaError_t sim_cudaGetDeviceProperties(cudaDeviceProp *prop, int device)
{
	return properties(prop, sizeof(*prop), device);
}
#endif
