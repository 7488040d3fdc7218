// SPDX-License-Identifier: Apache-2.0
/* vgpu-trace diff: what two traces tell differently. */
#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tracer/cli/args.h"
#include "tracer/cli/command.h"
#include "tracer/cli/say.h"
#include "tracer/cli/target.h"
#include "tracer/diff/keep.h"
#include "tracer/diff/story.h"
#include "tracer/export/json_event.h"
#include "tracer/export/notes.h"
#include "tracer/model/call.h"
#include "tracer/model/left_out.h"

/* Following differences shown of each process, unless all are asked for. */
#define FOLLOWING_SHOWN 12u
#define RESULT_COLUMN 66u

enum { OPTION_JSON = VGPU_OPTION, OPTION_FULL, OPTION_IGNORE };

const struct vgpu_option vgpu_options_diff[] = {
	{ "ignore", OPTION_IGNORE, "PATTERN", "values that may differ, as FUNCTION.PARAMETER: '*MemGetInfo*.free'" },
	{ "full", OPTION_FULL, NULL, "print values whole, and every difference that follows from another" },
	{ "json", OPTION_JSON, NULL, "one JSON object a difference" },
	{ .name = NULL },
};

/* One of the two traces. */
struct side {
	const char *word;
	const char *letter;
	struct story *story;
	struct vgpu_trace *trace;       /* to fetch events from again */
	struct vgpu_keep *keep;         /* of what was no file; NULL: none was needed */
	bool cut;
};

struct diff_options {
	const char *words[2];
	const char *ignore;
	bool json, full;
};

static int parse(const struct vgpu_command *command, int argc, char **argv, struct diff_options *options)
{
	struct vgpu_args args = { .command = command, .argc = argc, .argv = argv };
	int option;

	while ((option = vgpu_args_next(&args)) >= 0) {
		switch (option) {
		case OPTION_JSON:
			options->json = true;
			break;
		case OPTION_FULL:
			options->full = true;
			break;
		case OPTION_IGNORE:
			options->ignore = args.value;
			break;
		}
	}
	if (option != VGPU_ARGS_END)
		return option;
	if (args.count != 2) {
		vgpu_say_error("diff: two traces are compared");
		vgpu_say_more("usage: vgpu-trace diff [OPTION…] A B");
		return VGPU_ARGS_ERROR;
	}
	options->words[0] = args.positional[0];
	options->words[1] = args.positional[1];
	return 0;
}

/* ---- reading ---- */

static int open_side(struct side *side, const struct diff_options *options)
{
	struct vgpu_target *target = NULL;
	struct vgpu_stream stream = { 0 };
	int err = vgpu_target_open(&target, side->word), failed = 0;

	if (err)
		return err;
	err = vgpu_story_open(&side->story, options->ignore);
	if (!err)
		err = vgpu_stream_add(&stream, &side->story->sink);
	if (!err && vgpu_target_source(target) != VGPU_TRACE_FILE)
		err = vgpu_keep_open(&side->keep);
	if (!err && side->keep)
		err = vgpu_stream_add(&stream, vgpu_keep_sink(side->keep));
	if (!err) {
		failed = vgpu_target_read(target, &stream);
		side->cut = failed == -EBADMSG;
		err = side->story->sink.error;
	}
	if (!err && side->keep)
		err = vgpu_keep_finish(side->keep);
	vgpu_target_close(target);
	if (failed && !side->cut)
		return failed;
	if (!err)
		err = vgpu_story_finish(side->story);
	if (!err)
		err = vgpu_trace_open(&side->trace, side->keep ? vgpu_keep_path(side->keep) : side->word);
	if (!err)
		vgpu_trace_bare(side->trace);
	if (err)
		vgpu_say_error("cannot compare '%s': %s", side->word, strerror(-err));
	return err;
}

static void close_side(struct side *side)
{
	vgpu_trace_close(side->trace);
	vgpu_story_close(side->story);
	vgpu_keep_close(side->keep);
}

static bool fetch(struct side *side, uint64_t number, struct vgpu_event *event)
{
	if (!number || vgpu_trace_seek(side->trace, number) || vgpu_trace_next(side->trace) != 1)
		return false;
	*event = *vgpu_trace_event(side->trace);
	return event->number == number;
}

/* ---- printing ---- */

static void put(struct vgpu_text *line)
{
	vgpu_text_puts(line, "\n");
	vgpu_say_line((void *)(intptr_t)STDOUT_FILENO, vgpu_text_string(line), line->size);
	vgpu_text_clear(line);
}

