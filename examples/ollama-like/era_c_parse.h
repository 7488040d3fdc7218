/* SPDX-License-Identifier: Apache-2.0 */
/* Devices out of what llama-server prints, with what gpu-discover knows on top. */
#ifndef VGPU_EXAMPLES_OLLAMA_ERA_C_PARSE_H
#define VGPU_EXAMPLES_OLLAMA_ERA_C_PARSE_H

#include "examples/ollama-like/device.h"
#include "examples/ollama-like/native.h"

/*
 * `output`: what llama-server said, --list-devices first. Only its lines "  CUDA0: NAME (T MiB, F
 * MiB free)" make devices; other lines tell the compute capability of each and what the backend
 * was built for. `native_output`: what gpu-discover said on standard error, searched for those
 * too.
 */
void parse_devices(const char *output, const char *native_output, const struct strings *folders,
		   const struct native_devices *native, struct devices *out);

/* The version of the CUDA runtime in these folders, by file names. False: none there. */
bool runtime_version(const struct strings *folders, int *major, int *minor);

#endif
