// SPDX-License-Identifier: Apache-2.0
/* The reader on arenas that were built by hand: what it takes, what it leaves, what it counts. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shim/ring/reader.h"
#include "tests/unit/arena_builder.h"

static char path[64];
static struct built arena;
static struct vgpu_ring *ring;

static void setup(void)
{
	snprintf(path, sizeof(path), "check-ring-%d.ring", (int)getpid());
	built_new(&arena, 6);
	ring = NULL;
}

static void teardown(void)
{
	vgpu_ring_close(ring);
	ring = NULL;
	built_free(&arena);
	unlink(path);
}

/* Saves the arena and polls it; the ring stays open from the first time on. */
static int poll_built(void)
{
	built_save(&arena, path, 0);
	if (!ring)
		ck_assert_int_eq(vgpu_ring_open_file(&ring, path), 0);
	return vgpu_ring_poll(ring);
}

static struct vgpu_ring_event next(void)
{
	struct vgpu_ring_event event;

	ck_assert_int_eq(vgpu_ring_next(ring, &event), 1);
	return event;
}

static void no_more(void)
{
	struct vgpu_ring_event event;

	ck_assert_int_eq(vgpu_ring_next(ring, &event), 0);
}

static void expect_ordinals(const uint64_t *ordinals, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		ck_assert_uint_eq(next().call->ordinal, ordinals[i]);
	no_more();
}
#define EXPECT(...)                                                                     \
	expect_ordinals((const uint64_t[]){ __VA_ARGS__ },                              \
			sizeof((const uint64_t[]){ __VA_ARGS__ }) / sizeof(uint64_t))

START_TEST(a_committed_record_is_read_whole)
{
	struct vgpu_thread *thread = built_thread(&arena, 1, 77, 5000);
	struct vgpu_ring_event event;

	built_call(&arena, thread, 0, 6000, 3, 0);
	ck_assert_int_eq(poll_built(), 1);
	event = next();
	ck_assert_uint_eq(event.kind, VGPU_KIND_CALL);
	ck_assert_int_eq(event.tid, 77);
	ck_assert_str_eq(event.thread_name, "t77");
	ck_assert_uint_ne(event.thread, 0);
	ck_assert_uint_eq(event.call->function, 0x10001);
	ck_assert_uint_eq(event.call->enter, 6000);
	ck_assert_uint_eq(event.call->leave, 6007);
	ck_assert_uint_eq(event.call->nargs, 3);
	ck_assert_uint_eq(event.args[2], 2);
	ck_assert_uint_eq(event.blob_bytes, 0);
	no_more();
}
END_TEST

START_TEST(each_record_is_read_once_over_many_polls)
{
	struct vgpu_thread *thread = built_thread(&arena, 1, 77, 5000);

	built_call(&arena, thread, 0, 10, 1, 0);
	built_call(&arena, thread, 1, 20, 1, 0);
	ck_assert_int_eq(poll_built(), 2);
	ck_assert_int_eq(poll_built(), 0);
	no_more();
	built_call(&arena, thread, 2, 30, 1, 0);
	ck_assert_int_eq(poll_built(), 1);
	EXPECT(2);
}
END_TEST

START_TEST(a_reserved_room_is_skipped_and_read_once_it_is_committed)
{
	struct vgpu_thread *thread = built_thread(&arena, 1, 77, 5000);
	struct vgpu_call_record *late;

	built_call(&arena, thread, 0, 10, 1, 0);
	late = built_call(&arena, thread, 1, 20, 2, 0);
	late->word.state = VGPU_STATE_RESERVED;
	built_call(&arena, thread, 2, 30, 1, 0);
	ck_assert_int_eq(poll_built(), 2);
	EXPECT(0, 2);
	ck_assert_int_eq(poll_built(), 0);
	late->word.state = VGPU_STATE_COMMITTED;
	built_call(&arena, thread, 3, 40, 1, 0);
	ck_assert_int_eq(poll_built(), 2);
	EXPECT(1, 3);
	ck_assert_int_eq(poll_built(), 0);
}
END_TEST

