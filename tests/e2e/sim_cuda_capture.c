/* SPDX-License-Identifier: Apache-2.0 */
/* The simulated driver's stream capture: what is recorded, what joins, and what ends it. */
#include <pthread.h>

#include "sim_cuda.h"

static CUstream stream_new(unsigned flags)
{
	CUstream stream;

	OK(CU(cuStreamCreate)(&stream, flags));
	return stream;
}

static CUstreamCaptureStatus status_of(CUstream stream)
{
	CUstreamCaptureStatus status;

	OK(CU(cuStreamIsCapturing)(stream, &status));
	return status;
}

static void count_up(void *data)
{
	++*(int *)data;
}

START_TEST(work_of_a_stream_is_recorded_and_done_by_a_launch)
{
	static const char code[] = ".target sm_70\n.entry k(){}\n";
	unsigned char in[64], out[64] = { 0 };
	CUgraphNodeType types[8], wanted[] = { CU_GRAPH_NODE_TYPE_MEMCPY, CU_GRAPH_NODE_TYPE_MEMSET,
					       CU_GRAPH_NODE_TYPE_KERNEL, CU_GRAPH_NODE_TYPE_MEMCPY,
					       CU_GRAPH_NODE_TYPE_HOST };
	CUgraphNode nodes[8];
	CUfunction function;
	CUdeviceptr memory;
	size_t count = 8;
	CUgraphExec exec;
	CUstream stream;
	CUmodule module;
	CUgraph graph;
	int counted = 0;

	start_context();
	stream = stream_new(0);
	memset(in, 3, sizeof(in));
	OK(CU(cuModuleLoadData)(&module, code));
	OK(CU(cuModuleGetFunction)(&function, module, "k"));
	OK(CU(cuMemAlloc_v2)(&memory, 64));
	OK(CU(cuStreamBeginCapture_v2)(stream, CU_STREAM_CAPTURE_MODE_RELAXED));
	ck_assert_int_eq(status_of(stream), CU_STREAM_CAPTURE_STATUS_ACTIVE);
	OK(CU(cuMemcpyHtoDAsync_v2)(memory, in, 64, stream));
	OK(CU(cuMemsetD8Async)(memory, 4, 32, stream));
	OK(CU(cuLaunchKernel)(function, 1, 1, 1, 1, 1, 1, 0, stream, NULL, NULL));
	OK(CU(cuMemcpyDtoHAsync_v2)(out, memory, 64, stream));
	OK(CU(cuLaunchHostFunc)(stream, count_up, &counted));
	OK(CU(cuStreamEndCapture)(stream, &graph));
	ck_assert_int_eq(status_of(stream), CU_STREAM_CAPTURE_STATUS_NONE);
	ck_assert_int_eq(counted, 0);
	ck_assert_uint_eq(out[0], 0);
	OK(CU(cuGraphGetNodes)(graph, nodes, &count));
	ck_assert_uint_eq(count, 5);
	for (size_t i = 0; i < count; i++) {
		OK(CU(cuGraphNodeGetType)(nodes[i], &types[i]));
		ck_assert_int_eq(types[i], wanted[i]);
	}
	OK(CU(cuGraphInstantiateWithFlags)(&exec, graph, 0));
	OK(CU(cuGraphLaunch)(exec, stream));
	ck_assert_int_eq(counted, 1);
	ck_assert_uint_eq(out[0], 4);
	ck_assert_uint_eq(out[32], 3);
	/* a launch while recording becomes a child */
	OK(CU(cuStreamBeginCapture)(stream));
	OK(CU(cuGraphLaunch)(exec, stream));
	ck_assert_int_eq(counted, 1);
	OK(CU(cuStreamEndCapture)(stream, &graph));
	count = 8;
	OK(CU(cuGraphGetNodes)(graph, nodes, &count));
	ck_assert_uint_eq(count, 1);
	OK(CU(cuGraphNodeGetType)(nodes[0], types));
	ck_assert_int_eq(types[0], CU_GRAPH_NODE_TYPE_GRAPH);
	OK(CU(cuGraphInstantiateWithFlags)(&exec, graph, 0));
	OK(CU(cuGraphLaunch)(exec, stream));
	ck_assert_int_eq(counted, 2);
}
END_TEST

