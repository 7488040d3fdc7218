/* SPDX-License-Identifier: Apache-2.0 */
/* The devices of the backends that a process has loaded. */
#ifndef VGPU_EXAMPLES_OLLAMA_RUNNER_DEVICES_H
#define VGPU_EXAMPLES_OLLAMA_RUNNER_DEVICES_H

#include "examples/ollama-like/device.h"

/* Every GPU of every registration; `paths` becomes each one's library path. */
void runner_devices(struct devices *out, const struct strings *paths);

#endif
