// SPDX-License-Identifier: Apache-2.0
/* A program to look at while it runs: does what each line of its input says, and answers with the line. */
#include <dlfcn.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int (*cu_init)(unsigned), (*cu_count)(int *), (*cu_version)(int *), (*cu_get)(int *, int),
	(*cu_context)(void **, unsigned, int), (*cu_alloc)(uint64_t *, size_t), (*cu_free)(uint64_t),
	(*cu_info)(size_t *, size_t *);
static int (*cuda_malloc)(void **, size_t), (*cuda_free)(void *);

static void load(const char *name, unsigned count, const char *const *symbols, void *const *places)
{
	void *library = dlopen(name, RTLD_NOW);

	if (!library) {
		fprintf(stderr, "%s\n", dlerror());
		exit(1);
	}
	for (unsigned i = 0; i < count; i++) {
		void *at = dlsym(library, symbols[i]);

		if (!at)
			exit(99);
		memcpy(places[i], &at, sizeof(at));
	}
}

static void discover(void)
{
	void *context;
	int count, device;

	cu_init(0);
	cu_count(&count);
	cu_get(&device, 0);
	cu_context(&context, 0, 0);
}

/* Calls a second, for so many seconds; 0: as many as there can be. */
static void steady(long rate, double seconds)
{
	struct timespec start, now;
	double passed = 0;
	long done = 0;
	int version;

	clock_gettime(CLOCK_MONOTONIC, &start);
	while (passed < seconds) {
		long due = rate ? (long)(passed * (double)rate) : done + 1000;

		for (; done < due; done++)
			cu_version(&version);
		if (rate)
			nanosleep(&(struct timespec){ .tv_nsec = 200000 }, NULL);
		clock_gettime(CLOCK_MONOTONIC, &now);
		passed = (double)(now.tv_sec - start.tv_sec) + (double)(now.tv_nsec - start.tv_nsec) / 1e9;
	}
	printf("%.0f calls a second\n", (double)done / passed);
}

int main(void)
{
	static const char *const driver[] = { "cuInit", "cuDeviceGetCount", "cuDriverGetVersion", "cuDeviceGet",
					      "cuCtxCreate_v2", "cuMemAlloc_v2", "cuMemFree_v2", "cuMemGetInfo_v2" };
	static void *const driver_places[] = { &cu_init, &cu_count, &cu_version, &cu_get,
					       &cu_context, &cu_alloc, &cu_free, &cu_info };
	static const char *const runtime[] = { "cudaMalloc", "cudaFree" };
	static void *const runtime_places[] = { &cuda_malloc, &cuda_free };
	char line[128], word[64];
	uint64_t pointer = 0;
	void *memory = NULL;

	load("libcuda.so.1", 8, driver, driver_places);
	load("libcudart.so.13", 2, runtime, runtime_places);
	setvbuf(stdout, NULL, _IOLBF, 0);
	puts("ready");
	while (fgets(line, sizeof(line), stdin)) {
		long n = 0;
		double x = 1;

		if (sscanf(line, "%63s %ld %lf", word, &n, &x) < 1)
			continue;
		if (!strcmp(word, "discover")) {
			discover();
		} else if (!strcmp(word, "calls")) {
			int version;

			while (n-- > 0)
				cu_version(&version);
		} else if (!strcmp(word, "fail")) {
			int device;

			while (n-- > 0)
				cu_get(&device, 7);
		} else if (!strcmp(word, "alloc")) {
			cu_alloc(&pointer, (size_t)n << 20);
		} else if (!strcmp(word, "free")) {
			cu_free(pointer);
		} else if (!strcmp(word, "malloc")) {
			cuda_malloc(&memory, (size_t)n << 20);
		} else if (!strcmp(word, "info")) {
			size_t left, all;

			cu_info(&left, &all);
		} else if (!strcmp(word, "steady")) {
			steady(n, x);
		} else if (!strcmp(word, "child")) {
			if (!fork()) {
				discover();
				_exit((int)n);
			}
			wait(NULL);
		} else if (!strcmp(word, "crash")) {
			raise(SIGKILL);
		}
		fputs(line, stdout);
	}
	return 0;
}
