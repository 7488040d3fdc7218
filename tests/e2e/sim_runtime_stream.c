/* SPDX-License-Identifier: Apache-2.0 */
/* The simulated runtime's streams, events and captures. */
#include <string.h>

#include "sim_runtime.h"

/* Streams that are no pointers. */
#define LEGACY ((cudaStream_t)(uintptr_t)1)
#define OWN ((cudaStream_t)(uintptr_t)2)

static char order[64];

static void first(void *text)
{
	strcat(order, text);
}

static void later(cudaStream_t stream, cudaError_t error, void *text)
{
	(void)stream;
	strcat(order, error == cudaSuccess ? text : "error");
}

START_TEST(a_stream_is_what_it_was_made_as)
{
	unsigned long long id, other;
	int priority, device, least, greatest;
	cudaStream_t a, b, c;
	unsigned flags;

	start(NULL);
	OK(RT(cudaDeviceGetStreamPriorityRange)(&least, &greatest));
	OK(RT(cudaStreamCreate)(&a));
	OK(RT(cudaStreamCreateWithFlags)(&b, 1));
	OK(RT(cudaStreamCreateWithPriority)(&c, 1, greatest));
	OK(RT(cudaStreamGetFlags)(a, &flags));
	ck_assert_uint_eq(flags, 0);
	OK(RT(cudaStreamGetFlags_ptsz)(b, &flags));
	ck_assert_uint_eq(flags, 1);
	OK(RT(cudaStreamGetPriority)(c, &priority));
	ck_assert_int_eq(priority, greatest);
	OK(RT(cudaStreamGetPriority_ptsz)(a, &priority));
	ck_assert_int_eq(priority, 0);
	OK(RT(cudaStreamGetId)(a, &id));
	OK(RT(cudaStreamGetId)(b, &other));
	ck_assert_uint_ne(id, other);
	OK(RT(cudaStreamGetId_ptsz)(NULL, &other));
	OK(RT(cudaStreamGetId)(LEGACY, &id));
	ck_assert_uint_ne(id, other); /* no stream there is the thread's own */
	OK(RT(cudaStreamGetId)(OWN, &id));
	ck_assert_uint_eq(id, other);
	OK(RT(cudaStreamGetDevice)(c, &device));
	ck_assert_int_eq(device, 0);
	OK(RT(cudaStreamQuery)(a));
	OK(RT(cudaStreamQuery_ptsz)(NULL));
	OK(RT(cudaStreamDestroy)(a));
	IS(cudaErrorInvalidResourceHandle, RT(cudaStreamQuery)(a));
	IS(cudaErrorInvalidResourceHandle, RT(cudaStreamDestroy)(a));
	IS(cudaErrorInvalidValue, RT(cudaStreamCreateWithFlags)(&a, 0x40));
}
END_TEST

START_TEST(work_is_done_in_the_order_of_its_stream)
{
	cudaStream_t stream;
	cudaEvent_t event;
	char *memory, host[8] = "abc", back[8];

	start(NULL);
	OK(RT(cudaStreamCreate)(&stream));
	OK(RT(cudaEventCreateWithFlags)(&event, 2 /* without time */));
	memory = filled(8, 0);
	OK(RT(cudaMemcpyAsync)(memory, host, 8, cudaMemcpyHostToDevice, stream));
	OK(RT(cudaLaunchHostFunc)(stream, first, "one "));
	OK(RT(cudaStreamAddCallback)(stream, later, "two ", 0));
	OK(RT(cudaEventRecord)(event, stream));
	OK(RT(cudaStreamWaitEvent)(OWN, event, 0));
	OK(RT(cudaStreamWaitEvent_ptsz)(NULL, event, 0));
	OK(RT(cudaMemcpyAsync)(back, memory, 8, cudaMemcpyDeviceToHost, OWN));
	OK(RT(cudaLaunchHostFunc_ptsz)(NULL, first, "three "));
	OK(RT(cudaStreamAddCallback_ptsz)(NULL, later, "four", 0));
	OK(RT(cudaStreamSynchronize)(stream));
	OK(RT(cudaStreamSynchronize_ptsz)(NULL));
	ck_assert_str_eq(back, "abc");
	ck_assert_str_eq(order, "one two three four");
	IS(cudaErrorInvalidValue, RT(cudaLaunchHostFunc)(stream, NULL, NULL));
	IS(cudaErrorInvalidResourceHandle, RT(cudaStreamWaitEvent)(stream, NULL, 0));
}
END_TEST

