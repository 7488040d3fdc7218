// SPDX-License-Identifier: Apache-2.0
/* The trace file: what goes in comes out, and what is damaged is never believed. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/make_event.h"
#include "tracer/file/codec.h"
#include "tracer/file/vgt.h"
#include "tracer/model/copy.h"

static char directory[] = "/tmp/check_vgt.XXXXXX";
static char path[64];

static void setup(void)
{
	strcpy(directory + strlen(directory) - 6, "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/t.vgt", directory);
}

static void teardown(void)
{
	unlink(path);
	rmdir(directory);
}

/* One event of each kind; returns how many. */
static unsigned write_all(int end)
{
	struct vgpu_vgt_writer *writer;
	struct vgpu_stream stream = { 0 };
	unsigned count = 0;

	ck_assert_int_eq(vgpu_vgt_create(&writer, path), 0);
	vgpu_stream_add(&stream, vgpu_vgt_sink(writer));
	for (uint32_t kind = 1; kind < VGPU_EVENT_KINDS; kind++) {
		struct vgpu_event event;

		make_event_filled(&event, kind, kind, 0);
		vgpu_stream_emit(&stream, &event);
		count++;
	}
	if (end)
		vgpu_stream_end(&stream);
	ck_assert_int_eq(vgpu_vgt_sink(writer)->error, 0);
	ck_assert_uint_eq(vgpu_vgt_written(writer), count);
	vgpu_vgt_close(writer);
	return count;
}

static size_t read_file(uint8_t **bytes)
{
	FILE *file = fopen(path, "re");
	struct stat st;

	ck_assert_ptr_nonnull(file);
	ck_assert_int_eq(fstat(fileno(file), &st), 0);
	*bytes = malloc(st.st_size + 1);
	ck_assert_uint_eq(fread(*bytes, 1, st.st_size, file), st.st_size);
	fclose(file);
	return st.st_size;
}

static void write_file(const uint8_t *bytes, size_t size)
{
	FILE *file = fopen(path, "we");

	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(bytes, 1, size, file), size);
	fclose(file);
}

/* Reads to the end; every event must be the one that was written in that place. */
static int read_and_compare(unsigned *count, bool *complete)
{
	struct vgpu_vgt_reader *reader;
	struct vgpu_event event, want;
	const char *field;
	int err;

	*count = 0;
	*complete = false;
	err = vgpu_vgt_open(&reader, path);
	if (err)
		return err;
	while ((err = vgpu_vgt_next(reader, &event)) == 1) {
		++*count;
		ck_assert_uint_lt(*count, VGPU_EVENT_KINDS);
		make_event_filled(&want, *count, *count, 1);
		ck_assert_msg(vgpu_event_equal(&event, &want, &field), "event %u differs in %s", *count, field);
	}
	ck_assert_int_le(err, 0);
	/* The end is the end, however often one asks. */
	ck_assert_int_eq(vgpu_vgt_next(reader, &event), err);
	ck_assert_uint_eq(vgpu_vgt_read(reader), *count);
	*complete = vgpu_vgt_complete(reader);
	vgpu_vgt_reader_close(reader);
	return err;
}

START_TEST(every_field_of_every_event_comes_back)
{
	unsigned wrote = write_all(1), count;
	bool complete;

	ck_assert_int_eq(read_and_compare(&count, &complete), 0);
	ck_assert_uint_eq(count, wrote);
	ck_assert(complete);
}
END_TEST

START_TEST(every_kind_has_a_table_without_repetitions)
{
	/* Every kind has a table, and no two rows of one say the same. */
	for (uint32_t kind = 1; kind < VGPU_EVENT_KINDS; kind++) {
		const struct vgpu_kind *k = vgpu_event_kind(kind);

		ck_assert_msg(k != NULL, "kind %u has no table", kind);
		for (uint32_t i = 0; i < k->count; i++) {
			ck_assert_uint_ge(k->fields[i].number, 16);
			for (uint32_t j = 0; j < i; j++) {
				ck_assert_uint_ne(k->fields[i].number, k->fields[j].number);
				ck_assert_str_ne(k->fields[i].name, k->fields[j].name);
				ck_assert_uint_ne(k->fields[i].offset, k->fields[j].offset);
			}
		}
	}
}
END_TEST

