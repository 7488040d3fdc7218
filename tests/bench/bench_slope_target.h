/* SPDX-License-Identifier: Apache-2.0 */
/* The program that a long attach watches. */
#ifndef TESTS_BENCH_BENCH_SLOPE_TARGET_H
#define TESTS_BENCH_BENCH_SLOPE_TARGET_H

#include <stdbool.h>
#include <stdint.h>

/* What it did so far; in memory that its children share. */
struct bench_made {
	_Atomic uint64_t calls, threads, children, programs, loads;
};

/* Until it is ended by SIGTERM. calm: it only calls. */
__attribute__((noreturn)) void bench_slope_target(struct bench_made *counts, bool calm);
/* The other program that it starts now and then. */
int bench_slope_child(void);

#endif
