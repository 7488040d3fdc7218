/* SPDX-License-Identifier: Apache-2.0 */
/* Stream capture and attributes of streams through the runtime. */
#include "shim/backend/sim/cudart/runtime.h"

#define S(stream) ((CUstream)(stream))

RUNTIME_PASS(cudaStreamBeginCapture, (cudaStream_t stream, cudaStreamCaptureMode mode),
	     cuStreamBeginCapture_v2(S(stream), (CUstreamCaptureMode)(int)mode))
RUNTIME_PTSZ(cudaStreamBeginCapture, (cudaStream_t stream, cudaStreamCaptureMode mode),
	     (runtime_ptsz(stream), mode))
RUNTIME_PASS(cudaStreamEndCapture, (cudaStream_t stream, cudaGraph_t *graph),
	     cuStreamEndCapture(S(stream), (CUgraph *)graph))
RUNTIME_PTSZ(cudaStreamEndCapture, (cudaStream_t stream, cudaGraph_t *graph),
	     (runtime_ptsz(stream), graph))
RUNTIME_PASS(cudaStreamBeginCaptureToGraph,
	     (cudaStream_t stream, cudaGraph_t graph, const cudaGraphNode_t *nodes,
	      const cudaGraphEdgeData *data, size_t count, cudaStreamCaptureMode mode),
	     cuStreamBeginCaptureToGraph(S(stream), (CUgraph)graph, (const CUgraphNode *)nodes,
					 (const CUgraphEdgeData *)data, count,
					 (CUstreamCaptureMode)(int)mode))
RUNTIME_PTSZ(cudaStreamBeginCaptureToGraph,
	     (cudaStream_t stream, cudaGraph_t graph, const cudaGraphNode_t *nodes,
	      const cudaGraphEdgeData *data, size_t count, cudaStreamCaptureMode mode),
	     (runtime_ptsz(stream), graph, nodes, data, count, mode))
RUNTIME_PASS(cudaThreadExchangeStreamCaptureMode, (cudaStreamCaptureMode * mode),
	     cuThreadExchangeStreamCaptureMode((CUstreamCaptureMode *)mode))

static cudaError_t info(cudaStream_t stream, cudaStreamCaptureStatus *status,
			unsigned long long *id, cudaGraph_t *graph, const cudaGraphNode_t **nodes,
			const cudaGraphEdgeData **data, size_t *count)
{
	RUNTIME_NEED_CONTEXT();
	RUNTIME_RETURN(cuStreamGetCaptureInfo_v3(
	    S(stream), (CUstreamCaptureStatus *)status, (cuuint64_t *)id, (CUgraph *)graph,
	    (const CUgraphNode **)(void *)nodes, (const CUgraphEdgeData **)(void *)data, count));
}

static cudaError_t update(cudaStream_t stream, cudaGraphNode_t *nodes,
			  const cudaGraphEdgeData *data, size_t count, unsigned int flags)
{
	RUNTIME_NEED_CONTEXT();
	RUNTIME_RETURN(cuStreamUpdateCaptureDependencies_v2(
	    S(stream), (CUgraphNode *)nodes, (const CUgraphEdgeData *)data, count, flags));
}

#define INFO_WITH_EDGES                                                                            \
	(cudaStream_t stream, cudaStreamCaptureStatus * status, unsigned long long *id,            \
	 cudaGraph_t *graph, const cudaGraphNode_t **nodes, const cudaGraphEdgeData **data,        \
	 size_t *count)
#define UPDATE_WITH_EDGES                                                                          \
	(cudaStream_t stream, cudaGraphNode_t * nodes, const cudaGraphEdgeData *data,              \
	 size_t count, unsigned int flags)

#define CAPTURE_CALL(name, parameters, call, ptsz)                                                 \
	cudaError_t sim_##name parameters                                                          \
	{                                                                                          \
		return call;                                                                       \
	}                                                                                          \
	RUNTIME_PTSZ(name, parameters, ptsz)

