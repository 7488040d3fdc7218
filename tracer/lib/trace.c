// SPDX-License-Identifier: Apache-2.0
/* libvgpu-trace: the reader, the rings and the model behind one door. */
#include "tracer/lib/vgpu-trace.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tracer/export/json_event.h"
#include "tracer/export/notes.h"
#include "tracer/file/vgt.h"
#include "tracer/model/call.h"
#include "tracer/model/copy.h"
#include "tracer/model/filter.h"
#include "tracer/source/find.h"
#include "tracer/source/host.h"
#include "tracer/source/ring.h"

/* Events of rings come many at a time: those that were not asked for yet. */
struct queue {
	struct vgpu_sink sink;
	struct vgpu_event **events;
	size_t count, at, room;
};

struct vgpu_trace {
	struct vgpu_vgt_reader *file;
	/* or */
	struct vgpu_roster *roster;
	struct vgpu_rings *rings;
	struct queue queue;
	struct vgpu_stream stream;
	bool finished;

	struct vgpu_model *model;
	struct vgpu_filter *filter;
	struct vgpu_event event; /* kind NONE: at none */
	struct vgpu_event *kept; /* what a ring's event points into */
	struct vgpu_text text;
	struct json_object *json;
};

static int queue_event(struct vgpu_sink *sink, const struct vgpu_event *event)
{
	struct queue *queue = (struct queue *)sink;

	if (queue->count == queue->room) {
		size_t room = queue->room ? queue->room * 2 : 256;
		void *grown = realloc(queue->events, room * sizeof(*queue->events));

		if (!grown)
			return -ENOMEM;
		queue->events = grown;
		queue->room = room;
	}
	queue->events[queue->count] = vgpu_event_copy(event);
	return queue->events[queue->count] ? (queue->count++, 0) : -ENOMEM;
}

static const struct vgpu_sink_ops queue_ops = { .event = queue_event };

static bool is_number(const char *what)
{
	return *what && strlen(what) < 10 && strspn(what, "0123456789") == strlen(what);
}

static int open_rings(struct vgpu_trace *trace, const char *what)
{
	struct vgpu_rings_options options = { 0 };
	struct vgpu_find find = { 0 };
	int err = vgpu_roster_open(&trace->roster);

	options.roster = trace->roster;
	if (!err)
		err = vgpu_rings_open(&trace->rings, &options);
	if (err)
		return err;
	trace->queue.sink.ops = &queue_ops;
	vgpu_stream_add(&trace->stream, &trace->queue.sink);
	vgpu_host_emit(&trace->stream);
	vgpu_find_rings(&find, trace->rings, is_number(what) ? atoi(what) : 0, is_number(what) ? NULL : what,
			&trace->stream);
	if (!vgpu_rings_count(trace->rings))
		return find.matched && find.denied == find.matched ? -EACCES : -ESRCH;
	vgpu_coverage_emit(&trace->stream, VGPU_OBSERVER_RING, 1, 0, NULL);
	return vgpu_trace_again(trace) < 0 ? -ENOMEM : 0;
}

int vgpu_trace_open(struct vgpu_trace **out, const char *what)
{
	struct vgpu_trace *trace = calloc(1, sizeof(*trace));
	int err = trace ? vgpu_model_open(&trace->model) : -ENOMEM;

	if (!err && (strchr(what, '/') || (!is_number(what) && !access(what, F_OK))))
		err = vgpu_vgt_open(&trace->file, what);
	else if (!err)
		err = open_rings(trace, what);
	if (err) {
		vgpu_trace_close(trace);
		return err;
	}
	*out = trace;
	return 0;
}

void vgpu_trace_close(struct vgpu_trace *trace)
{
	if (!trace)
		return;
	for (size_t i = trace->queue.at; i < trace->queue.count; i++)
		free(trace->queue.events[i]);
	free(trace->queue.events);
	free(trace->kept);
	vgpu_vgt_reader_close(trace->file);
	vgpu_rings_close(trace->rings);
	vgpu_roster_close(trace->roster);
	vgpu_filter_free(trace->filter);
	vgpu_model_close(trace->model);
	vgpu_text_free(&trace->text);
	json_object_put(trace->json);
	free(trace);
}

