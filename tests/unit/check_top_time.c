// SPDX-License-Identifier: Apache-2.0
/* Going through a recording's time: whatever way one comes to a moment, it is the same moment. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shim/api/schema.h"
#include "tests/unit/top_feed.h"
#include "tracer/explain/verdict.h"

#define ROUNDS 900
/* So small that the log wraps many times, and that there are many moments. */
#define LOG_BYTES (4 * 65536)
#define STEP 100

static struct feed *feed;
static uint64_t step = STEP;

/* ---- a long story: processes come and go, calls nest, fail, allocate, register; libraries are looked for ---- */

static void nested(uint32_t process, uint32_t devices, uint64_t status)
{
	struct made_call *call = feed_begin(feed, process, "cuDeviceGetCount", status);
	uint64_t outer = call->event.call.ordinal, start = call->event.time_ns;

	call->event.call.ordinal = outer + 1;
	call->event.call.depth = 1;
	make_call_arg(call, 0x7ffd00000010);
	if (!status)
		make_call_blob(call, 0, VGPU_BLOB_OUT, &devices, 4, 4);
	feed_call(feed);
	call = feed_begin(feed, process, "cudaGetDeviceCount", status);
	call->event.call.ordinal = outer;
	call->event.call.duration_ns = call->event.time_ns - start + 900;
	call->event.time_ns = start - 100;
	make_call_arg(call, 0x7ffd00000020);
	if (!status)
		make_call_blob(call, 0, VGPU_BLOB_OUT, &devices, 4, 4);
	feed_call(feed);
}

static void allocate(uint32_t process, uint64_t address)
{
	struct made_call *call = feed_begin(feed, process, "cuMemAlloc_v2", 0);

	make_call_arg(call, 0x7ffd00000000);
	make_call_arg(call, 4096);
	make_call_blob(call, 0, VGPU_BLOB_OUT, &address, 8, 8);
	feed_call(feed);
}

static void search(uint32_t process, unsigned number)
{
	struct vgpu_event event = { .kind = VGPU_EVENT_SEARCH,
				    .observer = VGPU_OBSERVER_LINK,
				    .process = process };
	char path[64];

	snprintf(path, sizeof(path), "/usr/lib/%u/libcudart.so.13", number % 7);
	event.search.path = path;
	event.search.vendor = 1;
	event.search.origin = VGPU_ORIGIN_DEFAULT;
	event.search.flags = VGPU_OBJECT_GPU | VGPU_OBJECT_STATTED;
	event.search.error = 2;
	feed_event(feed, &event);
}

static void context(uint32_t process)
{
	static const char env[] = "PATH=/bin\0CUDA_VISIBLE_DEVICES=0";
	struct vgpu_event event = { .kind = VGPU_EVENT_CONTEXT,
				    .observer = VGPU_OBSERVER_PROCESS,
				    .process = process };

	event.context.flags = VGPU_CONTEXT_ENV;
	event.context.env = (struct vgpu_strings){ env, sizeof(env) };
	feed_event(feed, &event);
}

static void pending(uint32_t process, bool ended)
{
	struct made_call *call = feed_begin(feed, process, "cuCtxSynchronize", 0);

	call->event.kind = VGPU_EVENT_PENDING;
	call->event.call.ended = ended;
	call->event.call.duration_ns = 5000000;
	feed_call(feed);
}

static void refused(uint32_t process)
{
	struct vgpu_event event = { .kind = VGPU_EVENT_DL, .process = process, .observer = VGPU_OBSERVER_LINK };

	event.dl.op = VGPU_DL_DLOPEN;
	event.dl.failed = 1;
	event.dl.vendor = 1;
	event.dl.name = "libggml-cuda.so";
	event.dl.error = "undefined symbol: cuGetErrorString";
	feed_event(feed, &event);
}

static void device(uint32_t process)
{
	static const char name[] = "A device of this process";
	uint64_t bytes = UINT64_C(40) << 30;
	struct made_call *call = feed_begin(feed, process, "cuDeviceGetName", 0);

	make_call_arg(call, 0x7ffd00000000);
	make_call_arg(call, 64);
	make_call_arg(call, 0);
	make_call_blob(call, 0, VGPU_BLOB_OUT, name, sizeof(name), sizeof(name));
	feed_call(feed);
	call = feed_begin(feed, process, "cuDeviceTotalMem_v2", 0);
	make_call_arg(call, 0x7ffd00000000);
	make_call_arg(call, 0);
	make_call_blob(call, 0, VGPU_BLOB_OUT, &bytes, 8, 8);
	feed_call(feed);
}

static void release(uint32_t process, uint64_t address)
{
	struct made_call *call = feed_begin(feed, process, "cuMemFree_v2", 0);

	make_call_arg(call, address);
	feed_call(feed);
}

/* Of every other kind there is, with whatever its fields may have; processes begin and end by the story only. */
static void anything(uint32_t process, unsigned seed)
{
	uint32_t kind = seed % VGPU_EVENT_KINDS;
	struct vgpu_event event;

	if (kind == VGPU_EVENT_NONE || kind == VGPU_EVENT_START || kind == VGPU_EVENT_EXEC || kind == VGPU_EVENT_EXIT ||
	    kind == VGPU_EVENT_CALL || kind == VGPU_EVENT_PENDING)
		return;
	make_event_filled(&event, kind, seed, 0);
	event.process = process;
	event.time_ns = 0;
	feed_event(feed, &event);
}

