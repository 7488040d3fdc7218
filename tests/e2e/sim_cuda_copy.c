/* SPDX-License-Identifier: Apache-2.0 */
/* The simulated driver's copies and sets, each of their names by what it leaves in memory. */
#include "sim_cuda.h"

#define BYTES 64

static CUdeviceptr memory;
static unsigned char in[BYTES], out[BYTES];
static CUstream stream;

static void begin(void)
{
	start_context();
	OK(CU(cuMemAlloc_v2)(&memory, 4096));
	OK(CU(cuStreamCreate)(&stream, 0));
}

static unsigned char next_value(void)
{
	static unsigned char value;

	return ++value;
}

/* New bytes each time: what an earlier call left does not pass for this one's. */
static void fresh(void)
{
	for (size_t i = 0; i < BYTES; i++)
		in[i] = next_value();
	memset(out, 0, BYTES);
	OK(CU(cuMemsetD8_v2)(memory, 0, 256));
}

static void same(CUdeviceptr at, size_t size)
{
	OK(CU(cuMemcpyDtoH_v2)(out, at, size));
	ck_assert_mem_eq(out, in, size);
}

#define UP(name, ...)                                                                              \
	fresh();                                                                                   \
	OK(CU(name)(memory, __VA_ARGS__));                                                         \
	same(memory, BYTES)
#define DOWN(name, ...)                                                                            \
	fresh();                                                                                   \
	OK(CU(cuMemcpyHtoD_v2)(memory, in, BYTES));                                                \
	OK(CU(name)(__VA_ARGS__));                                                                 \
	ck_assert_mem_eq(out, in, BYTES)
#define ACROSS(name, ...)                                                                          \
	fresh();                                                                                   \
	OK(CU(cuMemcpyHtoD_v2)(memory, in, BYTES));                                                \
	OK(CU(name)(memory + 128, __VA_ARGS__));                                                   \
	same(memory + 128, BYTES)

START_TEST(every_copy_in_a_row_brings_its_bytes)
{
	CUcontext context, other;
	CUdeviceptr from, to;

	begin();
	OK(CU(cuCtxGetCurrent)(&context));
	UP(cuMemcpyHtoD_v2, in, BYTES);
	UP(cuMemcpyHtoD_v2_ptds, in, BYTES);
	UP(cuMemcpyHtoDAsync_v2, in, BYTES, stream);
	UP(cuMemcpyHtoDAsync_v2_ptsz, in, BYTES, NULL);
	from = (uintptr_t)in;
	to = (uintptr_t)out;
	UP(cuMemcpy, from, BYTES);
	UP(cuMemcpy_ptds, from, BYTES);
	UP(cuMemcpyAsync, from, BYTES, stream);
	UP(cuMemcpyAsync_ptsz, from, BYTES, NULL);
	DOWN(cuMemcpyDtoH_v2, out, memory, BYTES);
	DOWN(cuMemcpyDtoH_v2_ptds, out, memory, BYTES);
	DOWN(cuMemcpyDtoHAsync_v2, out, memory, BYTES, stream);
	DOWN(cuMemcpyDtoHAsync_v2_ptsz, out, memory, BYTES, NULL);
	DOWN(cuMemcpy, to, memory, BYTES);
	ACROSS(cuMemcpyDtoD_v2, memory, BYTES);
	ACROSS(cuMemcpyDtoD_v2_ptds, memory, BYTES);
	ACROSS(cuMemcpyDtoDAsync_v2, memory, BYTES, stream);
	ACROSS(cuMemcpyDtoDAsync_v2_ptsz, memory, BYTES, NULL);
	OK(CU(cuCtxCreate_v2)(&other, 0, 0));
	ACROSS(cuMemcpyPeer, context, memory, other, BYTES);
	ACROSS(cuMemcpyPeer_ptds, context, memory, other, BYTES);
	ACROSS(cuMemcpyPeerAsync, context, memory, other, BYTES, stream);
	ACROSS(cuMemcpyPeerAsync_ptsz, context, memory, other, BYTES, NULL);
	OK(CU(cuCtxDestroy_v2)(other));
	IS(CUDA_ERROR_INVALID_CONTEXT,
	   CU(cuMemcpyPeer)(memory, context, memory + 128, other, BYTES));
	IS(CUDA_ERROR_INVALID_VALUE, CU(cuMemcpyDtoD_v2)(memory, memory + 4090, 64));
	IS(CUDA_ERROR_INVALID_HANDLE,
	   CU(cuMemcpyHtoDAsync_v2)(memory, in, BYTES, (CUstream)(uintptr_t)4096));
}
END_TEST

