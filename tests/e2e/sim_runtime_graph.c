/* SPDX-License-Identifier: Apache-2.0 */
/* The simulated runtime's graphs: their shape, their clones, and what launching them does. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sim_runtime.h"

static cudaGraph_t graph_of(cudaGraphNode_t node[3])
{
	cudaGraph_t graph;

	OK(RT(cudaGraphCreate)(&graph, 0));
	for (int i = 0; i < 3; i++)
		OK(RT(cudaGraphAddEmptyNode)(&node[i], graph, NULL, 0));
	return graph;
}

static size_t edges_of(cudaGraph_t graph)
{
	size_t count = 0;

#if SIM_CUDART == 12
	size_t again = 0;

	OK(RT(cudaGraphGetEdges)(graph, NULL, NULL, &count));
	OK(RT(cudaGraphGetEdges_v2)(graph, NULL, NULL, NULL, &again));
	ck_assert_uint_eq(count, again);
#else
	OK(RT(cudaGraphGetEdges)(graph, NULL, NULL, NULL, &count));
#endif
	return count;
}

START_TEST(edges_are_added_found_and_taken_away)
{
	cudaGraphNode_t node[3], found[3];
	cudaGraphNodeType type;
	cudaGraph_t graph;
	size_t count = 3;

	start(NULL);
	graph = graph_of(node);
#if SIM_CUDART == 12
	OK(RT(cudaGraphAddDependencies)(graph, &node[0], &node[1], 1));
	OK(RT(cudaGraphAddDependencies_v2)(graph, &node[1], &node[2], NULL, 1));
#else
	OK(RT(cudaGraphAddDependencies)(graph, node, node + 1, NULL, 2));
#endif
	ck_assert_uint_eq(edges_of(graph), 2);
#if SIM_CUDART == 12
	OK(RT(cudaGraphNodeGetDependencies)(node[2], found, &count));
	ck_assert_ptr_eq(found[0], node[1]);
	OK(RT(cudaGraphNodeGetDependentNodes)(node[0], found, &count));
	ck_assert_ptr_eq(found[0], node[1]);
	count = 3;
	OK(RT(cudaGraphNodeGetDependencies_v2)(node[2], found, NULL, &count));
	ck_assert_ptr_eq(found[0], node[1]);
	OK(RT(cudaGraphNodeGetDependentNodes_v2)(node[0], found, NULL, &count));
#else
	OK(RT(cudaGraphNodeGetDependencies)(node[2], found, NULL, &count));
	ck_assert_ptr_eq(found[0], node[1]);
	OK(RT(cudaGraphNodeGetDependentNodes)(node[0], found, NULL, &count));
#endif
	ck_assert_uint_eq(count, 1);
	ck_assert_ptr_eq(found[0], node[1]);
	count = 3;
	OK(RT(cudaGraphGetRootNodes)(graph, found, &count));
	ck_assert_uint_eq(count, 1);
	ck_assert_ptr_eq(found[0], node[0]);
	OK(RT(cudaGraphNodeGetType)(node[1], &type));
	ck_assert_int_eq(type, cudaGraphNodeTypeEmpty);
#if SIM_CUDART == 12
	IS(cudaErrorInvalidValue,
	   RT(cudaGraphAddDependencies)(graph, &node[0], &node[1], 1)); /* again */
	OK(RT(cudaGraphRemoveDependencies)(graph, &node[0], &node[1], 1));
	ck_assert_uint_eq(edges_of(graph), 1);
	OK(RT(cudaGraphRemoveDependencies_v2)(graph, &node[1], &node[2], NULL, 1));
	ck_assert_uint_eq(edges_of(graph), 0);
#else
	IS(cudaErrorInvalidValue,
	   RT(cudaGraphAddDependencies)(graph, &node[0], &node[1], NULL, 1)); /* again */
	OK(RT(cudaGraphRemoveDependencies)(graph, node, node + 1, NULL, 2));
	ck_assert_uint_eq(edges_of(graph), 0);
#endif
	OK(RT(cudaGraphDestroyNode)(node[1]));
	OK(RT(cudaGraphGetNodes)(graph, NULL, &count));
	ck_assert_uint_eq(count, 2);
	ck_assert_int_ne(RT(cudaGraphNodeGetType)(node[1], &type), cudaSuccess);
	OK(RT(cudaGraphDestroy)(graph));
	ck_assert_int_ne(RT(cudaGraphGetNodes)(graph, NULL, &count), cudaSuccess);
	IS(cudaErrorInvalidValue, RT(cudaGraphCreate)(&graph, 7));
}
END_TEST

