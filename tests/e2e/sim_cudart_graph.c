/* SPDX-License-Identifier: Apache-2.0 */
/* The simulated runtime's graphs and captures. */
#include "sim_runtime.h"

static void count_up(void *data)
{
	++*(int *)data;
}

static cudaStream_t stream_new(void)
{
	cudaStream_t stream;

	OK(RT(cudaStreamCreateWithFlags)(&stream, 1));
	return stream;
}

static void launch(cudaGraph_t graph, cudaStream_t stream)
{
	cudaGraphExec_t exec;

	OK(RT(cudaGraphInstantiateWithFlags)(&exec, graph, 0));
	OK(RT(cudaGraphLaunch)(exec, stream));
	OK(RT(cudaGraphExecDestroy)(exec));
}

static size_t nodes_of(cudaGraph_t graph)
{
	size_t count = 0;

	OK(RT(cudaGraphGetNodes)(graph, NULL, &count));
	return count;
}

START_TEST(graphs_are_built_changed_and_launched)
{
	int counted = 0, other = 0;
	cudaHostNodeParams host = { (cudaHostFn_t)count_up, &counted }, got;
	cudaGraphNode_t first, second, third, found, list[4];
	cudaGraphNodeType type;
	cudaGraphExec_t exec;
	cudaGraph_t graph, clone, child;
	unsigned long long flags;
	cudaStream_t stream;
	size_t count = 4;

	start(NULL);
	stream = stream_new();
	OK(RT(cudaGraphCreate)(&graph, 0));
	OK(RT(cudaGraphAddHostNode)(&first, graph, NULL, 0, &host));
	OK(RT(cudaGraphAddEmptyNode)(&second, graph, &first, 1));
	OK(RT(cudaGraphNodeGetType)(second, &type));
	ck_assert_int_eq(type, 5);
	OK(RT(cudaGraphGetRootNodes)(graph, list, &count));
	ck_assert_uint_eq(count, 1);
	ck_assert_ptr_eq(list[0], first);
	OK(RT(cudaGraphClone)(&clone, graph));
	OK(RT(cudaGraphNodeFindInClone)(&found, first, clone));
	OK(RT(cudaGraphHostNodeGetParams)(found, &got));
	ck_assert_ptr_eq(got.userData, &counted);
	OK(RT(cudaGraphCreate)(&child, 0));
	OK(RT(cudaGraphAddHostNode)(&third, child, NULL, 0, &host));
	OK(RT(cudaGraphAddChildGraphNode)(&third, graph, &second, 1, child));
	launch(graph, stream);
	ck_assert_int_eq(counted, 2);
	OK(RT(cudaGraphChildGraphNodeGetGraph)(third, &child));
	ck_assert_uint_eq(nodes_of(child), 1);
	host.userData = &other;
	OK(RT(cudaGraphHostNodeSetParams)(first, &host));
	OK(RT(cudaGraphInstantiate)(&exec, graph, 0));
	OK(RT(cudaGraphExecGetFlags)(exec, &flags));
	ck_assert_uint_eq(flags, 0);
	OK(RT(cudaGraphUpload)(exec, stream));
	OK(RT(cudaGraphLaunch)(exec, stream));
	ck_assert_int_eq(counted, 3);
	ck_assert_int_eq(other, 1);
	host.userData = &counted;
	OK(RT(cudaGraphExecHostNodeSetParams)(exec, first, &host));
	OK(RT(cudaGraphLaunch)(exec, stream));
	ck_assert_int_eq(counted, 5);
	OK(RT(cudaGraphExecChildGraphNodeSetParams)(exec, third, clone));
	OK(RT(cudaGraphLaunch_ptsz)(exec, NULL));
	ck_assert_int_eq(counted, 7);
	OK(RT(cudaGraphUpload_ptsz)(exec, NULL));
	OK(RT(cudaGraphExecDestroy)(exec));
	IS(cudaErrorInvalidValue, RT(cudaGraphLaunch)(exec, stream));
	OK(RT(cudaGraphDestroyNode)(second));
	ck_assert_uint_eq(nodes_of(graph), 2);
	OK(RT(cudaGraphDebugDotPrint)(graph, "/dev/null", 0));
	OK(RT(cudaGraphDestroy)(graph));
	IS(cudaErrorInvalidValue, RT(cudaGraphDestroy)(graph));
}
END_TEST

