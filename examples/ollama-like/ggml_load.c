/* SPDX-License-Identifier: Apache-2.0 */
/* ggml's loading of backends: which files are tried, in which order, and how quietly it fails. */
#include <dirent.h>
#include <dlfcn.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "examples/ollama-like/ggml.h"

#define REGS_MAX 32

static struct ggml_reg *regs[REGS_MAX];
static void *handles[REGS_MAX];
static size_t reg_count;

size_t ggml_backend_reg_count(void)
{
	return reg_count;
}

struct ggml_reg *ggml_backend_reg_get(size_t index)
{
	return index < reg_count ? regs[index] : NULL;
}

void *ggml_handle(size_t index)
{
	return index < reg_count ? handles[index] : NULL;
}

static struct ggml_reg *load(const char *path, bool silent)
{
	struct ggml_reg *(*init)(void);
	struct ggml_reg *reg = NULL;
	const char *error = NULL;
	int (*score)(void);
	void *handle;

	handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!handle) {
		if (!silent)
			ggml_log_internal(GGML_LOG_ERROR, "load_backend: failed to load %s: %s\n",
					  path, dlerror());
		return NULL;
	}
	score = (int (*)(void))dlsym(handle, "ggml_backend_score");
	init = !score || score() ? (struct ggml_reg * (*)(void)) dlsym(handle, "ggml_backend_init")
				 : NULL;
	if (init)
		reg = init();
	if (score && !init)
		error = "is not supported on this system";
	else if (!init)
		error = "has no ggml_backend_init";
	else if (!reg)
		error = "ggml_backend_init returned NULL";
	else if (reg->api_version != GGML_API_VERSION || reg_count == REGS_MAX)
		error = "incompatible API version";
	if (error) {
		if (!silent)
			ggml_log_internal(
			    GGML_LOG_ERROR,
			    "load_backend: failed to initialize backend from %s: %s\n", path,
			    error);
		dlclose(handle);
		return NULL;
	}
	ggml_log_internal(GGML_LOG_INFO, "load_backend: loaded %s backend from %s\n",
			  reg->get_name(reg), path);
	handles[reg_count] = handle;
	regs[reg_count++] = reg;
	return reg;
}

/* The score that a variant of a backend gives itself on this machine. */
static int score_of(const char *path)
{
	void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	int (*score)(void);
	int result = 0;

	if (!handle)
		return 0;
	score = (int (*)(void))dlsym(handle, "ggml_backend_score");
	if (score)
		result = score();
	dlclose(handle);
	return result;
}

static bool is_variant(const char *file, const char *prefix)
{
	size_t length = strlen(file);

	return !strncmp(file, prefix, strlen(prefix)) && length > 3 &&
	       !strcmp(file + length - 3, ".so");
}

/*
 * First all libggml-NAME-*.so of all directories, of which the best; else the first libggml-
 * NAME.so.
 */
static void load_best(const char *name, const char *const *directories)
{
	char prefix[64], path[PATH_MAX], best[PATH_MAX] = "";
	int best_score = 0;

	snprintf(prefix, sizeof(prefix), "libggml-%s-", name);
	for (size_t i = 0; directories[i]; i++) {
		DIR *directory = opendir(directories[i]);
		struct dirent *entry;
		struct stat about;

		while (directory && (entry = readdir(directory))) {
			int score;

			if (!is_variant(entry->d_name, prefix) ||
			    snprintf(path, sizeof(path), "%s/%s", directories[i], entry->d_name) >=
				PATH_MAX ||
			    stat(path, &about) || !S_ISREG(about.st_mode))
				continue;
			score = score_of(path);
			if (score > best_score) {
				best_score = score;
				strcpy(best, path);
			}
		}
		if (directory)
			closedir(directory);
	}
	for (size_t i = 0; !best_score && directories[i]; i++)
		if (snprintf(path, sizeof(path), "%s/libggml-%s.so", directories[i], name) <
			PATH_MAX &&
		    !access(path, F_OK)) {
			load(path, true);
			return;
		}
	if (best_score)
		load(best, true);
}

static void load_all(const char *const *directories)
{
	static const char *const names[] = { "blas",    "zendnn", "cann", "cuda",   "hip",
					     "metal",   "rpc",    "sycl", "vulkan", "opencl",
					     "hexagon", "musa",   "cpu" };
	const char *more = getenv("GGML_BACKEND_PATH");

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		load_best(names[i], directories);
	if (more)
		load(more, false);
}

struct ggml_reg *ggml_backend_load(const char *path)
{
	return load(path, false);
}

void ggml_backend_load_all_from_path(const char *directory)
{
	load_all((const char *const[]){ directory, NULL });
}

void ggml_backend_load_all(void)
{
	char program[PATH_MAX] = "", here[PATH_MAX] = "";
	ssize_t size = readlink("/proc/self/exe", program, sizeof(program) - 1);
	char *slash = size > 0 ? strrchr(program, '/') : NULL;

	if (slash)
		*slash = '\0';
	if (!getcwd(here, sizeof(here)))
		strcpy(here, ".");
	load_all((const char *const[]){ program, here, NULL });
}
