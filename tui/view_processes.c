// SPDX-License-Identifier: Apache-2.0
/* Processes: the tree of those that were seen; dead ones stay. */
#include <stdio.h>
#include <string.h>

#include "tracer/model/call.h"
#include "tui/app.h"

#define DEPTH_MAX 12
/* Nobody reads a tree of thousands, and making one takes the square of the time. */
#define FLAT_FROM 2000u

static const struct tui_process no_calls;

static const struct tui_process *counts_of(const struct tui_app *app, const struct vgpu_model_process *process)
{
	const struct tui_process *counts = tui_store_process(app->store, process->number);

	return counts ? counts : &no_calls;
}

static bool has_parent(const struct tui_app *app, const struct vgpu_model_process *process)
{
	const struct vgpu_model_process *parent = vgpu_model_process(app->model, process->parent);

	/* A damaged trace may name a later one, or itself. */
	return parent && parent->number < process->number;
}

static void add_with_children(struct tui_app *app, const struct vgpu_model_process *process, int depth)
{
	tui_add_row(app, process);
	for (uint32_t i = process->number; depth < DEPTH_MAX && i < app->model->process_count; i++) {
		const struct vgpu_model_process *child = app->model->processes[i];

		if (child && child->parent == process->number)
			add_with_children(app, child, depth + 1);
	}
}

static void prepare(struct tui_app *app)
{
	bool flat = app->model->process_count > FLAT_FROM;

	for (uint32_t i = 0; i < app->model->process_count; i++) {
		const struct vgpu_model_process *process = app->model->processes[i];

		if (process && flat)
			tui_add_row(app, process);
		else if (process && !has_parent(app, process))
			add_with_children(app, process, 0);
	}
}

static uint64_t key(struct tui_app *app, uint64_t index)
{
	return ((const struct vgpu_model_process *)app->rows[index])->number;
}

/* ---- columns ---- */

/* Of several children of one process. Of thousands nobody sees that in time: each is drawn as a last one. */
static bool is_last(const struct tui_app *app, const struct vgpu_model_process *process)
{
	for (uint32_t i = process->number; i < app->model->process_count && app->model->process_count <= FLAT_FROM; i++)
		if (app->model->processes[i] && app->model->processes[i]->parent == process->parent)
			return false;
	return true;
}

static void add_branches(const struct tui_app *app, const struct vgpu_model_process *process, struct vgpu_text *out)
{
	static const char *const marks[2][4] = { { "  ", "| ", "`- ", "|- " }, { "  ", "│ ", "└─ ", "├─ " } };
	const struct vgpu_model_process *chain[DEPTH_MAX];
	int depth = 0;

	for (; depth < DEPTH_MAX && has_parent(app, process); process = vgpu_model_process(app->model, process->parent))
		chain[depth++] = process;
	for (int i = depth; i--;)
		vgpu_text_puts(out, marks[app->look.utf8][2 * !i + !is_last(app, chain[i])]);
}

static enum tui_style name_text(const struct tui_app *app, const void *row, struct vgpu_text *out)
{
	const struct vgpu_model_process *process = row;
	const struct tui_list *list = &app->list[app->view];

	if (!list->sort && !list->reverse)
		add_branches(app, process, out);
	tui_escape(app, vgpu_model_label(app->model, process->number), out);
	return process->ended ? TUI_DIM : TUI_NAME;
}

static uint64_t pid_value(const struct tui_app *app, const void *row)
{
	(void)app;
	return (uint64_t)((const struct vgpu_model_process *)row)->pid;
}

static enum tui_style pid_text(const struct tui_app *app, const void *row, struct vgpu_text *out)
{
	(void)app;
	vgpu_text_printf(out, "%d", ((const struct vgpu_model_process *)row)->pid);
	return TUI_PLAIN;
}

static uint64_t age_value(const struct tui_app *app, const void *row)
{
	const struct vgpu_model_process *process = row;
	uint64_t end = process->ended ? process->end_ns : app->options.live ? app->now_ns : app->model->last_ns;

	if (process->ended && process->exit.lived_ns)
		return process->exit.lived_ns;
	return process->started && end > process->start_ns ? end - process->start_ns : 0;
}

static enum tui_style age_text(const struct tui_app *app, const void *row, struct vgpu_text *out)
{
	struct vgpu_look look = { .utf8 = app->look.utf8 };

