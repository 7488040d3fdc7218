// SPDX-License-Identifier: Apache-2.0
/* A thread's ring: its chunks, and which segment is written next. */
#include "shim/ring/ring.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "shim/entry/arch/arch.h"

/*
 * How many chunks a thread may have. First chunks are taken only while half of the arena is free,
 * so that one chatty thread leaves room for threads to come.
 */
#define FIRST_CHUNKS_MAX  7u
#define LATEST_CHUNKS_MAX 3u
/* As long as half of the arena is free: at a million calls a second a reader must come by before this wraps. */
#define LATEST_CHUNKS_ROOMY 24u
#define BULK_CHUNKS_MAX   48u
/* A full segment's cursor is kept here: far past every limit, far from running around. */
#define CURSOR_FULL 0x7fff0000u

static uint32_t index_of(const struct vgpu_arena *arena, const void *chunk)
{
	return ((const uint8_t *)chunk - (const uint8_t *)arena) / VGPU_CHUNK_BYTES;
}

static struct vgpu_segment *segment_of(struct vgpu_arena *arena, uint32_t current)
{
	return &vgpu_arena_chunk(arena, current >> 1)->segment[current & 1];
}

/* Makes a segment the one that is written. The cursor moves last: a signal handler finds it full until then. */
static void segment_start(struct vgpu_arena *arena, struct vgpu_thread *thread, struct vgpu_cursor *cursor,
			  uint32_t current)
{
	struct vgpu_segment *segment = segment_of(arena, current);
	uint32_t base = (current >> 1) * VGPU_CHUNK_BYTES;
	/* It may have been left odd: siglongjmp out of a handler that came in the midst of this. */
	uint32_t odd = segment->generation | 1;

	/* Odd first: from here a reader's copy of the old records is void. */
	__atomic_store_n(&segment->generation, odd, __ATOMIC_RELEASE);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	segment->used = UINT32_MAX;
	segment->order = ++thread->order;
	/* No word of an earlier round may be taken for one of this round where nothing was written yet. */
	memset((uint8_t *)arena + base + segment->start, 0, sizeof(struct vgpu_word));
	cursor->generation = odd + 1;
	cursor->current = current;
	__atomic_store_n(&segment->generation, odd + 1, __ATOMIC_RELEASE);
	cursor->limit = base + segment->end;
	__atomic_store_n(&cursor->offset, base + segment->start, __ATOMIC_RELEASE);
}

/* Of any chunk, another thread's too: those are looked at while their owners write. */
static uint32_t kind_of(struct vgpu_arena *arena, uint32_t chunk)
{
	return __atomic_load_n(&vgpu_arena_chunk(arena, chunk)->kind, __ATOMIC_ACQUIRE);
}

static int owned(struct vgpu_arena *arena, uint32_t chunk, uint32_t head)
{
	return vgpu_arena_populated(arena, chunk) &&
	       __atomic_load_n(&vgpu_arena_chunk(arena, chunk)->head, __ATOMIC_RELAXED) == head;
}

static void segment_init(struct vgpu_segment *segment, uint32_t start, uint32_t end)
{
	segment->start = start;
	segment->end = end;
	segment->used = 0;
	segment->order = 0;
}

/*
 * The next whole record of a segment at or after *at, NULL: there is none. A hole is stepped over: a
 * reservation whose word was never stored, since siglongjmp left it at just that moment. Stale
 * bytes have older generations.
 */
static const struct vgpu_word *next_record(struct vgpu_arena *arena, uint32_t current, uint32_t *at)
{
	const struct vgpu_segment *segment = segment_of(arena, current);
	const uint8_t *base = (const uint8_t *)vgpu_arena_chunk(arena, current >> 1);

	for (; *at + sizeof(struct vgpu_call_record) <= segment->end; *at += 8) {
		const struct vgpu_word *word = (const struct vgpu_word *)(base + *at);

		if (word->generation == segment->generation && word->kind == VGPU_KIND_CALL &&
		    word->size8 >= sizeof(struct vgpu_call_record) / 8 &&
		    *at + word->size8 * 8u <= segment->end)
			return word;
	}
	return NULL;
}

