/* SPDX-License-Identifier: Apache-2.0 */
/* The simulated runtime's devices: what a thread sets there, it and others see. */
#include <string.h>

#include "sim_runtime.h"

static const char two[] = "[device]\n[device l4]\npci = 0001:05:00.0\n";

START_TEST(flags_and_limits_of_a_device_are_kept)
{
	unsigned flags;
	size_t value;
	cudaFuncCache cache;
	int least, greatest, device;

	start(two);
	OK(RT(cudaSetDeviceFlags)(cudaDeviceScheduleYield));
	OK(RT(cudaGetDeviceFlags)(&flags));
	ck_assert_uint_eq(flags & 7, cudaDeviceScheduleYield);
	OK(RT(cudaInitDevice)(1, cudaDeviceScheduleSpin, 1 /* the flags count */));
	OK(RT(cudaGetDevice)(&device));
	ck_assert_int_eq(device, 0);
	OK(RT(cudaSetDevice)(1));
	OK(RT(cudaGetDeviceFlags)(&flags));
	ck_assert_uint_eq(flags & 7, cudaDeviceScheduleSpin);
	IS(cudaErrorInvalidDevice, RT(cudaInitDevice)(2, 0, 0));
	OK(RT(cudaDeviceSetLimit)(cudaLimitStackSize, 4096));
	OK(RT(cudaDeviceGetLimit)(&value, cudaLimitStackSize));
	ck_assert_uint_eq(value, 4096);
	IS(cudaErrorInvalidValue, RT(cudaDeviceGetLimit)(&value, (cudaLimit)99)); /* as a genuine driver has it */
	OK(RT(cudaDeviceSetCacheConfig)(cudaFuncCachePreferL1));
	OK(RT(cudaDeviceGetCacheConfig)(&cache));
	ck_assert_int_eq(cache, cudaFuncCachePreferL1);
	OK(RT(cudaSetDevice)(0)); /* each device has its own */
	OK(RT(cudaDeviceGetCacheConfig)(&cache));
	ck_assert_int_eq(cache, cudaFuncCachePreferNone);
	OK(RT(cudaDeviceGetLimit)(&value, cudaLimitStackSize));
	ck_assert_uint_ne(value, 4096);
	OK(RT(cudaDeviceGetStreamPriorityRange)(&least, &greatest));
	ck_assert_int_lt(greatest, least);
	OK(RT(cudaDeviceReset)()); /* and gives it up with a reset */
	OK(RT(cudaDeviceSynchronize)());
}
END_TEST

START_TEST(devices_are_found_by_address_and_by_wish)
{
	cudaDeviceProp wish;
	char pci[32];
	int device = -1, order[] = { 1 };

	start(two);
	OK(RT(cudaDeviceGetPCIBusId)(pci, sizeof(pci), 1));
	ck_assert_str_eq(pci, "0001:05:00.0");
	OK(RT(cudaDeviceGetByPCIBusId)(&device, "0001:05:00.0"));
	ck_assert_int_eq(device, 1);
	memset(&wish, 0, sizeof(wish));
	wish.major = 8;
	wish.minor = 9;
	OK(RT(cudaChooseDevice)(&device, &wish));
	ck_assert_int_eq(device, 1); /* the L4 is an 8.9 exactly */
	wish.major = 9;
	wish.minor = 0;
	OK(RT(cudaChooseDevice)(&device, &wish));
	ck_assert_int_eq(device, 0);
	memset(&wish, 0, sizeof(wish));
	wish.totalGlobalMem = 40 * GIB;
	OK(RT(cudaChooseDevice)(&device, &wish));
	ck_assert_int_eq(device, 0); /* the one that has as much */
	IS(cudaErrorInvalidValue, RT(cudaChooseDevice)(NULL, &wish));
	/* a thread that chose no device begins with the first of the list */
	IS(cudaErrorInvalidValue, RT(cudaSetValidDevices)(order, -1));
	OK(RT(cudaSetValidDevices)(order, 1));
	OK(RT(cudaGetDevice)(&device));
	ck_assert_int_eq(device, 1);
	order[0] = 7;
	IS(cudaErrorInvalidDevice, RT(cudaSetValidDevices)(order, 1));
}
END_TEST

START_TEST(peers_are_enabled_once)
{
	int value, can;

	start("[device]\ncount = 2\n");
	OK(RT(cudaDeviceCanAccessPeer)(&can, 0, 1));
	ck_assert_int_eq(can, 1);
	OK(RT(cudaDeviceCanAccessPeer)(&can, 0, 0));
	ck_assert_int_eq(can, 0);
	OK(RT(cudaDeviceGetP2PAttribute)(&value, cudaDevP2PAttrAccessSupported, 0, 1));
	ck_assert_int_eq(value, 1);
	IS(cudaErrorInvalidDevice,
	   RT(cudaDeviceGetP2PAttribute)(&value, cudaDevP2PAttrAccessSupported, 0, 0));
	IS(cudaErrorPeerAccessNotEnabled, RT(cudaDeviceDisablePeerAccess)(1));
	OK(RT(cudaDeviceEnablePeerAccess)(1, 0));
	IS(cudaErrorPeerAccessAlreadyEnabled, RT(cudaDeviceEnablePeerAccess)(1, 0));
	OK(RT(cudaDeviceDisablePeerAccess)(1));
	IS(cudaErrorInvalidDevice, RT(cudaDeviceEnablePeerAccess)(2, 0));
}
END_TEST

