// SPDX-License-Identifier: Apache-2.0
/* The call path under everything that a program may do to it: threads, forks, signals, longjmp, exec, a full disk. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include "tests/unit/tiny_library.h"
#include "tests/unit/tiny_target.h"

static struct vgpu_ring *ring;
static struct tally tally;

static void setup(void)
{
	target_setup();
	memset(&tally, 0, sizeof(tally));
	ring = NULL;
}

static void teardown(void)
{
	vgpu_ring_close(ring);
	target_teardown();
}

static uint64_t load(const uint64_t *value)
{
	return __atomic_load_n(value, __ATOMIC_ACQUIRE);
}

static void add(uint64_t *value, uint64_t n)
{
	__atomic_fetch_add(value, n, __ATOMIC_ACQ_REL);
}

/* Each test ends so: what was read and what is counted as lost is what the target says it called. */
static void expect_all(uint64_t calls)
{
	ck_assert_int_ge(tally_poll(ring, &tally), 0);
	ck_assert_uint_eq(tally.calls + tally_lost(ring), calls);
	ck_assert_uint_eq(tally_pending(ring), 0);
}

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
	char paths[TARGET_RINGS][256];
	struct vgpu_ring_thread thread;
	int status;

	while (!target_rings(paths))
		sched_yield();
	while (vgpu_ring_open_file(&ring, paths[0]) == -EPROTO)
		sched_yield();
	while (!waitpid(pid, &status, WNOHANG))
		ck_assert_int_ge(tally_poll(ring, &tally), 0);
	ck_assert_int_eq(status, 0);
	expect_all(8 * 60 * 3);
	ck_assert_uint_gt(vgpu_ring_arena(ring)->threads_recycled, 0);
	/* No thread has calls of another. */
	for (uint32_t i = 0; vgpu_ring_thread(ring, i, &thread); i++)
		ck_assert_uint_le(thread.read, 3);
}
END_TEST

/* ---- processes ---- */

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
	char paths[TARGET_RINGS][256];
	unsigned count, children = 0;

	target_end(pid, 0);
	ring = target_ring(pid);
	expect_all(8 * 200);
	ck_assert_uint_eq(tally_lost(ring), 0);
	count = target_rings(paths);
	for (unsigned i = 0; i < count; i++) {
		struct vgpu_ring *child;
		struct tally its = { 0 };

		ck_assert_int_eq(vgpu_ring_open_file(&child, paths[i]), 0);
		if (vgpu_ring_arena(child)->process.pid != pid) {
			ck_assert_int_ge(tally_poll(child, &its), 0);
			ck_assert_uint_eq(its.gets, 20);
			ck_assert_uint_eq(its.libraries, 1);
			ck_assert_uint_eq(tally_threads(child), 1);
			ck_assert_uint_eq(vgpu_ring_arena(child)->forked_from, (uint64_t)pid);
			children++;
		}
		vgpu_ring_close(child);
	}
	ck_assert_uint_eq(children, 8 * 4);
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
	char paths[TARGET_RINGS][256];
	pid_t pid = target_start(call_that_forks);
	unsigned count;

	target_end(pid, 0);
	ring = target_ring(pid);
	expect_all(3);
	ck_assert_uint_eq(tally.gets, 2);
	count = target_rings(paths);
	ck_assert_uint_eq(count, 2);
	for (unsigned i = 0; i < count; i++) {
		struct vgpu_ring *child;
		struct tally its = { 0 };

		ck_assert_int_eq(vgpu_ring_open_file(&child, paths[i]), 0);
		if (vgpu_ring_arena(child)->process.pid != pid) {
			ck_assert_int_ge(tally_poll(child, &its), 0);
			ck_assert_uint_eq(its.calls, 6);
			ck_assert_uint_eq(its.gets, 6);
		}
		vgpu_ring_close(child);
	}
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
	char paths[TARGET_RINGS][256];
	unsigned count;

	target_end(pid, 0);
	ring = target_ring(pid);
	expect_all(20);
	ck_assert_uint_eq(tally.gets, 20);
	count = target_rings(paths);
	ck_assert_uint_eq(count, 6);
	for (unsigned i = 0; i < count; i++) {
		struct vgpu_ring *child;
		struct tally its = { 0 };

		ck_assert_int_eq(vgpu_ring_open_file(&child, paths[i]), 0);
		if (vgpu_ring_arena(child)->process.pid != pid) {
			ck_assert_int_ge(tally_poll(child, &its), 0);
			ck_assert_uint_eq(its.gets, 7);
		}
		vgpu_ring_close(child);
	}
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
	setenv("CHECK_RING_STORM", "calls", 1);
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

