// SPDX-License-Identifier: Apache-2.0
/* Counted calls as a table for people. */
#include "tracer/export/stat.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tracer/model/call.h"
#include "tracer/model/demangle.h"
#include "tracer/model/left_out.h"
#include "tracer/model/names.h"

#define NAME_MAX_COLUMNS 36u

const char *const vgpu_stat_column_names[] = {
	[VGPU_STAT_NAME] = "name",   [VGPU_STAT_CALLS] = "calls", [VGPU_STAT_ERRORS] = "errors",
	[VGPU_STAT_TOTAL] = "total", [VGPU_STAT_MEAN] = "mean",	  [VGPU_STAT_P50] = "p50",
	[VGPU_STAT_P90] = "p90",     [VGPU_STAT_P99] = "p99",	  [VGPU_STAT_MAX] = "max",
	[VGPU_STAT_FIRST] = "first", [VGPU_STAT_LAST] = "last",	  [VGPU_STAT_COLUMNS] = NULL,
};

struct table {
	const struct vgpu_stat_print *print;
	struct vgpu_text line;
	unsigned width[VGPU_STAT_COLUMNS]; /* 0: the column is left out */
	bool failed;
};

static void put(struct table *table)
{
	while (table->line.size && table->line.bytes[table->line.size - 1] == ' ')
		table->line.bytes[--table->line.size] = '\0';
	vgpu_text_puts(&table->line, "\n");
	table->failed |= table->line.failed;
	if (!table->line.failed)
		table->print->line(table->print->data, table->line.bytes, table->line.size);
	vgpu_text_clear(&table->line);
}

static void add_foreign(struct table *table, const char *string)
{
	vgpu_text_escape(&table->line, &table->print->look, string, strlen(string), false);
}

/* Three digits and a unit, six columns at most: 400ns 1.23µs 12.3ms 123s. */
static void short_duration(struct vgpu_text *out, const struct vgpu_look *look, uint64_t ns)
{
	static const char *const units[] = { "ns", "us", "ms", "s" };
	double value = ns;
	unsigned i = 0;

	while (i < 3 && value >= (i ? 999.5 : 999)) {
		value /= 1000;
		i++;
	}
	vgpu_text_printf(out, "%.*f%s", !i || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2, value,
			 i == 1 && look->utf8 ? "µs" : units[i]);
}

static void cell_text(struct table *table, const struct vgpu_stat_row *row, enum vgpu_stat_column column,
		      struct vgpu_text *out)
{
	uint64_t value = vgpu_stat_value(row, column), first = table->print->model->first_ns;

	switch (column) {
	case VGPU_STAT_CALLS:
		vgpu_text_count(out, value);
		break;
	case VGPU_STAT_ERRORS:
		if (value)
			vgpu_text_count(out, value);
		else
			vgpu_text_puts(out, "-");
		break;
	case VGPU_STAT_FIRST:
	case VGPU_STAT_LAST:
		short_duration(out, &table->print->look, value > first ? value - first : 0);
		break;
	default:
		if (row->times.count)
			short_duration(out, &table->print->look, value);
		else
			vgpu_text_puts(out, "-");
	}
}

/* ---- which columns there is room for ---- */

static void widths(struct table *table)
{
	static const enum vgpu_stat_column least_wanted[] = { VGPU_STAT_LAST, VGPU_STAT_FIRST, VGPU_STAT_P90,
							      VGPU_STAT_MEAN, VGPU_STAT_P50 };
	const struct vgpu_stat_group *groups;
	uint32_t count;
	unsigned total = 0;

	groups = vgpu_stat_groups(table->print->stat, &count);
	for (unsigned c = 0; c < VGPU_STAT_COLUMNS; c++)
		table->width[c] = c == VGPU_STAT_NAME ? 8 : c < VGPU_STAT_TOTAL ? strlen(vgpu_stat_column_names[c]) + 1 : 7;
	for (uint32_t g = 0; g < count; g++)
		for (uint32_t i = 0; i < groups[g].count; i++) {
			struct vgpu_text text = { 0 };
			unsigned n = strlen(groups[g].rows[i]->name);

			if (n > table->width[VGPU_STAT_NAME])
				table->width[VGPU_STAT_NAME] = n;
			cell_text(table, groups[g].rows[i], VGPU_STAT_CALLS, &text);
			if (text.size + 1 > table->width[VGPU_STAT_CALLS])
				table->width[VGPU_STAT_CALLS] = text.size + 1;
			vgpu_text_free(&text);
		}
	table->width[VGPU_STAT_ERRORS] = table->width[VGPU_STAT_CALLS] > 7 ? table->width[VGPU_STAT_CALLS] : 7;
	if (table->width[VGPU_STAT_NAME] > NAME_MAX_COLUMNS)
		table->width[VGPU_STAT_NAME] = NAME_MAX_COLUMNS;
	for (unsigned c = 0; c < VGPU_STAT_COLUMNS; c++)
		total += table->width[c];
	for (unsigned i = 0; table->print->width && i < sizeof(least_wanted) / sizeof(least_wanted[0]); i++)
		if (total > table->print->width) {
			total -= table->width[least_wanted[i]];
			table->width[least_wanted[i]] = 0;
		}
}

