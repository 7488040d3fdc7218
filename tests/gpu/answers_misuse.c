// SPDX-License-Identifier: Apache-2.0
/* What wrong calls get: each row of the table is one misuse. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/gpu/answers.h"

static CUdevice device;
static CUcontext context;
static nvmlDevice_t nvml_device;

/* Kernel text of our own, for whoever loads a module. */
static const char ptx[] = ".version 6.4\n.target sm_52\n.address_size 64\n.visible .entry nothing()\n{\n\tret;\n}\n";
static const char bad_ptx[] = ".version 6.4\n.target sm_52\n.address_size 64\n.visible .entry nothing()\n{\n\tjust no;\n}\n";

static CUmodule module(void)
{
	CUmodule loaded = NULL;

	cu.cuModuleLoadData(&loaded, ptx);
	return loaded;
}

static CUfunction function(void)
{
	CUfunction found = NULL;

	cu.cuModuleGetFunction(&found, module(), "nothing");
	return found;
}

static CUdeviceptr memory(void)
{
	CUdeviceptr pointer = 0;

	cu.cuMemAlloc_v2(&pointer, 4096);
	return pointer;
}

static int launch(unsigned grid, unsigned block, unsigned shared)
{
	return cu.cuLaunchKernel(function(), grid, 1, 1, block, 1, 1, shared, NULL, NULL, NULL);
}

static char host[4096];

/* What a case may need to have happened before. */
enum need { NOTHING, INITIALISED, CONTEXT, NVML_NOTHING, NVML };

struct misuse {
	const char *name;
	enum need need;
	int (*call)(void);
};

#define MISUSE(identifier, expression)                                                             \
	static int identifier(void)                                                                \
	{                                                                                          \
		int value = 0;                                                                     \
		size_t bytes = 0;                                                                  \
		void *pointer = NULL;                                                              \
		(void)value;                                                                       \
		(void)bytes;                                                                       \
		(void)pointer;                                                                     \
		return (expression);                                                               \
	}

