// SPDX-License-Identifier: Apache-2.0
/* The ring's reader on hostile arenas: libFuzzer's entry, or a fixed number of mutations from a seed. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "shim/ring/reader.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/arena_builder.h"

static volatile uint64_t sink;

static void touch(const void *data, size_t size)
{
	const uint8_t *bytes = data;
	uint64_t sum = 0;

	for (size_t i = 0; i < size; i++)
		sum += bytes[i];
	sink += sum;
}

/* Uses all that a poll gives; returns the calls among it. */
static uint64_t use(struct vgpu_ring *ring)
{
	struct vgpu_ring_pending pending;
	struct vgpu_ring_thread thread;
	struct vgpu_ring_losses losses;
	struct vgpu_ring_event event;
	struct vgpu_ring_time time;
	uint64_t calls = 0, before = 0;
	uint32_t count;

	while (vgpu_ring_next(ring, &event)) {
		CHECK(event.thread_name);
		sink += strlen(event.thread_name);
		if (event.kind == VGPU_KIND_CALL) {
			const struct vgpu_blob *blob;
			size_t at = 0;

			calls++;
			CHECK(event.thread);
			CHECK(event.call->enter >= before);
			before = event.call->enter;
			CHECK(event.call->nargs <= VGPU_ARGS_MAX);
			CHECK((event.call->word.state & 15) == VGPU_STATE_COMMITTED);
			touch(event.call, sizeof(*event.call));
			touch(event.args, event.call->nargs * sizeof(*event.args));
			touch(event.blobs, event.blob_bytes);
			while ((blob = vgpu_ring_blob(&event, &at))) {
				CHECK(blob->size <= VGPU_BLOB_MAX);
				CHECK(at <= event.blob_bytes);
				touch(blob + 1, blob->size);
				if (blob->param == VGPU_BLOB_STACK && blob->size == 4) {
					uint32_t offset;
					const uint64_t *frames;

					memcpy(&offset, blob + 1, 4);
					frames = vgpu_ring_stack(ring, offset, &count);
					if (frames)
						touch(frames, count * sizeof(*frames));
				}
			}
			vgpu_ring_time(ring, event.call->enter, &time);
			sink += vgpu_ring_duration_ns(ring, event.call->enter, event.call->leave);
		} else {
			CHECK(!event.thread && !calls);
			if (event.kind == VGPU_KIND_LIBRARY)
				CHECK(strlen(event.library->path) == event.text_bytes);
			else if (event.kind == VGPU_KIND_TEXT)
				CHECK(strlen(event.text->text) == event.text_bytes);
			else if (event.kind >= 16)
				touch(event.link, event.link->size8 * 8u);
			else
				CHECK(strlen(event.gate->reason) == event.text_bytes);
		}
	}
	for (uint32_t i = 0; vgpu_ring_pending(ring, i, &pending); i++) {
		CHECK(i < VGPU_ARENA_CHUNKS * VGPU_INFLIGHT_MAX);
		CHECK(strlen(pending.call->text) < sizeof(pending.call->text));
		CHECK(pending.call->nargs <= VGPU_ARGS_MAX && pending.call->function);
		touch(pending.call, sizeof(*pending.call));
	}
	for (uint32_t i = 0; vgpu_ring_thread(ring, i, &thread); i++)
		CHECK(thread.missed <= thread.overwritten && strlen(thread.name) < sizeof(thread.name));
	vgpu_ring_losses(ring, &losses);
	for (uint32_t chunk = 0; chunk < 8; chunk++)
		vgpu_ring_stack(ring, chunk * VGPU_CHUNK_BYTES + 64, &count);
	vgpu_ring_time(ring, UINT64_MAX, &time);
	vgpu_ring_time(ring, 0, &time);
	touch(vgpu_ring_arena(ring), sizeof(struct vgpu_arena));
	return calls;
}

static int ring_file = -1;
static char ring_path[64];
static struct vgpu_ring *open_ring; /* of lightly() */

static void store(const uint8_t *data, size_t size)
{
	if (ring_file < 0) {
		ring_file = memfd_create("fuzz-ring", MFD_CLOEXEC);
		CHECK(ring_file >= 0);
		snprintf(ring_path, sizeof(ring_path), "/proc/self/fd/%d", ring_file);
	}
	CHECK(!ftruncate(ring_file, 0));
	CHECK(pwrite(ring_file, data, size, 0) == (ssize_t)size);
}

/* Some are, so that all ways are gone. */
static bool like(void *data, uint32_t thread, const struct vgpu_call_record *call, size_t bytes)
{
	CHECK(!data && thread);
	CHECK(call->nargs <= VGPU_ARGS_MAX && sizeof(*call) + call->nargs * 8u <= bytes);
	touch(call, bytes);
	return (call->ordinal ^ call->result) % 5;
}

