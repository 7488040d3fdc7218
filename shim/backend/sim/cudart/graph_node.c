/* SPDX-License-Identifier: Apache-2.0 */
/* Nodes of graphs through the runtime: kernels by their stubs, copies in the runtime's words. */
#include "shim/backend/sim/cudart/runtime.h"

#include <string.h>

#define G(graph) ((CUgraph)(graph))
#define N(node) ((CUgraphNode)(node))
#define NODES(nodes) ((const CUgraphNode *)(nodes))
#define OUT(nodes) ((CUgraphNode *)(nodes))
#define WHERE cudaGraphNode_t *out, cudaGraph_t graph, const cudaGraphNode_t *nodes, size_t count
#define HERE OUT(out), G(graph), NODES(nodes), count

RUNTIME_PASS(cudaGraphAddEmptyNode, (WHERE), cuGraphAddEmptyNode(HERE))
RUNTIME_PASS(cudaGraphAddChildGraphNode, (WHERE, cudaGraph_t child),
	     cuGraphAddChildGraphNode(HERE, G(child)))
RUNTIME_PASS(cudaGraphChildGraphNodeGetGraph, (cudaGraphNode_t node, cudaGraph_t *graph),
	     cuGraphChildGraphNodeGetGraph(N(node), (CUgraph *)graph))
RUNTIME_PASS(cudaGraphExecChildGraphNodeSetParams,
	     (cudaGraphExec_t exec, cudaGraphNode_t node, cudaGraph_t child),
	     cuGraphExecChildGraphNodeSetParams((CUgraphExec)exec, N(node), G(child)))
RUNTIME_PASS(cudaGraphAddEventRecordNode, (WHERE, cudaEvent_t event),
	     cuGraphAddEventRecordNode(HERE, (CUevent)event))
RUNTIME_PASS(cudaGraphAddEventWaitNode, (WHERE, cudaEvent_t event),
	     cuGraphAddEventWaitNode(HERE, (CUevent)event))
RUNTIME_PASS(cudaGraphEventRecordNodeGetEvent, (cudaGraphNode_t node, cudaEvent_t *event),
	     cuGraphEventRecordNodeGetEvent(N(node), (CUevent *)event))
RUNTIME_PASS(cudaGraphEventRecordNodeSetEvent, (cudaGraphNode_t node, cudaEvent_t event),
	     cuGraphEventRecordNodeSetEvent(N(node), (CUevent)event))
RUNTIME_PASS(cudaGraphEventWaitNodeGetEvent, (cudaGraphNode_t node, cudaEvent_t *event),
	     cuGraphEventWaitNodeGetEvent(N(node), (CUevent *)event))
RUNTIME_PASS(cudaGraphEventWaitNodeSetEvent, (cudaGraphNode_t node, cudaEvent_t event),
	     cuGraphEventWaitNodeSetEvent(N(node), (CUevent)event))
RUNTIME_PASS(cudaGraphExecEventRecordNodeSetEvent,
	     (cudaGraphExec_t exec, cudaGraphNode_t node, cudaEvent_t event),
	     cuGraphExecEventRecordNodeSetEvent((CUgraphExec)exec, N(node), (CUevent)event))
RUNTIME_PASS(cudaGraphExecEventWaitNodeSetEvent,
	     (cudaGraphExec_t exec, cudaGraphNode_t node, cudaEvent_t event),
	     cuGraphExecEventWaitNodeSetEvent((CUgraphExec)exec, N(node), (CUevent)event))

/* parameters of host functions are laid out alike */
#define HOST(params) ((const CUDA_HOST_NODE_PARAMS *)(const void *)(params))
RUNTIME_PASS(cudaGraphAddHostNode, (WHERE, const cudaHostNodeParams *params),
	     cuGraphAddHostNode(HERE, HOST(params)))
RUNTIME_PASS(cudaGraphHostNodeGetParams, (cudaGraphNode_t node, cudaHostNodeParams *params),
	     cuGraphHostNodeGetParams(N(node), (CUDA_HOST_NODE_PARAMS *)(void *)params))
RUNTIME_PASS(cudaGraphHostNodeSetParams, (cudaGraphNode_t node, const cudaHostNodeParams *params),
	     cuGraphHostNodeSetParams(N(node), HOST(params)))
