// SPDX-License-Identifier: Apache-2.0
/* Cells: clipping, widths of characters, ASCII in place of what a terminal lacks. */
#include "tui/surface.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

_Static_assert(sizeof(struct tui_cell) == 8, "compared as bytes");

/* The characters that the views use themselves; of others nothing better is known than "?". */
static const struct {
	uint32_t code;
	char ascii;
} fallbacks[] = {
	{ 0x2192, '>' }, { 0x2190, '<' }, { 0x2026, '~' }, { 0xb7, '.' }, { 0xb5, 'u' }, { 0x2500, '-' },
	{ 0x2502, '|' }, { 0x251c, '|' }, { 0x2514, '`' }, { 0x2713, '+' }, { 0x2717, 'x' }, { 0x25b2, '^' },
	{ 0x25bc, 'v' }, { 0x25cf, '*' }, { 0x25cb, 'o' }, { 0x2581, '_' }, { 0x2582, '.' }, { 0x2583, '-' },
	{ 0x2584, '=' }, { 0x2585, '+' }, { 0x2586, 'o' }, { 0x2587, '*' }, { 0x2588, '#' }, { 0x2591, '.' },
	{ 0x2014, '-' }, { 0xd7, 'x' }, { 0x394, 'd' }, { 0x2212, '-' }, { 0x00a0, ' ' }, { 0x25b6, '>' },
};

int tui_surface_resize(struct tui_surface *surface, int rows, int columns)
{
	if (rows < 1)
		rows = 1;
	if (columns < 1)
		columns = 1;
	if (rows != surface->rows || columns != surface->columns || !surface->cells) {
		void *cells = calloc((size_t)rows * columns, sizeof(*surface->cells));

		if (!cells)
			return -ENOMEM;
		free(surface->cells);
		surface->cells = cells;
		surface->rows = rows;
		surface->columns = columns;
	}
	tui_surface_clear(surface);
	return 0;
}

void tui_surface_free(struct tui_surface *surface)
{
	free(surface->cells);
	surface->cells = NULL;
	surface->rows = surface->columns = 0;
}

void tui_surface_clear(struct tui_surface *surface)
{
	for (int i = 0; i < surface->rows * surface->columns; i++)
		surface->cells[i] = (struct tui_cell){ .code = ' ', .width = 1 };
}

static uint32_t ascii_for(uint32_t code)
{
	for (size_t i = 0; i < sizeof(fallbacks) / sizeof(fallbacks[0]); i++)
		if (fallbacks[i].code == code)
			return fallbacks[i].ascii;
	return '?';
}

/* The next character of text as it will be shown; *width 0: it shows nothing. Moves *text on. */
static uint32_t next_character(const struct tui_surface *surface, const char **text, int *width)
{
	uint32_t code = (unsigned char)**text;
	unsigned size = 1;

	*width = 1;
	if (code >= 0x80) {
		size = vgpu_utf8_decode(*text, strlen(*text), &code);
		if (!size) {
			size = 1;
			code = '?';
		} else if (!surface->utf8) {
			code = ascii_for(code);
		} else {
			*width = wcwidth((wchar_t)code);
			/* Combining ones are left out: a cell holds one character. */
			if (*width < 0 || *width > 2) {
				code = '?';
				*width = 1;
			}
		}
	} else if (code < 0x20 || code == 0x7f) {
		code = code == '\t' ? ' ' : '?';
	}
	*text += size;
	return code;
}

