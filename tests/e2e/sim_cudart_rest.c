/* SPDX-License-Identifier: Apache-2.0 */
/* The simulated runtime's devices, streams, events, host memory and launches. */
#include "sim_runtime.h"

START_TEST(a_device_keeps_its_settings)
{
	int value, other, least, greatest;
	unsigned int flags;
	cudaFuncCache cache;
	char pci[32];
	size_t limit;

	start("[device h100-80gb]\ncount = 2\n[device l4]\n");
	OK(RT(cudaSetDevice)(1));
	OK(RT(cudaGetDevice)(&value));
	ck_assert_int_eq(value, 1);
	OK(RT(cudaSetDevice)(0));
	OK(RT(cudaDeviceSetLimit)(0 /* stack */, 4096));
	OK(RT(cudaDeviceGetLimit)(&limit, 0));
	ck_assert_uint_eq(limit, 4096);
	OK(RT(cudaDeviceSetCacheConfig)(2));
	OK(RT(cudaDeviceGetCacheConfig)(&cache));
	ck_assert_int_eq(cache, 2);
	OK(RT(cudaSetDeviceFlags)(1));
	OK(RT(cudaGetDeviceFlags)(&flags));
	ck_assert_uint_eq(flags & 7, 1);
	OK(RT(cudaInitDevice)(1, 2, 1));
	OK(RT(cudaGetDevice)(&value));
	ck_assert_int_eq(value, 0);
	OK(RT(cudaDeviceGetPCIBusId)(pci, sizeof(pci), 2));
	OK(RT(cudaDeviceGetByPCIBusId)(&value, pci));
	ck_assert_int_eq(value, 2);
	OK(RT(cudaDeviceGetAttribute)(&value, 16 /* multiprocessors */, 0));
	OK(RT(cudaDeviceGetAttribute)(&other, 16, 2));
	ck_assert_int_gt(value, other);
	OK(RT(cudaDeviceCanAccessPeer)(&value, 0, 1));
	ck_assert_int_eq(value, 1);
	OK(RT(cudaDeviceGetP2PAttribute)(&value, 2 /* access */, 0, 1));
	ck_assert_int_eq(value, 1);
	OK(RT(cudaDeviceEnablePeerAccess)(1, 0));
	IS(cudaErrorPeerAccessAlreadyEnabled, RT(cudaDeviceEnablePeerAccess)(1, 0));
	OK(RT(cudaDeviceDisablePeerAccess)(1));
	IS(cudaErrorPeerAccessNotEnabled, RT(cudaDeviceDisablePeerAccess)(1));
	OK(RT(cudaDeviceGetStreamPriorityRange)(&least, &greatest));
	ck_assert_int_lt(greatest, least);
	OK(RT(cudaDeviceSynchronize)());
	OK(RT(cudaDriverGetVersion)(&value));
	ck_assert_int_ge(value, 13000);
	OK(RT(cudaRuntimeGetVersion)(&value));
	ck_assert_int_eq(value / 1000, SIM_CUDART);
	IS(cudaErrorInvalidDevice, RT(cudaSetDevice)(3));
	IS(cudaErrorInvalidDevice, RT(cudaPeekAtLastError)());
	IS(cudaErrorInvalidDevice, RT(cudaGetLastError)());
	OK(RT(cudaGetLastError)());
	ck_assert_str_eq(RT(cudaGetErrorName)(cudaErrorInvalidDevice), "cudaErrorInvalidDevice");
	ck_assert_ptr_nonnull(RT(cudaGetErrorString)(cudaErrorInvalidDevice));
}
END_TEST

static void count_up(void *data)
{
	++*(int *)data;
}

static void called_back(cudaStream_t stream, cudaError_t status, void *data)
{
	(void)stream;
	*(int *)data += status == cudaSuccess;
}

