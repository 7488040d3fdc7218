/* SPDX-License-Identifier: Apache-2.0 */
/* The simulated driver's graphs: what is put in comes out, and a launch does it. */
#include "sim_cuda.h"

static const char code[] =
    ".target sm_70\n.entry k(.param .u32 a, .param .u64 b){}\n.entry other(){}\n";

static CUfunction function_of(const char *name)
{
	static CUmodule module;
	CUfunction function;

	if (!module)
		OK(CU(cuModuleLoadData)(&module, code));
	OK(CU(cuModuleGetFunction)(&function, module, name));
	return function;
}

static CUstream stream_new(void)
{
	CUstream stream;

	OK(CU(cuStreamCreate)(&stream, CU_STREAM_NON_BLOCKING));
	return stream;
}

static void count_up(void *data)
{
	++*(int *)data;
}

static void launch(CUgraph graph, CUstream stream)
{
	CUgraphExec exec;

	OK(CU(cuGraphInstantiateWithFlags)(&exec, graph, 0));
	OK(CU(cuGraphLaunch)(exec, stream));
	OK(CU(cuStreamSynchronize)(stream));
	OK(CU(cuGraphExecDestroy)(exec));
}

START_TEST(nodes_run_in_the_order_of_their_dependencies)
{
	CUDA_MEMSET_NODE_PARAMS set = { .value = 0x55, .elementSize = 1, .width = 16, .height = 1 };
	CUDA_MEMCPY3D copy = { .srcMemoryType = CU_MEMORYTYPE_DEVICE,
			       .dstMemoryType = CU_MEMORYTYPE_HOST,
			       .WidthInBytes = 16,
			       .Height = 1,
			       .Depth = 1 };
	unsigned char out[16] = { 0 };
	CUgraphNode first, second, third, list[4];
	CUDA_MEMSET_NODE_PARAMS got;
	CUDA_MEMCPY3D got_copy;
	CUgraphNodeType type;
	size_t count = 4;
	CUcontext context = start_context();
	CUdeviceptr memory;
	CUgraph graph;

	OK(CU(cuMemAlloc_v2)(&memory, 4096));
	set.dst = copy.srcDevice = memory;
	copy.dstHost = out;
	OK(CU(cuGraphCreate)(&graph, 0));
	/* the copy is added first, and made to come after the set */
	OK(CU(cuGraphAddMemcpyNode)(&second, graph, NULL, 0, &copy, context));
	OK(CU(cuGraphAddMemsetNode)(&first, graph, NULL, 0, &set, context));
	OK(CU(cuGraphAddDependencies)(graph, &first, &second, 1));
	OK(CU(cuGraphAddEmptyNode)(&third, graph, &second, 1));
	OK(CU(cuGraphGetNodes)(graph, NULL, &count));
	ck_assert_uint_eq(count, 3);
	count = 4;
	OK(CU(cuGraphGetRootNodes)(graph, list, &count));
	ck_assert_uint_eq(count, 1);
	ck_assert_ptr_eq(list[0], first);
	ck_assert_ptr_eq(list[1], NULL);
	count = 1;
	OK(CU(cuGraphNodeGetDependencies)(second, list, &count));
	ck_assert_ptr_eq(list[0], first);
	count = 1;
	OK(CU(cuGraphNodeGetDependentNodes)(second, list, &count));
	ck_assert_ptr_eq(list[0], third);
	OK(CU(cuGraphNodeGetType)(third, &type));
	ck_assert_int_eq(type, CU_GRAPH_NODE_TYPE_EMPTY);
	launch(graph, stream_new());
	for (int i = 0; i < 16; i++)
		ck_assert_uint_eq(out[i], 0x55);
	OK(CU(cuGraphMemsetNodeGetParams)(first, &got));
	ck_assert_mem_eq(&got, &set, sizeof(set));
	OK(CU(cuGraphMemcpyNodeGetParams)(second, &got_copy));
	ck_assert_ptr_eq(got_copy.dstHost, out);
	set.value = 7;
	OK(CU(cuGraphMemsetNodeSetParams)(first, &set));
	copy.WidthInBytes = 8;
	OK(CU(cuGraphMemcpyNodeSetParams)(second, &copy));
	launch(graph, stream_new());
	ck_assert_uint_eq(out[7], 7);
	ck_assert_uint_eq(out[8], 0x55);
	/* a circle is found when the graph is made executable, and named */
	CUgraphExec exec;
	CUgraphNode bad;
	OK(CU(cuGraphAddDependencies)(graph, &third, &first, 1));
	IS(CUDA_ERROR_INVALID_VALUE, CU(cuGraphInstantiate_v2)(&exec, graph, &bad, NULL, 0));
	ck_assert(bad == first || bad == second || bad == third);
	OK(CU(cuGraphRemoveDependencies)(graph, &third, &first, 1));
	IS(CUDA_ERROR_INVALID_VALUE, CU(cuGraphRemoveDependencies)(graph, &third, &first, 1));
	OK(CU(cuGraphDestroyNode)(second));
	count = 1;
	OK(CU(cuGraphNodeGetDependencies)(third, list, &count));
	ck_assert_uint_eq(count, 0);
	OK(CU(cuGraphDestroy)(graph));
	IS(CUDA_ERROR_INVALID_VALUE, CU(cuGraphNodeGetType)(first, &type));
}
END_TEST

