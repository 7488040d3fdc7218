// SPDX-License-Identifier: Apache-2.0
/* What the dashboard keeps of a stream. */
#include "tui/store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tracer/model/call.h"
#include "tracer/model/tree.h"

/* Functions known by name alone come from foreign libraries: bounded; the last place is for all others. */
#define FUNCTIONS_MAX 6000u
#define PROCESSES_MAX 65536u
#define OPEN_MAX      1024u
#define LOG_BYTES     (UINT64_C(24) << 20)
/* So many calls get names for their handles in the order of the trace, as dump gives them. */
#define NAMED_MAX     20000u
#define LABELLED_MAX  4096u

static const struct vgpu_sink_ops store_ops;
static void on_line(void *data, const struct vgpu_event *event, enum vgpu_tree_mark mark);

int tui_store_open(struct tui_store **out, const struct tui_store_options *options)
{
	struct tui_store *store = calloc(1, sizeof(*store));
	int err = store ? 0 : -ENOMEM;

	*out = NULL;
	if (err)
		return err;
	store->sink.ops = &store_ops;
	store->options = *options;
	tui_clock_start(&store->clock, options->live);
	err = tui_log_open(&store->log, options->log_bytes ? options->log_bytes : LOG_BYTES);
	if (!err)
		err = vgpu_handles_open(&store->handles);
	if (!err)
		err = tui_memory_open(&store->memory);
	if (!err)
		err = vgpu_tree_open(&store->tree, on_line, store);
	if (err) {
		tui_store_close(store);
		return err;
	}
	*out = store;
	return 0;
}

void tui_store_close(struct tui_store *store)
{
	if (!store)
		return;
	store->held_back = 0;
	tui_store_hold(store, false);
	tui_log_close(store->log);
	vgpu_handles_close(store->handles);
	tui_memory_close(store->memory);
	vgpu_tree_close(store->tree);
	tui_libraries_clear(&store->libraries);
	for (uint32_t i = 0; i < store->function_count; i++) {
		free(store->functions[i].name);
		free(store->functions[i].all.buckets);
		free(store->functions[i].passed.buckets);
	}
	for (uint32_t i = 0; i < store->process_count; i++)
		free(store->processes[i]);
	free(store->functions);
	free(store->processes);
	free(store->rows);
	free(store->open);
	vgpu_filter_free(store->filter);
	vgpu_text_free(&store->text);
	free(store);
}

/* ---- finding ---- */

static struct tui_function *function_add(struct tui_store *store, uint32_t id, const char *name)
{
	struct tui_function *function;

	if (store->function_count == store->function_room) {
		uint32_t room = store->function_room ? store->function_room * 2 : 64;
		void *grown = realloc(store->functions, room * sizeof(*store->functions));

		if (!grown)
			return NULL;
		store->functions = grown;
		store->function_room = room;
	}
	function = &store->functions[store->function_count];
	memset(function, 0, sizeof(*function));
	function->id = id;
	if (!id && !(function->name = strdup(name)))
		return NULL;
	store->function_count++;
	return function;
}

struct tui_function *tui_store_function(struct tui_store *store, const struct vgpu_event_call *call)
{
	const char *name = call->name ? call->name : "(unnamed)";
	uint32_t at = (call->function * 2654435761u) >> 18;

	for (; call->function && store->slot[at]; at = (at + 1) & (TUI_SLOTS - 1))
		if (store->functions[store->slot[at] - 1].id == call->function)
			return &store->functions[store->slot[at] - 1];
	/* Also those that this program does not know by their numbers: an older or newer shim's. */
	if (call->function && store->function_count < FUNCTIONS_MAX) {
		struct tui_function *function = function_add(store, call->function, NULL);

		if (function)
			store->slot[at] = (uint16_t)store->function_count;
		return function;
	}
	for (uint32_t i = 0; i < store->function_count; i++)
		if (store->functions[i].name && !strcmp(store->functions[i].name, name))
			return &store->functions[i];
	if (store->function_count >= FUNCTIONS_MAX) {
		if (store->others)
			return &store->functions[store->others - 1];
		name = "(others)";
		store->others = store->function_count + 1;
	}
	return function_add(store, 0, name);
}

