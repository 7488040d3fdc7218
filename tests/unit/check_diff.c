// SPDX-License-Identifier: Apache-2.0
/* Comparing traces: lining up, handles by who they are, and what follows from what. */
#include <stdlib.h>
#include <string.h>

#include "tests/unit/make_event.h"
#include "tests/unit/unit.h"
#include "tracer/diff/story.h"

/* ---- lining up ---- */

static uint32_t edits(const struct story_item *a, uint32_t n, const struct story_item *b, uint32_t m)
{
	uint32_t table[40][40];

	for (uint32_t i = 0; i <= n; i++)
		for (uint32_t k = 0; k <= m; k++)
			table[i][k] = !i ? k : !k ? i : a[i - 1].key == b[k - 1].key ? table[i - 1][k - 1] :
				      1 + (table[i - 1][k] < table[i][k - 1] ? table[i - 1][k] : table[i][k - 1]);
	return table[n][m];
}

START_TEST(as_much_as_can_be_is_matched_and_in_order)
{
	srand(4711);
	for (unsigned round = 0; round < 3000; round++) {
		struct story_item a[39] = { 0 }, b[39] = { 0 };
		uint32_t n = rand() % 39, m = rand() % 39, matched = 0, a_apart, b_apart, keys = 1 + rand() % 6;
		int64_t match[40], last = -1;

		for (uint32_t i = 0; i < n; i++)
			a[i].key = rand() % keys;
		for (uint32_t i = 0; i < m; i++)
			b[i].key = rand() % keys;
		ck_assert_int_eq(vgpu_story_align(a, n, b, m, match, &a_apart, &b_apart), 0);
		ck_assert_uint_eq(a_apart, n);
		ck_assert_uint_eq(b_apart, m);
		for (uint32_t i = 0; i < n; i++) {
			if (match[i] < 0)
				continue;
			ck_assert_int_gt(match[i], last);
			ck_assert_int_lt(match[i], m);
			ck_assert_uint_eq(a[i].key, b[match[i]].key);
			last = match[i];
			matched++;
		}
		ck_assert_uint_eq(n + m - 2 * matched, edits(a, n, b, m));
	}
}
END_TEST

START_TEST(what_has_nothing_in_common_is_not_lined_up_for_ever)
{
	uint32_t n = 20000, a_apart, b_apart;
	struct story_item *a = calloc(n, sizeof(*a)), *b = calloc(n, sizeof(*b));
	int64_t *match = calloc(n, sizeof(*match));

	for (uint32_t i = 0; i < n; i++) {
		a[i].key = i < 5 ? i : 2 * i;
		b[i].key = i < 5 ? i : 2 * i + 1;
	}
	ck_assert_int_eq(vgpu_story_align(a, n, b, n, match, &a_apart, &b_apart), 0);
	ck_assert_uint_eq(a_apart, 5);
	ck_assert_uint_eq(b_apart, 5);
	ck_assert_int_eq(match[4], 4);
	ck_assert_int_eq(match[5], -1);
	free(a);
	free(b);
	free(match);
}
END_TEST

/* ---- stories ---- */

static struct story *story;
static uint64_t number;

static void begin(void)
{
	struct vgpu_event event = { .kind = VGPU_EVENT_START, .process = 1, .number = 1, .time_ns = 1 };

	event.start.comm = "program";
	event.start.in_session = 1;
	number = 1;
	ck_assert_int_eq(vgpu_story_open(&story, NULL), 0);
	ck_assert_int_eq(story->sink.ops->event(&story->sink, &event), 0);
}

static void tell(struct made_call *call, unsigned depth)
{
	call->event.number = ++number;
	call->event.time_ns = number * 1000;
	call->event.call.ordinal = number;
	call->event.call.depth = depth;
	ck_assert_int_eq(story->sink.ops->event(&story->sink, &call->event), 0);
}

static void create(uint64_t stream)
{
	struct made_call call;

	make_call(&call, "cuStreamCreate", 0);
	make_call_arg(&call, 0x7ffc00000000 + rand());
	make_call_arg(&call, 0);
	make_call_blob(&call, 0, VGPU_BLOB_OUT, &stream, sizeof(stream), sizeof(stream));
	tell(&call, 0);
}

