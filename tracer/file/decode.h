/* SPDX-License-Identifier: Apache-2.0 */
/* Reading side: what META blocks say, and the events of a block. */
#ifndef VGPU_FILE_DECODE_H
#define VGPU_FILE_DECODE_H

#include "shim/api/schema.h"
#include "tracer/file/encode.h"
#include "tracer/file/vgt.h"

/* What is learned from META blocks takes no more memory than this. */
#define VGPU_LEARN_BYTES (64u << 20)

struct vgpu_entry {
	const uint8_t *bytes; /* 8-byte aligned, with a NUL behind */
	uint32_t size;
	bool text; /* no NUL within */
};

struct vgpu_learn_chunk {
	struct vgpu_learn_chunk *next;
	uint64_t bytes[];
};

struct vgpu_learned_api {
	bool known;
	uint32_t library; /* ours of that name, or the file's number */
};

struct vgpu_decoder {
	/* learned, never given back before the end */
	struct vgpu_learn_chunk *chunks;
	size_t chunk_at, chunk_room, learned;
	struct vgpu_entry *entries;
	uint32_t entry_count, entry_room;
	size_t entry_bytes;
	struct vgpu_type **types;
	struct vgpu_enum **enums;
	uint32_t type_count, enum_count, type_room, enum_room;
	uint32_t type_highest, enum_highest; /* referred to */
	struct vgpu_function **functions; /* described: file's ids until mapped */
	uint32_t function_count, function_room, function_mapped;
	uint32_t *added; /* ids to be removed at the end */
	uint32_t added_count;
	struct vgpu_learned_api apis[8];
	uint32_t *map[8]; /* by the file's library and number: our id, 0: not described */
	bool translates;  /* some of them differ */
	struct vgpu_plan *plans[256];
	char *kind_names[256];
	struct vgpu_vgt_unknown *unknown;
	uint32_t unknown_count, unknown_room;
	/* of the block being read */
	struct vgpu_plan_state *state;
	const uint8_t *block;
	struct vgpu_cut in;
	/* of the event being read */
	struct vgpu_learn_chunk *scratch; /* newest first */
	size_t scratch_at, scratch_room;
	bool no_memory;
};

int vgpu_decoder_open(struct vgpu_decoder *decoder);
void vgpu_decoder_close(struct vgpu_decoder *decoder);
/* Takes in a META block. 0, -EBADMSG (not all of it is of use then), or -ENOMEM. */
int vgpu_decoder_learn(struct vgpu_decoder *decoder, const uint8_t *bytes, size_t size);
/* A block of events begins; its bytes stay where they are until the last event was read. */
void vgpu_decoder_begin(struct vgpu_decoder *decoder, const uint8_t *bytes, size_t size);
/*
 * 1 and the next event, 0 at the block's end, -EBADMSG, -ENOMEM. *file_kind is the kind as the file
 * numbers it; event->kind is VGPU_EVENT_NONE where this program has none of that name.
 */
int vgpu_decode(struct vgpu_decoder *decoder, struct vgpu_event *event, uint32_t *file_kind);

/* Memory that lasts as long as the decoder; NULL: none, or too much was asked for. */
void *vgpu_decoder_keep(struct vgpu_decoder *decoder, size_t size);
/* Gives functions described since the last time ids of this program (learn calls it). */
int vgpu_decoder_map(struct vgpu_decoder *decoder);

#endif
