/* SPDX-License-Identifier: Apache-2.0 */
/* Description files: the head of an interface, what it includes, and the ladder. */
#include "shim/api/gen/parse.h"

#include <string.h>

#define FUNCTIONS_MAX 0xffffu

static int parse_file(struct api *api, const char *path, struct place from, int depth);

static int parse_include(struct api *api, struct lex *lex, int depth)
{
	const char *name = lex_word(lex), *slash = strrchr(lex->at.file, '/');

	if (!name || !lex_end(lex))
		return gen_error(lex->at, "include takes the name of a file");
	if (depth > 4)
		return gen_error(lex->at, "'%s' is included too deeply", name);
	if (slash)
		name = gen_format("%.*s/%s", (int)(slash - lex->at.file), lex->at.file, name);
	return parse_file(api, name, lex->at, depth + 1);
}

/* 1 taken, 0 not of the head, -1 after an error */
static int parse_head(struct api *api, struct lex *lex, const char *word)
{
	int64_t number;

	if (!strcmp(word, "library")) {
		api->name = lex_name(lex);
		if (!api->name || !lex_number(lex, &number) || number < 1 || number > 0xffff)
			return gen_error(lex->at, "library takes a name, a number and a title");
		api->id = (uint32_t)number;
		api->title = lex_string(lex);
		api->at = lex->at;
		if (!api->title)
			return gen_error(lex->at, "library takes a name, a number and a title");
	} else if (!strcmp(word, "file")) {
		api->file = lex_word(lex);
	} else if (!strcmp(word, "soname")) {
		api->soname = lex_word(lex);
	} else if (!strcmp(word, "node")) {
		api->node = lex_word(lex);
	} else if (!strcmp(word, "status")) {
		api->status = parse_type(api, lex);
		if (!api->status || !lex_number(lex, &api->unsupported))
			return gen_error(lex->at,
					 "status takes a type and its not-supported value");
		if (!lex_number(lex, &api->missing))
			api->missing = api->unsupported;
	} else {
		return 0;
	}
	return lex_end(lex) ? 1 : gen_error(lex->at, "unexpected '%.20s'", lex->cursor);
}

static int parse_numbered(struct api *api, struct lex *lex, int64_t number)
{
	unsigned i, highest = api->count;

	if (number < 1 || number > FUNCTIONS_MAX)
		return gen_error(lex->at, "a function's number is from 1 to %u", FUNCTIONS_MAX);
	if (api->functions[number])
		return gen_error(lex->at, "number %lld is '%s' already (%s:%u)", (long long)number,
				 api->functions[number]->name, api->functions[number]->at.file,
				 api->functions[number]->at.line);
	api->count = (unsigned)number;
	if (function_parse(api, lex))
		return -1;
	for (i = 1; i <= highest; i++) {
		if (i != number && api->functions[i] &&
		    !strcmp(api->functions[i]->name, api->functions[number]->name))
			return gen_error(lex->at, "'%s' is number %u already (%s:%u)",
					 api->functions[i]->name, i, api->functions[i]->at.file,
					 api->functions[i]->at.line);
	}
	if (highest > api->count)
		api->count = highest;
	return 0;
}

static int parse_file(struct api *api, const char *path, struct place from, int depth)
{
	struct lex lex;
	const char *word;
	int64_t number;
	int taken;

	if (lex_open(&lex, path, from))
		return -1;
	while (lex_line(&lex)) {
		if (lex_number(&lex, &number)) {
			if (parse_numbered(api, &lex, number))
				return -1;
			continue;
		}
		word = lex_name(&lex);
		if (!word)
			return gen_error(lex.at,
					 "a line begins with a number or a word, not '%.20s'",
					 lex.cursor);
		if (!strcmp(word, "include")) {
			if (parse_include(api, &lex, depth))
				return -1;
			continue;
		}
		taken = parse_head(api, &lex, word);
		if (!taken)
			taken = parse_definition(api, &lex, word);
		if (taken < 0)
			return -1;
		if (!taken)
			return gen_error(lex.at, "unknown word '%s'", word);
	}
	return 0;
}

int api_parse(struct api **out, const char *path)
{
	struct api *api = gen_alloc(sizeof(*api));
	struct place nowhere = { path, 0 };

	api->types_end = &api->types;
	api->functions = gen_alloc((FUNCTIONS_MAX + 1) * sizeof(*api->functions));
	if (parse_file(api, path, (struct place){ NULL, 0 }, 0))
		return -1;
	if (!api->name || !api->file || !api->soname || !api->status)
		return gen_error(nowhere, "library, file, soname and status must be stated");
	if (!api->count)
		return gen_error(nowhere, "there is no function");
	if (api_resolve(api))
		return -1;
	api->hash = api_hash(api);
	*out = api;
	return 0;
}

static const struct function *function_named(const struct api *api, const char *name)
{
	unsigned i;

	for (i = 1; i <= api->count; i++) {
		if (api->functions[i] && !strcmp(api->functions[i]->name, name))
			return api->functions[i];
	}
	return NULL;
}

static int parse_rung(struct ladder *ladder, struct lex *lex, const struct api *api)
{
	struct rung *rung = &ladder->rungs[ladder->count], *last = rung - 1;
	int64_t version;

	rung->at = lex->at;
	rung->name = lex_name(lex);
	if (!rung->name || !lex_number(lex, &version) || version < 1 || version > 1000000)
		return gen_error(lex->at, "a line is NAME VERSION SYMBOL PER-THREAD");
	rung->version = (int)version;
	rung->symbol = lex_name(lex);
	rung->per_thread = lex_word(lex);
	if (!rung->symbol || !rung->per_thread || !lex_end(lex))
		return gen_error(lex->at, "a line is NAME VERSION SYMBOL PER-THREAD");
	if (!strcmp(rung->per_thread, "-"))
		rung->per_thread = NULL;
	if (!function_named(api, rung->symbol) ||
	    (rung->per_thread && !function_named(api, rung->per_thread)))
		return gen_error(lex->at, "'%s' has no such entry point", api->name);
	if (ladder->count && !strcmp(last->name, rung->name) && last->version >= rung->version)
		return gen_error(lex->at, "'%s': versions must rise", rung->name);
	ladder->count++;
	return 0;
}

int ladder_parse(struct ladder **out, const char *path, const struct api *api)
{
	struct ladder *ladder = gen_alloc(sizeof(*ladder));
	struct lex lex;
	unsigned lines = 1;
	const char *text;

	if (lex_open(&lex, path, (struct place){ NULL, 0 }))
		return -1;
	for (text = lex.text; *text; text++)
		lines += *text == '\n';
	ladder->rungs = gen_alloc(lines * sizeof(*ladder->rungs));
	if (!lex_line(&lex) || !lex_name(&lex) || !(ladder->library = lex_name(&lex)) ||
	    !lex_end(&lex))
		return gen_error(lex.at, "the first line is 'ladder LIBRARY'");
	if (strcmp(ladder->library, api->name))
		return gen_error(lex.at, "the ladder is of '%s', not of '%s'", ladder->library,
				 api->name);
	while (lex_line(&lex)) {
		if (parse_rung(ladder, &lex, api))
			return -1;
	}
	*out = ladder;
	return 0;
}