struct tui_process *tui_store_process_get(struct tui_store *store, uint32_t number)
{
	if (!number || number > PROCESSES_MAX)
		return NULL;
	if (number > store->process_count) {
		uint32_t count = number + number / 2 + 8;
		void *grown = realloc(store->processes, count * sizeof(*store->processes));

		if (!grown)
			return NULL;
		store->processes = grown;
		memset(store->processes + store->process_count, 0,
		       (count - store->process_count) * sizeof(*store->processes));
		store->process_count = count;
	}
	if (!store->processes[number - 1])
		store->processes[number - 1] = calloc(1, sizeof(struct tui_process));
	return store->processes[number - 1];
}

void tui_function_name(const struct tui_function *function, struct vgpu_text *out)
{
	if (function->id)
		vgpu_call_format_name(out, function->id);
	else
		vgpu_text_puts(out, function->name);
}

const struct tui_stats *tui_function_stats(const struct tui_store *store, const struct tui_function *function)
{
	return store->filter ? &function->passed : &function->all;
}

/* ---- counting ---- */

unsigned tui_bucket_of(uint64_t ns)
{
	unsigned power, index;

	if (ns < 8)
		return (unsigned)ns;
	power = 63 - (unsigned)__builtin_clzll(ns);
	index = (power - 2) * 8 + (unsigned)(ns >> (power - 3) & 7);
	return index < TUI_BUCKETS ? index : TUI_BUCKETS - 1;
}

/* The middle of a bucket. */
static uint64_t bucket_ns(unsigned index)
{
	unsigned power = index / 8 + 2;

	if (index < 16)
		return index;
	return (UINT64_C(8) + index % 8) << (power - 3) | UINT64_C(1) << (power - 4);
}

uint64_t tui_stats_percentile(const struct tui_stats *stats, unsigned percent)
{
	uint64_t count = 0, seen = 0, wanted;

	if (!stats->buckets)
		return 0;
	for (unsigned i = 0; i < TUI_BUCKETS; i++)
		count += stats->buckets[i];
	wanted = (count * percent + 99) / 100;
	for (unsigned i = 0; i < TUI_BUCKETS; i++) {
		seen += stats->buckets[i];
		if (seen >= wanted && seen) {
			uint64_t ns = bucket_ns(i);

			return ns < stats->longest_ns ? ns : stats->longest_ns;
		}
	}
	return 0;
}

static void count_call(struct tui_store *store, struct tui_stats *stats, const struct vgpu_event *event, bool failed)
{
	const struct vgpu_event_call *call = &event->call;

	stats->counts.calls++;
	stats->counts.failed += failed;
	stats->counts.total_ns += call->duration_ns;
	stats->unsupported += !!(call->flags & (VGPU_CALL_UNSUPPORTED | VGPU_CALL_NO_SYMBOL));
	if (call->duration_ns > stats->longest_ns)
		stats->longest_ns = call->duration_ns;
	stats->last_number = event->number;
	stats->last_ns = event->time_ns;
	stats->last_result = call->result;
	stats->last_flags = call->flags;
	tui_history_add(&stats->history, &store->clock, event->time_ns, 1);
	if (!stats->buckets)
		stats->buckets = calloc(TUI_BUCKETS, sizeof(*stats->buckets));
	if (stats->buckets)
		stats->buckets[tui_bucket_of(call->duration_ns)]++;
}

