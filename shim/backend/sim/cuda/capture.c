/* SPDX-License-Identifier: Apache-2.0 */
/* Stream capture: work that is recorded into a graph instead of being done. */
#include <string.h>

#include "shim/backend/sim/cuda/graph.h"
#include "shim/backend/sim/cuda/heap.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct cuda_capture *captures;
static uint32_t active; /* atomic: how many there are, for calls that only want to know of any */

void cuda_capture_forget(void)
{
	pthread_mutex_init(&lock, NULL);
	captures = NULL;
	active = 0;
}

bool cuda_edges_add(struct cuda_edges *edges, struct cuda_node *from, const CUgraphEdgeData *data)
{
	struct cuda_edge edge = { .from = from };

	if (edges->count == edges->room) {
		uint32_t room = edges->room ? edges->room * 2 : 4;
		struct cuda_edge *wider = heap_resize(edges->edge, room * sizeof(*wider));

		if (!wider)
			return false;
		edges->edge = wider;
		edges->room = room;
	}
	if (data)
		edge.data = *data;
	edges->edge[edges->count++] = edge;
	return true;
}

void cuda_edges_free(struct cuda_edges *edges)
{
	heap_free(edges->edge);
	*edges = (struct cuda_edges){ .edge = NULL };
}

static bool has(const struct cuda_edges *edges, const struct cuda_node *node)
{
	for (uint32_t i = 0; i < edges->count; i++)
		if (edges->edge[i].from == node)
			return true;
	return false;
}

static bool merge(struct cuda_edges *into, const struct cuda_edges *from)
{
	for (uint32_t i = 0; i < from->count; i++)
		if (!has(into, from->edge[i].from) &&
		    !cuda_edges_add(into, from->edge[i].from, &from->edge[i].data))
			return false;
	return true;
}

/* ---- who may do what while somebody records ---- */

CUresult sim_cuThreadExchangeStreamCaptureMode(CUstreamCaptureMode *mode)
{
	uint32_t old = cuda_capture_mode ? cuda_capture_mode - 1 : CU_STREAM_CAPTURE_MODE_GLOBAL;

	if (!mode || (unsigned)*mode > CU_STREAM_CAPTURE_MODE_RELAXED)
		return CUDA_ERROR_INVALID_VALUE;
	cuda_capture_mode = (uint32_t)*mode + 1;
	*mode = (CUstreamCaptureMode)old;
	return CUDA_SUCCESS;
}

CUresult cuda_capture_safe(void)
{
	uint32_t mode = cuda_capture_mode ? cuda_capture_mode - 1 : CU_STREAM_CAPTURE_MODE_GLOBAL;
	uintptr_t self = (uintptr_t)pthread_self();
	CUresult result = CUDA_SUCCESS;

	if (!__atomic_load_n(&active, __ATOMIC_RELAXED) || mode == CU_STREAM_CAPTURE_MODE_RELAXED)
		return CUDA_SUCCESS;
	pthread_mutex_lock(&lock);
	for (struct cuda_capture *capture = captures; capture; capture = capture->next) {
		bool own = capture->thread == self;

		if (capture->mode == CU_STREAM_CAPTURE_MODE_RELAXED ||
		    (!own && (mode != CU_STREAM_CAPTURE_MODE_GLOBAL ||
			      capture->mode != CU_STREAM_CAPTURE_MODE_GLOBAL)))
			continue;
		capture->invalid = true;
		result = CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
	}
	pthread_mutex_unlock(&lock);
	return result;
}

CUresult cuda_capture_legacy(struct cuda_context *context)
{
	CUresult result = CUDA_SUCCESS;

	if (!__atomic_load_n(&active, __ATOMIC_RELAXED))
		return CUDA_SUCCESS;
	pthread_mutex_lock(&lock);
	for (struct cuda_capture *capture = captures; capture; capture = capture->next) {
		if (capture->origin->object.owner != &context->object ||
		    capture->origin->flags & CU_STREAM_NON_BLOCKING)
			continue;
		capture->invalid = true;
		result = CUDA_ERROR_STREAM_CAPTURE_IMPLICIT;
	}
	pthread_mutex_unlock(&lock);
	return result;
}

CUresult cuda_capture_idle(struct cuda_stream *stream)
{
	CUresult result = CUDA_SUCCESS;

	if (!__atomic_load_n(&active, __ATOMIC_RELAXED))
		return CUDA_SUCCESS;
	if (stream->legacy)
		return cuda_capture_legacy((struct cuda_context *)stream->object.owner);
	pthread_mutex_lock(&lock);
	if (stream->capture) {
		stream->capture->invalid = true;
		result = CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
	}
	pthread_mutex_unlock(&lock);
	return result;
}