START_TEST(a_room_whose_word_was_not_written_is_jumped_over_and_read_later)
{
	struct vgpu_thread *thread = built_thread(&arena, 1, 77, 5000);
	struct vgpu_call_record *late;

	built_call(&arena, thread, 0, 10, 1, 0);
	late = built_room(&arena, thread, 80);
	built_call(&arena, thread, 2, 30, 1, 0);
	built_call(&arena, thread, 3, 40, 1, 0);
	ck_assert_int_eq(poll_built(), 3);
	EXPECT(0, 2, 3);
	built_fill(late, 80, thread->cursor[0].generation, 1, 20, 2);
	ck_assert_int_eq(poll_built(), 1);
	EXPECT(1);
	ck_assert_int_eq(poll_built(), 0);
}
END_TEST

START_TEST(a_record_beyond_the_cursor_waits)
{
	struct vgpu_thread *thread = built_thread(&arena, 1, 77, 5000);

	built_call(&arena, thread, 0, 10, 1, 0);
	built_call(&arena, thread, 1, 20, 1, 0);
	thread->cursor[0].offset -= 72;
	ck_assert_int_eq(poll_built(), 1);
	thread->cursor[0].offset += 72;
	ck_assert_int_eq(poll_built(), 1);
	EXPECT(1);
}
END_TEST

START_TEST(a_record_of_another_generation_is_not_read)
{
	struct vgpu_thread *thread = built_thread(&arena, 1, 77, 5000);

	built_call(&arena, thread, 0, 10, 1, 0);
	built_call(&arena, thread, 1, 20, 1, 0)->word.generation -= 2;
	ck_assert_int_eq(poll_built(), 1);
	EXPECT(0);
}
END_TEST

START_TEST(a_segment_that_is_being_turned_over_is_not_read)
{
	struct vgpu_thread *thread = built_thread(&arena, 1, 77, 5000);

	built_call(&arena, thread, 0, 10, 1, 0);
	thread->chunk.segment[0].generation++;
	ck_assert_int_eq(poll_built(), 0);
	thread->chunk.segment[0].generation--;
	ck_assert_int_eq(poll_built(), 1);
}
END_TEST

START_TEST(a_segment_that_was_turned_over_is_read_from_its_start_again)
{
	struct vgpu_thread *thread = built_thread(&arena, 1, 77, 5000);
	struct vgpu_ring_losses losses;
	struct vgpu_ring_thread about;

	built_call(&arena, thread, 0, 10, 1, 0);
	built_switch(&arena, thread, 2, 0, VGPU_CHUNK_LATEST);
	for (int i = 1; i <= 3; i++)
		built_call(&arena, thread, i, 10 + i, 1, 0);
	ck_assert_int_eq(poll_built(), 4);
	built_switch(&arena, thread, 1, 1, VGPU_CHUNK_HEAD);
	built_call(&arena, thread, 4, 50, 1, 0);
	built_switch(&arena, thread, 2, 0, VGPU_CHUNK_LATEST);
	thread->overwritten = 3;
	built_call(&arena, thread, 5, 60, 1, 0);
	ck_assert_int_eq(poll_built(), 2);
	EXPECT(4, 5);
	/* All that was overwritten had been read before. */
	vgpu_ring_losses(ring, &losses);
	ck_assert_uint_eq(losses.overwritten, 0);
	ck_assert_int_eq(vgpu_ring_thread(ring, 0, &about), 1);
	ck_assert_uint_eq(about.overwritten, 3);
	ck_assert_uint_eq(about.missed, 0);
	ck_assert_uint_eq(about.read, 6);
	ck_assert_uint_eq(about.calls, 6);
}
END_TEST

START_TEST(what_was_overwritten_unread_is_counted_exactly)
{
	struct vgpu_thread *thread = built_thread(&arena, 1, 77, 5000);
	struct vgpu_ring_losses losses;

	built_call(&arena, thread, 0, 10, 1, 0);
	ck_assert_int_eq(poll_built(), 1);
	/* 1…40 were written and wrapped over; 41 and 42 hit a moment without room. */
	thread->overwritten = 40;
	thread->dropped = 2;
	built_call(&arena, thread, 43, 60, 1, 0);
	built_inflight(thread, 0, 0x10002, 44);
	ck_assert_int_eq(poll_built(), 1);
	vgpu_ring_losses(ring, &losses);
	ck_assert_uint_eq(losses.overwritten, 40);
	ck_assert_uint_eq(losses.dropped, 2);
}
END_TEST

