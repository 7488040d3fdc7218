/* SPDX-License-Identifier: Apache-2.0 */
/* The simulated runtime's memory: symbols, pools, managed memory, arrays and the copies between them. */
#include "sim_runtime.h"

static unsigned char in[256], out[256];

static void number(unsigned char seed)
{
	for (size_t i = 0; i < sizeof(in); i++)
		in[i] = (unsigned char)(i * 7 + seed);
	memset(out, 0, sizeof(out));
}

START_TEST(symbols_keep_what_is_copied_to_them)
{
	void *first, *again;
	cudaStream_t stream;
	size_t size;
	int value;

	start(NULL);
	register_table();
	number(1);
	OK(RT(cudaStreamCreate)(&stream));
	OK(RT(cudaGetSymbolAddress)(&first, &shadow_table));
	OK(RT(cudaGetSymbolAddress)(&again, &shadow_table));
	ck_assert_ptr_eq(first, again);
	OK(RT(cudaGetSymbolSize)(&size, &shadow_table));
	ck_assert_uint_eq(size, 64);
	OK(RT(cudaMemcpyToSymbol)(&shadow_table, in, 64, 0, cudaMemcpyHostToDevice));
	OK(RT(cudaMemcpyFromSymbol)(out, &shadow_table, 64, 0, cudaMemcpyDeviceToHost));
	ck_assert_mem_eq(in, out, 64);
	OK(RT(cudaMemcpyToSymbolAsync)(&shadow_table, in + 3, 8, 8, cudaMemcpyHostToDevice,
					 stream));
	OK(RT(cudaMemcpyFromSymbolAsync)(out, &shadow_table, 8, 8, cudaMemcpyDeviceToHost,
					   stream));
	ck_assert_mem_eq(in + 3, out, 8);
	OK(RT(cudaMemcpyToSymbol_ptds)(&shadow_table, in + 9, 8, 8, cudaMemcpyHostToDevice));
	OK(RT(cudaMemcpyFromSymbol_ptds)(out, &shadow_table, 8, 8, cudaMemcpyDeviceToHost));
	ck_assert_mem_eq(in + 9, out, 8);
	OK(RT(cudaMemcpyToSymbolAsync_ptsz)(&shadow_table, in, 8, 8, cudaMemcpyHostToDevice,
					      NULL));
	OK(RT(cudaMemcpyFromSymbolAsync_ptsz)(out, &shadow_table, 8, 8, cudaMemcpyDeviceToHost,
						NULL));
	ck_assert_mem_eq(in, out, 8);
	IS(cudaErrorInvalidValue,
	      RT(cudaMemcpyToSymbol)(&shadow_table, in, 8, 60, cudaMemcpyHostToDevice));
	IS(cudaErrorInvalidSymbol,
	      RT(cudaMemcpyToSymbol)(&stub_first, in, 8, 0, cudaMemcpyHostToDevice));
	IS(cudaErrorInvalidMemcpyDirection,
	      RT(cudaMemcpyFromSymbol)(out, &shadow_table, 8, 0, cudaMemcpyHostToDevice));
	/* a managed variable is the program's own memory too */
	*shadow_managed = 99;
	OK(RT(cudaMemcpyFromSymbol)(&value, &shadow_managed, 4, 0, cudaMemcpyDeviceToHost));
	ck_assert_int_eq(value, 99);
	OK(RT(cudaGetSymbolAddress)(&first, shadow_managed));
	ck_assert_ptr_eq(first, shadow_managed);
	/* a reset takes the memory along: the next one is fresh */
	OK(RT(cudaDeviceReset)());
	OK(RT(cudaMemcpyFromSymbol)(out, &shadow_table, 8, 8, cudaMemcpyDeviceToHost));
	ck_assert_uint_eq(out[0], 0);
}
END_TEST

