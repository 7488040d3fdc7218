/* SPDX-License-Identifier: Apache-2.0 */
/* The simulated driver's streams: default and own, attributes, memory operations, time. */
#include <pthread.h>

#include "sim_cuda.h"

static CUcontext shared;

static void *own_id(void *id)
{
	CU(cuCtxSetCurrent)(shared);
	CU(cuStreamGetId_ptsz)(NULL, id);
	return NULL;
}

START_TEST(each_thread_has_a_default_stream_of_its_own)
{
	unsigned long long mine, again, other, legacy, plain;
	pthread_t thread;
	CUstream stream;
	CUcontext of;
	CUdevice dev;
	unsigned flags;
	int priority;

	shared = start_context();
	OK(CU(cuStreamGetId)((CUstream)(uintptr_t)2, &mine));
	OK(CU(cuStreamGetId_ptsz)(NULL, &again));
	ck_assert_uint_eq(mine, again);
	OK(CU(cuStreamGetId)(NULL, &legacy));
	OK(CU(cuStreamGetId)((CUstream)(uintptr_t)1, &again));
	ck_assert_uint_eq(legacy, again);
	ck_assert_uint_ne(mine, legacy);
	ck_assert_int_eq(pthread_create(&thread, NULL, own_id, &other), 0);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	OK(CU(cuStreamCreateWithPriority)(&stream, CU_STREAM_NON_BLOCKING, -2));
	OK(CU(cuStreamGetId)(stream, &plain));
	ck_assert(plain != mine && plain != legacy && plain != other && other != legacy);
	OK(CU(cuStreamGetCtx_ptsz)(NULL, &of));
	ck_assert_ptr_eq(of, shared);
	OK(CU(cuStreamGetCtx_v2)(stream, &of, NULL));
	ck_assert_ptr_eq(of, shared);
	OK(CU(cuStreamGetCtx_v2_ptsz)(NULL, &of, NULL));
	OK(CU(cuStreamGetDevice)(stream, &dev));
	ck_assert_int_eq(dev, 0);
	OK(CU(cuStreamGetDevice_ptsz)(NULL, &dev));
	OK(CU(cuStreamGetFlags_ptsz)(stream, &flags));
	ck_assert_uint_eq(flags, CU_STREAM_NON_BLOCKING);
	OK(CU(cuStreamGetPriority_ptsz)(stream, &priority));
	ck_assert_int_eq(priority, -2);
	OK(CU(cuStreamQuery_ptsz)(NULL));
	OK(CU(cuStreamSynchronize_ptsz)(NULL));
	/* a default stream's handle is its number, never what it is inside */
	IS(CUDA_ERROR_INVALID_HANDLE, CU(cuStreamDestroy_v2)(NULL));
}
END_TEST

START_TEST(attributes_are_kept_and_copied)
{
	CUstreamAttrValue value = { .syncPolicy = CU_SYNC_POLICY_SPIN }, got;
	CUstream a, b;
	int priority;

	start_context();
	OK(CU(cuStreamCreate)(&a, 0));
	OK(CU(cuStreamCreate)(&b, 0));
	OK(CU(cuStreamSetAttribute)(a, CU_LAUNCH_ATTRIBUTE_SYNCHRONIZATION_POLICY, &value));
	OK(CU(cuStreamGetAttribute)(b, CU_LAUNCH_ATTRIBUTE_SYNCHRONIZATION_POLICY, &got));
	ck_assert_int_eq(got.syncPolicy, CU_SYNC_POLICY_AUTO);
	OK(CU(cuStreamCopyAttributes)(b, a));
	OK(CU(cuStreamGetAttribute)(b, CU_LAUNCH_ATTRIBUTE_SYNCHRONIZATION_POLICY, &got));
	ck_assert_int_eq(got.syncPolicy, CU_SYNC_POLICY_SPIN);
	value.priority = -4;
	OK(CU(cuStreamSetAttribute)(a, CU_LAUNCH_ATTRIBUTE_PRIORITY, &value));
	OK(CU(cuStreamGetPriority)(a, &priority));
	ck_assert_int_eq(priority, -4);
	IS(CUDA_ERROR_INVALID_VALUE,
	   CU(cuStreamSetAttribute)(a, CU_LAUNCH_ATTRIBUTE_COOPERATIVE, &value));
	OK(CU(cuStreamSetAttribute_ptsz)(NULL, CU_LAUNCH_ATTRIBUTE_PRIORITY, &value));
	OK(CU(cuStreamGetAttribute_ptsz)(NULL, CU_LAUNCH_ATTRIBUTE_PRIORITY, &got));
	ck_assert_int_eq(got.priority, -4);
	OK(CU(cuStreamGetAttribute)(NULL, CU_LAUNCH_ATTRIBUTE_PRIORITY, &got));
	ck_assert_int_eq(got.priority, 0); /* the default stream is another */
	OK(CU(cuStreamCopyAttributes_ptsz)(b, NULL));
	OK(CU(cuStreamGetPriority)(b, &priority));
	ck_assert_int_eq(priority, -4);
}
END_TEST

