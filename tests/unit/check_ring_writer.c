// SPDX-License-Identifier: Apache-2.0
/* The real writer, read by the reader: what is kept, what is lost, and that every loss is counted. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "shim/entry/arch/arch.h"
#include "shim/ring/reader.h"
#include "shim/ring/ring.h"
#include "tests/unit/ring_check.h"

static uint64_t clock_ns(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static void few_calls(void)
{
	for (uint64_t i = 0; i < 10; i++)
		target_get(i);
}

START_TEST(every_call_is_on_record_with_arguments_and_out_values)
{
	pid_t pid = target_start(few_calls);

	target_end(pid, 0);
	ring = target_ring(pid);
	/* A library, the backend's text, ten calls. */
	ck_assert_int_eq(tally_poll(ring, &tally), 12);
	ck_assert_uint_eq(tally.gets, 10);
	ck_assert_uint_eq(tally.libraries, 1);
	ck_assert_uint_eq(tally.texts, 1);
	ck_assert_uint_eq(tally_lost(ring), 0);
	ck_assert_uint_eq(tally_pending(ring), 0);
}
END_TEST

START_TEST(an_arena_says_whose_it_is)
{
	const struct vgpu_arena *arena;
	char exe[512] = { 0 };
	pid_t pid;

	setenv("VGPU_TRACE_SESSION", "a session", 1);
	pid = target_start(few_calls);
	target_end(pid, 0);
	ring = target_ring(pid);
	arena = vgpu_ring_arena(ring);
	ck_assert_int_gt(readlink("/proc/self/exe", exe, sizeof(exe) - 1), 0);
	ck_assert_int_eq(arena->process.pid, pid);
	ck_assert_int_eq(arena->process.ppid, getpid());
	ck_assert_uint_eq(arena->process.uid, geteuid());
	ck_assert_uint_ne(arena->process.start_time, 0);
	ck_assert_uint_ne(arena->process.pid_ns, 0);
	ck_assert_int_eq(strncmp(arena->process.exe, exe, 255), 0);
	ck_assert_str_eq(arena->session, "a session");
	ck_assert_uint_eq(arena->place, VGPU_PLACE_TRACE_DIR);
	ck_assert_uint_eq(arena->forked_from, 0);
}
END_TEST

START_TEST(the_first_and_the_latest_calls_stay_and_all_others_are_counted)
{
	pid_t pid = target_start(many_calls);
	struct vgpu_ring_event event;
	struct vgpu_ring_losses losses;
	struct vgpu_ring_thread thread;
	uint64_t expect = 0, gap_at = 0, gap = 0;

	target_end(pid, 0);
	ring = target_ring(pid);
	ck_assert_int_gt(vgpu_ring_poll(ring), 1000);
	while (vgpu_ring_next(ring, &event)) {
		if (event.kind != VGPU_KIND_CALL)
			continue;
		if (event.call->ordinal != expect) {
			/* One gap only: between the first part and the latest. */
			ck_assert_uint_eq(gap, 0);
			gap_at = expect;
			gap = event.call->ordinal - expect;
			expect = event.call->ordinal;
		}
		ck_assert_uint_eq(event.args[2], expect);
		expect++;
	}
	ck_assert_uint_eq(expect, MANY);
	/* "Discovery happens at the start": some thousand calls of it stay. */
	ck_assert_uint_gt(gap_at, 4000);
	ck_assert_uint_gt(MANY - gap_at - gap, 400);
	vgpu_ring_losses(ring, &losses);
	ck_assert_uint_eq(losses.overwritten, gap);
	ck_assert_uint_eq(losses.dropped + losses.refused + losses.recycled, 0);
	ck_assert_int_eq(vgpu_ring_thread(ring, 0, &thread), 1);
	ck_assert_uint_eq(thread.calls, MANY);
	ck_assert_uint_eq(thread.read, MANY - gap);
	ck_assert_uint_eq(thread.overwritten, gap);
	ck_assert_uint_eq(thread.missed, gap);
}
END_TEST

static void big_blobs(void)
{
	static char data[9000];

	memset(data, 'd', sizeof(data));
	tiny_data(data, 100, "hundred");
	tiny_data(data, sizeof(data), "more than is kept");
	tiny_data(NULL, 0, NULL);
	for (int i = 0; i < 500; i++)
		tiny_data(data, 4096, "a page");
}

