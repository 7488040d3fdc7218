/* SPDX-License-Identifier: Apache-2.0 */
/* What the link and the kernel observer saw (kinds 16 and up), a line each as a person reads it. */
#ifndef VGPU_EXPORT_NOTES_H
#define VGPU_EXPORT_NOTES_H

#include <stdbool.h>

#include "tracer/model/event.h"
#include "tracer/model/text.h"

enum vgpu_note_weight {
	VGPU_NOTE_NONE,   /* no line, or none for this kind */
	VGPU_NOTE_DETAIL, /* of use only where everything is to be shown (look.full) */
	VGPU_NOTE_PLAIN,
	VGPU_NOTE_BAD,    /* something failed: shown also where only errors are */
};

/* How much the event's line matters. */
enum vgpu_note_weight vgpu_note_weigh(const struct vgpu_event *event);
/* Appends the line, without its process and without a line break; nothing where the weight is NONE. */
void vgpu_note_format(struct vgpu_text *out, const struct vgpu_look *look, const struct vgpu_event *event);

#endif
