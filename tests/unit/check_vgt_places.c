// SPDX-License-Identifier: Apache-2.0
/* The trace file: many events: any place is found, only what is asked for is read, what repeats lies there once. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shim/api/schema.h"
#include "tests/unit/make_event.h"
#include "tests/unit/vgt_file.h"
#include "tracer/file/vgt.h"
#include "tracer/model/copy.h"

/* ---- many events ---- */

#define MANY 60000u

static void many_event(struct made_call *call, uint32_t i)
{
	if (i % 20000 == 0) {
		memset(call, 0, sizeof(*call));
		call->event.kind = VGPU_EVENT_TEXT;
		call->event.process = 1;
		call->event.text.text = "now and then";
		call->event.time_ns = 1000 + i;
		return;
	}
	make_call(call, i % 3 ? "cuInit" : "cuDeviceGetCount", i % 1000 ? 0 : 100);
	make_call_arg(call, i * UINT64_C(0x12345));
	make_call_blob(call, 0, VGPU_BLOB_OUT, &i, sizeof(i), sizeof(i));
	call->event.call.ordinal = i;
	call->event.call.thread = 1 + i % 5;
	call->event.call.thread_name = i % 2 ? "main" : "worker";
	call->event.time_ns = 1000 + i;
}

static void write_many(bool end)
{
	struct vgpu_vgt_writer *writer;
	struct vgpu_stream stream = { 0 };
	struct made_call call;

	ck_assert_int_eq(vgpu_vgt_create(&writer, path), 0);
	vgpu_stream_add(&stream, vgpu_vgt_sink(writer));
	for (uint32_t i = 0; i < MANY; i++) {
		many_event(&call, i);
		vgpu_stream_emit(&stream, &call.event);
	}
	if (end)
		vgpu_stream_end(&stream);
	ck_assert_int_eq(vgpu_vgt_sink(writer)->error, 0);
	vgpu_vgt_close(writer);
}

/* The next event is number i + 1 and as it was written. */
static void expect_many(struct vgpu_vgt_reader *reader, uint32_t i)
{
	struct made_call call;
	struct vgpu_event event;
	const char *field;

	ck_assert_msg(vgpu_vgt_next(reader, &event) == 1, "event %u is missing", i + 1);
	many_event(&call, i);
	call.event.number = i + 1;
	ck_assert_msg(vgpu_event_equal(&event, &call.event, &field), "event %u differs in %s", i + 1, field);
}

START_TEST(any_event_is_found_by_number_and_time_and_from_the_end)
{
	static const uint32_t places[] = { 0, 1, 2, 19999, 20000, 31234, MANY - 2, MANY - 1 };

	for (int end = 0; end < 2; end++) {
		struct vgpu_vgt_summary summary;
		struct vgpu_vgt_reader *reader;
		struct vgpu_event event;

		write_many(end);
		ck_assert_int_eq(vgpu_vgt_open(&reader, path), 0);
		vgpu_vgt_summary(reader, &summary);
		ck_assert_uint_eq(summary.events, MANY);
		ck_assert_uint_eq(summary.from_ns, 1000);
		ck_assert_uint_eq(summary.upto_ns, 1000 + MANY - 1);
		ck_assert_uint_gt(summary.blocks, 3);
		ck_assert_uint_eq(summary.whole, summary.bytes);
		ck_assert(summary.indexed == end && summary.complete == end);
		for (unsigned i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
			ck_assert_int_eq(vgpu_vgt_seek_number(reader, places[i] + 1), 0);
			expect_many(reader, places[i]);
			ck_assert_int_eq(vgpu_vgt_seek_last(reader, MANY - places[i]), 0);
			expect_many(reader, places[i]);
			if (places[i] + 1 < MANY)
				expect_many(reader, places[i] + 1);
			/* By time: the block it is in. */
			ck_assert_int_eq(vgpu_vgt_seek_time(reader, 1000 + places[i]), 0);
			ck_assert_int_eq(vgpu_vgt_next(reader, &event), 1);
			ck_assert_uint_le(event.number, places[i] + 1);
		}
		ck_assert_int_eq(vgpu_vgt_seek_last(reader, MANY + 7), 0);
		expect_many(reader, 0);
		ck_assert_int_eq(vgpu_vgt_seek_last(reader, 0), 0);
		ck_assert_int_eq(vgpu_vgt_next(reader, &event), 0);
		ck_assert_int_eq(vgpu_vgt_seek_number(reader, MANY + 1), 0);
		ck_assert_int_eq(vgpu_vgt_next(reader, &event), 0);
		/* And all of them. */
		ck_assert_int_eq(vgpu_vgt_seek_number(reader, 1), 0);
		for (uint32_t i = 0; i < MANY; i++)
			expect_many(reader, i);
		ck_assert_int_eq(vgpu_vgt_next(reader, &event), 0);
		vgpu_vgt_reader_close(reader);
	}
}
END_TEST

START_TEST(only_the_kinds_and_the_process_asked_for_are_handed_out)
{
	struct vgpu_vgt_reader *reader;
	struct vgpu_event event;

	write_many(true);
	ck_assert_int_eq(vgpu_vgt_open(&reader, path), 0);
	vgpu_vgt_only(reader, ~VGPU_VGT_CALLS, 0);
	for (uint32_t i = 0; i < MANY; i += 20000)
		expect_many(reader, i);
	ck_assert_int_eq(vgpu_vgt_next(reader, &event), 0);
	vgpu_vgt_only(reader, VGPU_VGT_ALL, 2);
	vgpu_vgt_seek_number(reader, 1);
	ck_assert_int_eq(vgpu_vgt_next(reader, &event), 0);
	vgpu_vgt_reader_close(reader);
}
END_TEST

