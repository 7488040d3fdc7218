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

static void hand_out(struct vgpu_stream *stream, const struct vgpu_event *event)
{
	for (unsigned i = 0; i < stream->count; i++) {
		struct vgpu_sink *sink = stream->sinks[i];

		if (!sink->error)
			sink->error = sink->ops->event(sink, event);
	}
}

uint64_t vgpu_stream_emit(struct vgpu_stream *stream, struct vgpu_event *event)
{
	if (!event->number)
		event->number = stream->number + 1;
	stream->number = event->number;
	if (!event->time_ns)
		event->time_ns = vgpu_now_ns();
	hand_out(stream, event);
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

static int fan_event(struct vgpu_sink *sink, const struct vgpu_event *event)
{
	hand_out(&((struct vgpu_fan *)sink)->to, event);
	return 0;
}

static int fan_end(struct vgpu_sink *sink)
{
	vgpu_stream_end(&((struct vgpu_fan *)sink)->to);
	return 0;
}

static const struct vgpu_sink_ops fan_ops = { .event = fan_event, .end = fan_end };

void vgpu_fan_init(struct vgpu_fan *fan)
{
	*fan = (struct vgpu_fan){ .sink = { .ops = &fan_ops } };
}