/* ---- signals ---- */

static void handler(int signal)
{
	(void)signal;
	for (uint64_t i = 0; i < 3; i++)
		target_get(7000 + i);
	add(&shared->other, 1);
}

/* Signals at a high rate from a second thread: more of them than a timer would give. */
static void *shoot(void *target)
{
	pthread_t thread = *(pthread_t *)target;

	while (!load(&shared->ready)) {
		pthread_kill(thread, SIGUSR1);
		sched_yield();
	}
	return NULL;
}

static void calls_under_fire(int flags)
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = flags | SA_RESTART };
	struct itimerval timer = { .it_interval.tv_usec = 100, .it_value.tv_usec = 100 };
	pthread_t me = pthread_self(), shooter;
	stack_t stack = { .ss_size = 1 << 18 };

	stack.ss_sp = malloc(stack.ss_size);
	if (flags & SA_ONSTACK)
		sigaltstack(&stack, NULL);
	/* Not the first call of all: until the backend is open, a handler's calls are answered "not supported". */
	target_get(0);
	sigaction(SIGUSR1, &action, NULL);
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
	if (pthread_create(&shooter, NULL, shoot, &me))
		_exit(1);
	for (uint64_t i = 0; i < 20000 || load(&shared->other) < 10000; i++)
		target_get(i);
	memset(&timer, 0, sizeof(timer));
	setitimer(ITIMER_REAL, &timer, NULL);
	__atomic_store_n(&shared->ready, 1, __ATOMIC_RELEASE);
	pthread_join(shooter, NULL);
}

static void signals(void)
{
	calls_under_fire(0);
}

static void signals_on_another_stack(void)
{
	calls_under_fire(SA_ONSTACK);
}

static void expect_under_fire(void (*function)(void))
{
	struct vgpu_ring_losses losses;
	struct vgpu_ring_thread thread;
	pid_t pid = target_start(function);

	target_end(pid, 0);
	ring = target_ring(pid);
	expect_all(load(&shared->calls));
	vgpu_ring_losses(ring, &losses);
	ck_assert_uint_eq(tally.unwound, 0);
	for (uint32_t i = 0; vgpu_ring_thread(ring, i, &thread); i++)
		ck_assert_uint_eq(thread.unwound, 0);
	printf("%llu calls, %llu handlers: %llu read, %llu dropped, %llu overwritten, %llu refused\n",
	       (unsigned long long)shared->calls, (unsigned long long)shared->other,
	       (unsigned long long)tally.calls, (unsigned long long)losses.dropped,
	       (unsigned long long)losses.overwritten, (unsigned long long)losses.refused);
	ck_assert_uint_ge(shared->other, 10000);
}

START_TEST(a_signal_handler_that_calls_in_at_a_high_rate_harms_nothing)
{
	expect_under_fire(signals);
}
END_TEST

START_TEST(nor_does_one_on_an_alternate_stack)
{
	expect_under_fire(signals_on_another_stack);
}
END_TEST

static sigjmp_buf back;
static volatile sig_atomic_t armed;

static void jumping_handler(int signal)
{
	(void)signal;
	tiny_data("h", 1, "handler");
	add(&shared->other, 1);
	if (armed) {
		armed = 0;
		siglongjmp(back, 1);
	}
}

