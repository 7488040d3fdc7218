/* SPDX-License-Identifier: Apache-2.0 */
/* gpu-discover's second question: to the driver, and to NVML for the driver's version. */
#include <ctype.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

#include "examples/ollama-like/native.h"
#include "examples/ollama-like/text.h"

enum { ATTRIBUTE_INTEGRATED = 18, ATTRIBUTE_MAJOR = 75, ATTRIBUTE_MINOR = 76 };

struct cuda {
	void *handle;
	int (*init)(unsigned flags);
	int (*version)(int *version);
	int (*count)(int *count);
	int (*get)(int *device, int ordinal);
	int (*attribute)(int *value, int attribute, int device);
	int (*name)(char *text, int size, int device);
	int (*memory)(size_t *bytes, int device);
	int (*pci)(char *text, int size, int device); /* NULL: not there */
};

static void *open_first(const char *const names[2], char **error)
{
	char *first;
	void *handle;

	handle = dlopen(names[0], RTLD_NOW | RTLD_LOCAL);
	if (handle)
		return handle;
	first = text_of("dlopen %s: %s", names[0], dlerror());
	handle = dlopen(names[1], RTLD_NOW | RTLD_LOCAL);
	if (!handle)
		*error = text_of("%s; dlopen %s: %s", first, names[1], dlerror());
	free(first);
	return handle;
}

static int resolve(struct cuda *cuda, char **error)
{
	static const char *const names[2] = { "libcuda.so.1", "libcuda.so" };
	const struct {
		const char *name, *else_name;
		void **place;
	} wanted[] = {
		{ "cuInit", NULL, (void **)&cuda->init },
		{ "cuDriverGetVersion", NULL, (void **)&cuda->version },
		{ "cuDeviceGetCount", NULL, (void **)&cuda->count },
		{ "cuDeviceGet", NULL, (void **)&cuda->get },
		{ "cuDeviceGetAttribute", NULL, (void **)&cuda->attribute },
		{ "cuDeviceGetName", NULL, (void **)&cuda->name },
		{ "cuDeviceTotalMem_v2", "cuDeviceTotalMem", (void **)&cuda->memory },
	};

	cuda->handle = open_first(names, error);
	if (!cuda->handle)
		return -1;
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		*wanted[i].place = dlsym(cuda->handle, wanted[i].name);
		if (!*wanted[i].place && wanted[i].else_name)
			*wanted[i].place = dlsym(cuda->handle, wanted[i].else_name);
		if (!*wanted[i].place) {
			*error = text_of("dlsym %s: %s", wanted[i].name, dlerror());
			return -1;
		}
	}
	*(void **)&cuda->pci = dlsym(cuda->handle, "cuDeviceGetPCIBusId");
	return 0;
}

/* 0: not to be had, which is no failure. */
static int nvidia_driver_major(void)
{
	static const char *const names[2] = { "libnvidia-ml.so.1", "libnvidia-ml.so" };
	int (*version)(char *text, unsigned size);
	int (*init)(void), (*stop)(void);
	char text[80], *error = NULL;
	void *handle;
	int major = 0;

	handle = open_first(names, &error);
	free(error);
	if (!handle)
		return 0;
	*(void **)&init = dlsym(handle, "nvmlInit_v2");
	*(void **)&stop = dlsym(handle, "nvmlShutdown");
	*(void **)&version = dlsym(handle, "nvmlSystemGetDriverVersion");
	if (!init || !stop || !version || init())
		return 0;
	if (!version(text, sizeof(text)))
		major = atoi(text);
	stop();
	return major;
}

static int attribute_of(const struct cuda *cuda, int attribute, int device)
{
	int value;

	return cuda->attribute(&value, attribute, device) ? 0 : value;
}

static void describe(const struct cuda *cuda, int handle, struct native_device *device)
{
	char name[128] = "", pci[32] = "";
	size_t bytes = 0;

	device->compute_major = attribute_of(cuda, ATTRIBUTE_MAJOR, handle);
	device->compute_minor = attribute_of(cuda, ATTRIBUTE_MINOR, handle);
	device->integrated = attribute_of(cuda, ATTRIBUTE_INTEGRATED, handle) == 1;
	device->integrated_known = true;
	cuda->name(name, sizeof(name), handle);
	cuda->memory(&bytes, handle);
	if (cuda->pci && cuda->pci(pci, sizeof(pci), handle))
		*pci = '\0';
	for (char *at = pci; *at; at++)
		*at = (char)tolower((unsigned char)*at);
	snprintf(device->description, sizeof(device->description), "%.127s", name);
	snprintf(device->device_id, sizeof(device->device_id), "%.31s", pci);
	device->total_bytes = bytes;
}

int native_probe_driver(struct native_devices *out, char **error)
{
	int result, version = 0, nvidia, count = 0, handle;
	struct cuda cuda;

	if (resolve(&cuda, error))
		return -1;
	result = cuda.init(0);
	if (result) {
		*error = text_of("cuInit failed: %d", result);
		return -1;
	}
	if (cuda.version(&version))
		version = 0;
	nvidia = nvidia_driver_major();
	result = cuda.count(&count);
	if (result) {
		*error = text_of("cuDeviceGetCount failed: %d", result);
		return -1;
	}
	for (int i = 0; i < count && out->count < 64; i++) {
		struct native_device device = { .library = "CUDA",
						.index = i,
						.index_matches = true };

		if (cuda.get(&handle, i))
			continue;
		describe(&cuda, handle, &device);
		device.driver_major = version / 1000;
		device.driver_minor = version % 1000 / 10;
		device.nvidia_driver_major = nvidia;
		out->at[out->count++] = device;
	}
	return 0;
}