START_TEST(a_segment_that_was_left_is_read_to_its_last_record_past_any_hole)
{
	struct vgpu_thread *thread = built_thread(&arena, 1, 77, 5000);
	struct vgpu_call_record *stale;
	uint32_t hole;

	built_call(&arena, thread, 0, 10, 1, 0);
	hole = thread->cursor[0].offset - VGPU_CHUNK_BYTES;
	built_room(&arena, thread, 80);
	built_call(&arena, thread, 2, 20, 1, 0);
	/* Bytes of an earlier round behind the last record. */
	stale = built_call(&arena, thread, 3, 30, 1, 0);
	stale->word.generation -= 2;
	built_switch(&arena, thread, 2, 0, VGPU_CHUNK_FIRST);
	/* The writer's own idea of the end was cut short by the hole. */
	thread->chunk.segment[0].used = hole;
	built_call(&arena, thread, 4, 40, 1, 0);
	ck_assert_int_eq(poll_built(), 3);
	EXPECT(0, 2, 4);
	ck_assert_int_eq(poll_built(), 0);
}
END_TEST

START_TEST(a_thread_killed_while_it_exchanged_segments_loses_nothing)
{
	struct vgpu_thread *thread = built_thread(&arena, 1, 77, 5000);

	built_call(&arena, thread, 0, 10, 1, 0);
	built_call(&arena, thread, 1, 20, 1, 0);
	thread->cursor[0].offset = 0x7fff0000;
	thread->cursor[0].limit = 0;
	thread->reserving = 1;
	ck_assert_int_eq(poll_built(), 2);
}
END_TEST

START_TEST(unknown_kinds_and_versions_are_skipped)
{
	struct vgpu_thread *thread = built_thread(&arena, 1, 77, 5000);

	built_call(&arena, thread, 0, 10, 1, 0)->word.kind = 99;
	built_call(&arena, thread, 1, 20, 1, 0)->word.state |= 0x10;
	built_call(&arena, thread, 2, 30, 1, 0);
	ck_assert_int_eq(poll_built(), 1);
	EXPECT(2);
}
END_TEST

START_TEST(a_call_that_did_not_return_is_pending)
{
	struct vgpu_thread *thread = built_thread(&arena, 1, 77, 5000);
	struct vgpu_ring_pending pending;

	built_call(&arena, thread, 0, 10, 1, 0);
	built_inflight(thread, 0, 0x30001, 1);
	built_inflight(thread, 1, 0x10002, 2);
	memset(thread->inflight[1].text, 'x', sizeof(thread->inflight[1].text));
	thread->inflight[1].nargs = 200;
	ck_assert_int_eq(poll_built(), 1);
	ck_assert_int_eq(vgpu_ring_pending(ring, 0, &pending), 1);
	ck_assert_uint_eq(pending.call->function, 0x30001);
	ck_assert_uint_eq(pending.depth, 0);
	ck_assert_int_eq(pending.tid, 77);
	ck_assert_str_eq(pending.thread_name, "t77");
	ck_assert_int_eq(vgpu_ring_pending(ring, 1, &pending), 1);
	ck_assert_uint_eq(pending.call->function, 0x10002);
	ck_assert_uint_eq(pending.call->args[0], 2);
	ck_assert_uint_eq(pending.call->nargs, VGPU_ARGS_MAX);
	ck_assert_uint_eq(strlen(pending.call->text), sizeof(pending.call->text) - 1);
	ck_assert_int_eq(vgpu_ring_pending(ring, 2, &pending), 0);
}
END_TEST

START_TEST(a_call_in_flight_whose_record_was_read_is_not_pending)
{
	struct vgpu_thread *thread = built_thread(&arena, 1, 77, 5000);
	struct vgpu_ring_pending pending;

	built_call(&arena, thread, 0, 10, 1, 0);
	built_inflight(thread, 0, 0x10001, 0);
	ck_assert_int_eq(poll_built(), 1);
	ck_assert_int_eq(vgpu_ring_pending(ring, 0, &pending), 0);
	ck_assert_int_eq(poll_built(), 0);
	ck_assert_int_eq(vgpu_ring_pending(ring, 0, &pending), 0);
}
END_TEST

