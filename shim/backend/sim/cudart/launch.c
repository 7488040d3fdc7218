/* SPDX-License-Identifier: Apache-2.0 */
/* Launches through the runtime, and what a kernel's stub needs around them. */
#include "shim/backend/sim/cudart/runtime.h"

#include <stdlib.h>
#include <string.h>

/* ---- <<<…>>>: pushed by the caller, popped by the kernel's stub ---- */

unsigned int sim___cudaPushCallConfiguration(dim3 grid, dim3 block, size_t shared,
					     cudaStream_t stream)
{
	struct runtime_thread *thread = runtime_thread();
	struct runtime_config *config = malloc(sizeof(*config));

	if (!config)
		return (unsigned)runtime_note(cudaErrorMemoryAllocation);
	*config = (struct runtime_config){ thread->configs, grid, block, shared, stream };
	thread->configs = config;
	return 0;
}

cudaError_t sim___cudaPopCallConfiguration(dim3 *grid, dim3 *block, size_t *shared, void *stream)
{
	struct runtime_thread *thread = runtime_thread();
	struct runtime_config *config = thread->configs;

	if (!config)
		RUNTIME_FAIL(cudaErrorMissingConfiguration);
	*grid = config->grid;
	*block = config->block;
	*shared = config->shared;
	memcpy(stream, &config->stream, sizeof(config->stream));
	thread->configs = config->below;
	free(config);
	return cudaSuccess;
}

/* A launch that the driver finds impossible reads as a wrong configuration here. */
static cudaError_t launched(CUresult result)
{
	return runtime_note(result == CUDA_ERROR_INVALID_VALUE ? cudaErrorInvalidConfiguration
							       : runtime_code(result));
}

static cudaError_t launch(const void *function, dim3 grid, dim3 block, void **arguments,
			  size_t shared, cudaStream_t stream, bool cooperative)
{
	CUkernel kernel;
	cudaError_t error;

	RUNTIME_NEED_CONTEXT();
	error = runtime_function(function, &kernel);
	if (error != cudaSuccess)
		RUNTIME_FAIL(error);
	if (shared > UINT32_MAX)
		RUNTIME_FAIL(cudaErrorInvalidValue);
	if (cooperative)
		return launched(runtime.driver->cuLaunchCooperativeKernel(
		    (CUfunction)kernel, grid.x, grid.y, grid.z, block.x, block.y, block.z,
		    (unsigned)shared, (CUstream)stream, arguments));
	return launched(runtime.driver->cuLaunchKernel((CUfunction)kernel, grid.x, grid.y, grid.z,
						       block.x, block.y, block.z, (unsigned)shared,
						       (CUstream)stream, arguments, NULL));
}

cudaError_t sim_cudaLaunchKernel(const void *function, dim3 grid, dim3 block, void **arguments,
				 size_t shared, cudaStream_t stream)
{
	return launch(function, grid, block, arguments, shared, stream, false);
}
RUNTIME_PTSZ(cudaLaunchKernel,
	     (const void *func, dim3 gridDim, dim3 blockDim, void **args, size_t sharedMem,
	      cudaStream_t stream),
	     (func, gridDim, blockDim, args, sharedMem, runtime_ptsz(stream)))

cudaError_t sim_cudaLaunchCooperativeKernel(const void *function, dim3 grid, dim3 block,
					    void **arguments, size_t shared, cudaStream_t stream)
{
	return launch(function, grid, block, arguments, shared, stream, true);
}
RUNTIME_PTSZ(cudaLaunchCooperativeKernel,
	     (const void *func, dim3 gridDim, dim3 blockDim, void **args, size_t sharedMem,
	      cudaStream_t stream),
	     (func, gridDim, blockDim, args, sharedMem, runtime_ptsz(stream)))

cudaError_t sim___cudaLaunchKernel(cudaKernel_t kernel, dim3 grid, dim3 block, void **arguments,
				   size_t shared, cudaStream_t stream)
{
	RUNTIME_NEED_CONTEXT();
	if (!kernel && runtime_thread()->kernel_error != cudaSuccess)
		RUNTIME_FAIL(runtime_thread()->kernel_error);
	return launched(runtime.driver->cuLaunchKernel((CUfunction)kernel, grid.x, grid.y, grid.z,
						       block.x, block.y, block.z, (unsigned)shared,
						       (CUstream)stream, arguments, NULL));
}
RUNTIME_PTSZ(__cudaLaunchKernel,
	     (cudaKernel_t kernel, dim3 gridDim, dim3 blockDim, void **args, size_t sharedMem,
	      cudaStream_t stream),
	     (kernel, gridDim, blockDim, args, sharedMem, runtime_ptsz(stream)))