/* Rows of 8 bytes, 24 apart. */
static void rows(CUresult (*copy)(const CUDA_MEMCPY2D *))
{
	CUDA_MEMCPY2D what = { .srcMemoryType = CU_MEMORYTYPE_HOST,
			       .srcHost = in,
			       .srcPitch = 8,
			       .dstMemoryType = CU_MEMORYTYPE_DEVICE,
			       .dstDevice = memory,
			       .dstPitch = 24,
			       .WidthInBytes = 8,
			       .Height = 4 };

	fresh();
	OK(copy(&what));
	for (size_t y = 0; y < 4; y++) {
		OK(CU(cuMemcpyDtoH_v2)(out, memory + y * 24, 9));
		ck_assert_mem_eq(out, in + y * 8, 8);
		ck_assert_uint_eq(out[8], 0);
	}
	what.dstPitch = 4;
	IS(CUDA_ERROR_INVALID_VALUE, copy(&what));
}

static CUresult async_rows(const CUDA_MEMCPY2D *what)
{
	return CU(cuMemcpy2DAsync_v2)(what, stream);
}

static CUresult own_rows(const CUDA_MEMCPY2D *what)
{
	return CU(cuMemcpy2DAsync_v2_ptsz)(what, NULL);
}

START_TEST(every_copy_of_rows_keeps_to_them)
{
	begin();
	rows(CU(cuMemcpy2D_v2));
	rows(CU(cuMemcpy2D_v2_ptds));
	rows(CU(cuMemcpy2DUnaligned_v2));
	rows(CU(cuMemcpy2DUnaligned_v2_ptds));
	rows(async_rows);
	rows(own_rows);
}
END_TEST

/* A set of `count` elements from `memory`, and then nothing. */
static void filled(uint32_t value, size_t element, size_t count, size_t pitch, size_t height)
{
	unsigned char bytes[256], wanted[4];

	memcpy(wanted, &value, sizeof(wanted));
	OK(CU(cuMemcpyDtoH_v2)(bytes, memory, sizeof(bytes)));
	for (size_t y = 0; y < height; y++) {
		for (size_t i = 0; i < count * element; i++)
			ck_assert_uint_eq(bytes[y * pitch + i], wanted[i % element]);
		ck_assert_uint_eq(bytes[y * pitch + count * element], 0);
	}
	OK(CU(cuMemsetD8_v2)(memory, 0, 256));
}