/* ---- work ---- */

/* The caller holds the lock. */
static CUresult record(struct cuda_stream *stream, const CUgraphNodeParams *params)
{
	struct cuda_capture *capture = stream->capture;
	struct cuda_node *node;
	CUresult result;

	if (capture->invalid)
		return CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
	result = cuda_node_add(capture->graph, params, stream->tips.edge, stream->tips.count, false,
			       &node);
	if (result != CUDA_SUCCESS) {
		capture->invalid = true;
		return result;
	}
	stream->tips.count = 0;
	return cuda_edges_add(&stream->tips, node, NULL) ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY;
}

CUresult cuda_stream_submit(CUstream handle, const CUgraphNodeParams *params)
{
	CUDA_NEED_STREAM(stream, handle);
	if (__atomic_load_n(&active, __ATOMIC_RELAXED)) {
		CUresult result = CUDA_SUCCESS;
		bool recording;

		pthread_mutex_lock(&lock);
		recording = stream->capture != NULL;
		if (recording)
			result = record(stream, params);
		pthread_mutex_unlock(&lock);
		if (!recording && stream->legacy)
			result = cuda_capture_legacy((struct cuda_context *)stream->object.owner);
		if (recording || result != CUDA_SUCCESS)
			return result;
	}
	return cuda_node_run(params, stream);
}

CUresult cuda_capture_alloc(CUstream handle, const CUgraphNodeParams *params, CUdeviceptr *address)
{
	CUresult result = CUDA_ERROR_ILLEGAL_STATE;

	CUDA_NEED_STREAM(stream, handle);
	pthread_mutex_lock(&lock);
	if (stream->capture)
		result = record(stream, params);
	if (result == CUDA_SUCCESS)
		*address = stream->tips.edge[0].from->is.alloc.dptr;
	pthread_mutex_unlock(&lock);
	return result;
}

CUresult cuda_capture_record(struct cuda_stream *stream, struct cuda_event *event, bool *done)
{
	CUresult result = CUDA_SUCCESS;

	pthread_mutex_lock(&lock);
	*done = stream->capture != NULL;
	cuda_edges_free(&event->tips);
	event->capture = stream->capture;
	if (*done) {
		event->capture_serial = stream->capture->object.serial;
		if (stream->capture->invalid)
			result = CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
		else if (!merge(&event->tips, &stream->tips))
			result = CUDA_ERROR_OUT_OF_MEMORY;
	}
	pthread_mutex_unlock(&lock);
	if (!*done && stream->legacy)
		result = cuda_capture_legacy((struct cuda_context *)stream->object.owner);
	return result;
}

static bool recorded_in(const struct cuda_event *event)
{
	struct cuda_capture *capture = object_get(event->capture, OBJECT_CAPTURE);

	return capture && capture->object.serial == event->capture_serial;
}

bool cuda_event_captured(const struct cuda_event *event)
{
	bool captured;

	pthread_mutex_lock(&lock);
	captured = recorded_in(event);
	pthread_mutex_unlock(&lock);
	return captured;
}

/* Waiting for an event of a capture takes a stream into it. */
CUresult cuda_capture_wait(struct cuda_stream *stream, struct cuda_event *event, bool *done)
{
	CUresult result = CUDA_SUCCESS;
	bool captured;

	pthread_mutex_lock(&lock);
	captured = recorded_in(event);
	*done = captured || stream->capture;
	if (!*done)
		goto out;
	if (stream->capture && !captured) {
		stream->capture->invalid = true;
		result = CUDA_ERROR_STREAM_CAPTURE_ISOLATION;
	} else if (stream->capture && stream->capture != event->capture) {
		stream->capture->invalid = event->capture->invalid = true;
		result = CUDA_ERROR_STREAM_CAPTURE_MERGE;
	} else if (stream->legacy) {
		event->capture->invalid = true;
		result = CUDA_ERROR_STREAM_CAPTURE_IMPLICIT;
	} else if (event->capture->invalid) {
		result = CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
	} else {
		if (!stream->capture)
			stream->tips.count = 0;
		stream->capture = event->capture;
		if (!merge(&stream->tips, &event->tips))
			result = CUDA_ERROR_OUT_OF_MEMORY;
	}
out:
	pthread_mutex_unlock(&lock);
	return result;
}

/* ---- begin and end ---- */

