/* SPDX-License-Identifier: Apache-2.0 */
/* The simulated driver, as a program that opens it finds it. Each test is a process of its own. */
#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#include "shim/backend/sim/device.h"
#include "sim_cuda.h"
#include "sim_watch.h"

void *cuda;

void start(const char *devices)
{
	if (devices)
		client_devices(devices);
	else
		unsetenv("VGPU_DEVICE");
	cuda = client_open("libvgpu-cuda.so");
}

CUcontext start_context(void)
{
	CUcontext context;

	start(NULL);
	ck_assert_int_eq(CU(cuInit)(0), CUDA_SUCCESS);
	ck_assert_int_eq(CU(cuCtxCreate_v2)(&context, 0, 0), CUDA_SUCCESS);
	return context;
}

size_t free_bytes(void)
{
	size_t free, total;

	ck_assert_int_eq(CU(cuMemGetInfo_v2)(&free, &total), CUDA_SUCCESS);
	return free;
}

/* ---- discovery ---- */

START_TEST(a_device_is_what_its_file_says)
{
	char name[64], pci[32], uuid[16];
	int value, major, minor, count, version;
	size_t bytes;
	CUdevice device;

	start("cuda = 12.8\n"
	      "[device l4]\nname = \"Test card\"\nmemory = 3 GiB\ncompute = 7.2\n"
	      "uuid = 01020304-0506-0708-090a-0b0c0d0e0f10\npci = 0002:ab:1f.0\n"
	      "attribute.WARP_SIZE = 64\n[device]\n");
	ck_assert_int_eq(CU(cuInit)(0), CUDA_SUCCESS);
	ck_assert_int_eq(CU(cuDriverGetVersion)(&version), CUDA_SUCCESS);
	ck_assert_int_eq(version, 12080);
	ck_assert_int_eq(CU(cuDeviceGetCount)(&count), CUDA_SUCCESS);
	ck_assert_int_eq(count, 2);
	ck_assert_int_eq(CU(cuDeviceGet)(&device, 0), CUDA_SUCCESS);
	ck_assert_int_eq(CU(cuDeviceGetName)(name, sizeof(name), device), CUDA_SUCCESS);
	ck_assert_str_eq(name, "Test card");
	ck_assert_int_eq(CU(cuDeviceTotalMem_v2)(&bytes, device), CUDA_SUCCESS);
	ck_assert_uint_eq(bytes, 3 * GIB);
	ck_assert_int_eq(CU(cuDeviceComputeCapability)(&major, &minor, device), CUDA_SUCCESS);
	ck_assert_int_eq(major * 10 + minor, 72);
	ck_assert_int_eq(CU(cuDeviceGetUuid_v2)((CUuuid *)uuid, device), CUDA_SUCCESS);
	for (int i = 0; i < 16; i++)
		ck_assert_int_eq(uuid[i], i + 1);
	ck_assert_int_eq(CU(cuDeviceGetPCIBusId)(pci, sizeof(pci), device), CUDA_SUCCESS);
	ck_assert_str_eq(pci, "0002:AB:1F.0");
	ck_assert_int_eq(CU(cuDeviceGetByPCIBusId)(&device, "0002:ab:1f.0"), CUDA_SUCCESS);
	ck_assert_int_eq(device, 0);
	ck_assert_int_eq(CU(cuDeviceGetAttribute)(&value, CU_DEVICE_ATTRIBUTE_WARP_SIZE, 0), 0);
	ck_assert_int_eq(value, 64);
	ck_assert_int_eq(CU(cuDeviceGetAttribute)(&value, CU_DEVICE_ATTRIBUTE_PCI_BUS_ID, 0), 0);
	ck_assert_int_eq(value, 0xab);
	ck_assert_int_eq(CU(cuDeviceGetName)(name, 5, 0), CUDA_SUCCESS);
	ck_assert_str_eq(name, "Test");
	ck_assert_int_eq(CU(cuDeviceGetPCIBusId)(pci, 12, 0), CUDA_ERROR_INVALID_VALUE);
	ck_assert_int_eq(CU(cuDeviceGet)(&device, 2), CUDA_ERROR_INVALID_DEVICE);
	ck_assert_int_eq(CU(cuDeviceGet)(&device, -1), CUDA_ERROR_INVALID_DEVICE);
	ck_assert_int_eq(CU(cuDeviceGetName)(name, 5, 7), CUDA_ERROR_INVALID_DEVICE);
}
END_TEST

