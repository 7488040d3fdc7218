/* SPDX-License-Identifier: Apache-2.0 */
/* The simulated runtime's nodes of graphs: each kind says what it was given, and does it. */
#include <string.h>

#include "sim_runtime.h"

static cudaGraph_t graph;
static cudaStream_t stream;

static void start_graph(void)
{
	start(NULL);
	OK(RT(cudaStreamCreate)(&stream));
	OK(RT(cudaGraphCreate)(&graph, 0));
}

static cudaGraphExec_t made(void)
{
	cudaGraphExec_t exec;

	OK(RT(cudaGraphInstantiate)(&exec, graph, 0));
	return exec;
}

static void launch(cudaGraphExec_t exec)
{
	OK(RT(cudaGraphLaunch)(exec, stream));
	OK(RT(cudaStreamSynchronize)(stream));
}

static int called;
static void host_function(void *data)
{
	called += *(int *)data;
}

START_TEST(host_functions_are_called_with_what_they_were_last_given)
{
	int one = 1, ten = 10;
	cudaHostNodeParams params = { .fn = host_function, .userData = &one }, told;
	cudaGraphNode_t node;
	cudaGraphExec_t exec;

	start_graph();
	OK(RT(cudaGraphAddHostNode)(&node, graph, NULL, 0, &params));
	OK(RT(cudaGraphHostNodeGetParams)(node, &told));
	ck_assert_ptr_eq(told.userData, &one);
	exec = made();
	launch(exec);
	ck_assert_int_eq(called, 1);
	params.userData = &ten;
	OK(RT(cudaGraphExecHostNodeSetParams)(exec, node, &params));
	launch(exec);
	ck_assert_int_eq(called, 11);
	OK(RT(cudaGraphHostNodeSetParams)(node, &params));
	OK(RT(cudaGraphHostNodeGetParams)(node, &told));
	ck_assert_ptr_eq(told.userData, &ten);
	IS(cudaErrorInvalidValue, RT(cudaGraphAddHostNode)(&node, graph, NULL, 0, NULL));
}
END_TEST

START_TEST(sets_fill_what_they_were_last_given)
{
	cudaMemsetParams params = { .value = 1, .elementSize = 1, .width = 32, .height = 1 }, told;
	cudaGraphNode_t node;
	cudaGraphExec_t exec;
	char *memory;

	start_graph();
	params.dst = memory = filled(64, 0);
	OK(RT(cudaGraphAddMemsetNode)(&node, graph, NULL, 0, &params));
	exec = made();
	launch(exec);
	ck_assert(is_filled(memory, 32, 1));
	ck_assert(is_filled(memory + 32, 32, 0));
	params.dst = memory + 32;
	params.value = 2;
	OK(RT(cudaGraphExecMemsetNodeSetParams)(exec, node, &params));
	launch(exec);
	ck_assert(is_filled(memory + 32, 32, 2));
	OK(RT(cudaGraphMemsetNodeGetParams)(node, &told));
	ck_assert_ptr_eq(told.dst, memory);
	OK(RT(cudaGraphMemsetNodeSetParams)(node, &params));
	OK(RT(cudaGraphMemsetNodeGetParams)(node, &told));
	ck_assert_ptr_eq(told.dst, memory + 32);
	ck_assert_uint_eq(told.value, 2);
}
END_TEST

