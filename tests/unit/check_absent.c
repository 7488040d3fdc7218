// SPDX-License-Identifier: Apache-2.0
/* Why a file has not a function: of this program's own file, of stripped copies, and by their debug files. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tracer/source/absent.h"

static char self[512], directory[64];

static inline __attribute__((always_inline)) int check_absent_inlined(int value)
{
	__asm__ volatile("" : "+r"(value)); /* stays apart at each of its places */
	return value * 5 + 3;
}

/* Inlined twice. */
__attribute__((noinline)) int check_absent_marker(int value);
int check_absent_marker(int value)
{
	return value > 3 ? check_absent_inlined(value) : 2 - check_absent_inlined(value + 7);
}

static void __attribute__((format(printf, 1, 2))) command(const char *format, ...)
{
	char text[4096];
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
	strcpy(directory, "/tmp/check_absent.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(directory));
}

static void teardown(void)
{
	command("rm -r '%s'", directory);
}

/* Looks into a file of the directory, or into this program; what is said of it begins so. */
static struct vgpu_absent expect(const char *file, const char *name, uint32_t reason,
				 const char *begins)
{
	struct vgpu_text text = { 0 };
	struct vgpu_absent absent;
	char path[1024];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", directory, file ? file : "");
	fd = open(file ? path : self, O_RDONLY | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(vgpu_absent_look(&absent, fd, file ? path : self, name), 0);
	close(fd);
	vgpu_absent_say(&absent, "FILE", &text);
	ck_assert_msg(absent.reason == reason, "%u: %s", absent.reason, vgpu_text_string(&text));
	ck_assert_msg(!strncmp(vgpu_text_string(&text), begins, strlen(begins)), "%s",
		      vgpu_text_string(&text));
	vgpu_text_free(&text);
	return absent;
}

START_TEST(an_inlined_function_is_counted_where_it_went)
{
	ck_assert_int_ne(check_absent_marker(getpid()), 0);
	ck_assert_uint_eq(expect(NULL, "check_absent_inlined", VGPU_UNPLACED_INLINED,
				 "in FILE it was inlined at 2 places, and "
				 "has no code of its own")
			      .places,
			  2);
}
END_TEST

START_TEST(a_name_that_is_wrong_gets_those_that_are_like_it)
{
	struct vgpu_absent absent =
	    expect(NULL, "check_absent_maker", VGPU_UNPLACED_UNKNOWN,
		   "FILE has no function of that name; it has check_absent_marker");

	ck_assert(absent.table && absent.debug);
	ck_assert_str_eq(absent.near[0], "check_absent_marker");
	absent = expect(NULL, "nothing_in_here_is_like_this", VGPU_UNPLACED_UNKNOWN,
			"FILE has no function of that name");
	ck_assert_uint_eq(absent.near_count, 0);
	expect(NULL, "mkdtemp", VGPU_UNPLACED_IMPORTED,
	       "FILE calls it and does not have it: it is another library's");
}
END_TEST

START_TEST(a_stripped_file_says_that_it_is)
{
	command("cp '%s' '%s/stripped' && strip '%s/stripped'", self, directory, directory);
	ck_assert(!expect("stripped", "check_absent_inlined", VGPU_UNPLACED_STRIPPED,
			  "FILE is stripped: it names only the ")
		       .table);
	/* Only without debug information: it may have been inlined, and nobody can tell. */
	command("cp '%s' '%s/table' && strip -g '%s/table'", self, directory, directory);
	ck_assert(
	    !expect("table", "check_absent_inlined", VGPU_UNPLACED_UNKNOWN,
		    "FILE has no function of that name (without debug information it is not known")
		 .debug);
}
END_TEST

START_TEST(a_debug_file_beside_it_is_read)
{
	command(
	    "cd '%s' && cp '%s' linked && objcopy --only-keep-debug linked linked.debug && strip "
	    "linked && "
	    "objcopy --remove-section .note.gnu.build-id --add-gnu-debuglink=linked.debug linked",
	    directory, self);
	expect("linked", "check_absent_inlined", VGPU_UNPLACED_INLINED,
	       "in FILE it was inlined at 2 places");
	/* In the place where others keep them. */
	command("cd '%s' && mkdir .debug && mv linked.debug .debug", directory);
	expect("linked", "check_absent_inlined", VGPU_UNPLACED_INLINED,
	       "in FILE it was inlined at 2 places");
}
END_TEST

/* Whatever the bytes are: an answer, or that it is no such file. */
START_TEST(a_file_that_is_none_is_refused)
{
	struct vgpu_absent absent;
	static char bytes[1 << 20];
	int from = open(self, O_RDONLY | O_CLOEXEC), fd;
	ssize_t n = read(from, bytes, sizeof(bytes));
	char path[128];

	close(from);
	ck_assert_int_gt(n, 4096);
	snprintf(path, sizeof(path), "%s/broken", directory);
	srand(7);
	for (int round = 0; round < 200; round++) {
		fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
		ck_assert_int_eq(write(fd, bytes, n), n);
		for (int i = 0; i < 40; i++) {
			char byte = rand();

			/* Mostly in the headers: at both ends of the file. */
			ck_assert_int_eq(
			    pwrite(fd, &byte, 1, i % 2 ? rand() % 4096 : n - 1 - rand() % 4096), 1);
		}
		if (round % 4 == 3)
			ck_assert_int_eq(ftruncate(fd, rand() % n), 0);
		vgpu_absent_look(&absent, fd, path, "check_absent_inlined");
		close(fd);
	}
	fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	ck_assert_int_eq(vgpu_absent_look(&absent, fd, "/dev/null", "x"), -ENOEXEC);
	close(fd);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("absent");
	TCase *tests = tcase_create("absent");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, an_inlined_function_is_counted_where_it_went);
	tcase_add_test(tests, a_name_that_is_wrong_gets_those_that_are_like_it);
	tcase_add_test(tests, a_stripped_file_says_that_it_is);
	tcase_add_test(tests, a_debug_file_beside_it_is_read);
	tcase_add_test(tests, a_file_that_is_none_is_refused);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