START_TEST(libraries_are_loaded_by_the_program_itself)
{
	static const char code[] = ".target sm_70\n.global .align 4 .u32 word;\n"
				   ".global .attribute(.managed) .align 4 .u32 both;\n"
				   ".entry k(.param .u32 a, .param .u64 b){}\n";
	cudaKernel_t kernel, all[2] = { NULL };
	dim3 one = { 1, 1, 1 };
	cudaLibrary_t library;
	unsigned int count;
	void *address;
	char path[64];
	size_t size;
	int fd = memfd_create("code", 0);

	start(NULL);
	OK(RT(cudaLibraryLoadData)(&library, code, NULL, NULL, 0, NULL, NULL, 0));
	OK(RT(cudaLibraryGetKernel)(&kernel, library, "k"));
	IS(cudaErrorSymbolNotFound, RT(cudaLibraryGetKernel)(&kernel, library, "no"));
	OK(RT(cudaLibraryGetKernelCount)(&count, library));
	ck_assert_uint_eq(count, 1);
	OK(RT(cudaLibraryEnumerateKernels)(all, 2, library));
	ck_assert_ptr_eq(all[0], kernel);
	OK(RT(cudaLaunchKernel)((void *)kernel, one, one, NULL, 0, NULL));
	OK(RT(cudaFuncGetParamInfo)((void *)kernel, 1, &size, NULL));
	ck_assert_uint_eq(size, 8);
	OK(RT(cudaKernelSetAttributeForDevice)(
	    kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, 65536, 0));
	cudaFuncAttributes about;
	OK(RT(cudaFuncGetAttributes)(&about, (void *)kernel));
	ck_assert_int_eq(about.maxDynamicSharedSizeBytes, 65536);
	OK(RT(cudaLibraryGetGlobal)(&address, &size, library, "word"));
	ck_assert_uint_eq(size, 4);
	OK(RT(cudaMemset)(address, 1, 4));
	IS(cudaErrorSymbolNotFound, RT(cudaLibraryGetManaged)(&address, &size, library, "word"));
	OK(RT(cudaLibraryGetManaged)(&address, &size, library, "both"));
	*(int *)address = 3;
	OK(RT(cudaLibraryUnload)(library));
	IS(cudaErrorInvalidResourceHandle, RT(cudaLibraryGetKernelCount)(&count, library));
	ck_assert_int_eq(write(fd, code, sizeof(code)), sizeof(code));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	OK(RT(cudaLibraryLoadFromFile)(&library, path, NULL, NULL, 0, NULL, NULL, 0));
	OK(RT(cudaLibraryGetKernel)(&kernel, library, "k"));
}
END_TEST

START_TEST(pools_are_counted_and_set)
{
	cudaMemPoolProps props = { .allocType = cudaMemAllocationTypePinned,
				   .location = { .type = 1, .id = 0 } };
	cudaMemAccessDesc access = { .location = { .type = 1, .id = 1 }, .flags = 3 };
	cudaMemPool_t pool, standard, now;
	cudaMemAccessFlags flags;
	uint64_t value;
	size_t before;
	void *a, *b;

	start("[device h100-80gb]\ncount = 2\n");
	before = free_bytes();
	OK(RT(cudaMallocAsync)(&a, 5 * MIB, NULL));
	OK(RT(cudaDeviceGetDefaultMemPool)(&standard, 0));
	OK(RT(cudaMemPoolGetAttribute)(standard, 7 /* used now */, &value));
	ck_assert_uint_eq(value, 5 * MIB);
	OK(RT(cudaFreeAsync)(a, NULL));
	ck_assert_uint_eq(free_bytes(), before);
	OK(RT(cudaMemPoolCreate)(&pool, &props));
	OK(RT(cudaDeviceSetMemPool)(0, pool));
	OK(RT(cudaDeviceGetMemPool)(&now, 0));
	ck_assert_ptr_eq(now, pool);
	OK(RT(cudaMallocAsync_ptsz)(&a, MIB, NULL));
	OK(RT(cudaMallocFromPoolAsync)(&b, MIB, pool, NULL));
	OK(RT(cudaMemPoolGetAttribute)(pool, 7, &value));
	ck_assert_uint_eq(value, 2 * MIB);
	OK(RT(cudaFreeAsync_ptsz)(b, NULL));
	OK(RT(cudaMallocFromPoolAsync_ptsz)(&b, MIB, pool, NULL));
	value = 64 * MIB;
	OK(RT(cudaMemPoolSetAttribute)(pool, 4 /* threshold */, &value));
	OK(RT(cudaFreeAsync)(a, NULL));
	OK(RT(cudaFreeAsync)(b, NULL));
	ck_assert_uint_lt(free_bytes(), before);
	OK(RT(cudaMemPoolTrimTo)(pool, 0));
	ck_assert_uint_eq(free_bytes(), before);
	OK(RT(cudaMemPoolSetAccess)(pool, &access, 1));
	OK(RT(cudaMemPoolGetAccess)(&flags, pool, &access.location));
	ck_assert_int_eq(flags, 3);
#if SIM_CUDART == 13
	cudaMemLocation place = { .type = 1, .id = 0 };
	OK(RT(cudaMemGetMemPool)(&now, &place, cudaMemAllocationTypePinned));
	ck_assert_ptr_eq(now, pool);
	OK(RT(cudaMemGetDefaultMemPool)(&now, &place, cudaMemAllocationTypePinned));
	ck_assert_ptr_eq(now, standard);
	OK(RT(cudaMemSetMemPool)(&place, cudaMemAllocationTypePinned, standard));
	OK(RT(cudaDeviceGetMemPool)(&now, 0));
	ck_assert_ptr_eq(now, standard);
#endif
	OK(RT(cudaMemPoolDestroy)(pool));
	IS(cudaErrorInvalidValue, RT(cudaMemPoolTrimTo)(pool, 0));
}
END_TEST