START_TEST(every_attribute_that_the_interface_defines_is_answered)
{
	static struct vgpu_simdev simdev;
	struct vgpu_simdev_error error;
	int value;

	start(NULL);
	ck_assert_int_eq(vgpu_simdev_load(&simdev, NULL, &error), 0);
	ck_assert_int_eq(CU(cuInit)(0), CUDA_SUCCESS);
	for (int i = 1; i < CU_DEVICE_ATTRIBUTE_MAX; i++) {
		ck_assert_int_eq(CU(cuDeviceGetAttribute)(&value, (CUdevice_attribute)i, 0), 0);
		ck_assert_int_eq(value, simdev.device[0].attribute[i]);
	}
	ck_assert_int_eq(CU(cuDeviceGetAttribute)(&value, (CUdevice_attribute)0, 0),
			 CUDA_ERROR_INVALID_VALUE);
	ck_assert_int_eq(CU(cuDeviceGetAttribute)(&value, CU_DEVICE_ATTRIBUTE_MAX, 0),
			 CUDA_ERROR_INVALID_VALUE);
	ck_assert_int_eq(CU(cuDeviceGetAttribute)(NULL, CU_DEVICE_ATTRIBUTE_WARP_SIZE, 0),
			 CUDA_ERROR_INVALID_VALUE);
}
END_TEST

START_TEST(before_cuInit_only_versions_and_names_are_answered)
{
	const char *text;
	int value;

	start(NULL);
	ck_assert_int_eq(CU(cuDeviceGetCount)(&value), CUDA_ERROR_NOT_INITIALIZED);
	ck_assert_int_eq(CU(cuDeviceGetAttribute)(&value, CU_DEVICE_ATTRIBUTE_WARP_SIZE, 0),
			 CUDA_ERROR_NOT_INITIALIZED);
	ck_assert_int_eq(CU(cuCtxSynchronize)(), CUDA_ERROR_NOT_INITIALIZED);
	ck_assert_int_eq(CU(cuDriverGetVersion)(&value), CUDA_SUCCESS);
	ck_assert_int_eq(CU(cuGetErrorName)(CUDA_ERROR_NO_DEVICE, &text), CUDA_SUCCESS);
	ck_assert_str_eq(text, "CUDA_ERROR_NO_DEVICE");
	ck_assert_int_eq(CU(cuGetErrorString)((CUresult)12345, &text), CUDA_ERROR_INVALID_VALUE);
	ck_assert_ptr_eq(text, NULL);
	ck_assert_int_eq(CU(cuInit)(1), CUDA_ERROR_INVALID_VALUE);
	ck_assert_int_eq(CU(cuInit)(0), CUDA_SUCCESS);
	ck_assert_int_eq(CU(cuInit)(0), CUDA_SUCCESS);
}
END_TEST

START_TEST(no_visible_device_is_an_error_of_cuInit_and_never_a_count_of_0)
{
	int count = 77;

	setenv("CUDA_VISIBLE_DEVICES", "", 1);
	start(NULL);
	ck_assert_int_eq(CU(cuInit)(0), CUDA_ERROR_NO_DEVICE);
	ck_assert_int_eq(CU(cuDeviceGetCount)(&count), CUDA_ERROR_NOT_INITIALIZED);
	ck_assert_int_eq(count, 77);
}
END_TEST

START_TEST(visible_devices_are_renumbered_in_the_order_given)
{
	char name[64];
	int count;

	setenv("CUDA_VISIBLE_DEVICES", "2,GPU-01,9,1", 1);
	start("[device t4]\nuuid = 01020304-0506-0708-090a-0b0c0d0e0f10\n[device l4]\n[device "
	      "h200]\n");
	ck_assert_int_eq(CU(cuInit)(0), CUDA_SUCCESS);
	ck_assert_int_eq(CU(cuDeviceGetCount)(&count), CUDA_SUCCESS);
	ck_assert_int_eq(count, 2);
	ck_assert_int_eq(CU(cuDeviceGetName)(name, sizeof(name), 0), CUDA_SUCCESS);
	ck_assert_str_eq(name, "NVIDIA H200");
	ck_assert_int_eq(CU(cuDeviceGetName)(name, sizeof(name), 1), CUDA_SUCCESS);
	ck_assert_str_eq(name, "Tesla T4");
}
END_TEST