START_TEST(edges_carry_their_data)
{
	CUgraphEdgeData data = { .from_port = 1, .type = 1 }, back;
	CUgraphNode a, b, from, to;
	size_t count = 1;
	CUgraph graph;

	start_context();
	OK(CU(cuGraphCreate)(&graph, 0));
	OK(CU(cuGraphAddEmptyNode)(&a, graph, NULL, 0));
	OK(CU(cuGraphAddEmptyNode)(&b, graph, NULL, 0));
	OK(CU(cuGraphAddDependencies_v2)(graph, &a, &b, &data, 1));
	OK(CU(cuGraphGetEdges_v2)(graph, &from, &to, &back, &count));
	ck_assert_uint_eq(count, 1);
	ck_assert_ptr_eq(from, a);
	ck_assert_ptr_eq(to, b);
	ck_assert_mem_eq(&back, &data, sizeof(data));
	/* the older call would lose it, and says so */
	IS(CUDA_ERROR_LOSSY_QUERY, CU(cuGraphGetEdges)(graph, &from, &to, &count));
	count = 1;
	OK(CU(cuGraphNodeGetDependencies_v2)(b, &from, &back, &count));
	ck_assert_uint_eq(back.from_port, 1);
	count = 1;
	OK(CU(cuGraphNodeGetDependentNodes_v2)(a, &to, &back, &count));
	ck_assert_ptr_eq(to, b);
	OK(CU(cuGraphRemoveDependencies_v2)(graph, &a, &b, &data, 1));
	count = 1;
	OK(CU(cuGraphGetEdges)(graph, NULL, NULL, &count));
	ck_assert_uint_eq(count, 0);
}
END_TEST

