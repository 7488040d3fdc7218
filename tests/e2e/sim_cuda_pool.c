/* SPDX-License-Identifier: Apache-2.0 */
/* The simulated driver's pools, allocation in stream order, and managed memory. */
#include "sim_cuda.h"

static uint64_t attribute(CUmemoryPool pool, CUmemPool_attribute which)
{
	uint64_t value;

	OK(CU(cuMemPoolGetAttribute)(pool, which, &value));
	return value;
}

static CUmemPoolProps props(int device)
{
	return (
	    CUmemPoolProps){ .allocType = CU_MEM_ALLOCATION_TYPE_PINNED,
			     .location = { .type = CU_MEM_LOCATION_TYPE_DEVICE, .id = device } };
}

START_TEST(a_pool_takes_blocks_and_gives_back_what_it_need_not_keep)
{
	CUdeviceptr a, b, address;
	uint64_t threshold, zero = 0;
	CUmemoryPool pool, of;
	size_t before, size;
	CUstream stream;
	unsigned type;
	char byte = 1;

	start_context();
	before = free_bytes();
	OK(CU(cuStreamCreate)(&stream, 0));
	OK(CU(cuDeviceGetDefaultMemPool)(&pool, 0));
	OK(CU(cuMemAllocAsync)(&a, 5 * MIB, stream));
	ck_assert_uint_eq(attribute(pool, CU_MEMPOOL_ATTR_USED_MEM_CURRENT), 5 * MIB);
	ck_assert_uint_eq(attribute(pool, CU_MEMPOOL_ATTR_RESERVED_MEM_CURRENT), 32 * MIB);
	ck_assert_uint_eq(free_bytes(), before - 32 * MIB);
	OK(CU(cuMemAllocFromPoolAsync)(&b, 30 * MIB, pool, stream));
	ck_assert_uint_eq(free_bytes(), before - 64 * MIB);
	OK(CU(cuMemcpyHtoDAsync_v2)(b, &byte, 1, stream));
	OK(CU(cuPointerGetAttribute)(&of, CU_POINTER_ATTRIBUTE_MEMPOOL_HANDLE, b));
	ck_assert_ptr_eq(of, pool);
	OK(CU(cuPointerGetAttribute)(&type, CU_POINTER_ATTRIBUTE_MEMORY_TYPE, b));
	ck_assert_uint_eq(type, CU_MEMORYTYPE_DEVICE);
	OK(CU(cuMemGetAddressRange_v2)(&address, &size, b + 5));
	ck_assert_uint_eq(size, 30 * MIB);
	OK(CU(cuMemFreeAsync)(a, stream));
	ck_assert_uint_eq(attribute(pool, CU_MEMPOOL_ATTR_USED_MEM_CURRENT), 30 * MIB);
	ck_assert_uint_eq(attribute(pool, CU_MEMPOOL_ATTR_USED_MEM_HIGH), 35 * MIB);
	OK(CU(cuMemFree_v2)(b)); /* the plain call frees it too */
	ck_assert_uint_eq(free_bytes(), before);
	IS(CUDA_ERROR_INVALID_VALUE, CU(cuMemFreeAsync)(b, stream));
	/* up to the threshold it keeps what is free, until it is trimmed */
	threshold = 64 * MIB;
	OK(CU(cuMemPoolSetAttribute)(pool, CU_MEMPOOL_ATTR_RELEASE_THRESHOLD, &threshold));
	OK(CU(cuMemAllocAsync)(&a, 40 * MIB, stream));
	OK(CU(cuMemFreeAsync)(a, stream));
	ck_assert_uint_eq(free_bytes(), before - 64 * MIB);
	OK(CU(cuMemPoolTrimTo)(pool, 32 * MIB));
	ck_assert_uint_eq(free_bytes(), before - 32 * MIB);
	OK(CU(cuMemPoolTrimTo)(pool, 0));
	ck_assert_uint_eq(free_bytes(), before);
	OK(CU(cuMemPoolSetAttribute)(pool, CU_MEMPOOL_ATTR_USED_MEM_HIGH, &zero));
	ck_assert_uint_eq(attribute(pool, CU_MEMPOOL_ATTR_USED_MEM_HIGH), 0);
	IS(CUDA_ERROR_OUT_OF_MEMORY, CU(cuMemAllocAsync)(&a, before + MIB, stream));
	IS(CUDA_ERROR_INVALID_VALUE, CU(cuMemPoolDestroy)(pool));
}
END_TEST