static void use(uint64_t stream, uint64_t result)
{
	struct made_call call;

	make_call(&call, "cuStreamSynchronize", result);
	make_call_arg(&call, stream);
	tell(&call, 0);
}

static void plain(const char *name, uint64_t arg, uint64_t result, unsigned depth)
{
	struct made_call call;

	make_call(&call, name, result);
	make_call_arg(&call, arg);
	tell(&call, depth);
}

static struct story *end(void)
{
	ck_assert_int_eq(vgpu_story_finish(story), 0);
	return story;
}

static void compare(struct story *a, struct story *b, struct differences *out)
{
	memset(out, 0, sizeof(*out));
	ck_assert_int_eq(vgpu_story_compare(a, b, out), 0);
	vgpu_story_close(a);
	vgpu_story_close(b);
}

START_TEST(handles_are_the_same_by_who_they_are)
{
	struct differences found;
	struct story *a, *b;

	begin();
	create(0x1000);
	create(0x2000);
	use(0x1000, 0);
	use(0x2000, 0);
	create(0x1000); /* an old number for somebody new */
	use(0x1000, 0);
	a = end();
	begin();
	create(0x51000);
	create(0x52000);
	use(0x51000, 0);
	use(0x52000, 0);
	create(0x53000);
	use(0x53000, 0);
	b = end();
	compare(a, b, &found);
	ck_assert_uint_eq(found.count, 0);

	begin();
	create(0x1000);
	create(0x2000);
	use(0x1000, 0);
	a = end();
	begin();
	create(0x51000);
	create(0x52000);
	use(0x52000, 0); /* the other one */
	b = end();
	compare(a, b, &found);
	ck_assert_uint_eq(found.count, 1);
	ck_assert_int_eq(found.list[0].kind, DIFFERENCE_IDENTITY);
	vgpu_differences_free(&found);
}
END_TEST

START_TEST(one_fault_is_one_difference_and_the_rest_follows)
{
	struct differences found;
	struct story *a, *b;
	unsigned own = 0;

	begin();
	plain("cuInit", 0, 0, 0);
	use(0, 0);
	plain("cuCtxSynchronize", 0, 0, 0);
	a = end();
	begin();
	plain("cuInit", 0, 100, 0);
	plain("cuCtxSynchronize", 0, 3, 0);
	b = end();
	compare(a, b, &found);
	ck_assert_uint_eq(found.count, 3);
	ck_assert_uint_eq(found.own, 1);
	for (unsigned i = 0; i < found.count; i++)
		own += !found.list[i].follows;
	ck_assert_uint_eq(own, 1);
	ck_assert_int_eq(found.list[0].kind, DIFFERENCE_RESULT);
	ck_assert_uint_eq(found.list[0].follows, 0);
	ck_assert_uint_eq(found.list[1].follows, 1);
	ck_assert_int_eq(found.list[1].kind, DIFFERENCE_ONLY_A);
	vgpu_differences_free(&found);
}
END_TEST

/* An outer call that failed since what it called failed comes first and is not what broke. */
START_TEST(what_was_called_inside_is_the_cause)
{
	struct differences found;
	struct story *a, *b;

	for (int fault = 0; fault < 2; fault++) {
		begin();
		plain("cudaFree", 0, fault ? 100 : 0, 0);
		plain("cuInit", 0, fault ? 100 : 0, 1);
		plain("cuCtxSynchronize", 0, 0, 0);
		*(fault ? &b : &a) = end();
	}
	compare(a, b, &found);
	ck_assert_uint_eq(found.count, 2);
	ck_assert_uint_eq(found.own, 1);
	ck_assert_uint_eq(found.list[0].follows, 2); /* cudaFree from cuInit */
	ck_assert_uint_eq(found.list[1].follows, 0);
	vgpu_differences_free(&found);
}
END_TEST

int main(void)
{
	TCase *tests = unit_case("diff");

	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, as_much_as_can_be_is_matched_and_in_order);
	tcase_add_test(tests, what_has_nothing_in_common_is_not_lined_up_for_ever);
	tcase_add_test(tests, handles_are_the_same_by_who_they_are);
	tcase_add_test(tests, one_fault_is_one_difference_and_the_rest_follows);
	tcase_add_test(tests, what_was_called_inside_is_the_cause);
	return unit_run();
}
