// SPDX-License-Identifier: Apache-2.0
/* Calls counted, a function and a group. */
#include "tracer/model/stat.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tracer/model/call.h"
#include "tracer/model/kernels.h"
#include "tracer/model/objects.h"

/* Calls in flight that are remembered: those of a thousand threads. */
#define PENDING_MAX 16384u

struct stat_row {
	struct vgpu_stat_row row;
	uint32_t process;
	uint64_t key;     /* thread, caller or pointer to the kernel's name */
	int32_t tid;
	bool hidden;      /* caller */
	bool others;
	bool status;      /* the function returns one */
	char thread_name[17];
	char *label;
};

struct pending {
	uint32_t process, thread;
	uint64_t ordinal;
	struct stat_row *row;
};

struct vgpu_stat {
	struct vgpu_sink sink, learner;
	enum vgpu_stat_by by;
	struct vgpu_model *model;
	struct vgpu_kernels *kernels;
	struct vgpu_objects *objects;
	struct stat_row **rows;
	uint32_t count, room;
	uint32_t *places;    /* open addressing: 1 + index in rows; a power of two, twice VGPU_STAT_ROWS */
	struct stat_row *direct[8][VGPU_MODEL_FUNCTIONS]; /* BY_FUNCTION: the row of a known function */
	struct stat_row *others;
	uint64_t called[8][VGPU_MODEL_FUNCTIONS / 64];
	struct pending *pending;
	uint32_t pending_count;
	uint64_t left_out;
	struct vgpu_stat_group *groups;
	struct vgpu_stat_row **sorted;
	uint32_t group_count;
};

#define PLACES (2 * VGPU_STAT_ROWS)

static const struct vgpu_sink_ops stat_ops, learner_ops;

int vgpu_stat_open(struct vgpu_stat **out, enum vgpu_stat_by by, struct vgpu_model *model)
{
	struct vgpu_stat *stat = calloc(1, sizeof(*stat));

	if (!stat)
		return -ENOMEM;
	stat->sink.ops = &stat_ops;
	stat->learner.ops = &learner_ops;
	stat->by = by;
	stat->model = model;
	stat->places = calloc(PLACES, sizeof(*stat->places));
	stat->pending = calloc(PENDING_MAX, sizeof(*stat->pending));
	if (!stat->places || !stat->pending || vgpu_kernels_open(&stat->kernels) || vgpu_objects_open(&stat->objects)) {
		vgpu_stat_close(stat);
		return -ENOMEM;
	}
	*out = stat;
	return 0;
}

static void row_free(struct stat_row *row)
{
	if (!row)
		return;
	vgpu_histogram_free(&row->row.times);
	free(row->row.codes);
	free(row->row.name);
	free(row->label);
	free(row);
}

void vgpu_stat_close(struct vgpu_stat *stat)
{
	if (!stat)
		return;
	for (uint32_t i = 0; i < stat->count; i++)
		row_free(stat->rows[i]);
	for (uint32_t i = 0; i < stat->group_count; i++)
		free((char *)stat->groups[i].label);
	free(stat->rows);
	free(stat->places);
	free(stat->pending);
	free(stat->groups);
	free(stat->sorted);
	vgpu_kernels_close(stat->kernels);
	vgpu_objects_close(stat->objects);
	free(stat);
}

struct vgpu_sink *vgpu_stat_sink(struct vgpu_stat *stat)
{
	return &stat->sink;
}

struct vgpu_sink *vgpu_stat_learner(struct vgpu_stat *stat)
{
	return &stat->learner;
}

const struct vgpu_stat_group *vgpu_stat_groups(const struct vgpu_stat *stat, uint32_t *count)
{
	*count = stat->group_count;
	return stat->groups;
}

bool vgpu_stat_called(const struct vgpu_stat *stat, uint32_t function)
{
	uint32_t library = VGPU_FUNCTION_LIBRARY(function), number = VGPU_FUNCTION_NUMBER(function);

	return library < 8 && number < VGPU_MODEL_FUNCTIONS &&
	       stat->called[library][number / 64] & UINT64_C(1) << number % 64;
}

uint64_t vgpu_stat_left_out(const struct vgpu_stat *stat)
{
	return stat->left_out;
}

/* ---- the row of a call ---- */

static struct stat_row *row_new(struct vgpu_stat *stat, const char *name)
{
	struct stat_row *row = calloc(1, sizeof(*row));

