/* SPDX-License-Identifier: Apache-2.0 */
/* What gpu-discover finds, and its JSON on the way to serve. */
#ifndef VGPU_EXAMPLES_OLLAMA_NATIVE_H
#define VGPU_EXAMPLES_OLLAMA_NATIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct native_device {
	char library[32];
	int index;
	bool index_matches; /* the index is llama-server's */
	char name[32], description[256], device_id[32];
	bool integrated, integrated_known;
	uint64_t total_bytes, free_bytes;
	int compute_major, compute_minor, driver_major, driver_minor, nvidia_driver_major;
};

struct native_devices {
	struct native_device at[64];
	size_t count;
};

/* Owned by the caller. */
char *native_to_json(const struct native_devices *list);
/* 0 or -EBADMSG. */
int native_from_json(const char *text, struct native_devices *out);

/* The device with this index of this library, or NULL. */
const struct native_device *native_find(const struct native_devices *list, const char *library,
					int index);

/* By the backends of the folders. 0, or -1 with *error, owned by the caller. */
int native_probe_backends(int count, char **folders, struct native_devices *out, char **error);
/* By the driver itself. 0, or -1 with *error, owned by the caller. */
int native_probe_driver(struct native_devices *out, char **error);

#endif