RUNTIME_PASS(cudaGraphExecHostNodeSetParams,
	     (cudaGraphExec_t exec, cudaGraphNode_t node, const cudaHostNodeParams *params),
	     cuGraphExecHostNodeSetParams((CUgraphExec)exec, N(node), HOST(params)))

/* and of sets; these are the current context's */
#define SET(params) ((const CUDA_MEMSET_NODE_PARAMS *)(const void *)(params))
static CUcontext current(void)
{
	CUcontext context = NULL;

	runtime.driver->cuCtxGetCurrent(&context);
	return context;
}

RUNTIME_PASS(cudaGraphAddMemsetNode, (WHERE, const cudaMemsetParams *params),
	     cuGraphAddMemsetNode(HERE, SET(params), current()))
RUNTIME_PASS(cudaGraphMemsetNodeGetParams, (cudaGraphNode_t node, cudaMemsetParams *params),
	     cuGraphMemsetNodeGetParams(N(node), (CUDA_MEMSET_NODE_PARAMS *)(void *)params))
RUNTIME_PASS(cudaGraphMemsetNodeSetParams, (cudaGraphNode_t node, const cudaMemsetParams *params),
	     cuGraphMemsetNodeSetParams(N(node), SET(params)))
RUNTIME_PASS(cudaGraphExecMemsetNodeSetParams,
	     (cudaGraphExec_t exec, cudaGraphNode_t node, const cudaMemsetParams *params),
	     cuGraphExecMemsetNodeSetParams((CUgraphExec)exec, N(node), SET(params), current()))

/* ---- memory ---- */

#define ALLOC(params) ((CUDA_MEM_ALLOC_NODE_PARAMS *)(void *)(params))
RUNTIME_PASS(cudaGraphAddMemAllocNode, (WHERE, cudaMemAllocNodeParams *params),
	     cuGraphAddMemAllocNode(HERE, ALLOC(params)))
RUNTIME_PASS(cudaGraphMemAllocNodeGetParams, (cudaGraphNode_t node, cudaMemAllocNodeParams *params),
	     cuGraphMemAllocNodeGetParams(N(node), ALLOC(params)))
RUNTIME_PASS(cudaGraphAddMemFreeNode, (WHERE, void *pointer),
	     cuGraphAddMemFreeNode(HERE, runtime_address(pointer)))
RUNTIME_PASS(cudaGraphMemFreeNodeGetParams, (cudaGraphNode_t node, void *out),
	     cuGraphMemFreeNodeGetParams(N(node), (CUdeviceptr *)out))

/* ---- kernels ---- */

static cudaError_t kernel_of(CUDA_KERNEL_NODE_PARAMS *to, const cudaKernelNodeParams *from)
{
	CUkernel kernel;
	cudaError_t error;

	if (!from)
		return cudaErrorInvalidValue;
	error = runtime_function(from->func, &kernel);
	if (error != cudaSuccess)
		return error;
	*to = (CUDA_KERNEL_NODE_PARAMS){
		.func = (CUfunction)kernel,
		.gridDimX = from->gridDim.x,
		.gridDimY = from->gridDim.y,
		.gridDimZ = from->gridDim.z,
		.blockDimX = from->blockDim.x,
		.blockDimY = from->blockDim.y,
		.blockDimZ = from->blockDim.z,
		.sharedMemBytes = from->sharedMemBytes,
		.kernelParams = from->kernelParams,
		.extra = from->extra,
	};
	return cudaSuccess;
}

/* As for any launch: what the driver finds impossible is a wrong configuration here. */
#define KERNEL_CALL(call)                                                                          \
	do {                                                                                       \
		CUDA_KERNEL_NODE_PARAMS is;                                                        \
		cudaError_t error_;                                                                \
		RUNTIME_NEED_CONTEXT();                                                            \
		error_ = kernel_of(&is, params);                                                   \
		if (error_ != cudaSuccess)                                                         \
			RUNTIME_FAIL(error_);                                                      \
		RUNTIME_RETURN(call);                                                              \
	} while (0)

cudaError_t sim_cudaGraphAddKernelNode(WHERE, const cudaKernelNodeParams *params)
{
	KERNEL_CALL(cuGraphAddKernelNode_v2(HERE, &is));
}

