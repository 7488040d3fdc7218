// SPDX-License-Identifier: Apache-2.0
/* Calls with those they were made in. */
#include "tracer/model/nest.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

/* Recorded depths are 8 bits. */
#define LEVELS 260u

struct nest_thread {
	struct nest_thread *next;
	uint32_t process, number;
	uint64_t last_ns; /* end of the last outermost call */
	uint32_t count;
	struct vgpu_nest_call *calls[LEVELS]; /* open ones, outermost first; kept for the next */
};

struct vgpu_nest {
	const struct vgpu_nest_ops *ops;
	void *data;
	struct vgpu_tree *tree;
	struct nest_thread *threads;
	int error;
};

static void nest_call(void *data, const struct vgpu_event *event, enum vgpu_tree_mark mark);

int vgpu_nest_open(struct vgpu_nest **out, const struct vgpu_nest_ops *ops, void *data)
{
	struct vgpu_nest *nest = calloc(1, sizeof(*nest));

	if (!nest)
		return -ENOMEM;
	nest->ops = ops;
	nest->data = data;
	if (vgpu_tree_open(&nest->tree, nest_call, nest)) {
		free(nest);
		return -ENOMEM;
	}
	*out = nest;
	return 0;
}

static void thread_free(struct nest_thread *thread)
{
	for (unsigned i = 0; i < LEVELS; i++)
		free(thread->calls[i]);
	free(thread);
}

static struct nest_thread *thread_get(struct vgpu_nest *nest, uint32_t process, uint32_t number)
{
	struct nest_thread **at, *thread;

	for (at = &nest->threads; (thread = *at); at = &thread->next)
		if (thread->number == number && thread->process == process) {
			*at = thread->next;
			break;
		}
	if (!thread) {
		thread = calloc(1, sizeof(*thread));
		if (!thread)
			return NULL;
		thread->process = process;
		thread->number = number;
	}
	thread->next = nest->threads;
	nest->threads = thread;
	return thread;
}

/* Leaves what is open from a level on. */
static void leave(struct vgpu_nest *nest, struct nest_thread *thread, uint32_t level)
{
	while (thread->count > level) {
		struct vgpu_nest_call *call = thread->calls[--thread->count];
		int err = nest->ops->leave ? nest->ops->leave(nest->data, call) : 0;

		if (!nest->error)
			nest->error = err;
	}
}

void vgpu_nest_close(struct vgpu_nest *nest)
{
	if (!nest)
		return;
	for (struct nest_thread *thread = nest->threads, *next; thread; thread = next) {
		next = thread->next;
		leave(nest, thread, 0);
		thread_free(thread);
	}
	vgpu_tree_close(nest->tree);
	free(nest);
}

static uint64_t end_of(const struct vgpu_event *event)
{
	return event->time_ns + event->call.duration_ns < event->time_ns ? UINT64_MAX - 1
									 : event->time_ns + event->call.duration_ns;
}

/* Its place in time: within the parent, after the one before. */
static void place(struct nest_thread *thread, struct vgpu_nest_call *call, uint64_t start, uint64_t end)
{
	uint64_t *last = call->parent ? &call->parent->last_ns : &thread->last_ns;

	if (start < *last)
		start = *last;
	if (call->parent && start < call->parent->start_ns)
		start = call->parent->start_ns;
	if (call->parent && start > call->parent->end_ns)
		start = call->parent->end_ns;
	if (call->parent && end > call->parent->end_ns)
		end = call->parent->end_ns;
	if (end < start)
		end = start;
	call->start_ns = start;
	call->end_ns = end;
	if (end != UINT64_MAX) {
		*last = end;
		if (call->parent)
			call->parent->inner_ns += end - start;
	}
}

static void resume(struct vgpu_nest *nest, struct nest_thread *thread, const struct vgpu_event *event)
{
	for (uint32_t level = thread->count; level--;) {
		struct vgpu_nest_call *call = thread->calls[level];
		int err;

		if (call->ordinal != event->call.ordinal)
			continue;
		leave(nest, thread, level + 1);
		place(thread, call, call->start_ns, end_of(event) < call->last_ns ? call->last_ns : end_of(event));
		err = nest->ops->resume ? nest->ops->resume(nest->data, event, call) : 0;
		if (!nest->error)
			nest->error = err;
		leave(nest, thread, level);
		return;
	}
}

static void nest_call(void *data, const struct vgpu_event *event, enum vgpu_tree_mark mark)
{
	struct vgpu_nest *nest = data;
	struct nest_thread *thread = thread_get(nest, event->process, event->call.thread);
	struct vgpu_nest_call *call, *kept;
	uint32_t level;
	int err;

	if (!thread) {
		nest->error = -ENOMEM;
		return;
	}
	if (mark == VGPU_TREE_RESUMED) {
		resume(nest, thread, event);
		return;
	}
	for (level = thread->count; level; level--) {
		const struct vgpu_nest_call *outer = thread->calls[level - 1];

		/* Seen in flight once more. */
		if (outer->ordinal == event->call.ordinal && outer->end_ns == UINT64_MAX)
			return;
		if (outer->depth < event->call.depth && outer->end_ns >= event->time_ns)
			break;
	}
	leave(nest, thread, level);
	if (thread->count == LEVELS)
		return;
	kept = thread->calls[thread->count];
	call = kept ? kept : malloc(sizeof(*call));
	if (!call) {
		nest->error = -ENOMEM;
		return;
	}
	*call = (struct vgpu_nest_call){ .parent = level ? thread->calls[level - 1] : NULL, .number = event->number,
					 .ordinal = event->call.ordinal, .function = event->call.function,
					 .level = level, .depth = event->call.depth };
	thread->calls[thread->count++] = call;
	place(thread, call, event->time_ns, mark == VGPU_TREE_UNFINISHED ? UINT64_MAX : end_of(event));
	call->last_ns = call->start_ns;
	err = nest->ops->enter ? nest->ops->enter(nest->data, event, mark, call) : 0;
	if (!nest->error)
		nest->error = err;
}

static void end_process(struct vgpu_nest *nest, uint32_t process)
{
	vgpu_tree_end(nest->tree, process);
	for (struct nest_thread **at = &nest->threads; *at;) {
		struct nest_thread *thread = *at;

		if (process && thread->process != process) {
			at = &thread->next;
			continue;
		}
		leave(nest, thread, 0);
		*at = thread->next;
		thread_free(thread);
	}
}

int vgpu_nest_event(struct vgpu_nest *nest, const struct vgpu_event *event)
{
	int err = 0;

	switch (event->kind) {
	case VGPU_EVENT_CALL:
	case VGPU_EVENT_PENDING:
		err = vgpu_tree_add(nest->tree, event);
		break;
	case VGPU_EVENT_EXIT:
	case VGPU_EVENT_EXEC:
		end_process(nest, event->process);
		break;
	}
	return nest->error ? nest->error : err;
}

int vgpu_nest_end(struct vgpu_nest *nest)
{
	end_process(nest, 0);
	return nest->error;
}
