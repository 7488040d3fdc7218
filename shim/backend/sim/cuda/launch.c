/* SPDX-License-Identifier: Apache-2.0 */
/* Launches: checked as the driver checks them, and then nothing runs: the record is the result. */
#include "shim/backend/sim/cuda/module.h"

static bool within(const struct cuda_device *device, CUdevice_attribute attribute, unsigned value)
{
	return value && value <= (unsigned)cuda_attribute(device, attribute);
}

static CUresult launch(CUfunction function, const unsigned grid[3], const unsigned block[3],
		       unsigned shared, CUstream stream)
{
	CUDA_NEED_CONTEXT(context);
	const struct cuda_device *device = cuda_device_of(context);
	struct cuda_kernel *kernel = cuda_kernel_of(function);
	uint64_t threads = (uint64_t)block[0] * block[1] * block[2];

	if (!kernel || !cuda_stream_valid(stream))
		return CUDA_ERROR_INVALID_HANDLE;
	for (int i = 0; i < 3; i++)
		if (!within(device, CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_X + i, grid[i]) ||
		    !within(device, CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_X + i, block[i]))
			return CUDA_ERROR_INVALID_VALUE;
	if (threads > (uint64_t)cuda_attribute(device, CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK) ||
	    shared > (unsigned)kernel->dynamic_shared)
		return CUDA_ERROR_INVALID_VALUE;
	return CUDA_SUCCESS;
}

CUresult sim_cuLaunchKernel(CUfunction function, unsigned int grid_x, unsigned int grid_y,
			    unsigned int grid_z, unsigned int block_x, unsigned int block_y,
			    unsigned int block_z, unsigned int shared, CUstream stream,
			    void **parameters, void **extra)
{
	const unsigned grid[] = { grid_x, grid_y, grid_z };
	const unsigned block[] = { block_x, block_y, block_z };

	if (parameters && extra)
		return CUDA_ERROR_INVALID_VALUE;
	return launch(function, grid, block, shared, stream);
}
SIM_ALIAS(sim_cuLaunchKernel_ptsz, sim_cuLaunchKernel);

CUresult sim_cuLaunchCooperativeKernel(CUfunction function, unsigned int grid_x,
				       unsigned int grid_y, unsigned int grid_z,
				       unsigned int block_x, unsigned int block_y,
				       unsigned int block_z, unsigned int shared, CUstream stream,
				       void **parameters)
{
	const unsigned grid[] = { grid_x, grid_y, grid_z };
	const unsigned block[] = { block_x, block_y, block_z };

	(void)parameters;
	return launch(function, grid, block, shared, stream);
}
SIM_ALIAS(sim_cuLaunchCooperativeKernel_ptsz, sim_cuLaunchCooperativeKernel);

CUresult sim_cuLaunchKernelEx(const CUlaunchConfig *config, CUfunction function, void **parameters,
			      void **extra)
{
	CUDA_NEED_INIT();
	if (!config || (config->numAttrs && !config->attrs))
		return CUDA_ERROR_INVALID_VALUE;
	return sim_cuLaunchKernel(function, config->gridDimX, config->gridDimY, config->gridDimZ,
				  config->blockDimX, config->blockDimY, config->blockDimZ,
				  config->sharedMemBytes, config->hStream, parameters, extra);
}
SIM_ALIAS(sim_cuLaunchKernelEx_ptsz, sim_cuLaunchKernelEx);
