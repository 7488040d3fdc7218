// SPDX-License-Identifier: Apache-2.0
/* Puts calls back into the order a person reads. */
#include "tracer/model/tree.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "tracer/model/copy.h"

/* Inner calls held back for one outer call; more than this and the outer one is not waited for. */
#define HELD_MAX 8192u
#define OPEN_MAX 64u

struct open_call {
	uint64_t ordinal;
	uint32_t depth;
};

struct tree_thread {
	struct tree_thread *next;
	uint32_t number;
	uint32_t process;
	struct vgpu_event **held;
	uint32_t count, room;
	struct open_call open[OPEN_MAX]; /* handed out as unfinished, outermost first */
	uint32_t open_count;
	uint64_t end_ns; /* of the last whole call at the base: what began before that is inside it */
};

struct vgpu_tree {
	void (*call)(void *data, const struct vgpu_event *event, enum vgpu_tree_mark mark);
	void *data;
	struct tree_thread *threads;
};

int vgpu_tree_open(struct vgpu_tree **out,
		   void (*call)(void *data, const struct vgpu_event *event, enum vgpu_tree_mark mark), void *data)
{
	*out = calloc(1, sizeof(**out));
	if (!*out)
		return -ENOMEM;
	(*out)->call = call;
	(*out)->data = data;
	return 0;
}

static void thread_free(struct tree_thread *thread)
{
	for (uint32_t i = 0; i < thread->count; i++)
		free(thread->held[i]);
	free(thread->held);
	free(thread);
}

void vgpu_tree_close(struct vgpu_tree *tree)
{
	if (!tree)
		return;
	for (struct tree_thread *thread = tree->threads, *next; thread; thread = next) {
		next = thread->next;
		thread_free(thread);
	}
	free(tree);
}

static struct tree_thread *thread_copy(const struct tree_thread *from)
{
	struct tree_thread *to = malloc(sizeof(*to));

	if (!to)
		return NULL;
	*to = *from;
	to->next = NULL;
	to->count = 0;
	to->room = from->count;
	to->held = from->count ? calloc(from->count, sizeof(*to->held)) : NULL;
	for (; to->held && to->count < from->count; to->count++)
		if (!(to->held[to->count] = vgpu_event_copy(from->held[to->count])))
			break;
	if (to->count == from->count)
		return to;
	thread_free(to);
	return NULL;
}

int vgpu_tree_copy(struct vgpu_tree **out, const struct vgpu_tree *from, void *data)
{
	struct tree_thread **last;
	int err = vgpu_tree_open(out, from->call, data);

	if (err)
		return err;
	last = &(*out)->threads;
	for (const struct tree_thread *thread = from->threads; thread; thread = thread->next, last = &(*last)->next)
		if (!(*last = thread_copy(thread))) {
			vgpu_tree_close(*out);
			*out = NULL;
			return -ENOMEM;
		}
	return 0;
}

static struct tree_thread *thread_get(struct vgpu_tree *tree, const struct vgpu_event *event)
{
	struct tree_thread **at, *thread;

	for (at = &tree->threads; (thread = *at); at = &thread->next)
		if (thread->number == event->call.thread && thread->process == event->process)
			break;
	if (!thread) {
		thread = calloc(1, sizeof(*thread));
		if (!thread)
			return NULL;
		thread->number = event->call.thread;
		thread->process = event->process;
	} else {
		*at = thread->next;
	}
	/* To the front: the next call is most likely the same thread's. */
	thread->next = tree->threads;
	tree->threads = thread;
	return thread;
}

/* The depth at which a call's parent, if it has one, was already handed out. */
static uint32_t base_of(const struct tree_thread *thread)
{
	return thread->open_count ? thread->open[thread->open_count - 1].depth + 1 : 0;
}

static int by_ordinal(const void *a, const void *b)
{
	uint64_t x = (*(struct vgpu_event *const *)a)->call.ordinal;
	uint64_t y = (*(struct vgpu_event *const *)b)->call.ordinal;

	return x < y ? -1 : x > y;
}

