// SPDX-License-Identifier: Apache-2.0
/* Events as lines for people. */
#include "tracer/export/text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tracer/export/bulk.h"
#include "tracer/export/notes.h"
#include "tracer/export/searches.h"
#include "tracer/model/call.h"
#include "tracer/model/handles.h"
#include "tracer/model/library.h"
#include "tracer/model/names.h"
#include "tracer/model/tree.h"

/* Results begin at this column where the call is short enough, durations at that one. */
#define RESULT_COLUMN   70u
#define DURATION_COLUMN 88u

struct vgpu_text_export {
	struct vgpu_sink sink;
	struct vgpu_text_options options;
	struct vgpu_tree *tree;
	struct vgpu_handles *handles;
	struct vgpu_text line;
	struct {
		uint8_t mark;   /* execs + 1 when its line was printed */
		bool linked;    /* the link observer tells of its libraries: the kernel's account adds nothing for a reader */
	} *shown; /* by process number */
	uint32_t shown_count;
	struct vgpu_bulk bulk; /* registrations not shown yet */
	struct vgpu_searches searches; /* places not shown yet */
	struct vgpu_text last; /* the note before, to say nothing twice */
	uint32_t last_process;
	int error;
};

static const struct vgpu_sink_ops text_ops;

static void begin(struct vgpu_text_export *text, const struct vgpu_event *event)
{
	vgpu_text_clear(&text->line);
	if (text->options.times) {
		uint64_t since = event->time_ns > text->options.model->first_ns
				     ? event->time_ns - text->options.model->first_ns
				     : 0;

		vgpu_text_printf(&text->line, "%5" PRIu64 ".%06u ", since / 1000000000,
				 (unsigned)(since % 1000000000 / 1000));
	}
	vgpu_text_puts(&text->line, "  ");
}

static void put(struct vgpu_text_export *text)
{
	vgpu_text_puts(&text->line, "\n");
	if (text->line.failed)
		text->error = -ENOMEM;
	else
		text->options.line(text->options.data, text->line.bytes, text->line.size);
}

static void add_label(struct vgpu_text_export *text, const struct vgpu_event *event)
{
	const struct vgpu_model_process *process = vgpu_model_process(text->options.model, event->process);
	const char *label = vgpu_model_label(text->options.model, event->process);

	vgpu_text_escape(&text->line, &text->options.look, label, strlen(label), false);
	/* The main thread goes without saying. */
	if (event->tid && process && event->tid != process->pid && event->kind != VGPU_EVENT_LIBRARY)
		vgpu_text_printf(&text->line, "/%d", event->tid);
	vgpu_text_puts(&text->line, "  ");
}

static void add_escaped(struct vgpu_text_export *text, const char *string)
{
	vgpu_text_escape(&text->line, &text->options.look, string, strlen(string), false);
}

/* ---- processes ---- */

/* Room for a process's flags; false: no memory. */
static bool make_room(struct vgpu_text_export *text, uint32_t number)
{
	uint32_t count = number * 2 + 16;
	void *grown;

	if (number < text->shown_count)
		return true;
	grown = realloc(text->shown, count * sizeof(*text->shown));
	if (!grown)
		return false;
	text->shown = grown;
	memset(text->shown + text->shown_count, 0, (count - text->shown_count) * sizeof(*text->shown));
	text->shown_count = count;
	return true;
}

static bool was_shown(struct vgpu_text_export *text, const struct vgpu_model_process *process)
{
	uint8_t mark = process->execs < 254 ? process->execs + 1 : 255;

	if (!make_room(text, process->number) || text->shown[process->number].mark == mark)
		return true;
	text->shown[process->number].mark = mark;
	return false;
}

static void add_ancestors(struct vgpu_text_export *text, const struct vgpu_model_process *process, unsigned depth)
{
	const struct vgpu_model_process *parent = vgpu_model_process(text->options.model, process->parent);
	const char *label = vgpu_model_label(text->options.model, process->number);

	if (parent && parent->started && depth < 8) {
		add_ancestors(text, parent, depth + 1);
		vgpu_text_puts(&text->line, text->options.look.utf8 ? " ── " : " -- ");
	}
	add_escaped(text, label);
	/* A label that had to carry the pid has it already. */
	if (!strchr(label, '('))
		vgpu_text_printf(&text->line, "(%d)", process->pid);
}