START_TEST(a_copy_is_equal_and_owns_what_it_points_to)
{
	for (uint32_t kind = 1; kind < VGPU_EVENT_KINDS; kind++) {
		struct vgpu_event event, again;
		struct vgpu_event *copy;
		const char *field;

		make_event_filled(&event, kind, 5, 0);
		copy = vgpu_event_copy(&event);
		make_event_filled(&event, kind, 6, 0); /* overwrites what the first pointed to */
		make_event_filled(&again, kind, 5, 1);
		ck_assert_msg(vgpu_event_equal(copy, &again, &field), "kind %u: %s", kind, field);
		ck_assert(!vgpu_event_equal(copy, &event, &field));
		free(copy);
	}
}
END_TEST

START_TEST(a_recording_without_an_end_is_read_and_said_to_be_incomplete)
{
	unsigned wrote = write_all(0), count;
	bool complete;

	ck_assert_int_eq(read_and_compare(&count, &complete), 0);
	ck_assert_uint_eq(count, wrote);
	ck_assert(!complete);
}
END_TEST

START_TEST(truncated_at_any_byte_the_whole_events_before_it_are_read)
{
	unsigned wrote = write_all(1), count, last = 0;
	uint8_t *bytes;
	size_t size = read_file(&bytes);
	bool complete;

	for (size_t cut = 0; cut < size; cut++) {
		int err;

		write_file(bytes, cut);
		err = read_and_compare(&count, &complete);
		ck_assert(!complete);
		if (cut < sizeof(struct vgpu_vgt_head)) {
			ck_assert_int_eq(err, -EPROTO);
			continue;
		}
		ck_assert_msg(err == 0 || err == -EBADMSG, "cut at %zu: %d", cut, err);
		ck_assert_uint_ge(count, last);
		ck_assert_uint_le(count, last + 1);
		last = count;
	}
	ck_assert_uint_eq(last, wrote);
	free(bytes);
}
END_TEST

START_TEST(a_changed_byte_anywhere_is_found)
{
	unsigned wrote = write_all(1), count;
	uint8_t *bytes;
	size_t size = read_file(&bytes);
	bool complete;

	for (size_t at = 0; at < size; at++) {
		int err;

		bytes[at] ^= 0x40;
		write_file(bytes, size);
		err = read_and_compare(&count, &complete); /* compares all it gets */
		/* The head has bytes that mean nothing yet; all others count. */
		ck_assert_msg(err < 0 || (at >= 16 && at < 32), "byte %zu", at);
		ck_assert(err == 0 || !complete);
		bytes[at] ^= 0x40;
	}
	write_file(bytes, size);
	ck_assert_int_eq(read_and_compare(&count, &complete), 0);
	ck_assert_uint_eq(count, wrote);
	free(bytes);
}
END_TEST

START_TEST(unknown_fields_and_kinds_are_passed_over)
{
	struct vgpu_text bytes = { 0 };
	struct vgpu_vgt_field extra = { .number = 999, .type = VGPU_FIELD_U64, .size = 5 };
	struct vgpu_event event, want;
	const char *field;
	uint64_t aligned[512];

	make_event_filled(&event, VGPU_EVENT_TEXT, 3, 0);
	ck_assert_int_eq(vgpu_event_encode(&event, &bytes), 0);
	vgpu_text_add(&bytes, (const char *)&extra, sizeof(extra));
	vgpu_text_add(&bytes, "newer\0\0\0", 8);
	ck_assert_uint_le(bytes.size, sizeof(aligned));
	memcpy(aligned, bytes.bytes, bytes.size);
	ck_assert_int_eq(vgpu_event_decode(VGPU_EVENT_TEXT, (uint8_t *)aligned, bytes.size, &want), 0);
	ck_assert(vgpu_event_equal(&event, &want, &field));
	ck_assert_int_eq(vgpu_event_decode(4711, (uint8_t *)aligned, bytes.size, &want), 0);
	ck_assert_uint_eq(want.time_ns, event.time_ns);
	vgpu_text_free(&bytes);
}
END_TEST

START_TEST(fields_of_a_wrong_shape_are_refused)
{
	static const struct {
		uint16_t number;
		uint8_t type;
		uint32_t size;
		const char *bytes;
	} wrong[] = {
		{ 5, VGPU_FIELD_U32, 4, "abcd" },    /* time_ns is 64 bits */
		{ 5, VGPU_FIELD_U64, 4, "abcd" },
		{ 17, VGPU_FIELD_STRING, 4, "abcd" }, /* no end */
		{ 17, VGPU_FIELD_STRING, 4, "a\0b" }, /* two */
		{ 17, VGPU_FIELD_STRING, 0, "\0\0\0" },
		{ 17, VGPU_FIELD_STRING, 4000, "abc" },
	};

	for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct vgpu_vgt_field head = { .number = wrong[i].number, .type = wrong[i].type, .size = wrong[i].size };
		uint64_t bytes[4] = { 0 };
		struct vgpu_event event;

		memcpy(bytes, &head, sizeof(head));
		memcpy(bytes + 1, wrong[i].bytes, 4);
		ck_assert_msg(vgpu_event_decode(VGPU_EVENT_TEXT, (uint8_t *)bytes, 16, &event) == -EBADMSG, "row %u", i);
	}
}
END_TEST

