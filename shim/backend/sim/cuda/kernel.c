/* SPDX-License-Identifier: Apache-2.0 */
/* What a kernel is asked for, and how many of its blocks fit. */
#include "shim/backend/sim/cuda/module.h"

#define NEED_KERNEL(name, handle)                                                                  \
	CUDA_NEED_INIT();                                                                          \
	struct cuda_kernel *name = cuda_kernel_of(handle);                                         \
	if (!name)                                                                                 \
	return CUDA_ERROR_INVALID_HANDLE

/* What the code was built for, else what the device can. */
int cuda_kernel_max_threads(const struct cuda_kernel *kernel, const struct cuda_device *device)
{
	int most = cuda_attribute(device, CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK);
	int registers = cuda_attribute(device, CU_DEVICE_ATTRIBUTE_MAX_REGISTERS_PER_BLOCK) /
			(int)cuda_kernel_registers(kernel) / 32 * 32;

	if (kernel->is && kernel->is->max_threads && (int)kernel->is->max_threads < most)
		most = (int)kernel->is->max_threads;
	return registers && registers < most ? registers : most;
}

/* Of the module that it is in, as the compiler counts them. */
static int constant_bytes(const struct cuda_kernel *kernel)
{
	const struct cuda_library *library = (const struct cuda_library *)kernel->object.owner;
	uint64_t bytes = 0;

	for (uint32_t i = 0; library->image && i < library->image->global_count; i++)
		if (library->image->globals[i].constant)
			bytes += library->image->globals[i].size;
	return (int)bytes;
}

static CUresult get(int *value, CUfunction_attribute attribute, const struct cuda_kernel *kernel,
		    const struct cuda_device *device)
{
	if (!value)
		return CUDA_ERROR_INVALID_VALUE;
	switch (attribute) {
	case CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK:
		*value = cuda_kernel_max_threads(kernel, device);
		break;
	case CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES:
		*value = kernel->is ? (int)kernel->is->shared_bytes : 0;
		break;
	case CU_FUNC_ATTRIBUTE_LOCAL_SIZE_BYTES:
		*value = kernel->is ? (int)kernel->is->local_bytes : 0;
		break;
	case CU_FUNC_ATTRIBUTE_CONST_SIZE_BYTES:
		*value = constant_bytes(kernel);
		break;
	case CU_FUNC_ATTRIBUTE_CACHE_MODE_CA:
		*value = 0;
		break;
	case CU_FUNC_ATTRIBUTE_NUM_REGS:
		*value = (int)cuda_kernel_registers(kernel);
		break;
	case CU_FUNC_ATTRIBUTE_PTX_VERSION:
	case CU_FUNC_ATTRIBUTE_BINARY_VERSION:
		*value = cuda_attribute(device, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR) * 10 +
			 cuda_attribute(device, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR);
		break;
	case CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES:
		*value = kernel->dynamic_shared;
		break;
	case CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT:
		*value = kernel->carveout;
		break;
	case CU_FUNC_ATTRIBUTE_CLUSTER_SIZE_MUST_BE_SET:
		*value = kernel->cluster_required;
		break;
	case CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_WIDTH:
	case CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_HEIGHT:
	case CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_DEPTH:
		*value = kernel->cluster[attribute - CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_WIDTH];
		break;
	case CU_FUNC_ATTRIBUTE_NON_PORTABLE_CLUSTER_SIZE_ALLOWED:
		*value = kernel->cluster_any_size;
		break;
	case CU_FUNC_ATTRIBUTE_CLUSTER_SCHEDULING_POLICY_PREFERENCE:
		*value = kernel->cluster_policy;
		break;
	default:
		return CUDA_ERROR_INVALID_VALUE;
	}
	return CUDA_SUCCESS;
}

static CUresult set(struct cuda_kernel *kernel, CUfunction_attribute attribute, int value,
		    const struct cuda_device *device)
{
	int most = cuda_attribute(device, CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN);

	switch (attribute) {
	case CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES:
		if (value < 0 || value > most)
			return CUDA_ERROR_INVALID_VALUE;
		kernel->dynamic_shared = value;
		return CUDA_SUCCESS;
	case CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT:
		if (value < -1 || value > 100)
			return CUDA_ERROR_INVALID_VALUE;
		kernel->carveout = value;
		return CUDA_SUCCESS;
	case CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_WIDTH:
	case CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_HEIGHT:
	case CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_DEPTH:
		kernel->cluster[attribute - CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_WIDTH] = value;
		return CUDA_SUCCESS;
	case CU_FUNC_ATTRIBUTE_NON_PORTABLE_CLUSTER_SIZE_ALLOWED:
		kernel->cluster_any_size = value != 0;
		return CUDA_SUCCESS;
	case CU_FUNC_ATTRIBUTE_CLUSTER_SCHEDULING_POLICY_PREFERENCE:
		kernel->cluster_policy = value;
		return CUDA_SUCCESS;
	default:
		return CUDA_ERROR_INVALID_VALUE;
	}
}

