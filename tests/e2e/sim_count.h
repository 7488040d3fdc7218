/* SPDX-License-Identifier: Apache-2.0 */
/* How many simulated entry points the tests called: counted against the table that the build made. */
#ifndef VGPU_TESTS_SIM_COUNT_H
#define VGPU_TESTS_SIM_COUNT_H

/* Before the first test: makes the table that all tests' processes share. */
void sim_count_begin(void);

/*
 * After the last: prints how many entry points of `library` are simulated and how many of those the tests
 * called, and which they did not. 0, or 1 where fewer than `least` were called, or one was called that is
 * neither simulated nor in `refused` (names, NULL at the end), or where more than `left` were not called.
 */
int sim_count_end(const char *library, unsigned least, unsigned left, const char *const *refused);

#endif
