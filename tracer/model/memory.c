// SPDX-License-Identifier: Apache-2.0
/* Device memory that a process has allocated, from its calls. */
#include "tracer/model/memory.h"

#include <errno.h>
#include <stdlib.h>

#include "tracer/model/call.h"
#include "tracer/model/rows.h"

enum rule_kind { RULE_ALLOCATE, RULE_FREE, RULE_CREATE, RULE_RELEASE, RULE_MAP, RULE_UNMAP, RULE_RESET };

static const struct rule {
	const char *function;
	enum rule_kind kind;
	const char *key;   /* address or handle */
	const char *size;
	const char *other; /* ALLOCATE: rows that size is the length of; MAP: the handle */
} rules[] = {
	{ "cuMemAlloc", RULE_ALLOCATE, "dptr", "bytesize", NULL },
	{ "cuMemAlloc_v2", RULE_ALLOCATE, "dptr", "bytesize", NULL },
	{ "cuMemAllocManaged", RULE_ALLOCATE, "dptr", "bytesize", NULL },
	{ "cuMemAllocAsync", RULE_ALLOCATE, "dptr", "bytesize", NULL },
	{ "cuMemAllocFromPoolAsync", RULE_ALLOCATE, "dptr", "bytesize", NULL },
	{ "cuMemAllocPitch", RULE_ALLOCATE, "dptr", "pPitch", "Height" },
	{ "cuMemAllocPitch_v2", RULE_ALLOCATE, "dptr", "pPitch", "Height" },
	{ "cudaMalloc", RULE_ALLOCATE, "devPtr", "size", NULL },
	{ "cudaMallocManaged", RULE_ALLOCATE, "devPtr", "size", NULL },
	{ "cudaMallocAsync", RULE_ALLOCATE, "devPtr", "size", NULL },
	{ "cudaMallocFromPoolAsync", RULE_ALLOCATE, "ptr", "size", NULL },
	{ "cudaMallocPitch", RULE_ALLOCATE, "devPtr", "pitch", "height" },
	{ "cuMemFree", RULE_FREE, "dptr", NULL, NULL },
	{ "cuMemFree_v2", RULE_FREE, "dptr", NULL, NULL },
	{ "cuMemFreeAsync", RULE_FREE, "dptr", NULL, NULL },
	{ "cudaFree", RULE_FREE, "devPtr", NULL, NULL },
	{ "cudaFreeAsync", RULE_FREE, "devPtr", NULL, NULL },
	{ "cuMemCreate", RULE_CREATE, "handle", "size", NULL },
	{ "cuMemRelease", RULE_RELEASE, "handle", NULL, NULL },
	{ "cuMemMap", RULE_MAP, "ptr", NULL, "handle" },
	{ "cuMemUnmap", RULE_UNMAP, "ptr", "size", NULL },
	{ "cuDevicePrimaryCtxReset", RULE_RESET, NULL, NULL, NULL },
	{ "cuDevicePrimaryCtxReset_v2", RULE_RESET, NULL, NULL, NULL },
	{ "cudaDeviceReset", RULE_RESET, NULL, NULL, NULL },
};

struct piece {
	enum { PIECE_ADDRESS, PIECE_HANDLE, PIECE_MAPPING } kind;
	uint64_t key;
	uint64_t size;   /* ADDRESS, HANDLE */
	uint64_t handle; /* MAPPING */
	uint32_t mappings;
	bool released;
};

struct owner {
	uint32_t process;
	uint64_t bytes;
	struct piece *pieces;
	uint32_t count, room;
	struct owner *next;
};

struct vgpu_memory {
	struct vgpu_rows rows;
	struct owner *owners;
};

int vgpu_memory_open(struct vgpu_memory **out)
{
	*out = calloc(1, sizeof(**out));
	if (!*out)
		return -ENOMEM;
	vgpu_rows_init(&(*out)->rows, rules, sizeof(rules[0]), sizeof(rules) / sizeof(rules[0]));
	return 0;
}

void vgpu_memory_close(struct vgpu_memory *memory)
{
	if (!memory)
		return;
	for (struct owner *owner = memory->owners, *next; owner; owner = next) {
		next = owner->next;
		free(owner->pieces);
		free(owner);
	}
	free(memory);
}

static struct owner *owner_of(struct vgpu_memory *memory, uint32_t process)
{
	struct owner *owner;

	for (owner = memory->owners; owner && owner->process != process; owner = owner->next)
		;
	if (!owner && (owner = calloc(1, sizeof(*owner)))) {
		owner->process = process;
		owner->next = memory->owners;
		memory->owners = owner;
	}
	return owner;
}

