// SPDX-License-Identifier: Apache-2.0
/* Which calls of a ring are counted for somebody for whom that is enough, and which are events. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gen/cuda_ids.h"
#include "gen/cudart13_ids.h"
#include "tests/unit/arena_builder.h"
#include "tracer/source/ring.h"

#define CALLS 600u

static char path[64];
static struct built arena;
static struct vgpu_thread *thread;
static uint32_t chunk;
static uint64_t ordinal;

/* Of the function looked at. */
static uint32_t looked_at, unwanted;
static uint64_t emitted, counted, inner, last_ns, done_count;

static bool wanted(void *data, uint32_t function)
{
	(void)data;
	return function != unwanted;
}

static void call(void *data, uint32_t process, uint32_t function, uint32_t depth, uint64_t time_ns,
		 uint64_t duration_ns)
{
	(void)data;
	ck_assert_uint_eq(process, 1);
	ck_assert_uint_eq(duration_ns, 7);
	/* One tick is one ns in this arena. */
	ck_assert_uint_ge(time_ns, 6000);
	ck_assert_uint_lt(time_ns, 6000 + 10 * ordinal);
	last_ns = time_ns > last_ns ? time_ns : last_ns;
	counted += function == looked_at;
	inner += depth > 0;
	ck_assert_uint_eq(done_count, 0);
}

static void done(void *data)
{
	(void)data;
	done_count++;
}

static int on_event(struct vgpu_sink *sink, const struct vgpu_event *event)
{
	(void)sink;
	emitted += event->kind == VGPU_EVENT_CALL && event->call.function == looked_at;
	/* What is counted is told of after all that came as events. */
	ck_assert_uint_eq(done_count, 0);
	return 0;
}

static int on_end(struct vgpu_sink *sink)
{
	(void)sink;
	return 0;
}

static void setup(void)
{
	snprintf(path, sizeof(path), "check-alike-%d.ring", (int)getpid());
	built_new(&arena, 6);
	thread = built_thread(&arena, chunk = 1, 77, 5000);
	looked_at = unwanted = 0;
	ordinal = emitted = counted = inner = last_ns = done_count = 0;
}

static void teardown(void)
{
	built_free(&arena);
	unlink(path);
}

/* A call with an argument and, where `flags` says so, a value of a parameter. */
static struct vgpu_call_record *add(uint32_t function, uint64_t at, unsigned depth, uint64_t arg,
				    uint8_t flags, uint64_t value)
{
	struct vgpu_call_record *record;
	struct vgpu_blob *blob;

	if (thread->cursor[0].limit - thread->cursor[0].offset < 88)
		built_switch(&arena, thread, ++chunk, 0, VGPU_CHUNK_FIRST);
	record = built_call(&arena, thread, at, 6000 + at * 10, 1, flags ? 16 : 0);
	record->function = function;
	record->depth = (uint8_t)depth;
	record->result = 0;
	*(uint64_t *)(record + 1) = arg;
	if (flags) {
		blob = (void *)((uint64_t *)(record + 1) + 1);
		*blob = (struct vgpu_blob){ .param = 0, .flags = flags, .size = 8, .full_size = 8 };
		*(uint64_t *)(blob + 1) = value;
	}
	return record;
}

static struct vgpu_call_record *next(uint32_t function, uint64_t arg, uint8_t flags, uint64_t value)
{
	looked_at = looked_at ? looked_at : function;
	return add(function, ordinal++, 0, arg, flags, value);
}

/* Reads all of it, once. The newest are whole in any case: others, here. */
static void read_all(void)
{
	static const struct vgpu_sink_ops ops = { .event = on_event, .end = on_end };
	struct vgpu_alike alike = { .wanted = wanted, .call = call, .done = done };
	struct vgpu_sink sink = { .ops = &ops };
	struct vgpu_stream stream = { .alike = &alike };
	struct vgpu_rings_options options = { 0 };
	struct vgpu_rings *rings;

	for (unsigned i = 0; i < 100; i++)
		next(VGPU_FN_cuCtxSynchronize, 0, 0, 0);
	built_save(&arena, path, 0);
	ck_assert_int_eq(vgpu_stream_add(&stream, &sink), 0);
	ck_assert_int_eq(vgpu_roster_open(&options.roster), 0);
	ck_assert_int_eq(vgpu_rings_open(&rings, &options), 0);
	ck_assert_int_eq(vgpu_rings_add_file(rings, path, &stream), 0);
	ck_assert_int_eq(vgpu_rings_poll(rings, &stream), (int)ordinal);
	ck_assert_uint_eq(vgpu_rings_calls(rings), ordinal);
	vgpu_rings_close(rings);
	vgpu_roster_close(options.roster);
}

