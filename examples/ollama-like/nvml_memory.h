/* SPDX-License-Identifier: Apache-2.0 */
/* NVML by name, with the places and the symbols that Ollama's CUDA backend asks for. */
#ifndef VGPU_EXAMPLES_OLLAMA_NVML_MEMORY_H
#define VGPU_EXAMPLES_OLLAMA_NVML_MEMORY_H

#include <stddef.h>

/*
 * 0, or the code that NVML gave, 6 (not found) where it could not be loaded. Says why on standard
 * error.
 */
int nvml_memory(const char *uuid, size_t *free_bytes, size_t *total_bytes);

/* The memory of the machine, from /proc/meminfo; 0 where it does not say. */
void machine_memory(size_t *free_bytes, size_t *total_bytes);

#endif
