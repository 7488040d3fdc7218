/* SPDX-License-Identifier: Apache-2.0 */
/* The simulated runtime's errors: each thread's last one, names, versions, properties, start-up. */
#include <pthread.h>
#include <string.h>

#include "sim_runtime.h"

static void *another(void *unused)
{
	(void)unused;
	return (void *)(uintptr_t)(RT(cudaPeekAtLastError)() == cudaSuccess);
}

START_TEST(the_last_error_is_the_threads_until_it_is_taken)
{
	pthread_t thread;
	void *clean, *memory;
	int device;

	start(NULL);
	IS(cudaErrorInvalidDevice, RT(cudaSetDevice)(9));
	OK(RT(cudaMalloc)(&memory, 64)); /* success takes nothing away */
	OK(RT(cudaGetDevice)(&device));
	IS(cudaErrorInvalidDevice, RT(cudaPeekAtLastError)());
	ck_assert_int_eq(pthread_create(&thread, NULL, another, NULL), 0);
	pthread_join(thread, &clean);
	ck_assert_ptr_ne(clean, NULL);
	IS(cudaErrorInvalidValue, RT(cudaMalloc)(NULL, 64)); /* the latest counts */
	IS(cudaErrorInvalidValue, RT(cudaGetLastError)());
	OK(RT(cudaGetLastError)());
	OK(RT(cudaFree)(memory));
	ck_assert_str_eq(RT(cudaGetErrorName)(cudaErrorMemoryAllocation),
			 "cudaErrorMemoryAllocation");
	ck_assert_str_eq(RT(cudaGetErrorString)(cudaErrorMemoryAllocation), "out of memory");
}
END_TEST

START_TEST(versions_and_properties_are_the_devices)
{
	cudaDeviceProp prop;
	int version, count;

	start("cuda = 13.0\n[device l4]\nname = \"A card\"\nmemory = 5 GiB\n"
	      "attribute.MULTIPROCESSOR_COUNT = 33\n");
	OK(RT(cudaDriverGetVersion)(&version));
	ck_assert_int_eq(version, 13000);
	OK(RT(cudaRuntimeGetVersion)(&version));
	ck_assert_int_eq(version / 1000, SIM_CUDART);
	OK(RT(cudaGetDeviceCount)(&count));
	ck_assert_int_eq(count, 1);
	OK(RT(cudaGetDeviceProperties)(&prop, 0));
	ck_assert_str_eq(prop.name, "A card");
	ck_assert_uint_eq(prop.totalGlobalMem, 5 * GIB);
	ck_assert_int_eq(prop.multiProcessorCount, 33);
#if SIM_CUDART == 12
	memset(&prop, 0, sizeof(prop));
	OK(RT(cudaGetDeviceProperties_v2)(&prop, 0));
	ck_assert_int_eq(prop.multiProcessorCount, 33);
#endif
	OK(RT(cudaDeviceGetAttribute)(&count, cudaDevAttrMultiProcessorCount, 0));
	ck_assert_int_eq(count, 33);
}
END_TEST

START_TEST(a_launch_needs_its_configuration)
{
	dim3 grid = { 3, 2, 1 }, block = { 64, 1, 1 }, g, b;
	cudaStream_t stream, s;
	size_t shared;

	start(NULL);
	OK(RT(cudaStreamCreate)(&stream));
	ck_assert_uint_eq(RT(__cudaPushCallConfiguration)(grid, block, 9, stream), 0);
	OK(RT(__cudaPopCallConfiguration)(&g, &b, &shared, &s));
	ck_assert_uint_eq(g.y, 2);
	ck_assert_uint_eq(b.x, 64);
	ck_assert_uint_eq(shared, 9);
	ck_assert_ptr_eq(s, stream);
	IS(cudaErrorMissingConfiguration, RT(__cudaPopCallConfiguration)(&g, &b, &shared, &s));
	IS(cudaErrorMissingConfiguration, RT(cudaGetLastError)());
}
END_TEST

START_TEST(a_failed_start_is_for_good)
{
	int count = 7, device;

	start(SIM_CUDART == 12 ? "cuda = 11.4\n[device]\n" : "cuda = 12.4\n[device]\n");
	IS(cudaErrorInsufficientDriver, RT(cudaGetDeviceCount)(&count));
	ck_assert_int_eq(count, 0);
	IS(cudaErrorInsufficientDriver, RT(cudaGetDevice)(&device));
	IS(cudaErrorInsufficientDriver, RT(cudaDeviceSynchronize)());
	IS(cudaErrorInsufficientDriver, RT(cudaGetLastError)());
}
END_TEST

TCase *error_tests(void)
{
	TCase *tc = tcase_create("error");

	tcase_add_test(tc, the_last_error_is_the_threads_until_it_is_taken);
	tcase_add_test(tc, versions_and_properties_are_the_devices);
	tcase_add_test(tc, a_launch_needs_its_configuration);
	tcase_add_test(tc, a_failed_start_is_for_good);
	return tc;
}
