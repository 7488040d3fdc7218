// SPDX-License-Identifier: Apache-2.0
/* A trace file that is held to a size: what is in it, what it says of the rest, and that nothing exceeds it. */
#include <check.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shim/api/schema.h"
#include "tracer/file/vgt.h"

#define LIMIT (UINT64_C(1) << 20)

static char directory[] = "/dev/shm/check_limit.XXXXXX";
static char path[64], next_path[80];

static void setup(void)
{
	strcpy(directory + strlen(directory) - 6, "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/t.vgt", directory);
	snprintf(next_path, sizeof(next_path), "%s.next", path);
}

static void teardown(void)
{
	unlink(path);
	unlink(next_path);
	rmdir(next_path);
	rmdir(directory);
}

static uint64_t size_of(const char *name)
{
	struct stat st;

	return stat(name, &st) ? 0 : (uint64_t)st.st_size;
}

/* Files grow by a block, which is hundreds of events: now and then is often enough. */
static void check_sizes(uint64_t i)
{
	if (i % 16 == 0)
		ck_assert_uint_le(size_of(path) + size_of(next_path), LIMIT);
}

static struct vgpu_vgt_writer *open_limited(struct vgpu_stream *stream, enum vgpu_vgt_keep keep)
{
	struct vgpu_vgt_writer *writer;

	ck_assert_int_eq(vgpu_vgt_create(&writer, path), 0);
	ck_assert_int_eq(vgpu_vgt_limit(writer, LIMIT, keep), 0);
	vgpu_stream_add(stream, vgpu_vgt_sink(writer));
	return writer;
}

static uint64_t emit(struct vgpu_stream *stream, struct vgpu_event event)
{
	event.time_ns = 1000 + stream->number * 10;
	return vgpu_stream_emit(stream, &event);
}

static void emit_start(struct vgpu_stream *stream, uint32_t process)
{
	static const char argv[] = "runner";

	emit(stream, (struct vgpu_event){ .kind = VGPU_EVENT_START, .process = process,
					  .start = { .pid = (int32_t)process + 100, .comm = "runner", .argv = { argv, sizeof(argv) } } });
	emit(stream, (struct vgpu_event){ .kind = VGPU_EVENT_OBJECT, .process = process,
					  .object = { .path = "/usr/lib/libcuda.so.1", .from = 0x1000, .to = 0x2000 } });
}

/* Bytes that no packing makes smaller. */
static void emit_call(struct vgpu_stream *stream, uint32_t process)
{
	static uint64_t state = 1;
	uint64_t words[8];

	for (unsigned i = 0; i < 8; i++) {
		state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		words[i] = state ^ state >> 29;
	}
	emit(stream, (struct vgpu_event){ .kind = VGPU_EVENT_CALL, .process = process, .tid = 7, .observer = VGPU_OBSERVER_RING,
					  .call = { .function = vgpu_function_by_name(0, "cuInit")->id, .thread = 1,
						    .duration_ns = 5, .thread_name = "runner", .args = { words, 8 } } });
}

struct seen {
	uint64_t events, calls, gaps, last, first_call, starts, objects;
	struct vgpu_event_gap gap;
	bool complete;
};

static int look(struct seen *seen)
{
	struct vgpu_vgt_reader *reader;
	struct vgpu_event event;
	int err = vgpu_vgt_open(&reader, path);

	memset(seen, 0, sizeof(*seen));
	if (err)
		return err;
	while ((err = vgpu_vgt_next(reader, &event)) == 1) {
		seen->events++;
		ck_assert_msg(event.number > seen->last, "event %lu comes after %lu", event.number, seen->last);
		seen->last = event.number;
		seen->calls += event.kind == VGPU_EVENT_CALL;
		if (event.kind == VGPU_EVENT_CALL && !seen->first_call)
			seen->first_call = event.number;
		if (event.kind == VGPU_EVENT_CALL)
			ck_assert_str_eq(event.call.thread_name, "runner");
		seen->starts += event.kind == VGPU_EVENT_START;
		seen->objects += event.kind == VGPU_EVENT_OBJECT && !strcmp(event.object.path, "/usr/lib/libcuda.so.1");
		if (event.kind == VGPU_EVENT_GAP) {
			seen->gaps++;
			seen->gap = event.gap;
		}
	}
	seen->complete = vgpu_vgt_complete(reader);
	vgpu_vgt_reader_close(reader);
	return err;
}

