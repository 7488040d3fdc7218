// SPDX-License-Identifier: Apache-2.0
/* Functions: how often each was called, how it ended, how long it took. */
#include <inttypes.h>
#include <string.h>

#include "tracer/model/call.h"
#include "tracer/model/names.h"
#include "tui/app.h"

static struct tui_counts counts_of(const struct tui_app *app, const struct tui_function *function)
{
	struct tui_counts counts = tui_function_stats(app->store, function)->counts;

	if (app->diff) {
		counts = function->all.counts;
		counts.calls -= function->mark.calls;
		counts.failed -= function->mark.failed;
		counts.total_ns -= function->mark.total_ns;
	}
	return counts;
}

static void prepare(struct tui_app *app)
{
	uint32_t count;
	const struct tui_function *functions = tui_store_functions(app->store, &count);

	for (uint32_t i = 0; i < count; i++) {
		const struct tui_function *function = &functions[i];

		if (!tui_function_stats(app->store, function)->counts.calls && (app->store->filter || !function->running))
			continue;
		if (app->diff && !counts_of(app, function).calls)
			continue;
		tui_add_row(app, function);
	}
}

static uint64_t key(struct tui_app *app, uint64_t index)
{
	const struct tui_function *function = app->rows[index];

	return function->id ? function->id : (uint64_t)(uintptr_t)function->name;
}

/* ---- columns ---- */

static enum tui_style name_text(const struct tui_app *app, const void *row, struct vgpu_text *out)
{
	struct vgpu_text name = { 0 };

	tui_function_name(row, &name);
	tui_escape(app, vgpu_text_string(&name), out);
	vgpu_text_free(&name);
	return TUI_NAME;
}

static enum tui_style library_text(const struct tui_app *app, const void *row, struct vgpu_text *out)
{
	const struct vgpu_api *api = vgpu_api_find(VGPU_FUNCTION_LIBRARY(((const struct tui_function *)row)->id));

	(void)app;
	vgpu_text_puts(out, api ? api->name : "?");
	return TUI_PLAIN;
}

static void signed_count(const struct tui_app *app, uint64_t n, struct vgpu_text *out)
{
	if (app->diff && n)
		vgpu_text_puts(out, "+");
	vgpu_text_count(out, n);
}

static uint64_t calls_value(const struct tui_app *app, const void *row)
{
	return counts_of(app, row).calls;
}

static enum tui_style calls_text(const struct tui_app *app, const void *row, struct vgpu_text *out)
{
	signed_count(app, counts_of(app, row).calls, out);
	return TUI_PLAIN;
}

static uint64_t errors_value(const struct tui_app *app, const void *row)
{
	return counts_of(app, row).failed;
}

static enum tui_style errors_text(const struct tui_app *app, const void *row, struct vgpu_text *out)
{
	uint64_t failed = counts_of(app, row).failed;

	signed_count(app, failed, out);
	return failed ? TUI_BAD : TUI_DIM;
}

#define RESULT_COLUMNS      20
#define RESULT_COLUMNS_WIDE 31

/* Where there is little room: INVALID_DEVICE (101), and where there is less, the number stays: INVALID_CONTE… (201). */
static void add_result(const struct tui_app *app, const struct vgpu_enum *names, int32_t result, struct vgpu_text *out)
{
	struct vgpu_text name = { 0 };
	size_t room = app->columns >= TUI_WIDE ? RESULT_COLUMNS_WIDE : RESULT_COLUMNS, number;
	const char *text, *at;

	vgpu_result_format(&name, names, result);
	text = vgpu_text_string(&name);
	if (app->columns && (app->columns < TUI_WIDE || strlen(text) > room) && (at = strstr(text, "ERROR_")))
		text = at + strlen("ERROR_");
	else if (app->columns && strlen(text) > room && !strncmp(text, "cudaError", 9))
		text += 9;
	at = strstr(text, " (");
	number = at ? strlen(at) : 0;
	if (app->columns && at && strlen(text) > room && number + 2 < room) {
		struct vgpu_look look = { .utf8 = app->look.utf8 };

		vgpu_text_add(out, text, room - number - 1);
		vgpu_text_ellipsis(out, &look);
		text = at;
	}
	vgpu_text_puts(out, text);
	vgpu_text_free(&name);
}