/* The latest first: what was allocated last is most often freed first. */
static struct piece *piece_of(struct owner *owner, int kind, uint64_t key)
{
	for (uint32_t i = owner->count; i--;)
		if (owner->pieces[i].key == key && (int)owner->pieces[i].kind == kind)
			return &owner->pieces[i];
	return NULL;
}

static int put(struct owner *owner, struct piece piece)
{
	struct piece *old = piece_of(owner, piece.kind, piece.key);

	if (!old) {
		if (owner->count == owner->room) {
			uint32_t room = owner->room ? owner->room * 2 : 64;
			void *grown = realloc(owner->pieces, room * sizeof(*owner->pieces));

			if (!grown)
				return -ENOMEM;
			owner->pieces = grown;
			owner->room = room;
		}
		old = &owner->pieces[owner->count++];
	} else {
		/* The runtime's call around the driver's, or an allocation whose end is not on record. */
		owner->bytes -= old->size;
	}
	*old = piece;
	owner->bytes += piece.size;
	return 0;
}

static void drop(struct owner *owner, struct piece *piece)
{
	owner->bytes -= piece->size;
	*piece = owner->pieces[--owner->count];
}

static void drop_handle(struct owner *owner, struct piece *handle)
{
	if (handle && handle->released && !handle->mappings)
		drop(owner, handle);
}

static void unmap(struct owner *owner, uint64_t from, uint64_t size)
{
	for (uint32_t i = owner->count; i--;) {
		struct piece *piece = &owner->pieces[i], *handle;
		uint64_t key = piece->handle;

		if (piece->kind != PIECE_MAPPING || piece->key < from || piece->key - from >= size)
			continue;
		drop(owner, piece);
		handle = piece_of(owner, PIECE_HANDLE, key);
		if (handle && handle->mappings)
			handle->mappings--;
		drop_handle(owner, handle);
		/* What lay last may lie here now. */
		i = owner->count;
	}
}

static void reset(struct owner *owner)
{
	owner->count = 0;
	owner->bytes = 0;
}

static int apply(struct owner *owner, const struct rule *rule, const struct vgpu_event_call *call)
{
	uint64_t key = 0, size = 0, other = 1;
	struct piece *piece;

	if ((rule->key && !vgpu_call_integer(call, rule->key, &key)) ||
	    (rule->size && !vgpu_call_integer(call, rule->size, &size)) ||
	    (rule->other && !vgpu_call_integer(call, rule->other, &other)))
		return 0;
	switch (rule->kind) {
	case RULE_ALLOCATE:
		return key ? put(owner, (struct piece){ .kind = PIECE_ADDRESS, .key = key, .size = size * other }) : 0;
	case RULE_FREE:
		piece = piece_of(owner, PIECE_ADDRESS, key);
		if (piece)
			drop(owner, piece);
		return 0;
	case RULE_CREATE:
		return put(owner, (struct piece){ .kind = PIECE_HANDLE, .key = key, .size = size });
	case RULE_RELEASE:
		piece = piece_of(owner, PIECE_HANDLE, key);
		if (piece)
			piece->released = true;
		drop_handle(owner, piece);
		return 0;
	case RULE_MAP:
		piece = piece_of(owner, PIECE_HANDLE, other);
		if (!piece)
			return 0;
		piece->mappings++;
		return put(owner, (struct piece){ .kind = PIECE_MAPPING, .key = key, .handle = other });
	case RULE_UNMAP:
		unmap(owner, key, size);
		return 0;
	case RULE_RESET:
		reset(owner);
		return 0;
	}
	return 0;
}

int vgpu_memory_add(struct vgpu_memory *memory, const struct vgpu_event *event, bool *changed, uint64_t *bytes)
{
	const struct rule *rule = event->kind == VGPU_EVENT_CALL ? vgpu_rows_find(&memory->rows, event) : NULL;
	bool ends = event->kind == VGPU_EVENT_EXIT || event->kind == VGPU_EVENT_EXEC;
	struct owner *owner;
	uint64_t before;
	int err = 0;

	*changed = false;
	if (!ends && (!rule || event->call.flags & VGPU_CALL_UNWOUND || vgpu_call_failed(&event->call)))
		return 0;
	owner = owner_of(memory, event->process);
	if (!owner)
		return -ENOMEM;
	before = owner->bytes;
	if (ends)
		reset(owner);
	else
		err = apply(owner, rule, &event->call);
	*changed = owner->bytes != before;
	*bytes = owner->bytes;
	return err;
}
