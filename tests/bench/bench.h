/* SPDX-License-Identifier: Apache-2.0 */
/* What the benchmarks share: clocks, medians, children whose output is a number. */
#ifndef TESTS_BENCH_BENCH_H
#define TESTS_BENCH_BENCH_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

uint64_t bench_now_ns(void);
/* Sorts the values; returns the middle one. */
double bench_median(double *values, unsigned count);

/* Directory of this program, and the library in ../../lib from there. */
const char *bench_directory(void);
const char *bench_library(const char *file);

/* A new directory on the memory file system; removed with all that is in it by bench_remove. */
const char *bench_tmpfs(void);
void bench_remove(const char *path);

/* Runs a program (environment as "NAME=value", NULL-terminated, on top of this one's) and gives the number on the
 * last line of its output; negative when it failed. */
double bench_child(const char *const *argv, const char *const *environment);

/* Whether a program of that name is in PATH. */
int bench_has(const char *program);

/*
 * The same loop for every competitor: calls one(i) in rounds and prints the median of the ns a call
 * over the rounds, after one round that does not count.
 */
void bench_loop(void (*many)(unsigned calls), unsigned rounds, unsigned calls);

/* The driver library at `path`, after its cuInit: its cuDeviceGetAttribute; NULL: it cannot be had. */
int (*bench_driver(const char *path))(int *value, int attribute, int device);

/* What cuDeviceGetAttribute does on the simulated device, or less: a look at a table. */
int bench_get_attribute(int *value, int attribute, int device);

#endif