START_TEST(events_take_other_streams_into_a_capture_and_back)
{
	CUgraphNode root, roots[2];
	CUevent fork, join, alone;
	size_t count = 2, edges;
	CUstream a, b, c;
	CUgraph graph;
	int n = 0;

	start_context();
	a = stream_new(CU_STREAM_NON_BLOCKING);
	b = stream_new(CU_STREAM_NON_BLOCKING);
	c = stream_new(CU_STREAM_NON_BLOCKING);
	OK(CU(cuEventCreate)(&fork, 0));
	OK(CU(cuEventCreate)(&join, 0));
	OK(CU(cuEventCreate)(&alone, 0));
	OK(CU(cuStreamBeginCapture_v2)(a, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL));
	OK(CU(cuLaunchHostFunc)(a, count_up, &n));
	OK(CU(cuEventRecord)(fork, a));
	IS(CUDA_ERROR_CAPTURED_EVENT, CU(cuEventQuery)(fork));
	IS(CUDA_ERROR_CAPTURED_EVENT, CU(cuEventSynchronize)(fork));
	OK(CU(cuStreamWaitEvent)(b, fork, 0));
	ck_assert_int_eq(status_of(b), CU_STREAM_CAPTURE_STATUS_ACTIVE);
	OK(CU(cuLaunchHostFunc)(b, count_up, &n));
	OK(CU(cuLaunchHostFunc)(a, count_up, &n));
	IS(CUDA_ERROR_STREAM_CAPTURE_UNMATCHED, CU(cuStreamEndCapture)(b, &graph));
	IS(CUDA_ERROR_STREAM_CAPTURE_INVALIDATED, CU(cuStreamEndCapture)(a, &graph));
	ck_assert_ptr_eq(graph, NULL);
	ck_assert_int_eq(status_of(b), CU_STREAM_CAPTURE_STATUS_NONE);

	/* not joined again */
	OK(CU(cuStreamBeginCapture_v2)(a, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL));
	OK(CU(cuLaunchHostFunc)(a, count_up, &n));
	OK(CU(cuEventRecord)(fork, a));
	OK(CU(cuStreamWaitEvent)(b, fork, 0));
	OK(CU(cuLaunchHostFunc)(b, count_up, &n));
	IS(CUDA_ERROR_STREAM_CAPTURE_UNJOINED, CU(cuStreamEndCapture)(a, &graph));

	/* joined: one root, two branches, one end */
	OK(CU(cuStreamBeginCapture_v2)(a, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL));
	OK(CU(cuLaunchHostFunc)(a, count_up, &n));
	OK(CU(cuEventRecordWithFlags)(fork, a, 0));
	OK(CU(cuStreamWaitEvent)(b, fork, 0));
	OK(CU(cuLaunchHostFunc)(b, count_up, &n));
	OK(CU(cuLaunchHostFunc)(a, count_up, &n));
	OK(CU(cuEventRecord)(join, b));
	OK(CU(cuStreamWaitEvent)(a, join, 0));
	OK(CU(cuLaunchHostFunc)(a, count_up, &n));
	OK(CU(cuStreamEndCapture)(a, &graph));
	OK(CU(cuGraphGetRootNodes)(graph, roots, &count));
	ck_assert_uint_eq(count, 1);
	root = roots[0];
	count = 0;
	OK(CU(cuGraphNodeGetDependentNodes)(root, NULL, &count));
	ck_assert_uint_eq(count, 2);
	OK(CU(cuGraphGetEdges)(graph, NULL, NULL, &edges));
	ck_assert_uint_eq(edges, 4);
	ck_assert_int_eq(n, 0);
	OK(CU(cuEventQuery)(fork)); /* its capture is over */

	/* what has nothing to do with it may not be waited for, and ends it */
	OK(CU(cuEventRecord)(alone, c));
	OK(CU(cuStreamBeginCapture_v2)(a, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL));
	IS(CUDA_ERROR_STREAM_CAPTURE_ISOLATION, CU(cuStreamWaitEvent)(a, alone, 0));
	ck_assert_int_eq(status_of(a), CU_STREAM_CAPTURE_STATUS_INVALIDATED);
	IS(CUDA_ERROR_STREAM_CAPTURE_INVALIDATED, CU(cuLaunchHostFunc)(a, count_up, &n));
	IS(CUDA_ERROR_STREAM_CAPTURE_INVALIDATED, CU(cuStreamEndCapture)(a, &graph));
	/* two captures do not become one */
	OK(CU(cuStreamBeginCapture_v2)(a, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL));
	OK(CU(cuStreamBeginCapture_v2)(b, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL));
	OK(CU(cuEventRecord)(fork, a));
	IS(CUDA_ERROR_STREAM_CAPTURE_MERGE, CU(cuStreamWaitEvent)(b, fork, 0));
	IS(CUDA_ERROR_STREAM_CAPTURE_INVALIDATED, CU(cuStreamEndCapture)(a, &graph));
	IS(CUDA_ERROR_STREAM_CAPTURE_INVALIDATED, CU(cuStreamEndCapture)(b, &graph));
}
END_TEST