static bool is_call(const struct vgpu_trace *trace)
{
	return trace->event.kind == VGPU_EVENT_CALL || trace->event.kind == VGPU_EVENT_PENDING;
}

static int next(struct vgpu_trace *trace)
{
	struct queue *queue = &trace->queue;

	if (trace->file)
		return vgpu_vgt_next(trace->file, &trace->event);
	free(trace->kept);
	trace->kept = NULL;
	if (queue->at == queue->count)
		return 0;
	trace->kept = queue->events[queue->at++];
	trace->event = *trace->kept;
	return 1;
}

int vgpu_trace_next(struct vgpu_trace *trace)
{
	int err;

	for (;;) {
		err = next(trace);
		if (err != 1)
			break;
		/* One that this version has no name for. */
		if (trace->event.kind == VGPU_EVENT_NONE)
			continue;
		err = trace->model->sink.ops->event(&trace->model->sink, &trace->event);
		if (err)
			break;
		if (!trace->filter ||
		    (is_call(trace) && vgpu_filter_pass(trace->filter, &trace->event, trace->model)))
			return 1;
	}
	trace->event.kind = VGPU_EVENT_NONE;
	return err;
}

int vgpu_trace_again(struct vgpu_trace *trace)
{
	struct queue *queue = &trace->queue;

	if (trace->file)
		return vgpu_vgt_again(trace->file);
	if (queue->at == queue->count)
		queue->at = queue->count = 0;
	if (trace->finished)
		return queue->at < queue->count;
	vgpu_rings_poll(trace->rings, &trace->stream);
	vgpu_rings_reap(trace->rings, &trace->stream);
	if (!vgpu_rings_count(trace->rings)) {
		vgpu_rings_finish(trace->rings, 0, &trace->stream);
		vgpu_stream_end(&trace->stream);
		trace->finished = true;
	}
	return queue->sink.error ? queue->sink.error : queue->at < queue->count;
}

int vgpu_trace_complete(const struct vgpu_trace *trace)
{
	return trace->file ? vgpu_vgt_complete(trace->file) : trace->finished;
}

uint64_t vgpu_trace_events(const struct vgpu_trace *trace)
{
	struct vgpu_vgt_summary summary;

	if (!trace->file)
		return 0;
	vgpu_vgt_summary(trace->file, &summary);
	return summary.events;
}

int vgpu_trace_seek(struct vgpu_trace *trace, uint64_t number)
{
	return trace->file ? vgpu_vgt_seek_number(trace->file, number) : -ENOTSUP;
}

int vgpu_trace_filter(struct vgpu_trace *trace, const char *expression, unsigned *column)
{
	struct vgpu_filter_error error = { 0 };
	struct vgpu_filter *filter = NULL;
	int err = expression ? vgpu_filter_parse(&filter, expression, &error) : 0;

	if (column)
		*column = error.column;
	if (err)
		return err;
	vgpu_filter_free(trace->filter);
	trace->filter = filter;
	return 0;
}

/* ---- the event ---- */

uint64_t vgpu_trace_number(const struct vgpu_trace *trace)
{
	return trace->event.number;
}

uint64_t vgpu_trace_time_ns(const struct vgpu_trace *trace)
{
	return trace->event.time_ns;
}

const char *vgpu_trace_kind(const struct vgpu_trace *trace)
{
	const struct vgpu_kind *kind = vgpu_event_kind(trace->event.kind);

	return kind ? kind->name : NULL;
}

const char *vgpu_trace_process(struct vgpu_trace *trace)
{
	return vgpu_model_process(trace->model, trace->event.process) ? vgpu_model_label(trace->model, trace->event.process)
								       : NULL;
}

int vgpu_trace_pid(const struct vgpu_trace *trace)
{
	const struct vgpu_model_process *process = vgpu_model_process(trace->model, trace->event.process);

	return process ? process->pid : 0;
}

int vgpu_trace_tid(const struct vgpu_trace *trace)
{
	return trace->event.tid;
}

