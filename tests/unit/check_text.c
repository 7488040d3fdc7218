// SPDX-License-Identifier: Apache-2.0
/* Text: what reaches the terminal, and how numbers read. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/unit.h"
#include "tracer/model/demangle.h"
#include "tracer/model/names.h"
#include "tracer/model/text.h"

static const struct vgpu_look utf8 = { .utf8 = true }, ascii = { 0 };

static void expect(struct vgpu_text *text, const char *want)
{
	ck_assert_str_eq(vgpu_text_string(text), want);
	vgpu_text_free(text);
}

static void escaped(const struct vgpu_look *look, const char *bytes, size_t size, const char *want)
{
	struct vgpu_text text = { 0 };

	vgpu_text_escape(&text, look, bytes, size, true);
	expect(&text, want);
}

START_TEST(control_bytes_never_reach_the_terminal)
{
	for (unsigned c = 0; c < 256; c++) {
		struct vgpu_text text = { 0 };
		char byte = c;

		vgpu_text_escape(&text, &utf8, &byte, 1, false);
		for (size_t i = 0; i < text.size; i++)
			ck_assert_msg(text.bytes[i] >= 0x20 && text.bytes[i] < 0x7f, "byte %u came out raw", c);
		ck_assert_uint_gt(text.size, 0);
		vgpu_text_free(&text);
	}
	escaped(&utf8, "\033[2Jx\n\t\r", 8, "\\x1b[2Jx\\n\\t\\r");
	escaped(&utf8, "\xc2\x9b" "1m", 4, "\\u009b1m");
	escaped(&utf8, "a\0b", 3, "a\\x00b");
}
END_TEST

START_TEST(invalid_and_misleading_characters_are_escaped)
{
	escaped(&utf8, "gr\xc3\xbc\xc3\x9f", 6, "gr\xc3\xbc\xc3\x9f");
	escaped(&ascii, "gr\xc3\xbc", 4, "gr\\u00fc");
	escaped(&utf8, "\xff\xfe", 2, "\\xff\\xfe");
	escaped(&utf8, "\xc3", 1, "\\xc3");
	escaped(&utf8, "\xe2\x80\xae", 3, "\\u202e");          /* right-to-left override */
	escaped(&utf8, "\xc0\xaf", 2, "\\xc0\\xaf");           /* overlong */
	escaped(&utf8, "\xed\xa0\x80", 3, "\\xed\\xa0\\x80");  /* surrogate */
	escaped(&utf8, "say \"hi\\\"", 9, "say \\\"hi\\\\\\\"");
}
END_TEST

START_TEST(words_are_quoted_for_a_shell)
{
	static const struct {
		const char *word, *want;
	} cases[] = {
		{ "plain-1.0/x=y", "plain-1.0/x=y" }, { "", "''" }, { "a b", "'a b'" }, { "it's", "'it'\\''s'" },
		{ "$(x)", "'$(x)'" },
	};

	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct vgpu_text text = { 0 };

		vgpu_text_shell_word(&text, &utf8, cases[i].word);
		expect(&text, cases[i].want);
	}
}
END_TEST

START_TEST(durations_read_well_at_every_size)
{
	static const struct {
		uint64_t ns;
		const char *want;
	} cases[] = {
		{ 0, "0.00 µs" }, { 10, "0.01 µs" }, { 94, "0.09 µs" }, { 400, "0.4 µs" }, { 99949, "99.9 µs" },
		{ 100000, "100 µs" }, { 999949, "1000 µs" }, { 999951, "1.0 ms" }, { 1900000, "1.9 ms" },
		{ 212000000, "212 ms" }, { 1500000000, "1.5 s" }, { 119000000000, "119 s" },
		{ UINT64_C(180000000000), "3.0 min" }, { UINT64_C(10800000000000), "3.0 h" },
	};
	struct vgpu_text text = { 0 };

	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		vgpu_text_duration(&text, &utf8, cases[i].ns);
		expect(&text, cases[i].want);
	}
	vgpu_text_duration(&text, &ascii, 400);
	expect(&text, "0.4 us");
}
END_TEST

START_TEST(sizes_keep_what_matters)
{
	static const struct {
		uint64_t bytes;
		const char *want;
	} cases[] = {
		{ 0, "0 B" }, { 1, "1 B" }, { 1000, "1000 B" }, { 1024, "1 KiB" }, { 4000, "4000 B" },
		{ 268435456, "256 MiB" }, { 268435457, "256.00 MiB" }, { 85899345920, "80 GiB" },
		{ 85029027840, "79.19 GiB" }, { 1610612736, "1.5 GiB" }, { UINT64_MAX, "16 EiB" },
	};
	struct vgpu_text text = { 0 };

	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		vgpu_text_bytes(&text, cases[i].bytes);
		expect(&text, cases[i].want);
	}
	vgpu_text_count(&text, 1452);
	expect(&text, "1,452");
	vgpu_text_count(&text, 7);
	expect(&text, "7");
	vgpu_text_count(&text, 1000000);
	expect(&text, "1,000,000");
}
END_TEST

START_TEST(columns_count_characters_not_escape_sequences)
{
	struct vgpu_look coloured = { .utf8 = true, .colour = true };
	struct vgpu_text text = { 0 };

	vgpu_text_colour(&text, &coloured, VGPU_COLOUR_BAD);
	vgpu_text_puts(&text, "µ→x");
	vgpu_text_colour(&text, &coloured, VGPU_COLOUR_PLAIN);
	ck_assert_uint_eq(vgpu_text_columns(&text, 0), 3);
	vgpu_text_pad(&text, 0, 5);
	ck_assert_uint_eq(vgpu_text_columns(&text, 0), 5);
	vgpu_text_free(&text);
}
END_TEST

