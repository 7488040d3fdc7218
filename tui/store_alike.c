// SPDX-License-Identifier: Apache-2.0
/* Calls that a source counts because they are like others: into the counters, and one line of the log for many. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "tui/store.h"

static bool wanted(void *data, uint32_t function)
{
	struct tui_store *store = data;

	/* A filter wants to see each; so do the books of memory. */
	return !store->filter && !tui_memory_follows(store->memory, function);
}

static void count_run(struct tui_store *store)
{
	struct tui_alike *run = &store->alike;
	struct tui_process *process = tui_store_process_get(store, run->process);

	if (!run->calls)
		return;
	vgpu_model_alike(store->options.model, run->process, run->calls, run->last_ns);
	store->events += run->calls;
	store->calls += run->calls;
	tui_clock_move(&store->clock, run->last_ns);
	run->stats->counts.calls += run->calls;
	run->stats->counts.total_ns += run->total_ns;
	if (run->longest_ns > run->stats->longest_ns)
		run->stats->longest_ns = run->longest_ns;
	run->stats->last_ns = run->last_ns;
	tui_history_add(&run->stats->history, &store->clock, run->last_ns, run->calls);
	if (process) {
		process->counts.calls += run->calls;
		process->counts.total_ns += run->total_ns;
		tui_history_add(&process->history, &store->clock, run->last_ns, run->calls);
	}
	run->listed += run->calls;
	run->calls = run->total_ns = run->longest_ns = 0;
}

static void call(void *data, uint32_t process, uint32_t function, uint64_t time_ns,
		 uint64_t duration_ns)
{
	struct tui_store *store = data;
	struct tui_alike *run = &store->alike;

	if (!run->stats || run->process != process || run->id != function) {
		struct vgpu_event_call asked = { .function = function };
		struct tui_function *found;

		count_run(store);
		found = tui_store_function(store, &asked);
		run->stats = found ? &found->all : NULL;
		run->process = process;
		run->id = function;
	}
	if (!run->stats)
		return;
	run->calls++;
	run->total_ns += duration_ns;
	run->last_ns = time_ns;
	if (duration_ns > run->longest_ns)
		run->longest_ns = duration_ns;
	if (run->stats->buckets)
		run->stats->buckets[tui_bucket_of(duration_ns)]++;
}

static void done(void *data)
{
	struct tui_store *store = data;
	struct tui_alike *run = &store->alike;
	struct vgpu_event event = { .process = run->process };
	char text[96];

	count_run(store);
	/* Functions move when there are more of them. */
	run->stats = NULL;
	if (store->held) {
		store->held_back++;
		return;
	}
	event.time_ns = run->last_ns;
	snprintf(text, sizeof(text), "%" PRIu64 " calls like those above: counted, not listed",
		 run->listed);
	tui_log_note(store->log, &event, 0, text);
	run->listed = 0;
}

const struct vgpu_alike tui_store_alike = { .wanted = wanted, .call = call, .done = done };
