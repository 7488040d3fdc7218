/* SPDX-License-Identifier: Apache-2.0 */
/* Graphs through the runtime: what the driver does under the same handles. */
#include "shim/backend/sim/cudart/runtime.h"

#include <string.h>

#define G(graph) ((CUgraph)(graph))
#define N(node) ((CUgraphNode)(node))
#define NODES(nodes) ((const CUgraphNode *)(nodes))
#define OUT(nodes) ((CUgraphNode *)(nodes))
#define DATA(data) ((const CUgraphEdgeData *)(data))

RUNTIME_PASS(cudaGraphCreate, (cudaGraph_t * graph, unsigned int flags),
	     cuGraphCreate((CUgraph *)graph, flags))
RUNTIME_PASS(cudaGraphDestroy, (cudaGraph_t graph), cuGraphDestroy(G(graph)))
RUNTIME_PASS(cudaGraphClone, (cudaGraph_t * copy, cudaGraph_t graph),
	     cuGraphClone((CUgraph *)copy, G(graph)))
RUNTIME_PASS(cudaGraphNodeFindInClone,
	     (cudaGraphNode_t * node, cudaGraphNode_t original, cudaGraph_t graph),
	     cuGraphNodeFindInClone(OUT(node), N(original), G(graph)))
RUNTIME_PASS(cudaGraphGetNodes, (cudaGraph_t graph, cudaGraphNode_t *nodes, size_t *count),
	     cuGraphGetNodes(G(graph), OUT(nodes), count))
RUNTIME_PASS(cudaGraphGetRootNodes, (cudaGraph_t graph, cudaGraphNode_t *nodes, size_t *count),
	     cuGraphGetRootNodes(G(graph), OUT(nodes), count))
RUNTIME_PASS(cudaGraphDestroyNode, (cudaGraphNode_t node), cuGraphDestroyNode(N(node)))
/* both interfaces number the types alike */
RUNTIME_PASS(cudaGraphNodeGetType, (cudaGraphNode_t node, cudaGraphNodeType *type),
	     cuGraphNodeGetType(N(node), (CUgraphNodeType *)type))
RUNTIME_PASS(cudaGraphDebugDotPrint, (cudaGraph_t graph, const char *path, unsigned int flags),
	     cuGraphDebugDotPrint(G(graph), path, flags))

/* Since 13 the calls that know of edges have the plain names; before, these end in _v2. */
#if SIM_CUDART == 12
RUNTIME_PASS(cudaGraphGetEdges,
	     (cudaGraph_t graph, cudaGraphNode_t *from, cudaGraphNode_t *to, size_t *count),
	     cuGraphGetEdges(G(graph), OUT(from), OUT(to), count))
RUNTIME_PASS(cudaGraphNodeGetDependencies,
	     (cudaGraphNode_t node, cudaGraphNode_t *nodes, size_t *count),
	     cuGraphNodeGetDependencies(N(node), OUT(nodes), count))
RUNTIME_PASS(cudaGraphNodeGetDependentNodes,
	     (cudaGraphNode_t node, cudaGraphNode_t *nodes, size_t *count),
	     cuGraphNodeGetDependentNodes(N(node), OUT(nodes), count))
RUNTIME_PASS(cudaGraphAddDependencies,
	     (cudaGraph_t graph, const cudaGraphNode_t *from, const cudaGraphNode_t *to,
	      size_t count),
	     cuGraphAddDependencies(G(graph), NODES(from), NODES(to), count))
RUNTIME_PASS(cudaGraphRemoveDependencies,
	     (cudaGraph_t graph, const cudaGraphNode_t *from, const cudaGraphNode_t *to,
	      size_t count),
	     cuGraphRemoveDependencies(G(graph), NODES(from), NODES(to), count))
#define EDGES(name) name##_v2
#else
#define EDGES(name) name
#endif

RUNTIME_PASS(EDGES(cudaGraphGetEdges),
	     (cudaGraph_t graph, cudaGraphNode_t *from, cudaGraphNode_t *to,
	      cudaGraphEdgeData *data, size_t *count),
	     cuGraphGetEdges_v2(G(graph), OUT(from), OUT(to), (CUgraphEdgeData *)data, count))
RUNTIME_PASS(EDGES(cudaGraphNodeGetDependencies),
	     (cudaGraphNode_t node, cudaGraphNode_t *nodes, cudaGraphEdgeData *data, size_t *count),
	     cuGraphNodeGetDependencies_v2(N(node), OUT(nodes), (CUgraphEdgeData *)data, count))
RUNTIME_PASS(EDGES(cudaGraphNodeGetDependentNodes),
	     (cudaGraphNode_t node, cudaGraphNode_t *nodes, cudaGraphEdgeData *data, size_t *count),
	     cuGraphNodeGetDependentNodes_v2(N(node), OUT(nodes), (CUgraphEdgeData *)data, count))
RUNTIME_PASS(EDGES(cudaGraphAddDependencies),
	     (cudaGraph_t graph, const cudaGraphNode_t *from, const cudaGraphNode_t *to,
	      const cudaGraphEdgeData *data, size_t count),
	     cuGraphAddDependencies_v2(G(graph), NODES(from), NODES(to), DATA(data), count))
RUNTIME_PASS(EDGES(cudaGraphRemoveDependencies),
	     (cudaGraph_t graph, const cudaGraphNode_t *from, const cudaGraphNode_t *to,
	      const cudaGraphEdgeData *data, size_t count),
	     cuGraphRemoveDependencies_v2(G(graph), NODES(from), NODES(to), DATA(data), count))

