/* SPDX-License-Identifier: Apache-2.0 */
/* A probe of the user's own: "LIB:FUNCTION(int,ptr,str)->int". */
#ifndef VGPU_SOURCE_KWATCH_PROBE_H
#define VGPU_SOURCE_KWATCH_PROBE_H

#include <stdbool.h>
#include <stddef.h>

#include "shim/api/schema.h"
#include "shim/ring/layout.h"
#include "tracer/model/text.h"

#define KWATCH_TRIED 4u

/* A file that its pattern fits and that does not have it; kept open, since at the end it may be out of reach. */
struct kwatch_tried {
	int fd;
	char *path;
	uint64_t device, inode;
};

struct kwatch_probe {
	char *library;  /* a shell pattern: of a path where it has a slash, else of a file's name */
	char *name;
	const char *types; /* "int,ptr,str->int"; NULL: not stated, raw words then */
	bool placed;       /* in some file */
	bool refused;      /* by the kernel */
	bool here;         /* in the file that is being read */
	struct kwatch_tried tried[KWATCH_TRIED];
	uint32_t tried_count; /* files; more than KWATCH_TRIED are counted only */
	char *text;        /* what the strings above lie in */
	struct vgpu_function function;
	struct vgpu_param params[VGPU_ARGS_MAX];
};

/* 0, or -EINVAL with what is wrong in why. */
int kwatch_probe_parse(struct kwatch_probe *probe, const char *text, char *why, size_t size);
void kwatch_probe_free(struct kwatch_probe *probe);
/* A file that its pattern fits was read, and has it not. place: where it can be opened; path: its name. */
void kwatch_probe_tried(struct kwatch_probe *probe, const char *place, const char *path);
/* Appends why it was never placed ("was never placed: …"): enum vgpu_unplaced; places: that it was inlined at. */
uint32_t kwatch_probe_why(const struct kwatch_probe *probe, struct vgpu_text *out, uint64_t *places);
/* A pattern of --lib or --probe names this file. */
bool kwatch_pattern_fits(const char *pattern, const char *path);
/* NULL where the types are not stated. */
const struct vgpu_function *kwatch_probe_schema(const struct kwatch_probe *probe);

#endif
