/* SPDX-License-Identifier: Apache-2.0 */
/* The writer's side of the ring: creates an arena, gives threads their rings, appends to the process log. */
#ifndef VGPU_RING_RING_H
#define VGPU_RING_RING_H

#include <stddef.h>
#include <stdint.h>

#include "shim/ring/layout.h"

/*
 * Runs inside the traced process: no stdio, no allocation from the heap, no descriptor kept open.
 * Functions may set errno; callers on the call path restore it. Anything here may be called from
 * any thread and from signal handlers unless said otherwise.
 */
#pragma GCC visibility push(hidden)

struct vgpu_arena_options {
	const char *trace_dir;   /* $VGPU_TRACE_DIR or NULL */
	const char *runtime_dir; /* $XDG_RUNTIME_DIR or NULL */
	const char *session;     /* $VGPU_TRACE_SESSION or NULL */
	uint64_t forked_from;    /* pid of the process it was forked from, 0: none */
	uint32_t chunks;         /* cap, 0: VGPU_ARENA_CHUNKS */
};

/* Makes and maps this process's arena; never unmapped. Returns NULL when not even a memfd can be had. */
struct vgpu_arena *vgpu_arena_create(const struct vgpu_arena_options *options);

/* Index of a chunk, really allocated and all zero but for its header; 0: none left, or the disk is full. */
uint32_t vgpu_arena_take(struct vgpu_arena *arena, uint32_t head);
/* The last step of taking a chunk: readers look into it from now on. */
void vgpu_arena_publish(struct vgpu_arena *arena, uint32_t chunk, enum vgpu_chunk_kind kind);

static inline struct vgpu_chunk *vgpu_arena_chunk(struct vgpu_arena *arena, uint32_t chunk)
{
	return (struct vgpu_chunk *)((uint8_t *)arena + (size_t)chunk * VGPU_CHUNK_BYTES);
}

/* The chunk may be touched: its room is there. */
static inline int vgpu_arena_populated(const struct vgpu_arena *arena, uint32_t chunk)
{
	return __atomic_load_n(&arena->populated[chunk / 64], __ATOMIC_ACQUIRE) >> chunk % 64 & 1;
}

/*
 * Room for a record of `bytes` in the process log, its word already written as RESERVED; NULL when
 * the log is full (counted). Commit it when it is whole.
 */
void *vgpu_log_reserve(struct vgpu_arena *arena, enum vgpu_record_kind kind, size_t bytes);
void vgpu_log_commit(void *record);

/* The counter of this machine: the processor's where the kernel's clock is made of it. */
enum vgpu_counter vgpu_clock_kind(void);
/* CLOCK_MONOTONIC in ns. */
uint64_t vgpu_clock_monotonic(void);
/* Counter units between anchors: at most half a second on any machine of 1 GHz or more. */
#define VGPU_ANCHOR_TICKS    (UINT64_C(1) << 29)
#define VGPU_ANCHOR_CLOCK_NS UINT64_C(500000000)
/* Takes an anchor; returns the counter at which the next one is due. */
uint64_t vgpu_clock_anchor(struct vgpu_arena *arena);

/* A ring for the calling thread; NULL when there is no chunk left (counted in threads_refused). */
struct vgpu_thread *vgpu_thread_open(struct vgpu_arena *arena);
/* The thread ends: its chunks may be taken by others when there are no free ones. */
void vgpu_thread_close(struct vgpu_arena *arena, struct vgpu_thread *thread);
/*
 * Room for `size` bytes after an unsuccessful reservation in the cursor's segment: moves on to the
 * next one. Returns its offset in the arena, 0 when there is none (counted in dropped).
 */
uint32_t vgpu_thread_more(struct vgpu_arena *arena, struct vgpu_thread *thread, struct vgpu_cursor *cursor,
			  uint32_t size);

/* Offset of the interned copy of a stack, 0: no room (counted). */
uint32_t vgpu_stack_intern(struct vgpu_arena *arena, const uint64_t *frames, uint32_t count);

#pragma GCC visibility pop
#endif
