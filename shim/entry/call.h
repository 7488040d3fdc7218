/* SPDX-License-Identifier: Apache-2.0 */
/* The call path: what a generated wrapper does around the call of the backend. */
#ifndef VGPU_ENTRY_CALL_H
#define VGPU_ENTRY_CALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "shim/entry/arch/arch.h"
#include "shim/entry/library.h"
#include "shim/ring/layout.h"

/*
 * A wrapper, in order (WORD is one of the VGPU_WORD_* below):
 *
 *	struct vgpu_call call;
 *	if (!vgpu_call_enter(&call, ID, NARGS, VGPU_CALLER(), VGPU_SP()))
 *		return BACKEND(args);                   -- no room, or just found to be off: nothing is recorded
 *	vgpu_call_bulk(&call);                           -- only where the description says bulk
 *	vgpu_call_arg(&call, 0, WORD(arg0)); …      -- all arguments, in order
 *	vgpu_call_text(&call, PARAM, string);            -- only the first input string, if there is one
 *	vgpu_call_begin(&call);                          -- from here the call is seen as in flight
 *	ret = BACKEND(args);
 *
 * then one of two ends. Where all blobs have sizes known to the compiler:
 *
 *	uint64_t *p = vgpu_call_leave(&call, WORD(ret), NARGS, BLOB_BYTES);
 *	if (p) {
 *		p = vgpu_put_arg(p, WORD(arg0)); …       -- or vgpu_put_kept(&call, p, NARGS), where there are many
 *		p = vgpu_put_blob(p, PARAM, FLAGS, pointer, SIZE, present); …
 *		vgpu_call_commit(&call, p);
 *	}
 *
 * with BLOB_BYTES the sum of VGPU_BLOB_BYTES(SIZE). Where a size is known only at run time:
 *
 *	const uint64_t args[] = { … };
 *	const struct vgpu_source blobs[] = { … };
 *	vgpu_call_finish(&call, WORD(ret), args, NARGS, blobs, NBLOBS);
 *
 * No function here sets errno, takes a lock, allocates, or makes a system call, but for: a
 * thread's first call, the growth of the arena (at most VGPU_ARENA_CHUNKS times in a process's
 * life), and a call entered above one that was left by longjmp (sigaltstack, once for each).
 * All are safe in a signal handler, and everything is safe against SIGKILL at any instruction.
 */

/*
 * State of one wrapper activation, private to this file and call.c. Its address leaves the wrapper
 * only for vgpu_call_finish: elsewhere the compiler keeps it in registers.
 */
struct vgpu_call {
	struct vgpu_thread *thread;
	struct vgpu_inflight *slot;
	struct vgpu_call_record *record;
	uint64_t ordinal;
	uint64_t enter;
	uint64_t caller;
	uint64_t sp;
	uint32_t function;
	uint32_t depth;
	uint8_t nargs;
	uint8_t text_param;
	uint8_t cursor;
};

/* A blob whose size is known only at run time. */
struct vgpu_source {
	const void *data; /* NULL: recorded as absent */
	size_t size;      /* bytes there are; at most VGPU_BLOB_MAX are kept */
	uint8_t param;
	uint8_t flags; /* VGPU_BLOB_IN, VGPU_BLOB_OUT */
};

#define VGPU_BLOB_BYTES(size) (sizeof(struct vgpu_blob) + (((size) + 7u) & ~7u))

enum vgpu_mode {
	VGPU_MODE_START = 0, /* nothing was called yet in this library */
	VGPU_MODE_OFF = 1,   /* not recording: straight to the backend */
	VGPU_MODE_ON = 2,
};

/* This library's view of the process's core: written at start, then only read. */
struct vgpu_local {
	uint32_t mode; /* enum vgpu_mode; first, since the thunks in assembly look at it */
	uint32_t
	    plain; /* 1: the processor's counter and no stacks, which one look on the way tells */
	uint32_t counter;     /* enum vgpu_counter */
	uint32_t stacks;      /* frames of opt-in stacks, 0: off */
	uint32_t generation;  /* of the core it joined: one more in each forked child */
	uint8_t *arena;       /* base of the mapping */
	const uint32_t *wipe; /* 1; reads 0 after a fork, in the child */
	uint64_t
	    target; /* where the library behind us lies, in which calls are not the program's own; */
	uint64_t target_size; /* 0: there is none */
};