CUresult sim_cuFuncGetAttribute(int *value, CUfunction_attribute attribute, CUfunction function)
{
	CUDA_NEED_CONTEXT(context);
	NEED_KERNEL(kernel, function);
	return get(value, attribute, kernel, cuda_device_of(context));
}

CUresult sim_cuFuncSetAttribute(CUfunction function, CUfunction_attribute attribute, int value)
{
	CUDA_NEED_CONTEXT(context);
	NEED_KERNEL(kernel, function);
	return set(kernel, attribute, value, cuda_device_of(context));
}

CUresult sim_cuKernelGetAttribute(int *value, CUfunction_attribute attribute, CUkernel handle,
				  CUdevice dev)
{
	NEED_KERNEL(kernel, handle);
	CUDA_NEED_DEVICE(device, dev);
	return get(value, attribute, kernel, device);
}

CUresult sim_cuKernelSetAttribute(CUfunction_attribute attribute, int value, CUkernel handle,
				  CUdevice dev)
{
	NEED_KERNEL(kernel, handle);
	CUDA_NEED_DEVICE(device, dev);
	return set(kernel, attribute, value, device);
}

CUresult sim_cuFuncSetCacheConfig(CUfunction function, CUfunc_cache config)
{
	NEED_KERNEL(kernel, function);
	if ((unsigned)config > CU_FUNC_CACHE_PREFER_EQUAL)
		return CUDA_ERROR_INVALID_VALUE;
	kernel->cache_config = config;
	return CUDA_SUCCESS;
}

CUresult sim_cuKernelSetCacheConfig(CUkernel handle, CUfunc_cache config, CUdevice dev)
{
	CUDA_NEED_DEVICE(device, dev);
	(void)device;
	return sim_cuFuncSetCacheConfig((CUfunction)handle, config);
}

CUresult sim_cuKernelGetFunction(CUfunction *function, CUkernel handle)
{
	NEED_KERNEL(kernel, handle);
	if (!function)
		return CUDA_ERROR_INVALID_VALUE;
	*function = (CUfunction)kernel;
	return CUDA_SUCCESS;
}

CUresult sim_cuKernelGetLibrary(CUlibrary *library, CUkernel handle)
{
	NEED_KERNEL(kernel, handle);
	if (!library)
		return CUDA_ERROR_INVALID_VALUE;
	*library = (CUlibrary)kernel->object.owner;
	return CUDA_SUCCESS;
}

CUresult sim_cuFuncGetModule(CUmodule *module, CUfunction function)
{
	NEED_KERNEL(kernel, function);
	if (!module)
		return CUDA_ERROR_INVALID_VALUE;
	*module = (CUmodule)kernel->object.owner;
	return CUDA_SUCCESS;
}

CUresult sim_cuKernelGetName(const char **name, CUkernel handle)
{
	NEED_KERNEL(kernel, handle);
	if (!name)
		return CUDA_ERROR_INVALID_VALUE;
	*name = kernel->name;
	return CUDA_SUCCESS;
}

CUresult sim_cuFuncGetName(const char **name, CUfunction function)
{
	return sim_cuKernelGetName(name, (CUkernel)function);
}

/* Under lazy loading a function is loaded by its first use. */
CUresult sim_cuFuncLoad(CUfunction function)
{
	NEED_KERNEL(kernel, function);
	__atomic_store_n(&kernel->loaded, true, __ATOMIC_RELAXED);
	return CUDA_SUCCESS;
}

CUresult sim_cuFuncIsLoaded(CUfunctionLoadingState *state, CUfunction function)
{
	CUmoduleLoadingMode mode;

	NEED_KERNEL(kernel, function);
	if (!state)
		return CUDA_ERROR_INVALID_VALUE;
	sim_cuModuleGetLoadingMode(&mode);
	*state =
	    mode == CU_MODULE_EAGER_LOADING || __atomic_load_n(&kernel->loaded, __ATOMIC_RELAXED)
		? CU_FUNCTION_LOADING_STATE_LOADED
		: CU_FUNCTION_LOADING_STATE_UNLOADED;
	return CUDA_SUCCESS;
}

CUresult sim_cuKernelGetParamInfo(CUkernel handle, size_t index, size_t *offset, size_t *size)
{
	NEED_KERNEL(kernel, handle);
	if (!offset)
		return CUDA_ERROR_INVALID_VALUE;
	if (!kernel->is || index >= kernel->is->param_count)
		return CUDA_ERROR_INVALID_VALUE;
	*offset = kernel->is->params[index].offset;
	if (size)
		*size = kernel->is->params[index].size;
	return CUDA_SUCCESS;
}

CUresult sim_cuFuncGetParamInfo(CUfunction function, size_t index, size_t *offset, size_t *size)
{
	return sim_cuKernelGetParamInfo((CUkernel)function, index, offset, size);
}

CUresult sim_cuFuncSetSharedMemConfig(CUfunction function, CUsharedconfig config)
{
	NEED_KERNEL(kernel, function);
	if ((unsigned)config > CU_SHARED_MEM_CONFIG_EIGHT_BYTE_BANK_SIZE)
		return CUDA_ERROR_INVALID_VALUE;
	kernel->shared_config = config;
	return CUDA_SUCCESS;
}
