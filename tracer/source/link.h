/* SPDX-License-Identifier: Apache-2.0 */
/* Private to source/: the link observer's records (shim/audit/layout.h) as events. */
#ifndef VGPU_SOURCE_LINK_H
#define VGPU_SOURCE_LINK_H

#include <stdbool.h>

#include "tracer/source/ring_events.h"

/* What is remembered of one such ring: the objects that are mapped, the children that write into it. */
struct vgpu_link_state;

/* NULL: no memory. Kept with the ring's state; the roster must outlive it. */
struct vgpu_link_state *vgpu_link_open(struct vgpu_roster *roster);
void vgpu_link_close(struct vgpu_link_state *link); /* takes NULL */

/* Whether an item is one of these records; then its time, kept in the order of the log. */
bool vgpu_link_is_item(const struct vgpu_ring_item *item);
void vgpu_link_item_time(struct vgpu_ring_item *item);
void vgpu_link_emit_item(const struct vgpu_ring_item *item, struct vgpu_stream *stream);
/* What was held back: what surrounds a process whose log ended within it. */
void vgpu_link_emit_rest(struct vgpu_ring_state *state, struct vgpu_stream *stream);

/* A note of the observer about a process as a whole, in words of the tracer's: why it is not there. */
void vgpu_link_emit_absent(uint32_t process, int code, const char *text, struct vgpu_stream *stream);

#endif
