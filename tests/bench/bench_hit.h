/* SPDX-License-Identifier: Apache-2.0 */
/* What a hit of a probe costs. */
#ifndef TESTS_BENCH_BENCH_HIT_H
#define TESTS_BENCH_BENCH_HIT_H

#include <stdbool.h>
#include <stdint.h>

struct vgpu_kernel;

#define BENCH_CALLS  100000
#define BENCH_ROUNDS 7

/* Of this thread alone: what others do on the machine does not count. */
double bench_cpu_ns(void);
/* apart: entries and returns by probes of their own, also where the kernel has sessions. NULL: it has said why. */
struct vgpu_kernel *bench_open_kernel(uint32_t method, bool apart);
/* Prints what entry and return of a traced process cost, and those of one that is not. */
void bench_hits(const char *folder);

#endif
