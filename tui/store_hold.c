// SPDX-License-Identifier: Apache-2.0
/* What is seen while the picture is held: copies of the counters. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/store.h"

static void free_held(struct tui_store *store)
{
	for (uint32_t i = 0; i < store->held_function_count; i++) {
		free(store->held_functions[i].all.buckets);
		free(store->held_functions[i].passed.buckets);
	}
	free(store->held_functions);
	free(store->held_processes);
	store->held_functions = NULL;
	store->held_processes = NULL;
	store->held_function_count = store->held_process_count = 0;
}

static uint32_t *copy_buckets(const uint32_t *buckets)
{
	uint32_t *copy = buckets ? malloc(TUI_BUCKETS * sizeof(*copy)) : NULL;

	if (copy)
		memcpy(copy, buckets, TUI_BUCKETS * sizeof(*copy));
	return copy;
}

void tui_store_hold(struct tui_store *store, bool hold)
{
	free_held(store);
	if (!hold) {
		struct vgpu_event event = { .time_ns = store->options.model ? store->options.model->last_ns : 0 };
		char text[96];

		store->held = false;
		if (store->held_back) {
			snprintf(text, sizeof(text), "%llu lines came while the picture was held",
				 (unsigned long long)store->held_back);
			tui_log_note(store->log, &event, 1, text);
		}
		store->held_back = 0;
		return;
	}
	store->held_functions = calloc(store->function_count + 1, sizeof(*store->held_functions));
	store->held_processes = calloc(store->process_count + 1, sizeof(*store->held_processes));
	if (!store->held_functions || !store->held_processes) {
		free_held(store);
		return;
	}
	/* Names stay where they are for as long as the store lives. */
	for (uint32_t i = 0; i < store->function_count; i++) {
		store->held_functions[i] = store->functions[i];
		store->held_functions[i].all.buckets = copy_buckets(store->functions[i].all.buckets);
		store->held_functions[i].passed.buckets = copy_buckets(store->functions[i].passed.buckets);
	}
	for (uint32_t i = 0; i < store->process_count; i++)
		if (store->processes[i])
			store->held_processes[i] = *store->processes[i];
	store->held_function_count = store->function_count;
	store->held_process_count = store->process_count;
	store->held = true;
}

const struct tui_function *tui_store_functions(const struct tui_store *store, uint32_t *count)
{
	*count = store->held ? store->held_function_count : store->function_count;
	return store->held ? store->held_functions : store->functions;
}

const struct tui_process *tui_store_process(const struct tui_store *store, uint32_t number)
{
	if (store->held)
		return number && number <= store->held_process_count ? &store->held_processes[number - 1] : NULL;
	return number && number <= store->process_count ? store->processes[number - 1] : NULL;
}
