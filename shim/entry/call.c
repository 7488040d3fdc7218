// SPDX-License-Identifier: Apache-2.0
/* The slow ends of the call path: first calls, forks, longjmp, full segments, blobs of run-time size. */
#include "shim/entry/call.h"

#include <errno.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "shim/entry/core.h"
#include "shim/entry/join.h"
#include "shim/ring/ring.h"

__thread struct vgpu_thread *vgpu_thread_self __attribute__((tls_model("initial-exec")));

/* A refused thread asks again every so many calls: other threads may have ended meanwhile. */
#define ASK_AGAIN 1024u
/* A frame this far above another is taken to lie on another stack (a coroutine's). */
#define SAME_STACK (UINT64_C(64) << 20)

struct vgpu_thread *vgpu_call_start(void)
{
	static uint32_t refused_calls;
	struct vgpu_thread *thread = vgpu_thread_self;
	uint32_t mode = __atomic_load_n(&vgpu_local.mode, __ATOMIC_ACQUIRE);
	int saved_errno = errno;
	struct vgpu_core *core;

	if (thread == VGPU_THREAD_REFUSED && mode == VGPU_MODE_ON && *vgpu_local.wipe &&
	    __atomic_fetch_add(&refused_calls, 1, __ATOMIC_RELAXED) % ASK_AGAIN != ASK_AGAIN - 1) {
		vgpu_join_count_refused();
		return NULL;
	}
	if (mode == VGPU_MODE_OFF)
		return NULL;
	/* A signal handler that calls in while this thread is starting goes straight to the backend. */
	vgpu_thread_self = VGPU_THREAD_REFUSED;
	core = vgpu_join();
	if (core) {
		thread = core->thread_open(core);
		if (thread) {
			vgpu_join_thread();
			vgpu_thread_self = thread;
		} else {
			vgpu_join_count_refused();
		}
	} else {
		thread = NULL;
	}
	errno = saved_errno;
	return thread;
}

void vgpu_call_forked(void)
{
	/* The record belongs to the parent, which writes it itself; in a thread that ended its ring beneath the call it is lost. */
	if (*vgpu_local.wipe)
		vgpu_join_count_refused();
}

void vgpu_call_anchor(struct vgpu_thread *thread, uint64_t counter)
{
	int saved_errno = errno;

	thread->next_anchor = vgpu_clock_anchor((struct vgpu_arena *)vgpu_local.arena);
	if (thread->next_anchor < counter)
		thread->next_anchor = counter;
	errno = saved_errno;
}

uint64_t vgpu_call_counter(void)
{
	int saved_errno = errno;
	uint64_t ns;

	if (vgpu_local.counter == VGPU_COUNTER_TSC)
		return vgpu_arch_counter();
	ns = vgpu_clock_monotonic();
	errno = saved_errno;
	return ns;
}

uint32_t vgpu_call_more(struct vgpu_thread *thread, struct vgpu_cursor *cursor, uint32_t size)
{
	int saved_errno = errno;
	uint32_t offset = vgpu_thread_more((struct vgpu_arena *)vgpu_local.arena, thread, cursor, size);

	errno = saved_errno;
	return offset;
}

/* The end of a call that was left by longjmp: what is known of it is in its slot. */
static void record_unwound(struct vgpu_thread *thread, struct vgpu_inflight *slot, uint32_t depth)
{
	uint32_t size = sizeof(struct vgpu_call_record) + slot->nargs * 8u;
	struct vgpu_call_record *record;

	thread->unwound++;
	record = vgpu_call_reserve(thread, &thread->cursor[VGPU_CURSOR_CALLS], size);
	if (!record)
		return;
	*record = (struct vgpu_call_record){
		.word = record->word,
		.function = slot->function,
		.flags = slot->flags | VGPU_CALL_UNWOUND,
		.nargs = slot->nargs,
		.depth = depth,
		.ordinal = slot->ordinal,
		.enter = slot->enter,
		.leave = vgpu_counter(),
		.caller = slot->caller,
		.sp = slot->sp,
	};
	memcpy(record + 1, slot->args, slot->nargs * 8u);
	vgpu_log_commit(record);
}

static int on_signal_stack(void)
{
	stack_t stack;

	return !syscall(SYS_sigaltstack, NULL, &stack) && (stack.ss_flags & SS_ONSTACK);
}

/* A library that calls itself through us, and that again: all that is in flight is one function. */
static void look_for_circle(const struct vgpu_thread *thread)
{
	uint32_t function = thread->inflight[0].function;

	for (uint32_t i = 1; i < VGPU_INFLIGHT_MAX; i++)
		if (thread->inflight[i].function != function || !(thread->inflight[i].flags & VGPU_CALL_BACKEND_OWN))
			return;
	vgpu_join_break(function);
}

