// SPDX-License-Identifier: Apache-2.0
/* Ring records as events. */
#include "tracer/source/ring_events.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tracer/source/alike.h"
#include "tracer/source/link.h"

static uint64_t counter_of(const struct vgpu_ring_event *event)
{
	switch (event->kind) {
	case VGPU_KIND_CALL:
		return event->call->enter;
	case VGPU_KIND_LIBRARY:
		return event->library->counter;
	case VGPU_KIND_TEXT:
		return event->text->counter;
	case VGPU_KIND_GATE:
		return event->gate->counter;
	}
	return 0;
}

/*
 * A long call's length is the distance of its ends on the stream's clock: scaled by itself it would
 * differ by as much as the anchors correct, and what it called last would seem to come after it.
 */
uint64_t vgpu_ring_item_duration(const struct vgpu_ring_item *item)
{
	const struct vgpu_call_record *call = item->event.call;
	uint64_t duration = vgpu_ring_duration_ns(item->state->ring, call->enter, call->leave);
	struct vgpu_ring_time leave;

	if (duration < 10000 || vgpu_ring_time(item->state->ring, call->leave, &leave) ||
	    leave.monotonic_ns < item->time.monotonic_ns)
		return duration;
	return leave.monotonic_ns - item->time.monotonic_ns;
}

void vgpu_ring_item_time(struct vgpu_ring_item *item)
{
	if (vgpu_link_is_item(item)) {
		vgpu_link_item_time(item);
		return;
	}
	if (vgpu_ring_monotonic(item->state->ring, counter_of(&item->event), &item->time))
		item->time.monotonic_ns = vgpu_now_ns();
	item->key_ns = item->time.monotonic_ns;
	if (item->event.kind != VGPU_KIND_CALL)
		return;
	/* One that was reported as running ends after all that it called. */
	for (uint32_t i = 0; i < item->state->thread_count; i++)
		if (item->state->threads[i].ring_thread == item->event.thread &&
		    item->event.call->ordinal < item->state->threads[i].pending_upto)
			item->key_ns += vgpu_ring_item_duration(item);
}

void vgpu_ring_libraries_first(struct vgpu_ring_item *items, size_t count)
{
	for (size_t i = 0; i < count && items[i].event.kind != VGPU_KIND_CALL; i++)
		for (size_t k = i + 1; k < count && items[i].event.kind == VGPU_KIND_LIBRARY; k++)
			if (items[k].event.kind == VGPU_KIND_CALL && items[k].key_ns < items[i].key_ns)
				items[i].key_ns = items[k].key_ns;
}

static struct vgpu_ring_thread_state *thread_get(struct vgpu_ring_state *state, uint32_t thread, uint32_t *threads)
{
	struct vgpu_ring_thread_state *grown;

	for (uint32_t i = state->thread_count; i--;)
		if (state->threads[i].ring_thread == thread)
			return &state->threads[i];
	/* Doubling: the room is always the next power of two. */
	if (!(state->thread_count & (state->thread_count - 1))) {
		size_t room = state->thread_count ? (size_t)state->thread_count * 2 : 1;

		grown = realloc(state->threads, room * sizeof(*grown));
		if (!grown)
			return NULL;
		state->threads = grown;
	}
	grown = &state->threads[state->thread_count++];
	*grown = (struct vgpu_ring_thread_state){ .ring_thread = thread, .number = ++*threads };
	return grown;
}

void vgpu_ring_emit_found(struct vgpu_ring_state *state, struct vgpu_stream *stream)
{
	const struct vgpu_arena *arena = vgpu_ring_arena(state->ring);
	uint64_t errors[4];
	struct vgpu_event event = {
		.kind = VGPU_EVENT_RING,
		.observer = state->observer == VGPU_OBSERVER_LINK ? VGPU_OBSERVER_LINK : VGPU_OBSERVER_RING,
		.process = state->process,
		.ring = {
			.path = state->path,
			.session = arena->session[0] ? arena->session : NULL,
			.place = arena->place,
			.counter = arena->counter,
			.core_abi = arena->core_abi,
			.instance = arena->process.instance,
			.forked_from = arena->forked_from,
			.place_errno = { errors, 4 },
		},
	};
	struct vgpu_ring_time time;

	for (int i = 0; i < 4; i++)
		errors[i] = arena->place_errno[i];
	if (!vgpu_ring_time(state->ring, arena->anchor[0].counter, &time))
		event.time_ns = time.monotonic_ns;
	state->number = vgpu_stream_emit(stream, &event);
}

static void emit_call(const struct vgpu_ring_item *item, struct vgpu_event *event, uint32_t *threads,
		      struct vgpu_stream *stream)
{
	const struct vgpu_call_record *call = item->event.call;
	struct vgpu_ring_thread_state *thread = thread_get(item->state, item->event.thread, threads);
	const struct vgpu_blob *blob;
	uint32_t offset, count = 0;
	size_t at = 0;

	event->kind = VGPU_EVENT_CALL;
	event->call = (struct vgpu_event_call){
		.function = call->function,
		.flags = call->flags,
		.depth = call->depth,
		.thread = thread ? thread->number : 0,
		.thread_name = item->event.thread_name,
		.ordinal = call->ordinal,
		.duration_ns = vgpu_ring_item_duration(item),
		.caller = call->caller,
		.sp = call->sp,
		.result = call->result,
		.args = { item->event.args, call->nargs },
		.blobs = { item->event.blobs, item->event.blob_bytes },
	};
	while ((blob = vgpu_ring_blob(&item->event, &at)))
		if (blob->param == VGPU_BLOB_STACK && blob->size == sizeof(offset)) {
			memcpy(&offset, blob + 1, sizeof(offset));
			event->call.stack.words = vgpu_ring_stack(item->state->ring, offset, &count);
			event->call.stack.count = event->call.stack.words ? count : 0;
		}
	vgpu_stream_emit(stream, event);
}

