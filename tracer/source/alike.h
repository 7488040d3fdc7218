/* SPDX-License-Identifier: Apache-2.0 */
/* Private to source/ring*.c: whether a ring's call is like one that was emitted, so that it may be counted only. */
#ifndef VGPU_SOURCE_ALIKE_H
#define VGPU_SOURCE_ALIKE_H

#include "tracer/source/ring_events.h"

struct vgpu_likes;

int vgpu_likes_open(struct vgpu_likes **out);
void vgpu_likes_close(struct vgpu_likes *likes); /* takes NULL */

/*
 * Emits the items, in their order; those that are like others go to stream->alike. 0 or more: how
 * many of them were calls.
 */
uint64_t vgpu_likes_emit(struct vgpu_likes *likes, const struct vgpu_ring_item *items, size_t count,
			 uint32_t *threads, struct vgpu_stream *stream);

/* In ns; what vgpu_ring_emit_item says it took. */
uint64_t vgpu_ring_item_duration(const struct vgpu_ring_item *item);

#endif
