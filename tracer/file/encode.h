/* SPDX-License-Identifier: Apache-2.0 */
/* Writing side: events into a block, and what they refer to into a META block before it. */
#ifndef VGPU_FILE_ENCODE_H
#define VGPU_FILE_ENCODE_H

#include "tracer/file/plan.h"
#include "tracer/file/wire.h"

/* What a record of a META block is. In files: append-only. */
enum vgpu_meta {
	VGPU_META_STRING = 1,   /* the next entry of the dictionary */
	VGPU_META_ENUM = 2,
	VGPU_META_TYPE = 3,
	VGPU_META_FUNCTION = 4,
	VGPU_META_KIND = 5,
	VGPU_META_API = 6,
};

/* Limits of the dictionary: what is more lies in the events themselves. */
#define VGPU_POOL_ENTRY   1024u
#define VGPU_POOL_ENTRIES (1u << 18)
#define VGPU_POOL_BYTES   (8u << 20)
/* Types, enumerations and functions, each. */
#define VGPU_META_MAX     (1u << 16)

/* A reference to bytes: absent, in place, or entry N + 2 of the dictionary. */
enum { VGPU_REF_NONE = 0, VGPU_REF_HERE = 1, VGPU_REF_POOL = 2 };

/* The dictionary's writing side. */
struct vgpu_pool {
	uint8_t *bytes;     /* of all entries, one after the other */
	size_t size, room;
	uint32_t *start;    /* count + 1 places in bytes */
	uint32_t count, start_room;
	size_t size_max;    /* 0: as much as a file can have */
	uint32_t *table;    /* entry + 1 by hash, 0: empty; a power of two */
	uint32_t mask;
};

/* Entry of these bytes, made where there is none (*fresh). -ENOSPC: the dictionary takes no more; -ENOMEM. */
int64_t vgpu_pool_put(struct vgpu_pool *pool, const void *bytes, size_t size, bool *fresh);
void vgpu_pool_free(struct vgpu_pool *pool);

/* Which types, enumerations and functions the file has. */
struct vgpu_describer {
	const void **types, **enums; /* by number */
	uint32_t type_count, enum_count, type_room, enum_room;
	uint32_t type_base, enum_base; /* numbers that an appended file had before */
	uint32_t apis;      /* bits of libraries */
	uint8_t *functions[8]; /* 65,536 answers a library, allocated with its first */
};

enum { VGPU_DESCRIBED = 1, VGPU_DESCRIBED_LOOKUP = 2 /* it hands out entry points */ };

/*
 * Appends to meta what describes the function, unless that was done. One of the above, 0 for one that
 * is not known, or -ENOMEM.
 */
int vgpu_describe_function(struct vgpu_describer *describer, uint32_t function, struct vgpu_wire *meta);
void vgpu_describer_free(struct vgpu_describer *describer);

/* A field that is a number, ready for a loop without branches: a call has some twenty, most of them as foretold. */
struct vgpu_encoder_number {
	uint16_t at;   /* in struct vgpu_event: eight bytes of which the field is the most significant */
	uint8_t shift; /* what is below it */
	bool negative; /* its sign counts */
	uint8_t field; /* in the plan */
	uint8_t base;  /* enum base: what foretells it, … */
	uint8_t place; /* … and where in it */
	uint8_t step;  /* … and how much more it will be */
};

struct vgpu_encoder_steps {
	uint8_t number_count, other_count;
	int8_t lane, key; /* fields that choose them; -1: none */
	struct vgpu_encoder_number numbers[VGPU_PLAN_FIELDS];
	uint8_t others[VGPU_PLAN_FIELDS]; /* fields that are no numbers */
};

struct vgpu_encoder {
	struct vgpu_wire meta;   /* records that no block has yet */
	struct vgpu_wire events; /* of the open block */
	struct vgpu_pool pool;
	struct vgpu_describer describer;
	struct vgpu_plan_state *state;
	struct vgpu_plan plans[VGPU_EVENT_KINDS];
	struct vgpu_encoder_steps *steps[VGPU_EVENT_KINDS]; /* of kinds that came */
	uint64_t kinds_written;  /* bits of kinds described */
	uint8_t file_kind[VGPU_EVENT_KINDS]; /* their numbers in the file; others only where it was begun by another version */
};

int vgpu_encoder_open(struct vgpu_encoder *encoder);
void vgpu_encoder_close(struct vgpu_encoder *encoder);
/* A block begins: events is empty, nothing is foretold. */
void vgpu_encoder_begin(struct vgpu_encoder *encoder);
/* Appends the event. 0, -EINVAL for a kind without a table, -E2BIG, -ENOMEM; in a failed state nothing is of use. */
int vgpu_encode(struct vgpu_encoder *encoder, const struct vgpu_event *event);

#endif