static CUresult begin(CUstream handle, struct cuda_graph *graph, const struct cuda_edges *tips,
		      CUstreamCaptureMode mode)
{
	CUresult result = CUDA_SUCCESS;
	struct cuda_capture *capture;

	CUDA_NEED_STREAM(stream, handle);
	if ((unsigned)mode > CU_STREAM_CAPTURE_MODE_RELAXED)
		return CUDA_ERROR_INVALID_VALUE;
	if (stream->legacy)
		return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
	pthread_mutex_lock(&lock);
	if (stream->capture) {
		result = CUDA_ERROR_ILLEGAL_STATE;
		goto out;
	}
	capture = object_new(OBJECT_CAPTURE, NULL);
	if (!capture) {
		result = CUDA_ERROR_OUT_OF_MEMORY;
		goto out;
	}
	capture->given = graph != NULL;
	capture->graph = graph ? graph : cuda_graph_new();
	if (!capture->graph) {
		object_free(capture);
		result = CUDA_ERROR_OUT_OF_MEMORY;
		goto out;
	}
	capture->origin = stream;
	capture->thread = (uintptr_t)pthread_self();
	capture->mode = mode;
	capture->next = captures;
	captures = capture;
	__atomic_add_fetch(&active, 1, __ATOMIC_RELAXED);
	stream->capture = capture;
	stream->tips.count = 0;
	if (tips && !merge(&stream->tips, tips))
		result = CUDA_ERROR_OUT_OF_MEMORY;
out:
	pthread_mutex_unlock(&lock);
	return result;
}

CUresult sim_cuStreamBeginCapture_v2(CUstream stream, CUstreamCaptureMode mode)
{
	return begin(stream, NULL, NULL, mode);
}
CUDA_PTSZ(cuStreamBeginCapture_v2, (CUstream stream, CUstreamCaptureMode mode),
	  (cuda_ptsz(stream), mode))

CUresult sim_cuStreamBeginCapture(CUstream stream)
{
	return begin(stream, NULL, NULL, CU_STREAM_CAPTURE_MODE_GLOBAL);
}
CUDA_PTSZ(cuStreamBeginCapture, (CUstream stream), (cuda_ptsz(stream)))

CUresult sim_cuStreamBeginCaptureToGraph(CUstream stream, CUgraph handle, const CUgraphNode *nodes,
					 const CUgraphEdgeData *data, size_t count,
					 CUstreamCaptureMode mode)
{
	struct cuda_edges tips = { .edge = NULL };
	CUresult result = CUDA_SUCCESS;
	struct cuda_graph *graph;

	CUDA_NEED_INIT();
	graph = cuda_graph_of(handle);
	if (!graph || graph->inner || (count && !nodes))
		return CUDA_ERROR_INVALID_VALUE;
	for (size_t i = 0; i < count && result == CUDA_SUCCESS; i++) {
		struct cuda_node *node = cuda_node_of(nodes[i]);

		if (!node || node->object.owner != &graph->object)
			result = CUDA_ERROR_INVALID_VALUE;
		else if (!cuda_edges_add(&tips, node, data ? &data[i] : NULL))
			result = CUDA_ERROR_OUT_OF_MEMORY;
	}
	if (result == CUDA_SUCCESS)
		result = begin(stream, graph, &tips, mode);
	cuda_edges_free(&tips);
	return result;
}
CUDA_PTSZ(cuStreamBeginCaptureToGraph,
	  (CUstream stream, CUgraph graph, const CUgraphNode *nodes, const CUgraphEdgeData *data,
	   size_t count, CUstreamCaptureMode mode),
	  (cuda_ptsz(stream), graph, nodes, data, count, mode))

/* Everything that leads to the tips. */
static void mark(const struct cuda_edges *edges)
{
	for (uint32_t i = 0; i < edges->count; i++) {
		struct cuda_node *node = edges->edge[i].from;

		if (node->mark)
			continue;
		node->mark = 1;
		mark(&node->after);
	}
}

/* Whether a stream was taken into the capture and nothing of the origin waited for it again. */
static bool unjoined(const struct cuda_capture *capture)
{
	const struct cuda_stream *stream;

	for (uint64_t place = 0; (stream = object_walk(OBJECT_STREAM, &place)) != NULL;) {
		if (stream->capture != capture || stream == capture->origin)
			continue;
		for (uint32_t i = 0; i < stream->tips.count; i++)
			if (!stream->tips.edge[i].from->mark)
				return true;
	}
	return false;
}