extern struct vgpu_local vgpu_local __attribute__((visibility("hidden")));
/* NULL: this thread did not call yet; VGPU_THREAD_REFUSED: found no room, or is starting */
extern __thread struct vgpu_thread *vgpu_thread_self
    __attribute__((tls_model("initial-exec"), visibility("hidden")));
#define VGPU_THREAD_REFUSED ((struct vgpu_thread *)1)

#define VGPU_LIKELY(x) __builtin_expect(!!(x), 1)
#define VGPU_UNLIKELY(x) __builtin_expect(!!(x), 0)
#define VGPU_CALLER() ((uint64_t)(uintptr_t)__builtin_return_address(0))
#define VGPU_SP() ((uint64_t)(uintptr_t)__builtin_dwarf_cfa() - sizeof(void *))

/* Slow ends of the path, in call.c. Out of line, hidden, errno preserved. */
#pragma GCC visibility push(hidden)
struct vgpu_thread *vgpu_call_start(void); /* NULL: do not record */
uint32_t vgpu_call_unwind(struct vgpu_thread *thread,
			  uint64_t sp); /* the depth after dead slots were popped */
uint32_t vgpu_call_more(struct vgpu_thread *thread, struct vgpu_cursor *cursor,
			uint32_t size); /* offset of reserved room, 0: none */
void vgpu_call_forked(void);
void vgpu_call_anchor(struct vgpu_thread *thread, uint64_t counter);
uint64_t vgpu_call_counter(void); /* of either kind */
uint64_t *vgpu_call_stack(uint64_t caller,
			  uint64_t *place); /* writes VGPU_BLOB_STACK, returns its end */
#pragma GCC visibility pop

/* For backends: flag the call in flight on this thread (enum vgpu_call_flags), or note which entry point it gave. */
void vgpu_call_mark(uint16_t flags) __attribute__((visibility("hidden")));
void vgpu_call_resolved(uint32_t function) __attribute__((visibility("hidden")));

static inline uint64_t vgpu_counter(void)
{
	return VGPU_LIKELY(vgpu_local.plain) ? vgpu_arch_counter() : vgpu_call_counter();
}

/*
 * The first eight bytes of a slot or a record, in one store. The shifts below are the offsets of
 * the fields in layout.h on a little-endian machine, which every arch file is for.
 */
static inline __attribute__((always_inline)) void vgpu_store_head(void *place, uint64_t head)
{
	__atomic_store_n((uint64_t *)place, head, __ATOMIC_RELEASE);
}

static inline uint64_t vgpu_word_bits(uint32_t size, enum vgpu_record_state state,
				      uint32_t generation)
{
	return size / 8 | (uint64_t)VGPU_KIND_CALL << 16 | (uint64_t)state << 24 |
	       (uint64_t)generation << 32;
}

/*
 * Reserves a record of size bytes and stores its word; NULL when there is no room (counted). While
 * reserving is not 0 a signal handler on this thread may reserve within the segment, but not move
 * on to the next one: its record would be lost behind the hole that this one still is.
 */
static inline __attribute__((always_inline)) void *
vgpu_call_reserve(struct vgpu_thread *thread, struct vgpu_cursor *cursor, uint32_t size)
{
	uint32_t reserving = thread->reserving, offset;
	void *record = NULL;

	thread->reserving = reserving + 1;
	offset = vgpu_arch_add32(&cursor->offset, size);
	if (VGPU_LIKELY((uint64_t)offset + size <= cursor->limit) ||
	    (offset = vgpu_call_more(thread, cursor, size))) {
		record = vgpu_local.arena + offset;
		if (!record)
			__builtin_unreachable();
		vgpu_store_head(record,
				vgpu_word_bits(size, VGPU_STATE_RESERVED, cursor->generation));
	}
	__asm__ volatile("" ::: "memory");
	thread->reserving = reserving;
	return record;
}

