// SPDX-License-Identifier: Apache-2.0
/* Calls of a ring that are like one that was emitted: told from those that are news, and counted. */
#include "tracer/source/alike.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "shim/api/schema.h"
#include "tracer/model/call.h"

/* So many at once are more than anybody reads line by line. */
#define MANY 512u
/* So often each is emitted once more, and the newest of each thread whole, for they are on the screen. */
#define AGAIN_NS UINT64_C(100000000)
#define NEWEST_BYTES 6144u
#define PLACES 256u /* a power of two */
#define ARGS 8u
#define BYTES 64u

/* The last of a function's calls in one ring that was emitted. */
struct like {
	const struct vgpu_ring_state *state; /* NULL: none */
	uint64_t again;                      /* as struct vgpu_likes has it */
	uint64_t poll;                       /* in which somebody was asked whether it is wanted */
	uint32_t function;
	uint16_t flags;
	uint8_t nargs, depth, bytes;
	bool wanted;
	bool answers; /* something came back beside the result */
	uint64_t result;
	uint64_t args[ARGS];
	uint8_t blobs[BYTES];
};

struct vgpu_likes {
	struct vgpu_ring_light light;
	struct like like[PLACES];
	uint64_t again, again_ns; /* how often all was forgotten; when next */
	uint64_t poll, counted;
	/* the ring being polled */
	const struct vgpu_ring_state *state;
	const struct vgpu_alike *alike;
	uint32_t thread;       /* asked for last; 0: none */
	uint64_t pending_upto; /* its */
	/* a counter there, its time, and what a unit is worth */
	uint64_t counter, ns;
	double tick_ns;
};

/* One that was reported as running has to be reported as done. */
static uint64_t pending_upto(struct vgpu_likes *likes, uint32_t thread)
{
	if (likes->thread == thread)
		return likes->pending_upto;
	likes->thread = thread;
	likes->pending_upto = 0;
	for (uint32_t i = 0; i < likes->state->thread_count; i++)
		if (likes->state->threads[i].ring_thread == thread)
			likes->pending_upto = likes->state->threads[i].pending_upto;
	return likes->pending_upto;
}

static bool answers(const uint8_t *blobs, size_t bytes)
{
	struct vgpu_ring_event event = { .blobs = blobs, .blob_bytes = bytes };
	const struct vgpu_blob *blob;
	size_t at = 0;

	while ((blob = vgpu_ring_blob(&event, &at)))
		if ((blob->flags & (VGPU_BLOB_IN | VGPU_BLOB_OUT)) != VGPU_BLOB_IN &&
		    blob->param != VGPU_BLOB_STACK)
			return true;
	return at < bytes;
}

static void remember(struct vgpu_likes *likes, struct like *like,
		     const struct vgpu_call_record *call, const uint64_t *args,
		     const uint8_t *blobs, size_t bytes)
{
	const struct vgpu_function *function = vgpu_function_find(call->function);
	struct vgpu_event_call asked = { .function = call->function,
					 .result = call->result,
					 .flags = call->flags };

	like->state = NULL;
	/* Registrations have lines of their own. */
	if (vgpu_call_failed(&asked) || call->nargs > ARGS || bytes > BYTES || !function ||
	    (function->flags & VGPU_FUNCTION_BULK))
		return;
	*like = (struct like){ .state = likes->state,
			       .again = likes->again,
			       .poll = likes->poll,
			       .function = call->function,
			       .flags = call->flags,
			       .nargs = call->nargs,
			       .depth = call->depth,
			       .bytes = (uint8_t)bytes,
			       .wanted = likes->alike->wanted(likes->alike->data, call->function),
			       .answers = answers(blobs, bytes),
			       .result = call->result };
	memcpy(like->args, args, call->nargs * sizeof(*args));
	memcpy(like->blobs, blobs, bytes);
}

