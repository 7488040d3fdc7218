// SPDX-License-Identifier: Apache-2.0
/* libvgpu-trace: the event that a trace is at. */
#include "tracer/lib/trace.h"

#include <errno.h>
#include <json-c/json.h>

#include "tracer/export/json_event.h"
#include "tracer/export/notes.h"
#include "tracer/model/call.h"

static bool is_call(const struct vgpu_trace *trace)
{
	return trace->event.kind == VGPU_EVENT_CALL || trace->event.kind == VGPU_EVENT_PENDING;
}

struct vgpu_event *vgpu_trace_event(struct vgpu_trace *trace)
{
	return trace->event.kind == VGPU_EVENT_NONE ? NULL : &trace->event;
}

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
	if (!trace->model || !vgpu_model_process(trace->model, trace->event.process))
		return NULL;
	return vgpu_model_label(trace->model, trace->event.process);
}

int vgpu_trace_pid(const struct vgpu_trace *trace)
{
	const struct vgpu_model_process *process =
		trace->model ? vgpu_model_process(trace->model, trace->event.process) : NULL;

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
