// SPDX-License-Identifier: Apache-2.0
/* Libraries to forward to that misbehave: six functions of the driver, and a way of calling themselves. */
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))

EXPORT int cuInit(unsigned flags);
EXPORT int cuDeviceGetCount(int *count);
EXPORT int cuDeviceGet(int *device, int ordinal);
EXPORT int cuDeviceGetName(char *name, int size, int device);
EXPORT int cuDriverGetVersion(int *version);
EXPORT int cuGetProcAddress_v2(const char *symbol, void **pointer, int version, uint64_t flags, int *status);

static int started;

int cuInit(unsigned flags)
{
#ifdef TARGET_CHAIN
	/* As a library does that stands between the program and the driver: whatever driver goes by that name. */
	void *driver = dlopen("libcuda.so.1", RTLD_NOW);
	int (*init)(unsigned) = driver ? (int (*)(unsigned))dlsym(driver, "cuInit") : NULL;
	int result = init ? init(flags) : 3;

	if (result)
		return result;
#endif
	if (!flags)
		started++;
	return flags ? 1 : 0;
}

int cuDeviceGetCount(int *count)
{
#if defined(TARGET_PLT)
	/* Through its own export: another library's may be in front. */
	if (cuInit(0))
		return 3;
#elif defined(TARGET_DEFAULT)
	/* Where the program's symbols are looked up its own come first, since it was loaded so. */
	int (*init)(unsigned) = (int (*)(unsigned))dlsym(RTLD_DEFAULT, "cuInit");

	if (!init || init(0))
		return 3;
#elif defined(TARGET_BYNAME)
	/* Through the driver that goes by that name, which is ours. */
	void *driver = dlopen("libcuda.so.1", RTLD_NOW);
	int (*init)(unsigned) = driver ? (int (*)(unsigned))dlsym(driver, "cuInit") : NULL;

	if (!init || init(0))
		return 3;
#endif
	*count = started;
	return 0;
}

int cuDeviceGet(int *device, int ordinal)
{
	*device = ordinal;
	return ordinal ? 101 : 0;
}

int cuDeviceGetName(char *name, int size, int device)
{
	(void)device;
	snprintf(name, (size_t)size, "somebody's own");
	return 0;
}

int cuDriverGetVersion(int *version)
{
	*version = 12040;
	return 0;
}

/* A function of its own that nobody exports; one that is success and NULL; one that nobody knows. */
static int hidden_total(size_t *bytes, int device)
{
	*bytes = 4711u + (size_t)device;
	return 0;
}

static int unheard_of(void)
{
	return 4712;
}

int cuGetProcAddress_v2(const char *symbol, void **pointer, int version, uint64_t flags, int *status)
{
	(void)version;
	(void)flags;
	*pointer = !strcmp(symbol, "cuInit")		? (void *)cuInit
		   : !strcmp(symbol, "cuDeviceTotalMem") ? (void *)hidden_total
		   : !strcmp(symbol, "cuUnheardOf")	? (void *)unheard_of
							: NULL;
	if (status)
		*status = 0;
	return 0;
}

#ifdef TARGET_INTERPOSE
EXPORT void *dlopen(const char *file, int mode);

/* What a program that loaded this library itself would have got for every dlopen. */
void *dlopen(const char *file, int mode)
{
	(void)file;
	(void)mode;
	return NULL;
}
#endif