START_TEST(slots_above_the_depth_and_the_scratch_slot_are_not_pending)
{
	struct vgpu_thread *thread = built_thread(&arena, 1, 77, 5000);
	struct vgpu_ring_pending pending;

	built_inflight(thread, 1, 0x10001, 0);
	thread->depth = 1;
	thread->inflight[VGPU_INFLIGHT_MAX] = thread->inflight[1];
	ck_assert_int_eq(poll_built(), 0);
	ck_assert_int_eq(vgpu_ring_pending(ring, 0, &pending), 0);
	thread->depth = 4000000000u;
	ck_assert_int_eq(poll_built(), 0);
	ck_assert_int_eq(vgpu_ring_pending(ring, 0, &pending), 1);
	ck_assert_int_eq(vgpu_ring_pending(ring, 1, &pending), 0);
}
END_TEST

START_TEST(calls_of_all_threads_come_in_the_order_of_entry)
{
	struct vgpu_thread *a = built_thread(&arena, 1, 1, 5000);
	struct vgpu_thread *b = built_thread(&arena, 3, 2, 5001);

	/* A nested call is committed before the one around it. */
	built_call(&arena, a, 1, 20, 0, 0);
	built_call(&arena, a, 0, 10, 0, 0);
	built_call(&arena, b, 0, 15, 0, 0);
	built_call(&arena, b, 1, 40, 0, 0);
	built_call(&arena, a, 2, 30, 0, 0);
	ck_assert_int_eq(poll_built(), 5);
	EXPECT(0, 0, 1, 2, 1);
}
END_TEST

START_TEST(the_process_log_comes_first_and_its_strings_end)
{
	struct vgpu_thread *thread = built_thread(&arena, 1, 77, 5000);
	struct vgpu_library_record *library;
	struct vgpu_text_record *text;
	struct vgpu_ring_event event;

	built_call(&arena, thread, 0, 1, 1, 0);
	library = built_log(&arena, VGPU_KIND_LIBRARY, sizeof(*library) + 16);
	library->library = 2;
	strcpy(library->path, "/lib/x.so");
	text = built_log(&arena, VGPU_KIND_TEXT, sizeof(*text) + 8);
	memset(text->text, 'y', 8);
	built_log(&arena, VGPU_KIND_GATE, 8); /* too small to be one */
	built_log(&arena, 77, 16);
	ck_assert_int_eq(poll_built(), 3);
	event = next();
	ck_assert_uint_eq(event.kind, VGPU_KIND_LIBRARY);
	ck_assert_uint_eq(event.thread, 0);
	ck_assert_uint_eq(event.library->library, 2);
	ck_assert_str_eq(event.library->path, "/lib/x.so");
	ck_assert_uint_eq(event.text_bytes, 9);
	event = next();
	ck_assert_uint_eq(event.kind, VGPU_KIND_TEXT);
	ck_assert_uint_eq(event.text_bytes, 8);
	ck_assert_str_eq(event.text->text, "yyyyyyyy");
	ck_assert_uint_eq(next().kind, VGPU_KIND_CALL);
	no_more();
}
END_TEST

START_TEST(a_log_record_that_is_written_late_is_read_late)
{
	struct vgpu_text_record *first = built_log(&arena, VGPU_KIND_TEXT, sizeof(*first) + 8);

	first->word.state = VGPU_STATE_RESERVED;
	built_log(&arena, VGPU_KIND_TEXT, sizeof(*first) + 8);
	ck_assert_int_eq(poll_built(), 1);
	first->word.state = VGPU_STATE_COMMITTED;
	ck_assert_int_eq(poll_built(), 1);
	ck_assert_int_eq(poll_built(), 0);
}
END_TEST

