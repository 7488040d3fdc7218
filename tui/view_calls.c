// SPDX-License-Identifier: Apache-2.0
/* Calls: the log as it is read, outer calls before inner ones, errors standing out. */
#include <inttypes.h>
#include <string.h>

#include "tracer/model/call.h"
#include "tui/app.h"

#define LABEL_COLUMNS 12u
#define LABEL_COLUMNS_WIDE 18u
/* Where results begin in text that nobody cuts, as dump has it. */
#define RESULT_COLUMN 88u

static uint64_t count(struct tui_app *app)
{
	return tui_store_lines(app->store);
}

static void read_line(struct tui_app *app, uint64_t index, struct tui_entry *entry)
{
	uint64_t sequence = tui_store_line(app->store, index);

	if (sequence == UINT64_MAX || !tui_log_read(app->store->log, sequence, entry)) {
		memset(entry, 0, sizeof(*entry));
		entry->line = TUI_LINE_GAP;
		entry->total = tui_store_forgotten(app->store);
	}
}

/* Sequence numbers plus one; the gap has that of the first line it lacks. */
static uint64_t key(struct tui_app *app, uint64_t index)
{
	uint64_t sequence = tui_store_line(app->store, index), first, latest, end;

	tui_log_kept(app->store->log, &first, &latest, &end);
	return (sequence == UINT64_MAX ? first : sequence) + 1;
}

static uint64_t index_of(struct tui_app *app, uint64_t wanted)
{
	return tui_store_index(app->store, wanted - 1);
}

/* As wide as the longest, within reason. */
static void prepare(struct tui_app *app)
{
	unsigned most = app->columns >= TUI_WIDE ? LABEL_COLUMNS_WIDE : LABEL_COLUMNS;

	app->label_columns = 7;
	for (uint32_t i = 0; i < app->model->process_count && app->label_columns < most; i++)
		if (app->model->processes[i] && strlen(vgpu_model_label(app->model, i + 1)) > app->label_columns)
			app->label_columns = (unsigned)strlen(vgpu_model_label(app->model, i + 1));
	if (app->label_columns > most)
		app->label_columns = most;
}

/* Of one that is too long its numbers stay, which tell it from others: olla…(32687). */
static void fit_label(const struct tui_app *app, const char *label, struct vgpu_text *out)
{
	struct vgpu_look look = { .utf8 = app->look.utf8 };
	struct tui_surface surface = { .utf8 = app->look.utf8 };
	struct vgpu_text name = { 0 };
	const char *numbers = label + strcspn(label, "(/");
	int room = (int)app->label_columns - (int)strlen(numbers);

	if (app->once || tui_columns(&surface, label) <= (int)app->label_columns || room < 2) {
		vgpu_text_puts(out, label);
		return;
	}
	/* A surface cuts between characters, however wide they are. */
	vgpu_text_add(&name, label, (size_t)(numbers - label));
	if (!tui_surface_resize(&surface, 1, room)) {
		tui_surface_text(&surface, 0, 0, room, TUI_PLAIN, vgpu_text_string(&name));
		tui_surface_row(&surface, 0, &look, out);
	}
	vgpu_text_puts(out, numbers);
	vgpu_text_free(&name);
	tui_surface_free(&surface);
}

static void add_label(struct tui_app *app, const struct vgpu_event *event, struct vgpu_text *out)
{
	const struct vgpu_model_process *process = vgpu_model_process(app->model, event->process);
	struct vgpu_text label = { 0 };
	size_t start = out->size;

	if (event->process) {
		tui_escape(app, vgpu_model_label(app->model, event->process), &label);
		/* The main thread goes without saying. */
		if (event->tid && process && event->tid != process->pid && event->call.function)
			vgpu_text_printf(&label, "/%d", event->tid);
	}
	fit_label(app, vgpu_text_string(&label), out);
	vgpu_text_free(&label);
	vgpu_text_pad(out, start, app->label_columns);
	vgpu_text_puts(out, " ");
}

/* The call, cut so that what follows fits into the columns there are. */
static void add_call(struct tui_app *app, const struct tui_entry *entry, struct vgpu_text *out, unsigned room)
{
	struct vgpu_look plain = { .utf8 = app->look.utf8 };
	struct vgpu_value_place place = { .look = &plain, .handles = app->store->handles,
					  .process = entry->event.process };
	struct vgpu_text text = { 0 };
	struct tui_surface surface = { .utf8 = true };
	const char *end;

	for (unsigned i = 0; i < entry->event.call.depth && i < 16; i++)
		vgpu_text_puts(&text, "  ");
	if (entry->mark == VGPU_TREE_RESUMED) {
		vgpu_text_ellipsis(&text, &plain);
		vgpu_text_puts(&text, " ");
	}
	vgpu_call_format(&text, &place, &entry->event.call, entry->event.kind == VGPU_EVENT_PENDING);
	if (room && vgpu_text_columns(&text, 0) > room && !tui_surface_resize(&surface, 1, (int)room)) {
		tui_surface_text(&surface, 0, 0, (int)room, TUI_PLAIN, vgpu_text_string(&text));
		vgpu_text_clear(&text);
		tui_surface_row(&surface, 0, &plain, &text);
	}
	tui_surface_free(&surface);
	end = strchr(vgpu_text_string(&text), '(');
	vgpu_text_colour(out, &app->look, VGPU_COLOUR_NAME);
	vgpu_text_add(out, vgpu_text_string(&text), end ? (size_t)(end - text.bytes) : text.size);
	vgpu_text_colour(out, &app->look, VGPU_COLOUR_PLAIN);
	if (end)
		vgpu_text_puts(out, end);
	vgpu_text_free(&text);
}

