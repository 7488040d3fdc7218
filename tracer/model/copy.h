/* SPDX-License-Identifier: Apache-2.0 */
/* A copy of an event that outlives the stream's own. */
#ifndef VGPU_MODEL_COPY_H
#define VGPU_MODEL_COPY_H

#include "tracer/model/event.h"

/* Bytes of a copy. */
size_t vgpu_event_size(const struct vgpu_event *event);
/* One block with everything the event points to; the caller frees it with free(). NULL: no memory. */
struct vgpu_event *vgpu_event_copy(const struct vgpu_event *event);

/*
 * Whether every field is equal, by the tables; NULL and "" differ. *field (may be NULL) becomes the
 * name of the first that differs.
 */
int vgpu_event_equal(const struct vgpu_event *a, const struct vgpu_event *b, const char **field);

#endif