START_TEST(dependencies_are_added_and_taken_away)
{
	cudaGraphNode_t a, b, from, to;
	cudaGraphEdgeData data = { .from_port = 1 }, back;
	size_t count = 1;
	cudaGraph_t graph;

	start(NULL);
	OK(RT(cudaGraphCreate)(&graph, 0));
	OK(RT(cudaGraphAddEmptyNode)(&a, graph, NULL, 0));
	OK(RT(cudaGraphAddEmptyNode)(&b, graph, NULL, 0));
	OK(V2(cudaGraphAddDependencies)(graph, &a, &b, &data, 1));
	OK(V2(cudaGraphGetEdges)(graph, &from, &to, &back, &count));
	ck_assert_ptr_eq(from, a);
	ck_assert_ptr_eq(to, b);
	ck_assert_uint_eq(back.from_port, 1);
	count = 1;
	OK(V2(cudaGraphNodeGetDependencies)(b, &from, &back, &count));
	ck_assert_ptr_eq(from, a);
	count = 1;
	OK(V2(cudaGraphNodeGetDependentNodes)(a, &to, &back, &count));
	ck_assert_ptr_eq(to, b);
	OK(V2(cudaGraphRemoveDependencies)(graph, &a, &b, &data, 1));
	count = 1;
	OK(V2(cudaGraphGetEdges)(graph, NULL, NULL, NULL, &count));
	ck_assert_uint_eq(count, 0);
#if SIM_CUDART == 12
	OK(RT(cudaGraphAddDependencies)(graph, &a, &b, 1));
	count = 1;
	OK(RT(cudaGraphGetEdges)(graph, &from, &to, &count));
	ck_assert_ptr_eq(to, b);
	OK(RT(cudaGraphNodeGetDependencies)(b, &from, &count));
	ck_assert_ptr_eq(from, a);
	OK(RT(cudaGraphNodeGetDependentNodes)(a, &to, &count));
	ck_assert_ptr_eq(to, b);
	OK(RT(cudaGraphRemoveDependencies)(graph, &a, &b, 1));
	IS(cudaErrorInvalidValue, RT(cudaGraphRemoveDependencies)(graph, &a, &b, 1));
#endif
}
END_TEST

START_TEST(kernels_are_nodes_by_the_address_of_their_stub)
{
	cudaKernelNodeParams params = { .func = &stub_first,
					.gridDim = { 2, 1, 1 },
					.blockDim = { 32, 1, 1 } },
			     got;
	cudaLaunchAttributeValue value = { .priority = -2 }, read;
	cudaGraphNode_t node, other;
	cudaGraphExec_t exec;
	unsigned int enabled;
	cudaGraph_t graph;
	cudaGraphExecUpdateResultInfo info;

	start(NULL);
	register_table();
	OK(RT(cudaGraphCreate)(&graph, 0));
	OK(RT(cudaGraphAddKernelNode)(&node, graph, NULL, 0, &params));
	OK(RT(cudaGraphKernelNodeGetParams)(node, &got));
	ck_assert_ptr_eq(got.func, &stub_first);
	ck_assert_uint_eq(got.gridDim.x, 2);
	params.func = &stub_second;
	OK(RT(cudaGraphKernelNodeSetParams)(node, &params));
	OK(RT(cudaGraphKernelNodeGetParams)(node, &got));
	ck_assert_ptr_eq(got.func, &stub_second);
	OK(RT(cudaGraphAddKernelNode)(&other, graph, &node, 1, &params));
	OK(RT(cudaGraphKernelNodeSetAttribute)(node, cudaLaunchAttributePriority, &value));
	OK(RT(cudaGraphKernelNodeCopyAttributes)(other, node));
	OK(RT(cudaGraphKernelNodeGetAttribute)(other, cudaLaunchAttributePriority, &read));
	ck_assert_int_eq(read.priority, -2);
	OK(RT(cudaGraphInstantiate)(&exec, graph, 0));
	OK(RT(cudaGraphExecKernelNodeSetParams)(exec, node, &params));
	OK(RT(cudaGraphNodeSetEnabled)(exec, node, 0));
	OK(RT(cudaGraphNodeGetEnabled)(exec, node, &enabled));
	ck_assert_uint_eq(enabled, 0);
	OK(RT(cudaGraphExecUpdate)(exec, graph, &info));
	OK(RT(cudaGraphAddEmptyNode)(&other, graph, NULL, 0));
	IS(cudaErrorGraphExecUpdateFailure, RT(cudaGraphExecUpdate)(exec, graph, &info));
	params.func = &enabled;
	IS(cudaErrorInvalidDeviceFunction,
	      RT(cudaGraphAddKernelNode)(&other, graph, NULL, 0, &params));
}
END_TEST

