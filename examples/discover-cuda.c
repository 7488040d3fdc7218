/* SPDX-License-Identifier: Apache-2.0 */
/* The example's CUDA backend: asks the runtime and the driver in the order in which ggml's backend does. */
#include <stdio.h>
#include <string.h>

#include "examples/discover.h"
#include "gen/cudart13_types.h"

/* Linked against libcudart.so.13 and libcuda.so.1, whoever provides them; declared by their signatures. */
cudaError_t cudaGetDeviceCount(int *count);
cudaError_t cudaSetDevice(int device);
cudaError_t cudaGetDeviceProperties(struct cudaDeviceProp *prop, int device);
cudaError_t cudaDriverGetVersion(int *version);
cudaError_t cudaGetDevice(int *device);
cudaError_t cudaMemGetInfo(size_t *free, size_t *total);
const char *cudaGetErrorString(cudaError_t error);

int cuDeviceGet(int *device, int ordinal);
int cuDeviceGetAttribute(int *value, int attribute, int device);
int cuGetErrorString(int error, const char **text);

enum { ATTRIBUTE_VIRTUAL_MEMORY_MANAGEMENT = 102 };

static int describe(int ordinal, struct discover_device *out, const char **error)
{
	struct cudaDeviceProp prop;
	const unsigned char *id;
	cudaError_t result;
	int device, status;

	status = cuDeviceGet(&device, ordinal);
	if (!status)
		status = cuDeviceGetAttribute(&out->vmm, ATTRIBUTE_VIRTUAL_MEMORY_MANAGEMENT, device);
	if (status) {
		if (cuGetErrorString(status, error))
			*error = "the driver does not know its own error";
		return -1;
	}
	result = cudaGetDeviceProperties(&prop, ordinal);
	if (result) {
		*error = cudaGetErrorString(result);
		return -1;
	}
	id = (const unsigned char *)prop.uuid.bytes;
	snprintf(out->uuid, sizeof(out->uuid),
		 "GPU-%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", id[0], id[1],
		 id[2], id[3], id[4], id[5], id[6], id[7], id[8], id[9], id[10], id[11], id[12], id[13],
		 id[14], id[15]);
	snprintf(out->name, sizeof(out->name), "%s", prop.name);
	out->major = prop.major;
	out->minor = prop.minor;
	out->total_bytes = prop.totalGlobalMem;
	return 0;
}

__attribute__((visibility("default"))) int
discover_init(struct discover_device devices[DISCOVER_DEVICES], const char **error)
{
	cudaError_t result;
	int count, version;

	result = cudaGetDeviceCount(&count);
	if (result) {
		*error = cudaGetErrorString(result);
		return -1;
	}
	if (count > DISCOVER_DEVICES)
		count = DISCOVER_DEVICES;
	memset(devices, 0, sizeof(*devices) * DISCOVER_DEVICES);
	for (int i = 0; i < count; i++)
		if (describe(i, &devices[i], error))
			return -1;
	cudaDriverGetVersion(&version);
	return count;
}

__attribute__((visibility("default"))) int discover_memory(size_t *free_bytes, size_t *total_bytes)
{
	int device;

	if (cudaGetDevice(&device) || cudaSetDevice(device))
		return -1;
	return cudaMemGetInfo(free_bytes, total_bytes) ? -1 : 0;
}
