/* SPDX-License-Identifier: Apache-2.0 */
/* What a program writes to descriptor 2, without rights and wherever it leads: by notifications of seccomp. */
#ifndef VGPU_SOURCE_OVERHEAR_H
#define VGPU_SOURCE_OVERHEAR_H

#include <stdint.h>

#include "tracer/model/stream.h"
#include "tracer/source/roster.h"

/*
 * A filter in the program tells of each write(2) and writev(2) to descriptor 2, and the kernel holds it until somebody
 * says that it may go on. If nobody were left to say so, these calls would fail for ever: so a process that does
 * nothing else does, and it stays until the last process with the filter is gone, whatever becomes of us. Each such
 * call costs some microseconds; programs with a set-user-id bit do not get their rights, unless the caller is root.
 */
struct vgpu_overhear;

/* Starts that process. Before the caller takes in orphans, or it would be one of them. 0 or -errno. */
int vgpu_overhear_open(struct vgpu_overhear **out, struct vgpu_roster *roster);
/* Ours only: the other process goes on while there is anybody to answer. Takes NULL. */
void vgpu_overhear_close(struct vgpu_overhear *overhear);
/* In the child that is about to execute the program (struct vgpu_spawn): puts the filter in, if it may. */
void vgpu_overhear_prepare(void *overhear);
/* Emits what was written. What a process wrote before its end is there when that end is known. Returns how many. */
int vgpu_overhear_poll(struct vgpu_overhear *overhear, struct vgpu_stream *stream);
/* To wait for, with poll(2). */
int vgpu_overhear_fd(const struct vgpu_overhear *overhear);
/* Why nothing is heard: errno, 0: it is. Known once the program executes. */
int vgpu_overhear_error(const struct vgpu_overhear *overhear);
/* Pieces that found no room, since we were behind. */
uint64_t vgpu_overhear_lost(const struct vgpu_overhear *overhear);

#endif