START_TEST(copies_and_sets_are_nodes)
{
	cudaMemsetParams set = { .value = 3, .elementSize = 1, .width = 16, .height = 1 }, got_set;
	unsigned char in[16] = { 1, 2, 3 }, out[16] = { 0 };
	cudaMemcpy3DParms whole = { .extent = { 16, 1, 1 }, .kind = cudaMemcpyDeviceToHost }, got;
	cudaGraphNode_t fill, down, up, to, from;
	cudaGraphExec_t exec;
	cudaStream_t stream;
	cudaGraph_t graph;
	void *memory;

	start(NULL);
	register_table();
	stream = stream_new();
	OK(RT(cudaMalloc)(&memory, 64));
	set.dst = memory;
	whole.srcPtr = (cudaPitchedPtr){ memory, 16, 16, 1 };
	whole.dstPtr = (cudaPitchedPtr){ out, 16, 16, 1 };
	OK(RT(cudaGraphCreate)(&graph, 0));
	OK(RT(cudaGraphAddMemsetNode)(&fill, graph, NULL, 0, &set));
	OK(RT(cudaGraphAddMemcpyNode)(&down, graph, &fill, 1, &whole));
	launch(graph, stream);
	ck_assert_uint_eq(out[15], 3);
	OK(RT(cudaGraphMemcpyNodeGetParams)(down, &got));
	ck_assert_ptr_eq(got.dstPtr.ptr, out);
	ck_assert_int_eq(got.kind, cudaMemcpyDeviceToHost);
	OK(RT(cudaGraphMemsetNodeGetParams)(fill, &got_set));
	ck_assert_uint_eq(got_set.value, 3);
	set.value = 4;
	OK(RT(cudaGraphMemsetNodeSetParams)(fill, &set));
	OK(RT(cudaGraphMemcpyNodeSetParams)(down, &whole));
	OK(RT(cudaGraphInstantiate)(&exec, graph, 0));
	OK(RT(cudaGraphLaunch)(exec, stream));
	ck_assert_uint_eq(out[15], 4);
	set.value = 5;
	OK(RT(cudaGraphExecMemsetNodeSetParams)(exec, fill, &set));
	whole.extent.width = 8;
	OK(RT(cudaGraphExecMemcpyNodeSetParams)(exec, down, &whole));
	OK(RT(cudaGraphLaunch)(exec, stream));
	ck_assert_uint_eq(out[7], 5);
	ck_assert_uint_eq(out[8], 4);
	OK(RT(cudaGraphExecMemcpyNodeSetParams1D)(exec, down, out + 8, memory, 8,
						    cudaMemcpyDeviceToHost));
	OK(RT(cudaGraphLaunch)(exec, stream));
	ck_assert_uint_eq(out[15], 5);

	OK(RT(cudaGraphCreate)(&graph, 0));
	OK(RT(cudaGraphAddMemcpyNode1D)(&up, graph, NULL, 0, memory, in, 16,
					  cudaMemcpyHostToDevice));
	OK(RT(cudaGraphAddMemcpyNodeToSymbol)(&to, graph, &up, 1, &shadow_table, in, 16, 4,
						cudaMemcpyHostToDevice));
	OK(RT(cudaGraphAddMemcpyNodeFromSymbol)(&from, graph, &to, 1, out, &shadow_table, 16, 4,
						  cudaMemcpyDeviceToHost));
	launch(graph, stream);
	ck_assert_mem_eq(in, out, 16);
	in[0] = 77;
	OK(RT(cudaGraphMemcpyNodeSetParams1D)(up, memory, in, 8, cudaMemcpyHostToDevice));
	OK(RT(cudaGraphMemcpyNodeSetParamsToSymbol)(to, &shadow_table, in, 8, 0,
						      cudaMemcpyHostToDevice));
	OK(RT(cudaGraphMemcpyNodeSetParamsFromSymbol)(from, out, &shadow_table, 8, 0,
							cudaMemcpyDeviceToHost));
	OK(RT(cudaGraphInstantiate)(&exec, graph, 0));
	OK(RT(cudaGraphLaunch)(exec, stream));
	ck_assert_uint_eq(out[0], 77);
	in[0] = 78;
	OK(RT(cudaGraphExecMemcpyNodeSetParamsToSymbol)(exec, to, &shadow_table, in, 8, 8,
							  cudaMemcpyHostToDevice));
	OK(RT(cudaGraphExecMemcpyNodeSetParamsFromSymbol)(exec, from, out, &shadow_table, 8, 8,
							    cudaMemcpyDeviceToHost));
	OK(RT(cudaGraphLaunch)(exec, stream));
	ck_assert_uint_eq(out[0], 78);
	IS(cudaErrorInvalidValue,
	      RT(cudaGraphAddMemcpyNodeToSymbol)(&to, graph, NULL, 0, &shadow_table, in, 16, 60,
						 cudaMemcpyHostToDevice));
}
END_TEST