	if (stat->count == stat->room) {
		uint32_t room = stat->room ? stat->room * 2 : 256;
		void *grown = realloc(stat->rows, room * sizeof(*stat->rows));

		if (!grown)
			goto fail;
		stat->rows = grown;
		stat->room = room;
	}
	if (!row)
		goto fail;
	row->row.name = strdup(name);
	if (!row->row.name)
		goto fail;
	stat->rows[stat->count++] = row;
	return row;
fail:
	free(row);
	return NULL;
}

static struct stat_row *row_for(struct vgpu_stat *stat, const struct vgpu_event *event, uint32_t process, uint64_t key)
{
	const struct vgpu_event_call *call = &event->call;
	const struct vgpu_function *function = vgpu_function_find(call->function);
	struct vgpu_text name = { 0 };
	struct stat_row *row;

	if (stat->count >= VGPU_STAT_ROWS) {
		if (!stat->others)
			stat->others = row_new(stat, "(others)");
		if (stat->others)
			stat->others->others = true;
		return stat->others;
	}
	if (function)
		vgpu_text_puts(&name, function->name);
	else if (call->name)
		vgpu_text_puts(&name, call->name);
	else
		vgpu_call_format_name(&name, call->function);
	row = name.failed ? NULL : row_new(stat, vgpu_text_string(&name));
	vgpu_text_free(&name);
	if (!row)
		return NULL;
	row->row.function = call->function;
	row->status = function && function->flags & VGPU_FUNCTION_STATUS;
	row->process = process;
	row->key = key;
	row->tid = event->tid;
	row->hidden = call->flags & VGPU_CALL_CALLER_HIDDEN;
	strncpy(row->thread_name, call->thread_name ? call->thread_name : "", sizeof(row->thread_name) - 1);
	return row;
}

static bool is_row(const struct stat_row *row, const struct vgpu_event_call *call, uint32_t process, uint64_t key)
{
	return row->process == process && row->key == key && row->row.function == call->function && !row->others &&
	       (call->function || !strcmp(row->row.name, call->name ? call->name : row->row.name));
}

static struct stat_row *hashed_row(struct vgpu_stat *stat, const struct vgpu_event *event, uint32_t process,
				   uint64_t key)
{
	const struct vgpu_event_call *call = &event->call;
	uint64_t hash = (key ^ (uint64_t)process << 32 ^ call->function) * UINT64_C(0x9e3779b97f4a7c15);
	struct stat_row *row;
	uint32_t at;

	for (const char *c = call->function || !call->name ? "" : call->name; *c; c++)
		hash = (hash ^ (unsigned char)*c) * UINT64_C(0x100000001b3);
	for (at = (hash >> 40) & (PLACES - 1); stat->places[at]; at = (at + 1) & (PLACES - 1))
		if (is_row(stat->rows[stat->places[at] - 1], call, process, key))
			return stat->rows[stat->places[at] - 1];
	row = row_for(stat, event, process, key);
	if (row && !row->others)
		stat->places[at] = stat->count;
	return row;
}

/* NULL with *out_of_memory false: a call that is not to be counted. */
static struct stat_row *row_of(struct vgpu_stat *stat, const struct vgpu_event *event, bool *out_of_memory)
{
	uint32_t library = VGPU_FUNCTION_LIBRARY(event->call.function);
	uint32_t number = VGPU_FUNCTION_NUMBER(event->call.function);
	struct stat_row *row = NULL;
	const char *kernel;

	*out_of_memory = false;
	switch (stat->by) {
	case VGPU_STAT_BY_FUNCTION:
		if (event->call.function && library < 8 && number < VGPU_MODEL_FUNCTIONS) {
			row = stat->direct[library][number];
			if (!row)
				row = stat->direct[library][number] = hashed_row(stat, event, 0, 0);
		} else {
			row = hashed_row(stat, event, 0, 0);
		}
		break;
	case VGPU_STAT_BY_PROCESS:
		row = hashed_row(stat, event, event->process, 0);
		break;
	case VGPU_STAT_BY_THREAD:
		row = hashed_row(stat, event, event->process, event->call.thread);
		break;
	case VGPU_STAT_BY_CALLER:
		row = hashed_row(stat, event, event->process,
				 event->call.flags & VGPU_CALL_CALLER_HIDDEN ? 0 : event->call.caller);
		break;
	case VGPU_STAT_BY_KERNEL:
		if (!vgpu_kernels_launched(stat->kernels, event, &kernel)) {
			stat->left_out++;
			return NULL;
		}
		row = hashed_row(stat, event, 0, (uintptr_t)kernel);
		break;
	}
	*out_of_memory = !row;
	return row;
}

