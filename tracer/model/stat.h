/* SPDX-License-Identifier: Apache-2.0 */
/* Calls counted: how often, how long, with which results, a function and a group. A sink with bounded memory. */
#ifndef VGPU_MODEL_STAT_H
#define VGPU_MODEL_STAT_H

#include <stdbool.h>
#include <stdint.h>

#include "tracer/model/histogram.h"
#include "tracer/model/model.h"

enum vgpu_stat_by {
	VGPU_STAT_BY_FUNCTION, /* one group with everything */
	VGPU_STAT_BY_PROCESS,
	VGPU_STAT_BY_THREAD,
	VGPU_STAT_BY_CALLER, /* the place in the program that called */
	VGPU_STAT_BY_KERNEL, /* launches only, by the kernel that was launched */
};

enum vgpu_stat_column {
	VGPU_STAT_NAME,
	VGPU_STAT_CALLS,
	VGPU_STAT_ERRORS,
	VGPU_STAT_TOTAL,
	VGPU_STAT_MEAN,
	VGPU_STAT_P50,
	VGPU_STAT_P90,
	VGPU_STAT_P99,
	VGPU_STAT_MAX,
	VGPU_STAT_FIRST,
	VGPU_STAT_LAST,
	VGPU_STAT_COLUMNS
};

/* Rows beyond this many share one, named "(others)". */
#define VGPU_STAT_ROWS 65536u

struct vgpu_stat_code {
	int64_t code;   /* a status that is not success */
	uint64_t calls;
};

struct vgpu_stat_row {
	char *name;       /* the function's */
	uint32_t function; /* 0: the description lacks it */
	uint64_t calls;   /* that returned, or were left by longjmp */
	uint64_t failed, unsupported, no_symbol, unwound;
	uint64_t pending; /* entered, and not returned on record */
	uint64_t first_ns, last_ns; /* when the first and the last were entered */
	struct vgpu_histogram times; /* ns, of calls that returned, with the calls made inside */
	struct vgpu_stat_code *codes;
	uint32_t code_count;
};

struct vgpu_stat_group {
	const char *label; /* NULL: everything */
	struct vgpu_stat_row **rows;
	uint32_t count;
	uint64_t calls, failed, total_ns;
};

struct vgpu_stat;

/* model gets every event before this sink does, and outlives it. 0 or -ENOMEM. */
int vgpu_stat_open(struct vgpu_stat **out, enum vgpu_stat_by by, struct vgpu_model *model);
struct vgpu_sink *vgpu_stat_sink(struct vgpu_stat *stat);
/* Takes every event, also those that a filter keeps from the sink: where names and addresses are learnt. */
struct vgpu_sink *vgpu_stat_learner(struct vgpu_stat *stat);
void vgpu_stat_close(struct vgpu_stat *stat); /* takes NULL */

/* After the last event: the groups, sorted, and the rows of each. 0 or -ENOMEM. */
int vgpu_stat_finish(struct vgpu_stat *stat, enum vgpu_stat_column sort, bool reverse);
const struct vgpu_stat_group *vgpu_stat_groups(const struct vgpu_stat *stat, uint32_t *count);
/* Whether a function was called at all, in any group. */
bool vgpu_stat_called(const struct vgpu_stat *stat, uint32_t function);
/* A column of a row as a number; first and last in ns. */
uint64_t vgpu_stat_value(const struct vgpu_stat_row *row, enum vgpu_stat_column column);
/* Calls that were not counted: in BY_KERNEL those that launch nothing. */
uint64_t vgpu_stat_left_out(const struct vgpu_stat *stat);

#endif