START_TEST(events_memory_and_user_objects_are_the_graphs)
{
	cudaMemAllocNodeParams alloc = { .poolProps = { .allocType = cudaMemAllocationTypePinned,
							.location = { .type = 1, .id = 0 } },
					 .bytesize = 2 * MIB },
			       got;
	cudaGraphNode_t record, wait, node, release;
	unsigned long long used = 1;
	cudaGraphExec_t exec;
	cudaUserObject_t object;
	cudaEvent_t a, b, seen;
	cudaStream_t stream;
	cudaGraph_t graph;
	size_t before;
	void *pointer;
	int gone = 0;
	float time;

	start(NULL);
	stream = stream_new();
	before = free_bytes();
	OK(RT(cudaEventCreate)(&a));
	OK(RT(cudaEventCreate)(&b));
	OK(RT(cudaGraphCreate)(&graph, 0));
	OK(RT(cudaGraphAddEventRecordNode)(&record, graph, NULL, 0, a));
	OK(RT(cudaGraphAddEventWaitNode)(&wait, graph, &record, 1, a));
	OK(RT(cudaGraphAddMemAllocNode)(&node, graph, &wait, 1, &alloc));
	OK(RT(cudaGraphMemAllocNodeGetParams)(node, &got));
	ck_assert_ptr_eq(got.dptr, alloc.dptr);
	OK(RT(cudaGraphAddMemFreeNode)(&release, graph, &node, 1, alloc.dptr));
	OK(RT(cudaGraphMemFreeNodeGetParams)(release, &pointer));
	ck_assert_ptr_eq(pointer, alloc.dptr);
	launch(graph, stream);
	OK(RT(cudaEventElapsedTime)(&time, a, a));
	OK(RT(cudaDeviceGetGraphMemAttribute)(0, 1 /* high mark of what was used */, &used));
	ck_assert_uint_eq(used, 2 * MIB);
	used = 0;
	OK(RT(cudaDeviceSetGraphMemAttribute)(0, 1, &used));
	OK(RT(cudaDeviceGetGraphMemAttribute)(0, 1, &used));
	ck_assert_uint_eq(used, 0);
	ck_assert_uint_lt(free_bytes(), before);
	OK(RT(cudaDeviceGraphMemTrim)(0));
	ck_assert_uint_eq(free_bytes(), before);
	OK(RT(cudaGraphEventRecordNodeGetEvent)(record, &seen));
	ck_assert_ptr_eq(seen, a);
	OK(RT(cudaGraphEventRecordNodeSetEvent)(record, b));
	OK(RT(cudaGraphEventWaitNodeSetEvent)(wait, b));
	OK(RT(cudaGraphEventWaitNodeGetEvent)(wait, &seen));
	ck_assert_ptr_eq(seen, b);
	OK(RT(cudaGraphInstantiate)(&exec, graph, 0));
	OK(RT(cudaGraphExecEventRecordNodeSetEvent)(exec, record, a));
	OK(RT(cudaGraphExecEventWaitNodeSetEvent)(exec, wait, a));
	OK(RT(cudaGraphLaunch)(exec, stream));
	IS(cudaErrorInvalidResourceHandle, RT(cudaEventElapsedTime)(&time, b, b));
	OK(RT(cudaUserObjectCreate)(&object, &gone, (cudaHostFn_t)count_up, 1, 1));
	OK(RT(cudaUserObjectRetain)(object, 1));
	OK(RT(cudaUserObjectRelease)(object, 1));
	OK(RT(cudaGraphRetainUserObject)(graph, object, 1, 1));
	ck_assert_int_eq(gone, 0);
	OK(RT(cudaGraphReleaseUserObject)(graph, object, 1));
	ck_assert_int_eq(gone, 1);
}
END_TEST