static void jumps_out_of_handlers(void)
{
	struct sigaction action = { .sa_handler = jumping_handler };
	struct itimerval timer = { .it_interval.tv_usec = 200, .it_value.tv_usec = 200 };
	volatile uint64_t i = 0;

	sigaction(SIGALRM, &action, NULL);
	tiny_data("first", 5, "first");
	setitimer(ITIMER_REAL, &timer, NULL);
	while (load(&shared->other) < 1000) {
		if (!sigsetjmp(back, 1)) {
			armed = 1;
			for (;; i++)
				target_get(i);
		}
	}
	armed = 0;
	memset(&timer, 0, sizeof(timer));
	setitimer(ITIMER_REAL, &timer, NULL);
	for (uint64_t n = 0; n < 1000; n++)
		target_get(n);
}

START_TEST(siglongjmp_out_of_a_handler_in_the_midst_of_a_call_leaves_a_ring_that_goes_on)
{
	pid_t pid = target_start(jumps_out_of_handlers);
	struct vgpu_ring_thread thread;

	target_end(pid, 0);
	ring = target_ring(pid);
	ck_assert_int_ge(tally_poll(ring, &tally), 0);
	ck_assert_int_eq(vgpu_ring_thread(ring, 0, &thread), 1);
	/* The very last calls are there: nothing was stuck. */
	ck_assert_uint_eq(tally.highest + 1, thread.calls);
	ck_assert_uint_eq(tally.last_depth, 0);
	ck_assert_uint_eq(tally_pending(ring), 0);
	ck_assert_uint_le(tally.calls, thread.calls);
	printf("%llu entered, %llu read, %llu unwound, %llu counted as lost\n",
	       (unsigned long long)thread.calls, (unsigned long long)tally.calls,
	       (unsigned long long)tally.unwound, (unsigned long long)tally_lost(ring));
	/* Each jump can lose the one call that it cut short, between its number and its slot. */
	ck_assert_uint_le(thread.calls - tally.calls - tally_lost(ring), load(&shared->other));
}
END_TEST

static jmp_buf out;

static void jump(void *data)
{
	target_get(1);
	if (data)
		tiny_call(jump, *(void **)data);
	longjmp(out, 1);
}

static void nothing(void *data)
{
	(void)data;
}

static void jumps_out_of_callbacks(void)
{
	void *none = NULL;

	for (volatile int i = 0; i < 1000; i++) {
		if (!setjmp(out))
			/* Every second time two calls deep. */
			tiny_call(jump, i % 2 ? &none : NULL);
		if (i % 3 == 0)
			target_get(2);
	}
	/* A call from the same frame shows that the one that was left is gone. */
	tiny_call(nothing, NULL);
}

START_TEST(a_callback_left_by_longjmp_pops_its_call_and_marks_it_unwound)
{
	pid_t pid = target_start(jumps_out_of_callbacks);
	struct vgpu_ring_thread thread;

	target_end(pid, 0);
	ring = target_ring(pid);
	ck_assert_int_ge(tally_poll(ring, &tally), 0);
	ck_assert_uint_eq(tally_lost(ring), 0);
	ck_assert_uint_eq(tally_pending(ring), 0);
	ck_assert_uint_eq(tally.gets, shared->calls);
	ck_assert_uint_eq(tally.unwound, 1500);
	ck_assert_uint_eq(tally.calls, tally.gets + tally.unwound + 1);
	ck_assert_int_eq(vgpu_ring_thread(ring, 0, &thread), 1);
	ck_assert_uint_eq(thread.unwound, 1500);
	ck_assert_uint_eq(thread.calls, tally.calls);
}
END_TEST

#if defined(__x86_64__) && !defined(VGPU_SANITIZED)
/*
 * A signal after every single instruction: the trap flag is set in the interrupted context, and the
 * kernel clears it for the handler. So each instant of the call path is met, none by chance.
 */
#define TRAP_FLAG 0x100

static volatile sig_atomic_t traps_until_jump; /* 0: no jump, and a call at each */
static volatile uint64_t traps;

static void on_trap(int signal)
{
	(void)signal;
	traps++;
	if (!traps_until_jump)
		target_get(traps);
	else if (!--traps_until_jump) {
		target_get(traps);
		siglongjmp(back, 1);
	}
}