cudaError_t sim_cudaGraphKernelNodeSetParams(cudaGraphNode_t node,
					     const cudaKernelNodeParams *params)
{
	KERNEL_CALL(cuGraphKernelNodeSetParams_v2(N(node), &is));
}

cudaError_t sim_cudaGraphExecKernelNodeSetParams(cudaGraphExec_t exec, cudaGraphNode_t node,
						 const cudaKernelNodeParams *params)
{
	KERNEL_CALL(cuGraphExecKernelNodeSetParams_v2((CUgraphExec)exec, N(node), &is));
}

cudaError_t sim_cudaGraphKernelNodeGetParams(cudaGraphNode_t node, cudaKernelNodeParams *params)
{
	CUDA_KERNEL_NODE_PARAMS is;
	CUresult result;

	RUNTIME_NEED_CONTEXT();
	if (!params)
		RUNTIME_FAIL(cudaErrorInvalidValue);
	result = runtime.driver->cuGraphKernelNodeGetParams_v2(N(node), &is);
	if (result != CUDA_SUCCESS)
		RUNTIME_FAIL(runtime_code(result));
	*params = (cudaKernelNodeParams){
		.func = runtime_stub((CUkernel)is.func),
		.gridDim = { is.gridDimX, is.gridDimY, is.gridDimZ },
		.blockDim = { is.blockDimX, is.blockDimY, is.blockDimZ },
		.sharedMemBytes = is.sharedMemBytes,
		.kernelParams = is.kernelParams,
		.extra = is.extra,
	};
	return cudaSuccess;
}

/* attributes are numbered and laid out alike */
RUNTIME_PASS(cudaGraphKernelNodeSetAttribute,
	     (cudaGraphNode_t node, cudaLaunchAttributeID id,
	      const cudaLaunchAttributeValue *value),
	     cuGraphKernelNodeSetAttribute(N(node), (CUkernelNodeAttrID)(int)id,
					   (const CUkernelNodeAttrValue *)(const void *)value))
RUNTIME_PASS(cudaGraphKernelNodeGetAttribute,
	     (cudaGraphNode_t node, cudaLaunchAttributeID id, cudaLaunchAttributeValue *value),
	     cuGraphKernelNodeGetAttribute(N(node), (CUkernelNodeAttrID)(int)id,
					   (CUkernelNodeAttrValue *)(void *)value))
RUNTIME_PASS(cudaGraphKernelNodeCopyAttributes, (cudaGraphNode_t to, cudaGraphNode_t from),
	     cuGraphKernelNodeCopyAttributes(N(to), N(from)))

/* ---- copies ---- */

static CUresult add_copy(WHERE, const CUDA_MEMCPY3D *copy)
{
	return runtime.driver->cuGraphAddMemcpyNode(HERE, copy, current());
}

static CUresult set_copy(cudaGraphNode_t node, const CUDA_MEMCPY3D *copy)
{
	return runtime.driver->cuGraphMemcpyNodeSetParams(N(node), copy);
}

static CUresult set_exec_copy(cudaGraphExec_t exec, cudaGraphNode_t node, const CUDA_MEMCPY3D *copy)
{
	return runtime.driver->cuGraphExecMemcpyNodeSetParams((CUgraphExec)exec, N(node), copy,
							      current());
}

/* One copy, said in four ways: whole, in a row, and to and from a symbol. */
#define COPY_CALL(made, call)                                                                      \
	do {                                                                                       \
		CUDA_MEMCPY3D copy;                                                                \
		cudaError_t error_;                                                                \
		RUNTIME_NEED_CONTEXT();                                                            \
		error_ = made;                                                                     \
		if (error_ != cudaSuccess)                                                         \
			RUNTIME_FAIL(error_);                                                      \
		return runtime_note(runtime_code(call));                                           \
	} while (0)

static cudaError_t to_symbol(CUDA_MEMCPY3D *copy, const void *symbol, const void *from, size_t size,
			     size_t offset, cudaMemcpyKind kind)
{
	void *to;
	cudaError_t error = runtime_symbol_part(symbol, size, offset, &to);

	return error == cudaSuccess ? runtime_copy_1d(copy, to, from, size, kind) : error;
}

static cudaError_t from_symbol(CUDA_MEMCPY3D *copy, void *to, const void *symbol, size_t size,
			       size_t offset, cudaMemcpyKind kind)
{
	void *from;
	cudaError_t error = runtime_symbol_part(symbol, size, offset, &from);

	return error == cudaSuccess ? runtime_copy_1d(copy, to, from, size, kind) : error;
}