START_TEST(copies_are_said_in_four_ways_and_are_one)
{
	cudaMemcpy3DParms params, told;
	char from[64], to[64];
	int values[4] = { 1, 2, 3, 4 }, more[4] = { 5, 6, 7, 8 }, back[4];
	cudaGraphNode_t node, symbol, from_symbol;
	cudaGraphExec_t exec;
	void *memory;

	start_graph();
	register_code();
	memory = filled(64, 0x11);
	params = (cudaMemcpy3DParms){
		.srcPtr = { memory, 64, 64, 1 },
		.dstPtr = { to, 64, 64, 1 },
		.extent = { 64, 1, 1 },
		.kind = cudaMemcpyDeviceToHost,
	};
	memset(from, 0x22, sizeof(from));
	OK(RT(cudaGraphAddMemcpyNode)(&node, graph, NULL, 0, &params));
	OK(RT(cudaGraphMemcpyNodeGetParams)(node, &told));
	ck_assert_ptr_eq(told.srcPtr.ptr, memory);
	ck_assert_ptr_eq(told.dstPtr.ptr, to);
	ck_assert_int_eq(told.kind, cudaMemcpyDeviceToHost);
	exec = made();
	launch(exec);
	ck_assert_int_eq(to[63], 0x11);
	params.extent.width = 32;
	OK(RT(cudaMemset)(memory, 0x33, 64));
	OK(RT(cudaGraphExecMemcpyNodeSetParams)(exec, node, &params));
	launch(exec);
	ck_assert_int_eq(to[31], 0x33);
	ck_assert_int_eq(to[32], 0x11);
	OK(RT(cudaGraphExecMemcpyNodeSetParams1D)(exec, node, to + 32, memory, 8,
						  cudaMemcpyDeviceToHost));
	launch(exec);
	ck_assert_int_eq(to[39], 0x33);
	ck_assert_int_eq(to[40], 0x11);
	OK(RT(cudaGraphMemcpyNodeSetParams)(node, &params));
	OK(RT(cudaGraphMemcpyNodeGetParams)(node, &told));
	ck_assert_uint_eq(told.extent.width, 32);
	OK(RT(cudaGraphMemcpyNodeSetParams1D)(node, to, memory, 16, cudaMemcpyDeviceToHost));
	OK(RT(cudaGraphMemcpyNodeGetParams)(node, &told));
	ck_assert_uint_eq(told.extent.width, 16);
	OK(RT(cudaGraphExecDestroy)(exec));
	/* into a variable and out of it */
	OK(RT(cudaGraphDestroyNode)(node));
	OK(RT(cudaGraphAddMemcpyNode1D)(&node, graph, NULL, 0, memory, from, 64,
					cudaMemcpyHostToDevice));
	OK(RT(cudaGraphAddMemcpyNodeToSymbol)(&symbol, graph, &node, 1, table_shadow, values, 16, 4,
					      cudaMemcpyHostToDevice));
	OK(RT(cudaGraphAddMemcpyNodeFromSymbol)(&from_symbol, graph, &symbol, 1, back, table_shadow,
						16, 4, cudaMemcpyDeviceToHost));
	exec = made();
	launch(exec);
	ck_assert(is_filled(memory, 64, 0x22));
	ck_assert_mem_eq(back, values, 16);
	OK(RT(cudaGraphExecMemcpyNodeSetParamsToSymbol)(exec, symbol, table_shadow, more, 16, 8,
							cudaMemcpyHostToDevice));
	OK(RT(cudaGraphExecMemcpyNodeSetParamsFromSymbol)(exec, from_symbol, back, table_shadow, 8,
							  8, cudaMemcpyDeviceToHost));
	launch(exec);
	ck_assert_int_eq(back[0], 5);
	ck_assert_int_eq(back[1], 6);
	ck_assert_int_eq(back[2], 3);
	OK(RT(cudaGraphMemcpyNodeSetParamsToSymbol)(symbol, table_shadow, more, 4, 0,
						    cudaMemcpyHostToDevice));
	OK(RT(cudaGraphMemcpyNodeGetParams)(symbol, &told));
	ck_assert_uint_eq(told.extent.width, 4);
	ck_assert_ptr_eq(told.srcPtr.ptr, more);
	OK(RT(cudaGraphMemcpyNodeSetParamsFromSymbol)(from_symbol, back, table_shadow, 4, 0,
						      cudaMemcpyDeviceToHost));
	OK(RT(cudaGraphMemcpyNodeGetParams)(from_symbol, &told));
	ck_assert_ptr_eq(told.dstPtr.ptr, back);
	IS(cudaErrorInvalidSymbol,
	   RT(cudaGraphAddMemcpyNodeToSymbol)(&node, graph, NULL, 0, values, values, 4, 0,
					      cudaMemcpyHostToDevice));
	IS(cudaErrorInvalidValue,
	   RT(cudaGraphAddMemcpyNodeToSymbol)(&node, graph, NULL, 0, table_shadow, values, 16, 1020,
					      cudaMemcpyHostToDevice));
}
END_TEST

