// SPDX-License-Identifier: Apache-2.0
/* A command's options and arguments. */
#include "tracer/cli/args.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tracer/cli/help.h"
#include "tracer/cli/say.h"

#define WORD_MAX 32

/* Edits that make one of the other, exchanged neighbours counting as one. */
static unsigned distance(const char *a, const char *b)
{
	unsigned d[WORD_MAX + 1][WORD_MAX + 1];
	size_t n = strlen(a), m = strlen(b);

	if (n > WORD_MAX || m > WORD_MAX)
		return 99;
	for (size_t i = 0; i <= n; i++)
		for (size_t k = 0; k <= m; k++) {
			unsigned best;

			if (!i || !k) {
				d[i][k] = i + k;
				continue;
			}
			best = d[i - 1][k - 1] + (a[i - 1] != b[k - 1]);
			if (d[i - 1][k] + 1 < best)
				best = d[i - 1][k] + 1;
			if (d[i][k - 1] + 1 < best)
				best = d[i][k - 1] + 1;
			if (i > 1 && k > 1 && a[i - 1] == b[k - 2] && a[i - 2] == b[k - 1] && d[i - 2][k - 2] + 1 < best)
				best = d[i - 2][k - 2] + 1;
			d[i][k] = best;
		}
	return d[n][m];
}

const char *vgpu_suggest(const char *word, const char *(*next)(const void *list, size_t index), const void *list)
{
	unsigned best = strlen(word) < 4 ? 2 : 3; /* not as good as this: no suggestion */
	const char *candidate, *found = NULL;

	for (size_t i = 0; (candidate = next(list, i)); i++) {
		unsigned d = distance(word, candidate);

		if (strlen(word) >= 2 && !strncmp(word, candidate, strlen(word)))
			d = 1;
		if (d < best) {
			best = d;
			found = candidate;
		}
	}
	return found;
}

static const char *option_name(const void *list, size_t index)
{
	return ((const struct vgpu_option *)list)[index].name;
}

static const char *word_name(const void *list, size_t index)
{
	return ((const char *const *)list)[index];
}

static int fail(const struct vgpu_args *args)
{
	vgpu_say_more("`vgpu-trace help %s` lists the options.", args->command->name);
	return VGPU_ARGS_ERROR;
}

static int long_option(struct vgpu_args *args, const char *word)
{
	const struct vgpu_option *options = args->command->options;
	size_t n = strcspn(word, "=");
	const char *suggestion;
	char name[64];

	snprintf(name, sizeof(name), "%.*s", n < 60 ? (int)n : 60, word);
	if (!strcmp(name, "help")) {
		vgpu_help_command(args->command);
		return VGPU_ARGS_HELP;
	}
	for (int i = 0; options && options[i].name; i++) {
		if (strcmp(options[i].name, name))
			continue;
		if (!options[i].argument && word[n]) {
			vgpu_say_error("%s: option '--%s' takes no value", args->command->name, name);
			return fail(args);
		}
		if (options[i].argument && word[n])
			args->value = word + n + 1;
		else if (options[i].argument && args->at + 1 < args->argc)
			args->value = args->argv[++args->at];
		else if (options[i].argument) {
			vgpu_say_error("%s: option '--%s' needs a value: %s", args->command->name, name,
				       options[i].argument);
			return fail(args);
		}
		return options[i].key;
	}
	suggestion = options ? vgpu_suggest(name, option_name, options) : NULL;
	if (suggestion)
		vgpu_say_error("%s: unknown option '--%s'; did you mean '--%s'?", args->command->name, name, suggestion);
	else
		vgpu_say_error("%s: unknown option '--%s'", args->command->name, name);
	return fail(args);
}

static int short_option(struct vgpu_args *args)
{
	const struct vgpu_option *options = args->command->options;
	char letter = *args->letters++;

	if (letter == 'h') {
		vgpu_help_command(args->command);
		return VGPU_ARGS_HELP;
	}
	for (int i = 0; options && options[i].name; i++) {
		if (options[i].key != letter)
			continue;
		if (options[i].argument) {
			if (*args->letters)
				args->value = args->letters;
			else if (args->at + 1 < args->argc)
				args->value = args->argv[++args->at];
			else {
				vgpu_say_error("%s: option '-%c' needs a value: %s", args->command->name, letter,
					       options[i].argument);
				return fail(args);
			}
			args->letters = NULL;
		}
		return options[i].key;
	}
	vgpu_say_error("%s: unknown option '-%c'", args->command->name, letter);
	return fail(args);
}

int vgpu_args_next(struct vgpu_args *args)
{
	args->value = NULL;
	if (args->letters && *args->letters)
		return short_option(args);
	while (++args->at < args->argc) {
		const char *word = args->argv[args->at];

		if (!args->ended && !strcmp(word, "--")) {
			args->ended = true;
			if (args->command->to_command) {
				args->at++;
				return VGPU_ARGS_END;
			}
			continue;
		}
		if (!args->ended && word[0] == '-' && word[1] == '-')
			return long_option(args, word + 2);
		if (!args->ended && word[0] == '-' && word[1]) {
			args->letters = word + 1;
			return short_option(args);
		}
		if (args->command->to_command)
			return VGPU_ARGS_END;
		if (args->count == VGPU_ARGS_MAX_POSITIONAL) {
			vgpu_say_error("%s: too many arguments", args->command->name);
			return fail(args);
		}
		args->positional[args->count++] = word;
	}
	return VGPU_ARGS_END;
}

const char *vgpu_args_only(const struct vgpu_args *args, const char *what)
{
	if (args->count == 1)
		return args->positional[0];
	if (args->count)
		vgpu_say_error("%s: one %s at a time", args->command->name, what);
	else
		vgpu_say_error("%s: of what?", args->command->name);
	vgpu_say_more("usage: vgpu-trace %s [OPTION…] %s", args->command->name, args->command->arguments);
	return NULL;
}

bool vgpu_args_number(const struct vgpu_args *args, const char *option, long least, long most, long *out)
{
	char *end;

	errno = 0;
	*out = strtol(args->value, &end, 10);
	if (!errno && end != args->value && !*end && *out >= least && *out <= most)
		return true;
	vgpu_say_error("%s: option '%s' wants a number from %ld to %ld, not '%s'", args->command->name, option, least,
		       most, args->value);
	return false;
}

int vgpu_args_word(const struct vgpu_args *args, const char *option, const char *const *words)
{
	const char *suggestion = vgpu_suggest(args->value, word_name, words);
	char list[256] = "";

	for (int i = 0; words[i]; i++) {
		if (!strcmp(words[i], args->value))
			return i;
		snprintf(list + strlen(list), sizeof(list) - strlen(list), "%s%s", i ? ", " : "", words[i]);
	}
	if (suggestion)
		vgpu_say_error("%s: option '%s' has no value '%s'; did you mean '%s'?", args->command->name, option,
			       args->value, suggestion);
	else
		vgpu_say_error("%s: option '%s' has no value '%s'; it can be %s", args->command->name, option,
			       args->value, list);
	return -1;
}
