// SPDX-License-Identifier: Apache-2.0
/* Memory that 1,000 short-lived processes of 8 threads each cost: while they live, and what they leave. */
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/bench/bench.h"

#define PROCESSES 1000
#define THREADS   8
#define CALLS     40 /* a thread's, about what a discovery makes */

static int (*get_attribute)(int *value, int attribute, int device);
static pthread_barrier_t together;

static void *calls(void *unused)
{
	int value;

	for (int i = 0; i < CALLS; i++)
		get_attribute(&value, 75, 0);
	pthread_barrier_wait(&together);
	pthread_barrier_wait(&together);
	return unused;
}

/* This process's own memory in KiB: its share of what it shares. */
static double proportional_kib(void)
{
	FILE *file = fopen("/proc/self/smaps_rollup", "r");
	char line[200];
	double kib = -1;

	while (file && fgets(line, sizeof(line), file))
		sscanf(line, "Pss: %lf", &kib);
	if (file)
		fclose(file);
	return kib;
}

static int child(void)
{
	pthread_t threads[THREADS];

	get_attribute = bench_driver(bench_library("libvgpu-cuda.so"));
	if (!get_attribute)
		return 1;
	pthread_barrier_init(&together, NULL, THREADS + 1);
	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, calls, NULL))
			return 1;
	pthread_barrier_wait(&together);
	printf("%.0f\n", proportional_kib());
	fflush(stdout);
	pthread_barrier_wait(&together);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	return 0;
}

struct left {
	unsigned files;
	double kib;
};

static void add_directory(const char *path, struct left *left)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	struct stat st;

	while (dir && (entry = readdir(dir))) {
		if (fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) || !S_ISREG(st.st_mode))
			continue;
		left->files++;
		left->kib += (double)st.st_blocks / 2;
	}
	if (dir)
		closedir(dir);
}

static void measure(const char *title, const char *const *environment, unsigned processes,
		    const char *rings)
{
	char self[4200];
	const char *argv[] = { self, "--child", NULL };
	double *kib = calloc(processes, sizeof(*kib)), sum = 0;
	struct left left = { 0, 0 };
	unsigned count = 0;
	uint64_t start = bench_now_ns();

	snprintf(self, sizeof(self), "%s/bench_memory", bench_directory());
	for (unsigned i = 0; kib && i < processes; i++) {
		double got = bench_child(argv, environment);

		if (got < 0)
			continue;
		kib[count++] = got;
		sum += got;
	}
	if (rings)
		add_directory(rings, &left);
	printf("%-34s %9u %10.2f %12.0f %12.0f %9u %11.1f\n", title, count,
	       (double)(bench_now_ns() - start) / 1e6 / processes, bench_median(kib, count),
	       count ? sum / count : 0, left.files, left.kib / 1024);
	free(kib);
}

int main(int argc, char **argv)
{
	char directory[100], runtime[100], kept[100];
	const char *const off[] = { "VGPU_TRACE=off", NULL };
	const char *const on[] = { "VGPU_TRACE=on", directory, NULL };
	const char *const swept[] = { "VGPU_TRACE=on", runtime, NULL };
	const char *one, *two;

	if (argc == 2 && !strcmp(argv[1], "--child"))
		return child();
	if (argc > 1) {
		fprintf(stderr, "usage: bench_memory\n");
		return 2;
	}
	one = bench_tmpfs();
	two = bench_tmpfs();
	snprintf(directory, sizeof(directory), "VGPU_TRACE_DIR=%s", one);
	snprintf(runtime, sizeof(runtime), "XDG_RUNTIME_DIR=%s", two);
	snprintf(kept, sizeof(kept), "%s/vgpu-trace", two);
	setenv("VGPU_BACKEND", "sim", 1);
	unsetenv("VGPU_TRACE_DIR");
	printf("%u short-lived processes, %d threads each, %d calls a thread\n\n", PROCESSES, THREADS, CALLS);
	printf("%-34s %9s %10s %12s %12s %9s %11s\n", "", "processes", "ms each", "KiB, median", "KiB, mean",
	       "rings", "left, MiB");
	measure("tracing off", off, PROCESSES, NULL);
	measure("tracing on, a directory of its own", on, PROCESSES, one);
	measure("tracing on, the user's directory", swept, PROCESSES, kept);
	printf("\nKiB: a process's proportional share, at the time when all its threads have called.\n"
	       "In the user's directory rings of dead processes are removed when there are many.\n");
	bench_remove(one);
	bench_remove(two);
	return 0;
}
