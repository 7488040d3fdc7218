// SPDX-License-Identifier: Apache-2.0
/* Names of addresses: from this program's own file, a stripped copy of it, and its debug file. */
#include <dlfcn.h>
#include <link.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/make_event.h"
#include "tests/unit/unit.h"
#include "tracer/export/backtrace.h"
#include "tracer/source/symbols.h"

static char self[512], directory[64];
static uint64_t base;
static uint8_t build_id[32];
static unsigned build_id_size;

static int look_at_self(struct dl_phdr_info *info, size_t size, void *data)
{
	(void)size, (void)data;
	base = info->dlpi_addr;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const uint8_t *at = (const uint8_t *)(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr);
		const uint8_t *end = at + info->dlpi_phdr[i].p_memsz;

		if (info->dlpi_phdr[i].p_type != PT_NOTE)
			continue;
		while (at < end) {
			const ElfW(Nhdr) *note = (const void *)at;
			const uint8_t *name = at + sizeof(*note), *bytes = name + ((note->n_namesz + 3) & ~3u);

			if (note->n_type == NT_GNU_BUILD_ID && note->n_namesz == 4 && !memcmp(name, "GNU", 4)) {
				build_id_size = note->n_descsz;
				memcpy(build_id, bytes, build_id_size);
			}
			at = bytes + ((note->n_descsz + 3) & ~3u);
		}
	}
	return 1; /* the first is the program itself */
}

static void __attribute__((format(printf, 1, 2))) command(const char *format, ...)
{
	char text[2048];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	ck_assert_msg(system(text) == 0, "%s", text);
}

