// SPDX-License-Identifier: Apache-2.0
/* A stack of this process, through three libraries without frame pointers, unwound as from outside. */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>
#include <unwind.h>

#include "tests/unit/unit.h"
#include "tests/unit/unwind_library.h"
#include "tracer/source/unwind.h"

#define BYTES (64u << 10)
#define MOST 512u

/* What the compiler's own unwinder finds, from the caller of the leaf on. */
static uint64_t expected[MOST];
static unsigned expected_count;
struct vgpu_bpf_registers captured_registers;
static uint8_t bytes[BYTES];
static size_t size;

static _Unwind_Reason_Code note(struct _Unwind_Context *context, void *data)
{
	uint64_t ip = _Unwind_GetIP(context);

	(void)data;
	if (expected_count < MOST && (expected_count || ip == captured_registers.ip))
		expected[expected_count++] = ip;
	return _URC_NO_REASON;
}

void captured(void);
void __attribute__((used)) captured(void)
{
	struct iovec to = { bytes, sizeof(bytes) },
		     from = { (void *)captured_registers.sp, sizeof(bytes) };
	ssize_t n;

	expected_count = 0;
	_Unwind_Backtrace(note, NULL);
	/* Up to the end of the stack: less is given where that is near. */
	do {
		n = process_vm_readv(getpid(), &to, 1, &from, 1, 0);
		from.iov_len -= 4096;
	} while (n < 0 && from.iov_len > 4096);
	size = n > 0 ? n : 0;
}

/* The registers as a return probe has them: behind the return, nothing of the caller's touched. */
void capture(void);
__asm__(".text\n.globl capture\n.hidden capture\n.type capture, @function\ncapture:\n"
	"	mov (%rsp), %rax\n	lea captured_registers(%rip), %rcx\n	mov %rax, 0(%rcx)\n"
	"	lea 8(%rsp), %rax\n	mov %rax, 8(%rcx)\n	mov %rbp, 16(%rcx)\n	mov %rbx, "
	"24(%rcx)\n"
	"	mov %r12, 32(%rcx)\n	mov %r13, 40(%rcx)\n	mov %r14, 48(%rcx)\n	mov %r15, "
	"56(%rcx)\n"
	"	jmp captured\n.size capture, .-capture\n");

/* ---- what is mapped ---- */

static struct vgpu_maps *maps;
static const char *hidden; /* part of the name of a file that nobody knows */
static struct vgpu_mapping other;
static uint64_t inode_added;
static unsigned opened;

static const struct vgpu_mapping *find(void *data, uint64_t address)
{
	const struct vgpu_mapping *mapping = vgpu_maps_find(maps, address);

	(void)data;
	if (!mapping || (hidden && strstr(mapping->path, hidden)))
		return NULL;
	other = *mapping;
	other.inode += inode_added;
	return &other;
}

static int open_file(void *data, const struct vgpu_mapping *mapping)
{
	(void)data;
	opened++;
	return open(mapping->path, O_RDONLY | O_CLOEXEC);
}

static const struct vgpu_unwind_ops ops = { .find = find, .open = open_file };
static struct vgpu_unwind *unwind;
static uint64_t frames[VGPU_UNWIND_FRAMES];
static unsigned count;
static enum vgpu_stack_end end;

static void setup(void)
{
	ck_assert_int_eq(vgpu_maps_read(&maps, getpid()), 0);
	ck_assert_int_eq(vgpu_unwind_open(&unwind, &ops, NULL), 0);
}

static void teardown(void)
{
	vgpu_unwind_close(unwind);
	vgpu_maps_free(maps);
}

static void look(size_t given)
{
	count = vgpu_unwind_stack(unwind, &captured_registers, bytes, given, frames, &end);
	ck_assert_uint_le(count, VGPU_UNWIND_FRAMES);
}

static const char *name_of(uint64_t address)
{
	Dl_info info = { 0 };

	return dladdr((void *)(address - 1), &info) && info.dli_sname ? info.dli_sname : "?";
}

static void same_as_expected(unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		ck_assert_msg(frames[i] == expected[i], "frame %u: %#lx %s, expected %#lx %s", i,
			      (long)frames[i], name_of(frames[i]), (long)expected[i],
			      name_of(expected[i]));
}

/* Of each library its exported function is there, in order. */
static void through_the_libraries(void)
{
	int wanted = 3;
	char name[32];

	for (unsigned i = 0; i < count && wanted; i++) {
		snprintf(name, sizeof(name), "unwind_library_%d", wanted);
		wanted -= !strcmp(name_of(frames[i]), name);
	}
	ck_assert_msg(!wanted, "library %d is not among %u frames", wanted, count);
}

START_TEST(every_frame_is_that_of_the_compilers_own_unwinder)
{
	unwind_library_1(5, capture);
	for (int i = 0; i < 2; i++) { /* the second time by what is known */
		look(size);
		ck_assert_uint_eq(end, VGPU_STACK_END_WHOLE);
		ck_assert_uint_eq(count, expected_count);
		same_as_expected(count);
		through_the_libraries();
	}
	ck_assert_uint_ge(count, 10);
	printf("%u frames, %u files\n", count, opened);
}
END_TEST