	if (age_value(app, row))
		vgpu_text_duration(out, &look, age_value(app, row));
	return TUI_PLAIN;
}

static enum tui_style state_text(const struct tui_app *app, const void *row, struct vgpu_text *out)
{
	const struct vgpu_model_process *process = row;

	if (!process->ended) {
		vgpu_text_puts(out, app->options.live || !app->over ? "runs" : "ran on");
		return TUI_GOOD;
	}
	switch (process->exit.how) {
	case VGPU_EXIT_CODE:
		vgpu_text_printf(out, "exit %d", process->exit.status);
		return process->exit.status ? TUI_WARN : TUI_PLAIN;
	case VGPU_EXIT_SIGNAL:
		vgpu_text_printf(out, "SIG%s", sigabbrev_np(process->exit.status) ? sigabbrev_np(process->exit.status) : "?");
		return TUI_BAD;
	default:
		vgpu_text_puts(out, "ended");
		return TUI_PLAIN;
	}
}

static uint64_t calls_value(const struct tui_app *app, const void *row)
{
	const struct tui_process *process = counts_of(app, row);

	return process->counts.calls - (app->diff ? process->mark.calls : 0);
}

static enum tui_style calls_text(const struct tui_app *app, const void *row, struct vgpu_text *out)
{
	if (app->diff && calls_value(app, row))
		vgpu_text_puts(out, "+");
	vgpu_text_count(out, calls_value(app, row));
	return TUI_PLAIN;
}

static uint64_t errors_value(const struct tui_app *app, const void *row)
{
	const struct tui_process *process = counts_of(app, row);

	return process->counts.failed - (app->diff ? process->mark.failed : 0);
}

static enum tui_style errors_text(const struct tui_app *app, const void *row, struct vgpu_text *out)
{
	uint64_t failed = errors_value(app, row);

	if (app->diff && failed)
		vgpu_text_puts(out, "+");
	vgpu_text_count(out, failed);
	return failed ? TUI_BAD : TUI_DIM;
}

/* Which of ours took its calls; else whether they were in it at all, where that was looked at. */
static enum tui_style libraries_text(const struct tui_app *app, const void *row, struct vgpu_text *out)
{
	const struct vgpu_model_process *process = row;

	(void)app;
	for (uint32_t i = 0; i < process->library_count; i++) {
		const struct vgpu_api *api = vgpu_api_find(process->libraries[i].library);

		vgpu_text_printf(out, "%s%s", i ? " " : "", api ? api->name : "?");
	}
	if (process->library_count)
		return TUI_PLAIN;
	vgpu_text_puts(out, process->presence == VGPU_PRESENCE_IN ? "mapped" : process->presence == VGPU_PRESENCE_OUT ? "none" : "not known");
	return TUI_DIM;
}

static uint64_t libraries_value(const struct tui_app *app, const void *row)
{
	(void)app;
	return ((const struct vgpu_model_process *)row)->library_count;
}

static enum tui_style last_text(const struct tui_app *app, const void *row, struct vgpu_text *out)
{
	const struct tui_process *process = counts_of(app, row);

	if (process->last_function)
		vgpu_call_format_name(out, process->last_function);
	return TUI_NAME;
}

static void history_draw(const struct tui_app *app, const void *row, struct tui_surface *surface, int y, int x, int width)
{
	uint64_t values[TUI_HISTORY];
	int count = tui_history_fit(&counts_of(app, row)->history, &app->store->clock, values, width);

	tui_surface_spark(surface, y, x, width, TUI_GOOD, values, count);
}

static enum tui_style history_text(const struct tui_app *app, const void *row, struct vgpu_text *out)
{
	(void)app;
	(void)row;
	(void)out;
	return TUI_PLAIN;
}

static enum tui_style command_text(const struct tui_app *app, const void *row, struct vgpu_text *out)
{
	const struct vgpu_model_process *process = row;
	struct vgpu_strings argv = { process->argv, process->argv_size };
	struct vgpu_look look = { .utf8 = app->look.utf8 };
	const char *word = NULL;
	bool first = true;

