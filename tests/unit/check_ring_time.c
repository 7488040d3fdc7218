// SPDX-License-Identifier: Apache-2.0
/* From the raw counter to the clocks, between anchors and outside of them. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "shim/entry/arch/arch.h"
#include "shim/ring/reader.h"
#include "tests/unit/arena_builder.h"
#include "tests/unit/unit.h"

static char path[64];
static struct built arena;
static struct vgpu_ring *ring;

static void setup(void)
{
	snprintf(path, sizeof(path), "check-time-%d.ring", (int)getpid());
	built_new(&arena, 2);
	memset(built_header(&arena)->anchor, 0, sizeof(built_header(&arena)->anchor));
	built_header(&arena)->anchor_count = 0;
	ring = NULL;
}

static void teardown(void)
{
	vgpu_ring_close(ring);
	built_free(&arena);
	unlink(path);
}

static void open_built(void)
{
	built_save(&arena, path, 0);
	ck_assert_int_eq(vgpu_ring_open_file(&ring, path), 0);
}

static struct vgpu_ring_time at(uint64_t counter)
{
	struct vgpu_ring_time time;

	ck_assert_int_eq(vgpu_ring_time(ring, counter, &time), 0);
	return time;
}

/* This machine's boot: only then the reader may take anchors of its own. */
static void same_boot(void)
{
	uint8_t *id = built_header(&arena)->process.boot_id;
	FILE *file = fopen("/proc/sys/kernel/random/boot_id", "r");
	int c, nibbles = 0;

	ck_assert_ptr_nonnull(file);
	while ((c = fgetc(file)) != EOF) {
		int digit = c >= 'a' ? c - 'a' + 10 : c - '0';

		if (c == '-' || c == '\n')
			continue;
		id[nibbles / 2] = (uint8_t)(id[nibbles / 2] << 4 | digit);
		nibbles++;
	}
	fclose(file);
	ck_assert_int_eq(nibbles, 32);
}

