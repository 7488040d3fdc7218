// SPDX-License-Identifier: Apache-2.0
/* Asks the driver and NVML as a program of its own would, by symbol and by cuGetProcAddress, and prints the answers. */
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "gen/cuda_types.h"
#include "gen/nvml_types.h"

static void *cuda, *nvml;
static CUresult (*look_up)(const char *, void **, int, cuuint64_t, CUdriverProcAddressQueryResult *);

static void *driver(const char *name)
{
	void *pointer = NULL;

	if (look_up(name, &pointer, 13000, 0, NULL) || !pointer)
		printf("%s: not found\n", name);
	return pointer;
}

static void use_memory(void)
{
	CUresult (*allocate)(CUdeviceptr *, size_t) = driver("cuMemAlloc");
	CUresult (*to_device)(CUdeviceptr, const void *, size_t) = driver("cuMemcpyHtoD");
	CUresult (*to_host)(void *, CUdeviceptr, size_t) = driver("cuMemcpyDtoH");
	CUresult (*info)(size_t *, size_t *) = driver("cuMemGetInfo");
	CUresult (*release)(CUdeviceptr) = driver("cuMemFree");
	char text[64] = "there and back again", back[64] = "";
	size_t before = 0, during = 0, after = 0, total = 0;
	CUdeviceptr pointer;

	if (!allocate || !to_device || !to_host || !info || !release)
		return;
	info(&before, &total);
	printf("allocate %d", allocate(&pointer, 64 << 20));
	info(&during, &total);
	printf(" to %d", to_device(pointer, text, sizeof(text)));
	printf(" from %d", to_host(back, pointer, sizeof(back)));
	printf(" free %d", release(pointer));
	info(&after, &total);
	printf(": %s, %zu MiB taken, %zu MiB left over\n", back, (before - during) >> 20, (before - after) >> 20);
}

static void ask_driver(void)
{
	CUresult (*init)(unsigned) = driver("cuInit");
	CUresult (*count)(int *) = driver("cuDeviceGetCount");
	CUresult (*retain)(CUcontext *, CUdevice) = driver("cuDevicePrimaryCtxRetain");
	CUresult (*set)(CUcontext) = driver("cuCtxSetCurrent");
	CUresult (*table)(const void **, const CUuuid *) = driver("cuGetExportTable");
	CUresult (*text)(CUresult, const char **) = driver("cuGetErrorName");
	const char *name = NULL;
	const void *pointer;
	CUuuid none = { { 1, 2, 3 } };
	CUcontext context;
	int devices = 0;

	driver("cuNoSuchThing");
	printf("init %d", init(0));
	printf(" count %d", count(&devices));
	printf(" retain %d", retain(&context, 0));
	printf(" set %d, %d devices\n", set(context), devices);
	use_memory();
	printf("no such table: %d\n", table(&pointer, &none));
	text(CUDA_ERROR_NO_DEVICE, &name);
	printf("%s\n", name);
}

static void ask_nvml(void)
{
	nvmlReturn_t (*init)(void) = dlsym(nvml, "nvmlInit_v2");
	nvmlReturn_t (*handle)(unsigned, nvmlDevice_t *) = dlsym(nvml, "nvmlDeviceGetHandleByIndex_v2");
	nvmlReturn_t (*name)(nvmlDevice_t, char *, unsigned) = dlsym(nvml, "nvmlDeviceGetName");
	nvmlReturn_t (*memory)(nvmlDevice_t, nvmlMemory_t *) = dlsym(nvml, "nvmlDeviceGetMemoryInfo");
	nvmlMemory_t info = { 0 };
	nvmlDevice_t device;
	char text[96] = "";

	printf("nvml %d", init());
	printf(" %d", handle(99, &device));
	printf(" %d", handle(0, &device));
	name(device, text, sizeof(text));
	memory(device, &info);
	printf(": %s, %llu MiB\n", text, info.total >> 20);
}

int main(void)
{
	cuda = dlopen("libcuda.so.1", RTLD_NOW);
	nvml = dlopen("libnvidia-ml.so.1", RTLD_NOW);
	if (!cuda || !nvml) {
		puts("no GPU libraries");
		return 1;
	}
	*(void **)&look_up = dlsym(cuda, "cuGetProcAddress_v2");
	if (!look_up)
		return 1;
	ask_driver();
	ask_nvml();
	return 0;
}