static void head(struct table *table)
{
	const struct vgpu_look *look = &table->print->look;

	vgpu_text_colour(&table->line, look, VGPU_COLOUR_DIM);
	vgpu_text_printf(&table->line, "%-*s", (int)table->width[VGPU_STAT_NAME], "function");
	for (unsigned c = VGPU_STAT_CALLS; c < VGPU_STAT_COLUMNS; c++)
		if (table->width[c])
			vgpu_text_printf(&table->line, "%*s", (int)table->width[c], vgpu_stat_column_names[c]);
	vgpu_text_colour(&table->line, look, VGPU_COLOUR_PLAIN);
	put(table);
}

/* ---- rows ---- */

static const struct vgpu_enum *status_of(uint32_t id)
{
	const struct vgpu_function *function = vgpu_function_find(id);
	const struct vgpu_api *api = vgpu_api_find(VGPU_FUNCTION_LIBRARY(id));

	if (function && function->result && function->result->enumeration)
		return function->result->enumeration;
	return api ? api->status : NULL;
}

/* One remark beneath a row; joined by commas, on further lines where one is too short. */
static void remark(struct table *table, bool *any, uint64_t n, const char *text, enum vgpu_colour colour)
{
	struct vgpu_text part = { 0 };

	if (!n)
		return;
	vgpu_text_count(&part, n);
	vgpu_text_printf(&part, " %s %s", table->print->look.utf8 ? "×" : "x", text);
	if (*any && table->print->width &&
	    vgpu_text_columns(&table->line, 0) + 2 + vgpu_text_columns(&part, 0) > table->print->width) {
		vgpu_text_puts(&table->line, ",");
		put(table);
		*any = false;
	}
	vgpu_text_puts(&table->line, *any ? ", " : "    ");
	vgpu_text_colour(&table->line, &table->print->look, colour);
	vgpu_text_puts(&table->line, vgpu_text_string(&part));
	vgpu_text_colour(&table->line, &table->print->look, VGPU_COLOUR_PLAIN);
	*any = true;
	vgpu_text_free(&part);
}

static void remarks(struct table *table, const struct vgpu_stat_row *row)
{
	bool any = false;

	for (uint32_t i = 0; i < row->code_count; i++) {
		struct vgpu_text name = { 0 };

		vgpu_result_format(&name, status_of(row->function), row->codes[i].code);
		remark(table, &any, row->codes[i].calls, vgpu_text_string(&name), VGPU_COLOUR_BAD);
		vgpu_text_free(&name);
	}
	remark(table, &any, row->unsupported, "not supported by the backend", VGPU_COLOUR_WARN);
	remark(table, &any, row->no_symbol, "the library behind has no such function", VGPU_COLOUR_WARN);
	remark(table, &any, row->unwound, "left by longjmp", VGPU_COLOUR_WARN);
	remark(table, &any, row->pending, "entered and not returned", VGPU_COLOUR_WARN);
	if (any)
		put(table);
}

