/* SPDX-License-Identifier: Apache-2.0 */
/* The simulated runtime's devices, streams, events, host memory and launches. */
#include "sim_cudart.h"

START_TEST(a_device_keeps_its_settings)
{
	int value, other, least, greatest;
	unsigned int flags;
	cudaFuncCache cache;
	char pci[32];
	size_t limit;

	start("[device h100-80gb]\ncount = 2\n[device l4]\n");
	GOOD(RT(cudaSetDevice)(1));
	GOOD(RT(cudaGetDevice)(&value));
	ck_assert_int_eq(value, 1);
	GOOD(RT(cudaSetDevice)(0));
	GOOD(RT(cudaDeviceSetLimit)(0 /* stack */, 4096));
	GOOD(RT(cudaDeviceGetLimit)(&limit, 0));
	ck_assert_uint_eq(limit, 4096);
	GOOD(RT(cudaDeviceSetCacheConfig)(2));
	GOOD(RT(cudaDeviceGetCacheConfig)(&cache));
	ck_assert_int_eq(cache, 2);
	GOOD(RT(cudaSetDeviceFlags)(1));
	GOOD(RT(cudaGetDeviceFlags)(&flags));
	ck_assert_uint_eq(flags & 7, 1);
	GOOD(RT(cudaInitDevice)(1, 2, 1));
	GOOD(RT(cudaGetDevice)(&value));
	ck_assert_int_eq(value, 0);
	GOOD(RT(cudaDeviceGetPCIBusId)(pci, sizeof(pci), 2));
	GOOD(RT(cudaDeviceGetByPCIBusId)(&value, pci));
	ck_assert_int_eq(value, 2);
	GOOD(RT(cudaDeviceGetAttribute)(&value, 16 /* multiprocessors */, 0));
	GOOD(RT(cudaDeviceGetAttribute)(&other, 16, 2));
	ck_assert_int_gt(value, other);
	GOOD(RT(cudaDeviceCanAccessPeer)(&value, 0, 1));
	ck_assert_int_eq(value, 1);
	GOOD(RT(cudaDeviceGetP2PAttribute)(&value, 2 /* access */, 0, 1));
	ck_assert_int_eq(value, 1);
	GOOD(RT(cudaDeviceEnablePeerAccess)(1, 0));
	FAILS(cudaErrorPeerAccessAlreadyEnabled, RT(cudaDeviceEnablePeerAccess)(1, 0));
	GOOD(RT(cudaDeviceDisablePeerAccess)(1));
	FAILS(cudaErrorPeerAccessNotEnabled, RT(cudaDeviceDisablePeerAccess)(1));
	GOOD(RT(cudaDeviceGetStreamPriorityRange)(&least, &greatest));
	ck_assert_int_lt(greatest, least);
	GOOD(RT(cudaDeviceSynchronize)());
	GOOD(RT(cudaDriverGetVersion)(&value));
	ck_assert_int_ge(value, 13000);
	GOOD(RT(cudaRuntimeGetVersion)(&value));
	ck_assert_int_eq(value / 1000, SIM_CUDART);
	FAILS(cudaErrorInvalidDevice, RT(cudaSetDevice)(3));
	FAILS(cudaErrorInvalidDevice, RT(cudaPeekAtLastError)());
	FAILS(cudaErrorInvalidDevice, RT(cudaGetLastError)());
	GOOD(RT(cudaGetLastError)());
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
	GOOD(RT(cudaStreamCreateWithPriority)(&a, 1, -2));
	GOOD(RT(cudaStreamCreate)(&b));
	GOOD(RT(cudaStreamGetFlags)(a, &flags));
	ck_assert_uint_eq(flags, 1);
	GOOD(RT(cudaStreamGetFlags_ptsz)(b, &flags));
	ck_assert_uint_eq(flags, 0);
	GOOD(RT(cudaStreamGetPriority)(a, &priority));
	ck_assert_int_eq(priority, -2);
	GOOD(RT(cudaStreamGetPriority_ptsz)(a, &priority));
	GOOD(RT(cudaStreamGetId)(a, &id));
	GOOD(RT(cudaStreamGetId_ptsz)(NULL, &own));
	GOOD(RT(cudaStreamGetId)((cudaStream_t)(uintptr_t)2, &again));
	ck_assert(own == again && own != id);
	GOOD(RT(cudaStreamSetAttribute)(a, cudaLaunchAttributePriority, &value));
	GOOD(RT(cudaStreamCopyAttributes)(b, a));
	GOOD(RT(cudaStreamGetAttribute)(b, cudaLaunchAttributePriority, &got));
	ck_assert_int_eq(got.priority, -3);
	GOOD(RT(cudaStreamSetAttribute_ptsz)(NULL, cudaLaunchAttributePriority, &value));
	GOOD(RT(cudaStreamGetAttribute_ptsz)(NULL, cudaLaunchAttributePriority, &got));
	ck_assert_int_eq(got.priority, -3);
	GOOD(RT(cudaStreamCopyAttributes_ptsz)(b, NULL));
	GOOD(RT(cudaEventCreate)(&from));
	GOOD(RT(cudaEventCreateWithFlags)(&to, 0));
	GOOD(RT(cudaEventRecord)(from, a));
	GOOD(RT(cudaEventRecordWithFlags)(to, a, 0));
	GOOD(RT(cudaEventElapsedTime)(&time, from, to));
	ck_assert_float_ge(time, 0);
	GOOD(RT(cudaEventRecord_ptsz)(from, NULL));
	GOOD(RT(cudaEventElapsedTime)(&time, from, to));
	ck_assert_float_le(time, 0); /* the first was recorded again, later */
	GOOD(RT(cudaEventRecordWithFlags_ptsz)(to, NULL, 0));
	GOOD(RT(cudaEventQuery)(to));
	GOOD(RT(cudaEventSynchronize)(to));
	GOOD(RT(cudaStreamWaitEvent)(b, to, 0));
	GOOD(RT(cudaStreamWaitEvent_ptsz)(NULL, to, 0));
	GOOD(RT(cudaLaunchHostFunc)(a, (cudaHostFn_t)count_up, &n));
	GOOD(RT(cudaLaunchHostFunc_ptsz)(NULL, (cudaHostFn_t)count_up, &n));
	GOOD(RT(cudaStreamAddCallback)(a, called_back, &n, 0));
	GOOD(RT(cudaStreamAddCallback_ptsz)(NULL, called_back, &n, 0));
	ck_assert_int_eq(n, 4);
	GOOD(RT(cudaStreamQuery)(a));
	GOOD(RT(cudaStreamQuery_ptsz)(NULL));
	GOOD(RT(cudaStreamSynchronize)(a));
	GOOD(RT(cudaStreamSynchronize_ptsz)(NULL));
	GOOD(RT(cudaStreamIsCapturing)(a, &capture));
	ck_assert_int_eq(capture, 0);
	GOOD(RT(cudaEventDestroy)(to));
	FAILS(cudaErrorInvalidResourceHandle, RT(cudaStreamWaitEvent)(b, to, 0));
	GOOD(RT(cudaStreamDestroy)(a));
	FAILS(cudaErrorInvalidResourceHandle, RT(cudaStreamQuery)(a));
	client_note("cudaStreamGetDevice");
	int device = -1;
	GOOD(RT(cudaStreamGetDevice)(b, &device));
	ck_assert_int_eq(device, 0);
	GOOD(RT(cudaStreamGetDevice_ptsz)(NULL, &device));
}
END_TEST