START_TEST(settings_that_devices_no_longer_heed_are_kept_all_the_same)
{
	cudaChannelFormatDesc bytes, floats;
	size_t narrow, wide;

	start("[device]\nattribute.MAXIMUM_TEXTURE1D_LINEAR_WIDTH = 4096\n");
	bytes = RT(cudaCreateChannelDesc)(8, 0, 0, 0, cudaChannelFormatKindUnsigned);
	ck_assert_int_eq(bytes.x, 8);
	floats = RT(cudaCreateChannelDesc)(32, 32, 32, 32, cudaChannelFormatKindFloat);
	ck_assert_int_eq(floats.w, 32);
	OK(RT(cudaDeviceGetTexture1DLinearMaxWidth)(&narrow, &bytes, 0));
	OK(RT(cudaDeviceGetTexture1DLinearMaxWidth)(&wide, &floats, 0));
	ck_assert_uint_gt(narrow, 0);
	ck_assert_uint_le(wide, narrow);
	IS(cudaErrorInvalidDevice, RT(cudaDeviceGetTexture1DLinearMaxWidth)(&wide, &floats, 1));
	OK(RT(cudaCtxResetPersistingL2Cache)());
	OK(RT(cudaProfilerStart)());
	OK(RT(cudaProfilerStop)());
	{
		cudaSharedMemConfig config;

		OK(RT(cudaDeviceSetSharedMemConfig)(cudaSharedMemBankSizeEightByte));
		OK(RT(cudaDeviceGetSharedMemConfig)(&config));
		ck_assert_int_eq(config, cudaSharedMemBankSizeEightByte);
		IS(cudaErrorInvalidValue, RT(cudaDeviceSetSharedMemConfig)((cudaSharedMemConfig)9));
	}
}
END_TEST

#if SIM_CUDART == 12
START_TEST(what_12_still_calls_a_thread_is_a_device)
{
	cudaFuncCache cache;
	size_t value;
	double number = 1.0 / 3;

	start(NULL);
	OK(RT(cudaThreadSetLimit)(cudaLimitPrintfFifoSize, MIB));
	OK(RT(cudaDeviceGetLimit)(&value, cudaLimitPrintfFifoSize));
	ck_assert_uint_eq(value, MIB);
	OK(RT(cudaThreadGetLimit)(&value, cudaLimitPrintfFifoSize));
	ck_assert_uint_eq(value, MIB);
	OK(RT(cudaThreadSetCacheConfig)(cudaFuncCachePreferEqual));
	OK(RT(cudaDeviceGetCacheConfig)(&cache));
	ck_assert_int_eq(cache, cudaFuncCachePreferEqual);
	OK(RT(cudaThreadGetCacheConfig)(&cache));
	ck_assert_int_eq(cache, cudaFuncCachePreferEqual);
	OK(RT(cudaThreadSynchronize)());
	OK(RT(cudaThreadExit)());
	OK(RT(cudaDeviceGetCacheConfig)(&cache));
	ck_assert_int_eq(cache, cudaFuncCachePreferNone);
	OK(RT(cudaSetDoubleForDevice)(&number));
	OK(RT(cudaSetDoubleForHost)(&number));
	ck_assert_double_eq(number, 1.0 / 3);
}
END_TEST
#endif

/* What is not simulated says so with the interface's own code, and is no failure of the device. */
START_TEST(what_other_processes_and_graphics_and_insiders_would_need_is_refused)
{
	cudaIpcMemHandle_t memory_handle;
	cudaIpcEventHandle_t event_handle;
	cudaGraphicsResource_t resource = NULL;
	cudaExternalMemoryHandleDesc external;
	cudaUUID_t private_id = { { 1, 2, 3 } };
	cudaExternalMemory_t memory;
	const void *table;
	cudaEvent_t event;
	void *pointer;

	start(NULL);
	OK(RT(cudaGetLastError)());
	table = &external;
	IS(cudaErrorSymbolNotFound, RT(cudaGetExportTable)(&table, &private_id));
	ck_assert_ptr_eq(table, NULL);
	memset(&external, 0, sizeof(external));
	OK(RT(cudaMalloc)(&pointer, 4096));
	OK(RT(cudaEventCreate)(&event));
	IS(cudaErrorNotSupported, RT(cudaIpcGetMemHandle)(&memory_handle, pointer));
	IS(cudaErrorNotSupported, RT(cudaIpcGetEventHandle)(&event_handle, event));
	IS(cudaErrorNotSupported, RT(cudaImportExternalMemory)(&memory, &external));
	IS(cudaErrorNotSupported, RT(cudaGraphicsMapResources)(1, &resource, NULL));
	OK(RT(cudaFree)(pointer));
}
END_TEST

TCase *device_tests(void)
{
	TCase *tc = tcase_create("device");

	tcase_add_test(tc, flags_and_limits_of_a_device_are_kept);
	tcase_add_test(tc, devices_are_found_by_address_and_by_wish);
	tcase_add_test(tc, peers_are_enabled_once);
	tcase_add_test(tc, settings_that_devices_no_longer_heed_are_kept_all_the_same);
#if SIM_CUDART == 12
	tcase_add_test(tc, what_12_still_calls_a_thread_is_a_device);
#endif
	tcase_add_test(tc, what_other_processes_and_graphics_and_insiders_would_need_is_refused);
	return tc;
}