static enum tui_style result_text(const struct tui_app *app, const void *row, struct vgpu_text *out)
{
	const struct tui_function *function = row;
	const struct tui_stats *stats = tui_function_stats(app->store, function);
	struct vgpu_event_call call = { .function = function->id, .flags = stats->last_flags, .result = stats->last_result };
	const struct vgpu_function *known = vgpu_function_find(function->id);

	if (function->running) {
		vgpu_text_puts(out, "running");
		return TUI_WARN;
	}
	if (!stats->last_number)
		return TUI_PLAIN;
	if (call.flags & VGPU_CALL_UNWOUND) {
		vgpu_text_puts(out, call.flags & VGPU_CALL_ENTRY_ONLY ? "entered" : "left by longjmp");
		return TUI_WARN;
	}
	if (known && (known->flags & VGPU_FUNCTION_STATUS)) {
		const struct vgpu_api *api = vgpu_api_find(VGPU_FUNCTION_LIBRARY(function->id));

		add_result(app, known->result && known->result->enumeration ? known->result->enumeration
			   : api ? api->status : NULL, (int32_t)stats->last_result, out);
		if (stats->last_flags & (VGPU_CALL_UNSUPPORTED | VGPU_CALL_NO_SYMBOL))
			return TUI_WARN;
		return vgpu_call_failed(&call) ? TUI_BAD : TUI_GOOD;
	}
	vgpu_text_printf(out, "0x%" PRIx64, stats->last_result);
	return TUI_DIM;
}

static uint64_t rate_value(const struct tui_app *app, const void *row)
{
	const struct tui_stats *stats = tui_function_stats(app->store, row);
	uint64_t values[TUI_HISTORY], length = app->model->last_ns - app->model->first_ns;
	int count;

	if (!app->options.live || app->once)
		return length ? (uint64_t)((double)stats->counts.calls * 1e9 / (double)length) : 0;
	/* The last whole second. */
	count = tui_history_values(&stats->history, &app->store->clock, values);
	return count > 1 ? values[count - 2] : values[0];
}

static enum tui_style rate_text(const struct tui_app *app, const void *row, struct vgpu_text *out)
{
	vgpu_text_count(out, rate_value(app, row));
	return TUI_PLAIN;
}

static enum tui_style duration(const struct tui_app *app, uint64_t ns, bool known, struct vgpu_text *out)
{
	struct vgpu_look look = { .utf8 = app->look.utf8 };

	if (known)
		vgpu_text_duration(out, &look, ns);
	return TUI_PLAIN;
}

static uint64_t p50_value(const struct tui_app *app, const void *row)
{
	return tui_stats_percentile(tui_function_stats(app->store, row), 50);
}

static enum tui_style p50_text(const struct tui_app *app, const void *row, struct vgpu_text *out)
{
	return duration(app, p50_value(app, row), tui_function_stats(app->store, row)->buckets != NULL, out);
}

static uint64_t p99_value(const struct tui_app *app, const void *row)
{
	return tui_stats_percentile(tui_function_stats(app->store, row), 99);
}

static enum tui_style p99_text(const struct tui_app *app, const void *row, struct vgpu_text *out)
{
	return duration(app, p99_value(app, row), tui_function_stats(app->store, row)->buckets != NULL, out);
}

static uint64_t time_value(const struct tui_app *app, const void *row)
{
	return counts_of(app, row).total_ns;
}

/* Of the time that all processes spent in outermost calls. */
static enum tui_style share_text(const struct tui_app *app, const void *row, struct vgpu_text *out)
{
	uint64_t all = 0;

	for (uint32_t i = 0; i < app->store->process_count; i++) {
		const struct tui_process *process = tui_store_process(app->store, i + 1);

		if (process)
			all += process->counts.total_ns - (app->diff ? process->mark.total_ns : 0);
	}
	if (all)
		vgpu_text_printf(out, "%.1f%%", (double)time_value(app, row) * 100 / (double)all);
	return TUI_PLAIN;
}

static enum tui_style history_text(const struct tui_app *app, const void *row, struct vgpu_text *out)
{
	(void)app;
	(void)row;
	(void)out;
	return TUI_PLAIN;
}

