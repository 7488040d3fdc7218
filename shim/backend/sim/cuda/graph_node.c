/* SPDX-License-Identifier: Apache-2.0 */
/* Adding nodes to graphs, and their parameters: one call a type, and the calls for any. */
#include <string.h>

#include "shim/backend/sim/cuda/graph.h"
#include "shim/backend/sim/cuda/heap.h"

static CUresult add(CUgraphNode *out, CUgraph handle, const CUgraphNode *nodes,
		    const CUgraphEdgeData *data, size_t count, const CUgraphNodeParams *params)
{
	struct cuda_edges edges = { .edge = NULL };
	CUresult result = CUDA_SUCCESS;
	struct cuda_graph *graph;
	struct cuda_node *node;

	CUDA_NEED_INIT();
	graph = cuda_graph_of(handle);
	if (!out || !graph || (count && !nodes))
		return CUDA_ERROR_INVALID_VALUE;
	for (size_t i = 0; i < count && result == CUDA_SUCCESS; i++) {
		struct cuda_node *from = cuda_node_of(nodes[i]);

		/* each once, and of this graph */
		if (!from || from->object.owner != &graph->object)
			result = CUDA_ERROR_INVALID_VALUE;
		for (uint32_t k = 0; k < edges.count && result == CUDA_SUCCESS; k++)
			if (edges.edge[k].from == from)
				result = CUDA_ERROR_INVALID_VALUE;
		if (result == CUDA_SUCCESS && !cuda_edges_add(&edges, from, data ? &data[i] : NULL))
			result = CUDA_ERROR_OUT_OF_MEMORY;
	}
	if (result == CUDA_SUCCESS)
		result = cuda_node_add(graph, params, edges.edge, edges.count, false, &node);
	cuda_edges_free(&edges);
	if (result == CUDA_SUCCESS)
		*out = (CUgraphNode)node;
	return result;
}

/* The node, where it is one of that type. */
static struct cuda_node *node_of(CUgraphNode handle, CUgraphNodeType type)
{
	struct cuda_node *node = cuda_node_of(handle);

	return node && node->is.type == type ? node : NULL;
}

/* The executable graph's copy of a node. */
static CUresult in_exec(CUgraphExec handle, CUgraphNode original, CUgraphNodeType type,
			struct cuda_node **out)
{
	struct cuda_exec *exec;
	struct cuda_node *node;

