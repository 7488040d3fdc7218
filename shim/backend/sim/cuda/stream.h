/* SPDX-License-Identifier: Apache-2.0 */
/* Streams, events and captures: what their files and those of graphs and copies share. */
#ifndef VGPU_SIM_CUDA_STREAM_H
#define VGPU_SIM_CUDA_STREAM_H

#include "shim/backend/sim/cuda/state.h"

struct cuda_node;

/* A dependency: on `from`, with what the interface says of the edge. */
struct cuda_edge {
	struct cuda_node *from;
	CUgraphEdgeData data;
};

struct cuda_edges {
	struct cuda_edge *edge; /* on the heap */
	uint32_t count;
	uint32_t room;
};

/* What several streams record into one graph. */
struct cuda_capture {
	struct object object;
	struct cuda_capture *next; /* of the list of all */
	struct cuda_graph *graph;
	struct cuda_stream *origin;
	uintptr_t thread; /* that began it */
	uint32_t mode;    /* CUstreamCaptureMode */
	bool invalid;
	bool given; /* the graph is the program's own and stays when the capture fails */
};

#define CUDA_STREAM_ATTRIBUTES 20u /* more than CU_LAUNCH_ATTRIBUTE_MAX */

struct cuda_stream {
	struct object object; /* owner: its context */
	struct cuda_stream *next;
	uintptr_t thread; /* whose default stream it is; 0: no thread's */
	uint32_t flags;
	int32_t priority;
	bool legacy;       /* the context's default stream */
	uint64_t until_ns; /* atomic: when the device would have done what it was given */
	/* under the capture lock */
	struct cuda_capture *capture; /* NULL: work is done at once */
	struct cuda_edges tips;       /* what the next node depends on */
	CUgraphNode *shown;           /* the tips as cuStreamGetCaptureInfo last showed them */
	CUgraphEdgeData *shown_data;
	uint32_t attribute_set; /* bit an attribute */
	CUlaunchAttributeValue *attributes;
};
_Static_assert(sizeof(struct cuda_stream) <= OBJECT_BYTES, "a slot holds it");

struct cuda_event {
	struct object object; /* owner: its context */
	uint32_t flags;
	uint64_t recorded_ns; /* atomic; 0: never */
	/* under the capture lock: recorded into a capture */
	struct cuda_capture *capture;
	uint64_t capture_serial;
	struct cuda_edges tips;
};
_Static_assert(sizeof(struct cuda_event) <= OBJECT_BYTES, "a slot holds it");

/*
 * The stream of a handle: 0 and 1 are the current context's default stream, 2 is the calling
 * thread's own in it; they are made when they are first asked for.
 */
CUresult cuda_stream_get(CUstream handle, struct cuda_stream **stream);

#define CUDA_NEED_STREAM(name, handle)                                                             \
	struct cuda_stream *name;                                                                  \
	do {                                                                                       \
		CUresult stream_ = cuda_stream_get(handle, &name);                                 \
		if (stream_ != CUDA_SUCCESS)                                                       \
			return stream_;                                                            \
	} while (0)

/* 0 in the calls whose names end in _ptsz and _ptds. */
static inline CUstream cuda_ptsz(CUstream stream)
{
	return stream ? stream : (CUstream)(uintptr_t)2;
}

/* The second exported name of a call, for programs whose stream 0 is the calling thread's own. */
#define CUDA_PTSZ(name, parameters, arguments)                                                     \
	CUresult sim_##name##_ptsz parameters                                                      \
	{                                                                                          \
		return sim_##name arguments;                                                       \
	}

struct cuda_event *cuda_event_of(CUevent handle);
void cuda_event_free(struct cuda_event *event);
void cuda_stream_free(struct cuda_stream *stream);

uint64_t cuda_now_ns(void);

/* Adds to what a stream's device would be busy with, after what it has. */
void cuda_stream_busy(struct cuda_stream *stream, uint64_t ns);

/* How long a device would take to move bytes: over its bus, or within its memory. */
uint64_t cuda_copy_ns(const struct cuda_device *device, uint64_t bytes, bool bus);

/* ---- capture ---- */

/* CUstreamCaptureMode + 1 of this thread: what it may call while anybody records. 0: global. */
extern __thread uint32_t cuda_capture_mode __attribute__((tls_model("initial-exec"), visibility("hidden")));

/*
 * One piece of work for a stream: done now, or added to the graph that the stream records. The
 * parameters are what a graph's node of that type has.
 */
CUresult cuda_stream_submit(CUstream handle, const CUgraphNodeParams *params);

/* The same for an allocation while a stream records; *address: where it will be. */
CUresult cuda_capture_alloc(CUstream handle, const CUgraphNodeParams *params, CUdeviceptr *address);

/* Refuses what would touch a stream that is recording; and what may not be done while one does. */
CUresult cuda_capture_idle(struct cuda_stream *stream);
CUresult cuda_capture_safe(void);

/* Any work on the default stream is implicit work on the blocking ones: refused while they record. */
CUresult cuda_capture_legacy(struct cuda_context *context);

/* An event is recorded into a capture or waited for; *done: nothing is left to do. */
CUresult cuda_capture_record(struct cuda_stream *stream, struct cuda_event *event, bool *done);
CUresult cuda_capture_wait(struct cuda_stream *stream, struct cuda_event *event, bool *done);

/* Whether an event's last record was into a capture. */
bool cuda_event_captured(const struct cuda_event *event);

/* A stream that is being destroyed leaves its capture, which becomes invalid. */
void cuda_capture_leave(struct cuda_stream *stream);

bool cuda_edges_add(struct cuda_edges *edges, struct cuda_node *from, const CUgraphEdgeData *data);
void cuda_edges_free(struct cuda_edges *edges);

/* In a forked child. */
void cuda_capture_forget(void);
void cuda_stream_forget(void);
void cuda_pool_forget(void);
void cuda_graph_memory_forget(void);

#endif