static void row_line(struct table *table, const struct vgpu_stat_row *row)
{
	size_t start = table->line.size;

	vgpu_text_colour(&table->line, &table->print->look, VGPU_COLOUR_NAME);
	add_foreign(table, row->name);
	vgpu_text_colour(&table->line, &table->print->look, VGPU_COLOUR_PLAIN);
	/* A name too long for its column has a line of its own: it is what one searches for. */
	if (vgpu_text_columns(&table->line, start) > table->width[VGPU_STAT_NAME])
		put(table);
	vgpu_text_pad(&table->line, 0, table->width[VGPU_STAT_NAME]);
	for (unsigned c = VGPU_STAT_CALLS; c < VGPU_STAT_COLUMNS; c++) {
		struct vgpu_text cell = { 0 };
		unsigned columns;

		if (!table->width[c])
			continue;
		cell_text(table, row, c, &cell);
		columns = vgpu_text_columns(&cell, 0);
		vgpu_text_printf(&table->line, "%*s", columns < table->width[c] ? (int)(table->width[c] - columns) : 1, "");
		if (c == VGPU_STAT_ERRORS && row->failed)
			vgpu_text_colour(&table->line, &table->print->look, VGPU_COLOUR_BAD);
		vgpu_text_puts(&table->line, vgpu_text_string(&cell));
		if (c == VGPU_STAT_ERRORS && row->failed)
			vgpu_text_colour(&table->line, &table->print->look, VGPU_COLOUR_PLAIN);
		vgpu_text_free(&cell);
	}
	put(table);
	remarks(table, row);
}

static void count_of(struct vgpu_text *out, uint64_t n, const char *one, const char *many)
{
	vgpu_text_count(out, n);
	vgpu_text_printf(out, " %s", n == 1 ? one : many);
}

static void group(struct table *table, const struct vgpu_stat_group *g)
{
	uint32_t shown = table->print->limit && table->print->limit < g->count ? table->print->limit : g->count;
	char *plain;

	if (g->label) {
		vgpu_text_colour(&table->line, &table->print->look, VGPU_COLOUR_HEAD);
		vgpu_text_printf(&table->line, "%s ", table->print->what);
		plain = vgpu_demangle(g->label);
		add_foreign(table, plain ? plain : g->label);
		free(plain);
		vgpu_text_colour(&table->line, &table->print->look, VGPU_COLOUR_PLAIN);
		vgpu_text_puts(&table->line, "  ");
		count_of(&table->line, g->calls, "call", "calls");
		if (g->failed) {
			vgpu_text_puts(&table->line, ", ");
			count_of(&table->line, g->failed, "error", "errors");
		}
		put(table);
	}
	for (uint32_t i = 0; i < shown; i++)
		row_line(table, g->rows[i]);
	if (shown < g->count) {
		vgpu_text_ellipsis(&table->line, &table->print->look);
		vgpu_text_puts(&table->line, " ");
		count_of(&table->line, g->count - shown, "more function", "more functions");
		put(table);
	}
}

/* ---- what was not called ---- */

enum vgpu_stat_watch vgpu_stat_watch(const struct vgpu_model *model, uint32_t library, unsigned *processes)
{
	struct vgpu_event_loss losses;
	unsigned there = 0, elsewhere = 0;

	for (uint32_t i = 0; i < model->process_count; i++) {
		const struct vgpu_model_process *process = model->processes[i];

		if (!process || !process->started)
			continue;
		if (vgpu_model_library(process, library) ||
		    (process->presence == VGPU_PRESENCE_IN && process->present_libraries & 1u << library))
			there++;
		else if (process->in_session)
			elsewhere++;
	}
	if (processes)
		*processes = there;
	if (!there || !vgpu_model_observed(model, VGPU_OBSERVER_RING, NULL))
		return VGPU_WATCH_NONE;
	if (model->filter)
		return VGPU_WATCH_FILTERED;
	vgpu_model_losses(model, &losses);
	if (losses.dropped || losses.overwritten || losses.refused || losses.recycled || losses.threads_refused ||
	    model->gap.events)
		return VGPU_WATCH_LOSSY;
	return elsewhere ? VGPU_WATCH_SOME : VGPU_WATCH_ALL;
}

static void names(struct table *table, const struct vgpu_api *api)
{
	unsigned width = table->print->width ? table->print->width : 80;

	for (uint32_t i = 0; i < api->count; i++) {
		const char *name = api->functions[i].name;

		if (vgpu_stat_called(table->print->stat, api->functions[i].id))
			continue;
		if (table->line.size && table->line.size + 2 + strlen(name) > width)
			put(table);
		vgpu_text_printf(&table->line, "  %s", name);
	}
	if (table->line.size)
		put(table);
}

