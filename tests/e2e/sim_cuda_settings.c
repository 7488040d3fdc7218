/* SPDX-License-Identifier: Apache-2.0 */
/* The simulated driver's settings of contexts and devices, and the rest of memory. */
#include "sim_cuda.h"

static const char two[] = "[device h100-80gb]\nmemory = 4 GiB\n"
			  "attribute.MAX_PERSISTING_L2_CACHE_SIZE = 4096\n"
			  "attribute.MAXIMUM_TEXTURE1D_LINEAR_WIDTH = 1024\n"
			  "attribute.TEXTURE_ALIGNMENT = 256\n[device l4]\n";

START_TEST(a_context_keeps_its_settings)
{
	CUcontext first, second, current;
	unsigned long long id, other;
	CUsharedconfig shared;
	CUfunc_cache config;
	unsigned int flags;
	int least, greatest;
	CUdevice dev;
	size_t value;

	start(two);
	OK(CU(cuInit)(0));
	OK(CU(cuCtxCreate)(&first, CU_CTX_SCHED_SPIN, 0));
	OK(CU(cuCtxCreate_v3)(&second, NULL, 0, 0, 1));
	OK(CU(cuCtxGetDevice)(&dev));
	ck_assert_int_eq(dev, 1);
	OK(CU(cuCtxGetDevice_v2)(&dev, first));
	ck_assert_int_eq(dev, 0);
	OK(CU(cuCtxGetId)(first, &id));
	OK(CU(cuCtxGetId)(NULL, &other));
	ck_assert_uint_ne(id, other);
	OK(CU(cuCtxGetApiVersion)(first, &flags));
	ck_assert_uint_ge(flags, 3020);
	OK(CU(cuCtxPopCurrent)(&current));
	ck_assert_ptr_eq(current, second);
	OK(CU(cuCtxGetFlags)(&flags));
	ck_assert_uint_eq(flags, CU_CTX_SCHED_SPIN | CU_CTX_MAP_HOST);
	OK(CU(cuCtxSetFlags)(CU_CTX_SCHED_YIELD));
	OK(CU(cuCtxGetFlags)(&flags));
	ck_assert_uint_eq(flags, CU_CTX_SCHED_YIELD | CU_CTX_MAP_HOST);
	OK(CU(cuCtxSetLimit)(CU_LIMIT_STACK_SIZE, 2048));
	OK(CU(cuCtxGetLimit)(&value, CU_LIMIT_STACK_SIZE));
	ck_assert_uint_eq(value, 2048);
	OK(CU(cuCtxSetLimit)(CU_LIMIT_PERSISTING_L2_CACHE_SIZE, 1 << 30));
	OK(CU(cuCtxGetLimit)(&value, CU_LIMIT_PERSISTING_L2_CACHE_SIZE));
	ck_assert_uint_eq(value, 4096); /* no more than the device has */
	IS(CUDA_ERROR_INVALID_VALUE, CU(cuCtxSetLimit)((CUlimit)99, 1));
	OK(CU(cuCtxSetCacheConfig)(CU_FUNC_CACHE_PREFER_L1));
	OK(CU(cuCtxGetCacheConfig)(&config));
	ck_assert_int_eq(config, CU_FUNC_CACHE_PREFER_L1);
	OK(CU(cuCtxSetSharedMemConfig)(CU_SHARED_MEM_CONFIG_EIGHT_BYTE_BANK_SIZE));
	OK(CU(cuCtxGetSharedMemConfig)(&shared));
	ck_assert_int_eq(shared, CU_SHARED_MEM_CONFIG_EIGHT_BYTE_BANK_SIZE);
	OK(CU(cuCtxGetStreamPriorityRange)(&least, &greatest));
	ck_assert_int_lt(greatest, least);
	OK(CU(cuCtxResetPersistingL2Cache)());
	OK(CU(cuCtxPushCurrent)(second));
	OK(CU(cuCtxGetLimit)(&value, CU_LIMIT_STACK_SIZE));
	ck_assert_uint_eq(value, 1024); /* the other context's own */
	OK(CU(cuCtxEnablePeerAccess)(first, 0));
	IS(CUDA_ERROR_PEER_ACCESS_ALREADY_ENABLED, CU(cuCtxEnablePeerAccess)(first, 0));
	OK(CU(cuCtxDisablePeerAccess)(first));
	IS(CUDA_ERROR_PEER_ACCESS_NOT_ENABLED, CU(cuCtxDisablePeerAccess)(first));
	OK(CU(cuCtxSynchronize)());
	OK(CU(cuCtxSynchronize_v2)(first));
	OK(CU(cuCtxDestroy)(first));
	IS(CUDA_ERROR_INVALID_CONTEXT, CU(cuCtxSynchronize_v2)(first));
	/* counted references, as they were until CUDA 4 */
	OK(CU(cuCtxAttach)(&current, 0));
	ck_assert_ptr_eq(current, second);
	OK(CU(cuCtxDetach)(second));
	OK(CU(cuCtxGetDevice)(&dev));
	OK(CU(cuCtxDetach)(second));
	ck_assert_int_ne(CU(cuCtxGetDevice)(&dev), CUDA_SUCCESS);
}
END_TEST

