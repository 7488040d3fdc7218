// SPDX-License-Identifier: Apache-2.0
/* Finding the rings of a live process, and reading them by file and by memory. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shim/ring/reader.h"
#include "tests/unit/arena_builder.h"
#include "tests/unit/unit.h"

/* A child that maps what it is told, says so, and waits to be killed. */
static pid_t child;
static struct built arena;
static struct vgpu_ring *ring;
static char directory[64];

static void setup(void)
{
	strcpy(directory, "check\nplaces XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(directory));
	built_new(&arena, 3);
	built_call(&arena, built_thread(&arena, 1, 77, 5000), 0, 10, 2, 0);
	child = 0;
	ring = NULL;
}

static void end_child(void)
{
	if (child) {
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
	}
	child = 0;
}

static void teardown(void)
{
	char path[128];

	end_child();
	vgpu_ring_close(ring);
	built_free(&arena);
	snprintf(path, sizeof(path), "%s/vgpu-12-345-0.ring", directory);
	unlink(path);
	rmdir(directory);
}

static void map_whole(int fd)
{
	size_t bytes = (size_t)arena.chunks * VGPU_CHUNK_BYTES;
	void *base = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	/* A page of other rights cuts the mapping in three. */
	if (base == MAP_FAILED || mprotect((char *)base + 2 * VGPU_CHUNK_BYTES, 4096, PROT_READ))
		_exit(1);
}

static void map_file(void)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/vgpu-12-345-0.ring", directory);
	built_save(&arena, path, 0);
	map_whole(open(path, O_RDWR));
}

static void map_deleted(void)
{
	char path[128];

	map_file();
	snprintf(path, sizeof(path), "%s/vgpu-12-345-0.ring", directory);
	unlink(path);
}

static void map_memory(void)
{
	int fd = memfd_create("vgpu-ring", MFD_CLOEXEC);
	size_t bytes = (size_t)arena.chunks * VGPU_CHUNK_BYTES;

	if (write(fd, arena.bytes, bytes) != (ssize_t)bytes)
		_exit(1);
	map_whole(fd);
	close(fd);
}

/* The memory is a whole ring already, its file is none yet: what the moment of its making looks like to two reads. */
static void map_unfinished(void)
{
	uint64_t zero = 0;
	char path[128], *base;
	int fd;

	snprintf(path, sizeof(path), "%s/vgpu-12-345-0.ring", directory);
	built_save(&arena, path, 0);
	fd = open(path, O_RDWR);
	if (pwrite(fd, &zero, sizeof(zero), offsetof(struct vgpu_arena, magic)) != sizeof(zero))
		_exit(1);
	base = mmap(NULL, (size_t)arena.chunks * VGPU_CHUNK_BYTES, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE, fd, 0);
	if (base == MAP_FAILED)
		_exit(1);
	memcpy(base + offsetof(struct vgpu_arena, magic), &built_header(&arena)->magic,
	       sizeof(zero));
}

static void map_other(void)
{
	int fd = memfd_create("vgpu-ring-of-another-kind", MFD_CLOEXEC);

	if (ftruncate(fd, 4096) || mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED)
		_exit(1);
}

