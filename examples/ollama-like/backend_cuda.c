/* SPDX-License-Identifier: Apache-2.0 */
/* A CUDA backend of our own: the calls of ggml's, in its order, until a model would be loaded. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "examples/ollama-like/ggml.h"
#include "examples/ollama-like/nvml_memory.h"

/*
 * Built four times: CUDART is 12 or 13, and OLLAMA_PATCHES says whether it has what Ollama added
 * until it took llama-server (version 0.30): device ids, the check of the architecture where
 * GGML_CUDA_INIT is set, memory by NVML. Linked by name with libcudart.so.NN, libcuda.so.1 and
 * libggml-base.so.
 */
#if CUDART == 12
#include "gen/cudart12_types.h"
/* What this name means in a program compiled with CUDA 12. */
#define cudaGetDeviceProperties cudaGetDeviceProperties_v2
#define ARCHITECTURES "500,520,600,610,700,750,800,860,890,900,1200"
#else
#include "gen/cudart13_types.h"
#define ARCHITECTURES "750,800,860,870,890,900,1000,1030,1100,1200,1210"
#endif

cudaError_t cudaGetDeviceCount(int *count);
cudaError_t cudaGetDeviceProperties(struct cudaDeviceProp *prop, int device);
cudaError_t cudaDeviceGetAttribute(int *value, enum cudaDeviceAttr attribute, int device);
cudaError_t cudaDeviceGetPCIBusId(char *text, int size, int device);
cudaError_t cudaDriverGetVersion(int *version);
cudaError_t cudaGetDevice(int *device);
cudaError_t cudaSetDevice(int device);
cudaError_t cudaMemGetInfo(size_t *free_bytes, size_t *total_bytes);
const char *cudaGetErrorString(cudaError_t error);

struct allocation_prop {
	int type, handle_types;
	int location_type, location_id;
	void *win32;
	unsigned char flags[8];
};
_Static_assert(sizeof(struct allocation_prop) == 32, "CUmemAllocationProp");

int cuDeviceGet(int *device, int ordinal);
int cuDeviceGetAttribute(int *value, int attribute, int device);
int cuMemGetAllocationGranularity(size_t *size, const struct allocation_prop *prop, int option);
int cuGetErrorString(int error, const char **text);

enum {
	DEVICES_MAX = 16,
	ATTRIBUTE_VMM = 102,
	PINNED = 1,
	LOCATION_DEVICE = 1,
	RECOMMENDED = 1,
};

struct own_device {
	struct ggml_device functions;
	void *more[10]; /* of which nothing here asks */
	int ordinal;
	int major, minor, driver_major, driver_minor, integrated;
	char name[16], description[256], uuid[48], pci[32];
};

static struct own_device devices[DEVICES_MAX];
static int device_count;

static _Noreturn void failed(const char *statement, const char *function, int line,
			     const char *text)
{
	int device = -1;

	(void)cudaGetDevice(&device);
	ggml_log_internal(GGML_LOG_ERROR, "CUDA error: %s\n", text);
	ggml_log_internal(GGML_LOG_ERROR, "  current device: %d, in function %s at %s:%d\n", device,
			  function, "ggml-cuda.cu", line);
	ggml_log_internal(GGML_LOG_ERROR, "  %s\n", statement);
	ggml_abort("ggml-cuda.cu", line, "CUDA error");
}

