/* SPDX-License-Identifier: Apache-2.0 */
/* The file that a command records to: a new one, or one that is gone on with. */
#ifndef VGPU_CLI_RECORD_H
#define VGPU_CLI_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "tracer/file/vgt.h"

/* What a file that is gone on with has given out already. */
struct vgpu_record_start {
	uint64_t events;
	uint32_t processes, threads;
};

/*
 * append: goes on behind what is there, where there is a file. 0 or -errno; besides those of
 * vgpu_vgt_create and _open: -ENOTRECOVERABLE, it has no end; -ESTALE, of another boot of this machine,
 * or of another machine: its clock does not go on.
 */
int vgpu_record_open(struct vgpu_vgt_writer **out, const char *path, bool append, struct vgpu_record_start *start);
void vgpu_record_say(const char *path, int err);

#endif
