/* SPDX-License-Identifier: Apache-2.0 */
/* Sources make events, sinks take them, a stream joins any number of both. */
#ifndef VGPU_MODEL_STREAM_H
#define VGPU_MODEL_STREAM_H

#include <stdbool.h>
#include <stdint.h>

#include "tracer/model/event.h"

struct vgpu_sink;

/* Embedded in a sink's own struct. */
struct vgpu_sink_ops {
	/* Takes one event; it and all it points to are valid during the call only. 0 or -errno. */
	int (*event)(struct vgpu_sink *sink, const struct vgpu_event *event);
	/* The stream ended (or the sink failed): writes what was held back. May be NULL. */
	int (*end)(struct vgpu_sink *sink);
};

struct vgpu_sink {
	const struct vgpu_sink_ops *ops;
	int error; /* what event or end returned first; it gets no more events then */
};

/*
 * Somebody for whom it is enough to count calls of which nothing but the time is news. Where a stream
 * has one, a source that is behind hands it what is in function, result and values like a call that was
 * emitted before, and did not fail; with all that it called, if that is so of them, too. Where values came
 * back, the arguments are the same.
 */
struct vgpu_alike {
	bool (*wanted)(void *data, uint32_t function);
	void (*call)(void *data, uint32_t process, uint32_t function, uint32_t depth, uint64_t time_ns,
		     uint64_t duration_ns);
	void (*done)(void *data); /* those were all for now */
	void *data;
};

struct vgpu_stream {
	struct vgpu_sink *sinks[8];
	unsigned count;
	uint64_t number; /* of the last event */
	const struct vgpu_alike *alike; /* NULL: nobody, every call is emitted */
};

/* The stream does not own its sinks. -ENOSPC: it has eight already. */
int vgpu_stream_add(struct vgpu_stream *stream, struct vgpu_sink *sink);
/*
 * Numbers the event (unless it has a number, as one from a file has), gives it the present time
 * where it has none, and hands it to every sink that has not failed. Returns its number.
 */
uint64_t vgpu_stream_emit(struct vgpu_stream *stream, struct vgpu_event *event);
void vgpu_stream_end(struct vgpu_stream *stream);
/* Every sink has failed: there is nobody left to emit to. */
bool vgpu_stream_failed(const struct vgpu_stream *stream);

/* A stream behind a sink: what the sink gets, numbered already, goes to all of its sinks. */
struct vgpu_fan {
	struct vgpu_sink sink;
	struct vgpu_stream to;
};
void vgpu_fan_init(struct vgpu_fan *fan);

/* CLOCK_MONOTONIC, ns. */
uint64_t vgpu_now_ns(void);

#endif
