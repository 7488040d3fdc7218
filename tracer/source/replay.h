/* SPDX-License-Identifier: Apache-2.0 */
/* Makes of a trace the file that our libraries answer from under --shim replay:FILE. */
#ifndef VGPU_SOURCE_REPLAY_H
#define VGPU_SOURCE_REPLAY_H

#include "tracer/model/stream.h"

struct vgpu_replay;

struct vgpu_replay_summary {
	uint64_t calls; /* that can be answered */
	uint64_t
	    left_out; /* successes that hand out memory or tables of functions, which nobody can hand out again */
	uint64_t
	    foreign; /* of functions that the trace describes otherwise than this program does */
	unsigned processes; /* that called */
	unsigned
	    libraries; /* bits 1 << enum vgpu_library_id: what has to be put in for the program to find what it found */
};

int vgpu_replay_open(struct vgpu_replay **out); /* 0 or -ENOMEM */
/* Takes the trace. */
struct vgpu_sink *vgpu_replay_sink(struct vgpu_replay *replay);
void vgpu_replay_summary(const struct vgpu_replay *replay, struct vgpu_replay_summary *out);
/* After the trace's end: a new file, 0600, replaced where it is there. 0 or -errno; -EFBIG: more than 4 GiB. */
int vgpu_replay_write(struct vgpu_replay *replay, const char *path);
void vgpu_replay_close(struct vgpu_replay *replay); /* takes NULL */

#endif
