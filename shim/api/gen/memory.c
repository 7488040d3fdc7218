/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that lives until the generator ends, and its error messages. */
#include "shim/api/gen/gen.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

char gen_error_text[512];

/* Kept reachable, so that a leak checker has nothing to say. */
static struct block {
	struct block *next;
} * blocks;

void *gen_alloc(size_t size)
{
	struct block *block = calloc(1, sizeof(*block) + size);

	if (!block) {
		fputs("vgpu-gen: out of memory\n", stderr);
		exit(1);
	}
	block->next = blocks;
	blocks = block;
	return block + 1;
}

char *gen_format(const char *format, ...)
{
	va_list args;
	char *text;
	int n;

	va_start(args, format);
	n = vsnprintf(NULL, 0, format, args);
	va_end(args);
	text = gen_alloc((size_t)n + 1);
	va_start(args, format);
	vsnprintf(text, (size_t)n + 1, format, args);
	va_end(args);
	return text;
}

int gen_error(struct place at, const char *format, ...)
{
	va_list args;
	int n = 0;

	if (at.file)
		n = snprintf(gen_error_text, sizeof(gen_error_text), "%s:%u: ", at.file, at.line);
	if (n < 0 || (size_t)n >= sizeof(gen_error_text))
		n = 0;
	va_start(args, format);
	vsnprintf(gen_error_text + n, sizeof(gen_error_text) - (size_t)n, format, args);
	va_end(args);
	return -1;
}
