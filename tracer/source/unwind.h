/* SPDX-License-Identifier: Apache-2.0 */
/* Raw stacks as the kernel observer copies them, unwound by the rules in the files that are mapped. */
#ifndef VGPU_SOURCE_UNWIND_H
#define VGPU_SOURCE_UNWIND_H

#include "bpf/record.h"
#include "tracer/model/event.h"
#include "tracer/source/maps.h"

#define VGPU_UNWIND_FRAMES 64u

/* Of one process, which keeps the files that it was led through. One thread at a time. */
struct vgpu_unwind;

/* What is mapped there. */
struct vgpu_unwind_ops {
	/* The mapping at an address, NULL: no file. Valid until the next call. */
	const struct vgpu_mapping *(*find)(void *data, uint64_t address);
	/* A descriptor to read that file by, which the caller of this owns; or -errno. */
	int (*open)(void *data, const struct vgpu_mapping *mapping);
};

/* ops must stay. 0, -ENOMEM, -ENOTSUP: built without libdw. */
int vgpu_unwind_open(struct vgpu_unwind **out, const struct vgpu_unwind_ops *ops, void *data);
void vgpu_unwind_close(struct vgpu_unwind *unwind); /* takes NULL */

/*
 * Writes the addresses of a stack, innermost first: registers->ip itself, then return addresses; at
 * most VGPU_UNWIND_FRAMES. Nothing is read but the bytes given and the files: *end says why it went
 * no further. Returns how many, from 0.
 */
unsigned vgpu_unwind_stack(struct vgpu_unwind *unwind, const struct vgpu_bpf_registers *registers,
			   const void *bytes, size_t size, uint64_t frames[VGPU_UNWIND_FRAMES],
			   enum vgpu_stack_end *end);

#endif
