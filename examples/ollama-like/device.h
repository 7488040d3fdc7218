/* SPDX-License-Identifier: Apache-2.0 */
/* A device as discovery knows it, lists of them, and their JSON between the processes. */
#ifndef VGPU_EXAMPLES_OLLAMA_DEVICE_H
#define VGPU_EXAMPLES_OLLAMA_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "examples/ollama-like/text.h"

struct device {
	char id[64];      /* GPU-…, or a number */
	char library[32]; /* CUDA */
	char name[128];   /* CUDA0; era A: that of the card */
	char description[256];
	char filter_id[64]; /* what *_VISIBLE_DEVICES needs, where that is not the id */
	char pci_id[32];
	char variant[16]; /* era A: v12, v13 */
	bool integrated;
	int compute_major, compute_minor;
	int driver_major, driver_minor; /* CUDA version of the driver */
	int nvidia_driver_major;        /* 0: not known */
	uint64_t total_bytes, free_bytes;
	struct strings library_path;
};

struct devices {
	struct device *at;
	size_t count;
};

/* Owns nothing of `from` afterwards, but has its library_path. */
void devices_add(struct devices *list, const struct device *from);
void devices_append(struct devices *list, struct devices *from); /* empties `from` */
void devices_remove(struct devices *list, size_t index);
void devices_free(struct devices *list);

/* The answer of the runner's /info. Owned by the caller. */
char *devices_to_json(const struct devices *list);
/* 0 or -EBADMSG. */
int devices_from_json(const char *text, struct devices *out);

#endif
