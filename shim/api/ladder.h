/* SPDX-License-Identifier: Apache-2.0 */
/* The driver's lookup ladder as a generated table; vgpu_ladder_find is in shim/api/schema.h. */
#ifndef VGPU_API_LADDER_H
#define VGPU_API_LADDER_H

#include <stdint.h>

struct vgpu_rung {
	const char *name;
	int32_t version;     /* lowest that selects this row */
	uint32_t function;   /* id */
	uint32_t per_thread; /* id of the per-thread-default-stream variant, 0: none */
};

/* Sorted by name (strcmp), then by version. */
extern const struct vgpu_rung vgpu_ladder[] __attribute__((visibility("hidden")));
extern const uint32_t vgpu_ladder_count __attribute__((visibility("hidden")));

#endif
