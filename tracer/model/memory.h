/* SPDX-License-Identifier: Apache-2.0 */
/* Device memory that a process has allocated, from its calls. */
#ifndef VGPU_MODEL_MEMORY_H
#define VGPU_MODEL_MEMORY_H

#include <stdbool.h>

#include "tracer/model/event.h"

struct vgpu_memory;

int vgpu_memory_open(struct vgpu_memory **out);
void vgpu_memory_close(struct vgpu_memory *memory); /* takes NULL */

/*
 * Takes any event, in the stream's order. 0 or -ENOMEM. *changed tells that the process's sum is
 * another now: *bytes. A runtime's call and the driver's call inside it are one allocation; what
 * cuMemCreate made lives until it is released and unmapped. Memory of arrays, of the host, and what
 * goes with a context is not in the sum; that of a process that reset its device or ended is gone.
 */
int vgpu_memory_add(struct vgpu_memory *memory, const struct vgpu_event *event, bool *changed, uint64_t *bytes);

#endif
