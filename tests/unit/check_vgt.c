// SPDX-License-Identifier: Apache-2.0
/* The trace file: what goes in comes out, and what is damaged is never believed. */
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
#include "shim/api/schema.h"
#include "tests/unit/vgt_file.h"
#include "tracer/file/decode.h"
#include "tracer/file/vgt.h"
#include "tracer/model/copy.h"

#define PER_BLOCK 3

/* One event of each kind, a few in a block; returns how many. */
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
		if (++count % PER_BLOCK == 0)
			ck_assert_int_eq(vgpu_vgt_flush(writer), 0);
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

START_TEST(truncated_at_any_byte_the_whole_blocks_before_it_are_read)
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
		ck_assert_msg(count == last || count == wrote || count == last + PER_BLOCK, "cut at %zu: %u", cut, count);
		ck_assert_uint_ge(count, last);
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
		bytes[at] ^= 0x40;
		write_file(bytes, size);
		/* Compares all it gets. */
		ck_assert_msg(read_and_compare(&count, &complete) < 0, "byte %zu", at);
		ck_assert(!complete);
		bytes[at] ^= 0x40;
	}
	write_file(bytes, size);
	ck_assert_int_eq(read_and_compare(&count, &complete), 0);
	ck_assert_uint_eq(count, wrote);
	free(bytes);
}
END_TEST

/* ---- another version's file, made by hand ---- */

static void put_field(struct vgpu_wire *meta, unsigned number, unsigned type, unsigned coding, const char *name)
{
	vgpu_wire_number(meta, number);
	vgpu_wire_number(meta, type);
	vgpu_wire_number(meta, coding);
	vgpu_wire_string(meta, name);
}

static void put_kind(struct vgpu_wire *meta, unsigned number, const char *name, unsigned fields)
{
	vgpu_wire_number(meta, VGPU_META_KIND);
	vgpu_wire_number(meta, number);
	vgpu_wire_string(meta, name);
	vgpu_wire_number(meta, fields);
}

START_TEST(kinds_and_fields_go_by_their_names_and_what_is_unknown_is_reported)
{
	struct vgpu_decoder decoder;
	struct vgpu_wire meta = { 0 }, events = { 0 };
	struct vgpu_event event;
	uint32_t kind;

	/* "text" has another number here, its fields other numbers, another order and width, and there is one more. */
	put_kind(&meta, 50, "text", 5);
	put_field(&meta, 70, VGPU_FIELD_STRING, VGPU_CODE_PLAIN, "mood");
	put_field(&meta, 71, VGPU_FIELD_STRING, VGPU_CODE_PLAIN, "text");
	put_field(&meta, 72, VGPU_FIELD_U8, VGPU_CODE_PLAIN, "level");
	put_field(&meta, 1, VGPU_FIELD_U64, VGPU_CODE_NEXT, "number");
	put_field(&meta, 5, VGPU_FIELD_U64, VGPU_CODE_LAST, "time_ns");
	put_kind(&meta, 200, "hologram", 2);
	put_field(&meta, 1, VGPU_FIELD_U64, VGPU_CODE_NEXT, "number");
	put_field(&meta, 20, VGPU_FIELD_WORDS, VGPU_CODE_PLAIN, "angles");
	ck_assert_int_eq(vgpu_decoder_open(&decoder), 0);
	ck_assert_int_eq(vgpu_decoder_learn(&decoder, meta.bytes, meta.size), 0);

	vgpu_wire_number(&events, 50);
	vgpu_wire_number(&events, 1 | 2 | 4 | 16);
	vgpu_wire_number(&events, VGPU_REF_HERE);
	vgpu_wire_string(&events, "cheerful");
	vgpu_wire_number(&events, VGPU_REF_HERE);
	vgpu_wire_string(&events, "hello");
	vgpu_wire_number(&events, vgpu_zigzag(2));
	vgpu_wire_number(&events, vgpu_zigzag(1000));
	vgpu_wire_number(&events, 200);
	vgpu_wire_number(&events, 2);
	vgpu_wire_number(&events, 1);
	vgpu_wire_number(&events, vgpu_zigzag(90));
	vgpu_decoder_begin(&decoder, events.bytes, events.size);
	ck_assert_int_eq(vgpu_decode(&decoder, &event, &kind), 1);
	ck_assert_uint_eq(event.kind, VGPU_EVENT_TEXT);
	ck_assert_uint_eq(event.number, 1);
	ck_assert_uint_eq(event.time_ns, 1000);
	ck_assert_uint_eq(event.text.level, 2);
	ck_assert_str_eq(event.text.text, "hello");
	ck_assert_int_eq(vgpu_decode(&decoder, &event, &kind), 1);
	ck_assert_uint_eq(event.kind, VGPU_EVENT_NONE);
	ck_assert_uint_eq(kind, 200);
	ck_assert_uint_eq(event.number, 2);
	ck_assert_int_eq(vgpu_decode(&decoder, &event, &kind), 0);

	ck_assert_uint_eq(decoder.unknown_count, 2);
	ck_assert_str_eq(decoder.unknown[0].kind, "text");
	ck_assert_str_eq(decoder.unknown[0].field, "mood");
	ck_assert_str_eq(decoder.unknown[1].kind, "hologram");
	ck_assert_ptr_null(decoder.unknown[1].field);
	vgpu_decoder_close(&decoder);

	/* A coding or a type of its own: such a file needs a newer program. */
	ck_assert_int_eq(vgpu_decoder_open(&decoder), 0);
	meta.size = 0;
	put_kind(&meta, 1, "text", 1);
	put_field(&meta, 70, VGPU_FIELD_U32, VGPU_CODE_SHARED + 1, "level");
	ck_assert_int_eq(vgpu_decoder_learn(&decoder, meta.bytes, meta.size), -EBADMSG);
	vgpu_decoder_close(&decoder);
	free(meta.bytes);
	free(events.bytes);
}
END_TEST