static void on_begin(int signal, siginfo_t *info, void *context)
{
	(void)signal;
	(void)info;
	((ucontext_t *)context)->uc_mcontext.gregs[REG_EFL] |= TRAP_FLAG;
}

static void on_end(int signal, siginfo_t *info, void *context)
{
	(void)signal;
	(void)info;
	((ucontext_t *)context)->uc_mcontext.gregs[REG_EFL] &= ~(greg_t)TRAP_FLAG;
}

static void step_handlers(void)
{
	struct sigaction trap = { .sa_handler = on_trap };
	struct sigaction begin = { .sa_sigaction = on_begin, .sa_flags = SA_SIGINFO };
	struct sigaction end = { .sa_sigaction = on_end, .sa_flags = SA_SIGINFO };

	target_get(0);
	sigaction(SIGTRAP, &trap, NULL);
	sigaction(SIGUSR1, &begin, NULL);
	sigaction(SIGUSR2, &end, NULL);
}

static void handlers_at_every_instruction(void)
{
	step_handlers();
	raise(SIGUSR1);
	for (uint64_t i = 0; i < 200; i++)
		target_get(i);
	raise(SIGUSR2);
	shared->other = traps;
	tiny_call(nothing, NULL);
}

START_TEST(a_handler_after_each_single_instruction_of_a_call_harms_nothing)
{
	pid_t pid = target_start(handlers_at_every_instruction);
	struct vgpu_ring_losses losses;

	target_end(pid, 0);
	ring = target_ring(pid);
	expect_all(shared->calls + 1);
	vgpu_ring_losses(ring, &losses);
	printf("%llu instructions interrupted: %llu calls, %llu read, %llu dropped, %llu overwritten\n",
	       (unsigned long long)shared->other, (unsigned long long)shared->calls,
	       (unsigned long long)tally.calls, (unsigned long long)losses.dropped,
	       (unsigned long long)losses.overwritten);
	ck_assert_uint_gt(shared->other, 200 * 50);
	ck_assert_uint_eq(tally.unwound, 0);
}
END_TEST

static void jumps_from_every_instruction(void)
{
	volatile int jumps = 0, done = 0;

	step_handlers();
	for (volatile int n = 1; done < 3; n++) {
		if (!sigsetjmp(back, 1)) {
			traps_until_jump = n;
			raise(SIGUSR1);
			target_get(1);
			traps_until_jump = 1 << 30;
			raise(SIGUSR2);
			done++; /* more instructions than there are */
		} else {
			jumps++;
		}
		traps_until_jump = 0;
		tiny_call(nothing, NULL);
		if (n == 100000)
			_exit(1);
	}
	shared->other = (uint64_t)jumps;
	for (uint64_t i = 0; i < 100; i++)
		target_get(i);
	tiny_call(nothing, NULL);
}

START_TEST(siglongjmp_from_each_single_instruction_of_a_call_leaves_a_ring_that_goes_on)
{
	pid_t pid = target_start(jumps_from_every_instruction);
	struct vgpu_ring_thread thread;
	uint64_t unaccounted;

	target_end(pid, 0);
	ring = target_ring(pid);
	ck_assert_int_ge(tally_poll(ring, &tally), 0);
	ck_assert_int_eq(vgpu_ring_thread(ring, 0, &thread), 1);
	unaccounted = thread.calls - tally.calls - tally_lost(ring);
	printf("%llu jumps, %llu entered, %llu read, %llu unwound, %llu lost, %llu cut before their slot was shown\n",
	       (unsigned long long)shared->other, (unsigned long long)thread.calls,
	       (unsigned long long)tally.calls, (unsigned long long)tally.unwound,
	       (unsigned long long)tally_lost(ring), (unsigned long long)unaccounted);
	ck_assert_uint_gt(shared->other, 100);
	ck_assert_uint_gt(tally.unwound, 10);
	/* A call left between its record and its slot has two records, and is read once. */
	ck_assert_uint_le(tally.unwound, thread.unwound);
	ck_assert_uint_lt(thread.unwound - tally.unwound, 10);
	ck_assert_uint_eq(tally_pending(ring), 0);
	ck_assert_uint_eq(tally.highest + 1, thread.calls);
	/* No jump left a place that is counted and will never be emptied: sixteen of those end the recording. */
	ck_assert_uint_eq(tally.last_depth, 0);
	/* A call cut short between its number and its slot is known by its number alone: some 40 instructions. */
	ck_assert_uint_lt(unaccounted, 60);
}
END_TEST
/* ---- killed at each instruction ---- */

