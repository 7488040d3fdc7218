/* SPDX-License-Identifier: Apache-2.0 */
/* What a trace tells, reduced to what two traces can be compared by. */
#ifndef VGPU_DIFF_STORY_H
#define VGPU_DIFF_STORY_H

#include <stdbool.h>
#include <stdint.h>

#include "tracer/model/model.h"

enum { STORY_IDENTITY_OUT = 1 /* it came back: it is somebody new from here on */ };

/* A handle: who it is, not what number it has, is what counts. */
struct story_identity {
	uint64_t value;
	uint32_t flags;
	uint32_t place; /* which value of the call it is */
};

/* One call, or one thing that the link observer saw. */
struct story_item {
	uint64_t key;      /* what was done: two items with one key stand for each other */
	uint64_t plain;    /* hash of all values that are the same in two runs */
	uint64_t result;   /* hash of the result */
	uint64_t number;   /* of its event */
	uint64_t order;    /* within its thread, by entry */
	uint64_t time_ns;
	uint32_t identity; /* first of its identities in the story's list */
	uint16_t identities;
	uint8_t depth;
	bool unfinished;
};

struct story_thread {
	uint32_t number; /* in its trace */
	char *role;      /* "worker#2": the second thread of that name in its process */
	struct story_item *items;
	uint32_t count, room;
};

struct story_process {
	uint32_t number;
	char *role;      /* "sh#1/cli_app#2" */
	struct story_thread *threads;
	uint32_t count;
	uint64_t calls;
};

struct story {
	struct vgpu_sink sink;
	struct vgpu_model *model; /* fed by the story itself */
	struct story_process *processes;
	uint32_t count;
	struct story_identity *identities;
	uint32_t identity_count, identity_room;
	const char *ignore; /* patterns of function.parameter, with commas; NULL: none */
};

int vgpu_story_open(struct story **out, const char *ignore);
void vgpu_story_close(struct story *story); /* takes NULL */
/* After the last event: gives processes and threads their roles, puts calls in the order they were entered. */
int vgpu_story_finish(struct story *story);

/* What a call says: fills key, plain, result, depth and identities. 0 or -ENOMEM. */
int vgpu_story_digest(struct story *story, struct story_item *item, const struct vgpu_event *event);

/* ---- comparing ---- */

enum difference_kind {
	DIFFERENCE_ONLY_A,    /* done in A and not in B */
	DIFFERENCE_ONLY_B,
	DIFFERENCE_RESULT,
	DIFFERENCE_VALUE,
	DIFFERENCE_IDENTITY,  /* another handle than the one that stands for it */
	DIFFERENCE_UNFINISHED, /* returned in one only */
	DIFFERENCE_APART,     /* from here on they have too little in common */
	DIFFERENCE_EXIT,
	DIFFERENCE_PROCESS_A, /* a process of A that B has none for */
	DIFFERENCE_PROCESS_B,
	DIFFERENCE_THREAD_A,
	DIFFERENCE_THREAD_B,
	DIFFERENCES
};

struct difference {
	enum difference_kind kind;
	uint32_t process_a, process_b; /* numbers in their traces, 0: none */
	uint64_t a, b;      /* numbers of events, 0: none */
	uint64_t time_ns;   /* on A's clock; of what only B has: of what came before it */
	uint64_t count;     /* APART, PROCESS, THREAD: calls that it stands for */
	uint32_t thread;    /* of A, or of B where A has none: tells threads of a process apart */
	uint32_t sequence;  /* within the thread, by entry in both */
	uint8_t depth;
	uint32_t follows;   /* 1 + index of the difference that this follows; 0: it stands by itself */
};

struct differences {
	struct difference *list; /* in the order they are to be told */
	uint32_t count, room;
	uint32_t own; /* that stand by themselves */
};

int vgpu_story_compare(const struct story *a, const struct story *b, struct differences *out);
void vgpu_differences_free(struct differences *differences);

/*
 * The longest common part of two lists of keys, nearly: match[i] is the place in b of a's item i, or
 * -1. *apart: from a's place, b's place on (their counts: not at all) nothing was matched, since too
 * little is the same. 0 or -ENOMEM.
 */
int vgpu_story_align(const struct story_item *a, uint32_t a_count, const struct story_item *b, uint32_t b_count,
		     int64_t *match, uint32_t *a_apart, uint32_t *b_apart);

#endif