START_TEST(host_memory_and_pointers_are_known)
{
	static char own[4096];
	cudaPointerAttributes about;
	unsigned int flags;
	void *host, *device;

	start(NULL);
	GOOD(RT(cudaHostAlloc)(&host, 4096, 2));
	GOOD(RT(cudaHostGetFlags)(&flags, host));
	ck_assert_uint_eq(flags, 2);
	GOOD(RT(cudaHostGetDevicePointer)(&device, (char *)host + 8, 0));
	GOOD(RT(cudaPointerGetAttributes)(&about, device));
	ck_assert_int_eq(about.type, 1);
	GOOD(RT(cudaFreeHost)(host));
	FAILS(cudaErrorInvalidValue, RT(cudaHostGetFlags)(&flags, host));
	GOOD(RT(cudaMallocHost)(&host, 64));
	GOOD(RT(cudaFreeHost)(host));
	GOOD(RT(cudaHostRegister)(own, sizeof(own), 0));
	GOOD(RT(cudaPointerGetAttributes)(&about, own));
	ck_assert_int_eq(about.type, 1);
	FAILS(cudaErrorHostMemoryAlreadyRegistered, RT(cudaHostRegister)(own, 16, 0));
	GOOD(RT(cudaHostUnregister)(own));
	GOOD(RT(cudaPointerGetAttributes)(&about, own));
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
	handle = register_code();
	GOOD(RT(cudaLaunchKernel)(&stub_first, one, one, NULL, 0, NULL));
	GOOD(RT(cudaLaunchKernel_ptsz)(&stub_first, one, one, NULL, 0, NULL));
	GOOD(RT(cudaLaunchKernelExC)(&config, &stub_first, NULL));
	GOOD(RT(cudaLaunchKernelExC_ptsz)(&config, &stub_first, NULL));
	GOOD(RT(cudaLaunchCooperativeKernel)(&stub_first, one, threads, NULL, 0, NULL));
	GOOD(RT(cudaLaunchCooperativeKernel_ptsz)(&stub_first, one, threads, NULL, 0, NULL));
	FAILS(cudaErrorCooperativeLaunchTooLarge,
	      RT(cudaLaunchCooperativeKernel)(&stub_first, many, threads, NULL, 0, NULL));
	FAILS(cudaErrorInvalidDeviceFunction,
	      RT(cudaLaunchKernel)(&shadow_table, one, one, NULL, 0, NULL));
	GOOD(RT(cudaFuncGetName)(&name, &stub_second));
	ck_assert_str_eq(name, "second");
	GOOD(RT(cudaFuncSetAttribute)(&stub_first, 8, 65536));
	GOOD(RT(cudaFuncSetCacheConfig)(&stub_first, 1));
	FAILS(cudaErrorInvalidValue, RT(cudaFuncSetAttribute)(&stub_first, 8, 1 << 30));
	GOOD(RT(cudaOccupancyMaxActiveBlocksPerMultiprocessor)(&blocks, &stub_first, 256, 0));
	ck_assert_int_eq(blocks, 8);
	GOOD(RT(cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags)(&blocks, &stub_first, 1024,
									0, 0));
	ck_assert_int_eq(blocks, 2);
	GOOD(RT(cudaOccupancyAvailableDynamicSMemPerBlock)(&bytes, &stub_first, 2, 128));
	ck_assert_uint_eq(bytes, 65536);
	GOOD(RT(cudaGetFuncBySymbol)(&function, &stub_first));
	GOOD(RT(cudaGetKernel)(&kernel, &stub_first));
	ck_assert_ptr_eq((void *)function, (void *)kernel);
	GOOD(RT(__cudaGetKernel)(&same, &stub_first));
	ck_assert_ptr_eq(same, kernel);
	GOOD(RT(__cudaLaunchKernel)(kernel, one, one, NULL, 0, NULL));
	GOOD(RT(__cudaLaunchKernel_ptsz)(kernel, one, one, NULL, 0, NULL));
	ck_assert(RT(__cudaInitModule)(handle));
}
END_TEST

TCase *rest_tests(void)
{
	TCase *tc = tcase_create("rest");

	tcase_add_test(tc, a_device_keeps_its_settings);
	tcase_add_test(tc, streams_and_events_keep_theirs);
	tcase_add_test(tc, host_memory_and_pointers_are_known);
	tcase_add_test(tc, kernels_are_launched_by_each_name);
	return tc;
}