static int place_of(void *memory)
{
	int place;

	OK(
	    RT(cudaMemRangeGetAttribute)(&place, sizeof(place), 4 /* last prefetch */, memory, 64));
	return place;
}

START_TEST(managed_memory_keeps_its_advice)
{
	cudaMemLocation host = { .type = 2, .id = 0 }, one = { .type = 1, .id = 1 };
	cudaMemRangeAttribute which[] = { 1, 2 };
	int read_mostly, preferred;
	void *values[] = { &read_mostly, &preferred };
	size_t sizes[] = { 4, 4 };
	cudaStream_t stream;
	void *memory;

	start("[device h100-80gb]\ncount = 2\n");
	OK(RT(cudaStreamCreate)(&stream));
	OK(RT(cudaMallocManaged)(&memory, 4096, 1));
	OK(V2(cudaMemAdvise)(memory, 4096, 1 /* read mostly */, one));
	OK(V2(cudaMemAdvise)(memory, 4096, 3 /* preferred */, one));
	OK(RT(cudaMemRangeGetAttributes)(values, sizes, which, 2, memory, 4096));
	ck_assert_int_eq(read_mostly, 1);
	ck_assert_int_eq(preferred, 1);
	OK(V2(cudaMemPrefetchAsync)(memory, 4096, one, 0, stream));
	ck_assert_int_eq(place_of(memory), 1);
	OK(V2(cudaMemPrefetchAsync)(memory, 4096, host, 0, stream));
	ck_assert_int_eq(place_of(memory), -1);
#if SIM_CUDART == 12
	OK(RT(cudaMemAdvise)(memory, 4096, 2, 0));
	OK(RT(cudaMemPrefetchAsync)(memory, 4096, 0, stream));
	ck_assert_int_eq(place_of(memory), 0);
	OK(RT(cudaMemPrefetchAsync_ptsz)(memory, 4096, 1, NULL));
	ck_assert_int_eq(place_of(memory), 1);
	OK(RT(cudaMemPrefetchAsync_v2_ptsz)(memory, 4096, host, 0, NULL));
	ck_assert_int_eq(place_of(memory), -1);
#else
	size_t size = 4096, first = 0;
	OK(RT(cudaMemAdvise)(memory, 4096, 2, host));
	OK(RT(cudaMemPrefetchAsync_ptsz)(memory, 4096, one, 0, NULL));
	ck_assert_int_eq(place_of(memory), 1);
	OK(RT(cudaMemPrefetchBatchAsync)(&memory, &size, 1, &host, &first, 1, 0, stream));
	ck_assert_int_eq(place_of(memory), -1);
	*(int *)memory = 5;
	OK(
	    RT(cudaMemDiscardAndPrefetchBatchAsync)(&memory, &size, 1, &one, &first, 1, 0, stream));
	ck_assert_int_eq(place_of(memory), 1);
	ck_assert_int_eq(*(int *)memory, 0);
	*(int *)memory = 5;
	OK(RT(cudaMemDiscardBatchAsync)(&memory, &size, 1, 0, stream));
	ck_assert_int_eq(*(int *)memory, 0);
	OK(RT(cudaMemPrefetchBatchAsync_ptsz)(&memory, &size, 1, &host, &first, 1, 0, NULL));
	ck_assert_int_eq(place_of(memory), -1);
	OK(RT(cudaMemDiscardAndPrefetchBatchAsync_ptsz)(&memory, &size, 1, &one, &first, 1, 0,
							  NULL));
	ck_assert_int_eq(place_of(memory), 1);
	*(int *)memory = 5;
	OK(RT(cudaMemDiscardBatchAsync_ptsz)(&memory, &size, 1, 0, NULL));
	ck_assert_int_eq(*(int *)memory, 0);
#endif
	OK(RT(cudaMemRangeGetAttributes)(values, sizes, which, 2, memory, 4096));
	ck_assert_int_eq(read_mostly, 0);
	OK(RT(cudaStreamAttachMemAsync)(stream, memory, 0, 4));
	OK(RT(cudaStreamAttachMemAsync_ptsz)(NULL, memory, 0, 4));
	IS(cudaErrorInvalidValue, RT(cudaStreamAttachMemAsync)(stream, memory, 12, 4));
}
END_TEST

