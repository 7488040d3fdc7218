// SPDX-License-Identifier: Apache-2.0
/* The frame around every view, and a frame's worth of lines. */
#include <stdio.h>
#include <string.h>

#include "tui/app.h"

#define HEAD_ROWS 3

static void spot(struct tui_app *app, int row, int from, int to, enum tui_action action)
{
	if (app->spot_count < sizeof(app->spots) / sizeof(app->spots[0]))
		app->spots[app->spot_count++] = (struct tui_spot){ row, from, to, action };
}

/* ---- the lines on top ---- */

/* "12,345 events/s", "9,314 events in 704 ms". */
static void amount(const struct tui_app *app, struct vgpu_text *out)
{
	struct vgpu_look look = { .utf8 = app->look.utf8 };
	uint64_t length = app->model->last_ns - app->model->first_ns;

	if (!app->options.live && app->store->events < app->total_events) {
		vgpu_text_count(out, app->store->events);
		vgpu_text_puts(out, " of ");
		vgpu_text_count(out, app->total_events);
		vgpu_text_puts(out, " events");
		return;
	}
	if (app->options.live && !app->once && !app->over) {
		vgpu_text_count(out, app->rate);
		vgpu_text_puts(out, " events/s");
		return;
	}
	vgpu_text_count(out, app->store->events);
	vgpu_text_printf(out, " event%s", app->store->events == 1 ? "" : "s");
	if (length && app->store->events > 1) {
		vgpu_text_puts(out, " in ");
		vgpu_text_duration(out, &look, length);
		vgpu_text_puts(out, ", ");
		vgpu_text_count(out, (uint64_t)((double)app->store->events * 1e9 / (double)length));
		vgpu_text_puts(out, "/s");
	}
}

/* Where in time a recording stands. */
static void playhead(const struct tui_app *app, struct vgpu_text *out)
{
	int percent = app->once ? -1 : tui_app_percent(app);

	if (percent >= 0) {
		vgpu_text_printf(out, "reading %d %%", percent);
		return;
	}
	if (app->options.live || app->store->events >= app->total_events)
		return;
	vgpu_text_puts(out, app->playing_ns ? "playing " : "at ");
	tui_time(app, app->model->last_ns, out);
	vgpu_text_puts(out, " of ");
	tui_time(app, app->model->first_ns + app->total_ns, out);
	vgpu_text_puts(out, " s");
}

/* Of a path that there is no room for, its end says which it is; of a command, its beginning. */
static const char *end_of(const struct tui_app *app, const struct tui_surface *surface, const char *name, int room,
			  struct vgpu_text *out)
{
	struct vgpu_look look = { .utf8 = app->look.utf8 };
	const char *at = name;

	if (app->options.live || tui_columns(surface, name) <= room)
		return name;
	for (const char *slash; tui_columns(surface, at) + 1 > room && (slash = strchr(at + 1, '/')); at = slash)
		;
	vgpu_text_ellipsis(out, &look);
	vgpu_text_puts(out, at);
	return vgpu_text_string(out);
}

static void draw_title(struct tui_app *app, struct tui_surface *surface, int y)
{
	struct vgpu_look look = { .utf8 = app->look.utf8 };
	const char *ending = app->source->ops->ending ? app->source->ops->ending(app->source) : NULL;
	struct vgpu_text left = { 0 }, right = { 0 }, cut = { 0 };
	int at, end = surface->columns - 1, from;

	amount(app, &right);
	tui_surface_fill(surface, y, 0, -1, TUI_BAR);
	from = end - tui_columns(surface, vgpu_text_string(&right));
	tui_surface_right(surface, y, 0, end, TUI_BAR, vgpu_text_string(&right));
	vgpu_text_clear(&right);
	if (app->diff) {
		vgpu_text_puts(&right, app->paused ? "HELD, since the mark " : "since the mark ");
		vgpu_text_duration(&right, &look, app->model->last_ns - app->store->mark_ns);
		vgpu_text_puts(&right, " ago");
	} else if (app->paused) {
		vgpu_text_puts(&right, "HELD");
	} else if (ending) {
		vgpu_text_printf(&right, "%s", ending);
	} else if (app->options.live && app->over && !app->once) {
		vgpu_text_puts(&right, "ENDED");
	} else {
		playhead(app, &right);
	}
	if (right.size) {
		tui_surface_right(surface, y, 0, from - 2, TUI_TAB, vgpu_text_string(&right));
		from -= tui_columns(surface, vgpu_text_string(&right)) + 2;
	}
	at = tui_surface_text(surface, y, 1, from, TUI_TAB, "vgpu-trace top ");
	tui_escape(app, app->options.target, &left);
	at = tui_surface_text(surface, y, at, from - 2, TUI_BAR, end_of(app, surface, vgpu_text_string(&left), from - 2 - at, &cut));
	if (at + 10 < from)
		tui_surface_text(surface, y, at + 1, from, TUI_BAR, app->options.live ? "live" : "recorded");
	vgpu_text_free(&left);
	vgpu_text_free(&right);
	vgpu_text_free(&cut);
}

