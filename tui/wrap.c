// SPDX-License-Identifier: Apache-2.0
/* Breaks long lines between words, so that a narrow screen shows all of them. */
#include <string.h>

#include "tui/app.h"

/* Bytes of one character or one colour sequence; *width: columns it takes. */
static size_t step(const char *at, int *width)
{
	uint32_t code;
	unsigned bytes;

	*width = 0;
	if (*at == '\033')
		return strcspn(at, "m\n") + 1;
	*width = 1;
	bytes = vgpu_utf8_decode(at, strlen(at), &code);
	return bytes ? bytes : 1;
}

/*
 * What the continuation of a line begins with: what stands in columns, three spaces apart, goes on beneath its
 * last one; else as much as the line itself, and two.
 */
static int indentation(const char *line, int columns)
{
	int used = (int)strspn(line, " "), spaces = used + 2, width;

	for (const char *at = line + used; *at && *at != '\n' && used <= columns / 2;) {
		size_t run = strspn(at, " ");

		width = (int)run;
		at += run ? run : step(at, &width);
		used += width;
		if (run >= 3 && used <= columns / 2)
			spaces = used;
	}
	return spaces < columns / 2 ? spaces : columns / 2;
}

int tui_wrap(const char *text, int columns, struct vgpu_text *out)
{
	int lines = 0;

	if (columns < 20)
		columns = 20;
	while (*text) {
		const char *end = text + strcspn(text, "\n"), *at = text, *space = NULL;
		int used = 0, indent = indentation(text, columns), width;

		while (at < end) {
			size_t size = step(at, &width);

			if (used + width > columns) {
				/* A word longer than a line is broken where it reaches the edge. */
				const char *cut = space ? space : at;

				vgpu_text_add(out, text, (size_t)(cut - text));
				vgpu_text_printf(out, "\n%*s", indent, "");
				lines++;
				text = cut + (space ? strspn(cut, " ") : 0);
				at = text;
				used = indent;
				space = NULL;
				continue;
			}
			if (*at == ' ' && used >= indent)
				space = at;
			used += width;
			at += size;
		}
		vgpu_text_add(out, text, end > text ? (size_t)(end - text) : 0);
		vgpu_text_puts(out, "\n");
		lines++;
		text = end + (*end == '\n');
	}
	return lines;
}