START_TEST(a_bad_device_file_makes_every_call_unsupported)
{
	int count;

	start("[device]\nmemroy = 1 GiB\n");
	ck_assert_int_eq(CU(cuInit)(0), CUDA_ERROR_NOT_SUPPORTED);
	ck_assert_int_eq(CU(cuDeviceGetCount)(&count), CUDA_ERROR_NOT_SUPPORTED);
}
END_TEST

/* ---- lookups ---- */

static void *look_up(const char *name, int version, cuuint64_t flags, int result, int status)
{
	CUdriverProcAddressQueryResult found = (CUdriverProcAddressQueryResult)99;
	void *pointer = &found;

	ck_assert_int_eq(CU(cuGetProcAddress_v2)(name, &pointer, version, flags, &found), result);
	ck_assert_int_eq(found, status);
	ck_assert_int_eq(pointer != NULL,
			 result == CUDA_SUCCESS && status == CU_GET_PROC_ADDRESS_SUCCESS);
	return pointer;
}

START_TEST(lookups_hand_out_the_exported_entry_points)
{
	start(NULL);
	ck_assert_ptr_eq(look_up("cuInit", 13000, 0, 0, 0), client_address(cuda, "cuInit"));
	ck_assert_ptr_eq(look_up("cuMemAlloc", 13000, 0, 0, 0),
			 client_address(cuda, "cuMemAlloc_v2"));
	ck_assert_ptr_eq(look_up("cuMemAlloc", 2000, 0, 0, 0), client_address(cuda, "cuMemAlloc"));
	ck_assert_ptr_eq(look_up("cuGetProcAddress", 12000, 0, 0, 0),
			 client_address(cuda, "cuGetProcAddress_v2"));
	ck_assert_ptr_eq(look_up("cuLaunchKernel", 12000, 2, 0, 0),
			 client_address(cuda, "cuLaunchKernel_ptsz"));
	ck_assert_ptr_eq(look_up("cuLaunchKernel", 12000, 1, 0, 0),
			 client_address(cuda, "cuLaunchKernel"));
	ck_assert_ptr_eq(look_up("cuInit", 13000, 2, 0, 0), client_address(cuda, "cuInit"));
}
END_TEST

START_TEST(lookups_that_fail_say_why_and_give_NULL)
{
	void *pointer = &pointer;

	start(NULL);
	look_up("", 13000, 0, CUDA_SUCCESS, CU_GET_PROC_ADDRESS_SYMBOL_NOT_FOUND);
	look_up("cuNoSuchThing", 13000, 0, CUDA_SUCCESS, CU_GET_PROC_ADDRESS_SYMBOL_NOT_FOUND);
	look_up("cuLaunchKernelEx", 11000, 0, CUDA_SUCCESS,
		CU_GET_PROC_ADDRESS_VERSION_NOT_SUFFICIENT);
	look_up("cuInit", 99000, 0, CUDA_ERROR_INVALID_VALUE, 99);
	ck_assert_int_eq(CU(cuGetProcAddress_v2)("cuInit", &pointer, 13000, 3, NULL),
			 CUDA_ERROR_INVALID_VALUE);
	ck_assert_int_eq(CU(cuGetProcAddress_v2)(NULL, &pointer, 13000, 0, NULL),
			 CUDA_ERROR_INVALID_VALUE);
	ck_assert_int_eq(CU(cuGetProcAddress)("cuNoSuchThing", &pointer, 13000, 0),
			 CUDA_ERROR_NOT_FOUND);
	ck_assert_ptr_eq(pointer, NULL);
}
END_TEST