/* `serve(4711) ── runner(4718)  --port 41233`, before the first line about a process. */
static void show_process(struct vgpu_text_export *text, uint32_t number)
{
	struct vgpu_model_process *process = vgpu_model_process(text->options.model, number);
	struct vgpu_strings argv;
	const char *word = NULL;
	size_t start;

	if (!process || was_shown(text, process))
		return;
	argv = (struct vgpu_strings){ process->argv, process->argv_size };
	vgpu_text_clear(&text->line);
	vgpu_text_colour(&text->line, &text->options.look, VGPU_COLOUR_HEAD);
	add_ancestors(text, process, 0);
	vgpu_text_colour(&text->line, &text->options.look, VGPU_COLOUR_PLAIN);
	start = text->line.size;
	word = process->argv ? vgpu_strings_next(&argv, NULL) : NULL;
	while (word && (word = vgpu_strings_next(&argv, word))) {
		vgpu_text_puts(&text->line, start == text->line.size ? "  " : " ");
		if (!text->options.look.full && vgpu_text_columns(&text->line, start) > 160) {
			vgpu_text_ellipsis(&text->line, &text->options.look);
			break;
		}
		vgpu_text_shell_word(&text->line, &text->options.look, word);
	}
	if (process->container) {
		vgpu_text_puts(&text->line, "  (in ");
		add_escaped(text, process->container);
		vgpu_text_puts(&text->line, ")");
	}
	put(text);
}

static void show_exit(struct vgpu_text_export *text, const struct vgpu_event *event)
{
	const struct vgpu_model_process *process = vgpu_model_process(text->options.model, event->process);
	bool shown = process && event->process < text->shown_count && text->shown[event->process].mark;

	vgpu_tree_end(text->tree, event->process);
	if (!shown)
		return;
	begin(text, event);
	add_label(text, event);
	switch (event->exit.how) {
	case VGPU_EXIT_CODE:
		vgpu_text_printf(&text->line, "exited with %d", event->exit.status);
		break;
	case VGPU_EXIT_SIGNAL:
		vgpu_text_colour(&text->line, &text->options.look, VGPU_COLOUR_BAD);
		vgpu_text_printf(&text->line, "killed by SIG%s",
				 sigabbrev_np(event->exit.status) ? sigabbrev_np(event->exit.status) : "?");
		vgpu_text_colour(&text->line, &text->options.look, VGPU_COLOUR_PLAIN);
		if (event->exit.core)
			vgpu_text_puts(&text->line, " (core dumped)");
		break;
	default:
		vgpu_text_puts(&text->line, "ended");
	}
	if (event->exit.lived_ns) {
		vgpu_text_puts(&text->line, " after ");
		vgpu_text_duration(&text->line, &text->options.look, event->exit.lived_ns);
	}
	put(text);
}

/* ---- libraries ---- */

/* What was put in, or how to have it put in: always said, before anything else. */
static void show_session(struct vgpu_text_export *text)
{
	const struct vgpu_model *model = text->options.model;

	if (model->attached)
		return;
	vgpu_text_clear(&text->line);
	if (model->mode == VGPU_SHIM_SIM) {
		vgpu_text_puts(&text->line, "mode sim: a SIMULATED GPU (");
		add_escaped(text, model->device ? model->device : "default");
		vgpu_text_puts(&text->line, ") in place of libcuda.so.1, libnvidia-ml.so.1, libcudart.so.12 and .13");
	} else if (vgpu_shim_puts_in(model->mode)) {
		bool replay = model->mode == VGPU_SHIM_REPLAY;

		vgpu_text_puts(&text->line, replay ? "mode replay: REPLAYED from "
						   : "mode forward: calls are passed on to the libraries in ");
		add_escaped(text, model->device ? model->device : "?");
		vgpu_text_puts(&text->line, replay ? "" : ", which answer");
	} else {
		vgpu_text_puts(&text->line, "mode none: nothing is replaced, and calls are seen only in libraries of ours "
					    "that the program loads by itself");
	}
	put(text);
}

