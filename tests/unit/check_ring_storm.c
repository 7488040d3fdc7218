// SPDX-License-Identifier: Apache-2.0
/* The call path under many threads, deep calls, and with too little room for them. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tests/unit/ring_check.h"

/* ---- threads ---- */

#define THREADS 64
#define PER_THREAD 2000

static pthread_barrier_t together;

static void *thread_calls(void *start)
{
	/* All have a ring, or none could be had, before any of them ends. */
	target_get((uintptr_t)start * PER_THREAD);
	pthread_barrier_wait(&together);
	for (uint64_t i = 1; i < PER_THREAD; i++)
		target_get((uintptr_t)start * PER_THREAD + i);
	pthread_barrier_wait(&together);
	return NULL;
}

static void threads_at_once(void)
{
	pthread_t threads[THREADS];

	pthread_barrier_init(&together, NULL, THREADS);
	for (uintptr_t i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, thread_calls, (void *)i))
			_exit(1);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
}

START_TEST(sixty_four_threads_have_a_ring_each_and_lose_nothing_uncounted)
{
	pid_t pid = target_start(threads_at_once);

	target_end(pid, 0);
	ring = target_ring(pid);
	expect_all((uint64_t)THREADS * PER_THREAD);
	ck_assert_uint_eq(tally_threads(ring), THREADS);
	ck_assert_uint_eq(tally.libraries, 1);
	ck_assert_uint_eq(vgpu_ring_arena(ring)->threads_refused, 0);
}
END_TEST

static void *churn_one(void *i)
{
	for (uint64_t n = 0; n < 3; n++)
		target_get((uintptr_t)i * 3 + n);
	return NULL;
}

static void *churn(void *start)
{
	for (uintptr_t i = 0; i < 60; i++) {
		pthread_t thread;

		if (pthread_create(&thread, NULL, churn_one, (void *)((uintptr_t)start * 60 + i)) ||
		    pthread_join(thread, NULL))
			_exit(1);
	}
	return NULL;
}

static void churning_threads(void)
{
	pthread_t threads[8];

	for (uintptr_t i = 0; i < 8; i++)
		if (pthread_create(&threads[i], NULL, churn, (void *)i))
			_exit(1);
	for (int i = 0; i < 8; i++)
		pthread_join(threads[i], NULL);
}

START_TEST(threads_that_come_and_go_are_never_mixed_up)
{
	pid_t pid = target_start(churning_threads);
	struct vgpu_ring_thread thread;

	read_beside(pid);
	expect_all(8 * 60 * 3);
	ck_assert_uint_gt(vgpu_ring_arena(ring)->threads_recycled, 0);
	/* No thread has calls of another. */
	for (uint32_t i = 0; vgpu_ring_thread(ring, i, &thread); i++)
		ck_assert_uint_le(thread.read, 3);
}
END_TEST

static void deeper(void *depth)
{
	if ((uintptr_t)depth)
		tiny_call(deeper, (void *)((uintptr_t)depth - 1));
	else
		target_get(0);
}

static void deep_calls(void)
{
	deeper((void *)(uintptr_t)100);
	target_get(1);
}

START_TEST(calls_deeper_than_the_in_flight_stack_are_recorded_all_the_same)
{
	pid_t pid = target_start(deep_calls);

	target_end(pid, 0);
	ring = target_ring(pid);
	expect_all(102);
	ck_assert_uint_eq(tally.calls, 102);
}
END_TEST

/* ---- room ---- */

static void small_files(void)
{
	struct rlimit limit = { 5 * VGPU_CHUNK_BYTES + 100, 5 * VGPU_CHUNK_BYTES + 100 };

	setrlimit(RLIMIT_FSIZE, &limit);
	threads_at_once();
}

START_TEST(a_file_size_limit_bounds_the_arena_and_the_rest_is_counted)
{
	pid_t pid = target_start(small_files);

	target_end(pid, 0);
	ring = target_ring(pid);
	expect_all((uint64_t)THREADS * PER_THREAD);
	ck_assert_uint_eq(vgpu_ring_arena(ring)->chunks, 5);
	ck_assert_uint_gt(vgpu_ring_arena(ring)->calls_refused, 0);
}
END_TEST

/* A file system of so many bytes at the ring directory, in a mount namespace of this test's own. */
static bool small_tmpfs(const char *options)
{
	return !unshare(CLONE_NEWNS) && !mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) &&
	       !mount("tmpfs", target_dir(), "tmpfs", 0, options);
}

static void threads_and_more_threads(void)
{
	threads_at_once();
	churning_threads();
}

START_TEST(on_a_full_file_system_the_arena_stops_growing_and_nothing_crashes)
{
	/* The end comes between two chunks, and at several places within one. */
	for (unsigned kilobytes = 192; kilobytes <= 400; kilobytes += 16) {
		char size[32];
		pid_t pid;

		snprintf(size, sizeof(size), "size=%uk", kilobytes);
		if (!small_tmpfs(size)) {
			printf("not shown: a full file system (mount needs root)\n");
			return;
		}
		memset(&tally, 0, sizeof(tally));
		memset(shared, 0, sizeof(*shared));
		pid = target_start(threads_and_more_threads);
		target_end(pid, 0);
		ring = target_ring(pid);
		expect_all(load(&shared->calls));
		ck_assert_uint_eq(shared->calls, (uint64_t)THREADS * PER_THREAD + 8 * 60 * 3);
		ck_assert_uint_eq(vgpu_ring_arena(ring)->chunks, VGPU_ARENA_CHUNKS);
		ck_assert_int_ne(vgpu_ring_arena(ring)->grow_errno, 0);
		vgpu_ring_close(ring);
		ring = NULL;
		umount(target_dir());
	}
}
END_TEST

static void calls_and_places(void)
{
	struct vgpu_ring_place place;

	unsetenv("XDG_RUNTIME_DIR");
	threads_at_once();
	if (vgpu_ring_places(getpid(), &place, 1) != 1 ||
	    vgpu_ring_open_place(&ring, getpid(), &place))
		_exit(2);
	if (!vgpu_ring_arena(ring)->place_errno[0] ||
	    vgpu_ring_arena(ring)->place == VGPU_PLACE_TRACE_DIR)
		_exit(3);
	if (place.path[0])
		unlink(place.path);
}

START_TEST(where_not_even_one_chunk_fits_the_next_place_is_taken)
{
	char paths[TARGET_RINGS][256];

	if (!small_tmpfs("size=16k")) {
		printf("not shown: a full file system (mount needs root)\n");
		return;
	}
	target_run(calls_and_places);
	ck_assert_uint_eq(target_rings(paths), 0);
	umount(target_dir());
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		sixty_four_threads_have_a_ring_each_and_lose_nothing_uncounted,
		threads_that_come_and_go_are_never_mixed_up,
		calls_deeper_than_the_in_flight_stack_are_recorded_all_the_same,
		a_file_size_limit_bounds_the_arena_and_the_rest_is_counted,
		on_a_full_file_system_the_arena_stops_growing_and_nothing_crashes,
		where_not_even_one_chunk_fits_the_next_place_is_taken,
	};
	TCase *tcase = ring_case("ring_storm", 300);

	UNIT_ADD(tcase, tests);
	return unit_run();
}
