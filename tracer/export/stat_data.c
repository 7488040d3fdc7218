// SPDX-License-Identifier: Apache-2.0
/* Counted calls as JSON and as comma-separated values. */
#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "tracer/export/csv_text.h"
#include "tracer/export/json_text.h"
#include "tracer/export/stat.h"
#include "tracer/model/demangle.h"
#include "tracer/model/names.h"

/* The numbers of a row, one list for both. */
enum number_from { FROM_COLUMN, FROM_MEMBER };
static const struct number {
	const char *name;
	enum number_from from;
	size_t what; /* enum vgpu_stat_column, or offset in struct vgpu_stat_row */
} numbers[] = {
	{ "calls", FROM_COLUMN, VGPU_STAT_CALLS },
	{ "errors", FROM_COLUMN, VGPU_STAT_ERRORS },
	{ "unsupported", FROM_MEMBER, offsetof(struct vgpu_stat_row, unsupported) },
	{ "no_symbol", FROM_MEMBER, offsetof(struct vgpu_stat_row, no_symbol) },
	{ "unwound", FROM_MEMBER, offsetof(struct vgpu_stat_row, unwound) },
	{ "pending", FROM_MEMBER, offsetof(struct vgpu_stat_row, pending) },
	{ "timed", FROM_MEMBER, offsetof(struct vgpu_stat_row, times.count) },
	{ "total_ns", FROM_COLUMN, VGPU_STAT_TOTAL },
	{ "min_ns", FROM_MEMBER, offsetof(struct vgpu_stat_row, times.least) },
	{ "mean_ns", FROM_COLUMN, VGPU_STAT_MEAN },
	{ "p50_ns", FROM_COLUMN, VGPU_STAT_P50 },
	{ "p90_ns", FROM_COLUMN, VGPU_STAT_P90 },
	{ "p99_ns", FROM_COLUMN, VGPU_STAT_P99 },
	{ "max_ns", FROM_COLUMN, VGPU_STAT_MAX },
	{ "first_ns", FROM_COLUMN, VGPU_STAT_FIRST },
	{ "last_ns", FROM_COLUMN, VGPU_STAT_LAST },
};
#define NUMBERS (sizeof(numbers) / sizeof(numbers[0]))

static uint64_t number_of(const struct vgpu_stat_row *row, const struct number *number)
{
	uint64_t value;

	if (number->from == FROM_COLUMN)
		return vgpu_stat_value(row, number->what);
	memcpy(&value, (const char *)row + number->what, sizeof(value));
	return value;
}

static void code_name(struct vgpu_text *out, const struct vgpu_stat_row *row, int64_t code)
{
	const struct vgpu_function *function = vgpu_function_find(row->function);
	const struct vgpu_api *api = vgpu_api_find(VGPU_FUNCTION_LIBRARY(row->function));
	const struct vgpu_enum *status = function && function->result && function->result->enumeration
					     ? function->result->enumeration
					     : api ? api->status : NULL;
	const char *name = status ? vgpu_enum_name(status, code) : NULL;

	if (name)
		vgpu_text_puts(out, name);
	else
		vgpu_text_printf(out, "%" PRId64, code);
}

static const char *library_of(const struct vgpu_stat_row *row)
{
	const struct vgpu_api *api = vgpu_api_find(VGPU_FUNCTION_LIBRARY(row->function));

	return api ? api->name : NULL;
}

static uint32_t shown(const struct vgpu_stat_print *print, const struct vgpu_stat_group *group)
{
	return print->limit && print->limit < group->count ? print->limit : group->count;
}

/* ---- JSON ---- */

static struct json_object *json_row(const struct vgpu_stat_row *row)
{
	struct json_object *object = json_object_new_object(), *codes = json_object_new_object();
	const char *library = library_of(row);

	json_object_object_add(object, "function", vgpu_json_string(row->name));
	json_object_object_add(object, "library", library ? json_object_new_string(library) : NULL);
	for (unsigned i = 0; i < NUMBERS; i++)
		json_object_object_add(object, numbers[i].name, json_object_new_uint64(number_of(row, &numbers[i])));
	json_object_object_add(object, "results", codes);
	for (uint32_t i = 0; i < row->code_count; i++) {
		struct vgpu_text name = { 0 };

		code_name(&name, row, row->codes[i].code);
		json_object_object_add(codes, vgpu_text_string(&name), json_object_new_uint64(row->codes[i].calls));
		vgpu_text_free(&name);
	}
	return object;
}

static struct json_object *json_never(const struct vgpu_stat_print *print)
{
	static const char *const words[] = { [VGPU_WATCH_NONE] = "nowhere", [VGPU_WATCH_FILTERED] = "through a filter",
					     [VGPU_WATCH_LOSSY] = "with losses",
					     [VGPU_WATCH_SOME] = "in some processes",
					     [VGPU_WATCH_ALL] = "everywhere" };
	struct json_object *array = json_object_new_array();

	for (unsigned a = 0; vgpu_apis[a]; a++) {
		const struct vgpu_api *api = vgpu_apis[a];
		enum vgpu_stat_watch watch = vgpu_stat_watch(print->model, api->library, NULL);
		struct json_object *object = json_object_new_object(), *names = NULL;

		json_object_object_add(object, "library", json_object_new_string(api->name));
		json_object_object_add(object, "watched", json_object_new_string(words[watch]));
		if (watch != VGPU_WATCH_NONE)
			names = json_object_new_array();
		for (uint32_t i = 0; names && i < api->count; i++)
			if (!vgpu_stat_called(print->stat, api->functions[i].id))
				json_object_array_add(names, json_object_new_string(api->functions[i].name));
		json_object_object_add(object, "not_called", names);
		json_object_array_add(array, object);
	}
	return array;
}