START_TEST(blobs_are_cut_at_their_limit_and_say_so)
{
	pid_t pid = target_start(big_blobs);
	const struct vgpu_blob *blob;
	struct vgpu_ring_event event;
	size_t at = 0;

	target_end(pid, 0);
	ring = target_ring(pid);
	ck_assert_int_gt(vgpu_ring_poll(ring), 0);
	do
		ck_assert_int_eq(vgpu_ring_next(ring, &event), 1);
	while (event.kind != VGPU_KIND_CALL);
	blob = vgpu_ring_blob(&event, &at);
	ck_assert_uint_eq(blob->size, 100);
	ck_assert_uint_eq(((const char *)(blob + 1))[99], 'd');
	blob = vgpu_ring_blob(&event, &at);
	ck_assert_str_eq((const char *)(blob + 1), "hundred");
	ck_assert_uint_eq(event.call->flags & VGPU_CALL_TRUNCATED, 0);

	ck_assert_int_eq(vgpu_ring_next(ring, &event), 1);
	at = 0;
	blob = vgpu_ring_blob(&event, &at);
	ck_assert_uint_eq(blob->size, VGPU_BLOB_MAX);
	ck_assert_uint_eq(blob->full_size, 9000);
	ck_assert_uint_ne(blob->flags & VGPU_BLOB_TRUNCATED, 0);
	ck_assert_uint_ne(event.call->flags & VGPU_CALL_TRUNCATED, 0);

	ck_assert_int_eq(vgpu_ring_next(ring, &event), 1);
	at = 0;
	blob = vgpu_ring_blob(&event, &at);
	ck_assert_uint_ne(blob->flags & VGPU_BLOB_ABSENT, 0);
}
END_TEST

START_TEST(without_room_calls_are_refused_and_counted)
{
	struct vgpu_arena_options options = { .trace_dir = target_dir(), .chunks = 3 };
	struct vgpu_arena *arena = vgpu_arena_create(&options);

	ck_assert_ptr_nonnull(arena);
	ck_assert_ptr_nonnull(vgpu_thread_open(arena));
	ck_assert_ptr_nonnull(vgpu_thread_open(arena));
	ck_assert_ptr_null(vgpu_thread_open(arena));
	ring = target_ring(getpid());
	ck_assert_int_eq(vgpu_ring_poll(ring), 0);
	ck_assert_uint_eq(vgpu_ring_arena(ring)->threads_refused, 1);
	ck_assert_uint_eq(tally_threads(ring), 2);
}
END_TEST

START_TEST(a_record_larger_than_any_segment_is_dropped_and_counted)
{
	struct vgpu_arena_options options = { .trace_dir = target_dir() };
	struct vgpu_arena *arena = vgpu_arena_create(&options);
	struct vgpu_thread *thread = vgpu_thread_open(arena);
	struct vgpu_ring_losses losses;

	ck_assert_ptr_nonnull(thread);
	for (int i = 0; i < 5; i++) {
		thread->ordinal++;
		ck_assert_uint_eq(
		    vgpu_thread_more(arena, thread, &thread->cursor[0], VGPU_RECORD_MAX + 8), 0);
	}
	ring = target_ring(getpid());
	ck_assert_int_eq(vgpu_ring_poll(ring), 0);
	vgpu_ring_losses(ring, &losses);
	ck_assert_uint_eq(losses.dropped, 5);
	ck_assert_uint_eq(losses.overwritten, 0);
	/* And there is room again for the next one. */
	ck_assert_uint_ne(vgpu_thread_more(arena, thread, &thread->cursor[0], 64), 0);
}
END_TEST

START_TEST(drops_for_ever_do_not_bring_the_cursor_round)
{
	struct vgpu_arena_options options = { .trace_dir = target_dir() };
	struct vgpu_arena *arena = vgpu_arena_create(&options);
	struct vgpu_thread *thread = vgpu_thread_open(arena);

	ck_assert_ptr_nonnull(thread);
	/* A reservation that a handler interrupted and left by siglongjmp. */
	thread->reserving = 2;
	for (uint64_t i = 0; i < (UINT64_C(1) << 32) / 16384 + 10000; i++) {
		uint32_t offset = vgpu_arch_add32(&thread->cursor[0].offset, 16384);

		if (offset + 16384 <= thread->cursor[0].limit)
			ck_assert_uint_ge(offset, VGPU_CHUNK_BYTES);
		else
			vgpu_thread_more(arena, thread, &thread->cursor[0], 16384);
	}
}
END_TEST