START_TEST(a_stack_that_was_cut_is_right_up_to_there_and_said_to_be_cut)
{
	unsigned before = 0;

	unwind_library_1(5, capture);
	for (size_t given = 0; given < 2048; given += 8) {
		look(given);
		ck_assert_msg(end == VGPU_STACK_END_CUT, "%zu bytes: %u frames, end %d", given,
			      count, (int)end);
		ck_assert_uint_ge(count, 1);
		ck_assert_uint_ge(count, before);
		ck_assert_uint_lt(count, expected_count);
		same_as_expected(count);
		before = count;
	}
	ck_assert_uint_gt(before, 5);
}
END_TEST

START_TEST(of_many_frames_the_innermost_are_kept)
{
	unwind_library_1(200, capture);
	look(size);
	ck_assert_uint_eq(count, VGPU_UNWIND_FRAMES);
	ck_assert_uint_eq(end, VGPU_STACK_END_FRAMES);
	same_as_expected(count);
}
END_TEST

START_TEST(it_ends_at_a_file_that_is_not_known)
{
	unwind_library_1(2, capture);
	hidden = "unwind_2";
	look(size);
	hidden = NULL;
	ck_assert_uint_eq(end, VGPU_STACK_END_FILE);
	ck_assert_uint_lt(count, expected_count);
	same_as_expected(count);
	ck_assert_str_eq(name_of(frames[count - 2]), "unwind_library_3");
}
END_TEST

START_TEST(a_jump_to_nowhere_is_traced_to_who_jumped)
{
	static uint64_t place[1 + BYTES / 8]; /* not in the way of what is captured */
	struct vgpu_bpf_registers registers;

	unwind_library_1(2, capture);
	registers = captured_registers;
	place[0] = registers.ip;
	memcpy(place + 1, bytes, size);
	registers.ip = 0;
	registers.sp -= 8;
	count = vgpu_unwind_stack(unwind, &registers, place, size + 8, frames + 0, &end);
	ck_assert_msg(end == VGPU_STACK_END_WHOLE, "%u frames of %u, end %d", count,
		      expected_count + 1, (int)end);
	ck_assert_uint_eq(count, expected_count + 1);
	ck_assert_uint_eq(frames[0], 0);
	memmove(frames, frames + 1, (count - 1) * sizeof(frames[0]));
	same_as_expected(count - 1);
}
END_TEST

START_TEST(a_file_in_another_ones_place_is_looked_at_anew)
{
	unsigned before;

	unwind_library_1(2, capture);
	look(size);
	before = opened;
	inode_added = 1000;
	look(size);
	inode_added = 0;
	ck_assert_uint_eq(count, expected_count);
	ck_assert_uint_eq(end, VGPU_STACK_END_WHOLE);
	ck_assert_uint_eq(opened, 2 * before);
	same_as_expected(count);
}
END_TEST

/* What a hostile process has there: any bytes, any registers. */
START_TEST(damage_ends_it_and_does_no_harm)
{
	struct vgpu_bpf_registers kept;
	uint64_t *words = (uint64_t *)(void *)bytes, whole = 0;
	uint8_t *copy = malloc(BYTES);

	srand(7);
	unwind_library_1(5, capture);
	kept = captured_registers;
	memcpy(copy, bytes, size);
	for (int turn = 0; turn < 4000; turn++) {
		uint64_t *registers = (uint64_t *)(void *)&captured_registers;
		int n = 1 + rand() % 20;

		for (int i = 0; i < n; i++) {
			size_t at = rand() % (turn % 2 ? 256 : size / 8);

			switch (rand() % 5) {
			case 0:
				words[at] = ((uint64_t)rand() << 32) ^ rand();
				break;
			case 1: /* another place of this stack */
				words[at] = kept.sp + rand() % size;
				break;
			case 2: /* other code */
				words[at] = expected[rand() % expected_count] + rand() % 64 - 32;
				break;
			case 3:
				words[at] = words[rand() % (size / 8)];
				break;
			case 4:
				registers[rand() % 8] = rand() % 2
							    ? expected[rand() % expected_count]
							: rand() % 2 ? kept.sp + rand() % size
								     : (uint64_t)rand() * rand();
				break;
			}
		}
		look(rand() % 4 ? size : rand() % size);
		for (unsigned i = 1; i < count; i++) {
			const struct vgpu_mapping *mapping = vgpu_maps_find(maps, frames[i] - 1);

			/* Only the last may be where no file is; none is data. */
			ck_assert(mapping ? mapping->code : i + 1 == count);
			ck_assert(mapping || frames[i] - 1 - captured_registers.sp >= size);
		}
		whole += end == VGPU_STACK_END_WHOLE;
		captured_registers = kept;
		memcpy(bytes, copy, size);
	}
	printf("%u of 4000 damaged stacks came to an end of a stack\n", (unsigned)whole);
	/* And the next one is as right as ever. */
	look(size);
	ck_assert_uint_eq(count, expected_count);
	same_as_expected(count);
	free(copy);
}
END_TEST

int main(void)
{
	TCase *tests = unit_case("unwind");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_set_timeout(tests, 120);
	tcase_add_test(tests, every_frame_is_that_of_the_compilers_own_unwinder);
	tcase_add_test(tests, a_stack_that_was_cut_is_right_up_to_there_and_said_to_be_cut);
	tcase_add_test(tests, of_many_frames_the_innermost_are_kept);
	tcase_add_test(tests, it_ends_at_a_file_that_is_not_known);
	tcase_add_test(tests, a_jump_to_nowhere_is_traced_to_who_jumped);
	tcase_add_test(tests, a_file_in_another_ones_place_is_looked_at_anew);
	tcase_add_test(tests, damage_ends_it_and_does_no_harm);
	return unit_run();
}
