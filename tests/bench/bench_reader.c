// SPDX-License-Identifier: Apache-2.0
/* Whether a live reader keeps up: a process that calls at a steady rate, a reader that polls every few ms. */
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "shim/ring/reader.h"
#include "tests/bench/bench.h"

#define SECONDS 2

static int child(double calls_a_second)
{
	int (*get_attribute)(int *value, int attribute, int device) = bench_driver(bench_library("libvgpu-cuda.so"));
	uint64_t start, made = 0;
	double ns = 1e9 / calls_a_second;
	int value;

	if (!get_attribute)
		return 1;
	start = bench_now_ns();
	while (bench_now_ns() - start < SECONDS * UINT64_C(1000000000)) {
		/* In steps of 64, so that the clock is not what is measured. */
		while ((double)(bench_now_ns() - start) < (double)made * ns)
			;
		for (int i = 0; i < 64; i++, made++)
			get_attribute(&value, 75, 0);
	}
	return 0;
}

static struct vgpu_ring *find_ring(const char *directory)
{
	DIR *dir = opendir(directory);
	struct vgpu_ring *ring = NULL;
	struct dirent *entry;
	char path[400];

	while (dir && !ring && (entry = readdir(dir))) {
		snprintf(path, sizeof(path), "%s/%.200s", directory, entry->d_name);
		if (entry->d_name[0] != '.' && vgpu_ring_open_file(&ring, path))
			ring = NULL;
	}
	if (dir)
		closedir(dir);
	return ring;
}

static double cpu_seconds(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
	       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static void measure(const char *rate, long pause_ns)
{
	struct timespec pause = { .tv_nsec = pause_ns };
	const char *directory = bench_tmpfs();
	struct vgpu_ring *ring = NULL;
	struct vgpu_ring_losses losses;
	struct vgpu_ring_event event;
	uint64_t calls = 0, polls = 0;
	double start, used;
	int status = 0;
	char self[4200];
	pid_t pid;

	pid = fork();
	if (!pid) {
		setenv("VGPU_TRACE", "on", 1);
		setenv("VGPU_TRACE_DIR", directory, 1);
		setenv("VGPU_BACKEND", "sim", 1);
		snprintf(self, sizeof(self), "%s/bench_reader", bench_directory());
		execl(self, self, "--child", rate, (char *)NULL);
		_exit(127);
	}
	start = cpu_seconds();
	for (int ended = 0; !ended;) {
		ended = waitpid(pid, &status, WNOHANG) != 0;
		if (!ring)
			ring = find_ring(directory);
		if (ring && vgpu_ring_poll(ring) >= 0) {
			polls++;
			while (vgpu_ring_next(ring, &event))
				calls += event.kind == VGPU_KIND_CALL;
		}
		if (!ended)
			nanosleep(&pause, NULL);
	}
	used = cpu_seconds() - start;
	if (!ring || status) {
		printf("%12s %10.1f   not measured\n", rate, (double)pause_ns / 1e6);
	} else {
		vgpu_ring_losses(ring, &losses);
		printf("%12s %10.1f %10llu %12llu %12llu %9.1f %12.0f\n", rate, (double)pause_ns / 1e6,
		       (unsigned long long)polls, (unsigned long long)calls,
		       (unsigned long long)(losses.overwritten + losses.dropped), used / SECONDS * 100,
		       calls ? used * 1e9 / (double)calls : 0);
	}
	vgpu_ring_close(ring);
	bench_remove(directory);
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "--child"))
		return child(strtod(argv[2], NULL));
	printf("one calling thread for %d s, one reader\n\n", SECONDS);
	printf("%12s %10s %10s %12s %12s %9s %12s\n", "calls/s", "pause, ms", "polls", "read", "missed", "CPU, %",
	       "ns a record");
	measure("1000", 5000000);
	measure("100000", 2000000);
	measure("1000000", 500000);
	measure("1000000", 0);
	measure("10000000", 100000);
	return 0;
}
