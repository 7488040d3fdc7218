// SPDX-License-Identifier: Apache-2.0
/* The lines of the link and the kernel observer. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/make_event.h"
#include "tests/unit/unit.h"
#include "tracer/export/notes.h"
#include "tracer/export/searches.h"

static const struct vgpu_look plain = { .utf8 = true };

static void expect(const struct vgpu_event *event, const char *line, enum vgpu_note_weight weight)
{
	struct vgpu_text text = { 0 };

	vgpu_note_format(&text, &plain, event);
	ck_assert_str_eq(vgpu_text_string(&text), line);
	ck_assert_int_eq(vgpu_note_weigh(event), weight);
	vgpu_text_free(&text);
}

START_TEST(each_kind_reads_as_a_sentence)
{
	struct vgpu_event search = { .kind = VGPU_EVENT_SEARCH, .search = { .path = "/usr/lib/libcuda.so.1",
		.origin = VGPU_ORIGIN_CACHE, .vendor = 1, .flags = VGPU_OBJECT_STATTED, .error = ENOENT } };
	struct vgpu_event dl = { .kind = VGPU_EVENT_DL, .dl = { .op = VGPU_DL_DLOPEN, .failed = 1, .vendor = 1,
		.name = "libggml-cuda.so", .object_name = "/lib/libggml-cuda.so",
		.error = "undefined symbol: cuGetErrorString", .caller_object = "/bin/runner" } };
	struct vgpu_event output = { .kind = VGPU_EVENT_OUTPUT, .output = { .descriptor = 2, .target = "/dev/null",
		.bytes = { (const uint8_t *)"no CUDA\n", 8 }, .full_size = 8 } };
	struct vgpu_event torn = { .kind = VGPU_EVENT_OUTPUT, .output = { .descriptor = 2,
		.bytes = { (const uint8_t *)"no CUDA", 7 }, .full_size = 20, .unread = 1 } };
	struct vgpu_event moved = { .kind = VGPU_EVENT_OUTPUT, .output = { .descriptor = 2, .full_size = 20, .unread = 1 } };
	struct vgpu_event asked = { .kind = VGPU_EVENT_FILE, .file = { .path = "/dev/nvidia0", .vendor = 1, .error = ENOENT,
		.looked = 1 } };
	struct vgpu_event crash = { .kind = VGPU_EVENT_CRASH, .crash = { .signal = SIGSEGV, .ip = 0x1000,
		.object = "/lib/libcuda.so.1", .offset = 0x10, .symbol = "cuInit", .function_name = "cuInit" } };
	struct vgpu_event fact = { .kind = VGPU_EVENT_FACT, .fact = { .name = "node", .subject = "/dev/nvidiactl" } };

	expect(&search, "search   /usr/lib/libcuda.so.1  (ld.so.cache): No such file or directory", VGPU_NOTE_PLAIN);
	expect(&dl, "link     dlopen(libggml-cuda.so) by runner  refused: /lib/libggml-cuda.so: "
		    "undefined symbol: cuGetErrorString", VGPU_NOTE_BAD);
	expect(&output, "stderr   (to /dev/null) no CUDA", VGPU_NOTE_PLAIN);
	expect(&torn, "stderr   no CUDA…(7 of 20 bytes, the rest not readable)", VGPU_NOTE_PLAIN);
	expect(&moved, "stderr   20 bytes, not readable", VGPU_NOTE_PLAIN);
	expect(&asked, "file     /dev/nvidia0  asked for: No such file or directory", VGPU_NOTE_PLAIN);
	expect(&crash, "fault    SIGSEGV at 0x1000 in cuInit of libcuda.so.1+0x10, inside cuInit", VGPU_NOTE_BAD);
	expect(&fact, "fact     node /dev/nvidiactl is not there", VGPU_NOTE_DETAIL);
}
END_TEST

/* A search says what was tried; only a stat says whether there is something. */
START_TEST(a_search_without_a_look_claims_nothing)
{
	struct vgpu_event search = { .kind = VGPU_EVENT_SEARCH, .search = { .path = "/a/libcuda.so.1", .vendor = 1 } };

	expect(&search, "search   /a/libcuda.so.1", VGPU_NOTE_PLAIN);
}
END_TEST

static struct vgpu_event place(const char *path, uint32_t origin, int error)
{
	return (struct vgpu_event){ .kind = VGPU_EVENT_SEARCH, .process = 1, .search = { .path = path, .origin = origin,
		.requester = "/bin/runner", .vendor = 1, .flags = error < 0 ? 0 : VGPU_OBJECT_STATTED, .error = error } };
}

static void expect_run(struct vgpu_searches *run, const char *line)
{
	struct vgpu_text text = { 0 };

	vgpu_searches_format(run, &plain, &text);
	ck_assert_str_eq(vgpu_text_string(&text), line);
	ck_assert_uint_eq(run->held, 0);
	vgpu_text_free(&text);
}

