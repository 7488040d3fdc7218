/* SPDX-License-Identifier: Apache-2.0 */
/* The simulated driver, as a program that opens it finds it. Each test is a process of its own. */
#include <dirent.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>

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
	ck_assert_int_eq(pointer != NULL, result == CUDA_SUCCESS);
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
	ck_assert_ptr_eq(look_up("cuInit", 99000, 2, 0, 0), client_address(cuda, "cuInit"));
}
END_TEST

START_TEST(lookups_that_fail_say_why_and_give_NULL)
{
	void *pointer = &pointer;

	start(NULL);
	look_up("", 13000, 0, CUDA_ERROR_NOT_FOUND, CU_GET_PROC_ADDRESS_SYMBOL_NOT_FOUND);
	look_up("cuNoSuchThing", 13000, 0, CUDA_ERROR_NOT_FOUND,
		CU_GET_PROC_ADDRESS_SYMBOL_NOT_FOUND);
	look_up("cuLaunchKernelEx", 11000, 0, CUDA_ERROR_NOT_FOUND,
		CU_GET_PROC_ADDRESS_VERSION_NOT_SUFFICIENT);
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
	look_up("cuLaunchKernelEx", 13000, 0, CUDA_ERROR_NOT_FOUND,
		CU_GET_PROC_ADDRESS_SYMBOL_NOT_FOUND);
	ck_assert_ptr_eq(look_up("cuMemAlloc", 13000, 0, 0, 0),
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
	ck_assert_uint_eq(flags, CU_CTX_SCHED_SPIN);
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

/* ---- memory ---- */

START_TEST(memory_is_counted_and_comes_back)
{
	CUdeviceptr pointer[4];
	size_t before, all, free;
	CUcontext context = start_context();

	before = free_bytes();
	ck_assert_int_eq(CU(cuDeviceTotalMem_v2)(&all, 0), CUDA_SUCCESS);
	ck_assert_uint_lt(before, all); /* the context takes its part */
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(CU(cuMemAlloc_v2)(&pointer[i], 20 * GIB), CUDA_SUCCESS);
	ck_assert_uint_eq(free_bytes(), before - 60 * GIB);
	ck_assert_int_eq(CU(cuMemAlloc_v2)(&pointer[3], 20 * GIB), CUDA_ERROR_OUT_OF_MEMORY);
	ck_assert_int_eq(CU(cuMemAlloc_v2)(&pointer[3], 0), CUDA_ERROR_INVALID_VALUE);
	ck_assert_int_eq(CU(cuMemFree_v2)(pointer[0] + 8), CUDA_ERROR_INVALID_VALUE);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(CU(cuMemFree_v2)(pointer[i]), CUDA_SUCCESS);
	ck_assert_int_eq(CU(cuMemFree_v2)(pointer[0]), CUDA_ERROR_INVALID_VALUE);
	ck_assert_uint_eq(free_bytes(), before);
	ck_assert_int_eq(CU(cuMemAlloc_v2)(&pointer[0], GIB), CUDA_SUCCESS);
	ck_assert_int_eq(CU(cuCtxDestroy_v2)(context), CUDA_SUCCESS);
	ck_assert_int_eq(CU(cuMemGetInfo_v2)(&free, &all), CUDA_ERROR_INVALID_CONTEXT);
	ck_assert_int_eq(CU(cuCtxCreate_v2)(&context, 0, 0), CUDA_SUCCESS);
	ck_assert_uint_eq(free_bytes(), before);
}
END_TEST

START_TEST(copies_bring_back_what_they_took)
{
	enum { SIZE = 3 * 1024 * 1024 + 5 };
	unsigned char *host = malloc(SIZE), *back = calloc(1, SIZE);
	CUdeviceptr a, b, base;
	size_t size;

	start_context();
	for (size_t i = 0; i < SIZE; i++)
		host[i] = (unsigned char)(i * 7 + i / 251);
	ck_assert_int_eq(CU(cuMemAlloc_v2)(&a, SIZE), CUDA_SUCCESS);
	ck_assert_int_eq(CU(cuMemAlloc_v2)(&b, SIZE), CUDA_SUCCESS);
	ck_assert_int_eq(CU(cuMemcpyHtoD_v2)(a, host, SIZE), CUDA_SUCCESS);
	ck_assert_int_eq(CU(cuMemcpyDtoDAsync_v2)(b, a, SIZE, NULL), CUDA_SUCCESS);
	ck_assert_int_eq(CU(cuMemcpyDtoH_v2)(back, b, SIZE), CUDA_SUCCESS);
	ck_assert_mem_eq(back, host, SIZE);
	ck_assert_int_eq(CU(cuMemsetD8_v2)(b, 0, SIZE), CUDA_SUCCESS);
	ck_assert_int_eq(CU(cuMemsetD32_v2)(b + 4, 0x01020304, 2), CUDA_SUCCESS);
	ck_assert_int_eq(CU(cuMemcpy)((CUdeviceptr)(uintptr_t)back, b, SIZE), CUDA_SUCCESS);
	for (size_t i = 0; i < SIZE; i++)
		ck_assert_int_eq(back[i], i < 4 || i > 11 ? 0 : 4 - (int)(i % 4));
	ck_assert_int_eq(CU(cuMemGetAddressRange_v2)(&base, &size, b + 100), CUDA_SUCCESS);
	ck_assert_uint_eq(base, b);
	ck_assert_uint_eq(size, SIZE);
	ck_assert_int_eq(CU(cuMemcpyHtoD_v2)(a + 1, host, SIZE), CUDA_ERROR_INVALID_VALUE);
	ck_assert_int_eq(CU(cuMemcpyDtoH_v2)(back, 4096, 8), CUDA_ERROR_INVALID_VALUE);
	ck_assert_int_eq(CU(cuMemcpyHtoDAsync_v2)(a, host, 8, (CUstream)host),
			 CUDA_ERROR_INVALID_HANDLE);
	free(host);
	free(back);
}
END_TEST

START_TEST(two_dimensional_copies_keep_to_their_rows)
{
	unsigned char host[4][10], back[4][10] = { { 0 } };
	CUdeviceptr pointer;
	size_t pitch;
	CUDA_MEMCPY2D copy = { 0 };

	start_context();
	for (int i = 0; i < 40; i++)
		host[i / 10][i % 10] = (unsigned char)i;
	ck_assert_int_eq(CU(cuMemAllocPitch_v2)(&pointer, &pitch, 10, 4, 4), CUDA_SUCCESS);
	ck_assert_uint_ge(pitch, 10);
	ck_assert_int_eq(CU(cuMemsetD2D8_v2)(pointer, pitch, 0xee, 10, 4), CUDA_SUCCESS);
	copy = (CUDA_MEMCPY2D){ .srcMemoryType = CU_MEMORYTYPE_HOST,
				.srcHost = host,
				.srcPitch = 10,
				.dstMemoryType = CU_MEMORYTYPE_DEVICE,
				.dstDevice = pointer,
				.dstPitch = pitch,
				.dstXInBytes = 2,
				.dstY = 1,
				.WidthInBytes = 6,
				.Height = 3 };
	ck_assert_int_eq(CU(cuMemcpy2D_v2)(&copy), CUDA_SUCCESS);
	copy = (CUDA_MEMCPY2D){ .dstMemoryType = CU_MEMORYTYPE_HOST,
				.dstHost = back,
				.dstPitch = 10,
				.srcMemoryType = CU_MEMORYTYPE_DEVICE,
				.srcDevice = pointer,
				.srcPitch = pitch,
				.WidthInBytes = 10,
				.Height = 4 };
	ck_assert_int_eq(CU(cuMemcpy2DAsync_v2)(&copy, NULL), CUDA_SUCCESS);
	for (int y = 0; y < 4; y++)
		for (int x = 0; x < 10; x++)
			ck_assert_int_eq(back[y][x],
					 y >= 1 && x >= 2 && x < 8 ? host[y - 1][x - 2] : 0xee);
	copy.Height = 100;
	ck_assert_int_eq(CU(cuMemcpy2D_v2)(&copy), CUDA_ERROR_INVALID_VALUE);
}
END_TEST

START_TEST(pointers_are_known_for_what_they_are)
{
	CUdeviceptr device, managed, out;
	unsigned type;
	void *host;
	int value;

	start_context();
	ck_assert_int_eq(CU(cuMemAlloc_v2)(&device, 100), CUDA_SUCCESS);
	ck_assert_int_eq(CU(cuMemAllocManaged)(&managed, 100, CU_MEM_ATTACH_GLOBAL), CUDA_SUCCESS);
	ck_assert_int_eq(CU(cuMemHostAlloc)(&host, 100, 1), CUDA_SUCCESS);
	memset(host, 1, 100);
	*(int *)(uintptr_t)managed = 5;
	ck_assert_int_eq(
	    CU(cuPointerGetAttribute)(&type, CU_POINTER_ATTRIBUTE_MEMORY_TYPE, device + 3), 0);
	ck_assert_uint_eq(type, CU_MEMORYTYPE_DEVICE);
	ck_assert_int_eq(CU(cuPointerGetAttribute)(&type, CU_POINTER_ATTRIBUTE_MEMORY_TYPE,
						   (CUdeviceptr)(uintptr_t)host),
			 0);
	ck_assert_uint_eq(type, CU_MEMORYTYPE_HOST);
	ck_assert_int_eq(
	    CU(cuPointerGetAttribute)(&value, CU_POINTER_ATTRIBUTE_IS_MANAGED, managed), 0);
	ck_assert_int_eq(value, 1);
	ck_assert_int_eq(CU(cuPointerGetAttribute)(&value, CU_POINTER_ATTRIBUTE_IS_MANAGED, device),
			 0);
	ck_assert_int_eq(value, 0);
	ck_assert_int_eq(CU(cuMemHostGetDevicePointer_v2)(&out, host, 0), CUDA_SUCCESS);
	ck_assert_int_eq(CU(cuPointerGetAttribute)(&value, CU_POINTER_ATTRIBUTE_IS_MANAGED,
						   (CUdeviceptr)(uintptr_t)&value),
			 CUDA_ERROR_INVALID_VALUE);
	ck_assert_int_eq(CU(cuMemHostRegister_v2)(&value, sizeof(value), 0), CUDA_SUCCESS);
	ck_assert_int_eq(CU(cuMemHostRegister_v2)(&value, sizeof(value), 0),
			 CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED);
	ck_assert_int_eq(CU(cuMemHostUnregister)(&value), CUDA_SUCCESS);
	ck_assert_int_eq(CU(cuMemHostUnregister)(&value), CUDA_ERROR_HOST_MEMORY_NOT_REGISTERED);
	ck_assert_int_eq(CU(cuMemFreeHost)(host), CUDA_SUCCESS);
	ck_assert_int_eq(CU(cuMemFree_v2)(managed), CUDA_SUCCESS);
}
END_TEST

START_TEST(mapped_memory_counts_until_its_last_mapping_is_gone)
{
	CUmemAllocationProp prop = { .type = CU_MEM_ALLOCATION_TYPE_PINNED,
				     .location = { .type = CU_MEM_LOCATION_TYPE_DEVICE } };
	CUmemAccessDesc access = { .location = { .type = CU_MEM_LOCATION_TYPE_DEVICE },
				   .flags = CU_MEM_ACCESS_FLAGS_PROT_READWRITE };
	CUmemGenericAllocationHandle handle;
	CUdeviceptr place, second;
	size_t before, step;
	char text[16] = "";

	start_context();
	before = free_bytes();
	ck_assert_int_eq(
	    CU(cuMemGetAllocationGranularity)(&step, &prop, CU_MEM_ALLOC_GRANULARITY_RECOMMENDED),
	    0);
	ck_assert_uint_eq(step, 2 * MIB);
	ck_assert_int_eq(CU(cuMemCreate)(&handle, step + 1, &prop, 0), CUDA_ERROR_INVALID_VALUE);
	ck_assert_int_eq(CU(cuMemCreate)(&handle, step, &prop, 0), CUDA_SUCCESS);
	ck_assert_int_eq(CU(cuMemAddressReserve)(&place, 32 * GIB, 0, 0, 0), CUDA_SUCCESS);
	ck_assert_uint_eq(free_bytes(), before - step); /* addresses cost nothing */
	second = place + 16 * GIB;
	ck_assert_int_eq(CU(cuMemMap)(place, step, 0, handle, 0), CUDA_SUCCESS);
	ck_assert_int_eq(CU(cuMemMap)(place, step, 0, handle, 0), CUDA_ERROR_INVALID_VALUE);
	ck_assert_int_eq(CU(cuMemMap)(second, step, 0, handle, 0), CUDA_SUCCESS);
	ck_assert_int_eq(CU(cuMemRelease)(handle), CUDA_SUCCESS);
	ck_assert_int_eq(CU(cuMemMap)(place + step, step, 0, handle, 0), CUDA_ERROR_INVALID_VALUE);
	ck_assert_int_eq(CU(cuMemcpyHtoD_v2)(place, "hello", 6), CUDA_ERROR_INVALID_VALUE);
	ck_assert_int_eq(CU(cuMemSetAccess)(place, step, &access, 1), CUDA_SUCCESS);
	ck_assert_int_eq(CU(cuMemSetAccess)(second, step, &access, 1), CUDA_SUCCESS);
	ck_assert_int_eq(CU(cuMemSetAccess)(place, 2 * step, &access, 1), CUDA_ERROR_INVALID_VALUE);
	ck_assert_int_eq(CU(cuMemcpyHtoD_v2)(place, "hello", 6), CUDA_SUCCESS);
	ck_assert_int_eq(CU(cuMemcpyDtoH_v2)(text, second, 6), CUDA_SUCCESS);
	ck_assert_str_eq(text, "hello"); /* one memory in two places */
	ck_assert_int_eq(CU(cuMemAddressFree)(place, 32 * GIB), CUDA_ERROR_INVALID_VALUE);
	ck_assert_int_eq(CU(cuMemUnmap)(place, step), CUDA_SUCCESS);
	ck_assert_uint_eq(free_bytes(), before - step);
	ck_assert_int_eq(CU(cuMemUnmap)(second, step), CUDA_SUCCESS);
	ck_assert_int_eq(CU(cuMemUnmap)(second, step), CUDA_ERROR_INVALID_VALUE);
	ck_assert_uint_eq(free_bytes(), before);
	ck_assert_int_eq(CU(cuMemAddressFree)(place, 32 * GIB), CUDA_SUCCESS);
	ck_assert_int_eq(CU(cuMemAddressFree)(place, 32 * GIB), CUDA_ERROR_INVALID_VALUE);
}
END_TEST

START_TEST(a_pool_that_grows_mapping_by_mapping_is_one_range_to_copies)
{
	CUmemAllocationProp prop = { .type = CU_MEM_ALLOCATION_TYPE_PINNED,
				     .location = { .type = CU_MEM_LOCATION_TYPE_DEVICE } };
	CUmemAccessDesc access = { .location = { .type = CU_MEM_LOCATION_TYPE_DEVICE },
				   .flags = CU_MEM_ACCESS_FLAGS_PROT_READWRITE };
	unsigned char *host = malloc(6 * MIB), *back = malloc(6 * MIB);
	CUdeviceptr place;
	size_t before;

	start_context();
	before = free_bytes();
	for (size_t i = 0; i < 6 * MIB; i++)
		host[i] = (unsigned char)(i / 4099);
	ck_assert_int_eq(CU(cuMemAddressReserve)(&place, 32 * GIB, 0, 0, 0), CUDA_SUCCESS);
	for (int i = 0; i < 3; i++) {
		CUmemGenericAllocationHandle handle;

		ck_assert_int_eq(CU(cuMemCreate)(&handle, 2 * MIB, &prop, 0), CUDA_SUCCESS);
		ck_assert_int_eq(CU(cuMemMap)(place + i * 2 * MIB, 2 * MIB, 0, handle, 0), 0);
		ck_assert_int_eq(CU(cuMemRelease)(handle), CUDA_SUCCESS);
		ck_assert_int_eq(CU(cuMemSetAccess)(place + i * 2 * MIB, 2 * MIB, &access, 1), 0);
	}
	ck_assert_int_eq(CU(cuMemcpyHtoD_v2)(place, host, 6 * MIB), CUDA_SUCCESS);
	ck_assert_int_eq(CU(cuMemcpyDtoH_v2)(back, place, 6 * MIB), CUDA_SUCCESS);
	ck_assert_mem_eq(host, back, 6 * MIB);
	ck_assert_int_eq(CU(cuMemcpyDtoH_v2)(back, place + 1, 6 * MIB), CUDA_ERROR_INVALID_VALUE);
	ck_assert_int_eq(CU(cuMemUnmap)(place, 6 * MIB), CUDA_SUCCESS);
	ck_assert_uint_eq(free_bytes(), before);
	free(host);
	free(back);
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

/* ---- processes, threads, endurance ---- */

START_TEST(a_forked_child_starts_afresh)
{
	CUcontext context = start_context();
	CUdeviceptr pointer;
	int status, count;
	pid_t child;

	ck_assert_int_eq(CU(cuMemAlloc_v2)(&pointer, GIB), CUDA_SUCCESS);
	child = fork();
	if (!child) {
		size_t free, total;

		if (CU(cuDeviceGetCount)(&count) != CUDA_ERROR_NOT_INITIALIZED)
			_exit(1);
		if (CU(cuInit)(0) || CU(cuDeviceGetCount)(&count) || count != 1)
			_exit(2);
		if (CU(cuCtxSetCurrent)(context) != CUDA_ERROR_INVALID_CONTEXT)
			_exit(3);
		if (CU(cuCtxSynchronize)() != CUDA_ERROR_INVALID_CONTEXT)
			_exit(4);
		if (CU(cuCtxCreate_v2)(&context, 0, 0) || CU(cuMemGetInfo_v2)(&free, &total))
			_exit(5);
		_exit(total - free < GIB ? 0 : 6);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(CU(cuMemFree_v2)(pointer), CUDA_SUCCESS);
	ck_assert_int_eq(CU(cuCtxDestroy_v2)(context), CUDA_SUCCESS);
}
END_TEST

static void *work(void *data)
{
	char text[32], back[32];
	CUcontext context;
	CUdeviceptr pointer;
	CUstream stream;

	if (CU(cuInit)(0) || CU(cuCtxCreate_v2)(&context, 0, 0))
		return "cuCtxCreate";
	for (int i = 0; i < 200; i++) {
		int n = snprintf(text, sizeof(text), "%p %d", data, i) + 1;

		if (CU(cuMemAlloc_v2)(&pointer, 4096 * (size_t)(1 + i % 7)) ||
		    CU(cuStreamCreate)(&stream, 0) ||
		    CU(cuMemcpyHtoDAsync_v2)(pointer, text, (size_t)n, stream) ||
		    CU(cuMemcpyDtoH_v2)(back, pointer, (size_t)n) || strcmp(text, back) ||
		    CU(cuStreamDestroy_v2)(stream) || CU(cuMemFree_v2)(pointer))
			return "memory or stream";
	}
	return CU(cuCtxDestroy_v2)(context) ? "cuCtxDestroy" : NULL;
}

START_TEST(many_threads_share_one_driver)
{
	pthread_t thread[16];
	char names[16];
	CUcontext context;
	size_t total, free;
	void *wrong;

	start(NULL);
	for (int i = 0; i < 16; i++)
		ck_assert_int_eq(pthread_create(&thread[i], NULL, work, &names[i]), 0);
	for (int i = 0; i < 16; i++) {
		ck_assert_int_eq(pthread_join(thread[i], &wrong), 0);
		ck_assert_msg(!wrong, "%s failed", (char *)wrong);
	}
	ck_assert_int_eq(CU(cuCtxCreate_v2)(&context, 0, 0), CUDA_SUCCESS);
	ck_assert_int_eq(CU(cuMemGetInfo_v2)(&free, &total), CUDA_SUCCESS);
	ck_assert_uint_eq((total - free) >> 20, 526); /* one context, nothing else */
}
END_TEST

static int descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = 0;

	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static long mapped_pages(void)
{
	FILE *file = fopen("/proc/self/statm", "r");
	long pages = -1;

	ck_assert_int_eq(fscanf(file, "%ld", &pages), 1);
	fclose(file);
	return pages;
}

/* Pages: a sanitizer maps memory of its own, the thread sanitizer the more the longer it runs. */
static long growth_allowed(void)
{
	const char *sanitizer = getenv("VGPU_SANITIZE");

	if (!sanitizer || !*sanitizer)
		return 64;
	return strstr(sanitizer, "thread") ? 65536 : 4096;
}

START_TEST(ten_thousand_contexts_and_buffers_leave_nothing_behind)
{
	int fds = 0;
	long pages = 0;

	start(NULL);
	ck_assert_int_eq(CU(cuInit)(0), CUDA_SUCCESS);
	for (int i = 0; i < 10000; i++) {
		CUcontext context;
		CUdeviceptr pointer;
		CUevent event;

		ck_assert_int_eq(CU(cuCtxCreate_v2)(&context, 0, 0), CUDA_SUCCESS);
		ck_assert_int_eq(CU(cuMemAlloc_v2)(&pointer, 16 * MIB), CUDA_SUCCESS);
		ck_assert_int_eq(CU(cuEventCreate)(&event, 0), CUDA_SUCCESS);
		ck_assert_int_eq(CU(cuCtxDestroy_v2)(context), CUDA_SUCCESS);
		if (i == 100) {
			fds = descriptors();
			pages = mapped_pages();
		}
	}
	ck_assert_int_eq(descriptors(), fds);
	ck_assert_int_le(mapped_pages(), pages + growth_allowed());
}
END_TEST

static void nothing(void *data)
{
	(void)data;
}

START_TEST(ten_thousand_graphs_pools_and_modules_leave_nothing_behind)
{
	static const char code[] = ".target sm_70\n.global .u32 word;\n.entry k(.param .u32 a){}\n";
	CUDA_ARRAY_DESCRIPTOR is = { 16, 16, CU_AD_FORMAT_FLOAT, 1 };
	uint32_t argument = 1;
	void *arguments[] = { &argument };
	size_t before = 0;
	int fds = 0;
	long pages = 0;

	start_context();
	for (int i = 0; i < 10000; i++) {
		CUdeviceptr word, memory;
		CUfunction function;
		CUgraphExec exec;
		CUstream stream;
		CUmodule module;
		CUgraph graph;
		CUarray array;
		size_t size;

		OK(CU(cuModuleLoadData)(&module, code));
		OK(CU(cuModuleGetFunction)(&function, module, "k"));
		OK(CU(cuModuleGetGlobal_v2)(&word, &size, module, "word"));
		OK(CU(cuStreamCreate)(&stream, CU_STREAM_NON_BLOCKING));
		OK(CU(cuStreamBeginCapture_v2)(stream, CU_STREAM_CAPTURE_MODE_RELAXED));
		OK(CU(cuMemAllocAsync)(&memory, 4096, stream));
		OK(CU(cuMemsetD32Async)(word, 1, 1, stream));
		OK(CU(cuLaunchKernel)(function, 1, 1, 1, 1, 1, 1, 0, stream, arguments, NULL));
		OK(CU(cuLaunchHostFunc)(stream, nothing, NULL));
		OK(CU(cuMemFreeAsync)(memory, stream));
		OK(CU(cuStreamEndCapture)(stream, &graph));
		OK(CU(cuGraphInstantiateWithFlags)(&exec, graph, 0));
		OK(CU(cuGraphDestroy)(graph));
		OK(CU(cuGraphLaunch)(exec, stream));
		OK(CU(cuGraphExecDestroy)(exec));
		OK(CU(cuMemAllocAsync)(&memory, 4096, stream));
		OK(CU(cuMemFreeAsync)(memory, stream));
		OK(CU(cuArrayCreate_v2)(&array, &is));
		OK(CU(cuArrayDestroy)(array));
		OK(CU(cuStreamDestroy_v2)(stream));
		OK(CU(cuModuleUnload)(module));
		if (i == 100) {
			fds = descriptors();
			pages = mapped_pages();
			before = free_bytes();
		}
	}
	ck_assert_uint_eq(free_bytes(), before);
	ck_assert_int_eq(descriptors(), fds);
	ck_assert_int_le(mapped_pages(), pages + growth_allowed());
}
END_TEST

int main(int argc, char **argv)
{
	Suite *suite = suite_create("sim cuda");
	TCase *tc = tcase_create("all");
	static const char *const refused[] = { "cuGreenCtxCreate", "cuMemAlloc",
					       "cuProfilerInitialize", NULL };
	static const struct sim_watch watch = { .library = "cuda", .proved = 300, .refused = refused };

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
	tcase_add_test(tc, memory_is_counted_and_comes_back);
	tcase_add_test(tc, copies_bring_back_what_they_took);
	tcase_add_test(tc, two_dimensional_copies_keep_to_their_rows);
	tcase_add_test(tc, pointers_are_known_for_what_they_are);
	tcase_add_test(tc, mapped_memory_counts_until_its_last_mapping_is_gone);
	tcase_add_test(tc, a_pool_that_grows_mapping_by_mapping_is_one_range_to_copies);
	tcase_add_test(tc, streams_and_events_belong_to_their_context);
	tcase_add_test(tc, kernels_launch_within_the_limits_of_their_device);
	tcase_add_test(tc, a_forked_child_starts_afresh);
	tcase_add_test(tc, many_threads_share_one_driver);
	tcase_add_test(tc, ten_thousand_contexts_and_buffers_leave_nothing_behind);
	tcase_add_test(tc, ten_thousand_graphs_pools_and_modules_leave_nothing_behind);
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
