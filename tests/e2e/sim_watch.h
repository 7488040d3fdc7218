/* SPDX-License-Identifier: Apache-2.0 */
/* Which entry points the tests of a simulated library call, and of which they would notice that it does nothing. */
#ifndef VGPU_TESTS_SIM_WATCH_H
#define VGPU_TESTS_SIM_WATCH_H

#include <check.h>
#include <stdbool.h>

struct sim_watch {
	const char *library; /* "cuda" */
	unsigned proved;     /* with --mutants: so many entry points at least must be proved */
	const char *const *refused; /* called to see them refused; NULL at the end */
	bool some;                  /* not all tests can run here: nothing is counted */
};

/*
 * main() of a test program: runs the suite, and fails also where an entry point that is simulated is not
 * called, or one is called that is neither simulated nor in `refused`.
 *
 * --mutants: a proof for each entry point instead. One that returns a status counts as proved where a test fails
 *   - when its calls do nothing, and return all the same what they returned in that test, so that no
 *     check of a return code alone can notice; and
 *   - for one whose only effect is what it fills in: when it fills in for ever what it did the first
 *     time in all tests, so that a getter of a constant is not proved.
 */
int sim_watch_main(int argc, char **argv, Suite *suite, const struct sim_watch *watch);

#endif