static void count(void *data, uint32_t thread, const struct vgpu_call_record *call, size_t bytes)
{
	CHECK(like(data, thread, call, bytes));
	sink += vgpu_ring_tick_ns(open_ring, call->enter) > 0;
}

/* The same arena, with calls counted instead of handed out: none is read twice, or more often than without. */
static void lightly(uint64_t read)
{
	static const struct vgpu_ring_light light = { .like = like, .count = count, .newest_bytes = 128 };
	struct vgpu_ring_thread thread;
	uint64_t lightly_read = 0;

	CHECK(!vgpu_ring_open_file(&open_ring, ring_path));
	vgpu_ring_lighten(open_ring, &light);
	if (vgpu_ring_poll(open_ring) >= 0)
		use(open_ring);
	for (uint32_t i = 0; vgpu_ring_thread(open_ring, i, &thread); i++)
		lightly_read += thread.read;
	CHECK(lightly_read <= read);
	vgpu_ring_close(open_ring);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct vgpu_ring_thread thread;
	struct vgpu_ring *ring;
	uint64_t read = 0;
	int n;

	store(data, size);
	n = vgpu_ring_open_file(&ring, ring_path);
	if (n) {
		CHECK(n == -EPROTO || n == -EPROTONOSUPPORT);
		return 0;
	}
	n = vgpu_ring_poll(ring);
	if (n >= 0)
		use(ring);
	/* An arena at rest has nothing new. */
	CHECK(vgpu_ring_poll(ring) == 0 || n < 0);
	use(ring);
	for (uint32_t i = 0; vgpu_ring_thread(ring, i, &thread); i++)
		read += thread.read;
	vgpu_ring_close(ring);
	lightly(read);
	return 0;
}

#ifndef VGPU_LIBFUZZER
static uint64_t state;

static uint64_t rnd(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state * UINT64_C(2685821657736338717);
}

/* A number that tends to be awkward. */
static uint64_t awkward(void)
{
	switch (rnd() % 6) {
	case 0:
		return 0;
	case 1:
		return UINT64_MAX - rnd() % 3;
	case 2:
		return rnd() % 300;
	case 3:
		return (rnd() % 9) * VGPU_CHUNK_BYTES + rnd() % 3 - 1;
	case 4:
		return UINT64_C(1) << rnd() % 64;
	default:
		return rnd();
	}
}

/* All that an arena can hold: nested calls, blobs, stacks, full and turned-over segments, a log. */
static void build(struct built *arena)
{
	struct vgpu_thread *a, *b;
	struct vgpu_call_record *call;
	struct vgpu_stack *stack;
	struct vgpu_blob *blob;

	built_new(arena, 8);
	a = built_thread(arena, 1, 11, 100);
	b = built_thread(arena, 2, 12, 200);
	for (uint64_t i = 0; i < 60; i++) {
		call = built_call(arena, a, i, 1000 + i * 10, i % 5, 24 + i % 3 * 8);
		blob = (void *)((uint64_t *)(call + 1) + i % 5);
		*blob = (struct vgpu_blob){ .param = VGPU_BLOB_STACK, .size = 4, .full_size = 4 };
		*(uint32_t *)(blob + 1) = 6 * VGPU_CHUNK_BYTES + 64;
		if (i % 7 == 3)
			call->word.state = VGPU_STATE_RESERVED;
		if (i % 20 == 19)
			built_switch(arena, a, 3 + (uint32_t)i / 20 % 2, 0, VGPU_CHUNK_LATEST);
		built_call(arena, b, i, 1005 + i * 10, 3, 0);
	}
	built_switch(arena, b, 2, 1, VGPU_CHUNK_HEAD);
	built_call(arena, b, 60, 5000, 16, 0);
	built_inflight(a, 0, 0x10001, 60);
	built_inflight(a, 1, 0x20001, 61);
	built_chunk(arena, 6)->magic = VGPU_CHUNK_MAGIC;
	built_chunk(arena, 6)->kind = VGPU_CHUNK_STACKS;
	stack = (void *)(built_chunk(arena, 6) + 1);
	*stack = (struct vgpu_stack){ .count = 16, .state = VGPU_STATE_COMMITTED };
	strcpy(((struct vgpu_library_record *)built_log(arena, VGPU_KIND_LIBRARY, 120))->path, "/lib/libx.so");
	strcpy(((struct vgpu_text_record *)built_log(arena, VGPU_KIND_TEXT, 64))->text, "text");
	strcpy(((struct vgpu_gate_record *)built_log(arena, VGPU_KIND_GATE, 64))->reason, "reason");
}

