/* SPDX-License-Identifier: Apache-2.0 */
/* NVML by name, opened and closed around each question, as Ollama's CUDA backend does it. */
#include "examples/ollama-like/nvml_memory.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>

enum { NVML_NOT_SUPPORTED = 3, NVML_NOT_FOUND = 6 };

struct nvml_memory_info {
	unsigned long long total, free, used;
};

struct nvml {
	void *handle;
	int (*init)(void);
	int (*stop)(void);
	int (*find)(const char *uuid, void **device);
	int (*ask)(void *device, struct nvml_memory_info *info);
	int (*name)(void *device, char *text, unsigned size); /* must be there, is never called */
	const char *(*error)(int code);
};

void machine_memory(size_t *free_bytes, size_t *total_bytes)
{
	FILE *from = fopen("/proc/meminfo", "re");
	char line[128];
	size_t kilobytes;

	*free_bytes = *total_bytes = 0;
	while (from && fgets(line, sizeof(line), from)) {
		if (sscanf(line, "MemTotal: %zu", &kilobytes) == 1)
			*total_bytes = kilobytes << 10;
		if (sscanf(line, "MemAvailable: %zu", &kilobytes) == 1)
			*free_bytes = kilobytes << 10;
	}
	if (from)
		fclose(from);
}

static int load(struct nvml *nvml)
{
	static const char *const places[] = { "/usr/lib/wsl/lib/libnvidia-ml.so.1",
					      "libnvidia-ml.so.1" };
	const struct {
		const char *name;
		void **place;
	} wanted[] = {
		{ "nvmlInit_v2", (void **)&nvml->init },
		{ "nvmlShutdown", (void **)&nvml->stop },
		{ "nvmlDeviceGetHandleByUUID", (void **)&nvml->find },
		{ "nvmlDeviceGetMemoryInfo", (void **)&nvml->ask },
		{ "nvmlDeviceGetName", (void **)&nvml->name },
		{ "nvmlErrorString", (void **)&nvml->error },
	};
	int missing = 0, status;

	nvml->handle = NULL;
	for (size_t i = 0; i < 2 && !nvml->handle; i++)
		nvml->handle = dlopen(places[i], RTLD_LAZY);
	if (!nvml->handle) {
		fprintf(stderr, "ggml_nvml_init unable to load libnvidia-ml: %s\n", dlerror());
		return NVML_NOT_FOUND;
	}
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		*wanted[i].place = dlsym(nvml->handle, wanted[i].name);
		missing += !*wanted[i].place;
	}
	status = NVML_NOT_FOUND;
	if (missing) {
		fputs("ggml_nvml_init unable to locate required symbols in libnvidia-ml.so",
		      stderr);
	} else {
		status = nvml->init();
		if (status)
			fprintf(stderr, "ggml_nvml_init unable to initialize NVML: %s\n",
				nvml->error(status));
	}
	if (status)
		dlclose(nvml->handle);
	return status;
}

static int query(const struct nvml *nvml, const char *uuid, size_t *free_bytes, size_t *total_bytes)
{
	struct nvml_memory_info info = { 0 };
	void *device;
	int status;

	status = nvml->find(uuid, &device);
	if (!status)
		status = nvml->ask(device, &info);
	if (!status) {
		*free_bytes = info.free;
		*total_bytes = info.total;
	} else if (status == NVML_NOT_SUPPORTED) {
		/* A device that shares the machine's memory. */
		machine_memory(free_bytes, total_bytes);
		if (*total_bytes)
			status = 0;
	}
	return status;
}

int nvml_memory(const char *uuid, size_t *free_bytes, size_t *total_bytes)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	struct nvml nvml;
	int status, stopped;

	pthread_mutex_lock(&lock);
	status = load(&nvml);
	if (!status) {
		status = query(&nvml, uuid, free_bytes, total_bytes);
		stopped = nvml.stop();
		if (stopped)
			fprintf(stderr, "ggml_nvml_release failed to shutdown NVML: %s\n",
				nvml.error(stopped));
		dlclose(nvml.handle);
	}
	pthread_mutex_unlock(&lock);
	return status;
}
