/* SPDX-License-Identifier: Apache-2.0 */
/* The passes that eras B and C have in common: every folder in turn, then every device at once. */
#ifndef VGPU_EXAMPLES_OLLAMA_PASSES_H
#define VGPU_EXAMPLES_OLLAMA_PASSES_H

#include "examples/ollama-like/eras.h"

struct passes {
	/*
	 * Asks children for their devices. `settings`: variables on top of what every child gets.
	 */
	void (*ask)(const struct discovery *discovery, const struct strings *folders,
		    const struct strings *settings, uint64_t deadline_ns, struct devices *out);
	/*
	 * May drop some of what a folder gave in the first pass, or of all that pass gave; or
	 * NULL.
	 */
	void (*accept_folder)(const char *folder, struct devices *found);
	void (*accept_all)(struct devices *found);
	/* A refresh names the devices to CUDA too. */
	bool refresh_filters_cuda;
};

void passes_discover(struct discovery *discovery, const struct passes *passes);
void passes_refresh(struct discovery *discovery, const struct passes *passes);

#endif