static void history_draw(const struct tui_app *app, const void *row, struct tui_surface *surface, int y, int x, int width)
{
	uint64_t values[TUI_HISTORY];
	int count = tui_history_fit(&tui_function_stats(app->store, row)->history, &app->store->clock, values, width);

	tui_surface_spark(surface, y, x, width, TUI_GOOD, values, count);
}

static uint64_t history_value(const struct tui_app *app, const void *row)
{
	return tui_function_stats(app->store, row)->last_number;
}

static const struct tui_column columns[] = {
	{ .title = "Function", .text = name_text },
	{ .title = "Library", .width = 8, .from = 130, .text = library_text },
	{ .title = "Calls", .width = 9, .right = true, .falling = true, .text = calls_text, .value = calls_value },
	{ .title = "Errors", .width = 7, .right = true, .falling = true, .text = errors_text, .value = errors_value },
	{ .title = "Last result", .width = RESULT_COLUMNS, .wide = RESULT_COLUMNS_WIDE, .text = result_text },
	{ .title = "Rate/s", .width = 9, .from = 110, .right = true, .falling = true, .text = rate_text, .value = rate_value },
	{ .title = "p50", .width = 8, .right = true, .falling = true, .text = p50_text, .value = p50_value },
	{ .title = "p99", .width = 8, .from = 90, .right = true, .falling = true, .text = p99_text, .value = p99_value },
	{ .title = "Time", .width = 6, .right = true, .falling = true, .text = share_text, .value = time_value },
	{ .title = "History", .width = 20, .from = 150, .falling = true, .text = history_text, .value = history_value,
	  .draw = history_draw },
};

static bool error(struct tui_app *app, uint64_t index)
{
	return counts_of(app, app->rows[index]).failed > 0;
}

static void detail(struct tui_app *app, uint64_t index)
{
	const struct tui_function *function = app->rows[index];
	const struct tui_stats *stats = tui_function_stats(app->store, function);
	struct vgpu_look look = { .utf8 = app->look.utf8 };
	static const unsigned percents[] = { 50, 90, 99 };
	struct vgpu_text line = { 0 };
	struct tui_entry entry;

	name_text(app, function, &line);
	tui_pager_open(app, vgpu_text_string(&line));
	tui_detail_function(app, function->id);
	tui_pager_line(app, "%s", "");
	vgpu_text_clear(&line);
	vgpu_text_count(&line, stats->counts.calls);
	vgpu_text_puts(&line, stats->counts.calls == 1 ? " call, " : " calls, ");
	vgpu_text_count(&line, stats->counts.failed);
	vgpu_text_puts(&line, " failed, ");
	vgpu_text_count(&line, stats->unsupported);
	vgpu_text_puts(&line, " not supported, ");
	vgpu_text_count(&line, function->running);
	vgpu_text_puts(&line, " running");
	tui_pager_line(app, "  %s", vgpu_text_string(&line));
	for (unsigned i = 0; stats->buckets && i < 3; i++) {
		vgpu_text_clear(&line);
		vgpu_text_duration(&line, &look, tui_stats_percentile(stats, percents[i]));
		tui_pager_line(app, "  %2u%% took at most about %s", percents[i], vgpu_text_string(&line));
	}
	vgpu_text_clear(&line);
	vgpu_text_duration(&line, &look, stats->longest_ns);
	tui_pager_line(app, "  the longest took %s", vgpu_text_string(&line));
	if (function->all.last_error && tui_log_read(app->store->log, function->all.last_error - 1, &entry)) {
		tui_pager_line(app, "%s", "");
		tui_pager_line(app, "  its latest error was event %" PRIu64, entry.event.number);
	} else if (function->all.last_line && tui_log_read(app->store->log, function->all.last_line - 1, &entry)) {
		tui_pager_line(app, "%s", "");
		tui_pager_line(app, "  its latest call was event %" PRIu64, entry.event.number);
	}
	vgpu_text_free(&line);
}

const struct tui_view tui_view_functions = {
	.name = "functions",
	.title = "Functions",
	.help = "calls, errors, last result, rate, percentiles and share of time of each function",
	.empty = "no function was called",
	.columns = columns,
	.column_count = sizeof(columns) / sizeof(columns[0]),
	.sort = 2,
	.prepare = prepare,
	.key = key,
	.error = error,
	.detail = detail,
};