START_TEST(a_pool_of_the_programs_own_becomes_the_devices)
{
	CUmemLocation place = { .type = CU_MEM_LOCATION_TYPE_DEVICE, .id = 0 };
	CUmemPoolProps wanted = props(0);
	CUmemAccessDesc access = { .location = { .type = CU_MEM_LOCATION_TYPE_DEVICE, .id = 1 },
				   .flags = CU_MEM_ACCESS_FLAGS_PROT_READ };
	CUmemoryPool pool, standard, now;
	CUmemAccess_flags flags;
	CUdeviceptr memory;
	CUcontext context;
	size_t before;
	int reuse = 0;

	start("[device h100-80gb]\ncount = 2\n");
	OK(CU(cuInit)(0));
	OK(CU(cuCtxCreate_v2)(&context, 0, 0));
	before = free_bytes();
	wanted.maxSize = 48 * MIB;
	OK(CU(cuMemPoolCreate)(&pool, &wanted));
	OK(CU(cuDeviceGetDefaultMemPool)(&standard, 0));
	OK(CU(cuDeviceGetMemPool)(&now, 0));
	ck_assert_ptr_eq(now, standard);
	OK(CU(cuDeviceSetMemPool)(0, pool));
	OK(CU(cuDeviceGetMemPool)(&now, 0));
	ck_assert_ptr_eq(now, pool);
	IS(CUDA_ERROR_INVALID_VALUE, CU(cuDeviceSetMemPool)(1, pool));
	OK(CU(cuMemAllocAsync)(&memory, 40 * MIB, NULL));
	ck_assert_uint_eq(attribute(pool, CU_MEMPOOL_ATTR_USED_MEM_CURRENT), 40 * MIB);
	IS(CUDA_ERROR_OUT_OF_MEMORY,
	   CU(cuMemAllocAsync)(&memory, 10 * MIB, NULL)); /* its own limit */
	OK(CU(cuMemPoolSetAttribute)(pool, CU_MEMPOOL_ATTR_REUSE_ALLOW_OPPORTUNISTIC, &reuse));
	reuse = 5;
	OK(CU(cuMemPoolGetAttribute)(pool, CU_MEMPOOL_ATTR_REUSE_ALLOW_OPPORTUNISTIC, &reuse));
	ck_assert_int_eq(reuse, 0);
	OK(CU(cuMemPoolGetAccess)(&flags, pool, &access.location));
	ck_assert_int_eq(flags, CU_MEM_ACCESS_FLAGS_PROT_NONE);
	OK(CU(cuMemPoolSetAccess)(pool, &access, 1));
	OK(CU(cuMemPoolGetAccess)(&flags, pool, &access.location));
	ck_assert_int_eq(flags, CU_MEM_ACCESS_FLAGS_PROT_READ);
	/* gone at once from the device, and for good when its last memory is freed */
	OK(CU(cuMemPoolDestroy)(pool));
	OK(CU(cuDeviceGetMemPool)(&now, 0));
	ck_assert_ptr_eq(now, standard);
	ck_assert_uint_lt(free_bytes(), before);
	OK(CU(cuMemFreeAsync)(memory, NULL));
	ck_assert_uint_eq(free_bytes(), before);
	/* by place, as since CUDA 13 */
	OK(CU(cuMemPoolCreate)(&pool, &wanted));
	OK(CU(cuMemSetMemPool)(&place, CU_MEM_ALLOCATION_TYPE_PINNED, pool));
	OK(CU(cuMemGetMemPool)(&now, &place, CU_MEM_ALLOCATION_TYPE_PINNED));
	ck_assert_ptr_eq(now, pool);
	OK(CU(cuMemGetDefaultMemPool)(&now, &place, CU_MEM_ALLOCATION_TYPE_PINNED));
	ck_assert_ptr_eq(now, standard);
	wanted.location.id = 7;
	IS(CUDA_ERROR_INVALID_DEVICE, CU(cuMemPoolCreate)(&pool, &wanted));
}
END_TEST