START_TEST(events_tell_the_time_between_them)
{
	cudaEvent_t begin, end, untimed, never;
	cudaStream_t stream;
	float ms = -1;

	start(NULL);
	OK(RT(cudaStreamCreate)(&stream));
	OK(RT(cudaEventCreate)(&begin));
	OK(RT(cudaEventCreate)(&end));
	OK(RT(cudaEventCreate)(&never));
	OK(RT(cudaEventCreateWithFlags)(&untimed, 2));
	OK(RT(cudaEventRecord)(begin, stream));
	OK(RT(cudaEventRecordWithFlags)(end, stream, 0));
	OK(RT(cudaEventSynchronize)(end));
	OK(RT(cudaEventQuery)(end));
	OK(RT(cudaEventElapsedTime)(&ms, begin, end));
	ck_assert(ms >= 0);
	OK(RT(cudaEventRecord_ptsz)(begin, NULL));
	ms = 1;
	OK(RT(cudaEventElapsedTime)(&ms, begin, end));
	ck_assert(ms <= 0); /* it was recorded again, after the end */
#if SIM_CUDART == 12
	{
		float same = 1;

		OK(RT(cudaEventElapsedTime_v2)(&same, begin, end));
		ck_assert(same == ms);
	}
#endif
	OK(RT(cudaEventRecordWithFlags_ptsz)(untimed, NULL, 0));
	IS(cudaErrorInvalidResourceHandle, RT(cudaEventElapsedTime)(&ms, begin, untimed));
	IS(cudaErrorInvalidResourceHandle, RT(cudaEventElapsedTime)(&ms, begin, never));
	OK(RT(cudaEventDestroy)(end));
	IS(cudaErrorInvalidResourceHandle, RT(cudaEventQuery)(end));
	IS(cudaErrorInvalidResourceHandle, RT(cudaEventDestroy)(end));
	IS(cudaErrorInvalidValue, RT(cudaEventCreateWithFlags)(&end, 0x80));
}
END_TEST

START_TEST(a_capture_records_and_does_nothing)
{
	cudaStreamCaptureMode mode = cudaStreamCaptureModeRelaxed;
	cudaStreamCaptureStatus status;
	const cudaGraphNode_t *last;
	unsigned long long id;
	cudaGraph_t graph, of;
	cudaStream_t stream, joined;
	cudaEvent_t event;
	size_t count;
	void *memory;

	start(NULL);
	memory = filled(64, 1);
	OK(RT(cudaStreamCreateWithFlags)(&stream, 1));
	OK(RT(cudaStreamCreateWithFlags)(&joined, 1));
	OK(RT(cudaEventCreateWithFlags)(&event, 2));
	OK(RT(cudaThreadExchangeStreamCaptureMode)(&mode));
	ck_assert_int_eq(mode, cudaStreamCaptureModeGlobal);
	OK(RT(cudaThreadExchangeStreamCaptureMode)(&mode));
	ck_assert_int_eq(mode, cudaStreamCaptureModeRelaxed);
	OK(RT(cudaStreamBeginCapture)(stream, cudaStreamCaptureModeGlobal));
	OK(RT(cudaStreamIsCapturing)(stream, &status));
	ck_assert_int_eq(status, cudaStreamCaptureStatusActive);
	OK(RT(cudaMemsetAsync)(memory, 2, 64, stream));
	OK(RT(cudaEventRecord)(event, stream));
	OK(RT(cudaStreamWaitEvent)(joined, event, 0)); /* drawn into the capture */
	OK(RT(cudaStreamIsCapturing_ptsz)(joined, &status));
	ck_assert_int_eq(status, cudaStreamCaptureStatusActive);
	OK(RT(cudaMemsetAsync)(memory, 3, 64, joined));
	IS(cudaErrorStreamCaptureUnsupported, RT(cudaStreamSynchronize)(stream));
	OK(RT(cudaGetLastError)() == cudaErrorStreamCaptureUnsupported ? cudaSuccess : 1);
	OK(RT(cudaStreamIsCapturing)(stream, &status));
	ck_assert_int_eq(status, cudaStreamCaptureStatusInvalidated);
	IS(cudaErrorStreamCaptureInvalidated, RT(cudaStreamEndCapture)(stream, &graph));
	/* once more, and well */
	OK(RT(cudaStreamBeginCapture)(stream, cudaStreamCaptureModeThreadLocal));
	OK(RT(cudaMemsetAsync)(memory, 2, 64, stream));
#if SIM_CUDART == 12
	OK(RT(cudaStreamGetCaptureInfo)(stream, &status, &id));
	ck_assert_int_eq(status, cudaStreamCaptureStatusActive);
	OK(RT(cudaStreamGetCaptureInfo_v2)(stream, &status, &id, &of, &last, &count));
	ck_assert_uint_eq(count, 1);
	OK(RT(cudaStreamGetCaptureInfo_v2_ptsz)(stream, &status, &id, &of, &last, &count));
	OK(RT(cudaStreamGetCaptureInfo_v3)(stream, &status, &id, &of, &last, NULL, &count));
	OK(RT(cudaStreamGetCaptureInfo_v3_ptsz)(stream, &status, &id, &of, &last, NULL, &count));
	OK(RT(cudaStreamGetCaptureInfo_ptsz)(NULL, &status, &id));
	ck_assert_int_eq(status, cudaStreamCaptureStatusNone);
#else
	OK(RT(cudaStreamGetCaptureInfo)(stream, &status, &id, &of, &last, NULL, &count));
	ck_assert_int_eq(status, cudaStreamCaptureStatusActive);
	OK(RT(cudaStreamGetCaptureInfo_ptsz)(NULL, &status, NULL, NULL, NULL, NULL, NULL));
	ck_assert_int_eq(status, cudaStreamCaptureStatusNone);
#endif
	ck_assert_uint_eq(count, 1);
	/* without the first, the second node has nothing to wait for */
#if SIM_CUDART == 12
	OK(RT(cudaStreamUpdateCaptureDependencies)(stream, NULL, 0, 1));
	OK(RT(cudaStreamUpdateCaptureDependencies_ptsz)(stream, NULL, 0, 1));
	OK(RT(cudaStreamUpdateCaptureDependencies_v2)(stream, NULL, NULL, 0, 1));
	OK(RT(cudaStreamUpdateCaptureDependencies_v2_ptsz)(stream, NULL, NULL, 0, 1));
#else
	OK(RT(cudaStreamUpdateCaptureDependencies)(stream, NULL, NULL, 0, 1));
	OK(RT(cudaStreamUpdateCaptureDependencies_ptsz)(stream, NULL, NULL, 0, 1));
#endif
	OK(RT(cudaMemsetAsync)((char *)memory + 32, 4, 32, stream));
	OK(RT(cudaStreamEndCapture)(stream, &graph));
	count = 0;
	OK(RT(cudaGraphGetRootNodes)(graph, NULL, &count));
	ck_assert_uint_eq(count, 2);
	ck_assert(is_filled(memory, 64, 1)); /* nothing was done */
	/* the stream without a handle, and into a graph that is there */
	OK(RT(cudaStreamBeginCapture_ptsz)(NULL, cudaStreamCaptureModeRelaxed));
	OK(RT(cudaStreamEndCapture_ptsz)(NULL, &of));
	OK(RT(cudaGraphDestroy)(of));
	OK(RT(cudaStreamBeginCaptureToGraph)(stream, graph, NULL, NULL, 0,
					     cudaStreamCaptureModeRelaxed));
	OK(RT(cudaMemsetAsync)(memory, 5, 1, stream));
	OK(RT(cudaStreamEndCapture)(stream, &of));
	ck_assert_ptr_eq(of, graph);
	OK(RT(cudaStreamBeginCaptureToGraph_ptsz)(NULL, graph, NULL, NULL, 0,
						  cudaStreamCaptureModeRelaxed));
	OK(RT(cudaMemsetAsync_ptsz)(memory, 6, 1, NULL));
	OK(RT(cudaStreamEndCapture_ptsz)(NULL, &of));
	OK(RT(cudaGraphGetNodes)(graph, NULL, &count));
	ck_assert_uint_eq(count, 4);
	OK(RT(cudaGraphDestroy)(graph));
	IS(cudaErrorStreamCaptureUnsupported, RT(cudaStreamBeginCapture)(NULL, mode));
	ck_assert_int_ne(RT(cudaStreamEndCapture)(stream, &of), cudaSuccess);
}
END_TEST