#define COPY_NODE(name, prefix, parameters, call)                                                  \
	cudaError_t sim_cudaGraph##name(UNPACK prefix, const cudaMemcpy3DParms *params)            \
	{                                                                                          \
		COPY_CALL(runtime_copy_3d(&copy, params), call);                                   \
	}                                                                                          \
	cudaError_t sim_cudaGraph##name##1D(UNPACK prefix, void *to, const void *from,             \
					    size_t size, cudaMemcpyKind kind)                      \
	{                                                                                          \
		COPY_CALL(runtime_copy_1d(&copy, to, from, size, kind), call);                     \
	}                                                                                          \
	cudaError_t sim_cudaGraph##name##ToSymbol(UNPACK prefix, const void *symbol,               \
						  const void *from, size_t size, size_t offset,    \
						  cudaMemcpyKind kind)                             \
	{                                                                                          \
		COPY_CALL(to_symbol(&copy, symbol, from, size, offset, kind), call);               \
	}                                                                                          \
	cudaError_t sim_cudaGraph##name##FromSymbol(UNPACK prefix, void *to, const void *symbol,   \
						    size_t size, size_t offset,                    \
						    cudaMemcpyKind kind)                           \
	{                                                                                          \
		COPY_CALL(from_symbol(&copy, to, symbol, size, offset, kind), call);               \
	}
#define UNPACK(...) __VA_ARGS__

COPY_NODE(AddMemcpyNode, (WHERE), (HERE), add_copy(out, graph, nodes, count, &copy))
COPY_NODE(MemcpyNodeSetParams, (cudaGraphNode_t node), (node), set_copy(node, &copy))
COPY_NODE(ExecMemcpyNodeSetParams, (cudaGraphExec_t exec, cudaGraphNode_t node), (exec, node),
	  set_exec_copy(exec, node, &copy))

/* What the driver keeps, in this interface's words. */
static void tell(cudaMemcpy3DParms *out, const CUDA_MEMCPY3D *copy)
{
	bool to_host = copy->dstMemoryType == CU_MEMORYTYPE_HOST;
	bool from_host = copy->srcMemoryType == CU_MEMORYTYPE_HOST;
	bool any = copy->dstMemoryType == CU_MEMORYTYPE_UNIFIED ||
		   copy->srcMemoryType == CU_MEMORYTYPE_UNIFIED;
	size_t to_element = copy->dstArray ? runtime_element((cudaArray_t)copy->dstArray) : 1;
	size_t from_element = copy->srcArray ? runtime_element((cudaArray_t)copy->srcArray) : 1;
	size_t element = copy->srcArray ? from_element : to_element;

	*out = (cudaMemcpy3DParms){
		.srcArray = (cudaArray_t)copy->srcArray,
		.srcPos = { copy->srcXInBytes / (from_element ? from_element : 1), copy->srcY,
			    copy->srcZ },
		.srcPtr = { from_host ? (void *)(uintptr_t)copy->srcHost
				      : (void *)(uintptr_t)copy->srcDevice,
			    copy->srcPitch, copy->WidthInBytes, copy->srcHeight },
		.dstArray = (cudaArray_t)copy->dstArray,
		.dstPos = { copy->dstXInBytes / (to_element ? to_element : 1), copy->dstY,
			    copy->dstZ },
		.dstPtr = { to_host ? copy->dstHost : (void *)(uintptr_t)copy->dstDevice,
			    copy->dstPitch, copy->WidthInBytes, copy->dstHeight },
		.extent = { copy->WidthInBytes / (element ? element : 1), copy->Height,
			    copy->Depth },
		.kind = any         ? cudaMemcpyDefault
			: to_host   ? (from_host ? cudaMemcpyHostToHost : cudaMemcpyDeviceToHost)
			: from_host ? cudaMemcpyHostToDevice
				    : cudaMemcpyDeviceToDevice,
	};
	if (copy->srcArray)
		memset(&out->srcPtr, 0, sizeof(out->srcPtr));
	if (copy->dstArray)
		memset(&out->dstPtr, 0, sizeof(out->dstPtr));
}

