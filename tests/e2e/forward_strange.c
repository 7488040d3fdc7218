// SPDX-License-Identifier: Apache-2.0
/* Asks a strange driver: what it exports, what it lacks, what it hands out by name. */
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static void *need(void *library, const char *name)
{
	void *symbol = dlsym(library, name);

	if (!symbol) {
		fprintf(stderr, "no %s\n", name);
		exit(1);
	}
	return symbol;
}

int main(void)
{
	void *cuda = dlopen("libcuda.so.1", RTLD_NOW | RTLD_GLOBAL), *pointer = NULL;
	int (*init)(unsigned) = need(cuda, "cuInit");
	int (*count)(int *) = need(cuda, "cuDeviceGetCount");
	int (*allocate)(uint64_t *, size_t) = need(cuda, "cuMemAlloc_v2");
	int (*find)(const char *, void **, int, uint64_t, int *) = need(cuda, "cuGetProcAddress_v2");
	uint64_t address;
	size_t bytes = 0;
	int devices = 0;

	printf("init %d", init(0));
	printf(" count %d", count(&devices));
	printf(" of %d, allocate %d", devices, allocate(&address, 4096));
	find("cuInit", &pointer, 12000, 0, NULL);
	printf(", cuInit again %d", ((int (*)(unsigned))pointer)(1));
	find("cuDeviceTotalMem", &pointer, 12000, 0, NULL);
	((int (*)(size_t *, int))pointer)(&bytes, 0);
	find("cuUnheardOf", &pointer, 12000, 0, NULL);
	printf(", total %zu, unheard of %d", bytes, ((int (*)(void))pointer)());
	find("cuMemMap", &pointer, 12000, 0, NULL);
	printf(", cuMemMap %s\n", pointer ? "there" : "NULL");
	return 0;
}