START_TEST(a_primary_context_is_reset_and_released_by_either_name)
{
	CUcontext context, again;
	unsigned int flags;
	CUdeviceptr memory;
	int active;

	start(two);
	OK(CU(cuInit)(0));
	OK(CU(cuDevicePrimaryCtxSetFlags)(0, CU_CTX_SCHED_BLOCKING_SYNC));
	OK(CU(cuDevicePrimaryCtxRetain)(&context, 0));
	OK(CU(cuCtxSetCurrent)(context));
	OK(CU(cuCtxGetFlags)(&flags));
	ck_assert_uint_eq(flags, CU_CTX_SCHED_BLOCKING_SYNC | CU_CTX_MAP_HOST);
	OK(CU(cuMemAlloc_v2)(&memory, 4096));
	OK(CU(cuDevicePrimaryCtxReset)(0));
	OK(CU(cuDevicePrimaryCtxGetState)(0, &flags, &active));
	ck_assert_int_eq(active, 0);
	IS(CUDA_ERROR_CONTEXT_IS_DESTROYED, CU(cuMemAlloc_v2)(&memory, 4096));
	OK(CU(cuDevicePrimaryCtxRetain)(&again, 0));
	OK(CU(cuDevicePrimaryCtxReset_v2)(0));
	OK(CU(cuDevicePrimaryCtxRetain)(&again, 0));
	OK(CU(cuDevicePrimaryCtxRelease)(0));
	OK(CU(cuDevicePrimaryCtxGetState)(0, &flags, &active));
	ck_assert_int_eq(active, 0);
	IS(CUDA_ERROR_INVALID_CONTEXT, CU(cuDevicePrimaryCtxRelease)(0));
}
END_TEST

START_TEST(devices_say_what_their_file_says)
{
	CUmoduleLoadingMode mode;
	unsigned int small, mask;
	char uuid[16], again[16], luid[8];
	CUdevprop prop;
	size_t width;
	int value;

	start(two);
	OK(CU(cuInit)(0));
	OK(CU(cuDeviceCanAccessPeer)(&value, 0, 1));
	ck_assert_int_eq(value, 1);
	OK(CU(cuDeviceCanAccessPeer)(&value, 0, 0));
	ck_assert_int_eq(value, 0);
	OK(CU(cuDeviceGetP2PAttribute)(&value, CU_DEVICE_P2P_ATTRIBUTE_ACCESS_SUPPORTED, 0, 1));
	ck_assert_int_eq(value, 1);
	IS(CUDA_ERROR_INVALID_DEVICE,
	   CU(cuDeviceGetP2PAttribute)(&value, CU_DEVICE_P2P_ATTRIBUTE_ACCESS_SUPPORTED, 0, 0));
	OK(CU(cuDeviceGetTexture1DLinearMaxWidth)(&width, CU_AD_FORMAT_FLOAT, 4, 0));
	ck_assert_uint_eq(width, 64);
	OK(CU(cuDeviceGetProperties)(&prop, 0));
	ck_assert_int_eq(prop.textureAlign, 256);
	OK(CU(cuDeviceTotalMem)(&small, 0));
	ck_assert_uint_eq(small, UINT32_MAX); /* 4 GiB do not fit the older call */
	OK(CU(cuDeviceGetUuid)((CUuuid *)uuid, 0));
	OK(CU(cuDeviceGetUuid_v2)((CUuuid *)again, 0));
	ck_assert_mem_eq(uuid, again, 16);
	IS(CUDA_ERROR_NOT_SUPPORTED, CU(cuDeviceGetLuid)(luid, &mask, 0));
	OK(CU(cuDeviceGetExecAffinitySupport)(&value, CU_EXEC_AFFINITY_TYPE_SM_COUNT, 0));
	ck_assert_int_eq(value, 0);
	OK(CU(cuModuleGetLoadingMode)(&mode));
	ck_assert_int_eq(mode, CU_MODULE_LAZY_LOADING);
	setenv("CUDA_MODULE_LOADING", "EAGER", 1);
	OK(CU(cuModuleGetLoadingMode)(&mode));
	ck_assert_int_eq(mode, CU_MODULE_EAGER_LOADING);
}
END_TEST