static void start(void (*map)(void))
{
	int ready[2];
	char c;

	ck_assert_int_eq(pipe(ready), 0);
	child = fork();
	if (!child) {
		map();
		if (write(ready[1], "r", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(ready[1]);
	ck_assert_int_eq(read(ready[0], &c, 1), 1);
	close(ready[0]);
}

static void expect_the_call(void)
{
	struct vgpu_ring_event event;

	ck_assert_int_eq(vgpu_ring_poll(ring), 1);
	ck_assert_int_eq(vgpu_ring_next(ring, &event), 1);
	ck_assert_int_eq(event.tid, 77);
	ck_assert_uint_eq(event.args[1], 1);
}

START_TEST(a_ring_file_is_found_and_read_whatever_its_directory_is_called)
{
	struct vgpu_ring_place places[2];

	start(map_file);
	ck_assert_int_eq(vgpu_ring_places(child, places, 2), 1);
	ck_assert_ptr_nonnull(strstr(places[0].path, directory));
	ck_assert_uint_eq(places[0].bytes, (size_t)arena.chunks * VGPU_CHUNK_BYTES);
	ck_assert_int_eq(vgpu_ring_open_place(&ring, child, &places[0]), 0);
	expect_the_call();
	/* The file outlives the process. */
	end_child();
	ck_assert_int_eq(vgpu_ring_poll(ring), 0);
}
END_TEST

START_TEST(a_ring_whose_file_was_removed_is_read)
{
	struct vgpu_ring_place places[2];

	start(map_deleted);
	ck_assert_int_eq(vgpu_ring_places(child, places, 2), 1);
	ck_assert_str_eq(places[0].path, "");
	ck_assert_int_eq(vgpu_ring_open_place(&ring, child, &places[0]), 0);
	expect_the_call();
}
END_TEST

START_TEST(a_ring_file_in_the_making_is_not_taken_from_memory_that_dies_with_its_process)
{
	struct vgpu_ring_place place;
	char path[128];

	start(map_unfinished);
	ck_assert_int_eq(vgpu_ring_places(child, &place, 1), 1);
	ck_assert_int_eq(vgpu_ring_open_place(&ring, child, &place), -EPROTO);
	ck_assert_ptr_null(ring);
	snprintf(path, sizeof(path), "%s/vgpu-12-345-0.ring", directory);
	built_save(&arena, path, 0);
	ck_assert_int_eq(vgpu_ring_open_place(&ring, child, &place), 0);
	end_child();
	expect_the_call();
}
END_TEST

START_TEST(a_ring_without_a_file_is_read)
{
	struct vgpu_ring_place places[2];

	start(map_memory);
	ck_assert_int_eq(vgpu_ring_places(child, places, 2), 1);
	ck_assert_str_eq(places[0].path, "");
	ck_assert_int_eq(vgpu_ring_open_place(&ring, child, &places[0]), 0);
	expect_the_call();
}
END_TEST

START_TEST(a_memory_ring_whose_process_is_gone_is_an_error)
{
	struct vgpu_ring_place place;

	start(map_memory);
	ck_assert_int_eq(vgpu_ring_places(child, &place, 1), 1);
	ck_assert_int_eq(vgpu_ring_open_memory(&ring, child, place.base, place.bytes), 0);
	expect_the_call();
	kill(child, SIGKILL);
	/* gone, and not yet waited for */
	ck_assert_int_eq(waitid(P_PID, (id_t)child, NULL, WEXITED | WNOWAIT), 0);
	ck_assert_int_eq(vgpu_ring_poll(ring), -ESRCH);
	waitpid(child, NULL, 0);
	ck_assert_int_eq(vgpu_ring_poll(ring), -ESRCH);
	child = 0;
}
END_TEST

START_TEST(memory_that_is_not_a_ring_is_refused)
{
	struct vgpu_ring_place places[2];
	struct vgpu_ring *none;

	start(map_other);
	ck_assert_int_eq(vgpu_ring_places(child, places, 2), 0);
	ck_assert_int_eq(vgpu_ring_open_memory(&none, child, (uintptr_t)&arena & ~4095ull, 4096),
			 -EPROTO);
	ck_assert_int_eq(vgpu_ring_open_memory(&none, child, 0, 65536), -EPROTO);
	ck_assert_int_eq(vgpu_ring_open_memory(&none, child, UINT64_MAX - 4095, UINT64_MAX),
			 -EPROTO);
}
END_TEST

START_TEST(a_process_that_does_not_exist_has_no_rings)
{
	struct vgpu_ring_place place;

	start(map_other);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	ck_assert_int_eq(vgpu_ring_places(child, &place, 1), -ESRCH);
	ck_assert_int_eq(vgpu_ring_open_memory(&ring, child, 4096, 65536), -ESRCH);
	child = 0;
}
END_TEST

int main(void)
{
	TCase *tcase = unit_case("ring_places");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, a_ring_file_is_found_and_read_whatever_its_directory_is_called);
	tcase_add_test(tcase, a_ring_whose_file_was_removed_is_read);
	tcase_add_test(
	    tcase, a_ring_file_in_the_making_is_not_taken_from_memory_that_dies_with_its_process);
	tcase_add_test(tcase, a_ring_without_a_file_is_read);
	tcase_add_test(tcase, a_memory_ring_whose_process_is_gone_is_an_error);
	tcase_add_test(tcase, memory_that_is_not_a_ring_is_refused);
	tcase_add_test(tcase, a_process_that_does_not_exist_has_no_rings);
	return unit_run();
}
