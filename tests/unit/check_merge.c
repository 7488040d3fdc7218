/* SPDX-License-Identifier: Apache-2.0 */
/* Two witnesses of one call: by thread, function, stack pointer and ordinals, never by time alone. */
#include <stdlib.h>
#include <string.h>

#include "shim/api/schema.h"
#include "tests/unit/unit.h"
#include "tracer/model/merge.h"

#define FUNCTION VGPU_FUNCTION(VGPU_LIBRARY_CUDA, 1)

struct out {
	struct vgpu_sink sink;
	unsigned events, both, ring, kernel, notes;
	uint64_t numbers[64];
	uint64_t ordinals[64];
};

static int take(struct vgpu_sink *sink, const struct vgpu_event *event)
{
	struct out *out = (struct out *)sink;

	out->notes += event->kind == VGPU_EVENT_OBSERVER;
	if (event->kind != VGPU_EVENT_CALL)
		return 0;
	ck_assert(!out->events || event->number > out->numbers[out->events - 1]);
	out->numbers[out->events] = event->number;
	out->ordinals[out->events++] = event->call.ordinal;
	out->both += event->observer == (VGPU_OBSERVER_RING | VGPU_OBSERVER_KERNEL);
	out->ring += event->observer == VGPU_OBSERVER_RING;
	out->kernel += event->observer == VGPU_OBSERVER_KERNEL;
	return 0;
}

static const struct vgpu_sink_ops ops = { .event = take };
static struct out out;
static struct vgpu_stream from, to;
static struct vgpu_merge *merge;

static void set_up(void)
{
	struct vgpu_event probes = { .kind = VGPU_EVENT_PROBES, .observer = VGPU_OBSERVER_KERNEL, .time_ns = 1,
				     .probes = { .path = "/lib/ours.so", .ours = VGPU_LIBRARY_CUDA } };

	memset(&out, 0, sizeof(out));
	memset(&from, 0, sizeof(from));
	memset(&to, 0, sizeof(to));
	out.sink.ops = &ops;
	vgpu_stream_add(&to, &out.sink);
	ck_assert_int_eq(vgpu_merge_open(&merge, &to), 0);
	vgpu_stream_add(&from, vgpu_merge_sink(merge));
	vgpu_stream_emit(&from, &probes);
}

static void tear_down(void)
{
	vgpu_merge_close(merge);
}

static void call(uint32_t observer, uint64_t ordinal, uint64_t enter_ns, uint64_t leave_ns, uint64_t result)
{
	struct vgpu_event event = {
		.kind = VGPU_EVENT_CALL,
		.observer = observer,
		.process = 1,
		.tid = 7,
		.time_ns = enter_ns,
		.call = { .function = FUNCTION, .sp = 0x1000, .ordinal = ordinal, .duration_ns = leave_ns - enter_ns,
			  .result = result, .thread = observer == VGPU_OBSERVER_RING ? 3 : 9,
			  .object = observer == VGPU_OBSERVER_KERNEL ? "/lib/ours.so" : NULL },
	};

	vgpu_stream_emit(&from, &event);
}

static void ring(uint64_t ordinal, uint64_t at)
{
	call(VGPU_OBSERVER_RING, ordinal, at, at + 100, 0);
}

static void kernel(uint64_t ordinal, uint64_t at)
{
	call(VGPU_OBSERVER_KERNEL, ordinal, at - 50, at + 150, 0);
}

START_TEST(a_call_seen_twice_is_one_event)
{
	ring(0, 10000);
	ck_assert_uint_eq(out.events, 0); /* held back */
	kernel(0, 10000);
	vgpu_stream_end(&from);
	ck_assert_uint_eq(out.events, 1);
	ck_assert_uint_eq(out.both, 1);
}
END_TEST

START_TEST(either_may_come_first)
{
	kernel(0, 10000);
	kernel(1, 20000);
	ring(0, 10000);
	ring(1, 20000);
	vgpu_stream_end(&from);
	ck_assert_uint_eq(out.both, 2);
	ck_assert_uint_eq(out.ordinals[0], 0);
	ck_assert_uint_eq(out.ordinals[1], 1);
}
END_TEST

START_TEST(what_one_dropped_shifts_nothing)
{
	struct vgpu_merge_counts counts;

	for (unsigned i = 0; i < 20; i++)
		kernel(i, 10000 + i * 1000);
	/* The ring has the first and the latest ones. */
	for (unsigned i = 0; i < 20; i++)
		if (i < 5 || i >= 15)
			ring(i, 10000 + i * 1000);
	vgpu_stream_end(&from);
	vgpu_merge_counts(merge, &counts);
	ck_assert_uint_eq(out.events, 20);
	ck_assert_uint_eq(counts.both, 10);
	ck_assert_uint_eq(counts.kernel_only, 10);
	ck_assert_uint_eq(counts.ring_only, 0);
	ck_assert_uint_eq(counts.different, 0);
	for (unsigned i = 0; i < 20; i++)
		ck_assert_uint_eq(out.ordinals[i], i);
}
END_TEST

