/* SPDX-License-Identifier: Apache-2.0 */
/* The answers of a recorded trace, as they lie in the file that the backend "replay" answers from. */
#ifndef VGPU_API_REPLAY_H
#define VGPU_API_REPLAY_H

#include <stddef.h>
#include <stdint.h>

/*
 * vgpu-trace makes it for one run, and the library that finds it maps it: what was called is looked up by a hash
 * of function, thread and arguments; a key's answers are given in the order in which they were
 * recorded, and the last one again from then on. Offsets are from the file's beginning.
 */
#define VGPU_REPLAY_MAGIC "vgpurply"
#define VGPU_REPLAY_VERSION 1u
#define VGPU_REPLAY_ORDER UINT32_C(0x01020304)
#define VGPU_REPLAY_LIBRARIES                                                                      \
	2u /* the driver and NVML: a runtime of ours asks the driver by itself */
#define VGPU_REPLAY_THREADS 64u /* told apart within one process */

struct vgpu_replay_head {
	char magic[8];
	uint32_t version;
	uint32_t order;
	uint64_t bytes;                              /* of the file */
	uint64_t schema_hash[VGPU_REPLAY_LIBRARIES]; /* by library id - 1 */
	uint32_t functions[VGPU_REPLAY_LIBRARIES];   /* highest number */
	uint32_t recipes_at
	    [VGPU_REPLAY_LIBRARIES]; /* struct vgpu_replay_recipe, functions + 1 of them */
	uint32_t parts;
	uint32_t parts_at; /* struct vgpu_replay_part */
};
_Static_assert(sizeof(struct vgpu_replay_head) == 64, "on disk");

/* What one process was told by one library. */
struct vgpu_replay_part {
	char name[16]; /* of the thread that called first */
	uint32_t library;
	uint32_t claimed; /* 1: a process answers from it; the only field that processes share */
	uint32_t threads;
	uint32_t calls;
	uint32_t keys_at; /* struct vgpu_replay_key, a power of two of them */
	uint32_t mask;
};
_Static_assert(sizeof(struct vgpu_replay_part) == 40, "on disk");

struct vgpu_replay_key {
	uint64_t hash;       /* 0: empty; the next place holds what found its own taken */
	uint32_t answers_at; /* struct vgpu_replay_answer */
	uint32_t count;
	uint32_t next; /* counted by the process, in its own copy */
	uint32_t pad;
};
_Static_assert(sizeof(struct vgpu_replay_key) == 24, "on disk");

enum vgpu_replay_answer_flags {
	VGPU_REPLAY_TEXT =
	    1 << 16, /* the result is text in this file; below: enum vgpu_call_flags */
};

struct vgpu_replay_answer {
	uint64_t result;
	uint32_t flags;
	uint32_t outs;
	uint32_t outs_at; /* struct vgpu_replay_out */
	uint32_t pad;
};
_Static_assert(sizeof(struct vgpu_replay_answer) == 24, "on disk");

enum vgpu_replay_out_kind {
	VGPU_REPLAY_BYTES = 1,   /* size bytes to where the parameter points */
	VGPU_REPLAY_STRING = 2,  /* likewise, and a NUL where there is room */
	VGPU_REPLAY_POINTER = 3, /* the address of text in this file */
	VGPU_REPLAY_ENTRY = 4,   /* the entry point of function `at` */
	VGPU_REPLAY_RESOLVED = 5, /* nothing to the program: that function was noted as what was handed out */
};

struct vgpu_replay_out {
	uint8_t param;
	uint8_t kind;
	uint16_t size;
	uint32_t at;
};
_Static_assert(sizeof(struct vgpu_replay_out) == 8, "on disk");

enum vgpu_replay_what {
	VGPU_REPLAY_IGNORED = 0,
	VGPU_REPLAY_WORD = 1,    /* the low `size` bytes of the argument */
	VGPU_REPLAY_PRESENT = 2, /* whether the pointer is NULL */
	VGPU_REPLAY_TEXT_IN = 3, /* and the text there */
	VGPU_REPLAY_BYTES_IN =
	    4, /* and `size` bytes there, where the parameter `count`, if any, is above 0 */
};

#define VGPU_REPLAY_NONE 0xffu

enum vgpu_replay_where {
	VGPU_REPLAY_NOWHERE = 0,
	VGPU_REPLAY_REGISTER = 1,
	VGPU_REPLAY_VECTOR = 2,
	VGPU_REPLAY_STACK = 3, /* in words */
};

/* A parameter: where the caller puts it, and what of it tells calls apart. */
struct vgpu_replay_place {
	uint8_t where; /* enum vgpu_replay_where */
	uint8_t index;
	uint8_t what;  /* enum vgpu_replay_what */
	uint8_t count; /* parameter, or VGPU_REPLAY_NONE */
	uint16_t size;
	uint8_t
	    room; /* STRING that comes back: the parameter that says for how many bytes there is room, or NONE */
	uint8_t pad;
};
_Static_assert(sizeof(struct vgpu_replay_place) == 8, "on disk");

struct vgpu_replay_recipe {
	uint32_t at; /* struct vgpu_replay_place */
	uint32_t count;
};

static inline uint64_t vgpu_replay_mix(uint64_t hash, uint64_t value)
{
	hash = (hash ^ value) * UINT64_C(0x9e3779b97f4a7c15);
	return hash ^ hash >> 29;
}

static inline uint64_t vgpu_replay_mix_bytes(uint64_t hash, const void *bytes, size_t size)
{
	const uint8_t *at = (const uint8_t *)bytes;

	for (size_t i = 0; i < size; i++)
		hash = (hash ^ at[i]) * UINT64_C(0x100000001b3);
	return vgpu_replay_mix(hash, size);
}

static inline uint64_t vgpu_replay_begin(uint32_t number, uint32_t thread)
{
	return vgpu_replay_mix(UINT64_C(0xcbf29ce484222325), (uint64_t)thread << 32 | number);
}

/* Never 0, which says that a place is empty. */
static inline uint64_t vgpu_replay_end(uint64_t hash)
{
	return hash ? hash : 1;
}

#endif
