/* SPDX-License-Identifier: Apache-2.0 */
/* Why a file has no function of a name that could be probed: stripped, inlined, or only thought to be there. */
#ifndef VGPU_SOURCE_ABSENT_H
#define VGPU_SOURCE_ABSENT_H

#include <stdbool.h>
#include <stdint.h>

#include "tracer/model/event.h"
#include "tracer/model/text.h"

#define VGPU_ABSENT_NEAR 3u

struct vgpu_absent {
	uint32_t reason;   /* enum vgpu_unplaced */
	uint32_t places;   /* INLINED: that it was inlined at */
	uint32_t exported; /* functions that the file itself exports */
	uint32_t near_count;
	char near[VGPU_ABSENT_NEAR][64]; /* names that are much like it, the likest first */
	bool table; /* there is a symbol table, of its own or in a debug file */
	bool debug; /* there is debug information, and all of it was looked through */
};

/*
 * Looks into an open file, and into its debug file (by build id in /usr/lib/debug, by debug link beside `path`)
 * where it has none itself. Nothing is fetched from anywhere. 0 or -errno: -ENOEXEC, no ELF file.
 */
int vgpu_absent_look(struct vgpu_absent *out, int fd, const char *path, const char *name);
/* Appends why, as what follows "was never placed: ". */
void vgpu_absent_say(const struct vgpu_absent *absent, const char *path, struct vgpu_text *out);

#endif