static volatile sig_atomic_t traps_until_death;

static void on_trap_die(int signal)
{
	(void)signal;
	if (!--traps_until_death)
		kill(getpid(), SIGKILL);
}

/* shared->other calls are made whole, after some large ones; then one more, of which shared->ready instructions are run. */
static void killed_within_a_call(void)
{
	static char data[VGPU_BLOB_MAX];
	struct sigaction trap = { .sa_handler = on_trap_die };
	struct sigaction begin = { .sa_sigaction = on_begin, .sa_flags = SA_SIGINFO };
	struct sigaction end = { .sa_sigaction = on_end, .sa_flags = SA_SIGINFO };

	for (uint64_t i = 0; i < shared->fillers; i++)
		tiny_data(data, sizeof(data), NULL);
	for (uint64_t i = 0; i < shared->other; i++)
		target_get(i);
	sigaction(SIGTRAP, &trap, NULL);
	sigaction(SIGUSR1, &begin, NULL);
	sigaction(SIGUSR2, &end, NULL);
	traps_until_death = (int)shared->ready;
	raise(SIGUSR1);
	target_get(shared->other);
	traps_until_death = 1 << 30;
	raise(SIGUSR2);
}

struct instants {
	unsigned all, before, pending, after;
};

static struct instants kill_at_each(uint64_t whole, unsigned stride)
{
	struct instants instants = { 0, 0, 0, 0 };
	struct vgpu_ring_pending pending;
	uint64_t calls;
	int status = SIGKILL;

	for (uint64_t n = 1; status == SIGKILL; n += stride) {
		char paths[TARGET_RINGS][256];
		pid_t pid;

		memset(&tally, 0, sizeof(tally));
		shared->other = whole;
		shared->ready = n;
		pid = target_start(killed_within_a_call);
		ck_assert_int_eq(waitpid(pid, &status, 0), pid);
		ck_assert(status == 0 || status == SIGKILL);
		ring = target_ring(pid);
		ck_assert_int_gt(tally_poll(ring, &tally), 0);
		ck_assert_uint_eq(tally_lost(ring), 0);
		/* Every call that returned is there; the one that was cut is pending, or recorded, or not begun. */
		calls = tally.calls + tally_pending(ring);
		ck_assert_uint_eq(tally.gets + shared->fillers, tally.calls);
		ck_assert_uint_ge(tally.gets, whole);
		ck_assert_uint_le(calls - shared->fillers, whole + 1);
		if (vgpu_ring_pending(ring, 0, &pending)) {
			ck_assert_uint_eq(pending.call->function, TINY_GET);
			ck_assert_uint_eq(pending.call->ordinal, shared->fillers + whole);
			ck_assert_uint_eq(pending.call->nargs, 3);
			ck_assert_uint_eq(pending.call->args[1], (uint32_t)(whole * 7 % 100003));
			ck_assert_uint_eq(pending.call->args[2], whole);
			/* Never seen both as not begun and as under way, or as done and as under way again. */
			ck_assert_uint_eq(instants.after, 0);
			instants.pending++;
		} else if (tally.gets == whole) {
			ck_assert_uint_eq(instants.pending + instants.after, 0);
			instants.before++;
		} else {
			instants.after++;
		}
		instants.all++;
		vgpu_ring_close(ring);
		ring = NULL;
		ck_assert_uint_eq(target_rings(paths), 1);
		unlink(paths[0]);
	}
	printf("killed after %u instants: %u times not begun, %u in flight, %u recorded\n", instants.all,
	       instants.before, instants.pending, instants.after);
	return instants;
}