START_TEST(a_full_disk_leaves_whole_events_and_says_so)
{
	struct rlimit old, small = { .rlim_cur = 3000, .rlim_max = RLIM_INFINITY };
	struct vgpu_vgt_writer *writer;
	struct vgpu_stream stream = { 0 };
	unsigned count;
	bool complete;
	int err = 0;

	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &old);
	small.rlim_max = old.rlim_max;
	ck_assert_int_eq(vgpu_vgt_create(&writer, path), 0);
	vgpu_stream_add(&stream, vgpu_vgt_sink(writer));
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
	for (uint32_t kind = 1; kind < VGPU_EVENT_KINDS && !err; kind++) {
		struct vgpu_event event;

		make_event_filled(&event, kind, kind, 0);
		vgpu_stream_emit(&stream, &event);
		err = vgpu_vgt_flush(writer);
	}
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &old), 0);
	ck_assert_int_eq(err, -EFBIG);
	vgpu_vgt_sink(writer)->error = err;
	ck_assert_int_eq(read_and_compare(&count, &complete), 0);
	ck_assert_uint_gt(count, 0);
	ck_assert_uint_eq(count, vgpu_vgt_written(writer));
	ck_assert(!complete);
	vgpu_vgt_close(writer);
	ck_assert_int_eq(read_and_compare(&count, &complete), 0);
}
END_TEST

START_TEST(only_a_trace_is_written_over)
{
	struct vgpu_vgt_writer *writer;

	write_all(1);
	write_all(1);
	write_file((const uint8_t *)"my thesis", 9);
	ck_assert_int_eq(vgpu_vgt_create(&writer, path), -EEXIST);
	write_file((const uint8_t *)"", 0);
	write_all(1);
	ck_assert_int_eq(vgpu_vgt_create(&writer, "/dev/null"), -EEXIST);
	ck_assert_int_eq(vgpu_vgt_create(&writer, directory), -EISDIR);
}
END_TEST

START_TEST(what_is_no_trace_is_told_apart)
{
	struct vgpu_vgt_head head = { .version = VGPU_VGT_VERSION + 1, .order = VGPU_VGT_ORDER };
	struct vgpu_vgt_reader *reader;

	ck_assert_int_eq(vgpu_vgt_open(&reader, path), -ENOENT);
	ck_assert_int_eq(vgpu_vgt_open(&reader, directory), -EISDIR);
	write_file((const uint8_t *)"hello", 5);
	ck_assert_int_eq(vgpu_vgt_open(&reader, path), -EPROTO);
	memcpy(head.magic, VGPU_VGT_MAGIC, 8);
	write_file((const uint8_t *)&head, sizeof(head));
	ck_assert_int_eq(vgpu_vgt_open(&reader, path), -EPROTONOSUPPORT);
	head.order = 0x04030201;
	write_file((const uint8_t *)&head, sizeof(head));
	ck_assert_int_eq(vgpu_vgt_open(&reader, path), -EMEDIUMTYPE);
}
END_TEST

START_TEST(the_checksum_is_the_well_known_one)
{
	ck_assert_uint_eq(vgpu_crc32(0, "123456789", 9), 0xcbf43926);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("vgt");
	TCase *tests = tcase_create("vgt");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_set_timeout(tests, 120);
	tcase_add_test(tests, every_field_of_every_event_comes_back);
	tcase_add_test(tests, every_kind_has_a_table_without_repetitions);
	tcase_add_test(tests, a_copy_is_equal_and_owns_what_it_points_to);
	tcase_add_test(tests, a_recording_without_an_end_is_read_and_said_to_be_incomplete);
	tcase_add_test(tests, truncated_at_any_byte_the_whole_events_before_it_are_read);
	tcase_add_test(tests, a_changed_byte_anywhere_is_found);
	tcase_add_test(tests, unknown_fields_and_kinds_are_passed_over);
	tcase_add_test(tests, fields_of_a_wrong_shape_are_refused);
	tcase_add_test(tests, a_full_disk_leaves_whole_events_and_says_so);
	tcase_add_test(tests, only_a_trace_is_written_over);
	tcase_add_test(tests, what_is_no_trace_is_told_apart);
	tcase_add_test(tests, the_checksum_is_the_well_known_one);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
