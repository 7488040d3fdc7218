/* SPDX-License-Identifier: Apache-2.0 */
/* The types of a description: spellings, and the definitions of type files. */
#include "shim/api/gen/parse.h"

#include <string.h>

static bool is_one_of(const char *word, const char *const *words)
{
	for (; word && *words; words++) {
		if (!strcmp(word, *words))
			return true;
	}
	return false;
}

/* "unsigned" and "long" take the words behind them along; C's spellings are made one. */
static const char *integer_name(struct lex *lex, const char *first)
{
	static const char *const parts[] = { "unsigned", "signed", "long", "short",
					     "int",      "char",   NULL };
	const char *word = first, *back;
	int is_unsigned = 0, is_signed = 0, longs = 0, is_short = 0, is_char = 0;

	do {
		is_unsigned += !strcmp(word, "unsigned");
		is_signed += !strcmp(word, "signed");
		longs += !strcmp(word, "long");
		is_short += !strcmp(word, "short");
		is_char += !strcmp(word, "char");
		back = lex->cursor;
		word = lex_name(lex);
	} while (is_one_of(word, parts));
	lex->cursor = back;
	if (is_char)
		return is_unsigned ? "unsigned char" : is_signed ? "signed char" : "char";
	if (is_short)
		return is_unsigned ? "unsigned short" : "short";
	if (longs)
		return is_unsigned ? (longs > 1 ? "unsigned long long" : "unsigned long")
				   : (longs > 1 ? "long long" : "long");
	return is_unsigned ? "unsigned int" : "int";
}

struct type *parse_type(struct api *api, struct lex *lex)
{
	static const char *const integers[] = { "unsigned", "signed", "long", "short",
						"int",      "char",   NULL };
	const char *name = lex_name(lex), *back;
	bool constant = name && !strcmp(name, "const");
	struct type *type;

	if (constant)
		name = lex_name(lex);
	if (!name) {
		gen_error(lex->at, "a type is expected before '%.20s'", lex->cursor);
		return NULL;
	}
	if (is_one_of(name, integers))
		name = integer_name(lex, name);
	type = type_find(api, name, lex->at);
	while (lex_is(lex, '*')) {
		type = type_pointer(api, type, constant, lex->at);
		back = lex->cursor;
		name = lex_name(lex);
		constant = name && !strcmp(name, "const");
		if (!constant)
			lex->cursor = back;
	}
	return type;
}

struct type *parse_dimensions(struct api *api, struct lex *lex, struct type *type)
{
	int64_t counts[4];
	int n = 0;

	while (lex_is(lex, '[')) {
		if (n == 4 || !lex_number(lex, &counts[n]) || counts[n] < 1 ||
		    counts[n] > 1 << 20 || !lex_is(lex, ']')) {
			gen_error(lex->at, "an array's length is expected, as in [16]");
			return NULL;
		}
		n++;
	}
	while (n--)
		type = type_array(api, type, (uint32_t)counts[n], lex->at);
	return type;
}

/* A new definition of name, which may have been used already; NULL after an error. */
static struct type *define(struct api *api, struct lex *lex, int kind)
{
	const char *name = lex_name(lex);
	struct type *type;

	if (!name) {
		gen_error(lex->at, "a name is expected");
		return NULL;
	}
	type = type_find(api, name, lex->at);
	if (type->kind != TYPE_UNKNOWN || type->alias) {
		gen_error(lex->at, "type '%s' is defined twice (first at %s:%u)", name,
			  type->at.file ? type->at.file : "-", type->at.line);
		return NULL;
	}
	type->kind = kind;
	type->at = lex->at;
	return type;
}

static int parse_handle(struct api *api, struct lex *lex)
{
	struct type *type = define(api, lex, VGPU_TYPE_HANDLE);
	const char *tag;

	if (!type)
		return -1;
	type->size = type->align = sizeof(void *);
	tag = lex_name(lex);
	if (tag && !strcmp(tag, "const")) {
		type->constant = true;
		tag = lex_name(lex);
	}
	if (!tag)
		return gen_error(lex->at, "handle '%s' needs the tag of what it points at, or void",
				 type->name);
	type->tag = tag;
	return 0;
}

static int parse_alias(struct api *api, struct lex *lex, bool identity)
{
	struct type *type = define(api, lex, TYPE_UNKNOWN);

	if (!type)
		return -1;
	type->identity = identity;
	type->alias = parse_type(api, lex);
	return type->alias ? 0 : -1;
}

static int parse_callback(struct api *api, struct lex *lex)
{
	struct type *type = define(api, lex, VGPU_TYPE_FUNCTION);
	struct argument **end;

	if (!type)
		return -1;
	type->size = type->align = sizeof(void *);
	type->result = parse_type(api, lex);
	if (!type->result)
		return -1;
	if (!lex_is(lex, '('))
		return gen_error(lex->at, "callback '%s': '(' is expected", type->name);
	end = &type->arguments;
	while (!lex_is(lex, ')')) {
		struct argument *argument = gen_alloc(sizeof(*argument));

		argument->type = parse_type(api, lex);
		if (!argument->type)
			return -1;
		*end = argument;
		end = &argument->next;
		if (!lex_is(lex, ',') && !lex_peek(lex, ')'))
			return gen_error(lex->at, "callback '%s': ',' or ')' is expected",
					 type->name);
	}
	return 0;
}

