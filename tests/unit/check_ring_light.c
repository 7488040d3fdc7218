// SPDX-License-Identifier: Apache-2.0
/* Calls that a reader has counted instead of handing them out. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "shim/ring/reader.h"
#include "tests/unit/arena_builder.h"

#define SAID 256

static char path[64];
static struct built arena;
static struct vgpu_thread *thread;
static struct vgpu_ring *ring;
static struct vgpu_ring_light light;
static uint64_t asked[SAID], counted[SAID], refused;
static unsigned asked_count, counted_count;

static bool on_like(void *data, uint32_t number, const struct vgpu_call_record *call, size_t bytes)
{
	ck_assert_ptr_eq(data, &light);
	ck_assert_uint_ne(number, 0);
	ck_assert_uint_eq(bytes, call->word.size8 * 8u);
	asked[asked_count++] = call->ordinal;
	return call->ordinal != refused;
}

static void on_count(void *data, uint32_t number, const struct vgpu_call_record *call, size_t bytes)
{
	(void)data;
	(void)number;
	(void)bytes;
	counted[counted_count++] = call->ordinal;
}

static void setup(void)
{
	snprintf(path, sizeof(path), "check-ring-light-%d.ring", (int)getpid());
	built_new(&arena, 6);
	thread = built_thread(&arena, 1, 77, 5000);
	light = (struct vgpu_ring_light){ .like = on_like, .count = on_count, .data = &light, .least = 1 };
	refused = UINT64_MAX;
	asked_count = counted_count = 0;
	ring = NULL;
}

static void teardown(void)
{
	vgpu_ring_close(ring);
	built_free(&arena);
	unlink(path);
}

static void call(uint64_t ordinal, unsigned depth)
{
	built_call(&arena, thread, ordinal, 6000 + ordinal * 10, 1, 0)->depth = (uint8_t)depth;
}

static int poll_built(void)
{
	built_save(&arena, path, 0);
	if (!ring) {
		ck_assert_int_eq(vgpu_ring_open_file(&ring, path), 0);
		vgpu_ring_lighten(ring, &light);
	}
	return vgpu_ring_poll(ring);
}

/* What was handed out, and what was counted. */
static void expect(const uint64_t *ordinals, unsigned count, const uint64_t *only, unsigned only_count)
{
	struct vgpu_ring_event event;

	for (unsigned i = 0; i < count; i++) {
		ck_assert_int_eq(vgpu_ring_next(ring, &event), 1);
		ck_assert_uint_eq(event.call->ordinal, ordinals[i]);
	}
	ck_assert_int_eq(vgpu_ring_next(ring, &event), 0);
	ck_assert_uint_eq(counted_count, only_count);
	for (unsigned i = 0; i < only_count; i++)
		ck_assert_uint_eq(counted[i], only[i]);
}
#define LIST(...)                                                                                  \
	(const uint64_t[]){ __VA_ARGS__ }, sizeof((const uint64_t[]){ __VA_ARGS__ }) / sizeof(uint64_t)

static void all_were_read(uint64_t calls, uint64_t lost)
{
	struct vgpu_ring_losses losses;
	struct vgpu_ring_thread out;

	ck_assert_int_eq(vgpu_ring_thread(ring, 0, &out), 1);
	ck_assert_uint_eq(out.read, calls);
	vgpu_ring_losses(ring, &losses);
	ck_assert_uint_eq(losses.overwritten, lost);
}

START_TEST(what_is_like_another_is_counted_and_not_handed_out)
{
	for (unsigned i = 0; i < 5; i++)
		call(i, 0);
	ck_assert_int_eq(poll_built(), 1);
	expect(LIST(0), LIST(1, 2, 3, 4));
	all_were_read(5, 0);
	ck_assert_int_eq(poll_built(), 0);
	all_were_read(5, 0);
}
END_TEST

START_TEST(what_is_news_is_handed_out)
{
	for (unsigned i = 0; i < 5; i++)
		call(i, 0);
	refused = 3;
	ck_assert_int_eq(poll_built(), 2);
	expect(LIST(0, 3), LIST(1, 2, 4));
	all_were_read(5, 0);
}
END_TEST

START_TEST(a_call_goes_with_those_that_it_made)
{
	call(0, 0);
	/* 1 made 2, which made 3, and 4; 5 made 6, which is news. */
	call(3, 2);
	call(2, 1);
	call(4, 1);
	call(1, 0);
	call(6, 1);
	call(5, 0);
	call(7, 0);
	refused = 6;
	ck_assert_int_eq(poll_built(), 3);
	expect(LIST(0, 5, 6), LIST(3, 2, 4, 1, 7));
	all_were_read(8, 0);
}
END_TEST