START_TEST(an_older_driver_hands_out_nothing_that_came_after_it)
{
	start("cuda = 11.4\n[device]\n");
	look_up("cuLaunchKernelEx", 11040, 0, CUDA_SUCCESS, CU_GET_PROC_ADDRESS_SYMBOL_NOT_FOUND);
	look_up("cuLaunchKernelEx", 13000, 0, CUDA_ERROR_INVALID_VALUE, 99);
	ck_assert_ptr_eq(look_up("cuMemAlloc", 11040, 0, 0, 0),
			 client_address(cuda, "cuMemAlloc_v2"));
}
END_TEST

START_TEST(there_are_no_export_tables)
{
	const void *table = &table;
	CUuuid id = { { 0 } };

	start(NULL);
	ck_assert_int_eq(CU(cuInit)(0), CUDA_SUCCESS);
	for (int i = 0; i < 256; i++) {
		memset(&id, i, sizeof(id));
		ck_assert_int_eq(CU(cuGetExportTable)(&table, &id), CUDA_ERROR_NOT_FOUND);
		ck_assert_ptr_eq(table, NULL);
	}
}
END_TEST

START_TEST(what_is_not_simulated_says_so)
{
	CUgreenCtx green;

	start_context();
	ck_assert_int_eq(CU(cuGreenCtxCreate)(&green, NULL, 0, 0), CUDA_ERROR_NOT_SUPPORTED);
}
END_TEST

/* ---- contexts ---- */

static void *other_thread(void *data)
{
	CUcontext context = (CUcontext)-1;

	ck_assert_int_eq(CU(cuCtxGetCurrent)(&context), CUDA_SUCCESS);
	ck_assert_ptr_eq(context, NULL);
	ck_assert_int_eq(CU(cuCtxSynchronize)(), CUDA_ERROR_INVALID_CONTEXT);
	ck_assert_int_eq(CU(cuCtxSetCurrent)(data), CUDA_SUCCESS);
	ck_assert_int_eq(CU(cuCtxSynchronize)(), CUDA_SUCCESS);
	return NULL;
}

START_TEST(each_thread_has_a_stack_of_contexts)
{
	CUcontext first = start_context(), second, third, context;
	pthread_t thread;

	ck_assert_int_eq(CU(cuCtxCreate_v3)(&second, NULL, 0, 0, 0), CUDA_SUCCESS);
	ck_assert_int_eq(CU(cuCtxCreate_v4)(&third, NULL, 0, 0), CUDA_SUCCESS);
	ck_assert_int_eq(pthread_create(&thread, NULL, other_thread, first), 0);
	pthread_join(thread, NULL);
	ck_assert_int_eq(CU(cuCtxPopCurrent_v2)(&context), CUDA_SUCCESS);
	ck_assert_ptr_eq(context, third);
	ck_assert_int_eq(CU(cuCtxDestroy_v2)(second), CUDA_SUCCESS); /* current: it is popped too */
	ck_assert_int_eq(CU(cuCtxGetCurrent)(&context), CUDA_SUCCESS);
	ck_assert_ptr_eq(context, first);
	ck_assert_int_eq(CU(cuCtxSetCurrent)(third), CUDA_SUCCESS);
	ck_assert_int_eq(CU(cuCtxSetCurrent)(second), CUDA_ERROR_INVALID_CONTEXT);
	ck_assert_int_eq(CU(cuCtxPushCurrent_v2)((CUcontext)&context), CUDA_ERROR_INVALID_CONTEXT);
	ck_assert_int_eq(CU(cuCtxPushCurrent_v2)(first), CUDA_SUCCESS);
	ck_assert_int_eq(CU(cuCtxGetCurrent)(&context), CUDA_SUCCESS);
	ck_assert_ptr_eq(context, first);
	ck_assert_int_eq(CU(cuCtxPopCurrent_v2)(&context), CUDA_SUCCESS);
	ck_assert_ptr_eq(context, first);
	ck_assert_int_eq(CU(cuCtxPopCurrent_v2)(NULL), CUDA_SUCCESS);
	ck_assert_int_eq(CU(cuCtxPopCurrent_v2)(NULL), CUDA_ERROR_INVALID_CONTEXT);
}
END_TEST

static void *destroy(void *data)
{
	ck_assert_int_eq(CU(cuCtxDestroy_v2)(data), CUDA_SUCCESS);
	return NULL;
}

