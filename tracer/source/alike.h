/* SPDX-License-Identifier: Apache-2.0 */
/* Private to source/ring*.c: whether a ring's call is like one that was emitted, so that it may be counted only. */
#ifndef VGPU_SOURCE_ALIKE_H
#define VGPU_SOURCE_ALIKE_H

#include "tracer/source/ring_events.h"

struct vgpu_likes;

int vgpu_likes_open(struct vgpu_likes **out);
void vgpu_likes_close(struct vgpu_likes *likes); /* takes NULL */

/* Before rings are polled. */
void vgpu_likes_start(struct vgpu_likes *likes);
/*
 * Before one of them is: those of its calls that are like others go to `alike` at once, and are not
 * among what it hands out. alike NULL: none do.
 */
void vgpu_likes_lighten(struct vgpu_likes *likes, const struct vgpu_ring_state *state, const struct vgpu_alike *alike);
/* After all that they handed out was emitted. Returns how many calls went to `alike`. */
uint64_t vgpu_likes_end(struct vgpu_likes *likes, const struct vgpu_alike *alike);

/* In ns; what vgpu_ring_emit_item says it took. */
uint64_t vgpu_ring_item_duration(const struct vgpu_ring_item *item);

#endif
