// SPDX-License-Identifier: Apache-2.0
/* What the writer asks of a reader, to go on where a file ends. */
#include <errno.h>

#include "tracer/file/reader.h"

static bool same_plan(const struct vgpu_plan *a, const struct vgpu_plan *b)
{
	if (a->kind != b->kind || a->count != b->count)
		return false;
	/* Equal places in the event: equal names. */
	for (uint32_t i = 0; i < a->count; i++)
		if (a->fields[i].number != b->fields[i].number || a->fields[i].type != b->fields[i].type ||
		    a->fields[i].coding != b->fields[i].coding || a->fields[i].offset != b->fields[i].offset)
			return false;
	return true;
}

/* A kind that the file has in another shape is written under a number of its own. */
static void carry_kinds(const struct vgpu_decoder *d, struct vgpu_encoder *encoder)
{
	unsigned spare = 255;

	for (uint32_t kind = 1; kind < VGPU_EVENT_KINDS; kind++) {
		unsigned same = 0;

		for (unsigned i = 0; i < 256; i++)
			if (d->plans[i] && same_plan(d->plans[i], &encoder->plans[kind]))
				same = i;
		if (same) {
			encoder->file_kind[kind] = same;
			encoder->kinds_written |= UINT64_C(1) << kind;
			continue;
		}
		while (d->plans[encoder->file_kind[kind]] && spare >= VGPU_EVENT_KINDS)
			encoder->file_kind[kind] = spare--;
	}
}

int vgpu_vgt_carry_on(struct vgpu_vgt_reader *reader, struct vgpu_encoder *encoder, struct vgpu_wire *heads,
		      uint64_t *offset, uint64_t *events)
{
	const struct vgpu_decoder *d = &reader->decoder;
	uint64_t end = sizeof(struct vgpu_vgt_head);
	bool fresh;
	int err = vgpu_vgt_learn(reader, reader->count);

	if (err)
		return err;
	for (uint32_t i = 0; i < d->entry_count; i++) {
		int64_t entry = vgpu_pool_put(&encoder->pool, d->entries[i].bytes, d->entries[i].size, &fresh);

		/* Entries must have the numbers that they have in the file. */
		if (entry != i)
			return entry < 0 ? entry : -EBADMSG;
	}
	carry_kinds(d, encoder);
	encoder->describer.type_base = d->type_count;
	encoder->describer.enum_base = d->enum_count;
	for (uint32_t i = 0; i < reader->count; i++) {
		vgpu_wire_add(heads, &reader->blocks[i], sizeof(reader->blocks[i]));
		end = reader->blocks[i].offset + sizeof(reader->blocks[i]) + reader->blocks[i].stored;
	}
	*offset = end;
	*events = reader->total;
	return heads->failed ? -ENOMEM : 0;
}