START_TEST(mappings_and_host_memory_are_known_for_what_they_are)
{
	CUmemAllocationProp prop = { .type = CU_MEM_ALLOCATION_TYPE_PINNED,
				     .location = { .type = CU_MEM_LOCATION_TYPE_DEVICE, .id = 0 } },
			    got;
	CUmemAccessDesc access = { .location = prop.location,
				   .flags = CU_MEM_ACCESS_FLAGS_PROT_READ };
	CUpointer_attribute which[] = { CU_POINTER_ATTRIBUTE_RANGE_SIZE,
					CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL };
	CUmemGenericAllocationHandle handle, same;
	size_t granularity, before, size;
	unsigned long long flags;
	unsigned int host_flags, free, total;
	static char own[8192];
	CUdeviceptr address, device;
	int ordinal = -1;
	void *values[] = { &size, &ordinal }, *host;

	start_context();
	before = free_bytes();
	OK(CU(cuMemGetAllocationGranularity)(&granularity, &prop, 0));
	OK(CU(cuMemCreate)(&handle, granularity, &prop, 0));
	OK(CU(cuMemGetAllocationPropertiesFromHandle)(&got, handle));
	ck_assert_mem_eq(&got, &prop, sizeof(prop));
	OK(CU(cuMemAddressReserve)(&address, granularity, 0, 0, 0));
	OK(CU(cuMemMap)(address, granularity, 0, handle, 0));
	OK(CU(cuMemGetAccess)(&flags, &access.location, address));
	ck_assert_uint_eq(flags, CU_MEM_ACCESS_FLAGS_PROT_NONE);
	OK(CU(cuMemSetAccess)(address, granularity, &access, 1));
	OK(CU(cuMemGetAccess)(&flags, &access.location, address));
	ck_assert_uint_eq(flags, CU_MEM_ACCESS_FLAGS_PROT_READ);
	OK(CU(cuMemcpyDtoH_v2)(own, address, 16));
	IS(CUDA_ERROR_INVALID_VALUE, CU(cuMemcpyHtoD_v2)(address, own, 16));
	OK(CU(cuMemRetainAllocationHandle)(&same, (void *)(uintptr_t)address));
	ck_assert_uint_eq(same, handle);
	OK(CU(cuMemRelease)(handle));
	OK(CU(cuMemRelease)(handle));
	OK(CU(cuMemUnmap)(address, granularity));
	OK(CU(cuMemAddressFree)(address, granularity));
	ck_assert_uint_eq(free_bytes(), before);

	OK(CU(cuMemHostAlloc)(&host, 4096, 2));
	OK(CU(cuMemHostGetFlags)(&host_flags, host));
	ck_assert_uint_eq(host_flags, 2);
	OK(CU(cuMemFreeHost)(host));
	IS(CUDA_ERROR_INVALID_VALUE, CU(cuMemHostGetFlags)(&host_flags, host));
	OK(CU(cuMemAllocHost)(&host, 4096));
	OK(CU(cuMemFreeHost)(host));
	OK(CU(cuMemHostRegister)(own, sizeof(own), 0));
	IS(CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED, CU(cuMemHostRegister_v2)(own, 16, 0));
	OK(CU(cuMemHostGetDevicePointer_v2)(&device, own + 8, 0));
	ck_assert_uint_eq(device, (uintptr_t)own + 8);
	OK(CU(cuPointerGetAttributes)(2, which, values, (uintptr_t)own));
	ck_assert_uint_eq(size, sizeof(own));
	ck_assert_int_eq(ordinal, 0);
	OK(CU(cuMemHostUnregister)(own));
	OK(CU(cuPointerGetAttributes)(2, which, values, (uintptr_t)own));
	ck_assert_int_eq(ordinal, -2); /* nobody's */
	OK(CU(cuMemGetInfo)(&free, &total));
	ck_assert_uint_eq(total, UINT32_MAX); /* more than the older call can say */
}
END_TEST

