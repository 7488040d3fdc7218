/* SPDX-License-Identifier: Apache-2.0 */
/* What shim/entry/arch/stubs.h hands over of a call whose type it does not know: to a fault, to a replay. */
#ifndef VGPU_BACKEND_STUB_H
#define VGPU_BACKEND_STUB_H

#include <stddef.h>
#include <stdint.h>

#define VGPU_STUBS 1024u /* function numbers that have one */
#define VGPU_STUB_BYTES 16u

struct vgpu_stub_frame {
	uint64_t integer[6];
	uint64_t vector[8];
	uint64_t result[3];
	void *target;
	const uint64_t *stack;
	uint64_t number;
};
_Static_assert(offsetof(struct vgpu_stub_frame, result) == 112 &&
		   offsetof(struct vgpu_stub_frame, target) == 136 &&
		   offsetof(struct vgpu_stub_frame, number) == 152,
	       "stubs.h counts on it");

#endif
