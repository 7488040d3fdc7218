/* SPDX-License-Identifier: Apache-2.0 */
/* What a graph's node is: parameters checked and copied, and done when the graph is launched. */
#include <string.h>

#include "shim/backend/sim/cuda/graph.h"
#include "shim/backend/sim/cuda/heap.h"
#include "shim/backend/sim/cuda/module.h"

/* What the node no longer needs: blocks, an inner graph, a reserved address. */
static void drop(struct cuda_node *node)
{
	struct cuda_graph *child;

	if (node->is.type == CU_GRAPH_NODE_TYPE_GRAPH) {
		child = cuda_graph_of(node->is.graph.graph);
		if (child)
			cuda_graph_free(child);
	} else if (node->is.type == CU_GRAPH_NODE_TYPE_MEM_ALLOC && node->is.alloc.dptr) {
		cuda_graph_memory_unreserve(node->is.alloc.dptr);
	}
	heap_free(node->block);
	node->block = NULL;
}

void cuda_node_free(struct cuda_node *node)
{
	drop(node);
	cuda_edges_free(&node->after);
	heap_free(node->attributes);
	object_free(node);
}

/* The arguments' values, where the code says how large each is; otherwise they stay the program's. */
static CUresult copy_arguments(CUDA_KERNEL_NODE_PARAMS_v3 *is, void **block)
{
	const struct cuda_kernel *kernel = cuda_kernel_of(is->func);
	const struct image_kernel *image = kernel->is;
	size_t size = 0;
	void **pointers;
	char *at;

	if (!is->kernelParams || !image || !image->param_count)
		return CUDA_SUCCESS;
	for (uint32_t i = 0; i < image->param_count; i++)
		size += (image->params[i].size + 15) & ~15u;
	pointers = heap_get(image->param_count * sizeof(*pointers) + 16 + size);
	if (!pointers)
		return CUDA_ERROR_OUT_OF_MEMORY;
	at = (char *)(pointers + image->param_count);
	at += -(uintptr_t)at & 15;
	for (uint32_t i = 0; i < image->param_count; i++) {
		if (!is->kernelParams[i]) {
			heap_free(pointers);
			return CUDA_ERROR_INVALID_VALUE;
		}
		memcpy(at, is->kernelParams[i], image->params[i].size);
		pointers[i] = at;
		at += (image->params[i].size + 15) & ~15u;
	}
	is->kernelParams = pointers;
	*block = pointers;
	return CUDA_SUCCESS;
}

static CUresult set_kernel(CUDA_KERNEL_NODE_PARAMS_v3 *is, void **block)
{
	const unsigned grid[] = { is->gridDimX, is->gridDimY, is->gridDimZ };
	const unsigned threads[] = { is->blockDimX, is->blockDimY, is->blockDimZ };
	CUresult result;

	/* a kernel and its function are the same handle: either names it */
	if (!is->func)
		is->func = (CUfunction)is->kern;
	if (is->kernelParams && is->extra)
		return CUDA_ERROR_INVALID_VALUE;
	result = cuda_launch_check(is->func, grid, threads, is->sharedMemBytes);
	return result == CUDA_SUCCESS ? copy_arguments(is, block) : result;
}

static CUresult set_memset(const CUDA_MEMSET_NODE_PARAMS_v2 *is)
{
	if ((is->elementSize != 1 && is->elementSize != 2 && is->elementSize != 4) || !is->width ||
	    !is->height || !is->dst || (is->height > 1 && is->pitch < is->width * is->elementSize))
		return CUDA_ERROR_INVALID_VALUE;
	return CUDA_SUCCESS;
}

static CUresult set_child(CUDA_CHILD_GRAPH_NODE_PARAMS *is)
{
	struct cuda_graph *graph = cuda_graph_of(is->graph), *copy;

	if (!graph)
		return CUDA_ERROR_INVALID_VALUE;
	copy = cuda_graph_copy(graph);
	if (!copy)
		return CUDA_ERROR_OUT_OF_MEMORY;
	copy->inner = true;
	is->graph = (CUgraph)copy;
	return CUDA_SUCCESS;
}

static CUresult set_alloc(CUDA_MEM_ALLOC_NODE_PARAMS *is, bool again, void **block)
{
	if (is->accessDescCount) {
		if (!is->accessDescs)
			return CUDA_ERROR_INVALID_VALUE;
		*block = heap_copy(is->accessDescs, is->accessDescCount * sizeof(*is->accessDescs));
		if (!*block)
			return CUDA_ERROR_OUT_OF_MEMORY;
		is->accessDescs = *block;
	}
	if (again) {
		cuda_graph_memory_hold(is->dptr);
		return CUDA_SUCCESS;
	}
	return cuda_graph_memory_reserve((CUDA_MEM_ALLOC_NODE_PARAMS *)is);
}

static CUresult set_operations(CUDA_BATCH_MEM_OP_NODE_PARAMS_v2 *is, void **block)
{
	CUresult result;

	if (!is->paramArray)
		return CUDA_ERROR_INVALID_VALUE;
	result = cuda_memops_check(is->paramArray, is->count);
	if (result != CUDA_SUCCESS)
		return result;
	*block = heap_copy(is->paramArray, is->count * sizeof(*is->paramArray));
	is->paramArray = *block;
	return *block ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY;
}

