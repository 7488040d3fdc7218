// SPDX-License-Identifier: Apache-2.0
/* Events as JSON, one object a line. */
#include "tracer/export/json.h"

#include <errno.h>
#include <stdlib.h>

#include "tracer/export/json_event.h"
#include "tracer/model/call.h"
#include "tracer/model/names.h"

struct vgpu_json_export {
	struct vgpu_sink sink;
	struct vgpu_json_options options;
};

static const struct vgpu_sink_ops json_ops;

static int json_event(struct vgpu_sink *sink, const struct vgpu_event *event)
{
	struct vgpu_json_export *json = (struct vgpu_json_export *)sink;
	const struct vgpu_kind *kind = vgpu_event_kind(event->kind);
	bool call = event->kind == VGPU_EVENT_CALL || event->kind == VGPU_EVENT_PENDING;
	struct json_object *object;
	const char *line;
	size_t size;

	if (!kind)
		return 0;
	if (json->options.functions || json->options.errors) {
		const struct vgpu_function *f = call ? vgpu_function_find(event->call.function) : NULL;

		if (!f || (json->options.functions && !vgpu_name_matches(json->options.functions, f->name)))
			return 0;
		if (json->options.errors && event->kind == VGPU_EVENT_CALL && !vgpu_call_failed(&event->call) &&
		    !(event->call.flags & (VGPU_CALL_UNSUPPORTED | VGPU_CALL_NO_SYMBOL | VGPU_CALL_UNWOUND)))
			return 0;
	}
	object = vgpu_json_event(event, json->options.raw);
	if (!object)
		return -ENOMEM;
	line = json_object_to_json_string_length(object, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE,
						 &size);
	if (line) {
		json->options.line(json->options.data, line, size);
		json->options.line(json->options.data, "\n", 1);
	}
	json_object_put(object);
	return line ? 0 : -ENOMEM;
}

int vgpu_json_export_open(struct vgpu_json_export **out, const struct vgpu_json_options *options)
{
	struct vgpu_json_export *json = calloc(1, sizeof(*json));

	if (!json)
		return -ENOMEM;
	json->sink.ops = &json_ops;
	json->options = *options;
	*out = json;
	return 0;
}

struct vgpu_sink *vgpu_json_export_sink(struct vgpu_json_export *json)
{
	return &json->sink;
}

void vgpu_json_export_close(struct vgpu_json_export *json)
{
	free(json);
}

static const struct vgpu_sink_ops json_ops = { .event = json_event };