	CUDA_NEED_INIT();
	exec = object_get(handle, OBJECT_EXEC);
	node = node_of(original, type);
	if (!exec || !node)
		return CUDA_ERROR_INVALID_VALUE;
	*out = cuda_graph_find(exec->graph, node);
	return *out ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

static CUresult set(CUgraphNode handle, const CUgraphNodeParams *params)
{
	struct cuda_node *node;

	CUDA_NEED_INIT();
	node = node_of(handle, params->type);
	if (params->type == CU_GRAPH_NODE_TYPE_MEM_ALLOC ||
	    params->type == CU_GRAPH_NODE_TYPE_MEM_FREE)
		return CUDA_ERROR_NOT_SUPPORTED;
	return node ? cuda_node_set(node, params, false) : CUDA_ERROR_INVALID_VALUE;
}

static CUresult set_exec(CUgraphExec exec, CUgraphNode original, const CUgraphNodeParams *params)
{
	struct cuda_node *node;
	CUresult result = in_exec(exec, original, params->type, &node);

	return result == CUDA_SUCCESS ? cuda_node_set(node, params, false) : result;
}

/*
 * What a type of node has in common: add it, get and set its parameters, set them in an executable
 * graph. `member` is its place in the parameters of any node, `extra` what only some types say.
 */
#define PARAMS(name, TYPE, member, in)                                                             \
	CUgraphNodeParams name = { .type = CU_GRAPH_NODE_TYPE_##TYPE };                            \
	if (!(in))                                                                                 \
		return CUDA_ERROR_INVALID_VALUE;                                                   \
	memcpy(&name.member, in, sizeof(*(in)))

#define VALUE(name, TYPE, member, value)                                                           \
	CUgraphNodeParams name = { .type = CU_GRAPH_NODE_TYPE_##TYPE };                            \
	name.member = value

#define ADD(function, TYPE, member, type)                                                          \
	CUresult sim_cuGraphAdd##function(CUgraphNode *out, CUgraph graph,                         \
					  const CUgraphNode *nodes, size_t count, const type *in)  \
	{                                                                                          \
		PARAMS(params, TYPE, member, in);                                                  \
		return add(out, graph, nodes, NULL, count, &params);                               \
	}

#define GET(function, TYPE, member, type)                                                          \
	CUresult sim_cuGraph##function(CUgraphNode handle, type *out)                              \
	{                                                                                          \
		struct cuda_node *node;                                                            \
                                                                                                   \
		CUDA_NEED_INIT();                                                                  \
		node = node_of(handle, CU_GRAPH_NODE_TYPE_##TYPE);                                 \
		if (!node || !out)                                                                 \
			return CUDA_ERROR_INVALID_VALUE;                                           \
		memcpy(out, &node->is.member, sizeof(*out));                                       \
		return CUDA_SUCCESS;                                                               \
	}

#define SET(function, TYPE, member, type)                                                          \
	CUresult sim_cuGraph##function(CUgraphNode handle, const type *in)                         \
	{                                                                                          \
		PARAMS(params, TYPE, member, in);                                                  \
		return set(handle, &params);                                                       \
	}

#define SET_EXEC(function, TYPE, member, type)                                                     \
	CUresult sim_cuGraphExec##function(CUgraphExec exec, CUgraphNode node, const type *in)     \
	{                                                                                          \
		PARAMS(params, TYPE, member, in);                                                  \
		return set_exec(exec, node, &params);                                              \
	}

ADD(KernelNode, KERNEL, kernel, CUDA_KERNEL_NODE_PARAMS_v1)
ADD(KernelNode_v2, KERNEL, kernel, CUDA_KERNEL_NODE_PARAMS)
GET(KernelNodeGetParams, KERNEL, kernel, CUDA_KERNEL_NODE_PARAMS_v1)
GET(KernelNodeGetParams_v2, KERNEL, kernel, CUDA_KERNEL_NODE_PARAMS)
SET(KernelNodeSetParams, KERNEL, kernel, CUDA_KERNEL_NODE_PARAMS_v1)
SET(KernelNodeSetParams_v2, KERNEL, kernel, CUDA_KERNEL_NODE_PARAMS)
SET_EXEC(KernelNodeSetParams, KERNEL, kernel, CUDA_KERNEL_NODE_PARAMS_v1)
SET_EXEC(KernelNodeSetParams_v2, KERNEL, kernel, CUDA_KERNEL_NODE_PARAMS)

ADD(HostNode, HOST, host, CUDA_HOST_NODE_PARAMS)
GET(HostNodeGetParams, HOST, host, CUDA_HOST_NODE_PARAMS)
SET(HostNodeSetParams, HOST, host, CUDA_HOST_NODE_PARAMS)
SET_EXEC(HostNodeSetParams, HOST, host, CUDA_HOST_NODE_PARAMS)

ADD(BatchMemOpNode, BATCH_MEM_OP, memOp, CUDA_BATCH_MEM_OP_NODE_PARAMS)
GET(BatchMemOpNodeGetParams, BATCH_MEM_OP, memOp, CUDA_BATCH_MEM_OP_NODE_PARAMS)
SET(BatchMemOpNodeSetParams, BATCH_MEM_OP, memOp, CUDA_BATCH_MEM_OP_NODE_PARAMS)
SET_EXEC(BatchMemOpNodeSetParams, BATCH_MEM_OP, memOp, CUDA_BATCH_MEM_OP_NODE_PARAMS)

GET(MemcpyNodeGetParams, MEMCPY, memcpy.copyParams, CUDA_MEMCPY3D)
SET(MemcpyNodeSetParams, MEMCPY, memcpy.copyParams, CUDA_MEMCPY3D)
GET(MemsetNodeGetParams, MEMSET, memset, CUDA_MEMSET_NODE_PARAMS)
SET(MemsetNodeSetParams, MEMSET, memset, CUDA_MEMSET_NODE_PARAMS)
GET(ChildGraphNodeGetGraph, GRAPH, graph.graph, CUgraph)
GET(EventRecordNodeGetEvent, EVENT_RECORD, eventRecord.event, CUevent)
GET(EventWaitNodeGetEvent, WAIT_EVENT, eventWait.event, CUevent)
GET(MemAllocNodeGetParams, MEM_ALLOC, alloc, CUDA_MEM_ALLOC_NODE_PARAMS)
GET(MemFreeNodeGetParams, MEM_FREE, free.dptr, CUdeviceptr)

/* ---- types whose parameters come one by one ---- */

CUresult sim_cuGraphAddMemcpyNode(CUgraphNode *out, CUgraph graph, const CUgraphNode *nodes,
				  size_t count, const CUDA_MEMCPY3D *copy, CUcontext context)
{
	PARAMS(params, MEMCPY, memcpy.copyParams, copy);
	params.memcpy.copyCtx = context;
	return add(out, graph, nodes, NULL, count, &params);
}

CUresult sim_cuGraphExecMemcpyNodeSetParams(CUgraphExec exec, CUgraphNode node,
					    const CUDA_MEMCPY3D *copy, CUcontext context)
{
	PARAMS(params, MEMCPY, memcpy.copyParams, copy);
	params.memcpy.copyCtx = context;
	return set_exec(exec, node, &params);
}

CUresult sim_cuGraphAddMemsetNode(CUgraphNode *out, CUgraph graph, const CUgraphNode *nodes,
				  size_t count, const CUDA_MEMSET_NODE_PARAMS *in,
				  CUcontext context)
{
	PARAMS(params, MEMSET, memset, in);
	params.memset.ctx = context;
	return add(out, graph, nodes, NULL, count, &params);
}

CUresult sim_cuGraphExecMemsetNodeSetParams(CUgraphExec exec, CUgraphNode node,
					    const CUDA_MEMSET_NODE_PARAMS *in, CUcontext context)
{
	PARAMS(params, MEMSET, memset, in);
	params.memset.ctx = context;
	return set_exec(exec, node, &params);
}

CUresult sim_cuGraphAddEmptyNode(CUgraphNode *out, CUgraph graph, const CUgraphNode *nodes,
				 size_t count)
{
	CUgraphNodeParams params = { .type = CU_GRAPH_NODE_TYPE_EMPTY };

	return add(out, graph, nodes, NULL, count, &params);
}

CUresult sim_cuGraphAddChildGraphNode(CUgraphNode *out, CUgraph graph, const CUgraphNode *nodes,
				      size_t count, CUgraph child)
{
	VALUE(params, GRAPH, graph.graph, child);
	return add(out, graph, nodes, NULL, count, &params);
}

CUresult sim_cuGraphAddEventRecordNode(CUgraphNode *out, CUgraph graph, const CUgraphNode *nodes,
				       size_t count, CUevent event)
{
	VALUE(params, EVENT_RECORD, eventRecord.event, event);
	return add(out, graph, nodes, NULL, count, &params);
}

CUresult sim_cuGraphAddEventWaitNode(CUgraphNode *out, CUgraph graph, const CUgraphNode *nodes,
				     size_t count, CUevent event)
{
	VALUE(params, WAIT_EVENT, eventWait.event, event);
	return add(out, graph, nodes, NULL, count, &params);
}

CUresult sim_cuGraphEventRecordNodeSetEvent(CUgraphNode node, CUevent event)
{
	VALUE(params, EVENT_RECORD, eventRecord.event, event);
	return set(node, &params);
}

CUresult sim_cuGraphEventWaitNodeSetEvent(CUgraphNode node, CUevent event)
{
	VALUE(params, WAIT_EVENT, eventWait.event, event);
	return set(node, &params);
}

CUresult sim_cuGraphExecEventRecordNodeSetEvent(CUgraphExec exec, CUgraphNode node, CUevent event)
{
	VALUE(params, EVENT_RECORD, eventRecord.event, event);
	return set_exec(exec, node, &params);
}

CUresult sim_cuGraphExecEventWaitNodeSetEvent(CUgraphExec exec, CUgraphNode node, CUevent event)
{
	VALUE(params, WAIT_EVENT, eventWait.event, event);
	return set_exec(exec, node, &params);
}

CUresult sim_cuGraphExecChildGraphNodeSetParams(CUgraphExec exec, CUgraphNode node, CUgraph child)
{
	VALUE(params, GRAPH, graph.graph, child);
	return set_exec(exec, node, &params);
}

CUresult sim_cuGraphAddMemAllocNode(CUgraphNode *out, CUgraph graph, const CUgraphNode *nodes,
				    size_t count, CUDA_MEM_ALLOC_NODE_PARAMS *in)
{
	CUresult result;

	PARAMS(params, MEM_ALLOC, alloc, in);
	result = add(out, graph, nodes, NULL, count, &params);
	if (result == CUDA_SUCCESS)
		in->dptr = cuda_node_of(*out)->is.alloc.dptr;
	return result;
}

CUresult sim_cuGraphAddMemFreeNode(CUgraphNode *out, CUgraph graph, const CUgraphNode *nodes,
				   size_t count, CUdeviceptr address)
{
	VALUE(params, MEM_FREE, free.dptr, address);
	return add(out, graph, nodes, NULL, count, &params);
}

/* ---- nodes of any type ---- */

CUresult sim_cuGraphAddNode_v2(CUgraphNode *out, CUgraph graph, const CUgraphNode *nodes,
			       const CUgraphEdgeData *data, size_t count, CUgraphNodeParams *params)
{
	CUresult result;

	if (!params)
		return CUDA_ERROR_INVALID_VALUE;
	result = add(out, graph, nodes, data, count, params);
	if (result != CUDA_SUCCESS)
		return result;
	if (params->type == CU_GRAPH_NODE_TYPE_MEM_ALLOC)
		params->alloc.dptr = cuda_node_of(*out)->is.alloc.dptr;
	return CUDA_SUCCESS;
}

CUresult sim_cuGraphAddNode(CUgraphNode *out, CUgraph graph, const CUgraphNode *nodes, size_t count,
			    CUgraphNodeParams *params)
{
	return sim_cuGraphAddNode_v2(out, graph, nodes, NULL, count, params);
}

CUresult sim_cuGraphNodeSetParams(CUgraphNode node, CUgraphNodeParams *params)
{
	return params ? set(node, params) : CUDA_ERROR_INVALID_VALUE;
}

CUresult sim_cuGraphExecNodeSetParams(CUgraphExec exec, CUgraphNode node, CUgraphNodeParams *params)
{
	return params ? set_exec(exec, node, params) : CUDA_ERROR_INVALID_VALUE;
}

CUresult sim_cuGraphNodeGetEnabled(CUgraphExec exec, CUgraphNode original, unsigned int *enabled)
{
	struct cuda_node *given = cuda_node_of(original), *node;
	CUresult result;

	if (!given || !enabled)
		return CUDA_ERROR_INVALID_VALUE;
	result = in_exec(exec, original, given->is.type, &node);
	if (result == CUDA_SUCCESS)
		*enabled = node->enabled;
	return result;
}

/* Kernels, sets and copies can be left out of a launch; nothing else can. */
CUresult sim_cuGraphNodeSetEnabled(CUgraphExec exec, CUgraphNode original, unsigned int enabled)
{
	struct cuda_node *given = cuda_node_of(original), *node;
	CUresult result;

	if (!given || (given->is.type != CU_GRAPH_NODE_TYPE_KERNEL &&
		       given->is.type != CU_GRAPH_NODE_TYPE_MEMCPY &&
		       given->is.type != CU_GRAPH_NODE_TYPE_MEMSET))
		return CUDA_ERROR_INVALID_VALUE;
	result = in_exec(exec, original, given->is.type, &node);
	if (result == CUDA_SUCCESS)
		node->enabled = enabled != 0;
	return result;
}

/* ---- attributes of kernels' nodes ---- */

CUresult sim_cuGraphKernelNodeSetAttribute(CUgraphNode handle, CUkernelNodeAttrID id,
					   const CUkernelNodeAttrValue *value)
{
	struct cuda_node *node;

	CUDA_NEED_INIT();
	node = node_of(handle, CU_GRAPH_NODE_TYPE_KERNEL);
	if (!node || !value || !id || (unsigned)id >= CU_LAUNCH_ATTRIBUTE_MAX)
		return CUDA_ERROR_INVALID_VALUE;
	if (!node->attributes)
		node->attributes = heap_get(CUDA_STREAM_ATTRIBUTES * sizeof(*node->attributes));
	if (!node->attributes)
		return CUDA_ERROR_OUT_OF_MEMORY;
	node->attributes[id] = *value;
	node->attribute_set |= 1u << id;
	return CUDA_SUCCESS;
}

CUresult sim_cuGraphKernelNodeGetAttribute(CUgraphNode handle, CUkernelNodeAttrID id,
					   CUkernelNodeAttrValue *value)
{
	struct cuda_node *node;

	CUDA_NEED_INIT();
	node = node_of(handle, CU_GRAPH_NODE_TYPE_KERNEL);
	if (!node || !value || !id || (unsigned)id >= CU_LAUNCH_ATTRIBUTE_MAX)
		return CUDA_ERROR_INVALID_VALUE;
	memset(value, 0, sizeof(*value));
	if (node->attribute_set >> id & 1)
		*value = node->attributes[id];
	return CUDA_SUCCESS;
}

CUresult sim_cuGraphKernelNodeCopyAttributes(CUgraphNode to, CUgraphNode from)
{
	struct cuda_node *source, *target;

	CUDA_NEED_INIT();
	source = node_of(from, CU_GRAPH_NODE_TYPE_KERNEL);
	target = node_of(to, CU_GRAPH_NODE_TYPE_KERNEL);
	if (!source || !target)
		return CUDA_ERROR_INVALID_VALUE;
	heap_free(target->attributes);
	target->attributes = NULL;
	target->attribute_set = source->attribute_set;
	if (!source->attributes)
		return CUDA_SUCCESS;
	target->attributes =
	    heap_copy(source->attributes, CUDA_STREAM_ATTRIBUTES * sizeof(*source->attributes));
	return target->attributes ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY;
}
