// SPDX-License-Identifier: Apache-2.0
/* How values and calls read. */
#include <stdlib.h>
#include <string.h>

#include "tests/unit/make_event.h"
#include "tests/unit/unit.h"
#include "tracer/model/call.h"
#include "tracer/model/names.h"
#include "tracer/model/value.h"

static const struct vgpu_look utf8 = { .utf8 = true }, ascii = { 0 }, full = { .utf8 = true, .full = true },
			      raw = { .utf8 = true, .raw = true };
static struct vgpu_handles *handles;

static void setup(void)
{
	ck_assert_int_eq(vgpu_handles_open(&handles), 0);
}

static void teardown(void)
{
	vgpu_handles_close(handles);
}

static void value_is(const struct vgpu_look *look, const struct vgpu_type *type, const char *name, const void *bytes,
		     size_t size, size_t whole, const char *want)
{
	struct vgpu_value_place place = { .look = look, .handles = handles, .process = 1 };
	struct vgpu_text text = { 0 };

	vgpu_value_format(&text, &place, type, name, bytes, size, whole);
	ck_assert_str_eq(vgpu_text_string(&text), want);
	vgpu_text_free(&text);
}

static void call_is(const struct vgpu_look *look, const struct made_call *call, const char *want)
{
	struct vgpu_value_place place = { .look = look, .handles = handles, .process = 1 };
	struct vgpu_text text = { 0 };

	vgpu_call_format(&text, &place, &call->event.call, call->event.kind == VGPU_EVENT_PENDING);
	if (call->event.kind == VGPU_EVENT_CALL) {
		vgpu_text_puts(&text, " = ");
		vgpu_call_format_result(&text, &place, &call->event.call);
		vgpu_call_format_flags(&text, &call->event.call, "sim");
	}
	ck_assert_str_eq(vgpu_text_string(&text), want);
	vgpu_text_free(&text);
}

/* ---- types made by hand ---- */

static const struct vgpu_type type_int = { .name = "int", .kind = VGPU_TYPE_INT, .size = 4 };
static const struct vgpu_type type_char = { .name = "char", .kind = VGPU_TYPE_CHAR, .size = 1 };
static const struct vgpu_type type_size = { .name = "size_t", .kind = VGPU_TYPE_UINT, .size = 8 };
static const struct vgpu_type type_float = { .name = "float", .kind = VGPU_TYPE_FLOAT, .size = 4 };
static const struct vgpu_type type_uuid = { .name = "CUuuid", .kind = VGPU_TYPE_UUID, .size = 16 };
static const struct vgpu_type type_stream = { .name = "CUstream", .kind = VGPU_TYPE_HANDLE, .size = 8 };
static const struct vgpu_type type_name = { .name = "char[8]", .kind = VGPU_TYPE_ARRAY, .size = 8,
					    .element = &type_char, .count = 8 };
static const struct vgpu_type type_ints = { .name = "int[12]", .kind = VGPU_TYPE_ARRAY, .size = 48,
					    .element = &type_int, .count = 12 };

static const struct vgpu_constant colours[] = { { "VIEW_COLOUR_RED", 0 }, { "VIEW_COLOUR_BLUE", 1 },
						{ "VIEW_COLOUR_AZURE", 1 }, { "VIEW_COLOUR_NONE", -1 } };
static const struct vgpu_enum enum_colour = { .name = "colour", .constants = colours, .count = 4 };
static const struct vgpu_type type_colour = { .name = "colour", .kind = VGPU_TYPE_ENUM, .size = 4,
					      .enumeration = &enum_colour };
static const struct vgpu_constant modes[] = { { "viewModeDefault", 0 }, { "viewModeMap", 1 },
					      { "viewModeSync", 4 }, { "viewModeBoth", 5 } };
static const struct vgpu_enum enum_mode = { .name = "mode", .constants = modes, .count = 4, .is_flags = 1 };
static const struct vgpu_type type_mode = { .name = "mode", .kind = VGPU_TYPE_ENUM, .size = 4,
					    .enumeration = &enum_mode };

START_TEST(constants_lose_their_common_prefix)
{
	int32_t v = 1;

	value_is(&utf8, &type_colour, NULL, &v, 4, 4, "BLUE");
	v = -1;
	value_is(&utf8, &type_colour, NULL, &v, 4, 4, "NONE");
	v = 7;
	value_is(&utf8, &type_colour, NULL, &v, 4, 4, "7");
	value_is(&raw, &type_colour, NULL, &v, 4, 4, "7");
}
END_TEST