START_TEST(a_log_longer_than_a_chunk_is_read_to_its_end)
{
	struct vgpu_text_record *text;
	int written = 0;

	built_header(&arena)->log_limit = arena.chunks * VGPU_CHUNK_BYTES;
	while (built_header(&arena)->log_offset + 1000 <= built_header(&arena)->log_limit) {
		text = built_log(&arena, VGPU_KIND_TEXT, 1000);
		text->counter = (uint64_t)written++;
	}
	ck_assert_int_eq(poll_built(), written);
	for (int i = 0; i < written; i++)
		ck_assert_uint_eq(next().text->counter, (uint64_t)i);
	no_more();
	ck_assert_int_eq(poll_built(), 0);
}
END_TEST

START_TEST(a_head_chunk_that_was_recycled_is_another_thread)
{
	struct vgpu_thread *thread = built_thread(&arena, 1, 77, 5000);
	struct vgpu_ring_losses losses;
	struct vgpu_ring_thread about;
	uint32_t first;

	built_call(&arena, thread, 0, 10, 1, 0);
	built_call(&arena, thread, 1, 20, 1, 0);
	ck_assert_int_eq(poll_built(), 2);
	first = next().thread;
	/* Two more calls that nobody read; then a thread with the same tid takes the chunk. */
	memset((uint8_t *)thread + sizeof(thread->chunk), 0, sizeof(*thread) - sizeof(thread->chunk));
	thread->chunk.segment[1].order = 0;
	thread = built_thread(&arena, 1, 77, 9000);
	built_header(&arena)->records_recycled = 4;
	built_header(&arena)->threads_recycled = 1;
	built_call(&arena, thread, 0, 50, 1, 0);
	ck_assert_int_eq(poll_built(), 1);
	ck_assert_uint_ne(next().thread, first);
	vgpu_ring_losses(ring, &losses);
	ck_assert_uint_eq(losses.recycled, 2);
	ck_assert_int_eq(vgpu_ring_thread(ring, 0, &about), 1);
	ck_assert_uint_eq(about.read, 2);
	ck_assert_int_eq(vgpu_ring_thread(ring, 1, &about), 1);
	ck_assert_uint_eq(about.start, 9000);
	ck_assert_uint_eq(about.read, 1);
	ck_assert_int_eq(vgpu_ring_thread(ring, 2, &about), 0);
}
END_TEST

START_TEST(a_head_chunk_that_is_changing_hands_waits)
{
	struct vgpu_thread *thread = built_thread(&arena, 1, 77, 5000);

	built_call(&arena, thread, 0, 10, 1, 0);
	thread->state = VGPU_THREAD_NONE;
	ck_assert_int_eq(poll_built(), 0);
	thread->state = VGPU_THREAD_ENDED;
	ck_assert_int_eq(poll_built(), 1);
}
END_TEST

START_TEST(blobs_are_iterated_and_a_wrong_one_ends_it)
{
	struct vgpu_thread *thread = built_thread(&arena, 1, 77, 5000);
	struct vgpu_call_record *call = built_call(&arena, thread, 0, 10, 1, 16 + 24 + 8);
	struct vgpu_blob *blob = (void *)((uint64_t *)(call + 1) + 1);
	const struct vgpu_blob *got;
	struct vgpu_ring_event event;
	size_t at = 0;

	blob[0] = (struct vgpu_blob){ .param = 3, .flags = VGPU_BLOB_OUT, .size = 4, .full_size = 4 };
	memcpy(&blob[1], "abc", 4);
	blob[2] = (struct vgpu_blob){ .param = 4, .size = 9, .full_size = 9 };
	blob[5] = (struct vgpu_blob){ .param = 5, .size = 1, .full_size = 1 }; /* no room is left for it */
	ck_assert_int_eq(poll_built(), 1);
	event = next();
	got = vgpu_ring_blob(&event, &at);
	ck_assert_ptr_nonnull(got);
	ck_assert_uint_eq(got->param, 3);
	ck_assert_str_eq((const char *)(got + 1), "abc");
	got = vgpu_ring_blob(&event, &at);
	ck_assert_ptr_nonnull(got);
	ck_assert_uint_eq(got->param, 4);
	ck_assert_ptr_null(vgpu_ring_blob(&event, &at));
}
END_TEST

