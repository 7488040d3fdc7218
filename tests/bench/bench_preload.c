// SPDX-License-Identifier: Apache-2.0
/* What preloading all four libraries adds to the run of /bin/true. */
#include <math.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bench/bench.h"

#define PAIRS 600

/* ms from the start to the end of one /bin/true; negative when it failed. */
static double run(char *const *environment)
{
	static char program[] = "/bin/true";
	char *const argv[] = { program, NULL };
	uint64_t start = bench_now_ns();
	int status;
	pid_t pid;

	if (posix_spawn(&pid, program, NULL, NULL, argv, environment) || waitpid(pid, &status, 0) != pid ||
	    status)
		return -1;
	return (double)(bench_now_ns() - start) / 1e6;
}

int main(void)
{
	static char preload[5 * 4200], path[] = "PATH=/usr/bin:/bin";
	static double without[PAIRS], with[PAIRS], added[PAIRS];
	char *const plain[] = { path, NULL }, *const loaded[] = { path, preload, NULL };
	static const char *const files[] = { "libvgpu-cuda.so", "libvgpu-nvml.so", "libvgpu-cudart13.so",
					     "libvgpu-cudart12.so" };
	double mean = 0, square = 0;
	unsigned count = 0;

	strcpy(preload, "LD_PRELOAD=");
	for (unsigned i = 0; i < 4; i++) {
		if (access(bench_library(files[i]), R_OK)) {
			fprintf(stderr, "bench_preload: %s is missing\n", bench_library(files[i]));
			return 1;
		}
		strcat(preload, bench_library(files[i]));
		strcat(preload, i < 3 ? ":" : "");
	}
	for (unsigned i = 0; i < PAIRS; i++) {
		/* Which goes first changes from pair to pair. */
		double a = i % 2 ? run(loaded) : run(plain), b = i % 2 ? run(plain) : run(loaded);

		if (a < 0 || b < 0)
			continue;
		without[count] = i % 2 ? b : a;
		with[count] = i % 2 ? a : b;
		added[count] = with[count] - without[count];
		mean += added[count];
		square += added[count] * added[count];
		count++;
	}
	if (!count) {
		fprintf(stderr, "bench_preload: /bin/true did not run\n");
		return 1;
	}
	mean /= count;
	printf("/bin/true, ms from start to end, %u pairs\n\n", count);
	printf("%-34s %8.3f\n", "alone, median", bench_median(without, count));
	printf("%-34s %8.3f\n", "four libraries preloaded, median", bench_median(with, count));
	printf("%-34s %8.3f   aim: at most 2\n", "added, median of the differences", bench_median(added, count));
	printf("%-34s %8.3f ± %.3f (95 %%)\n", "added, mean of the differences", mean,
	       1.96 * sqrt((square / count - mean * mean) / count));
	return 0;
}
