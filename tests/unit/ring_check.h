/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of the writer share: one target, its ring, what was read of it. */
#ifndef VGPU_TESTS_RING_CHECK_H
#define VGPU_TESTS_RING_CHECK_H

#include "tests/unit/tiny_library.h"
#include "tests/unit/tiny_target.h"
#include "tests/unit/unit.h"

/* Empty at each test's start, closed at its end. */
extern struct vgpu_ring *ring;
extern struct tally tally;

/* This program's case, in which every test has a ring directory of its own. */
TCase *ring_case(const char *name, double timeout_s);

/* For target_start: so many calls that the first of them are overwritten. */
#define MANY 300000u
void many_calls(void);

/* Finds the ring of a target that runs, and reads it while it is written, until the target ends. */
void read_beside(pid_t pid);

/* Most tests end so: what was read and what is counted as lost is what the target says it called. */
void expect_all(uint64_t calls);

/* Of what the target and the test share. */
uint64_t load(const uint64_t *value);
void add(uint64_t *value, uint64_t n);

#endif