START_TEST(flags_are_or_ed_and_the_rest_is_shown)
{
	static const struct {
		uint32_t value;
		const char *want;
	} cases[] = { { 0, "Default" }, { 1, "Map" }, { 5, "Both" }, { 0x15, "Map|Sync|0x10" } };

	for (unsigned i = 0; i < 4; i++)
		value_is(&utf8, &type_mode, NULL, &cases[i].value, 4, 4, cases[i].want);
}
END_TEST

START_TEST(a_prefix_is_cut_only_where_a_word_begins)
{
	static const struct vgpu_constant odd[] = { { "X_DEVICE_10", 0 }, { "X_DEVICE_1A", 1 } };
	static const struct vgpu_enum enum_odd = { .constants = odd, .count = 2 };

	ck_assert_uint_eq(vgpu_enum_prefix(&enum_colour), strlen("VIEW_COLOUR_"));
	ck_assert_uint_eq(vgpu_enum_prefix(&enum_mode), strlen("viewMode"));
	ck_assert_uint_eq(vgpu_enum_prefix(&enum_odd), strlen("X_"));
}
END_TEST

START_TEST(scalars_read_as_their_type)
{
	int32_t minus = -5;
	float half = 0.5f;
	uint64_t bytes = 268435456;

	value_is(&utf8, &type_int, "n", &minus, 4, 4, "-5");
	value_is(&raw, &type_int, "n", &minus, 4, 4, "0xfffffffffffffffb");
	value_is(&utf8, &type_float, "ms", &half, 4, 4, "0.5");
	value_is(&utf8, &type_size, "bytesize", &bytes, 8, 8, "256 MiB");
	value_is(&full, &type_size, "bytesize", &bytes, 8, 8, "256 MiB (268435456)");
	value_is(&utf8, &type_size, "Width", &bytes, 8, 8, "268435456");
	value_is(&utf8, &type_uuid, NULL, "\x6f\x3c\0\1\2\3\4\5\6\7\x8\x9\xa\xb\xc\xd", 16, 16,
		 "GPU-6f3c0001-0203-0405-0607-08090a0b0c0d");
}
END_TEST

START_TEST(what_is_not_there_is_a_question_mark)
{
	int32_t v = 1;

	value_is(&utf8, &type_int, "n", &v, 3, 4, "?");
	value_is(&utf8, &type_uuid, NULL, "\x6f", 1, 16, "?");
	value_is(&utf8, &type_colour, NULL, &v, 0, 4, "?");
}
END_TEST

START_TEST(handles_keep_their_names)
{
	uint64_t a = 0x7f0000001000, b = 0x7f0000002000, null = 0, legacy = 1, thread = 2;

	value_is(&utf8, &type_stream, NULL, &a, 8, 8, "stream#1");
	value_is(&utf8, &type_stream, NULL, &b, 8, 8, "stream#2");
	value_is(&utf8, &type_stream, NULL, &a, 8, 8, "stream#1");
	value_is(&utf8, &type_stream, NULL, &null, 8, 8, "NULL");
	value_is(&utf8, &type_stream, NULL, &legacy, 8, 8, "legacy");
	value_is(&utf8, &type_stream, NULL, &thread, 8, 8, "per-thread");
	value_is(&raw, &type_stream, NULL, &b, 8, 8, "0x7f0000002000");
}
END_TEST

START_TEST(one_thing_has_one_name_in_driver_and_runtime)
{
	struct vgpu_text text = { 0 };

	vgpu_handles_name(handles, 1, "CUstream", 0x1000, &text);
	vgpu_text_puts(&text, " ");
	vgpu_handles_name(handles, 1, "cudaStream_t", 0x1000, &text);
	vgpu_text_puts(&text, " ");
	vgpu_handles_name(handles, 2, "CUstream", 0x1000, &text);
	vgpu_text_puts(&text, " ");
	vgpu_handles_name(handles, 1, "CUdeviceptr", 0x1000, &text);
	ck_assert_str_eq(vgpu_text_string(&text), "stream#1 stream#1 stream#1 0x1000");
	vgpu_text_free(&text);
}
END_TEST