static const cudaChannelFormatDesc floats = { 32, 0, 0, 0, cudaChannelFormatKindFloat };

START_TEST(arrays_are_filled_and_read)
{
	cudaChannelFormatDesc made, got;
	cudaMemcpy3DParms copy = { .extent = { 8, 4, 2 }, .kind = cudaMemcpyHostToDevice };
	cudaArrayMemoryRequirements needs;
	cudaArray_t array, deep, other;
	cudaMipmappedArray_t mipmap;
	cudaExtent extent;
	unsigned int flags;
	cudaStream_t stream;
	size_t before;

	start(NULL);
	number(5);
	OK(RT(cudaStreamCreate)(&stream));
	before = free_bytes();
	made = RT(cudaCreateChannelDesc)(8, 8, 0, 0, cudaChannelFormatKindUnsigned);
	OK(RT(cudaMallocArray)(&array, &floats, 8, 4, 0));
	OK(RT(cudaGetChannelDesc)(&got, array));
	ck_assert_mem_eq(&got, &floats, sizeof(got));
	OK(RT(cudaMalloc3DArray)(&other, &made, (cudaExtent){ 16, 4, 0 }, 2));
	OK(RT(cudaArrayGetInfo)(&got, &extent, &flags, other));
	ck_assert_mem_eq(&got, &made, sizeof(got));
	ck_assert_uint_eq(extent.width, 16);
	ck_assert_uint_eq(flags, 2);
	OK(RT(cudaArrayGetMemoryRequirements)(&needs, array, 0));
	ck_assert_uint_ge(needs.size, 128);
	/* rows of 32 bytes */
	OK(RT(cudaMemcpy2DToArray)(array, 0, 0, in, 32, 32, 4, cudaMemcpyHostToDevice));
	OK(RT(cudaMemcpy2DFromArray)(out, 16, array, 4, 1, 16, 3, cudaMemcpyDeviceToHost));
	ck_assert_mem_eq(out + 16, in + 64 + 4, 16);
	OK(
	    RT(cudaMemcpy2DToArrayAsync)(array, 4, 0, in, 8, 8, 2, cudaMemcpyHostToDevice, stream));
	OK(RT(cudaMemcpy2DFromArrayAsync)(out, 8, array, 4, 0, 8, 2, cudaMemcpyDeviceToHost,
					    stream));
	ck_assert_mem_eq(out, in, 16);
	OK(RT(cudaMemcpy2DToArray_ptds)(array, 0, 0, in + 9, 32, 32, 4, cudaMemcpyHostToDevice));
	OK(RT(cudaMemcpy2DFromArray_ptds)(out, 32, array, 0, 0, 32, 4, cudaMemcpyDeviceToHost));
	ck_assert_mem_eq(out, in + 9, 128);
	OK(RT(cudaMemcpy2DToArrayAsync_ptsz)(array, 0, 0, in, 32, 32, 4, cudaMemcpyHostToDevice,
					       NULL));
	OK(RT(cudaMemcpy2DFromArrayAsync_ptsz)(out, 32, array, 0, 0, 32, 4,
						 cudaMemcpyDeviceToHost, NULL));
	ck_assert_mem_eq(out, in, 128);
	OK(RT(cudaMemcpy2DArrayToArray)(other, 0, 0, array, 0, 1, 32, 3,
					  cudaMemcpyDeviceToDevice));
	OK(RT(cudaMemcpy2DFromArray)(out, 32, other, 0, 0, 32, 3, cudaMemcpyDeviceToHost));
	ck_assert_mem_eq(out, in + 32, 96);
	OK(RT(cudaMemcpy2DArrayToArray_ptds)(other, 0, 3, array, 0, 0, 32, 1,
					       cudaMemcpyDeviceToDevice));
	/* in a row: from one line of the array into the next */
	OK(RT(cudaMemcpyToArray)(array, 24, 0, in + 50, 40, cudaMemcpyHostToDevice));
	OK(RT(cudaMemcpyFromArray)(out, array, 24, 0, 40, cudaMemcpyDeviceToHost));
	ck_assert_mem_eq(out, in + 50, 40);
	OK(RT(cudaMemcpy2DFromArray)(out, 32, array, 0, 1, 32, 1, cudaMemcpyDeviceToHost));
	ck_assert_mem_eq(out, in + 58, 32);
	OK(RT(cudaMemcpyToArrayAsync)(array, 0, 0, in + 1, 64, cudaMemcpyHostToDevice, stream));
	OK(RT(cudaMemcpyFromArrayAsync)(out, array, 0, 0, 64, cudaMemcpyDeviceToHost, stream));
	ck_assert_mem_eq(out, in + 1, 64);
	OK(RT(cudaMemcpyToArray_ptds)(array, 0, 0, in + 2, 64, cudaMemcpyHostToDevice));
	OK(RT(cudaMemcpyFromArray_ptds)(out, array, 0, 0, 64, cudaMemcpyDeviceToHost));
	ck_assert_mem_eq(out, in + 2, 64);
	OK(
	    RT(cudaMemcpyToArrayAsync_ptsz)(array, 0, 0, in + 3, 64, cudaMemcpyHostToDevice, NULL));
	OK(RT(cudaMemcpyFromArrayAsync_ptsz)(out, array, 0, 0, 64, cudaMemcpyDeviceToHost, NULL));
	ck_assert_mem_eq(out, in + 3, 64);
	IS(cudaErrorInvalidValue,
	      RT(cudaMemcpyToArray)(array, 0, 3, in, 64, cudaMemcpyHostToDevice));
	/* boxes: extents are in elements where an array takes part */
	OK(RT(cudaMalloc3DArray)(&deep, &floats, (cudaExtent){ 8, 4, 2 }, 0));
	copy.srcPtr = (cudaPitchedPtr){ in, 32, 8, 4 };
	copy.dstArray = deep;
	OK(RT(cudaMemcpy3D)(&copy));
	cudaMemcpy3DParms back = { .srcArray = deep,
				   .srcPos = { 2, 1, 1 },
				   .dstPtr = { out, 24, 6, 3 },
				   .extent = { 6, 3, 1 },
				   .kind = cudaMemcpyDeviceToHost };
	OK(RT(cudaMemcpy3DAsync)(&back, stream));
	ck_assert_mem_eq(out + 24, in + 128 + 64 + 8, 24);
	memset(out, 0, sizeof(out));
	OK(RT(cudaMemcpy3D_ptds)(&back));
	ck_assert_mem_eq(out, in + 128 + 32 + 8, 24);
	memset(out, 0, sizeof(out));
	OK(RT(cudaMemcpy3DAsync_ptsz)(&back, NULL));
	ck_assert_mem_eq(out, in + 128 + 32 + 8, 24);
	OK(RT(cudaMallocMipmappedArray)(&mipmap, &floats, (cudaExtent){ 8, 8, 0 }, 3, 0));
	cudaArray_t level;
	OK(RT(cudaGetMipmappedArrayLevel)(&level, mipmap, 1));
	OK(RT(cudaArrayGetInfo)(&got, &extent, &flags, level));
	ck_assert_uint_eq(extent.width, 4);
	OK(RT(cudaMipmappedArrayGetMemoryRequirements)(&needs, mipmap, 0));
	ck_assert_uint_ge(needs.size, 4 * 64);
	OK(RT(cudaFreeMipmappedArray)(mipmap));
	OK(RT(cudaFreeArray)(deep));
	OK(RT(cudaFreeArray)(other));
	OK(RT(cudaFreeArray)(array));
	OK(RT(cudaFreeArray)(NULL));
	ck_assert_uint_eq(free_bytes(), before);
	made.x = 13;
	IS(cudaErrorInvalidChannelDescriptor, RT(cudaMallocArray)(&array, &made, 8, 8, 0));
}
END_TEST