MISUSE(count_uninitialised, cu.cuDeviceGetCount(&value))
MISUSE(get_uninitialised, cu.cuDeviceGet(&value, 0))
MISUSE(context_uninitialised, cu.cuCtxGetCurrent((CUcontext *)&pointer))
MISUSE(alloc_uninitialised, cu.cuMemAlloc_v2((CUdeviceptr *)&pointer, 16))
MISUSE(version_null, cu.cuDriverGetVersion(NULL))
MISUSE(error_string_uninitialised, cu.cuGetErrorString(999999, (const char **)&pointer))
MISUSE(init_flags, cu.cuInit(1))
MISUSE(count_null, cu.cuDeviceGetCount(NULL))
MISUSE(get_negative, cu.cuDeviceGet(&value, -1))
MISUSE(get_too_high, cu.cuDeviceGet(&value, 99))
MISUSE(get_null, cu.cuDeviceGet(NULL, 0))
MISUSE(attribute_zero, cu.cuDeviceGetAttribute(&value, 0, device))
MISUSE(attribute_unknown, cu.cuDeviceGetAttribute(&value, 9999, device))
MISUSE(attribute_null, cu.cuDeviceGetAttribute(NULL, 75, device))
MISUSE(attribute_no_device, cu.cuDeviceGetAttribute(&value, 75, 99))
MISUSE(name_length_zero, cu.cuDeviceGetName(host, 0, device))
MISUSE(name_length_negative, cu.cuDeviceGetName(host, -1, device))
MISUSE(name_null, cu.cuDeviceGetName(NULL, 16, device))
MISUSE(total_null, cu.cuDeviceTotalMem_v2(NULL, device))
MISUSE(total_no_device, cu.cuDeviceTotalMem_v2(&bytes, 99))
MISUSE(bus_null, cu.cuDeviceGetByPCIBusId(&value, NULL))
MISUSE(bus_wrong, cu.cuDeviceGetByPCIBusId(&value, "not an address"))
MISUSE(bus_absent, cu.cuDeviceGetByPCIBusId(&value, "0000:ff:1f.0"))
MISUSE(alloc_no_context, cu.cuMemAlloc_v2((CUdeviceptr *)&pointer, 16))
MISUSE(info_no_context, cu.cuMemGetInfo_v2(&bytes, &bytes))
MISUSE(synchronise_no_context, cu.cuCtxSynchronize())
MISUSE(device_no_context, cu.cuCtxGetDevice(&value))
MISUSE(pop_empty, cu.cuCtxPopCurrent_v2((CUcontext *)&pointer))
MISUSE(push_null, cu.cuCtxPushCurrent_v2(NULL))
MISUSE(destroy_null, cu.cuCtxDestroy_v2(NULL))
MISUSE(set_null, cu.cuCtxSetCurrent(NULL))
MISUSE(create_flags, cu.cuCtxCreate_v2((CUcontext *)&pointer, 0xffff0000u, device))
MISUSE(create_no_device, cu.cuCtxCreate_v2((CUcontext *)&pointer, 0, 99))
MISUSE(retain_no_device, cu.cuDevicePrimaryCtxRetain((CUcontext *)&pointer, 99))
MISUSE(release_unretained, cu.cuDevicePrimaryCtxRelease_v2(device))
MISUSE(alloc_zero, cu.cuMemAlloc_v2((CUdeviceptr *)&pointer, 0))
MISUSE(alloc_null, cu.cuMemAlloc_v2(NULL, 16))
MISUSE(alloc_huge, cu.cuMemAlloc_v2((CUdeviceptr *)&pointer, (size_t)1 << 50))
MISUSE(free_wrong, cu.cuMemFree_v2(0x123456))
MISUSE(free_zero, cu.cuMemFree_v2(0))
MISUSE(free_inside, cu.cuMemFree_v2(memory() + 16))
MISUSE(copy_wrong, cu.cuMemcpyHtoD_v2(0x123456, host, 16))
MISUSE(copy_null_host, cu.cuMemcpyHtoD_v2(memory(), NULL, 16))
MISUSE(copy_past_end, cu.cuMemcpyDtoH_v2(host, memory() + 4096, (size_t)64 << 20))
MISUSE(copy_nothing, cu.cuMemcpyHtoD_v2(memory(), host, 0))
MISUSE(set_wrong, cu.cuMemsetD8_v2(0x123456, 0, 16))
MISUSE(module_null, cu.cuModuleLoadData((CUmodule *)&pointer, NULL))
MISUSE(module_garbage, cu.cuModuleLoadData((CUmodule *)&pointer, "garbage"))
MISUSE(module_bad_text, cu.cuModuleLoadData((CUmodule *)&pointer, bad_ptx))
MISUSE(module_no_file, cu.cuModuleLoad((CUmodule *)&pointer, "/no/such/file"))
MISUSE(function_absent, cu.cuModuleGetFunction((CUfunction *)&pointer, module(), "absent"))
MISUSE(global_absent, cu.cuModuleGetGlobal_v2((CUdeviceptr *)&pointer, &bytes, module(), "absent"))
MISUSE(launch_null, cu.cuLaunchKernel(NULL, 1, 1, 1, 1, 1, 1, 0, NULL, NULL, NULL))
MISUSE(launch_no_grid, launch(0, 1, 0))
MISUSE(launch_no_block, launch(1, 0, 0))
MISUSE(launch_large_block, launch(1, 2048, 0))
MISUSE(launch_much_shared, launch(1, 1, 1 << 20))
MISUSE(event_null, cu.cuEventRecord(NULL, NULL))
MISUSE(event_flags, cu.cuEventCreate((CUevent *)&pointer, 0xff00))
MISUSE(stream_flags, cu.cuStreamCreate((CUstream *)&pointer, 0xff00))
MISUSE(stream_null, cu.cuStreamDestroy_v2(NULL))
MISUSE(stream_query, cu.cuStreamQuery(NULL))
MISUSE(limit_unknown, cu.cuCtxGetLimit(&bytes, 99))
MISUSE(pointer_host, cu.cuPointerGetAttribute(&pointer, CU_POINTER_ATTRIBUTE_MEMORY_TYPE, (CUdeviceptr)(uintptr_t)host))
MISUSE(reserve_zero, cu.cuMemAddressReserve((CUdeviceptr *)&pointer, 0, 0, 0, 0))
MISUSE(reserve_odd, cu.cuMemAddressReserve((CUdeviceptr *)&pointer, 12345, 0, 0, 0))
MISUSE(unmap_nothing, cu.cuMemUnmap(0x123400000, 2 << 20))
MISUSE(handle_wrong, cu.cuMemRelease(0x1234))
MISUSE(host_alloc_zero, cu.cuMemHostAlloc(&pointer, 0, 0))
MISUSE(host_free_wrong, cu.cuMemFreeHost(host))
MISUSE(register_null, cu.cuMemHostRegister_v2(NULL, 4096, 0))
MISUSE(peer_self, cu.cuCtxEnablePeerAccess(context, 0))
MISUSE(error_name_unknown, cu.cuGetErrorName(999999, (const char **)&pointer))
MISUSE(error_name_null, cu.cuGetErrorName(0, NULL))
MISUSE(lookup_null, cu.cuGetProcAddress_v2(NULL, &pointer, 12000, 0, NULL))
MISUSE(lookup_no_place, cu.cuGetProcAddress_v2("cuInit", NULL, 12000, 0, NULL))
MISUSE(lookup_flags, cu.cuGetProcAddress_v2("cuInit", &pointer, 12000, 0xff0, NULL))
MISUSE(lookup_unknown, cu.cuGetProcAddress_v2("cuNoSuch", &pointer, 12000, 0, NULL))
MISUSE(lookup_version_zero, cu.cuGetProcAddress_v2("cuInit", &pointer, 0, 0, NULL))
MISUSE(lookup_old_unknown, cu.cuGetProcAddress("cuNoSuch", &pointer, 12000, 0))
MISUSE(lookup_old_version_zero, cu.cuGetProcAddress("cuInit", &pointer, 0, 0))
MISUSE(lookup_too_new, cu.cuGetProcAddress_v2("cuInit", &pointer, 99000, 0, NULL))
MISUSE(nvml_count_uninitialised, nv.nvmlDeviceGetCount_v2((unsigned *)&value))
MISUSE(nvml_version_uninitialised, nv.nvmlSystemGetDriverVersion(host, 80))
MISUSE(nvml_shutdown_uninitialised, nv.nvmlShutdown())
MISUSE(nvml_index, nv.nvmlDeviceGetHandleByIndex_v2(99, &nvml_device))
MISUSE(nvml_index_null, nv.nvmlDeviceGetHandleByIndex_v2(0, NULL))
MISUSE(nvml_uuid_absent, nv.nvmlDeviceGetHandleByUUID("GPU-00000000-0000-0000-0000-000000000000", &nvml_device))
MISUSE(nvml_uuid_garbage, nv.nvmlDeviceGetHandleByUUID("garbage", &nvml_device))
MISUSE(nvml_uuid_null, nv.nvmlDeviceGetHandleByUUID(NULL, &nvml_device))
MISUSE(nvml_bus_absent, nv.nvmlDeviceGetHandleByPciBusId_v2("0000:ff:1f.0", &nvml_device))
MISUSE(nvml_bus_garbage, nv.nvmlDeviceGetHandleByPciBusId_v2("garbage", &nvml_device))
MISUSE(nvml_serial_absent, nv.nvmlDeviceGetHandleBySerial("0", &nvml_device))
MISUSE(nvml_name_short, nv.nvmlDeviceGetName(nvml_device, host, 1))
MISUSE(nvml_name_null, nv.nvmlDeviceGetName(nvml_device, NULL, 96))
MISUSE(nvml_device_null, nv.nvmlDeviceGetName(NULL, host, 96))
MISUSE(nvml_memory_null, nv.nvmlDeviceGetMemoryInfo(nvml_device, NULL))
MISUSE(nvml_clock, nv.nvmlDeviceGetClockInfo(nvml_device, 99, (unsigned *)&value))
MISUSE(nvml_sensor, nv.nvmlDeviceGetTemperature(nvml_device, 99, (unsigned *)&value))
MISUSE(nvml_driver_short, nv.nvmlSystemGetDriverVersion(host, 2))
MISUSE(nvml_process, nv.nvmlSystemGetProcessName(0x7ffffff0, host, 80))
MISUSE(nvml_fan, nv.nvmlDeviceGetFanSpeed_v2(nvml_device, 9, (unsigned *)&value))
MISUSE(nvml_link, nv.nvmlDeviceGetNvLinkState(nvml_device, 99, (nvmlEnableState_t *)&value))