/* ---- counting ---- */

static int add_code(struct stat_row *row, int64_t code)
{
	struct vgpu_stat_code *grown;

	for (uint32_t i = 0; i < row->row.code_count; i++)
		if (row->row.codes[i].code == code) {
			row->row.codes[i].calls++;
			return 0;
		}
	grown = realloc(row->row.codes, (row->row.code_count + 1) * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	row->row.codes = grown;
	grown[row->row.code_count++] = (struct vgpu_stat_code){ .code = code, .calls = 1 };
	return 0;
}

static void end_pending(struct vgpu_stat *stat, const struct vgpu_event *event)
{
	for (uint32_t i = 0; i < stat->pending_count; i++) {
		const struct pending *pending = &stat->pending[i];

		if (pending->ordinal != event->call.ordinal || pending->thread != event->call.thread ||
		    pending->process != event->process)
			continue;
		pending->row->row.pending--;
		stat->pending[i] = stat->pending[--stat->pending_count];
		return;
	}
}

/* A reader of a live process says of one call several times that it is in flight. */
static void begin_pending(struct vgpu_stat *stat, struct stat_row *row, const struct vgpu_event *event)
{
	for (uint32_t i = 0; i < stat->pending_count; i++)
		if (stat->pending[i].ordinal == event->call.ordinal && stat->pending[i].thread == event->call.thread &&
		    stat->pending[i].process == event->process)
			return;
	row->row.pending++;
	if (stat->pending_count < PENDING_MAX)
		stat->pending[stat->pending_count++] =
			(struct pending){ event->process, event->call.thread, event->call.ordinal, row };
}

static int count_call(struct vgpu_stat *stat, struct stat_row *row, const struct vgpu_event *event)
{
	uint16_t flags = event->call.flags;

	if (stat->pending_count)
		end_pending(stat, event);
	row->row.calls++;
	if (flags) {
		row->row.unsupported += !!(flags & VGPU_CALL_UNSUPPORTED);
		row->row.no_symbol += !!(flags & VGPU_CALL_NO_SYMBOL);
		row->row.unwound += (flags & (VGPU_CALL_UNWOUND | VGPU_CALL_ENTRY_ONLY)) == VGPU_CALL_UNWOUND;
		/* What a call left by longjmp returned, or how long it took, is not known. */
		if (flags & VGPU_CALL_UNWOUND)
			return 0;
	}
	if (row->status && (uint32_t)event->call.result) {
		row->row.failed++;
		if (add_code(row, (int32_t)event->call.result))
			return -ENOMEM;
	}
	return vgpu_histogram_add(&row->row.times, event->call.duration_ns);
}

static int stat_event(struct vgpu_sink *sink, const struct vgpu_event *event)
{
	struct vgpu_stat *stat = (struct vgpu_stat *)sink;
	uint32_t library = VGPU_FUNCTION_LIBRARY(event->call.function);
	uint32_t number = VGPU_FUNCTION_NUMBER(event->call.function);
	struct stat_row *row;
	bool out_of_memory;

	if (event->kind != VGPU_EVENT_CALL && event->kind != VGPU_EVENT_PENDING)
		return 0;
	if (library < 8 && number < VGPU_MODEL_FUNCTIONS)
		stat->called[library][number / 64] |= UINT64_C(1) << number % 64;
	row = row_of(stat, event, &out_of_memory);
	if (!row)
		return out_of_memory ? -ENOMEM : 0;
	if (!row->row.first_ns || event->time_ns < row->row.first_ns)
		row->row.first_ns = event->time_ns;
	if (event->time_ns > row->row.last_ns)
		row->row.last_ns = event->time_ns;
	if (event->kind == VGPU_EVENT_CALL)
		return count_call(stat, row, event);
	begin_pending(stat, row, event);
	return 0;
}

static int learner_event(struct vgpu_sink *sink, const struct vgpu_event *event)
{
	struct vgpu_stat *stat = (struct vgpu_stat *)((char *)sink - offsetof(struct vgpu_stat, learner));

	if (stat->by == VGPU_STAT_BY_KERNEL)
		return vgpu_kernels_learn(stat->kernels, event);
	return stat->by == VGPU_STAT_BY_CALLER ? vgpu_objects_learn(stat->objects, event) : 0;
}

/* ---- groups ---- */

static char *label_of(struct vgpu_stat *stat, const struct stat_row *row)
{
	struct vgpu_text text = { 0 };
	const char *path;
	uint64_t offset;

	if (row->others)
		return strdup("(others)");
	switch (stat->by) {
	case VGPU_STAT_BY_PROCESS:
		vgpu_text_puts(&text, vgpu_model_label(stat->model, row->process));
		break;
	case VGPU_STAT_BY_THREAD:
		vgpu_text_printf(&text, "%s/%d", vgpu_model_label(stat->model, row->process), row->tid);
		/* Threads are named after their process unless somebody named them. */
		if (row->thread_name[0] && strncmp(row->thread_name, vgpu_text_string(&text), strlen(row->thread_name)))
			vgpu_text_printf(&text, " %s", row->thread_name);
		break;
	case VGPU_STAT_BY_CALLER:
		if (row->hidden)
			vgpu_text_puts(&text, "(caller hidden by a kernel probe)");
		else if (vgpu_objects_find(stat->objects, row->process, row->key, row->row.first_ns, &path, &offset))
			vgpu_text_printf(&text, "%s+0x%" PRIx64, path, offset);
		else
			vgpu_text_printf(&text, "%s 0x%" PRIx64, vgpu_model_label(stat->model, row->process), row->key);
		break;
	case VGPU_STAT_BY_KERNEL:
		vgpu_text_puts(&text, row->key ? (const char *)(uintptr_t)row->key : "(kernel's name not on record)");
		break;
	default:
		vgpu_text_puts(&text, "");
	}
	return text.failed ? NULL : text.bytes ? text.bytes : strdup("");
}

static int by_label(const void *a, const void *b)
{
	const struct stat_row *x = *(struct stat_row *const *)a, *y = *(struct stat_row *const *)b;
	int order = strcmp(x->label, y->label);

	if (order)
		return order;
	if (x->row.function != y->row.function)
		return x->row.function < y->row.function ? -1 : 1;
	return strcmp(x->row.name, y->row.name);
}

static int merge(struct stat_row *into, const struct stat_row *from)
{
	struct vgpu_stat_row *a = &into->row;
	const struct vgpu_stat_row *b = &from->row;

	a->calls += b->calls;
	a->failed += b->failed;
	a->unsupported += b->unsupported;
	a->no_symbol += b->no_symbol;
	a->unwound += b->unwound;
	a->pending += b->pending;
	if (b->first_ns < a->first_ns)
		a->first_ns = b->first_ns;
	if (b->last_ns > a->last_ns)
		a->last_ns = b->last_ns;
	for (uint32_t i = 0; i < b->code_count; i++) {
		if (add_code(into, b->codes[i].code))
			return -ENOMEM;
		for (uint32_t k = 0; k < a->code_count; k++)
			if (a->codes[k].code == b->codes[i].code)
				a->codes[k].calls += b->codes[i].calls - 1;
	}
	return vgpu_histogram_merge(&a->times, &b->times);
}

uint64_t vgpu_stat_value(const struct vgpu_stat_row *row, enum vgpu_stat_column column)
{
	switch (column) {
	case VGPU_STAT_CALLS:
		return row->calls + row->pending;
	case VGPU_STAT_ERRORS:
		return row->failed;
	case VGPU_STAT_TOTAL:
		return row->times.sum;
	case VGPU_STAT_MEAN:
		return vgpu_histogram_mean(&row->times);
	case VGPU_STAT_P50:
		return vgpu_histogram_percentile(&row->times, 50);
	case VGPU_STAT_P90:
		return vgpu_histogram_percentile(&row->times, 90);
	case VGPU_STAT_P99:
		return vgpu_histogram_percentile(&row->times, 99);
	case VGPU_STAT_MAX:
		return row->times.greatest;
	case VGPU_STAT_FIRST:
		return row->first_ns;
	case VGPU_STAT_LAST:
		return row->last_ns;
	default:
		return 0;
	}
}

/* qsort has no argument for it; one thread sorts at a time. */
static _Thread_local struct {
	enum vgpu_stat_column column;
	bool reverse;
} sorting;

static int compare(uint64_t x, uint64_t y, const char *x_name, const char *y_name)
{
	bool ascending = sorting.column == VGPU_STAT_NAME || sorting.column == VGPU_STAT_FIRST;
	int order = sorting.column == VGPU_STAT_NAME ? strcmp(x_name, y_name) : x < y ? -1 : x > y;

	if (order)
		return ascending != sorting.reverse ? order : -order;
	return strcmp(x_name, y_name);
}

static int by_column(const void *a, const void *b)
{
	const struct vgpu_stat_row *x = *(struct vgpu_stat_row *const *)a, *y = *(struct vgpu_stat_row *const *)b;
	int order = compare(vgpu_stat_value(x, sorting.column), vgpu_stat_value(y, sorting.column), x->name, y->name);

	return order ? order : x->function < y->function ? -1 : x->function > y->function;
}

/* Sums where a sum means something; otherwise that of the group's first row. */
static uint64_t group_value(const struct vgpu_stat_group *group)
{
	switch (sorting.column) {
	case VGPU_STAT_CALLS:
		return group->calls;
	case VGPU_STAT_ERRORS:
		return group->failed;
	case VGPU_STAT_TOTAL:
		return group->total_ns;
	default:
		return vgpu_stat_value(group->rows[0], sorting.column);
	}
}

static int by_group(const void *a, const void *b)
{
	const struct vgpu_stat_group *x = a, *y = b;

	return compare(group_value(x), group_value(y), x->label ? x->label : "", y->label ? y->label : "");
}

static int make_groups(struct vgpu_stat *stat)
{
	const char *last = NULL;

	stat->groups = calloc(stat->count + 1, sizeof(*stat->groups));
	stat->sorted = calloc(stat->count + 1, sizeof(*stat->sorted));
	if (!stat->groups || !stat->sorted)
		return -ENOMEM;
	for (uint32_t i = 0; i < stat->count; i++) {
		struct stat_row *row = stat->rows[i];
		struct vgpu_stat_group *group;

		if (!last || strcmp(last, row->label)) {
			last = row->label;
			group = &stat->groups[stat->group_count++];
			group->rows = &stat->sorted[i];
			group->label = stat->by == VGPU_STAT_BY_FUNCTION ? NULL : strdup(last);
			if (stat->by != VGPU_STAT_BY_FUNCTION && !group->label)
				return -ENOMEM;
		}
		group = &stat->groups[stat->group_count - 1];
		group->rows[group->count++] = &row->row;
		group->calls += vgpu_stat_value(&row->row, VGPU_STAT_CALLS);
		group->failed += row->row.failed;
		group->total_ns += row->row.times.sum;
	}
	return 0;
}

int vgpu_stat_finish(struct vgpu_stat *stat, enum vgpu_stat_column sort, bool reverse)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < stat->count; i++) {
		stat->rows[i]->label = label_of(stat, stat->rows[i]);
		if (!stat->rows[i]->label)
			return -ENOMEM;
	}
	if (stat->count)
		qsort(stat->rows, stat->count, sizeof(*stat->rows), by_label);
	for (uint32_t i = 0; i < stat->count; i++) {
		struct stat_row *row = stat->rows[i];

		if (kept && !by_label(&stat->rows[kept - 1], &row)) {
			if (merge(stat->rows[kept - 1], row))
				return -ENOMEM;
			/* What is behind kept is never looked at again. */
			row_free(row);
			stat->rows[i] = NULL;
			continue;
		}
		stat->rows[i] = NULL;
		stat->rows[kept++] = row;
	}
	stat->count = kept;
	if (make_groups(stat))
		return -ENOMEM;
	sorting.column = sort;
	sorting.reverse = reverse;
	for (uint32_t i = 0; i < stat->group_count; i++)
		qsort(stat->groups[i].rows, stat->groups[i].count, sizeof(*stat->groups[i].rows), by_column);
	if (stat->group_count)
		qsort(stat->groups, stat->group_count, sizeof(*stat->groups), by_group);
	return 0;
}

static const struct vgpu_sink_ops stat_ops = { .event = stat_event };
static const struct vgpu_sink_ops learner_ops = { .event = learner_event };
