/* SPDX-License-Identifier: Apache-2.0 */
/* Running processes by number or name, with all that descends from them, as a live source: their rings. */
#ifndef VGPU_SOURCE_WATCH_H
#define VGPU_SOURCE_WATCH_H

#include <sys/types.h>

#include "tracer/source/find.h"

struct vgpu_watch;

/*
 * pid 0: by name, which is not copied. Emits what there is and what has been; *find (may be NULL)
 * says what was found. A process without a ring yet is waited for. 0 or -errno.
 */
int vgpu_watch_open(struct vgpu_watch **out, pid_t pid, const char *name, struct vgpu_stream *stream,
		    struct vgpu_find *find);
void vgpu_watch_close(struct vgpu_watch *watch); /* takes NULL */

/*
 * Emits what is new. Returns 1: so much came that more is on its way; 0: nothing more now;
 * -ENODATA: all are gone that were meant by number (a name may come again).
 */
int vgpu_watch_poll(struct vgpu_watch *watch, struct vgpu_stream *stream);

#endif