START_TEST(kernels_keep_their_arguments_and_attributes)
{
	uint32_t a = 5;
	uint64_t b = 6;
	void *arguments[] = { &a, &b };
	CUDA_KERNEL_NODE_PARAMS params, got;
	CUDA_KERNEL_NODE_PARAMS_v1 old, got_old;
	CUkernelNodeAttrValue value = { .priority = -3 }, read;
	CUgraphNode node, other, third;
	CUgraphExec exec;
	unsigned enabled;
	CUgraph graph;

	start_context();
	params = (CUDA_KERNEL_NODE_PARAMS){ function_of("k"), 2,    3,    4,   32, 1, 1, 0,
					    arguments,        NULL, NULL, NULL };
	OK(CU(cuGraphCreate)(&graph, 0));
	OK(CU(cuGraphAddKernelNode_v2)(&node, graph, NULL, 0, &params));
	a = 99; /* the node took what was there when it was added */
	OK(CU(cuGraphKernelNodeGetParams_v2)(node, &got));
	ck_assert_uint_eq(*(uint32_t *)got.kernelParams[0], 5);
	ck_assert_uint_eq(*(uint64_t *)got.kernelParams[1], 6);
	ck_assert_uint_eq(got.gridDimZ, 4);
	OK(CU(cuGraphKernelNodeGetParams)(node, &got_old));
	ck_assert_ptr_eq(got_old.func, params.func);
	old = got_old;
	old.gridDimX = 9;
	OK(CU(cuGraphAddKernelNode)(&other, graph, &node, 1, &old));
	OK(CU(cuGraphKernelNodeGetParams_v2)(other, &got));
	ck_assert_uint_eq(got.gridDimX, 9);
	old.blockDimX = 4096;
	IS(CUDA_ERROR_INVALID_VALUE, CU(cuGraphAddKernelNode)(&third, graph, NULL, 0, &old));
	old.blockDimX = 64;
	old.kernelParams = arguments; /* what the node showed is gone once the node changes */
	OK(CU(cuGraphKernelNodeSetParams)(other, &old));
	params.func = function_of("other");
	params.kernelParams = NULL;
	OK(CU(cuGraphKernelNodeSetParams_v2)(node, &params));
	OK(CU(cuGraphKernelNodeGetParams)(node, &got_old));
	ck_assert_ptr_eq(got_old.func, function_of("other"));

	OK(CU(cuGraphKernelNodeSetAttribute)(node, CU_LAUNCH_ATTRIBUTE_PRIORITY, &value));
	OK(CU(cuGraphKernelNodeGetAttribute)(other, CU_LAUNCH_ATTRIBUTE_PRIORITY, &read));
	ck_assert_int_eq(read.priority, 0);
	OK(CU(cuGraphKernelNodeCopyAttributes)(other, node));
	OK(CU(cuGraphKernelNodeGetAttribute)(other, CU_LAUNCH_ATTRIBUTE_PRIORITY, &read));
	ck_assert_int_eq(read.priority, -3);

	OK(CU(cuGraphInstantiate)(&exec, graph, NULL, NULL, 0));
	OK(CU(cuGraphNodeGetEnabled)(exec, node, &enabled));
	ck_assert_uint_eq(enabled, 1);
	OK(CU(cuGraphNodeSetEnabled)(exec, node, 0));
	OK(CU(cuGraphNodeGetEnabled)(exec, node, &enabled));
	ck_assert_uint_eq(enabled, 0);
	OK(CU(cuGraphExecKernelNodeSetParams)(exec, other, &old));
	OK(CU(cuGraphExecKernelNodeSetParams_v2)(exec, node, &params));
	params.gridDimX = 0;
	IS(CUDA_ERROR_INVALID_VALUE, CU(cuGraphExecKernelNodeSetParams_v2)(exec, node, &params));
	OK(CU(cuGraphLaunch)(exec, stream_new()));
	OK(CU(cuGraphExecDestroy)(exec));
}
END_TEST

