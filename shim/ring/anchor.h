/* SPDX-License-Identifier: Apache-2.0 */
/* An anchor of the clocks, into its slot: for the writers of all rings, the one without a C library too. */
#ifndef VGPU_RING_ANCHOR_H
#define VGPU_RING_ANCHOR_H

#include "shim/ring/layout.h"

/* The count-th anchor of an arena, from 0: the first one stays, the others take turns. A reader believes `sequence`. */
static inline void vgpu_anchor_write(struct vgpu_arena *arena, uint64_t count,
				     const struct vgpu_anchor *anchor)
{
	struct vgpu_anchor *slot = &arena->anchor[count ? 1 + (count - 1) % (VGPU_ANCHORS - 1) : 0];

	__atomic_store_n(&slot->sequence, 0, __ATOMIC_RELEASE);
	__atomic_thread_fence(__ATOMIC_RELEASE);
	slot->counter = anchor->counter;
	slot->monotonic_ns = anchor->monotonic_ns;
	slot->boottime_ns = anchor->boottime_ns;
	slot->realtime_ns = anchor->realtime_ns;
	slot->error = anchor->error;
	__atomic_store_n(&slot->sequence, (uint32_t)count + 1, __ATOMIC_RELEASE);
}

#endif
