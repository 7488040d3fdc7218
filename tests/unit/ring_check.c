// SPDX-License-Identifier: Apache-2.0
/* What the tests of the writer share. */
#include "tests/unit/ring_check.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

struct vgpu_ring *ring;
struct tally tally;

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

TCase *ring_case(const char *name, double timeout_s)
{
	TCase *tcase = unit_case(name);

	setvbuf(stdout, NULL, _IOLBF, 0);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_set_timeout(tcase, timeout_s);
	return tcase;
}

void read_beside(pid_t pid)
{
	char paths[TARGET_RINGS][256];
	int status;

	while (!target_rings(paths))
		sched_yield();
	while (vgpu_ring_open_file(&ring, paths[0]) == -EPROTO)
		sched_yield();
	while (!waitpid(pid, &status, WNOHANG))
		ck_assert_int_ge(tally_poll(ring, &tally), 0);
	ck_assert_int_eq(status, 0);
}

void expect_all(uint64_t calls)
{
	ck_assert_int_ge(tally_poll(ring, &tally), 0);
	ck_assert_uint_eq(tally.calls + tally_lost(ring), calls);
	ck_assert_uint_eq(tally_pending(ring), 0);
}

uint64_t load(const uint64_t *value)
{
	return __atomic_load_n(value, __ATOMIC_ACQUIRE);
}

void add(uint64_t *value, uint64_t n)
{
	__atomic_fetch_add(value, n, __ATOMIC_ACQ_REL);
}

void many_calls(void)
{
	for (uint64_t i = 0; i < MANY; i++)
		target_get(i);
}
