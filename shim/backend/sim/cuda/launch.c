/* SPDX-License-Identifier: Apache-2.0 */
/* Launches: checked as the driver checks them, and then nothing runs: the record is the result. */
#include "shim/backend/sim/cuda/graph.h"
#include "shim/backend/sim/cuda/module.h"

static bool within(const struct cuda_device *device, CUdevice_attribute attribute, unsigned value)
{
	return value && value <= (unsigned)cuda_attribute(device, attribute);
}

CUresult cuda_launch_check(CUfunction function, const unsigned grid[3], const unsigned block[3],
			   unsigned shared)
{
	CUDA_NEED_CONTEXT(context);
	const struct cuda_device *device = cuda_device_of(context);
	struct cuda_kernel *kernel = cuda_kernel_of(function);
	uint64_t threads = (uint64_t)block[0] * block[1] * block[2];

	if (!kernel)
		return CUDA_ERROR_INVALID_HANDLE;
	for (int i = 0; i < 3; i++)
		if (!within(device, CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_X + i, grid[i]) ||
		    !within(device, CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_X + i, block[i]))
			return CUDA_ERROR_INVALID_VALUE;
	if (threads > (uint64_t)cuda_attribute(device, CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK) ||
	    shared > (unsigned)kernel->dynamic_shared)
		return CUDA_ERROR_INVALID_VALUE;
	/* more than the code's own bounds or registers allow */
	if (threads > (uint64_t)cuda_kernel_max_threads(kernel, device))
		return CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES;
	return CUDA_SUCCESS;
}

CUresult sim_cuLaunchKernel(CUfunction function, unsigned int grid_x, unsigned int grid_y,
			    unsigned int grid_z, unsigned int block_x, unsigned int block_y,
			    unsigned int block_z, unsigned int shared, CUstream stream,
			    void **parameters, void **extra)
{
	const unsigned grid[] = { grid_x, grid_y, grid_z };
	const unsigned block[] = { block_x, block_y, block_z };
	CUgraphNodeParams node = { .type = CU_GRAPH_NODE_TYPE_KERNEL };
	CUresult result;

	if (parameters && extra)
		return CUDA_ERROR_INVALID_VALUE;
	result = cuda_launch_check(function, grid, block, shared);
	if (result != CUDA_SUCCESS)
		return result;
	node.kernel = (CUDA_KERNEL_NODE_PARAMS_v3){
		.func = function,
		.gridDimX = grid_x,
		.gridDimY = grid_y,
		.gridDimZ = grid_z,
		.blockDimX = block_x,
		.blockDimY = block_y,
		.blockDimZ = block_z,
		.sharedMemBytes = shared,
		.kernelParams = parameters,
		.extra = extra,
	};
	return cuda_stream_submit(stream, &node);
}
CUDA_PTSZ(cuLaunchKernel,
	  (CUfunction function, unsigned int grid_x, unsigned int grid_y, unsigned int grid_z,
	   unsigned int block_x, unsigned int block_y, unsigned int block_z, unsigned int shared,
	   CUstream stream, void **parameters, void **extra),
	  (function, grid_x, grid_y, grid_z, block_x, block_y, block_z, shared, cuda_ptsz(stream),
	   parameters, extra))

/* All blocks must be on the device at once, or they would wait for each other for ever. */
CUresult sim_cuLaunchCooperativeKernel(CUfunction function, unsigned int grid_x,
				       unsigned int grid_y, unsigned int grid_z,
				       unsigned int block_x, unsigned int block_y,
				       unsigned int block_z, unsigned int shared, CUstream stream,
				       void **parameters)
{
	uint64_t threads = (uint64_t)block_x * block_y * block_z;
	CUresult result;
	int blocks;

	CUDA_NEED_CONTEXT(context);
	const struct cuda_device *device = cuda_device_of(context);

	if (!cuda_attribute(device, CU_DEVICE_ATTRIBUTE_COOPERATIVE_LAUNCH))
		return CUDA_ERROR_NOT_SUPPORTED;
	if (threads && threads <= INT32_MAX) {
		result = sim_cuOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, function,
									 (int)threads, shared);
		if (result != CUDA_SUCCESS)
			return result;
		if ((uint64_t)grid_x * grid_y * grid_z >
		    (uint64_t)blocks *
			(uint64_t)cuda_attribute(device, CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT))
			return CUDA_ERROR_COOPERATIVE_LAUNCH_TOO_LARGE;
	}
	return sim_cuLaunchKernel(function, grid_x, grid_y, grid_z, block_x, block_y, block_z,
				  shared, stream, parameters, NULL);
}
CUDA_PTSZ(cuLaunchCooperativeKernel,
	  (CUfunction function, unsigned int grid_x, unsigned int grid_y, unsigned int grid_z,
	   unsigned int block_x, unsigned int block_y, unsigned int block_z, unsigned int shared,
	   CUstream stream, void **parameters),
	  (function, grid_x, grid_y, grid_z, block_x, block_y, block_z, shared, cuda_ptsz(stream),
	   parameters))