cudaError_t sim_cudaLaunchKernelExC(const cudaLaunchConfig_t *config, const void *function,
				    void **arguments)
{
	CUlaunchConfig wanted;
	CUkernel kernel;
	cudaError_t error;

	RUNTIME_NEED_CONTEXT();
	if (!config)
		RUNTIME_FAIL(cudaErrorInvalidValue);
	error = runtime_function(function, &kernel);
	if (error != cudaSuccess)
		RUNTIME_FAIL(error);
	wanted = (CUlaunchConfig){
		.gridDimX = config->gridDim.x,
		.gridDimY = config->gridDim.y,
		.gridDimZ = config->gridDim.z,
		.blockDimX = config->blockDim.x,
		.blockDimY = config->blockDim.y,
		.blockDimZ = config->blockDim.z,
		.sharedMemBytes = (unsigned)config->dynamicSmemBytes,
		.hStream = (CUstream)config->stream,
		/* one attribute is laid out and numbered alike in both interfaces */
		.attrs = (CUlaunchAttribute *)(void *)config->attrs,
		.numAttrs = config->numAttrs,
	};
	return launched(
	    runtime.driver->cuLaunchKernelEx(&wanted, (CUfunction)kernel, arguments, NULL));
}
SIM_ALIAS(sim_cudaLaunchKernelExC_ptsz, sim_cudaLaunchKernelExC);

/* ---- kernels ---- */

#define NEED_KERNEL(name, function)                                                                \
	CUkernel name;                                                                             \
	do {                                                                                       \
		cudaError_t error_;                                                                \
		RUNTIME_NEED_CONTEXT();                                                            \
		error_ = runtime_function(function, &name);                                        \
		if (error_ != cudaSuccess)                                                         \
			RUNTIME_FAIL(error_);                                                      \
	} while (0)

static int attribute_of(CUkernel kernel, CUfunction_attribute attribute)
{
	int value = 0;

	runtime.driver->cuKernelGetAttribute(&value, attribute, kernel,
					     runtime.device[runtime_thread()->device].device);
	return value;
}

cudaError_t sim_cudaFuncGetAttributes(cudaFuncAttributes *out, const void *function)
{
	NEED_KERNEL(kernel, function);
	if (!out)
		RUNTIME_FAIL(cudaErrorInvalidValue);
	memset(out, 0, sizeof(*out));
#define A(name) attribute_of(kernel, CU_FUNC_ATTRIBUTE_##name)
	out->sharedSizeBytes = (size_t)A(SHARED_SIZE_BYTES);
	out->constSizeBytes = (size_t)A(CONST_SIZE_BYTES);
	out->localSizeBytes = (size_t)A(LOCAL_SIZE_BYTES);
	out->maxThreadsPerBlock = A(MAX_THREADS_PER_BLOCK);
	out->numRegs = A(NUM_REGS);
	out->ptxVersion = A(PTX_VERSION);
	out->binaryVersion = A(BINARY_VERSION);
	out->cacheModeCA = A(CACHE_MODE_CA);
	out->maxDynamicSharedSizeBytes = A(MAX_DYNAMIC_SHARED_SIZE_BYTES);
	out->preferredShmemCarveout = A(PREFERRED_SHARED_MEMORY_CARVEOUT);
	out->clusterDimMustBeSet = A(CLUSTER_SIZE_MUST_BE_SET);
	out->requiredClusterWidth = A(REQUIRED_CLUSTER_WIDTH);
	out->requiredClusterHeight = A(REQUIRED_CLUSTER_HEIGHT);
	out->requiredClusterDepth = A(REQUIRED_CLUSTER_DEPTH);
	out->nonPortableClusterSizeAllowed = A(NON_PORTABLE_CLUSTER_SIZE_ALLOWED);
	out->clusterSchedulingPolicyPreference = A(CLUSTER_SCHEDULING_POLICY_PREFERENCE);
#undef A
	return cudaSuccess;
}

cudaError_t sim_cudaFuncSetAttribute(const void *function, cudaFuncAttribute attribute, int value)
{
	NEED_KERNEL(kernel, function);
	RUNTIME_RETURN(cuKernelSetAttribute((CUfunction_attribute)(int)attribute, value, kernel,
					    runtime.device[runtime_thread()->device].device));
}

cudaError_t sim_cudaFuncSetCacheConfig(const void *function, cudaFuncCache config)
{
	NEED_KERNEL(kernel, function);
	RUNTIME_RETURN(cuKernelSetCacheConfig(kernel, (CUfunc_cache)(int)config,
					      runtime.device[runtime_thread()->device].device));
}

cudaError_t sim_cudaFuncGetName(const char **name, const void *function)
{
	NEED_KERNEL(kernel, function);
	RUNTIME_RETURN(cuKernelGetName(name, kernel));
}

/* ---- occupancy ---- */

cudaError_t sim_cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(int *blocks,
								       const void *function,
								       int threads, size_t shared,
								       unsigned int flags)
{
	NEED_KERNEL(kernel, function);
	RUNTIME_RETURN(cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(
	    blocks, (CUfunction)kernel, threads, shared, flags));
}

cudaError_t sim_cudaOccupancyMaxActiveBlocksPerMultiprocessor(int *blocks, const void *function,
							      int threads, size_t shared)
{
	NEED_KERNEL(kernel, function);
	RUNTIME_RETURN(cuOccupancyMaxActiveBlocksPerMultiprocessor(blocks, (CUfunction)kernel,
								   threads, shared));
}

cudaError_t sim_cudaOccupancyAvailableDynamicSMemPerBlock(size_t *bytes, const void *function,
							  int blocks, int threads)
{
	NEED_KERNEL(kernel, function);
	RUNTIME_RETURN(
	    cuOccupancyAvailableDynamicSMemPerBlock(bytes, (CUfunction)kernel, blocks, threads));
}