static struct json_object *json_unplaced(const struct vgpu_model *model)
{
	struct json_object *array = json_object_new_array();

	for (uint32_t i = 0; i < model->unplaced_count; i++) {
		struct json_object *object = json_object_new_object();

		json_object_object_add(object, "probe", vgpu_json_string(model->unplaced[i].probe));
		json_object_object_add(object, "why", vgpu_json_string(model->unplaced[i].why));
		json_object_array_add(array, object);
	}
	return array;
}

int vgpu_stat_print_json(const struct vgpu_stat_print *print)
{
	struct json_object *all = json_object_new_object(), *list = json_object_new_array();
	const struct vgpu_stat_group *groups;
	struct vgpu_event_loss losses;
	const char *text;
	uint32_t count;
	char *plain;
	size_t size;

	vgpu_model_losses(print->model, &losses);
	json_object_object_add(all, "by", json_object_new_string(print->what ? print->what : "function"));
	json_object_object_add(all, "filtered", json_object_new_boolean(print->filtered));
	json_object_object_add(all, "start_ns", json_object_new_uint64(print->model->first_ns));
	json_object_object_add(all, "realtime_offset_ns", json_object_new_uint64(print->model->realtime_offset_ns));
	json_object_object_add(all, "percentile_error", json_object_new_double(VGPU_HISTOGRAM_ERROR));
	json_object_object_add(all, "lost_calls", json_object_new_uint64(losses.dropped + losses.overwritten +
									 losses.refused + losses.recycled));
	json_object_object_add(all, "recorded_filter", print->model->filter ? vgpu_json_string(print->model->filter) : NULL);
	json_object_object_add(all, "calls_not_kept", json_object_new_uint64(print->model->gap.calls));
	json_object_object_add(all, "left_out", json_object_new_uint64(vgpu_stat_left_out(print->stat)));
	json_object_object_add(all, "groups", list);
	groups = vgpu_stat_groups(print->stat, &count);
	for (uint32_t g = 0; g < count; g++) {
		struct json_object *group = json_object_new_object(), *rows = json_object_new_array();

		json_object_object_add(group, "group", groups[g].label ? vgpu_json_string(groups[g].label) : NULL);
		plain = groups[g].label ? vgpu_demangle(groups[g].label) : NULL;
		if (plain)
			json_object_object_add(group, "demangled", vgpu_json_string(plain));
		free(plain);
		json_object_object_add(group, "calls", json_object_new_uint64(groups[g].calls));
		json_object_object_add(group, "errors", json_object_new_uint64(groups[g].failed));
		json_object_object_add(group, "rows", rows);
		for (uint32_t i = 0; i < shown(print, &groups[g]); i++)
			json_object_array_add(rows, json_row(groups[g].rows[i]));
		json_object_array_add(list, group);
	}
	if (print->model->unplaced_count)
		json_object_object_add(all, "unplaced_probes", json_unplaced(print->model));
	if (print->never)
		json_object_object_add(all, "never", json_never(print));
	text = json_object_to_json_string_length(all, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE, &size);
	if (text) {
		print->line(print->data, text, size);
		print->line(print->data, "\n", 1);
	}
	json_object_put(all);
	return text ? 0 : -ENOMEM;
}

/* ---- comma-separated values ---- */

int vgpu_stat_print_csv(const struct vgpu_stat_print *print)
{
	const struct vgpu_stat_group *groups;
	struct vgpu_text line = { 0 };
	uint32_t count;
	bool failed;

	vgpu_text_puts(&line, "group,function,library");
	for (unsigned i = 0; i < NUMBERS; i++)
		vgpu_text_printf(&line, ",%s", numbers[i].name);
	vgpu_text_puts(&line, ",results\r\n");
	groups = vgpu_stat_groups(print->stat, &count);
	for (uint32_t g = 0; g < count; g++)
		for (uint32_t i = 0; i < shown(print, &groups[g]); i++) {
			const struct vgpu_stat_row *row = groups[g].rows[i];
			const char *label = groups[g].label, *library = library_of(row);

			if (label)
				vgpu_csv_cell(&line, label, strlen(label));
			vgpu_text_puts(&line, ",");
			vgpu_csv_cell(&line, row->name, strlen(row->name));
			vgpu_text_printf(&line, ",%s", library ? library : "");
			for (unsigned k = 0; k < NUMBERS; k++)
				vgpu_text_printf(&line, ",%" PRIu64, number_of(row, &numbers[k]));
			vgpu_text_puts(&line, ",");
			for (uint32_t k = 0; k < row->code_count; k++) {
				vgpu_text_puts(&line, k ? ";" : "");
				code_name(&line, row, row->codes[k].code);
				vgpu_text_printf(&line, "=%" PRIu64, row->codes[k].calls);
			}
			vgpu_text_puts(&line, "\r\n");
			print->line(print->data, vgpu_text_string(&line), line.size);
			vgpu_text_clear(&line);
		}
	if (line.size)
		print->line(print->data, line.bytes, line.size);
	failed = line.failed;
	vgpu_text_free(&line);
	return failed ? -ENOMEM : 0;
}
