// SPDX-License-Identifier: Apache-2.0
/* A store as it is now, to come back to it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tracer/model/tree.h"
#include "tui/store.h"

static void *copy(const void *from, size_t size)
{
	void *to = from && size ? malloc(size) : NULL;

	if (to)
		memcpy(to, from, size);
	return to;
}

static bool own_buckets(uint32_t **at)
{
	return !*at || (*at = copy(*at, TUI_BUCKETS * sizeof(**at)));
}

static bool own_functions(struct tui_store *store)
{
	bool whole = true;

	store->functions =
	    copy(store->functions, store->function_count * sizeof(*store->functions));
	store->function_room = store->function_count;
	if (!store->functions) {
		whole = !store->function_count;
		store->function_count = store->function_room = 0;
	}
	for (uint32_t i = 0; i < store->function_count; i++) {
		struct tui_function *function = &store->functions[i];

		whole &= !function->name || (function->name = strdup(function->name));
		whole &= own_buckets(&function->all.buckets);
		whole &= own_buckets(&function->passed.buckets);
	}
	return whole;
}

static bool own_processes(struct tui_store *store)
{
	bool whole = true;

	store->processes = copy(store->processes, store->process_count * sizeof(*store->processes));
	if (!store->processes) {
		whole = !store->process_count;
		store->process_count = 0;
	}
	for (uint32_t i = 0; i < store->process_count; i++)
		if (store->processes[i])
			whole &= !!(store->processes[i] =
					copy(store->processes[i], sizeof(*store->processes[i])));
	return whole;
}

int tui_store_copy(struct tui_store **out, const struct tui_store *from, struct vgpu_model *model,
		   bool kept)
{
	struct tui_store *to = copy(from, sizeof(*from));
	bool whole;

	*out = NULL;
	if (!to)
		return -ENOMEM;
	to->sink.error = 0;
	to->options.model = model;
	to->log = NULL;
	to->filter = NULL;
	to->rows = NULL;
	to->row_count = to->row_room = 0;
	to->held = false;
	to->held_back = 0;
	to->held_functions = NULL;
	to->held_function_count = 0;
	to->held_processes = NULL;
	to->held_process_count = 0;
	memset(to->alike, 0, sizeof(to->alike));
	to->alike_listed = 0;
	to->text = (struct vgpu_text){ 0 };
	to->handles = NULL;
	to->memory = NULL;
	to->tree = NULL;
	to->libraries = (struct tui_libraries){ 0 };
	/* Every one of them, also after a failure: what is not its own must not be freed. */
	whole = own_functions(to);
	whole &= own_processes(to);
	to->open = copy(to->open, to->open_count * sizeof(*to->open));
	whole = whole && (to->open || !to->open_count) &&
		!vgpu_handles_copy(&to->handles, from->handles) &&
		!tui_memory_copy(&to->memory, from->memory, kept) &&
		!vgpu_tree_copy(&to->tree, from->tree, to) &&
		!tui_libraries_copy(&to->libraries, &from->libraries);
	if (!whole) {
		tui_store_close(to);
		return -ENOMEM;
	}
	*out = to;
	return 0;
}