static int parse_enum(struct api *api, struct lex *lex, bool is_flags)
{
	struct type *type = define(api, lex, VGPU_TYPE_ENUM);
	struct constant **end;

	if (!type)
		return -1;
	if (!lex_is(lex, '{'))
		return gen_error(lex->at, "'%s': '{' is expected", type->name);
	type->size = type->align = 4;
	type->is_flags = is_flags;
	end = &type->constants;
	while (lex_line(lex) && !lex_is(lex, '}')) {
		struct constant *constant = gen_alloc(sizeof(*constant));

		constant->name = lex_name(lex);
		if (!constant->name || !lex_number(lex, &constant->value) || !lex_end(lex))
			return gen_error(lex->at, "'%s': a line is NAME VALUE, or '}'", type->name);
		if (constant->value < INT32_MIN || constant->value > UINT32_MAX)
			return gen_error(lex->at, "'%s' does not fit 32 bits", constant->name);
		*end = constant;
		end = &constant->next;
		type->nconstants++;
	}
	return 0;
}

static int parse_members(struct api *api, struct lex *lex, struct type *type);

static int parse_member(struct api *api, struct lex *lex, struct member *member)
{
	const char *back = lex->cursor, *word = lex_name(lex);
	bool is_union = word && !strcmp(word, "union");
	struct type *type;

	if ((is_union || (word && !strcmp(word, "struct"))) && lex_is(lex, '{')) {
		type = type_find(api, gen_format("(inner at %s:%u)", lex->at.file, lex->at.line),
				 lex->at);
		type->kind = is_union ? VGPU_TYPE_UNION : VGPU_TYPE_STRUCT;
		type->anonymous = true;
		if (parse_members(api, lex, type))
			return -1;
		type->name = is_union ? "union" : "struct";
		member->name = lex_name(lex);
		if (!member->name)
			member->name = "";
	} else {
		lex->cursor = back;
		type = parse_type(api, lex);
		if (!type)
			return -1;
		member->name = lex_name(lex);
		if (!member->name)
			return gen_error(lex->at, "a member's name is expected after its type");
	}
	member->type = parse_dimensions(api, lex, type);
	if (!member->type)
		return -1;
	return lex_end(lex)
		   ? 0
		   : gen_error(lex->at, "unexpected '%.20s' after the member", lex->cursor);
}

/* Up to the closing brace; what follows that is left. */
static int parse_members(struct api *api, struct lex *lex, struct type *type)
{
	struct member **end = &type->members;

	for (;;) {
		struct member *member = gen_alloc(sizeof(*member));
		int64_t offset;

		if (!lex_line(lex))
			return gen_error(type->at, "'%s': no closing '}'", type->name);
		if (lex_is(lex, '}'))
			return 0;
		member->at = lex->at;
		if (!lex_number(lex, &offset) || offset < 0 || offset > UINT32_MAX)
			return gen_error(lex->at, "a member begins with its offset");
		member->offset = (uint32_t)offset;
		if (parse_member(api, lex, member))
			return -1;
		*end = member;
		end = &member->next;
	}
}

static int parse_struct(struct api *api, struct lex *lex, int kind)
{
	struct type *type = define(api, lex, kind);
	const char *word;
	int64_t number;

	if (!type)
		return -1;
	if (!lex_number(lex, &number) || number < 1 || number > UINT32_MAX)
		return gen_error(lex->at, "'%s': its size in bytes is expected", type->name);
	type->stated_size = (uint32_t)number;
	word = lex_name(lex);
	if (word) {
		if (strcmp(word, "align") || !lex_number(lex, &number) || number < 1 ||
		    number > 4096)
			return gen_error(lex->at, "'%s': 'align N' or '{' is expected", type->name);
		type->stated_align = (uint32_t)number;
	}
	if (!lex_is(lex, '{'))
		return gen_error(lex->at, "'%s': '{' is expected", type->name);
	return parse_members(api, lex, type);
}

int parse_definition(struct api *api, struct lex *lex, const char *word)
{
	int error;

	if (!strcmp(word, "handle"))
		error = parse_handle(api, lex);
	else if (!strcmp(word, "alias"))
		error = parse_alias(api, lex, false);
	else if (!strcmp(word, "identity"))
		error = parse_alias(api, lex, true);
	else if (!strcmp(word, "callback"))
		error = parse_callback(api, lex);
	else if (!strcmp(word, "enum"))
		error = parse_enum(api, lex, false);
	else if (!strcmp(word, "flags"))
		error = parse_enum(api, lex, true);
	else if (!strcmp(word, "struct"))
		error = parse_struct(api, lex, VGPU_TYPE_STRUCT);
	else if (!strcmp(word, "union"))
		error = parse_struct(api, lex, VGPU_TYPE_UNION);
	else if (!strcmp(word, "uuid"))
		error = parse_struct(api, lex, VGPU_TYPE_UUID);
	else
		return 0;
	if (error)
		return -1;
	if (!lex_end(lex))
		return gen_error(lex->at, "unexpected '%.20s' after the definition", lex->cursor);
	return 1;
}