START_TEST(a_clone_is_another_graph)
{
	cudaGraphNode_t node[3], twin, holder;
	char path[64], line[256] = "";
	cudaGraph_t graph, clone, child;
	size_t count;
	FILE *dot;

	start(NULL);
	graph = graph_of(node);
	OK(RT(cudaGraphClone)(&clone, graph));
	OK(RT(cudaGraphNodeFindInClone)(&twin, node[1], clone));
	ck_assert_ptr_ne(twin, node[1]);
	OK(RT(cudaGraphDestroyNode)(twin));
	OK(RT(cudaGraphGetNodes)(clone, NULL, &count));
	ck_assert_uint_eq(count, 2);
	OK(RT(cudaGraphGetNodes)(graph, NULL, &count));
	ck_assert_uint_eq(count, 3);
	OK(RT(cudaGraphAddChildGraphNode)(&holder, graph, node, 1, clone));
	OK(RT(cudaGraphChildGraphNodeGetGraph)(holder, &child));
	OK(RT(cudaGraphGetNodes)(child, NULL, &count));
	ck_assert_uint_eq(count, 2);
	snprintf(path, sizeof(path), "/tmp/vgpu-graph-%d.dot", getpid());
	OK(RT(cudaGraphDebugDotPrint)(graph, path, 0));
	dot = fopen(path, "r");
	ck_assert_ptr_ne(dot, NULL);
	ck_assert_ptr_ne(fgets(line, sizeof(line), dot), NULL);
	fclose(dot);
	unlink(path);
	ck_assert_ptr_ne(strstr(line, "digraph"), NULL);
	OK(RT(cudaGraphDestroy)(clone));
	OK(RT(cudaGraphDestroy)(graph));
}
END_TEST

START_TEST(an_executable_graph_is_launched_switched_and_updated)
{
	cudaGraphInstantiateParams params;
	cudaGraphExecUpdateResultInfo info;
	cudaMemsetParams set = { .value = 7, .elementSize = 1, .width = 64, .height = 1 };
	cudaGraphExec_t exec, other;
	cudaGraphNode_t node, extra;
	cudaGraph_t graph, changed;
	unsigned long long flags;
	cudaStream_t stream;
	unsigned enabled;
	void *memory;

	start(NULL);
	OK(RT(cudaStreamCreate)(&stream));
	set.dst = memory = filled(64, 0);
	OK(RT(cudaGraphCreate)(&graph, 0));
	OK(RT(cudaGraphAddMemsetNode)(&node, graph, NULL, 0, &set));
	OK(RT(cudaGraphInstantiate)(&exec, graph, cudaGraphInstantiateFlagUseNodePriority));
	OK(RT(cudaGraphExecGetFlags)(exec, &flags));
	ck_assert_uint_eq(flags, cudaGraphInstantiateFlagUseNodePriority);
	OK(RT(cudaGraphUpload)(exec, stream));
	OK(RT(cudaGraphUpload_ptsz)(exec, NULL));
	ck_assert(is_filled(memory, 64, 0));
	OK(RT(cudaGraphLaunch)(exec, stream));
	OK(RT(cudaStreamSynchronize)(stream));
	ck_assert(is_filled(memory, 64, 7));
	/* a node that is switched off is passed over */
	OK(RT(cudaMemset)(memory, 0, 64));
	OK(RT(cudaGraphNodeGetEnabled)(exec, node, &enabled));
	ck_assert_uint_eq(enabled, 1);
	OK(RT(cudaGraphNodeSetEnabled)(exec, node, 0));
	OK(RT(cudaGraphNodeGetEnabled)(exec, node, &enabled));
	ck_assert_uint_eq(enabled, 0);
	OK(RT(cudaGraphLaunch_ptsz)(exec, NULL));
	ck_assert(is_filled(memory, 64, 0));
	OK(RT(cudaGraphNodeSetEnabled)(exec, node, 1));
	/* the same graph with another value */
	OK(RT(cudaGraphClone)(&changed, graph));
	OK(RT(cudaGraphNodeFindInClone)(&extra, node, changed));
	set.value = 8;
	OK(RT(cudaGraphMemsetNodeSetParams)(extra, &set));
	OK(RT(cudaGraphExecUpdate)(exec, changed, &info));
	ck_assert_int_eq(info.result, cudaGraphExecUpdateSuccess);
	OK(RT(cudaGraphLaunch)(exec, stream));
	OK(RT(cudaStreamSynchronize)(stream));
	ck_assert(is_filled(memory, 64, 8));
	/* another shape is no update */
	OK(RT(cudaGraphAddEmptyNode)(&extra, changed, NULL, 0));
	IS(cudaErrorGraphExecUpdateFailure, RT(cudaGraphExecUpdate)(exec, changed, &info));
	ck_assert_int_eq(info.result, cudaGraphExecUpdateErrorTopologyChanged);
	/* the other two ways to make one */
	OK(RT(cudaGraphInstantiateWithFlags)(&other, graph, 0));
	OK(RT(cudaGraphExecDestroy)(other));
	ck_assert_int_ne(RT(cudaGraphLaunch)(other, stream), cudaSuccess);
	memset(&params, 0, sizeof(params));
	OK(RT(cudaGraphInstantiateWithParams)(&other, graph, &params));
	ck_assert_int_eq(params.result_out, cudaGraphInstantiateSuccess);
	OK(RT(cudaGraphInstantiateWithParams_ptsz)(&other, graph, &params));
	OK(RT(cudaGraphLaunch)(other, stream));
	OK(RT(cudaStreamSynchronize)(stream));
	ck_assert(is_filled(memory, 64, 7));
	OK(RT(cudaGraphExecDestroy)(exec));
	OK(RT(cudaGraphDestroy)(graph));
}
END_TEST

