/* SPDX-License-Identifier: Apache-2.0 */
/* The eras of Ollama's discovery, and what serve was asked for. */
#ifndef VGPU_EXAMPLES_OLLAMA_ERAS_H
#define VGPU_EXAMPLES_OLLAMA_ERAS_H

#include <stdbool.h>
#include <stdint.h>

#include "examples/ollama-like/device.h"

struct options {
	const struct era *era;
	const char *lib_dir; /* NULL: where the era has it */
	double limit_s;      /* in place of every time limit; 0: those of Ollama */
	bool stay, refresh, keep_going;
};

/* Where the discovered devices and the folders of their libraries are kept between two looks. */
struct discovery {
	const struct options *options;
	char *folder;           /* lib/ollama, absolute */
	struct strings folders; /* below it, with backends; "": none, look in lib/ollama itself */
	struct devices devices;
};

enum era_after { AFTER_LOW_VRAM, AFTER_DEFAULT_CONTEXT };

struct era {
	const char *name;
	const char *version; /* of the Ollama that it follows */
	const char *summary;
	const char *const *places; /* of the library folder, from the folder of the program */
	void (*discover)(struct discovery *discovery);
	/* Looks again for the free memory, as before a model is loaded. */
	void (*refresh)(struct discovery *discovery);
	/* The two messages of the second pass that changed in between. */
	const char *says_filter, *says_verify;
	const char *says_vulkan; /* where folders for Vulkan are left out unless asked for */
	enum era_after after;
	bool names_variant;    /* the line of a device has variant= in place of what came later */
	bool says_cloud;       /* the line on the cloud at start */
	bool pipes_to_nowhere; /* a child's output goes through a pipe that is read and dropped */
};

extern const struct era eras[];
extern const unsigned eras_count;

const struct era *era_find(const char *name); /* NULL: none of that name */

/* A deadline of clock_ns for something that Ollama gives so many seconds. */
uint64_t deadline_in(const struct options *options, double seconds);

void era_a_discover(struct discovery *discovery);
void era_a_refresh(struct discovery *discovery);
void era_b_discover(struct discovery *discovery);
void era_b_refresh(struct discovery *discovery);
void era_c_discover(struct discovery *discovery);
void era_c_refresh(struct discovery *discovery);

#endif