START_TEST(linear_memory_in_three_dimensions)
{
	cudaMemcpy3DPeerParms peer = { .extent = { 8, 2, 2 } };
	cudaExtent extent = { 8, 2, 2 };
	cudaPitchedPtr memory, other;
	cudaStream_t stream;

	start(NULL);
	number(9);
	OK(RT(cudaStreamCreate)(&stream));
	OK(RT(cudaMalloc3D)(&memory, extent));
	OK(RT(cudaMalloc3D)(&other, extent));
	ck_assert_uint_ge(memory.pitch, 8);
	OK(RT(cudaMemset3D)(memory, 3, extent));
	OK(RT(cudaMemcpy)(out, (char *)memory.ptr + 3 * memory.pitch, 8, cudaMemcpyDeviceToHost));
	ck_assert_uint_eq(out[7], 3);
	OK(RT(cudaMemset3DAsync)(memory, 4, extent, stream));
	OK(RT(cudaMemset3D_ptds)(other, 5, extent));
	OK(RT(cudaMemset3DAsync_ptsz)(other, 6, extent, NULL));
	OK(RT(cudaMemcpy)(out, other.ptr, 8, cudaMemcpyDeviceToHost));
	ck_assert_uint_eq(out[0], 6);
	peer.srcPtr = memory;
	peer.dstPtr = other;
	OK(RT(cudaMemcpy3DPeer)(&peer));
	OK(RT(cudaMemcpy)(out, (char *)other.ptr + 3 * other.pitch, 8, cudaMemcpyDeviceToHost));
	ck_assert_uint_eq(out[7], 4);
	OK(RT(cudaMemset3D)(memory, 7, extent));
	OK(RT(cudaMemcpy3DPeerAsync)(&peer, stream));
	OK(RT(cudaMemcpy)(out, other.ptr, 8, cudaMemcpyDeviceToHost));
	ck_assert_uint_eq(out[0], 7);
	OK(RT(cudaMemset3D)(memory, 8, extent));
	OK(RT(cudaMemcpy3DPeer_ptds)(&peer));
	OK(RT(cudaMemcpy)(out, other.ptr, 8, cudaMemcpyDeviceToHost));
	ck_assert_uint_eq(out[0], 8);
	OK(RT(cudaMemset3D)(memory, 9, extent));
	OK(RT(cudaMemcpy3DPeerAsync_ptsz)(&peer, NULL));
	OK(RT(cudaMemcpy)(out, other.ptr, 8, cudaMemcpyDeviceToHost));
	ck_assert_uint_eq(out[0], 9);
	peer.dstDevice = 7;
	IS(cudaErrorInvalidDevice, RT(cudaMemcpy3DPeer)(&peer));
}
END_TEST

