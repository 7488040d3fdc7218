/* SPDX-License-Identifier: Apache-2.0 */
/* The devices of the loaded backends, also of backends that lack Ollama's patches. */
#include "examples/ollama-like/runner_devices.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include "examples/ollama-like/ggml.h"
#include "examples/ollama-like/nvml_memory.h"

/* One layout or the other, whichever the backend wrote; and room for what others may have. */
union props {
	struct ggml_props plain;
	struct ggml_props_ollama ollama;
	unsigned char room[256];
};

static void set(char *out, size_t size, const char *text)
{
	snprintf(out, size, "%s", text ? text : "");
}

static void memory_of(struct ggml_device *from, struct device *device)
{
	size_t free_bytes = 0, total_bytes = 0;

	from->get_memory(from, &free_bytes, &total_bytes);
	device->free_bytes = free_bytes;
	device->total_bytes = total_bytes;
}

/* Of cudaDeviceProp, the same in CUDA 12 and 13. */
enum { PROP_BYTES = 4096, PROP_UUID = 256, PROP_MAJOR = 360, PROP_MINOR = 364 };

/*
 * What the patches would have told: asked of the runtime that the backend itself is bound to, by
 * the calls that a patched backend makes.
 */
static void complete(struct device *device, void *handle, int ordinal, struct ggml_device *from)
{
	int (*properties)(void *prop, int device);
	int (*version)(int *version);
	int (*current)(int *device);
	size_t free_bytes, total_bytes;
	char prop[PROP_BYTES] = "", *at;
	int number = 0;

	*(void **)&properties = dlsym(handle, "cudaGetDeviceProperties_v2");
	if (!properties)
		*(void **)&properties = dlsym(handle, "cudaGetDeviceProperties");
	*(void **)&version = dlsym(handle, "cudaDriverGetVersion");
	*(void **)&current = dlsym(handle, "cudaGetDevice");
	snprintf(device->id, sizeof(device->id), "%d", ordinal);
	if (properties && !properties(prop, ordinal)) {
		memcpy(&device->compute_major, prop + PROP_MAJOR, sizeof(int));
		memcpy(&device->compute_minor, prop + PROP_MINOR, sizeof(int));
		at = device->id + sprintf(device->id, "GPU-");
		for (int i = 0; i < 16; i++)
			at +=
			    sprintf(at, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "",
				    (unsigned char)prop[PROP_UUID + i]);
	}
	if (version && !version(&number)) {
		device->driver_major = number / 1000;
		device->driver_minor = number % 1000 / 10;
	}
	if (current)
		current(&number);
	if (nvml_memory(device->id, &free_bytes, &total_bytes)) {
		memory_of(from, device);
	} else {
		device->free_bytes = free_bytes;
		device->total_bytes = total_bytes;
	}
}

static void describe(struct device *device, struct ggml_reg *reg, struct ggml_device *from,
		     void *handle, int ordinal)
{
	const char *untouched;
	union props props;

	memset(&untouched, 0xa5, sizeof(untouched));
	memset(&props, 0xa5, sizeof(props));
	from->get_props(from, &props);
	set(device->name, sizeof(device->name), props.plain.name);
	set(device->description, sizeof(device->description), props.plain.description);
	if (props.ollama.library == untouched) {
		set(device->library, sizeof(device->library), reg->get_name(reg));
		set(device->pci_id, sizeof(device->pci_id), props.plain.device_id);
		device->integrated = props.plain.type == GGML_INTEGRATED_GPU;
		if (!strcmp(device->library, "CUDA"))
			complete(device, handle, ordinal, from);
		else
			memory_of(from, device);
		return;
	}
	set(device->library, sizeof(device->library), props.ollama.library);
	set(device->id, sizeof(device->id), props.ollama.id);
	set(device->pci_id, sizeof(device->pci_id), props.ollama.device_id);
	device->compute_major = props.ollama.compute_major;
	device->compute_minor = props.ollama.compute_minor;
	device->driver_major = props.ollama.driver_major;
	device->driver_minor = props.ollama.driver_minor;
	device->integrated = props.ollama.integrated;
	memory_of(from, device);
}

void runner_devices(struct devices *out, const struct strings *paths)
{
	for (size_t r = 0; r < ggml_backend_reg_count(); r++) {
		struct ggml_reg *reg = ggml_backend_reg_get(r);

		for (size_t i = 0; i < reg->get_device_count(reg); i++) {
			struct ggml_device *from = reg->get_device(reg, i);
			enum ggml_device_type type = from->get_type(from);
			struct device device = { 0 };

			if (type != GGML_GPU && type != GGML_INTEGRATED_GPU)
				continue;
			describe(&device, reg, from, ggml_handle(r), (int)i);
			strings_copy(&device.library_path, paths);
			devices_add(out, &device);
		}
	}
}