#define WORD(name, value)                                                                          \
	OK(CU(name)(stream, memory, value, 0));                                                    \
	OK(CU(cuMemcpyDtoH_v2)(&out, memory, sizeof(out)));                                        \
	ck_assert_uint_eq(out, value)

START_TEST(values_are_written_in_stream_order)
{
	CUstreamBatchMemOpParams ops[2] = {
		{ .writeValue = { .operation = CU_STREAM_MEM_OP_WRITE_VALUE_32, .value = 9 } },
		{ .waitValue = { .operation = CU_STREAM_MEM_OP_WAIT_VALUE_32,
				 .value = 9,
				 .flags = CU_STREAM_WAIT_VALUE_EQ } },
	};
	CUdeviceptr memory;
	CUstream stream;
	uint64_t out;

	start_context();
	OK(CU(cuStreamCreate)(&stream, 0));
	OK(CU(cuMemAlloc_v2)(&memory, 4096));
	OK(CU(cuMemsetD8_v2)(memory, 0, 16));
	WORD(cuStreamWriteValue32, 1);
	WORD(cuStreamWriteValue32_v2, 2);
	WORD(cuStreamWriteValue64, UINT64_C(0x123456789a));
	WORD(cuStreamWriteValue64_v2, UINT64_C(0x987654321a));
	WORD(cuStreamWriteValue64_ptsz, UINT64_C(5));
	WORD(cuStreamWriteValue64_v2_ptsz, UINT64_C(6));
	WORD(cuStreamWriteValue32_ptsz, 7);
	WORD(cuStreamWriteValue32_v2_ptsz, 8);
	ops[0].writeValue.address = ops[1].waitValue.address = memory;
	OK(CU(cuStreamBatchMemOp)(stream, 2, ops, 0));
	OK(CU(cuMemcpyDtoH_v2)(&out, memory, sizeof(out)));
	ck_assert_uint_eq(out, 9);
	ops[0].writeValue.value = ops[1].waitValue.value = 10;
	OK(CU(cuStreamBatchMemOp_v2)(stream, 2, ops, 0));
	OK(CU(cuMemcpyDtoH_v2)(&out, memory, sizeof(out)));
	ck_assert_uint_eq(out, 10);
	ops[0].writeValue.value = ops[1].waitValue.value = 11;
	OK(CU(cuStreamBatchMemOp_ptsz)(NULL, 2, ops, 0));
	OK(CU(cuMemcpyDtoH_v2)(&out, memory, sizeof(out)));
	ck_assert_uint_eq(out, 11);
	ops[0].writeValue.value = ops[1].waitValue.value = 10;
	OK(CU(cuStreamBatchMemOp_v2_ptsz)(NULL, 2, ops, 0));
	OK(CU(cuMemcpyDtoH_v2)(&out, memory, sizeof(out)));
	ck_assert_uint_eq(out, 10);
	OK(CU(cuStreamWaitValue32)(stream, memory, 10, CU_STREAM_WAIT_VALUE_EQ));
	OK(CU(cuStreamWaitValue64)(stream, memory, 10, CU_STREAM_WAIT_VALUE_GEQ));
	OK(CU(cuStreamWaitValue32_v2)(stream, memory, 10, CU_STREAM_WAIT_VALUE_AND));
	OK(CU(cuStreamWaitValue64_v2)(stream, memory, 10, CU_STREAM_WAIT_VALUE_NOR));
	OK(CU(cuStreamWaitValue32_ptsz)(stream, memory, 10, 0));
	OK(CU(cuStreamWaitValue64_ptsz)(stream, memory, 10, 0));
	OK(CU(cuStreamWaitValue32_v2_ptsz)(stream, memory, 10, 0));
	OK(CU(cuStreamWaitValue64_v2_ptsz)(stream, memory, 10, 0));
	IS(CUDA_ERROR_INVALID_VALUE, CU(cuStreamWriteValue32_v2)(stream, memory + 1, 1, 0));
	IS(CUDA_ERROR_INVALID_VALUE, CU(cuStreamWriteValue64_v2)(stream, memory + 4092, 1, 0));
	IS(CUDA_ERROR_INVALID_VALUE, CU(cuStreamWaitValue32_v2)(stream, memory, 1, 0x40));
}
END_TEST