static void *end_elsewhere(void *context)
{
	CUstream *stream = context;
	CUcontext of;
	CUgraph graph;

	if (CU(cuStreamGetCtx)(*stream, &of) || CU(cuCtxSetCurrent)(of))
		return NULL;
	return (void *)(uintptr_t)CU(cuStreamEndCapture)(*stream, &graph);
}

START_TEST(what_may_not_be_called_while_a_stream_records)
{
	CUstreamCaptureMode mode = CU_STREAM_CAPTURE_MODE_RELAXED;
	CUdeviceptr memory, more;
	CUstream blocking, free;
	pthread_t thread;
	CUgraph graph;
	void *answer;
	char byte = 0;

	start_context();
	blocking = stream_new(0);
	free = stream_new(CU_STREAM_NON_BLOCKING);
	OK(CU(cuMemAlloc_v2)(&memory, 64));
	IS(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED,
	   CU(cuStreamBeginCapture_v2)(NULL, CU_STREAM_CAPTURE_MODE_GLOBAL));
	/* asking it whether it is done */
	OK(CU(cuStreamBeginCapture_v2)(free, CU_STREAM_CAPTURE_MODE_GLOBAL));
	IS(CUDA_ERROR_ILLEGAL_STATE,
	   CU(cuStreamBeginCapture_v2)(free, CU_STREAM_CAPTURE_MODE_GLOBAL));
	IS(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, CU(cuStreamQuery)(free));
	IS(CUDA_ERROR_STREAM_CAPTURE_INVALIDATED, CU(cuStreamEndCapture)(free, &graph));
	IS(CUDA_ERROR_ILLEGAL_STATE, CU(cuStreamEndCapture)(free, &graph));
	/* the default stream, which waits for every blocking one */
	OK(CU(cuStreamBeginCapture_v2)(blocking, CU_STREAM_CAPTURE_MODE_RELAXED));
	IS(CUDA_ERROR_STREAM_CAPTURE_IMPLICIT, CU(cuMemcpyDtoH_v2)(&byte, memory, 1));
	IS(CUDA_ERROR_STREAM_CAPTURE_INVALIDATED, CU(cuStreamEndCapture)(blocking, &graph));
	OK(CU(cuStreamBeginCapture_v2)(blocking, CU_STREAM_CAPTURE_MODE_RELAXED));
	IS(CUDA_ERROR_STREAM_CAPTURE_IMPLICIT, CU(cuMemsetD8Async)(memory, 0, 1, NULL));
	IS(CUDA_ERROR_STREAM_CAPTURE_INVALIDATED, CU(cuStreamEndCapture)(blocking, &graph));
	/* but not for those that do not block */
	OK(CU(cuStreamBeginCapture_v2)(free, CU_STREAM_CAPTURE_MODE_RELAXED));
	OK(CU(cuMemcpyDtoH_v2)(&byte, memory, 1));
	OK(CU(cuStreamEndCapture)(free, &graph));
	/* allocation, unless the capture or the thread is relaxed */
	OK(CU(cuStreamBeginCapture_v2)(free, CU_STREAM_CAPTURE_MODE_RELAXED));
	OK(CU(cuMemAlloc_v2)(&more, 64));
	OK(CU(cuStreamEndCapture)(free, &graph));
	OK(CU(cuStreamBeginCapture_v2)(free, CU_STREAM_CAPTURE_MODE_GLOBAL));
	OK(CU(cuThreadExchangeStreamCaptureMode)(&mode));
	ck_assert_int_eq(mode, CU_STREAM_CAPTURE_MODE_GLOBAL);
	OK(CU(cuMemFree_v2)(more));
	OK(CU(cuThreadExchangeStreamCaptureMode)(&mode));
	ck_assert_int_eq(mode, CU_STREAM_CAPTURE_MODE_RELAXED);
	IS(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, CU(cuMemAlloc_v2)(&more, 64));
	IS(CUDA_ERROR_STREAM_CAPTURE_INVALIDATED, CU(cuStreamEndCapture)(free, &graph));
	/* only the thread that began it ends it */
	OK(CU(cuStreamBeginCapture_v2)(free, CU_STREAM_CAPTURE_MODE_GLOBAL));
	ck_assert_int_eq(pthread_create(&thread, NULL, end_elsewhere, &free), 0);
	ck_assert_int_eq(pthread_join(thread, &answer), 0);
	ck_assert_int_eq((int)(uintptr_t)answer, CUDA_ERROR_STREAM_CAPTURE_WRONG_THREAD);
	OK(CU(cuStreamEndCapture)(free, &graph));
	/* a stream that goes takes its capture along */
	OK(CU(cuStreamBeginCapture_v2)(free, CU_STREAM_CAPTURE_MODE_GLOBAL));
	OK(CU(cuStreamDestroy_v2)(free));
	OK(CU(cuMemAlloc_v2)(&more, 64));
}
END_TEST

