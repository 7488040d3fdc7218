/* SPDX-License-Identifier: Apache-2.0 */
/* The environment of a child. */
#include "examples/ollama-like/environment.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

static size_t name_length(const char *variable)
{
	return (size_t)(strchrnul(variable, '=') - variable);
}

static bool same_name(const char *left, const char *right)
{
	size_t length = name_length(left);

	return length == name_length(right) && !strncasecmp(left, right, length);
}

static void replace(char **place, const char *with)
{
	free(*place);
	*place = text_of("%s", with);
}

void settings_set(struct strings *settings, const char *name, const char *value)
{
	char *variable = text_of("%s=%s", name, value);

	for (size_t i = 0; i < settings->count; i++)
		if (same_name(settings->at[i], variable)) {
			free(settings->at[i]);
			settings->at[i] = variable;
			return;
		}
	strings_add(settings, "%s", variable);
	free(variable);
}

const char *settings_get(const struct strings *settings, const char *name)
{
	for (size_t i = 0; i < settings->count; i++)
		if (same_name(settings->at[i], name))
			return settings->at[i] + name_length(name) + 1;
	return NULL;
}

char *settings_go(const struct strings *settings)
{
	struct strings sorted = { 0 };
	char *inside, *text;

	strings_copy(&sorted, settings);
	strings_sort(&sorted);
	for (size_t i = 0; i < sorted.count; i++)
		sorted.at[i][name_length(sorted.at[i])] = ':';
	inside = strings_join(&sorted, " ");
	text = text_of("map[%s]", inside);
	free(inside);
	strings_free(&sorted);
	return text;
}

void environment_with(struct strings *out, const struct strings *settings)
{
	for (char **variable = environ; variable && *variable; variable++)
		strings_add(out, "%s", *variable);
	for (size_t i = 0; i < settings->count; i++) {
		bool there = false;

		for (size_t j = 0; j < out->count; j++)
			if (same_name(out->at[j], settings->at[i])) {
				replace(&out->at[j], settings->at[i]);
				there = true;
			}
		if (!there)
			strings_add(out, "%s", settings->at[i]);
	}
}
