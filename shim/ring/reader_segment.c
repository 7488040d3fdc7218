// SPDX-License-Identifier: Apache-2.0
/* Copies records out of segments and the process log: only what is committed, and only once. */
#include "shim/ring/reader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "shim/ring/reader_state.h"

/*
 * A range is copied twice. A record that the first copy shows as committed was whole before the
 * second copy began, so words are believed from the first and bodies taken from the second. Then
 * the segment's generation is read again: when it changed, both copies are void. Of a segment that
 * the writer has left one copy is enough: all that was committed in it was whole before.
 */

/* One walk over [from, to) of a chunk; offsets are those of the chunk. */
struct walk {
	struct vgpu_ring *ring;
	struct reader_segment *segment;
	struct reader_thread *thread; /* NULL: the process log */
	uint32_t generation;
	uint32_t from, to;
	uint32_t light;       /* calls before this may be counted only */
	bool left;            /* by the writer */
	const uint8_t *words; /* the first copy */
	uint32_t at; /* where it ended: nothing beyond was read */
};

static struct vgpu_word word_at(const struct walk *walk, uint32_t at)
{
	struct vgpu_word word;

	memcpy(&word, walk->words + (at - walk->from), sizeof(word));
	return word;
}

/* The size of a record that was at least reserved, 0 where there is none. */
static uint32_t record_size(const struct walk *walk, uint32_t at)
{
	struct vgpu_word word = word_at(walk, at);
	uint32_t state = word.state & 15, size = word.size8 * 8u;

	if (!size || word.generation != walk->generation || size > walk->to - at ||
	    (state != VGPU_STATE_RESERVED && state != VGPU_STATE_COMMITTED))
		return 0;
	return size;
}

/*
 * Where records go on behind a room whose word was never written: a signal handler came between
 * the reservation and the word, and left by longjmp, or is still running, or was killed.
 */
static uint32_t resume(const struct walk *walk, uint32_t at)
{
	for (at += 8; at + sizeof(struct vgpu_word) <= walk->to; at += 8) {
		struct vgpu_word word = word_at(walk, at);

		if (!walk->thread) {
			/* The log was never used before: the hole is empty. */
			if (!word.size8 && !word.kind && !word.state)
				continue;
			return record_size(walk, at) ? at : 0;
		}
		if (word.kind == VGPU_KIND_CALL && record_size(walk, at) >= sizeof(struct vgpu_call_record))
			return at;
	}
	return 0;
}

static int take_call(struct walk *walk, const uint8_t *body, uint32_t size)
{
	struct vgpu_call_record call;

	if (size < sizeof(call))
		return 0;
	memcpy(&call, body, sizeof(call));
	if (call.nargs > VGPU_ARGS_MAX || sizeof(call) + call.nargs * 8u > size)
		return 0;
	if (!reader_ordinal_insert(walk->thread, call.ordinal))
		return 0;
	return reader_event_add(walk->ring, body, size, VGPU_KIND_CALL, walk->thread, call.enter);
}

static int take_log(struct walk *walk, const uint8_t *body, uint32_t size, uint32_t kind)
{
	static const uint32_t least[] = {
		[VGPU_KIND_LIBRARY] = sizeof(struct vgpu_library_record),
		[VGPU_KIND_TEXT] = sizeof(struct vgpu_text_record),
		[VGPU_KIND_GATE] = sizeof(struct vgpu_gate_record),
	};

	if (kind >= READER_KIND_LINK && kind <= READER_KIND_LINK_LAST && walk->ring->arena.observer == VGPU_OBSERVER_LINK)
		return reader_event_add(walk->ring, body, size, kind, NULL, 0);
	if (kind >= sizeof(least) / sizeof(*least) || !least[kind] || size < least[kind])
		return 0;
	return reader_event_add(walk->ring, body, size, kind, NULL, 0);
}

static void hole_add(struct walk *walk, uint32_t from, uint32_t to)
{
	struct reader_segment *segment = walk->segment;
	struct vgpu_word word = word_at(walk, from);
	struct reader_hole *hole;

	if (segment->holes == READER_HOLES_MAX)
		return;
	hole = &segment->hole[segment->holes++];
	hole->from = from;
	hole->to = to;
	memcpy(&hole->word, &word, sizeof(word));
}

/* The bytes of those from here on that are counted only. */
static uint32_t light(const struct walk *walk, uint32_t at)
{
	const struct reader_range range = {
		.words = walk->words + (at - walk->from),
		.bodies = walk->ring->bodies + (at - walk->from),
		.bytes = walk->to - at,
		.light = walk->light - at,
		.generation = walk->generation,
	};

	return reader_light(walk->ring, walk->thread, &range);
}