static void story(void)
{
	feed = feed_new();
	feed_story(feed);
	for (unsigned i = 0; i < ROUNDS; i++) {
		uint32_t process = 3 + i / 100;

		if (i % 100 == 0) {
			feed_process(feed, process, 1, i % 200 ? "runner" : "worker");
			context(process);
			refused(process);
			device(process);
		}
		anything(process, i);
		if (i % 100 < 5)
			search(process, i);
		if (i % 100 == 50)
			pending(process, false);
		nested(process, 1, i == 420 ? 100 : 0);
		for (unsigned k = 0; k < i % 9; k++)
			feed_simple(feed, process, "cuDriverGetVersion", 0);
		feed_simple(feed, process, i % 3 ? "cuDeviceGet" : "cuCtxGetCurrent",
			    i % 11 ? 0 : 101);
		if (i % 2)
			allocate(process, 0x10000000 + i * 4096);
		/* What was allocated long before: more than lies between two moments. */
		if (i % 100 > 60 && i % 2)
			release(process, 0x10000000 + (i - 50) * 4096);
		for (unsigned k = 0; i % 60 < 20 && k < 40; k++)
			feed_simple(feed, process, "__cudaRegisterFunction", 0);
		if (i % 100 == 98)
			pending(process, true);
		if (i % 100 == 99)
			feed_exit(feed, process, VGPU_EXIT_SIGNAL, 9);
	}
}

/* ---- the dashboard with the explanation that it has in the program ---- */

static int explain_open(void **out, struct vgpu_model *model)
{
	return vgpu_verdict_open((struct vgpu_verdict **)out, model);
}

static struct vgpu_sink *explain_sink(void *explain)
{
	return vgpu_verdict_sink(explain);
}

static void explain_format(void *explain, const struct vgpu_look *look, struct vgpu_text *out)
{
	static const struct vgpu_verdict_options options = { 0 };

	vgpu_verdict_explain(explain, look, &options, out);
}

static void explain_close(void *explain)
{
	vgpu_verdict_close(explain);
}

static int explain_copy(void **out, const void *explain, struct vgpu_model *model)
{
	return vgpu_verdict_copy((struct vgpu_verdict **)out, explain, model);
}

static struct tui_app *open_app(const char *filter)
{
	struct vgpu_top_options options = {
		.target = "long.vgt",
		.filter = filter,
		.utf8 = true,
		.colour = true,
		.open = feed_open_seeking,
		.data = feed,
		.explain_open = explain_open,
		.explain_sink = explain_sink,
		.explain_format = explain_format,
		.explain_close = explain_close,
		.explain_copy = explain_copy,
		.log_bytes = LOG_BYTES,
		.past_step = step,
	};
	struct tui_app *app;

	ck_assert_int_eq(tui_app_open(&app, &options), 0);
	tui_app_tick(app, UINT64_C(1000000000));
	return app;
}

/* All that there is to see, end and beginning of what is long, and all of the log in words. */
static char *everything(struct tui_app *app)
{
	static const struct vgpu_look look = { .utf8 = true };
	struct vgpu_text text = { 0 };
	char *copy;

	for (unsigned i = 0; vgpu_top_view(i); i++) {
		tui_app_key(app, '1' + i);
		tui_app_text(app, 200, &look, &text);
	}
	for (unsigned i = 0; i < 2; i++) {
		struct vgpu_verdict_options options = { .json = !i, .all_rules = i };

		vgpu_verdict_explain(app->explain, &look, &options, &text);
	}
	copy = strdup(vgpu_text_string(&text));
	vgpu_text_free(&text);
	return copy;
}

static void same(const char *is, const char *wanted, uint64_t at)
{
	size_t k = 0;

	while (is[k] && is[k] == wanted[k])
		k++;
	ck_assert_msg(is[k] == wanted[k], "at event %llu it differs:\n%.200s\nis not\n%.200s",
		      (unsigned long long)at, is + (k > 60 ? k - 60 : 0),
		      wanted + (k > 60 ? k - 60 : 0));
}

/* As one who never went back sees it; knowing what the recording's length is. */
static char *straight(uint64_t at, const char *filter)
{
	struct tui_app *app = open_app(filter);
	char *text;

	app->total_events = feed_length(feed);
	app->total_ns = UINT64_C(1000) * feed_length(feed);
	ck_assert_int_eq(tui_app_go_to(app, at), 0);
	ck_assert_uint_eq(app->model->events, at);
	text = everything(app);
	tui_app_close(app);
	return text;
}

