/* SPDX-License-Identifier: Apache-2.0 */
/* Finds rings of processes by number or name: of live ones through /proc, of ended ones where rings lie. */
#ifndef VGPU_SOURCE_FIND_H
#define VGPU_SOURCE_FIND_H

#include <stdbool.h>
#include <sys/types.h>

#include "tracer/source/ring.h"

struct vgpu_find {
	unsigned matched; /* live processes of that number or name */
	unsigned denied;  /* of those: we may not look into */
	unsigned rings;   /* found */
};

/*
 * Adds the rings of process pid (or, where it is 0, of all processes whose name, or whose
 * executable's, is `name`; both 0 and NULL: of all). Root finds those of all users.
 */
void vgpu_find_rings(struct vgpu_find *find, struct vgpu_rings *rings, pid_t pid, const char *name,
		     struct vgpu_stream *stream);

/* Calls `each` for every directory of this machine where rings may lie. */
void vgpu_find_directories(void (*each)(const char *path, void *data), void *data);

#endif
