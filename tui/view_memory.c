// SPDX-License-Identifier: Apache-2.0
/* Memory: device memory by process and over time, as far as calls tell. */
#include <inttypes.h>

#include "tui/app.h"

static const struct tui_memory_state *state_of(const struct tui_app *app, const void *row)
{
	return &tui_store_process(app->store, ((const struct vgpu_model_process *)row)->number)->memory;
}

static void prepare(struct tui_app *app)
{
	for (uint32_t i = 0; i < app->model->process_count; i++) {
		const struct vgpu_model_process *process = app->model->processes[i];
		const struct tui_process *counts = process ? tui_store_process(app->store, process->number) : NULL;

		if (counts && (counts->memory.allocations || counts->memory.failed || counts->memory.told_ns))
			tui_add_row(app, process);
	}
}

static uint64_t key(struct tui_app *app, uint64_t index)
{
	return ((const struct vgpu_model_process *)app->rows[index])->number;
}

static enum tui_style name_text(const struct tui_app *app, const void *row, struct vgpu_text *out)
{
	const struct vgpu_model_process *process = row;

	tui_escape(app, vgpu_model_label(app->model, process->number), out);
	return process->ended ? TUI_DIM : TUI_NAME;
}

static uint64_t now_value(const struct tui_app *app, const void *row)
{
	return state_of(app, row)->now_bytes;
}

static enum tui_style now_text(const struct tui_app *app, const void *row, struct vgpu_text *out)
{
	const struct tui_memory_state *state = state_of(app, row);
	uint64_t now = state->now_bytes, mark = state->mark_now_bytes;

	if (app->diff) {
		vgpu_text_puts(out, now > mark ? "+" : now < mark ? "-" : "");
		vgpu_text_bytes(out, now > mark ? now - mark : mark - now);
	} else {
		vgpu_text_bytes(out, now);
	}
	return TUI_PLAIN;
}

static uint64_t peak_value(const struct tui_app *app, const void *row)
{
	return state_of(app, row)->peak_bytes;
}

static enum tui_style peak_text(const struct tui_app *app, const void *row, struct vgpu_text *out)
{
	vgpu_text_bytes(out, peak_value(app, row));
	return TUI_PLAIN;
}

static uint64_t allocations_value(const struct tui_app *app, const void *row)
{
	return state_of(app, row)->allocations - (app->diff ? state_of(app, row)->mark_allocations : 0);
}

static enum tui_style allocations_text(const struct tui_app *app, const void *row, struct vgpu_text *out)
{
	vgpu_text_count(out, allocations_value(app, row));
	return TUI_PLAIN;
}

static uint64_t frees_value(const struct tui_app *app, const void *row)
{
	return state_of(app, row)->frees - (app->diff ? state_of(app, row)->mark_frees : 0);
}

static enum tui_style frees_text(const struct tui_app *app, const void *row, struct vgpu_text *out)
{
	vgpu_text_count(out, frees_value(app, row));
	return TUI_PLAIN;
}

static uint64_t failed_value(const struct tui_app *app, const void *row)
{
	return state_of(app, row)->failed;
}

static enum tui_style failed_text(const struct tui_app *app, const void *row, struct vgpu_text *out)
{
	vgpu_text_count(out, failed_value(app, row));
	return failed_value(app, row) ? TUI_BAD : TUI_DIM;
}

static uint64_t free_value(const struct tui_app *app, const void *row)
{
	return state_of(app, row)->told_free;
}

static enum tui_style free_text(const struct tui_app *app, const void *row, struct vgpu_text *out)
{
	if (state_of(app, row)->told_ns)
		vgpu_text_bytes(out, free_value(app, row));
	return TUI_PLAIN;
}

static uint64_t total_value(const struct tui_app *app, const void *row)
{
	return state_of(app, row)->told_total;
}

static enum tui_style total_text(const struct tui_app *app, const void *row, struct vgpu_text *out)
{
	if (state_of(app, row)->told_ns)
		vgpu_text_bytes(out, total_value(app, row));
	return TUI_PLAIN;
}

/* Filled: what the process itself holds of all there is. */
static void gauge_draw(const struct tui_app *app, const void *row, struct tui_surface *surface, int y, int x, int width)
{
	const struct tui_memory_state *state = state_of(app, row);

	if (state->told_total)
		tui_surface_gauge(surface, y, x, width, TUI_WARN, state->told_total - state->told_free, state->told_total);
}

static enum tui_style gauge_text(const struct tui_app *app, const void *row, struct vgpu_text *out)
{
	const struct tui_memory_state *state = state_of(app, row);