static bool on_like(void *data, uint32_t thread, const struct vgpu_call_record *call, size_t size)
{
	struct vgpu_likes *likes = data;
	const uint64_t *args = (const void *)(call + 1);
	const uint8_t *blobs = (const uint8_t *)(args + call->nargs);
	size_t bytes = size - sizeof(*call) - call->nargs * sizeof(*args);
	struct like *like = &likes->like[((uintptr_t)likes->state / 64 +
					  call->function * 2654435761u + call->depth * 40503u) >>
					     7 &
					 (PLACES - 1)];
	bool same = like->state == likes->state && like->function == call->function &&
		    like->depth == call->depth && like->again == likes->again &&
		    like->result == call->result && like->flags == call->flags;

	/* What gave nothing back told nothing beyond its success: then other arguments are no news either. */
	if (same && like->answers)
		same = like->nargs == call->nargs && like->bytes == bytes &&
		       !memcmp(like->args, args, call->nargs * sizeof(*args)) &&
		       !memcmp(like->blobs, blobs, bytes);
	else if (same)
		same = !answers(blobs, bytes);
	if (!same) {
		remember(likes, like, call, args, blobs, bytes);
		return false;
	}
	if (like->poll != likes->poll) {
		like->poll = likes->poll;
		like->wanted = likes->alike->wanted(likes->alike->data, call->function);
	}
	return like->wanted && call->ordinal >= pending_upto(likes, thread);
}

/* To a fraction of a ns as vgpu_ring_monotonic and vgpu_ring_duration_ns have it: near enough for being counted. */
static void on_count(void *data, uint32_t thread, const struct vgpu_call_record *call, size_t size)
{
	struct vgpu_likes *likes = data;
	uint64_t took = call->leave > call->enter ? call->leave - call->enter : 0;
	double duration, since;
	struct vgpu_ring_time time;

	(void)thread;
	(void)size;
	if (!likes->counter || call->enter < likes->counter) {
		if (vgpu_ring_monotonic(likes->state->ring, call->enter, &time))
			time.monotonic_ns = vgpu_now_ns();
		likes->counter = call->enter;
		likes->ns = time.monotonic_ns;
		likes->tick_ns = vgpu_ring_tick_ns(likes->state->ring, call->enter);
	}
	duration = (double)took * likes->tick_ns;
	since = (double)(call->enter - likes->counter) * likes->tick_ns;
	likes->alike->call(likes->alike->data, likes->state->process, call->function, call->depth,
			   likes->ns + (uint64_t)(since < 1e18 ? since : 1e18),
			   (uint64_t)(duration < 1e18 ? duration + 0.5 : 1e18));
	likes->counted++;
}

int vgpu_likes_open(struct vgpu_likes **out)
{
	*out = calloc(1, sizeof(**out));
	if (!*out)
		return -ENOMEM;
	(*out)->light = (struct vgpu_ring_light){
		.like = on_like, .count = on_count, .data = *out, .least = MANY
	};
	return 0;
}

void vgpu_likes_close(struct vgpu_likes *likes)
{
	free(likes);
}

void vgpu_likes_start(struct vgpu_likes *likes)
{
	uint64_t now = vgpu_now_ns();

	likes->poll++;
	likes->counted = 0;
	likes->light.newest_bytes = 0;
	if (now < likes->again_ns)
		return;
	likes->again_ns = now + AGAIN_NS;
	likes->again++;
	likes->light.newest_bytes = NEWEST_BYTES;
}

void vgpu_likes_lighten(struct vgpu_likes *likes, const struct vgpu_ring_state *state,
			const struct vgpu_alike *alike)
{
	likes->state = state;
	likes->alike = alike;
	likes->thread = 0;
	likes->counter = 0;
	vgpu_ring_lighten(state->ring, alike && !state->link ? &likes->light : NULL);
}

uint64_t vgpu_likes_end(struct vgpu_likes *likes, const struct vgpu_alike *alike)
{
	if (likes->counted)
		alike->done(alike->data);
	return likes->counted;
}