	while (process->argv && (word = vgpu_strings_next(&argv, word)) && out->size < 400) {
		/* Where there is room for a few words: the name without its folders. */
		const char *base = first && !app->once && app->columns < TUI_WIDE ? strrchr(word, '/') : NULL;

		if (!first)
			vgpu_text_puts(out, " ");
		vgpu_text_shell_word(out, &look, base && base[1] ? base + 1 : word);
		first = false;
	}
	if (process->container) {
		vgpu_text_puts(out, "  (in ");
		tui_escape(app, process->container, out);
		vgpu_text_puts(out, ")");
	}
	return TUI_DIM;
}

static const struct tui_column columns[] = {
	{ .title = "Process", .width = 22, .text = name_text },
	{ .title = "PID", .width = 7, .right = true, .text = pid_text, .value = pid_value },
	{ .title = "Age", .width = 8, .right = true, .falling = true, .text = age_text, .value = age_value },
	{ .title = "State", .width = 8, .text = state_text },
	{ .title = "Calls", .width = 9, .right = true, .falling = true, .text = calls_text, .value = calls_value },
	{ .title = "Errors", .width = 7, .right = true, .falling = true, .text = errors_text, .value = errors_value },
	{ .title = "Libraries", .width = 14, .from = 92, .falling = true, .text = libraries_text, .value = libraries_value },
	{ .title = "Last call", .width = 26, .from = 136, .text = last_text },
	{ .title = "History", .width = 20, .from = 156, .falling = true, .text = history_text, .value = calls_value,
	  .draw = history_draw },
	{ .title = "Command", .text = command_text },
};

static bool error(struct tui_app *app, uint64_t index)
{
	const struct vgpu_model_process *process = app->rows[index];

	return errors_value(app, process) || (process->ended && process->exit.how != VGPU_EXIT_SEEN && process->exit.status);
}

static void detail(struct tui_app *app, uint64_t index)
{
	const struct vgpu_model_process *process = app->rows[index];
	const struct vgpu_model_process *parent = vgpu_model_process(app->model, process->parent);
	struct vgpu_text line = { 0 };
	bool once = app->once;

	tui_process_name(app, process->number, &line);
	tui_pager_open(app, vgpu_text_string(&line));
	vgpu_text_clear(&line);
	tui_escape(app, process->exe ? process->exe : "its executable is not on record", &line);
	tui_pager_line(app, "  %s", vgpu_text_string(&line));
	vgpu_text_clear(&line);
	app->once = true;
	command_text(app, process, &line);
	app->once = once;
	if (line.size)
		tui_pager_line(app, "  %s", vgpu_text_string(&line));
	vgpu_text_clear(&line);
	if (parent)
		tui_process_name(app, parent->number, &line);
	else
		vgpu_text_printf(&line, "pid %d, which is not in this trace", process->ppid);
	tui_pager_line(app, "  started by %s, became another program %u time%s since it was seen first",
		       vgpu_text_string(&line), process->execs, process->execs == 1 ? "" : "s");
	vgpu_text_clear(&line);
	state_text(app, process, &line);
	vgpu_text_puts(&line, process->ended ? " after " : " for ");
	age_text(app, process, &line);
	tui_pager_line(app, "  %s", vgpu_text_string(&line));
	vgpu_text_clear(&line);
	if (process->presence == VGPU_PRESENCE_OUT && process->presence_why)
		tui_escape(app, process->presence_why, &line);
	if (line.size)
		tui_pager_line(app, "  no library of ours in it: %s", vgpu_text_string(&line));
	for (uint32_t i = 0; i < process->library_count; i++) {
		const struct vgpu_api *api = vgpu_api_find(process->libraries[i].library);

		vgpu_text_clear(&line);
		tui_escape(app, process->libraries[i].path, &line);
		vgpu_text_puts(&line, ", answered by ");
		tui_escape(app, process->libraries[i].backend, &line);
		tui_pager_line(app, "  %-18s %s", api ? api->soname : "?", vgpu_text_string(&line));
	}
	vgpu_text_free(&line);
}

const struct tui_view tui_view_processes = {
	.name = "processes",
	.title = "Processes",
	.help = "the tree of the processes that were seen: age, exit, libraries, calls, errors",
	.empty = "no process was seen",
	.columns = columns,
	.column_count = sizeof(columns) / sizeof(columns[0]),
	.natural = true,
	.prepare = prepare,
	.key = key,
	.error = error,
	.detail = detail,
};