	if (state->told_total)
		vgpu_text_printf(out, "%.1f%%",
				 (double)(state->told_total - state->told_free) * 100 / (double)state->told_total);
	return TUI_PLAIN;
}

static uint64_t gauge_value(const struct tui_app *app, const void *row)
{
	const struct tui_memory_state *state = state_of(app, row);

	return state->told_total - state->told_free;
}

static void history_draw(const struct tui_app *app, const void *row, struct tui_surface *surface, int y, int x, int width)
{
	uint64_t values[TUI_HISTORY];
	int count = tui_history_fit(&state_of(app, row)->history, &app->store->clock, values, width);

	tui_surface_spark(surface, y, x, width, TUI_GOOD, values, count);
}

static enum tui_style history_text(const struct tui_app *app, const void *row, struct vgpu_text *out)
{
	(void)app;
	(void)row;
	(void)out;
	return TUI_PLAIN;
}

static const struct tui_column columns[] = {
	{ .title = "Process", .text = name_text },
	{ .title = "Holds", .width = 10, .right = true, .falling = true, .text = now_text, .value = now_value },
	{ .title = "At most", .width = 10, .right = true, .falling = true, .text = peak_text, .value = peak_value },
	{ .title = "Allocs", .width = 8, .right = true, .falling = true, .text = allocations_text, .value = allocations_value },
	{ .title = "Frees", .width = 8, .from = 72, .right = true, .falling = true, .text = frees_text, .value = frees_value },
	{ .title = "Refused", .width = 7, .right = true, .falling = true, .text = failed_text, .value = failed_value },
	{ .title = "Told free", .width = 10, .right = true, .falling = true, .text = free_text, .value = free_value },
	{ .title = "Told in all", .width = 11, .from = 90, .right = true, .falling = true, .text = total_text, .value = total_value },
	{ .title = "In use", .width = 12, .from = 104, .falling = true, .text = gauge_text, .value = gauge_value, .draw = gauge_draw },
	{ .title = "Over time", .width = 30, .from = 130, .falling = true, .text = history_text, .value = now_value, .draw = history_draw },
};

static bool error(struct tui_app *app, uint64_t index)
{
	return failed_value(app, app->rows[index]) > 0;
}

static void detail(struct tui_app *app, uint64_t index)
{
	const struct vgpu_model_process *process = app->rows[index];
	const struct tui_memory_state *state = state_of(app, process);
	struct vgpu_text line = { 0 };

	tui_process_name(app, process->number, &line);
	tui_pager_open(app, vgpu_text_string(&line));
	vgpu_text_clear(&line);
	vgpu_text_bytes(&line, state->now_bytes);
	vgpu_text_puts(&line, " held now, at most ");
	vgpu_text_bytes(&line, state->peak_bytes);
	tui_pager_line(app, "  %s", vgpu_text_string(&line));
	tui_pager_line(app, "  %" PRIu64 " allocations, %" PRIu64 " freed, %" PRIu64 " refused", state->allocations,
		       state->frees, state->failed);
	if (state->failed) {
		vgpu_text_clear(&line);
		vgpu_text_bytes(&line, state->failed_bytes);
		tui_pager_line(app, "  the last that was refused asked for %s", vgpu_text_string(&line));
	}
	if (state->told_ns) {
		vgpu_text_clear(&line);
		vgpu_text_bytes(&line, state->told_free);
		vgpu_text_puts(&line, " of ");
		vgpu_text_bytes(&line, state->told_total);
		vgpu_text_puts(&line, " were free, at ");
		tui_time(app, state->told_ns, &line);
		tui_pager_line(app, "  it was told last that %s s", vgpu_text_string(&line));
	}
	tui_pager_line(app, "%s", "");
	tui_pager_line(app, "  Counted from calls on record: what was allocated before, or through calls that are lost, is not in it.");
	if (tui_memory_unfollowed(app->store->memory))
		tui_pager_line(app, "  %" PRIu64 " allocations were too many to follow.", tui_memory_unfollowed(app->store->memory));
	vgpu_text_free(&line);
}

const struct tui_view tui_view_memory = {
	.name = "memory",
	.title = "Memory",
	.help = "device memory by process and over time, and what the interfaces said is free",
	.empty = "no process allocated device memory, or asked how much there is",
	.columns = columns,
	.column_count = sizeof(columns) / sizeof(columns[0]),
	.sort = 1,
	.prepare = prepare,
	.key = key,
	.error = error,
	.detail = detail,
};