START_TEST(killed_after_any_single_instruction_of_a_call_the_ring_tells_the_truth)
{
	struct instants instants = kill_at_each(3, 1);

	ck_assert_uint_gt(instants.before, 10);
	ck_assert_uint_gt(instants.pending, 10);
	ck_assert_uint_gt(instants.after, 10);
}
END_TEST

START_TEST(killed_while_it_moves_on_to_another_segment_no_call_is_lost)
{
	uint32_t room = VGPU_HEAD_LATEST_START - VGPU_HEAD_FIRST_START, size[2] = { 0, 0 };
	struct vgpu_ring_event event;
	char paths[TARGET_RINGS][256];
	pid_t pid;

	/* How large the records are, and so how many calls leave no room for one more in the first segment. */
	shared->fillers = 1;
	shared->other = 1;
	shared->ready = 1u << 30;
	pid = target_start(killed_within_a_call);
	target_end(pid, 0);
	ring = target_ring(pid);
	ck_assert_int_gt(vgpu_ring_poll(ring), 0);
	while (vgpu_ring_next(ring, &event))
		if (event.kind == VGPU_KIND_CALL)
			size[event.call->function == TINY_GET] = event.call->word.size8 * 8u;
	vgpu_ring_close(ring);
	ring = NULL;
	ck_assert_uint_eq(target_rings(paths), 1);
	unlink(paths[0]);
	ck_assert(size[0] && size[1]);
	shared->fillers = room / size[0];
	ck_assert_uint_gt(kill_at_each(room % size[0] / size[1], 3).pending, 150);
}
END_TEST
#endif

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
	if (vgpu_ring_places(getpid(), &place, 1) != 1 || vgpu_ring_open_place(&ring, getpid(), &place))
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
		children_forked_in_a_thread_storm_have_rings_of_their_own,
		a_call_that_forks_is_recorded_once_by_the_parent,
#ifndef VGPU_SANITIZED
		a_raw_clone_leaves_the_parents_ring_alone,
		a_vforked_childs_calls_do_not_harm_its_parents,
#endif
		after_exec_there_is_a_new_ring_and_the_old_one_stays_readable,
		a_signal_handler_that_calls_in_at_a_high_rate_harms_nothing,
		nor_does_one_on_an_alternate_stack,
		siglongjmp_out_of_a_handler_in_the_midst_of_a_call_leaves_a_ring_that_goes_on,
		a_callback_left_by_longjmp_pops_its_call_and_marks_it_unwound,
#if defined(__x86_64__) && !defined(VGPU_SANITIZED)
		a_handler_after_each_single_instruction_of_a_call_harms_nothing,
		siglongjmp_from_each_single_instruction_of_a_call_leaves_a_ring_that_goes_on,
		killed_after_any_single_instruction_of_a_call_the_ring_tells_the_truth,
		killed_while_it_moves_on_to_another_segment_no_call_is_lost,
#endif
		calls_deeper_than_the_in_flight_stack_are_recorded_all_the_same,
		a_file_size_limit_bounds_the_arena_and_the_rest_is_counted,
		on_a_full_file_system_the_arena_stops_growing_and_nothing_crashes,
		where_not_even_one_chunk_fits_the_next_place_is_taken,
	};
	const char *task = getenv("CHECK_RING_STORM");
	SRunner *runner;
	Suite *suite;
	TCase *tcase;
	int failed;

	setvbuf(stdout, NULL, _IOLBF, 0);
	/* This program again, after its exec. */
	if (task) {
		int out_value;

		for (int i = 0; i < 6; i++)
			tiny_get(&out_value, i * 7, (uint64_t)i);
		return 0;
	}
	suite = suite_create("ring_storm");
	tcase = tcase_create("storm");
	runner = srunner_create(suite);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_set_timeout(tcase, 300);
	for (size_t i = 0; i < sizeof(tests) / sizeof(*tests); i++)
		tcase_add_test(tcase, tests[i]);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