START_TEST(kernels_are_known_by_their_stubs)
{
	int number = 3;
	void *pointer = NULL, *arguments[] = { &number, &pointer };
	cudaKernelNodeParams params = {
		.func = &first_stub,
		.gridDim = { 4, 1, 1 },
		.blockDim = { 32, 1, 1 },
		.kernelParams = arguments,
	};
	cudaLaunchAttributeValue value;
	cudaKernelNodeParams told;
	cudaGraphNode_t node, twin;
	cudaGraphNodeType type;
	cudaGraphExec_t exec;

	start_graph();
	register_code();
	OK(RT(cudaGraphAddKernelNode)(&node, graph, NULL, 0, &params));
	OK(RT(cudaGraphNodeGetType)(node, &type));
	ck_assert_int_eq(type, cudaGraphNodeTypeKernel);
	OK(RT(cudaGraphKernelNodeGetParams)(node, &told));
	ck_assert_ptr_eq(told.func, &first_stub);
	ck_assert_uint_eq(told.gridDim.x, 4);
	ck_assert_int_eq(*(int *)told.kernelParams[0], 3); /* the graph keeps a copy */
	exec = made();
	launch(exec);
	params.gridDim.x = 9;
	OK(RT(cudaGraphExecKernelNodeSetParams)(exec, node, &params));
	launch(exec);
	OK(RT(cudaGraphKernelNodeSetParams)(node, &params));
	OK(RT(cudaGraphKernelNodeGetParams)(node, &told));
	ck_assert_uint_eq(told.gridDim.x, 9);
	memset(&value, 0, sizeof(value));
	value.priority = -3;
	OK(RT(cudaGraphKernelNodeSetAttribute)(node, cudaLaunchAttributePriority, &value));
	OK(RT(cudaGraphAddKernelNode)(&twin, graph, &node, 1, &params));
	OK(RT(cudaGraphKernelNodeCopyAttributes)(twin, node));
	memset(&value, 0, sizeof(value));
	OK(RT(cudaGraphKernelNodeGetAttribute)(twin, cudaLaunchAttributePriority, &value));
	ck_assert_int_eq(value.priority, -3);
	params.func = &number;
	IS(cudaErrorInvalidDeviceFunction,
	   RT(cudaGraphAddKernelNode)(&node, graph, NULL, 0, &params));
}
END_TEST

START_TEST(events_and_children_can_be_exchanged)
{
	cudaGraphNode_t record, wait, child_node, inner;
	cudaMemsetParams set = { .value = 1, .elementSize = 1, .width = 16, .height = 1 };
	cudaEvent_t one, two, told;
	cudaGraph_t child, other;
	cudaGraphExec_t exec;
	void *memory;

	start_graph();
	OK(RT(cudaEventCreate)(&one));
	OK(RT(cudaEventCreate)(&two));
	set.dst = memory = filled(16, 0);
	OK(RT(cudaGraphAddEventRecordNode)(&record, graph, NULL, 0, one));
	OK(RT(cudaGraphAddEventWaitNode)(&wait, graph, &record, 1, one));
	OK(RT(cudaGraphEventRecordNodeGetEvent)(record, &told));
	ck_assert_ptr_eq(told, one);
	OK(RT(cudaGraphEventRecordNodeSetEvent)(record, two));
	OK(RT(cudaGraphEventRecordNodeGetEvent)(record, &told));
	ck_assert_ptr_eq(told, two);
	OK(RT(cudaGraphEventWaitNodeSetEvent)(wait, two));
	OK(RT(cudaGraphEventWaitNodeGetEvent)(wait, &told));
	ck_assert_ptr_eq(told, two);
	OK(RT(cudaGraphCreate)(&child, 0));
	OK(RT(cudaGraphAddMemsetNode)(&inner, child, NULL, 0, &set));
	OK(RT(cudaGraphClone)(&other, child));
	OK(RT(cudaGraphNodeFindInClone)(&inner, inner, other));
	set.value = 2;
	OK(RT(cudaGraphMemsetNodeSetParams)(inner, &set));
	OK(RT(cudaGraphAddChildGraphNode)(&child_node, graph, &wait, 1, child));
	exec = made();
	launch(exec);
	ck_assert(is_filled(memory, 16, 1));
	OK(RT(cudaEventQuery)(two)); /* it was recorded */
	OK(RT(cudaGraphExecChildGraphNodeSetParams)(exec, child_node, other));
	OK(RT(cudaGraphExecEventRecordNodeSetEvent)(exec, record, one));
	OK(RT(cudaGraphExecEventWaitNodeSetEvent)(exec, wait, one));
	launch(exec);
	ck_assert(is_filled(memory, 16, 2));
	OK(RT(cudaEventDestroy)(one));
	ck_assert_int_ne(RT(cudaGraphEventRecordNodeSetEvent)(record, one), cudaSuccess);
}
END_TEST