START_TEST(an_allocation_while_recording_is_a_node)
{
	CUdeviceptr memory;
	CUgraphExec exec;
	CUstream stream;
	size_t before;
	CUgraph graph;
	char byte = 3;

	start_context();
	before = free_bytes();
	OK(CU(cuStreamCreate)(&stream, CU_STREAM_NON_BLOCKING));
	OK(CU(cuStreamBeginCapture_v2)(stream, CU_STREAM_CAPTURE_MODE_GLOBAL));
	OK(CU(cuMemAllocAsync)(&memory, 2 * MIB, stream));
	OK(CU(cuMemsetD8Async)(memory, 9, 16, stream));
	OK(CU(cuMemcpyDtoHAsync_v2)(&byte, memory, 1, stream));
	OK(CU(cuMemFreeAsync)(memory, stream));
	OK(CU(cuStreamEndCapture)(stream, &graph));
	ck_assert_uint_eq(free_bytes(), before);
	OK(CU(cuGraphInstantiateWithFlags)(&exec, graph, 0));
	OK(CU(cuGraphLaunch)(exec, stream));
	ck_assert_int_eq(byte, 9);
	OK(CU(cuDeviceGraphMemTrim)(0));
	ck_assert_uint_eq(free_bytes(), before);
}
END_TEST

static int range_attribute(CUmem_range_attribute which, CUdeviceptr memory)
{
	int value;

	OK(CU(cuMemRangeGetAttribute)(&value, sizeof(value), which, memory, 4096));
	return value;
}

START_TEST(managed_memory_keeps_what_it_was_advised)
{
	CUmem_range_attribute which[] = { CU_MEM_RANGE_ATTRIBUTE_READ_MOSTLY,
					  CU_MEM_RANGE_ATTRIBUTE_ACCESSED_BY };
	CUmemLocation host = { .type = CU_MEM_LOCATION_TYPE_HOST }, one = { .type = 1, .id = 1 };
	int read_mostly, by[3];
	void *data[] = { &read_mostly, by };
	size_t sizes[] = { sizeof(read_mostly), sizeof(by) }, size = 3 * 4096, first = 0;
	CUdeviceptr memory, device;
	CUcontext context;
	CUstream stream;
	int managed;

	start("[device h100-80gb]\ncount = 2\n");
	OK(CU(cuInit)(0));
	OK(CU(cuCtxCreate_v2)(&context, 0, 0));
	OK(CU(cuStreamCreate)(&stream, 0));
	OK(CU(cuMemAllocManaged)(&memory, size, CU_MEM_ATTACH_GLOBAL));
	OK(CU(cuMemAlloc_v2)(&device, 4096));
	OK(CU(cuPointerGetAttribute)(&managed, CU_POINTER_ATTRIBUTE_IS_MANAGED, memory));
	ck_assert_int_eq(managed, 1);
	*(int *)(uintptr_t)memory = 77;
	ck_assert_int_eq(range_attribute(CU_MEM_RANGE_ATTRIBUTE_PREFERRED_LOCATION, memory), -2);
	OK(CU(cuMemAdvise)(memory, size, CU_MEM_ADVISE_SET_READ_MOSTLY, 0));
	OK(CU(cuMemAdvise)(memory, size, CU_MEM_ADVISE_SET_ACCESSED_BY, 0));
	OK(CU(cuMemAdvise_v2)(memory, size, CU_MEM_ADVISE_SET_ACCESSED_BY, host));
	OK(CU(cuMemAdvise_v2)(memory, size, CU_MEM_ADVISE_SET_PREFERRED_LOCATION, one));
	ck_assert_int_eq(range_attribute(CU_MEM_RANGE_ATTRIBUTE_PREFERRED_LOCATION, memory), 1);
	ck_assert_int_eq(range_attribute(CU_MEM_RANGE_ATTRIBUTE_PREFERRED_LOCATION_ID, memory), 1);
	OK(CU(cuMemRangeGetAttributes)(data, sizes, which, 2, memory, size));
	ck_assert_int_eq(read_mostly, 1);
	ck_assert_int_eq(by[0], 0);
	ck_assert_int_eq(by[1], -1);
	ck_assert_int_eq(by[2], -2);
	OK(CU(cuMemAdvise)(memory, size, CU_MEM_ADVISE_UNSET_READ_MOSTLY, 0));
	OK(CU(cuMemAdvise)(memory, size, CU_MEM_ADVISE_UNSET_ACCESSED_BY, 0));
	OK(CU(cuMemRangeGetAttributes)(data, sizes, which, 2, memory, size));
	ck_assert_int_eq(read_mostly, 0);
	ck_assert_int_eq(by[0], -1);
	IS(CUDA_ERROR_INVALID_DEVICE,
	   CU(cuMemAdvise)(memory, size, CU_MEM_ADVISE_SET_PREFERRED_LOCATION, 5));
	IS(CUDA_ERROR_INVALID_VALUE,
	   CU(cuMemAdvise)(device, 4096, CU_MEM_ADVISE_SET_READ_MOSTLY, 0));
	/* where it was last brought */
	OK(CU(cuMemPrefetchAsync)(memory, size, 1, stream));
	ck_assert_int_eq(range_attribute(CU_MEM_RANGE_ATTRIBUTE_LAST_PREFETCH_LOCATION, memory), 1);
	OK(CU(cuMemPrefetchAsync_v2)(memory, size, host, 0, stream));
	ck_assert_int_eq(
	    range_attribute(CU_MEM_RANGE_ATTRIBUTE_LAST_PREFETCH_LOCATION_TYPE, memory),
	    CU_MEM_LOCATION_TYPE_HOST);
	OK(CU(cuMemPrefetchBatchAsync)(&memory, &size, 1, &one, &first, 1, 0, stream));
	ck_assert_int_eq(range_attribute(CU_MEM_RANGE_ATTRIBUTE_LAST_PREFETCH_LOCATION, memory), 1);
	ck_assert_int_eq(*(int *)(uintptr_t)memory, 77);
	OK(CU(cuMemDiscardAndPrefetchBatchAsync)(&memory, &size, 1, &host, &first, 1, 0, stream));
	ck_assert_int_eq(range_attribute(CU_MEM_RANGE_ATTRIBUTE_LAST_PREFETCH_LOCATION, memory),
			 -1);
	ck_assert_int_eq(*(int *)(uintptr_t)memory, 0); /* discarded: this device reads zeroes */
	*(int *)(uintptr_t)memory = 5;
	OK(CU(cuMemDiscardBatchAsync)(&memory, &size, 1, 0, stream));
	ck_assert_int_eq(*(int *)(uintptr_t)memory, 0);
	IS(CUDA_ERROR_INVALID_VALUE, CU(cuMemPrefetchAsync)(device, 4096, 0, stream));
	OK(CU(cuStreamAttachMemAsync)(stream, memory, 0, CU_MEM_ATTACH_SINGLE));
	IS(CUDA_ERROR_INVALID_VALUE,
	   CU(cuStreamAttachMemAsync)(stream, memory, 4096, CU_MEM_ATTACH_SINGLE));
	IS(CUDA_ERROR_INVALID_VALUE, CU(cuStreamAttachMemAsync)(stream, device, 0, 1));
}
END_TEST

