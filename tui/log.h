/* SPDX-License-Identifier: Apache-2.0 */
/* The calls and what happened between them, in reading order, in bounded memory: the first stay, the latest wrap. */
#ifndef TUI_LOG_H
#define TUI_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "tracer/model/event.h"
#include "tracer/model/tree.h"

enum tui_line {
	TUI_LINE_CALL,
	TUI_LINE_BULK, /* a run of registrations */
	TUI_LINE_ALIKE, /* calls like those above it */
	TUI_LINE_NOTE, /* a process started, a library came: text */
	TUI_LINE_GAP,  /* what lay here is not kept */
};

#define TUI_BULK_KINDS 4u

/* One line as it is read back. */
struct tui_entry {
	enum tui_line line;
	enum vgpu_tree_mark mark;
	uint64_t sequence;
	struct vgpu_event event; /* CALL: whole; else number, process, tid, time; points into the log */
	const char *text;        /* NOTE */
	uint32_t level;          /* NOTE: 0 plain, 1 warning, 2 error */
	uint64_t total;          /* BULK, ALIKE; GAP: how many are missing */
	struct {
		uint32_t function;
		uint32_t calls;
	} kind[TUI_BULK_KINDS];
};

struct tui_log;

/* At most about `bytes`, half of it for the first lines. */
int tui_log_open(struct tui_log **out, uint64_t bytes);
void tui_log_close(struct tui_log *log); /* takes NULL */
void tui_log_clear(struct tui_log *log);

/*
 * Where a log has come to, to go back to it: lines after that are forgotten, and so are those of pages that
 * are used again. What is taken from there on must be what it was before: then all is as it was, once every
 * one of those pages was used again (tui_log_whole). A mark is of one log only.
 */
struct tui_log_mark;
int tui_log_mark(const struct tui_log *log, struct tui_log_mark **out);
void tui_log_mark_free(struct tui_log_mark *mark); /* takes NULL */
void tui_log_rewind(struct tui_log *log, const struct tui_log_mark *mark); /* NULL: to the beginning */
bool tui_log_whole(const struct tui_log *log);
/* Whether it is whole again at `later`, gone back to `mark`. NULL is the beginning. */
bool tui_log_mark_refills(const struct tui_log_mark *mark, const struct tui_log_mark *later);

/* Takes a call; one of a bulk function joins the run before it. 0 or -ENOMEM. */
int tui_log_call(struct tui_log *log, const struct vgpu_event *event, enum vgpu_tree_mark mark);
/* So many calls are counted, not listed; joins such a line before it. 0 or -ENOMEM. */
int tui_log_alike(struct tui_log *log, const struct vgpu_event *event, uint64_t calls);
int tui_log_note(struct tui_log *log, const struct vgpu_event *event, uint32_t level, const char *text);

/*
 * Lines are known by their sequence number, from 0. Those kept are [0, *first) and [*latest, *end):
 * *first equals *latest while nothing is missing.
 */
void tui_log_kept(const struct tui_log *log, uint64_t *first, uint64_t *latest, uint64_t *end);
/* false: it is not kept. Valid until the log is written to. */
bool tui_log_read(const struct tui_log *log, uint64_t sequence, struct tui_entry *out);

#endif
