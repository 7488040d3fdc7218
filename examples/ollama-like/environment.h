/* SPDX-License-Identifier: Apache-2.0 */
/* The environment of a child: the own one, with some variables set. */
#ifndef VGPU_EXAMPLES_OLLAMA_ENVIRONMENT_H
#define VGPU_EXAMPLES_OLLAMA_ENVIRONMENT_H

#include "examples/ollama-like/text.h"

/* One NAME=VALUE a string. */
void settings_set(struct strings *settings, const char *name, const char *value);
const char *settings_get(const struct strings *settings, const char *name); /* NULL: not there */
/* map[NAME:VALUE …] by name, as Go prints a map; owned by the caller. */
char *settings_go(const struct strings *settings);

/*
 * The own environment. Each variable of `settings` takes the place of one with its name (upper or
 * lower case, as Ollama compares them), else comes at the end.
 */
void environment_with(struct strings *out, const struct strings *settings);

#endif
