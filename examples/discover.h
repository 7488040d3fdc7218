/* SPDX-License-Identifier: Apache-2.0 */
/* What the example program and its CUDA backend say to each other. */
#ifndef VGPU_EXAMPLES_DISCOVER_H
#define VGPU_EXAMPLES_DISCOVER_H

#include <stddef.h>

#define DISCOVER_DEVICES 16

struct discover_device {
	char uuid[48]; /* GPU-xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx */
	char name[256];
	int major, minor; /* compute capability */
	int vmm;          /* 1: virtual memory management */
	size_t total_bytes, free_bytes;
};

/* Exported by libdiscover-cuda.so. Returns how many devices it filled in, or -1 with *error set. */
int discover_init(struct discover_device devices[DISCOVER_DEVICES], const char **error);
/* Free and total memory of the current device through the runtime; 0 or -1. */
int discover_memory(size_t *free_bytes, size_t *total_bytes);

#endif
