/* SPDX-License-Identifier: Apache-2.0 */
/* A view: one row of the table of views. It says what its lines are; the dashboard does the rest. */
#ifndef TUI_VIEW_H
#define TUI_VIEW_H

#include <stdbool.h>
#include <stdint.h>

#include "tui/surface.h"

struct tui_app;

/* So many columns are many. */
#define TUI_WIDE 120

/* A column of a table. */
struct tui_column {
	const char *title;
	int width;     /* 0: what the others leave */
	int wide;      /* its width from WIDE columns in all on; 0: the same */
	int from;      /* shown where there are at least so many columns in all */
	bool right;
	bool falling;  /* sorted by it, the highest comes first */
	/* Appends the cell's text and returns its style. */
	enum tui_style (*text)(const struct tui_app *app, const void *row, struct vgpu_text *out);
	/* What it is sorted by; NULL: its text. */
	uint64_t (*value)(const struct tui_app *app, const void *row);
	/* Draws instead of text (which then only tells it in words, for search and `--once`). */
	void (*draw)(const struct tui_app *app, const void *row, struct tui_surface *surface, int y, int x, int width);
};

struct tui_view {
	const char *name;  /* --view, settings */
	const char *title;
	const char *help;
	const char *empty; /* said where there are no lines */
	/* A table: columns, and lines made by prepare() through tui_add_row(). */
	const struct tui_column *columns;
	unsigned column_count;
	unsigned sort;     /* by this at first */
	bool natural;      /* sorted by column 0, not reversed, they stay as prepare() has them: a tree */
	/* Called before each frame. */
	void (*prepare)(struct tui_app *app);
	/* Otherwise lines of text: how many, and each (colours as vgpu_text_colour makes them). */
	uint64_t (*count)(struct tui_app *app);
	void (*line)(struct tui_app *app, uint64_t index, struct vgpu_text *out);
	/* A line above the others, which stays; NULL: none (tables have their titles). */
	void (*head)(struct tui_app *app, struct tui_surface *surface, int y);
	bool follows;      /* begins at the end and goes on with it */
	/* Of both sorts. */
	uint64_t (*key)(struct tui_app *app, uint64_t index); /* the same line in any order; never 0 */
	uint64_t (*index)(struct tui_app *app, uint64_t key); /* NULL: it is looked for */
	bool (*error)(struct tui_app *app, uint64_t index);
	/* Fills the pager; NULL: there is no more to say. */
	void (*detail)(struct tui_app *app, uint64_t index);
};

#define TUI_VIEWS_MAX 9u

/* In the order of the digits; ends with a row without a name. */
extern const struct tui_view *const tui_views[];
extern const struct tui_view tui_view_verdict, tui_view_calls, tui_view_functions, tui_view_processes,
	tui_view_libraries, tui_view_memory;

/* ---- helpers of views, in table.c ---- */

/* One more row of the table; NULL is none. */
void tui_add_row(struct tui_app *app, const void *row);
/* Sorts the rows as the view's list says. */
void tui_sort_rows(struct tui_app *app);
void tui_draw_titles(const struct tui_app *app, struct tui_surface *surface, int y);
void tui_draw_row(const struct tui_app *app, const void *row, struct tui_surface *surface, int y);
/* All of its cells in words, two spaces between. */
void tui_row_text(const struct tui_app *app, const void *row, struct vgpu_text *out);
/* The column at a place of the titles, -1: none. */
int tui_column_at(const struct tui_app *app, int columns, int x);

#endif
