// SPDX-License-Identifier: Apache-2.0
/* A recording with a filter or a gap: what can be said of a filter beforehand, and that nothing is concluded from what is not there. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "shim/entry/library.h"
#include "tests/unit/make_event.h"
#include "tracer/explain/verdict.h"
#include "tracer/export/stat.h"
#include "tracer/model/filter.h"
#include "tracer/model/gap.h"
#include "tracer/model/left_out.h"

/* ---- filters ---- */

static struct vgpu_filter *parse(const char *text)
{
	struct vgpu_filter *filter = NULL;
	struct vgpu_filter_error error = { 0 };

	ck_assert_msg(!vgpu_filter_parse(&filter, text, &error), "%s: column %u: %s", text, error.column, error.message);
	return filter;
}

static const struct {
	const char *expression, *function;
	uint32_t library;
	enum vgpu_filter_answer answer;
} answers[] = {
	{ "fn ~ \"cuMem*\"", "cuMemAlloc_v2", VGPU_LIBRARY_CUDA, VGPU_FILTER_ALWAYS },
	{ "fn ~ \"cuMem*\"", "cuInit", VGPU_LIBRARY_CUDA, VGPU_FILTER_NEVER },
	{ "fn !~ \"cuMem*\"", "cuInit", VGPU_LIBRARY_CUDA, VGPU_FILTER_ALWAYS },
	{ "!(fn == cuInit)", "cuInit", VGPU_LIBRARY_CUDA, VGPU_FILTER_NEVER },
	{ "fn == cuInit && failed", "cuInit", VGPU_LIBRARY_CUDA, VGPU_FILTER_PERHAPS },
	{ "fn == cuInit && failed", "cuMemAlloc_v2", VGPU_LIBRARY_CUDA, VGPU_FILTER_NEVER },
	{ "fn == cuInit || failed", "cuMemAlloc_v2", VGPU_LIBRARY_CUDA, VGPU_FILTER_PERHAPS },
	{ "fn == cuInit || failed", "cuInit", VGPU_LIBRARY_CUDA, VGPU_FILTER_ALWAYS },
	{ "!(fn == cuInit && failed)", "cuMemAlloc_v2", VGPU_LIBRARY_CUDA, VGPU_FILTER_ALWAYS },
	{ "dur > 1ms", "cuInit", VGPU_LIBRARY_CUDA, VGPU_FILTER_PERHAPS },
	{ "lib == nvml", "cuInit", VGPU_LIBRARY_CUDA, VGPU_FILTER_NEVER },
	{ "lib == cuda", "cuInit", VGPU_LIBRARY_CUDA, VGPU_FILTER_ALWAYS },
	/* Whose it is, is not known. */
	{ "lib == cuda", "cuInit", 0, VGPU_FILTER_PERHAPS },
	/* A function of the user's own, which no description has. */
	{ "fn ~ \"my_*\"", "my_send", 0, VGPU_FILTER_ALWAYS },
	/* How deep it lies depends on others. */
	{ "fn == cuInit && depth == 0", "cuMemAlloc_v2", VGPU_LIBRARY_CUDA, VGPU_FILTER_PERHAPS },
};

START_TEST(a_name_says_whether_calls_can_pass)
{
	struct vgpu_filter *filter = parse(answers[_i].expression);

	ck_assert_msg(vgpu_filter_of_function(filter, answers[_i].function, answers[_i].library) == answers[_i].answer,
		      "%s of %s", answers[_i].expression, answers[_i].function);
	vgpu_filter_free(filter);
}
END_TEST

static const struct {
	const char *expression;
	struct vgpu_filter_needs needs;
} needs[] = {
	{ "failed", { true, 0, 0 } },
	{ "failed == 1 && fn ~ \"cu*\"", { true, 0, 0 } },
	{ "dur > 1ms && tid == 77 && dur >= 2ms", { false, 2000000, 77 } },
	{ "dur > 1ms", { false, 1000001, 0 } },
	/* One of two is enough: neither is needed. */
	{ "failed || dur > 1ms", { false, 0, 0 } },
	{ "!failed", { false, 0, 0 } },
	{ "!(tid == 77)", { false, 0, 0 } },
	{ "failed == 0", { false, 0, 0 } },
	{ "dur < 1ms", { false, 0, 0 } },
	{ "tid != 77", { false, 0, 0 } },
};