/* ---- executable graphs ---- */

RUNTIME_PASS(cudaGraphInstantiate,
	     (cudaGraphExec_t * exec, cudaGraph_t graph, unsigned long long flags),
	     cuGraphInstantiateWithFlags((CUgraphExec *)exec, G(graph), flags))
SIM_ALIAS(sim_cudaGraphInstantiateWithFlags, sim_cudaGraphInstantiate);
/* the parameters are laid out alike */
RUNTIME_PASS(cudaGraphInstantiateWithParams,
	     (cudaGraphExec_t * exec, cudaGraph_t graph, cudaGraphInstantiateParams *params),
	     cuGraphInstantiateWithParams((CUgraphExec *)exec, G(graph),
					  (CUDA_GRAPH_INSTANTIATE_PARAMS *)(void *)params))
SIM_ALIAS(sim_cudaGraphInstantiateWithParams_ptsz, sim_cudaGraphInstantiateWithParams);
RUNTIME_PASS(cudaGraphExecGetFlags, (cudaGraphExec_t exec, unsigned long long *flags),
	     cuGraphExecGetFlags((CUgraphExec)exec, (cuuint64_t *)flags))
RUNTIME_PASS(cudaGraphExecDestroy, (cudaGraphExec_t exec), cuGraphExecDestroy((CUgraphExec)exec))
RUNTIME_PASS(cudaGraphUpload, (cudaGraphExec_t exec, cudaStream_t stream),
	     cuGraphUpload((CUgraphExec)exec, (CUstream)stream))
RUNTIME_PTSZ(cudaGraphUpload, (cudaGraphExec_t exec, cudaStream_t stream),
	     (exec, runtime_ptsz(stream)))
RUNTIME_PASS(cudaGraphLaunch, (cudaGraphExec_t exec, cudaStream_t stream),
	     cuGraphLaunch((CUgraphExec)exec, (CUstream)stream))
RUNTIME_PTSZ(cudaGraphLaunch, (cudaGraphExec_t exec, cudaStream_t stream),
	     (exec, runtime_ptsz(stream)))
RUNTIME_PASS(cudaGraphExecUpdate,
	     (cudaGraphExec_t exec, cudaGraph_t graph, cudaGraphExecUpdateResultInfo *info),
	     cuGraphExecUpdate_v2((CUgraphExec)exec, G(graph),
				  (CUgraphExecUpdateResultInfo *)(void *)info))
RUNTIME_PASS(cudaGraphNodeGetEnabled,
	     (cudaGraphExec_t exec, cudaGraphNode_t node, unsigned int *enabled),
	     cuGraphNodeGetEnabled((CUgraphExec)exec, N(node), enabled))
RUNTIME_PASS(cudaGraphNodeSetEnabled,
	     (cudaGraphExec_t exec, cudaGraphNode_t node, unsigned int enabled),
	     cuGraphNodeSetEnabled((CUgraphExec)exec, N(node), enabled))

/* ---- the program's own objects, and memory of graphs ---- */

RUNTIME_PASS(cudaUserObjectCreate,
	     (cudaUserObject_t * object, void *data, cudaHostFn_t destroy, unsigned int count,
	      unsigned int flags),
	     cuUserObjectCreate((CUuserObject *)object, data, (CUhostFn)destroy, count, flags))
RUNTIME_PASS(cudaUserObjectRetain, (cudaUserObject_t object, unsigned int count),
	     cuUserObjectRetain((CUuserObject)object, count))
RUNTIME_PASS(cudaUserObjectRelease, (cudaUserObject_t object, unsigned int count),
	     cuUserObjectRelease((CUuserObject)object, count))
RUNTIME_PASS(cudaGraphRetainUserObject,
	     (cudaGraph_t graph, cudaUserObject_t object, unsigned int count, unsigned int flags),
	     cuGraphRetainUserObject(G(graph), (CUuserObject)object, count, flags))
RUNTIME_PASS(cudaGraphReleaseUserObject,
	     (cudaGraph_t graph, cudaUserObject_t object, unsigned int count),
	     cuGraphReleaseUserObject(G(graph), (CUuserObject)object, count))

#define NEED_ORDINAL(ordinal)                                                                      \
	RUNTIME_NEED_START();                                                                      \
	if ((ordinal) < 0 || (ordinal) >= runtime.count)                                           \
	RUNTIME_FAIL(cudaErrorInvalidDevice)

cudaError_t sim_cudaDeviceGetGraphMemAttribute(int device, cudaGraphMemAttributeType attribute,
					       void *value)
{
	NEED_ORDINAL(device);
	RUNTIME_RETURN(cuDeviceGetGraphMemAttribute(runtime.device[device].device,
						    (CUgraphMem_attribute)(int)attribute, value));
}

cudaError_t sim_cudaDeviceSetGraphMemAttribute(int device, cudaGraphMemAttributeType attribute,
					       void *value)
{
	NEED_ORDINAL(device);
	RUNTIME_RETURN(cuDeviceSetGraphMemAttribute(runtime.device[device].device,
						    (CUgraphMem_attribute)(int)attribute, value));
}

cudaError_t sim_cudaDeviceGraphMemTrim(int device)
{
	NEED_ORDINAL(device);
	RUNTIME_RETURN(cuDeviceGraphMemTrim(runtime.device[device].device));
}