START_TEST(attributes_of_a_stream_are_kept_and_copied)
{
	cudaLaunchAttributeValue value;
	cudaStream_t a, b;

	start(NULL);
	OK(RT(cudaStreamCreate)(&a));
	OK(RT(cudaStreamCreate)(&b));
	memset(&value, 0, sizeof(value));
	value.syncPolicy = cudaSyncPolicyYield;
	OK(RT(cudaStreamSetAttribute)(a, cudaLaunchAttributeSynchronizationPolicy, &value));
	memset(&value, 0, sizeof(value));
	OK(RT(cudaStreamCopyAttributes)(b, a));
	OK(RT(cudaStreamGetAttribute)(b, cudaLaunchAttributeSynchronizationPolicy, &value));
	ck_assert_int_eq(value.syncPolicy, cudaSyncPolicyYield);
	value.syncPolicy = cudaSyncPolicySpin;
	OK(RT(cudaStreamSetAttribute_ptsz)(a, cudaLaunchAttributeSynchronizationPolicy, &value));
	OK(RT(cudaStreamCopyAttributes_ptsz)(b, a));
	memset(&value, 0, sizeof(value));
	OK(RT(cudaStreamGetAttribute_ptsz)(b, cudaLaunchAttributeSynchronizationPolicy, &value));
	ck_assert_int_eq(value.syncPolicy, cudaSyncPolicySpin);
	IS(cudaErrorInvalidValue, RT(cudaStreamGetAttribute)(a, (cudaLaunchAttributeID)99, &value));
}
END_TEST

TCase *stream_tests(void)
{
	TCase *tc = tcase_create("stream");

	tcase_add_test(tc, a_stream_is_what_it_was_made_as);
	tcase_add_test(tc, work_is_done_in_the_order_of_its_stream);
	tcase_add_test(tc, events_tell_the_time_between_them);
	tcase_add_test(tc, a_capture_records_and_does_nothing);
	tcase_add_test(tc, attributes_of_a_stream_are_kept_and_copied);
	return tc;
}