static int draw_observers(const struct tui_app *app, struct tui_surface *surface, int y, int at)
{
	static const uint32_t observers[] = { VGPU_OBSERVER_RING, VGPU_OBSERVER_LINK, VGPU_OBSERVER_KERNEL,
					      VGPU_OBSERVER_PROCESS };

	for (unsigned i = 0; i < sizeof(observers) / sizeof(observers[0]); i++) {
		bool on = vgpu_model_observed(app->model, observers[i], NULL);

		at = tui_surface_printf(surface, y, at, surface->columns, TUI_PLAIN, "%s ", vgpu_observer_name(observers[i]));
		/* While they are being opened nobody knows. */
		at = tui_surface_text(surface, y, at, surface->columns, on ? TUI_GOOD : TUI_DIM,
				      on ? "on" : app->options.live && !app->caught_up ? "…" : "off");
		at += 2;
	}
	return at;
}

static void draw_state(struct tui_app *app, struct tui_surface *surface, int y)
{
	uint64_t lost = tui_store_lost(app->store);
	struct vgpu_text text = { 0 };
	int at = draw_observers(app, surface, y, 1);

	vgpu_text_puts(&text, "lost ");
	vgpu_text_count(&text, lost);
	at = tui_surface_text(surface, y, at, surface->columns, lost ? TUI_BAD : TUI_PLAIN, vgpu_text_string(&text)) + 2;
	vgpu_text_clear(&text);
	if (app->model->gap.events) {
		vgpu_text_puts(&text, "not kept ");
		vgpu_text_count(&text, app->model->gap.events);
		at = tui_surface_text(surface, y, at, surface->columns, TUI_BAD, vgpu_text_string(&text)) + 2;
		vgpu_text_clear(&text);
	}
	if (app->model->filter) {
		vgpu_text_puts(&text, "recorded -e ");
		tui_escape(app, app->model->filter, &text);
		at = tui_surface_text(surface, y, at, surface->columns, TUI_WARN, vgpu_text_string(&text)) + 2;
		vgpu_text_clear(&text);
	}
	if (app->filter[0]) {
		vgpu_text_puts(&text, "filter ");
		tui_escape(app, app->filter, &text);
		if (app->store->filter_partial)
			vgpu_text_puts(&text, " (of the calls still on record)");
	} else {
		vgpu_text_puts(&text, "no filter");
	}
	tui_surface_text(surface, y, at, surface->columns, app->filter[0] ? TUI_WARN : TUI_DIM, vgpu_text_string(&text));
	vgpu_text_free(&text);
}

static void draw_tabs(struct tui_app *app, struct tui_surface *surface, int y)
{
	int at = 1;

	tui_surface_fill(surface, y, 0, -1, TUI_PLAIN);
	for (unsigned i = 0; tui_views[i]; i++) {
		int from = at;

		at = tui_surface_printf(surface, y, at, surface->columns, i == app->view ? TUI_TAB : TUI_KEY, "%u", i + 1);
		at = tui_surface_printf(surface, y, at, surface->columns, i == app->view ? TUI_TAB : TUI_PLAIN, " %s ",
					tui_views[i]->title);
		spot(app, y, from, at, (enum tui_action)(TUI_DO_VIEW + i));
		at++;
	}
}

/* ---- the bottom line ---- */

