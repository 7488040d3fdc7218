// SPDX-License-Identifier: Apache-2.0
/*
 * The program that a long attach watches. It calls 2,000 times a second and, unless it is to be calm,
 * starts a thread, a child or another program every second or two, and loads and unloads libraries:
 * what could be left behind of each is.
 */
#include "tests/bench/bench_slope_target.h"

#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/bench/bench.h"

#define CALLS_TURN 20u
#define TURN_NS 10000000

static int (*count_devices)(int *);
static struct bench_made *made;

static void call(unsigned times)
{
	int count;

	for (unsigned i = 0; i < times; i++)
		count_devices(&count);
	made->calls += times;
}

static int load(void)
{
	void *cuda = dlopen(bench_library("names/libcuda.so.1"), RTLD_NOW);
	int (*init)(unsigned);

	if (!cuda)
		return -1;
	*(void **)&init = dlsym(cuda, "cuInit");
	*(void **)&count_devices = dlsym(cuda, "cuDeviceGetCount");
	return !init || !count_devices || init(0) ? -1 : 0;
}

static void *thread(void *unused)
{
	call(10);
	return unused;
}

static void start_thread(void)
{
	pthread_t id;

	if (pthread_create(&id, NULL, thread, NULL))
		return;
	pthread_join(id, NULL);
	made->threads++;
}

/* A child that calls at once, or one that runs a program that loads the library anew. */
static void start_child(bool program)
{
	pid_t child = fork();

	if (!child) {
		if (program)
			execl("/proc/self/exe", "slope_child", "slope-child", (char *)NULL);
		else
			call(10);
		_exit(0);
	}
	if (child > 0)
		waitpid(child, NULL, 0);
	if (program)
		made->programs++;
	else
		made->children++;
}

static void load_others(void)
{
	const char *const names[] = { bench_library("names/libnvidia-ml.so.1"), "libutil.so.1",
				      "libabsent.so.9" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		void *library = dlopen(names[i], RTLD_NOW);

		if (library)
			dlclose(library);
		made->loads++;
	}
	fputs("loaded and unloaded\n", stderr);
}

void bench_slope_target(struct bench_made *counts, bool calm)
{
	const struct timespec turn = { .tv_nsec = TURN_NS };

	made = counts;
	signal(SIGINT, SIG_IGN);
	/* What it writes there is on record all the same. */
	if (!freopen("/dev/null", "w", stderr) || load())
		_exit(1);
	for (uint64_t i = 1;; i++) {
		call(CALLS_TURN);
		nanosleep(&turn, NULL);
		if (calm)
			continue;
		if (i % 100 == 0)
			start_thread();
		if (i % 200 == 50)
			start_child(false);
		if (i % 400 == 150)
			start_child(true);
		if (i % 500 == 250)
			load_others();
	}
}

int bench_slope_child(void)
{
	static struct bench_made own;

	made = &own;
	if (load())
		return 1;
	call(10);
	return 0;
}