START_TEST(what_is_too_small_or_has_more_already_is_refused)
{
	struct vgpu_stream stream = { 0 };
	struct vgpu_vgt_writer *writer;

	ck_assert_int_eq(vgpu_vgt_create(&writer, path), 0);
	ck_assert_int_eq(vgpu_vgt_limit(writer, LIMIT - 1, VGPU_VGT_KEEP_FIRST), -EINVAL);
	vgpu_stream_add(&stream, vgpu_vgt_sink(writer));
	for (unsigned i = 0; i < 20000; i++)
		emit_call(&stream, 1);
	vgpu_stream_end(&stream);
	vgpu_vgt_close(writer);
	ck_assert_int_eq(vgpu_vgt_append(&writer, path), 0);
	ck_assert_int_eq(vgpu_vgt_limit(writer, LIMIT, VGPU_VGT_KEEP_FIRST), -EFBIG);
	ck_assert_int_eq(vgpu_vgt_limit(writer, 64 * LIMIT, VGPU_VGT_KEEP_LAST), -EINVAL);
	ck_assert_int_eq(vgpu_vgt_limit(writer, 64 * LIMIT, VGPU_VGT_KEEP_FIRST), 0);
	vgpu_vgt_close(writer);
	/* What is beside it and no trace is not written over. */
	ck_assert_int_eq(mkdir(next_path, 0700), 0);
	ck_assert_int_eq(vgpu_vgt_create(&writer, path), 0);
	ck_assert_int_eq(vgpu_vgt_limit(writer, LIMIT, VGPU_VGT_KEEP_LAST), -EISDIR);
	vgpu_vgt_close(writer);
}
END_TEST

START_TEST(first_keeps_the_beginning_and_says_what_came_after)
{
	struct vgpu_event coverage = { .kind = VGPU_EVENT_COVERAGE, .coverage = { .observer = VGPU_OBSERVER_RING } };
	struct vgpu_stream stream = { 0 };
	struct vgpu_vgt_writer *writer = open_limited(&stream, VGPU_VGT_KEEP_FIRST);
	struct seen seen;
	int why = 1;

	emit_start(&stream, 1);
	for (unsigned i = 0; i < 40000; i++) {
		emit_call(&stream, 1);
		check_sizes(i);
		if (i == 30000) {
			/* A crash now: what is missing is said already. */
			ck_assert_int_eq(vgpu_vgt_flush(writer), 0);
			ck_assert_int_eq(look(&seen), 0);
			ck_assert_uint_eq(seen.gaps, 1);
			ck_assert_uint_eq(seen.gap.upto_ns, UINT64_MAX);
		}
	}
	ck_assert(vgpu_vgt_full(writer, &why));
	ck_assert_int_eq(why, 0);
	emit(&stream, coverage);
	vgpu_stream_end(&stream);
	ck_assert_int_eq(vgpu_vgt_sink(writer)->error, 0);
	vgpu_vgt_close(writer);
	ck_assert_uint_le(size_of(path), LIMIT);
	ck_assert_uint_gt(size_of(path), LIMIT / 8 * 7);
	ck_assert_int_eq(look(&seen), 0);
	ck_assert(seen.complete);
	ck_assert_uint_eq(seen.first_call, 3);
	ck_assert_uint_eq(seen.gap.reason, VGPU_GAP_FIRST);
	ck_assert_uint_eq(seen.gap.limit, LIMIT);
	/* Every call is in the file or in the count. */
	ck_assert_uint_eq(seen.calls + seen.gap.calls, 40000);
	ck_assert_uint_eq(seen.events - seen.gaps + seen.gap.events, 40003);
	ck_assert_uint_eq(seen.gap.from_ns, 1000 + (seen.calls + 2) * 10);
	ck_assert_uint_eq(seen.gap.upto_ns, 1000 + 40001 * 10);
}
END_TEST

