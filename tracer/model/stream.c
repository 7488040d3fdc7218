// SPDX-License-Identifier: Apache-2.0
/* Joins sources and sinks. */
#include "tracer/model/stream.h"

#include <errno.h>
#include <time.h>

uint64_t vgpu_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * UINT64_C(1000000000) + now.tv_nsec;
}

int vgpu_stream_add(struct vgpu_stream *stream, struct vgpu_sink *sink)
{
	if (stream->count == sizeof(stream->sinks) / sizeof(stream->sinks[0]))
		return -ENOSPC;
	stream->sinks[stream->count++] = sink;
	return 0;
}

uint64_t vgpu_stream_emit(struct vgpu_stream *stream, struct vgpu_event *event)
{
	if (!event->number)
		event->number = stream->number + 1;
	stream->number = event->number;
	if (!event->time_ns)
		event->time_ns = vgpu_now_ns();
	for (unsigned i = 0; i < stream->count; i++) {
		struct vgpu_sink *sink = stream->sinks[i];

		if (!sink->error)
			sink->error = sink->ops->event(sink, event);
	}
	return event->number;
}

void vgpu_stream_end(struct vgpu_stream *stream)
{
	for (unsigned i = 0; i < stream->count; i++) {
		struct vgpu_sink *sink = stream->sinks[i];
		int err = sink->ops->end ? sink->ops->end(sink) : 0;

		if (!sink->error)
			sink->error = err;
	}
}

bool vgpu_stream_failed(const struct vgpu_stream *stream)
{
	for (unsigned i = 0; i < stream->count; i++)
		if (!stream->sinks[i]->error)
			return false;
	return stream->count;
}