START_TEST(a_capture_is_looked_into_and_steered)
{
	const CUgraphNode *tips;
	const CUgraphEdgeData *data;
	CUstreamCaptureStatus status;
	cuuint64_t id, other;
	CUgraphNode extra, node, list[8];
	CUgraph graph, seen, result;
	size_t count;
	CUstream stream;
	int n = 0;

	start_context();
	stream = stream_new(CU_STREAM_NON_BLOCKING);
	OK(CU(cuStreamGetCaptureInfo)(stream, &status, &id));
	ck_assert_int_eq(status, CU_STREAM_CAPTURE_STATUS_NONE);
	OK(CU(cuGraphCreate)(&graph, 0));
	OK(CU(cuGraphAddEmptyNode)(&node, graph, NULL, 0));
	OK(CU(cuStreamBeginCaptureToGraph)(stream, graph, &node, NULL, 1,
					   CU_STREAM_CAPTURE_MODE_RELAXED));
	OK(CU(cuStreamGetCaptureInfo_v2)(stream, &status, &id, &seen, &tips, &count));
	ck_assert_ptr_eq(seen, graph);
	ck_assert_uint_eq(count, 1);
	ck_assert_ptr_eq(tips[0], node);
	OK(CU(cuLaunchHostFunc)(stream, count_up, &n));
	OK(CU(cuGraphAddEmptyNode)(&extra, graph, NULL, 0));
	OK(CU(cuStreamUpdateCaptureDependencies)(stream, &extra, 1,
						 CU_STREAM_ADD_CAPTURE_DEPENDENCIES));
	OK(CU(cuStreamGetCaptureInfo_v3)(stream, &status, &other, &seen, &tips, &data, &count));
	ck_assert_uint_eq(other, id);
	ck_assert_uint_eq(count, 2);
	ck_assert_ptr_eq(tips[1], extra);
	OK(CU(cuStreamUpdateCaptureDependencies_v2)(stream, &extra, NULL, 1,
						    CU_STREAM_SET_CAPTURE_DEPENDENCIES));
	OK(CU(cuStreamGetCaptureInfo_v2)(stream, &status, NULL, NULL, &tips, &count));
	ck_assert_uint_eq(count, 1);
	OK(CU(cuStreamEndCapture)(stream, &result));
	ck_assert_ptr_eq(result, graph);
	count = 8;
	OK(CU(cuGraphGetNodes)(graph, list, &count));
	ck_assert_uint_eq(count, 3);
	IS(CUDA_ERROR_ILLEGAL_STATE, CU(cuStreamUpdateCaptureDependencies)(stream, &extra, 1, 0));
	/* a capture into the program's graph that fails leaves the graph */
	OK(CU(cuStreamBeginCaptureToGraph)(stream, graph, NULL, NULL, 0,
					   CU_STREAM_CAPTURE_MODE_RELAXED));
	IS(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, CU(cuStreamSynchronize)(stream));
	IS(CUDA_ERROR_STREAM_CAPTURE_INVALIDATED, CU(cuStreamEndCapture)(stream, &result));
	count = 8;
	OK(CU(cuGraphGetNodes)(graph, list, &count));
}
END_TEST