START_TEST(the_log_fills_and_counts_what_it_cannot_take)
{
	struct vgpu_arena_options options = { .trace_dir = target_dir() };
	struct vgpu_arena *arena = vgpu_arena_create(&options);
	unsigned kept = 0;

	for (int i = 0; i < 100; i++) {
		struct vgpu_text_record *text = vgpu_log_reserve(arena, VGPU_KIND_TEXT, 1000);

		if (!text)
			continue;
		snprintf(text->text, 100, "text %d", i);
		vgpu_log_commit(text);
		kept++;
	}
	ck_assert_uint_gt(kept, 50);
	ck_assert_uint_lt(kept, 100);
	ring = target_ring(getpid());
	ck_assert_int_eq(vgpu_ring_poll(ring), (int)kept);
	ck_assert_uint_eq(vgpu_ring_arena(ring)->log_dropped, 100 - kept);
}
END_TEST

static void timed_calls(void)
{
	/* Longer than it is between two anchors, so that there are some. */
	uint64_t start = clock_ns(CLOCK_MONOTONIC), now = start;

	for (uint64_t i = 0; now - start < 1300000000u; i++) {
		target_get(i);
		now = clock_ns(CLOCK_MONOTONIC);
	}
	/* One call whose moment is known from both sides. */
	shared->other = clock_ns(CLOCK_MONOTONIC);
	tiny_data("x", 1, "marked");
	shared->ready = clock_ns(CLOCK_MONOTONIC);
}

START_TEST(a_calls_time_is_the_kernels_within_the_stated_error)
{
	pid_t pid = target_start(timed_calls);
	struct vgpu_ring_time enter, leave;
	struct vgpu_ring_event event;
	unsigned marked = 0;

	target_end(pid, 0);
	ring = target_ring(pid);
	ck_assert_int_gt(vgpu_ring_poll(ring), 0);
	ck_assert_uint_ge(vgpu_ring_arena(ring)->anchor_count, 2);
	while (vgpu_ring_next(ring, &event)) {
		if (event.kind != VGPU_KIND_CALL || event.call->function != TINY_DATA)
			continue;
		marked++;
		ck_assert_int_eq(vgpu_ring_time(ring, event.call->enter, &enter), 0);
		ck_assert_int_eq(vgpu_ring_time(ring, event.call->leave, &leave), 0);
		ck_assert_uint_ge(enter.monotonic_ns + enter.error_ns, shared->other);
		ck_assert_uint_le(leave.monotonic_ns, shared->ready + leave.error_ns);
		ck_assert_uint_le(vgpu_ring_duration_ns(ring, event.call->enter, event.call->leave),
				  shared->ready - shared->other + enter.error_ns + leave.error_ns);
	}
	ck_assert_uint_eq(marked, 1);
}
END_TEST

START_TEST(anchors_wrap_and_the_first_one_stays)
{
	struct vgpu_arena_options options = { .trace_dir = target_dir() };
	struct vgpu_arena *arena = vgpu_arena_create(&options);
	uint64_t first = arena->anchor[0].counter;

	for (int i = 0; i < 200; i++) {
		/* As if the interval were over. */
		arena->next_anchor = 0;
		ck_assert_uint_gt(vgpu_clock_anchor(arena), first);
	}
	ck_assert_uint_eq(arena->anchor_count, 201);
	ck_assert_uint_eq(arena->anchor[0].counter, first);
	for (unsigned i = 0; i < VGPU_ANCHORS; i++)
		ck_assert_uint_ne(arena->anchor[i].sequence, 0);
}
END_TEST

START_TEST(one_anchor_is_taken_an_interval_however_many_threads_ask)
{
	struct vgpu_arena_options options = { .trace_dir = target_dir() };
	struct vgpu_arena *arena = vgpu_arena_create(&options);
	uint64_t due = arena->next_anchor;

	arena->next_anchor = 1;
	for (int i = 0; i < 200; i++)
		ck_assert_uint_ge(vgpu_clock_anchor(arena), due);
	ck_assert_uint_eq(arena->anchor_count, 2);
}
END_TEST

static void *one_call(void *i)
{
	target_get((uintptr_t)i);
	return NULL;
}

#define SHORT_LIVED 400u

static void short_lived_threads(void)
{
	for (uintptr_t i = 0; i < SHORT_LIVED; i++) {
		pthread_t thread;

		if (pthread_create(&thread, NULL, one_call, (void *)i) ||
		    pthread_join(thread, NULL))
			_exit(98);
	}
}

