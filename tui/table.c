// SPDX-License-Identifier: Apache-2.0
/* Tables: which columns fit, how rows are sorted and drawn. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/app.h"
#include "tui/view.h"

void tui_add_row(struct tui_app *app, const void *row)
{
	if (!row)
		return;
	if (app->row_count == app->row_room) {
		uint64_t room = app->row_room ? app->row_room * 2 : 256;
		void *grown = realloc(app->rows, room * sizeof(*app->rows));

		if (!grown)
			return;
		app->rows = grown;
		app->row_room = room;
	}
	app->rows[app->row_count++] = row;
}

/* ---- sorting ---- */

struct sorting {
	const struct tui_app *app;
	const struct tui_column *column;
	bool falling;
};

struct placed {
	const void *row;
	uint64_t place;
};

static int compare(const void *a, const void *b, void *data)
{
	const struct sorting *sorting = data;
	const struct placed *first = a, *second = b;
	const void *x = first->row, *y = second->row;
	const struct tui_column *column = sorting->column;
	int order = 0;

	if (column->value) {
		uint64_t v = column->value(sorting->app, x), w = column->value(sorting->app, y);

		order = v < w ? -1 : v > w;
	} else {
		struct vgpu_text s = { 0 }, t = { 0 };

		column->text(sorting->app, x, &s);
		column->text(sorting->app, y, &t);
		order = strcasecmp(vgpu_text_string(&s), vgpu_text_string(&t));
		vgpu_text_free(&s);
		vgpu_text_free(&t);
	}
	if (sorting->falling)
		order = -order;
	/* Equal ones keep the order that they came in. */
	return order ? order : first->place < second->place ? -1 : 1;
}

void tui_sort_rows(struct tui_app *app)
{
	const struct tui_view *view = tui_app_view(app);
	const struct tui_list *list = tui_app_list(app);
	struct sorting sorting = { .app = app };
	struct placed *placed;

	if (list->sort >= view->column_count || (view->natural && !list->sort && !list->reverse) || !app->row_count)
		return;
	sorting.column = &view->columns[list->sort];
	sorting.falling = sorting.column->falling != list->reverse;
	placed = malloc(app->row_count * sizeof(*placed));
	if (!placed)
		return;
	for (uint64_t i = 0; i < app->row_count; i++)
		placed[i] = (struct placed){ app->rows[i], i };
	qsort_r(placed, app->row_count, sizeof(*placed), compare, &sorting);
	for (uint64_t i = 0; i < app->row_count; i++)
		app->rows[i] = placed[i].row;
	free(placed);
}

/* ---- layout ---- */

static int width_of(const struct tui_column *column, int columns)
{
	return column->wide && columns >= TUI_WIDE ? column->wide : column->width;
}

/* Calls `each` for the columns that fit, from left to right; stops where it returns true. */
static void layout(const struct tui_app *app, int columns,
		   bool (*each)(void *data, unsigned index, int x, int width), void *data)
{
	const struct tui_view *view = tui_app_view(app);
	int used = 0, open = 0, x = 1;

	for (unsigned i = 0; i < view->column_count; i++) {
		if (columns < view->columns[i].from)
			continue;
		used += width_of(&view->columns[i], columns) + 1;
		open += !view->columns[i].width;
	}
	for (unsigned i = 0; i < view->column_count; i++) {
		int width = width_of(&view->columns[i], columns);

		if (columns < view->columns[i].from)
			continue;
		if (!width)
			width = columns - 1 - used > 8 ? (columns - 1 - used) / open : 8;
		if (each(data, i, x, width))
			return;
		x += width + 1;
	}
}

struct drawing {
	const struct tui_app *app;
	struct tui_surface *surface;
	const void *row; /* NULL: the titles */
	int y, x;
	int found;
};

/* A count without room is said in fewer digits: cut, it would be another count. */
static void shorten(struct vgpu_text *text, uint64_t count)
{
	const char *string = vgpu_text_string(text), *sign = *string == '+' ? "+" : "";
	double n = (double)count;
	int unit = -1;

	if (strspn(string, "+,0123456789") != text->size)
		return;
	for (; n >= 999.95; unit++)
		n /= 1000;
	vgpu_text_clear(text);
	vgpu_text_printf(text, "%s%.1f%c", sign, n, unit < 0 ? ' ' : "kMGTPE"[unit]);
}

static bool draw_cell(void *data, unsigned index, int x, int width)
{
	struct drawing *drawing = data;
	const struct tui_app *app = drawing->app;
	const struct tui_column *column = &tui_app_view(app)->columns[index];
	struct vgpu_text text = { 0 };
	enum tui_style style;

	if (column->draw && !app->once) {
		column->draw(app, drawing->row, drawing->surface, drawing->y, x, width);
		return false;
	}
	style = column->text(app, drawing->row, &text);
	if (column->right && column->value && tui_columns(drawing->surface, vgpu_text_string(&text)) > width)
		shorten(&text, column->value(app, drawing->row));
	if (column->right)
		tui_surface_right(drawing->surface, drawing->y, x, x + width, style, vgpu_text_string(&text));
	else /* as text, the last column is never cut */
		tui_surface_text(drawing->surface, drawing->y, x,
				 app->once && index + 1 == tui_app_view(app)->column_count ? drawing->surface->columns
											   : x + width,
				 style, vgpu_text_string(&text));
	vgpu_text_free(&text);
	return false;
}

void tui_draw_row(const struct tui_app *app, const void *row, struct tui_surface *surface, int y)
{
	struct drawing drawing = { .app = app, .surface = surface, .row = row, .y = y };

	layout(app, app->columns, draw_cell, &drawing);
}

static bool draw_title(void *data, unsigned index, int x, int width)
{
	struct drawing *drawing = data;
	const struct tui_view *view = tui_app_view(drawing->app);
	const struct tui_column *column = &view->columns[index];
	const struct tui_list *list = &drawing->app->list[drawing->app->view];
	bool sorted = list->sort == index, falling = column->falling != list->reverse;
	char title[64];

	snprintf(title, sizeof(title), "%s%s", column->title,
		 !sorted || drawing->app->once || (view->natural && !index && !list->reverse) ? ""
		 : falling ? "▼" : "▲");
	if (column->right)
		tui_surface_right(drawing->surface, drawing->y, x, x + width, sorted ? TUI_TAB : TUI_BAR, title);
	else
		tui_surface_text(drawing->surface, drawing->y, x, x + width, sorted ? TUI_TAB : TUI_BAR, title);
	return false;
}

void tui_draw_titles(const struct tui_app *app, struct tui_surface *surface, int y)
{
	struct drawing drawing = { .app = app, .surface = surface, .y = y };

	tui_surface_fill(surface, y, 0, -1, TUI_BAR);
	layout(app, app->columns, draw_title, &drawing);
}

static bool hit(void *data, unsigned index, int x, int width)
{
	struct drawing *drawing = data;

	if (drawing->x < x || drawing->x >= x + width)
		return false;
	drawing->found = (int)index;
	return true;
}

int tui_column_at(const struct tui_app *app, int columns, int x)
{
	struct drawing drawing = { .app = app, .x = x, .found = -1 };

	layout(app, columns, hit, &drawing);
	return drawing.found;
}

void tui_row_text(const struct tui_app *app, const void *row, struct vgpu_text *out)
{
	const struct tui_view *view = tui_app_view(app);

	for (unsigned i = 0; i < view->column_count; i++) {
		if (i)
			vgpu_text_puts(out, "  ");
		view->columns[i].text(app, row, out);
	}
}