START_TEST(the_one_attribute_of_a_pointer_that_can_be_set_is_kept)
{
	CUdeviceptr memory;
	unsigned int off = 0, value;

	start_context();
	OK(CU(cuMemAlloc_v2)(&memory, 4096));
	OK(CU(cuPointerGetAttribute)(&value, CU_POINTER_ATTRIBUTE_SYNC_MEMOPS, memory));
	ck_assert_uint_eq(value, 1);
	OK(CU(cuPointerSetAttribute)(&off, CU_POINTER_ATTRIBUTE_SYNC_MEMOPS, memory));
	OK(CU(cuPointerGetAttribute)(&value, CU_POINTER_ATTRIBUTE_SYNC_MEMOPS, memory));
	ck_assert_uint_eq(value, 0);
	IS(CUDA_ERROR_INVALID_VALUE,
	   CU(cuPointerSetAttribute)(&off, CU_POINTER_ATTRIBUTE_IS_MANAGED, memory));
}
END_TEST

TCase *pool_tests(void)
{
	TCase *tc = tcase_create("pool");

	tcase_add_test(tc, a_pool_takes_blocks_and_gives_back_what_it_need_not_keep);
	tcase_add_test(tc, a_pool_of_the_programs_own_becomes_the_devices);
	tcase_add_test(tc, an_allocation_while_recording_is_a_node);
	tcase_add_test(tc, managed_memory_keeps_what_it_was_advised);
	tcase_add_test(tc, the_one_attribute_of_a_pointer_that_can_be_set_is_kept);
	return tc;
}