static void draw_footer(struct tui_app *app, struct tui_surface *surface, int y)
{
	int at = 0;

	if (app->prompt.asked) {
		tui_prompt_draw(&app->prompt, surface, y, &app->cursor_column);
		app->cursor_row = y;
		return;
	}
	if (app->leaving) {
		const char *name = app->source->ops->running(app->source);
		struct vgpu_text text = { 0 };

		tui_escape(app, name ? name : "the program", &text);
		vgpu_text_puts(&text, name ? " runs: q ends it (SIGTERM), d leaves it running, Esc stays here"
					   : " has ended: q leaves, Esc stays here");
		tui_surface_fill(surface, y, 0, -1, TUI_PLAIN);
		tui_surface_text(surface, y, 1, surface->columns, TUI_WARN, vgpu_text_string(&text));
		vgpu_text_free(&text);
		return;
	}
	if (app->message[0]) {
		tui_surface_fill(surface, y, 0, -1, TUI_PLAIN);
		tui_surface_text(surface, y, 1, surface->columns, app->message_bad ? TUI_BAD : TUI_GOOD, app->message);
		return;
	}
	tui_surface_fill(surface, y, 0, -1, TUI_PLAIN);
	for (const struct tui_binding *binding = tui_bindings; binding->help; binding++) {
		unsigned last = 0;
		char room[16];
		int from = at;

		if (!binding->footer)
			continue;
		while (last + 1 < TUI_KEYS_EACH && binding->keys[last + 1])
			last++;
		if (at + (int)strlen(binding->footer) + 3 > surface->columns)
			break;
		at = tui_surface_text(surface, y, at, surface->columns, TUI_KEY, tui_key_name(binding->keys[last], room));
		at = tui_surface_text(surface, y, at, surface->columns, TUI_BAR, binding->footer);
		spot(app, y, from, at, binding->action);
		at++;
	}
}

/* ---- lines ---- */

/* Case does not matter to who searches. */
static bool same(uint32_t a, uint32_t b)
{
	return a == b || (a < 128 && b < 128 && (a | 32) == (b | 32) && (a | 32) >= 'a' && (a | 32) <= 'z');
}

static void mark_found(const struct tui_app *app, struct tui_surface *surface, int y)
{
	const struct tui_cell *cells = &surface->cells[y * surface->columns];
	uint32_t codes[256];
	int size = 0;

	for (const char *at = app->search; *at && size < 256;) {
		uint32_t code = (unsigned char)*at;
		unsigned bytes = vgpu_utf8_decode(at, strlen(at), &code);

		at += bytes ? bytes : 1;
		codes[size++] = code;
	}
	for (int x = 0; size && x + size <= surface->columns; x++) {
		int i = 0;

		while (i < size && same(cells[x + i].code, codes[i]))
			i++;
		if (i == size)
			tui_surface_mark(surface, y, x, size, TUI_FOUND);
	}
}

static void draw_head(struct tui_app *app, struct tui_surface *surface, int y)
{
	const struct tui_view *view = tui_app_view(app);

	tui_surface_fill(surface, y, 0, -1, TUI_BAR);
	if (view->columns)
		tui_draw_titles(app, surface, y);
	else if (view->head)
		view->head(app, surface, y);
}

static void draw_line(struct tui_app *app, struct tui_surface *surface, int y, uint64_t index)
{
	const struct tui_view *view = tui_app_view(app);
	struct vgpu_text line = { 0 };

	if (view->columns) {
		tui_draw_row(app, app->rows[index], surface, y);
	} else {
		view->line(app, index, &line);
		tui_surface_text_from(surface, y, 1, surface->columns, TUI_PLAIN, vgpu_text_string(&line),
				      tui_app_list(app)->sideways);
	}
	vgpu_text_free(&line);
}

static void draw_body(struct tui_app *app, struct tui_surface *surface)
{
	struct tui_list *list = tui_app_list(app);
	uint64_t count = tui_app_count(app);
	uint64_t rows = (uint64_t)(app->body_rows > 0 ? app->body_rows : 0);

	if (!count) {
		tui_surface_text(surface, app->body_row + 1, 2, surface->columns, TUI_DIM,
				 app->filter[0] && tui_app_view(app)->follows ? "no call passes the filter" : tui_app_view(app)->empty);
		return;
	}
	if (list->selected < list->top)
		list->top = list->selected;
	if (rows && list->selected >= list->top + rows)
		list->top = list->selected - rows + 1;
	if (list->top + rows > count)
		list->top = count > rows ? count - rows : 0;
	for (uint64_t i = 0; i < rows && list->top + i < count; i++) {
		int y = app->body_row + (int)i;

		draw_line(app, surface, y, list->top + i);
		if (list->top + i == list->selected)
			tui_surface_mark(surface, y, 0, -1, TUI_SELECTED);
		if (app->search[0])
			mark_found(app, surface, y);
	}
}

