/* SPDX-License-Identifier: Apache-2.0 */
/* Running processes by number or name, with all that descends from them, as a live source. */
#ifndef VGPU_SOURCE_WATCH_H
#define VGPU_SOURCE_WATCH_H

#include <stdbool.h>
#include <sys/types.h>

#include "tracer/source/find.h"

struct vgpu_watch;

enum vgpu_watch_kernel {
	VGPU_WATCH_KERNEL_OFF,
	/* Where it is permitted, and not on libraries of ours: what it sees of them costs thirty times what their ring does. */
	VGPU_WATCH_KERNEL_AUTO,
	VGPU_WATCH_KERNEL_ON,
};

struct vgpu_watch_options {
	pid_t pid;
	const char *name; /* where pid is 0; not copied */
	enum vgpu_watch_kernel kernel;
	bool background;  /* the kernel observer, which takes half a second, is opened beside: vgpu_watch_opening */
	char *why;        /* KERNEL_ON: why it cannot be had; may be NULL */
	size_t why_size;  /* both stay where they are while it is opened */
};

/*
 * Emits what there is and what has been into the stream, which must outlive it; *find (may be NULL)
 * says what was found. A process without a ring yet is waited for. 0 or -errno.
 */
int vgpu_watch_open(struct vgpu_watch **out, const struct vgpu_watch_options *options, struct vgpu_stream *stream,
		    struct vgpu_find *find);
void vgpu_watch_close(struct vgpu_watch *watch); /* takes NULL */
/*
 * With `background`: nothing was emitted yet, and polls return 0 at once. The poll after which this is
 * false emitted what vgpu_watch_open else does (*find is not filled in), or returned why not.
 */
bool vgpu_watch_opening(const struct vgpu_watch *watch);

/*
 * Emits what is new. Returns 1: so much came that more is on its way; 0: nothing more now;
 * -ENODATA: all are gone that were meant by number (a name may come again).
 */
int vgpu_watch_poll(struct vgpu_watch *watch);
/* Whether one that was found still runs, or has a ring that was not read to its end. */
bool vgpu_watch_live(const struct vgpu_watch *watch);
/* Nothing more is waited for: emits the calls that are running, and what was lost. Only close may follow. */
void vgpu_watch_finish(struct vgpu_watch *watch);

#endif