static void setup(void)
{
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	ck_assert_int_gt(n, 0);
	self[n] = '\0';
	strcpy(directory, "/tmp/check_symbols.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(directory));
	dl_iterate_phdr(look_at_self, NULL);
}

static void teardown(void)
{
	command("rm -r '%s'", directory);
}

/* A return address within a function that has a name. */
int check_symbols_marker(int value);
int check_symbols_marker(int value)
{
	return value * 3 + 1;
}

static uint64_t marker(void)
{
	return (uint64_t)(uintptr_t)check_symbols_marker + 4 - base;
}

static void expect(const char *path, const char *debug, const uint8_t *id, unsigned id_size,
		   enum vgpu_symbols_found found, const char *begins)
{
	struct vgpu_symbols *symbols;
	struct vgpu_text text = { 0 };

	ck_assert_int_eq(vgpu_symbols_open(&symbols, debug), 0);
	/* Twice: the second time from what was kept. */
	for (int i = 0; i < 2; i++) {
		vgpu_text_clear(&text);
		ck_assert_int_eq(vgpu_symbols_format(symbols, path, id, id_size, marker(), &text), found);
		if (begins)
			ck_assert_msg(!strncmp(vgpu_text_string(&text), begins, strlen(begins)), "%s",
				      vgpu_text_string(&text));
		else
			ck_assert_uint_eq(text.size, 0);
	}
	vgpu_text_free(&text);
	vgpu_symbols_close(symbols);
}

START_TEST(a_function_and_its_line_are_found)
{
	expect(self, NULL, build_id, build_id_size, VGPU_SYMBOLS_NAME, "check_symbols_marker+0x4 (check_symbols.c:");
	expect(self, NULL, NULL, 0, VGPU_SYMBOLS_NAME, "check_symbols_marker+0x4 (check_symbols.c:");
}
END_TEST

START_TEST(another_build_is_not_believed)
{
	uint8_t other[32];

	memcpy(other, build_id, sizeof(other));
	other[3] ^= 1;
	expect(self, directory, other, build_id_size, VGPU_SYMBOLS_OTHER, NULL);
	expect("/nonexistent/libcuda.so.1", directory, other, build_id_size, VGPU_SYMBOLS_GONE, NULL);
}
END_TEST

START_TEST(a_separate_debug_file_is_found_by_build_id)
{
	char stripped[128], debug[256];
	int n;

	snprintf(stripped, sizeof(stripped), "%s/stripped", directory);
	command("objcopy --strip-all '%s' '%s'", self, stripped);
	expect(stripped, directory, build_id, build_id_size, VGPU_SYMBOLS_NONE, NULL);
	n = snprintf(debug, sizeof(debug), "%s/.build-id", directory);
	ck_assert_int_eq(mkdir(debug, 0700), 0);
	n += snprintf(debug + n, sizeof(debug) - n, "/%02x", build_id[0]);
	ck_assert_int_eq(mkdir(debug, 0700), 0);
	n += snprintf(debug + n, sizeof(debug) - n, "/");
	for (unsigned i = 1; i < build_id_size; i++)
		n += snprintf(debug + n, sizeof(debug) - n, "%02x", build_id[i]);
	snprintf(debug + n, sizeof(debug) - n, ".debug");
	command("objcopy --only-keep-debug '%s' '%s'", self, debug);
	expect(stripped, directory, build_id, build_id_size, VGPU_SYMBOLS_NAME,
	       "check_symbols_marker+0x4 (check_symbols.c:");
	/* Also when the file itself is gone. */
	expect("/nonexistent/stripped", directory, build_id, build_id_size, VGPU_SYMBOLS_NAME, "check_symbols_marker+0x4");
}
END_TEST

/* The whole way: an object as it was seen being mapped, a call with an address in it. */
START_TEST(a_frame_says_function_line_and_file_or_what_is_not_known)
{
	const struct vgpu_look look = { .utf8 = true };
	struct vgpu_event object = { .kind = VGPU_EVENT_OBJECT, .process = 1, .time_ns = 5, .object = { .path = self,
		.base = 0x10000, .from = 0x10000, .to = 0x90000000, .build_id = { build_id, build_id_size } } };
	struct vgpu_event call = { .kind = VGPU_EVENT_CALL, .process = 1, .time_ns = 10 };
	struct vgpu_backtrace *backtrace;
	struct vgpu_text text = { 0 };

	ck_assert_int_eq(vgpu_backtrace_open(&backtrace, directory, &look), 0);
	vgpu_backtrace_frame(backtrace, &call, 0x10000 + marker(), &text);
	ck_assert_ptr_nonnull(strstr(vgpu_text_string(&text), "was not observed"));
	ck_assert_int_eq(vgpu_backtrace_sink(backtrace)->ops->event(vgpu_backtrace_sink(backtrace), &object), 0);
	vgpu_text_clear(&text);
	vgpu_backtrace_frame(backtrace, &call, 0x10000 + marker(), &text);
	ck_assert_msg(!strncmp(vgpu_text_string(&text), "check_symbols_marker+0x4 (check_symbols.c:", 42), "%s",
		      vgpu_text_string(&text));
	ck_assert_ptr_nonnull(strstr(vgpu_text_string(&text), ")  check_symbols"));
	/* Nobody knows of another process what is there. */
	call.process = 2;
	vgpu_text_clear(&text);
	vgpu_backtrace_frame(backtrace, &call, 0x10000 + marker(), &text);
	ck_assert_ptr_nonnull(strstr(vgpu_text_string(&text), "was not observed"));
	vgpu_text_free(&text);
	vgpu_backtrace_close(backtrace);
}
END_TEST

/* One of ours is mapped by a link of its session, which is gone afterwards. */
START_TEST(a_library_of_ours_is_looked_for_where_it_says_it_is)
{
	const struct vgpu_look look = { .utf8 = true };
	struct vgpu_event object = { .kind = VGPU_EVENT_OBJECT, .process = 1, .time_ns = 5, .object = {
		.path = "/nonexistent/libcuda.so.1", .base = 0x10000, .from = 0x10000, .to = 0x90000000,
		.build_id = { build_id, build_id_size } } };
	uint8_t other[32] = { 7 };
	struct vgpu_event library = { .kind = VGPU_EVENT_LIBRARY, .process = 1, .time_ns = 6, .library = {
		.path = self, .build_id = { other, build_id_size } } };
	struct vgpu_event crash = { .kind = VGPU_EVENT_CRASH, .process = 1, .time_ns = 10 };
	struct vgpu_backtrace *backtrace;
	struct vgpu_text text = { 0 };
	struct vgpu_sink *sink;

	ck_assert_int_eq(vgpu_backtrace_open(&backtrace, directory, &look), 0);
	sink = vgpu_backtrace_sink(backtrace);
	ck_assert_int_eq(sink->ops->event(sink, &object), 0);
	ck_assert_int_eq(sink->ops->event(sink, &library), 0); /* another one */
	vgpu_backtrace_frame(backtrace, &crash, 0x10000 + marker(), &text);
	ck_assert_ptr_nonnull(strstr(vgpu_text_string(&text), "no such file"));
	/* A foreign one is what its path says, whoever has the same build id. */
	library.library.build_id.bytes = build_id;
	ck_assert_int_eq(sink->ops->event(sink, &library), 0);
	vgpu_text_clear(&text);
	vgpu_backtrace_frame(backtrace, &crash, 0x10000 + marker(), &text);
	ck_assert_ptr_nonnull(strstr(vgpu_text_string(&text), "no such file"));
	/* Told before or after. */
	object.process = crash.process = 2;
	object.object.library = 1;
	ck_assert_int_eq(sink->ops->event(sink, &object), 0);
	vgpu_text_clear(&text);
	vgpu_backtrace_frame(backtrace, &crash, 0x10000 + marker(), &text);
	ck_assert_ptr_nonnull(strstr(vgpu_text_string(&text), "check_symbols_marker+0x4 "));
	/* Where it crashed is the place itself, also at a function's first byte. */
	crash.crash.ip = 0x10000 + marker() - 4;
	vgpu_text_clear(&text);
	vgpu_backtrace_frame(backtrace, &crash, crash.crash.ip, &text);
	ck_assert_ptr_nonnull(strstr(vgpu_text_string(&text), "check_symbols_marker+0x0 "));
	vgpu_text_free(&text);
	vgpu_backtrace_close(backtrace);
}
END_TEST

int main(void)
{
	TCase *tests = unit_case("symbols");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, a_function_and_its_line_are_found);
	tcase_add_test(tests, another_build_is_not_believed);
	tcase_add_test(tests, a_separate_debug_file_is_found_by_build_id);
	tcase_add_test(tests, a_frame_says_function_line_and_file_or_what_is_not_known);
	tcase_add_test(tests, a_library_of_ours_is_looked_for_where_it_says_it_is);
	return unit_run();
}