/* In mode sim the lines of the libraries themselves follow with their first calls. */
static void show_answer(struct vgpu_text_export *text)
{
	const struct vgpu_model *model = text->options.model;

	if (vgpu_shim_puts_in(model->mode) || !model->answer_count)
		return;
	vgpu_text_clear(&text->line);
	vgpu_text_puts(&text->line, "  ");
	vgpu_answer_format(&text->line, &text->options.look, &model->answers[model->answer_count - 1]);
	put(text);
}

static void show_library(struct vgpu_text_export *text, const struct vgpu_event *event)
{
	const struct vgpu_event_library *library = &event->library;
	const struct vgpu_api *api = vgpu_api_find(library->library);

	show_process(text, event->process);
	begin(text, event);
	add_label(text, event);
	vgpu_text_printf(&text->line, "library  %s ", api ? api->soname : "?");
	vgpu_text_back_arrow(&text->line, &text->options.look);
	vgpu_text_puts(&text->line, " ");
	add_escaped(text, library->path ? library->path : "?");
	vgpu_text_puts(&text->line, "  ours, ");
	vgpu_build_id_format(&text->line, library->build_id.bytes, library->build_id.size, text->options.look.full);
	if (library->backend && library->backend[0]) {
		vgpu_text_puts(&text->line, ", answered by ");
		add_escaped(text, library->backend);
	}
	put(text);
	if (api && api->schema_hash != library->schema_hash) {
		begin(text, event);
		add_label(text, event);
		vgpu_text_printf(&text->line,
				 "warning  this library's functions are described by another version of vgpu-trace; "
				 "values may be misread");
		put(text);
	}
}

static void show_text(struct vgpu_text_export *text, const struct vgpu_event *event)
{
	static const char *const levels[] = { "note", "warning", "error" };
	static const enum vgpu_colour colours[] = { VGPU_COLOUR_DIM, VGPU_COLOUR_WARN, VGPU_COLOUR_BAD };
	unsigned level = event->text.level < 2 ? event->text.level : 2;

	show_process(text, event->process);
	begin(text, event);
	add_label(text, event);
	vgpu_text_colour(&text->line, &text->options.look, colours[level]);
	vgpu_text_printf(&text->line, "%-8s ", levels[level]);
	add_escaped(text, event->text.text ? event->text.text : "");
	vgpu_text_colour(&text->line, &text->options.look, VGPU_COLOUR_PLAIN);
	put(text);
}

static void show_gate(struct vgpu_text_export *text, const struct vgpu_event *event)
{
	show_process(text, event->process);
	begin(text, event);
	add_label(text, event);
	vgpu_text_printf(&text->line, "gate     %s ", event->gate.result ? "refused" : "allowed");
	vgpu_call_format_name(&text->line, event->gate.function);
	if (event->gate.result)
		vgpu_text_printf(&text->line, " with %d", event->gate.result);
	vgpu_text_puts(&text->line, ": ");
	add_escaped(text, event->gate.reason ? event->gate.reason : "no reason given");
	put(text);
}

/* The registrations gathered so far, as one line. */
static void show_bulk(struct vgpu_text_export *text)
{
	struct vgpu_event event = { .process = text->bulk.process, .time_ns = text->bulk.time_ns };

	if (!text->bulk.total)
		return;
	show_process(text, event.process);
	begin(text, &event);
	add_label(text, &event);
	vgpu_text_colour(&text->line, &text->options.look, VGPU_COLOUR_DIM);
	vgpu_bulk_format(&text->bulk, &text->line);
	vgpu_text_colour(&text->line, &text->options.look, VGPU_COLOUR_PLAIN);
	put(text);
}

static void show_searches(struct vgpu_text_export *text)
{
	struct vgpu_event event = { .process = text->searches.process, .tid = text->searches.tid,
				    .time_ns = text->searches.time_ns };

	if (!text->searches.held)
		return;
	if (vgpu_searches_plain(&text->searches)) {
		text->searches.held = 0;
		return;
	}
	show_process(text, event.process);
	begin(text, &event);
	add_label(text, &event);
	vgpu_searches_format(&text->searches, &text->options.look, &text->line);
	put(text);
}