/* What the file says of a function under the id that `function` gets for it. */
static uint32_t describe(struct vgpu_function *function, struct vgpu_wire *meta)
{
	struct vgpu_describer describer = { 0 };
	uint32_t id = vgpu_function_add(VGPU_LIBRARY_CUDA, function);

	ck_assert_uint_ne(id, 0);
	ck_assert_int_eq(vgpu_describe_function(&describer, id, meta), VGPU_DESCRIBED);
	vgpu_describer_free(&describer);
	vgpu_function_remove(id);
	return id;
}

static uint32_t translated(struct vgpu_decoder *decoder, uint32_t id)
{
	return decoder->map[VGPU_FUNCTION_LIBRARY(id)][VGPU_FUNCTION_NUMBER(id)];
}

START_TEST(a_function_goes_by_its_name_and_keeps_the_signature_of_its_time)
{
	const struct vgpu_function *own = vgpu_function_by_name(VGPU_LIBRARY_CUDA, "cuDeviceGetAttribute");
	const struct vgpu_function *found;
	struct vgpu_function same = *own, other = *own;
	struct vgpu_param params[8];
	struct vgpu_decoder decoder;
	struct vgpu_wire meta = { 0 };
	uint32_t id;

	/* The same function under another number is this program's own. */
	ck_assert_int_eq(vgpu_decoder_open(&decoder), 0);
	id = describe(&same, &meta);
	ck_assert_int_eq(vgpu_decoder_learn(&decoder, meta.bytes, meta.size), 0);
	ck_assert_uint_eq(translated(&decoder, id), own->id);
	ck_assert_uint_eq(decoder.added_count, 0);
	vgpu_decoder_close(&decoder);

	/* One that was different then is shown as it was. */
	ck_assert_int_eq(vgpu_decoder_open(&decoder), 0);
	ck_assert_uint_eq(own->nparams, 3);
	memcpy(params, own->params, sizeof(*params) * own->nparams);
	params[2].name = "ordinal";
	params[3] = params[2];
	params[3].name = "mask";
	other.params = params;
	other.nparams = 4;
	meta.size = 0;
	id = describe(&other, &meta);
	ck_assert_int_eq(vgpu_decoder_learn(&decoder, meta.bytes, meta.size), 0);
	ck_assert_uint_ne(translated(&decoder, id), own->id);
	found = vgpu_function_find(translated(&decoder, id));
	ck_assert_ptr_nonnull(found);
	ck_assert_str_eq(found->name, "cuDeviceGetAttribute");
	ck_assert_uint_eq(found->nparams, 4);
	ck_assert_str_eq(found->params[3].name, "mask");
	ck_assert_str_eq(found->params[1].type->enumeration->constants[0].name,
			 own->params[1].type->enumeration->constants[0].name);
	id = translated(&decoder, id);
	vgpu_decoder_close(&decoder);
	ck_assert_ptr_null(vgpu_function_find(id));

	/* Descriptions cut short, or changed anywhere: refused, or at least harmless. */
	for (size_t cut = 0; cut < meta.size; cut++) {
		ck_assert_int_eq(vgpu_decoder_open(&decoder), 0);
		meta.bytes[cut] ^= 0x41;
		vgpu_decoder_learn(&decoder, meta.bytes, meta.size);
		meta.bytes[cut] ^= 0x41;
		vgpu_decoder_close(&decoder);
	}
	free(meta.bytes);
}
END_TEST

START_TEST(types_that_hold_themselves_are_refused)
{
	struct vgpu_decoder decoder;
	struct vgpu_wire meta = { 0 };

	vgpu_wire_number(&meta, VGPU_META_TYPE);
	vgpu_wire_string(&meta, "struct ring");
	vgpu_wire_number(&meta, VGPU_TYPE_STRUCT);
	vgpu_wire_number(&meta, 8);
	vgpu_wire_number(&meta, 0);
	vgpu_wire_number(&meta, 0);
	vgpu_wire_number(&meta, 1);
	vgpu_wire_string(&meta, "self");
	vgpu_wire_number(&meta, 1);
	vgpu_wire_number(&meta, 0);
	vgpu_wire_number(&meta, 0);
	vgpu_wire_number(&meta, 0);
	ck_assert_int_eq(vgpu_decoder_open(&decoder), 0);
	ck_assert_int_eq(vgpu_decoder_learn(&decoder, meta.bytes, meta.size), -EBADMSG);
	vgpu_decoder_close(&decoder);
	free(meta.bytes);
}
END_TEST

