// SPDX-License-Identifier: Apache-2.0
/* Calls that are counted instead of handed out, each with those that it made. */
#include "shim/ring/reader.h"

#include <string.h>

#include "shim/ring/reader_state.h"

/* A call that made more others is handed out. */
#define TOGETHER_MAX 16u

struct light_call {
	const struct vgpu_call_record *call;
	uint32_t bytes;
};

void vgpu_ring_lighten(struct vgpu_ring *ring, const struct vgpu_ring_light *light)
{
	ring->light = light;
}

bool reader_light_due(const struct vgpu_ring *ring)
{
	uint64_t calls = 0;

	if (!ring->light)
		return false;
	for (uint32_t i = 0; i < ring->threads_count && calls < ring->light->least; i++) {
		const struct reader_thread *thread = ring->threads[i];

		if (thread->head && thread->ordinal > thread->highest)
			calls += thread->ordinal - thread->highest;
	}
	return calls >= ring->light->least;
}

/* false: there is no whole call. */
static bool take(const struct reader_range *range, uint32_t at, struct light_call *out)
{
	struct vgpu_word word;

	if (at + sizeof(*out->call) > range->bytes)
		return false;
	memcpy(&word, range->words + at, sizeof(word));
	out->bytes = word.size8 * 8u;
	out->call = (const void *)(range->bodies + at);
	return word.generation == range->generation && word.kind == VGPU_KIND_CALL &&
	       word.state == VGPU_STATE_COMMITTED && out->bytes >= sizeof(*out->call) &&
	       out->bytes <= range->bytes - at && out->call->nargs <= VGPU_ARGS_MAX &&
	       sizeof(*out->call) + out->call->nargs * 8u <= out->bytes;
}

/*
 * A call's record follows those of the calls that it made. It was entered before them, so its ordinal is
 * the one after the last that was read, and theirs are the next ones: else one is missing. 0: not so.
 */
static uint32_t take_together(const struct reader_range *range, uint32_t at, uint64_t ordinal,
			      struct light_call *calls)
{
	uint32_t count = 0, found = 0;

	do {
		if (count == TOGETHER_MAX || !take(range, at, &calls[count]))
			return 0;
		at += calls[count].bytes;
	} while (calls[count++].call->depth);
	if (calls[count - 1].call->ordinal != ordinal)
		return 0;
	for (uint32_t i = 0; i + 1 < count; i++) {
		uint64_t place = calls[i].call->ordinal - ordinal - 1;

		if (place >= count - 1 || (found & 1u << place))
			return 0;
		found |= 1u << place;
	}
	return count;
}

uint32_t reader_light(struct vgpu_ring *ring, struct reader_thread *thread,
		      const struct reader_range *range)
{
	const struct vgpu_ring_light *light = ring->light;
	struct reader_span *last =
	    thread->spans_count ? &thread->spans[thread->spans_count - 1] : NULL;
	struct light_call calls[TOGETHER_MAX];
	uint32_t at = 0;

	while (last && at < range->light && last->to < UINT64_MAX - TOGETHER_MAX) {
		uint32_t count = take_together(range, at, last->to, calls);
		bool like = count;

		/* Each is asked for, whatever was said of another: all of them will be handed out. */
		for (uint32_t i = 0; i < count; i++)
			like &= light->like(light->data, thread->id, calls[i].call, calls[i].bytes);
		if (!like)
			break;
		for (uint32_t i = 0; i < count; i++) {
			light->count(light->data, thread->id, calls[i].call, calls[i].bytes);
			at += calls[i].bytes;
		}
		last->to += count;
		thread->read += count;
		thread->highest = last->to;
	}
	return at;
}
