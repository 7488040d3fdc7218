// SPDX-License-Identifier: Apache-2.0
/* The call path under signals whose handlers call in, and left by jumps. */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "tests/unit/ring_check.h"

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
	printf(
	    "%llu calls, %llu handlers: %llu read, %llu dropped, %llu overwritten, %llu refused\n",
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

int main(void)
{
	const TTest *const tests[] = {
		a_signal_handler_that_calls_in_at_a_high_rate_harms_nothing,
		nor_does_one_on_an_alternate_stack,
		siglongjmp_out_of_a_handler_in_the_midst_of_a_call_leaves_a_ring_that_goes_on,
		a_callback_left_by_longjmp_pops_its_call_and_marks_it_unwound,
	};
	TCase *tcase = ring_case("ring_signals", 300);

	UNIT_ADD(tcase, tests);
	return unit_run();
}
