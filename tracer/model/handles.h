/* SPDX-License-Identifier: Apache-2.0 */
/* Short names for opaque handles: context#1, stream#2, GPU-6f3c1e7a, the same throughout a trace. */
#ifndef VGPU_MODEL_HANDLES_H
#define VGPU_MODEL_HANDLES_H

#include <stdint.h>

#include "tracer/model/text.h"

struct vgpu_handles;

int vgpu_handles_open(struct vgpu_handles **out);
void vgpu_handles_close(struct vgpu_handles *handles); /* takes NULL */
int vgpu_handles_copy(struct vgpu_handles **out, const struct vgpu_handles *from);

/*
 * Appends the name of `value`, of the interface's type `type` ("CUstream", "nvmlDevice_t"), in
 * `process`. Numbers are given in the order of asking, for each process and sort of handle apart;
 * the driver's and the runtime's types for one thing are one sort. What is an address (CUdeviceptr)
 * stays one. handles may be NULL: hexadecimal then.
 */
void vgpu_handles_name(struct vgpu_handles *handles, uint32_t process, const char *type, uint64_t value,
		       struct vgpu_text *out);
/* From now on it has this name (at most 31 characters are kept). */
void vgpu_handles_alias(struct vgpu_handles *handles, uint32_t process, const char *type, uint64_t value,
			const char *name);

#endif
