// SPDX-License-Identifier: Apache-2.0
/* The lines about what answers: the session, libraries of ours, what they say themselves. */
#include "tracer/export/text_line.h"
#include "tracer/model/call.h"
#include "tracer/model/library.h"

/* What was put in, or how to have it put in: always said, before anything else. */
void text_session(struct vgpu_text_export *text)
{
	const struct vgpu_model *model = text->options.model;

	if (model->attached)
		return;
	vgpu_text_clear(&text->line);
	if (model->mode == VGPU_SHIM_SIM) {
		vgpu_text_puts(&text->line, "mode sim: a SIMULATED GPU (");
		text_escaped(text, model->device ? model->device : "default");
		vgpu_text_puts(
		    &text->line,
		    ") in place of libcuda.so.1, libnvidia-ml.so.1, libcudart.so.12 and .13");
	} else if (vgpu_shim_puts_in(model->mode)) {
		bool replay = model->mode == VGPU_SHIM_REPLAY;

		vgpu_text_puts(&text->line,
			       replay ? "mode replay: REPLAYED from "
				      : "mode forward: calls are passed on to the libraries in ");
		text_escaped(text, model->device ? model->device : "?");
		vgpu_text_puts(&text->line, replay ? "" : ", which answer");
	} else {
		vgpu_text_puts(
		    &text->line,
		    "mode none: nothing is replaced, and calls are seen only in libraries of ours "
		    "that the program loads by itself");
	}
	text_put(text);
}

/* In mode sim the lines of the libraries themselves follow with their first calls. */
void text_answer(struct vgpu_text_export *text)
{
	const struct vgpu_model *model = text->options.model;

	if (vgpu_shim_puts_in(model->mode) || !model->answer_count)
		return;
	vgpu_text_clear(&text->line);
	vgpu_text_puts(&text->line, "  ");
	vgpu_answer_format(&text->line, &text->options.look,
			   &model->answers[model->answer_count - 1]);
	text_put(text);
}

void text_library(struct vgpu_text_export *text, const struct vgpu_event *event)
{
	const struct vgpu_event_library *library = &event->library;
	const struct vgpu_api *api = vgpu_api_find(library->library);

	text_process(text, event->process);
	text_begin(text, event);
	text_label(text, event);
	vgpu_text_printf(&text->line, "library  %s ", api ? api->soname : "?");
	vgpu_text_back_arrow(&text->line, &text->options.look);
	vgpu_text_puts(&text->line, " ");
	text_escaped(text, library->path ? library->path : "?");
	vgpu_text_puts(&text->line, "  ours, ");
	vgpu_build_id_format(&text->line, library->build_id.bytes, library->build_id.size,
			     text->options.look.full);
	if (library->backend && library->backend[0]) {
		vgpu_text_puts(&text->line, ", answered by ");
		text_escaped(text, library->backend);
	}
	text_put(text);
	if (api && api->schema_hash != library->schema_hash) {
		text_begin(text, event);
		text_label(text, event);
		vgpu_text_printf(&text->line, "warning  this library's functions are described by "
					      "another version of vgpu-trace; "
					      "values may be misread");
		text_put(text);
	}
}

void text_message(struct vgpu_text_export *text, const struct vgpu_event *event)
{
	static const char *const levels[] = { "note", "warning", "error" };
	static const enum vgpu_colour colours[] = { VGPU_COLOUR_DIM, VGPU_COLOUR_WARN,
						    VGPU_COLOUR_BAD };
	unsigned level = event->text.level < 2 ? event->text.level : 2;

	text_process(text, event->process);
	text_begin(text, event);
	text_label(text, event);
	vgpu_text_colour(&text->line, &text->options.look, colours[level]);
	vgpu_text_printf(&text->line, "%-8s ", levels[level]);
	text_escaped(text, event->text.text ? event->text.text : "");
	vgpu_text_colour(&text->line, &text->options.look, VGPU_COLOUR_PLAIN);
	text_put(text);
}

void text_gate(struct vgpu_text_export *text, const struct vgpu_event *event)
{
	text_process(text, event->process);
	text_begin(text, event);
	text_label(text, event);
	vgpu_text_printf(&text->line, "gate     %s ", event->gate.result ? "refused" : "allowed");
	vgpu_call_format_name(&text->line, event->gate.function);
	if (event->gate.result)
		vgpu_text_printf(&text->line, " with %d", event->gate.result);
	vgpu_text_puts(&text->line, ": ");
	text_escaped(text, event->gate.reason ? event->gate.reason : "no reason given");
	text_put(text);
}