static void add_event(struct vgpu_text *line, const struct vgpu_look *look, struct side *side, uint64_t number)
{
	struct vgpu_value_place place = { .look = look };
	struct vgpu_event event;
	size_t start = line->size;

	if (!fetch(side, number, &event)) {
		vgpu_text_printf(line, "event %" PRIu64 " of %s", number, side->letter);
		return;
	}
	if (event.kind != VGPU_EVENT_CALL && event.kind != VGPU_EVENT_PENDING) {
		vgpu_note_format(line, look, &event);
	} else {
		for (unsigned i = 0; i < event.call.depth && i < 16; i++)
			vgpu_text_puts(line, "  ");
		if (event.call.name && !event.call.function)
			vgpu_text_escape(line, look, event.call.name, strlen(event.call.name), false);
		else
			vgpu_call_format(line, &place, &event.call, event.kind == VGPU_EVENT_PENDING);
		vgpu_text_pad(line, start, RESULT_COLUMN);
		if (event.kind == VGPU_EVENT_PENDING) {
			vgpu_text_puts(line, event.call.ended ? "   never returned" : "   has not returned");
		} else {
			vgpu_text_puts(line, " = ");
			vgpu_call_format_result(line, &place, &event.call);
		}
	}
	vgpu_text_printf(line, "  (event %" PRIu64 ")", number);
}

static void add_exit(struct vgpu_text *line, const struct vgpu_event_exit *exit)
{
	if (exit->how == VGPU_EXIT_SIGNAL)
		vgpu_text_printf(line, "was killed by SIG%s", sigabbrev_np(exit->status) ? sigabbrev_np(exit->status) : "?");
	else
		vgpu_text_printf(line, "exited with %d", exit->status);
}

static const struct {
	const char *json;
	const char *mark;  /* before what A has */
	const char *words; /* after the line */
} kinds[DIFFERENCES] = {
	[DIFFERENCE_ONLY_A] = { "only in A", "-", "" },
	[DIFFERENCE_ONLY_B] = { "only in B", "+", "" },
	[DIFFERENCE_RESULT] = { "result", "~", "" },
	[DIFFERENCE_VALUE] = { "value", "~", "" },
	[DIFFERENCE_IDENTITY] = { "identity", "~", "  another handle" },
	[DIFFERENCE_UNFINISHED] = { "unfinished", "~", "" },
	[DIFFERENCE_APART] = { "apart", "~", "" },
	[DIFFERENCE_EXIT] = { "exit", "~", "" },
	[DIFFERENCE_PROCESS_A] = { "process only in A", "-", "" },
	[DIFFERENCE_PROCESS_B] = { "process only in B", "+", "" },
	[DIFFERENCE_THREAD_A] = { "thread only in A", "-", "" },
	[DIFFERENCE_THREAD_B] = { "thread only in B", "+", "" },
};

static void add_mark(struct vgpu_text *line, const struct vgpu_look *look, const struct difference *d, const char *mark)
{
	vgpu_text_puts(line, d->follows ? "      " : "  ");
	vgpu_text_colour(line, look, d->follows ? VGPU_COLOUR_DIM : *mark == '-' ? VGPU_COLOUR_BAD :
					 *mark == '+' ? VGPU_COLOUR_GOOD : VGPU_COLOUR_WARN);
	vgpu_text_puts(line, mark);
	vgpu_text_colour(line, look, VGPU_COLOUR_PLAIN);
	vgpu_text_puts(line, " ");
}

