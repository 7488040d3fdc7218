// SPDX-License-Identifier: Apache-2.0
/* Gathers what a trace tells: processes by role, threads by role, calls by entry. */
#include "tracer/diff/story.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct vgpu_sink_ops story_ops;

int vgpu_story_open(struct story **out, const char *ignore)
{
	struct story *story = calloc(1, sizeof(*story));

	if (!story)
		return -ENOMEM;
	story->sink.ops = &story_ops;
	story->ignore = ignore;
	if (vgpu_model_open(&story->model)) {
		free(story);
		return -ENOMEM;
	}
	*out = story;
	return 0;
}

void vgpu_story_close(struct story *story)
{
	if (!story)
		return;
	for (uint32_t p = 0; p < story->count; p++) {
		struct story_process *process = &story->processes[p];

		for (uint32_t t = 0; t < process->count; t++) {
			free(process->threads[t].role);
			free(process->threads[t].items);
		}
		free(process->threads);
		free(process->role);
	}
	free(story->processes);
	free(story->identities);
	vgpu_model_close(story->model);
	free(story);
}

static struct story_process *process_get(struct story *story, uint32_t number)
{
	struct story_process *grown;

	for (uint32_t i = story->count; i--;)
		if (story->processes[i].number == number)
			return &story->processes[i];
	grown = realloc(story->processes, (story->count + 1) * sizeof(*grown));
	if (!grown)
		return NULL;
	story->processes = grown;
	grown[story->count] = (struct story_process){ .number = number };
	return &grown[story->count++];
}

static struct story_thread *thread_get(struct story_process *process, uint32_t number)
{
	struct story_thread *grown;

	for (uint32_t i = process->count; i--;)
		if (process->threads[i].number == number)
			return &process->threads[i];
	grown = realloc(process->threads, (process->count + 1) * sizeof(*grown));
	if (!grown)
		return NULL;
	process->threads = grown;
	grown[process->count] = (struct story_thread){ .number = number };
	return &grown[process->count++];
}

/* What the linker said where it matters: refusals, and whatever is about GPUs. */
static bool is_told(const struct vgpu_event *event)
{
	return event->kind == VGPU_EVENT_CALL || event->kind == VGPU_EVENT_PENDING ||
	       event->kind == VGPU_EVENT_CRASH || (event->kind == VGPU_EVENT_DL && (event->dl.failed || event->dl.vendor));
}

static int story_event(struct vgpu_sink *sink, const struct vgpu_event *event)
{
	struct story *story = (struct story *)sink;
	bool call = event->kind == VGPU_EVENT_CALL || event->kind == VGPU_EVENT_PENDING;
	struct story_process *process;
	struct story_thread *thread;
	int err = story->model->sink.ops->event(&story->model->sink, event);

	if (err || !event->process)
		return err;
	process = process_get(story, event->process);
	if (!process || !is_told(event))
		return process ? 0 : -ENOMEM;
	thread = thread_get(process, call ? event->call.thread : 0);
	if (!thread)
		return -ENOMEM;
	if (!thread->role && call && event->call.thread_name) {
		thread->role = strdup(event->call.thread_name);
		if (!thread->role)
			return -ENOMEM;
	}
	if (thread->count == thread->room) {
		uint32_t room = thread->room ? thread->room * 2 : 64;
		void *grown = realloc(thread->items, room * sizeof(*thread->items));

		if (!grown)
			return -ENOMEM;
		thread->items = grown;
		thread->room = room;
	}
	err = vgpu_story_digest(story, &thread->items[thread->count], event);
	thread->items[thread->count].order = call ? event->call.ordinal : event->number;
	thread->count += !err;
	process->calls += call;
	return err;
}

static int by_order(const void *a, const void *b)
{
	const struct story_item *x = a, *y = b;

	if (x->order != y->order)
		return x->order < y->order ? -1 : 1;
	/* Whether it returned comes after that it had not. */
	return y->unfinished - x->unfinished;
}

/* A call that was reported as running and returned later is one call. */
static void settle(struct story_thread *thread)
{
	uint32_t kept = 0;

	qsort(thread->items, thread->count, sizeof(*thread->items), by_order);
	for (uint32_t i = 0; i < thread->count; i++) {
		if (i + 1 < thread->count && thread->items[i].order == thread->items[i + 1].order)
			continue;
		thread->items[kept++] = thread->items[i];
	}
	thread->count = kept;
}

static int thread_roles(struct story_process *process)
{
	for (uint32_t t = 0; t < process->count; t++) {
		struct story_thread *thread = &process->threads[t];
		const char *name = thread->number ? thread->role ? thread->role : "thread" : "link";
		char *role;
		unsigned nth = 1;

		for (uint32_t i = 0; i < t; i++)
			nth += !strncmp(process->threads[i].role, name, strlen(name)) &&
			       process->threads[i].role[strlen(name)] == '#';
		if (asprintf(&role, "%s#%u", name, nth) < 0)
			return -ENOMEM;
		free(thread->role);
		thread->role = role;
		settle(thread);
	}
	return 0;
}

static int by_number(const void *a, const void *b)
{
	const struct story_process *x = a, *y = b;

	return x->number < y->number ? -1 : x->number > y->number;
}

static const char *role_of(const struct story *story, uint32_t number)
{
	for (uint32_t i = 0; i < story->count; i++)
		if (story->processes[i].number == number)
			return story->processes[i].role;
	return NULL;
}

static const char *name_of(const struct vgpu_model_process *process)
{
	const char *base = process && process->exe ? strrchr(process->exe, '/') : NULL;

	if (process && process->comm && process->comm[0])
		return process->comm;
	return base ? base + 1 : "process";
}

static int by_thread(const void *a, const void *b)
{
	const struct story_thread *x = a, *y = b;

	return x->number < y->number ? -1 : x->number > y->number;
}

int vgpu_story_finish(struct story *story)
{
	qsort(story->processes, story->count, sizeof(*story->processes), by_number);
	/* Parents come before their children. */
	for (uint32_t p = 0; p < story->count; p++) {
		struct story_process *process = &story->processes[p];
		const struct vgpu_model_process *known = vgpu_model_process(story->model, process->number);
		const char *parent = known ? role_of(story, known->parent) : NULL, *name = name_of(known);
		char *role = NULL;

		for (unsigned nth = 1;; nth++) {
			bool taken = false;

			free(role);
			/* The command itself is the command, whatever it is called. */
			if (asprintf(&role, "%s%s%s#%u", parent ? parent : "", parent ? "/" : "",
				     parent || !known || !known->in_session ? name : "command", nth) < 0)
				return -ENOMEM;
			for (uint32_t i = 0; i < p; i++)
				taken |= !strcmp(story->processes[i].role, role);
			if (!taken)
				break;
		}
		process->role = role;
		qsort(process->threads, process->count, sizeof(*process->threads), by_thread);
		if (thread_roles(process))
			return -ENOMEM;
	}
	return 0;
}

static const struct vgpu_sink_ops story_ops = { .event = story_event };
