// SPDX-License-Identifier: Apache-2.0
/* Export as comma-separated values (RFC 4180): a row an event, a column for each field that any event has. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tracer/export/csv_text.h"
#include "tracer/export/export.h"
#include "tracer/export/field_name.h"
#include "tracer/export/json_event.h"
#include "tracer/export/out.h"

/* Of calls, what their numbers mean; before the fields. */
static const char *const call_columns[] = { "function_name", "library_name", "status", "in", "out" };
#define CALL_COLUMNS (sizeof(call_columns) / sizeof(call_columns[0]))
#define COLUMNS_MAX  512u

struct csv {
	struct vgpu_out out;
	char columns[COLUMNS_MAX][VGPU_FIELD_NAME_MAX]; /* names of fields, each once */
	unsigned count;
	unsigned place[VGPU_EVENT_KINDS][64]; /* column of each field of a kind */
	struct vgpu_text cells[COLUMNS_MAX];  /* of the row being made */
};

static int column_of(struct csv *csv, const char *name, unsigned *column)
{
	for (unsigned i = 0; i < csv->count; i++)
		if (!strcmp(csv->columns[i], name)) {
			*column = i;
			return 0;
		}
	if (csv->count == COLUMNS_MAX)
		return -E2BIG;
	*column = csv->count;
	snprintf(csv->columns[csv->count++], VGPU_FIELD_NAME_MAX, "%s", name);
	return 0;
}

static int plan(struct csv *csv)
{
	/* What most rows have comes first. */
	static const uint32_t first[] = { VGPU_EVENT_CALL };
	unsigned column;
	int err = column_of(csv, "event", &column);

	for (uint32_t i = 0; !err && i < vgpu_event_common.count; i++)
		err = column_of(csv, vgpu_event_common.fields[i].name, &column);
	for (unsigned i = 0; !err && i < CALL_COLUMNS; i++)
		err = column_of(csv, call_columns[i], &column);
	for (uint32_t n = 0; !err && n < VGPU_EVENT_KINDS + 1; n++) {
		uint32_t kind = n ? n - 1 : first[0];
		const struct vgpu_kind *k = vgpu_event_kind(kind);

		if (k && k->count > 64)
			return -E2BIG;
		for (uint32_t i = 0; k && !err && i < k->count; i++) {
			char name[VGPU_FIELD_NAME_MAX];

			vgpu_field_name(kind, &k->fields[i], name);
			err = column_of(csv, name, &csv->place[kind][i]);
		}
	}
	return err;
}

static void write_row(struct csv *csv)
{
	for (unsigned i = 0; i < csv->count; i++) {
		if (i)
			vgpu_out_write(&csv->out, ",", 1);
		if (csv->cells[i].size)
			vgpu_out_write(&csv->out, csv->cells[i].bytes, csv->cells[i].size);
		if (csv->cells[i].failed)
			csv->out.error = -ENOMEM;
		vgpu_text_clear(&csv->cells[i]);
	}
	vgpu_out_write(&csv->out, "\r\n", 2);
}

static int csv_open(void **out, const struct vgpu_export_to *to)
{
	struct csv *csv = calloc(1, sizeof(*csv));
	int err;

	if (!csv)
		return -ENOMEM;
	csv->out.fd = to->fd;
	err = plan(csv);
	if (err) {
		free(csv);
		return err;
	}
	for (unsigned i = 0; i < csv->count; i++)
		vgpu_csv_cell(&csv->cells[i], csv->columns[i], strlen(csv->columns[i]));
	write_row(csv);
	*out = csv;
	return 0;
}

static void csv_close(void *exporter)
{
	struct csv *csv = exporter;

	for (unsigned i = 0; i < csv->count; i++)
		vgpu_text_free(&csv->cells[i]);
	free(csv);
}

static void put_json(struct vgpu_text *cell, struct json_object *object)
{
	size_t size;
	const char *text;

	if (json_object_get_type(object) == json_type_string)
		vgpu_csv_cell(cell, json_object_get_string(object), json_object_get_string_len(object));
	else if (object) {
		text = json_object_to_json_string_length(object, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE,
							 &size);
		if (text)
			vgpu_csv_cell(cell, text, size);
		cell->failed |= !text;
	}
}

static void put_field(struct vgpu_text *cell, const struct vgpu_event *event, const struct vgpu_field *field)
{
	const void *at = (const uint8_t *)event + field->offset;
	struct json_object *object;
	const char *string;

	/* Text goes byte by byte as it was recorded, be it UTF-8 or not. */
	if (field->type == VGPU_FIELD_STRING) {
		string = *(const char *const *)at;
		if (string)
			vgpu_csv_cell(cell, string, strlen(string));
		return;
	}
	object = vgpu_json_field(event, field);
	put_json(cell, object);
	json_object_put(object);
}

static void put_call(struct csv *csv, const struct vgpu_event *event)
{
	static const char *const keys[CALL_COLUMNS] = { "name", "library", "status", "in", "out" };
	struct json_object *object = json_object_new_object(), *value;
	unsigned first = 1 + vgpu_event_common.count;

	vgpu_json_call(object, &event->call, event->kind == VGPU_EVENT_PENDING);
	for (unsigned i = 0; i < CALL_COLUMNS; i++)
		if (json_object_object_get_ex(object, keys[i], &value))
			put_json(&csv->cells[first + i], value);
	json_object_put(object);
}

static int csv_event(void *exporter, const struct vgpu_event *event)
{
	struct csv *csv = exporter;
	const struct vgpu_kind *kind = vgpu_event_kind(event->kind);

	if (!kind)
		return 0;
	vgpu_csv_cell(&csv->cells[0], kind->name, strlen(kind->name));
	for (uint32_t i = 0; i < vgpu_event_common.count; i++)
		put_field(&csv->cells[1 + i], event, &vgpu_event_common.fields[i]);
	if (event->kind == VGPU_EVENT_CALL || event->kind == VGPU_EVENT_PENDING)
		put_call(csv, event);
	for (uint32_t i = 0; i < kind->count; i++)
		put_field(&csv->cells[csv->place[event->kind][i]], event, &kind->fields[i]);
	write_row(csv);
	return csv->out.error;
}

static int csv_end(void *exporter)
{
	return vgpu_out_flush(&((struct csv *)exporter)->out);
}

const struct vgpu_exporter vgpu_exporter_csv = {
	.name = "csv",
	.help = "comma-separated values, a row an event, a column a field",
	.makes = VGPU_EXPORT_STREAM,
	.open = csv_open,
	.event = csv_event,
	.end = csv_end,
	.close = csv_close,
};