static const struct vgpu_function *function_of(const struct vgpu_trace *trace)
{
	return is_call(trace) ? vgpu_function_find(trace->event.call.function) : NULL;
}

const char *vgpu_trace_function(const struct vgpu_trace *trace)
{
	const struct vgpu_function *function = function_of(trace);

	return function ? function->name : is_call(trace) ? trace->event.call.name : NULL;
}

const char *vgpu_trace_library(const struct vgpu_trace *trace)
{
	const struct vgpu_api *api = is_call(trace) ? vgpu_api_find(VGPU_FUNCTION_LIBRARY(trace->event.call.function)) : NULL;

	return api ? api->name : NULL;
}

static bool has_status(const struct vgpu_trace *trace)
{
	const struct vgpu_function *function = function_of(trace);

	return function && function->flags & VGPU_FUNCTION_STATUS && vgpu_trace_returned(trace);
}

int64_t vgpu_trace_result(const struct vgpu_trace *trace)
{
	if (!is_call(trace))
		return 0;
	return has_status(trace) ? (int32_t)trace->event.call.result : (int64_t)trace->event.call.result;
}

const char *vgpu_trace_status(const struct vgpu_trace *trace)
{
	const struct vgpu_function *function = function_of(trace);
	const struct vgpu_api *api;

	if (!has_status(trace))
		return NULL;
	api = vgpu_api_find(VGPU_FUNCTION_LIBRARY(function->id));
	return vgpu_enum_name(function->result && function->result->enumeration ? function->result->enumeration
					       : api				 ? api->status
									 : NULL,
			      (int32_t)trace->event.call.result);
}

int vgpu_trace_failed(const struct vgpu_trace *trace)
{
	return trace->event.kind == VGPU_EVENT_CALL && vgpu_call_failed(&trace->event.call);
}

int vgpu_trace_returned(const struct vgpu_trace *trace)
{
	return trace->event.kind == VGPU_EVENT_CALL && !(trace->event.call.flags & VGPU_CALL_UNWOUND);
}

uint64_t vgpu_trace_duration_ns(const struct vgpu_trace *trace)
{
	return is_call(trace) ? trace->event.call.duration_ns : 0;
}

unsigned vgpu_trace_depth(const struct vgpu_trace *trace)
{
	return is_call(trace) ? trace->event.call.depth : 0;
}

int vgpu_trace_argument(const struct vgpu_trace *trace, const char *name, uint64_t *value)
{
	return is_call(trace) && vgpu_call_integer(&trace->event.call, name, value) ? 0 : -ENOENT;
}

int vgpu_trace_argument_text(const struct vgpu_trace *trace, const char *name, char *text, size_t size)
{
	return is_call(trace) && size && vgpu_call_string(&trace->event.call, name, text, size) ? 0 : -ENOENT;
}

const char *vgpu_trace_text(struct vgpu_trace *trace)
{
	static const struct vgpu_look look = { .utf8 = true };
	struct vgpu_value_place place = { .look = &look, .process = trace->event.process };
	const struct vgpu_event *event = &trace->event;
	size_t start;

	vgpu_text_clear(&trace->text);
	if (is_call(trace)) {
		vgpu_call_format(&trace->text, &place, &event->call, event->kind == VGPU_EVENT_PENDING);
		start = trace->text.size;
		vgpu_text_puts(&trace->text, " = ");
		if (event->kind == VGPU_EVENT_PENDING || !vgpu_call_format_result(&trace->text, &place, &event->call))
			trace->text.bytes[trace->text.size = start] = '\0';
	} else {
		vgpu_note_format(&trace->text, &look, event);
		if (!trace->text.size && vgpu_trace_kind(trace))
			vgpu_text_puts(&trace->text, vgpu_trace_kind(trace));
	}
	return vgpu_text_string(&trace->text);
}

const char *vgpu_trace_json(struct vgpu_trace *trace)
{
	json_object_put(trace->json);
	trace->json = vgpu_json_event(&trace->event, false);
	return trace->json ? json_object_to_json_string_ext(trace->json, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE)
			   : NULL;
}