static cudaError_t add_node(cudaGraphNode_t *node, cudaGraphNodeParams *params)
{
#if SIM_CUDART == 12
	cudaGraphNode_t again;

	OK(RT(cudaGraphAddNode_v2)(&again, graph, NULL, NULL, 0, params));
	OK(RT(cudaGraphDestroyNode)(again));
	return RT(cudaGraphAddNode)(node, graph, NULL, 0, params);
#else
	return RT(cudaGraphAddNode)(node, graph, NULL, NULL, 0, params);
#endif
}

START_TEST(one_call_makes_nodes_of_any_kind)
{
	cudaGraphNodeParams set, kernel;
	cudaGraphNode_t node;
	cudaGraphNodeType type;
	cudaMemsetParams told;
	cudaGraphExec_t exec;
	void *memory;

	start_graph();
	register_code();
	memory = filled(16, 0);
	memset(&set, 0, sizeof(set));
	set.type = cudaGraphNodeTypeMemset;
	set.memset.dst = memory;
	set.memset.value = 4;
	set.memset.elementSize = 1;
	set.memset.width = 16;
	set.memset.height = 1;
	OK(add_node(&node, &set));
	OK(RT(cudaGraphNodeGetType)(node, &type));
	ck_assert_int_eq(type, cudaGraphNodeTypeMemset);
	exec = made();
	launch(exec);
	ck_assert(is_filled(memory, 16, 4));
	set.memset.value = 5;
	OK(RT(cudaGraphExecNodeSetParams)(exec, node, &set));
	launch(exec);
	ck_assert(is_filled(memory, 16, 5));
	set.memset.value = 6;
	OK(RT(cudaGraphNodeSetParams)(node, &set));
	OK(RT(cudaGraphMemsetNodeGetParams)(node, &told));
	ck_assert_uint_eq(told.value, 6);
	memset(&kernel, 0, sizeof(kernel));
	kernel.type = cudaGraphNodeTypeKernel;
	kernel.kernel.func = &second_stub;
	kernel.kernel.gridDim = kernel.kernel.blockDim = (dim3){ 1, 1, 1 };
	{
		int number = 1;
		void *pointer = NULL, *arguments[] = { &number, &pointer };

		kernel.kernel.kernelParams = arguments;
		OK(add_node(&node, &kernel));
	}
	OK(RT(cudaGraphNodeGetType)(node, &type));
	ck_assert_int_eq(type, cudaGraphNodeTypeKernel);
}
END_TEST

TCase *graph_node_tests(void)
{
	TCase *tc = tcase_create("graph node");

	tcase_add_test(tc, host_functions_are_called_with_what_they_were_last_given);
	tcase_add_test(tc, sets_fill_what_they_were_last_given);
	tcase_add_test(tc, copies_are_said_in_four_ways_and_are_one);
	tcase_add_test(tc, kernels_are_known_by_their_stubs);
	tcase_add_test(tc, events_and_children_can_be_exchanged);
	tcase_add_test(tc, one_call_makes_nodes_of_any_kind);
	return tc;
}