START_TEST(a_context_destroyed_elsewhere_reads_as_destroyed)
{
	CUcontext context = start_context();
	pthread_t thread;

	ck_assert_int_eq(pthread_create(&thread, NULL, destroy, context), 0);
	pthread_join(thread, NULL);
	ck_assert_int_eq(CU(cuCtxSynchronize)(), CUDA_ERROR_CONTEXT_IS_DESTROYED);
}
END_TEST

START_TEST(a_primary_context_lives_while_it_is_held)
{
	CUcontext first, second;
	CUdeviceptr pointer;
	unsigned flags;
	size_t before;
	int active;

	start(NULL);
	ck_assert_int_eq(CU(cuInit)(0), CUDA_SUCCESS);
	ck_assert_int_eq(CU(cuDevicePrimaryCtxGetState)(0, &flags, &active), CUDA_SUCCESS);
	ck_assert_int_eq(active, 0);
	ck_assert_int_eq(CU(cuDevicePrimaryCtxSetFlags_v2)(0, CU_CTX_SCHED_SPIN), CUDA_SUCCESS);
	ck_assert_int_eq(CU(cuDevicePrimaryCtxRetain)(&first, 0), CUDA_SUCCESS);
	ck_assert_int_eq(CU(cuDevicePrimaryCtxRetain)(&second, 0), CUDA_SUCCESS);
	ck_assert_ptr_eq(first, second);
	ck_assert_int_eq(CU(cuCtxSetCurrent)(first), CUDA_SUCCESS);
	ck_assert_int_eq(CU(cuCtxGetFlags)(&flags), CUDA_SUCCESS);
	ck_assert_uint_eq(flags, CU_CTX_SCHED_SPIN | CU_CTX_MAP_HOST);
	ck_assert_int_eq(CU(cuCtxDestroy_v2)(first), CUDA_ERROR_INVALID_CONTEXT);
	before = free_bytes();
	ck_assert_int_eq(CU(cuMemAlloc_v2)(&pointer, GIB), CUDA_SUCCESS);
	ck_assert_int_eq(CU(cuDevicePrimaryCtxRelease_v2)(0), CUDA_SUCCESS);
	ck_assert_uint_eq(free_bytes(), before - GIB);
	ck_assert_int_eq(CU(cuDevicePrimaryCtxRelease_v2)(0), CUDA_SUCCESS);
	ck_assert_int_eq(CU(cuDevicePrimaryCtxRelease_v2)(0), CUDA_ERROR_INVALID_CONTEXT);
	ck_assert_int_eq(CU(cuCtxSynchronize)(), CUDA_ERROR_CONTEXT_IS_DESTROYED);
	ck_assert_int_eq(CU(cuDevicePrimaryCtxRetain)(&second, 0), CUDA_SUCCESS);
	ck_assert_ptr_eq(first, second);
	ck_assert_uint_eq(free_bytes(), before); /* what it held went with it */
}
END_TEST

/* ---- streams, events, kernels ---- */

static void note(void *data)
{
	*(pthread_t *)data = pthread_self();
}