START_TEST(nodes_of_any_type_are_added_by_one_call)
{
	cudaGraphNodeParams params = { .type = 3 /* a host function */ };
	cudaGraphInstantiateParams how = { .flags = 0 };
	cudaGraphExec_t exec;
	cudaGraphNode_t node;
	cudaStream_t stream;
	cudaGraph_t graph;
	int n = 0, m = 0;

	start(NULL);
	register_table();
	stream = stream_new();
	params.host.fn = (cudaHostFn_t)count_up;
	params.host.userData = &n;
	OK(RT(cudaGraphCreate)(&graph, 0));
	OK(V2(cudaGraphAddNode)(&node, graph, NULL, NULL, 0, &params));
#if SIM_CUDART == 12
	OK(RT(cudaGraphAddNode)(&node, graph, &node, 1, &params));
#else
	OK(RT(cudaGraphAddNode)(&node, graph, &node, NULL, 1, &params));
#endif
	OK(RT(cudaGraphInstantiateWithParams)(&exec, graph, &how));
	OK(RT(cudaGraphLaunch)(exec, stream));
	ck_assert_int_eq(n, 2);
	params.host.userData = &m;
	OK(RT(cudaGraphExecNodeSetParams)(exec, node, &params));
	OK(RT(cudaGraphLaunch)(exec, stream));
	ck_assert_int_eq(m, 1);
	OK(RT(cudaGraphNodeSetParams)(node, &params));
	OK(RT(cudaGraphInstantiateWithParams_ptsz)(&exec, graph, &how));
	OK(RT(cudaGraphLaunch)(exec, stream));
	ck_assert_int_eq(m, 2);
	params.type = 0; /* a kernel */
	params.kernel = (cudaKernelNodeParamsV2){ .func = &stub_first,
						  .gridDim = { 1, 1, 1 },
						  .blockDim = { 1, 1, 1 } };
	OK(V2(cudaGraphAddNode)(&node, graph, NULL, NULL, 0, &params));
	ck_assert_uint_eq(nodes_of(graph), 3);
}
END_TEST