/* What is known of a process is told again whenever another observer finds it: once is enough for a person. */
static bool was_said(struct vgpu_text_export *text, const struct vgpu_event *event, size_t start)
{
	size_t size = text->line.size - start;
	bool said = size && text->last_process == event->process && text->last.size == size &&
		    !memcmp(text->last.bytes, text->line.bytes + start, size);

	vgpu_text_clear(&text->last);
	vgpu_text_add(&text->last, text->line.bytes + start, size);
	text->last_process = event->process;
	return said && event->kind == VGPU_EVENT_CONTEXT;
}

/*
 * Where the link observer tells which libraries a process looks for, the kernel's account of the same
 * opens and loads is for --full.
 */
static bool told_by_link(struct vgpu_text_export *text, const struct vgpu_event *event)
{
	/* A file may name any number: the model takes only those that can be. */
	if (!vgpu_model_process(text->options.model, event->process) || !make_room(text, event->process))
		return false;
	if (event->observer & VGPU_OBSERVER_LINK)
		text->shown[event->process].linked = event->kind != VGPU_EVENT_OBSERVER || !event->note.withdrawn;
	return text->shown[event->process].linked && !(event->observer & VGPU_OBSERVER_LINK) &&
	       (event->kind == VGPU_EVENT_DL ||
		(event->kind == VGPU_EVENT_FILE && vgpu_searches_library(event)));
}

/* What the link and the kernel observer saw. */
static void show_note(struct vgpu_text_export *text, const struct vgpu_event *event, bool filtered)
{
	enum vgpu_note_weight weight = vgpu_note_weigh(event);
	bool full = text->options.look.full, told = told_by_link(text, event);
	size_t start;

	if (weight == VGPU_NOTE_NONE || ((weight == VGPU_NOTE_DETAIL || told) && !full) ||
	    (filtered && (weight != VGPU_NOTE_BAD || text->options.functions)))
		return;
	show_bulk(text);
	if (!full && vgpu_searches_take(&text->searches, event))
		return;
	show_searches(text);
	if (!full && vgpu_searches_take(&text->searches, event))
		return;
	if (event->process)
		show_process(text, event->process);
	begin(text, event);
	if (event->process)
		add_label(text, event);
	start = text->line.size;
	vgpu_note_format(&text->line, &text->options.look, event);
	if (!was_said(text, event, start))
		put(text);
}

/* ---- calls ---- */

static bool wanted(const struct vgpu_text_export *text, const struct vgpu_event *event, enum vgpu_tree_mark mark)
{
	const struct vgpu_function *function = vgpu_function_find(event->call.function);

	if (text->options.functions && (!function || !vgpu_name_matches(text->options.functions, function->name)))
		return false;
	return !text->options.errors || mark == VGPU_TREE_UNFINISHED || mark == VGPU_TREE_LAST ||
	       vgpu_call_failed(&event->call) ||
	       (event->call.flags & (VGPU_CALL_UNSUPPORTED | VGPU_CALL_NO_SYMBOL | VGPU_CALL_UNWOUND));
}