START_TEST(a_record_with_more_arguments_than_room_is_not_handed_out)
{
	struct vgpu_thread *thread = built_thread(&arena, 1, 77, 5000);

	built_call(&arena, thread, 0, 10, 1, 0)->nargs = 2;
	built_call(&arena, thread, 1, 10, 1, 0)->nargs = 255;
	built_call(&arena, thread, 2, 10, 1, 0)->word.size8 = 1;
	ck_assert_int_eq(poll_built(), 0);
}
END_TEST

START_TEST(what_is_not_a_ring_is_refused)
{
	struct vgpu_ring *none = (void *)1;

	ck_assert_int_eq(vgpu_ring_open_file(&none, "no-such-file"), -ENOENT);
	ck_assert_ptr_null(none);
	ck_assert_int_eq(vgpu_ring_open_file(&none, "/dev/null"), -EPROTO);
	ck_assert_int_eq(vgpu_ring_open_file(&none, "/"), -EPROTO);
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	ck_assert_int_eq(vgpu_ring_open_file(&none, path), -EPROTO);
	ck_assert_int_eq(unlink(path), 0);
	built_header(&arena)->magic++;
	built_save(&arena, path, 0);
	ck_assert_int_eq(vgpu_ring_open_file(&none, path), -EPROTO);
	built_header(&arena)->magic--;
	built_header(&arena)->core_abi++;
	built_save(&arena, path, 0);
	ck_assert_int_eq(vgpu_ring_open_file(&none, path), -EPROTONOSUPPORT);
}
END_TEST

START_TEST(a_ring_that_was_cut_gives_what_is_left)
{
	struct vgpu_thread *thread = built_thread(&arena, 1, 77, 5000);
	size_t whole = (size_t)arena.chunks * VGPU_CHUNK_BYTES, start = VGPU_CHUNK_BYTES + VGPU_HEAD_FIRST_START;
	int before = 0;

	for (int i = 0; i < 40; i++)
		built_call(&arena, thread, i, 10 + i, 1, 0);
	for (size_t bytes = 1; bytes < whole; bytes += bytes > start && bytes < start + 40 * 72 ? 1 : 977) {
		int n;

		built_save(&arena, path, bytes);
		n = vgpu_ring_open_file(&ring, path);
		if (bytes < sizeof(struct vgpu_arena)) {
			ck_assert_int_eq(n, -EPROTO);
			continue;
		}
		ck_assert_int_eq(n, 0);
		n = vgpu_ring_poll(ring);
		ck_assert_int_eq(n, bytes < start ? 0 : bytes - start > 40 * 72 ? 40 : (int)(bytes - start) / 72);
		ck_assert_int_ge(n, before);
		before = n;
		vgpu_ring_close(ring);
		ring = NULL;
	}
	ck_assert_int_eq(before, 40);
}
END_TEST

START_TEST(a_ring_that_shrinks_between_polls_is_an_error_then)
{
	struct vgpu_thread *thread = built_thread(&arena, 1, 77, 5000);

	built_call(&arena, thread, 0, 10, 1, 0);
	ck_assert_int_eq(poll_built(), 1);
	ck_assert_int_eq(truncate(path, 0), 0);
	ck_assert_int_eq(vgpu_ring_poll(ring), -EPROTO);
	no_more();
}
END_TEST

START_TEST(counts_and_strings_of_the_header_are_held_within_bounds)
{
	struct vgpu_arena *header = built_header(&arena);
	const struct vgpu_arena *got;

	header->chunks = UINT32_MAX;
	header->allocated = UINT32_MAX;
	header->log_offset = UINT32_MAX;
	header->log_limit = UINT32_MAX;
	memset(header->session, 's', sizeof(header->session));
	memset(header->process.comm, 'c', sizeof(header->process.comm));
	memset(header->process.exe, 'e', sizeof(header->process.exe));
	ck_assert_int_eq(poll_built(), 0);
	got = vgpu_ring_arena(ring);
	ck_assert_uint_eq(got->chunks, VGPU_ARENA_CHUNKS);
	ck_assert_uint_eq(got->allocated, VGPU_ARENA_CHUNKS);
	ck_assert_uint_eq(got->log_limit, VGPU_ARENA_CHUNKS * VGPU_CHUNK_BYTES);
	ck_assert_uint_eq(got->log_offset, VGPU_ARENA_CHUNKS * VGPU_CHUNK_BYTES);
	ck_assert_uint_eq(strlen(got->session), sizeof(got->session) - 1);
	ck_assert_uint_eq(strlen(got->process.comm), sizeof(got->process.comm) - 1);
	ck_assert_uint_eq(strlen(got->process.exe), sizeof(got->process.exe) - 1);
}
END_TEST