/* Takes the capture out of the list and every stream out of the capture; the lock is held. */
static void finish(struct cuda_capture *capture)
{
	struct cuda_capture **link = &captures;
	struct cuda_stream *stream;

	while (*link != capture)
		link = &(*link)->next;
	*link = capture->next;
	__atomic_sub_fetch(&active, 1, __ATOMIC_RELAXED);
	for (uint64_t place = 0; (stream = object_walk(OBJECT_STREAM, &place)) != NULL;) {
		if (stream->capture != capture)
			continue;
		stream->capture = NULL;
		cuda_edges_free(&stream->tips);
	}
	object_free(capture);
}

CUresult sim_cuStreamEndCapture(CUstream handle, CUgraph *out)
{
	CUresult result = CUDA_SUCCESS;
	struct cuda_capture *capture;

	CUDA_NEED_STREAM(stream, handle);
	if (!out)
		return CUDA_ERROR_INVALID_VALUE;
	pthread_mutex_lock(&lock);
	capture = stream->capture;
	if (!capture) {
		result = CUDA_ERROR_ILLEGAL_STATE;
		goto out;
	}
	if (capture->origin != stream) {
		capture->invalid = true;
		result = CUDA_ERROR_STREAM_CAPTURE_UNMATCHED;
		goto out;
	}
	if (capture->mode != CU_STREAM_CAPTURE_MODE_RELAXED &&
	    capture->thread != (uintptr_t)pthread_self()) {
		result = CUDA_ERROR_STREAM_CAPTURE_WRONG_THREAD;
		goto out;
	}
	*out = NULL;
	if (capture->invalid) {
		result = CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
	} else {
		for (struct cuda_node *node = capture->graph->first; node; node = node->next)
			node->mark = 0;
		mark(&stream->tips);
		if (unjoined(capture))
			result = CUDA_ERROR_STREAM_CAPTURE_UNJOINED;
	}
	if (result == CUDA_SUCCESS)
		*out = (CUgraph)capture->graph;
	else if (!capture->given)
		cuda_graph_free(capture->graph);
	finish(capture);
out:
	pthread_mutex_unlock(&lock);
	return result;
}
CUDA_PTSZ(cuStreamEndCapture, (CUstream stream, CUgraph *out), (cuda_ptsz(stream), out))

void cuda_capture_leave(struct cuda_stream *stream)
{
	pthread_mutex_lock(&lock);
	if (stream->capture && stream->capture->origin == stream) {
		if (!stream->capture->given)
			cuda_graph_free(stream->capture->graph);
		finish(stream->capture);
	} else if (stream->capture) {
		stream->capture->invalid = true;
	}
	cuda_edges_free(&stream->tips);
	pthread_mutex_unlock(&lock);
}

/* ---- what a stream records ---- */

static CUstreamCaptureStatus status_of(const struct cuda_stream *stream)
{
	return !stream->capture           ? CU_STREAM_CAPTURE_STATUS_NONE
	       : stream->capture->invalid ? CU_STREAM_CAPTURE_STATUS_INVALIDATED
					  : CU_STREAM_CAPTURE_STATUS_ACTIVE;
}

CUresult sim_cuStreamIsCapturing(CUstream handle, CUstreamCaptureStatus *status)
{
	CUDA_NEED_STREAM(stream, handle);
	if (!status)
		return CUDA_ERROR_INVALID_VALUE;
	if (stream->legacy) {
		CUresult result = cuda_capture_legacy((struct cuda_context *)stream->object.owner);

		if (result != CUDA_SUCCESS)
			return result;
	}
	pthread_mutex_lock(&lock);
	*status = status_of(stream);
	pthread_mutex_unlock(&lock);
	return CUDA_SUCCESS;
}
CUDA_PTSZ(cuStreamIsCapturing, (CUstream stream, CUstreamCaptureStatus *status),
	  (cuda_ptsz(stream), status))

/* The arrays that are shown live until the stream is asked again, or records further. */
static bool show(struct cuda_stream *stream)
{
	uint32_t count = stream->tips.count ? stream->tips.count : 1;
	CUgraphNode *nodes = heap_resize(stream->shown, count * sizeof(*nodes));
	CUgraphEdgeData *data;

	if (!nodes)
		return false;
	stream->shown = nodes;
	data = heap_resize(stream->shown_data, count * sizeof(*data));
	if (!data)
		return false;
	stream->shown_data = data;
	for (uint32_t i = 0; i < stream->tips.count; i++) {
		nodes[i] = (CUgraphNode)stream->tips.edge[i].from;
		data[i] = stream->tips.edge[i].data;
	}
	return true;
}