START_TEST(more_threads_than_chunks_take_turns_and_the_rest_is_counted)
{
	pid_t pid = target_start(short_lived_threads);
	struct vgpu_ring_losses losses;

	target_end(pid, 0);
	ring = target_ring(pid);
	ck_assert_int_gt(tally_poll(ring, &tally), 0);
	ck_assert_uint_eq(shared->calls, SHORT_LIVED);
	ck_assert_uint_gt(tally.gets, VGPU_ARENA_CHUNKS / 2);
	vgpu_ring_losses(ring, &losses);
	ck_assert_uint_eq(tally.gets + losses.recycled, SHORT_LIVED);
	ck_assert_uint_eq(losses.threads_refused, 0);
	ck_assert_uint_eq(tally_threads(ring), tally.gets);
}
END_TEST

#ifndef VGPU_SANITIZED
static void *one_call_and_gone(void *i)
{
	target_get((uintptr_t)i);
	/* Without destructors: its ring is found when room is needed. */
	syscall(SYS_exit, 0);
	return NULL;
}

static void vanishing_threads(void)
{
	few_calls();
	for (uintptr_t i = 0; i < SHORT_LIVED; i++) {
		pthread_t thread;

		if (pthread_create(&thread, NULL, one_call_and_gone, (void *)i) ||
		    pthread_join(thread, NULL))
			_exit(98);
	}
}

START_TEST(rings_of_vanished_threads_are_taken_and_those_of_live_ones_never)
{
	pid_t pid = target_start(vanishing_threads);
	struct vgpu_ring_thread thread;
	bool found = false;

	target_end(pid, 0);
	ring = target_ring(pid);
	ck_assert_int_gt(tally_poll(ring, &tally), 0);
	ck_assert_uint_eq(tally.gets + tally_lost(ring), SHORT_LIVED + 10);
	ck_assert_uint_gt(vgpu_ring_arena(ring)->threads_recycled, 0);
	for (uint32_t i = 0; vgpu_ring_thread(ring, i, &thread); i++)
		if (thread.tid == pid) {
			found = true;
			ck_assert_uint_eq(thread.read, 10);
			ck_assert_uint_eq(thread.end, 0);
		}
	ck_assert(found);
}
END_TEST
#endif

static void switched_off(void)
{
	setenv("VGPU_TRACE", "off", 1);
	few_calls();
}

START_TEST(switched_off_there_is_no_ring)
{
	char paths[TARGET_RINGS][256];

	target_run(switched_off);
	ck_assert_uint_eq(shared->calls, 10);
	ck_assert_uint_eq(target_rings(paths), 0);
}
END_TEST

static void nowhere_to_write(void)
{
	struct vgpu_ring_place place;

	setenv("VGPU_TRACE_DIR", "/proc/no/such/directory", 1);
	setenv("XDG_RUNTIME_DIR", target_dir(), 1);
	few_calls();
	if (vgpu_ring_places(getpid(), &place, 1) != 1 || !strstr(place.path, "/vgpu-trace/"))
		_exit(97);
	if (vgpu_ring_open_place(&ring, getpid(), &place))
		_exit(96);
	if (vgpu_ring_arena(ring)->place != VGPU_PLACE_RUNTIME_DIR ||
	    vgpu_ring_arena(ring)->place_errno[0] != ENOENT)
		_exit(95);
	unlink(place.path);
	*strrchr(place.path, '/') = '\0';
	rmdir(place.path);
}

START_TEST(a_directory_that_cannot_be_written_is_passed_over_and_noted)
{
	target_run(nowhere_to_write);
	ck_assert_uint_eq(shared->calls, 10);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		every_call_is_on_record_with_arguments_and_out_values,
		an_arena_says_whose_it_is,
		the_first_and_the_latest_calls_stay_and_all_others_are_counted,
		blobs_are_cut_at_their_limit_and_say_so,
		without_room_calls_are_refused_and_counted,
		a_record_larger_than_any_segment_is_dropped_and_counted,
		drops_for_ever_do_not_bring_the_cursor_round,
		the_log_fills_and_counts_what_it_cannot_take,
		a_calls_time_is_the_kernels_within_the_stated_error,
		anchors_wrap_and_the_first_one_stays,
		one_anchor_is_taken_an_interval_however_many_threads_ask,
		more_threads_than_chunks_take_turns_and_the_rest_is_counted,
#ifndef VGPU_SANITIZED /* which has to see a thread end */
		rings_of_vanished_threads_are_taken_and_those_of_live_ones_never,
#endif
		switched_off_there_is_no_ring,
		a_directory_that_cannot_be_written_is_passed_over_and_noted,
	};
	TCase *tcase = ring_case("ring_writer", 120);

	UNIT_ADD(tcase, tests);
	return unit_run();
}
