/* SPDX-License-Identifier: Apache-2.0 */
/* Era A: serve itself looks for the files of the driver, opens each, and asks it. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "examples/ollama-like/driver.h"
#include "examples/ollama-like/eras.h"
#include "examples/ollama-like/log.h"
#include "examples/ollama-like/paths.h"

enum { COMPUTE_MAJOR_MIN = 5, COMPUTE_MINOR_MIN = 0 };

static const char *const driver_globs[] = {
	"/usr/local/cuda*/targets/*/lib/libcuda.so*",
	"/usr/lib/*-linux-gnu/nvidia/current/libcuda.so*",
	"/usr/lib/*-linux-gnu/libcuda.so*",
	"/usr/lib/wsl/lib/libcuda.so*",
	"/usr/lib/wsl/drivers/*/libcuda.so*",
	"/opt/cuda/lib*/libcuda.so*",
	"/usr/local/cuda/lib*/libcuda.so*",
	"/usr/lib*/libcuda.so*",
	"/usr/local/lib*/libcuda.so*",
	NULL,
};

static const char *const runtime_globs[] = {
	"/usr/local/cuda/lib64/libcudart.so*",
	"/usr/lib/x86_64-linux-gnu/nvidia/current/libcudart.so*",
	"/usr/lib/x86_64-linux-gnu/libcudart.so*",
	"/usr/lib/wsl/lib/libcudart.so*",
	"/usr/lib/wsl/drivers/*/libcudart.so*",
	"/opt/cuda/lib64/libcudart.so*",
	"/usr/local/cuda*/targets/aarch64-linux/lib/libcudart.so*",
	"/usr/lib/aarch64-linux-gnu/nvidia/current/libcudart.so*",
	"/usr/lib/aarch64-linux-gnu/libcudart.so*",
	"/usr/local/cuda/lib*/libcudart.so*",
	"/usr/lib*/libcudart.so*",
	"/usr/local/lib*/libcudart.so*",
	NULL,
};

/* Where the last part of the path is a link: where that leads, and so on. Owned by the caller. */
static char *follow_links(const char *match)
{
	char *path = path_absolute(match), target[PATH_MAX];
	ssize_t size;

	while ((size = readlink(path, target, sizeof(target) - 1)) > 0) {
		char *directory = path_directory(path), *joined;

		target[size] = '\0';
		joined =
		    *target == '/' ? text_of("%s", target) : text_of("%s/%s", directory, target);
		free(path);
		path = path_absolute(joined);
		free(joined);
		free(directory);
	}
	return path;
}

/* `first`: a pattern to try after the folder of Ollama and the library path, or NULL. */
static void find_libraries(struct strings *out, const char *folder, const char *name,
			   const char *first, const char *const *globs)
{
	const char *variable = getenv("LD_LIBRARY_PATH");
	struct strings patterns = { 0 }, searched = { 0 };
	char *list;

	log_fields(LOG_DEBUG, "gpu.go:520", "Searching for GPU library", "name=%s", name);
	strings_add(&patterns, "%s/%s", folder, name);
	/* Without the variable this is one empty entry, which stands for the current directory. */
	strings_split(&searched, variable ? variable : "", ':');
	for (size_t i = 0; i < searched.count; i++) {
		char *directory = path_absolute(searched.at[i]);

		strings_add(&patterns, "%s/%s", directory, name);
		free(directory);
	}
	if (first)
		strings_add(&patterns, "%s", first);
	for (; *globs; globs++)
		strings_add(&patterns, "%s", *globs);
	list = strings_go(&patterns);
	log_fields(LOG_DEBUG, "gpu.go:544", "gpu library search", "globs=%s", list);
	free(list);

	for (size_t i = 0; i < patterns.count; i++) {
		struct strings matches = { 0 };

		if (strstr(patterns.at[i], "PhysX")) {
			log_fields(LOG_DEBUG, "gpu.go:548", "skipping PhysX cuda library path",
				   "path=%s", patterns.at[i]);
			continue;
		}
		paths_glob(&matches, patterns.at[i]);
		for (size_t m = 0; m < matches.count; m++) {
			char *path = follow_links(matches.at[m]);

			if (!strings_have(out, path))
				strings_add(out, "%s", path);
			free(path);
		}
		strings_free(&matches);
	}
	list = strings_go(out);
	log_fields(LOG_DEBUG, "gpu.go:577", "discovered GPU libraries", "paths=%s", list);
	free(list);
	strings_free(&patterns);
	strings_free(&searched);
}

/* How loud it is depends on the code, so that users learn the reason. */
static void log_driver_failure(const char *path, const struct driver_failure *failure)
{
	enum log_level level = LOG_INFO;
	char *line;

	switch (failure->code) {
	case 35:
	case 803:
		level = LOG_WARN;
		line = text_of("version mismatch between driver and cuda driver library - reboot "
			       "or upgrade may be "
			       "required: library %s",
			       path);
		break;
	case 100:
		line = text_of("no nvidia devices detected by library %s", path);
		break;
	case 999:
		level = LOG_WARN;
		line = text_of("unknown error initializing cuda driver library %s: %s. see "
			       "https://github.com/ollama/ollama/blob/main/docs/troubleshooting.md "
			       "for more information",
			       path, failure->text);
		break;
	default:
		if (strstr(failure->text, "wrong ELF class")) {
			log_fields(LOG_DEBUG, "gpu.go:628", "skipping 32bit library", "library=%s",
				   path);
			return;
		}
		line = text_of("Unable to load cudart library %s: %s", path, failure->text);
	}
	log_line(level, "gpu.go:631", line);
	free(line);
}

