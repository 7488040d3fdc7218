// SPDX-License-Identifier: Apache-2.0
/* A program that asks for a GPU as real ones do (dlopen by name), and then does what its arguments say. */
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int (*cu_init)(unsigned), (*cu_count)(int *), (*cu_get)(int *, int), (*cu_name)(char *, int, int),
	(*cu_attribute)(int *, int, int), (*cu_total)(size_t *, int), (*cu_uuid)(void *, int),
	(*cu_lookup)(const char *, void **, int, uint64_t, int *), (*cu_context)(void **, unsigned, int),
	(*cu_host)(void *, void (*)(void *), void *), (*cu_version)(int *);
static const char *wait_path;

static void load(void)
{
	static const struct {
		const char *name;
		void *where;
	} symbols[] = {
		{ "cuInit", &cu_init }, { "cuDeviceGetCount", &cu_count }, { "cuDeviceGet", &cu_get },
		{ "cuDeviceGetName", &cu_name }, { "cuDeviceGetAttribute", &cu_attribute },
		{ "cuDeviceTotalMem_v2", &cu_total }, { "cuDeviceGetUuid", &cu_uuid },
		{ "cuGetProcAddress_v2", &cu_lookup }, { "cuCtxCreate_v2", &cu_context },
		{ "cuLaunchHostFunc", &cu_host }, { "cuDriverGetVersion", &cu_version },
	};
	void *library = dlopen("libcuda.so.1", RTLD_NOW);

	if (!library) {
		puts("no GPU library");
		exit(1);
	}
	for (unsigned i = 0; i < sizeof(symbols) / sizeof(symbols[0]); i++) {
		void *at = dlsym(library, symbols[i].name);

		if (!at)
			exit(99);
		memcpy(symbols[i].where, &at, sizeof(at));
	}
}

static void discover(void)
{
	int count = 0, device, value, status;
	char name[256], uuid[16];
	void *pointer;
	size_t total;

	if (cu_init(0) || cu_count(&count)) {
		puts("CPU");
		return;
	}
	cu_get(&device, 0);
	cu_name(name, sizeof(name), device);
	cu_attribute(&value, 75, device);
	cu_attribute(&value, 76, device);
	cu_attribute(&value, 102, device);
	cu_total(&total, device);
	cu_uuid(uuid, device);
	cu_lookup("cuMemAlloc", &pointer, 12000, 0, &status);
	cu_lookup("cuNoSuchThing", &pointer, 12000, 0, &status);
	cu_get(&device, 7);
	cu_attribute(NULL, 75, 0);
	printf("GPU %s\n", name);
}

/* The same through the runtime, which asks the driver. */
static void runtime(void)
{
	void *library = dlopen("libcudart.so.13", RTLD_NOW);
	int (*get_count)(int *) = NULL, count = 0;
	void *at = library ? dlsym(library, "cudaGetDeviceCount") : NULL;

	memcpy(&get_count, &at, sizeof(at));
	puts(get_count && !get_count(&count) && count ? "GPU" : "CPU");
}

/* Blocks until somebody opens the FIFO and closes it again. */
static void idle(void)
{
	int fd = open(wait_path, O_RDONLY | O_CLOEXEC);
	char byte;

	while (fd >= 0 && read(fd, &byte, 1) > 0)
		;
	close(fd);
}

static void wait_here(void *unused)
{
	int count;

	(void)unused;
	idle();
	cu_count(&count);
}

static void *many(void *data)
{
	int version;

	for (int i = *(int *)data; i; i--)
		cu_version(&version);
	return NULL;
}

/* Words are done in order: discover, runtime, exit N, kill N, block FIFO, wait FIFO, idle FIFO, many N, threads N, fork, echo. */
int main(int argc, char **argv)
{
	load();
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (int i = 1; i < argc; i++) {
		const char *word = argv[i];
		int n = i + 1 < argc ? atoi(argv[i + 1]) : 0;

		if (!strcmp(word, "discover")) {
			discover();
		} else if (!strcmp(word, "runtime")) {
			runtime();
		} else if (!strcmp(word, "exit")) {
			return n;
		} else if (!strcmp(word, "kill")) {
			raise(n);
		} else if (!strcmp(word, "block")) {
			void *context;

			wait_path = argv[++i];
			cu_init(0);
			cu_context(&context, 0, 0);
			cu_host(NULL, wait_here, NULL);
		} else if (!strcmp(word, "wait")) {
			wait_path = argv[++i];
			cu_init(0);
			wait_here(NULL);
		} else if (!strcmp(word, "idle")) {
			wait_path = argv[++i];
			idle();
		} else if (!strcmp(word, "many")) {
			many(&n);
			i++;
		} else if (!strcmp(word, "threads")) {
			pthread_t threads[64];
			int calls = 100;

			for (int k = 0; k < n && k < 64; k++)
				pthread_create(&threads[k], NULL, many, &calls);
			for (int k = 0; k < n && k < 64; k++)
				pthread_join(threads[k], NULL);
			i++;
		} else if (!strcmp(word, "fork")) {
			if (!fork()) {
				discover();
				_exit(3);
			}
			wait(NULL);
		} else if (!strcmp(word, "echo")) {
			int c;

			while ((c = getchar()) != EOF)
				putchar(c);
		}
	}
	return 0;
}