START_TEST(a_late_observer_counts_from_another_number)
{
	/* Before the probes: history, that waits for nobody. */
	for (unsigned i = 0; i < 3; i++)
		kernel(i, 100000 + i * 1000);
	for (unsigned i = 0; i < 3; i++)
		ring(500 + i, 100000 + i * 1000);
	vgpu_stream_end(&from);
	ck_assert_uint_eq(out.both, 3);
	ck_assert_uint_eq(out.ordinals[0], 500);
}
END_TEST

START_TEST(a_call_within_another_that_is_told_at_another_time_keeps_neither_from_its_pair)
{
	/* The kernel observer looks while the outer one runs, the ring's reader after it, and the other way round. */
	call(VGPU_OBSERVER_KERNEL, 1, 10950, 11150, 0);
	call(VGPU_OBSERVER_RING, 0, 10000, 20000, 0);
	call(VGPU_OBSERVER_RING, 1, 11000, 11100, 0);
	call(VGPU_OBSERVER_KERNEL, 0, 9950, 20050, 0);
	call(VGPU_OBSERVER_RING, 3, 31000, 31100, 0);
	call(VGPU_OBSERVER_KERNEL, 2, 29950, 40050, 0);
	call(VGPU_OBSERVER_KERNEL, 3, 30950, 31150, 0);
	call(VGPU_OBSERVER_RING, 2, 30000, 40000, 0);
	vgpu_stream_end(&from);
	ck_assert_uint_eq(out.events, 4);
	ck_assert_uint_eq(out.both, 4);
}
END_TEST

START_TEST(calls_at_the_same_time_of_other_stacks_are_two)
{
	struct vgpu_event event = {
		.kind = VGPU_EVENT_CALL, .observer = VGPU_OBSERVER_KERNEL, .process = 1, .tid = 7, .time_ns = 9950,
		.call = { .function = FUNCTION, .sp = 0x2000, .duration_ns = 200, .object = "/lib/ours.so" },
	};

	ring(0, 10000);
	vgpu_stream_emit(&from, &event);
	vgpu_stream_end(&from);
	ck_assert_uint_eq(out.events, 2);
	ck_assert_uint_eq(out.both, 0);
}
END_TEST

START_TEST(a_contradiction_is_reported_once)
{
	struct vgpu_merge_counts counts;

	for (unsigned i = 0; i < 3; i++) {
		ring(i, 10000 + i * 1000);
		kernel(i, 10000 + i * 1000);
	}
	for (unsigned i = 3; i < 6; i++) {
		call(VGPU_OBSERVER_RING, i, 10000 + i * 1000, 10100 + i * 1000, 3);
		call(VGPU_OBSERVER_KERNEL, i, 9950 + i * 1000, 10150 + i * 1000, 4);
	}
	vgpu_stream_end(&from);
	vgpu_merge_counts(merge, &counts);
	ck_assert_uint_eq(counts.both, 6);
	ck_assert_uint_eq(counts.different, 3);
	ck_assert_uint_eq(out.notes, 1);
}
END_TEST

START_TEST(one_that_waits_in_vain_goes_when_the_other_is_complete)
{
	kernel(0, 10000);
	vgpu_merge_complete(merge, VGPU_OBSERVER_RING, 20000);
	ck_assert_uint_eq(out.events, 0); /* a ring may be found late */
	vgpu_merge_complete(merge, VGPU_OBSERVER_RING, 2000000000);
	ck_assert_uint_eq(out.events, 1);
	ck_assert_uint_eq(out.kernel, 1);
}
END_TEST

int main(void)
{
	TCase *tcase = unit_case("merge");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, a_call_seen_twice_is_one_event);
	tcase_add_test(tcase, either_may_come_first);
	tcase_add_test(tcase, what_one_dropped_shifts_nothing);
	tcase_add_test(tcase, a_late_observer_counts_from_another_number);
	tcase_add_test(tcase, a_call_within_another_that_is_told_at_another_time_keeps_neither_from_its_pair);
	tcase_add_test(tcase, calls_at_the_same_time_of_other_stacks_are_two);
	tcase_add_test(tcase, a_contradiction_is_reported_once);
	tcase_add_test(tcase, one_that_waits_in_vain_goes_when_the_other_is_complete);
	return unit_run();
}
