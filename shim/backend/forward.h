/* SPDX-License-Identifier: Apache-2.0 */
/* Private to the backend "forward": the library behind us, and what it hands out by name. */
#ifndef VGPU_BACKEND_FORWARD_H
#define VGPU_BACKEND_FORWARD_H

#include <stdbool.h>
#include <stdint.h>

#include "shim/entry/library.h"

#define FORWARD_FUNCTIONS 1024u

/* Addresses of one loaded object. */
struct forward_range {
	uint64_t start, size;
};

struct forward_state {
	const struct vgpu_library *library;
	void **dispatch;
	void *handle;
	struct forward_range own, target;
	void *symbol[FORWARD_FUNCTIONS]; /* by function number: the target's own, NULL where it lacks one */
};

#pragma GCC visibility push(hidden)
extern struct forward_state forward;

static inline bool forward_within(const struct forward_range *range, const void *address)
{
	return (uint64_t)(uintptr_t)address - range->start < range->size;
}

/*
 * What stands in the dispatch table for a function that hands out entry points, so that ours are
 * handed out where we have them; NULL: not such a function.
 */
void *forward_lookup(const char *name, void *symbol);

struct link_map;
/* Looks at the target's tables, and at those of what it names as needed; once, after it was loaded. */
void forward_exports_open(const struct link_map *target);
/* Whether the target exports a name; or_needed: or what it needs does, or that cannot be told. */
bool forward_exports(const char *name, bool or_needed);
#pragma GCC visibility pop

#endif
