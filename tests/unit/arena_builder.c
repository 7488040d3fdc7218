// SPDX-License-Identifier: Apache-2.0
/* Builds arenas byte by byte. */
#include "tests/unit/arena_builder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct vgpu_chunk *built_chunk(const struct built *arena, uint32_t chunk)
{
	return (struct vgpu_chunk *)(void *)(arena->bytes + (size_t)chunk * VGPU_CHUNK_BYTES);
}

struct vgpu_arena *built_header(const struct built *arena)
{
	return (struct vgpu_arena *)(void *)arena->bytes;
}

struct vgpu_thread *built_head(const struct built *arena, uint32_t chunk)
{
	return (struct vgpu_thread *)(void *)built_chunk(arena, chunk);
}

void built_anchor(struct built *arena, uint32_t index, uint64_t counter, uint64_t monotonic_ns)
{
	struct vgpu_arena *header = built_header(arena);

	header->anchor[index] = (struct vgpu_anchor){
		.counter = counter,
		.monotonic_ns = monotonic_ns,
		.boottime_ns = monotonic_ns + 1000000000000u,
		.realtime_ns = monotonic_ns + 1700000000000000000u,
		.error = 10,
		.sequence = (uint32_t)++header->anchor_count,
	};
}

void built_new(struct built *arena, uint32_t chunks)
{
	struct vgpu_arena *header;

	arena->chunks = chunks;
	arena->bytes = calloc(chunks, VGPU_CHUNK_BYTES);
	if (!arena->bytes)
		abort();
	header = built_header(arena);
	header->chunk.magic = VGPU_CHUNK_MAGIC;
	header->chunk.kind = VGPU_CHUNK_ARENA;
	header->magic = VGPU_ARENA_MAGIC;
	header->core_abi = VGPU_CORE_ABI;
	header->chunks = chunks;
	header->allocated = chunks;
	header->counter = VGPU_COUNTER_TSC;
	header->log_start = VGPU_LOG_START;
	header->log_offset = VGPU_LOG_START;
	header->log_limit = VGPU_CHUNK_BYTES;
	header->observer = VGPU_OBSERVER_RING;
	header->process.pid = 4711;
	strcpy(header->process.comm, "built");
	built_anchor(arena, 0, 1000, 1000);
	built_anchor(arena, 1, 1001000, 1001000);
}

void built_free(struct built *arena)
{
	free(arena->bytes);
	arena->bytes = NULL;
}

static void segment_begin(struct built *arena, struct vgpu_thread *thread, uint32_t chunk, uint32_t which)
{
	struct vgpu_segment *segment = &built_chunk(arena, chunk)->segment[which];

	segment->generation += 2;
	segment->used = UINT32_MAX;
	segment->order = ++thread->order;
	thread->cursor[0].current = chunk << 1 | which;
	thread->cursor[0].generation = segment->generation;
	thread->cursor[0].offset = chunk * VGPU_CHUNK_BYTES + segment->start;
	thread->cursor[0].limit = chunk * VGPU_CHUNK_BYTES + segment->end;
}

struct vgpu_thread *built_thread(struct built *arena, uint32_t chunk, int tid, uint64_t start)
{
	struct vgpu_thread *thread = built_head(arena, chunk);

	thread->chunk.magic = VGPU_CHUNK_MAGIC;
	thread->chunk.kind = VGPU_CHUNK_HEAD;
	thread->chunk.head = chunk;
	thread->chunk.segment[0].start = VGPU_HEAD_FIRST_START;
	thread->chunk.segment[0].end = VGPU_HEAD_LATEST_START;
	thread->chunk.segment[1].start = VGPU_HEAD_LATEST_START;
	thread->chunk.segment[1].end = VGPU_CHUNK_BYTES;
	thread->tid = tid;
	thread->start = start;
	snprintf(thread->name, sizeof(thread->name), "t%d", tid);
	segment_begin(arena, thread, chunk, 0);
	thread->state = VGPU_THREAD_LIVE;
	return thread;
}

