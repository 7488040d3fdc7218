/* SPDX-License-Identifier: Apache-2.0 */
/* Executable graphs: made of a graph, launched, updated from another of the same shape. */
#include <string.h>

#include "shim/backend/sim/cuda/graph.h"

#define NEED_EXEC(name, handle)                                                                    \
	CUDA_NEED_INIT();                                                                          \
	struct cuda_exec *name = object_get(handle, OBJECT_EXEC);                                  \
	if (!name)                                                                                 \
	return CUDA_ERROR_INVALID_VALUE

#define FLAGS                                                                                      \
	(CUDA_GRAPH_INSTANTIATE_FLAG_AUTO_FREE_ON_LAUNCH | CUDA_GRAPH_INSTANTIATE_FLAG_UPLOAD |    \
	 CUDA_GRAPH_INSTANTIATE_FLAG_DEVICE_LAUNCH |                                               \
	 CUDA_GRAPH_INSTANTIATE_FLAG_USE_NODE_PRIORITY)

/* A circle goes through a node that comes before what it depends on. */
static struct cuda_node *in_circle(const struct cuda_graph *graph)
{
	for (struct cuda_node *node = graph->last; node; node = node->before)
		if (!node->mark)
			return node;
	return NULL;
}

static CUresult instantiate(CUgraphExec *out, CUgraph handle, unsigned long long flags,
			    CUgraphInstantiateResult *why, CUgraphNode *bad)
{
	struct cuda_graph *graph, *copy;
	struct cuda_exec *exec;

	CUDA_NEED_CONTEXT(context);
	(void)context;
	graph = cuda_graph_of(handle);
	*why = CUDA_GRAPH_INSTANTIATE_ERROR;
	*bad = NULL;
	if (!out || !graph || flags & ~(unsigned long long)FLAGS)
		return CUDA_ERROR_INVALID_VALUE;
	if (!cuda_graph_sort(graph)) {
		*why = CUDA_GRAPH_INSTANTIATE_INVALID_STRUCTURE;
		*bad = (CUgraphNode)in_circle(graph);
		return CUDA_ERROR_INVALID_VALUE;
	}
	copy = cuda_graph_copy(graph);
	exec = copy ? object_new(OBJECT_EXEC, NULL) : NULL;
	if (!exec) {
		if (copy)
			cuda_graph_free(copy);
		return CUDA_ERROR_OUT_OF_MEMORY;
	}
	copy->inner = true;
	for (struct cuda_node *node = copy->first; node; node = node->next)
		if (node->is.type == CU_GRAPH_NODE_TYPE_GRAPH)
			cuda_graph_sort(cuda_graph_of(node->is.graph.graph));
	exec->graph = copy;
	exec->flags = flags;
	*why = CUDA_GRAPH_INSTANTIATE_SUCCESS;
	*out = (CUgraphExec)exec;
	return CUDA_SUCCESS;
}

CUresult sim_cuGraphInstantiateWithFlags(CUgraphExec *out, CUgraph graph, unsigned long long flags)
{
	CUgraphInstantiateResult why;
	CUgraphNode bad;

	return instantiate(out, graph, flags, &why, &bad);
}

CUresult sim_cuGraphInstantiate_v2(CUgraphExec *out, CUgraph graph, CUgraphNode *bad, char *log,
				   size_t size)
{
	CUgraphInstantiateResult why;
	CUgraphNode node;
	CUresult result = instantiate(out, graph, 0, &why, &node);

	if (log && size)
		*log = '\0';
	if (bad)
		*bad = node;
	return result;
}
SIM_ALIAS(sim_cuGraphInstantiate, sim_cuGraphInstantiate_v2);

CUresult sim_cuGraphInstantiateWithParams(CUgraphExec *out, CUgraph graph,
					  CUDA_GRAPH_INSTANTIATE_PARAMS *params)
{
	if (!params)
		return CUDA_ERROR_INVALID_VALUE;
	return instantiate(out, graph, params->flags, &params->result_out, &params->hErrNode_out);
}
SIM_ALIAS(sim_cuGraphInstantiateWithParams_ptsz, sim_cuGraphInstantiateWithParams);

CUresult sim_cuGraphExecGetFlags(CUgraphExec handle, cuuint64_t *flags)
{
	NEED_EXEC(exec, handle);
	if (!flags)
		return CUDA_ERROR_INVALID_VALUE;
	*flags = exec->flags & ~(cuuint64_t)CUDA_GRAPH_INSTANTIATE_FLAG_UPLOAD;
	return CUDA_SUCCESS;
}

CUresult sim_cuGraphExecDestroy(CUgraphExec handle)
{
	NEED_EXEC(exec, handle);
	cuda_graph_free(exec->graph);
	object_free(exec);
	return CUDA_SUCCESS;
}

CUresult sim_cuGraphUpload(CUgraphExec handle, CUstream stream_handle)
{
	CUDA_NEED_STREAM(stream, stream_handle);
	NEED_EXEC(exec, handle);
	(void)exec;
	return cuda_capture_idle(stream);
}
CUDA_PTSZ(cuGraphUpload, (CUgraphExec exec, CUstream stream), (exec, cuda_ptsz(stream)))