START_TEST(the_places_of_one_library_are_one_line)
{
	struct vgpu_event bare = place("libcuda.so.1", VGPU_ORIGIN_ASKED, ENOENT);
	struct vgpu_event first = place("/a/libcuda.so.1", VGPU_ORIGIN_LIBPATH, ENOENT);
	struct vgpu_event second = place("/b/libcuda.so.1", VGPU_ORIGIN_DEFAULT, ENOENT);
	struct vgpu_event there = place("/c/libcuda.so.1", VGPU_ORIGIN_DEFAULT, 0);
	struct vgpu_event unseen = place("/d/libcuda.so.1", VGPU_ORIGIN_DEFAULT, -1);
	struct vgpu_event other = place("/a/libnvidia-ml.so.1", VGPU_ORIGIN_LIBPATH, 0);
	struct vgpu_event tried = { .kind = VGPU_EVENT_FILE, .process = 1, .file = { .path = "/a/libcuda.so.1", .error = ENOENT } };
	struct vgpu_event bare_file = { .kind = VGPU_EVENT_FILE, .process = 1, .file = { .path = "libcuda.so.1", .error = ENOENT } };
	struct vgpu_event node = { .kind = VGPU_EVENT_FILE, .process = 1, .file = { .path = "/dev/nvidiactl", .error = EPERM } };
	struct vgpu_event asked = { .kind = VGPU_EVENT_FILE, .process = 1,
				    .file = { .path = "/a/libcuda.so.1", .error = ENOENT, .looked = 1 } };
	struct vgpu_searches run = { 0 };

	ck_assert(vgpu_searches_take(&run, &bare) && vgpu_searches_take(&run, &first) &&
		  vgpu_searches_take(&run, &second));
	ck_assert(!vgpu_searches_take(&run, &other));
	ck_assert(!vgpu_searches_plain(&run));
	expect_run(&run, "search   libcuda.so.1 for runner  in 2 places (LD_LIBRARY_PATH, default directories): not there");
	ck_assert(vgpu_searches_take(&run, &first) && vgpu_searches_take(&run, &there));
	expect_run(&run, "search   libcuda.so.1 for runner  in 2 places (LD_LIBRARY_PATH, default directories): "
			 "/c/libcuda.so.1 is there");
	/* Where nobody looked, nothing is claimed. */
	ck_assert(vgpu_searches_take(&run, &first) && vgpu_searches_take(&run, &unseen));
	expect_run(&run, "search   libcuda.so.1 for runner  in 2 places (LD_LIBRARY_PATH, default directories): "
			 "whether it is there was not observed");
	ck_assert(vgpu_searches_take(&run, &bare));
	expect_run(&run, "search   libcuda.so.1 for runner  by its name alone");
	/* The kernel's account of the same, where the linker's is not to be had. */
	ck_assert(vgpu_searches_take(&run, &tried) && vgpu_searches_take(&run, &bare_file));
	ck_assert(!vgpu_searches_take(&run, &first) && !vgpu_searches_take(&run, &node));
	expect_run(&run, "file     libcuda.so.1  in 2 places: not there");
	/* Who only asks whether a file is there does not open it. */
	ck_assert(vgpu_searches_take(&run, &asked) && !vgpu_searches_take(&run, &tried));
	expect_run(&run, "file     asked for libcuda.so.1  in 1 place: not there");
	/* What the first place has is told by what follows. */
	ck_assert(vgpu_searches_take(&run, &other));
	ck_assert(vgpu_searches_plain(&run));
	vgpu_searches_free(&run);
}
END_TEST

START_TEST(every_kind_from_16_has_a_line_and_none_acts_on_the_terminal)
{
	for (uint32_t kind = VGPU_EVENT_SEARCH; kind < VGPU_EVENT_KINDS; kind++) {
		const struct vgpu_look full = { .full = true };
		struct vgpu_text text = { 0 };
		struct vgpu_event event;

		make_event_filled(&event, kind, 7, 0);
		vgpu_note_format(&text, &full, &event);
		ck_assert_msg(text.size > 9, "kind %u has no line", kind);
		ck_assert_msg(!strchr(vgpu_text_string(&text), '\n'), "kind %u: %s", kind, vgpu_text_string(&text));
		vgpu_text_free(&text);
		/* What is not known is left out: nothing crashes on it. */
		event = (struct vgpu_event){ .kind = kind };
		vgpu_note_format(&text, &full, &event);
		ck_assert_uint_gt(text.size, 0);
		vgpu_text_free(&text);
	}
}
END_TEST

int main(void)
{
	TCase *tests = unit_case("notes");

	tcase_add_test(tests, each_kind_reads_as_a_sentence);
	tcase_add_test(tests, a_search_without_a_look_claims_nothing);
	tcase_add_test(tests, the_places_of_one_library_are_one_line);
	tcase_add_test(tests, every_kind_from_16_has_a_line_and_none_acts_on_the_terminal);
	return unit_run();
}