START_TEST(a_file_that_never_is_full_has_no_gap)
{
	for (unsigned keep = VGPU_VGT_KEEP_FIRST; keep <= VGPU_VGT_KEEP_LAST; keep++) {
		struct vgpu_stream stream = { 0 };
		struct vgpu_vgt_writer *writer = open_limited(&stream, keep);
		struct seen seen;

		emit_start(&stream, 1);
		for (unsigned i = 0; i < 6000; i++)
			emit_call(&stream, 1);
		vgpu_stream_end(&stream);
		ck_assert(!vgpu_vgt_full(writer, NULL));
		vgpu_vgt_close(writer);
		ck_assert_int_eq(look(&seen), 0);
		ck_assert_uint_eq(seen.gaps, 0);
		ck_assert_uint_eq(seen.events, 6002);
		ck_assert(seen.complete);
		ck_assert_uint_eq(size_of(next_path), 0);
	}
}
END_TEST

START_TEST(last_keeps_the_newest_and_what_it_refers_to)
{
	struct vgpu_stream stream = { 0 };
	struct vgpu_vgt_writer *writer = open_limited(&stream, VGPU_VGT_KEEP_LAST);
	uint64_t least = UINT64_MAX, gone = 0;
	struct seen seen;

	emit_start(&stream, 1);
	for (unsigned i = 1; i <= 120000; i++) {
		emit_call(&stream, 1);
		check_sizes(i);
		if (i % 997)
			continue;
		/* At any moment it is a trace: a crash loses what is not written, no more. */
		ck_assert_int_eq(look(&seen), 0);
		ck_assert(i < 1000 || seen.starts == 1);
		ck_assert(i < 1000 || seen.objects == 1);
		ck_assert_uint_ge(seen.gap.events, gone);
		gone = seen.gap.events;
		/* From the gap to the newest everything is there. */
		if (seen.gaps) {
			ck_assert_uint_eq(seen.events - seen.gaps + seen.gap.events, seen.last);
			ck_assert_uint_eq(seen.first_call, seen.gap.events + 3);
			least = seen.calls < least ? seen.calls : least;
		}
	}
	vgpu_stream_end(&stream);
	ck_assert_int_eq(vgpu_vgt_sink(writer)->error, 0);
	vgpu_vgt_close(writer);
	ck_assert_uint_eq(size_of(next_path), 0);
	ck_assert_uint_le(size_of(path), LIMIT);
	ck_assert_int_eq(look(&seen), 0);
	ck_assert(seen.complete);
	ck_assert_uint_eq(seen.last, 120002);
	ck_assert_uint_eq(seen.calls + seen.gap.calls, 120000);
	ck_assert_uint_eq(seen.gap.reason, VGPU_GAP_LAST);
	ck_assert_uint_eq(seen.gap.from_ns, 1000 + 2 * 10);
	ck_assert_uint_eq(seen.gap.upto_ns, 1000 + (seen.first_call - 2) * 10);
	/* A quarter of the limit, at the least, is of the newest: 70 bytes a call. */
	ck_assert_uint_gt(least, LIMIT / 4 / 80);
}
END_TEST