static int walk_records(struct walk *walk)
{
	uint32_t at = walk->from, size, next;
	struct vgpu_word word;
	int err = 0;

	while (!err && at + sizeof(word) <= walk->to) {
		const uint8_t *body;

		if (at < walk->light)
			at += light(walk, at);
		if (at + sizeof(word) > walk->to)
			break;
		body = walk->ring->bodies + (at - walk->from);
		word = word_at(walk, at);
		size = record_size(walk, at);
		if (!size) {
			next = resume(walk, at);
			if (!next)
				break;
			hole_add(walk, at, next);
			at = next;
			continue;
		}
		if ((word.state & 15) == VGPU_STATE_RESERVED)
			hole_add(walk, at, at + size);
		else if (word.state >> 4) /* a version to come */
			err = 0;
		else if (walk->thread)
			err = word.kind == VGPU_KIND_CALL ? take_call(walk, body, size) : 0;
		else
			err = take_log(walk, body, size, word.kind);
		at += size;
	}
	walk->at = at;
	return err;
}

/* Asked twice: one copy alone may have its two fields from two rounds. */
static bool still_left(struct vgpu_ring *ring, uint32_t chunk, uint32_t which, const struct vgpu_segment *segment)
{
	struct vgpu_segment now;

	if (segment->used > segment->end)
		return false;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (reader_copy(ring, (uint64_t)chunk * VGPU_CHUNK_BYTES + offsetof(struct vgpu_chunk, segment) +
			      which * sizeof(now), &now, sizeof(now)) != (ssize_t)sizeof(now))
		return false;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return now.generation == segment->generation && now.used == segment->used;
}

/* Copies [from, to) of a chunk, less what a file that was cut does not have any more. */
static int copy(struct walk *walk, uint32_t chunk)
{
	struct vgpu_ring *ring = walk->ring;
	uint64_t offset = (uint64_t)chunk * VGPU_CHUNK_BYTES + walk->from;
	ssize_t first = walk->to - walk->from, second;

	walk->words = walk->left ? ring->bodies : ring->words;
	if (!walk->left)
		first = reader_copy(ring, offset, ring->words, walk->to - walk->from);
	if (first < 0)
		return (int)first;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	second = reader_copy(ring, offset, ring->bodies, walk->to - walk->from);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (second < 0)
		return (int)second;
	walk->to = walk->from + (uint32_t)(first < second ? first : second);
	return 0;
}

/* Copies a range of a segment and walks it, when the segment is still the same. */
static int segment_walk(struct walk *walk, uint32_t chunk, uint32_t which)
{
	struct vgpu_segment now;
	ssize_t n;
	int err = copy(walk, chunk);

	walk->at = walk->from;
	if (err)
		return err;
	if (walk->thread) {
		n = reader_copy(walk->ring,
				(uint64_t)chunk * VGPU_CHUNK_BYTES + offsetof(struct vgpu_chunk, segment) +
					which * sizeof(now),
				&now, sizeof(now));
		if (n < 0)
			return (int)n;
		if (now.generation != walk->generation)
			return 0;
	}
	return walk_records(walk);
}

/* Looks again at the rooms that were reserved and not committed. */
static int holes_walk(struct walk *walk, uint32_t chunk, uint32_t which)
{
	struct reader_segment *segment = walk->segment;
	struct reader_hole holes[READER_HOLES_MAX];
	uint32_t count = segment->holes;
	uint64_t word;
	int err = 0;

	memcpy(holes, segment->hole, sizeof(holes));
	segment->holes = 0;
	for (uint32_t i = 0; i < count && !err; i++) {
		ssize_t n = reader_copy(walk->ring, (uint64_t)chunk * VGPU_CHUNK_BYTES + holes[i].from,
					&word, sizeof(word));

		if (n < 0)
			return (int)n;
		if (word == holes[i].word) {
			segment->hole[segment->holes++] = holes[i];
			continue;
		}
		walk->from = holes[i].from;
		walk->to = holes[i].to;
		err = segment_walk(walk, chunk, which);
		/* The rest of it is a hole still. */
		if (!err && walk->at < holes[i].to && segment->holes < READER_HOLES_MAX) {
			holes[i].from = walk->at;
			holes[i].word = 0;
			segment->hole[segment->holes++] = holes[i];
		}
	}
	return err;
}

/*
 * How far the writer had come in this segment when its thread's head was copied: what came later waits for
 * the next poll, or it would overtake what came before it in a segment that was copied earlier.
 */
static uint32_t segment_limit(const struct vgpu_segment *segment, const struct vgpu_thread *head,
			      uint32_t chunk, uint32_t which)
{
	uint32_t base = chunk * VGPU_CHUNK_BYTES;

	if (segment->order > head->order)
		return segment->start;
	for (unsigned i = 0; i < VGPU_CURSORS; i++) {
		const struct vgpu_cursor *cursor = &head->cursor[i];

		if (cursor->current == (chunk << 1 | which) && cursor->generation == segment->generation &&
		    cursor->limit > base && cursor->limit <= base + segment->end &&
		    cursor->offset >= base + segment->start && cursor->offset <= cursor->limit)
			return cursor->offset - base;
	}
	/* The writer had moved on, or was about to: as far as records go. */
	return segment->end;
}

