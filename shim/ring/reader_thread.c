// SPDX-License-Identifier: Apache-2.0
/* The threads of a ring: who they are, which of their calls were read, what they have in flight. */
#include "shim/ring/reader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "shim/ring/reader_state.h"

bool reader_ordinal_read(const struct reader_thread *thread, uint64_t ordinal)
{
	uint32_t low = 0, high = thread->spans_count;

	while (low < high) {
		uint32_t middle = (low + high) / 2;

		if (thread->spans[middle].to <= ordinal)
			low = middle + 1;
		else
			high = middle;
	}
	return low < thread->spans_count && thread->spans[low].from <= ordinal;
}

/* Makes room at `place` for one more span; the lowest one goes when there are too many. */
static bool span_open(struct reader_thread *thread, uint32_t *place)
{
	if (thread->spans_count == READER_SPANS_MAX) {
		if (!*place)
			return false;
		thread->floor = thread->spans[0].to;
		memmove(thread->spans, thread->spans + 1,
			(thread->spans_count - 1) * sizeof(*thread->spans));
		thread->spans_count--;
		--*place;
	} else if (reader_grow((void **)&thread->spans, &thread->spans_room,
			       thread->spans_count + 1, sizeof(*thread->spans))) {
		return false;
	}
	memmove(thread->spans + *place + 1, thread->spans + *place,
		(thread->spans_count - *place) * sizeof(*thread->spans));
	thread->spans_count++;
	return true;
}

bool reader_ordinal_insert(struct reader_thread *thread, uint64_t ordinal)
{
	struct reader_span *spans = thread->spans;
	uint32_t n = thread->spans_count, low = 0, high = n;
	bool below, above;

	if (ordinal == UINT64_MAX)
		return false;
	if (n && spans[n - 1].to == ordinal) {
		spans[n - 1].to++;
		goto out;
	}
	while (low < high) {
		uint32_t middle = (low + high) / 2;

		if (spans[middle].to <= ordinal)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < n && spans[low].from <= ordinal)
		return false;
	below = low > 0 && spans[low - 1].to == ordinal;
	above = low < n && spans[low].from == ordinal + 1;
	if (below && above) {
		spans[low - 1].to = spans[low].to;
		memmove(spans + low, spans + low + 1, (n - low - 1) * sizeof(*spans));
		thread->spans_count--;
	} else if (below) {
		spans[low - 1].to++;
	} else if (above) {
		spans[low].from--;
	} else if (span_open(thread, &low)) {
		thread->spans[low] = (struct reader_span){ ordinal, ordinal + 1 };
	}
out:
	thread->read++;
	if (ordinal >= thread->highest)
		thread->highest = ordinal + 1;
	return true;
}

/* The room of this thread was given to another one: what was not read of it is gone. */
static void thread_retire(struct vgpu_ring *ring, struct reader_thread *thread)
{
	thread->head = 0;
	thread->in_progress = 0;
	ring->retired_read += thread->read;
	free(thread->spans);
	thread->spans = NULL;
	thread->spans_count = thread->spans_room = 0;
}

static void thread_free(struct reader_thread *thread)
{
	free(thread->spans);
	free(thread);
}

/* Forgets the older half of the threads whose room was taken. Only between polls: events point at threads. */
static void threads_forget(struct vgpu_ring *ring)
{
	uint32_t kept = 0, forget = READER_THREADS_MAX / 2;

	for (uint32_t i = 0; i < ring->threads_count; i++) {
		struct reader_thread *thread = ring->threads[i];

		if (forget && !thread->head) {
			forget--;
			for (uint32_t c = 0; c < VGPU_ARENA_CHUNKS; c++)
				for (int s = 0; s < 2; s++)
					if (ring->chunk[c].segment[s].owner == thread)
						ring->chunk[c].segment[s].owner = NULL;
			thread_free(thread);
		} else {
			ring->threads[kept++] = thread;
		}
	}
	ring->threads_count = kept;
}

void reader_threads_free(struct vgpu_ring *ring)
{
	for (uint32_t i = 0; i < ring->threads_count; i++)
		thread_free(ring->threads[i]);
	free(ring->threads);
}