static void print_one(const struct vgpu_look *look, struct side *sides, const struct difference *d)
{
	const struct vgpu_model_process *a = vgpu_model_process(sides[0].story->model, d->process_a);
	const struct vgpu_model_process *b = vgpu_model_process(sides[1].story->model, d->process_b);
	struct vgpu_text line = { 0 };

	switch (d->kind) {
	case DIFFERENCE_PROCESS_A:
	case DIFFERENCE_PROCESS_B:
		add_mark(&line, look, d, kinds[d->kind].mark);
		vgpu_text_printf(&line, "the whole process, with %" PRIu64 " calls, is in %s only", d->count,
				 d->kind == DIFFERENCE_PROCESS_A ? "A" : "B");
		put(&line);
		break;
	case DIFFERENCE_THREAD_A:
	case DIFFERENCE_THREAD_B:
		add_mark(&line, look, d, kinds[d->kind].mark);
		vgpu_text_printf(&line, "a thread, with %" PRIu64 " calls, is in %s only; its first: ", d->count,
				 d->a ? "A" : "B");
		add_event(&line, look, &sides[!d->a], d->a ? d->a : d->b);
		put(&line);
		break;
	case DIFFERENCE_APART:
		add_mark(&line, look, d, kinds[d->kind].mark);
		vgpu_text_printf(&line, "from here on the two have too little in common to compare (%" PRIu64 " calls)", d->count);
		put(&line);
		break;
	case DIFFERENCE_EXIT:
		add_mark(&line, look, d, kinds[d->kind].mark);
		vgpu_text_puts(&line, "A ");
		add_exit(&line, &a->exit);
		vgpu_text_puts(&line, ", B ");
		add_exit(&line, &b->exit);
		put(&line);
		break;
	default:
		if (d->a) {
			add_mark(&line, look, d, d->b ? "-" : kinds[d->kind].mark);
			add_event(&line, look, &sides[0], d->a);
			put(&line);
		}
		if (d->b) {
			add_mark(&line, look, d, d->a ? "+" : kinds[d->kind].mark);
			add_event(&line, look, &sides[1], d->b);
			vgpu_text_puts(&line, kinds[d->kind].words);
			put(&line);
		}
	}
	vgpu_text_free(&line);
}

static void add_label(struct vgpu_text *line, const struct vgpu_look *look, struct side *side, uint32_t number)
{
	const struct vgpu_model_process *process = vgpu_model_process(side->story->model, number);
	const char *label = vgpu_model_label(side->story->model, number);

	vgpu_text_escape(line, look, label, strlen(label), false);
	if (process && !strchr(label, '('))
		vgpu_text_printf(line, "(%d)", process->pid);
}

static void print_process(const struct vgpu_look *look, struct side *sides, const struct difference *d)
{
	struct vgpu_text line = { 0 };

	put(&line);
	vgpu_text_colour(&line, look, VGPU_COLOUR_HEAD);
	if (d->process_a)
		add_label(&line, look, &sides[0], d->process_a);
	if (d->process_a && d->process_b)
		vgpu_text_puts(&line, " | ");
	if (d->process_b)
		add_label(&line, look, &sides[1], d->process_b);
	vgpu_text_colour(&line, look, VGPU_COLOUR_PLAIN);
	put(&line);
	vgpu_text_free(&line);
}

static uint64_t lost(const struct side *side)
{
	struct vgpu_event_loss loss;

	vgpu_model_losses(side->story->model, &loss);
	return loss.dropped + loss.overwritten + loss.refused + loss.recycled;
}

static void print_head(const struct vgpu_look *look, const struct side *sides)
{
	struct vgpu_text line = { 0 };

	for (unsigned i = 0; i < 2; i++) {
		const struct vgpu_model *model = sides[i].story->model;

		vgpu_text_printf(&line, "%s  ", sides[i].letter);
		vgpu_text_escape(&line, look, sides[i].word, strlen(sides[i].word), false);
		vgpu_text_puts(&line, ": ");
		vgpu_text_count(&line, model->calls);
		vgpu_text_printf(&line, " call%s", model->calls == 1 ? "" : "s");
		if (model->has_session)
			vgpu_text_printf(&line, ", mode %s%s", vgpu_shim_mode_name(model->mode),
					 model->mode == VGPU_SHIM_SIM	     ? " (SIMULATED)"
					 : model->mode == VGPU_SHIM_REPLAY ? " (REPLAYED)"
									   : "");
		if (lost(&sides[i])) {
			vgpu_text_puts(&line, "; ");
			vgpu_text_count(&line, lost(&sides[i]));
			vgpu_text_puts(&line, " calls are not on record: differences may be due to that alone");
		}
		if (sides[i].cut)
			vgpu_text_puts(&line, "; cut off");
		put(&line);
		vgpu_left_out_format(&line, look, model, "   ");
		if (vgpu_left_out(model)) {
			vgpu_text_puts(&line, "   What it lacks may be due to that alone.");
			put(&line);
		}
	}
	vgpu_text_free(&line);
}