/* false: the caller goes straight to the backend and must not touch call again. */
static inline __attribute__((always_inline)) bool vgpu_call_enter(struct vgpu_call *call,
								  uint32_t function, uint8_t nargs,
								  uint64_t caller, uint64_t sp)
{
	struct vgpu_thread *thread;
	uint32_t depth;

	/* Off does not come here: the thunk looks at vgpu_local.mode and goes straight to the backend. */
	thread = vgpu_thread_self;
	if (VGPU_UNLIKELY((uintptr_t)thread <= 1 || !*vgpu_local.wipe)) {
		thread = vgpu_call_start();
		if (!thread)
			return false;
	}
	depth = thread->depth;
	if (VGPU_LIKELY(!depth))
		thread->reserving = 0; /* whatever siglongjmp out of a handler left behind */
	else if (VGPU_UNLIKELY(depth > VGPU_INFLIGHT_MAX || thread->inflight[depth - 1].sp <= sp))
		depth = vgpu_call_unwind(thread, sp);
	/*
	 * A handler may interrupt anywhere here: before the depth is stored it takes this slot, and
	 * leaves VGPU_SP_NONE in it, hence the third store; after it, it finds the slot's true sp.
	 */
	call->slot = &thread->inflight[depth < VGPU_INFLIGHT_MAX ? depth : VGPU_INFLIGHT_MAX];
	__asm__(
	    ""
	    : "+r"(call->slot)); /* reckoned once: the compiler would do it again for each use */
	call->slot->sp = sp;
	__asm__ volatile("" ::: "memory");
	thread->depth = depth + 1;
	__asm__ volatile("" ::: "memory");
	call->slot->sp = sp;
	call->thread = thread;
	call->depth = depth;
	call->function = function;
	call->caller = caller;
	call->sp = sp;
	call->ordinal = vgpu_arch_add64(&thread->ordinal, 1);
	call->enter = vgpu_counter();
	call->nargs = nargs;
	call->text_param = 0xff;
	call->cursor = VGPU_CURSOR_CALLS;
	call->slot->ordinal = call->ordinal;
	call->slot->enter = call->enter;
	call->slot->caller = caller;
	call->slot->note = 0;
	return true;
}

/* The function is one of those that are called in bulk before anything happens: see VGPU_CURSOR_BULK. */
static inline __attribute__((always_inline)) void vgpu_call_bulk(struct vgpu_call *call)
{
	call->cursor = VGPU_CURSOR_BULK;
}

static inline __attribute__((always_inline)) void vgpu_call_arg(struct vgpu_call *call, unsigned i,
								uint64_t word)
{
	if (i < VGPU_ARGS_MAX)
		call->slot->args[i] = word;
}

static inline void vgpu_call_text(struct vgpu_call *call, uint8_t param, const char *text)
{
	size_t n = text ? strnlen(text, sizeof(call->slot->text) - 1) : 0;

	if (!text)
		return;
	memcpy(call->slot->text, text, n);
	call->slot->text[n] = '\0';
	call->text_param = param;
}

/* Publishes the slot by its first eight bytes. Pairs with the reader's acquire of inflight.function. */
static inline __attribute__((always_inline)) void vgpu_call_begin(struct vgpu_call *call)
{
	uint64_t own =
	    call->caller - vgpu_local.target < vgpu_local.target_size ? VGPU_CALL_BACKEND_OWN : 0;
	/* The ring is larger than a cache: what will be written after the call is fetched while it runs. */
	const uint8_t *record = vgpu_local.arena + call->thread->cursor[call->cursor].offset;

	vgpu_arch_want(record);
	vgpu_arch_want(record + 64);
	if (call->nargs > 4)
		vgpu_arch_want(record + 128);
	vgpu_store_head(call->slot, call->function | own << 32 | (uint64_t)call->nargs << 48 |
					(uint64_t)call->text_param << 56);
}

/* The slot is cleared only after the record is committed: killed in between, the call is seen twice, by its ordinal. */
static inline __attribute__((always_inline)) void vgpu_call_end(struct vgpu_call *call)
{
	__atomic_store_n(&call->slot->function, 0, __ATOMIC_RELEASE);
	/* In this order: siglongjmp out of a handler that comes in between must not leave an empty place counted. */
	call->thread->depth = call->depth;
	__asm__ volatile("" ::: "memory");
	call->slot->sp = VGPU_SP_NONE;
}

/* Another call may have taken the slot, when this one's frame seemed to be gone. */
static inline __attribute__((always_inline)) bool vgpu_call_kept(const struct vgpu_call *call)
{
	return call->slot->ordinal == call->ordinal;
}

/*
 * Reserves the record and writes its head. Returns where the arguments go, or NULL when there is
 * no record to write (no room: counted; or the process forked beneath the call).
 */