/* While a stream records, a launch is a child of what it records. */
static CUresult launch_into_capture(struct cuda_exec *exec, CUstream stream)
{
	CUgraphNodeParams node = { .type = CU_GRAPH_NODE_TYPE_GRAPH };

	node.graph.graph = (CUgraph)exec->graph;
	return cuda_stream_submit(stream, &node);
}

/* With the flag, what an earlier launch allocated and nobody freed is freed first. */
static void free_left_over(const struct cuda_graph *graph)
{
	for (const struct cuda_node *node = graph->first; node; node = node->next)
		if (node->is.type == CU_GRAPH_NODE_TYPE_MEM_ALLOC)
			cuda_graph_memory_give(node->is.alloc.dptr);
}

CUresult sim_cuGraphLaunch(CUgraphExec handle, CUstream stream)
{
	NEED_EXEC(exec, handle);
	if (exec->flags & CUDA_GRAPH_INSTANTIATE_FLAG_AUTO_FREE_ON_LAUNCH)
		free_left_over(exec->graph);
	exec->launches++;
	return launch_into_capture(exec, stream);
}
CUDA_PTSZ(cuGraphLaunch, (CUgraphExec exec, CUstream stream), (exec, cuda_ptsz(stream)))

/* ---- update ---- */

static uint32_t number(struct cuda_graph *graph)
{
	uint32_t n = 0;

	for (struct cuda_node *node = graph->first; node; node = node->next)
		node->mark = n++;
	return n;
}

static bool same_shape(const struct cuda_node *a, const struct cuda_node *b)
{
	if (a->after.count != b->after.count)
		return false;
	for (uint32_t i = 0; i < a->after.count; i++)
		if (a->after.edge[i].from->mark != b->after.edge[i].from->mark ||
		    memcmp(&a->after.edge[i].data, &b->after.edge[i].data,
			   sizeof(a->after.edge[i].data)))
			return false;
	return true;
}

/* What cannot be told apart by its place is told apart by nothing: nodes pair in order. */
static CUgraphExecUpdateResult compare(struct cuda_graph *old, struct cuda_graph *new,
				       CUgraphExecUpdateResultInfo *info)
{
	struct cuda_node *a = old->first, *b = new->first;

	number(old);
	number(new);
	for (; a && b; a = a->next, b = b->next) {
		info->errorNode = (CUgraphNode)b;
		if (a->is.type != b->is.type)
			return CU_GRAPH_EXEC_UPDATE_ERROR_NODE_TYPE_CHANGED;
		if (!same_shape(a, b))
			return CU_GRAPH_EXEC_UPDATE_ERROR_TOPOLOGY_CHANGED;
		if (a->is.type == CU_GRAPH_NODE_TYPE_MEM_ALLOC &&
		    a->is.alloc.dptr != b->is.alloc.dptr)
			return CU_GRAPH_EXEC_UPDATE_ERROR_PARAMETERS_CHANGED;
	}
	info->errorNode = (CUgraphNode)b;
	if (a || b)
		return CU_GRAPH_EXEC_UPDATE_ERROR_TOPOLOGY_CHANGED;
	return CU_GRAPH_EXEC_UPDATE_SUCCESS;
}

CUresult sim_cuGraphExecUpdate_v2(CUgraphExec handle, CUgraph graph_handle,
				  CUgraphExecUpdateResultInfo *info)
{
	struct cuda_node *a, *b;
	struct cuda_graph *graph;

	NEED_EXEC(exec, handle);
	graph = cuda_graph_of(graph_handle);
	if (!graph || !info)
		return CUDA_ERROR_INVALID_VALUE;
	*info = (CUgraphExecUpdateResultInfo){ .result = CU_GRAPH_EXEC_UPDATE_ERROR };
	if (!cuda_graph_sort(graph))
		return CUDA_ERROR_GRAPH_EXEC_UPDATE_FAILURE;
	info->result = compare(exec->graph, graph, info);
	if (info->result != CU_GRAPH_EXEC_UPDATE_SUCCESS)
		return CUDA_ERROR_GRAPH_EXEC_UPDATE_FAILURE;
	for (a = exec->graph->first, b = graph->first; a; a = a->next, b = b->next) {
		if (cuda_node_set(a, &b->is, true) != CUDA_SUCCESS) {
			info->result = CU_GRAPH_EXEC_UPDATE_ERROR;
			info->errorNode = (CUgraphNode)b;
			return CUDA_ERROR_GRAPH_EXEC_UPDATE_FAILURE;
		}
	}
	return CUDA_SUCCESS;
}

CUresult sim_cuGraphExecUpdate(CUgraphExec exec, CUgraph graph, CUgraphNode *bad,
			       CUgraphExecUpdateResult *why)
{
	CUgraphExecUpdateResultInfo info = { .result = CU_GRAPH_EXEC_UPDATE_ERROR };
	CUresult result = sim_cuGraphExecUpdate_v2(exec, graph, &info);

	if (bad)
		*bad = info.errorNode;
	if (why)
		*why = info.result;
	return result;
}
