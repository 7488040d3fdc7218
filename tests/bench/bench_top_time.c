// SPDX-License-Identifier: Apache-2.0
/* What going through a recording's time costs: opening it, and jumping about in it; memory. usage: bench_top_time FILE */
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define JUMPS 60

static pid_t pid;
static int terminal;

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static int order(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* Of the dashboard, in seconds. */
static double cpu(void)
{
	unsigned long long ns = 0;
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/schedstat", pid);
	file = fopen(path, "re");
	if (!file || fscanf(file, "%llu", &ns) != 1)
		ns = 0;
	if (file)
		fclose(file);
	return (double)ns / 1e9;
}

static double mib(const char *what)
{
	char path[64], line[256];
	double kib = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file))
		if (!strncmp(line, what, strlen(what)))
			kib = strtod(line + strlen(what), NULL);
	if (file)
		fclose(file);
	return kib / 1024;
}

/* Until nothing has been drawn, and next to nothing computed, for so long. *last: when something was drawn last. */
static double until_quiet(double quiet, double *last)
{
	double first = 0, began = cpu(), since = now();

	*last = 0;
	for (;;) {
		struct pollfd ready = { .fd = terminal, .events = POLLIN };
		char buffer[65536];

		if (poll(&ready, 1, 20) > 0) {
			if (read(terminal, buffer, sizeof(buffer)) <= 0)
				return first;
			*last = now();
			if (!first)
				first = *last;
		} else if (cpu() - began < 0.002) {
			if (now() - since > quiet)
				return first;
			continue;
		}
		began = cpu();
		since = now();
	}
}

static void print(const char *what, double *values, int count, double scale, const char *unit)
{
	qsort(values, (size_t)count, sizeof(*values), order);
	printf("%s: median %.1f %s, worst %.1f %s, of %d\n", what, values[count / 2] * scale, unit,
	       values[count - 1] * scale, unit, count);
}

int main(int argc, char **argv)
{
	struct winsize size = { .ws_row = 24, .ws_col = 80 };
	double start, first, last, took[JUMPS], waited[JUMPS];
	char self[4096], program[4200];
	uint64_t state = 1;
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (argc != 2 || length < 0) {
		fprintf(stderr, "usage: bench_top_time FILE\n");
		return 2;
	}
	self[length] = '\0';
	for (int i = 0; i < 3; i++)
		*strrchr(self, '/') = '\0';
	snprintf(program, sizeof(program), "%s/bin/vgpu-trace", self);
	start = now();
	pid = forkpty(&terminal, NULL, NULL, &size);
	if (!pid) {
		setenv("TERM", "xterm-256color", 1);
		setenv("XDG_CONFIG_HOME", "/proc/nonexistent", 1);
		execl(program, program, "top", "--view", "functions", argv[1], (char *)NULL);
		_exit(127);
	}
	first = until_quiet(0.5, &last);
	printf("opening: first picture after %.0f ms, whole after %.1f s (%.1f s of CPU); %.1f MiB, at most %.1f\n",
	       (first - start) * 1e3, last - start, cpu(), mib("VmRSS:"), mib("VmHWM:"));
	for (int i = 0; i < JUMPS; i++) {
		char keys[32];
		double before = cpu(), sent = now();

		state = state * UINT64_C(6364136223846793005) + 1442695040888963407;
		snprintf(keys, sizeof(keys), ":%.3f%%\r", (double)(state >> 40) * 100 / (1 << 24));
		if (write(terminal, keys, strlen(keys)) < 0)
			return 1;
		until_quiet(0.1, &last);
		took[i] = cpu() - before;
		waited[i] = last - sent;
	}
	print("a jump anywhere, CPU", took, JUMPS, 1e3, "ms");
	print("a jump anywhere, until its picture", waited, JUMPS, 1e3, "ms");
	for (int i = 0; i < JUMPS; i++) {
		double before = cpu();

		if (write(terminal, i % 3 ? "," : "[", 1) < 0)
			return 1;
		until_quiet(0.1, &last);
		took[i] = cpu() - before;
	}
	print("a step back, CPU", took, JUMPS, 1e3, "ms");
	printf("memory: %.1f MiB, at most %.1f\n", mib("VmRSS:"), mib("VmHWM:"));
	kill(pid, SIGTERM);
	until_quiet(0.1, &last);
	close(terminal);
	waitpid(pid, NULL, 0);
	return 0;
}
