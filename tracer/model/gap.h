/* SPDX-License-Identifier: Apache-2.0 */
/* Events that were seen and are not on record, since a file was held to a size. */
#ifndef VGPU_MODEL_GAP_H
#define VGPU_MODEL_GAP_H

#include <stdbool.h>

#include "tracer/model/event.h"
#include "tracer/model/text.h"

/* upto_ns of a gap whose end was not written: the recording was ended by force. */
#define VGPU_GAP_OPEN UINT64_MAX

/* One more that is not there. */
void vgpu_gap_note(struct vgpu_event_gap *gap, const struct vgpu_event *event);
/* Both of them; the reason is that of `more`, where it has events. */
void vgpu_gap_add(struct vgpu_event_gap *gap, const struct vgpu_event_gap *more);
/* Something that happened in [from_ns, upto_ns] may be missing. */
bool vgpu_gap_touches(const struct vgpu_event_gap *gap, uint64_t from_ns, uint64_t upto_ns);
/* "1,204 events within 3.2 s, 1,100 of them calls: newer ones took their place (--max-size 1 MiB)" */
void vgpu_gap_format(struct vgpu_text *out, const struct vgpu_look *look,
		     const struct vgpu_event_gap *gap);

#endif