START_TEST(arrays_are_text_numbers_or_bytes)
{
	int32_t numbers[12] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 };

	value_is(&utf8, &type_name, NULL, "ab\0junk!", 8, 8, "\"ab\"");
	value_is(&utf8, &type_name, NULL, "notermin", 8, 8, "\"notermin\"");
	value_is(&utf8, &type_ints, NULL, numbers, 48, 48, "[1, 2, 3, 4, 5, 6, 7, 8, … 12 in all]");
	value_is(&ascii, &type_ints, NULL, numbers, 48, 48, "[1, 2, 3, 4, 5, 6, 7, 8, ... 12 in all]");
	value_is(&full, &type_ints, NULL, numbers, 48, 48, "[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]");
}
END_TEST

struct sample {
	char name[8];
	int32_t a, b;
	uint64_t totalGlobalMem;
	uint32_t bits;
	int32_t zero[3];
};

static const struct vgpu_type type_uint = { .name = "unsigned int", .kind = VGPU_TYPE_UINT, .size = 4 };
static const struct vgpu_type type_three = { .name = "int[3]", .kind = VGPU_TYPE_ARRAY, .size = 12,
					     .element = &type_int, .count = 3 };
static const struct vgpu_member members[] = {
	{ .name = "name", .type = &type_name, .offset = offsetof(struct sample, name) },
	{ .name = "a", .type = &type_int, .offset = offsetof(struct sample, a) },
	{ .name = "b", .type = &type_int, .offset = offsetof(struct sample, b) },
	{ .name = "totalGlobalMem", .type = &type_size, .offset = offsetof(struct sample, totalGlobalMem) },
	{ .name = "low", .type = &type_uint, .offset = offsetof(struct sample, bits), .bit_size = 3 },
	{ .name = "high", .type = &type_uint, .offset = offsetof(struct sample, bits), .bit_offset = 3, .bit_size = 2 },
	{ .name = "zero", .type = &type_three, .offset = offsetof(struct sample, zero) },
};
static const struct vgpu_type type_sample = { .name = "sample", .kind = VGPU_TYPE_STRUCT, .size = sizeof(struct sample),
					      .members = members, .count = 7 };

START_TEST(structs_show_members_that_say_something)
{
	struct sample s = { .name = "card", .a = 1, .totalGlobalMem = UINT64_C(80) << 30, .bits = 5 | 2 << 3 };

	value_is(&utf8, &type_sample, NULL, &s, sizeof(s), sizeof(s),
		 "{name \"card\", a 1, totalGlobalMem 80 GiB, low 5, high 2, …}");
	value_is(&full, &type_sample, NULL, &s, sizeof(s), sizeof(s),
		 "{name \"card\", a 1, b 0, totalGlobalMem 80 GiB (85899345920), low 5, high 2, zero [0, 0, 0]}");
}
END_TEST

START_TEST(a_struct_that_was_cut_says_so)
{
	struct sample s = { .name = "card", .a = 1, .b = 2 };

	value_is(&utf8, &type_sample, NULL, &s, 12, sizeof(s),
		 "{name \"card\", a 1, b ?, totalGlobalMem ?, low ?, high ?, zero ?}…(12 of 40 bytes)");
}
END_TEST

/* ---- calls of the real interfaces ---- */

START_TEST(an_attribute_reads_as_a_person_would_say_it)
{
	struct made_call call;
	int32_t one = 1;

	make_call(&call, "cuDeviceGetAttribute", 0);
	make_call_arg(&call, 0x7ffd0000);
	make_call_arg(&call, 102);
	make_call_arg(&call, 0);
	make_call_blob(&call, 0, VGPU_BLOB_OUT, &one, 4, 4);
	call_is(&utf8, &call, "cuDeviceGetAttribute(pi → 1, VIRTUAL_MEMORY_MANAGEMENT_SUPPORTED, dev=0) = CUDA_SUCCESS");
	call_is(&ascii, &call,
		"cuDeviceGetAttribute(pi -> 1, VIRTUAL_MEMORY_MANAGEMENT_SUPPORTED, dev=0) = CUDA_SUCCESS");
}
END_TEST

START_TEST(errors_have_name_and_number_and_no_out_values)
{
	struct made_call call;

	make_call(&call, "cuDeviceGetCount", 100);
	make_call_arg(&call, 0x7ffd0000);
	make_call_blob(&call, 0, VGPU_BLOB_OUT | VGPU_BLOB_ABSENT, "", 0, 4);
	call_is(&utf8, &call, "cuDeviceGetCount(count → ?) = CUDA_ERROR_NO_DEVICE (100)");
	call.event.call.result = 4711;
	call_is(&utf8, &call, "cuDeviceGetCount(count → ?) = error 4711");
	ck_assert(vgpu_call_failed(&call.event.call));
	call.words[0] = 0;
	call_is(&utf8, &call, "cuDeviceGetCount(count=NULL) = error 4711");
}
END_TEST