/* A place where a change matters: headers and the records in use, seldom anywhere. */
static size_t spot(const struct built *arena)
{
	size_t chunk = rnd() % 8;

	switch (rnd() % 5) {
	case 0:
		return rnd() % sizeof(struct vgpu_arena);
	case 1:
		return chunk * VGPU_CHUNK_BYTES + rnd() % sizeof(struct vgpu_chunk);
	case 2:
		return (1 + rnd() % 2) * VGPU_CHUNK_BYTES + rnd() % sizeof(struct vgpu_thread);
	case 3:
		return (1 + rnd() % 2) * VGPU_CHUNK_BYTES + VGPU_HEAD_FIRST_START + rnd() % 4096;
	default:
		return rnd() % (arena->chunks * VGPU_CHUNK_BYTES - 8);
	}
}

static void mutate(const struct built *arena)
{
	size_t at = spot(arena), width = (size_t)1 << rnd() % 4, n;
	uint64_t value = awkward();

	switch (rnd() % 8) {
	case 0: /* a run of noise */
		n = rnd() % 600;
		for (size_t i = 0; i < n && at + i < arena->chunks * VGPU_CHUNK_BYTES; i++)
			arena->bytes[at + i] = (uint8_t)rnd();
		break;
	case 1: /* a piece of itself somewhere else */
		n = rnd() % 5000;
		if (at + n < arena->chunks * VGPU_CHUNK_BYTES)
			memmove(arena->bytes + at, arena->bytes + rnd() % (arena->chunks * VGPU_CHUNK_BYTES - n), n);
		break;
	case 2: /* a bit */
		arena->bytes[at] ^= (uint8_t)(1 << rnd() % 8);
		break;
	default:
		at -= at % width;
		memcpy(arena->bytes + at, &value, width);
		break;
	}
}

/* The ring stays open while it changes and shrinks beneath the reader. */
static void live(const struct built *arena, unsigned rounds)
{
	struct vgpu_ring *ring;
	size_t size = (size_t)arena->chunks * VGPU_CHUNK_BYTES;

	store(arena->bytes, size);
	if (vgpu_ring_open_file(&ring, ring_path))
		return;
	for (unsigned i = 0; i < rounds; i++) {
		for (unsigned n = rnd() % 8; n; n--)
			mutate(arena);
		if (rnd() % 3) {
			/* The header holds, so that polls reach the rest. */
			built_header(arena)->magic = VGPU_ARENA_MAGIC;
			built_header(arena)->core_abi = VGPU_CORE_ABI;
		}
		store(arena->bytes, rnd() % 4 ? size : rnd() % size);
		vgpu_ring_poll(ring);
		use(ring);
	}
	vgpu_ring_close(ring);
}

/* The most that an arena can hold, all of it garbage with valid words: bounded work, bounded memory. */
static void densest(void)
{
	struct built arena;
	struct timespec start, end;

	built_new(&arena, VGPU_ARENA_CHUNKS);
	for (uint32_t c = 1; c < VGPU_ARENA_CHUNKS; c++) {
		struct vgpu_thread *thread = built_thread(&arena, c, (int)c, 7);

		for (uint64_t i = 0; thread->cursor[0].offset + 64 <= thread->cursor[0].limit; i++)
			built_call(&arena, thread, rnd(), rnd(), 0, 0);
		thread->depth = 16;
		for (unsigned i = 0; i < 16; i++)
			built_inflight(thread, i, 0x10001, rnd());
	}
	clock_gettime(CLOCK_MONOTONIC, &start);
	LLVMFuzzerTestOneInput(arena.bytes, (size_t)arena.chunks * VGPU_CHUNK_BYTES);
	clock_gettime(CLOCK_MONOTONIC, &end);
	printf("the densest arena: %.3f s\n",
	       (double)(end.tv_sec - start.tv_sec) + (double)(end.tv_nsec - start.tv_nsec) / 1e9);
	built_free(&arena);
}

/* usage: fuzz_ring [SEED [COUNT]] */
int main(int argc, char **argv)
{
	uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
	unsigned count = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 0) : 3000;
	struct built arena;

	state = seed * 2 + 1;
	densest();
	for (unsigned i = 0; i < count; i++) {
		size_t size;

		build(&arena);
		for (unsigned n = 1 + rnd() % 12; n; n--)
			mutate(&arena);
		size = (size_t)arena.chunks * VGPU_CHUNK_BYTES;
		LLVMFuzzerTestOneInput(arena.bytes, rnd() % 3 ? size : rnd() % size);
		if (i % 8 == 0)
			live(&arena, 16);
		built_free(&arena);
	}
	for (unsigned i = 0; i < 200; i++) {
		uint8_t noise[5000];

		for (size_t n = 0; n < sizeof(noise); n++)
			noise[n] = (uint8_t)rnd();
		memcpy(noise + sizeof(struct vgpu_chunk), &(uint64_t){ VGPU_ARENA_MAGIC }, 8);
		memcpy(noise + sizeof(struct vgpu_chunk) + 8, &(uint32_t){ VGPU_CORE_ABI }, 4);
		LLVMFuzzerTestOneInput(noise, rnd() % sizeof(noise));
	}
	printf("%u arenas from seed %llu\n", count, (unsigned long long)seed);
	return 0;
}
#endif
