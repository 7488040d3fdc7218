// SPDX-License-Identifier: Apache-2.0
/*
 * Somebody's own libcudart.so.13, which fills cudaDeviceProp as CUDA 12's headers have it: 1,032 bytes, with clockRate
 * before totalConstMem and deviceOverlap before multiProcessorCount, which 13.0 took out.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct prop_12 {
	char name[256];
	char uuid[16], luid[8];
	unsigned luid_mask;
	size_t total, shared;
	int registers, warp;
	size_t pitch;
	int threads, threads_dim[3], grid[3], clock_rate;
	size_t constant;
	int major, minor;
	size_t texture, texture_pitch;
	int overlap, processors;
	char rest[1032 - 392];
};
_Static_assert(sizeof(struct prop_12) == 1032 && offsetof(struct prop_12, major) == 360 &&
		   offsetof(struct prop_12, processors) == 388,
	       "as CUDA 12 has it");

#define EXPORT __attribute__((visibility("default")))
EXPORT int cudaGetDeviceCount(int *count);
EXPORT int cudaGetDeviceProperties(void *prop, int device);
EXPORT int cudaMemGetInfo(size_t *free_bytes, size_t *total);

int cudaGetDeviceCount(int *count)
{
	*count = 1;
	return 0;
}

int cudaGetDeviceProperties(void *prop, int device)
{
	struct prop_12 fill = {
		.name = "Foreign 0",
		.uuid = { 1 },
		.total = (size_t)80 << 30,
		.shared = 49152,
		.warp = 32,
		.threads = 1024,
		.clock_rate = 1980000,
		.constant = 65536,
		.major = 9,
		.overlap = 1,
		.processors = 132,
	};

	memcpy(prop, &fill, sizeof(fill));
	return device;
}

int cudaMemGetInfo(size_t *free_bytes, size_t *total)
{
	*free_bytes = (size_t)79 << 30;
	*total = (size_t)80 << 30;
	return 0;
}
