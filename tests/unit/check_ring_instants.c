// SPDX-License-Identifier: Apache-2.0
/* The call path interrupted, left and killed after each single instruction. */
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include "tests/unit/ring_check.h"

#ifdef __x86_64__
/*
 * A signal after every single instruction: the trap flag is set in the interrupted context, and the
 * kernel clears it for the handler. So each instant of the call path is met, none by chance.
 */
#define TRAP_FLAG 0x100

static sigjmp_buf back;
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

static void nothing(void *data)
{
	(void)data;
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
	printf("%llu instructions interrupted: %llu calls, %llu read, %llu dropped, %llu "
	       "overwritten\n",
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
	printf("%llu jumps, %llu entered, %llu read, %llu unwound, %llu lost, %llu cut before "
	       "their slot was shown\n",
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
	printf("killed after %u instants: %u times not begun, %u in flight, %u recorded\n",
	       instants.all, instants.before, instants.pending, instants.after);
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

int main(void)
{
	const TTest *const tests[] = {
		a_handler_after_each_single_instruction_of_a_call_harms_nothing,
		siglongjmp_from_each_single_instruction_of_a_call_leaves_a_ring_that_goes_on,
		killed_after_any_single_instruction_of_a_call_the_ring_tells_the_truth,
		killed_while_it_moves_on_to_another_segment_no_call_is_lost,
	};
	TCase *tcase = ring_case("ring_instants", 300);

	UNIT_ADD(tcase, tests);
	return unit_run();
}
#else
int main(void)
{
	puts("SKIPPED: the trap flag is of x86-64");
	return 77;
}
#endif
