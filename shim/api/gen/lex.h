/* SPDX-License-Identifier: Apache-2.0 */
/* Lines and tokens of a description file. */
#ifndef VGPU_API_GEN_LEX_H
#define VGPU_API_GEN_LEX_H

#include "shim/api/gen/gen.h"

struct lex {
	const char *text, *next; /* the file; the line after this one */
	char line[4096];
	const char *cursor;
	struct place at;
};

/* 0, or -1 with an error said. */
int lex_open(struct lex *lex, const char *path, struct place from);
/* false at the end of the file; skips empty lines and comments */
bool lex_line(struct lex *lex);
/* All take blanks before the token; what they return lives until the generator ends. */
const char *lex_name(struct lex *lex);            /* NULL: no identifier here */
const char *lex_word(struct lex *lex);            /* up to the next blank; NULL at the line's end */
const char *lex_string(struct lex *lex);          /* "…"; NULL: none here */
bool lex_number(struct lex *lex, int64_t *value); /* decimal or 0x…, may be negative */
bool lex_is(struct lex *lex, char c);             /* takes c when it is next */
bool lex_peek(struct lex *lex, char c);
bool lex_end(struct lex *lex);

#endif