START_TEST(profiling_is_started_and_stopped)
{
	start_context();
	OK(CU(cuProfilerStart)());
	OK(CU(cuProfilerStop)());
	IS(CUDA_ERROR_NOT_SUPPORTED, CU(cuProfilerInitialize)("a", "b", 0));
}
END_TEST

START_TEST(what_is_linked_is_loaded)
{
	static char a[] = ".target sm_70\n.entry from_a(){}\n", b[] = ".entry from_b(){}\n";
	CUfunction function;
	CUlinkState state;
	CUmodule module;
	char path[64];
	size_t size;
	void *code;
	int fd = memfd_create("ptx", 0);

	start_context();
	ck_assert_int_eq(write(fd, b, sizeof(b) - 1), sizeof(b) - 1);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	OK(CU(cuLinkCreate_v2)(0, NULL, NULL, &state));
	IS(CUDA_ERROR_INVALID_VALUE, CU(cuLinkComplete)(state, &code, &size)); /* nothing yet */
	OK(CU(cuLinkAddData_v2)(state, CU_JIT_INPUT_PTX, a, sizeof(a), "a", 0, NULL, NULL));
	OK(CU(cuLinkAddFile_v2)(state, CU_JIT_INPUT_PTX, path, 0, NULL, NULL));
	IS(CUDA_ERROR_FILE_NOT_FOUND,
	   CU(cuLinkAddFile_v2)(state, CU_JIT_INPUT_PTX, "/nowhere/at/all", 0, NULL, NULL));
	OK(CU(cuLinkComplete)(state, &code, &size));
	OK(CU(cuModuleLoadData)(&module, code));
	OK(CU(cuLinkDestroy)(state));
	OK(CU(cuModuleGetFunction)(&function, module, "from_a"));
	OK(CU(cuModuleGetFunction)(&function, module, "from_b"));
	IS(CUDA_ERROR_INVALID_HANDLE, CU(cuLinkComplete)(state, &code, &size));
	OK(CU(cuLinkCreate)(0, NULL, NULL, &state));
	OK(CU(cuLinkAddFile)(state, CU_JIT_INPUT_PTX, path, 0, NULL, NULL));
	OK(CU(cuLinkAddData)(state, CU_JIT_INPUT_PTX, a, sizeof(a), NULL, 0, NULL, NULL));
	OK(CU(cuLinkComplete)(state, &code, &size));
	ck_assert_ptr_nonnull(strstr(code, "from_a"));
	OK(CU(cuLinkDestroy)(state));
}
END_TEST

TCase *settings_tests(void)
{
	TCase *tc = tcase_create("settings");

	tcase_add_test(tc, a_context_keeps_its_settings);
	tcase_add_test(tc, a_primary_context_is_reset_and_released_by_either_name);
	tcase_add_test(tc, devices_say_what_their_file_says);
	tcase_add_test(tc, mappings_and_host_memory_are_known_for_what_they_are);
	tcase_add_test(tc, profiling_is_started_and_stopped);
	tcase_add_test(tc, what_is_linked_is_loaded);
	return tc;
}
