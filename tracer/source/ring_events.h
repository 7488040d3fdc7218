/* SPDX-License-Identifier: Apache-2.0 */
/* Private to source/ring*.c: one open ring, and its records as events. */
#ifndef VGPU_SOURCE_RING_EVENTS_H
#define VGPU_SOURCE_RING_EVENTS_H

#include <stdbool.h>

#include "shim/ring/reader.h"
#include "tracer/model/stream.h"
#include "tracer/source/roster.h"

/* A thread of a ring: its number in the stream, and what was said of it. */
struct vgpu_ring_thread_state {
	uint32_t ring_thread;
	uint32_t number;
	uint64_t pending_upto; /* 1 + the highest ordinal reported as pending */
};

struct vgpu_link_state;

struct vgpu_ring_state {
	struct vgpu_ring_state *next;
	struct vgpu_ring *ring;
	struct vgpu_process identity;
	uint32_t observer;
	uint32_t place;
	uint32_t process; /* number in the stream */
	struct vgpu_known *known;
	char *path;       /* NULL: memory only */
	uint64_t number;  /* of its RING event */
	struct vgpu_link_state *link; /* of a link observer's ring, else NULL */
	struct vgpu_ring_thread_state *threads;
	uint32_t thread_count;
	uint64_t lost;    /* as last said, while it is open */
	int error;
	bool orphan;    /* its process is gone, children that it forked may still write here */
	bool finished;  /* read to the end, closed */
	bool forgotten; /* and of no use any more */
};

struct vgpu_ring_item {
	struct vgpu_ring_state *state;
	struct vgpu_ring_event event;
	struct vgpu_ring_time time;
	uint64_t key_ns;
	uint64_t sequence;
};

void vgpu_ring_item_time(struct vgpu_ring_item *item);
/* A library's record comes before the first call into it, although it was entered before the library joined. */
void vgpu_ring_libraries_first(struct vgpu_ring_item *items, size_t count);

void vgpu_ring_emit_found(struct vgpu_ring_state *state, struct vgpu_stream *stream);
void vgpu_ring_emit_item(const struct vgpu_ring_item *item, uint32_t *threads, struct vgpu_stream *stream);
/* gone: its process ended, and nothing in flight will ever return. */
void vgpu_ring_emit_pending(struct vgpu_ring_state *state, uint64_t older_ns, bool gone, uint32_t *threads,
			    struct vgpu_stream *stream);
void vgpu_ring_emit_losses(const struct vgpu_ring_state *state, struct vgpu_stream *stream);

#endif