static inline __attribute__((always_inline)) uint64_t *
vgpu_call_leave(struct vgpu_call *call, uint64_t result, uint8_t nargs, uint32_t blob_bytes)
{
	struct vgpu_thread *thread = call->thread;
	struct vgpu_call_record *record;
	uint32_t size;
	uint64_t leave, head;

	if (VGPU_UNLIKELY(!*vgpu_local.wipe || vgpu_thread_self != thread)) {
		vgpu_call_forked();
		return NULL;
	}
	size = sizeof(*record) + nargs * 8u + blob_bytes;
	if (VGPU_LIKELY(vgpu_local.plain)) {
		leave = vgpu_arch_counter();
	} else {
		leave = vgpu_call_counter();
		if (vgpu_local.stacks)
			size += VGPU_BLOB_BYTES(sizeof(uint32_t));
	}
	record = vgpu_call_reserve(thread, &thread->cursor[call->cursor], size);
	if (VGPU_UNLIKELY(!record)) {
		vgpu_call_end(call);
		return NULL;
	}
	call->record = record;
	head = call->function | (uint64_t)nargs << 48 |
	       (uint64_t)(call->depth < 255 ? call->depth : 255) << 56;
	if (VGPU_LIKELY(vgpu_call_kept(call)))
		head |= (uint64_t)call->slot->flags << 32;
	vgpu_store_head(&record->function, head);
	record->ordinal = call->ordinal;
	record->enter = call->enter;
	record->leave = leave;
	record->caller = call->caller;
	record->sp = call->sp;
	record->result = result;
	if (VGPU_UNLIKELY(leave >= thread->next_anchor))
		vgpu_call_anchor(thread, leave);
	return (uint64_t *)(record + 1);
}

static inline __attribute__((always_inline)) uint64_t *vgpu_put_arg(uint64_t *place, uint64_t word)
{
	*place = word;
	return place + 1;
}

/* All arguments, from the slot: many of them are fewer instructions so than one by one. Only while vgpu_call_kept. */
static inline __attribute__((always_inline)) uint64_t *
vgpu_put_kept(const struct vgpu_call *call, uint64_t *place, unsigned count)
{
	memcpy(place, call->slot->args, count * 8u);
	return place + count;
}

/* data is read only when present and not NULL. size is a compile-time constant, at most VGPU_BLOB_MAX. */
static inline __attribute__((always_inline)) uint64_t *vgpu_put_blob(uint64_t *place, uint8_t param,
								     uint8_t flags,
								     const void *data,
								     uint32_t size, bool present)
{
	struct vgpu_blob blob = { .param = param, .flags = flags, .size = size, .full_size = size };

	if (VGPU_LIKELY(present && data))
		memcpy(place + 1, data, size);
	else
		blob.flags |= VGPU_BLOB_ABSENT;
	memcpy(place, &blob, sizeof(blob));
	return place + VGPU_BLOB_BYTES(size) / 8;
}

/* Publishes the record and empties the slot. Pairs with the reader's acquire of the word. */
static inline __attribute__((always_inline)) void vgpu_call_commit(struct vgpu_call *call,
								   uint64_t *place)
{
	if (VGPU_UNLIKELY(!vgpu_local.plain) && vgpu_local.stacks)
		vgpu_call_stack(call->caller, place);
	__atomic_store_n(&call->record->word.state, VGPU_STATE_COMMITTED, __ATOMIC_RELEASE);
	vgpu_call_end(call);
}

/* The end for wrappers with blobs of run-time size; cuts them to VGPU_BLOB_MAX each and VGPU_RECORD_MAX in all. */
void vgpu_call_finish(struct vgpu_call *call, uint64_t result, const uint64_t *args, uint8_t nargs,
		      const struct vgpu_source *blobs, unsigned nblobs)
    __attribute__((visibility("hidden")));

/* min(n * size, VGPU_BLOB_MAX + 1) without overflow, for arrays whose length the program passes. */
static inline size_t vgpu_array_bytes(uint64_t n, size_t size)
{
	return n > (VGPU_BLOB_MAX + 1) / size ? VGPU_BLOB_MAX + 1 : n * size;
}

/* A scalar's 64-bit word: integers zero-extended from their own width, pointers as they are, floats by their bits. */
#define VGPU_WORD_I32(x) ((uint64_t)(uint32_t)(x))
#define VGPU_WORD_I64(x) ((uint64_t)(x))
#define VGPU_WORD_PTR(x) ((uint64_t)(uintptr_t)(x))
static inline uint64_t vgpu_word_float(float x)
{
	uint32_t bits;

	memcpy(&bits, &x, sizeof(bits));
	return bits;
}
static inline uint64_t vgpu_word_double(double x)
{
	uint64_t bits;

	memcpy(&bits, &x, sizeof(bits));
	return bits;
}

#endif
