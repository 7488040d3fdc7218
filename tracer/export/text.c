// SPDX-License-Identifier: Apache-2.0
/* Events as lines for people. */
#include "tracer/export/text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tracer/export/notes.h"
#include "tracer/export/text_line.h"
#include "tracer/model/call.h"
#include "tracer/model/handles.h"
#include "tracer/model/names.h"
#include "tracer/model/tree.h"

/* Results begin at this column where the call is short enough, durations at that one. */
#define RESULT_COLUMN   70u
#define DURATION_COLUMN 88u

static const struct vgpu_sink_ops text_ops;

/* The registrations gathered so far, as one line. */
static void show_bulk(struct vgpu_text_export *text)
{
	struct vgpu_event event = { .process = text->bulk.process, .time_ns = text->bulk.time_ns };

	if (!text->bulk.total)
		return;
	text_process(text, event.process);
	text_begin(text, &event);
	text_label(text, &event);
	vgpu_text_colour(&text->line, &text->options.look, VGPU_COLOUR_DIM);
	vgpu_bulk_format(&text->bulk, &text->line);
	vgpu_text_colour(&text->line, &text->options.look, VGPU_COLOUR_PLAIN);
	text_put(text);
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
	text_process(text, event.process);
	text_begin(text, &event);
	text_label(text, &event);
	vgpu_searches_format(&text->searches, &text->options.look, &text->line);
	text_put(text);
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
	if (!vgpu_model_process(text->options.model, event->process) || !text_room(text, event->process))
		return false;
	if (event->observer & VGPU_OBSERVER_LINK)
		text->shown[event->process].linked = event->kind != VGPU_EVENT_OBSERVER || !event->note.withdrawn;
	return text->shown[event->process].linked && !(event->observer & VGPU_OBSERVER_LINK) &&
	       (event->kind == VGPU_EVENT_DL ||
		(event->kind == VGPU_EVENT_FILE && vgpu_searches_library(event)));
}

static void show_frame(struct vgpu_text_export *text, const struct vgpu_event *event, unsigned number, uint64_t address)
{
	text_begin(text, event);
	vgpu_text_colour(&text->line, &text->options.look, VGPU_COLOUR_DIM);
	vgpu_text_printf(&text->line, "    #%-2u ", number);
	text->options.frame(text->options.frame_data, event, address, &text->line);
	vgpu_text_colour(&text->line, &text->options.look, VGPU_COLOUR_PLAIN);
	text_put(text);
}

static void show_stack(struct vgpu_text_export *text, const struct vgpu_event *event, const struct vgpu_words *stack,
		       uint32_t end, const struct vgpu_data *raw)
{
	const char *why = stack->count ? vgpu_stack_end_text(end) : NULL;

	for (uint32_t i = 0; i < stack->count; i++)
		show_frame(text, event, i, stack->words[i]);
	if (!stack->count && raw->size)
		why = "the stack above it is on record as it was in memory, and not unwound: --json has it";
	if (!why)
		return;
	text_begin(text, event);
	vgpu_text_printf(&text->line, "    (%s)", why);
	text_put(text);
}

static void show_frames(struct vgpu_text_export *text, const struct vgpu_event *event)
{
	if (!event->call.stack.count && event->call.caller && !(event->call.flags & VGPU_CALL_CALLER_HIDDEN))
		show_frame(text, event, 0, event->call.caller);
	show_stack(text, event, &event->call.stack, event->call.stack_end, &event->call.frames);
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
		text_process(text, event->process);
	text_begin(text, event);
	if (event->process)
		text_label(text, event);
	start = text->line.size;
	vgpu_note_format(&text->line, &text->options.look, event);
	if (was_said(text, event, start))
		return;
	text_put(text);
	if (event->kind == VGPU_EVENT_CRASH && text->options.frame)
		show_stack(text, event, &event->crash.stack, event->crash.stack_end, &event->crash.frames);
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
		text_process(text, event->process);
	/* Formatted even when not shown: handles get their names by the order of calls. */
	text_begin(text, event);
	start = text->line.size - 2;
	text_label(text, event);
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
	text_put(text);
	if (text->options.frame && text->options.backtrace && mark != VGPU_TREE_RESUMED)
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
		text_exit(text, event);
		break;
	case VGPU_EVENT_EXEC:
		vgpu_tree_end(text->tree, event->process);
		break;
	case VGPU_EVENT_GATE:
		text_gate(text, event);
		break;
	case VGPU_EVENT_TEXT:
		if (!filtered || event->text.level)
			text_message(text, event);
		break;
	case VGPU_EVENT_SESSION:
		if (!filtered)
			text_session(text);
		break;
	case VGPU_EVENT_ANSWER:
		if (!filtered)
			text_answer(text);
		break;
	case VGPU_EVENT_LIBRARY:
		if (!filtered)
			text_library(text, event);
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