/* Where there is little room: = INVALID_DEVICE (101). */
static void add_code(struct tui_app *app, struct vgpu_value_place *place, const struct vgpu_event_call *call,
		     struct vgpu_text *out)
{
	struct vgpu_text code = { 0 };
	const char *text, *at;

	if (vgpu_call_format_result(&code, place, call)) {
		text = vgpu_text_string(&code);
		if (!app->once && !tui_app_list(app)->sideways && app->columns < TUI_WIDE) {
			if ((at = strstr(text, "ERROR_")))
				text = at + strlen("ERROR_");
			else if ((at = strstr(text, "cudaError")) && at[9] != ' ')
				text = at + 9;
		}
		vgpu_text_puts(out, "= ");
		vgpu_text_puts(out, text);
	}
	vgpu_text_free(&code);
}

static void add_result(struct tui_app *app, const struct tui_entry *entry, struct vgpu_text *out)
{
	const struct vgpu_event_call *call = &entry->event.call;
	struct vgpu_value_place place = { .look = &app->look, .handles = app->store->handles,
					  .process = entry->event.process };
	const struct vgpu_model_process *process = vgpu_model_process(app->model, entry->event.process);
	bool failed = vgpu_call_failed(call);
	size_t start = out->size;

	switch (entry->mark) {
	case VGPU_TREE_UNFINISHED:
		vgpu_text_colour(out, &app->look, VGPU_COLOUR_WARN);
		vgpu_text_puts(out, "running for ");
		vgpu_text_duration(out, &app->look, call->duration_ns);
		vgpu_text_colour(out, &app->look, VGPU_COLOUR_PLAIN);
		return;
	case VGPU_TREE_LAST:
		vgpu_text_colour(out, &app->look, VGPU_COLOUR_BAD);
		vgpu_text_puts(out, "never returned: the process ended inside");
		vgpu_text_colour(out, &app->look, VGPU_COLOUR_PLAIN);
		return;
	default:
		break;
	}
	if (failed)
		vgpu_text_colour(out, &app->look, VGPU_COLOUR_BAD);
	add_code(app, &place, call, out);
	if (failed)
		vgpu_text_colour(out, &app->look, VGPU_COLOUR_PLAIN);
	vgpu_text_pad(out, start, 16);
	vgpu_text_puts(out, " ");
	vgpu_text_colour(out, &app->look, VGPU_COLOUR_DIM);
	vgpu_text_duration(out, &app->look, call->duration_ns);
	vgpu_text_colour(out, &app->look, VGPU_COLOUR_WARN);
	vgpu_call_format_flags(out, call, vgpu_model_backend(process, VGPU_FUNCTION_LIBRARY(call->function)));
	vgpu_text_colour(out, &app->look, VGPU_COLOUR_PLAIN);
}

static void add_bulk(struct tui_app *app, const struct tui_entry *entry, struct vgpu_text *out)
{
	vgpu_text_colour(out, &app->look, VGPU_COLOUR_DIM);
	vgpu_text_count(out, entry->total);
	vgpu_text_puts(out, entry->total == 1 ? " registration: " : " registrations: ");
	for (unsigned i = 0; i < TUI_BULK_KINDS && entry->kind[i].calls; i++) {
		vgpu_text_puts(out, i ? ", " : "");
		vgpu_text_count(out, entry->kind[i].calls);
		vgpu_text_puts(out, " ");
		if (entry->kind[i].function)
			vgpu_call_format_name(out, entry->kind[i].function);
		else
			vgpu_text_puts(out, "others");
	}
	vgpu_text_colour(out, &app->look, VGPU_COLOUR_PLAIN);
}

