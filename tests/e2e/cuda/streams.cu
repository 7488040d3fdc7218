// SPDX-License-Identifier: Apache-2.0
// Streams, events and what a host function sees of the order of work.
#include <string>

#include "check.h"

static std::string seen;

__global__ void nothing()
{
}

static void CUDART_CB first(void *)
{
	seen += "first ";
}

static void CUDART_CB second(cudaStream_t, cudaError_t error, void *data)
{
	seen += error == cudaSuccess ? (const char *)data : "error";
}

int main()
{
	int least, greatest, priority, device;
	unsigned long long id, other_id;
	cudaEvent_t begin, end, quiet;
	cudaStream_t one, two;
	unsigned flags;
	float ms;
	int *memory, host = 0, *pinned;

	OK(cudaDeviceGetStreamPriorityRange(&least, &greatest));
	TRUE(least >= greatest);
	OK(cudaStreamCreateWithPriority(&one, cudaStreamNonBlocking, greatest));
	OK(cudaStreamCreate(&two));
	OK(cudaStreamGetPriority(one, &priority));
	TRUE(priority == greatest);
	OK(cudaStreamGetFlags(one, &flags));
	TRUE(flags == cudaStreamNonBlocking);
	OK(cudaStreamGetFlags(two, &flags));
	TRUE(flags == cudaStreamDefault);
	OK(cudaStreamGetId(one, &id));
	OK(cudaStreamGetId(two, &other_id));
	TRUE(id != other_id);
	OK(cudaStreamGetDevice(one, &device));
	TRUE(device == 0);
	OK(cudaEventCreate(&begin));
	OK(cudaEventCreate(&end));
	OK(cudaEventCreateWithFlags(&quiet, cudaEventDisableTiming));
	OK(cudaMallocHost(&pinned, sizeof(int)));
	OK(cudaMallocAsync(&memory, sizeof(int), one));
	*pinned = 42;
	OK(cudaEventRecord(begin, one));
	OK(cudaMemcpyAsync(memory, pinned, sizeof(int), cudaMemcpyHostToDevice, one));
	nothing<<<4, 64, 256, one>>>();
	OK(cudaEventRecord(end, one));
	OK(cudaStreamWaitEvent(two, end));
	OK(cudaMemcpyAsync(&host, memory, sizeof(int), cudaMemcpyDeviceToHost, two));
	OK(cudaLaunchHostFunc(two, first, NULL));
	OK(cudaStreamAddCallback(two, second, (void *)"second", 0));
	OK(cudaEventRecord(quiet, two));
	OK(cudaStreamSynchronize(two));
	TRUE(host == 42);
	TRUE(seen == "first second");
	OK(cudaStreamQuery(two));
	OK(cudaEventSynchronize(end));
	OK(cudaEventQuery(end));
	OK(cudaEventElapsedTime(&ms, begin, end));
	TRUE(ms >= 0);
	IS(cudaErrorInvalidResourceHandle, cudaEventElapsedTime(&ms, begin, quiet));
	OK(cudaFreeAsync(memory, one));
	OK(cudaFreeHost(pinned));
	OK(cudaEventDestroy(begin));
	OK(cudaEventDestroy(end));
	OK(cudaEventDestroy(quiet));
	OK(cudaStreamDestroy(one));
	OK(cudaStreamDestroy(two));
	OK(cudaDeviceSynchronize());
	std::puts("done");
}
