// SPDX-License-Identifier: Apache-2.0
/* Parses filters; every error points at its column. */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tracer/model/filter.h"
#include "tracer/model/filter_tree.h"

#define NESTING_MAX 64

struct parser {
	const char *text;
	const char *at;
	struct vgpu_filter_error *error;
	unsigned nesting;
	int status; /* 0, or the first -errno */
};

static struct vgpu_filter_node *parse_or(struct parser *parser);

static void *fail(struct parser *parser, const char *at, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void *fail(struct parser *parser, const char *at, const char *format, ...)
{
	va_list args;

	if (parser->status)
		return NULL;
	parser->status = -EINVAL;
	parser->error->column = (unsigned)(at - parser->text) + 1;
	va_start(args, format);
	vsnprintf(parser->error->message, sizeof(parser->error->message), format, args);
	va_end(args);
	return NULL;
}

static void node_free(struct vgpu_filter_node *node)
{
	if (!node)
		return;
	node_free(node->left);
	node_free(node->right);
	free(node->rest);
	free(node->text);
	free(node);
}

/* Takes over both operands, also when it fails. */
static struct vgpu_filter_node *node_new(struct parser *parser, enum vgpu_filter_kind kind,
					 struct vgpu_filter_node *left, struct vgpu_filter_node *right)
{
	struct vgpu_filter_node *node = parser->status ? NULL : calloc(1, sizeof(*node));

	if (!node) {
		if (!parser->status)
			parser->status = -ENOMEM;
		node_free(left);
		node_free(right);
		return NULL;
	}
	node->kind = kind;
	node->left = left;
	node->right = right;
	return node;
}

static void skip_blanks(struct parser *parser)
{
	while (isspace((unsigned char)*parser->at))
		parser->at++;
}

static bool accept(struct parser *parser, const char *token)
{
	size_t length = strlen(token);

	skip_blanks(parser);
	if (strncmp(parser->at, token, length))
		return false;
	parser->at += length;
	return true;
}

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || strchr("_.*?-+/:,[]@", c);
}

static size_t word_length(const char *at)
{
	size_t n = 0;

	while (at[n] && is_word(at[n]))
		n++;
	return n;
}

/* Longer operators come before those they begin with. */
static const struct {
	const char *token;
	enum vgpu_filter_op op;
} operators[] = {
	{ "==", VGPU_FILTER_EQ }, { "!=", VGPU_FILTER_NE }, { "!~", VGPU_FILTER_UNLIKE },
	{ "<=", VGPU_FILTER_LE }, { ">=", VGPU_FILTER_GE }, { "<", VGPU_FILTER_LT },
	{ ">", VGPU_FILTER_GT },  { "~", VGPU_FILTER_LIKE }, { "=", VGPU_FILTER_EQ },
};

static const struct {
	const char *unit;
	double factor;
} units[] = {
	{ "ns", 1 },	     { "us", 1e3 },	     { "µs", 1e3 },
	{ "ms", 1e6 },	     { "s", 1e9 },	     { "min", 60e9 },
	{ "KiB", 1024 },     { "MiB", 1048576 },     { "GiB", 1073741824 },
	{ "TiB", 1099511627776 }, { "B", 1 },
};

/* A whole number in any base, or a decimal with a unit. */
static bool to_number(const char *text, int64_t *number)
{
	const char *digits = text + (*text == '-' || *text == '+');
	char *end;
	double value;

	if (!isdigit((unsigned char)*digits))
		return false;
	errno = 0;
	if (digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X')) {
		*number = (int64_t)strtoull(text, &end, 16);
		return !*end && !errno;
	}
	*number = strtoll(text, &end, 10);
	if (!*end)
		return !errno;
	value = strtod(text, &end);
	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
		if (!strcmp(end, units[i].unit) && value * units[i].factor < 9.2e18 &&
		    value * units[i].factor > -9.2e18) {
			*number = (int64_t)(value * units[i].factor);
			return true;
		}
	return false;
}

/* The text after an operator: quoted, or a word. */
static char *parse_value(struct parser *parser, bool *quoted)
{
	const char *start;
	size_t length = 0, used = 0;
	char *text;

	skip_blanks(parser);
	start = parser->at;
	*quoted = *start == '"';
	if (!*quoted) {
		/* The micro sign of a unit is two bytes that are not of words. */
		while (start[length] && (is_word(start[length]) || (start[length] & 0x80)))
			length++;
		if (!length)
			return fail(parser, start, "a value is missing here");
		parser->at += length;
		text = strndup(start, length);
		if (!text)
			parser->status = -ENOMEM;
		return text;
	}
	for (length = 1; start[length] && start[length] != '"'; length++)
		if (start[length] == '\\' && start[length + 1])
			length++;
	if (!start[length])
		return fail(parser, start, "this text is not ended: a \" is missing");
	parser->at += length + 1;
	text = malloc(length);
	if (!text) {
		parser->status = -ENOMEM;
		return NULL;
	}
	for (size_t i = 1; i < length; i++) {
		if (start[i] == '\\')
			i++;
		text[used++] = start[i];
	}
	text[used] = '\0';
	return text;
}

