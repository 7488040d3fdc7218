/* SPDX-License-Identifier: Apache-2.0 */
/* gpu-discover's first question: to the backends, through the libggml of the same folder. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "examples/ollama-like/ggml.h"
#include "examples/ollama-like/native.h"
#include "examples/ollama-like/paths.h"
#include "examples/ollama-like/text.h"

struct ggml_functions {
	struct ggml_reg *(*load)(const char *path);
	size_t (*device_count)(struct ggml_reg *reg);
	struct ggml_device *(*device)(struct ggml_reg *reg, size_t index);
	const char *(*name)(struct ggml_reg *reg);
	void (*props)(struct ggml_device *device, struct ggml_props *props);
};

static void *open_library(const char *folder, const char *name, char **error)
{
	char *path = text_of("%s/lib%s.so", folder, name), *pattern;
	struct strings versions = { 0 };
	void *handle;

	if (!path_exists(path)) {
		pattern = text_of("%s.*", path);
		paths_glob(&versions, pattern);
		free(pattern);
	}
	handle = dlopen(versions.count ? strings_last(&versions) : path, RTLD_NOW | RTLD_GLOBAL);
	if (!handle)
		*error = text_of("dlopen %s: %s", path, dlerror());
	strings_free(&versions);
	free(path);
	return handle;
}

static int resolve(const char *folder, struct ggml_functions *out, char **error)
{
	void *base, *ggml;

	base = open_library(folder, "ggml-base", error);
	ggml = base ? open_library(folder, "ggml", error) : NULL;
	if (!ggml)
		return -1;
	const struct {
		void *library;
		const char *name;
		void **place;
	} wanted[] = {
		{ ggml, "ggml_backend_load", (void **)&out->load },
		{ base, "ggml_backend_reg_dev_count", (void **)&out->device_count },
		{ base, "ggml_backend_reg_dev_get", (void **)&out->device },
		{ base, "ggml_backend_reg_name", (void **)&out->name },
		{ base, "ggml_backend_dev_get_props", (void **)&out->props },
	};
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		*wanted[i].place = dlsym(wanted[i].library, wanted[i].name);
		if (!*wanted[i].place) {
			*error = text_of("dlsym %s: %s", wanted[i].name, dlerror());
			return -1;
		}
	}
	return 0;
}

static void add(const struct ggml_functions *ggml, struct ggml_reg *reg, struct native_devices *out)
{
	size_t count = ggml->device_count(reg);

	for (size_t i = 0; i < count && out->count < 64; i++) {
		struct ggml_device *from = ggml->device(reg, i);
		struct native_device device = { .index = (int)i, .index_matches = true };
		struct ggml_props props;

		ggml->props(from, &props);
		if (!props.memory_total)
			continue;
		snprintf(device.library, sizeof(device.library), "%s", ggml->name(reg));
		snprintf(device.name, sizeof(device.name), "%s", props.name ? props.name : "");
		snprintf(device.description, sizeof(device.description), "%s",
			 props.description ? props.description : "");
		snprintf(device.device_id, sizeof(device.device_id), "%s",
			 props.device_id ? props.device_id : "");
		device.integrated = props.type == GGML_INTEGRATED_GPU;
		device.integrated_known =
		    props.type == GGML_GPU || props.type == GGML_INTEGRATED_GPU;
		device.total_bytes = props.memory_total;
		device.free_bytes = props.memory_free;
		out->at[out->count++] = device;
	}
}

int native_probe_backends(int count, char **folders, struct native_devices *out, char **error)
{
	static const char *const names[] = { "cuda", "hip", "vulkan" };
	struct ggml_functions ggml;
	struct strings seen = { 0 };

	if (resolve(folders[0], &ggml, error))
		return -1;
	for (int i = 0; i < count; i++)
		for (size_t n = 0; n < sizeof(names) / sizeof(names[0]); n++) {
			char *path = text_of("%s/libggml-%s.so", folders[i], names[n]);
			struct ggml_reg *reg = NULL;

			if (path_exists(path) && !strings_have(&seen, path)) {
				strings_add(&seen, "%s", path);
				reg = ggml.load(path);
			}
			if (reg)
				add(&ggml, reg, out);
			free(path);
		}
	strings_free(&seen);
	return 0;
}