static CUresult check(CUgraphNodeParams *is, bool again, void **block)
{
	switch (is->type) {
	case CU_GRAPH_NODE_TYPE_KERNEL:
		return set_kernel(&is->kernel, block);
	case CU_GRAPH_NODE_TYPE_MEMCPY:
		return is->memcpy.copyParams.WidthInBytes ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
	case CU_GRAPH_NODE_TYPE_MEMSET:
		return set_memset(&is->memset);
	case CU_GRAPH_NODE_TYPE_HOST:
		return is->host.fn ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
	case CU_GRAPH_NODE_TYPE_GRAPH:
		return set_child(&is->graph);
	case CU_GRAPH_NODE_TYPE_EMPTY:
		return CUDA_SUCCESS;
	case CU_GRAPH_NODE_TYPE_WAIT_EVENT:
		return cuda_event_of(is->eventWait.event) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
	case CU_GRAPH_NODE_TYPE_EVENT_RECORD:
		return cuda_event_of(is->eventRecord.event) ? CUDA_SUCCESS
							    : CUDA_ERROR_INVALID_VALUE;
	case CU_GRAPH_NODE_TYPE_MEM_ALLOC:
		return set_alloc((CUDA_MEM_ALLOC_NODE_PARAMS *)&is->alloc, again, block);
	case CU_GRAPH_NODE_TYPE_MEM_FREE:
		return is->free.dptr ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
	case CU_GRAPH_NODE_TYPE_BATCH_MEM_OP:
		return set_operations(&is->memOp, block);
	default:
		return CUDA_ERROR_NOT_SUPPORTED;
	}
}

CUresult cuda_node_set(struct cuda_node *node, const CUgraphNodeParams *params, bool again)
{
	CUgraphNodeParams is = *params;
	void *block = NULL;
	CUresult result = check(&is, again, &block);

	if (result != CUDA_SUCCESS) {
		heap_free(block);
		return result;
	}
	drop(node);
	node->is = is;
	node->block = block;
	return CUDA_SUCCESS;
}

static uint64_t threads_of(const CUDA_KERNEL_NODE_PARAMS_v3 *is)
{
	return (uint64_t)is->gridDimX * is->gridDimY * is->gridDimZ * is->blockDimX *
	       is->blockDimY * is->blockDimZ;
}

/* Nothing runs; a device would have been busy for as many rounds as it takes for all threads. */
static void run_kernel(const CUDA_KERNEL_NODE_PARAMS_v3 *is, struct cuda_stream *stream)
{
	struct cuda_kernel *kernel = cuda_kernel_of(is->func);
	const struct cuda_device *device =
	    cuda_device_of((struct cuda_context *)stream->object.owner);
	uint64_t at_once =
	    (uint64_t)cuda_attribute(device, CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT) *
	    (uint64_t)cuda_attribute(device, CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_MULTIPROCESSOR);

	if (kernel)
		__atomic_store_n(&kernel->loaded, true, __ATOMIC_RELAXED);
	cuda_stream_busy(stream, 2000 + (at_once ? threads_of(is) / at_once * 1000 : 0));
}

CUresult cuda_node_run(const CUgraphNodeParams *is, struct cuda_stream *stream)
{
	struct cuda_event *event;
	uint64_t now, until;

	switch (is->type) {
	case CU_GRAPH_NODE_TYPE_KERNEL:
		run_kernel(&is->kernel, stream);
		return CUDA_SUCCESS;
	case CU_GRAPH_NODE_TYPE_MEMCPY:
		return cuda_copy_run(&is->memcpy.copyParams, stream);
	case CU_GRAPH_NODE_TYPE_MEMSET:
		return cuda_set_run(&is->memset, stream);
	case CU_GRAPH_NODE_TYPE_HOST:
		is->host.fn(is->host.userData);
		return CUDA_SUCCESS;
	case CU_GRAPH_NODE_TYPE_GRAPH:
		return cuda_graph_run(cuda_graph_of(is->graph.graph), stream);
	case CU_GRAPH_NODE_TYPE_EVENT_RECORD:
		event = cuda_event_of(is->eventRecord.event);
		if (!event)
			return CUDA_ERROR_INVALID_HANDLE;
		now = cuda_now_ns();
		until = __atomic_load_n(&stream->until_ns, __ATOMIC_RELAXED);
		__atomic_store_n(&event->recorded_ns, until > now ? until : now, __ATOMIC_RELEASE);
		return CUDA_SUCCESS;
	case CU_GRAPH_NODE_TYPE_MEM_ALLOC:
		return cuda_graph_memory_take(is->alloc.dptr);
	case CU_GRAPH_NODE_TYPE_MEM_FREE:
		return cuda_graph_memory_give(is->free.dptr);
	case CU_GRAPH_NODE_TYPE_BATCH_MEM_OP:
		return cuda_memops_run(is->memOp.paramArray, is->memOp.count);
	default:
		return CUDA_SUCCESS;
	}
}

CUresult cuda_graph_run(struct cuda_graph *graph, struct cuda_stream *stream)
{
	for (struct cuda_node *node = graph->first; node; node = node->next) {
		CUresult result = node->enabled ? cuda_node_run(&node->is, stream) : CUDA_SUCCESS;

		if (result != CUDA_SUCCESS)
			return result;
	}
	return CUDA_SUCCESS;
}