/* Takes a colour of vgpu_text_colour. false: there is none at *text. */
static bool take_style(const char **text, enum tui_style base, enum tui_style *style)
{
	static const struct {
		const char *sequence;
		enum tui_style style;
	} styles[] = {
		{ "\033[36m", TUI_NAME }, { "\033[32m", TUI_GOOD }, { "\033[1;31m", TUI_BAD }, { "\033[33m", TUI_WARN },
		{ "\033[2m", TUI_DIM }, { "\033[1m", TUI_HEAD },
	};

	if (**text != '\033')
		return false;
	if (!strncmp(*text, "\033[0m", 4)) {
		*style = base;
		*text += 4;
		return true;
	}
	for (size_t i = 0; i < sizeof(styles) / sizeof(styles[0]); i++) {
		size_t size = strlen(styles[i].sequence);

		if (!strncmp(*text, styles[i].sequence, size)) {
			*style = styles[i].style;
			*text += size;
			return true;
		}
	}
	return false;
}

static void put(struct tui_surface *surface, int row, int column, uint32_t code, int width, enum tui_style style)
{
	struct tui_cell *cell;

	if (row < 0 || row >= surface->rows || column < 0 || column >= surface->columns)
		return;
	cell = &surface->cells[row * surface->columns + column];
	/* Half of a wide character that is written over. */
	if (cell->width == 0 && column > 0)
		cell[-1] = (struct tui_cell){ .code = ' ', .style = cell[-1].style, .width = 1 };
	if (cell->width == 2 && column + 1 < surface->columns)
		cell[1] = (struct tui_cell){ .code = ' ', .style = cell[1].style, .width = 1 };
	if (width == 2 && column + 1 >= surface->columns) {
		code = ' ';
		width = 1;
	}
	*cell = (struct tui_cell){ .code = code, .style = style, .width = width };
	if (width == 2)
		cell[1] = (struct tui_cell){ .code = 0, .style = style, .width = 0 };
}

int tui_columns(const struct tui_surface *surface, const char *text)
{
	enum tui_style style;
	int columns = 0, width;

	while (*text) {
		if (take_style(&text, TUI_PLAIN, &style))
			continue;
		next_character(surface, &text, &width);
		columns += width;
	}
	return columns;
}

int tui_surface_text_from(struct tui_surface *surface, int row, int column, int limit, enum tui_style base,
			  const char *text, int skip)
{
	enum tui_style style = base;
	bool cut;

	if (limit > surface->columns)
		limit = surface->columns;
	cut = column - skip + tui_columns(surface, text) > limit;
	while (*text && column < limit) {
		uint32_t code;
		int width;

		if (take_style(&text, base, &style))
			continue;
		code = next_character(surface, &text, &width);
		if (!width)
			continue;
		if (skip > 0) {
			skip -= width;
			continue;
		}
		if (cut && column + width > limit - 1) {
			put(surface, row, column, surface->utf8 ? 0x2026 : '~', 1, style);
			return column + 1;
		}
		put(surface, row, column, code, width, style);
		column += width;
	}
	return column;
}

int tui_surface_text(struct tui_surface *surface, int row, int column, int limit, enum tui_style style,
		     const char *text)
{
	return tui_surface_text_from(surface, row, column, limit, style, text, 0);
}

int tui_surface_printf(struct tui_surface *surface, int row, int column, int limit, enum tui_style style,
		       const char *format, ...)
{
	char line[1024];
	va_list ap;

	va_start(ap, format);
	vsnprintf(line, sizeof(line), format, ap);
	va_end(ap);
	return tui_surface_text(surface, row, column, limit, style, line);
}

void tui_surface_right(struct tui_surface *surface, int row, int from, int column, enum tui_style style,
		       const char *text)
{
	int start = column - tui_columns(surface, text);

	tui_surface_text(surface, row, start < from ? from : start, column, style, text);
}

void tui_surface_fill(struct tui_surface *surface, int row, int column, int columns, enum tui_style style)
{
	int end = columns < 0 ? surface->columns : column + columns;

	for (; column < end; column++)
		put(surface, row, column, ' ', 1, style);
}

void tui_surface_mark(struct tui_surface *surface, int row, int column, int columns, unsigned marks)
{
	if (row < 0 || row >= surface->rows || column < 0)
		return;
	for (int end = columns < 0 ? surface->columns : column + columns; column < end && column < surface->columns; column++)
		surface->cells[row * surface->columns + column].marks |= marks;
}