#define ROW(need, identifier) { #identifier, need, identifier }

static const struct misuse cases[] = {
	ROW(NOTHING, count_uninitialised), ROW(NOTHING, get_uninitialised), ROW(NOTHING, context_uninitialised),
	ROW(NOTHING, alloc_uninitialised), ROW(NOTHING, version_null), ROW(NOTHING, error_string_uninitialised),
	ROW(NOTHING, init_flags), ROW(INITIALISED, count_null), ROW(INITIALISED, get_negative),
	ROW(INITIALISED, get_too_high), ROW(INITIALISED, get_null), ROW(INITIALISED, attribute_zero),
	ROW(INITIALISED, attribute_unknown), ROW(INITIALISED, attribute_null), ROW(INITIALISED, attribute_no_device),
	ROW(INITIALISED, name_length_zero), ROW(INITIALISED, name_length_negative), ROW(INITIALISED, name_null),
	ROW(INITIALISED, total_null), ROW(INITIALISED, total_no_device), ROW(INITIALISED, bus_null),
	ROW(INITIALISED, bus_wrong), ROW(INITIALISED, bus_absent), ROW(INITIALISED, alloc_no_context),
	ROW(INITIALISED, info_no_context), ROW(INITIALISED, synchronise_no_context),
	ROW(INITIALISED, device_no_context), ROW(INITIALISED, pop_empty), ROW(INITIALISED, push_null),
	ROW(INITIALISED, destroy_null), ROW(INITIALISED, set_null), ROW(INITIALISED, create_flags),
	ROW(INITIALISED, create_no_device), ROW(INITIALISED, retain_no_device), ROW(INITIALISED, release_unretained),
	ROW(INITIALISED, error_name_unknown), ROW(INITIALISED, error_name_null), ROW(INITIALISED, lookup_null),
	ROW(INITIALISED, lookup_no_place), ROW(INITIALISED, lookup_flags), ROW(INITIALISED, lookup_unknown),
	ROW(INITIALISED, lookup_version_zero), ROW(INITIALISED, lookup_old_unknown),
	ROW(INITIALISED, lookup_old_version_zero), ROW(INITIALISED, lookup_too_new),
	ROW(CONTEXT, alloc_zero), ROW(CONTEXT, alloc_null),
	ROW(CONTEXT, alloc_huge), ROW(CONTEXT, free_wrong), ROW(CONTEXT, free_zero), ROW(CONTEXT, free_inside),
	ROW(CONTEXT, copy_wrong), ROW(CONTEXT, copy_null_host), ROW(CONTEXT, copy_nothing), ROW(CONTEXT, set_wrong),
	ROW(CONTEXT, module_null), ROW(CONTEXT, module_garbage), ROW(CONTEXT, module_bad_text),
	ROW(CONTEXT, module_no_file), ROW(CONTEXT, function_absent), ROW(CONTEXT, global_absent),
	ROW(CONTEXT, launch_null), ROW(CONTEXT, launch_no_grid), ROW(CONTEXT, launch_no_block),
	ROW(CONTEXT, launch_large_block), ROW(CONTEXT, launch_much_shared), ROW(CONTEXT, event_null),
	ROW(CONTEXT, event_flags), ROW(CONTEXT, stream_flags), ROW(CONTEXT, stream_null), ROW(CONTEXT, stream_query),
	ROW(CONTEXT, limit_unknown), ROW(CONTEXT, pointer_host), ROW(CONTEXT, reserve_zero), ROW(CONTEXT, reserve_odd),
	ROW(CONTEXT, unmap_nothing), ROW(CONTEXT, handle_wrong), ROW(CONTEXT, host_alloc_zero),
	ROW(CONTEXT, host_free_wrong), ROW(CONTEXT, register_null), ROW(CONTEXT, peer_self),
	ROW(CONTEXT, copy_past_end), ROW(NVML_NOTHING, nvml_count_uninitialised),
	ROW(NVML_NOTHING, nvml_version_uninitialised), ROW(NVML_NOTHING, nvml_shutdown_uninitialised),
	ROW(NVML, nvml_index), ROW(NVML, nvml_index_null), ROW(NVML, nvml_uuid_absent), ROW(NVML, nvml_uuid_garbage),
	ROW(NVML, nvml_uuid_null), ROW(NVML, nvml_bus_absent), ROW(NVML, nvml_bus_garbage),
	ROW(NVML, nvml_serial_absent), ROW(NVML, nvml_name_short), ROW(NVML, nvml_name_null),
	ROW(NVML, nvml_device_null), ROW(NVML, nvml_memory_null), ROW(NVML, nvml_clock), ROW(NVML, nvml_sensor),
	ROW(NVML, nvml_driver_short), ROW(NVML, nvml_process), ROW(NVML, nvml_fan), ROW(NVML, nvml_link),
};

