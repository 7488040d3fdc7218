/* SPDX-License-Identifier: Apache-2.0 */
/* Era A's first way: libcuda, with a context for each device, to learn the memory. */
#include <stdio.h>

#include "examples/ollama-like/driver.h"

enum { INIT, VERSION, COUNT, GET, ATTRIBUTE, UUID, NAME, CREATE, MEMORY, DESTROY };

static const char *const names[] = { "cuInit",
				     "cuDriverGetVersion",
				     "cuDeviceGetCount",
				     "cuDeviceGet",
				     "cuDeviceGetAttribute",
				     "cuDeviceGetUuid",
				     "cuDeviceGetName",
				     "cuCtxCreate_v3",
				     "cuMemGetInfo_v2",
				     "cuCtxDestroy",
				     NULL };
_Static_assert(sizeof(names) / sizeof(names[0]) - 1 == DRIVER_SYMBOLS, "one place for each");

enum { ATTRIBUTE_MAJOR = 75, ATTRIBUTE_MINOR = 76, NAME_BYTES = 96 };

static int open_cuda(struct driver *driver, const char *path, struct driver_failure *failure)
{
	int (*init)(unsigned flags);
	int (*number)(int *out);
	int version, result;

	if (driver_open(driver, path, names, failure))
		return -1;
	driver_note("calling cuInit\n");
	*(void **)&init = driver->symbol[INIT];
	result = init(0);
	if (result) {
		driver_note("cuInit err: %d\n", result);
		driver_failed(failure, result, "cuda driver library init failure: %d", result);
		goto fail;
	}
	driver_note("calling cuDriverGetVersion\n");
	*(void **)&number = driver->symbol[VERSION];
	result = number(&version);
	if (result) {
		driver_note("cuDriverGetVersion failed: %d\n", result);
	} else {
		driver->version_major = version / 1000;
		driver->version_minor = version % 1000 / 10;
		driver_note("CUDA driver version: %d.%d\n", driver->version_major,
			    driver->version_minor);
	}
	driver_note("calling cuDeviceGetCount\n");
	*(void **)&number = driver->symbol[COUNT];
	result = number(&driver->count);
	if (result) {
		driver_note("cuDeviceGetCount err: %d\n", result);
		driver_failed(failure, result, "unable to get device count: %d", result);
		goto fail;
	}
	driver_note("device count %d\n", driver->count);
	return 0;
fail:
	driver_close(driver);
	return -1;
}

/* In a context of its own, which is destroyed at once. */
static int memory_of(struct driver *driver, int handle, size_t *free_bytes, size_t *total_bytes,
		     struct driver_failure *failure)
{
	int (*create)(void **context, void *affinity, int affinities, unsigned flags, int device);
	int (*memory)(size_t * free_bytes, size_t * total_bytes);
	int (*destroy)(void *context);
	void *context = NULL;
	int result, destroyed;

	*(void **)&create = driver->symbol[CREATE];
	*(void **)&memory = driver->symbol[MEMORY];
	*(void **)&destroy = driver->symbol[DESTROY];
	result = create(&context, NULL, 0, 0, handle);
	if (result) {
		driver_failed(failure, result,
			      "cuda driver library failed to get device context %d", result);
		return -1;
	}
	result = memory(free_bytes, total_bytes);
	if (result)
		driver_failed(failure, result,
			      "cuda driver library device memory info lookup failure %d", result);
	destroyed = destroy(context);
	if (destroyed && !result)
		fprintf(stderr, "cuda driver library failed to release device context %d",
			destroyed);
	return result ? -1 : 0;
}

static int get_handle(struct driver *driver, int index, int *handle, struct driver_failure *failure)
{
	int (*get)(int *device, int ordinal);
	int result;

	*(void **)&get = driver->symbol[GET];
	result = get(handle, index);
	if (result)
		driver_failed(failure, result, "cuda driver library device failed to initialize");
	return result ? -1 : 0;
}

static int ask_cuda(struct driver *driver, int index, struct device *device,
		    struct driver_failure *failure)
{
	int (*attribute)(int *value, int attribute, int device);
	int (*name)(char *text, int size, int device);
	int (*uuid)(unsigned char *bytes, int device);
	int handle, major, minor, result;
	size_t free_bytes, total_bytes;
	unsigned char bytes[16] = { 0 };

	*(void **)&attribute = driver->symbol[ATTRIBUTE];
	*(void **)&uuid = driver->symbol[UUID];
	*(void **)&name = driver->symbol[NAME];
	if (get_handle(driver, index, &handle, failure))
		return -1;
	result = attribute(&major, ATTRIBUTE_MAJOR, handle);
	if (result) {
		driver_note("[%d] device major lookup failure: %d\n", index, result);
	} else {
		result = attribute(&minor, ATTRIBUTE_MINOR, handle);
		if (result) {
			driver_note("[%d] device minor lookup failure: %d\n", index, result);
		} else {
			device->compute_major = major;
			device->compute_minor = minor;
		}
	}
	result = uuid(bytes, handle);
	if (result) {
		driver_note("[%d] device uuid lookup failure: %d\n", index, result);
		snprintf(device->id, sizeof(device->id), "%d", index);
	} else {
		driver_uuid(device->id, bytes);
	}
	result = name(device->description, NAME_BYTES, handle);
	if (result) {
		driver_note("[%d] device name lookup failure: %d\n", index, result);
		*device->description = '\0';
	}
	snprintf(device->name, sizeof(device->name), "%.127s", device->description);
	if (memory_of(driver, handle, &free_bytes, &total_bytes, failure))
		return -1;
	device->free_bytes = free_bytes;
	device->total_bytes = total_bytes;
	device->driver_major = driver->version_major;
	device->driver_minor = driver->version_minor;
	driver_note("[%s] CUDA totalMem %zumb\n", device->id, total_bytes >> 20);
	driver_note("[%s] CUDA freeMem %zumb\n", device->id, free_bytes >> 20);
	driver_note("[%s] Compute Capability %d.%d\n", device->id, device->compute_major,
		    device->compute_minor);
	return 0;
}

static int refresh_cuda(struct driver *driver, int index, struct device *device)
{
	struct driver_failure failure = { 0 };
	size_t free_bytes = 0, total_bytes;
	int handle;

	if (get_handle(driver, index, &handle, &failure) ||
	    memory_of(driver, handle, &free_bytes, &total_bytes, &failure)) {
		fputs(failure.text, stderr);
		return -1;
	}
	device->free_bytes = free_bytes;
	return free_bytes ? 0 : -1;
}

const struct driver_kind driver_cuda = { open_cuda, ask_cuda, refresh_cuda };