START_TEST(streams_and_events_keep_theirs)
{
	cudaLaunchAttributeValue value = { .priority = -3 }, got;
	cudaStreamCaptureStatus capture;
	unsigned long long id, own, again;
	cudaEvent_t from, to;
	cudaStream_t a, b;
	unsigned int flags;
	int priority, n = 0;
	float time;

	start(NULL);
	OK(RT(cudaStreamCreateWithPriority)(&a, 1, -2));
	OK(RT(cudaStreamCreate)(&b));
	OK(RT(cudaStreamGetFlags)(a, &flags));
	ck_assert_uint_eq(flags, 1);
	OK(RT(cudaStreamGetFlags_ptsz)(b, &flags));
	ck_assert_uint_eq(flags, 0);
	OK(RT(cudaStreamGetPriority)(a, &priority));
	ck_assert_int_eq(priority, -2);
	OK(RT(cudaStreamGetPriority_ptsz)(a, &priority));
	OK(RT(cudaStreamGetId)(a, &id));
	OK(RT(cudaStreamGetId_ptsz)(NULL, &own));
	OK(RT(cudaStreamGetId)((cudaStream_t)(uintptr_t)2, &again));
	ck_assert(own == again && own != id);
	OK(RT(cudaStreamSetAttribute)(a, cudaLaunchAttributePriority, &value));
	OK(RT(cudaStreamCopyAttributes)(b, a));
	OK(RT(cudaStreamGetAttribute)(b, cudaLaunchAttributePriority, &got));
	ck_assert_int_eq(got.priority, -3);
	OK(RT(cudaStreamSetAttribute_ptsz)(NULL, cudaLaunchAttributePriority, &value));
	OK(RT(cudaStreamGetAttribute_ptsz)(NULL, cudaLaunchAttributePriority, &got));
	ck_assert_int_eq(got.priority, -3);
	OK(RT(cudaStreamCopyAttributes_ptsz)(b, NULL));
	OK(RT(cudaEventCreate)(&from));
	OK(RT(cudaEventCreateWithFlags)(&to, 0));
	OK(RT(cudaEventRecord)(from, a));
	OK(RT(cudaEventRecordWithFlags)(to, a, 0));
	OK(RT(cudaEventElapsedTime)(&time, from, to));
	ck_assert_float_ge(time, 0);
	OK(RT(cudaEventRecord_ptsz)(from, NULL));
	OK(RT(cudaEventElapsedTime)(&time, from, to));
	ck_assert_float_le(time, 0); /* the first was recorded again, later */
	OK(RT(cudaEventRecordWithFlags_ptsz)(to, NULL, 0));
	OK(RT(cudaEventQuery)(to));
	OK(RT(cudaEventSynchronize)(to));
	OK(RT(cudaStreamWaitEvent)(b, to, 0));
	OK(RT(cudaStreamWaitEvent_ptsz)(NULL, to, 0));
	OK(RT(cudaLaunchHostFunc)(a, (cudaHostFn_t)count_up, &n));
	OK(RT(cudaLaunchHostFunc_ptsz)(NULL, (cudaHostFn_t)count_up, &n));
	OK(RT(cudaStreamAddCallback)(a, called_back, &n, 0));
	OK(RT(cudaStreamAddCallback_ptsz)(NULL, called_back, &n, 0));
	ck_assert_int_eq(n, 4);
	OK(RT(cudaStreamQuery)(a));
	OK(RT(cudaStreamQuery_ptsz)(NULL));
	OK(RT(cudaStreamSynchronize)(a));
	OK(RT(cudaStreamSynchronize_ptsz)(NULL));
	OK(RT(cudaStreamIsCapturing)(a, &capture));
	ck_assert_int_eq(capture, 0);
	OK(RT(cudaEventDestroy)(to));
	IS(cudaErrorInvalidResourceHandle, RT(cudaStreamWaitEvent)(b, to, 0));
	OK(RT(cudaStreamDestroy)(a));
	IS(cudaErrorInvalidResourceHandle, RT(cudaStreamQuery)(a));
	int device = -1;
	OK(RT(cudaStreamGetDevice)(b, &device));
	ck_assert_int_eq(device, 0);
	OK(RT(cudaStreamGetDevice_ptsz)(NULL, &device));
}
END_TEST

