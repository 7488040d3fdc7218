// SPDX-License-Identifier: Apache-2.0
/* The call path over fork, clone, vfork and exec: each process has a ring of its own. */
#include <linux/sched.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/ring_check.h"

/* Every ring but the parent's has so many calls of tiny_get and no other, and what else there is to check; returns how many. */
static unsigned each_child(pid_t parent, uint64_t gets,
			   void (*check)(struct vgpu_ring *child, const struct tally *its,
					 pid_t parent))
{
	char paths[TARGET_RINGS][256];
	unsigned count = target_rings(paths), children = 0;

	for (unsigned i = 0; i < count; i++) {
		struct vgpu_ring *child;
		struct tally its = { 0 };

		ck_assert_int_eq(vgpu_ring_open_file(&child, paths[i]), 0);
		if (vgpu_ring_arena(child)->process.pid != parent) {
			ck_assert_int_ge(tally_poll(child, &its), 0);
			ck_assert_uint_eq(its.gets, gets);
			ck_assert_uint_eq(its.calls, gets);
			if (check)
				check(child, &its, parent);
			children++;
		}
		vgpu_ring_close(child);
	}
	ck_assert_uint_eq(count, children + 1);
	return children;
}

static void has_begun_anew(struct vgpu_ring *child, const struct tally *its, pid_t parent)
{
	ck_assert_uint_eq(its->libraries, 1);
	ck_assert_uint_eq(tally_threads(child), 1);
	ck_assert_uint_eq(vgpu_ring_arena(child)->forked_from, (uint64_t)parent);
}

static void *fork_now_and_then(void *start)
{
	for (uint64_t i = 0; i < 200; i++) {
		target_get((uintptr_t)start * 1000 + i);
		if (i % 50 == 25) {
			pid_t pid = fork();
			int status;

			if (!pid) {
				for (uint64_t n = 0; n < 20; n++)
					target_get(5000 + n);
				_exit(0);
			}
			if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
				_exit(1);
		}
	}
	return NULL;
}

static void forks_in_threads(void)
{
	pthread_t threads[8];

	for (uintptr_t i = 0; i < 8; i++)
		if (pthread_create(&threads[i], NULL, fork_now_and_then, (void *)i))
			_exit(1);
	for (int i = 0; i < 8; i++)
		pthread_join(threads[i], NULL);
}

START_TEST(children_forked_in_a_thread_storm_have_rings_of_their_own)
{
	pid_t pid = target_start(forks_in_threads);

	target_end(pid, 0);
	ring = target_ring(pid);
	expect_all(8 * 200);
	ck_assert_uint_eq(tally_lost(ring), 0);
	ck_assert_uint_eq(each_child(pid, 20, has_begun_anew), 8 * 4);
}
END_TEST

static void fork_from_a_callback(void *data)
{
	pid_t *child = data;

	*child = fork();
	if (!*child) {
		/* The call around this one belongs to the parent. */
		for (uint64_t i = 0; i < 5; i++)
			target_get(i);
	}
}

static void call_that_forks(void)
{
	pid_t child;
	int status;

	target_get(0);
	tiny_call(fork_from_a_callback, &child);
	target_get(1);
	if (!child)
		_exit(0);
	if (waitpid(child, &status, 0) != child || status)
		_exit(1);
}

START_TEST(a_call_that_forks_is_recorded_once_by_the_parent)
{
	pid_t pid = target_start(call_that_forks);

	target_end(pid, 0);
	ring = target_ring(pid);
	expect_all(3);
	ck_assert_uint_eq(tally.gets, 2);
	ck_assert_uint_eq(each_child(pid, 6, NULL), 1);
}
END_TEST

#ifndef VGPU_SANITIZED
/* clone(2) as a Go program does it: no atfork handlers, the thread pointer and all thread-local values are the parent's. */
static void raw_clone(void)
{
	struct clone_args args = { .exit_signal = SIGCHLD };
	int status;
	long pid;

	for (uint64_t i = 0; i < 10; i++)
		target_get(i);
	for (int child = 0; child < 5; child++) {
		pid = syscall(SYS_clone3, &args, sizeof(args));
		if (!pid) {
			for (uint64_t i = 0; i < 7; i++)
				target_get(100 + i);
			_exit(0);
		}
		if (pid < 0 || waitpid((pid_t)pid, &status, 0) != pid || status)
			_exit(1);
	}
	for (uint64_t i = 10; i < 20; i++)
		target_get(i);
}

START_TEST(a_raw_clone_leaves_the_parents_ring_alone)
{
	pid_t pid = target_start(raw_clone);

	target_end(pid, 0);
	ring = target_ring(pid);
	expect_all(20);
	ck_assert_uint_eq(tally.gets, 20);
	ck_assert_uint_eq(each_child(pid, 7, NULL), 5);
}
END_TEST

/* The child runs in the parent's memory: its calls are, rightly or not, the parent thread's. */
static void vfork_child(void)
{
	volatile pid_t pid;
	int status;

	target_get(0);
	pid = vfork();
	if (!pid) {
		target_get(1);
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
		_exit(1);
	target_get(2);
}

START_TEST(a_vforked_childs_calls_do_not_harm_its_parents)
{
	pid_t pid = target_start(vfork_child);

	target_end(pid, 0);
	ring = target_ring(pid);
	expect_all(3);
	ck_assert_uint_eq(tally.gets, 3);
}
END_TEST
#endif

static char self[512];

static void exec_itself(void)
{
	for (uint64_t i = 0; i < 5; i++)
		target_get(i);
	setenv("CHECK_RING_PROCESSES", "calls", 1);
	execl(self, self, (char *)NULL);
	_exit(1);
}

START_TEST(after_exec_there_is_a_new_ring_and_the_old_one_stays_readable)
{
	char paths[TARGET_RINGS][256];
	pid_t pid;

	ck_assert_int_gt(readlink("/proc/self/exe", self, sizeof(self) - 1), 0);
	pid = target_start(exec_itself);
	target_end(pid, 0);
	ck_assert_uint_eq(target_rings(paths), 2);
	for (uint32_t i = 0; i < 2; i++) {
		memset(&tally, 0, sizeof(tally));
		ck_assert_int_eq(vgpu_ring_open_file(&ring, paths[i]), 0);
		ck_assert_int_eq(vgpu_ring_arena(ring)->process.pid, pid);
		ck_assert_uint_eq(vgpu_ring_arena(ring)->process.instance, i);
		expect_all(i ? 6 : 5);
		vgpu_ring_close(ring);
		ring = NULL;
	}
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		children_forked_in_a_thread_storm_have_rings_of_their_own,
		a_call_that_forks_is_recorded_once_by_the_parent,
#ifndef VGPU_SANITIZED
		a_raw_clone_leaves_the_parents_ring_alone,
		a_vforked_childs_calls_do_not_harm_its_parents,
#endif
		after_exec_there_is_a_new_ring_and_the_old_one_stays_readable,
	};
	TCase *tcase = ring_case("ring_processes", 300);

	/* This program again, after its exec. */
	if (getenv("CHECK_RING_PROCESSES")) {
		int out_value;

		for (int i = 0; i < 6; i++)
			tiny_get(&out_value, i * 7, (uint64_t)i);
		return 0;
	}
	UNIT_ADD(tcase, tests);
	return unit_run();
}
