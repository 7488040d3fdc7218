// SPDX-License-Identifier: Apache-2.0
/* The reader on arenas that were built by hand: what it takes, what it leaves, what it counts. */
#include <string.h>

#include "tests/unit/built_ring.h"

static void expect_ordinals(const uint64_t *ordinals, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		ck_assert_uint_eq(next().call->ordinal, ordinals[i]);
	no_more();
}
#define EXPECT(...)                                                                                \
	expect_ordinals((const uint64_t[]){ __VA_ARGS__ },                                         \
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
	memset((uint8_t *)thread + sizeof(thread->chunk), 0,
	       sizeof(*thread) - sizeof(thread->chunk));
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

int main(void)
{
	TCase *tcase = built_case("ring_reader");

	tcase_add_test(tcase, a_committed_record_is_read_whole);
	tcase_add_test(tcase, each_record_is_read_once_over_many_polls);
	tcase_add_test(tcase, a_reserved_room_is_skipped_and_read_once_it_is_committed);
	tcase_add_test(tcase, a_room_whose_word_was_not_written_is_jumped_over_and_read_later);
	tcase_add_test(tcase, a_record_beyond_the_cursor_waits);
	tcase_add_test(tcase, a_record_of_another_generation_is_not_read);
	tcase_add_test(tcase, a_segment_that_is_being_turned_over_is_not_read);
	tcase_add_test(tcase, a_segment_that_was_turned_over_is_read_from_its_start_again);
	tcase_add_test(tcase, what_was_overwritten_unread_is_counted_exactly);
	tcase_add_test(tcase, a_segment_that_was_left_is_read_to_its_last_record_past_any_hole);
	tcase_add_test(tcase, a_thread_killed_while_it_exchanged_segments_loses_nothing);
	tcase_add_test(tcase, unknown_kinds_and_versions_are_skipped);
	tcase_add_test(tcase, a_call_that_did_not_return_is_pending);
	tcase_add_test(tcase, a_call_in_flight_whose_record_was_read_is_not_pending);
	tcase_add_test(tcase, slots_above_the_depth_and_the_scratch_slot_are_not_pending);
	tcase_add_test(tcase, calls_of_all_threads_come_in_the_order_of_entry);
	tcase_add_test(tcase, the_process_log_comes_first_and_its_strings_end);
	tcase_add_test(tcase, a_log_record_that_is_written_late_is_read_late);
	tcase_add_test(tcase, a_log_longer_than_a_chunk_is_read_to_its_end);
	tcase_add_test(tcase, a_head_chunk_that_was_recycled_is_another_thread);
	tcase_add_test(tcase, a_head_chunk_that_is_changing_hands_waits);
	return unit_run();
}