void tui_surface_spark(struct tui_surface *surface, int row, int column, int columns, enum tui_style style,
		       const uint64_t *values, int count)
{
	uint64_t most = 1;

	for (int i = 0; i < count; i++)
		if (values[i] > most)
			most = values[i];
	for (int i = 0; i < columns; i++) {
		int at = count - columns + i;
		uint64_t value = at >= 0 ? values[at] : 0;
		uint32_t code = 0x2581 + (uint32_t)(((unsigned __int128)value * 7) / most);

		if (!value)
			code = ' ';
		else if (!surface->utf8)
			code = ascii_for(code);
		put(surface, row, column + i, code, 1, style);
	}
}

void tui_surface_gauge(struct tui_surface *surface, int row, int column, int columns, enum tui_style style,
		       uint64_t part, uint64_t whole)
{
	int filled = whole ? (int)(((unsigned __int128)(part > whole ? whole : part) * (unsigned)columns) / whole) : 0;

	for (int i = 0; i < columns; i++) {
		uint32_t code = i < filled ? 0x2588 : 0x2591;

		put(surface, row, column + i, surface->utf8 ? code : ascii_for(code), 1, i < filled ? style : TUI_DIM);
	}
}

static void put_utf8(struct vgpu_text *out, uint32_t code)
{
	char bytes[8];
	int size = 0;

	if (code < 0x80) {
		bytes[size++] = (char)code;
	} else if (code < 0x800) {
		bytes[size++] = (char)(0xc0 | code >> 6);
		bytes[size++] = (char)(0x80 | (code & 0x3f));
	} else if (code < 0x10000) {
		bytes[size++] = (char)(0xe0 | code >> 12);
		bytes[size++] = (char)(0x80 | (code >> 6 & 0x3f));
		bytes[size++] = (char)(0x80 | (code & 0x3f));
	} else {
		bytes[size++] = (char)(0xf0 | code >> 18);
		bytes[size++] = (char)(0x80 | (code >> 12 & 0x3f));
		bytes[size++] = (char)(0x80 | (code >> 6 & 0x3f));
		bytes[size++] = (char)(0x80 | (code & 0x3f));
	}
	vgpu_text_add(out, bytes, size);
}

void tui_surface_row(const struct tui_surface *surface, int row, const struct vgpu_look *look, struct vgpu_text *out)
{
	static const enum vgpu_colour colours[TUI_STYLES] = {
		[TUI_NAME] = VGPU_COLOUR_NAME, [TUI_GOOD] = VGPU_COLOUR_GOOD, [TUI_BAD] = VGPU_COLOUR_BAD,
		[TUI_WARN] = VGPU_COLOUR_WARN, [TUI_DIM] = VGPU_COLOUR_DIM, [TUI_HEAD] = VGPU_COLOUR_HEAD,
		[TUI_TAB] = VGPU_COLOUR_HEAD,
	};
	const struct tui_cell *cells = &surface->cells[row * surface->columns];
	enum vgpu_colour colour = VGPU_COLOUR_PLAIN;
	int last = surface->columns;

	while (last > 0 && cells[last - 1].code == ' ')
		last--;
	for (int i = 0; i < last; i++) {
		enum vgpu_colour wanted = colours[cells[i].style];

		if (!cells[i].width)
			continue;
		if (wanted != colour) {
			if (colour != VGPU_COLOUR_PLAIN)
				vgpu_text_colour(out, look, VGPU_COLOUR_PLAIN);
			if (wanted != VGPU_COLOUR_PLAIN)
				vgpu_text_colour(out, look, wanted);
			colour = wanted;
		}
		put_utf8(out, cells[i].code);
	}
	if (colour != VGPU_COLOUR_PLAIN)
		vgpu_text_colour(out, look, VGPU_COLOUR_PLAIN);
}
