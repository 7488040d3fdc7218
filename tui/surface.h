/* SPDX-License-Identifier: Apache-2.0 */
/* What views draw to: cells with a style each. Knows nothing of terminals, so tests can read it. */
#ifndef TUI_SURFACE_H
#define TUI_SURFACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tracer/model/text.h"

/* What a thing is, not which colour it has: the screen decides that, and may have none. */
enum tui_style {
	TUI_PLAIN,
	TUI_NAME,
	TUI_GOOD,
	TUI_BAD,
	TUI_WARN,
	TUI_DIM,
	TUI_HEAD,   /* headings within a view */
	TUI_BAR,    /* lines of the frame around it */
	TUI_TAB,    /* the view that is shown, in the bar */
	TUI_KEY,    /* a key that can be pressed */
	TUI_STYLES
};

enum tui_mark {
	TUI_SELECTED = 1 << 0,
	TUI_FOUND = 1 << 1, /* matches what was searched for */
};

/* Compared as bytes: no padding. */
struct tui_cell {
	uint32_t code;  /* character; 0: the second half of a wide one */
	uint8_t style;  /* enum tui_style */
	uint8_t marks;  /* enum tui_mark, or-ed */
	uint16_t width; /* 1, 2; 0: second half */
};

struct tui_surface {
	int rows, columns;
	bool utf8;      /* otherwise every character comes out as one of ASCII */
	struct tui_cell *cells; /* rows * columns */
};

/* Starts zeroed but for utf8. Gives it a size and clears it; -ENOMEM leaves it as it was. */
int tui_surface_resize(struct tui_surface *surface, int rows, int columns);
void tui_surface_free(struct tui_surface *surface);
void tui_surface_clear(struct tui_surface *surface);

/*
 * Writes text from a place on, at most to column `limit`; what does not fit ends in … there. Clips
 * at the edges. The escape sequences of vgpu_text_colour become styles; other control characters
 * and invalid UTF-8 become ?. Returns the column after what was written.
 */
int tui_surface_text(struct tui_surface *surface, int row, int column, int limit, enum tui_style style,
		     const char *text);
int tui_surface_printf(struct tui_surface *surface, int row, int column, int limit, enum tui_style style,
		       const char *format, ...) __attribute__((format(printf, 6, 7)));
/* The same, but begins `skip` columns into the text: a line moved sideways. */
int tui_surface_text_from(struct tui_surface *surface, int row, int column, int limit, enum tui_style style,
			  const char *text, int skip);
/* Ends at `column` (exclusive): numbers. Never left of `from`. */
void tui_surface_right(struct tui_surface *surface, int row, int from, int column, enum tui_style style,
		       const char *text);
/* Spaces of a style, to the edge where columns < 0. */
void tui_surface_fill(struct tui_surface *surface, int row, int column, int columns, enum tui_style style);
/* Adds marks to a whole row, or to a part of it. */
void tui_surface_mark(struct tui_surface *surface, int row, int column, int columns, unsigned marks);
/* Values as bars of eight heights (or ASCII's), the largest being the highest; 0 is a blank. */
void tui_surface_spark(struct tui_surface *surface, int row, int column, int columns, enum tui_style style,
		       const uint64_t *values, int count);
/* A bar `columns` wide, `part` of `whole` filled. */
void tui_surface_gauge(struct tui_surface *surface, int row, int column, int columns, enum tui_style style,
		       uint64_t part, uint64_t whole);

/* Appends a row without trailing spaces. With a look of colour, also the sequences for its styles. */
void tui_surface_row(const struct tui_surface *surface, int row, const struct vgpu_look *look, struct vgpu_text *out);
/* Columns that text takes, as tui_surface_text would write it. */
int tui_columns(const struct tui_surface *surface, const char *text);

#endif
