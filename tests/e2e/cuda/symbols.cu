// SPDX-License-Identifier: Apache-2.0
// Variables of device code: there and back by their symbols, in part, in stream order, and past the end.
#include <cstring>

#include "check.h"

__device__ int table[256];
__device__ double single_value = 2.5;
__constant__ float weights[64];
int not_of_the_device;

__global__ void reads_them(int *out)
{
	*out = table[threadIdx.x] + (int)weights[0] + (int)single_value;
}

int main()
{
	int there[256], back[256], part[3] = { 7, 8, 9 };
	float w[64], w_back[64];
	double value = 0;
	void *address, *again;
	cudaStream_t stream;
	int *device, *copy;
	size_t size;

	for (int i = 0; i < 256; i++)
		there[i] = i * i;
	for (int i = 0; i < 64; i++)
		w[i] = i / 8.0f;
	OK(cudaMemcpyToSymbol(table, there, sizeof(there)));
	OK(cudaMemcpyFromSymbol(back, table, sizeof(back)));
	TRUE(!std::memcmp(there, back, sizeof(back)));
	OK(cudaMemcpyToSymbol(weights, w, sizeof(w)));
	OK(cudaMemcpyFromSymbol(w_back, weights, sizeof(w_back)));
	TRUE(!std::memcmp(w, w_back, sizeof(w)));
	// what the variable begins with is in the device code
	OK(cudaMemcpyFromSymbol(&value, single_value, sizeof(value)));
	TRUE(value == 2.5);
	OK(cudaGetSymbolSize(&size, table));
	TRUE(size == sizeof(table));
	OK(cudaGetSymbolSize(&size, weights));
	TRUE(size == sizeof(weights));
	OK(cudaGetSymbolAddress(&address, table));
	OK(cudaGetSymbolAddress(&again, table));
	TRUE(address == again && address != (void *)table);
	// by its address, as any device memory
	OK(cudaMemcpy((int *)address + 5, part, sizeof(part), cudaMemcpyHostToDevice));
	OK(cudaMemcpyFromSymbol(back, table, sizeof(int), 6 * sizeof(int)));
	TRUE(back[0] == 8);
	OK(cudaStreamCreate(&stream));
	OK(cudaMemcpyToSymbolAsync(table, part, sizeof(part), 9 * sizeof(int),
				   cudaMemcpyHostToDevice, stream));
	OK(cudaMemcpyFromSymbolAsync(back, table, sizeof(back), 0, cudaMemcpyDeviceToHost, stream));
	OK(cudaStreamSynchronize(stream));
	TRUE(back[8] == 64 && back[9] == 7 && back[11] == 9 && back[12] == 144);
	// from device memory, and into it
	OK(cudaMalloc(&device, sizeof(there)));
	OK(cudaMalloc(&copy, sizeof(there)));
	OK(cudaMemset(device, 0x11, sizeof(there)));
	OK(cudaMemcpyToSymbol(table, device, 4, 0, cudaMemcpyDeviceToDevice));
	OK(cudaMemcpyFromSymbol(copy, table, 8, 0, cudaMemcpyDeviceToDevice));
	OK(cudaMemcpy(back, copy, 8, cudaMemcpyDeviceToHost));
	TRUE(back[0] == 0x11111111 && back[1] == 1);
	reads_them<<<1, 32>>>(device);
	OK(cudaDeviceSynchronize());
	// what the documentation promises
	IS(cudaErrorInvalidValue, cudaMemcpyToSymbol(table, there, sizeof(there), 4));
	IS(cudaErrorInvalidSymbol, cudaMemcpyToSymbol(not_of_the_device, there, 4));
	IS(cudaErrorInvalidSymbol, cudaGetSymbolAddress(&address, not_of_the_device));
	IS(cudaErrorInvalidMemcpyDirection,
	   cudaMemcpyToSymbol(table, there, 4, 0, cudaMemcpyDeviceToHost));
	IS(cudaErrorInvalidMemcpyDirection,
	   cudaMemcpyFromSymbol(back, table, 4, 0, cudaMemcpyHostToDevice));
	IS(cudaErrorInvalidMemcpyDirection, cudaGetLastError());
	OK(cudaGetLastError());
	OK(cudaStreamDestroy(stream));
	std::puts("done");
}