#if SIM_CUDART == 12
CAPTURE_CALL(cudaStreamGetCaptureInfo,
	     (cudaStream_t stream, cudaStreamCaptureStatus *status, unsigned long long *id),
	     info(stream, status, id, NULL, NULL, NULL, NULL), (runtime_ptsz(stream), status, id))
CAPTURE_CALL(cudaStreamGetCaptureInfo_v2,
	     (cudaStream_t stream, cudaStreamCaptureStatus *status, unsigned long long *id,
	      cudaGraph_t *graph, const cudaGraphNode_t **nodes, size_t *count),
	     info(stream, status, id, graph, nodes, NULL, count),
	     (runtime_ptsz(stream), status, id, graph, nodes, count))
CAPTURE_CALL(cudaStreamGetCaptureInfo_v3, INFO_WITH_EDGES,
	     info(stream, status, id, graph, nodes, data, count),
	     (runtime_ptsz(stream), status, id, graph, nodes, data, count))
CAPTURE_CALL(cudaStreamUpdateCaptureDependencies,
	     (cudaStream_t stream, cudaGraphNode_t *nodes, size_t count, unsigned int flags),
	     update(stream, nodes, NULL, count, flags), (runtime_ptsz(stream), nodes, count, flags))
CAPTURE_CALL(cudaStreamUpdateCaptureDependencies_v2, UPDATE_WITH_EDGES,
	     update(stream, nodes, data, count, flags),
	     (runtime_ptsz(stream), nodes, data, count, flags))
#else
CAPTURE_CALL(cudaStreamGetCaptureInfo, INFO_WITH_EDGES,
	     info(stream, status, id, graph, nodes, data, count),
	     (runtime_ptsz(stream), status, id, graph, nodes, data, count))
CAPTURE_CALL(cudaStreamUpdateCaptureDependencies, UPDATE_WITH_EDGES,
	     update(stream, nodes, data, count, flags),
	     (runtime_ptsz(stream), nodes, data, count, flags))
#endif

/* ---- attributes: numbered and laid out alike ---- */

RUNTIME_PASS(cudaStreamSetAttribute,
	     (cudaStream_t stream, cudaLaunchAttributeID id, const cudaLaunchAttributeValue *value),
	     cuStreamSetAttribute(S(stream), (CUstreamAttrID)(int)id,
				  (const CUstreamAttrValue *)(const void *)value))
RUNTIME_PTSZ(cudaStreamSetAttribute,
	     (cudaStream_t stream, cudaLaunchAttributeID id, const cudaLaunchAttributeValue *value),
	     (runtime_ptsz(stream), id, value))
RUNTIME_PASS(cudaStreamGetAttribute,
	     (cudaStream_t stream, cudaLaunchAttributeID id, cudaLaunchAttributeValue *value),
	     cuStreamGetAttribute(S(stream), (CUstreamAttrID)(int)id,
				  (CUstreamAttrValue *)(void *)value))
RUNTIME_PTSZ(cudaStreamGetAttribute,
	     (cudaStream_t stream, cudaLaunchAttributeID id, cudaLaunchAttributeValue *value),
	     (runtime_ptsz(stream), id, value))
RUNTIME_PASS(cudaStreamCopyAttributes, (cudaStream_t to, cudaStream_t from),
	     cuStreamCopyAttributes(S(to), S(from)))
RUNTIME_PTSZ(cudaStreamCopyAttributes, (cudaStream_t to, cudaStream_t from),
	     (runtime_ptsz(to), runtime_ptsz(from)))

cudaError_t sim_cudaStreamGetDevice(cudaStream_t stream, int *out)
{
	CUdevice device;
	CUresult result;

	RUNTIME_NEED_CONTEXT();
	if (!out)
		RUNTIME_FAIL(cudaErrorInvalidValue);
	result = runtime.driver->cuStreamGetDevice(S(stream), &device);
	for (int i = 0; result == CUDA_SUCCESS && i < runtime.count; i++)
		if (runtime.device[i].device == device)
			*out = i;
	return runtime_note(runtime_code(result));
}
RUNTIME_PTSZ(cudaStreamGetDevice, (cudaStream_t stream, int *out), (runtime_ptsz(stream), out))
