// SPDX-License-Identifier: Apache-2.0
/* A small GPU program for the tests of exporting: two kernels launched, memory taken and given back, errors, threads. */
#include <dlfcn.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct size3 {
	unsigned x, y, z;
};

static void **(*register_binary)(const void *);
static void (*register_end)(void **);
static void (*register_function)(void **, const char *, char *, const char *, int, void *, void *, void *, void *, int *);
static int (*rt_malloc)(void **, size_t), (*rt_free)(void *), (*rt_stream)(void **, unsigned),
	(*rt_launch)(const void *, struct size3, struct size3, void **, size_t, void *), (*rt_sync)(void),
	(*rt_set)(int), (*rt_copy)(void *, const void *, size_t, int);

static const struct {
	const char *name;
	void *where;
} symbols[] = {
	{ "__cudaRegisterFatBinary", &register_binary }, { "__cudaRegisterFatBinaryEnd", &register_end },
	{ "__cudaRegisterFunction", &register_function }, { "cudaMalloc", &rt_malloc }, { "cudaFree", &rt_free },
	{ "cudaStreamCreateWithFlags", &rt_stream }, { "cudaLaunchKernel", &rt_launch },
	{ "cudaDeviceSynchronize", &rt_sync }, { "cudaSetDevice", &rt_set }, { "cudaMemcpy", &rt_copy },
};

/* What nvcc puts into a program: a fat binary, here with one entry, PTX of the two kernels. */
#define PTX ".version 7.0\n.target sm_50\n.address_size 64\n.visible .entry _Z3addPf(){}\n.visible .entry _Z8multiplyPf(){}\n"
static const struct {
	uint32_t magic;
	uint16_t version, header_size;
	uint64_t size;
	uint32_t head[16];
	char ptx[(sizeof(PTX) + 7) & ~7u];
} fatbin = { 0xba55ed50, 1, 16, 64 + ((sizeof(PTX) + 7) & ~7u),
	     { 1 | 0x0101u << 16, 64, (sizeof(PTX) + 7) & ~7u, [7] = 50 }, PTX };
static const struct {
	uint32_t magic, version;
	const void *data;
	void *unused;
} wrapper = { 0x466243b1, 1, &fatbin, NULL };

static void add_stub(void)
{
}

static void multiply_stub(void)
{
}

static void launch(void *stream, unsigned rounds)
{
	struct size3 grid = { 2, 1, 1 }, block = { 32, 1, 1 };

	for (unsigned i = 0; i < rounds; i++)
		if (rt_launch(i % 3 ? (void *)add_stub : (void *)multiply_stub, grid, block, NULL, 0, stream))
			exit(10);
}

static void *thread(void *unused)
{
	void *stream;

	if (rt_set(0) || rt_stream(&stream, 1))
		exit(11);
	launch(stream, 5);
	return unused;
}

int main(void)
{
	void *library = dlopen("libcudart.so.13", RTLD_NOW), *memory[3], **handle;
	pthread_t other;
	char buffer[64] = "";

	for (unsigned i = 0; i < sizeof(symbols) / sizeof(symbols[0]); i++) {
		void *at = library ? dlsym(library, symbols[i].name) : NULL;

		if (!at) {
			fprintf(stderr, "no %s\n", symbols[i].name);
			return 1;
		}
		memcpy(symbols[i].where, &at, sizeof(at));
	}
	handle = register_binary(&wrapper);
	register_function(handle, (const char *)add_stub, (char *)"_Z3addPf", "_Z3addPf", -1, NULL, NULL, NULL, NULL, NULL);
	register_function(handle, (const char *)multiply_stub, (char *)"_Z8multiplyPf", "_Z8multiplyPf", -1, NULL, NULL,
			  NULL, NULL, NULL);
	register_end(handle);
	for (unsigned i = 0; i < 3; i++)
		if (rt_malloc(&memory[i], (size_t)1 << (20 + i)))
			return 2;
	if (rt_copy(memory[0], buffer, sizeof(buffer), 1))
		return 3;
	launch(NULL, 4);
	if (pthread_create(&other, NULL, thread, NULL) || pthread_join(other, NULL) || rt_sync())
		return 4;
	/* Errors: no such device, no such kernel. */
	if (!rt_set(99) || !rt_launch(main, (struct size3){ 1, 1, 1 }, (struct size3){ 1, 1, 1 }, NULL, 0, NULL))
		return 5;
	for (unsigned i = 0; i < 3; i++)
		if (rt_free(memory[i]))
			return 6;
	return 0;
}