static void add_result(struct vgpu_text_export *text, struct vgpu_value_place *place, const struct vgpu_event *event,
		       size_t start)
{
	const struct vgpu_model_process *process = vgpu_model_process(text->options.model, event->process);
	struct vgpu_text result = { 0 };

	if (vgpu_call_format_result(&result, place, &event->call)) {
		vgpu_text_pad(&text->line, start, RESULT_COLUMN - 1);
		vgpu_text_puts(&text->line, " = ");
		vgpu_text_puts(&text->line, vgpu_text_string(&result));
	}
	vgpu_text_free(&result);
	vgpu_text_pad(&text->line, start, DURATION_COLUMN);
	vgpu_text_puts(&text->line, "  ");
	vgpu_text_duration(&text->line, &text->options.look, event->call.duration_ns);
	vgpu_text_colour(&text->line, &text->options.look, VGPU_COLOUR_WARN);
	vgpu_call_format_flags(&text->line, &event->call,
			       vgpu_model_backend(process, VGPU_FUNCTION_LIBRARY(event->call.function)));
	vgpu_text_colour(&text->line, &text->options.look, VGPU_COLOUR_PLAIN);
	if (text->options.look.raw)
		vgpu_text_printf(&text->line, "  #%" PRIu64 " ordinal %" PRIu64 " depth %u sp 0x%" PRIx64,
				 event->number, event->call.ordinal, event->call.depth, event->call.sp);
	if (text->options.look.raw || text->options.look.full) {
		if (event->call.flags & VGPU_CALL_CALLER_HIDDEN)
			vgpu_text_puts(&text->line, "  caller hidden");
		else
			vgpu_text_printf(&text->line, "  from 0x%" PRIx64, event->call.caller);
		for (uint32_t i = 0; i < event->call.stack.count; i++)
			vgpu_text_printf(&text->line, "%s0x%" PRIx64, i ? " " : "  stack ",
					 event->call.stack.words[i]);
	}
}

static void show_frame(struct vgpu_text_export *text, const struct vgpu_event *event, unsigned number, uint64_t address)
{
	begin(text, event);
	vgpu_text_colour(&text->line, &text->options.look, VGPU_COLOUR_DIM);
	vgpu_text_printf(&text->line, "    #%-2u ", number);
	text->options.frame(text->options.frame_data, event, address, &text->line);
	vgpu_text_colour(&text->line, &text->options.look, VGPU_COLOUR_PLAIN);
	put(text);
}

static void show_frames(struct vgpu_text_export *text, const struct vgpu_event *event)
{
	for (uint32_t i = 0; i < event->call.stack.count; i++)
		show_frame(text, event, i, event->call.stack.words[i]);
	if (!event->call.stack.count && event->call.caller && !(event->call.flags & VGPU_CALL_CALLER_HIDDEN))
		show_frame(text, event, 0, event->call.caller);
	if (event->call.stack.count || !event->call.frames.size)
		return;
	begin(text, event);
	vgpu_text_puts(&text->line, "    (the stack above it is on record as it was in memory, and not unwound: --json has it)");
	put(text);
}

/* Unless every call was asked for, or calls of that name: then each is a line. */
static bool gather(struct vgpu_text_export *text, const struct vgpu_event *event, enum vgpu_tree_mark mark)
{
	if (mark != VGPU_TREE_WHOLE || text->options.look.full || text->options.look.raw ||
	    text->options.functions || text->options.errors)
		return false;
	if (vgpu_bulk_take(&text->bulk, event))
		return true;
	show_bulk(text);
	return vgpu_bulk_take(&text->bulk, event);
}

static void show_call(void *data, const struct vgpu_event *event, enum vgpu_tree_mark mark)
{
	struct vgpu_text_export *text = data;
	const struct vgpu_look *look = &text->options.look;
	struct vgpu_value_place place = { .look = look, .handles = text->handles, .process = event->process };
	bool show = wanted(text, event, mark);
	size_t start;

	if (gather(text, event, mark))
		return;
	if (show)
		show_process(text, event->process);
	/* Formatted even when not shown: handles get their names by the order of calls. */
	begin(text, event);
	start = text->line.size - 2;
	add_label(text, event);
	for (unsigned i = 0; i < event->call.depth && i < 16; i++)
		vgpu_text_puts(&text->line, "  ");
	if (mark == VGPU_TREE_RESUMED) {
		vgpu_text_ellipsis(&text->line, look);
		vgpu_text_puts(&text->line, " ");
	}
	vgpu_call_learn(text->handles, event->process, &event->call);
	vgpu_call_format(&text->line, &place, &event->call, event->kind == VGPU_EVENT_PENDING);
	switch (mark) {
	case VGPU_TREE_UNFINISHED:
		vgpu_text_pad(&text->line, start, RESULT_COLUMN - 1);
		vgpu_text_colour(&text->line, look, VGPU_COLOUR_WARN);
		vgpu_text_puts(&text->line, " ");
		vgpu_text_ellipsis(&text->line, look);
		if (event->call.before) {
			vgpu_text_puts(&text->line, " in it since before the attach");
		} else {
			vgpu_text_puts(&text->line, " running for ");
			vgpu_text_duration(&text->line, look, event->call.duration_ns);
		}
		vgpu_text_colour(&text->line, look, VGPU_COLOUR_PLAIN);
		break;
	case VGPU_TREE_LAST:
		vgpu_text_pad(&text->line, start, RESULT_COLUMN - 1);
		vgpu_text_colour(&text->line, look, VGPU_COLOUR_BAD);
		vgpu_text_puts(&text->line, " never returned: the process ended inside");
		vgpu_text_colour(&text->line, look, VGPU_COLOUR_PLAIN);
		break;
	default:
		add_result(text, &place, event, start);
	}
	if (!show)
		return;
	put(text);
	if (text->options.frame && mark != VGPU_TREE_RESUMED)
		show_frames(text, event);
}