START_TEST(host_functions_children_and_clones_run)
{
	int counted = 0, other = 0;
	CUDA_HOST_NODE_PARAMS host = { count_up, &counted }, got;
	CUgraphNode node, child, inner, found;
	CUgraph graph, small, clone, seen;
	CUstream stream;
	CUgraphExec exec;
	size_t count;

	start_context();
	stream = stream_new();
	OK(CU(cuGraphCreate)(&small, 0));
	OK(CU(cuGraphAddHostNode)(&inner, small, NULL, 0, &host));
	OK(CU(cuGraphCreate)(&graph, 0));
	OK(CU(cuGraphAddChildGraphNode)(&child, graph, NULL, 0, small));
	OK(CU(cuGraphAddHostNode)(&node, graph, &child, 1, &host));
	OK(CU(cuGraphChildGraphNodeGetGraph)(child, &seen));
	ck_assert_ptr_ne(seen, small); /* a copy: the original may go */
	IS(CUDA_ERROR_INVALID_VALUE, CU(cuGraphDestroy)(seen));
	OK(CU(cuGraphDestroy)(small));
	OK(CU(cuGraphClone)(&clone, graph));
	launch(graph, stream);
	ck_assert_int_eq(counted, 2);
	launch(clone, stream);
	ck_assert_int_eq(counted, 4);
	OK(CU(cuGraphNodeFindInClone)(&found, node, clone));
	IS(CUDA_ERROR_INVALID_VALUE, CU(cuGraphNodeFindInClone)(&found, found, clone));
	OK(CU(cuGraphHostNodeGetParams)(node, &got));
	ck_assert_ptr_eq(got.userData, &counted);
	host.userData = &other;
	OK(CU(cuGraphHostNodeSetParams)(node, &host));
	launch(graph, stream);
	ck_assert_int_eq(counted, 5);
	ck_assert_int_eq(other, 1);
	/* the executable graph is changed alone */
	OK(CU(cuGraphInstantiateWithFlags)(&exec, graph, 0));
	host.userData = &counted;
	OK(CU(cuGraphExecHostNodeSetParams)(exec, node, &host));
	OK(CU(cuGraphUpload)(exec, stream));
	ck_assert_int_eq(counted, 5);
	OK(CU(cuGraphLaunch)(exec, stream));
	ck_assert_int_eq(counted, 7);
	ck_assert_int_eq(other, 1);
	OK(CU(cuGraphCreate)(&small, 0));
	OK(CU(cuGraphExecChildGraphNodeSetParams)(exec, child, small));
	OK(CU(cuGraphLaunch)(exec, stream));
	ck_assert_int_eq(counted, 8);
	count = 0;
	OK(CU(cuGraphGetNodes)(clone, NULL, &count));
	ck_assert_uint_eq(count, 2);
}
END_TEST

START_TEST(an_update_takes_over_what_a_graph_of_the_same_shape_says)
{
	CUDA_MEMSET_NODE_PARAMS set = { .value = 1, .elementSize = 4, .width = 4, .height = 1 };
	CUgraphExecUpdateResultInfo info;
	CUgraphExecUpdateResult why;
	CUgraph graph, changed;
	CUcontext context = start_context();
	CUgraphNode node, other, bad;
	CUstream stream = stream_new();
	CUgraphExec exec;
	uint32_t out[4];

	OK(CU(cuMemAlloc_v2)(&set.dst, 64));
	OK(CU(cuGraphCreate)(&graph, 0));
	OK(CU(cuGraphAddMemsetNode)(&node, graph, NULL, 0, &set, context));
	OK(CU(cuGraphInstantiateWithFlags)(&exec, graph, 0));
	set.value = 2;
	OK(CU(cuGraphCreate)(&changed, 0));
	OK(CU(cuGraphAddMemsetNode)(&other, changed, NULL, 0, &set, context));
	OK(CU(cuGraphExecUpdate_v2)(exec, changed, &info));
	ck_assert_int_eq(info.result, CU_GRAPH_EXEC_UPDATE_SUCCESS);
	OK(CU(cuGraphLaunch)(exec, stream));
	OK(CU(cuMemcpyDtoH_v2)(out, set.dst, sizeof(out)));
	ck_assert_uint_eq(out[3], 2);
	set.value = 3;
	OK(CU(cuGraphExecMemsetNodeSetParams)(exec, node, &set, context));
	OK(CU(cuGraphLaunch)(exec, stream));
	OK(CU(cuMemcpyDtoH_v2)(out, set.dst, sizeof(out)));
	ck_assert_uint_eq(out[0], 3);
	OK(CU(cuGraphNodeSetEnabled)(exec, node, 0));
	OK(CU(cuMemsetD32_v2)(set.dst, 9, 4));
	OK(CU(cuGraphLaunch)(exec, stream));
	OK(CU(cuMemcpyDtoH_v2)(out, set.dst, sizeof(out)));
	ck_assert_uint_eq(out[0], 9);
	/* another shape, another type */
	OK(CU(cuGraphAddEmptyNode)(&bad, changed, &other, 1));
	IS(CUDA_ERROR_GRAPH_EXEC_UPDATE_FAILURE, CU(cuGraphExecUpdate_v2)(exec, changed, &info));
	ck_assert_int_eq(info.result, CU_GRAPH_EXEC_UPDATE_ERROR_TOPOLOGY_CHANGED);
	ck_assert_ptr_eq(info.errorNode, bad);
	OK(CU(cuGraphDestroyNode)(other));
	IS(CUDA_ERROR_GRAPH_EXEC_UPDATE_FAILURE, CU(cuGraphExecUpdate)(exec, changed, &node, &why));
	ck_assert_int_eq(why, CU_GRAPH_EXEC_UPDATE_ERROR_NODE_TYPE_CHANGED);
	ck_assert_ptr_eq(node, bad);
}
END_TEST