static struct reader_thread *thread_new(struct vgpu_ring *ring, uint32_t head,
					const struct vgpu_thread *from)
{
	struct reader_thread *thread;

	if (reader_grow((void **)&ring->threads, &ring->threads_room, ring->threads_count + 1,
			sizeof(*ring->threads)))
		return NULL;
	thread = calloc(1, sizeof(*thread));
	if (!thread)
		return NULL;
	thread->id = ++ring->next_thread;
	thread->head = head;
	thread->tid = from->tid;
	thread->start = from->start;
	memcpy(thread->name, from->name, sizeof(from->name));
	ring->threads[ring->threads_count++] = thread;
	return thread;
}

/* A slot is shown when two copies of it are equal: the writer changes the ordinal with each use. */
static int slot_read(struct vgpu_ring *ring, uint32_t index, uint32_t depth, struct vgpu_inflight *slot)
{
	uint64_t offset = (uint64_t)index * VGPU_CHUNK_BYTES + offsetof(struct vgpu_thread, inflight) +
			  depth * sizeof(*slot);
	struct vgpu_inflight again;

	for (int tries = 0; tries < 3 && slot->function; tries++) {
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		if (reader_copy(ring, offset, &again, sizeof(again)) != (ssize_t)sizeof(again))
			return 0;
		if (!memcmp(&again, slot, sizeof(again)))
			return 1;
		*slot = again;
	}
	return 0;
}

static int pending_read(struct vgpu_ring *ring, uint32_t index)
{
	struct vgpu_thread *head = ring->chunk[index].head;
	struct reader_thread *thread = ring->chunk[index].thread;
	uint32_t depth = head->depth < VGPU_INFLIGHT_MAX ? head->depth : VGPU_INFLIGHT_MAX;
	int err;

	for (uint32_t i = 0; i < depth; i++) {
		struct vgpu_inflight *slot = &head->inflight[i];

		if (!slot->function || !slot_read(ring, index, i, slot))
			continue;
		err = reader_grow((void **)&ring->pending, &ring->pending_room,
				  ring->pending_count + 1, sizeof(*ring->pending));
		if (err)
			return err;
		if (slot->nargs > VGPU_ARGS_MAX)
			slot->nargs = VGPU_ARGS_MAX;
		slot->text[sizeof(slot->text) - 1] = '\0';
		ring->pending[ring->pending_count++] = (struct reader_pending){
			.thread = thread,
			.depth = i,
			.slot = *slot,
		};
	}
	return 0;
}

void reader_pending_settle(struct vgpu_ring *ring)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < ring->threads_count; i++)
		ring->threads[i]->in_progress = 0;
	for (uint32_t i = 0; i < ring->pending_count; i++) {
		struct reader_pending *pending = &ring->pending[i];

		if (reader_ordinal_read(pending->thread, pending->slot.ordinal))
			continue;
		pending->thread->in_progress++;
		if (kept != i)
			ring->pending[kept] = *pending;
		kept++;
	}
	ring->pending_count = kept;
}

static bool known(uint32_t state)
{
	return state == VGPU_THREAD_LIVE || state == VGPU_THREAD_ENDED;
}

/* Copies a HEAD chunk's header. Nothing is taken of one that is changing hands: the next poll will see. */
static int head_read(struct vgpu_ring *ring, uint32_t index)
{
	struct reader_chunk *chunk = &ring->chunk[index];
	uint64_t offset = (uint64_t)index * VGPU_CHUNK_BYTES;
	struct vgpu_thread *head = chunk->head;
	struct reader_thread *thread = chunk->thread;
	struct vgpu_thread again;
	ssize_t n;

	if (!head) {
		head = malloc(sizeof(*head));
		if (!head)
			return -ENOMEM;
		chunk->head = head;
	}
	head->state = VGPU_THREAD_NONE;
	n = reader_copy(ring, offset, head, sizeof(*head));
	if (n < 0)
		return (int)n;
	if ((size_t)n < sizeof(*head) || !known(head->state)) {
		head->state = VGPU_THREAD_NONE;
		return 0;
	}
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	n = reader_copy(ring, offset, &again, offsetof(struct vgpu_thread, inflight));
	if (n < 0)
		return (int)n;
	if (!known(again.state) || again.tid != head->tid || again.start != head->start) {
		head->state = VGPU_THREAD_NONE;
		return 0;
	}
	chunk->header = head->chunk;

	if (!thread || thread->tid != head->tid || thread->start != head->start) {
		if (thread)
			thread_retire(ring, thread);
		thread = chunk->thread = thread_new(ring, index, head);
		if (!thread)
			return -ENOMEM;
	}
	thread->end = head->end;
	thread->ordinal = head->ordinal;
	thread->dropped = head->dropped;
	thread->overwritten = head->overwritten;
	thread->unwound = head->unwound;
	return pending_read(ring, index);
}

