// SPDX-License-Identifier: Apache-2.0
// Two vectors there, their sum back. A kernel that does nothing leaves what lay in the sum before.
#include <vector>

#include "check.h"

__global__ void add(const float *a, const float *b, float *sum, int count)
{
	int i = blockIdx.x * blockDim.x + threadIdx.x;

	if (i < count)
		sum[i] = a[i] + b[i];
}

int main()
{
	const int count = 100000;
	const size_t size = count * sizeof(float);
	std::vector<float> a(count), b(count), back(count), sum(count);
	float *da, *db, *dsum;
	size_t before, during, after, total;
	cudaDeviceProp prop;
	int device, devices;

	OK(cudaGetDeviceCount(&devices));
	OK(cudaGetDevice(&device));
	OK(cudaGetDeviceProperties(&prop, device));
	std::printf("device %d of %d: %s, compute %d.%d\n", device, devices, prop.name, prop.major,
		    prop.minor);
	for (int i = 0; i < count; i++) {
		a[i] = i;
		b[i] = 2 * i;
	}
	OK(cudaMemGetInfo(&before, &total));
	TRUE(total == prop.totalGlobalMem);
	OK(cudaMalloc(&da, size));
	OK(cudaMalloc(&db, size));
	OK(cudaMalloc(&dsum, size));
	OK(cudaMemGetInfo(&during, &total));
	TRUE(during <= before - 3 * size);
	OK(cudaMemcpy(da, a.data(), size, cudaMemcpyHostToDevice));
	OK(cudaMemcpy(db, b.data(), size, cudaMemcpyHostToDevice));
	OK(cudaMemset(dsum, 0, size));
	add<<<(count + 255) / 256, 256>>>(da, db, dsum, count);
	OK(cudaGetLastError());
	OK(cudaDeviceSynchronize());
	OK(cudaMemcpy(back.data(), da, size, cudaMemcpyDeviceToHost));
	TRUE(back == a);
	OK(cudaMemcpy(back.data(), db, size, cudaMemcpyDeviceToHost));
	TRUE(back == b);
	OK(cudaMemcpy(sum.data(), dsum, size, cudaMemcpyDeviceToHost));
	std::printf("sum[7] = %g\n", sum[7]); // 21 where kernels run, 0 where they do nothing
	OK(cudaFree(da));
	OK(cudaFree(db));
	OK(cudaFree(dsum));
	OK(cudaMemGetInfo(&after, &total));
	TRUE(after == before);
	std::puts("done");
}