static void log_runtime_failure(const char *path, const struct driver_failure *failure)
{
	char *line = text_of("Unable to load cudart library %s: %s", path, failure->text);

	log_line(LOG_DEBUG, "gpu.go:593", line);
	free(line);
}

/* The first of the libraries that can be opened and initialised. NULL: none. */
static const struct driver_kind *open_first(const struct driver_kind *kind,
					    const struct strings *paths, struct driver *driver)
{
	for (size_t i = 0; i < paths->count; i++) {
		struct driver_failure failure = { 0 };

		if (!kind->open(driver, paths->at[i], &failure)) {
			log_fields(LOG_DEBUG, "gpu.go:125", "detected GPUs", "count=%d library=%s",
				   driver->count, paths->at[i]);
			return kind;
		}
		if (kind == &driver_cuda)
			log_driver_failure(paths->at[i], &failure);
		else
			log_runtime_failure(paths->at[i], &failure);
	}
	return NULL;
}

static const struct driver_kind *open_any(const char *folder, struct driver *driver)
{
	const struct driver_kind *kind;
	struct strings paths = { 0 };
	char *bundled;

	log_line(LOG_DEBUG, "gpu.go:98", "searching for GPU discovery libraries for NVIDIA");
	find_libraries(&paths, folder, "libcuda.so*", NULL, driver_globs);
	kind = open_first(&driver_cuda, &paths, driver);
	strings_free(&paths);
	if (kind)
		return kind;
	bundled = text_of("%s/cuda_v*/libcudart.so*", folder);
	find_libraries(&paths, folder, "libcudart.so*", bundled, runtime_globs);
	kind = open_first(&driver_runtime, &paths, driver);
	strings_free(&paths);
	free(bundled);
	return kind;
}

/* Which of the bundled libraries goes with all of the devices. */
static const char *variant_for(const struct devices *devices)
{
	for (size_t i = 0; i < devices->count; i++)
		if (devices->at[i].compute_major * 10 + devices->at[i].compute_minor < 75)
			return "v12";
	if (devices->count && devices->at[0].driver_major < 13) {
		log_fields(LOG_WARN, "cuda_common.go:60",
			   "old CUDA driver detected - please upgrade to a newer driver for best "
			   "performance",
			   "version=%d.%d", devices->at[0].driver_major,
			   devices->at[0].driver_minor);
		return "v12";
	}
	return "v13";
}

static void ask_devices(const struct driver_kind *kind, struct driver *driver, struct devices *out)
{
	for (int i = 0; i < driver->count; i++) {
		struct device device = { .library = "cuda" };
		struct driver_failure failure = { 0 };
		char *line;

		if (kind->ask(driver, i, &device, &failure)) {
			log_fields(LOG_INFO, "gpu.go:274", "error looking up nvidia GPU memory",
				   "error=%s", failure.text);
			continue;
		}
		if (device.compute_major < COMPUTE_MAJOR_MIN ||
		    (device.compute_major == COMPUTE_MAJOR_MIN &&
		     device.compute_minor < COMPUTE_MINOR_MIN)) {
			line =
			    text_of("[%d] CUDA GPU is too old. Compute Capability detected: %d.%d",
				    i, device.compute_major, device.compute_minor);
			log_line(LOG_INFO, "gpu.go:295", line);
			free(line);
			continue;
		}
		devices_add(out, &device);
	}
}

void era_a_discover(struct discovery *discovery)
{
	struct devices *devices = &discovery->devices;
	const struct driver_kind *kind;
	struct driver driver = { 0 };
	const char *variant;

	log_line(LOG_INFO, "gpu.go:217", "looking for compatible GPUs");
	kind = open_any(discovery->folder, &driver);
	if (kind)
		ask_devices(kind, &driver, devices);
	variant = variant_for(devices);
	for (size_t i = 0; i < devices->count; i++)
		snprintf(devices->at[i].variant, sizeof(devices->at[i].variant), "%s", variant);
	if (!devices->count)
		log_line(LOG_INFO, "gpu.go:396", "no compatible GPUs were discovered");
	/* Kept open until the answer is complete, but not longer. */
	if (kind)
		driver_close(&driver);
}

void era_a_refresh(struct discovery *discovery)
{
	struct driver driver = { 0 };
	const struct driver_kind *kind;

	if (!discovery->devices.count)
		return;
	kind = open_any(discovery->folder, &driver);
	for (size_t i = 0; i < discovery->devices.count; i++) {
		struct device *device = &discovery->devices.at[i];
		uint64_t before_bytes = device->free_bytes;

		if (!kind) {
			log_line(LOG_WARN, "gpu.go:444",
				 "no valid cuda library loaded to refresh vram usage");
			break;
		}
		if (kind->refresh(&driver, (int)i, device)) {
			log_line(LOG_WARN, "gpu.go:453", "error looking up nvidia GPU memory");
			continue;
		}
		log_fields(LOG_DEBUG, "gpu.go:460", "updating cuda memory data",
			   "gpu=%s name=%s before.total=%s before.free=%s now.total=%s now.free=%s",
			   device->id, device->name, text_bytes(device->total_bytes),
			   text_bytes(before_bytes), text_bytes(device->total_bytes),
			   text_bytes(device->free_bytes));
	}
	if (kind)
		driver_close(&driver);
}
