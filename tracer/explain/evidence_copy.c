// SPDX-License-Identifier: Apache-2.0
/* Evidence as it is now, for whoever wants to come back to it: by table, which pointers there are. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tracer/explain/evidence_parts.h"

/* All lists look the same. */
struct list {
	void *at;
	uint32_t count, more;
};

struct list_row {
	size_t list, size;
	size_t string[6]; /* places in an element, plus 1; 0: no more */
};

#define S(type, member) (offsetof(struct type, member) + 1)
#define LIST(of, member) offsetof(struct of, member), sizeof(*((struct of *)0)->member.at)

static const struct list_row process_lists[] = {
	{ LIST(vgpu_seen_process, loads),
	  { S(vgpu_seen_load, name), S(vgpu_seen_load, error), S(vgpu_seen_load, object_name),
	    S(vgpu_seen_load, caller), S(vgpu_seen_load, symbol) } },
	{ LIST(vgpu_seen_process, symbols),
	  { S(vgpu_seen_symbol, name), S(vgpu_seen_symbol, version), S(vgpu_seen_symbol, from),
	    S(vgpu_seen_symbol, to) } },
	{ LIST(vgpu_seen_process, objects),
	  { S(vgpu_seen_object, path), S(vgpu_seen_object, soname) } },
	{ LIST(vgpu_seen_process, searches),
	  { S(vgpu_seen_search, name), S(vgpu_seen_search, there), S(vgpu_seen_search, last),
	    S(vgpu_seen_search, requester) } },
	{ LIST(vgpu_seen_process, calls), { S(vgpu_seen_call, name) } },
	{ LIST(vgpu_seen_process, devices), { 0 } },
	{ LIST(vgpu_seen_process, pending), { S(vgpu_seen_pending, name) } },
	{ LIST(vgpu_seen_process, gates), { S(vgpu_seen_text, text) } },
	{ LIST(vgpu_seen_process, lookups), { S(vgpu_seen_text, text) } },
	{ LIST(vgpu_seen_process, files), { S(vgpu_seen_text, text) } },
	{ LIST(vgpu_seen_process, images), { S(vgpu_seen_text, text) } },
	{ LIST(vgpu_seen_process, stacks), { 0 } },
};

static const struct list_row set_lists[] = {
	{ LIST(vgpu_evidence_set, facts),
	  { S(vgpu_seen_fact, name), S(vgpu_seen_fact, subject), S(vgpu_seen_fact, value) } },
	{ LIST(vgpu_evidence_set, logs), { S(vgpu_seen_log, text) } },
};

static const size_t process_strings[] = {
	offsetof(struct vgpu_seen_process, stderr_target),
	offsetof(struct vgpu_seen_process, link_why),
	offsetof(struct vgpu_seen_process, initialising_path),
	offsetof(struct vgpu_seen_process, preload_missing),
	offsetof(struct vgpu_seen_process, start_missing),
	offsetof(struct vgpu_seen_process, start_error),
	offsetof(struct vgpu_seen_process, start_error_object),
	offsetof(struct vgpu_seen_process, crash_object),
	offsetof(struct vgpu_seen_process, crash_symbol),
	offsetof(struct vgpu_seen_process, crash_initialising),
};

static bool own_string(struct vgpu_pool *pool, void *base, size_t offset)
{
	const char *string, *fresh;

	memcpy(&string, (char *)base + offset, sizeof(string));
	fresh = vgpu_seen_keep(pool, string);
	memcpy((char *)base + offset, &fresh, sizeof(fresh));
	return fresh || !string;
}

/* With the room that vgpu_seen_list_add expects: the next power of two. */
static bool own_list(struct vgpu_pool *pool, void *base, const struct list_row *row)
{
	struct list *list = (struct list *)(void *)((char *)base + row->list);
	size_t room = 1;
	char *fresh;

	if (!list->count) {
		list->at = NULL;
		return true;
	}
	while (room < list->count)
		room *= 2;
	fresh = vgpu_seen_room(pool, room * row->size);
	if (!fresh)
		return false;
	memcpy(fresh, list->at, list->count * row->size);
	list->at = fresh;
	for (uint32_t i = 0; i < list->count; i++)
		for (unsigned k = 0;
		     k < sizeof(row->string) / sizeof(row->string[0]) && row->string[k]; k++)
			if (!own_string(pool, fresh + i * row->size, row->string[k] - 1))
				return false;
	return true;
}

static bool own_stacks(struct vgpu_seen_process *process)
{
	for (uint32_t i = 0; i < process->stacks.count; i++) {
		struct vgpu_seen_stack *stack = &process->stacks.at[i];
		size_t size = stack->count * sizeof(*stack->words);
		void *words = vgpu_seen_room(process->pool, size);

		if (!words)
			return false;
		stack->words = memcpy(words, stack->words, size);
	}
	return true;
}

/* Everything it points to lies in its pool, so half of one is freed as a whole one. */
static struct vgpu_seen_process *process_copy(const struct vgpu_seen_process *from, const struct vgpu_model *model)
{
	struct vgpu_seen_process *to = malloc(sizeof(*to));
	bool whole = true;

	if (!to)
		return NULL;
	*to = *from;
	to->model = model;
	to->pool = vgpu_seen_pool_open();
	if (!to->pool) {
		free(to);
		return NULL;
	}
	if (from->env)
		whole =
		    (to->env = vgpu_seen_keep_bytes(to->pool, from->env, from->env_size)) != NULL;
	for (unsigned i = 0; whole && i < sizeof(process_strings) / sizeof(process_strings[0]); i++)
		whole = own_string(to->pool, to, process_strings[i]);
	for (unsigned i = 0; whole && i < sizeof(process_lists) / sizeof(process_lists[0]); i++)
		whole = own_list(to->pool, to, &process_lists[i]);
	if (whole && own_stacks(to))
		return to;
	vgpu_seen_pool_close(to->pool);
	free(to);
	return NULL;
}

int vgpu_evidence_copy(struct vgpu_evidence_set **out, const struct vgpu_evidence_set *from,
		       struct vgpu_model *model)
{
	struct vgpu_evidence_set *to;
	bool whole = true;
	int err = vgpu_evidence_open(&to, model);

	*out = NULL;
	if (err)
		return err;
	to->facts.at = from->facts.at;
	to->facts.count = from->facts.count;
	to->facts.more = from->facts.more;
	to->logs.at = from->logs.at;
	to->logs.count = from->logs.count;
	to->logs.more = from->logs.more;
	for (unsigned i = 0; whole && i < sizeof(set_lists) / sizeof(set_lists[0]); i++)
		whole = own_list(to->pool, to, &set_lists[i]);
	to->processes =
	    calloc(from->process_count ? from->process_count : 1, sizeof(*to->processes));
	whole &= to->processes != NULL;
	to->process_count = whole ? from->process_count : 0;
	for (uint32_t i = 0; whole && i < from->process_count; i++)
		if (from->processes[i])
			whole = (to->processes[i] = process_copy(from->processes[i], model)) != NULL;
	if (!whole) {
		vgpu_evidence_close(to);
		return -ENOMEM;
	}
	*out = to;
	return 0;
}