static void compare(const char *filter)
{
	struct tui_app *app = open_app(filter);
	uint64_t length = feed_length(feed), state = 12345;

	feed_all(app);
	app->total_ns = UINT64_C(1000) * length;
	for (unsigned i = 0; i < 24; i++) {
		uint64_t at;
		char *is, *wanted;

		state = state * UINT64_C(6364136223846793005) + 1442695040888963407;
		at = i == 0   ? 1
		     : i == 1 ? length - 1
		     : i == 2 ? STEP
			      : 1 + (state >> 33) % (length - 1);
		ck_assert_int_eq(tui_app_go_to(app, at), 0);
		ck_assert_uint_eq(app->model->events, at);
		is = everything(app);
		wanted = straight(at, filter);
		same(is, wanted, at);
		free(is);
		free(wanted);
	}
	tui_app_close(app);
}

START_TEST(any_moment_is_as_if_read_from_the_start)
{
	story();
	compare(NULL);
	feed_free(feed);
}
END_TEST

START_TEST(any_moment_is_as_if_read_from_the_start_with_a_filter)
{
	story();
	compare("fn == cuDeviceGet || ret != 0");
	feed_free(feed);
}
END_TEST

/* One moment an event to begin with: far more than are kept. */
START_TEST(any_moment_is_the_same_where_every_second_had_to_go)
{
	story();
	step = 1;
	compare(NULL);
	step = STEP;
	feed_free(feed);
}
END_TEST

START_TEST(the_end_is_the_end_again)
{
	struct tui_app *app;
	char *before, *after;

	story();
	app = open_app(NULL);
	feed_all(app);
	before = everything(app);
	tui_app_go_to(app, 700);
	tui_app_go_to(app, UINT64_MAX);
	ck_assert(app->over);
	after = everything(app);
	same(after, before, feed_length(feed));
	free(before);
	free(after);
	tui_app_close(app);
	feed_free(feed);
}
END_TEST

START_TEST(a_time_is_where_the_first_event_reaches_it)
{
	struct tui_app *app;

	story();
	app = open_app(NULL);
	feed_all(app);
	for (uint64_t since = app->total_ns - app->total_ns / 50; since > app->total_ns / 50;
	     since -= app->total_ns / 50) {
		struct tui_app *other = open_app(NULL);
		char *is, *wanted;

		other->total_events = app->total_events;
		other->total_ns = app->total_ns;
		ck_assert_int_eq(tui_app_go_to_time(app, since), 0);
		ck_assert_int_eq(tui_app_go_to_time(other, since), 0);
		ck_assert_uint_eq(app->model->events, other->model->events);
		is = everything(app);
		wanted = everything(other);
		same(is, wanted, app->model->events);
		free(is);
		free(wanted);
		tui_app_close(other);
	}
	tui_app_close(app);
	feed_free(feed);
}
END_TEST

/* What is between the kept moments is read, and nothing else; a log's worth of lines more, since those are not kept. */
START_TEST(a_jump_reads_what_lies_between_and_no_more)
{
	struct tui_app *app;
	size_t before;

	story();
	app = open_app(NULL);
	feed_all(app);
	for (uint64_t at = feed_length(feed) - 10; at > 3000; at -= 700) {
		before = feed_emitted(feed);
		tui_app_go_to(app, at);
		ck_assert_uint_lt(feed_emitted(feed) - before, feed_length(feed) / 4);
	}
	tui_app_close(app);
	feed_free(feed);
}
END_TEST

START_TEST(a_step_back_stays_there)
{
	struct tui_app *app;

	story();
	app = open_app(NULL);
	feed_all(app);
	type(app, "<");
	ck_assert_uint_lt(app->model->events, feed_length(feed));
	/* The loop asks again and again whether there is more to read. */
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(tui_app_read(app), 0);
	ck_assert_uint_lt(app->model->events, feed_length(feed));
	tui_app_close(app);
	feed_free(feed);
}
END_TEST

START_TEST(a_mark_goes_along_and_is_gone_before_it)
{
	struct tui_app *app;

	story();
	app = open_app(NULL);
	feed_all(app);
	tui_app_go_to(app, 2000);
	type(app, "3md");
	tui_app_go_to(app, 6000);
	ck_assert(app->diff && app->store->marked);
	frame_has(app, 24, 100, "since the mark");
	for (uint32_t i = 0; i < app->store->function_count; i++)
		ck_assert_uint_le(app->store->functions[i].mark.calls,
				  app->store->functions[i].all.counts.calls);
	tui_app_go_to(app, 1000);
	ck_assert(!app->diff && !app->store->marked);
	frame_has(app, 24, 100, "this is before the mark");
	tui_app_close(app);
	feed_free(feed);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("top_time");
	TCase *tcase = tcase_create("time");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tcase, 600);
	tcase_add_test(tcase, any_moment_is_as_if_read_from_the_start);
	tcase_add_test(tcase, any_moment_is_as_if_read_from_the_start_with_a_filter);
	tcase_add_test(tcase, any_moment_is_the_same_where_every_second_had_to_go);
	tcase_add_test(tcase, the_end_is_the_end_again);
	tcase_add_test(tcase, a_time_is_where_the_first_event_reaches_it);
	tcase_add_test(tcase, a_jump_reads_what_lies_between_and_no_more);
	tcase_add_test(tcase, a_step_back_stays_there);
	tcase_add_test(tcase, a_mark_goes_along_and_is_gone_before_it);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