static int segment_read(struct vgpu_ring *ring, uint32_t index, uint32_t which)
{
	struct reader_chunk *chunk = &ring->chunk[index];
	const struct vgpu_segment *segment = &chunk->header.segment[which];
	struct reader_segment *state = &chunk->segment[which];
	uint32_t owner = chunk->header.kind == VGPU_CHUNK_HEAD ? index : chunk->header.head;
	struct walk walk = { .ring = ring, .segment = state };
	const struct vgpu_thread *head;
	uint32_t limit;
	int err;

	if (!segment->order || !segment->generation || (segment->generation & 1) || !owner ||
	    owner >= ring->arena.allocated || ring->chunk[owner].header.kind != VGPU_CHUNK_HEAD)
		return 0;
	head = ring->chunk[owner].head;
	if (!head || head->state == VGPU_THREAD_NONE || !ring->chunk[owner].thread)
		return 0;
	if (segment->start < sizeof(struct vgpu_chunk) || segment->start % 8 ||
	    segment->end > VGPU_CHUNK_BYTES || segment->end <= segment->start)
		return 0;

	if (state->generation != segment->generation) {
		state->generation = segment->generation;
		state->at = segment->start;
		state->holes = 0;
		state->owner = ring->chunk[owner].thread;
	}
	if (!state->owner || !state->owner->head)
		return 0;
	walk.thread = state->owner;
	walk.generation = segment->generation;
	if (state->holes) {
		err = holes_walk(&walk, index, which);
		if (err)
			return err;
	}
	limit = segment_limit(segment, head, index, which);
	if (state->at < segment->start || state->at >= limit)
		return 0;
	walk.from = state->at;
	walk.to = limit;
	walk.left = limit == segment->end && still_left(ring, index, which, segment);
	if (ring->lightly)
		walk.light = walk.left ? limit : limit > ring->light->newest_bytes ? limit - ring->light->newest_bytes : 0;
	err = segment_walk(&walk, index, which);
	/* Nothing is added to a segment that the writer has left; what follows the last record was looked at. */
	state->at = !err && limit == segment->end && segment->used <= segment->end ? segment->end : walk.at;
	return err;
}

/* One of those to be read: a thread's in the order in which it wrote them, or each gap would be one in what was read. */
struct place {
	uint64_t order;
	uint32_t index, which;
};

static int place_order(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	if (x->order != y->order)
		return x->order < y->order ? -1 : 1;
	return x->index < y->index ? -1 : x->index > y->index;
}

int reader_segments_read(struct vgpu_ring *ring)
{
	struct place places[2 * VGPU_ARENA_CHUNKS];
	uint32_t count = 0;
	int err = 0;

	for (uint32_t i = 1; i < ring->arena.allocated; i++) {
		const struct reader_chunk *chunk = &ring->chunk[i];
		uint32_t kind = chunk->header.kind, segments = 0;

		if (kind == VGPU_CHUNK_HEAD)
			segments = chunk->head && chunk->head->state != VGPU_THREAD_NONE ? 2 : 0;
		else if (kind == VGPU_CHUNK_FIRST || kind == VGPU_CHUNK_LATEST || kind == VGPU_CHUNK_BULK)
			segments = 1;
		for (uint32_t which = 0; which < segments; which++)
			if (chunk->header.segment[which].order)
				places[count++] = (struct place){ chunk->header.segment[which].order, i, which };
	}
	qsort(places, count, sizeof(*places), place_order);
	for (uint32_t i = 0; i < count && !err; i++)
		err = segment_read(ring, places[i].index, places[i].which);
	return err;
}

int reader_log_read(struct vgpu_ring *ring)
{
	struct reader_segment *state = &ring->log;
	struct walk walk = { .ring = ring, .segment = state };
	int err;

	if (state->at < ring->arena.log_start)
		state->at = ring->arena.log_start;
	if (state->holes) {
		err = holes_walk(&walk, 0, 0);
		if (err)
			return err;
	}
	/* A log may be longer than a chunk, which is what can be copied at once. */
	while (state->at < ring->arena.log_offset) {
		uint32_t left = ring->arena.log_offset - state->at;

		walk.from = state->at;
		walk.to = walk.from + (left < VGPU_CHUNK_BYTES ? left : VGPU_CHUNK_BYTES);
		err = segment_walk(&walk, 0, 0);
		if (err || walk.at == state->at)
			return err;
		state->at = walk.at;
	}
	return 0;
}
