/* SPDX-License-Identifier: Apache-2.0 */
/* What becomes of devices that several libraries found, or one library twice. */
#ifndef VGPU_EXAMPLES_OLLAMA_FILTER_H
#define VGPU_EXAMPLES_OLLAMA_FILTER_H

#include <stdbool.h>

#include "examples/ollama-like/device.h"

/*
 * Of the devices not marked: where folders of libraries overlap, marks those of all folders but
 * one, the last in the alphabet that covers what the others do.
 */
void filter_overlap(const struct devices *devices, bool *drop);

/* Removes the marked ones, and numbers anew those that have numbers for ids. */
void filter_drop(struct devices *devices, bool *drop);

/* Removes all but one of the devices with one PCI address. */
void filter_duplicates(struct devices *devices);

#endif
