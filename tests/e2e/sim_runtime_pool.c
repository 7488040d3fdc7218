/* SPDX-License-Identifier: Apache-2.0 */
/* The simulated runtime's memory pools and allocation in stream order. */
#include "sim_runtime.h"

static uint64_t attribute(cudaMemPool_t pool, cudaMemPoolAttr which)
{
	uint64_t value = 0;

	OK(RT(cudaMemPoolGetAttribute)(pool, which, &value));
	return value;
}

START_TEST(memory_in_stream_order_is_the_devices_pools)
{
	cudaMemPool_t pool, now;
	size_t before;
	uint64_t keep = 256 * MIB;
	cudaStream_t stream;
	void *a, *b, *c;

	start(NULL);
	before = free_bytes();
	OK(RT(cudaStreamCreate)(&stream));
	OK(RT(cudaDeviceGetDefaultMemPool)(&pool, 0));
	OK(RT(cudaDeviceGetMemPool)(&now, 0));
	ck_assert_ptr_eq(now, pool);
	OK(RT(cudaMallocAsync)(&a, 3 * MIB, stream));
	OK(RT(cudaMallocAsync_ptsz)(&b, 2 * MIB, NULL));
	ck_assert_uint_eq(attribute(pool, cudaMemPoolAttrUsedMemCurrent), 5 * MIB);
	ck_assert_uint_lt(free_bytes(), before);
	OK(RT(cudaMallocFromPoolAsync)(&c, MIB, pool, stream));
	OK(RT(cudaMemsetAsync)(c, 9, MIB, stream));
	OK(RT(cudaStreamSynchronize)(stream));
	ck_assert(is_filled(c, 4096, 9));
	OK(RT(cudaMemPoolSetAttribute)(pool, cudaMemPoolAttrReleaseThreshold, &keep));
	ck_assert_uint_eq(attribute(pool, cudaMemPoolAttrReleaseThreshold), keep);
	OK(RT(cudaFreeAsync)(a, stream));
	OK(RT(cudaFreeAsync_ptsz)(b, NULL));
	OK(RT(cudaFreeAsync)(c, stream));
	OK(RT(cudaMallocFromPoolAsync_ptsz)(&c, MIB, pool, NULL));
	OK(RT(cudaFree)(c)); /* the plain call frees it too */
	ck_assert_uint_eq(attribute(pool, cudaMemPoolAttrUsedMemCurrent), 0);
	ck_assert_uint_eq(attribute(pool, cudaMemPoolAttrUsedMemHigh), 6 * MIB);
	ck_assert_uint_lt(free_bytes(), before);
	OK(RT(cudaMemPoolTrimTo)(pool, 0));
	ck_assert_uint_eq(free_bytes(), before);
	IS(cudaErrorInvalidValue, RT(cudaFreeAsync)(c, stream));
	IS(cudaErrorMemoryAllocation, RT(cudaMallocAsync)(&a, before + GIB, stream));
	IS(cudaErrorInvalidDevice, RT(cudaDeviceGetMemPool)(&now, 1));
	IS(cudaErrorInvalidDevice, RT(cudaDeviceGetDefaultMemPool)(&now, -1));
}
END_TEST

START_TEST(a_pool_of_the_programs_own_takes_the_devices_place)
{
	cudaMemPoolProps props = { .allocType = cudaMemAllocationTypePinned,
				   .location = { .type = cudaMemLocationTypeDevice, .id = 0 } };
	cudaMemAccessDesc access = { .location = { .type = cudaMemLocationTypeDevice, .id = 1 },
				     .flags = cudaMemAccessFlagsProtReadWrite };
	cudaMemAccessFlags flags;
	cudaMemPool_t pool, now, standard;
	void *memory;

	start("[device]\ncount = 2\n");
	OK(RT(cudaMemPoolCreate)(&pool, &props));
	OK(RT(cudaDeviceGetDefaultMemPool)(&standard, 0));
	OK(RT(cudaDeviceSetMemPool)(0, pool));
	OK(RT(cudaDeviceGetMemPool)(&now, 0));
	ck_assert_ptr_eq(now, pool);
	OK(RT(cudaMallocAsync)(&memory, MIB, NULL));
	ck_assert_uint_eq(attribute(pool, cudaMemPoolAttrUsedMemCurrent), MIB);
	OK(RT(cudaMemPoolGetAccess)(&flags, pool, &access.location));
	ck_assert_int_eq(flags, cudaMemAccessFlagsProtNone);
	OK(RT(cudaMemPoolSetAccess)(pool, &access, 1));
	OK(RT(cudaMemPoolGetAccess)(&flags, pool, &access.location));
	ck_assert_int_eq(flags, cudaMemAccessFlagsProtReadWrite);
	OK(RT(cudaFreeAsync)(memory, NULL));
	OK(RT(cudaMemPoolDestroy)(pool));
	OK(RT(cudaDeviceGetMemPool)(&now, 0));
	ck_assert_ptr_eq(now, standard);
	IS(cudaErrorInvalidDevice, RT(cudaDeviceSetMemPool)(2, standard));
	props.location.id = 5;
	ck_assert_int_ne(RT(cudaMemPoolCreate)(&pool, &props), cudaSuccess);
#if SIM_CUDART == 13
	{
		cudaMemLocation place = { .type = cudaMemLocationTypeDevice, .id = 1 };

		props.location.id = 1;
		OK(RT(cudaMemPoolCreate)(&pool, &props));
		OK(RT(cudaMemGetDefaultMemPool)(&standard, &place, cudaMemAllocationTypePinned));
		OK(RT(cudaMemSetMemPool)(&place, cudaMemAllocationTypePinned, pool));
		OK(RT(cudaMemGetMemPool)(&now, &place, cudaMemAllocationTypePinned));
		ck_assert_ptr_eq(now, pool);
		ck_assert_ptr_ne(now, standard);
		OK(RT(cudaDeviceGetMemPool)(&now, 1));
		ck_assert_ptr_eq(now, pool);
	}
#endif
}
END_TEST

TCase *pool_tests(void)
{
	TCase *tc = tcase_create("pool");

	tcase_add_test(tc, memory_in_stream_order_is_the_devices_pools);
	tcase_add_test(tc, a_pool_of_the_programs_own_takes_the_devices_place);
	return tc;
}