START_TEST(events_and_memory_operations_are_nodes_too)
{
	CUstreamBatchMemOpParams op = {
		.writeValue = { .operation = CU_STREAM_MEM_OP_WRITE_VALUE_32, .value = 77 }
	};
	CUDA_BATCH_MEM_OP_NODE_PARAMS batch = { .count = 1, .paramArray = &op }, got;
	CUgraphNode record, wait, write;
	CUcontext context = start_context();
	CUstream stream = stream_new();
	CUevent a, b, seen;
	CUgraphExec exec;
	CUgraph graph;
	uint32_t out;
	float time;

	OK(CU(cuMemAlloc_v2)(&op.writeValue.address, 4096));
	OK(CU(cuEventCreate)(&a, 0));
	OK(CU(cuEventCreate)(&b, 0));
	OK(CU(cuGraphCreate)(&graph, 0));
	OK(CU(cuGraphAddEventRecordNode)(&record, graph, NULL, 0, a));
	OK(CU(cuGraphAddEventWaitNode)(&wait, graph, &record, 1, a));
	batch.ctx = context;
	OK(CU(cuGraphAddBatchMemOpNode)(&write, graph, &wait, 1, &batch));
	IS(CUDA_ERROR_INVALID_HANDLE, CU(cuEventElapsedTime_v2)(&time, a, a));
	launch(graph, stream);
	OK(CU(cuEventElapsedTime_v2)(&time, a, a));
	OK(CU(cuMemcpyDtoH_v2)(&out, op.writeValue.address, 4));
	ck_assert_uint_eq(out, 77);
	OK(CU(cuGraphEventRecordNodeGetEvent)(record, &seen));
	ck_assert_ptr_eq(seen, a);
	OK(CU(cuGraphEventRecordNodeSetEvent)(record, b));
	OK(CU(cuGraphEventWaitNodeSetEvent)(wait, b));
	OK(CU(cuGraphEventWaitNodeGetEvent)(wait, &seen));
	ck_assert_ptr_eq(seen, b);
	OK(CU(cuGraphBatchMemOpNodeGetParams)(write, &got));
	ck_assert_uint_eq(got.paramArray[0].writeValue.value, 77);
	op.writeValue.value = 78;
	OK(CU(cuGraphBatchMemOpNodeSetParams)(write, &batch));
	OK(CU(cuGraphInstantiateWithFlags)(&exec, graph, 0));
	OK(CU(cuGraphLaunch)(exec, stream));
	OK(CU(cuEventElapsedTime_v2)(&time, a, b));
	ck_assert_float_ge(time, 0);
	OK(CU(cuMemcpyDtoH_v2)(&out, op.writeValue.address, 4));
	ck_assert_uint_eq(out, 78);
	op.writeValue.value = 79;
	OK(CU(cuGraphExecBatchMemOpNodeSetParams)(exec, write, &batch));
	OK(CU(cuGraphExecEventRecordNodeSetEvent)(exec, record, a));
	OK(CU(cuGraphExecEventWaitNodeSetEvent)(exec, wait, a));
	OK(CU(cuGraphLaunch)(exec, stream));
	OK(CU(cuMemcpyDtoH_v2)(&out, op.writeValue.address, 4));
	ck_assert_uint_eq(out, 79);
	OK(CU(cuEventElapsedTime_v2)(&time, b, a)); /* a was recorded again, after b */
	ck_assert_float_ge(time, 0);
}
END_TEST