#define SETS(bits, value)                                                                          \
	OK(CU(cuMemsetD##bits##_v2)(memory, value, 5));                                            \
	filled(value, bits / 8, 5, 0, 1);                                                          \
	OK(CU(cuMemsetD##bits##_v2_ptds)(memory, value, 6));                                       \
	filled(value, bits / 8, 6, 0, 1);                                                          \
	OK(CU(cuMemsetD##bits##Async)(memory, value, 7, stream));                                  \
	filled(value, bits / 8, 7, 0, 1);                                                          \
	OK(CU(cuMemsetD##bits##Async_ptsz)(memory, value, 8, NULL));                               \
	filled(value, bits / 8, 8, 0, 1);                                                          \
	OK(CU(cuMemsetD2D##bits##_v2)(memory, 64, value, 5, 3));                                   \
	filled(value, bits / 8, 5, 64, 3);                                                         \
	OK(CU(cuMemsetD2D##bits##_v2_ptds)(memory, 64, value, 6, 3));                              \
	filled(value, bits / 8, 6, 64, 3);                                                         \
	OK(CU(cuMemsetD2D##bits##Async)(memory, 64, value, 7, 3, stream));                         \
	filled(value, bits / 8, 7, 64, 3);                                                         \
	OK(CU(cuMemsetD2D##bits##Async_ptsz)(memory, 64, value, 8, 3, NULL));                      \
	filled(value, bits / 8, 8, 64, 3);                                                         \
	IS(CUDA_ERROR_INVALID_VALUE, CU(cuMemsetD##bits##_v2)(memory + 4090, value, 64))

START_TEST(every_set_fills_what_it_says_and_no_more)
{
	begin();
	OK(CU(cuMemsetD8_v2)(memory, 0, 256));
	SETS(8, 0x5a);
	SETS(16, 0x1234);
	SETS(32, 0x12345678);
	IS(CUDA_ERROR_INVALID_VALUE, CU(cuMemsetD32_v2)(memory + 2, 0, 1));
}
END_TEST

static void CUDA_CB_noted(CUstream given, CUresult status, void *data)
{
	*(CUstream *)data = status == CUDA_SUCCESS ? given : NULL;
}

static void count_up(void *data)
{
	++*(int *)data;
}

START_TEST(callbacks_and_waits_of_each_name_come_through)
{
	CUstream seen = NULL;
	CUevent event;
	float time;
	int n = 0;

	begin();
	OK(CU(cuStreamAddCallback)(stream, CUDA_CB_noted, &seen, 0));
	ck_assert_ptr_eq(seen, stream);
	OK(CU(cuStreamAddCallback_ptsz)(NULL, CUDA_CB_noted, &seen, 0));
	ck_assert_ptr_eq(seen, (CUstream)(uintptr_t)2);
	OK(CU(cuLaunchHostFunc_ptsz)(NULL, count_up, &n));
	ck_assert_int_eq(n, 1);
	OK(CU(cuEventCreate)(&event, 0));
	OK(CU(cuEventRecordWithFlags_ptsz)(event, NULL, 0));
	OK(CU(cuEventElapsedTime)(&time, event, event));
	OK(CU(cuStreamWaitEvent_ptsz)(NULL, event, 0));
	OK(CU(cuEventDestroy_v2)(event));
	IS(CUDA_ERROR_INVALID_HANDLE, CU(cuStreamWaitEvent_ptsz)(NULL, event, 0));
	OK(CU(cuEventCreate)(&event, 0));
	OK(CU(cuEventDestroy)(event));
	IS(CUDA_ERROR_INVALID_HANDLE, CU(cuEventQuery)(event));
	OK(CU(cuStreamDestroy)(stream));
	IS(CUDA_ERROR_INVALID_HANDLE, CU(cuStreamQuery)(stream));
}
END_TEST

START_TEST(a_threads_own_stream_takes_every_kind_of_work_into_its_capture)
{
	static const char code[] = ".target sm_70\n.entry k(){}\n";
	CUDA_GRAPH_INSTANTIATE_PARAMS how = { .flags = 0 };
	CUlaunchConfig config = { .gridDimX = 1,
				  .gridDimY = 1,
				  .gridDimZ = 1,
				  .blockDimX = 1,
				  .blockDimY = 1,
				  .blockDimZ = 1 };
	CUstreamCaptureStatus status;
	const CUgraphEdgeData *data;
	const CUgraphNode *tips;
	CUgraphNode extra;
	size_t count, nodes = 0;
	CUfunction function;
	CUmemoryPool pool;
	CUdeviceptr a, b;
	CUgraph graph, g;
	CUgraphExec exec;
	CUmodule module;
	cuuint64_t id, again;
	int n = 0;

	begin();
	OK(CU(cuModuleLoadData)(&module, code));
	OK(CU(cuModuleGetFunction)(&function, module, "k"));
	OK(CU(cuDeviceGetDefaultMemPool)(&pool, 0));
	OK(CU(cuStreamBeginCapture_ptsz)(NULL));
	OK(CU(cuLaunchKernel_ptsz)(function, 1, 1, 1, 1, 1, 1, 0, NULL, NULL, NULL));
	OK(CU(cuLaunchKernelEx_ptsz)(&config, function, NULL, NULL));
	OK(CU(cuLaunchCooperativeKernel_ptsz)(function, 1, 1, 1, 1, 1, 1, 0, NULL, NULL));
	OK(CU(cuMemAllocAsync_ptsz)(&a, 4096, NULL));
	OK(CU(cuMemAllocFromPoolAsync_ptsz)(&b, 4096, pool, NULL));
	OK(CU(cuMemFreeAsync_ptsz)(a, NULL));
	OK(CU(cuMemFreeAsync_ptsz)(b, NULL));
	OK(CU(cuLaunchHostFunc_ptsz)(NULL, count_up, &n));
	OK(CU(cuStreamGetCaptureInfo_ptsz)(NULL, &status, &id));
	ck_assert_int_eq(status, CU_STREAM_CAPTURE_STATUS_ACTIVE);
	OK(CU(cuStreamGetCaptureInfo_v2_ptsz)(NULL, &status, &again, &graph, &tips, &count));
	ck_assert_uint_eq(id, again);
	ck_assert_uint_eq(count, 1);
	OK(CU(cuGraphAddEmptyNode)(&extra, graph, NULL, 0));
	OK(CU(cuStreamUpdateCaptureDependencies_ptsz)(NULL, &extra, 1, 0));
	OK(CU(cuStreamGetCaptureInfo_v3_ptsz)(NULL, &status, NULL, NULL, &tips, &data, &count));
	ck_assert_uint_eq(count, 2);
	OK(CU(cuStreamUpdateCaptureDependencies_v2_ptsz)(NULL, &extra, NULL, 1, 1));
	OK(CU(cuStreamGetCaptureInfo_v2_ptsz)(NULL, &status, NULL, NULL, NULL, &count));
	ck_assert_uint_eq(count, 1);
	OK(CU(cuStreamEndCapture_ptsz)(NULL, &g));
	ck_assert_ptr_eq(g, graph);
	OK(CU(cuGraphGetNodes)(graph, NULL, &nodes));
	ck_assert_uint_eq(nodes, 9);
	OK(CU(cuGraphInstantiateWithParams_ptsz)(&exec, graph, &how));
	OK(CU(cuGraphUpload_ptsz)(exec, NULL));
	ck_assert_int_eq(n, 0);
	OK(CU(cuGraphLaunch_ptsz)(exec, NULL));
	ck_assert_int_eq(n, 1);
	OK(CU(cuStreamBeginCaptureToGraph_ptsz)(NULL, graph, &extra, NULL, 1, 2));
	OK(CU(cuStreamIsCapturing)((CUstream)(uintptr_t)2, &status));
	ck_assert_int_eq(status, CU_STREAM_CAPTURE_STATUS_ACTIVE);
	OK(CU(cuStreamEndCapture_ptsz)(NULL, &g));
}
END_TEST

static int where(CUdeviceptr managed)
{
	int place;

	OK(CU(cuMemRangeGetAttribute)(
	    &place, sizeof(place), CU_MEM_RANGE_ATTRIBUTE_LAST_PREFETCH_LOCATION, managed, 4096));
	return place;
}

START_TEST(managed_memory_is_brought_by_a_threads_own_stream_too)
{
	CUmemLocation host = { .type = CU_MEM_LOCATION_TYPE_HOST }, zero = { .type = 1, .id = 0 };
	size_t size = 4096, first = 0;
	CUdeviceptr managed;

	begin();
	OK(CU(cuMemAllocManaged)(&managed, size, CU_MEM_ATTACH_GLOBAL));
	OK(CU(cuMemPrefetchAsync_ptsz)(managed, size, 0, NULL));
	ck_assert_int_eq(where(managed), 0);
	OK(CU(cuMemPrefetchAsync_v2_ptsz)(managed, size, host, 0, NULL));
	ck_assert_int_eq(where(managed), -1);
	OK(CU(cuMemPrefetchBatchAsync_ptsz)(&managed, &size, 1, &zero, &first, 1, 0, NULL));
	ck_assert_int_eq(where(managed), 0);
	OK(CU(cuMemDiscardAndPrefetchBatchAsync_ptsz)(&managed, &size, 1, &host, &first, 1, 0,
						      NULL));
	ck_assert_int_eq(where(managed), -1);
	*(int *)(uintptr_t)managed = 3;
	OK(CU(cuMemDiscardBatchAsync_ptsz)(&managed, &size, 1, 0, NULL));
	ck_assert_int_eq(*(int *)(uintptr_t)managed, 0);
	OK(CU(cuStreamAttachMemAsync_ptsz)(NULL, managed, 0, CU_MEM_ATTACH_SINGLE));
	IS(CUDA_ERROR_INVALID_VALUE,
	   CU(cuStreamAttachMemAsync)(NULL, managed, 0, CU_MEM_ATTACH_SINGLE));
}
END_TEST

TCase *copy_tests(void)
{
	TCase *tc = tcase_create("copy");

	tcase_add_test(tc, every_copy_in_a_row_brings_its_bytes);
	tcase_add_test(tc, every_copy_of_rows_keeps_to_them);
	tcase_add_test(tc, every_set_fills_what_it_says_and_no_more);
	tcase_add_test(tc, callbacks_and_waits_of_each_name_come_through);
	tcase_add_test(tc, a_threads_own_stream_takes_every_kind_of_work_into_its_capture);
	tcase_add_test(tc, managed_memory_is_brought_by_a_threads_own_stream_too);
	return tc;
}
