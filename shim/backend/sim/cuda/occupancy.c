/* SPDX-License-Identifier: Apache-2.0 */
/* How many blocks of a kernel fit on the device. */
#include "shim/backend/sim/cuda/module.h"

#define NEED_KERNEL(name, handle)                                                                  \
	CUDA_NEED_INIT();                                                                          \
	struct cuda_kernel *name = cuda_kernel_of(handle);                                         \
	if (!name)                                                                                 \
	return CUDA_ERROR_INVALID_HANDLE

/* Blocks of so many threads and bytes that fit one multiprocessor; registers by the warp. */
static int blocks_that_fit(const struct cuda_device *device, const struct cuda_kernel *kernel,
			   int threads, size_t shared)
{
	int warp = cuda_attribute(device, CU_DEVICE_ATTRIBUTE_WARP_SIZE);
	int rounded = (threads + warp - 1) / warp * warp;
	int blocks = cuda_attribute(device, CU_DEVICE_ATTRIBUTE_MAX_BLOCKS_PER_MULTIPROCESSOR);
	int fit =
	    cuda_attribute(device, CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_MULTIPROCESSOR) / rounded;
	size_t bytes =
	    shared + (kernel->is ? kernel->is->shared_bytes : 0) +
	    (size_t)cuda_attribute(device, CU_DEVICE_ATTRIBUTE_RESERVED_SHARED_MEMORY_PER_BLOCK);

	if (fit < blocks)
		blocks = fit;
	fit = cuda_attribute(device, CU_DEVICE_ATTRIBUTE_MAX_REGISTERS_PER_MULTIPROCESSOR) /
	      (int)(cuda_kernel_registers(kernel) * (uint32_t)rounded);
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
	if (threads <= cuda_kernel_max_threads(kernel, device) &&
	    shared <= (size_t)kernel->dynamic_shared)
		*blocks = blocks_that_fit(device, kernel, threads, shared);
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
	if (each < 0 || blocks > blocks_that_fit(device, kernel, threads, 0))
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