START_TEST(a_graphs_allocation_is_there_from_launch_to_free)
{
	CUDA_MEM_ALLOC_NODE_PARAMS alloc = { .poolProps = { .allocType =
								CU_MEM_ALLOCATION_TYPE_PINNED,
							    .location = { .type = 1, .id = 0 } },
					     .bytesize = 3 * MIB },
				   got;
	CUgraphNode node, release;
	size_t before;
	CUdeviceptr seen;
	cuuint64_t value, zero = 0;
	CUstream stream;
	CUgraph graph;
	CUgraphExec exec;
	char byte = 1;

	start_context();
	stream = stream_new();
	before = free_bytes();
	OK(CU(cuGraphCreate)(&graph, 0));
	OK(CU(cuGraphAddMemAllocNode)(&node, graph, NULL, 0, &alloc));
	ck_assert_uint_ne(alloc.dptr, 0);
	OK(CU(cuGraphMemAllocNodeGetParams)(node, &got));
	ck_assert_uint_eq(got.dptr, alloc.dptr);
	ck_assert_uint_eq(free_bytes(), before);
	IS(CUDA_ERROR_INVALID_VALUE, CU(cuMemcpyHtoD_v2)(alloc.dptr, &byte, 1));
	IS(CUDA_ERROR_NOT_SUPPORTED, CU(cuGraphDestroyNode)(node));
	OK(CU(cuGraphInstantiateWithFlags)(&exec, graph, 0));
	OK(CU(cuGraphLaunch)(exec, stream));
	OK(CU(cuMemcpyHtoD_v2)(alloc.dptr, &byte, 1));
	ck_assert_uint_eq(free_bytes(), before - 3 * MIB);
	OK(CU(cuDeviceGetGraphMemAttribute)(0, CU_GRAPH_MEM_ATTR_USED_MEM_CURRENT, &value));
	ck_assert_uint_eq(value, 3 * MIB);
	IS(CUDA_ERROR_INVALID_VALUE, CU(cuGraphLaunch)(exec, stream)); /* not freed yet */
	OK(CU(cuMemFreeAsync)(alloc.dptr, stream));
	IS(CUDA_ERROR_INVALID_VALUE, CU(cuMemcpyHtoD_v2)(alloc.dptr, &byte, 1));
	OK(CU(cuDeviceGetGraphMemAttribute)(0, CU_GRAPH_MEM_ATTR_USED_MEM_CURRENT, &value));
	ck_assert_uint_eq(value, 0);
	ck_assert_uint_eq(free_bytes(), before - 3 * MIB); /* the device keeps it for graphs */
	OK(CU(cuDeviceGraphMemTrim)(0));
	ck_assert_uint_eq(free_bytes(), before);
	OK(CU(cuDeviceGetGraphMemAttribute)(0, CU_GRAPH_MEM_ATTR_USED_MEM_HIGH, &value));
	ck_assert_uint_eq(value, 3 * MIB);
	OK(CU(cuDeviceSetGraphMemAttribute)(0, CU_GRAPH_MEM_ATTR_USED_MEM_HIGH, &zero));
	OK(CU(cuDeviceGetGraphMemAttribute)(0, CU_GRAPH_MEM_ATTR_USED_MEM_HIGH, &value));
	ck_assert_uint_eq(value, 0);
	OK(CU(cuGraphExecDestroy)(exec));
	/* freed by a node of its own, it can be launched again and again */
	OK(CU(cuGraphAddMemFreeNode)(&release, graph, &node, 1, alloc.dptr));
	OK(CU(cuGraphMemFreeNodeGetParams)(release, &seen));
	ck_assert_uint_eq(seen, alloc.dptr);
	OK(CU(cuGraphInstantiateWithFlags)(&exec, graph, 0));
	OK(CU(cuGraphLaunch)(exec, stream));
	OK(CU(cuGraphLaunch)(exec, stream));
	OK(CU(cuDeviceGraphMemTrim)(0));
	ck_assert_uint_eq(free_bytes(), before);
}
END_TEST

