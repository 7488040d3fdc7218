// SPDX-License-Identifier: Apache-2.0
/* Calls that a source counts because they are like others: into the counters, and one line of the log for many. */
#include <stdlib.h>

#include "tui/store.h"

static bool wanted(void *data, uint32_t function)
{
	struct tui_store *store = data;

	/* A filter wants to see each; so do the books of memory. */
	return !store->filter && !tui_memory_follows(store->memory, function);
}

static void tell(struct tui_store *store, struct tui_alike *alike)
{
	struct tui_process *process = tui_store_process_get(store, alike->process);
	struct tui_stats *stats = &store->functions[alike->function].all;

	vgpu_model_alike(store->options.model, alike->process, alike->calls, alike->last_ns);
	store->events += alike->calls;
	store->calls += alike->calls;
	store->counted += alike->calls;
	tui_clock_move(&store->clock, alike->last_ns);
	stats->counts.calls += alike->calls;
	stats->counts.total_ns += alike->total_ns;
	if (alike->longest_ns > stats->longest_ns)
		stats->longest_ns = alike->longest_ns;
	if (alike->last_ns > stats->last_ns)
		stats->last_ns = alike->last_ns;
	tui_history_add(&stats->history, &store->clock, alike->last_ns, alike->calls);
	if (process) {
		process->counts.calls += alike->calls;
		process->counts.total_ns += alike->outer_ns;
		tui_history_add(&process->history, &store->clock, alike->last_ns, alike->calls);
	}
	store->alike_listed += alike->calls;
	alike->calls = 0;
}

static bool begin(struct tui_store *store, struct tui_alike *alike, uint32_t process, uint32_t function)
{
	struct vgpu_event_call asked = { .function = function };
	struct tui_function *found;

	if (alike->calls)
		tell(store, alike);
	found = tui_store_function(store, &asked);
	if (!found)
		return false;
	if (!found->all.buckets)
		found->all.buckets = calloc(TUI_BUCKETS, sizeof(*found->all.buckets));
	*alike = (struct tui_alike){ .process = process, .id = function, .function = (uint32_t)(found - store->functions) };
	return true;
}

static void call(void *data, uint32_t process, uint32_t function, uint32_t depth, uint64_t time_ns,
		 uint64_t duration_ns)
{
	struct tui_store *store = data;
	struct tui_alike *alike = &store->alike[(function * 2654435761u + process * 40503u) >> 7 & (TUI_ALIKE - 1)];
	uint32_t *buckets;

	if ((!alike->calls || alike->process != process || alike->id != function) && !begin(store, alike, process, function))
		return;
	alike->calls++;
	alike->total_ns += duration_ns;
	alike->outer_ns += depth ? 0 : duration_ns;
	if (time_ns > alike->last_ns)
		alike->last_ns = time_ns;
	if (duration_ns > alike->longest_ns)
		alike->longest_ns = duration_ns;
	buckets = store->functions[alike->function].all.buckets;
	if (buckets)
		buckets[tui_bucket_of(duration_ns)]++;
}

static void done(void *data)
{
	struct tui_store *store = data;
	struct vgpu_event event = { 0 };

	for (unsigned i = 0; i < TUI_ALIKE; i++) {
		if (!store->alike[i].calls)
			continue;
		event.process = store->alike[i].process;
		event.time_ns = store->alike[i].last_ns;
		tell(store, &store->alike[i]);
	}
	if (store->held && store->alike_listed)
		store->held_back++;
	else if (store->alike_listed)
		tui_log_alike(store->log, &event, store->alike_listed);
	store->alike_listed = 0;
}

const struct vgpu_alike tui_store_alike = { .wanted = wanted, .call = call, .done = done };
