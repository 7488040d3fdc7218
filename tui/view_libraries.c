// SPDX-License-Identifier: Apache-2.0
/* Libraries: what was searched for, opened, refused; symbols bound and missing. */
#include <inttypes.h>
#include <string.h>

#include "tracer/model/model.h"
#include "tui/app.h"

static void prepare(struct tui_app *app)
{
	for (uint32_t i = 0; i < app->store->libraries.count; i++)
		tui_add_row(app, &app->store->libraries.rows[i]);
}

/* Rows are only ever added. */
static uint64_t key(struct tui_app *app, uint64_t index)
{
	return (uint64_t)((const struct tui_library *)app->rows[index] - app->store->libraries.rows) + 1;
}

enum state { REFUSED, ABSENT, OPENED, CLOSED, WOULD, SEARCHED, PROBED };

static enum state state_of(const struct tui_library *library)
{
	if (library->answer)
		return library->path && !library->code ? WOULD : ABSENT;
	if (library->opened)
		return library->closed ? CLOSED : OPENED;
	if (library->refused)
		return REFUSED;
	return library->searched || !library->probed ? SEARCHED : PROBED;
}

/* ---- columns ---- */

static enum tui_style name_text(const struct tui_app *app, const void *row, struct vgpu_text *out)
{
	tui_escape(app, ((const struct tui_library *)row)->name, out);
	return TUI_NAME;
}

static enum tui_style process_text(const struct tui_app *app, const void *row, struct vgpu_text *out)
{
	const struct tui_library *library = row;

	if (library->answer)
		vgpu_text_puts(out, app->columns < TUI_WIDE && !app->once ? "(anyone)" : "(whoever asks)");
	else if (!library->process)
		vgpu_text_puts(out, "(any)");
	else
		tui_escape(app, vgpu_model_label(app->model, library->process), out);
	return library->process ? TUI_PLAIN : TUI_DIM;
}

static uint64_t process_value(const struct tui_app *app, const void *row)
{
	(void)app;
	return ((const struct tui_library *)row)->process;
}

static enum tui_style state_text(const struct tui_app *app, const void *row, struct vgpu_text *out)
{
	static const struct {
		const char *word;
		enum tui_style style;
	} states[] = {
		[REFUSED] = { "refused", TUI_BAD }, [ABSENT] = { "not there", TUI_BAD },
		[OPENED] = { "opened", TUI_GOOD }, [CLOSED] = { "closed", TUI_DIM }, [WOULD] = { "would be", TUI_PLAIN },
		[SEARCHED] = { "searched", TUI_WARN }, [PROBED] = { "probed", TUI_PLAIN },
	};
	enum state state = state_of(row);

	(void)app;
	vgpu_text_puts(out, states[state].word);
	return states[state].style;
}

static uint64_t state_value(const struct tui_app *app, const void *row)
{
	(void)app;
	return state_of(row);
}

static uint64_t bound_value(const struct tui_app *app, const void *row)
{
	(void)app;
	return ((const struct tui_library *)row)->bound;
}

static enum tui_style bound_text(const struct tui_app *app, const void *row, struct vgpu_text *out)
{
	if (bound_value(app, row))
		vgpu_text_count(out, bound_value(app, row));
	return TUI_PLAIN;
}

static uint64_t missing_value(const struct tui_app *app, const void *row)
{
	(void)app;
	return ((const struct tui_library *)row)->missing;
}

static enum tui_style missing_text(const struct tui_app *app, const void *row, struct vgpu_text *out)
{
	if (missing_value(app, row))
		vgpu_text_count(out, missing_value(app, row));
	return TUI_BAD;
}

static uint64_t searched_value(const struct tui_app *app, const void *row)
{
	(void)app;
	return ((const struct tui_library *)row)->searched;
}

static enum tui_style searched_text(const struct tui_app *app, const void *row, struct vgpu_text *out)
{
	if (searched_value(app, row))
		vgpu_text_count(out, searched_value(app, row));
	return TUI_PLAIN;
}

static void add_error(const struct tui_app *app, const struct tui_library *library, struct vgpu_text *out)
{
	if (library->error)
		tui_escape(app, library->error, out);
	else
		vgpu_text_puts(out, "the linker's words were not observed");
	if (library->code)
		vgpu_text_printf(out, ": %s", strerror(library->code));
}

/* Where it came from, or why it did not. */
static enum tui_style path_text(const struct tui_app *app, const void *row, struct vgpu_text *out)
{
	const struct tui_library *library = row;

