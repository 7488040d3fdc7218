// SPDX-License-Identifier: Apache-2.0
/* vgpu-trace top: a trace, or the ring that a process left, event by event. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tracer/cli/target.h"
#include "tracer/cli/top_parts.h"
#include "tracer/export/backtrace.h"

struct trace_source {
	struct vgpu_top_source source;
	struct vgpu_trace *trace;
	struct vgpu_sink *places;
	char trouble[160];
};

static int trace_poll(struct vgpu_top_source *source, struct vgpu_stream *stream, unsigned max)
{
	struct trace_source *trace = (struct trace_source *)source;
	int err = 1;

	while (max-- && (err = vgpu_trace_next(trace->trace)) == 1) {
		struct vgpu_event *event = vgpu_trace_event(trace->trace);

		if (trace->places)
			trace->places->ops->event(trace->places, event);
		vgpu_stream_emit(stream, event);
	}
	if (err == 1)
		return 1;
	if (err == -EBADMSG || (!err && !vgpu_trace_complete(trace->trace)))
		snprintf(trace->trouble, sizeof(trace->trouble), "%s after event %" PRIu64 "; what is shown is whole",
			 err ? "the file is damaged or cut off" : "the recording was cut off",
			 vgpu_trace_position(trace->trace));
	else if (err)
		snprintf(trace->trouble, sizeof(trace->trouble), "cannot read on: %s", strerror(-err));
	return err ? err : trace->trouble[0] ? -EBADMSG : -ENODATA;
}

static const char *trace_trouble(const struct vgpu_top_source *source)
{
	const struct trace_source *trace = (const struct trace_source *)source;

	return trace->trouble[0] ? trace->trouble : NULL;
}

static void trace_close(struct vgpu_top_source *source)
{
	struct trace_source *trace = (struct trace_source *)source;

	vgpu_trace_close(trace->trace);
	free(trace);
}

static int trace_seek(struct vgpu_top_source *source, uint64_t number)
{
	struct trace_source *trace = (struct trace_source *)source;

	trace->trouble[0] = '\0';
	return vgpu_trace_seek(trace->trace, number);
}

static void trace_extent(const struct vgpu_top_source *source, uint64_t *events, uint64_t *length_ns)
{
	const struct trace_source *trace = (const struct trace_source *)source;
	uint64_t from_ns, upto_ns;

	*events = vgpu_trace_events(trace->trace);
	*length_ns = vgpu_trace_times(trace->trace, &from_ns, &upto_ns) ? 0 : upto_ns - from_ns;
}

static const struct vgpu_top_source_ops trace_ops = {
	.poll = trace_poll, .trouble = trace_trouble, .close = trace_close, .seek = trace_seek, .extent = trace_extent,
};

int vgpu_top_recording_open(void *data, struct vgpu_top_source **out)
{
	const struct vgpu_top_shown *shown = data;
	struct trace_source *trace = calloc(1, sizeof(*trace));
	int err;

	if (!trace)
		return -ENOMEM;
	trace->source.ops = &trace_ops;
	trace->places = shown->places ? vgpu_backtrace_sink(shown->places) : NULL;
	err = vgpu_trace_open(&trace->trace, shown->word);
	if (err) {
		free(trace);
		return err;
	}
	vgpu_trace_bare(trace->trace);
	/* One that is recorded beside: all that there is is shown, and no more waited for. */
	if (vgpu_trace_finish(trace->trace) < 0)
		return -ENOMEM;
	*out = &trace->source;
	return 0;
}
