// SPDX-License-Identifier: Apache-2.0
/* What the benchmarks share. */
#include "tests/bench/bench.h"

#include <dlfcn.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS_MAX 64

uint64_t bench_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

double bench_median(double *values, unsigned count)
{
	if (!count)
		return -1;
	qsort(values, count, sizeof(*values), compare);
	return count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

const char *bench_directory(void)
{
	static char path[4096];
	ssize_t n;

	if (!path[0]) {
		n = readlink("/proc/self/exe", path, sizeof(path) - 1);
		path[n > 0 ? n : 0] = '\0';
		if (strrchr(path, '/'))
			*strrchr(path, '/') = '\0';
	}
	return path;
}

const char *bench_library(const char *file)
{
	static char paths[4][4200];
	static unsigned next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/../../lib/%s", bench_directory(), file);
	return path;
}

const char *bench_tmpfs(void)
{
	static char paths[8][64];
	static unsigned next;
	char *path = paths[next++ % 8];

	strcpy(path, "/dev/shm/vgpu-bench-XXXXXX");
	if (!mkdtemp(path))
		strcpy(path, "/tmp");
	return path;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

void bench_remove(const char *path)
{
	if (!strncmp(path, "/dev/shm/vgpu-bench-", 20))
		nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

double bench_child(const char *const *argv, const char *const *environment)
{
	char line[512], *end;
	double value = -1, got;
	int out[2], status;
	FILE *file;
	pid_t pid;

	if (pipe(out))
		return -1;
	pid = fork();
	if (!pid) {
		dup2(out[1], 1);
		close(out[0]);
		close(out[1]);
		for (; environment && *environment; environment++)
			putenv((char *)(uintptr_t)*environment);
		execvp(argv[0], (char *const *)(uintptr_t)argv);
		_exit(127);
	}
	close(out[1]);
	file = fdopen(out[0], "r");
	while (file && fgets(line, sizeof(line), file)) {
		got = strtod(line, &end);
		if (end != line && (*end == '\n' || !*end))
			value = got;
	}
	if (file)
		fclose(file);
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
		return -1;
	return value;
}

int (*bench_driver(const char *path))(int *value, int attribute, int device)
{
	void *driver = dlopen(path, RTLD_NOW);
	int (*init)(unsigned flags) = driver ? (int (*)(unsigned))dlsym(driver, "cuInit") : NULL;

	return init && !init(0) ? (int (*)(int *, int, int))dlsym(driver, "cuDeviceGetAttribute") : NULL;
}

int bench_has(const char *program)
{
	const char *path = getenv("PATH");
	char full[4200];

	while (path && *path) {
		size_t n = strcspn(path, ":");

		snprintf(full, sizeof(full), "%.*s/%s", (int)n, path, program);
		if (!access(full, X_OK))
			return 1;
		path += n + (path[n] == ':');
	}
	return 0;
}

void bench_loop(void (*many)(unsigned calls), unsigned rounds, unsigned calls)
{
	double each[ROUNDS_MAX];
	uint64_t start;

	if (rounds > ROUNDS_MAX)
		rounds = ROUNDS_MAX;
	many(calls);
	for (unsigned i = 0; i < rounds; i++) {
		start = bench_now_ns();
		many(calls);
		each[i] = (double)(bench_now_ns() - start) / calls;
	}
	printf("%.3f\n", bench_median(each, rounds));
}