#define PITCH 24

static void rows_are_there(const unsigned char *memory)
{
	for (int y = 0; y < 3; y++)
		ck_assert_mem_eq(memory + y * PITCH, in + y * 8, 8);
}

START_TEST(every_name_of_a_copy_and_a_set_does_it)
{
	cudaStream_t stream;
	unsigned char *memory;
	void *pointer;
	size_t pitch;

	start(NULL);
	OK(RT(cudaStreamCreate)(&stream));
	OK(RT(cudaMallocPitch)(&pointer, &pitch, 100, 10));
	ck_assert_uint_ge(pitch, 100);
	memory = pointer;
#define ROUND(up, down)                                                                            \
	number((unsigned char)__LINE__);                                                           \
	OK(up);                                                                                  \
	OK(down);                                                                                \
	ck_assert_mem_eq(in, out, 64)
	ROUND(RT(cudaMemcpy)(memory, in, 64, 1), RT(cudaMemcpy)(out, memory, 64, 2));
	ROUND(RT(cudaMemcpy_ptds)(memory, in, 64, 1), RT(cudaMemcpy_ptds)(out, memory, 64, 4));
	ROUND(RT(cudaMemcpyAsync)(memory, in, 64, 1, stream),
	      RT(cudaMemcpyAsync)(out, memory, 64, 2, stream));
	ROUND(RT(cudaMemcpyAsync_ptsz)(memory, in, 64, 4, NULL),
	      RT(cudaMemcpyAsync_ptsz)(out, memory, 64, 2, NULL));
	ROUND(RT(cudaMemcpyPeer)(memory + 128, 0, memory, 0, 64) ||
		  RT(cudaMemcpy)(memory, in, 64, 1) ||
		  RT(cudaMemcpyPeer)(memory + 128, 0, memory, 0, 64),
	      RT(cudaMemcpy)(out, memory + 128, 64, 2));
	ROUND(RT(cudaMemcpy)(memory, in, 64, 1) ||
		  RT(cudaMemcpyPeerAsync)(memory + 128, 0, memory, 0, 64, stream),
	      RT(cudaMemcpy)(out, memory + 128, 64, 2));
#define ROWS(call)                                                                                 \
	number((unsigned char)__LINE__);                                                           \
	OK(call);                                                                                \
	OK(RT(cudaMemcpy)(out, memory, 3 * PITCH, 2));                                           \
	rows_are_there(out)
	ROWS(RT(cudaMemcpy2D)(memory, PITCH, in, 8, 8, 3, 1));
	ROWS(RT(cudaMemcpy2D_ptds)(memory, PITCH, in, 8, 8, 3, 1));
	ROWS(RT(cudaMemcpy2DAsync)(memory, PITCH, in, 8, 8, 3, 1, stream));
	ROWS(RT(cudaMemcpy2DAsync_ptsz)(memory, PITCH, in, 8, 8, 3, 1, NULL));
	IS(cudaErrorInvalidPitchValue, RT(cudaMemcpy2D)(memory, 4, in, 8, 8, 3, 1));
#define FILLED(value, call)                                                                        \
	OK(call);                                                                                \
	OK(RT(cudaMemcpy)(out, memory, 8, 2));                                                   \
	ck_assert_uint_eq(out[0], value);                                                          \
	ck_assert_uint_eq(out[7], value)
	FILLED(1, RT(cudaMemset)(memory, 1, 8));
	FILLED(2, RT(cudaMemset_ptds)(memory, 2, 8));
	FILLED(3, RT(cudaMemsetAsync)(memory, 3, 8, stream));
	FILLED(4, RT(cudaMemsetAsync_ptsz)(memory, 4, 8, NULL));
	FILLED(5, RT(cudaMemset2D)(memory, PITCH, 5, 8, 2));
	FILLED(6, RT(cudaMemset2D_ptds)(memory, PITCH, 6, 8, 2));
	FILLED(7, RT(cudaMemset2DAsync)(memory, PITCH, 7, 8, 2, stream));
	FILLED(8, RT(cudaMemset2DAsync_ptsz)(memory, PITCH, 8, 8, 2, NULL));
}
END_TEST

TCase *program_memory_tests(void)
{
	TCase *tc = tcase_create("memory");

	tcase_add_test(tc, symbols_keep_what_is_copied_to_them);
	tcase_add_test(tc, libraries_are_loaded_by_the_program_itself);
	tcase_add_test(tc, pools_are_counted_and_set);
	tcase_add_test(tc, managed_memory_keeps_its_advice);
	tcase_add_test(tc, arrays_are_filled_and_read);
	tcase_add_test(tc, linear_memory_in_three_dimensions);
	tcase_add_test(tc, every_name_of_a_copy_and_a_set_does_it);
	return tc;
}
