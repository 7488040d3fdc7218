/* SPDX-License-Identifier: Apache-2.0 */
/* Names and source lines of addresses, from the files on this machine; the process may be long gone. */
#ifndef VGPU_SOURCE_SYMBOLS_H
#define VGPU_SOURCE_SYMBOLS_H

#include <stdbool.h>
#include <stdint.h>

#include "tracer/model/text.h"

struct vgpu_symbols;

/*
 * debug: directories of separate debug files, with colons between; NULL: the system's
 * (/usr/lib/debug). 0, -ENOMEM, -ENOTSUP: built without libdw.
 */
int vgpu_symbols_open(struct vgpu_symbols **out, const char *debug);
void vgpu_symbols_close(struct vgpu_symbols *symbols); /* takes NULL */

enum vgpu_symbols_found {
	VGPU_SYMBOLS_NONE,  /* no name: the file has none there */
	VGPU_SYMBOLS_NAME,
	VGPU_SYMBOLS_OTHER, /* the file at that path is another build, and its own is nowhere */
	VGPU_SYMBOLS_GONE,  /* there is no such file */
};

/*
 * Appends `name+0x1f (file.c:12)` for the return address at `offset` from where `path` was loaded.
 * With a build id only files that have it are believed: the one at the path, else a debug file by
 * that id. One thread at a time.
 */
enum vgpu_symbols_found vgpu_symbols_format(struct vgpu_symbols *symbols, const char *path, const uint8_t *build_id,
					    unsigned build_id_size, uint64_t offset, struct vgpu_text *out);
/* The same for a place that was being executed, not returned to. */
enum vgpu_symbols_found vgpu_symbols_format_exact(struct vgpu_symbols *symbols, const char *path, const uint8_t *build_id,
						  unsigned build_id_size, uint64_t offset, struct vgpu_text *out);

#endif
