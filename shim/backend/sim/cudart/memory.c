/* SPDX-License-Identifier: Apache-2.0 */
/* Allocation through the runtime, and what a pointer is. */
#include "shim/backend/sim/cudart/runtime.h"

#include <string.h>

static CUdeviceptr address_of(const void *pointer)
{
	return (CUdeviceptr)(uintptr_t)pointer;
}

static cudaError_t finish(CUresult result, void **pointer, const CUdeviceptr *address)
{
	if (result == CUDA_SUCCESS)
		*pointer = (void *)(uintptr_t)*address;
	return runtime_note(runtime_code(result));
}

cudaError_t sim_cudaMalloc(void **pointer, size_t size)
{
	CUdeviceptr address = 0;

	RUNTIME_NEED_CONTEXT();
	if (!pointer)
		RUNTIME_FAIL(cudaErrorInvalidValue);
	/* the driver has no allocation of no bytes; the runtime has, and it is NULL */
	return finish(size ? runtime.driver->cuMemAlloc_v2(&address, size) : CUDA_SUCCESS, pointer,
		      &address);
}

cudaError_t sim_cudaMallocPitch(void **pointer, size_t *pitch, size_t width, size_t height)
{
	CUdeviceptr address = 0;

	RUNTIME_NEED_CONTEXT();
	if (!pointer || !pitch)
		RUNTIME_FAIL(cudaErrorInvalidValue);
	if (!width || !height) {
		*pitch = 0;
		return finish(CUDA_SUCCESS, pointer, &address);
	}
	return finish(runtime.driver->cuMemAllocPitch_v2(&address, pitch, width, height, 4),
		      pointer, &address);
}

cudaError_t sim_cudaMallocManaged(void **pointer, size_t size, unsigned int flags)
{
	CUdeviceptr address = 0;

	RUNTIME_NEED_CONTEXT();
	if (!pointer || !size)
		RUNTIME_FAIL(cudaErrorInvalidValue);
	return finish(runtime.driver->cuMemAllocManaged(&address, size, flags), pointer, &address);
}

cudaError_t sim_cudaFree(void *pointer)
{
	RUNTIME_NEED_CONTEXT();
	if (!pointer)
		return cudaSuccess;
	RUNTIME_RETURN(cuMemFree_v2(address_of(pointer)));
}

cudaError_t sim_cudaMemGetInfo(size_t *free, size_t *total)
{
	RUNTIME_NEED_CONTEXT();
	RUNTIME_RETURN(cuMemGetInfo_v2(free, total));
}

/* ---- host memory ---- */

cudaError_t sim_cudaHostAlloc(void **pointer, size_t size, unsigned int flags)
{
	RUNTIME_NEED_CONTEXT();
	if (!pointer)
		RUNTIME_FAIL(cudaErrorInvalidValue);
	if (!size) {
		*pointer = NULL;
		return cudaSuccess;
	}
	RUNTIME_RETURN(cuMemHostAlloc(pointer, size, flags));
}

cudaError_t sim_cudaMallocHost(void **pointer, size_t size)
{
	return sim_cudaHostAlloc(pointer, size, 0);
}

cudaError_t sim_cudaFreeHost(void *pointer)
{
	RUNTIME_NEED_CONTEXT();
	if (!pointer)
		return cudaSuccess;
	RUNTIME_RETURN(cuMemFreeHost(pointer));
}

cudaError_t sim_cudaHostRegister(void *pointer, size_t size, unsigned int flags)
{
	RUNTIME_NEED_CONTEXT();
	RUNTIME_RETURN(cuMemHostRegister_v2(pointer, size, flags));
}

cudaError_t sim_cudaHostUnregister(void *pointer)
{
	RUNTIME_NEED_CONTEXT();
	RUNTIME_RETURN(cuMemHostUnregister(pointer));
}

cudaError_t sim_cudaHostGetDevicePointer(void **device, void *pointer, unsigned int flags)
{
	CUdeviceptr address = 0;

	RUNTIME_NEED_CONTEXT();
	if (!device)
		RUNTIME_FAIL(cudaErrorInvalidValue);
	return finish(runtime.driver->cuMemHostGetDevicePointer_v2(&address, pointer, flags),
		      device, &address);
}

cudaError_t sim_cudaHostGetFlags(unsigned int *flags, void *pointer)
{
	RUNTIME_NEED_CONTEXT();
	RUNTIME_RETURN(cuMemHostGetFlags(flags, pointer));
}

/* ---- pointers ---- */

cudaError_t sim_cudaPointerGetAttributes(cudaPointerAttributes *attributes, const void *pointer)
{
	unsigned int memory = 0;
	int managed = 0, ordinal = 0;
	CUdeviceptr device = 0;
	void *host = NULL;
	CUpointer_attribute wanted[] = {
		CU_POINTER_ATTRIBUTE_MEMORY_TYPE,    CU_POINTER_ATTRIBUTE_IS_MANAGED,
		CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL, CU_POINTER_ATTRIBUTE_DEVICE_POINTER,
		CU_POINTER_ATTRIBUTE_HOST_POINTER,
	};
	void *values[] = { &memory, &managed, &ordinal, &device, &host };
	CUresult result;

	RUNTIME_NEED_CONTEXT();
	if (!attributes)
		RUNTIME_FAIL(cudaErrorInvalidValue);
	result = runtime.driver->cuPointerGetAttributes(5, wanted, values, address_of(pointer));
	if (result != CUDA_SUCCESS)
		RUNTIME_FAIL(runtime_code(result));
	memset(attributes, 0, sizeof(*attributes));
	if (!memory) {
		attributes->type = cudaMemoryTypeUnregistered;
		attributes->device = -2;
		attributes->hostPointer = (void *)(uintptr_t)pointer;
		return cudaSuccess;
	}
	attributes->type = managed                        ? cudaMemoryTypeManaged
			   : memory == CU_MEMORYTYPE_HOST ? cudaMemoryTypeHost
							  : cudaMemoryTypeDevice;
	attributes->device = ordinal;
	attributes->devicePointer = (void *)(uintptr_t)device;
	attributes->hostPointer = host;
	return cudaSuccess;
}
