// SPDX-License-Identifier: Apache-2.0
// Mistakes, and the codes that the documentation promises for them; none of them sticks.
#include "check.h"

__global__ void nothing()
{
}

__global__ void __launch_bounds__(64) small_blocks()
{
}

int main()
{
	int value, device = -1, ordinal;
	cudaDeviceProp prop;
	cudaEvent_t event;
	cudaStream_t stream;
	void *memory, *host;
	size_t free, total;
	char text[8];

	OK(cudaSetDevice(0));
	IS(cudaErrorInvalidDevice, cudaSetDevice(64));
	IS(cudaErrorInvalidDevice, cudaGetDeviceProperties(&prop, -1));
	IS(cudaErrorInvalidValue, cudaDeviceGetAttribute(&value, (cudaDeviceAttr)9999, 0));
	IS(cudaErrorInvalidValue, cudaDeviceGetAttribute(NULL, cudaDevAttrWarpSize, 0));
	IS(cudaErrorInvalidValue, cudaMalloc(NULL, 100));
	OK(cudaMemGetInfo(&free, &total));
	IS(cudaErrorMemoryAllocation, cudaMalloc(&memory, total + 1));
	OK(cudaMalloc(&memory, 4096));
	IS(cudaErrorInvalidMemcpyDirection, cudaMemcpy(memory, text, 8, (cudaMemcpyKind)17));
	IS(cudaErrorInvalidValue, cudaMemcpy(memory, NULL, 8, cudaMemcpyHostToDevice));
	IS(cudaErrorInvalidValue, cudaMemcpy(memory, text, 4097, cudaMemcpyHostToDevice));
	IS(cudaErrorInvalidPitchValue,
	   cudaMemcpy2D(memory, 8, text, 4, 8, 1, cudaMemcpyHostToDevice));
	IS(cudaErrorInvalidValue, cudaMemset(memory, 0, 4097));
	OK(cudaFree(memory));
	IS(cudaErrorInvalidValue, cudaFree(memory));
	OK(cudaFree(NULL));
	OK(cudaMallocHost(&host, 4096));
	OK(cudaFreeHost(host));
	IS(cudaErrorInvalidValue, cudaFreeHost(host));
	IS(cudaErrorHostMemoryNotRegistered, cudaHostUnregister(text));
	OK(cudaEventCreate(&event));
	OK(cudaEventDestroy(event));
	IS(cudaErrorInvalidResourceHandle, cudaEventRecord(event));
	OK(cudaStreamCreate(&stream));
	OK(cudaStreamDestroy(stream));
	IS(cudaErrorInvalidResourceHandle, cudaStreamSynchronize(stream));
	// launches: the error is there to be asked for, once
	(void)cudaGetLastError();
	nothing<<<1, 2048>>>();
	IS(cudaErrorInvalidConfiguration, cudaPeekAtLastError());
	IS(cudaErrorInvalidConfiguration, cudaGetLastError());
	OK(cudaGetLastError());
	nothing<<<0, 1>>>();
	IS(cudaErrorInvalidConfiguration, cudaGetLastError());
	nothing<<<1, 1, 10 << 20>>>();
	IS(cudaErrorInvalidConfiguration, cudaGetLastError());
	small_blocks<<<1, 65>>>(); // the kernel's own limit
	TRUE(cudaGetLastError() != cudaSuccess);
	small_blocks<<<1, 64>>>();
	OK(cudaGetLastError());
	IS(cudaErrorInvalidDeviceFunction, cudaLaunchKernel((void *)main, dim3(1), dim3(1), NULL));
	// one device is its own peer in no sense
	IS(cudaErrorInvalidDevice, cudaDeviceEnablePeerAccess(0, 0));
	IS(cudaErrorInvalidDevice, cudaDeviceGetByPCIBusId(&ordinal, "ffff:ff:1f.0"));
	OK((cudaGetLastError(), cudaSuccess));
	OK(cudaGetDevice(&device));
	TRUE(device == 0);
	OK(cudaDeviceSynchronize());
	std::puts("done");
}