START_TEST(lookups_name_what_they_gave)
{
	struct made_call call;
	uint64_t pointer = 0x7f0000001230;
	uint32_t id = vgpu_function_by_name(VGPU_LIBRARY_CUDA, "cuInit")->id;

	make_call(&call, "cuGetProcAddress", 0);
	make_call_arg(&call, 0x5000);
	make_call_arg(&call, 0x6000);
	make_call_arg(&call, 12000);
	make_call_arg(&call, 0);
	make_call_blob(&call, 0, VGPU_BLOB_IN, "cuInit", 7, 7);
	make_call_blob(&call, 1, VGPU_BLOB_OUT, &pointer, 8, 8);
	make_call_blob(&call, VGPU_BLOB_RESOLVED, VGPU_BLOB_OUT, &id, 4, 4);
	call_is(&utf8, &call,
		"cuGetProcAddress(symbol=\"cuInit\", pfn → cuInit, cudaVersion=12000, flags=DEFAULT) = CUDA_SUCCESS");
}
END_TEST

START_TEST(strings_are_cut_and_say_so)
{
	struct made_call call;
	char text[200];

	memset(text, 'x', sizeof(text));
	make_call(&call, "cuDeviceGetName", 0);
	make_call_arg(&call, 0x5000);
	make_call_arg(&call, 256);
	make_call_arg(&call, 0);
	make_call_blob(&call, 0, VGPU_BLOB_OUT | VGPU_BLOB_TRUNCATED, text, 20, 4097);
	call_is(&utf8, &call,
		"cuDeviceGetName(name → \"xxxxxxxxxxxxxxxxxxxx\"…(20 of 4097 bytes), len=256, dev=0) = CUDA_SUCCESS");
}
END_TEST

START_TEST(flags_of_a_call_follow_its_result)
{
	struct made_call call;

	make_call(&call, "cuCtxSynchronize", 801);
	call.event.call.flags = VGPU_CALL_UNSUPPORTED;
	call_is(&utf8, &call, "cuCtxSynchronize() = CUDA_ERROR_NOT_SUPPORTED (801) [not supported by sim]");
	call.event.call.flags = VGPU_CALL_UNWOUND;
	call_is(&utf8, &call, "cuCtxSynchronize() = ? [left by longjmp]");
}
END_TEST

START_TEST(a_pending_call_shows_what_went_in)
{
	struct made_call call;

	make_call(&call, "cuGetProcAddress", 0);
	call.event.kind = VGPU_EVENT_PENDING;
	make_call_arg(&call, 0x5000);
	make_call_arg(&call, 0x6000);
	make_call_arg(&call, 12000);
	make_call_arg(&call, 0);
	call.event.call.text = "cuIn\x1b";
	call.event.call.text_param = 0;
	call_is(&utf8, &call, "cuGetProcAddress(symbol=\"cuIn\\x1b\", pfn, cudaVersion=12000, flags=DEFAULT)");
}
END_TEST

START_TEST(a_function_of_a_newer_shim_is_shown_by_number)
{
	struct made_call call;

	make_call(&call, "cuInit", 0);
	make_call_arg(&call, 0x12);
	call.event.call.function = VGPU_FUNCTION(VGPU_LIBRARY_CUDA, 60000);
	call_is(&utf8, &call, "cuda#60000(0x12) = 0x0");
	call.event.call.function = VGPU_FUNCTION(77, 1);
	call_is(&utf8, &call, "library77#1(0x12) = 0x0");
}
END_TEST

START_TEST(damaged_blobs_end_the_call_and_nothing_else)
{
	struct made_call call;
	struct vgpu_text text = { 0 };
	int32_t one = 1;

	make_call(&call, "cuDeviceGetCount", 0);
	make_call_arg(&call, 0x7ffd0000);
	make_call_blob(&call, 0, VGPU_BLOB_OUT, &one, 4, 4);
	for (uint32_t size = 0; size < call.event.call.blobs.size; size++) {
		struct made_call cut = call;

		cut.event.call.blobs.size = size;
		cut.event.call.blobs.bytes = cut.blobs;
		cut.event.call.args.words = cut.words;
		call_is(&utf8, &cut, "cuDeviceGetCount(count → ?) = CUDA_SUCCESS");
	}
	vgpu_text_free(&text);
}
END_TEST

