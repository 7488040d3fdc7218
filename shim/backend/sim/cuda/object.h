/* SPDX-License-Identifier: Apache-2.0 */
/* Handles: slots in a few mappings, so that a foreign pointer is told apart without a touch. */
#ifndef VGPU_SIM_CUDA_OBJECT_H
#define VGPU_SIM_CUDA_OBJECT_H

#include <stdint.h>

#define OBJECT_BYTES 512u

enum object_kind {
	OBJECT_FREE,
	OBJECT_FRAME, /* a place in a thread's context stack */
	OBJECT_CONTEXT,
	OBJECT_STREAM,
	OBJECT_EVENT,
	OBJECT_LIBRARY,  /* CUlibrary and CUmodule */
	OBJECT_KERNEL,   /* CUkernel and CUfunction */
	OBJECT_PHYSICAL, /* CUmemGenericAllocationHandle */
	OBJECT_POOL,
	OBJECT_ARRAY,
	OBJECT_MIPMAP,
	OBJECT_TEXTURE, /* CUtexObject and CUtexref */
	OBJECT_SURFACE, /* CUsurfObject and CUsurfref */
	OBJECT_GRAPH,
	OBJECT_NODE,
	OBJECT_EXEC, /* CUgraphExec */
	OBJECT_CAPTURE,
	OBJECT_USER, /* CUuserObject */
	OBJECT_LINK,
};

/* First member of everything that has a handle; the handle is its address. */
struct object {
	uint32_t kind; /* enum object_kind */
	uint32_t pad;
	uint64_t serial;      /* never repeated in a process: tells a slot's users apart */
	struct object *owner; /* what it is destroyed with: its context, its library; or NULL */
	struct object *next;  /* of the free list */
};

/* Zeroed but for its head; NULL when the system has no memory. */
void *object_new(enum object_kind kind, struct object *owner);
void object_free(void *object);

/* The live object of that kind behind a handle, or NULL. Lock-free. */
void *object_get(const void *handle, enum object_kind kind);

/* Calls `each` for every live object of an owner; `each` may free it. */
void object_each_owned(struct object *owner, void (*each)(struct object *object));

/*
 * The next live object of a kind, in no order; *place begins at 0 and is the caller's. Who walks keeps
 * others from freeing what it finds.
 */
void *object_walk(enum object_kind kind, uint64_t *place);

/* In a forked child: all handles of the parent are void. */
void object_forget(void);

#endif
