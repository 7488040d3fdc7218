/* SPDX-License-Identifier: Apache-2.0 */
/* The observers of running processes from outside, together: their rings, and the kernel where it is wanted. */
#ifndef VGPU_SOURCE_OBSERVERS_H
#define VGPU_SOURCE_OBSERVERS_H

#include "tracer/model/merge.h"
#include "tracer/source/kwatch.h"
#include "tracer/source/ring.h"
#include "tracer/source/roster.h"

/* One thread uses it. Its owner reads the members, and emits into stream. */
struct vgpu_observers {
	struct vgpu_roster *roster;
	struct vgpu_rings *rings;
	struct vgpu_kwatch *kernel; /* NULL: off */
	struct vgpu_merge *merge;   /* NULL: no call can have two witnesses */
	struct vgpu_stream to;      /* the merge alone */
	struct vgpu_stream *stream; /* what the sources emit goes here */
	bool link;                  /* it was said that the link observer is on */
	uint64_t next_look_ns;
	uint64_t looked_ns; /* when rings were looked for last */
};

/*
 * kernel: NULL, it stays off; its roster, ending and data are filled in here. Calls that run for
 * pending_ns are reported as running. What comes out goes to `out`, which must outlive it. 0 or
 * -errno; then only vgpu_observers_close may follow.
 */
int vgpu_observers_open(struct vgpu_observers *on, const struct vgpu_kwatch_options *kernel,
			uint64_t pending_ns, struct vgpu_stream *out);
void vgpu_observers_close(struct vgpu_observers *on); /* also one that is all zero */

/* Emits what is new. Returns how many records or events there were, or -ENOMEM. */
int vgpu_observers_poll(struct vgpu_observers *on);
/* The last of everything; the probes go. */
void vgpu_observers_finish(struct vgpu_observers *on);

#endif
