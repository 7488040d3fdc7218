/* SPDX-License-Identifier: Apache-2.0 */
/* Which kernel a launch launches: names learnt from the calls that register, find and name kernels. */
#ifndef VGPU_MODEL_KERNELS_H
#define VGPU_MODEL_KERNELS_H

#include <stdbool.h>

#include "tracer/model/event.h"

struct vgpu_kernels;

int vgpu_kernels_open(struct vgpu_kernels **out);
void vgpu_kernels_close(struct vgpu_kernels *kernels); /* takes NULL */

/* Takes any event; learns from calls that returned. 0 or -ENOMEM. */
int vgpu_kernels_learn(struct vgpu_kernels *kernels, const struct vgpu_event *event);
/*
 * Whether a CALL or PENDING event launches a kernel; then *name is the kernel's name, as mangled as
 * the program has it, NULL where it is not on record. The name lives as long as `kernels`.
 */
bool vgpu_kernels_launched(const struct vgpu_kernels *kernels, const struct vgpu_event *event, const char **name);

#endif
