/* SPDX-License-Identifier: Apache-2.0 */
/* Era A's second way, where no driver could be opened: a libcudart. */
#include <stdio.h>
#include <string.h>

#include "examples/ollama-like/driver.h"

enum { SET, SYNCHRONIZE, RESET, MEMORY, COUNT, ATTRIBUTE, VERSION, PROPERTIES };

static const char *const names[] = {
	"cudaSetDevice",        "cudaDeviceSynchronize",   "cudaDeviceReset",
	"cudaMemGetInfo",       "cudaGetDeviceCount",      "cudaDeviceGetAttribute",
	"cudaDriverGetVersion", "cudaGetDeviceProperties", NULL
};
_Static_assert(sizeof(names) / sizeof(names[0]) - 1 <= DRIVER_SYMBOLS, "a place for each");

/* Of cudaDeviceProp, whichever the library has; and room for what it writes. */
enum { PROP_BYTES = 4096, PROP_UUID = 256, PROP_MAJOR = 360, PROP_MINOR = 364 };
enum { INSUFFICIENT_DRIVER = 35 };

static int open_runtime(struct driver *driver, const char *path, struct driver_failure *failure)
{
	int (*set)(int device);
	int (*number)(int *out);
	int version, result;

	if (driver_open(driver, path, names, failure))
		return -1;
	*(void **)&set = driver->symbol[SET];
	result = set(0);
	if (result) {
		driver_note("cudaSetDevice err: %d\n", result);
		if (result == INSUFFICIENT_DRIVER)
			driver_failed(failure, result,
				      "your nvidia driver is too old or missing.  If you have a "
				      "CUDA GPU please upgrade "
				      "to run ollama");
		else
			driver_failed(failure, result, "cudart init failure: %d", result);
		goto fail;
	}
	*(void **)&number = driver->symbol[VERSION];
	result = number(&version);
	if (result) {
		driver_note("cudaDriverGetVersion failed: %d\n", result);
	} else {
		driver->version_major = version / 1000;
		driver->version_minor = version % 1000 / 10;
		driver_note("CUDA driver version: %d-%d\n", driver->version_major,
			    driver->version_minor);
	}
	*(void **)&number = driver->symbol[COUNT];
	result = number(&driver->count);
	if (result) {
		driver_note("cudaGetDeviceCount err: %d\n", result);
		driver_failed(failure, result, "unable to get device count: %d", result);
		goto fail;
	}
	return 0;
fail:
	driver_close(driver);
	return -1;
}

static int ask_runtime(struct driver *driver, int index, struct device *device,
		       struct driver_failure *failure)
{
	static const unsigned char zeros[16];
	int (*properties)(void *prop, int device);
	int (*memory)(size_t * free_bytes, size_t * total_bytes);
	int (*set)(int device);
	size_t free_bytes, total_bytes;
	unsigned char prop[PROP_BYTES] = { 0 };
	int result;

	*(void **)&set = driver->symbol[SET];
	*(void **)&properties = driver->symbol[PROPERTIES];
	*(void **)&memory = driver->symbol[MEMORY];
	result = set(index);
	if (result) {
		driver_failed(failure, result, "cudart device failed to initialize");
		return -1;
	}
	result = properties(prop, index);
	if (result)
		driver_note("[%d] device properties lookup failure: %d\n", index, result);
	if (result || !memcmp(prop + PROP_UUID, zeros, sizeof(zeros)))
		snprintf(device->id, sizeof(device->id), "%d", index);
	else
		driver_uuid(device->id, prop + PROP_UUID);
	if (!result) {
		memcpy(&device->compute_major, prop + PROP_MAJOR, sizeof(int));
		memcpy(&device->compute_minor, prop + PROP_MINOR, sizeof(int));
	}
	result = memory(&free_bytes, &total_bytes);
	if (result) {
		driver_failed(failure, result, "cudart device memory info lookup failure %d",
			      result);
		return -1;
	}
	device->free_bytes = free_bytes;
	device->total_bytes = total_bytes;
	device->driver_major = driver->version_major;
	device->driver_minor = driver->version_minor;
	return 0;
}

static int refresh_runtime(struct driver *driver, int index, struct device *device)
{
	struct driver_failure failure = { 0 };
	struct device now = { 0 };

	if (ask_runtime(driver, index, &now, &failure) || !now.free_bytes)
		return -1;
	device->free_bytes = now.free_bytes;
	return 0;
}

const struct driver_kind driver_runtime = { open_runtime, ask_runtime, refresh_runtime };
