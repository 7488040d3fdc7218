// SPDX-License-Identifier: Apache-2.0
/* The events of one poll: kept, put in the order of entry, handed out. */
#include "shim/ring/reader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "shim/ring/reader_state.h"

/* A poll cannot find more than this, whatever the ring says: each byte of an arena is taken once. */
#define DATA_MAX ((size_t)2 * VGPU_ARENA_CHUNKS * VGPU_CHUNK_BYTES)
/* Behind each record: strings at its end are terminated, whatever it says. */
#define TERMINATOR 8u

int reader_event_add(struct vgpu_ring *ring, const uint8_t *body, uint32_t size, uint32_t kind,
		     struct reader_thread *thread, uint64_t key)
{
	size_t need = ring->data_size + size + TERMINATOR;
	int err;

	if (need > DATA_MAX)
		return -EOVERFLOW;
	if (need > ring->data_room) {
		size_t room = ring->data_room ? ring->data_room * 2 : VGPU_CHUNK_BYTES;
		uint8_t *grown;

		while (room < need)
			room *= 2;
		grown = realloc(ring->data, room);
		if (!grown)
			return -ENOMEM;
		ring->data = grown;
		ring->data_room = room;
	}
	err = reader_grow((void **)&ring->events, &ring->events_room, ring->events_count + 1,
			  sizeof(*ring->events));
	if (err)
		return err;
	memcpy(ring->data + ring->data_size, body, size);
	memset(ring->data + ring->data_size + size, 0, TERMINATOR);
	ring->events[ring->events_count] = (struct reader_event){
		.key = key,
		.order = ring->events_count,
		.offset = (uint32_t)ring->data_size,
		.size = size,
		.kind = kind,
		.thread = thread,
	};
	ring->events_count++;
	ring->data_size = need;
	return 0;
}

/* The process log's first, in its own order; a call before those that it made. */
static bool before(const struct reader_event *x, const struct reader_event *y)
{
	if (!x->thread != !y->thread)
		return !x->thread;
	if (x->key != y->key)
		return x->key < y->key;
	return x->order < y->order;
}

static int compare(const void *a, const void *b)
{
	return before(a, b) ? -1 : 1;
}

/* Past the end of what is in order from `at` on. */
static uint32_t run_end(const struct reader_event *events, uint32_t at, uint32_t count)
{
	for (at++; at < count && before(&events[at - 1], &events[at]);)
		at++;
	return at;
}

/* Neighbouring runs are merged, until there is one. Each segment is about one: a sort from nothing takes five times as long. */
void reader_events_sort(struct vgpu_ring *ring)
{
	uint32_t count = ring->events_count;

	while (count && run_end(ring->events, 0, count) < count) {
		struct reader_event *from = ring->events, *to;
		uint32_t room = ring->events_room;

		if (reader_grow((void **)&ring->spare, &ring->spare_room, count,
				sizeof(*ring->spare))) {
			qsort(from, count, sizeof(*from), compare);
			return;
		}
		to = ring->spare;
		for (uint32_t a = 0, b, middle, end; a < count; a = end) {
			middle = run_end(from, a, count);
			end = middle < count ? run_end(from, middle, count) : count;
			for (b = middle; a < middle || b < end;)
				*to++ = b == end || (a < middle && before(&from[a], &from[b]))
					    ? from[a++]
					    : from[b++];
		}
		ring->events = ring->spare;
		ring->spare = from;
		ring->events_room = ring->spare_room;
		ring->spare_room = room;
	}
}

static size_t text_at(const struct vgpu_ring_event *event)
{
	switch (event->kind) {
	case VGPU_KIND_LIBRARY:
		return offsetof(struct vgpu_library_record, path);
	case VGPU_KIND_TEXT:
		return offsetof(struct vgpu_text_record, text);
	case VGPU_KIND_GATE:
		return offsetof(struct vgpu_gate_record, reason);
	default:
		return 0;
	}
}

int vgpu_ring_next(struct vgpu_ring *ring, struct vgpu_ring_event *event)
{
	const struct reader_event *from;
	const uint8_t *data;

	memset(event, 0, sizeof(*event));
	if (ring->events_next >= ring->events_count)
		return 0;
	from = &ring->events[ring->events_next++];
	data = ring->data + from->offset;
	event->kind = from->kind;
	event->record_bytes = from->size;
	event->thread_name = "";
	if (from->thread) {
		event->thread = from->thread->id;
		event->tid = from->thread->tid;
		event->thread_name = from->thread->name;
		event->call = (const void *)data;
		event->args = (const void *)(data + sizeof(*event->call));
		event->blobs = data + sizeof(*event->call) + event->call->nargs * 8u;
		event->blob_bytes = from->size - sizeof(*event->call) - event->call->nargs * 8u;
	} else {
		size_t at = text_at(event);
		struct vgpu_word word;

		event->text = (const void *)data;
		event->text_bytes = at ? strnlen((const char *)data + at, from->size - at) : 0;
		/* The size was believed from another copy than the bytes. */
		memcpy(&word, data, sizeof(word));
		word.size8 = (uint16_t)(from->size / 8);
		memcpy(ring->data + from->offset, &word, sizeof(word));
	}
	return 1;
}

const struct vgpu_blob *vgpu_ring_blob(const struct vgpu_ring_event *event, size_t *at)
{
	const struct vgpu_blob *blob;
	size_t left;

	if (*at % 8 || *at >= event->blob_bytes)
		return NULL;
	left = event->blob_bytes - *at;
	if (left < sizeof(*blob))
		return NULL;
	blob = (const void *)(event->blobs + *at);
	left -= sizeof(*blob);
	if (blob->size > VGPU_BLOB_MAX || ((blob->size + 7u) & ~7u) > left)
		return NULL;
	*at += sizeof(*blob) + ((blob->size + 7u) & ~7u);
	return blob;
}