START_TEST(processes_that_ended_go_before_one_that_lives)
{
	struct vgpu_stream stream = { 0 };
	struct vgpu_vgt_writer *writer = open_limited(&stream, VGPU_VGT_KEEP_LAST);
	struct seen seen;

	emit_start(&stream, 1);
	for (uint32_t process = 2; process < 30000; process++) {
		emit_start(&stream, process);
		emit_call(&stream, 1);
		emit(&stream, (struct vgpu_event){ .kind = VGPU_EVENT_EXIT, .process = process });
		check_sizes(process);
	}
	vgpu_stream_end(&stream);
	ck_assert_int_eq(vgpu_vgt_sink(writer)->error, 0);
	vgpu_vgt_close(writer);
	ck_assert_int_eq(look(&seen), 0);
	ck_assert_uint_lt(seen.starts, 29999);
	ck_assert_uint_eq(seen.events - seen.gaps + seen.gap.events, stream.number);
	{
		struct vgpu_vgt_reader *reader;
		struct vgpu_event event;

		ck_assert_int_eq(vgpu_vgt_open(&reader, path), 0);
		ck_assert_int_eq(vgpu_vgt_next(reader, &event), 1);
		ck_assert_uint_eq(event.kind, VGPU_EVENT_START);
		ck_assert_uint_eq(event.process, 1);
		vgpu_vgt_reader_close(reader);
	}
}
END_TEST

START_TEST(one_that_is_killed_leaves_a_trace_within_the_limit)
{
	for (unsigned round = 0; round < 20; round++) {
		int tell[2];
		uint64_t calls = 0;
		struct seen seen;
		pid_t pid;
		int err;

		ck_assert_int_eq(pipe(tell), 0);
		pid = fork();
		ck_assert_int_ge(pid, 0);
		if (!pid) {
			struct vgpu_stream stream = { 0 };
			struct vgpu_vgt_writer *writer;

			if (vgpu_vgt_create(&writer, path) || vgpu_vgt_limit(writer, LIMIT, VGPU_VGT_KEEP_LAST))
				_exit(1);
			vgpu_stream_add(&stream, vgpu_vgt_sink(writer));
			emit_start(&stream, 1);
			for (;;) {
				emit_call(&stream, 1);
				if (write(tell[1], "", 1) != 1)
					_exit(1);
			}
		}
		close(tell[1]);
		for (char bytes[4096]; calls < 25000 + 1777 * round;) {
			ssize_t n = read(tell[0], bytes, sizeof(bytes));

			ck_assert_int_gt(n, 0);
			calls += n;
		}
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		close(tell[0]);
		ck_assert_uint_le(size_of(path) + size_of(next_path), LIMIT);
		/* What was being written may be cut off; all before it is good. */
		err = look(&seen);
		ck_assert_msg(!err || err == -EBADMSG, "round %u: %d", round, err);
		ck_assert(!seen.complete);
		ck_assert_uint_eq(seen.starts, 1);
		ck_assert_uint_eq(seen.gaps, 1);
		ck_assert_uint_eq(seen.events - seen.gaps + seen.gap.events, seen.last);
	}
}
END_TEST

/* The next file cannot be made: this one is used up, and then it is said why it ends. */
START_TEST(without_a_next_file_it_is_full_when_it_is_full)
{
	struct vgpu_stream stream = { 0 };
	struct vgpu_vgt_writer *writer = open_limited(&stream, VGPU_VGT_KEEP_LAST);
	struct seen seen;
	int why = 0;

	ck_assert_int_eq(mkdir(next_path, 0700), 0);
	for (unsigned i = 0; i < 40000; i++) {
		emit_call(&stream, 1);
		check_sizes(i);
	}
	ck_assert(vgpu_vgt_full(writer, &why));
	ck_assert_int_eq(why, -EISDIR);
	vgpu_stream_end(&stream);
	ck_assert_int_eq(vgpu_vgt_sink(writer)->error, 0);
	vgpu_vgt_close(writer);
	ck_assert_int_eq(look(&seen), 0);
	ck_assert(seen.complete);
	ck_assert_uint_eq(seen.gap.reason, VGPU_GAP_FIRST);
	ck_assert_uint_eq(seen.calls + seen.gap.calls, 40000);
	ck_assert_uint_eq(seen.first_call, 1);
}
END_TEST

