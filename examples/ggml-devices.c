/* SPDX-License-Identifier: Apache-2.0 */
/* Loads llama.cpp's CUDA backend from a directory the way Ollama's runner does, and lists its devices. */
#include <dlfcn.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/*
 * usage: ggml-devices LIBDIR
 *
 * LIBDIR holds libggml-base.so and libggml-cuda.so. Exit status: 0 at least one device, 1 none,
 * 2 usage. The backend's RUNPATH may have an empty entry, which stands for the current directory:
 * run this from a directory without libraries.
 *
 * The interface, as ggml-backend.h and ggml-backend-impl.h of llama.cpp have it: a registration
 * begins with its interface version, and the accessors below take it and its devices as opaque.
 */
struct ggml_reg {
	int api_version;
};
struct ggml_device;

struct ggml {
	size_t (*reg_dev_count)(struct ggml_reg *reg);
	struct ggml_device *(*reg_dev_get)(struct ggml_reg *reg, size_t index);
	const char *(*reg_name)(struct ggml_reg *reg);
	const char *(*dev_name)(struct ggml_device *device);
	const char *(*dev_description)(struct ggml_device *device);
	void (*dev_memory)(struct ggml_device *device, size_t *free, size_t *total);
	void (*log_set)(void (*log)(int level, const char *text, void *data), void *data);
};

static void print_log(int level, const char *text, void *data)
{
	(void)level;
	(void)data;
	fputs(text, stdout);
}

static void *load(const char *dir, const char *file, int flags)
{
	char path[PATH_MAX];
	void *handle;

	if (snprintf(path, sizeof(path), "%s/%s", dir, file) >= (int)sizeof(path)) {
		fprintf(stderr, "ggml-devices: path too long: %s/%s\n", dir, file);
		return NULL;
	}
	handle = dlopen(path, flags);
	if (!handle)
		fprintf(stderr, "ggml-devices: %s\n", dlerror());
	return handle;
}

static bool resolve(void *handle, struct ggml *ggml)
{
	const struct {
		const char *name;
		void **place;
	} wanted[] = {
		{ "ggml_backend_reg_dev_count", (void **)&ggml->reg_dev_count },
		{ "ggml_backend_reg_dev_get", (void **)&ggml->reg_dev_get },
		{ "ggml_backend_reg_name", (void **)&ggml->reg_name },
		{ "ggml_backend_dev_name", (void **)&ggml->dev_name },
		{ "ggml_backend_dev_description", (void **)&ggml->dev_description },
		{ "ggml_backend_dev_memory", (void **)&ggml->dev_memory },
		{ "ggml_log_set", (void **)&ggml->log_set },
	};

	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		*wanted[i].place = dlsym(handle, wanted[i].name);
		if (!*wanted[i].place) {
			fprintf(stderr, "ggml-devices: %s\n", dlerror());
			return false;
		}
	}
	return true;
}

static size_t list(const struct ggml *ggml, struct ggml_reg *reg)
{
	size_t count = ggml->reg_dev_count(reg);

	for (size_t i = 0; i < count; i++) {
		struct ggml_device *device = ggml->reg_dev_get(reg, i);
		size_t free_bytes = 0, total_bytes = 0;

		ggml->dev_memory(device, &free_bytes, &total_bytes);
		printf("%s: %s (%zu MiB, %zu MiB free)\n", ggml->dev_name(device),
		       ggml->dev_description(device), total_bytes >> 20, free_bytes >> 20);
	}
	printf("%zu device%s of %s (interface version %d)\n", count, count == 1 ? "" : "s",
	       ggml->reg_name(reg), reg->api_version);
	return count;
}

int main(int argc, char **argv)
{
	struct ggml_reg *(*init)(void);
	int (*score)(void);
	struct ggml_reg *reg;
	struct ggml ggml;
	void *base, *cuda;

	if (argc != 2) {
		fputs("usage: ggml-devices LIBDIR\n", stderr);
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	base = load(argv[1], "libggml-base.so", RTLD_NOW | RTLD_LOCAL);
	if (!base || !resolve(base, &ggml))
		return 1;
	ggml.log_set(print_log, NULL);

	cuda = load(argv[1], "libggml-cuda.so", RTLD_NOW | RTLD_LOCAL);
	if (!cuda)
		return 1;
	score = (int (*)(void))dlsym(cuda, "ggml_backend_score");
	if (score && !score()) {
		fputs("ggml-devices: the backend says that it does not fit this machine\n", stderr);
		return 1;
	}
	init = (struct ggml_reg * (*)(void)) dlsym(cuda, "ggml_backend_init");
	if (!init) {
		fprintf(stderr, "ggml-devices: %s\n", dlerror());
		return 1;
	}
	reg = init();
	if (!reg) {
		fputs("ggml-devices: ggml_backend_init gave no registration\n", stderr);
		return 1;
	}
	return list(&ggml, reg) ? 0 : 1;
}
