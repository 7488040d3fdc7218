/* SPDX-License-Identifier: Apache-2.0 */
/* What the dashboard keeps of a stream: counters by function and process, and bounded logs. A sink. */
#ifndef TUI_STORE_H
#define TUI_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "tracer/model/filter.h"
#include "tracer/model/handles.h"
#include "tracer/model/model.h"
#include "tui/history.h"
#include "tui/libraries.h"
#include "tui/log.h"
#include "tui/memory.h"

/* Of durations: eight buckets to each power of two, so a percentile is right to an eighth. */
#define TUI_BUCKETS 320u
/* Places for functions; a power of two, well above how many there can be. */
#define TUI_SLOTS 16384u

struct tui_counts {
	uint64_t calls, failed, total_ns;
};

/* Of the calls of one function: of all, or of those that pass the filter. */
struct tui_stats {
	struct tui_counts counts;
	uint64_t unsupported;
	uint64_t longest_ns;
	uint64_t last_number; /* of the latest event, 0: none returned yet */
	uint64_t last_ns;
	uint64_t last_result;
	uint16_t last_flags;
	uint64_t last_line;   /* sequence number in the log of the latest, plus 1 */
	uint64_t last_error;  /* of the latest that failed, plus 1; 0: none */
	struct tui_history history;
	uint32_t *buckets;    /* TUI_BUCKETS, NULL: none yet */
};

struct tui_function {
	uint32_t id;   /* 0: known by name alone */
	char *name;    /* where id is 0 */
	uint64_t running; /* entered and not returned, when last looked at */
	struct tui_counts mark;
	struct tui_stats all, passed;
};

struct tui_process {
	struct tui_counts counts, mark;
	uint32_t last_function;
	struct tui_history history;
	struct tui_memory_state memory;
};

struct tui_store_options {
	struct vgpu_model *model;
	bool live;          /* the last minute counts, else the whole */
	uint64_t log_bytes; /* 0: enough */
	/*
	 * Appends the line of an event that is no call. Returns -1: none is worth it; 0 plain, 1
	 * warning, 2 error. May be NULL.
	 */
	int (*note)(const struct vgpu_event *event, const struct vgpu_look *look, struct vgpu_text *out);
};

/* Calls of a function of a process that were counted without being events, since that was told last. */
struct tui_alike {
	uint32_t process, id;
	uint32_t function; /* index; where there are calls */
	uint64_t calls, total_ns, longest_ns, last_ns;
	uint64_t outer_ns; /* of total_ns, that of calls which no other call made */
};
#define TUI_ALIKE 64u /* a power of two */

/* A call that was reported as running. */
struct tui_open {
	uint32_t process, thread;
	uint64_t ordinal;
	uint32_t function; /* index */
};

struct tui_store {
	struct vgpu_sink sink;
	struct tui_store_options options; /* the model gets every event before this does */
	struct tui_clock clock;
	struct tui_log *log;
	struct vgpu_handles *handles;
	struct tui_memory *memory;
	struct tui_libraries libraries;
	struct tui_function *functions;
	uint32_t function_count, function_room;
	uint32_t others; /* index + 1 of the one that stands for all there is no room for */
	struct tui_process **processes; /* by number - 1 */
	uint32_t process_count;
	/* the filter in force, NULL: none; functions count only what passes it */
	struct vgpu_filter *filter;
	bool filter_partial; /* it was set after calls were forgotten: their counts are missing */
	uint64_t passed;     /* calls that passed, of all there were */
	uint64_t *rows;      /* with a filter: sequence numbers of the lines that pass */
	uint32_t row_count, row_room;
	uint64_t rows_latest; /* the log's, when lines that are no longer kept were last taken out of them */
	uint64_t events, calls;
	uint64_t counted; /* of the calls, those that are in no line */
	uint64_t lost_kernel, lost_coverage;
	bool marked;
	uint64_t mark_ns;
	bool held;
	uint64_t held_back;  /* lines meanwhile */
	/* private */
	struct tui_function *held_functions;
	uint32_t held_function_count;
	struct tui_process *held_processes; /* by number - 1 */
	uint32_t held_process_count;
	struct vgpu_tree *tree;
	uint16_t slot[TUI_SLOTS]; /* a hash of functions by their numbers: index + 1 */
	uint64_t kernel_loss[256]; /* by CPU */
	struct vgpu_text text;
	uint64_t named; /* calls whose handles were named in the order of the trace */
	struct tui_open *open; /* calls that were seen to run */
	uint32_t open_count;
	struct tui_alike alike[TUI_ALIKE];
	uint64_t alike_listed; /* not: since the last line of the log */
};

int tui_store_open(struct tui_store **out, const struct tui_store_options *options);
/*
 * The same again of a copy of the model, but without a log, a filter, and what is held: the log stays where it is
 * (tui_log_mark). kept: to be copied again only, in less room. Each pointer in these structures has its place
 * in store_copy.c.
 */
int tui_store_copy(struct tui_store **out, const struct tui_store *from, struct vgpu_model *model, bool kept);
void tui_store_close(struct tui_store *store); /* takes NULL */

/* Takes the filter over (NULL: none) and counts anew what is on record. */
void tui_store_filter(struct tui_store *store, struct vgpu_filter *filter);
/* Takes it over where it has counted all along: only the lines on record are gone through. */
void tui_store_filter_on(struct tui_store *store, struct vgpu_filter *filter);
/*
 * Holds what can be seen: functions and processes as they are, no new lines. Counting goes on;
 * false lets go, and a line tells how many came meanwhile. Held again, it is what it is by then.
 */
void tui_store_hold(struct tui_store *store, bool hold);
/* From here on differences can be shown. */
void tui_store_mark(struct tui_store *store);

/* What counts now: of all calls, or of those that pass. */
const struct tui_stats *tui_function_stats(const struct tui_store *store, const struct tui_function *function);
const struct tui_function *tui_store_functions(const struct tui_store *store, uint32_t *count);
/* NULL: it made no call. */
const struct tui_process *tui_store_process(const struct tui_store *store, uint32_t number);
/* Calls, records or messages that are known to be missing, over all observers. */
uint64_t tui_store_lost(const struct tui_store *store);
/* A duration that `percent` of the calls did not exceed; 0: there were none. */
uint64_t tui_stats_percentile(const struct tui_stats *stats, unsigned percent);
/* Its name; for those that the tables lack, what can be said. */
void tui_function_name(const struct tui_function *function, struct vgpu_text *out);

/* For a stream whose sources may hand over calls that are like others: struct vgpu_alike has it. data: the store. */
extern const struct vgpu_alike tui_store_alike;

/* ---- between store*.c ---- */

/* The function of a call, made where there is none; NULL: no memory. */
struct tui_function *tui_store_function(struct tui_store *store, const struct vgpu_event_call *call);
struct tui_process *tui_store_process_get(struct tui_store *store, uint32_t number);
unsigned tui_bucket_of(uint64_t ns);

/* Lines that are to be shown, and the sequence number of each; UINT64_MAX: the gap. */
uint64_t tui_store_lines(const struct tui_store *store);
uint64_t tui_store_line(const struct tui_store *store, uint64_t index);
/* The index of the line of a sequence number, or of the next that is shown. */
uint64_t tui_store_index(const struct tui_store *store, uint64_t sequence);
/* Lines that are no longer kept. */
uint64_t tui_store_forgotten(const struct tui_store *store);

#endif