START_TEST(a_call_one_of_whose_own_is_missing_is_handed_out)
{
	call(0, 0);
	/* 1 made 2 and 3; 2 is not there. Then 5: 4 is not. */
	call(3, 1);
	call(1, 0);
	call(5, 0);
	call(6, 0);
	ck_assert_int_eq(poll_built(), 4);
	expect(LIST(0, 1, 3, 5), LIST(6));
}
END_TEST

START_TEST(a_call_that_did_not_return_yet_keeps_what_it_made)
{
	call(0, 0);
	call(1, 0);
	call(3, 1);
	ck_assert_int_eq(poll_built(), 2);
	expect(LIST(0, 3), LIST(1));
	call(2, 0);
	ck_assert_int_eq(poll_built(), 1);
	expect(LIST(2), LIST(1));
}
END_TEST

START_TEST(few_calls_are_all_handed_out)
{
	light.least = 4;
	for (unsigned i = 0; i < 3; i++)
		call(i, 0);
	ck_assert_int_eq(poll_built(), 3);
	ck_assert_uint_eq(asked_count, 0);
	expect(LIST(0, 1, 2), NULL, 0);
	for (unsigned i = 3; i < 7; i++)
		call(i, 0);
	ck_assert_int_eq(poll_built(), 0);
	expect(NULL, 0, LIST(3, 4, 5, 6));
}
END_TEST

START_TEST(the_newest_are_handed_out_in_any_case)
{
	light.newest_bytes = 2 * (sizeof(struct vgpu_call_record) + 8);
	for (unsigned i = 0; i < 5; i++)
		call(i, 0);
	ck_assert_int_eq(poll_built(), 3);
	expect(LIST(0, 3, 4), LIST(1, 2));
}
END_TEST

START_TEST(over_segments_it_goes_on_in_the_order_they_were_written)
{
	/* The later one lies in front. */
	call(0, 0);
	built_switch(&arena, thread, 4, 0, VGPU_CHUNK_LATEST);
	call(1, 0);
	call(2, 0);
	built_switch(&arena, thread, 2, 0, VGPU_CHUNK_LATEST);
	call(3, 0);
	call(4, 0);
	ck_assert_int_eq(poll_built(), 1);
	expect(LIST(0), LIST(1, 2, 3, 4));
	all_were_read(5, 0);
}
END_TEST

START_TEST(what_was_overwritten_unread_is_counted_exactly_all_the_same)
{
	call(0, 0);
	call(1, 0);
	/* 2 to 4 were overwritten. */
	thread->overwritten = 3;
	built_switch(&arena, thread, 2, 0, VGPU_CHUNK_LATEST);
	for (unsigned i = 5; i < 9; i++)
		call(i, 0);
	ck_assert_int_eq(poll_built(), 2);
	expect(LIST(0, 5), LIST(1, 6, 7, 8));
	all_were_read(6, 3);
}
END_TEST

START_TEST(a_reserved_room_ends_it)
{
	call(0, 0);
	call(1, 0);
	built_call(&arena, thread, 2, 7000, 1, 0)->word.state = VGPU_STATE_RESERVED;
	call(3, 0);
	ck_assert_int_eq(poll_built(), 2);
	expect(LIST(0, 3), LIST(1));
	all_were_read(3, 0);
}
END_TEST

START_TEST(nobody_is_asked_any_more)
{
	call(0, 0);
	call(1, 0);
	poll_built();
	expect(LIST(0), LIST(1));
	vgpu_ring_lighten(ring, NULL);
	call(2, 0);
	ck_assert_int_eq(poll_built(), 1);
	expect(LIST(2), LIST(1));
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		what_is_like_another_is_counted_and_not_handed_out,
		what_is_news_is_handed_out,
		a_call_goes_with_those_that_it_made,
		a_call_one_of_whose_own_is_missing_is_handed_out,
		a_call_that_did_not_return_yet_keeps_what_it_made,
		few_calls_are_all_handed_out,
		the_newest_are_handed_out_in_any_case,
		over_segments_it_goes_on_in_the_order_they_were_written,
		what_was_overwritten_unread_is_counted_exactly_all_the_same,
		a_reserved_room_ends_it,
		nobody_is_asked_any_more,
	};
	Suite *suite = suite_create("ring_light");
	TCase *tcase = tcase_create("light");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tcase, setup, teardown);
	for (size_t i = 0; i < sizeof(tests) / sizeof(*tests); i++)
		tcase_add_test(tcase, tests[i]);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
