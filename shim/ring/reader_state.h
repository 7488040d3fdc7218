/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of the reader share: its copies, its threads, the events of the last poll. */
#ifndef VGPU_RING_READER_STATE_H
#define VGPU_RING_READER_STATE_H

#include <stdbool.h>

#include "shim/ring/reader.h"

/* A ring has few gaps: one for each time that its latest part ran around between two polls. */
#define READER_SPANS_MAX   256u
/* Rooms that were reserved and are not committed yet: at most one a nested signal handler. */
#define READER_HOLES_MAX   8u
#define READER_ANCHORS_MAX 4096u
/* A process may start threads for ever; of those whose room was taken, the oldest are forgotten. */
#define READER_THREADS_MAX 65536u

/* Kinds of the link observer's records; what is in them is for whoever knows shim/audit/layout.h. */
#define READER_KIND_LINK      16u
#define READER_KIND_LINK_LAST 31u

/* Ordinals [from, to) that were read. */
struct reader_span {
	uint64_t from, to;
};

struct reader_thread {
	uint32_t id;
	uint32_t head; /* its HEAD chunk; 0: that belongs to another thread now */
	int32_t tid;
	char name[17];
	uint64_t start, end;
	uint64_t ordinal; /* as the header says */
	uint64_t dropped, overwritten, unwound;
	uint64_t read;
	uint64_t highest;     /* past the highest ordinal that was read */
	uint64_t floor;       /* spans below this were forgotten */
	uint64_t in_progress; /* calls pending at the last poll */
	struct reader_span *spans;
	uint32_t spans_count, spans_room;
};

struct reader_hole {
	uint32_t from, to; /* offsets in the chunk */
	uint64_t word;     /* what its first word was */
};

/* How far a segment was read. */
struct reader_segment {
	uint32_t generation;
	uint32_t at; /* offset in the chunk */
	uint32_t holes;
	struct reader_hole hole[READER_HOLES_MAX];
	struct reader_thread *owner;
};

struct reader_chunk {
	struct vgpu_chunk header;       /* of this poll */
	struct vgpu_thread *head;       /* HEAD chunks: of this poll, NULL where it was changing */
	struct reader_thread *thread;   /* HEAD chunks: whose it is */
	struct reader_segment segment[2];
	uint8_t *stacks;                /* STACKS chunks: those stacks that were asked for */
};

struct reader_event {
	uint64_t key;    /* entry time */
	uint32_t order;  /* as read: keeps the sort stable */
	uint32_t offset; /* in bytes */
	uint32_t size;
	uint32_t kind;
	struct reader_thread *thread; /* NULL: process log */
};

struct reader_pending {
	struct reader_thread *thread;
	uint32_t depth;
	struct vgpu_inflight slot;
};

/* The line through two anchors, and what follows from them alone. Holds for counters in [from, upto). */
struct reader_line {
	uint64_t from, upto; /* upto 0: there is none */
	const struct vgpu_anchor *a, *b;
	uint64_t ticks, ns;
	uint64_t error_ns; /* at least */
	uint64_t slope_ns; /* by how much the slope may be wrong, over all of its length */
	bool inside;       /* between the two anchors, not beyond */
};

struct vgpu_ring {
	/* source */
	int fd;    /* -1: memory */
	int pidfd;
	pid_t pid;
	uint64_t base;
	size_t bytes;

	struct vgpu_arena arena;
	struct reader_segment log;
	struct reader_chunk chunk[VGPU_ARENA_CHUNKS];

	struct reader_thread **threads;
	uint32_t threads_count, threads_room, next_thread;
	uint64_t retired_read; /* records read of threads whose room was taken since */

	const struct vgpu_ring_light *light; /* NULL: every call is handed out */
	bool lightly;                        /* in this poll */

	struct reader_pending *pending;
	uint32_t pending_count, pending_room;

	/* events of the last poll: the process log's, then calls */
	struct reader_event *events;
	uint32_t events_count, events_room, events_next;
	struct reader_event *spare; /* for sorting them */
	uint32_t spare_room;
	uint8_t *data;
	size_t data_size, data_room;

	/* one chunk, copied twice: see reader_segment.c */
	uint8_t *words, *bodies;

	struct vgpu_anchor *anchors; /* sorted by counter, which rises with the time */
	struct reader_line *line;    /* the one that was used last; reader_time.c */
	uint32_t anchors_count;
	uint32_t anchors_seen;       /* highest sequence taken */
	int own_anchors;             /* 1: this machine's clocks are the ring's; 0: not; -1: not known yet */
	uint64_t own_anchor_ns;
};

/* Copies what there is of [offset, offset + bytes); zeroes the rest. Returns the bytes there were, or -errno. */
ssize_t reader_copy(struct vgpu_ring *ring, uint64_t offset, void *out, size_t bytes);

/* Reads what is new in the process log, and in all segments of all threads. 0 or -errno. */
int reader_log_read(struct vgpu_ring *ring);
int reader_segments_read(struct vgpu_ring *ring);

/* Copies the headers of all chunks, finds out which thread each HEAD belongs to and what it has in flight. */
int reader_threads_read(struct vgpu_ring *ring);
void reader_threads_free(struct vgpu_ring *ring);
/* true: this ordinal was not read before. */
bool reader_ordinal_insert(struct reader_thread *thread, uint64_t ordinal);
bool reader_ordinal_read(const struct reader_thread *thread, uint64_t ordinal);
/* Takes calls off the pending list whose record was read meanwhile. */
void reader_pending_settle(struct vgpu_ring *ring);

/* Records of a thread's segment, as copied. */
struct reader_range {
	const uint8_t *words, *bodies;
	uint32_t bytes;
	uint32_t light; /* of these bytes, calls that begin before this may be counted only */
	uint32_t generation;
};
/* Has calls counted instead of handed out, from the beginning on. Returns the bytes of those that were. */
uint32_t reader_light(struct vgpu_ring *ring, struct reader_thread *thread, const struct reader_range *range);
/* Whether this poll has enough to read for it: once the threads were read. */
bool reader_light_due(const struct vgpu_ring *ring);

/* Appends an event. 0 or -errno. body is size bytes, a multiple of 8. */
int reader_event_add(struct vgpu_ring *ring, const uint8_t *body, uint32_t size, uint32_t kind,
		     struct reader_thread *thread, uint64_t key);
void reader_events_sort(struct vgpu_ring *ring);

/* Takes the anchors of the header copied last; only those equal in both copies are whole. */
void reader_anchors_take(struct vgpu_ring *ring, const struct vgpu_anchor *again);

/* More chunks may have been allocated since the header was copied. */
int reader_allocated_read(struct vgpu_ring *ring);

int reader_grow(void **array, uint32_t *room, uint32_t need, size_t size);

#endif