/* Differences of one pair of processes, from the first on: those that stand by themselves before the others. */
static uint32_t print_group(const struct diff_options *options, const struct vgpu_look *look, struct side *sides,
			    const struct differences *found, uint32_t first, uint32_t *hidden)
{
	const struct difference *list = found->list;
	uint32_t end = first, following = 0;

	while (end < found->count && list[end].process_a == list[first].process_a &&
	       list[end].process_b == list[first].process_b)
		end++;
	print_process(look, sides, &list[first]);
	for (uint32_t i = first; i < end; i++)
		if (!list[i].follows)
			print_one(look, sides, &list[i]);
	for (uint32_t i = first; i < end; i++) {
		if (!list[i].follows)
			continue;
		if (++following > FOLLOWING_SHOWN && !options->full) {
			++*hidden;
			continue;
		}
		if (following == 1)
			vgpu_say_line((void *)(intptr_t)STDOUT_FILENO, "    following:\n", 15);
		print_one(look, sides, &list[i]);
	}
	return end;
}

static void print_text(const struct diff_options *options, struct side *sides, const struct differences *found)
{
	struct vgpu_text line = { 0 };
	struct vgpu_look look;
	uint32_t hidden = 0;

	vgpu_look_for(STDOUT_FILENO, &look);
	look.full = options->full;
	print_head(&look, sides);
	for (uint32_t i = 0; i < found->count;)
		i = print_group(options, &look, sides, found, i, &hidden);
	put(&line);
	if (!found->count)
		vgpu_text_puts(&line, sides[0].cut || sides[1].cut ? "no difference as far as they go" : "no difference");
	else
		vgpu_text_printf(&line, "%u difference%s", found->own, found->own == 1 ? "" : "s");
	if (found->count > found->own)
		vgpu_text_printf(&line, ", and %u following", found->count - found->own);
	if (hidden)
		vgpu_text_printf(&line, " (%u of them not shown: --full)", hidden);
	put(&line);
	vgpu_text_free(&line);
}

static void print_json(struct side *sides, const struct differences *found)
{
	for (uint32_t i = 0; i < found->count; i++) {
		const struct difference *d = &found->list[i];
		struct json_object *object = json_object_new_object();
		uint64_t numbers[] = { d->a, d->b };
		uint32_t processes[] = { d->process_a, d->process_b };
		static const char *const names[] = { "a", "b" };
		struct vgpu_event event;
		const char *text;
		size_t size;

		json_object_object_add(object, "difference", json_object_new_string(kinds[d->kind].json));
		json_object_object_add(object, "follows", json_object_new_boolean(d->follows != 0));
		for (unsigned s = 0; s < 2; s++) {
			struct json_object *side = json_object_new_object();

			json_object_object_add(side, "process",
					       processes[s] ? json_object_new_string(vgpu_model_label(
								      sides[s].story->model, processes[s]))
							    : NULL);
			json_object_object_add(side, "event",
					       fetch(&sides[s], numbers[s], &event) ? vgpu_json_event(&event, false) : NULL);
			json_object_object_add(object, names[s], side);
		}
		if (d->count)
			json_object_object_add(object, "calls", json_object_new_uint64(d->count));
		text = json_object_to_json_string_length(object, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE,
							 &size);
		vgpu_say_line((void *)(intptr_t)STDOUT_FILENO, text, size);
		vgpu_say_line((void *)(intptr_t)STDOUT_FILENO, "\n", 1);
		json_object_put(object);
	}
}

int vgpu_cmd_diff(const struct vgpu_command *command, int argc, char **argv)
{
	struct side sides[2] = { { .letter = "A" }, { .letter = "B" } };
	struct diff_options options = { 0 };
	struct differences found = { 0 };
	int err = parse(command, argc, argv, &options), code = VGPU_EXIT_FAILED;

	if (err)
		return err == VGPU_ARGS_HELP ? VGPU_EXIT_DONE : command->usage_code;
	for (unsigned i = 0; i < 2 && !err; i++) {
		sides[i].word = options.words[i];
		err = open_side(&sides[i], &options);
	}
	if (err)
		goto out;
	err = vgpu_story_compare(sides[0].story, sides[1].story, &found);
	if (err) {
		vgpu_say_error("cannot compare: %s", strerror(-err));
		goto out;
	}
	if (options.json)
		print_json(sides, &found);
	else
		print_text(&options, sides, &found);
	/* That two are the same cannot be said of a part. */
	code = found.count ? VGPU_EXIT_DIFFERS : sides[0].cut || sides[1].cut ? VGPU_EXIT_FAILED : VGPU_EXIT_DONE;
out:
	vgpu_differences_free(&found);
	close_side(&sides[0]);
	close_side(&sides[1]);
	return code;
}
