/* SPDX-License-Identifier: Apache-2.0 */
/* How an event of a kind lies in a block: its fields in order, and what each is foretold from. */
#ifndef VGPU_FILE_PLAN_H
#define VGPU_FILE_PLAN_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "tracer/model/event.h"

/* A presence word has a bit a field. */
#define VGPU_PLAN_FIELDS 64u
#define VGPU_PLAN_LANES  256u  /* by the value of the lane field, modulo this */
#define VGPU_PLAN_KEYS   1024u /* by a hash of the key field */
#define VGPU_PLAN_WORDS  16u   /* of an array of words that are foretold */
/* Common fields have numbers below this, and are foretold across kinds. */
#define VGPU_PLAN_COMMON 16u

/* In files: append-only. A reader that meets one it does not know cannot read the file. */
enum vgpu_plan_coding {
	VGPU_CODE_PLAIN = 0,     /* foretold: nothing (0, absent) */
	VGPU_CODE_LAST = 1,      /* the field's last value; of a common field: in any event */
	VGPU_CODE_NEXT = 2,      /* one more than that */
	VGPU_CODE_LANE_ID = 3,   /* LAST; its value chooses the lane */
	VGPU_CODE_KEY_ID = 4,    /* LAST; its value chooses the key */
	VGPU_CODE_LANE = 5,      /* the field's last value in this lane */
	VGPU_CODE_LANE_NEXT = 6, /* one more than that */
	VGPU_CODE_KEY = 7,       /* the field's last value under this key */
	VGPU_CODE_SHARED = 8,    /* of words or data: as KEY, and kept once in the file's dictionary */
	VGPU_CODES
};

struct vgpu_plan_field {
	uint16_t number;
	uint8_t type;    /* enum vgpu_field_type, as in the file */
	uint8_t coding;  /* enum vgpu_plan_coding */
	uint8_t own;     /* enum vgpu_field_type, as this program has it */
	bool function;   /* it is a function id, which a reader may have to translate */
	int32_t offset;  /* in struct vgpu_event; -1: this program does not know it */
};

struct vgpu_plan {
	uint32_t kind; /* this program's; VGPU_EVENT_NONE: it does not know it */
	uint32_t count;
	int32_t function; /* offset in struct vgpu_event of its function id; -1: it has none */
	uint64_t foretold; /* bits of the fields that may have a value without being present */
	struct vgpu_plan_field fields[VGPU_PLAN_FIELDS];
};

/* What fields are foretold from. Emptied at the start of each block: a block is read without those before it. */
struct vgpu_plan_slot {
	uint32_t generation;
	uint32_t words; /* in the array below that mean something */
	uint64_t last[VGPU_PLAN_FIELDS];
	uint64_t word[VGPU_PLAN_WORDS];
};

struct vgpu_plan_state {
	uint32_t generation;
	uint64_t common[VGPU_PLAN_COMMON];
	struct vgpu_plan_slot kinds[256];
	struct vgpu_plan_slot lanes[VGPU_PLAN_LANES];
	struct vgpu_plan_slot keys[VGPU_PLAN_KEYS];
};

/* This program's own plan of a kind; false: it has no such kind. */
bool vgpu_plan_own(struct vgpu_plan *plan, uint32_t kind);
/* The codings are for these types only. */
bool vgpu_plan_valid(uint8_t type, uint8_t coding);
/* After the fields are there. */
void vgpu_plan_finish(struct vgpu_plan *plan);

void vgpu_plan_reset(struct vgpu_plan_state *state);

static inline struct vgpu_plan_slot *vgpu_plan_slot(struct vgpu_plan_state *state, struct vgpu_plan_slot *slot)
{
	if (slot->generation != state->generation) {
		memset(slot, 0, sizeof(*slot));
		slot->generation = state->generation;
	}
	return slot;
}

static inline uint32_t vgpu_plan_key(uint64_t value)
{
	return (value ^ value >> 16) * UINT64_C(0x9e3779b97f4a7c15) >> 54;
}

#endif