/* The first of all is handed out without a question, since nothing was read before it; the next is the one to be like. */
#define ALIKE()                                                                                    \
	do {                                                                                       \
		read_all();                                                                        \
		ck_assert_uint_eq(emitted, 2);                                                     \
		ck_assert_uint_eq(counted, CALLS - 2);                                             \
		ck_assert_uint_eq(done_count, 1);                                                  \
	} while (0)
#define NEWS()                                                                                     \
	do {                                                                                       \
		read_all();                                                                        \
		ck_assert_uint_eq(emitted, CALLS);                                                 \
		ck_assert_uint_eq(counted, 0);                                                     \
	} while (0)

START_TEST(the_same_call_with_the_same_values_is_counted)
{
	for (unsigned i = 0; i < CALLS; i++)
		next(VGPU_FN_cuDriverGetVersion, 0x7ffd0000, VGPU_BLOB_OUT, 13000);
	ALIKE();
	/* Of what came last, 72 bytes each, the newest six KiB are events. */
	ck_assert_uint_eq(last_ns, 6000 + 10 * (ordinal - 1 - 6144 / 72));
}
END_TEST

START_TEST(another_value_that_came_back_is_news)
{
	for (unsigned i = 0; i < CALLS; i++)
		next(VGPU_FN_cuDriverGetVersion, 0x7ffd0000, VGPU_BLOB_OUT, i);
	NEWS();
}
END_TEST

START_TEST(so_is_another_argument_where_values_come_back)
{
	for (unsigned i = 0; i < CALLS; i++)
		next(VGPU_FN_cuDriverGetVersion, i, VGPU_BLOB_OUT, 13000);
	NEWS();
}
END_TEST

START_TEST(where_nothing_comes_back_arguments_are_no_news)
{
	for (unsigned i = 0; i < CALLS; i++)
		next(VGPU_FN_cuStreamSynchronize, i, VGPU_BLOB_IN, i * 3);
	ALIKE();
}
END_TEST

START_TEST(a_value_that_comes_back_at_last_is_news)
{
	for (unsigned i = 0; i < CALLS; i++)
		next(VGPU_FN_cuStreamSynchronize, i, i == 300 ? VGPU_BLOB_OUT : VGPU_BLOB_IN, 0);
	read_all();
	/* That one, and the next, which it was not like. */
	ck_assert_uint_eq(emitted, 4);
	ck_assert_uint_eq(counted, CALLS - 4);
}
END_TEST

START_TEST(an_error_is_news_each_time)
{
	for (unsigned i = 0; i < CALLS; i++)
		next(VGPU_FN_cuDriverGetVersion, 0, 0, 0)->result = 3;
	NEWS();
}
END_TEST

START_TEST(one_error_among_successes_is_an_event)
{
	for (unsigned i = 0; i < CALLS; i++)
		next(VGPU_FN_cuDriverGetVersion, 0, 0, 0)->result = i == 400 ? 3 : 0;
	read_all();
	ck_assert_uint_eq(emitted, 4);
	ck_assert_uint_eq(counted, CALLS - 4);
}
END_TEST

START_TEST(what_is_not_wanted_is_not_counted)
{
	unwanted = VGPU_FN_cuDriverGetVersion;
	for (unsigned i = 0; i < CALLS; i++)
		next(VGPU_FN_cuDriverGetVersion, 0, 0, 0);
	NEWS();
}
END_TEST

START_TEST(registrations_are_events)
{
	for (unsigned i = 0; i < CALLS; i++)
		next(VGPU_FN___cudaRegisterFunction, i, VGPU_BLOB_IN, i);
	NEWS();
}
END_TEST

/* Outer calls that each make one. */
static void nested(uint64_t result_of_inner)
{
	looked_at = VGPU_FN_cudaDeviceSynchronize;
	for (unsigned i = 0; i < CALLS; i++) {
		add(VGPU_FN_cuCtxSynchronize, ordinal + 1, 1, 0, 0, 0)->result = result_of_inner;
		add(looked_at, ordinal, 0, 0, 0, 0);
		ordinal += 2;
	}
}

START_TEST(a_call_is_counted_with_the_one_that_it_made)
{
	nested(0);
	ALIKE();
	ck_assert_uint_eq(inner, counted);
}
END_TEST

START_TEST(a_call_is_an_event_where_the_one_that_it_made_failed)
{
	nested(3);
	NEWS();
	ck_assert_uint_eq(inner, 0);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		the_same_call_with_the_same_values_is_counted,
		another_value_that_came_back_is_news,
		so_is_another_argument_where_values_come_back,
		where_nothing_comes_back_arguments_are_no_news,
		a_value_that_comes_back_at_last_is_news,
		an_error_is_news_each_time,
		one_error_among_successes_is_an_event,
		what_is_not_wanted_is_not_counted,
		registrations_are_events,
		a_call_is_counted_with_the_one_that_it_made,
		a_call_is_an_event_where_the_one_that_it_made_failed,
	};
	Suite *suite = suite_create("alike");
	TCase *tcase = tcase_create("alike");
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
