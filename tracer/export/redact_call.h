/* SPDX-License-Identifier: Apache-2.0 */
/* Private to redaction: what a call took and gave back. */
#ifndef VGPU_EXPORT_REDACT_CALL_H
#define VGPU_EXPORT_REDACT_CALL_H

#include "tracer/export/redact_words.h"
#include "tracer/model/event.h"

/* Bytes that the call's blobs need at most when they are redacted. */
size_t redact_blobs_room(const struct vgpu_event_call *call);
/* Writes them to out, 8-byte aligned and of that size; how many bytes they are. */
size_t redact_blobs(struct redact_words *words, const struct vgpu_event_call *call, uint8_t *out);
/* Appends the start of a call's first string. */
void redact_call_text(struct redact_words *words, struct vgpu_text *out,
		      const struct vgpu_event_call *call);

#endif