START_TEST(values_are_found_by_name)
{
	struct made_call call;
	int32_t nine = 9;
	uint64_t value;
	char name[16];

	make_call(&call, "cuDeviceGetAttribute", 0);
	make_call_arg(&call, 0x7ffd0000);
	make_call_arg(&call, 75);
	make_call_arg(&call, 3);
	make_call_blob(&call, 0, VGPU_BLOB_OUT, &nine, 4, 4);
	ck_assert(vgpu_call_integer(&call.event.call, "pi", &value));
	ck_assert_uint_eq(value, 9);
	ck_assert(vgpu_call_integer(&call.event.call, "dev", &value));
	ck_assert_uint_eq(value, 3);
	ck_assert(!vgpu_call_integer(&call.event.call, "nothing", &value));
	make_call(&call, "cuDeviceGetName", 0);
	make_call_arg(&call, 0x5000);
	make_call_blob(&call, 0, VGPU_BLOB_OUT, "NVIDIA H100 80GB HBM3", 22, 22);
	ck_assert(vgpu_call_string(&call.event.call, "name", name, sizeof(name)));
	ck_assert_str_eq(name, "NVIDIA H100 80G");
}
END_TEST

/* Whatever function: whole, without blobs, without arguments, with blobs of a wrong size. */
START_TEST(every_function_can_be_printed_whatever_its_record_holds)
{
	struct vgpu_value_place place = { .look = &full, .handles = handles, .process = 1 };
	static uint8_t junk[4096];
	struct vgpu_text text = { 0 };
	unsigned count = 0;

	memset(junk, 0xa5, sizeof(junk));
	for (unsigned i = 0; vgpu_apis[i]; i++)
		for (uint32_t k = 0; k < vgpu_apis[i]->count; k++) {
			const struct vgpu_function *f = &vgpu_apis[i]->functions[k];

			for (unsigned size = 0; size <= 4096; size = size ? size * 8 : 1) {
				static struct made_call call;

				memset(&call, 0, sizeof(call));
				call.event.call.function = f->id;
				call.event.call.args.words = call.words;
				call.event.call.blobs.bytes = call.blobs;
				for (uint32_t p = 0; p < f->nparams && p < 16; p++)
					make_call_arg(&call, UINT64_C(0xa5a5a5a5a5a5));
				if (f->nparams)
					make_call_blob(&call, k % f->nparams, VGPU_BLOB_OUT | VGPU_BLOB_IN, junk, size,
						       size);
				vgpu_text_clear(&text);
				vgpu_call_format(&text, &place, &call.event.call, false);
				vgpu_call_format_result(&text, &place, &call.event.call);
				ck_assert(!text.failed);
				ck_assert(strstr(vgpu_text_string(&text), f->name) == vgpu_text_string(&text));
			}
			count++;
		}
	ck_assert_uint_gt(count, 1800);
	vgpu_text_free(&text);
}
END_TEST

int main(void)
{
	TCase *tests = unit_case("value");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, constants_lose_their_common_prefix);
	tcase_add_test(tests, flags_are_or_ed_and_the_rest_is_shown);
	tcase_add_test(tests, a_prefix_is_cut_only_where_a_word_begins);
	tcase_add_test(tests, scalars_read_as_their_type);
	tcase_add_test(tests, what_is_not_there_is_a_question_mark);
	tcase_add_test(tests, handles_keep_their_names);
	tcase_add_test(tests, one_thing_has_one_name_in_driver_and_runtime);
	tcase_add_test(tests, arrays_are_text_numbers_or_bytes);
	tcase_add_test(tests, structs_show_members_that_say_something);
	tcase_add_test(tests, a_struct_that_was_cut_says_so);
	tcase_add_test(tests, an_attribute_reads_as_a_person_would_say_it);
	tcase_add_test(tests, errors_have_name_and_number_and_no_out_values);
	tcase_add_test(tests, lookups_name_what_they_gave);
	tcase_add_test(tests, strings_are_cut_and_say_so);
	tcase_add_test(tests, flags_of_a_call_follow_its_result);
	tcase_add_test(tests, a_pending_call_shows_what_went_in);
	tcase_add_test(tests, a_function_of_a_newer_shim_is_shown_by_number);
	tcase_add_test(tests, damaged_blobs_end_the_call_and_nothing_else);
	tcase_add_test(tests, values_are_found_by_name);
	tcase_add_test(tests, every_function_can_be_printed_whatever_its_record_holds);
	return unit_run();
}