CUresult sim_cuStreamGetCaptureInfo_v3(CUstream handle, CUstreamCaptureStatus *status,
				       cuuint64_t *id, CUgraph *graph, const CUgraphNode **nodes,
				       const CUgraphEdgeData **data, size_t *count)
{
	CUresult result = CUDA_SUCCESS;

	CUDA_NEED_STREAM(stream, handle);
	if (!status)
		return CUDA_ERROR_INVALID_VALUE;
	pthread_mutex_lock(&lock);
	*status = status_of(stream);
	if (*status == CU_STREAM_CAPTURE_STATUS_ACTIVE) {
		if (id)
			*id = stream->capture->object.serial;
		if (graph)
			*graph = (CUgraph)stream->capture->graph;
		if ((nodes || data) && !show(stream))
			result = CUDA_ERROR_OUT_OF_MEMORY;
		if (nodes)
			*nodes = stream->shown;
		if (data)
			*data = stream->shown_data;
		if (count)
			*count = stream->tips.count;
	}
	pthread_mutex_unlock(&lock);
	return result;
}
CUDA_PTSZ(cuStreamGetCaptureInfo_v3,
	  (CUstream stream, CUstreamCaptureStatus *status, cuuint64_t *id, CUgraph *graph,
	   const CUgraphNode **nodes, const CUgraphEdgeData **data, size_t *count),
	  (cuda_ptsz(stream), status, id, graph, nodes, data, count))

CUresult sim_cuStreamGetCaptureInfo_v2(CUstream stream, CUstreamCaptureStatus *status,
				       cuuint64_t *id, CUgraph *graph, const CUgraphNode **nodes,
				       size_t *count)
{
	return sim_cuStreamGetCaptureInfo_v3(stream, status, id, graph, nodes, NULL, count);
}
CUDA_PTSZ(cuStreamGetCaptureInfo_v2,
	  (CUstream stream, CUstreamCaptureStatus *status, cuuint64_t *id, CUgraph *graph,
	   const CUgraphNode **nodes, size_t *count),
	  (cuda_ptsz(stream), status, id, graph, nodes, count))

CUresult sim_cuStreamGetCaptureInfo(CUstream stream, CUstreamCaptureStatus *status, cuuint64_t *id)
{
	return sim_cuStreamGetCaptureInfo_v3(stream, status, id, NULL, NULL, NULL, NULL);
}
CUDA_PTSZ(cuStreamGetCaptureInfo, (CUstream stream, CUstreamCaptureStatus *status, cuuint64_t *id),
	  (cuda_ptsz(stream), status, id))

CUresult sim_cuStreamUpdateCaptureDependencies_v2(CUstream handle, CUgraphNode *nodes,
						  const CUgraphEdgeData *data, size_t count,
						  unsigned int flags)
{
	CUresult result = CUDA_SUCCESS;

	CUDA_NEED_STREAM(stream, handle);
	if (flags > CU_STREAM_SET_CAPTURE_DEPENDENCIES || (count && !nodes))
		return CUDA_ERROR_INVALID_VALUE;
	pthread_mutex_lock(&lock);
	if (!stream->capture) {
		result = CUDA_ERROR_ILLEGAL_STATE;
		goto out;
	}
	for (size_t i = 0; i < count; i++) {
		struct cuda_node *node = cuda_node_of(nodes[i]);

		if (!node || node->object.owner != &stream->capture->graph->object) {
			result = CUDA_ERROR_INVALID_VALUE;
			goto out;
		}
	}
	if (flags == CU_STREAM_SET_CAPTURE_DEPENDENCIES)
		stream->tips.count = 0;
	for (size_t i = 0; i < count; i++)
		if (!has(&stream->tips, cuda_node_of(nodes[i])) &&
		    !cuda_edges_add(&stream->tips, cuda_node_of(nodes[i]), data ? &data[i] : NULL))
			result = CUDA_ERROR_OUT_OF_MEMORY;
out:
	pthread_mutex_unlock(&lock);
	return result;
}
CUDA_PTSZ(cuStreamUpdateCaptureDependencies_v2,
	  (CUstream stream, CUgraphNode *nodes, const CUgraphEdgeData *data, size_t count,
	   unsigned int flags),
	  (cuda_ptsz(stream), nodes, data, count, flags))

CUresult sim_cuStreamUpdateCaptureDependencies(CUstream stream, CUgraphNode *nodes, size_t count,
					       unsigned int flags)
{
	return sim_cuStreamUpdateCaptureDependencies_v2(stream, nodes, NULL, count, flags);
}
CUDA_PTSZ(cuStreamUpdateCaptureDependencies,
	  (CUstream stream, CUgraphNode *nodes, size_t count, unsigned int flags),
	  (cuda_ptsz(stream), nodes, count, flags))