uint32_t vgpu_call_unwind(struct vgpu_thread *thread, uint64_t sp)
{
	uint32_t depth = thread->depth, shown = depth < VGPU_INFLIGHT_MAX ? depth : VGPU_INFLIGHT_MAX;
	struct vgpu_inflight *top;
	int saved_errno = errno;

	/*
	 * An empty place at the top is a call that a handler interrupted as it was entered; or, where
	 * two signals met there and the second left by siglongjmp, nothing. Too many of them are the latter.
	 */
	if (depth > VGPU_INFLIGHT_MAX)
		look_for_circle(thread);
	if (depth > VGPU_INFLIGHT_MAX)
		while (shown && thread->inflight[shown - 1].sp == VGPU_SP_NONE)
			thread->depth = depth = --shown;
	top = &thread->inflight[shown ? shown - 1 : 0];
	/* A call on another stack than the one below it proves nothing about that one's frame. */
	if (!shown || top->sp > sp || sp - top->sp > SAME_STACK || on_signal_stack()) {
		errno = saved_errno;
		return depth;
	}
	/* The frames being popped may have been left by siglongjmp in the midst of a reservation. */
	thread->reserving = 0;
	while (shown && thread->inflight[shown - 1].sp <= sp) {
		top = &thread->inflight[--shown];
		if (top->function)
			record_unwound(thread, top, shown);
		__atomic_store_n(&top->function, 0, __ATOMIC_RELEASE);
		/* Not counted before it is empty, as in vgpu_call_end. */
		thread->depth = shown;
		__asm__ volatile("" ::: "memory");
		top->sp = VGPU_SP_NONE;
	}
	errno = saved_errno;
	return shown;
}

static struct vgpu_inflight *top_slot(void)
{
	struct vgpu_thread *thread = vgpu_thread_self;

	if (vgpu_local.mode != VGPU_MODE_ON || (uintptr_t)thread <= 1 || !*vgpu_local.wipe || !thread->depth)
		return NULL;
	return &thread->inflight[thread->depth <= VGPU_INFLIGHT_MAX ? thread->depth - 1 : VGPU_INFLIGHT_MAX];
}

void vgpu_call_mark(uint16_t flags)
{
	struct vgpu_inflight *slot = top_slot();

	if (slot)
		slot->flags |= flags;
}

void vgpu_call_resolved(uint32_t function)
{
	struct vgpu_inflight *slot = top_slot();

	if (slot)
		slot->note = (uint64_t)function + 1;
}

static uint32_t kept(const struct vgpu_source *source)
{
	if (!source->data)
		return 0;
	return source->size < VGPU_BLOB_MAX ? source->size : VGPU_BLOB_MAX;
}

static uint64_t *put_source(uint64_t *place, const struct vgpu_source *source, uint32_t size)
{
	struct vgpu_blob blob = {
		.param = source->param,
		.flags = source->flags,
		.size = size,
		.full_size = source->size < UINT32_MAX ? source->size : UINT32_MAX,
	};

	if (!source->data)
		blob.flags |= VGPU_BLOB_ABSENT;
	else if (size < source->size)
		blob.flags |= VGPU_BLOB_TRUNCATED;
	memcpy(place, &blob, sizeof(blob));
	if (size)
		memcpy(place + 1, source->data, size);
	return place + VGPU_BLOB_BYTES(size) / 8;
}

void vgpu_call_finish(struct vgpu_call *call, uint64_t result, const uint64_t *args, uint8_t nargs,
		      const struct vgpu_source *blobs, unsigned nblobs)
{
	uint32_t room = VGPU_RECORD_MAX - sizeof(struct vgpu_call_record) - VGPU_ARGS_MAX * 8u - 64u;
	uint32_t size[VGPU_ARGS_MAX * 2 + 2], bytes = 0;
	uint64_t note = call->slot->ordinal == call->ordinal ? call->slot->note : 0;
	int truncated = 0;
	uint64_t *place;

	if (nblobs > VGPU_ARGS_MAX * 2 + 2)
		nblobs = VGPU_ARGS_MAX * 2 + 2;
	for (unsigned i = 0; i < nblobs; i++) {
		size[i] = kept(&blobs[i]);
		if (bytes + VGPU_BLOB_BYTES(size[i]) > room)
			size[i] = bytes + VGPU_BLOB_BYTES(8) > room ? 0 : 8;
		truncated |= blobs[i].data && size[i] < blobs[i].size;
		bytes += VGPU_BLOB_BYTES(size[i]);
	}
	if (note)
		bytes += VGPU_BLOB_BYTES(sizeof(uint32_t));
	place = vgpu_call_leave(call, result, nargs, bytes);
	if (!place)
		return;
	if (truncated)
		call->record->flags |= VGPU_CALL_TRUNCATED;
	for (unsigned i = 0; i < nargs; i++)
		place = vgpu_put_arg(place, args[i]);
	for (unsigned i = 0; i < nblobs; i++)
		place = put_source(place, &blobs[i], size[i]);
	if (note) {
		uint32_t function = note - 1;

		place = vgpu_put_blob(place, VGPU_BLOB_RESOLVED, VGPU_BLOB_OUT, &function, sizeof(function), true);
	}
	vgpu_call_commit(call, place);
}
