/* SPDX-License-Identifier: Apache-2.0 */
/* What the parser's files share. */
#ifndef VGPU_API_GEN_PARSE_H
#define VGPU_API_GEN_PARSE_H

#include "shim/api/gen/lex.h"

/* "const char *", "unsigned long long", "void *const *"; NULL after an error. */
struct type *parse_type(struct api *api, struct lex *lex);
/* "[3]", "[2][4]" behind a name, or nothing; NULL after an error. */
struct type *parse_dimensions(struct api *api, struct lex *lex, struct type *type);
/* A definition that begins with `word`: 1 taken, 0 not of a type, -1 after an error. */
int parse_definition(struct api *api, struct lex *lex, const char *word);

#endif