START_TEST(what_a_call_must_be_is_what_all_of_the_filter_asks)
{
	struct vgpu_filter *filter = parse(needs[_i].expression);
	struct vgpu_filter_needs got;

	vgpu_filter_needs(filter, &got);
	ck_assert_msg(got.failed == needs[_i].needs.failed, "%s: failed", needs[_i].expression);
	ck_assert_msg(got.least_ns == needs[_i].needs.least_ns, "%s: %lu ns", needs[_i].expression, got.least_ns);
	ck_assert_msg(got.tid == needs[_i].needs.tid, "%s: thread %d", needs[_i].expression, got.tid);
	vgpu_filter_free(filter);
}
END_TEST

/* ---- what follows from a recording ---- */

static const struct vgpu_look look = { .utf8 = true };
static struct vgpu_stream stream;
static struct vgpu_model *model;
static struct vgpu_verdict *verdict;

static void setup(void)
{
	memset(&stream, 0, sizeof(stream));
	ck_assert_int_eq(vgpu_model_open(&model), 0);
	ck_assert_int_eq(vgpu_verdict_open(&verdict, model), 0);
	vgpu_stream_add(&stream, &model->sink);
	vgpu_stream_add(&stream, vgpu_verdict_sink(verdict));
}

static void teardown(void)
{
	vgpu_verdict_close(verdict);
	vgpu_model_close(model);
}

static void emit(struct vgpu_event event)
{
	vgpu_stream_emit(&stream, &event);
}

static void session(const char *filter)
{
	emit((struct vgpu_event){ .kind = VGPU_EVENT_SESSION, .session = { .mode = VGPU_SHIM_SIM, .inject = "both", .filter = filter } });
	emit((struct vgpu_event){ .kind = VGPU_EVENT_COVERAGE, .coverage = { .observer = VGPU_OBSERVER_RING, .on = 1, .since_ns = 1 } });
}

static void gap(uint64_t from_ns, uint64_t upto_ns)
{
	emit((struct vgpu_event){ .kind = VGPU_EVENT_GAP, .time_ns = from_ns,
				  .gap = { .reason = VGPU_GAP_LAST, .events = 1200, .calls = 1100, .from_ns = from_ns, .upto_ns = upto_ns,
					   .limit = 1 << 20 } });
}

/* A program that lives from 1 to 9 ms, whose cuInit is refused at 5 ms. */
static void refused(void)
{
	struct made_call call;

	emit((struct vgpu_event){ .kind = VGPU_EVENT_START, .process = 1, .time_ns = 1000000, .start = { .pid = 4711, .comm = "runner" } });
	emit((struct vgpu_event){ .kind = VGPU_EVENT_LIBRARY, .process = 1, .time_ns = 2000000,
				  .library = { .library = VGPU_LIBRARY_CUDA, .backend = "sim", .path = "/lib/ours.so" } });
	make_call(&call, "cuInit", 100);
	call.event.time_ns = 5000000;
	make_call_arg(&call, 0);
	vgpu_stream_emit(&stream, &call.event);
	emit((struct vgpu_event){ .kind = VGPU_EVENT_EXIT, .process = 1, .time_ns = 9000000, .exit = { .how = VGPU_EXIT_CODE } });
}

static void says(const char *want, bool there)
{
	struct vgpu_text text = { 0 };

	vgpu_verdict_format(verdict, &look, &text);
	ck_assert_msg(!!strstr(text.bytes, want) == there, "%s'%s' in:\n%s", there ? "no " : "", want, text.bytes);
	vgpu_text_free(&text);
}

START_TEST(a_refusal_that_is_all_there_was_is_the_cause)
{
	session(NULL);
	refused();
	says("CPU MODE", true);
	says("filtered", false);
	says("not kept", false);
	ck_assert_int_eq(vgpu_verdict_kind(verdict), VGPU_VERDICT_CPU);
	ck_assert_int_eq(vgpu_stat_watch(model, VGPU_LIBRARY_CUDA, NULL), VGPU_WATCH_ALL);
}
END_TEST

/* It may have been let in later: that would not have failed. */
START_TEST(with_a_filter_it_is_not)
{
	session("failed");
	refused();
	says("CPU MODE", false);
	says("NOT KNOWN", true);
	says("cuInit", true);
	says("filtered: recorded with -e failed; of calls that do not pass it nothing is known", true);
	ck_assert_int_eq(vgpu_verdict_kind(verdict), VGPU_VERDICT_NOT_KNOWN);
	ck_assert_int_eq(vgpu_stat_watch(model, VGPU_LIBRARY_CUDA, NULL), VGPU_WATCH_FILTERED);
}
END_TEST