START_TEST(nodes_of_any_type_are_added_and_changed_by_one_call)
{
	int counted = 0, other = 0;
	CUgraphNodeParams params = { .type = CU_GRAPH_NODE_TYPE_HOST };
	CUDA_GRAPH_INSTANTIATE_PARAMS how = { .flags =
						  CUDA_GRAPH_INSTANTIATE_FLAG_USE_NODE_PRIORITY };
	CUgraphEdgeData data = { .from_port = 0 };
	CUgraphNode node, second;
	CUgraphExec exec;
	cuuint64_t flags;
	CUstream stream;
	CUgraph graph;

	start_context();
	stream = stream_new();
	params.host.fn = count_up;
	params.host.userData = &counted;
	OK(CU(cuGraphCreate)(&graph, 0));
	OK(CU(cuGraphAddNode)(&node, graph, NULL, 0, &params));
	OK(CU(cuGraphAddNode_v2)(&second, graph, &node, &data, 1, &params));
	OK(CU(cuGraphInstantiateWithParams)(&exec, graph, &how));
	ck_assert_int_eq(how.result_out, CUDA_GRAPH_INSTANTIATE_SUCCESS);
	OK(CU(cuGraphExecGetFlags)(exec, &flags));
	ck_assert_uint_eq(flags, CUDA_GRAPH_INSTANTIATE_FLAG_USE_NODE_PRIORITY);
	OK(CU(cuGraphLaunch)(exec, stream));
	ck_assert_int_eq(counted, 2);
	params.host.userData = &other;
	OK(CU(cuGraphExecNodeSetParams)(exec, second, &params));
	OK(CU(cuGraphLaunch)(exec, stream));
	ck_assert_int_eq(other, 1);
	OK(CU(cuGraphNodeSetParams)(node, &params));
	launch(graph, stream);
	ck_assert_int_eq(other, 2);
	params.type = CU_GRAPH_NODE_TYPE_CONDITIONAL;
	IS(CUDA_ERROR_NOT_SUPPORTED, CU(cuGraphAddNode)(&node, graph, NULL, 0, &params));
	params.type = CU_GRAPH_NODE_TYPE_KERNEL;
	IS(CUDA_ERROR_INVALID_VALUE, CU(cuGraphNodeSetParams)(node, &params)); /* another type */
}
END_TEST

START_TEST(user_objects_go_with_their_last_reference)
{
	int gone = 0;
	CUuserObject object;
	CUgraph graph, clone;

	start_context();
	OK(CU(cuUserObjectCreate)(&object, &gone, count_up, 1, CU_USER_OBJECT_NO_DESTRUCTOR_SYNC));
	OK(CU(cuUserObjectRetain)(object, 2));
	OK(CU(cuUserObjectRelease)(object, 1));
	OK(CU(cuGraphCreate)(&graph, 0));
	OK(CU(cuGraphRetainUserObject)(graph, object, 2, CU_GRAPH_USER_OBJECT_MOVE));
	ck_assert_int_eq(gone, 0);
	OK(CU(cuGraphClone)(&clone, graph));
	OK(CU(cuGraphDestroy)(graph));
	ck_assert_int_eq(gone, 0); /* the copy holds it */
	OK(CU(cuGraphReleaseUserObject)(clone, object, 1));
	IS(CUDA_ERROR_INVALID_VALUE, CU(cuGraphReleaseUserObject)(clone, object, 2));
	ck_assert_int_eq(gone, 0);
	OK(CU(cuGraphDestroy)(clone));
	ck_assert_int_eq(gone, 1);
	IS(CUDA_ERROR_INVALID_VALUE, CU(cuUserObjectRelease)(object, 1));
}
END_TEST