/* One event may be larger than all the rest. */
START_TEST(an_event_that_has_no_room_is_counted)
{
	for (unsigned keep = VGPU_VGT_KEEP_FIRST; keep <= VGPU_VGT_KEEP_LAST; keep++) {
		struct vgpu_stream stream = { 0 };
		struct vgpu_vgt_writer *writer = open_limited(&stream, keep);
		static uint8_t bytes[1000000];
		struct seen seen;
		unsigned calls = 0;

		for (size_t i = 0; i < sizeof(bytes); i++)
			bytes[i] = (uint8_t)random();
		emit_start(&stream, 1);
		for (unsigned i = 0; i < 40; i++) {
			for (unsigned k = 0; k < 500; k++, calls++)
				emit_call(&stream, 1);
			emit(&stream, (struct vgpu_event){ .kind = VGPU_EVENT_OUTPUT, .process = 1,
							   .output = { .descriptor = 2, .bytes = { bytes, sizeof(bytes) } } });
			ck_assert_uint_le(size_of(path) + size_of(next_path), LIMIT);
		}
		vgpu_stream_end(&stream);
		ck_assert_int_eq(vgpu_vgt_sink(writer)->error, 0);
		vgpu_vgt_close(writer);
		ck_assert_uint_le(size_of(path) + size_of(next_path), LIMIT);
		ck_assert_int_eq(look(&seen), 0);
		ck_assert_uint_eq(seen.starts, 1);
		ck_assert_uint_ge(seen.gaps, 1);
		ck_assert_uint_eq(seen.calls + seen.gap.calls, calls);
		ck_assert_uint_eq(seen.events - seen.gaps + seen.gap.events, stream.number);
	}
}
END_TEST

START_TEST(who_follows_goes_on_in_the_file_that_takes_its_place)
{
	struct vgpu_stream stream = { 0 };
	struct vgpu_vgt_writer *writer = open_limited(&stream, VGPU_VGT_KEEP_LAST);
	struct vgpu_vgt_reader *reader = NULL;
	struct vgpu_event event;
	uint64_t last = 0;
	int err;

	emit_start(&stream, 1);
	for (unsigned i = 0; i < 60000; i++) {
		emit_call(&stream, 1);
		if (i % 100)
			continue;
		ck_assert_int_eq(vgpu_vgt_flush(writer), 0);
		if (!reader)
			ck_assert_int_eq(vgpu_vgt_open(&reader, path), 0);
		for (;;) {
			while ((err = vgpu_vgt_next(reader, &event)) == 1)
				ck_assert_uint_eq(event.number, ++last);
			if (vgpu_vgt_again(reader) != 1)
				break;
		}
	}
	vgpu_stream_end(&stream);
	while (vgpu_vgt_again(reader) == 1)
		while ((err = vgpu_vgt_next(reader, &event)) == 1)
			ck_assert_uint_eq(event.number, ++last);
	ck_assert_uint_eq(last, 60002);
	ck_assert(vgpu_vgt_complete(reader));
	vgpu_vgt_reader_close(reader);
	vgpu_vgt_close(writer);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("limit");
	TCase *tests = tcase_create("limit");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_set_timeout(tests, 120);
	tcase_add_test(tests, what_is_too_small_or_has_more_already_is_refused);
	tcase_add_test(tests, first_keeps_the_beginning_and_says_what_came_after);
	tcase_add_test(tests, a_file_that_never_is_full_has_no_gap);
	tcase_add_test(tests, last_keeps_the_newest_and_what_it_refers_to);
	tcase_add_test(tests, processes_that_ended_go_before_one_that_lives);
	tcase_add_test(tests, one_that_is_killed_leaves_a_trace_within_the_limit);
	tcase_add_test(tests, without_a_next_file_it_is_full_when_it_is_full);
	tcase_add_test(tests, an_event_that_has_no_room_is_counted);
	tcase_add_test(tests, who_follows_goes_on_in_the_file_that_takes_its_place);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