START_TEST(a_stack_is_given_only_when_it_is_whole)
{
	struct vgpu_chunk *chunk = built_chunk(&arena, 4);
	struct vgpu_stack *stack = (void *)(chunk + 1);
	uint32_t offset = 4 * VGPU_CHUNK_BYTES + sizeof(*chunk), count;
	const uint64_t *frames;

	chunk->magic = VGPU_CHUNK_MAGIC;
	chunk->kind = VGPU_CHUNK_STACKS;
	*stack = (struct vgpu_stack){ .hash = 5, .count = 2, .state = VGPU_STATE_RESERVED };
	stack->frame[0] = 0x1000;
	stack->frame[1] = 0x2000;
	ck_assert_int_eq(poll_built(), 0);
	ck_assert_ptr_null(vgpu_ring_stack(ring, offset, &count));
	stack->state = VGPU_STATE_COMMITTED;
	ck_assert_int_eq(poll_built(), 0);
	frames = vgpu_ring_stack(ring, offset, &count);
	ck_assert_ptr_nonnull(frames);
	ck_assert_uint_eq(count, 2);
	ck_assert_uint_eq(frames[1], 0x2000);
	ck_assert_ptr_null(vgpu_ring_stack(ring, offset + 4, &count));
	ck_assert_ptr_null(vgpu_ring_stack(ring, 0, &count));
	ck_assert_ptr_null(vgpu_ring_stack(ring, UINT32_MAX - 7, &count));
	ck_assert_ptr_null(vgpu_ring_stack(ring, VGPU_CHUNK_BYTES + 64, &count));
	stack->count = UINT32_MAX;
	ck_assert_int_eq(poll_built(), 0);
	ck_assert_ptr_null(vgpu_ring_stack(ring, offset, &count));
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		a_committed_record_is_read_whole,
		each_record_is_read_once_over_many_polls,
		a_reserved_room_is_skipped_and_read_once_it_is_committed,
		a_room_whose_word_was_not_written_is_jumped_over_and_read_later,
		a_record_beyond_the_cursor_waits,
		a_record_of_another_generation_is_not_read,
		a_segment_that_is_being_turned_over_is_not_read,
		a_segment_that_was_turned_over_is_read_from_its_start_again,
		what_was_overwritten_unread_is_counted_exactly,
		a_segment_that_was_left_is_read_to_its_last_record_past_any_hole,
		a_thread_killed_while_it_exchanged_segments_loses_nothing,
		unknown_kinds_and_versions_are_skipped,
		a_call_that_did_not_return_is_pending,
		a_call_in_flight_whose_record_was_read_is_not_pending,
		slots_above_the_depth_and_the_scratch_slot_are_not_pending,
		calls_of_all_threads_come_in_the_order_of_entry,
		the_process_log_comes_first_and_its_strings_end,
		a_log_record_that_is_written_late_is_read_late,
		a_log_longer_than_a_chunk_is_read_to_its_end,
		a_head_chunk_that_was_recycled_is_another_thread,
		a_head_chunk_that_is_changing_hands_waits,
		blobs_are_iterated_and_a_wrong_one_ends_it,
		a_record_with_more_arguments_than_room_is_not_handed_out,
		what_is_not_a_ring_is_refused,
		a_ring_that_was_cut_gives_what_is_left,
		a_ring_that_shrinks_between_polls_is_an_error_then,
		counts_and_strings_of_the_header_are_held_within_bounds,
		a_stack_is_given_only_when_it_is_whole,
	};
	Suite *suite = suite_create("ring_reader");
	TCase *tcase = tcase_create("reader");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_set_timeout(tcase, 120);
	for (size_t i = 0; i < sizeof(tests) / sizeof(*tests); i++)
		tcase_add_test(tcase, tests[i]);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
