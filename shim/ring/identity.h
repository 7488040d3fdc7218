/* SPDX-License-Identifier: Apache-2.0 */
/* Who this process is, and which rings in a directory belong to processes that are gone. */
#ifndef VGPU_RING_IDENTITY_H
#define VGPU_RING_IDENTITY_H

#include "shim/ring/layout.h"

#pragma GCC visibility push(hidden)

/* Fills everything but instance. What cannot be read stays zero. */
void vgpu_identity_read(struct vgpu_process *out);

/* Rings that may stay in a directory of ours before those of dead processes are removed. */
#define VGPU_SWEEP_ABOVE 256

/*
 * A recorder that is always on must not fill the memory file system: when a directory holds more
 * than VGPU_SWEEP_ABOVE rings, removes those whose process is gone. Only for our own directories.
 */
void vgpu_identity_sweep(int dir);

#pragma GCC visibility pop
#endif
