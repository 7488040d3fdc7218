/* SPDX-License-Identifier: Apache-2.0 */
/* What a long attach takes of the machine, minute by minute. */
#ifndef TESTS_BENCH_BENCH_SLOPE_H
#define TESTS_BENCH_BENCH_SLOPE_H

#include <stdbool.h>

/*
 * Attaches `vgpu-trace attach -o` to a program of its own (calm: that only calls) for so long, and prints of each resource how
 * it grows a minute. Returns the process's exit code.
 */
int bench_slope(double seconds, double interval, bool calm);

#endif
