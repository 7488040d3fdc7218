/* SPDX-License-Identifier: Apache-2.0 */
/* Lines and tokens of a description file. */
#include "shim/api/gen/lex.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

int lex_open(struct lex *lex, const char *path, struct place from)
{
	FILE *file = fopen(path, "r");
	char *text;
	long size;

	if (!file)
		return gen_error(from, "cannot read '%s': %s", path, strerror(errno));
	fseek(file, 0, SEEK_END);
	size = ftell(file);
	rewind(file);
	text = gen_alloc((size_t)(size < 0 ? 0 : size) + 1);
	size = (long)fread(text, 1, (size_t)(size < 0 ? 0 : size), file);
	text[size] = '\0';
	fclose(file);
	memset(lex, 0, sizeof(*lex));
	lex->text = lex->next = text;
	lex->at.file = gen_format("%s", path);
	return 0;
}

bool lex_line(struct lex *lex)
{
	while (*lex->next) {
		size_t n = strcspn(lex->next, "\n"), kept = n;

		if (kept > sizeof(lex->line) - 1)
			kept = sizeof(lex->line) - 1;
		memcpy(lex->line, lex->next, kept);
		lex->line[kept] = '\0';
		lex->next += n + (lex->next[n] == '\n');
		lex->at.line++;
		lex->cursor = lex->line;
		lex->line[strcspn(lex->line, "#")] = '\0';
		if (!lex_end(lex))
			return true;
	}
	return false;
}

static void blanks(struct lex *lex)
{
	while (*lex->cursor == ' ' || *lex->cursor == '\t')
		lex->cursor++;
}

static const char *take(struct lex *lex, size_t n)
{
	const char *start = lex->cursor;

	lex->cursor += n;
	return gen_format("%.*s", (int)n, start);
}

const char *lex_name(struct lex *lex)
{
	size_t n = 0;

	blanks(lex);
	if (isdigit((unsigned char)*lex->cursor))
		return NULL;
	while (isalnum((unsigned char)lex->cursor[n]) || lex->cursor[n] == '_')
		n++;
	return n ? take(lex, n) : NULL;
}

const char *lex_word(struct lex *lex)
{
	blanks(lex);
	return *lex->cursor ? take(lex, strcspn(lex->cursor, " \t")) : NULL;
}

const char *lex_string(struct lex *lex)
{
	const char *text;
	size_t n;

	blanks(lex);
	if (*lex->cursor != '"')
		return NULL;
	n = strcspn(lex->cursor + 1, "\"");
	if (lex->cursor[n + 1] != '"')
		return NULL;
	lex->cursor++;
	text = take(lex, n);
	lex->cursor++;
	return text;
}

bool lex_number(struct lex *lex, int64_t *value)
{
	char *end;

	blanks(lex);
	if (!isdigit((unsigned char)*lex->cursor) && *lex->cursor != '-')
		return false;
	errno = 0;
	*value = strtoll(lex->cursor, &end, 0);
	if (end == lex->cursor || errno || isalnum((unsigned char)*end) || *end == '_')
		return false;
	lex->cursor = end;
	return true;
}

bool lex_peek(struct lex *lex, char c)
{
	blanks(lex);
	return *lex->cursor == c;
}

bool lex_is(struct lex *lex, char c)
{
	if (!lex_peek(lex, c))
		return false;
	lex->cursor++;
	return true;
}

bool lex_end(struct lex *lex)
{
	blanks(lex);
	return !*lex->cursor;
}