static void line(struct tui_app *app, uint64_t index, struct vgpu_text *out)
{
	static const enum vgpu_colour levels[] = { VGPU_COLOUR_DIM, VGPU_COLOUR_WARN, VGPU_COLOUR_BAD };
	bool cut = !app->once && !tui_app_list(app)->sideways;
	size_t start = out->size;
	struct tui_entry entry;

	read_line(app, index, &entry);
	if (entry.line == TUI_LINE_GAP) {
		vgpu_text_colour(out, &app->look, VGPU_COLOUR_WARN);
		vgpu_text_count(out, entry.total);
		vgpu_text_puts(out, " lines between the first and the latest are not kept");
		vgpu_text_colour(out, &app->look, VGPU_COLOUR_PLAIN);
		return;
	}
	vgpu_text_colour(out, &app->look, VGPU_COLOUR_DIM);
	if (app->model->last_ns - app->model->first_ns < UINT64_C(10000000000))
		vgpu_text_puts(out, " ");
	tui_time(app, entry.event.time_ns, out);
	vgpu_text_colour(out, &app->look, VGPU_COLOUR_PLAIN);
	vgpu_text_puts(out, "  ");
	add_label(app, &entry.event, out);
	switch (entry.line) {
	case TUI_LINE_NOTE:
		vgpu_text_colour(out, &app->look, levels[entry.level < 2 ? entry.level : 2]);
		vgpu_text_puts(out, entry.text);
		vgpu_text_colour(out, &app->look, VGPU_COLOUR_PLAIN);
		return;
	case TUI_LINE_ALIKE:
		vgpu_text_colour(out, &app->look, VGPU_COLOUR_DIM);
		vgpu_text_count(out, entry.total);
		vgpu_text_puts(out, " calls like those above: counted, not listed");
		vgpu_text_colour(out, &app->look, VGPU_COLOUR_PLAIN);
		return;
	case TUI_LINE_BULK:
		add_bulk(app, &entry, out);
		return;
	default:
		break;
	}
	if (cut) {
		unsigned used = vgpu_text_columns(out, start), columns = app->columns > 60 ? (unsigned)app->columns : 60;
		unsigned result = columns >= TUI_WIDE ? columns - 50 : columns - 26;

		if (result < used + 16)
			result = used + 16;
		add_call(app, &entry, out, result - used - 1);
		vgpu_text_pad(out, start, result);
	} else {
		add_call(app, &entry, out, 0);
		vgpu_text_pad(out, start, RESULT_COLUMN);
		vgpu_text_puts(out, " ");
	}
	add_result(app, &entry, out);
}

static void head(struct tui_app *app, struct tui_surface *surface, int y)
{
	struct vgpu_text text = { 0 }, titles = { 0 };

	vgpu_text_count(&text, app->store->filter ? app->store->passed : app->store->calls);
	vgpu_text_puts(&text, app->store->filter ? " calls pass of " : " calls");
	if (app->store->filter)
		vgpu_text_count(&text, app->store->calls);
	if (app->store->counted) {
		vgpu_text_printf(&text, ", %llu%% unlisted",
				 (unsigned long long)((unsigned __int128)app->store->counted * 100 / app->store->calls));
	}
	if (app->list[app->view].follow && app->options.live && !app->once)
		vgpu_text_puts(&text, app->paused ? ", held" : ", following");
	vgpu_text_printf(&titles, "      Time  %-*s Call", (int)app->label_columns, "Process");
	tui_surface_text(surface, y, 1, surface->columns, TUI_BAR, vgpu_text_string(&titles));
	vgpu_text_free(&titles);
	tui_surface_right(surface, y, 30, surface->columns - 1, TUI_BAR, vgpu_text_string(&text));
	vgpu_text_free(&text);
}

static bool error(struct tui_app *app, uint64_t index)
{
	struct tui_entry entry;

	read_line(app, index, &entry);
	switch (entry.line) {
	case TUI_LINE_CALL:
		return entry.mark == VGPU_TREE_LAST ||
		       (entry.event.kind == VGPU_EVENT_CALL &&
			(vgpu_call_failed(&entry.event.call) || (entry.event.call.flags & VGPU_CALL_NO_SYMBOL)));
	case TUI_LINE_NOTE:
		return entry.level > 1;
	default:
		return false;
	}
}

static void detail(struct tui_app *app, uint64_t index)
{
	struct tui_entry entry;
	struct vgpu_text text = { 0 };

	read_line(app, index, &entry);
	if (entry.line == TUI_LINE_CALL) {
		tui_detail_call(app, &entry);
		return;
	}
	/* What it says, whole: a line of the screen may be too short for it. */
	tui_pager_open(app, entry.line == TUI_LINE_GAP ? "Lines not kept" : entry.line == TUI_LINE_BULK ? "Registrations" : "Note");
	tui_app_line(app, index, &text);
	tui_pager_line(app, "  %s", vgpu_text_string(&text));
	vgpu_text_free(&text);
	if (entry.line == TUI_LINE_GAP) {
		tui_pager_line(app, "%s", "");
		tui_pager_line(app, "  The first lines stay, since discovery happens at the start; then the latest are kept.");
		tui_pager_line(app, "  They are counted in all other views.");
	}
	if (entry.line == TUI_LINE_BULK)
		for (unsigned i = 0; i < TUI_BULK_KINDS && entry.kind[i].calls; i++)
			if (entry.kind[i].function)
				tui_detail_function(app, entry.kind[i].function);
}

const struct tui_view tui_view_calls = {
	.name = "calls",
	.title = "Calls",
	.help = "the log: every call with its values and its result, inner ones beneath outer ones",
	.empty = "no call was recorded",
	.prepare = prepare,
	.count = count,
	.line = line,
	.head = head,
	.follows = true,
	.key = key,
	.index = index_of,
	.error = error,
	.detail = detail,
};
