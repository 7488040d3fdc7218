// SPDX-License-Identifier: Apache-2.0
// Memory that host and device share: allocated, and as variables that nobody allocates.
#include "check.h"

__managed__ int counters[16] = { 1, 2, 3 };
__managed__ float scale_by;

__global__ void reads_them(int *out)
{
	*out = counters[0] * (int)scale_by;
}

int main()
{
	cudaMemLocation device = {}, host = {};
	cudaPointerAttributes about;
	int *data, back[4], mostly, by[2];
	cudaStream_t stream;
	size_t size;

	device.type = cudaMemLocationTypeDevice;
	host.type = cudaMemLocationTypeHost;
	// variables, before any call of this program's
	TRUE(counters[0] == 1 && counters[2] == 3 && counters[15] == 0);
	counters[15] = 77;
	scale_by = 1.5f;
	OK(cudaMemcpyFromSymbol(back, counters, sizeof(int), 15 * sizeof(int)));
	TRUE(back[0] == 77);
	OK(cudaGetSymbolSize(&size, counters));
	TRUE(size == sizeof(counters));
	OK(cudaPointerGetAttributes(&about, counters));
	TRUE(about.type == cudaMemoryTypeManaged);

	OK(cudaStreamCreate(&stream));
	OK(cudaMallocManaged(&data, 1 << 20));
	for (int i = 0; i < 1000; i++)
		data[i] = i;
	OK(cudaMemPrefetchAsync(data, 1 << 20, device, 0, stream));
	OK(cudaMemAdvise(data, 1 << 20, cudaMemAdviseSetReadMostly, device));
	OK(cudaMemAdvise(data, 1 << 20, cudaMemAdviseSetAccessedBy, device));
	OK(cudaMemRangeGetAttribute(&mostly, sizeof(mostly), cudaMemRangeAttributeReadMostly, data,
				    1 << 20));
	TRUE(mostly == 1);
	OK(cudaMemRangeGetAttribute(by, sizeof(by), cudaMemRangeAttributeAccessedBy, data, 1 << 20));
	TRUE(by[0] == 0);
	reads_them<<<1, 1, 0, stream>>>(data + 500);
	OK(cudaMemPrefetchAsync(data, 1 << 20, host, 0, stream));
	OK(cudaStreamSynchronize(stream));
	TRUE(data[999] == 999);
	OK(cudaMemcpy(back, data + 100, sizeof(back), cudaMemcpyDefault));
	TRUE(back[3] == 103);
	OK(cudaPointerGetAttributes(&about, data));
	TRUE(about.type == cudaMemoryTypeManaged && about.hostPointer == data &&
	     about.devicePointer == data);
	OK(cudaFree(data));
	IS(cudaErrorInvalidValue, cudaMallocManaged(&data, 0));
	OK(cudaStreamDestroy(stream));
	std::puts("done");
}