	if (state_of(library) == REFUSED) {
		add_error(app, library, out);
		return TUI_BAD;
	}
	/* Whether that matters the verdict knows: some symbols are asked for on the off chance. */
	if (library->missing_count) {
		vgpu_text_puts(out, "lacks ");
		for (uint32_t i = 0; i < library->missing_count && i < 4; i++) {
			vgpu_text_puts(out, i ? ", " : "");
			tui_escape(app, library->missing_name[i], out);
		}
		vgpu_text_puts(out, library->missing_count > 4 ? " and more  " : "  ");
	}
	if (library->path) {
		tui_escape(app, library->path, out);
	} else if (library->answer) {
		vgpu_text_puts(out, library->code ? strerror(library->code) : "is nowhere that was looked");
		return TUI_BAD;
	}
	if (library->ours) {
		vgpu_text_puts(out, library->path ? "  ours" : "ours");
		if (library->backend) {
			vgpu_text_puts(out, ", by ");
			tui_escape(app, library->backend, out);
		}
	}
	if (library->answer && library->wanted_by) {
		vgpu_text_puts(out, "  by ");
		tui_escape(app, library->wanted_by, out);
	}
	if (library->note) {
		vgpu_text_puts(out, out->size ? "  " : "");
		tui_escape(app, library->note, out);
	}
	return library->missing_count ? TUI_WARN : TUI_PLAIN;
}

static const struct tui_column columns[] = {
	{ .title = "Library", .width = 18, .wide = 24, .text = name_text },
	{ .title = "Process", .width = 11, .wide = 16, .text = process_text, .value = process_value },
	{ .title = "State", .width = 9, .text = state_text, .value = state_value },
	{ .title = "Symbols", .width = 7, .from = 90, .right = true, .falling = true, .text = bound_text, .value = bound_value },
	{ .title = "Lacking", .width = 7, .from = 98, .right = true, .falling = true, .text = missing_text, .value = missing_value },
	{ .title = "Searched", .width = 8, .from = 106, .right = true, .falling = true, .text = searched_text, .value = searched_value },
	{ .title = "From, or why not", .text = path_text },
};

static bool error(struct tui_app *app, uint64_t index)
{
	enum state state = state_of(app->rows[index]);

	return state == REFUSED || state == ABSENT || ((const struct tui_library *)app->rows[index])->missing;
}

static void detail(struct tui_app *app, uint64_t index)
{
	const struct tui_library *library = app->rows[index];
	struct vgpu_text line = { 0 };

	tui_escape(app, library->name, &line);
	tui_pager_open(app, vgpu_text_string(&line));
	vgpu_text_clear(&line);
	process_text(app, library, &line);
	tui_pager_line(app, "  in            %s", vgpu_text_string(&line));
	vgpu_text_clear(&line);
	state_text(app, library, &line);
	tui_pager_line(app, "  state         %s", vgpu_text_string(&line));
	vgpu_text_clear(&line);
	tui_escape(app, library->path ? library->path : "none is known", &line);
	tui_pager_line(app, "  file          %s", vgpu_text_string(&line));
	if (library->wanted_by) {
		vgpu_text_clear(&line);
		tui_escape(app, library->wanted_by, &line);
		tui_pager_line(app, library->answer ? "  found by      %s" : "  wanted by     %s", vgpu_text_string(&line));
	}
	if (library->searched)
		tui_pager_line(app, "  searched      %u names were tried, at %u there was something", library->searched,
			       library->there);
	else if (!vgpu_model_observed(app->model, VGPU_OBSERVER_LINK, NULL))
		tui_pager_line(app, "  searched      not observed: the link observer was not on");
	if (library->refused) {
		vgpu_text_clear(&line);
		add_error(app, library, &line);
		tui_pager_line(app, "  refused       %u time%s: %s", library->refused, library->refused == 1 ? "" : "s",
			       vgpu_text_string(&line));
	}
	tui_pager_line(app, "  symbols       %" PRIu64 " found, %" PRIu64 " lookups found nothing", library->bound,
		       library->missing);
	for (uint32_t i = 0; i < library->missing_count; i++) {
		vgpu_text_clear(&line);
		tui_escape(app, library->missing_name[i], &line);
		tui_pager_line(app, "                lacks %s", vgpu_text_string(&line));
	}
	tui_pager_line(app, "  said by       event %" PRIu64, library->event);
	vgpu_text_free(&line);
}

const struct tui_view tui_view_libraries = {
	.name = "libraries",
	.title = "Libraries",
	.help = "what was searched for, opened, refused; symbols found and missing",
	.empty = "no GPU library was seen to be searched for or opened",
	.columns = columns,
	.column_count = sizeof(columns) / sizeof(columns[0]),
	.natural = true,
	.prepare = prepare,
	.key = key,
	.error = error,
	.detail = detail,
};
