/* SPDX-License-Identifier: Apache-2.0 */
/* Memory of the simulated driver: allocated, counted, copied, mapped, known by its address. */
#include <string.h>

#include "sim_cuda.h"

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

/* What six allocations of a size took of a genuine H100 (driver 580), each in slabs of 2 MiB. */
START_TEST(allocations_take_what_they_take_of_a_genuine_device)
{
	static const struct {
		size_t size;
		unsigned slabs[6];
	} rows[] = {
		{ 1, { 1 } },
		{ 513, { 1 } },
		{ 262144, { 1 } },
		{ 524288, { 1, 0, 0, 0, 1, 0 } },
		{ 524289, { 1, 0, 0, 1, 0, 0 } },
		{ 1 << 20, { 1, 0, 1, 0, 1, 0 } },
		{ (1 << 20) + 1, { 1, 1, 1, 1, 1, 1 } },
		{ 2 << 20, { 1, 1, 1, 1, 1, 1 } },
		{ (2 << 20) + 1, { 2, 2, 2, 2, 2, 2 } },
		{ 5 << 20, { 3, 3, 3, 3, 3, 3 } },
		{ 33 << 20, { 17, 17, 17, 17, 17, 17 } },
	};
	CUdeviceptr pointer[6];
	size_t before, start;

	start_context();
	start = free_bytes();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (int k = 0; k < 6; k++) {
			before = free_bytes();
			ck_assert_int_eq(CU(cuMemAlloc_v2)(&pointer[k], rows[i].size),
					 CUDA_SUCCESS);
			ck_assert_uint_eq(before - free_bytes(), (size_t)rows[i].slabs[k] << 21);
		}
		/* In their order, and back comes what is empty. */
		for (int k = 0; k < 6; k++)
			ck_assert_int_eq(CU(cuMemFree_v2)(pointer[k]), CUDA_SUCCESS);
		ck_assert_uint_eq(free_bytes(), start);
	}
	/* The first slab with room is taken, and a hole in it. */
	ck_assert_int_eq(CU(cuMemAlloc_v2)(&pointer[0], 1), CUDA_SUCCESS);
	ck_assert_int_eq(CU(cuMemAlloc_v2)(&pointer[1], 1 << 20), CUDA_SUCCESS);
	ck_assert_uint_eq(free_bytes(), start - (2 << 20));
	ck_assert_int_eq(CU(cuMemAlloc_v2)(&pointer[2], 1 << 20), CUDA_SUCCESS);
	ck_assert_int_eq(CU(cuMemAlloc_v2)(&pointer[3], (1 << 20) - 65536), CUDA_SUCCESS);
	ck_assert_uint_eq(free_bytes(), start - (4 << 20));
	ck_assert_int_eq(CU(cuMemFree_v2)(pointer[1]), CUDA_SUCCESS);
	ck_assert_int_eq(CU(cuMemAlloc_v2)(&pointer[1], 1 << 20), CUDA_SUCCESS);
	ck_assert_uint_eq(free_bytes(), start - (4 << 20));
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

TCase *memory_tests(void)
{
	TCase *tc = tcase_create("memory");

	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, memory_is_counted_and_comes_back);
	tcase_add_test(tc, allocations_take_what_they_take_of_a_genuine_device);
	tcase_add_test(tc, copies_bring_back_what_they_took);
	tcase_add_test(tc, two_dimensional_copies_keep_to_their_rows);
	tcase_add_test(tc, pointers_are_known_for_what_they_are);
	tcase_add_test(tc, mapped_memory_counts_until_its_last_mapping_is_gone);
	tcase_add_test(tc, a_pool_that_grows_mapping_by_mapping_is_one_range_to_copies);
	return tc;
}