#define CUDA_CHECK(call)                                                                           \
	do {                                                                                       \
		cudaError_t error_ = (call);                                                       \
		if (error_)                                                                        \
			failed(#call, __func__, __LINE__, cudaGetErrorString(error_));             \
	} while (0)

#define CU_CHECK(call)                                                                             \
	do {                                                                                       \
		int error_ = (call);                                                               \
		const char *text_ = "";                                                            \
		if (error_) {                                                                      \
			cuGetErrorString(error_, &text_);                                          \
			failed(#call, __func__, __LINE__, text_ ? text_ : "");                     \
		}                                                                                  \
	} while (0)

static bool has_architecture(int major, int minor)
{
	char wanted[32];

	snprintf(wanted, sizeof(wanted), ",%d,", 100 * major + 10 * minor);
	return strstr("," ARCHITECTURES ",", wanted) != NULL;
}

static void uuid_text(const struct cudaDeviceProp *prop, char out[48])
{
	char *at = out + sprintf(out, "GPU-");

	for (int i = 0; i < 16; i++)
		at += sprintf(at, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "",
			      (unsigned char)prop->uuid.bytes[i]);
}

static int virtual_memory(int ordinal)
{
	int device, supported = 0;

	CU_CHECK(cuDeviceGet(&device, ordinal));
	CU_CHECK(cuDeviceGetAttribute(&supported, ATTRIBUTE_VMM, device));
	if (supported) {
		struct allocation_prop prop = {
			.type = PINNED,
			.location_type = LOCATION_DEVICE,
			.location_id = ordinal,
		};
		size_t granularity;

		CU_CHECK(cuMemGetAllocationGranularity(&granularity, &prop, RECOMMENDED));
	}
	return supported;
}

#if OLLAMA_PATCHES

static void announce(int count)
{
	ggml_log_internal(GGML_LOG_INFO, "ggml_cuda_init: GGML_CUDA_FORCE_MMQ:    no\n");
	ggml_log_internal(GGML_LOG_INFO, "ggml_cuda_init: GGML_CUDA_FORCE_CUBLAS: no\n");
	ggml_log_internal(GGML_LOG_INFO, "ggml_cuda_init: found %d CUDA devices:\n", count);
}

static void announce_device(int ordinal, const struct cudaDeviceProp *prop, int vmm)
{
	char uuid[48];

	if (getenv("GGML_CUDA_INIT") && !has_architecture(prop->major, prop->minor))
		ggml_abort("ggml-cuda.cu", __LINE__,
			   "GGML_ASSERT(ggml_cuda_has_arch(info.devices[id].cc) && "
			   "\"ggml was not compiled with support for this arch\") failed");
	uuid_text(prop, uuid);
	ggml_log_internal(GGML_LOG_INFO,
			  "  Device %d: %s, compute capability %d.%d, VMM: %s, ID: %s\n", ordinal,
			  prop->name, prop->major, prop->minor, vmm ? "yes" : "no", uuid);
}

static void register_device(struct own_device *device, const struct cudaDeviceProp *prop,
			    int *version)
{
	snprintf(device->pci, sizeof(device->pci), "%04x:%02x:%02x.0", prop->pciDomainID,
		 prop->pciBusID, prop->pciDeviceID);
	if (!*version)
		CUDA_CHECK(cudaDriverGetVersion(version));
	device->driver_major = *version / 1000;
	device->driver_minor = *version % 1000 / 10;
}

#else

static void announce(int count)
{
	size_t total_bytes = 0;

	for (int i = 0; i < count; i++) {
		struct cudaDeviceProp prop;

		CUDA_CHECK(cudaGetDeviceProperties(&prop, i));
		total_bytes += prop.totalGlobalMem;
	}
	ggml_log_internal(GGML_LOG_INFO,
			  "ggml_cuda_init: found %d CUDA devices (Total VRAM: %zu MiB):\n", count,
			  total_bytes >> 20);
}

static void announce_device(int ordinal, const struct cudaDeviceProp *prop, int vmm)
{
	int cooperative;

	CUDA_CHECK(cudaDeviceGetAttribute(&cooperative, cudaDevAttrCooperativeLaunch, ordinal));
	ggml_log_internal(GGML_LOG_INFO,
			  "  Device %d: %s, compute capability %d.%d, VMM: %s, VRAM: %zu MiB\n",
			  ordinal, prop->name, prop->major, prop->minor, vmm ? "yes" : "no",
			  (size_t)prop->totalGlobalMem >> 20);
	(void)has_architecture;
}

static void register_device(struct own_device *device, const struct cudaDeviceProp *prop,
			    int *version)
{
	(void)prop;
	(void)version;
	CUDA_CHECK(cudaDeviceGetPCIBusId(device->pci, sizeof(device->pci), device->ordinal));
	for (char *at = device->pci; *at; at++)
		*at = *at >= 'A' && *at <= 'F' ? (char)(*at + 'a' - 'A') : *at;
}

#endif

static void find_devices(void)
{
	cudaError_t error = cudaGetDeviceCount(&device_count);

	if (error) {
		ggml_log_internal(GGML_LOG_ERROR, "ggml_cuda_init: failed to initialize CUDA: %s\n",
				  cudaGetErrorString(error));
		device_count = 0;
		return;
	}
	if (device_count > DEVICES_MAX)
		ggml_abort("ggml-cuda.cu", __LINE__,
			   "GGML_ASSERT(info.device_count <= GGML_CUDA_MAX_DEVICES) failed");
	announce(device_count);
	for (int i = 0; i < device_count; i++) {
		struct cudaDeviceProp prop;
		int vmm = virtual_memory(i);

		CUDA_CHECK(cudaGetDeviceProperties(&prop, i));
		announce_device(i, &prop, vmm);
	}
}

static struct own_device *own(struct ggml_device *device)
{
	return (struct own_device *)device;
}

static const char *get_name(struct ggml_device *device)
{
	return own(device)->name;
}

static const char *get_description(struct ggml_device *device)
{
	return own(device)->description;
}

static enum ggml_device_type get_type(struct ggml_device *device)
{
	(void)device;
	return GGML_GPU;
}

static void get_memory(struct ggml_device *device, size_t *free_bytes, size_t *total_bytes)
{
	struct cudaDeviceProp prop;
	size_t machine_bytes;
	int current;

	CUDA_CHECK(cudaGetDevice(&current));
	if (current != own(device)->ordinal)
		CUDA_CHECK(cudaSetDevice(own(device)->ordinal));
#if OLLAMA_PATCHES
	if (!nvml_memory(own(device)->uuid, free_bytes, total_bytes))
		return;
#endif
	CUDA_CHECK(cudaMemGetInfo(free_bytes, total_bytes));
	CUDA_CHECK(cudaGetDeviceProperties(&prop, own(device)->ordinal));
	if (prop.integrated || getenv("GGML_CUDA_ENABLE_UNIFIED_MEMORY"))
		machine_memory(free_bytes, &machine_bytes);
}

static void get_props(struct ggml_device *device, void *out)
{
	struct own_device *from = own(device);
#if OLLAMA_PATCHES
	struct ggml_props_ollama *props = out;

	props->id = from->uuid;
	props->memory_free = props->memory_total = 0;
	props->driver_major = from->driver_major;
	props->driver_minor = from->driver_minor;
	props->compute_major = from->major;
	props->compute_minor = from->minor;
	props->integrated = from->integrated;
	props->library = "CUDA";
#else
	struct ggml_props *props = out;

	get_memory(device, &props->memory_free, &props->memory_total);
#endif
	props->name = from->name;
	props->description = from->description;
	props->type = GGML_GPU;
	props->device_id = *from->pci ? from->pci : NULL;
	props->caps = (struct ggml_caps){ 1, !getenv("GGML_CUDA_NO_PINNED"), 0, 1 };
}

static const char *reg_name(struct ggml_reg *reg)
{
	(void)reg;
	return "CUDA";
}

static size_t reg_device_count(struct ggml_reg *reg)
{
	(void)reg;
	return (size_t)device_count;
}

static struct ggml_device *reg_device(struct ggml_reg *reg, size_t index)
{
	(void)reg;
	return &devices[index].functions;
}

static struct ggml_feature *features(struct ggml_reg *reg)
{
	static struct ggml_feature list[] = {
		{ "ARCHS", ARCHITECTURES },
		{ "USE_GRAPHS", "1" },
		{ "PEER_MAX_BATCH_SIZE", "128" },
		{ NULL, NULL },
	};

	(void)reg;
	return list;
}

static void *reg_function(struct ggml_reg *reg, const char *name)
{
	(void)reg;
	return !strcmp(name, "ggml_backend_get_features") ? (void *)features : NULL;
}

GGML_EXPORT struct ggml_reg *ggml_backend_init(void);

struct ggml_reg *ggml_backend_init(void)
{
	static struct ggml_reg reg = {
		.api_version = GGML_API_VERSION,
		.get_name = reg_name,
		.get_device_count = reg_device_count,
		.get_device = reg_device,
		.get_proc_address = reg_function,
	};
	int version = 0;

	find_devices();
	for (int i = 0; i < device_count; i++) {
		struct own_device *device = &devices[i];
		struct cudaDeviceProp prop;

		device->functions = (struct ggml_device){ get_name, get_description, get_memory,
							  get_type, get_props,       NULL };
		device->ordinal = i;
		snprintf(device->name, sizeof(device->name), "CUDA%d", i);
		CUDA_CHECK(cudaGetDeviceProperties(&prop, i));
		snprintf(device->description, sizeof(device->description), "%s", prop.name);
		uuid_text(&prop, device->uuid);
		device->major = prop.major;
		device->minor = prop.minor;
		device->integrated = prop.integrated;
		register_device(device, &prop, &version);
	}
	return &reg;
}
