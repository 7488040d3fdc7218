/* SPDX-License-Identifier: Apache-2.0 */
/* What main() of every test program begins and ends with. */
#ifndef VGPU_TESTS_UNIT_H
#define VGPU_TESTS_UNIT_H

#include <check.h>

/* A case of this program's suite, which is called as its first case. */
TCase *unit_case(const char *name);
/* Runs all cases; returns the program's exit status. */
int unit_run(void);

/* Adds a table of tests: where some are left out by the preprocessor, only a table can be in between. */
#define UNIT_ADD(tcase, tests)                                                                     \
	do {                                                                                       \
		for (size_t at = 0; at < sizeof(tests) / sizeof(*tests); at++)                     \
			tcase_add_test(tcase, tests[at]);                                          \
	} while (0)

#endif
