/* SPDX-License-Identifier: Apache-2.0 */
/* The role of gpu-discover, era C: what the backends and the driver say of the devices, as JSON. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "examples/ollama-like/hold.h"
#include "examples/ollama-like/native.h"
#include "examples/ollama-like/paths.h"
#include "examples/ollama-like/roles.h"
#include "examples/ollama-like/text.h"

static bool concerns_cuda(const struct strings *folders)
{
	for (size_t i = 0; i < folders->count; i++) {
		char *path = text_of("%s/libggml-cuda.so", folders->at[i]);
		bool there = strcasestr(path_base(folders->at[i]), "cuda") || path_exists(path);

		free(path);
		if (there)
			return true;
	}
	return false;
}

static bool same(const struct native_device *one, const struct native_device *other)
{
	if (strcasecmp(one->library, other->library))
		return false;
	if (*one->device_id && *other->device_id)
		return !strcasecmp(one->device_id, other->device_id);
	return one->index == other->index;
}

/* What the backends said stays; the driver adds. */
static void merge(struct native_devices *into, const struct native_devices *more)
{
	for (size_t i = 0; i < more->count; i++) {
		const struct native_device *from = &more->at[i];
		struct native_device *to = NULL;

		for (size_t k = 0; k < into->count && !to; k++)
			if (same(&into->at[k], from))
				to = &into->at[k];
		if (!to) {
			if (!native_find(into, from->library, from->index) && into->count < 64)
				into->at[into->count++] = *from;
			continue;
		}
		if (!*to->description)
			memcpy(to->description, from->description, sizeof(to->description));
		if (!*to->device_id)
			memcpy(to->device_id, from->device_id, sizeof(to->device_id));
		if (from->integrated_known) {
			to->integrated = from->integrated;
			to->integrated_known = true;
		}
		if (!to->total_bytes)
			to->total_bytes = from->total_bytes;
		to->compute_major = from->compute_major;
		to->compute_minor = from->compute_minor;
		to->driver_major = from->driver_major;
		to->driver_minor = from->driver_minor;
		to->nvidia_driver_major = from->nvidia_driver_major;
	}
}

int role_gpu_discover(int argc, char **argv)
{
	static struct native_devices devices, by_driver;
	char *backend_error = NULL, *driver_error = NULL, *text;
	static const char *const places[] = { "../lib/ollama", NULL };
	struct strings folders = { 0 };
	const char *error;

	hold_at("start", "gpu-discover");
	for (int i = 1; i < argc; i++)
		if (!strcmp(argv[i], "--lib-dir") && i + 1 < argc)
			strings_add(&folders, "%s", argv[++i]);
	if (!folders.count) {
		text = paths_library_folder(NULL, places);
		strings_add(&folders, "%s", text);
		free(text);
	}
	native_probe_backends((int)folders.count, folders.at, &devices, &backend_error);
	if (concerns_cuda(&folders))
		native_probe_driver(&by_driver, &driver_error);
	merge(&devices, &by_driver);
	error = backend_error ? backend_error : driver_error;
	if (!devices.count && error) {
		fprintf(stderr, "Error: %s\n", error);
		return 1;
	}
	hold_at("answer", "gpu-discover");
	text = native_to_json(&devices);
	fputs(text, stdout);
	free(text);
	free(backend_error);
	free(driver_error);
	strings_free(&folders);
	return 0;
}
