/* SPDX-License-Identifier: Apache-2.0 */
/* What later events refer to, kept when the blocks it lies in are given up. */
#ifndef VGPU_FILE_KEPT_H
#define VGPU_FILE_KEPT_H

#include "tracer/model/gap.h"

/* What an event is worth once newer ones want its place. */
enum vgpu_rank {
	VGPU_RANK_CALL,     /* many, and nothing refers to them: never kept */
	VGPU_RANK_HAPPENED, /* tells of one moment */
	VGPU_RANK_ENDED,    /* of a process that is gone */
	VGPU_RANK_PROCESS,  /* what a process is: name, libraries, surroundings */
	VGPU_RANK_NAME,     /* which process it is */
	VGPU_RANK_WHOLE,    /* of the recording: machine, session, observers */
};
enum vgpu_rank vgpu_rank_of(const struct vgpu_event *event);

struct vgpu_kept_entry {
	struct vgpu_event *event; /* a copy */
	uint32_t size;
	uint32_t rank; /* enum vgpu_rank */
};

/* Starts zeroed, with a reason and a limit in gap. */
struct vgpu_kept {
	struct vgpu_kept_entry *entries; /* in the order in which they came */
	uint32_t count, room;
	size_t bytes, bytes_max;
	struct vgpu_event_gap gap; /* all that came and is not in here */
	uint64_t gap_number;       /* of the latest of those */
};

/* Takes a copy, or counts it in the gap. What was kept goes into the gap, the least worth first, where there is no room. 0 or -ENOMEM. */
int vgpu_kept_add(struct vgpu_kept *kept, const struct vgpu_event *event);
void vgpu_kept_free(struct vgpu_kept *kept);

#endif
