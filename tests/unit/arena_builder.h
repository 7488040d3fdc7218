/* SPDX-License-Identifier: Apache-2.0 */
/* Builds arenas byte by byte, from layout.h alone: what the reader is tested with before any writer. */
#ifndef TESTS_UNIT_ARENA_BUILDER_H
#define TESTS_UNIT_ARENA_BUILDER_H

#include <stddef.h>
#include <stdint.h>

#include "shim/ring/layout.h"

struct built {
	uint8_t *bytes;
	uint32_t chunks;
};

/* An arena of so many chunks with one anchor pair at 1 tick a ns, no thread and an empty log. */
void built_new(struct built *arena, uint32_t chunks);
void built_free(struct built *arena);
struct vgpu_arena *built_header(const struct built *arena);
struct vgpu_chunk *built_chunk(const struct built *arena, uint32_t chunk);
struct vgpu_thread *built_head(const struct built *arena, uint32_t chunk);
void built_anchor(struct built *arena, uint32_t index, uint64_t counter, uint64_t monotonic_ns);

/* Makes a chunk the HEAD of a thread that writes its first segment. */
struct vgpu_thread *built_thread(struct built *arena, uint32_t chunk, int tid, uint64_t start);
/* Ends the current segment and goes on with another (which == 1: the small one of a HEAD chunk). */
void built_switch(struct built *arena, struct vgpu_thread *thread, uint32_t chunk, uint32_t which,
		  enum vgpu_chunk_kind kind);
/* Moves the cursor over room for a record; returns the place. */
void *built_room(struct built *arena, struct vgpu_thread *thread, uint32_t size);
/* A call of nargs arguments that are ordinal, ordinal + 1, … and blob_bytes of blobs (zero). */
struct vgpu_call_record *built_call(struct built *arena, struct vgpu_thread *thread, uint64_t ordinal,
				    uint64_t enter, unsigned nargs, uint32_t blob_bytes);
void built_fill(struct vgpu_call_record *call, uint32_t size, uint32_t generation, uint64_t ordinal,
		uint64_t enter, unsigned nargs);
void built_inflight(struct vgpu_thread *thread, unsigned depth, uint32_t function, uint64_t ordinal);
/* A committed record in the process log. */
void *built_log(struct built *arena, uint8_t kind, uint32_t size);

/* Writes the first `bytes` of it (0: all) to a file. */
void built_save(const struct built *arena, const char *path, size_t bytes);

#endif