static int on_call(struct tui_store *store, const struct vgpu_event *event)
{
	struct tui_function *function = tui_store_function(store, &event->call);
	struct tui_process *process = tui_store_process_get(store, event->process);
	bool failed = vgpu_call_failed(&event->call);

	if (!function)
		return -ENOMEM;
	store->calls++;
	count_call(store, &function->all, event, failed);
	if (store->filter && vgpu_filter_pass(store->filter, event, store->options.model)) {
		store->passed++;
		count_call(store, &function->passed, event, failed);
	}
	if (process) {
		process->counts.calls++;
		process->counts.failed += failed;
		process->counts.total_ns += event->call.depth ? 0 : event->call.duration_ns;
		process->last_function = event->call.function;
		tui_history_add(&process->history, &store->clock, event->time_ns, 1);
		tui_memory_call(store->memory, &process->memory, &store->clock, event);
	}
	return vgpu_tree_add(store->tree, event);
}

/* ---- lines ---- */

/* What is no longer kept goes from the list, too. */
static void trim_rows(struct tui_store *store)
{
	uint64_t first, latest, end;
	uint32_t from = 0, to;

	tui_log_kept(store->log, &first, &latest, &end);
	while (from < store->row_count && store->rows[from] < first)
		from++;
	for (to = from; to < store->row_count && store->rows[to] < latest; to++)
		;
	memmove(store->rows + from, store->rows + to, (store->row_count - to) * sizeof(*store->rows));
	store->row_count -= to - from;
}

static void add_row(struct tui_store *store, uint64_t sequence)
{
	if (store->row_count && store->rows[store->row_count - 1] == sequence)
		return;
	if (store->row_count == store->row_room) {
		uint32_t room;
		void *grown;

		if (store->row_room)
			trim_rows(store);
		if (store->row_count < store->row_room) {
			store->rows[store->row_count++] = sequence;
			return;
		}
		room = store->row_room ? store->row_room * 2 : 256;
		grown = realloc(store->rows, room * sizeof(*store->rows));
		if (!grown)
			return;
		store->rows = grown;
		store->row_room = room;
	}
	store->rows[store->row_count++] = sequence;
}

static bool bulk_passes(const struct tui_store *store, const struct tui_entry *entry)
{
	struct vgpu_event event = entry->event;

	event.kind = VGPU_EVENT_CALL;
	for (unsigned i = 0; i < TUI_BULK_KINDS; i++) {
		event.call.function = entry->kind[i].function;
		if (entry->kind[i].calls && vgpu_filter_pass(store->filter, &event, store->options.model))
			return true;
	}
	return false;
}

static bool passes(const struct tui_store *store, const struct tui_entry *entry)
{
	switch (entry->line) {
	case TUI_LINE_CALL:
		return vgpu_filter_pass(store->filter, &entry->event, store->options.model);
	case TUI_LINE_BULK:
		return bulk_passes(store, entry);
	default:
		return false;
	}
}

/* The line that was written last, if it passes. */
static void new_row(struct tui_store *store)
{
	uint64_t first, latest, end;
	struct tui_entry entry;

	if (!store->filter)
		return;
	tui_log_kept(store->log, &first, &latest, &end);
	if (latest > first && latest != store->rows_latest) {
		trim_rows(store);
		store->rows_latest = latest;
	}
	if (end && tui_log_read(store->log, end - 1, &entry) && passes(store, &entry))
		add_row(store, end - 1);
}

static void now_runs(struct tui_store *store, const struct vgpu_event *event, struct tui_function *function)
{
	struct tui_open *grown;

	for (uint32_t i = 0; i < store->open_count; i++)
		if (store->open[i].process == event->process && store->open[i].thread == event->call.thread &&
		    store->open[i].ordinal == event->call.ordinal)
			return;
	if (store->open_count == OPEN_MAX)
		return;
	grown = realloc(store->open, (store->open_count + 1) * sizeof(*grown));
	if (!grown)
		return;
	store->open = grown;
	store->open[store->open_count++] = (struct tui_open){
		event->process, event->call.thread, event->call.ordinal, (uint32_t)(function - store->functions) };
	function->running++;
}