START_TEST(host_memory_and_pointers_are_known)
{
	static char own[4096];
	cudaPointerAttributes about;
	unsigned int flags;
	void *host, *device;

	start(NULL);
	OK(RT(cudaHostAlloc)(&host, 4096, 2));
	OK(RT(cudaHostGetFlags)(&flags, host));
	ck_assert_uint_eq(flags, 2);
	OK(RT(cudaHostGetDevicePointer)(&device, (char *)host + 8, 0));
	OK(RT(cudaPointerGetAttributes)(&about, device));
	ck_assert_int_eq(about.type, 1);
	OK(RT(cudaFreeHost)(host));
	IS(cudaErrorInvalidValue, RT(cudaHostGetFlags)(&flags, host));
	OK(RT(cudaMallocHost)(&host, 64));
	OK(RT(cudaFreeHost)(host));
	OK(RT(cudaHostRegister)(own, sizeof(own), 0));
	OK(RT(cudaPointerGetAttributes)(&about, own));
	ck_assert_int_eq(about.type, 1);
	IS(cudaErrorHostMemoryAlreadyRegistered, RT(cudaHostRegister)(own, 16, 0));
	OK(RT(cudaHostUnregister)(own));
	OK(RT(cudaPointerGetAttributes)(&about, own));
	ck_assert_int_eq(about.type, 0);
}
END_TEST

START_TEST(kernels_are_launched_by_each_name)
{
	dim3 one = { 1, 1, 1 }, many = { 100000, 1, 1 }, threads = { 64, 1, 1 };
	cudaLaunchConfig_t config = { .gridDim = { 1, 1, 1 }, .blockDim = { 32, 1, 1 } };
	cudaKernel_t kernel, same;
	cudaFunction_t function;
	void **handle;
	const char *name;
	size_t bytes;
	int blocks;

	start(NULL);
	handle = register_table();
	OK(RT(cudaLaunchKernel)(&stub_first, one, one, NULL, 0, NULL));
	OK(RT(cudaLaunchKernel_ptsz)(&stub_first, one, one, NULL, 0, NULL));
	OK(RT(cudaLaunchKernelExC)(&config, &stub_first, NULL));
	OK(RT(cudaLaunchKernelExC_ptsz)(&config, &stub_first, NULL));
	OK(RT(cudaLaunchCooperativeKernel)(&stub_first, one, threads, NULL, 0, NULL));
	OK(RT(cudaLaunchCooperativeKernel_ptsz)(&stub_first, one, threads, NULL, 0, NULL));
	IS(cudaErrorCooperativeLaunchTooLarge,
	      RT(cudaLaunchCooperativeKernel)(&stub_first, many, threads, NULL, 0, NULL));
	IS(cudaErrorInvalidDeviceFunction,
	      RT(cudaLaunchKernel)(&shadow_table, one, one, NULL, 0, NULL));
	OK(RT(cudaFuncGetName)(&name, &stub_second));
	ck_assert_str_eq(name, "second");
	OK(RT(cudaFuncSetAttribute)(&stub_first, 8, 65536));
	OK(RT(cudaFuncSetCacheConfig)(&stub_first, 1));
	IS(cudaErrorInvalidValue, RT(cudaFuncSetAttribute)(&stub_first, 8, 1 << 30));
	OK(RT(cudaOccupancyMaxActiveBlocksPerMultiprocessor)(&blocks, &stub_first, 256, 0));
	ck_assert_int_eq(blocks, 8);
	OK(RT(cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags)(&blocks, &stub_first, 1024,
									0, 0));
	ck_assert_int_eq(blocks, 2);
	OK(RT(cudaOccupancyAvailableDynamicSMemPerBlock)(&bytes, &stub_first, 2, 128));
	ck_assert_uint_eq(bytes, 65536);
	OK(RT(cudaGetFuncBySymbol)(&function, &stub_first));
	OK(RT(cudaGetKernel)(&kernel, &stub_first));
	ck_assert_ptr_eq((void *)function, (void *)kernel);
	OK(RT(__cudaGetKernel)(&same, &stub_first));
	ck_assert_ptr_eq(same, kernel);
	OK(RT(__cudaLaunchKernel)(kernel, one, one, NULL, 0, NULL));
	OK(RT(__cudaLaunchKernel_ptsz)(kernel, one, one, NULL, 0, NULL));
	ck_assert(RT(__cudaInitModule)(handle));
}
END_TEST

TCase *program_rest_tests(void)
{
	TCase *tc = tcase_create("rest");

	tcase_add_test(tc, a_device_keeps_its_settings);
	tcase_add_test(tc, streams_and_events_keep_theirs);
	tcase_add_test(tc, host_memory_and_pointers_are_known);
	tcase_add_test(tc, kernels_are_launched_by_each_name);
	return tc;
}
