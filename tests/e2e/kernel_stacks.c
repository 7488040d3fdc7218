/* SPDX-License-Identifier: Apache-2.0 */
/* Calls made through three libraries without frame pointers: calls that succeed, fail, and make calls of their own. */
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/unwind_library.h"

static int (*init)(unsigned), (*get)(int *, int), (*count)(int *), (*set)(int),
    (*load)(void **, const char *);

static void *find(void *library, const char *name)
{
	void *found = dlsym(library, name);

	if (!found) {
		fprintf(stderr, "%s\n", dlerror());
		exit(1);
	}
	return found;
}

static void start(void)
{
	init(0);
}

/* Refused, each time from another place. */
static void refused(void)
{
	int device;

	get(&device, 99);
	get(&device, -1);
}

/* The runtime's: it asks the driver, so return probes are on the stack above the call. */
static void runtime(void)
{
	int n;

	count(&n);
	set(77);
}

static void crash(void)
{
	void *module;

	load(&module, "x-module");
}

int main(int argc, char **argv)
{
	void *driver = dlopen(argc > 1 ? argv[1] : "libcuda.so.1", RTLD_NOW), *cudart;

	if (!driver) {
		fprintf(stderr, "%s\n", dlerror());
		return 1;
	}
	*(void **)&init = find(driver, "cuInit");
	if (argc > 1) {
		*(void **)&load = find(driver, "cuModuleLoad");
		unwind_library_1(3, start);
		unwind_library_1(3, crash);
		return 0;
	}
	cudart = dlopen("libcudart.so.13", RTLD_NOW);
	if (!cudart)
		return 1;
	*(void **)&get = find(driver, "cuDeviceGet");
	*(void **)&count = find(cudart, "cudaGetDeviceCount");
	*(void **)&set = find(cudart, "cudaSetDevice");
	unwind_library_1(0, start);
	unwind_library_1(5, refused);
	unwind_library_1(9, runtime);
	return 0;
}
