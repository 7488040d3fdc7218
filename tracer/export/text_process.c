// SPDX-License-Identifier: Apache-2.0
/* A line's beginning, and the lines about processes themselves. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tracer/export/text_line.h"

void text_begin(struct vgpu_text_export *text, const struct vgpu_event *event)
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

void text_put(struct vgpu_text_export *text)
{
	vgpu_text_puts(&text->line, "\n");
	if (text->line.failed)
		text->error = -ENOMEM;
	else
		text->options.line(text->options.data, text->line.bytes, text->line.size);
}

void text_label(struct vgpu_text_export *text, const struct vgpu_event *event)
{
	const struct vgpu_model_process *process =
	    vgpu_model_process(text->options.model, event->process);
	const char *label = vgpu_model_label(text->options.model, event->process);

	vgpu_text_escape(&text->line, &text->options.look, label, strlen(label), false);
	/* The main thread goes without saying. */
	if (event->tid && process && event->tid != process->pid &&
	    event->kind != VGPU_EVENT_LIBRARY)
		vgpu_text_printf(&text->line, "/%d", event->tid);
	vgpu_text_puts(&text->line, "  ");
}

void text_escaped(struct vgpu_text_export *text, const char *string)
{
	vgpu_text_escape(&text->line, &text->options.look, string, strlen(string), false);
}

bool text_room(struct vgpu_text_export *text, uint32_t number)
{
	uint32_t count = number * 2 + 16;
	void *grown;

	if (number < text->shown_count)
		return true;
	grown = realloc(text->shown, count * sizeof(*text->shown));
	if (!grown)
		return false;
	text->shown = grown;
	memset(text->shown + text->shown_count, 0,
	       (count - text->shown_count) * sizeof(*text->shown));
	text->shown_count = count;
	return true;
}

static bool was_shown(struct vgpu_text_export *text, const struct vgpu_model_process *process)
{
	uint8_t mark = process->execs < 254 ? process->execs + 1 : 255;

	if (!text_room(text, process->number) || text->shown[process->number].mark == mark)
		return true;
	text->shown[process->number].mark = mark;
	return false;
}

static void add_ancestors(struct vgpu_text_export *text, const struct vgpu_model_process *process,
			  unsigned depth)
{
	const struct vgpu_model_process *parent =
	    vgpu_model_process(text->options.model, process->parent);
	const char *label = vgpu_model_label(text->options.model, process->number);

	if (parent && parent->started && depth < 8) {
		add_ancestors(text, parent, depth + 1);
		vgpu_text_puts(&text->line, text->options.look.utf8 ? " ── " : " -- ");
	}
	text_escaped(text, label);
	/* A label that had to carry the pid has it already. */
	if (!strchr(label, '('))
		vgpu_text_printf(&text->line, "(%d)", process->pid);
}

void text_process(struct vgpu_text_export *text, uint32_t number)
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
		vgpu_text_escape(&text->line, &text->options.look, process->container, strlen(process->container), false);
		vgpu_text_puts(&text->line, ")");
	}
	text_put(text);
}

void text_exit(struct vgpu_text_export *text, const struct vgpu_event *event)
{
	const struct vgpu_model_process *process =
	    vgpu_model_process(text->options.model, event->process);
	bool shown =
	    process && event->process < text->shown_count && text->shown[event->process].mark;

	vgpu_tree_end(text->tree, event->process);
	if (!shown)
		return;
	text_begin(text, event);
	text_label(text, event);
	switch (event->exit.how) {
	case VGPU_EXIT_CODE:
		vgpu_text_printf(&text->line, "exited with %d", event->exit.status);
		break;
	case VGPU_EXIT_SIGNAL:
		vgpu_text_colour(&text->line, &text->options.look, VGPU_COLOUR_BAD);
		vgpu_text_printf(&text->line, "killed by SIG%s",
				 sigabbrev_np(event->exit.status) ? sigabbrev_np(event->exit.status)
								  : "?");
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
	text_put(text);
}