/* Another chunk for a thread, 0: there is none to be had. */
static uint32_t add_chunk(struct vgpu_arena *arena, uint32_t head, enum vgpu_chunk_kind kind, uint32_t *count)
{
	uint32_t chunk = vgpu_arena_take(arena, head);

	if (!chunk)
		return 0;
	++*count;
	segment_init(&vgpu_arena_chunk(arena, chunk)->segment[0], sizeof(struct vgpu_chunk), VGPU_CHUNK_BYTES);
	vgpu_arena_publish(arena, chunk, kind);
	return chunk;
}

static int half_free(const struct vgpu_arena *arena)
{
	return __atomic_load_n(&arena->allocated, __ATOMIC_RELAXED) < arena->chunks / 2;
}

/* The thread's segment of that kind that was begun longest ago, or best if that was still earlier; 0: none. */
static uint32_t oldest(struct vgpu_arena *arena, uint32_t head, enum vgpu_chunk_kind kind, uint32_t best)
{
	uint32_t chunks = __atomic_load_n(&arena->allocated, __ATOMIC_ACQUIRE);

	for (uint32_t i = 1; i < chunks && i < arena->chunks; i++) {
		if (!owned(arena, i, head) || kind_of(arena, i) != kind)
			continue;
		if (!best || segment_of(arena, i << 1)->order < segment_of(arena, best)->order)
			best = i << 1;
	}
	return best;
}

/* The segment for calls to be written next: more of the first ones, then the latest in turn. */
static uint32_t next_for_calls(struct vgpu_arena *arena, struct vgpu_thread *thread, uint32_t head)
{
	uint32_t chunk;

	if (!thread->latest_chunks && !thread->chunk.segment[1].order &&
	    thread->first_chunks < FIRST_CHUNKS_MAX && half_free(arena) &&
	    (chunk = add_chunk(arena, head, VGPU_CHUNK_FIRST, &thread->first_chunks)))
		return chunk << 1;
	if (!thread->chunk.segment[1].order)
		return head << 1 | 1;
	if (thread->latest_chunks < (half_free(arena) ? LATEST_CHUNKS_ROOMY : LATEST_CHUNKS_MAX) &&
	    (chunk = add_chunk(arena, head, VGPU_CHUNK_LATEST, &thread->latest_chunks)))
		return chunk << 1;
	return oldest(arena, head, VGPU_CHUNK_LATEST, head << 1 | 1);
}

static uint32_t next_for_bulk(struct vgpu_arena *arena, struct vgpu_thread *thread, uint32_t head)
{
	uint32_t chunk;

	if (thread->bulk_chunks < BULK_CHUNKS_MAX && half_free(arena) &&
	    (chunk = add_chunk(arena, head, VGPU_CHUNK_BULK, &thread->bulk_chunks)))
		return chunk << 1;
	return oldest(arena, head, VGPU_CHUNK_BULK, 0);
}

/*
 * Ends the segment being written: walks it to where its records end, since the cursor has run past.
 * They are counted now, while they are in the processor's cache, for when they are overwritten.
 */
static void segment_end(struct vgpu_arena *arena, uint32_t current)
{
	struct vgpu_segment *segment = segment_of(arena, current);
	uint32_t at = segment->start, used = at, records = 0;
	const struct vgpu_word *word;

	for (; (word = next_record(arena, current, &at)); records++)
		used = at += word->size8 * 8u;
	vgpu_arena_chunk(arena, current >> 1)->records = records;
	__atomic_store_n(&segment->used, used, __ATOMIC_RELEASE);
}