START_TEST(with_a_filter_that_lets_all_of_discovery_through_it_is)
{
	session("fn ~ \"cuInit,cuda*,cuDevice*,nvml*\"");
	refused();
	says("CPU MODE", true);
	says("filtered: recorded with -e ", true);
}
END_TEST

/* All of discovery is there, and of other functions only what failed: they may have done better later. */
START_TEST(of_other_functions_failures_alone_are_no_cause)
{
	static const char *const filters[] = {
		NULL, "failed || fn ~ \"cuInit,cuDeviceGetCount,cudaGetDeviceCount,nvmlInit_v2,nvmlDeviceGetCount_v2\"",
	};
	struct made_call call;
	int one = 1;

	session(filters[_i]);
	emit((struct vgpu_event){ .kind = VGPU_EVENT_START, .process = 1, .time_ns = 1000000, .start = { .pid = 4711, .comm = "runner" } });
	make_call(&call, "cuInit", 0);
	make_call_arg(&call, 0);
	vgpu_stream_emit(&stream, &call.event);
	make_call(&call, "cuDeviceGetCount", 0);
	make_call_arg(&call, 0x7000);
	make_call_blob(&call, 0, VGPU_BLOB_OUT, &one, 4, 4);
	vgpu_stream_emit(&stream, &call.event);
	make_call(&call, "cuCtxCreate_v2", 801);
	vgpu_stream_emit(&stream, &call.event);
	emit((struct vgpu_event){ .kind = VGPU_EVENT_EXIT, .process = 1, .time_ns = 9000000, .exit = { .how = VGPU_EXIT_CODE } });
	says("CPU MODE", !_i);
	says("GPU FOUND", _i);
}
END_TEST

/* A filter of a newer version: nobody can tell what it let through. */
START_TEST(a_filter_that_cannot_be_read_lets_nothing_be_concluded)
{
	session("colour == red");
	refused();
	says("CPU MODE", false);
	says("filtered", true);
}
END_TEST

START_TEST(with_a_gap_while_it_lived_it_is_not)
{
	session(NULL);
	gap(2000000, 3000000);
	refused();
	says("CPU MODE", false);
	says("not kept: 1,200 events within 1.0 ms, 1,100 of them calls: newer ones took their place (--max-size 1 MiB)", true);
	ck_assert_int_eq(vgpu_verdict_kind(verdict), VGPU_VERDICT_NOT_KNOWN);
	ck_assert_int_eq(vgpu_stat_watch(model, VGPU_LIBRARY_CUDA, NULL), VGPU_WATCH_LOSSY);
}
END_TEST

START_TEST(a_gap_before_it_began_says_nothing_of_it)
{
	session(NULL);
	gap(2000, 3000);
	refused();
	says("CPU MODE", true);
	says("not kept: 1,200 events", true);
}
END_TEST

START_TEST(of_one_gap_the_latest_counts_and_parts_add_up)
{
	session(NULL);
	gap(2000, VGPU_GAP_OPEN);
	gap(2000, 3000);
	ck_assert_uint_eq(model->gap.events, 1200);
	ck_assert_uint_eq(model->gap.upto_ns, 3000);
	session(NULL);
	gap(7000, 9000);
	ck_assert_uint_eq(model->gap.events, 2400);
	ck_assert_uint_eq(model->gap.from_ns, 2000);
	ck_assert_uint_eq(model->gap.upto_ns, 9000);
	ck_assert(vgpu_left_out(model));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("left_out");
	TCase *tests = tcase_create("left_out");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_loop_test(tests, a_name_says_whether_calls_can_pass, 0, sizeof(answers) / sizeof(answers[0]));
	tcase_add_loop_test(tests, what_a_call_must_be_is_what_all_of_the_filter_asks, 0, sizeof(needs) / sizeof(needs[0]));
	tcase_add_test(tests, a_refusal_that_is_all_there_was_is_the_cause);
	tcase_add_test(tests, with_a_filter_it_is_not);
	tcase_add_test(tests, with_a_filter_that_lets_all_of_discovery_through_it_is);
	tcase_add_loop_test(tests, of_other_functions_failures_alone_are_no_cause, 0, 2);
	tcase_add_test(tests, a_filter_that_cannot_be_read_lets_nothing_be_concluded);
	tcase_add_test(tests, with_a_gap_while_it_lived_it_is_not);
	tcase_add_test(tests, a_gap_before_it_began_says_nothing_of_it);
	tcase_add_test(tests, of_one_gap_the_latest_counts_and_parts_add_up);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