START_TEST(streams_and_events_belong_to_their_context)
{
	CUcontext context = start_context(), owner;
	pthread_t ran = 0;
	CUstream stream;
	CUevent from, to, quiet;
	unsigned flags;
	float ms = -1;

	ck_assert_int_eq(CU(cuStreamCreate)(&stream, CU_STREAM_NON_BLOCKING), CUDA_SUCCESS);
	ck_assert_int_eq(CU(cuStreamGetFlags)(stream, &flags), CUDA_SUCCESS);
	ck_assert_uint_eq(flags, CU_STREAM_NON_BLOCKING);
	ck_assert_int_eq(CU(cuStreamGetCtx)(stream, &owner), CUDA_SUCCESS);
	ck_assert_ptr_eq(owner, context);
	for (uintptr_t named = 0; named <= 2; named++)
		ck_assert_int_eq(CU(cuStreamSynchronize)((CUstream)named), CUDA_SUCCESS);
	ck_assert_int_eq(CU(cuStreamSynchronize)((CUstream)3), CUDA_ERROR_INVALID_HANDLE);
	ck_assert_int_eq(CU(cuLaunchHostFunc)(stream, note, &ran), CUDA_SUCCESS);
	ck_assert(pthread_equal(ran, pthread_self()));
	ck_assert_int_eq(CU(cuEventCreate)(&from, 0), CUDA_SUCCESS);
	ck_assert_int_eq(CU(cuEventCreate)(&to, 0), CUDA_SUCCESS);
	ck_assert_int_eq(CU(cuEventCreate)(&quiet, CU_EVENT_DISABLE_TIMING), CUDA_SUCCESS);
	ck_assert_int_eq(CU(cuEventElapsedTime_v2)(&ms, from, to), CUDA_ERROR_INVALID_HANDLE);
	ck_assert_int_eq(CU(cuEventRecord)(from, stream), CUDA_SUCCESS);
	ck_assert_int_eq(CU(cuEventRecord)(to, stream), CUDA_SUCCESS);
	ck_assert_int_eq(CU(cuEventRecord)(quiet, stream), CUDA_SUCCESS);
	ck_assert_int_eq(CU(cuEventElapsedTime_v2)(&ms, from, to), CUDA_SUCCESS);
	ck_assert_float_ge(ms, 0);
	ck_assert_int_eq(CU(cuEventElapsedTime_v2)(&ms, from, quiet), CUDA_ERROR_INVALID_HANDLE);
	ck_assert_int_eq(CU(cuStreamDestroy_v2)(stream), CUDA_SUCCESS);
	ck_assert_int_eq(CU(cuStreamDestroy_v2)(stream), CUDA_ERROR_INVALID_HANDLE);
	ck_assert_int_eq(CU(cuStreamDestroy_v2)((CUstream)from), CUDA_ERROR_INVALID_HANDLE);
	ck_assert_int_eq(CU(cuCtxDestroy_v2)(context), CUDA_SUCCESS);
	ck_assert_int_eq(CU(cuEventQuery)(from), CUDA_ERROR_INVALID_HANDLE);
}
END_TEST

START_TEST(kernels_launch_within_the_limits_of_their_device)
{
	static const char image[] = ".version 8.0\n.target sm_90\n.visible .entry add(){ret;}\n"
				    ".visible .entry sub(){ret;}\n";
	static const char junk[] = "\001\002\003\004";
	CUlibrary library;
	CUkernel kernel, again;
	CUfunction function;
	const char *name;
	int value, most;

	start_context();
	ck_assert_int_eq(CU(cuLibraryLoadData)(&library, junk, NULL, NULL, 0, NULL, NULL, 0),
			 CUDA_ERROR_INVALID_IMAGE);
	ck_assert_int_eq(CU(cuLibraryLoadData)(&library, image, NULL, NULL, 0, NULL, NULL, 0), 0);
	ck_assert_int_eq(CU(cuLibraryGetKernel)(&kernel, library, "add"), CUDA_SUCCESS);
	ck_assert_int_eq(CU(cuLibraryGetKernel)(&again, library, "add"), CUDA_SUCCESS);
	ck_assert_ptr_eq(kernel, again);
	ck_assert_int_eq(CU(cuLibraryGetKernel)(&again, library, "sub"), CUDA_SUCCESS);
	ck_assert_ptr_ne(kernel, again);
	ck_assert_int_eq(CU(cuKernelGetName)(&name, kernel), CUDA_SUCCESS);
	ck_assert_str_eq(name, "add");
	ck_assert_int_eq(CU(cuKernelGetFunction)(&function, kernel), CUDA_SUCCESS);
	ck_assert_int_eq(CU(cuLaunchKernel)(function, 1, 1, 1, 1024, 1, 1, 0, NULL, NULL, NULL), 0);
	ck_assert_int_eq(CU(cuLaunchKernel)(function, 1, 1, 1, 1024, 2, 1, 0, NULL, NULL, NULL),
			 CUDA_ERROR_INVALID_VALUE);
	ck_assert_int_eq(CU(cuLaunchKernel)(function, 1, 65536, 1, 1, 1, 1, 0, NULL, NULL, NULL),
			 CUDA_ERROR_INVALID_VALUE);
	ck_assert_int_eq(CU(cuLaunchKernel)(function, 1, 0, 1, 1, 1, 1, 0, NULL, NULL, NULL),
			 CUDA_ERROR_INVALID_VALUE);
	ck_assert_int_eq(
	    CU(cuLaunchKernel)((CUfunction)image, 1, 1, 1, 1, 1, 1, 0, NULL, NULL, NULL),
	    CUDA_ERROR_INVALID_HANDLE);
	/* shared memory above the usual limit must be asked for first */
	ck_assert_int_eq(CU(cuDeviceGetAttribute)(
			     &most, CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN, 0),
			 0);
	ck_assert_int_eq(
	    CU(cuLaunchKernel)(function, 1, 1, 1, 32, 1, 1, (unsigned)most, NULL, NULL, NULL),
	    CUDA_ERROR_INVALID_VALUE);
	ck_assert_int_eq(
	    CU(cuFuncSetAttribute)(function, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, most),
	    0);
	ck_assert_int_eq(
	    CU(cuLaunchKernel)(function, 1, 1, 1, 32, 1, 1, (unsigned)most, NULL, NULL, NULL),
	    CUDA_SUCCESS);
	ck_assert_int_eq(CU(cuFuncSetAttribute)(
			     function, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, most + 1),
			 CUDA_ERROR_INVALID_VALUE);
	ck_assert_int_eq(CU(cuOccupancyMaxActiveBlocksPerMultiprocessor)(&value, function, 1024, 0),
			 0);
	ck_assert_int_eq(value, 2); /* 2048 threads a multiprocessor */
	ck_assert_int_eq(
	    CU(cuOccupancyMaxActiveBlocksPerMultiprocessor)(&value, function, 32, (size_t)most), 0);
	ck_assert_int_eq(value, 1);
	ck_assert_int_eq(CU(cuLibraryUnload)(library), CUDA_SUCCESS);
	ck_assert_int_eq(CU(cuKernelGetName)(&name, kernel), CUDA_ERROR_INVALID_HANDLE);
}
END_TEST

