/* SPDX-License-Identifier: Apache-2.0 */
/* The description of an exported CTF trace, made from the tables of the events' fields. */
#ifndef VGPU_EXPORT_CTF_METADATA_H
#define VGPU_EXPORT_CTF_METADATA_H

#include <stdbool.h>
#include <stdint.h>

#include "tracer/model/event.h"
#include "tracer/model/text.h"

#define VGPU_CTF_MAGIC UINT32_C(0xc1fc1fc1)

/* Before the events of each packet: the format's packet header and packet context. */
struct vgpu_ctf_packet {
	uint32_t magic;
	uint32_t stream_id; /* 0: there is one sort of stream */
	uint64_t begin_ns, end_ns;
	uint64_t content_bits, packet_bits;
	uint64_t sequence;
};
_Static_assert(sizeof(struct vgpu_ctf_packet) == 48, "as the metadata describes it");

/* Appends the metadata: everything is in the writer's byte order, and aligned to bytes. */
void vgpu_ctf_metadata(struct vgpu_text *out, int64_t realtime_offset_ns);
/* Whether a field that every event has is among an event's fields: its time is in its header. */
bool vgpu_ctf_has_common(const struct vgpu_field *field);

#endif