int reader_threads_read(struct vgpu_ring *ring)
{
	/* No chunk begins where the log goes on. */
	uint32_t first = (ring->arena.log_limit + VGPU_CHUNK_BYTES - 1) / VGPU_CHUNK_BYTES;
	int err;

	if (ring->threads_count > READER_THREADS_MAX)
		threads_forget(ring);
	for (uint32_t i = first ? first : 1; i < ring->arena.allocated; i++) {
		struct reader_chunk *chunk = &ring->chunk[i];
		ssize_t n;

		if (chunk->header.kind == VGPU_CHUNK_STACKS && chunk->header.magic == VGPU_CHUNK_MAGIC)
			continue;
		n = reader_copy(ring, (uint64_t)i * VGPU_CHUNK_BYTES, &chunk->header,
				sizeof(chunk->header));
		if (n < 0)
			return (int)n;
		if (chunk->header.magic != VGPU_CHUNK_MAGIC)
			chunk->header.kind = VGPU_CHUNK_FREE;
	}
	/*
	 * The threads only now: where a thread has gone on to another chunk since that one's header was
	 * read, its records are left for the next poll. The other way round they would come before the
	 * last ones of the chunk that it was in.
	 */
	for (uint32_t i = first ? first : 1; i < ring->arena.allocated; i++) {
		if (ring->chunk[i].header.kind != VGPU_CHUNK_HEAD || ring->chunk[i].header.magic != VGPU_CHUNK_MAGIC)
			continue;
		err = head_read(ring, i);
		if (err)
			return err;
	}
	return 0;
}

/* Of the calls entered, those that are neither read nor under way nor counted as dropped. */
static uint64_t thread_missed(const struct reader_thread *thread)
{
	uint64_t entered = thread->ordinal > thread->highest ? thread->ordinal : thread->highest;
	uint64_t rest = thread->read;

	if (__builtin_add_overflow(rest, thread->in_progress, &rest) ||
	    __builtin_add_overflow(rest, thread->dropped, &rest) || rest >= entered)
		return 0;
	entered -= rest;
	return entered < thread->overwritten ? entered : thread->overwritten;
}

int vgpu_ring_thread(const struct vgpu_ring *ring, uint32_t index, struct vgpu_ring_thread *out)
{
	const struct reader_thread *thread;

	if (index >= ring->threads_count)
		return 0;
	thread = ring->threads[index];
	memset(out, 0, sizeof(*out));
	out->thread = thread->id;
	out->tid = thread->tid;
	memcpy(out->name, thread->name, sizeof(out->name) - 1);
	out->start = thread->start;
	out->end = thread->end;
	out->calls = thread->ordinal > thread->highest ? thread->ordinal : thread->highest;
	out->read = thread->read;
	out->dropped = thread->dropped;
	out->overwritten = thread->overwritten;
	out->unwound = thread->unwound;
	out->missed = thread_missed(thread);
	return 1;
}

void vgpu_ring_losses(const struct vgpu_ring *ring, struct vgpu_ring_losses *out)
{
	const struct vgpu_arena *arena = &ring->arena;

	memset(out, 0, sizeof(*out));
	for (uint32_t i = 0; i < ring->threads_count; i++) {
		const struct reader_thread *thread = ring->threads[i];

		/* Of a thread whose room was taken, all that was not read counts as recycled. */
		if (!thread->head)
			continue;
		out->dropped += thread->dropped;
		out->overwritten += thread_missed(thread);
	}
	out->refused = arena->calls_refused;
	out->threads_refused = arena->threads_refused;
	if (arena->records_recycled > ring->retired_read)
		out->recycled = arena->records_recycled - ring->retired_read;
	out->log_dropped = arena->log_dropped;
	out->stacks_dropped = arena->stacks_dropped;
}

int vgpu_ring_pending(const struct vgpu_ring *ring, uint32_t index, struct vgpu_ring_pending *out)
{
	const struct reader_pending *pending;

	if (index >= ring->pending_count)
		return 0;
	pending = &ring->pending[index];
	out->thread = pending->thread->id;
	out->tid = pending->thread->tid;
	out->thread_name = pending->thread->name;
	out->depth = pending->depth;
	out->call = &pending->slot;
	return 1;
}
