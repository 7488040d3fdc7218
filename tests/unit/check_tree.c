// SPDX-License-Identifier: Apache-2.0
/* Calls, recorded when they return, in the order in which they are read. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/make_event.h"
#include "tests/unit/unit.h"
#include "tracer/model/tree.h"

static char printed[4096];
static unsigned prints;
static struct vgpu_tree *tree;

/* "2" a call by its ordinal, ">>" its depth, "?" unfinished, "=" resumed, "!" last. */
static void print(void *data, const struct vgpu_event *event, enum vgpu_tree_mark mark)
{
	static const char *const marks[] = { [VGPU_TREE_WHOLE] = "", [VGPU_TREE_UNFINISHED] = "?",
					     [VGPU_TREE_RESUMED] = "=", [VGPU_TREE_LAST] = "!" };
	char text[64];

	(void)data;
	prints++;
	if (strlen(printed) > sizeof(printed) - 64)
		return;
	snprintf(text, sizeof(text), "%s%.*s%d%s", printed[0] ? " " : "", event->call.depth, ">>>>",
		 (int)event->call.ordinal, marks[mark]);
	strcat(printed, text);
}

static void setup(void)
{
	printed[0] = '\0';
	prints = 0;
	ck_assert_int_eq(vgpu_tree_open(&tree, print, NULL), 0);
}

static void teardown(void)
{
	vgpu_tree_close(tree);
}

static void add(uint32_t kind, uint32_t thread, unsigned ordinal, unsigned depth, uint64_t enter, uint64_t duration)
{
	struct vgpu_event event = {
		.kind = kind,
		.process = 1,
		.time_ns = enter,
		.call = { .thread = thread, .ordinal = ordinal, .depth = depth, .duration_ns = duration },
	};

	ck_assert_int_eq(vgpu_tree_add(tree, &event), 0);
}

static void call(unsigned ordinal, unsigned depth, uint64_t enter, uint64_t duration)
{
	add(VGPU_EVENT_CALL, 1, ordinal, depth, enter, duration);
}

START_TEST(an_outer_call_is_read_before_what_it_called)
{
	call(1, 1, 110, 10);
	call(3, 2, 131, 5);
	call(2, 1, 130, 10);
	ck_assert_str_eq(printed, "");
	call(0, 0, 100, 100);
	ck_assert_str_eq(printed, "0 >1 >2 >>3");
}
END_TEST

START_TEST(in_the_order_of_entry_nothing_is_held_back)
{
	call(0, 0, 100, 100);
	ck_assert_str_eq(printed, "0");
	call(1, 1, 110, 10);
	call(2, 1, 130, 10);
	call(3, 2, 131, 5);
	ck_assert_str_eq(printed, "0 >1 >2 >>3");
	call(4, 0, 300, 1);
	ck_assert_str_eq(printed, "0 >1 >2 >>3 4");
}
END_TEST

START_TEST(threads_do_not_mix)
{
	add(VGPU_EVENT_CALL, 1, 1, 1, 110, 10);
	add(VGPU_EVENT_CALL, 2, 0, 0, 110, 10);
	ck_assert_str_eq(printed, "0");
	add(VGPU_EVENT_CALL, 1, 0, 0, 100, 90);
	ck_assert_str_eq(printed, "0 0 >1");
}
END_TEST

START_TEST(inner_calls_whose_outer_one_was_lost_are_not_lost)
{
	call(1, 1, 110, 10);
	call(2, 1, 130, 10);
	call(7, 0, 500, 10);
	ck_assert_str_eq(printed, ">1 >2 7");
}
END_TEST

START_TEST(what_was_held_back_comes_at_the_end)
{
	call(1, 1, 110, 10);
	call(2, 2, 112, 1);
	vgpu_tree_end(tree, 1);
	ck_assert_str_eq(printed, ">1 >>2");
}
END_TEST

START_TEST(a_long_call_is_shown_while_it_runs_and_again_when_it_returned)
{
	call(1, 1, 110, 10);
	add(VGPU_EVENT_PENDING, 1, 0, 0, 100, 500);
	ck_assert_str_eq(printed, "0? >1");
	call(2, 1, 700, 10);
	ck_assert_str_eq(printed, "0? >1 >2");
	call(0, 0, 100, 1000);
	ck_assert_str_eq(printed, "0? >1 >2 0=");
	call(3, 0, 1200, 1);
	ck_assert_str_eq(printed, "0? >1 >2 0= 3");
}
END_TEST

START_TEST(long_calls_nest)
{
	add(VGPU_EVENT_PENDING, 1, 0, 0, 100, 500);
	add(VGPU_EVENT_PENDING, 1, 1, 1, 150, 500);
	call(3, 3, 601, 1);
	call(2, 2, 600, 10);
	call(1, 1, 150, 600);
	call(4, 1, 800, 1);
	call(0, 0, 100, 900);
	ck_assert_str_eq(printed, "0? >1? >>2 >>>3 >1= >4 0=");
}
END_TEST

START_TEST(a_process_that_ends_inside_a_call_says_so)
{
	struct vgpu_event event = {
		.kind = VGPU_EVENT_PENDING,
		.process = 1,
		.time_ns = 100,
		.call = { .thread = 1, .ordinal = 0, .ended = 1 },
	};

	call(1, 1, 110, 10);
	vgpu_tree_add(tree, &event);
	ck_assert_str_eq(printed, "0! >1");
	vgpu_tree_end(tree, 1);
	ck_assert_str_eq(printed, "0! >1");
}
END_TEST

START_TEST(a_long_call_left_by_longjmp_does_not_swallow_what_follows)
{
	add(VGPU_EVENT_PENDING, 1, 0, 0, 100, 500);
	call(5, 0, 900, 1);
	call(6, 0, 950, 1);
	ck_assert_str_eq(printed, "0? 5 6");
}
END_TEST

START_TEST(memory_is_bounded_when_an_outer_call_never_comes)
{
	for (unsigned i = 1; i <= 20000; i++) {
		call(i, 1, 100 + i, 0);
		ck_assert_uint_lt(i - prints, 10000);
	}
	vgpu_tree_end(tree, 0);
	ck_assert_uint_eq(prints, 20000);
}
END_TEST

int main(void)
{
	TCase *tests = unit_case("tree");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, an_outer_call_is_read_before_what_it_called);
	tcase_add_test(tests, in_the_order_of_entry_nothing_is_held_back);
	tcase_add_test(tests, threads_do_not_mix);
	tcase_add_test(tests, inner_calls_whose_outer_one_was_lost_are_not_lost);
	tcase_add_test(tests, what_was_held_back_comes_at_the_end);
	tcase_add_test(tests, a_long_call_is_shown_while_it_runs_and_again_when_it_returned);
	tcase_add_test(tests, long_calls_nest);
	tcase_add_test(tests, a_process_that_ends_inside_a_call_says_so);
	tcase_add_test(tests, a_long_call_left_by_longjmp_does_not_swallow_what_follows);
	tcase_add_test(tests, memory_is_bounded_when_an_outer_call_never_comes);
	return unit_run();
}
