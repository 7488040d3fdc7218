/* SPDX-License-Identifier: Apache-2.0 */
/* A probe of the user's own: "LIB:FUNCTION(int,ptr,str)->int". */
#ifndef VGPU_SOURCE_KWATCH_PROBE_H
#define VGPU_SOURCE_KWATCH_PROBE_H

#include <stdbool.h>
#include <stddef.h>

#include "shim/api/schema.h"
#include "shim/ring/layout.h"

struct kwatch_probe {
	char *library;  /* a shell pattern: of a path where it has a slash, else of a file's name */
	char *name;
	const char *types; /* "int,ptr,str->int"; NULL: not stated, raw words then */
	bool found;        /* in some file */
	char *text;        /* what the strings above lie in */
	struct vgpu_function function;
	struct vgpu_param params[VGPU_ARGS_MAX];
};

/* 0, or -EINVAL with what is wrong in why. */
int kwatch_probe_parse(struct kwatch_probe *probe, const char *text, char *why, size_t size);
void kwatch_probe_free(struct kwatch_probe *probe);
/* A pattern of --lib or --probe names this file. */
bool kwatch_pattern_fits(const char *pattern, const char *path);
/* NULL where the types are not stated. */
const struct vgpu_function *kwatch_probe_schema(const struct kwatch_probe *probe);

#endif
