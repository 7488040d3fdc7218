/* SPDX-License-Identifier: Apache-2.0 */
/* Each value that the driver tells is that of its own device: two devices, of which the file makes every value differ. */
#include <string.h>

#include "sim_cuda.h"

#define CARDS 2
/* Nothing of what a call should fill in is there by chance. */
#define CLEAN(value) memset(&(value), 0x5a, sizeof(value))

static const char unlike[] =
    "cuda = 12.4\n"
    "[device t4]\nname = \"First\"\nmemory = 4 GiB\ncompute = 7.5\npci = 0001:0a:01.0\n"
    "uuid = 01020304-0506-0708-090a-0b0c0d0e0f10\nattribute.MAXIMUM_TEXTURE1D_LINEAR_WIDTH = "
    "1000000\n"
    "attribute.MAX_THREADS_PER_BLOCK = 512\nattribute.WARP_SIZE = 32\n"
    "attribute.MULTIPROCESSOR_COUNT = 10\n"
    "[device h100-80gb]\nname = \"Second\"\nmemory = 8 GiB\ncompute = 9.0\npci = 0002:0b:02.0\n"
    "uuid = 11121314-1516-1718-191a-1b1c1d1e1f20\nattribute.MAXIMUM_TEXTURE1D_LINEAR_WIDTH = "
    "2000000\n"
    "attribute.MAX_THREADS_PER_BLOCK = 1024\nattribute.WARP_SIZE = 64\n"
    "attribute.MULTIPROCESSOR_COUNT = 20\n";

START_TEST(what_a_device_is_is_its_own)
{
	static const char *const names[] = { "First", "Second" };
	static const char *const buses[] = { "0001:0A:01.0", "0002:0B:02.0" };

	start(unlike);
	OK(CU(cuInit)(0));
	for (int i = 0; i < CARDS; i++) {
		CUdevice device, found;
		unsigned mask = 7;
		char text[64], luid[8];
		CUuuid uuid[2];
		size_t bytes, width;
		int major, minor;
		CUdevprop properties;

		CLEAN(device);
		OK(CU(cuDeviceGet)(&device, i));
		ck_assert_int_eq(device, i);
		CLEAN(text);
		OK(CU(cuDeviceGetName)(text, sizeof(text), i));
		ck_assert_str_eq(text, names[i]);
		CLEAN(text);
		OK(CU(cuDeviceGetPCIBusId)(text, sizeof(text), i));
		ck_assert_str_eq(text, buses[i]);
		CLEAN(found);
		OK(CU(cuDeviceGetByPCIBusId)(&found, buses[i]));
		ck_assert_int_eq(found, i);
		CLEAN(uuid);
		OK(CU(cuDeviceGetUuid)(&uuid[0], i));
		OK(CU(cuDeviceGetUuid_v2)(&uuid[1], i));
		for (int k = 0; k < 2; k++)
			ck_assert_int_eq(((char *)&uuid[k])[15], i ? 0x20 : 0x10);
		CLEAN(major);
		OK(CU(cuDeviceComputeCapability)(&major, &minor, i));
		ck_assert_int_eq(major, i ? 9 : 7);
		CLEAN(bytes);
		OK(CU(cuDeviceTotalMem_v2)(&bytes, i));
		ck_assert_uint_eq(bytes, (size_t)(i + 1) * 4 * GIB);
		CLEAN(width);
		OK(CU(cuDeviceGetTexture1DLinearMaxWidth)(&width, CU_AD_FORMAT_UNSIGNED_INT8, 1,
							  i));
		ck_assert_uint_eq(width, (size_t)(i + 1) * 1000000);
		CLEAN(properties);
		OK(CU(cuDeviceGetProperties)(&properties, i));
		ck_assert_int_eq(properties.maxThreadsPerBlock, (i + 1) * 512);
		CLEAN(luid);
		/* only another kind of system has one */
		IS(CUDA_ERROR_NOT_SUPPORTED, CU(cuDeviceGetLuid)(luid, &mask, i));
	}
}
END_TEST

START_TEST(what_is_current_is_of_its_own_device)
{
	start(unlike);
	OK(CU(cuInit)(0));
	for (int i = 0; i < CARDS; i++) {
		CUcontext context;
		CUstream stream;
		CUdevice device;
		size_t free, total;

		OK(CU(cuCtxCreate_v2)(&context, 0, i));
		CLEAN(device);
		OK(CU(cuCtxGetDevice)(&device));
		ck_assert_int_eq(device, i);
		CLEAN(device);
		OK(CU(cuCtxGetDevice_v2)(&device, context));
		ck_assert_int_eq(device, i);
		OK(CU(cuStreamCreate)(&stream, 0));
		CLEAN(device);
		OK(CU(cuStreamGetDevice)(stream, &device));
		ck_assert_int_eq(device, i);
		CLEAN(device);
		OK(CU(cuStreamGetDevice_ptsz)(NULL, &device));
		ck_assert_int_eq(device, i);
		CLEAN(total);
		OK(CU(cuMemGetInfo_v2)(&free, &total));
		ck_assert_uint_eq(total, (size_t)(i + 1) * 4 * GIB);
	}
}
END_TEST

START_TEST(versions_are_the_files)
{
	int version = 0;

	start("cuda = 11.4\n[device]\n");
	OK(CU(cuDriverGetVersion)(&version));
	ck_assert_int_eq(version, 11040);
}
END_TEST

TCase *device_tests(void)
{
	TCase *tc = tcase_create("device");

	tcase_add_test(tc, what_a_device_is_is_its_own);
	tcase_add_test(tc, what_is_current_is_of_its_own_device);
	tcase_add_test(tc, versions_are_the_files);
	return tc;
}
