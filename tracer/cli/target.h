/* SPDX-License-Identifier: Apache-2.0 */
/* What a command is to read: a file, a process by its number, processes by their name. */
#ifndef VGPU_CLI_TARGET_H
#define VGPU_CLI_TARGET_H

#include "tracer/model/stream.h"

struct vgpu_target;

/* Finds out what `word` means and opens it. Returns 0, or reports what is wrong and returns -errno. */
int vgpu_target_open(struct vgpu_target **out, const char *word);
/*
 * Emits everything there is. Returns 0, or -errno after reporting it; what could be read has been
 * emitted all the same.
 */
int vgpu_target_read(struct vgpu_target *target, struct vgpu_stream *stream);
void vgpu_target_close(struct vgpu_target *target); /* takes NULL */

#endif