/* thread 0: all of the process. */
static void runs_no_more(struct tui_store *store, uint32_t process, uint32_t thread, uint64_t ordinal)
{
	for (uint32_t i = store->open_count; i--;) {
		struct tui_open *open = &store->open[i];

		if (open->process != process || (thread && (open->thread != thread || open->ordinal != ordinal)))
			continue;
		store->functions[open->function].running--;
		*open = store->open[--store->open_count];
	}
}

static void on_line(void *data, const struct vgpu_event *event, enum vgpu_tree_mark mark)
{
	struct tui_store *store = data;
	struct tui_function *function = tui_store_function(store, &event->call);
	uint64_t first, latest, end;

	if (store->named < NAMED_MAX) {
		static const struct vgpu_look look = { .utf8 = true };
		struct vgpu_value_place place = { .look = &look, .handles = store->handles, .process = event->process };

		store->named++;
		vgpu_text_clear(&store->text);
		vgpu_call_learn(store->handles, event->process, &event->call);
		vgpu_call_format(&store->text, &place, &event->call, event->kind == VGPU_EVENT_PENDING);
	}
	if (store->held) {
		store->held_back++;
	} else if (tui_log_call(store->log, event, mark)) {
		store->sink.error = -ENOMEM;
		return;
	} else {
		new_row(store);
	}
	if (!function)
		return;
	tui_log_kept(store->log, &first, &latest, &end);
	if (!store->held) {
		function->all.last_line = end;
		if (event->kind == VGPU_EVENT_CALL && vgpu_call_failed(&event->call))
			function->all.last_error = end;
	}
	if (mark == VGPU_TREE_UNFINISHED)
		now_runs(store, event, function);
	else if (mark != VGPU_TREE_WHOLE)
		runs_no_more(store, event->process, event->call.thread, event->call.ordinal);
}

static void on_note(struct tui_store *store, const struct vgpu_event *event)
{
	static const struct vgpu_look look = { .utf8 = true };
	int level;

	if (!store->options.note || store->held)
		return;
	vgpu_text_clear(&store->text);
	level = store->options.note(event, &look, &store->text);
	if (level < 0 || !store->text.size)
		return;
	tui_log_note(store->log, event, (uint32_t)level, vgpu_text_string(&store->text));
	new_row(store);
}

/* Read anew: what is on record may be less than what was counted. */
void tui_store_filter(struct tui_store *store, struct vgpu_filter *filter)
{
	uint64_t first, latest, end;

	vgpu_filter_free(store->filter);
	store->filter = filter;
	store->row_count = 0;
	store->passed = 0;
	for (uint32_t i = 0; i < store->function_count; i++) {
		free(store->functions[i].passed.buckets);
		memset(&store->functions[i].passed, 0, sizeof(store->functions[i].passed));
	}
	tui_log_kept(store->log, &first, &latest, &end);
	store->filter_partial = latest > first;
	if (!filter)
		return;
	for (uint64_t at = 0; at < end; at++) {
		struct tui_entry entry;

		if (at == first)
			at = latest;
		if (at >= end || !tui_log_read(store->log, at, &entry) || !passes(store, &entry))
			continue;
		add_row(store, at);
		if (entry.line == TUI_LINE_CALL && entry.event.kind == VGPU_EVENT_CALL) {
			struct tui_function *function = tui_store_function(store, &entry.event.call);

			store->passed++;
			if (function)
				count_call(store, &function->passed, &entry.event, vgpu_call_failed(&entry.event.call));
		}
		for (unsigned i = 0; entry.line == TUI_LINE_BULK && i < TUI_BULK_KINDS; i++) {
			struct vgpu_event event = entry.event;
			struct tui_function *function;

			event.kind = VGPU_EVENT_CALL;
			event.call.function = entry.kind[i].function;
			if (!entry.kind[i].calls || !vgpu_filter_pass(filter, &event, store->options.model))
				continue;
			/* Their durations are not in the log: no time, no percentile. */
			function = tui_store_function(store, &event.call);
			store->passed += entry.kind[i].calls;
			if (function)
				function->passed.counts.calls += entry.kind[i].calls;
		}
	}
}