START_TEST(a_graph_is_printed_as_dot)
{
	char path[] = "/tmp/vgpu-dot-XXXXXX", text[512] = "";
	int fd = mkstemp(path);
	CUgraphNode a, b;
	CUgraph graph;

	start_context();
	OK(CU(cuGraphCreate)(&graph, 0));
	OK(CU(cuGraphAddEmptyNode)(&a, graph, NULL, 0));
	OK(CU(cuGraphAddEmptyNode)(&b, graph, &a, 1));
	OK(CU(cuGraphDebugDotPrint)(graph, path, 0));
	ck_assert_int_gt(read(fd, text, sizeof(text) - 1), 0);
	unlink(path);
	ck_assert_ptr_nonnull(strstr(text, "digraph"));
	ck_assert_ptr_nonnull(strstr(text, "n0 -> n1"));
	IS(CUDA_ERROR_OPERATING_SYSTEM, CU(cuGraphDebugDotPrint)(graph, "/nowhere/at/all", 0));
}
END_TEST

START_TEST(a_copys_parameters_change_in_the_executable_graph)
{
	CUDA_MEMCPY3D copy = { .srcMemoryType = CU_MEMORYTYPE_HOST,
			       .dstMemoryType = CU_MEMORYTYPE_HOST,
			       .WidthInBytes = 4,
			       .Height = 1,
			       .Depth = 1 };
	uint32_t from = 1, other = 2, to = 0;
	CUcontext context = start_context();
	CUstream stream = stream_new();
	CUgraphExec exec;
	CUgraphNode node;
	CUgraph graph;

	copy.srcHost = &from;
	copy.dstHost = &to;
	OK(CU(cuGraphCreate)(&graph, 0));
	OK(CU(cuGraphAddMemcpyNode)(&node, graph, NULL, 0, &copy, context));
	OK(CU(cuGraphInstantiateWithFlags)(&exec, graph, 0));
	copy.srcHost = &other;
	OK(CU(cuGraphExecMemcpyNodeSetParams)(exec, node, &copy, context));
	OK(CU(cuGraphLaunch)(exec, stream));
	ck_assert_uint_eq(to, 2);
	launch(graph, stream);
	ck_assert_uint_eq(to, 1);
}
END_TEST

TCase *graph_tests(void)
{
	TCase *tc = tcase_create("graph");

	tcase_add_test(tc, nodes_run_in_the_order_of_their_dependencies);
	tcase_add_test(tc, edges_carry_their_data);
	tcase_add_test(tc, kernels_keep_their_arguments_and_attributes);
	tcase_add_test(tc, host_functions_children_and_clones_run);
	tcase_add_test(tc, an_update_takes_over_what_a_graph_of_the_same_shape_says);
	tcase_add_test(tc, events_and_memory_operations_are_nodes_too);
	tcase_add_test(tc, a_graphs_allocation_is_there_from_launch_to_free);
	tcase_add_test(tc, nodes_of_any_type_are_added_and_changed_by_one_call);
	tcase_add_test(tc, user_objects_go_with_their_last_reference);
	tcase_add_test(tc, a_graph_is_printed_as_dot);
	tcase_add_test(tc, a_copys_parameters_change_in_the_executable_graph);
	return tc;
}
