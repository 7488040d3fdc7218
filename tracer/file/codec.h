/* SPDX-License-Identifier: Apache-2.0 */
/* An event as bytes: its fields by number, so that unknown ones can be skipped. */
#ifndef VGPU_FILE_CODEC_H
#define VGPU_FILE_CODEC_H

#include <stddef.h>
#include <stdint.h>

#include "tracer/model/event.h"
#include "tracer/model/text.h"

/* One field; followed by size bytes, padded to 8. Fields that are zero or NULL are left out. */
struct vgpu_vgt_field {
	uint16_t number;
	uint8_t type; /* enum vgpu_field_type */
	uint8_t pad;
	uint32_t size;
};
_Static_assert(sizeof(struct vgpu_vgt_field) == 8, "on disk");

/* Appends the event's fields. 0, -EINVAL for a kind without a table, or -ENOMEM. */
int vgpu_event_encode(const struct vgpu_event *event, struct vgpu_text *out);
/*
 * The reverse. bytes must be 8-byte aligned; the event then points into them. -EBADMSG when they do
 * not make an event; a kind this program does not know gives its common fields.
 */
int vgpu_event_decode(uint32_t kind, const uint8_t *bytes, size_t size, struct vgpu_event *event);

/* CRC-32 (IEEE 802.3); start with 0. */
uint32_t vgpu_crc32(uint32_t crc, const void *bytes, size_t size);

#endif