static void never(struct table *table)
{
	static const char *const words[] = {
		[VGPU_WATCH_FILTERED] = "not on record, which has only what passes its filter: they may have been called",
		[VGPU_WATCH_LOSSY] = "not on record, but calls were lost: they may have been called",
		[VGPU_WATCH_SOME] = "never called where our library was; not known of the other processes",
		[VGPU_WATCH_ALL] = "never called",
	};

	for (unsigned a = 0; vgpu_apis[a]; a++) {
		const struct vgpu_api *api = vgpu_apis[a];
		unsigned processes, missing = 0;
		enum vgpu_stat_watch watch = vgpu_stat_watch(table->print->model, api->library, &processes);

		put(table);
		vgpu_text_colour(&table->line, &table->print->look, VGPU_COLOUR_HEAD);
		vgpu_text_puts(&table->line, api->soname);
		vgpu_text_colour(&table->line, &table->print->look, VGPU_COLOUR_PLAIN);
		if (watch == VGPU_WATCH_NONE) {
			vgpu_text_puts(&table->line, "  not known: ours was not seen in any process");
			put(table);
			continue;
		}
		for (uint32_t i = 0; i < api->count; i++)
			missing += !vgpu_stat_called(table->print->stat, api->functions[i].id);
		vgpu_text_printf(&table->line, "  %u of %u functions %s", missing, api->count, words[watch]);
		put(table);
		names(table, api);
	}
}

static uint64_t lost(const struct vgpu_model *model)
{
	struct vgpu_event_loss losses;

	vgpu_model_losses(model, &losses);
	return losses.dropped + losses.overwritten + losses.refused + losses.recycled;
}

static void left_out(struct table *table)
{
	vgpu_left_out_format(&table->line, &table->print->look, table->print->model, "");
	if (table->line.size)
		table->print->line(table->print->data, vgpu_text_string(&table->line), table->line.size);
	vgpu_text_clear(&table->line);
}

static void foot(struct table *table, uint64_t calls, uint64_t failed, uint32_t rows)
{
	const struct vgpu_stat_print *print = table->print;

	put(table);
	count_of(&table->line, calls, "call", "calls");
	if (print->filtered)
		vgpu_text_puts(&table->line, " that passed the filter");
	vgpu_text_puts(&table->line, ", ");
	count_of(&table->line, rows, "row", "rows");
	vgpu_text_puts(&table->line, ", ");
	count_of(&table->line, failed, "error", "errors");
	if (lost(print->model)) {
		vgpu_text_puts(&table->line, "; ");
		count_of(&table->line, lost(print->model), "call was lost and is not in here",
			 "calls were lost and are not in here");
	}
	put(table);
	if (vgpu_stat_left_out(print->stat)) {
		count_of(&table->line, vgpu_stat_left_out(print->stat), "call launches no kernel and is left out",
			 "calls launch no kernel and are left out");
		put(table);
	}
	vgpu_text_colour(&table->line, &print->look, VGPU_COLOUR_DIM);
	vgpu_text_puts(&table->line, "times include the calls made inside; percentiles are within 0.8 %");
	vgpu_text_colour(&table->line, &print->look, VGPU_COLOUR_PLAIN);
	put(table);
}

/* Of these it is not known whether they were called. */
static void unplaced(struct table *table)
{
	const struct vgpu_model *model = table->print->model;

	for (uint32_t i = 0; i < model->unplaced_count; i++) {
		vgpu_text_puts(&table->line, "the probe ");
		add_foreign(table, model->unplaced[i].probe);
		vgpu_text_puts(&table->line, " ");
		vgpu_text_colour(&table->line, &table->print->look, VGPU_COLOUR_WARN);
		add_foreign(table, model->unplaced[i].why);
		vgpu_text_colour(&table->line, &table->print->look, VGPU_COLOUR_PLAIN);
		put(table);
	}
}

int vgpu_stat_print_table(const struct vgpu_stat_print *print)
{
	struct table table = { .print = print };
	const struct vgpu_stat_group *groups;
	uint32_t count, rows = 0;
	uint64_t calls = 0, failed = 0;

	groups = vgpu_stat_groups(print->stat, &count);
	widths(&table);
	if (count)
		head(&table);
	for (uint32_t g = 0; g < count; g++) {
		if (g)
			put(&table);
		group(&table, &groups[g]);
		calls += groups[g].calls;
		failed += groups[g].failed;
		rows += groups[g].count;
	}
	if (count) {
		foot(&table, calls, failed, rows);
	} else {
		vgpu_text_puts(&table.line, print->filtered ? "no call passes the filter"
					    : vgpu_stat_left_out(print->stat) ? "no kernel launch is on record"
									      : "no calls are on record");
		put(&table);
	}
	unplaced(&table);
	left_out(&table);
	if (print->never)
		never(&table);
	vgpu_text_free(&table.line);
	return table.failed ? -ENOMEM : 0;
}