/* Whatever is not exported ends the child, and is seen as a crash of its own line. */
static void satisfy(enum need need)
{
	static bool initialised, has_context, has_nvml;

	if (need <= CONTEXT && !cuda_handle && !load_cuda())
		_Exit(77);
	if (need >= NVML_NOTHING && !nvml_handle && !load_nvml())
		_Exit(77);
	if ((need == INITIALISED || need == CONTEXT) && !initialised) {
		initialised = !cu.cuInit(0);
		cu.cuDeviceGet(&device, 0);
	}
	if (need == CONTEXT && !has_context) {
		has_context = !cu.cuDevicePrimaryCtxRetain(&context, device);
		cu.cuCtxSetCurrent(context);
	}
	if (need == NVML && !has_nvml) {
		has_nvml = !nv.nvmlInit_v2();
		nv.nvmlDeviceGetHandleByIndex_v2(0, &nvml_device);
	}
}

static bool ask(unsigned i)
{
	const struct misuse *misuse = &cases[i];
	uint32_t library;

	if (i >= sizeof(cases) / sizeof(cases[0]))
		return false;
	library = misuse->need >= NVML_NOTHING ? VGPU_LIBRARY_NVML : VGPU_LIBRARY_CUDA;
	satisfy(misuse->need);
	row("misuse", misuse->name, status_name(library, misuse->call()), " ");
	return true;
}

int answers_misuse(void)
{
	/* This process itself must not have begun anything: its children fork from here. */
	in_children("misuse", NULL, ask);
	return 0;
}