START_TEST(calls_of_other_times_are_not_even_read)
{
	static const struct {
		uint32_t from, upto;
	} windows[] = { { 0, MANY - 1 }, { MANY / 2, MANY / 2 + 10 }, { MANY - 5, MANY + 5 }, { 0, 0 }, { MANY + 7, MANY + 9 } };

	write_many(true);
	for (unsigned w = 0; w < sizeof(windows) / sizeof(windows[0]); w++) {
		uint32_t calls = 0, within = 0, want = 0, others = 0, last = 0;
		struct vgpu_vgt_reader *reader;
		struct vgpu_event event;

		ck_assert_int_eq(vgpu_vgt_open(&reader, path), 0);
		vgpu_vgt_window(reader, 1000 + windows[w].from, 1000 + windows[w].upto);
		while (vgpu_vgt_next(reader, &event) == 1) {
			ck_assert_uint_gt(event.number, last);
			last = event.number;
			others += event.kind != VGPU_EVENT_CALL;
			calls += event.kind == VGPU_EVENT_CALL;
			within += event.kind == VGPU_EVENT_CALL && event.number - 1 >= windows[w].from &&
				  event.number - 1 <= windows[w].upto;
		}
		for (uint32_t i = windows[w].from; i <= windows[w].upto && i < MANY; i++)
			want += i % 20000 != 0;
		ck_assert_uint_eq(within, want);
		ck_assert_uint_eq(others, (MANY + 19999) / 20000);
		/* But for the blocks that the others lie in. */
		if (windows[w].upto - windows[w].from < 20)
			ck_assert_uint_lt(calls, MANY * 4 / 5);
		ck_assert_uint_eq(vgpu_vgt_read(reader), MANY);
		ck_assert(vgpu_vgt_complete(reader));
		vgpu_vgt_reader_close(reader);
	}
}
END_TEST

START_TEST(what_is_written_meanwhile_is_found_by_looking_again)
{
	struct vgpu_vgt_writer *writer;
	struct vgpu_vgt_reader *reader;
	struct vgpu_stream stream = { 0 };
	struct made_call call;
	struct vgpu_event event;

	ck_assert_int_eq(vgpu_vgt_create(&writer, path), 0);
	ck_assert_int_eq(vgpu_vgt_open(&reader, path), 0);
	vgpu_stream_add(&stream, vgpu_vgt_sink(writer));
	ck_assert_int_eq(vgpu_vgt_next(reader, &event), 0);
	for (uint32_t i = 0; i < 10; i++) {
		ck_assert_int_eq(vgpu_vgt_again(reader), 0);
		ck_assert_int_eq(vgpu_vgt_next(reader, &event), 0);
		many_event(&call, i);
		vgpu_stream_emit(&stream, &call.event);
		ck_assert_int_eq(vgpu_vgt_flush_after(writer, UINT64_C(3600000000000)), 0);
		ck_assert_int_eq(vgpu_vgt_again(reader), 0);
		ck_assert_int_eq(vgpu_vgt_flush_after(writer, 0), 0);
		ck_assert_int_eq(vgpu_vgt_again(reader), 1);
		expect_many(reader, i);
	}
	vgpu_stream_end(&stream);
	ck_assert(!vgpu_vgt_complete(reader));
	ck_assert_int_eq(vgpu_vgt_again(reader), 0);
	ck_assert(vgpu_vgt_complete(reader));
	vgpu_vgt_close(writer);
	vgpu_vgt_reader_close(reader);
}
END_TEST

START_TEST(strings_and_stacks_lie_in_the_file_once)
{
	struct vgpu_vgt_writer *writer;
	struct vgpu_stream stream = { 0 };
	uint64_t stack[64];
	struct stat st;

	for (unsigned i = 0; i < 64; i++)
		stack[i] = (i + 1) * UINT64_C(0x9e3779b97f4a7c15);
	ck_assert_int_eq(vgpu_vgt_create(&writer, path), 0);
	vgpu_stream_add(&stream, vgpu_vgt_sink(writer));
	/* In blocks of their own: what is alike within a block would be packed in any case. */
	for (uint32_t i = 1; i <= 100; i++) {
		struct made_call call;

		many_event(&call, i);
		call.event.call.stack = (struct vgpu_words){ stack, 64 };
		vgpu_stream_emit(&stream, &call.event);
		ck_assert_int_eq(vgpu_vgt_flush(writer), 0);
	}
	vgpu_vgt_close(writer);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_lt(st.st_size, 100 * (sizeof(struct vgpu_vgt_block) + 64) + 8192);
}
END_TEST

int main(void)
{
	TCase *tests = unit_case("vgt_places");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_set_timeout(tests, 120);
	tcase_add_test(tests, any_event_is_found_by_number_and_time_and_from_the_end);
	tcase_add_test(tests, only_the_kinds_and_the_process_asked_for_are_handed_out);
	tcase_add_test(tests, calls_of_other_times_are_not_even_read);
	tcase_add_test(tests, what_is_written_meanwhile_is_found_by_looking_again);
	tcase_add_test(tests, strings_and_stacks_lie_in_the_file_once);
	return unit_run();
}
