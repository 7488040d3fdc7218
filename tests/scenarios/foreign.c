// SPDX-License-Identifier: Apache-2.0
/* Somebody's own driver library, for the scenarios: what $FOREIGN says goes wrong in it. Built as libcuda and as libnvidia-ml. */
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

/* FOREIGN="NAME=VALUE …": the value of a name, NULL: not set. */
static const char *said(const char *name, char *out)
{
	const char *at = getenv("FOREIGN");
	size_t size = strlen(name);

	while (at && *at) {
		size_t word = strcspn(at, " ");

		if (!strncmp(at, name, size) && at[size] == '=' && word - size - 1 < 64) {
			memcpy(out, at + size + 1, word - size - 1);
			out[word - size - 1] = '\0';
			return out;
		}
		at += word + (at[word] == ' ');
	}
	return NULL;
}

static long number(const char *name, long otherwise)
{
	char value[64];

	return said(name, value) ? strtol(value, NULL, 0) : otherwise;
}

/* What the function is to return; or it does something else, and does not. */
static int result(const char *name)
{
	static int refusals;
	char value[64];
	int fd;

	if (!said(name, value))
		return 0;
	if (!strcmp(value, "crash")) {
		*(volatile int *)NULL = 1;
	} else if (!strcmp(value, "exit")) {
		_exit(7);
	} else if (!strcmp(value, "hang")) {
		fd = open("hanging", O_WRONLY); /* whoever waits for it knows now */
		if (fd >= 0)
			close(fd);
		for (;;)
			pause();
	} else if (strchr(value, 'x')) {
		return refusals++ < atoi(strchr(value, 'x') + 1) ? atoi(value) : 0;
	}
	return atoi(value);
}
#define RESULT                              \
	do {                                \
		int code = result(__func__); \
		if (code)                   \
			return code;        \
	} while (0)

#ifdef DRIVER
struct uuid {
	uint8_t bytes[16];
};

#define PLAIN(name, args) \
	EXPORT int name args; \
	EXPORT int name args

/* ordinals=1: only numbers are understood; mig=1: only an instance's own UUID is. */
static int invisible(void)
{
	const char *visible = getenv("CUDA_VISIBLE_DEVICES");

	return visible && !strncmp(visible, "GPU-", 4) && (number("mig", 0) || number("ordinals", 0)) ? 100 : 0;
}

PLAIN(cuInit, (unsigned flags)) { RESULT; return flags ? 1 : invisible(); }
PLAIN(cuDriverGetVersion, (int *version)) { RESULT; *version = (int)number("version", 13000); return 0; }
PLAIN(cuDeviceGetCount, (int *count)) { RESULT; *count = (int)number("devices", 1); return 0; }
PLAIN(cuDeviceGet, (int *device, int ordinal)) { RESULT; *device = ordinal; return 0; }
PLAIN(cuDeviceGetName, (char *name, int size, int device))
{
	RESULT;
	snprintf(name, (size_t)size, number("mig", 0) ? "Foreign %d MIG 1g.10gb" : "Foreign %d", device);
	return 0;
}
PLAIN(cuDeviceGetAttribute, (int *value, int attribute, int device))
{
	RESULT;
	(void)device;
	*value = attribute == 75 ? (int)number("major", 9) : attribute == 76 ? 0 : 1;
	return 0;
}
PLAIN(cuDeviceGetUuid_v2, (struct uuid *uuid, int device))
{
	char how[64] = "";

	RESULT;
	said("uuid", how);
	memset(uuid, !strcmp(how, "zero") ? 0 : !strcmp(how, "same") ? 7 : 7 + device, sizeof(*uuid));
	return 0;
}
PLAIN(cuDeviceGetUuid, (struct uuid *uuid, int device)) { return cuDeviceGetUuid_v2(uuid, device); }
PLAIN(cuDeviceGetPCIBusId, (char *id, int size, int device))
{
	char how[64] = "";

	RESULT;
	said("pci", how);
	snprintf(id, (size_t)size, "0000:%02x:00.0",
		 !strcmp(how, "same") ? 1 : !strcmp(how, "moves") ? (int)(getpid() & 0x7f) + 2 : device + 1);
	return 0;
}
PLAIN(cuDeviceTotalMem_v2, (size_t *bytes, int device)) { RESULT; (void)device; *bytes = (size_t)number("total", 1 << 30); return 0; }
PLAIN(cuCtxCreate_v2, (void **context, unsigned flags, int device))
{
	RESULT;
	(void)flags;
	(void)device;
	*context = context;
	return 0;
}
PLAIN(cuCtxDestroy_v2, (void *context)) { RESULT; (void)context; return 0; }
PLAIN(cuMemGetInfo_v2, (size_t *free_bytes, size_t *total))
{
	RESULT;
	*total = (size_t)number("total", 1 << 30);
	*free_bytes = (size_t)number("free", 1 << 29);
	return 0;
}
PLAIN(cuMemGetAllocationGranularity, (size_t *size, const void *prop, int option))
{
	RESULT;
	(void)prop;
	(void)option;
	*size = 1 << 21;
	return 0;
}
PLAIN(cuModuleLoadData, (void **module, const void *image)) { RESULT; *module = (void *)(uintptr_t)image; return 0; }
PLAIN(cuGetExportTable, (const void **table, const void *id)) { RESULT; (void)id; *table = table; return 0; }
PLAIN(cuGetProcAddress_v2, (const char *symbol, void **pointer, int version, uint64_t flags, int *status))
{
	int code = result(__func__);

	(void)symbol;
	(void)version;
	(void)flags;
	*pointer = NULL;
	if (status)
		*status = code ? 1 : 0;
	return code;
}
#else
EXPORT int nvmlInit_v2(void);
EXPORT int nvmlShutdown(void);
EXPORT int nvmlDeviceGetCount_v2(unsigned *count);
EXPORT int nvmlDeviceGetHandleByIndex_v2(unsigned index, void **device);
EXPORT int nvmlDeviceGetName(void *device, char *name, unsigned size);
EXPORT int nvmlDeviceGetMemoryInfo(void *device, unsigned long long memory[3]);

int nvmlInit_v2(void) { RESULT; return 0; }
int nvmlShutdown(void) { RESULT; return 0; }
int nvmlDeviceGetCount_v2(unsigned *count) { RESULT; *count = (unsigned)number("devices", 1); return 0; }
int nvmlDeviceGetHandleByIndex_v2(unsigned index, void **device) { RESULT; *device = (void *)(uintptr_t)(index + 1); return 0; }
int nvmlDeviceGetName(void *device, char *name, unsigned size)
{
	RESULT;
	(void)device;
	snprintf(name, size, "Foreign");
	return 0;
}
int nvmlDeviceGetMemoryInfo(void *device, unsigned long long memory[3])
{
	RESULT;
	(void)device;
	memory[0] = 1 << 30;
	memory[1] = 1 << 29;
	memory[2] = 1 << 29;
	return 0;
}
#endif
