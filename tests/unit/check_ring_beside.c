// SPDX-License-Identifier: Apache-2.0
/* The reader beside a writer that goes on: nothing half written, out of order, twice, or lost without being counted. */
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shim/ring/reader_state.h"
#include "tests/unit/ring_check.h"

static void many_calls_in_steps(void)
{
	for (uint64_t i = 0; i < MANY; i++) {
		if (i % 500 == 0) {
			/* Goes on when the reader has polled. */
			__atomic_store_n(&shared->ready, i / 500 + 1, __ATOMIC_RELEASE);
			while (__atomic_load_n(&shared->other, __ATOMIC_ACQUIRE) < i / 500 + 1)
				sched_yield();
		}
		target_get(i);
	}
	__atomic_store_n(&shared->ready, MANY / 500 + 1, __ATOMIC_RELEASE);
}

START_TEST(a_reader_that_keeps_up_misses_nothing_though_all_is_overwritten)
{
	pid_t pid = target_start(many_calls_in_steps);
	struct vgpu_ring_thread thread;

	for (uint64_t step = 1; step <= MANY / 500 + 1; step++) {
		while (__atomic_load_n(&shared->ready, __ATOMIC_ACQUIRE) < step)
			sched_yield();
		if (!ring && step > 1)
			ring = target_ring(pid);
		if (ring)
			ck_assert_int_ge(tally_poll(ring, &tally), 0);
		__atomic_store_n(&shared->other, step, __ATOMIC_RELEASE);
	}
	target_end(pid, 0);
	ck_assert_int_ge(tally_poll(ring, &tally), 0);
	ck_assert_uint_eq(tally.gets, MANY);
	ck_assert_uint_eq(tally_lost(ring), 0);
	ck_assert_int_eq(vgpu_ring_thread(ring, 0, &thread), 1);
	ck_assert_uint_gt(thread.overwritten, 200000);
	ck_assert_uint_eq(thread.missed, 0);
}
END_TEST

/* As vgpu_ring_poll, but the writer goes on by a segment while it runs. */
static void poll_overtaken(uint64_t step, uint64_t *next)
{
	struct vgpu_ring_event event;

	ring->events_count = ring->events_next = 0;
	ring->data_size = 0;
	ring->pending_count = 0;
	ck_assert_int_eq(reader_threads_read(ring), 0);
	__atomic_store_n(&shared->other, step, __ATOMIC_RELEASE);
	while (__atomic_load_n(&shared->ready, __ATOMIC_ACQUIRE) <= step)
		sched_yield();
	ck_assert_int_eq(reader_segments_read(ring), 0);
	reader_events_sort(ring);
	while (vgpu_ring_next(ring, &event))
		if (event.kind == VGPU_KIND_CALL)
			ck_assert_uint_eq(event.call->ordinal, (*next)++);
}

START_TEST(what_is_written_during_a_poll_never_overtakes_what_was_written_before)
{
	pid_t pid = target_start(many_calls_in_steps);
	uint64_t next = 0;

	while (!__atomic_load_n(&shared->ready, __ATOMIC_ACQUIRE))
		sched_yield();
	__atomic_store_n(&shared->other, 1, __ATOMIC_RELEASE);
	while (__atomic_load_n(&shared->ready, __ATOMIC_ACQUIRE) < 2)
		sched_yield();
	ring = target_ring(pid);
	for (uint64_t step = 2; step <= MANY / 500; step++)
		poll_overtaken(step, &next);
	target_end(pid, 0);
	poll_overtaken(MANY / 500, &next);
	ck_assert_uint_eq(next, MANY);
}
END_TEST

START_TEST(a_reader_beside_a_busy_writer_sees_whole_records_and_counts_the_rest)
{
	pid_t pid = target_start(many_calls);

	tally.in_turn = true;
	read_beside(pid);
	ck_assert_int_ge(tally_poll(ring, &tally), 0);
	ck_assert_uint_eq(tally.gets + tally_lost(ring), MANY);
}
END_TEST

/* Which calls came, by their ordinals: counted or handed out. */
static uint8_t came[MANY];

static bool on_like(void *data, uint32_t number, const struct vgpu_call_record *call, size_t bytes)
{
	const uint64_t *args = (const void *)(call + 1);

	(void)data;
	ck_assert_uint_ne(number, 0);
	ck_assert_uint_eq(bytes, call->word.size8 * 8u);
	/* Whole, though the writer goes on. */
	ck_assert_uint_lt(call->ordinal, MANY);
	ck_assert_uint_eq(call->nargs, 3);
	ck_assert_uint_eq(args[2], call->ordinal);
	return call->ordinal % 97;
}

static void on_count(void *data, uint32_t number, const struct vgpu_call_record *call, size_t bytes)
{
	(void)number;
	(void)bytes;
	++*(uint64_t *)data;
	ck_assert_uint_eq(came[call->ordinal]++, 0);
}

START_TEST(beside_a_busy_writer_each_call_is_counted_or_handed_out_once_or_lost)
{
	uint64_t counted = 0, handed_out = 0;
	const struct vgpu_ring_light light = {
		.like = on_like, .count = on_count, .data = &counted, .least = 200, .newest_bytes = 2000 };
	pid_t pid = target_start(many_calls), gone = 0;
	struct vgpu_ring_event event;
	char paths[TARGET_RINGS][256];
	int status;

	while (!target_rings(paths))
		sched_yield();
	while (vgpu_ring_open_file(&ring, paths[0]) == -EPROTO)
		sched_yield();
	vgpu_ring_lighten(ring, &light);
	do {
		gone = gone ? gone : waitpid(pid, &status, WNOHANG);
		ck_assert_int_ge(vgpu_ring_poll(ring), 0);
		while (vgpu_ring_next(ring, &event)) {
			if (event.kind != VGPU_KIND_CALL)
				continue;
			handed_out++;
			ck_assert_uint_eq(event.args[2], event.call->ordinal);
			ck_assert_uint_eq(came[event.call->ordinal]++, 0);
		}
	} while (!gone);
	/* Once more: what came since the last look. */
	ck_assert_int_ge(vgpu_ring_poll(ring), 0);
	while (vgpu_ring_next(ring, &event))
		handed_out += event.kind == VGPU_KIND_CALL;
	ck_assert_int_eq(status, 0);
	ck_assert_uint_gt(counted, 0);
	ck_assert_uint_eq(counted + handed_out + tally_lost(ring), MANY);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		a_reader_that_keeps_up_misses_nothing_though_all_is_overwritten,
		what_is_written_during_a_poll_never_overtakes_what_was_written_before,
		a_reader_beside_a_busy_writer_sees_whole_records_and_counts_the_rest,
		beside_a_busy_writer_each_call_is_counted_or_handed_out_once_or_lost,
	};
	TCase *tcase = ring_case("ring_beside", 120);

	UNIT_ADD(tcase, tests);
	return unit_run();
}