static void draw_pager(struct tui_app *app, struct tui_surface *surface, int y)
{
	char line[4096];
	int rows = app->body_rows;
	const char *at;

	if (app->pager.columns != surface->columns - 2) {
		vgpu_text_clear(&app->pager.wrapped);
		app->pager.columns = surface->columns - 2;
		app->pager.lines = tui_wrap(vgpu_text_string(&app->pager.text), app->pager.columns, &app->pager.wrapped);
	}
	at = vgpu_text_string(&app->pager.wrapped);
	if (app->pager.top > app->pager.lines - rows)
		app->pager.top = app->pager.lines > rows ? app->pager.lines - rows : 0;

	tui_surface_fill(surface, y, 0, -1, TUI_BAR);
	tui_surface_text(surface, y, 1, surface->columns, TUI_TAB, app->pager.title);
	if (app->pager.lines > rows) {
		snprintf(line, sizeof(line), "%d to %d of %d", app->pager.top + 1,
			 app->pager.top + rows < app->pager.lines ? app->pager.top + rows : app->pager.lines,
			 app->pager.lines);
		tui_surface_right(surface, y, 20, surface->columns - 1, TUI_BAR, line);
	}
	for (int i = 0; *at && i < app->pager.top + rows; i++) {
		size_t size = strcspn(at, "\n");

		if (i >= app->pager.top) {
			snprintf(line, sizeof(line), "%.*s", (int)(size < sizeof(line) ? size : sizeof(line) - 1), at);
			tui_surface_text(surface, app->body_row + i - app->pager.top, 1, surface->columns, TUI_PLAIN, line);
			if (app->search[0])
				mark_found(app, surface, app->body_row + i - app->pager.top);
		}
		at += size + (at[size] == '\n');
	}
}

void tui_app_draw(struct tui_app *app, struct tui_surface *surface)
{
	int y = 0;

	tui_surface_clear(surface);
	app->spot_count = 0;
	app->cursor_row = -1;
	app->columns = surface->columns;
	draw_title(app, surface, y++);
	draw_state(app, surface, y++);
	if (app->trouble[0])
		tui_surface_text(surface, y++, 1, surface->columns, TUI_BAD, app->trouble);
	draw_tabs(app, surface, y++);
	app->body_row = y + 1;
	app->body_rows = surface->rows - y - 2;
	if (app->pager.open) {
		draw_pager(app, surface, y);
	} else {
		tui_app_prepare(app);
		draw_head(app, surface, y);
		draw_body(app, surface);
	}
	draw_footer(app, surface, surface->rows - 1);
}

/* ---- as text ---- */

static void add_row(const struct tui_surface *surface, const struct vgpu_look *look, struct vgpu_text *out)
{
	tui_surface_row(surface, 0, look, out);
	vgpu_text_puts(out, "\n");
}

void tui_app_text(struct tui_app *app, int columns, const struct vgpu_look *look, struct vgpu_text *out)
{
	const struct tui_view *view = tui_app_view(app);
	struct tui_surface surface = { .utf8 = look->utf8 };
	struct vgpu_text line = { 0 };
	bool once = app->once;
	int columns_before = app->columns;
	uint64_t count;

	if (tui_surface_resize(&surface, 1, columns))
		return;
	app->once = true;
	app->columns = columns;
	tui_app_prepare(app);
	count = tui_app_count(app);
	draw_title(app, &surface, 0);
	add_row(&surface, look, out);
	tui_surface_clear(&surface);
	draw_state(app, &surface, 0);
	add_row(&surface, look, out);
	if (app->trouble[0]) {
		tui_surface_clear(&surface);
		tui_surface_text(&surface, 0, 1, columns, TUI_BAD, app->trouble);
		add_row(&surface, look, out);
	}
	vgpu_text_puts(out, "\n");
	if (view->columns || view->head) {
		tui_surface_clear(&surface);
		draw_head(app, &surface, 0);
		add_row(&surface, look, out);
	}
	if (!count)
		vgpu_text_printf(out, " %s\n", view->empty);
	for (uint64_t i = 0; i < count; i++) {
		int wide = columns + 2048;

		/* Lines are not cut, nor is the last column of a table. */
		if (!view->columns) {
			vgpu_text_clear(&line);
			view->line(app, i, &line);
			wide = tui_columns(&surface, vgpu_text_string(&line)) + 2;
		}
		if (tui_surface_resize(&surface, 1, wide > columns ? wide : columns))
			break;
		if (view->columns)
			tui_draw_row(app, app->rows[i], &surface, 0);
		else
			tui_surface_text(&surface, 0, 1, surface.columns, TUI_PLAIN, vgpu_text_string(&line));
		add_row(&surface, look, out);
	}
	app->once = once;
	app->columns = columns_before;
	vgpu_text_free(&line);
	tui_surface_free(&surface);
}
