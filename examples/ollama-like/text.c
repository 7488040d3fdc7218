/* SPDX-License-Identifier: Apache-2.0 */
/* Strings that grow, lists of them, and how Go prints them. */
#include "examples/ollama-like/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

__attribute__((format(printf, 1, 0))) static char *formatted(const char *format, va_list values)
{
	char *text;

	if (vasprintf(&text, format, values) < 0)
		abort();
	return text;
}

char *text_of(const char *format, ...)
{
	va_list values;
	char *text;

	va_start(values, format);
	text = formatted(format, values);
	va_end(values);
	return text;
}

static void append(struct strings *list, char *text)
{
	list->at = realloc(list->at, (list->count + 2) * sizeof(*list->at));
	if (!list->at)
		abort();
	list->at[list->count++] = text;
	list->at[list->count] = NULL;
}

void strings_add(struct strings *list, const char *format, ...)
{
	va_list values;

	va_start(values, format);
	append(list, formatted(format, values));
	va_end(values);
}

void strings_copy(struct strings *list, const struct strings *from)
{
	for (size_t i = 0; i < from->count; i++)
		strings_add(list, "%s", from->at[i]);
}

void strings_split(struct strings *list, const char *text, char separator)
{
	while (text) {
		const char *end = strchrnul(text, separator);

		strings_add(list, "%.*s", (int)(end - text), text);
		text = *end ? end + 1 : NULL;
	}
}

bool strings_have(const struct strings *list, const char *text)
{
	for (size_t i = 0; i < list->count; i++)
		if (!strcmp(list->at[i], text))
			return true;
	return false;
}

const char *strings_last(const struct strings *list)
{
	return list->count ? list->at[list->count - 1] : "";
}

static int by_bytes(const void *left, const void *right)
{
	return strcmp(*(char *const *)left, *(char *const *)right);
}

void strings_sort(struct strings *list)
{
	if (list->count)
		qsort(list->at, list->count, sizeof(*list->at), by_bytes);
}

void strings_free(struct strings *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->at[i]);
	free(list->at);
	*list = (struct strings){ 0 };
}

char *strings_join(const struct strings *list, const char *between)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		abort();
	for (size_t i = 0; i < list->count; i++)
		fprintf(out, "%s%s", i ? between : "", list->at[i]);
	if (fclose(out))
		abort();
	return text;
}

char *strings_go(const struct strings *list)
{
	char *inside = strings_join(list, " ");
	char *text = text_of("[%s]", inside);

	free(inside);
	return text;
}

const char *text_bytes(uint64_t bytes)
{
	static _Thread_local char buffers[8][32];
	static _Thread_local unsigned next;
	static const char *const units[] = { "GiB", "MiB", "KiB" };
	char *out = buffers[next++ % 8];

	for (unsigned i = 0; i < 3; i++) {
		uint64_t unit = UINT64_C(1) << (30 - 10 * i);

		if (bytes >= unit) {
			snprintf(out, sizeof(buffers[0]), "%.1f %s", (double)bytes / (double)unit,
				 units[i]);
			return out;
		}
	}
	snprintf(out, sizeof(buffers[0]), "%u B", (unsigned)bytes);
	return out;
}