void built_switch(struct built *arena, struct vgpu_thread *thread, uint32_t chunk, uint32_t which,
		  enum vgpu_chunk_kind kind)
{
	struct vgpu_chunk *to = built_chunk(arena, chunk);
	uint32_t old = thread->cursor[0].current >> 1;

	built_chunk(arena, old)->segment[thread->cursor[0].current & 1].used =
		thread->cursor[0].offset - old * VGPU_CHUNK_BYTES;
	if (to->kind == VGPU_CHUNK_FREE) {
		to->magic = VGPU_CHUNK_MAGIC;
		to->head = (uint32_t)(((uint8_t *)thread - arena->bytes) / VGPU_CHUNK_BYTES);
		to->segment[0].start = sizeof(struct vgpu_chunk);
		to->segment[0].end = VGPU_CHUNK_BYTES;
	}
	to->kind = kind;
	segment_begin(arena, thread, chunk, which);
}

void *built_room(struct built *arena, struct vgpu_thread *thread, uint32_t size)
{
	void *place = arena->bytes + thread->cursor[0].offset;

	if (thread->cursor[0].offset + size > thread->cursor[0].limit)
		abort();
	thread->cursor[0].offset += size;
	return place;
}

void built_fill(struct vgpu_call_record *call, uint32_t size, uint32_t generation, uint64_t ordinal,
		uint64_t enter, unsigned nargs)
{
	uint64_t *args = (uint64_t *)(call + 1);

	*call = (struct vgpu_call_record){
		.word = { .size8 = (uint16_t)(size / 8),
			  .kind = VGPU_KIND_CALL,
			  .state = VGPU_STATE_COMMITTED,
			  .generation = generation },
		.function = 0x10001,
		.nargs = (uint8_t)nargs,
		.ordinal = ordinal,
		.enter = enter,
		.leave = enter + 7,
		.caller = 0x4000 + ordinal,
		.result = ordinal * 3,
	};
	for (unsigned i = 0; i < nargs; i++)
		args[i] = ordinal + i;
}

struct vgpu_call_record *built_call(struct built *arena, struct vgpu_thread *thread, uint64_t ordinal,
				    uint64_t enter, unsigned nargs, uint32_t blob_bytes)
{
	uint32_t size = (uint32_t)sizeof(struct vgpu_call_record) + nargs * 8u + blob_bytes;
	struct vgpu_call_record *call = built_room(arena, thread, size);

	built_fill(call, size, thread->cursor[0].generation, ordinal, enter, nargs);
	if (thread->ordinal <= ordinal)
		thread->ordinal = ordinal + 1;
	return call;
}

void built_inflight(struct vgpu_thread *thread, unsigned depth, uint32_t function, uint64_t ordinal)
{
	thread->inflight[depth] = (struct vgpu_inflight){
		.function = function,
		.nargs = 1,
		.text_param = 0xff,
		.ordinal = ordinal,
		.enter = ordinal * 10,
		.args = { ordinal },
	};
	thread->depth = depth + 1;
	if (thread->ordinal <= ordinal)
		thread->ordinal = ordinal + 1;
}

void *built_log(struct built *arena, uint8_t kind, uint32_t size)
{
	struct vgpu_arena *header = built_header(arena);
	struct vgpu_word *word = (void *)(arena->bytes + header->log_offset);

	*word = (struct vgpu_word){
		.size8 = (uint16_t)(size / 8), .kind = kind, .state = VGPU_STATE_COMMITTED
	};
	header->log_offset += size;
	return word;
}

void built_save(const struct built *arena, const char *path, size_t bytes)
{
	FILE *file = fopen(path, "w");

	if (!bytes)
		bytes = (size_t)arena->chunks * VGPU_CHUNK_BYTES;
	if (!file || fwrite(arena->bytes, 1, bytes, file) != bytes || fclose(file))
		abort();
}
