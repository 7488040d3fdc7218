/* SPDX-License-Identifier: Apache-2.0 */
/* What a kernel is asked for, and how many of its blocks fit. */
#include "shim/backend/sim/cuda/module.h"

#define NEED_KERNEL(name, handle)                                                                  \
	CUDA_NEED_INIT();                                                                          \
	struct cuda_kernel *name = cuda_kernel_of(handle);                                         \
	if (!name)                                                                                 \
	return CUDA_ERROR_INVALID_HANDLE

static CUresult get(int *value, CUfunction_attribute attribute, const struct cuda_kernel *kernel,
		    const struct cuda_device *device)
{
	if (!value)
		return CUDA_ERROR_INVALID_VALUE;
	switch (attribute) {
	case CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK:
		*value = cuda_attribute(device, CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK);
		break;
	case CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES:
	case CU_FUNC_ATTRIBUTE_CONST_SIZE_BYTES:
	case CU_FUNC_ATTRIBUTE_LOCAL_SIZE_BYTES:
	case CU_FUNC_ATTRIBUTE_CACHE_MODE_CA:
		*value = 0;
		break;
	case CU_FUNC_ATTRIBUTE_NUM_REGS:
		*value = CUDA_KERNEL_REGISTERS;
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
	*name = cuda_kernel_name(kernel);
	return CUDA_SUCCESS;
}

CUresult sim_cuFuncGetName(const char **name, CUfunction function)
{
	return sim_cuKernelGetName(name, (CUkernel)function);
}

CUresult sim_cuFuncLoad(CUfunction function)
{
	NEED_KERNEL(kernel, function);
	(void)kernel;
	return CUDA_SUCCESS;
}

CUresult sim_cuFuncIsLoaded(CUfunctionLoadingState *state, CUfunction function)
{
	NEED_KERNEL(kernel, function);
	(void)kernel;
	if (!state)
		return CUDA_ERROR_INVALID_VALUE;
	*state = CU_FUNCTION_LOADING_STATE_LOADED;
	return CUDA_SUCCESS;
}

/* ---- occupancy ---- */

/* Blocks of so many threads and bytes that fit one multiprocessor; registers by the warp. */
static int blocks_that_fit(const struct cuda_device *device, int threads, size_t shared)
{
	int warp = cuda_attribute(device, CU_DEVICE_ATTRIBUTE_WARP_SIZE);
	int rounded = (threads + warp - 1) / warp * warp;
	int blocks = cuda_attribute(device, CU_DEVICE_ATTRIBUTE_MAX_BLOCKS_PER_MULTIPROCESSOR);
	int fit =
	    cuda_attribute(device, CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_MULTIPROCESSOR) / rounded;
	size_t bytes = shared + (size_t)cuda_attribute(
				    device, CU_DEVICE_ATTRIBUTE_RESERVED_SHARED_MEMORY_PER_BLOCK);

	if (fit < blocks)
		blocks = fit;
	fit = cuda_attribute(device, CU_DEVICE_ATTRIBUTE_MAX_REGISTERS_PER_MULTIPROCESSOR) /
	      (CUDA_KERNEL_REGISTERS * rounded);
	if (fit < blocks)
		blocks = fit;
	if (bytes) {
		size_t all = (size_t)cuda_attribute(
		    device, CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_MULTIPROCESSOR);

		if (all / bytes < (size_t)blocks)
			blocks = (int)(all / bytes);
	}
	return blocks;
}

CUresult sim_cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(int *blocks, CUfunction function,
								  int threads, size_t shared,
								  unsigned int flags)
{
	CUDA_NEED_CONTEXT(context);
	NEED_KERNEL(kernel, function);
	const struct cuda_device *device = cuda_device_of(context);

	if (!blocks || threads <= 0 || flags & ~(unsigned)CU_OCCUPANCY_DISABLE_CACHING_OVERRIDE)
		return CUDA_ERROR_INVALID_VALUE;
	*blocks = 0;
	if (threads <= cuda_attribute(device, CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK) &&
	    shared <= (size_t)kernel->dynamic_shared)
		*blocks = blocks_that_fit(device, threads, shared);
	return CUDA_SUCCESS;
}

CUresult sim_cuOccupancyMaxActiveBlocksPerMultiprocessor(int *blocks, CUfunction function,
							 int threads, size_t shared)
{
	return sim_cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(blocks, function, threads,
									shared, 0);
}

CUresult sim_cuOccupancyAvailableDynamicSMemPerBlock(size_t *bytes, CUfunction function, int blocks,
						     int threads)
{
	CUDA_NEED_CONTEXT(context);
	NEED_KERNEL(kernel, function);
	const struct cuda_device *device = cuda_device_of(context);
	int all, reserved, each;

	if (!bytes || blocks <= 0 || threads <= 0)
		return CUDA_ERROR_INVALID_VALUE;
	all = cuda_attribute(device, CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_MULTIPROCESSOR);
	reserved = cuda_attribute(device, CU_DEVICE_ATTRIBUTE_RESERVED_SHARED_MEMORY_PER_BLOCK);
	each = all / blocks - reserved;
	if (each < 0 || blocks > blocks_that_fit(device, threads, 0))
		each = 0;
	*bytes = (size_t)(each < kernel->dynamic_shared ? each : kernel->dynamic_shared);
	return CUDA_SUCCESS;
}

CUresult sim_cuOccupancyMaxPotentialBlockSizeWithFlags(int *grid, int *block, CUfunction function,
						       CUoccupancyB2DSize size_of, size_t shared,
						       int limit, unsigned int flags)
{
	CUDA_NEED_CONTEXT(context);
	const struct cuda_device *device = cuda_device_of(context);
	int warp = cuda_attribute(device, CU_DEVICE_ATTRIBUTE_WARP_SIZE);
	int most = cuda_attribute(device, CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK);
	int best = 0, best_threads = 0, best_blocks = 0;

	if (!grid || !block || limit < 0)
		return CUDA_ERROR_INVALID_VALUE;
	if (limit && limit < most)
		most = limit;
	for (int threads = (most + warp - 1) / warp * warp; threads > 0; threads -= warp) {
		int size = threads < most ? threads : most, blocks;
		CUresult result = sim_cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(
		    &blocks, function, size, size_of ? size_of(size) : shared, flags);

		if (result != CUDA_SUCCESS)
			return result;
		if (blocks * size > best) {
			best = blocks * size;
			best_threads = size;
			best_blocks = blocks;
		}
	}
	*block = best_threads;
	*grid = best_blocks * cuda_attribute(device, CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT);
	return CUDA_SUCCESS;
}

CUresult sim_cuOccupancyMaxPotentialBlockSize(int *grid, int *block, CUfunction function,
					      CUoccupancyB2DSize size_of, size_t shared, int limit)
{
	return sim_cuOccupancyMaxPotentialBlockSizeWithFlags(grid, block, function, size_of, shared,
							     limit, 0);
}
