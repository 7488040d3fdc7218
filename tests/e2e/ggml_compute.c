/* SPDX-License-Identifier: Apache-2.0 */
/* Uses llama.cpp's CUDA backend as its clients do: buffers, tensors, and a graph that needs its pool. */
#include <dlfcn.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * usage: ggml_compute LIBDIR
 *
 * The interface is that of ggml.h, ggml-alloc.h and ggml-backend.h; all of it is opaque here but for what
 * ggml_init is given.
 */
struct ggml_init_params {
	size_t mem_size;
	void *mem_buffer;
	bool no_alloc;
};

enum { TYPE_F32 = 0, TYPE_Q4_0 = 2 };

static void *base;

/* A function by its name, with its result and its parameters. */
#define GGML(result, name, ...) ((result(*)(__VA_ARGS__))symbol(#name))

static void *symbol(const char *name)
{
	void *found = dlsym(base, name);

	if (!found) {
		fprintf(stderr, "ggml_compute: %s\n", dlerror());
		exit(1);
	}
	return found;
}

static size_t free_of(void *device)
{
	size_t free_bytes, total;

	GGML(void, ggml_backend_dev_memory, void *, size_t *, size_t *)
	(device, &free_bytes, &total);
	return free_bytes;
}

static int wrong(const char *what)
{
	printf("WRONG: %s\n", what);
	return 1;
}

/* 1 GiB, taken and given back. */
static int buffers(void *backend, void *device)
{
	const size_t size = (size_t)1 << 30;
	size_t before = free_of(device), during, after;
	void *type = GGML(void *, ggml_backend_get_default_buffer_type, void *)(backend);
	void *buffer = GGML(void *, ggml_backend_buft_alloc_buffer, void *, size_t)(type, size);

	if (!buffer)
		return wrong("no buffer of 1 GiB");
	during = free_of(device);
	GGML(void, ggml_backend_buffer_free, void *)(buffer);
	after = free_of(device);
	printf("buffer of 1 GiB: %zu MiB taken, %zu bytes not given back\n",
	       (before - during) >> 20, before - after);
	return before - during != size || before != after ? wrong("the accounting") : 0;
}

/* A matrix in four bits times a vector: the backend converts the vector in memory of its pool. */
static int compute(void *backend)
{
	struct ggml_init_params params = { .mem_size = 1 << 20, .no_alloc = true };
	void *context = GGML(void *, ggml_init, struct ggml_init_params)(params);
	void *matrix = GGML(void *, ggml_new_tensor_2d, void *, int, int64_t,
			    int64_t)(context, TYPE_Q4_0, 4096, 256);
	void *vector = GGML(void *, ggml_new_tensor_2d, void *, int, int64_t,
			    int64_t)(context, TYPE_F32, 4096, 1);
	void *product = GGML(void *, ggml_mul_mat, void *, void *, void *)(context, matrix, vector);
	void *graph = GGML(void *, ggml_new_graph, void *)(context), *buffer;
	size_t size = GGML(size_t, ggml_nbytes, const void *)(matrix);
	unsigned char *in = malloc(size), *out = calloc(1, size);
	int status, failed = 0;

	GGML(void, ggml_build_forward_expand, void *, void *)(graph, product);
	buffer = GGML(void *, ggml_backend_alloc_ctx_tensors, void *, void *)(context, backend);
	if (!buffer || !in || !out)
		return wrong("no memory for the tensors");
	for (size_t i = 0; i < size; i++)
		in[i] = (unsigned char)(i * 31 + 7);
	GGML(void, ggml_backend_tensor_set, void *, const void *, size_t, size_t)
	(matrix, in, 0, size);
	GGML(void, ggml_backend_tensor_get, const void *, void *, size_t, size_t)
	(matrix, out, 0, size);
	printf("tensor of %zu bytes: written and read back %s\n", size,
	       memcmp(in, out, size) ? "and CHANGED" : "identical");
	failed = memcmp(in, out, size) != 0;
	for (int i = 0; i < 3; i++) {
		status = GGML(int, ggml_backend_graph_compute, void *, void *)(backend, graph);
		if (status)
			failed = wrong("the graph was not computed");
	}
	memset(out, 0, size);
	GGML(void, ggml_backend_tensor_get, const void *, void *, size_t, size_t)
	(matrix, out, 0, size);
	if (memcmp(in, out, size))
		failed = wrong("computing changed an operand");
	GGML(void, ggml_backend_buffer_free, void *)(buffer);
	GGML(void, ggml_free, void *)(context);
	free(in);
	free(out);
	return failed;
}

int main(int argc, char **argv)
{
	char path[PATH_MAX];
	void *(*init)(void);
	void *cuda, *reg;
	size_t count;
	int failed = 0;

	if (argc != 2)
		return 2;
	setvbuf(stdout, NULL, _IOLBF, 0);
	snprintf(path, sizeof(path), "%s/libggml-base.so", argv[1]);
	base = dlopen(path, RTLD_NOW);
	snprintf(path, sizeof(path), "%s/libggml-cuda.so", argv[1]);
	cuda = base ? dlopen(path, RTLD_NOW) : NULL;
	init = cuda ? (void *(*)(void))dlsym(cuda, "ggml_backend_init") : NULL;
	reg = init ? init() : NULL;
	if (!reg) {
		fprintf(stderr, "ggml_compute: %s\n", dlerror());
		return 1;
	}
	count = GGML(size_t, ggml_backend_reg_dev_count, void *)(reg);
	for (size_t i = 0; i < count; i++) {
		void *device = GGML(void *, ggml_backend_reg_dev_get, void *, size_t)(reg, i);
		size_t at_first = free_of(device), at_last;
		void *backend =
		    GGML(void *, ggml_backend_dev_init, void *, const char *)(device, NULL);

		if (!backend)
			return wrong("the backend is not initialised");
		printf("device %zu: %s\n", i,
		       GGML(const char *, ggml_backend_dev_description, void *)(device));
		failed |= buffers(backend, device);
		failed |= compute(backend);
		GGML(void, ggml_backend_free, void *)(backend);
		at_last = free_of(device);
		printf("after all: %zu bytes less than at first\n", at_first - at_last);
		failed |= at_first != at_last;
	}
	printf("devices: %zu, %s\n", count, failed ? "FAILED" : "all as it should be");
	return failed;
}
