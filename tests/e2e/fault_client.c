// SPDX-License-Identifier: Apache-2.0
/* Calls what its arguments say, and prints what came back: for the test of faults on demand. */
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gen/cudart13_types.h"
#include "gen/nvml_types.h"

static void *cuda;

static void *need(void *library, const char *name)
{
	void *symbol = library ? dlsym(library, name) : NULL;

	if (!symbol) {
		fprintf(stderr, "no %s\n", name);
		exit(1);
	}
	return symbol;
}

static int (*cu_init)(unsigned);

static void init(int times)
{
	for (int i = 0; i < times; i++)
		printf(i ? " %d" : "%d", cu_init(0));
	puts("");
}

static void *init_once(void *result)
{
	*(int *)result = cu_init(0);
	return NULL;
}

static void threads(int count)
{
	int result[8];

	for (int i = 0; i < count && i < 8; i++) {
		pthread_t thread;

		pthread_create(&thread, NULL, init_once, &result[i]);
		pthread_join(thread, NULL);
		printf(i ? " %d" : "%d", result[i]);
	}
	puts("");
}

static void device(void)
{
	int (*attribute)(int *, int, int) = need(cuda, "cuDeviceGetAttribute");
	int (*name)(char *, int, int) = need(cuda, "cuDeviceGetName");
	int (*total)(size_t *, int) = need(cuda, "cuDeviceTotalMem_v2");
	int major = -1, minor = -1;
	char text[64], less[8] = "xxxxxxx";
	size_t bytes = 0;

	cu_init(0);
	attribute(&major, 75, 0);
	attribute(&minor, 76, 0);
	name(text, sizeof(text), 0);
	total(&bytes, 0);
	name(less, 7, 0);
	printf("%d.%d '%s' %zu '%s' %zu\n", major, minor, text, bytes, less, sizeof(less) - 1);
}

static void structs(void)
{
	int (*properties)(struct cudaDeviceProp *, int) =
		need(dlopen("libcudart.so.13", RTLD_NOW), "cudaGetDeviceProperties");
	void *nvml = dlopen("libnvidia-ml.so.1", RTLD_NOW);
	int (*start)(void) = need(nvml, "nvmlInit_v2");
	int (*handle)(unsigned, nvmlDevice_t *) = need(nvml, "nvmlDeviceGetHandleByIndex_v2");
	int (*memory)(nvmlDevice_t, nvmlMemory_t *) = need(nvml, "nvmlDeviceGetMemoryInfo");
	struct cudaDeviceProp prop;
	nvmlMemory_t info = { 0 };
	nvmlDevice_t first = NULL;

	properties(&prop, 0);
	start();
	handle(0, &first);
	memory(first, &info);
	printf("%s %d.%d, %d multiprocessors; free %llu of %llu\n", prop.name, prop.major, prop.minor,
	       prop.multiProcessorCount, info.free, info.total);
}

static void launch(void)
{
	int (*retain)(void **, int) = need(cuda, "cuDevicePrimaryCtxRetain");
	int (*set)(void *) = need(cuda, "cuCtxSetCurrent");
	int (*load)(void **, const void *) = need(cuda, "cuModuleLoadData");
	int (*function)(void **, void *, const char *) = need(cuda, "cuModuleGetFunction");
	int (*go)(void *, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, void *, void **, void **) =
		need(cuda, "cuLaunchKernel");
	void *context, *module, *kernel;
	const char *text = ".version 6.4\n.target sm_52\n.address_size 64\n.visible .entry nothing()\n{\n\tret;\n}\n";
	int one, two;

	cu_init(0);
	retain(&context, 0);
	set(context);
	load(&module, text);
	function(&kernel, module, "nothing");
	one = go(kernel, 1, 1, 1, 1, 1, 1, 77, NULL, NULL, NULL);
	two = go(kernel, 1, 1, 1, 1, 1, 1, 78, NULL, NULL, NULL);
	printf("77: %d, 78: %d\n", one, two);
}

/* Floats go in registers of their own, structs by value in several words. */
static void by_value(void)
{
	int (*set)(void *, int, float) = need(cuda, "cuParamSetf");
	int (*go)(const void *, dim3, dim3, void **, size_t, void *) =
		need(dlopen("libcudart.so.13", RTLD_NOW), "cudaLaunchKernel");
	dim3 one = { 1, 1, 1 }, seven = { 1, 7, 1 };

	cu_init(0);
	printf("%d %d; ", set(NULL, 1, 1.5f), set(NULL, 1, 2.5f));
	printf("%d %d %d\n", go(NULL, one, one, NULL, 0, NULL), go(NULL, seven, one, NULL, 0, NULL),
	       go(NULL, one, seven, NULL, 99, NULL));
}

static void look_up(void)
{
	int (*find)(const char *, void **, int, unsigned long, int *) = need(cuda, "cuGetProcAddress_v2");
	static const char *const names[] = { "cuMemCreate", "cuMemMap", "cuMemUnmap" };

	for (int i = 0; i < 3; i++) {
		void *pointer = NULL;
		int status = -1, result = find(names[i], &pointer, 12000, 0, &status);

		printf("%s%s %d %s status %d", i ? ", " : "", names[i], result, pointer ? "yes" : "no", status);
	}
	puts("");
}

static void forks(void)
{
	int first = cu_init(0), second = cu_init(0);

	printf("%d %d", first, second);
	fflush(stdout);
	if (!fork()) {
		first = cu_init(0);
		printf(" %d %d\n", first, cu_init(0));
		fflush(stdout);
		_exit(0);
	}
	wait(NULL);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	int n = argc > 2 ? atoi(argv[2]) : 1;

	cuda = dlopen("libcuda.so.1", RTLD_NOW);
	*(void **)&cu_init = need(cuda, "cuInit");
	if (!strcmp(what, "init"))
		init(n);
	else if (!strcmp(what, "threads"))
		threads(n);
	else if (!strcmp(what, "device"))
		device();
	else if (!strcmp(what, "structs"))
		structs();
	else if (!strcmp(what, "value"))
		by_value();
	else if (!strcmp(what, "launch"))
		launch();
	else if (!strcmp(what, "lookup"))
		look_up();
	else if (!strcmp(what, "fork"))
		forks();
	else
		return 2;
	return 0;
}