/* A session's links are gone when somebody reads this: name the library itself. */
static const char *real_path(const char *path, char *room)
{
	struct stat st;

	return !lstat(path, &st) && S_ISLNK(st.st_mode) && realpath(path, room) ? room : path;
}

void vgpu_ring_emit_item(const struct vgpu_ring_item *item, uint32_t *threads, struct vgpu_stream *stream)
{
	struct vgpu_event event = {
		.observer = VGPU_OBSERVER_RING,
		.process = item->state->process,
		.tid = item->event.tid,
		.time_ns = item->time.monotonic_ns,
		.time_error_ns = item->time.error_ns,
	};
	const struct vgpu_library_record *library;
	char backend[sizeof(library->backend) + 1], path[PATH_MAX];

	if (vgpu_link_is_item(item)) {
		vgpu_link_emit_item(item, stream);
		return;
	}
	switch (item->event.kind) {
	case VGPU_KIND_CALL:
		emit_call(item, &event, threads, stream);
		return;
	case VGPU_KIND_LIBRARY:
		library = item->event.library;
		memcpy(backend, library->backend, sizeof(library->backend));
		backend[sizeof(backend) - 1] = '\0';
		event.kind = VGPU_EVENT_LIBRARY;
		event.library = (struct vgpu_event_library){
			.library = library->library,
			.functions = library->functions,
			.schema_hash = library->schema_hash,
			.base = library->base,
			.backend = backend,
			.path = real_path(library->path, path),
			.build_id = { library->build_id, library->build_id_size <= 20 ? library->build_id_size : 0 },
		};
		break;
	case VGPU_KIND_TEXT:
		event.kind = VGPU_EVENT_TEXT;
		event.text = (struct vgpu_event_text){
			.level = item->event.text->level,
			.text = item->event.text->text,
		};
		break;
	case VGPU_KIND_GATE:
		event.kind = VGPU_EVENT_GATE;
		event.gate = (struct vgpu_event_gate){
			.function = item->event.gate->function,
			.result = item->event.gate->result,
			.reason = item->event.gate->reason,
		};
		break;
	default:
		return; /* a newer shim's: skipped, as layout.h has it */
	}
	vgpu_stream_emit(stream, &event);
}

void vgpu_ring_emit_pending(struct vgpu_ring_state *state, uint64_t older_ns, bool gone, uint32_t *threads,
			    struct vgpu_stream *stream)
{
	struct vgpu_ring_pending pending;
	uint64_t now = vgpu_now_ns();

	for (uint32_t i = 0; vgpu_ring_pending(state->ring, i, &pending) == 1; i++) {
		const struct vgpu_inflight *call = pending.call;
		struct vgpu_ring_thread_state *thread = thread_get(state, pending.thread, threads);
		struct vgpu_ring_time time;
		struct vgpu_event event;
		uint64_t age;

		if (!thread || vgpu_ring_time(state->ring, call->enter, &time))
			continue;
		age = now > time.monotonic_ns ? now - time.monotonic_ns : 0;
		/* Each is said once while it runs, and once more when it turns out to be the last. */
		if (!gone && (age < older_ns || call->ordinal < thread->pending_upto))
			continue;
		if (call->ordinal >= thread->pending_upto)
			thread->pending_upto = call->ordinal + 1;
		event = (struct vgpu_event){
			.kind = VGPU_EVENT_PENDING,
			.observer = VGPU_OBSERVER_RING,
			.process = state->process,
			.tid = pending.tid,
			.time_ns = time.monotonic_ns,
			.time_error_ns = time.error_ns,
			.call = {
				.function = call->function,
				.flags = call->flags,
				.depth = pending.depth > 255 ? 255 : pending.depth,
				.ended = gone,
				.thread = thread->number,
				.thread_name = pending.thread_name,
				.ordinal = call->ordinal,
				.duration_ns = age,
				.caller = call->caller,
				.sp = call->sp,
				.text = call->text_param != 0xff ? call->text : NULL,
				.text_param = call->text_param,
				.args = { call->args,
					  call->nargs <= VGPU_ARGS_MAX ? call->nargs : VGPU_ARGS_MAX },
			},
		};
		vgpu_stream_emit(stream, &event);
	}
}

void vgpu_ring_emit_losses(const struct vgpu_ring_state *state, struct vgpu_stream *stream)
{
	struct vgpu_ring_losses losses;
	struct vgpu_ring_thread thread;
	struct vgpu_event event = {
		.kind = VGPU_EVENT_LOSS,
		.observer = state->link ? VGPU_OBSERVER_LINK : VGPU_OBSERVER_RING,
		.process = state->process,
	};

	vgpu_ring_losses(state->ring, &losses);
	event.loss = (struct vgpu_event_loss){
		.ring = state->number,
		.dropped = losses.dropped,
		.overwritten = losses.overwritten,
		.refused = losses.refused,
		.threads_refused = losses.threads_refused,
		.recycled = losses.recycled,
		.log_dropped = losses.log_dropped,
		.stacks_dropped = losses.stacks_dropped,
		.grow_errno = vgpu_ring_arena(state->ring)->grow_errno,
	};
	for (uint32_t i = 0; vgpu_ring_thread(state->ring, i, &thread) == 1; i++)
		event.loss.unwound += thread.unwound;
	vgpu_stream_emit(stream, &event);
}