cudaError_t sim_cudaGraphMemcpyNodeGetParams(cudaGraphNode_t node, cudaMemcpy3DParms *params)
{
	CUDA_MEMCPY3D copy;
	CUresult result;

	RUNTIME_NEED_CONTEXT();
	if (!params)
		RUNTIME_FAIL(cudaErrorInvalidValue);
	result = runtime.driver->cuGraphMemcpyNodeGetParams(N(node), &copy);
	if (result == CUDA_SUCCESS)
		tell(params, &copy);
	return runtime_note(runtime_code(result));
}

/* ---- nodes of any type ---- */

/* Most types are laid out alike; kernels and copies are said in other words. */
static cudaError_t any_of(CUgraphNodeParams *to, const cudaGraphNodeParams *from)
{
	CUDA_KERNEL_NODE_PARAMS kernel;
	cudaKernelNodeParams is;
	cudaError_t error;

	if (!from)
		return cudaErrorInvalidValue;
	memcpy(to, from, sizeof(*to));
	switch ((int)from->type) {
	case CU_GRAPH_NODE_TYPE_KERNEL:
		memcpy(&is, &from->kernel, sizeof(is));
		error = kernel_of(&kernel, &is);
		memcpy(&to->kernel, &kernel, sizeof(kernel));
		return error;
	case CU_GRAPH_NODE_TYPE_MEMCPY:
		memset(&to->memcpy, 0, sizeof(to->memcpy));
		return runtime_copy_3d(&to->memcpy.copyParams, &from->memcpy.copyParams);
	case CU_GRAPH_NODE_TYPE_MEMSET:
		to->memset.ctx = NULL;
		return cudaSuccess;
	default:
		return cudaSuccess;
	}
}

static cudaError_t add_any(WHERE, const cudaGraphEdgeData *data, cudaGraphNodeParams *params)
{
	CUgraphNodeParams is;
	cudaError_t error;
	CUresult result;

	RUNTIME_NEED_CONTEXT();
	error = any_of(&is, params);
	if (error != cudaSuccess)
		RUNTIME_FAIL(error);
	result = runtime.driver->cuGraphAddNode_v2(OUT(out), G(graph), NODES(nodes),
						   (const CUgraphEdgeData *)data, count, &is);
	if (result == CUDA_SUCCESS && is.type == CU_GRAPH_NODE_TYPE_MEM_ALLOC)
		params->alloc.dptr = (void *)(uintptr_t)is.alloc.dptr;
	return runtime_note(runtime_code(result));
}

#if SIM_CUDART == 12
cudaError_t sim_cudaGraphAddNode(cudaGraphNode_t *out, cudaGraph_t graph,
				 const cudaGraphNode_t *nodes, size_t count,
				 cudaGraphNodeParams *params)
{
	return add_any(out, graph, nodes, count, NULL, params);
}

cudaError_t sim_cudaGraphAddNode_v2(cudaGraphNode_t *out, cudaGraph_t graph,
				    const cudaGraphNode_t *nodes, const cudaGraphEdgeData *data,
				    size_t count, cudaGraphNodeParams *params)
#else
cudaError_t sim_cudaGraphAddNode(cudaGraphNode_t *out, cudaGraph_t graph,
				 const cudaGraphNode_t *nodes, const cudaGraphEdgeData *data,
				 size_t count, cudaGraphNodeParams *params)
#endif
{
	return add_any(out, graph, nodes, count, data, params);
}

cudaError_t sim_cudaGraphNodeSetParams(cudaGraphNode_t node, cudaGraphNodeParams *params)
{
	CUgraphNodeParams is;
	cudaError_t error;

	RUNTIME_NEED_CONTEXT();
	error = any_of(&is, params);
	if (error != cudaSuccess)
		RUNTIME_FAIL(error);
	RUNTIME_RETURN(cuGraphNodeSetParams(N(node), &is));
}

cudaError_t sim_cudaGraphExecNodeSetParams(cudaGraphExec_t exec, cudaGraphNode_t node,
					   cudaGraphNodeParams *params)
{
	CUgraphNodeParams is;
	cudaError_t error;

	RUNTIME_NEED_CONTEXT();
	error = any_of(&is, params);
	if (error != cudaSuccess)
		RUNTIME_FAIL(error);
	RUNTIME_RETURN(cuGraphExecNodeSetParams((CUgraphExec)exec, N(node), &is));
}