static struct vgpu_filter_node *parse_comparison(struct parser *parser)
{
	struct vgpu_filter_node *node;
	const char *start, *value_at;
	size_t length, prefix;
	bool quoted;
	int field;

	skip_blanks(parser);
	start = parser->at;
	length = word_length(start);
	if (!length)
		return *start ? fail(parser, start, "a field's name is wanted here, not '%c'", *start)
			      : fail(parser, start, "the expression ends where a field is wanted");
	field = vgpu_filter_field_find(start, length);
	if (field < 0)
		return fail(parser, start, "there is no field '%.*s' (fields: fn, lib, ret, dur, proc, pid, arg.NAME, …)",
			    (int)(length < 40 ? length : 40), start);
	parser->at += length;
	node = node_new(parser, VGPU_FILTER_COMPARE, NULL, NULL);
	if (!node)
		return NULL;
	prefix = vgpu_filter_field_prefix(field);
	node->field = field;
	node->rest = prefix ? strndup(start + prefix, length - prefix) : strdup("");
	if (!node->rest)
		parser->status = -ENOMEM;
	for (size_t i = 0; i < sizeof(operators) / sizeof(*operators); i++) {
		if (!accept(parser, operators[i].token))
			continue;
		node->op = operators[i].op;
		skip_blanks(parser);
		value_at = parser->at;
		node->text = parse_value(parser, &quoted);
		if (!node->text)
			break;
		if (!quoted)
			node->is_number = to_number(node->text, &node->number);
		if (!quoted && !node->is_number && isdigit((unsigned char)*node->text) &&
		    node->op != VGPU_FILTER_LIKE && node->op != VGPU_FILTER_UNLIKE)
			fail(parser, value_at, "'%s' is not a number (units: ns us ms s, KiB MiB GiB)", node->text);
		break;
	}
	if (parser->status) {
		node_free(node);
		return NULL;
	}
	return node;
}

static struct vgpu_filter_node *parse_not(struct parser *parser)
{
	struct vgpu_filter_node *node;
	const char *start;

	skip_blanks(parser);
	start = parser->at;
	if (++parser->nesting > NESTING_MAX)
		return fail(parser, start, "more than %d levels of ( and !", NESTING_MAX);
	if (accept(parser, "!")) {
		node = parse_not(parser);
		node = node_new(parser, VGPU_FILTER_NOT, node, NULL);
	} else if (accept(parser, "(")) {
		node = parse_or(parser);
		if (!parser->status && !accept(parser, ")")) {
			fail(parser, start, "this ( is not closed");
			node_free(node);
			node = NULL;
		}
	} else {
		node = parse_comparison(parser);
	}
	parser->nesting--;
	return node;
}

static struct vgpu_filter_node *parse_and(struct parser *parser)
{
	struct vgpu_filter_node *node = parse_not(parser);

	while (!parser->status && accept(parser, "&&"))
		node = node_new(parser, VGPU_FILTER_AND, node, parse_not(parser));
	return node;
}

static struct vgpu_filter_node *parse_or(struct parser *parser)
{
	struct vgpu_filter_node *node = parse_and(parser);

	while (!parser->status && accept(parser, "||"))
		node = node_new(parser, VGPU_FILTER_OR, node, parse_and(parser));
	return node;
}

int vgpu_filter_parse(struct vgpu_filter **out, const char *text, struct vgpu_filter_error *error)
{
	struct parser parser = { .text = text, .at = text, .error = error };
	struct vgpu_filter_node *root = parse_or(&parser);
	struct vgpu_filter *filter = NULL;

	*out = NULL;
	if (!parser.status) {
		skip_blanks(&parser);
		if (*parser.at)
			fail(&parser, parser.at, "&& or || is wanted here");
	}
	if (!parser.status && !(filter = calloc(1, sizeof(*filter))))
		parser.status = -ENOMEM;
	if (parser.status) {
		node_free(root);
		return parser.status;
	}
	filter->root = root;
	*out = filter;
	return 0;
}

void vgpu_filter_free(struct vgpu_filter *filter)
{
	if (!filter)
		return;
	node_free(filter->root);
	free(filter);
}