static float copy_time(const char *devices)
{
	CUcontext context;
	CUdeviceptr memory;
	CUevent from, to;
	CUstream stream;
	void *host;
	float time;

	client_devices(devices);
	cuda = client_open("libvgpu-cuda.so");
	OK(CU(cuInit)(0));
	OK(CU(cuCtxCreate_v2)(&context, 0, 0));
	OK(CU(cuStreamCreate)(&stream, 0));
	OK(CU(cuEventCreate)(&from, 0));
	OK(CU(cuEventCreate)(&to, 0));
	OK(CU(cuMemAlloc_v2)(&memory, 8 * MIB));
	OK(CU(cuMemAllocHost_v2)(&host, 8 * MIB));
	OK(CU(cuEventRecord)(from, stream));
	OK(CU(cuMemcpyHtoDAsync_v2)(memory, host, 8 * MIB, stream));
	OK(CU(cuEventRecord_ptsz)(to, stream));
	OK(CU(cuEventElapsedTime)(&time, from, to));
	return time;
}

/* No less than the device of the file would have taken: the host may take longer, never shorter. */
START_TEST(a_copy_takes_what_the_bus_of_the_device_takes)
{
	/* 8 MiB over one lane of the first generation, 250 MB a second: 33.5 ms */
	ck_assert_float_ge(copy_time("[device t4]\nattribute.GPU_OVERLAP = 1\npcie_generation = 1\n"
				     "pcie_width = 1\n"),
			   33.0f);
}
END_TEST

START_TEST(a_context_records_and_waits_as_a_whole)
{
	CUcontext context = start_context(), second;
	CUevent event, other;
	float time;

	OK(CU(cuEventCreate)(&event, 0));
	IS(CUDA_ERROR_INVALID_HANDLE, CU(cuEventElapsedTime_v2)(&time, event, event));
	OK(CU(cuCtxRecordEvent)(context, event));
	OK(CU(cuEventElapsedTime_v2)(&time, event, event));
	OK(CU(cuCtxWaitEvent)(context, event));
	OK(CU(cuCtxCreate_v2)(&second, 0, 0));
	OK(CU(cuEventCreate)(&other, 0));
	IS(CUDA_ERROR_INVALID_HANDLE, CU(cuCtxRecordEvent)(context, other));
	IS(CUDA_ERROR_INVALID_CONTEXT, CU(cuCtxWaitEvent)(NULL, other));
}
END_TEST

TCase *stream_tests(void)
{
	TCase *tc = tcase_create("stream");

	tcase_add_test(tc, each_thread_has_a_default_stream_of_its_own);
	tcase_add_test(tc, attributes_are_kept_and_copied);
	tcase_add_test(tc, values_are_written_in_stream_order);
	tcase_add_test(tc, a_copy_takes_what_the_bus_of_the_device_takes);
	tcase_add_test(tc, a_context_records_and_waits_as_a_whole);
	return tc;
}