uint32_t vgpu_thread_more(struct vgpu_arena *arena, struct vgpu_thread *thread, struct vgpu_cursor *cursor,
			  uint32_t size)
{
	uint32_t head = index_of(arena, thread), next, offset;

	/* Enough failed reservations would bring the cursor round to the arena's start. */
	cursor->offset = CURSOR_FULL;
	/* A handler that interrupts a reservation or the exchange below finds no room, and says so. */
	if (thread->reserving > 1 || size > VGPU_RECORD_MAX)
		goto dropped;
	if (cursor->limit)
		segment_end(arena, cursor->current);
	cursor->limit = 0;
	next = cursor == &thread->cursor[VGPU_CURSOR_BULK] ? next_for_bulk(arena, thread, head)
							   : next_for_calls(arena, thread, head);
	if (!next)
		goto dropped;
	if (segment_of(arena, next)->order)
		thread->overwritten += vgpu_arena_chunk(arena, next >> 1)->records;
	segment_start(arena, thread, cursor, next);
	offset = vgpu_arch_add32(&cursor->offset, size);
	if ((uint64_t)offset + size <= cursor->limit)
		return offset;
dropped:
	vgpu_arch_add64(&thread->dropped, 1);
	return 0;
}

/* tid and state in one word: tid below. */
static uint64_t *owner_of(struct vgpu_thread *thread)
{
	_Static_assert(offsetof(struct vgpu_thread, tid) % 8 == 0 &&
			   offsetof(struct vgpu_thread, state) == offsetof(struct vgpu_thread, tid) + 4,
		       "taken together");
	return (uint64_t *)(void *)&thread->tid;
}

static uint64_t ended_at(const struct vgpu_thread *thread)
{
	return __atomic_load_n(&thread->end, __ATOMIC_RELAXED);
}