START_TEST(each_threads_own_stream_records_by_itself)
{
	CUstreamCaptureStatus status;
	unsigned long long own, legacy;
	CUgraphNode nodes[4];
	size_t count = 4;
	CUdeviceptr memory;
	CUgraph graph;
	char out[16];

	start_context();
	OK(CU(cuMemAlloc_v2)(&memory, 64));
	OK(CU(cuStreamGetId)(NULL, &legacy));
	OK(CU(cuStreamGetId_ptsz)(NULL, &own));
	ck_assert_uint_ne(own, legacy);
	/* stream 0 of a _ptsz call is the thread's own, which can record; the default one cannot */
	OK(CU(cuStreamBeginCapture_v2_ptsz)(NULL, CU_STREAM_CAPTURE_MODE_RELAXED));
	OK(CU(cuStreamIsCapturing_ptsz)(NULL, &status));
	ck_assert_int_eq(status, CU_STREAM_CAPTURE_STATUS_ACTIVE);
	OK(CU(cuMemcpyDtoHAsync_v2_ptsz)(out, memory, 16, NULL));
	OK(CU(cuMemcpyHtoDAsync_v2_ptsz)(memory, out, 16, NULL));
	OK(CU(cuMemsetD8Async_ptsz)(memory, 1, 16, NULL));
	OK(CU(cuMemsetD16Async_ptsz)(memory, 1, 8, NULL));
	OK(CU(cuMemsetD32Async_ptsz)(memory, 1, 4, (CUstream)(uintptr_t)2));
	OK(CU(cuStreamEndCapture_ptsz)((CUstream)(uintptr_t)2, &graph));
	OK(CU(cuGraphGetNodes)(graph, NULL, &count));
	ck_assert_uint_eq(count, 5);
	(void)nodes;
}
END_TEST

TCase *capture_tests(void)
{
	TCase *tc = tcase_create("capture");

	tcase_add_test(tc, work_of_a_stream_is_recorded_and_done_by_a_launch);
	tcase_add_test(tc, events_take_other_streams_into_a_capture_and_back);
	tcase_add_test(tc, what_may_not_be_called_while_a_stream_records);
	tcase_add_test(tc, a_capture_is_looked_into_and_steered);
	tcase_add_test(tc, each_threads_own_stream_records_by_itself);
	return tc;
}
