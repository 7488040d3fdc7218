// SPDX-License-Identifier: Apache-2.0
/* Calls of a ring that are like one that was emitted: told from those that are news. */
#include "tracer/source/alike.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* So many at once are more than anybody reads line by line. */
#define MANY 512u
/* The latest of them are whole in any case: they are on the screen. */
#define LATEST 64u
#define PLACES 256u /* a power of two */
#define ARGS 8u
#define BYTES 64u
/* So far ahead the next call of a thread is looked for. */
#define AHEAD 16u

/* The last of a function's calls in one ring that was emitted. */
struct like {
	const struct vgpu_ring_state *state; /* NULL: none */
	uint32_t function;
	uint16_t flags;
	uint8_t nargs, bytes;
	bool wanted;
	uint64_t args[ARGS];
	uint8_t blobs[BYTES];
};

struct vgpu_likes {
	struct like like[PLACES];
};

int vgpu_likes_open(struct vgpu_likes **out)
{
	*out = calloc(1, sizeof(**out));
	return *out ? 0 : -ENOMEM;
}

void vgpu_likes_close(struct vgpu_likes *likes)
{
	free(likes);
}

static struct like *place_of(struct vgpu_likes *likes, const struct vgpu_ring_item *item)
{
	return &likes->like[((uintptr_t)item->state / 64 +
			     item->event.call->function * 2654435761u) >>
				7 &
			    (PLACES - 1)];
}

static void remember(struct like *like, const struct vgpu_ring_item *item,
		     const struct vgpu_alike *alike)
{
	const struct vgpu_call_record *call = item->event.call;

	like->state = NULL;
	if (call->result || call->nargs > ARGS || item->event.blob_bytes > BYTES)
		return;
	*like = (struct like){ .state = item->state,
			       .function = call->function,
			       .flags = call->flags,
			       .nargs = call->nargs,
			       .bytes = item->event.blob_bytes,
			       .wanted = alike->wanted(alike->data, call->function) };
	memcpy(like->args, item->event.args, call->nargs * sizeof(*like->args));
	memcpy(like->blobs, item->event.blobs, item->event.blob_bytes);
}

/* What gave nothing back told nothing beyond its success: then other arguments are no news either. */
static bool is_like(const struct like *like, const struct vgpu_ring_item *item)
{
	const struct vgpu_call_record *call = item->event.call;

	return like->state == item->state && like->function == call->function && like->wanted &&
	       !call->result && !call->depth && like->flags == call->flags &&
	       like->bytes == item->event.blob_bytes &&
	       /* One that was reported as running has to be reported as done. */
	       item->key_ns == item->time.monotonic_ns &&
	       (!like->bytes ||
		(like->nargs == call->nargs &&
		 !memcmp(like->args, item->event.args, call->nargs * sizeof(*like->args)) &&
		 !memcmp(like->blobs, item->event.blobs, like->bytes)));
}

/* It called no other, as far as that can be seen cheaply. */
static bool is_leaf(const struct vgpu_ring_item *items, size_t at, size_t count)
{
	for (size_t i = at + 1; i < count && i <= at + AHEAD; i++)
		if (items[i].state == items[at].state &&
		    items[i].event.thread == items[at].event.thread)
			return items[i].event.kind == VGPU_KIND_CALL && !items[i].event.call->depth;
	return false;
}

uint64_t vgpu_likes_emit(struct vgpu_likes *likes, const struct vgpu_ring_item *items, size_t count,
			 uint32_t *threads, struct vgpu_stream *stream)
{
	const struct vgpu_alike *alike = count > MANY ? stream->alike : NULL;
	uint64_t calls = 0;
	bool any = false;

	if (alike)
		memset(likes, 0, sizeof(*likes)); /* what is wanted may be another by now */
	for (size_t i = 0; i < count; i++) {
		const struct vgpu_ring_item *item = &items[i];
		bool call = item->event.kind == VGPU_KIND_CALL;
		struct like *like = call && alike ? place_of(likes, item) : NULL;

		calls += call;
		if (like && i + LATEST < count && is_like(like, item) && is_leaf(items, i, count)) {
			alike->call(alike->data, item->state->process, item->event.call->function,
				    item->time.monotonic_ns, vgpu_ring_item_duration(item));
			any = true;
			continue;
		}
		if (like)
			remember(like, item, alike);
		vgpu_ring_emit_item(item, threads, stream);
	}
	if (any)
		alike->done(alike->data);
	return calls;
}