START_TEST(patterns_match_any_of_a_list)
{
	ck_assert(vgpu_name_matches("cuMem*", "cuMemAlloc_v2"));
	ck_assert(vgpu_name_matches("nvml*,cuInit", "cuInit"));
	ck_assert(!vgpu_name_matches("cuMem*", "cudaMemcpy"));
	ck_assert(!vgpu_name_matches("", "x"));
}
END_TEST

/* Both are made without printf where that is simple; nobody may see the difference. */
START_TEST(quick_ways_say_what_printf_says)
{
	const struct vgpu_look look = { 0 };
	struct vgpu_text text = { 0 };
	char want[256];

	for (uint64_t ns = 0; ns < 130000; ns++) {
		double value = ns / 1e3;

		vgpu_text_clear(&text);
		vgpu_text_duration(&text, &look, ns);
		snprintf(want, sizeof(want), value >= 99.95 ? "%.0f us" : value < 0.095 ? "%.2f us" : "%.1f us", value);
		ck_assert_str_eq(vgpu_text_string(&text), want);
	}
	for (uint64_t i = 0, bytes = 10240; i < 200000; i++, bytes = bytes * 5 / 3 % (UINT64_C(1) << 60) + i) {
		static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
		double value = bytes;
		unsigned unit = 0;

		if (bytes < 10240 || (bytes << 12 >> 12 != bytes))
			continue;
		for (; value >= 1024 && unit < 6; unit++)
			value /= 1024;
		/* What a double has all digits of. */
		if ((uint64_t)(double)bytes != bytes || bytes >= UINT64_C(1) << 46)
			continue;
		vgpu_text_clear(&text);
		vgpu_text_bytes(&text, bytes);
		snprintf(want, sizeof(want), value == (uint64_t)value ? "%.0f %s" : value * 10 == (uint64_t)(value * 10)
			 ? "%.1f %s" : "%.2f %s", value, units[unit]);
		ck_assert_str_eq(vgpu_text_string(&text), want);
	}
	vgpu_text_clear(&text);
	vgpu_text_printf(&text, "%s|%u|%d|%lu|%ld|%x|%lx|%zu|", "", 4294967295u, -2147483647 - 1, ~0ul, -1l, 0xabcu, 0ul,
			 (size_t)7);
	ck_assert_str_eq(vgpu_text_string(&text), "|4294967295|-2147483648|18446744073709551615|-1|abc|0|7|");
	vgpu_text_clear(&text);
	vgpu_text_printf(&text, "%02x %5s %% %.1f %g %%s", 10u, "ab", 0.25, 1e9);
	ck_assert_str_eq(vgpu_text_string(&text), "0a    ab % 0.2 1e+09 %s");
	/* Columns: characters, eight bytes at a time, and escape sequences between. */
	vgpu_text_clear(&text);
	vgpu_text_puts(&text, "aäö→b\033[1;31mµµµµµµµµ\033[0m12345678901\033[");
	ck_assert_uint_eq(vgpu_text_columns(&text, 0), 5 + 8 + 11);
	ck_assert_uint_eq(vgpu_text_columns(&text, text.size), 0);
	vgpu_text_free(&text);
}
END_TEST

START_TEST(names_of_kernels_are_as_in_the_source)
{
	static const char *const names[][2] = {
		{ "_Z3addPf", "add(float*)" },
		{ "_Z3addPKfS0_Pfi", "add(float const*, float const*, float*, int)" },
		{ "_ZN2at6native4copyILi4EEEvi", "void at::native::copy<4>(int)" },
		{ "add", NULL }, { "_Z", NULL }, { "_Z3addPf(", NULL }, { "", NULL },
	};
	char bomb[512] = "_Z1fI1A", *plain;

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		plain = vgpu_demangle(names[i][0]);
		if (names[i][1])
			ck_assert_str_eq(plain, names[i][1]);
		else
			ck_assert_ptr_null(plain);
		free(plain);
	}
	/* Each part has the one before it twice: expanded it would fill the memory. */
	for (unsigned i = 0; i < 30; i++)
		snprintf(bomb + strlen(bomb), sizeof(bomb) - strlen(bomb), "1BIS%c_S%c_E", i < 10 ? '0' + (int)i : 'A' + (int)i - 10,
			 i < 10 ? '0' + (int)i : 'A' + (int)i - 10);
	strcat(bomb, "Evv");
	ck_assert_ptr_null(vgpu_demangle(bomb));
}
END_TEST

int main(void)
{
	TCase *tests = unit_case("text");

	tcase_add_test(tests, quick_ways_say_what_printf_says);
	tcase_add_test(tests, control_bytes_never_reach_the_terminal);
	tcase_add_test(tests, invalid_and_misleading_characters_are_escaped);
	tcase_add_test(tests, words_are_quoted_for_a_shell);
	tcase_add_test(tests, durations_read_well_at_every_size);
	tcase_add_test(tests, sizes_keep_what_matters);
	tcase_add_test(tests, columns_count_characters_not_escape_sequences);
	tcase_add_test(tests, patterns_match_any_of_a_list);
	tcase_add_test(tests, names_of_kernels_are_as_in_the_source);
	return unit_run();
}