static int destroyed;
static void destroy(void *data)
{
	destroyed += *(int *)data;
}

START_TEST(a_programs_own_object_lives_as_long_as_it_is_held)
{
	static int by = 5;
	cudaUserObject_t object;
	cudaGraph_t graph;

	start(NULL);
	OK(RT(cudaGraphCreate)(&graph, 0));
	OK(RT(cudaUserObjectCreate)(&object, &by, destroy, 1, cudaUserObjectNoDestructorSync));
	OK(RT(cudaUserObjectRetain)(object, 2));
	OK(RT(cudaGraphRetainUserObject)(graph, object, 1, 0));
	OK(RT(cudaGraphRetainUserObject)(graph, object, 1, 0));
	OK(RT(cudaUserObjectRelease)(object, 3));
	ck_assert_int_eq(destroyed, 0);
	OK(RT(cudaGraphReleaseUserObject)(graph, object, 1));
	ck_assert_int_eq(destroyed, 0);
	OK(RT(cudaGraphDestroy)(graph)); /* it held the last one */
	ck_assert_int_eq(destroyed, 5);
	ck_assert_int_ne(RT(cudaUserObjectRetain)(object, 1), cudaSuccess);
	IS(cudaErrorInvalidValue, RT(cudaUserObjectCreate)(&object, &by, NULL, 1, 1));
}
END_TEST

START_TEST(memory_of_graphs_is_counted_and_trimmed)
{
	cudaMemAllocNodeParams params, told;
	cudaGraphNode_t alloc, set_node, free_node;
	cudaMemsetParams set = { .value = 3, .elementSize = 1, .width = 64, .height = 1 };
	uint64_t used, reserved, zero = 0;
	cudaGraphExec_t exec;
	cudaStream_t stream;
	cudaGraph_t graph;
	size_t before;
	void *freed;

	start(NULL);
	before = free_bytes();
	OK(RT(cudaStreamCreate)(&stream));
	memset(&params, 0, sizeof(params));
	params.poolProps.allocType = cudaMemAllocationTypePinned;
	params.poolProps.location.type = cudaMemLocationTypeDevice;
	params.bytesize = 4 * MIB;
	OK(RT(cudaGraphCreate)(&graph, 0));
	OK(RT(cudaGraphAddMemAllocNode)(&alloc, graph, NULL, 0, &params));
	ck_assert_ptr_ne(params.dptr, NULL);
	OK(RT(cudaGraphMemAllocNodeGetParams)(alloc, &told));
	ck_assert_ptr_eq(told.dptr, params.dptr);
	ck_assert_uint_eq(told.bytesize, 4 * MIB);
	set.dst = params.dptr;
	OK(RT(cudaGraphAddMemsetNode)(&set_node, graph, &alloc, 1, &set));
	OK(RT(cudaGraphAddMemFreeNode)(&free_node, graph, &set_node, 1, params.dptr));
	OK(RT(cudaGraphMemFreeNodeGetParams)(free_node, &freed));
	ck_assert_ptr_eq(freed, params.dptr);
	OK(RT(cudaGraphInstantiate)(&exec, graph, 0));
	OK(RT(cudaGraphLaunch)(exec, stream));
	OK(RT(cudaStreamSynchronize)(stream));
	OK(RT(cudaDeviceGetGraphMemAttribute)(0, cudaGraphMemAttrUsedMemCurrent, &used));
	ck_assert_uint_eq(used, 0);
	OK(RT(cudaDeviceGetGraphMemAttribute)(0, cudaGraphMemAttrUsedMemHigh, &used));
	ck_assert_uint_ge(used, 4 * MIB);
	OK(RT(cudaDeviceSetGraphMemAttribute)(0, cudaGraphMemAttrUsedMemHigh, &zero));
	OK(RT(cudaDeviceGetGraphMemAttribute)(0, cudaGraphMemAttrUsedMemHigh, &used));
	ck_assert_uint_eq(used, 0);
	OK(RT(cudaGraphExecDestroy)(exec));
	OK(RT(cudaGraphDestroy)(graph));
	OK(RT(cudaDeviceGraphMemTrim)(0));
	OK(RT(cudaDeviceGetGraphMemAttribute)(0, cudaGraphMemAttrReservedMemCurrent, &reserved));
	ck_assert_uint_eq(reserved, 0);
	ck_assert_uint_eq(free_bytes(), before);
	IS(cudaErrorInvalidDevice, RT(cudaDeviceGraphMemTrim)(3));
}
END_TEST

TCase *graph_tests(void)
{
	TCase *tc = tcase_create("graph");

	tcase_add_test(tc, edges_are_added_found_and_taken_away);
	tcase_add_test(tc, a_clone_is_another_graph);
	tcase_add_test(tc, an_executable_graph_is_launched_switched_and_updated);
	tcase_add_test(tc, a_programs_own_object_lives_as_long_as_it_is_held);
	tcase_add_test(tc, memory_of_graphs_is_counted_and_trimmed);
	return tc;
}
