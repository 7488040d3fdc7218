// SPDX-License-Identifier: Apache-2.0
/* vgpu-trace top: the verdict, and words of what is no call. */
#include <string.h>

#include "shim/api/schema.h"
#include "tracer/cli/top_parts.h"
#include "tracer/explain/verdict.h"
#include "tracer/export/notes.h"

static int explain_open(void **out, struct vgpu_model *model)
{
	struct vgpu_verdict *verdict;
	int err = vgpu_verdict_open(&verdict, model);

	*out = err ? NULL : verdict;
	return err;
}

static struct vgpu_sink *explain_sink(void *explain)
{
	return vgpu_verdict_sink(explain);
}

static void explain_format(void *explain, const struct vgpu_look *look, struct vgpu_text *out)
{
	static const struct vgpu_verdict_options options = { 0 };

	/* With the chain in any case: that is what the view is for. */
	vgpu_verdict_explain(explain, look, &options, out);
}

static int explain_copy(void **out, const void *explain, struct vgpu_model *model)
{
	struct vgpu_verdict *verdict;
	int err = vgpu_verdict_copy(&verdict, explain, model);

	*out = verdict;
	return err;
}

static void explain_close(void *explain)
{
	vgpu_verdict_close(explain);
}

static void library_note(const struct vgpu_event_library *library, const struct vgpu_look *look, struct vgpu_text *out)
{
	const struct vgpu_api *api = vgpu_api_find(library->library);

	vgpu_text_printf(out, "library %s ", api ? api->soname : "?");
	vgpu_text_back_arrow(out, look);
	vgpu_text_puts(out, " ");
	vgpu_text_escape(out, look, library->path ? library->path : "?", library->path ? strlen(library->path) : 1, false);
	vgpu_text_puts(out, "  ours");
	if (library->backend && library->backend[0]) {
		vgpu_text_puts(out, ", answered by ");
		vgpu_text_escape(out, look, library->backend, strlen(library->backend), false);
	}
}

static void process_note(const struct vgpu_event *event, const struct vgpu_look *look, struct vgpu_text *out)
{
	const struct vgpu_event_process *process = &event->start;
	const char *word = NULL;

	vgpu_text_puts(out, event->kind == VGPU_EVENT_START ? "process" : "became");
	while ((word = vgpu_strings_next(&process->argv, word)) && vgpu_text_columns(out, 0) < 200) {
		vgpu_text_puts(out, " ");
		vgpu_text_shell_word(out, look, word);
	}
	if (!process->argv.size && process->comm) {
		vgpu_text_puts(out, " ");
		vgpu_text_escape(out, look, process->comm, strlen(process->comm), false);
	}
}

static int exit_note(const struct vgpu_event_exit *event, struct vgpu_text *out)
{
	switch (event->how) {
	case VGPU_EXIT_CODE:
		vgpu_text_printf(out, "exited with %d", event->status);
		return event->status ? 1 : 0;
	case VGPU_EXIT_SIGNAL:
		vgpu_text_printf(out, "killed by SIG%s%s", sigabbrev_np(event->status) ? sigabbrev_np(event->status) : "?",
				 event->core ? " (core dumped)" : "");
		return 2;
	default:
		vgpu_text_puts(out, "ended");
		return 0;
	}
}

static int note(const struct vgpu_event *event, const struct vgpu_look *look, struct vgpu_text *out)
{
	const char *text;

	switch (event->kind) {
	case VGPU_EVENT_START:
	case VGPU_EVENT_EXEC:
		process_note(event, look, out);
		return 0;
	case VGPU_EVENT_EXIT:
		return exit_note(&event->exit, out);
	case VGPU_EVENT_LIBRARY:
		library_note(&event->library, look, out);
		return 0;
	case VGPU_EVENT_TEXT:
		text = event->text.text ? event->text.text : "";
		vgpu_text_escape(out, look, text, strlen(text), false);
		return (int)(event->text.level < 2 ? event->text.level : 2);
	case VGPU_EVENT_GATE:
		vgpu_text_printf(out, "gate %s: ", event->gate.result ? "refused" : "allowed");
		text = event->gate.reason ? event->gate.reason : "no reason given";
		vgpu_text_escape(out, look, text, strlen(text), false);
		return event->gate.result ? 2 : 0;
	}
	switch (vgpu_note_weigh(event)) {
	case VGPU_NOTE_BAD:
		vgpu_note_format(out, look, event);
		return 2;
	case VGPU_NOTE_PLAIN:
		vgpu_note_format(out, look, event);
		return 0;
	default:
		return -1;
	}
}

void vgpu_top_words(struct vgpu_top_options *top)
{
	top->explain_open = explain_open;
	top->explain_sink = explain_sink;
	top->explain_format = explain_format;
	top->explain_close = explain_close;
	top->explain_copy = explain_copy;
	top->note = note;
}