CUresult sim_cuLaunchKernelEx(const CUlaunchConfig *config, CUfunction function, void **parameters,
			      void **extra)
{
	bool cooperative = false;

	CUDA_NEED_INIT();
	if (!config || (config->numAttrs && !config->attrs))
		return CUDA_ERROR_INVALID_VALUE;
	for (unsigned i = 0; i < config->numAttrs; i++)
		if (config->attrs[i].id == CU_LAUNCH_ATTRIBUTE_COOPERATIVE)
			cooperative = config->attrs[i].value.cooperative != 0;
	if (cooperative && !extra)
		return sim_cuLaunchCooperativeKernel(
		    function, config->gridDimX, config->gridDimY, config->gridDimZ,
		    config->blockDimX, config->blockDimY, config->blockDimZ, config->sharedMemBytes,
		    config->hStream, parameters);
	return sim_cuLaunchKernel(function, config->gridDimX, config->gridDimY, config->gridDimZ,
				  config->blockDimX, config->blockDimY, config->blockDimZ,
				  config->sharedMemBytes, config->hStream, parameters, extra);
}

CUresult sim_cuLaunchKernelEx_ptsz(const CUlaunchConfig *config, CUfunction function,
				   void **parameters, void **extra)
{
	CUlaunchConfig own;

	if (!config)
		return CUDA_ERROR_INVALID_VALUE;
	own = *config;
	own.hStream = cuda_ptsz(own.hStream);
	return sim_cuLaunchKernelEx(&own, function, parameters, extra);
}

/* ---- as programs launched until CUDA 4: block, shared memory and parameters one by one ---- */

#define NEED_KERNEL(name, handle)                                                                  \
	CUDA_NEED_INIT();                                                                          \
	struct cuda_kernel *name = cuda_kernel_of(handle);                                         \
	if (!name)                                                                                 \
	return CUDA_ERROR_INVALID_HANDLE

CUresult sim_cuFuncSetBlockShape(CUfunction function, int x, int y, int z)
{
	NEED_KERNEL(kernel, function);
	if (x <= 0 || y <= 0 || z <= 0)
		return CUDA_ERROR_INVALID_VALUE;
	kernel->block[0] = (unsigned)x;
	kernel->block[1] = (unsigned)y;
	kernel->block[2] = (unsigned)z;
	return CUDA_SUCCESS;
}

CUresult sim_cuFuncSetSharedSize(CUfunction function, unsigned int bytes)
{
	NEED_KERNEL(kernel, function);
	kernel->old_shared = bytes;
	return CUDA_SUCCESS;
}

CUresult sim_cuParamSetSize(CUfunction function, unsigned int bytes)
{
	NEED_KERNEL(kernel, function);
	if (bytes > 4096)
		return CUDA_ERROR_INVALID_VALUE;
	kernel->param_bytes = bytes;
	return CUDA_SUCCESS;
}

CUresult sim_cuParamSetv(CUfunction function, int offset, void *value, unsigned int bytes)
{
	NEED_KERNEL(kernel, function);
	if (offset < 0 || !value || (uint64_t)offset + bytes > 4096)
		return CUDA_ERROR_INVALID_VALUE;
	if ((uint64_t)offset + bytes > kernel->param_bytes)
		kernel->param_bytes = (unsigned)offset + bytes;
	return CUDA_SUCCESS;
}

CUresult sim_cuParamSeti(CUfunction function, int offset, unsigned int value)
{
	return sim_cuParamSetv(function, offset, &value, sizeof(value));
}

CUresult sim_cuParamSetf(CUfunction function, int offset, float value)
{
	return sim_cuParamSetv(function, offset, &value, sizeof(value));
}

CUresult sim_cuLaunchGridAsync(CUfunction function, int width, int height, CUstream stream)
{
	NEED_KERNEL(kernel, function);
	if (width <= 0 || height <= 0)
		return CUDA_ERROR_INVALID_VALUE;
	return sim_cuLaunchKernel(function, (unsigned)width, (unsigned)height, 1, kernel->block[0],
				  kernel->block[1], kernel->block[2], kernel->old_shared, stream,
				  NULL, NULL);
}

CUresult sim_cuLaunchGrid(CUfunction function, int width, int height)
{
	return sim_cuLaunchGridAsync(function, width, height, NULL);
}

CUresult sim_cuLaunch(CUfunction function)
{
	return sim_cuLaunchGridAsync(function, 1, 1, NULL);
}