void tui_store_filter_on(struct tui_store *store, struct vgpu_filter *filter)
{
	uint64_t first, latest, end;
	struct tui_entry entry;

	vgpu_filter_free(store->filter);
	store->filter = filter;
	store->row_count = 0;
	tui_log_kept(store->log, &first, &latest, &end);
	for (uint64_t at = 0; at < end; at++) {
		if (at == first)
			at = latest;
		if (at < end && tui_log_read(store->log, at, &entry) && passes(store, &entry))
			add_row(store, at);
	}
}

/* ---- mark, losses ---- */

void tui_store_mark(struct tui_store *store)
{
	for (uint32_t i = 0; i < store->function_count; i++)
		store->functions[i].mark = store->functions[i].all.counts;
	for (uint32_t i = 0; i < store->process_count; i++) {
		struct tui_process *process = store->processes[i];

		if (!process)
			continue;
		process->mark = process->counts;
		process->memory.mark_now_bytes = process->memory.now_bytes;
		process->memory.mark_allocations = process->memory.allocations;
		process->memory.mark_frees = process->memory.frees;
	}
	store->marked = true;
	store->mark_ns = store->options.model->last_ns;
}

uint64_t tui_store_lost(const struct tui_store *store)
{
	struct vgpu_event_loss loss;
	uint64_t lost;

	vgpu_model_losses(store->options.model, &loss);
	lost = loss.dropped + loss.overwritten + loss.refused + loss.recycled + loss.log_dropped;
	for (unsigned i = 0; i < 256; i++)
		lost += store->kernel_loss[i];
	for (unsigned i = 0; i < sizeof(store->options.model->coverage) / sizeof(store->options.model->coverage[0]); i++)
		lost += store->options.model->coverage[i].lost;
	return lost;
}

/* ---- the sink ---- */

/* In the order of the stream: which of two of one name is told by its pid must not hang on what was looked at first. */
static void name(struct tui_store *store, uint32_t process)
{
	if (process <= LABELLED_MAX)
		vgpu_model_label(store->options.model, process);
}

static int store_event(struct vgpu_sink *sink, const struct vgpu_event *event)
{
	struct tui_store *store = (struct tui_store *)sink;
	const struct vgpu_event_kernel_loss *loss = &event->kernel_loss;
	struct tui_process *process;

	store->events++;
	/* What has no time of its own within the recording must not stretch it. */
	if (event->kind == VGPU_EVENT_CALL || event->kind == VGPU_EVENT_START || event->kind == VGPU_EVENT_EXIT)
		tui_clock_move(&store->clock, event->time_ns);
	switch (event->kind) {
	case VGPU_EVENT_CALL:
		return on_call(store, event);
	case VGPU_EVENT_PENDING:
		return vgpu_tree_add(store->tree, event);
	case VGPU_EVENT_START:
		name(store, event->process);
		break;
	case VGPU_EVENT_EXIT:
	case VGPU_EVENT_EXEC:
		name(store, event->process);
		vgpu_tree_end(store->tree, event->process);
		runs_no_more(store, event->process, 0, 0);
		process = event->process <= store->process_count && event->process ? store->processes[event->process - 1]
										  : NULL;
		tui_memory_end(store->memory, process ? &process->memory : NULL, &store->clock, event);
		break;
	case VGPU_EVENT_KERNEL_LOSS:
		store->kernel_loss[loss->cpu % 256] =
			loss->dropped + loss->deep + loss->stateless + loss->other_dropped;
		break;
	}
	tui_libraries_event(&store->libraries, event);
	on_note(store, event);
	return store->sink.error;
}

static int store_end(struct vgpu_sink *sink)
{
	struct tui_store *store = (struct tui_store *)sink;

	vgpu_tree_end(store->tree, 0);
	return store->sink.error;
}

static const struct vgpu_sink_ops store_ops = { .event = store_event, .end = store_end };
