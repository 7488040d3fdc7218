/* SPDX-License-Identifier: Apache-2.0 */
/* A function's line: its prototype, the annotations of its parameters, and the words behind it. */
#include "shim/api/gen/parse.h"

#include <string.h>

struct marks {
	bool in, out, inout, opaque, string;
};

static int parse_count(struct lex *lex, struct count *count)
{
	int64_t number;

	count->set = true;
	count->param = -1;
	if (lex_number(lex, &number)) {
		if (number < 1 || number > VGPU_BLOB_MAX)
			return gen_error(lex->at, "a count is from 1 to %u", VGPU_BLOB_MAX);
		count->fixed = (uint32_t)number;
		return 0;
	}
	count->name = lex_name(lex);
	return count->name
		   ? 0
		   : gen_error(lex->at, "a number or a parameter's name is expected after '='");
}

static int parse_redact(struct lex *lex, struct param *param)
{
	static const char *const classes[] = { "none", "uuid", "serial", "path", "name", "data" };
	const char *word = lex_name(lex);
	unsigned i;

	for (i = 0; word && i < sizeof(classes) / sizeof(classes[0]); i++) {
		if (!strcmp(word, classes[i])) {
			param->redact = (int)i;
			return 0;
		}
	}
	return gen_error(lex->at, "redact= takes uuid, serial, path, name or data");
}

static int parse_annotation(struct api *api, struct lex *lex, struct param *param,
			    struct marks *marks, const char **flags)
{
	const char *word = lex_name(lex);
	bool value = word && lex_is(lex, '=');
	struct count size = { 0 };

	(void)api;
	if (!word)
		return gen_error(lex->at, "an annotation is expected after '[' or ','");
	if (value &&
	    (!strcmp(word, "string") || !strcmp(word, "array") || !strcmp(word, "bytes"))) {
		param->capture = *word == 's'   ? VGPU_CAPTURE_STRING
				 : *word == 'a' ? VGPU_CAPTURE_ARRAY
						: VGPU_CAPTURE_BYTES;
		if (parse_count(lex, &param->count))
			return -1;
		return lex_is(lex, '/') ? parse_count(lex, &param->limit) : 0;
	}
	if (value && !strcmp(word, "size")) {
		if (parse_count(lex, &size) || size.name)
			return gen_error(lex->at, "size= takes a number of bytes");
		param->size = size.fixed;
		return 0;
	}
	if (value && !strcmp(word, "redact"))
		return parse_redact(lex, param);
	if (value && !strcmp(word, "flags")) {
		*flags = lex_name(lex);
		return *flags ? 0 : gen_error(lex->at, "flags= takes the name of an enumeration");
	}
	if (!value && !strcmp(word, "in"))
		marks->in = true;
	else if (!value && !strcmp(word, "out"))
		marks->out = true;
	else if (!value && !strcmp(word, "inout"))
		marks->inout = true;
	else if (!value && !strcmp(word, "opaque"))
		marks->opaque = true;
	else if (!value && !strcmp(word, "string"))
		marks->string = true;
	else if (!value && !strcmp(word, "always"))
		param->always = true;
	else if (!value && !strcmp(word, "versioned"))
		param->versioned = true;
	else
		return gen_error(lex->at, "unknown annotation '%s%s'", word, value ? "=" : "");
	return 0;
}

/* What the marks say; what they leave open is decided when types are known. */
static int apply(struct param *param, const struct marks *marks)
{
	if (marks->in + marks->out + marks->inout + marks->opaque > 1)
		return gen_error(param->at, "'%s' has more than one of in, out, inout, opaque",
				 param->name);
	param->direction = marks->in      ? VGPU_IN
			   : marks->out   ? VGPU_OUT
			   : marks->inout ? VGPU_INOUT
					  : 0;
	if (marks->string)
		param->capture = VGPU_CAPTURE_STRING;
	if (marks->opaque) {
		if (param->capture || param->size || param->versioned || param->always)
			return gen_error(param->at, "'%s' is opaque: nothing of it can be recorded",
					 param->name);
		param->direction = VGPU_IN;
		param->opaque = true;
	}
	return 0;
}

static int parse_param(struct api *api, struct lex *lex, struct param *param)
{
	struct marks marks = { 0 };
	const char *flags = NULL;

	param->at = lex->at;
	param->count.param = param->limit.param = -1;
	if (lex_is(lex, '[')) {
		do {
			if (parse_annotation(api, lex, param, &marks, &flags))
				return -1;
		} while (lex_is(lex, ','));
		if (!lex_is(lex, ']'))
			return gen_error(lex->at, "']' is expected after the annotations");
	}
	param->type = parse_type(api, lex);
	if (!param->type)
		return -1;
	param->name = lex_name(lex);
	if (!param->name)
		return gen_error(lex->at, "a parameter's name is expected after '%s'",
				 param->type->name);
	if (param->name[strlen(param->name) - 1] == '_')
		return gen_error(lex->at, "'%s': names that end in '_' are the wrapper's own",
				 param->name);
	if (flags)
		param->type = type_flags(api, param->type, type_find(api, flags, lex->at), lex->at);
	return apply(param, &marks);
}

static int parse_words(struct lex *lex, struct function *function)
{
	const char *word;
	int64_t number;

	while ((word = lex_word(lex))) {
		if (!strcmp(word, "since") && lex_number(lex, &number) && number > 0 &&
		    number < 1000000) {
			function->since = (uint32_t)number;
		} else if (!strcmp(word, "unsupported") && lex_number(lex, &number)) {
			function->has_unsupported = true;
			function->unsupported = number;
		} else if (!strcmp(word, "lookup")) {
			function->flags |= VGPU_FUNCTION_LOOKUP;
		} else if (!strcmp(word, "bulk")) {
			function->flags |= VGPU_FUNCTION_BULK;
		} else if (!strcmp(word, "deprecated")) {
			function->flags |= VGPU_FUNCTION_DEPRECATED;
		} else {
			return gen_error(lex->at, "unknown word '%s' after the prototype", word);
		}
	}
	return 0;
}

/* The line's number has been taken. */
int function_parse(struct api *api, struct lex *lex)
{
	struct function *function = gen_alloc(sizeof(*function));
	unsigned i;

	function->at = lex->at;
	function->result = parse_type(api, lex);
	if (!function->result)
		return -1;
	function->name = lex_name(lex);
	if (!function->name || !lex_is(lex, '('))
		return gen_error(lex->at, "a function's name and '(' are expected");
	if (lex_is(lex, ')'))
		goto words;
	do {
		if (function->nparams == VGPU_ARGS_MAX)
			return gen_error(lex->at, "'%s' has more than %u parameters",
					 function->name, VGPU_ARGS_MAX);
		if (parse_param(api, lex, &function->params[function->nparams]))
			return -1;
		for (i = 0; i < function->nparams; i++) {
			if (!strcmp(function->params[i].name,
				    function->params[function->nparams].name))
				return gen_error(lex->at, "'%s' has two parameters '%s'",
						 function->name, function->params[i].name);
		}
		function->nparams++;
	} while (lex_is(lex, ','));
	if (!lex_is(lex, ')'))
		return gen_error(lex->at, "',' or ')' is expected before '%.20s'", lex->cursor);
words:
	if (parse_words(lex, function))
		return -1;
	api->functions[api->count] = function;
	function->number = api->count;
	return 0;
}