static uint64_t clock_ns(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

START_TEST(without_an_anchor_there_is_no_time)
{
	struct vgpu_ring_time time;

	open_built();
	ck_assert_int_eq(vgpu_ring_time(ring, 5, &time), -ENODATA);
	ck_assert_uint_eq(vgpu_ring_duration_ns(ring, 5, 10), 0);
}
END_TEST

START_TEST(between_two_anchors_time_is_on_their_line)
{
	/* 2 ticks a ns, then 3 */
	built_anchor(&arena, 0, 1000000, 500000);
	built_anchor(&arena, 1, 3000000, 1500000);
	built_anchor(&arena, 2, 6000000, 2500000);
	open_built();
	ck_assert_uint_eq(at(1000000).monotonic_ns, 500000);
	ck_assert_uint_eq(at(2000000).monotonic_ns, 1000000);
	ck_assert_uint_eq(at(2000000).boottime_ns, 1000000 + 1000000000000u);
	ck_assert_uint_eq(at(2000000).realtime_ns, 1000000 + 1700000000000000000u);
	ck_assert_uint_eq(at(4500000).monotonic_ns, 2000000);
	ck_assert_uint_eq(at(6000000).monotonic_ns, 2500000);
	/* 10 ticks are 5 ns; rounding and steering are less than 3 more */
	ck_assert_uint_ge(at(2000000).error_ns, 5);
	ck_assert_uint_le(at(2000000).error_ns, 8);
	ck_assert_uint_eq(vgpu_ring_duration_ns(ring, 1000000, 1000200), 100);
	ck_assert_uint_eq(vgpu_ring_duration_ns(ring, 4000000, 4000300), 100);
	ck_assert_uint_eq(vgpu_ring_duration_ns(ring, 4000000, 3999999), 0);
}
END_TEST

START_TEST(outside_of_the_anchors_the_error_grows_with_the_distance)
{
	built_anchor(&arena, 0, 1000000, 500000);
	built_anchor(&arena, 1, 3000000, 1500000);
	open_built();
	ck_assert_uint_eq(at(5000000).monotonic_ns, 2500000);
	ck_assert_uint_eq(at(200000).monotonic_ns, 100000);
	ck_assert_uint_eq(at(0).monotonic_ns, 0);
	ck_assert_uint_gt(at(50000000).error_ns, at(5000000).error_ns);
	/* 10 ticks at either end of 2,000,000 are 10 in 2,000,000 of the way */
	ck_assert_uint_ge(at(3000000 + 2000000000).error_ns, 10000);
	ck_assert_uint_gt(at(UINT64_MAX).error_ns, at(1u << 30).error_ns);
}
END_TEST

START_TEST(a_clock_that_was_set_between_two_anchors_is_in_the_error)
{
	built_anchor(&arena, 0, 1000000, 500000);
	built_anchor(&arena, 1, 3000000, 1500000);
	built_header(&arena)->anchor[1].realtime_ns += 7000000000u;
	open_built();
	ck_assert_uint_ge(at(2000000).error_ns, 7000000000u);
	ck_assert_uint_lt(at(2000000).error_ns, 7000001000u);
}
END_TEST

START_TEST(anchors_may_stand_in_any_order_and_half_written_ones_are_left_out)
{
	built_anchor(&arena, 0, 1000000, 1000000);
	built_anchor(&arena, 5, 3000000, 3000000);
	built_anchor(&arena, 2, 2000000, 2100000);
	built_anchor(&arena, 7, 2500000, 9000000);
	built_header(&arena)->anchor[7].sequence = 0;
	open_built();
	ck_assert_uint_eq(at(1500000).monotonic_ns, 1550000);
	ck_assert_uint_eq(at(2500000).monotonic_ns, 2550000);
}
END_TEST

START_TEST(an_anchor_that_runs_backwards_is_left_out)
{
	built_anchor(&arena, 0, 1000000, 1000000);
	built_anchor(&arena, 1, 3000000, 3000000);
	built_anchor(&arena, 2, 2000000, 5000000);
	open_built();
	ck_assert_uint_eq(at(2000000).monotonic_ns, 2000000);
}
END_TEST

START_TEST(anchors_that_wrapped_over_are_remembered)
{
	built_anchor(&arena, 0, 1000000, 1000000);
	built_anchor(&arena, 1, 2000000, 2500000);
	open_built();
	/* The place of the second is used again. */
	built_anchor(&arena, 1, 3000000, 3000000);
	built_save(&arena, path, 0);
	ck_assert_int_eq(vgpu_ring_poll(ring), 0);
	ck_assert_uint_eq(at(1500000).monotonic_ns, 1750000);
	ck_assert_uint_eq(at(2500000).monotonic_ns, 2750000);
}
END_TEST

START_TEST(more_anchors_than_fit_are_thinned_out)
{
	uint64_t counter = 0;

	built_anchor(&arena, 0, 1000, 1000);
	open_built();
	for (int round = 0; round < 200; round++) {
		for (uint32_t i = 1; i < VGPU_ANCHORS; i++) {
			counter += 1000000;
			built_anchor(&arena, i, 1000 + counter, 1000 + counter);
		}
		built_save(&arena, path, 0);
		ck_assert_int_eq(vgpu_ring_poll(ring), 0);
	}
	ck_assert_uint_eq(at(500).monotonic_ns, 500);
	ck_assert_uint_eq(at(counter / 2).monotonic_ns, counter / 2);
	ck_assert_uint_eq(at(counter).monotonic_ns, counter);
	ck_assert_uint_lt(at(counter).error_ns, 1000);
}
END_TEST

START_TEST(a_single_anchor_of_another_boot_says_how_little_it_knows)
{
	built_anchor(&arena, 0, 1000000, 1000000);
	open_built();
	ck_assert_uint_eq(at(1000000).monotonic_ns, 1000000);
	ck_assert_uint_le(at(1000000).error_ns, 10);
	/* whether 1 or 5 GHz, it lies within */
	for (uint64_t ghz = 1; ghz <= 5; ghz++) {
		struct vgpu_ring_time time = at(1000000 + 3000000);
		uint64_t real = 1000000 + 3000000 / ghz;

		ck_assert_uint_ge(real + time.error_ns, time.monotonic_ns);
		ck_assert_uint_le(real, time.monotonic_ns + time.error_ns);
	}
}
END_TEST

START_TEST(where_the_counter_is_the_clock_one_anchor_is_enough)
{
	built_header(&arena)->counter = VGPU_COUNTER_MONOTONIC;
	built_anchor(&arena, 0, 1000000, 1000000);
	open_built();
	ck_assert_uint_eq(at(5000000).monotonic_ns, 5000000);
	ck_assert_uint_eq(at(5000000).realtime_ns, 5000000 + 1700000000000000000u);
	ck_assert_uint_lt(at(5000000).error_ns, 1000);
	ck_assert_uint_eq(vgpu_ring_duration_ns(ring, 10, 30), 20);
}
END_TEST

START_TEST(a_process_of_this_boot_needs_one_anchor_only)
{
	struct vgpu_ring_time time;
	struct vgpu_anchor anchor = { .sequence = 1 };
	uint64_t counter, low, high;

	same_boot();
	/* Its error is what it was measured to be: this process may be interrupted between the two readings. */
	counter = vgpu_arch_counter();
	anchor.monotonic_ns = clock_ns(CLOCK_MONOTONIC);
	anchor.boottime_ns = clock_ns(CLOCK_BOOTTIME);
	anchor.realtime_ns = clock_ns(CLOCK_REALTIME);
	anchor.error = (uint32_t)((vgpu_arch_counter() - counter + 1) / 2);
	anchor.counter = counter + anchor.error;
	built_header(&arena)->anchor[0] = anchor;
	built_header(&arena)->anchor_count = 1;
	for (volatile int i = 0; i < 1000000; i++)
		;
	low = clock_ns(CLOCK_MONOTONIC);
	counter = vgpu_arch_counter();
	high = clock_ns(CLOCK_MONOTONIC);
	open_built();
	time = at(counter);
	/* The reader's own anchor gave the scale: the true time is known to lie in [low, high]. */
	ck_assert_uint_ge(time.monotonic_ns + time.error_ns, low);
	ck_assert_uint_le(time.monotonic_ns, high + time.error_ns);
	ck_assert_uint_lt(time.error_ns, high - 1);
}
END_TEST

START_TEST(clocks_of_another_time_namespace_are_not_mixed_in)
{
	uint64_t counter = vgpu_arch_counter();

	same_boot();
	built_anchor(&arena, 0, counter, 5000000000u);
	built_anchor(&arena, 1, counter + 3000000, 5001000000u);
	open_built();
	/* With an own anchor the line behind the second one would be another. */
	ck_assert_uint_eq(at(counter + 6000000).monotonic_ns, 5002000000u);
}
END_TEST

int main(void)
{
	TCase *tcase = unit_case("ring_time");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_set_timeout(tcase, 120);
	tcase_add_test(tcase, without_an_anchor_there_is_no_time);
	tcase_add_test(tcase, between_two_anchors_time_is_on_their_line);
	tcase_add_test(tcase, outside_of_the_anchors_the_error_grows_with_the_distance);
	tcase_add_test(tcase, a_clock_that_was_set_between_two_anchors_is_in_the_error);
	tcase_add_test(tcase, anchors_may_stand_in_any_order_and_half_written_ones_are_left_out);
	tcase_add_test(tcase, an_anchor_that_runs_backwards_is_left_out);
	tcase_add_test(tcase, anchors_that_wrapped_over_are_remembered);
	tcase_add_test(tcase, more_anchors_than_fit_are_thinned_out);
	tcase_add_test(tcase, a_single_anchor_of_another_boot_says_how_little_it_knows);
	tcase_add_test(tcase, where_the_counter_is_the_clock_one_anchor_is_enough);
	tcase_add_test(tcase, a_process_of_this_boot_needs_one_anchor_only);
	tcase_add_test(tcase, clocks_of_another_time_namespace_are_not_mixed_in);
	return unit_run();
}