START_TEST(streams_record_and_are_looked_into)
{
	cudaStreamCaptureMode mode = 2;
	cudaStreamCaptureStatus status;
	const cudaGraphNode_t *tips;
	unsigned long long id;
	cudaGraph_t graph, seen, result;
	cudaStream_t stream, other;
	cudaGraphNode_t extra;
	cudaEvent_t event;
	size_t count;
	int n = 0;

	start(NULL);
	stream = stream_new();
	other = stream_new();
	OK(RT(cudaEventCreateWithFlags)(&event, 2));
	OK(RT(cudaStreamBeginCapture)(stream, 0));
	OK(RT(cudaStreamIsCapturing)(stream, &status));
	ck_assert_int_eq(status, 1);
	OK(RT(cudaLaunchHostFunc)(stream, (cudaHostFn_t)count_up, &n));
	OK(RT(cudaEventRecord)(event, stream));
	OK(RT(cudaStreamWaitEvent)(other, event, 0));
	OK(RT(cudaLaunchHostFunc)(other, (cudaHostFn_t)count_up, &n));
	IS(cudaErrorStreamCaptureUnjoined, RT(cudaStreamEndCapture)(stream, &graph));
	OK(RT(cudaStreamBeginCapture)(stream, 0));
	IS(cudaErrorStreamCaptureUnsupported, RT(cudaStreamSynchronize)(stream));
	IS(cudaErrorStreamCaptureInvalidated, RT(cudaStreamEndCapture)(stream, &graph));
	OK(RT(cudaThreadExchangeStreamCaptureMode)(&mode));
	ck_assert_int_eq(mode, 0);

	OK(RT(cudaGraphCreate)(&graph, 0));
	OK(RT(cudaGraphAddEmptyNode)(&extra, graph, NULL, 0));
	OK(RT(cudaStreamBeginCaptureToGraph)(stream, graph, &extra, NULL, 1, 2));
#if SIM_CUDART == 12
	OK(RT(cudaStreamGetCaptureInfo)(stream, &status, &id));
	OK(RT(cudaStreamGetCaptureInfo_v3)(stream, &status, &id, &seen, &tips, NULL, &count));
	ck_assert_ptr_eq(seen, graph);
	OK(RT(cudaStreamGetCaptureInfo_v2)(stream, &status, &id, &seen, &tips, &count));
#else
	OK(RT(cudaStreamGetCaptureInfo)(stream, &status, &id, &seen, &tips, NULL, &count));
#endif
	ck_assert_ptr_eq(seen, graph);
	ck_assert_uint_eq(count, 1);
	ck_assert_ptr_eq(tips[0], extra);
	OK(RT(cudaLaunchHostFunc)(stream, (cudaHostFn_t)count_up, &n));
#if SIM_CUDART == 12
	OK(RT(cudaStreamUpdateCaptureDependencies)(stream, &extra, 1, 1));
	OK(RT(cudaStreamUpdateCaptureDependencies_v2)(stream, &extra, NULL, 1, 1));
	OK(RT(cudaStreamGetCaptureInfo_v2)(stream, &status, &id, &seen, &tips, &count));
#else
	OK(RT(cudaStreamUpdateCaptureDependencies)(stream, &extra, NULL, 1, 1));
	OK(RT(cudaStreamGetCaptureInfo)(stream, &status, &id, &seen, &tips, NULL, &count));
#endif
	ck_assert_uint_eq(count, 1);
	ck_assert_ptr_eq(tips[0], extra);
	OK(RT(cudaStreamEndCapture)(stream, &result));
	ck_assert_ptr_eq(result, graph);
	ck_assert_uint_eq(nodes_of(graph), 2);
	/* the calling thread's own stream */
	OK(RT(cudaStreamBeginCaptureToGraph_ptsz)(NULL, graph, NULL, NULL, 0, 2));
	OK(RT(cudaGraphAddEmptyNode)(&extra, graph, NULL, 0));
#if SIM_CUDART == 12
	OK(RT(cudaStreamUpdateCaptureDependencies_ptsz)(NULL, &extra, 1, 0));
	OK(RT(cudaStreamUpdateCaptureDependencies_v2_ptsz)(NULL, &extra, NULL, 1, 1));
	OK(RT(cudaStreamGetCaptureInfo_ptsz)(NULL, &status, &id));
	OK(RT(cudaStreamGetCaptureInfo_v2_ptsz)(NULL, &status, &id, &seen, &tips, &count));
	OK(RT(cudaStreamGetCaptureInfo_v3_ptsz)(NULL, &status, &id, &seen, &tips, NULL, &count));
#else
	OK(RT(cudaStreamUpdateCaptureDependencies_ptsz)(NULL, &extra, NULL, 1, 1));
	OK(RT(cudaStreamGetCaptureInfo_ptsz)(NULL, &status, &id, &seen, &tips, NULL, &count));
#endif
	ck_assert_uint_eq(count, 1);
	ck_assert_ptr_eq(tips[0], extra);
	OK(RT(cudaStreamEndCapture_ptsz)(NULL, &graph));
	OK(RT(cudaStreamBeginCapture_ptsz)(NULL, 2));
	OK(RT(cudaLaunchHostFunc_ptsz)(NULL, (cudaHostFn_t)count_up, &n));
	OK(RT(cudaStreamIsCapturing_ptsz)(NULL, &status));
	ck_assert_int_eq(status, 1);
	OK(RT(cudaStreamEndCapture_ptsz)(NULL, &graph));
	ck_assert_uint_eq(nodes_of(graph), 1);
	ck_assert_int_eq(n, 0);
}
END_TEST

TCase *program_graph_tests(void)
{
	TCase *tc = tcase_create("graph");

	tcase_add_test(tc, graphs_are_built_changed_and_launched);
	tcase_add_test(tc, dependencies_are_added_and_taken_away);
	tcase_add_test(tc, kernels_are_nodes_by_the_address_of_their_stub);
	tcase_add_test(tc, copies_and_sets_are_nodes);
	tcase_add_test(tc, events_memory_and_user_objects_are_the_graphs);
	tcase_add_test(tc, nodes_of_any_type_are_added_by_one_call);
	tcase_add_test(tc, streams_record_and_are_looked_into);
	return tc;
}