static int text_event(struct vgpu_sink *sink, const struct vgpu_event *event)
{
	struct vgpu_text_export *text = (struct vgpu_text_export *)sink;
	bool filtered = text->options.functions || text->options.errors;

	if (event->kind == VGPU_EVENT_EXIT || event->kind == VGPU_EVENT_EXEC)
		show_bulk(text);
	/* Other searches may follow a start or the linker's own notes, but no call and no end. */
	if (event->kind == VGPU_EVENT_EXIT || event->kind == VGPU_EVENT_EXEC || event->kind == VGPU_EVENT_CALL ||
	    event->kind == VGPU_EVENT_PENDING)
		show_searches(text);
	switch (event->kind) {
	case VGPU_EVENT_CALL:
	case VGPU_EVENT_PENDING:
		if (vgpu_tree_add(text->tree, event))
			text->error = -ENOMEM;
		break;
	case VGPU_EVENT_EXIT:
		show_exit(text, event);
		break;
	case VGPU_EVENT_EXEC:
		vgpu_tree_end(text->tree, event->process);
		break;
	case VGPU_EVENT_GATE:
		show_gate(text, event);
		break;
	case VGPU_EVENT_TEXT:
		if (!filtered || event->text.level)
			show_text(text, event);
		break;
	case VGPU_EVENT_SESSION:
		if (!filtered)
			show_session(text);
		break;
	case VGPU_EVENT_ANSWER:
		if (!filtered)
			show_answer(text);
		break;
	case VGPU_EVENT_LIBRARY:
		if (!filtered)
			show_library(text, event);
		break;
	default:
		show_note(text, event, filtered);
	}
	return text->error;
}

static int text_end(struct vgpu_sink *sink)
{
	struct vgpu_text_export *text = (struct vgpu_text_export *)sink;

	vgpu_tree_end(text->tree, 0);
	show_bulk(text);
	show_searches(text);
	return text->error;
}

int vgpu_text_export_open(struct vgpu_text_export **out, const struct vgpu_text_options *options)
{
	struct vgpu_text_export *text = calloc(1, sizeof(*text));
	int err;

	if (!text)
		return -ENOMEM;
	text->sink.ops = &text_ops;
	text->options = *options;
	err = vgpu_tree_open(&text->tree, show_call, text);
	if (!err)
		err = vgpu_handles_open(&text->handles);
	if (err) {
		vgpu_text_export_close(text);
		return err;
	}
	*out = text;
	return 0;
}

struct vgpu_sink *vgpu_text_export_sink(struct vgpu_text_export *text)
{
	return &text->sink;
}

void vgpu_text_export_close(struct vgpu_text_export *text)
{
	if (!text)
		return;
	vgpu_tree_close(text->tree);
	vgpu_handles_close(text->handles);
	vgpu_text_free(&text->line);
	vgpu_text_free(&text->last);
	vgpu_searches_free(&text->searches);
	free(text->shown);
	free(text);
}

static const struct vgpu_sink_ops text_ops = { .event = text_event, .end = text_end };