int main(int argc, char **argv)
{
	Suite *suite = suite_create("sim cuda");
	TCase *tc = tcase_create("all");
	static const char *const refused[] = { "cuGreenCtxCreate", "cuMemAlloc",
					       "cuProfilerInitialize", NULL };
	static const struct sim_watch watch = { .library = "cuda",
						.proved = 300,
						.refused = refused };

	suite_add_tcase(suite, tc);
	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, a_device_is_what_its_file_says);
	tcase_add_test(tc, every_attribute_that_the_interface_defines_is_answered);
	tcase_add_test(tc, before_cuInit_only_versions_and_names_are_answered);
	tcase_add_test(tc, no_visible_device_is_an_error_of_cuInit_and_never_a_count_of_0);
	tcase_add_test(tc, visible_devices_are_renumbered_in_the_order_given);
	tcase_add_test(tc, a_bad_device_file_makes_every_call_unsupported);
	tcase_add_test(tc, lookups_hand_out_the_exported_entry_points);
	tcase_add_test(tc, lookups_that_fail_say_why_and_give_NULL);
	tcase_add_test(tc, an_older_driver_hands_out_nothing_that_came_after_it);
	tcase_add_test(tc, there_are_no_export_tables);
	tcase_add_test(tc, what_is_not_simulated_says_so);
	tcase_add_test(tc, each_thread_has_a_stack_of_contexts);
	tcase_add_test(tc, a_context_destroyed_elsewhere_reads_as_destroyed);
	tcase_add_test(tc, a_primary_context_lives_while_it_is_held);
	tcase_add_test(tc, streams_and_events_belong_to_their_context);
	tcase_add_test(tc, kernels_launch_within_the_limits_of_their_device);
	suite_add_tcase(suite, device_tests());
	suite_add_tcase(suite, memory_tests());
	suite_add_tcase(suite, endurance_tests());
	suite_add_tcase(suite, module_tests());
	suite_add_tcase(suite, graph_tests());
	suite_add_tcase(suite, capture_tests());
	suite_add_tcase(suite, pool_tests());
	suite_add_tcase(suite, array_tests());
	suite_add_tcase(suite, stream_tests());
	suite_add_tcase(suite, copy_tests());
	suite_add_tcase(suite, settings_tests());
	return sim_watch_main(argc, argv, suite, &watch);
}