/*
 * Hands out what is complete: calls at the base with all that lies within them, and everything
 * before ordinal `upto`, whose parents were lost if they were not handed out by now.
 */
static void release(struct vgpu_tree *tree, struct tree_thread *thread, uint64_t upto)
{
	uint32_t kept = 0, base = base_of(thread);

	if (thread->count > 1)
		qsort(thread->held, thread->count, sizeof(*thread->held), by_ordinal);
	for (uint32_t i = 0; i < thread->count; i++) {
		struct vgpu_event *event = thread->held[i];
		bool at_base = event->call.depth <= base;

		if (!at_base && event->time_ns > thread->end_ns && event->call.ordinal >= upto) {
			thread->held[kept++] = event;
			continue;
		}
		if (at_base)
			thread->end_ns = event->time_ns + event->call.duration_ns;
		tree->call(tree->data, event, VGPU_TREE_WHOLE);
		free(event);
	}
	thread->count = kept;
}

static int hold(struct tree_thread *thread, const struct vgpu_event *event)
{
	if (thread->count == thread->room) {
		uint32_t room = thread->room ? thread->room * 2 : 16;
		void *grown = realloc(thread->held, room * sizeof(*thread->held));

		if (!grown)
			return -ENOMEM;
		thread->held = grown;
		thread->room = room;
	}
	thread->held[thread->count] = vgpu_event_copy(event);
	if (!thread->held[thread->count])
		return -ENOMEM;
	thread->count++;
	return 0;
}

static int add_pending(struct vgpu_tree *tree, struct tree_thread *thread, const struct vgpu_event *event)
{
	release(tree, thread, event->call.ordinal);
	tree->call(tree->data, event, event->call.ended ? VGPU_TREE_LAST : VGPU_TREE_UNFINISHED);
	for (uint32_t i = 0; i < thread->open_count; i++)
		if (thread->open[i].ordinal == event->call.ordinal)
			return 0;
	if (thread->open_count < OPEN_MAX)
		thread->open[thread->open_count++] =
			(struct open_call){ event->call.ordinal, event->call.depth };
	release(tree, thread, 0);
	return 0;
}

int vgpu_tree_add(struct vgpu_tree *tree, const struct vgpu_event *event)
{
	struct tree_thread *thread = thread_get(tree, event);
	int err;

	if (!thread)
		return -ENOMEM;
	/* Unfinished calls that can no longer be beneath this one were left by longjmp, or their end was lost. */
	while (thread->open_count && thread->open[thread->open_count - 1].depth >= event->call.depth &&
	       thread->open[thread->open_count - 1].ordinal < event->call.ordinal)
		thread->open_count--;
	if (event->kind == VGPU_EVENT_PENDING)
		return add_pending(tree, thread, event);
	for (uint32_t i = 0; i < thread->open_count; i++)
		if (thread->open[i].ordinal == event->call.ordinal) {
			release(tree, thread, UINT64_MAX);
			thread->open_count = i;
			thread->end_ns = event->time_ns + event->call.duration_ns;
			tree->call(tree->data, event, VGPU_TREE_RESUMED);
			return 0;
		}
	/* The common case, an outermost call with nothing inside, is not copied. */
	if (!thread->count && (event->call.depth <= base_of(thread) || event->time_ns <= thread->end_ns)) {
		if (event->call.depth <= base_of(thread))
			thread->end_ns = event->time_ns + event->call.duration_ns;
		tree->call(tree->data, event, VGPU_TREE_WHOLE);
		return 0;
	}
	err = hold(thread, event);
	if (!err && event->call.depth <= base_of(thread))
		release(tree, thread, event->call.ordinal);
	else if (thread->count >= HELD_MAX)
		release(tree, thread, UINT64_MAX);
	return err;
}

void vgpu_tree_end(struct vgpu_tree *tree, uint32_t process)
{
	for (struct tree_thread **at = &tree->threads; *at;) {
		struct tree_thread *thread = *at;

		if (process && thread->process != process) {
			at = &thread->next;
			continue;
		}
		release(tree, thread, UINT64_MAX);
		*at = thread->next;
		thread_free(thread);
	}
}