/* Takes over all chunks of an ended thread for the calling one. Returns the HEAD chunk, 0: none to be had. */
static uint32_t recycle(struct vgpu_arena *arena)
{
	uint32_t chunks = __atomic_load_n(&arena->allocated, __ATOMIC_ACQUIRE);
	struct vgpu_thread *victim = NULL, *thread;
	uint32_t head = 0, ended = VGPU_THREAD_ENDED;

	for (uint32_t i = 1; i < chunks && i < arena->chunks; i++) {
		thread = (struct vgpu_thread *)vgpu_arena_chunk(arena, i);
		if (!vgpu_arena_populated(arena, i) ||
		    __atomic_load_n(&thread->chunk.kind, __ATOMIC_ACQUIRE) != VGPU_CHUNK_HEAD ||
		    __atomic_load_n(&thread->state, __ATOMIC_ACQUIRE) != VGPU_THREAD_ENDED)
			continue;
		if (!victim || ended_at(thread) < ended_at(victim)) {
			victim = thread;
			head = i;
		}
	}
	if (!victim || !__atomic_compare_exchange_n(&victim->state, &ended, VGPU_THREAD_NONE, 0,
						    __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
		return 0;
	__atomic_fetch_add(&arena->threads_recycled, 1, __ATOMIC_RELAXED);
	__atomic_fetch_add(&arena->records_recycled, victim->ordinal, __ATOMIC_RELAXED);
	return head;
}

/* Threads that died without a word (raw exit, cancelled by the kernel): found when room is needed. */
static void reap(struct vgpu_arena *arena)
{
	uint32_t chunks = __atomic_load_n(&arena->allocated, __ATOMIC_ACQUIRE);
	pid_t pid = getpid();

	for (uint32_t i = 1; i < chunks && i < arena->chunks; i++) {
		struct vgpu_thread *thread = (struct vgpu_thread *)vgpu_arena_chunk(arena, i);
		uint64_t owner;

		if (!vgpu_arena_populated(arena, i) || kind_of(arena, i) != VGPU_CHUNK_HEAD)
			continue;
		/* Both at once: the chunk may go to another thread, alive, between the question and the answer. */
		owner = __atomic_load_n(owner_of(thread), __ATOMIC_ACQUIRE);
		if (owner >> 32 != VGPU_THREAD_LIVE)
			continue;
		if (syscall(SYS_tgkill, pid, (int32_t)owner, 0) && errno == ESRCH)
			__atomic_compare_exchange_n(owner_of(thread), &owner,
						    (uint32_t)owner | (uint64_t)VGPU_THREAD_ENDED << 32, 0,
						    __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
	}
}

static uint64_t now(const struct vgpu_arena *arena)
{
	return arena->counter == VGPU_COUNTER_TSC ? vgpu_arch_counter() : vgpu_clock_monotonic();
}

/*
 * Fills a HEAD chunk for the calling thread. The generations go on where the chunk's earlier owner
 * left them: a reader that knew the old segments sees that they were turned over.
 */
static struct vgpu_thread *head_init(struct vgpu_arena *arena, uint32_t head, int recycled)
{
	struct vgpu_thread *thread = (struct vgpu_thread *)vgpu_arena_chunk(arena, head);
	uint32_t latest_chunks = 0;

	if (recycled) {
		/* Its other chunks become latest ones of the new thread. */
		for (uint32_t i = 1; i < arena->chunks && i < arena->allocated; i++) {
			struct vgpu_chunk *chunk = vgpu_arena_chunk(arena, i);

			if (i == head || !owned(arena, i, head) || kind_of(arena, i) == VGPU_CHUNK_FREE)
				continue;
			latest_chunks++;
			__atomic_store_n(&chunk->segment[0].generation,
					 (chunk->segment[0].generation | 1) + 1, __ATOMIC_RELEASE);
			chunk->segment[0].order = 0;
			chunk->segment[0].used = 0;
			vgpu_arena_publish(arena, i, VGPU_CHUNK_LATEST);
		}
		for (int i = 0; i < 2; i++)
			__atomic_store_n(&thread->chunk.segment[i].generation,
					 (thread->chunk.segment[i].generation | 1) + 1, __ATOMIC_RELEASE);
		/* The earlier owner's figures live on in the arena's records_recycled. */
		memset((uint8_t *)thread + sizeof(thread->chunk), 0,
		       sizeof(*thread) - sizeof(thread->chunk));
	}
	for (unsigned i = 0; i <= VGPU_INFLIGHT_MAX; i++)
		thread->inflight[i].sp = VGPU_SP_NONE;
	segment_init(&thread->chunk.segment[0], VGPU_HEAD_FIRST_START, VGPU_HEAD_LATEST_START);
	segment_init(&thread->chunk.segment[1], VGPU_HEAD_LATEST_START, VGPU_CHUNK_BYTES);
	__atomic_store_n(&thread->chunk.head, head, __ATOMIC_RELAXED);
	thread->latest_chunks = latest_chunks;
	return thread;
}

struct vgpu_thread *vgpu_thread_open(struct vgpu_arena *arena)
{
	uint32_t head = vgpu_arena_take(arena, 0);
	struct vgpu_thread *thread;
	int recycled = 0;

	if (!head) {
		head = recycle(arena);
		if (!head) {
			reap(arena);
			head = recycle(arena);
		}
		recycled = 1;
	}
	if (!head) {
		__atomic_fetch_add(&arena->threads_refused, 1, __ATOMIC_RELAXED);
		return NULL;
	}
	thread = head_init(arena, head, recycled);
	thread->start = now(arena);
	thread->next_anchor = thread->start + (arena->counter == VGPU_COUNTER_TSC ? VGPU_ANCHOR_TICKS
									       : VGPU_ANCHOR_CLOCK_NS);
	syscall(SYS_prctl, 16 /* PR_GET_NAME */, thread->name, 0, 0, 0);
	segment_start(arena, thread, &thread->cursor[VGPU_CURSOR_CALLS], head << 1);
	__atomic_store_n(owner_of(thread), (uint32_t)syscall(SYS_gettid) | (uint64_t)VGPU_THREAD_LIVE << 32,
			 __ATOMIC_RELEASE);
	vgpu_arena_publish(arena, head, VGPU_CHUNK_HEAD);
	return thread;
}

void vgpu_thread_close(struct vgpu_arena *arena, struct vgpu_thread *thread)
{
	__atomic_store_n(&thread->end, now(arena), __ATOMIC_RELAXED);
	__atomic_store_n(&thread->state, VGPU_THREAD_ENDED, __ATOMIC_RELEASE);
}
