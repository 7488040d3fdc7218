// SPDX-License-Identifier: Apache-2.0
// What a kernel needs is read from its device code, what a device offers from the device.
#include <cooperative_groups.h>

#include "check.h"

__global__ void small(int *out)
{
	*out = 1;
}

__global__ void __launch_bounds__(128) bounded(int *out)
{
	__shared__ int tile[2048];

	tile[threadIdx.x] = *out;
	__syncthreads();
	*out = tile[127 - threadIdx.x];
}

__global__ void whole_grid(int *out)
{
	cooperative_groups::this_grid().sync();
	*out = 1;
}

int main()
{
	int blocks, per_sm, sms, grid, block, cooperative;
	cudaFuncAttributes about;
	size_t dynamic;
	int *out;

	OK(cudaFuncGetAttributes(&about, small));
	TRUE(about.sharedSizeBytes < 8192 && about.numRegs > 0 && about.maxThreadsPerBlock == 1024);
	OK(cudaFuncGetAttributes(&about, bounded));
	TRUE(about.sharedSizeBytes >= 8192 && about.sharedSizeBytes < 16384);
	TRUE(about.maxThreadsPerBlock == 128);
	OK(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, small, 1024, 0));
	OK(cudaDeviceGetAttribute(&per_sm, cudaDevAttrMaxThreadsPerMultiProcessor, 0));
	TRUE(blocks == per_sm / 1024);
	OK(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, small, 64, 64 << 10));
	OK(cudaDeviceGetAttribute(&per_sm, cudaDevAttrMaxSharedMemoryPerMultiprocessor, 0));
	std::printf("64 threads with 64 KiB: %d blocks of %d bytes\n", blocks, per_sm);
	TRUE(blocks <= per_sm / (64 << 10));
	OK(cudaOccupancyMaxPotentialBlockSize(&grid, &block, small));
	OK(cudaDeviceGetAttribute(&sms, cudaDevAttrMultiProcessorCount, 0));
	TRUE(block > 0 && block <= 1024 && grid % sms == 0 && grid >= sms);
	OK(cudaOccupancyAvailableDynamicSMemPerBlock(&dynamic, small, 1, 128));
	TRUE(dynamic > 0);
	OK(cudaFuncSetAttribute(small, cudaFuncAttributeMaxDynamicSharedMemorySize, 64 << 10));
	OK(cudaFuncGetAttributes(&about, small));
	TRUE(about.maxDynamicSharedSizeBytes == 64 << 10);
	OK(cudaMalloc(&out, sizeof(*out)));
	bounded<<<2, 128>>>(out);
	OK(cudaGetLastError());
	OK(cudaDeviceGetAttribute(&cooperative, cudaDevAttrCooperativeLaunch, 0));
	if (cooperative) {
		void *arguments[] = { &out };

		OK(cudaLaunchCooperativeKernel(whole_grid, dim3(sms), dim3(32), arguments));
		IS(cudaErrorCooperativeLaunchTooLarge,
		   cudaLaunchCooperativeKernel(whole_grid, dim3(sms * 1000), dim3(32), arguments));
	}
	OK(cudaDeviceSynchronize());
	std::puts("done");
}
