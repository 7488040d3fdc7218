/* SPDX-License-Identifier: Apache-2.0 */
/* Calls with those they were made in: who called whom, strictly nested in time. Over tree.h. */
#ifndef VGPU_MODEL_NEST_H
#define VGPU_MODEL_NEST_H

#include "tracer/model/event.h"
#include "tracer/model/tree.h"

/* A call whose inner calls may still follow. */
struct vgpu_nest_call {
	struct vgpu_nest_call *parent; /* NULL: an outermost one, or its parent is not on record */
	uint64_t number;   /* of its event */
	uint64_t ordinal;
	uint64_t start_ns; /* within its parent and not before the end of the call before it */
	uint64_t end_ns;   /* likewise; UINT64_MAX: it has not returned so far */
	uint64_t inner_ns; /* that the calls directly inside took */
	uint64_t last_ns;  /* end of the last of those */
	uint32_t function;
	uint32_t level;    /* 0: outermost */
	uint8_t depth;     /* as recorded */
	uint64_t id;       /* the user's own */
	void *data;        /* the user's own; freed by the user in leave */
};

/* Each 0 or -errno, which vgpu_nest_event then returns. NULL where it does not matter. */
struct vgpu_nest_ops {
	/* A call, outer before inner, a thread's in order. */
	int (*enter)(void *data, const struct vgpu_event *event, enum vgpu_tree_mark mark, struct vgpu_nest_call *call);
	/* The result of one that was entered as UNFINISHED. */
	int (*resume)(void *data, const struct vgpu_event *event, struct vgpu_nest_call *call);
	/* All its inner calls have been seen. */
	int (*leave)(void *data, struct vgpu_nest_call *call);
};

struct vgpu_nest;

/* ops is not copied. */
int vgpu_nest_open(struct vgpu_nest **out, const struct vgpu_nest_ops *ops, void *data);
/* Leaves what is open; takes NULL. */
void vgpu_nest_close(struct vgpu_nest *nest);
/* Takes any event, in the stream's order: calls, and the ends of processes and programs. */
int vgpu_nest_event(struct vgpu_nest *nest, const struct vgpu_event *event);
/* The stream ended. */
int vgpu_nest_end(struct vgpu_nest *nest);

#endif