START_TEST(a_trace_is_gone_on_with_where_it_ends)
{
	for (int end = 0; end < 2; end++) {
		unsigned wrote = write_all(end), i = 0;
		struct vgpu_vgt_writer *writer;
		struct vgpu_vgt_reader *reader;
		struct vgpu_vgt_summary summary;
		struct vgpu_stream stream = { 0 };
		struct vgpu_event event, want;
		const char *field;
		struct stat one, two;

		ck_assert_int_eq(stat(path, &one), 0);
		ck_assert_int_eq(vgpu_vgt_append(&writer, path), 0);
		ck_assert_uint_eq(vgpu_vgt_written(writer), wrote);
		vgpu_stream_add(&stream, vgpu_vgt_sink(writer));
		stream.number = vgpu_vgt_written(writer);
		for (uint32_t kind = 1; kind < VGPU_EVENT_KINDS; kind++) {
			make_event_filled(&event, kind, kind, 0);
			event.number = wrote + kind;
			vgpu_stream_emit(&stream, &event);
		}
		vgpu_stream_end(&stream);
		ck_assert_int_eq(vgpu_vgt_sink(writer)->error, 0);
		vgpu_vgt_close(writer);
		/* What both parts say lies in the file once. */
		ck_assert_int_eq(stat(path, &two), 0);
		ck_assert_int_lt(two.st_size, one.st_size * 7 / 4);

		ck_assert_int_eq(vgpu_vgt_open(&reader, path), 0);
		vgpu_vgt_summary(reader, &summary);
		ck_assert_uint_eq(summary.events, 2 * wrote);
		ck_assert(summary.complete && summary.indexed);
		while (vgpu_vgt_next(reader, &event) == 1) {
			uint32_t kind = i++ % wrote + 1;

			make_event_filled(&want, kind, kind, 1);
			if (i > wrote)
				want.number = wrote + kind;
			ck_assert_msg(vgpu_event_equal(&event, &want, &field), "event %u differs in %s", i, field);
		}
		ck_assert_uint_eq(i, 2 * wrote);
		vgpu_vgt_reader_close(reader);
	}
}
END_TEST

START_TEST(a_full_disk_leaves_whole_events_and_says_so)
{
	struct rlimit old, small = { .rlim_cur = 6000, .rlim_max = RLIM_INFINITY };
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
	head.crc = vgpu_crc32(0, &head, offsetof(struct vgpu_vgt_head, crc));
	write_file((const uint8_t *)&head, sizeof(head));
	ck_assert_int_eq(vgpu_vgt_open(&reader, path), -EPROTONOSUPPORT);
	head.order = 0x04030201;
	write_file((const uint8_t *)&head, sizeof(head));
	ck_assert_int_eq(vgpu_vgt_open(&reader, path), -EMEDIUMTYPE);
	head.order = VGPU_VGT_ORDER;
	head.version = VGPU_VGT_VERSION;
	write_file((const uint8_t *)&head, sizeof(head));
	ck_assert_int_eq(vgpu_vgt_open(&reader, path), -EBADMSG);
}
END_TEST

START_TEST(the_checksum_is_the_well_known_one)
{
	ck_assert_uint_eq(vgpu_crc32(0, "123456789", 9), 0xcbf43926);
}
END_TEST

int main(void)
{
	TCase *tests = unit_case("vgt");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_set_timeout(tests, 120);
	tcase_add_test(tests, every_field_of_every_event_comes_back);
	tcase_add_test(tests, every_kind_has_a_table_without_repetitions);
	tcase_add_test(tests, a_copy_is_equal_and_owns_what_it_points_to);
	tcase_add_test(tests, a_recording_without_an_end_is_read_and_said_to_be_incomplete);
	tcase_add_test(tests, truncated_at_any_byte_the_whole_blocks_before_it_are_read);
	tcase_add_test(tests, a_changed_byte_anywhere_is_found);
	tcase_add_test(tests, kinds_and_fields_go_by_their_names_and_what_is_unknown_is_reported);
	tcase_add_test(tests, a_function_goes_by_its_name_and_keeps_the_signature_of_its_time);
	tcase_add_test(tests, types_that_hold_themselves_are_refused);
	tcase_add_test(tests, a_trace_is_gone_on_with_where_it_ends);
	tcase_add_test(tests, a_full_disk_leaves_whole_events_and_says_so);
	tcase_add_test(tests, only_a_trace_is_written_over);
	tcase_add_test(tests, what_is_no_trace_is_told_apart);
	tcase_add_test(tests, the_checksum_is_the_well_known_one);
	return unit_run();
}
