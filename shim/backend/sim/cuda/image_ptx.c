/* SPDX-License-Identifier: Apache-2.0 */
/* PTX: kernels (.entry) and variables of a module (.global, .const), read as text. */
#include <stdlib.h>
#include <string.h>

#include "shim/backend/sim/cuda/heap.h"
#include "shim/backend/sim/cuda/image.h"

/* One word, number or sign; comments and space lie between. */
struct token {
	const char *at;
	size_t size;
};

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '$' || c == '.' || c == '%';
}

static const char *skip(const char *at)
{
	for (;;) {
		while (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r')
			at++;
		if (at[0] == '/' && at[1] == '/') {
			while (*at && *at != '\n')
				at++;
		} else if (at[0] == '/' && at[1] == '*') {
			const char *end = strstr(at + 2, "*/");

			if (!end)
				return at + strlen(at);
			at = end + 2;
		} else {
			return at;
		}
	}
}

static struct token next(const char **at)
{
	struct token token = { .at = *at = skip(*at) };

	if (*token.at == '"') {
		token.size = 1;
		while (token.at[token.size] && token.at[token.size] != '"')
			token.size++;
		token.size += token.at[token.size] == '"';
	} else if (is_word(*token.at)) {
		while (is_word(token.at[token.size]))
			token.size++;
	} else if (*token.at) {
		token.size = 1;
	}
	*at += token.size;
	return token;
}

static bool is(struct token token, const char *text)
{
	return token.size == strlen(text) && !memcmp(token.at, text, token.size);
}

uint32_t image_ptx_version(const char *text, uint64_t size)
{
	static const char target[] = ".target";

	for (uint64_t i = 0; i + sizeof(target) < size; i++) {
		const char *at = text + i + sizeof(target) - 1, *end = text + size;
		uint32_t version = 0;

		if (memcmp(text + i, target, sizeof(target) - 1))
			continue;
		while (at < end && (*at == ' ' || *at == '\t'))
			at++;
		if (end - at < 4 || (strncmp(at, "sm_", 3) && strncmp(at, "compute_", 8)))
			return 0;
		while (at < end && (*at < '0' || *at > '9'))
			at++;
		for (; at < end && *at >= '0' && *at <= '9' && version < 10000; at++)
			version = version * 10 + (uint32_t)(*at - '0');
		return version;
	}
	return 0;
}

static uint32_t type_bytes(struct token type)
{
	static const char *const names[] = { ".u8",  ".s8",  ".b8",  ".u16", ".s16", ".b16",
					     ".f16", ".u32", ".s32", ".b32", ".f32", ".u64",
					     ".s64", ".b64", ".f64", ".b128" };
	static const unsigned char sizes[] = { 1, 1, 1, 2, 2, 2, 2, 4, 4, 4, 4, 8, 8, 8, 8, 16 };

	for (size_t i = 0; i < sizeof(sizes); i++)
		if (is(type, names[i]))
			return sizes[i];
	return 0;
}

/* A declaration up to its name, and behind it its dimensions: what a parameter and a variable share. */
struct declaration {
	struct token name;
	uint32_t alignment;
	uint32_t element; /* bytes of one */
	uint64_t size;
	bool managed;
};

/* False: not a declaration that has a size. The place behind it is in *at. */
static bool declare(const char **at, struct declaration *out)
{
	uint32_t element = 0;
	struct token token;

	*out = (struct declaration){ .alignment = 0 };
	for (;;) {
		token = next(at);
		if (is(token, ".align")) {
			token = next(at);
			out->alignment = (uint32_t)strtoul(token.at, NULL, 10);
		} else if (is(token, ".attribute")) {
			next(at);
			token = next(at);
			out->managed = is(token, ".managed");
			while (token.size && !is(token, ")"))
				token = next(at);
		} else if (type_bytes(token)) {
			element = type_bytes(token);
		} else if (token.size && *token.at == '.') {
			continue; /* .ptr, .v2 and the like */
		} else {
			break;
		}
	}
	if (!token.size || !is_word(*token.at) || !element)
		return false;
	out->name = token;
	out->element = element;
	out->size = element;
	while (*skip(*at) == '[') {
		next(at);
		token = next(at);
		out->size *= strtoull(token.at, NULL, 10);
		next(at);
	}
	if (!out->alignment)
		out->alignment = element;
	return true;
}

/* Names end in place: what follows them was read by then. */
static char *cut(struct image *image, struct token name)
{
	char *text = image->data + (name.at - image->data);

	text[name.size] = '\0';
	return text;
}

static bool read_kernel(struct image *image, const char **at)
{
	struct token name = next(at), token;
	struct image_kernel *kernel = image_add_kernel(image, NULL);
	uint32_t index = 0, offset = 0;

	if (!kernel)
		return false;
	token = next(at);
	while (is(token, "(") || is(token, ",")) {
		struct declaration param;

		if (!declare(at, &param))
			break;
		if (param.alignment)
			offset = (offset + param.alignment - 1) / param.alignment * param.alignment;
		if (!image_set_param(kernel, index++, offset, (uint32_t)param.size))
			return false;
		offset += (uint32_t)param.size;
		token = next(at);
	}
	/* limits stand between the parameters and the body */
	while (token.size && !is(token, "{") && !is(token, ";")) {
		token = next(at);
		if (is(token, ".maxntid")) {
			kernel->max_threads = 1;
			do {
				token = next(at);
				kernel->max_threads *= (uint32_t)strtoul(token.at, NULL, 10);
				token = next(at);
			} while (is(token, ","));
		}
	}
	if (is(token, "{"))
		*at = token.at;
	kernel->name = cut(image, name);
	return true;
}

static void skip_body(const char **at, struct image_kernel *kernel)
{
	unsigned depth = 0;
	struct token token;

	do {
		token = next(at);
		depth += is(token, "{");
		depth -= is(token, "}");
		if (kernel && depth && is(token, ".shared")) {
			struct declaration variable;

			if (declare(at, &variable))
				kernel->shared_bytes += (uint32_t)variable.size;
		}
	} while (token.size && depth);
}

/* A number as its bytes; bits of a float stand behind 0f and 0d. False: an address, a name. */
static bool read_number(const char **at, uint64_t *out)
{
	struct token token = next(at);
	bool negative = is(token, "-");
	char *end;

	if (negative)
		token = next(at);
	if (!token.size || *token.at < '0' || *token.at > '9')
		return false;
	if (token.at[0] == '0' &&
	    (token.at[1] == 'f' || token.at[1] == 'd' || token.at[1] == 'F' || token.at[1] == 'D'))
		*out = strtoull(token.at + 2, &end, 16);
	else
		*out = strtoull(token.at, &end, 0);
	end += *end == 'U';
	if (negative)
		*out = -*out;
	return end == token.at + token.size;
}

/*
 * First values: one number, or numbers in one pair of braces. What is no plain number (an address,
 * a row in a row, a decimal fraction) ends them: what follows begins as zero.
 */
static bool read_values(const char **at, const struct declaration *variable, const void **out)
{
	bool many = *skip(*at) == '{';
	char *values = heap_get(variable->size);

	if (!values)
		return false;
	if (many)
		next(at);
	for (uint64_t place = 0; variable->size - place >= variable->element;) {
		uint64_t number;

		if (!read_number(at, &number))
			break;
		/* the lowest bytes come first, of what is no wider than a word */
		memcpy(values + place, &number,
		       variable->element < sizeof(number) ? variable->element : sizeof(number));
		place += variable->element;
		if (!many || *skip(*at) != ',')
			break;
		next(at);
	}
	*out = values;
	return true;
}

static bool read_variable(struct image *image, const char **at, bool constant)
{
	struct declaration variable;
	struct image_global *global;

	if (!declare(at, &variable))
		return true;
	global = image_add_global(image, NULL);
	if (!global)
		return false;
	global->size = variable.size;
	global->managed = variable.managed;
	global->constant = constant;
	if (*skip(*at) == '=') {
		next(at);
		if (!read_values(at, &variable, &global->init))
			return false;
	}
	while (**at && **at != ';')
		next(at);
	if (**at)
		++*at;
	global->name = cut(image, variable.name);
	return true;
}

enum image_result image_parse_ptx(struct image *image)
{
	const char *at = image->data;
	struct image_kernel *last = NULL;

	for (;;) {
		struct token token = next(&at);

		if (!token.size)
			return IMAGE_GOOD;
		if (is(token, ".entry")) {
			if (!read_kernel(image, &at))
				return IMAGE_NO_MEMORY;
			last = &image->kernels[image->kernel_count - 1];
		} else if (is(token, ".global") || is(token, ".const")) {
			if (!read_variable(image, &at, is(token, ".const")))
				return IMAGE_NO_MEMORY;
		} else if (is(token, ".func")) {
			last = NULL;
		} else if (is(token, "{")) {
			at = token.at;
			skip_body(&at, last);
			last = NULL;
		}
	}
}
