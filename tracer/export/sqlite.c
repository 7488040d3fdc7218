// SPDX-License-Identifier: Apache-2.0
/* Export as an SQLite database. docs/sqlite-schema.md says what is where. */
#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shim/api/schema.h"
#include "tracer/export/export.h"
#include "tracer/export/json_event.h"
#include "tracer/export/sqlite_schema.h"
#include "tracer/model/nest.h"

enum statement {
	INSERT_EVENT,
	INSERT_ITEM,
	INSERT_TEXT,
	FIND_TEXT,
	INSERT_STACK,
	FIND_STACK,
	INSERT_FRAME,
	INSERT_ARGUMENT,
	INSERT_NESTED,
	INSERT_FUNCTION,
	INSERT_PARAMETER,
	STATEMENTS
};

static const char *const statements[] = {
	[INSERT_EVENT] = "INSERT INTO event VALUES(?,?,?,?,?,?,?)",
	[INSERT_ITEM] = "INSERT INTO item VALUES(?,?,?,?)",
	[INSERT_TEXT] = "INSERT INTO string(value) VALUES(?)",
	[FIND_TEXT] = "SELECT id FROM string WHERE value=?",
	[INSERT_STACK] = "INSERT INTO stack(words) VALUES(?)",
	[FIND_STACK] = "SELECT id FROM stack WHERE words=?",
	[INSERT_FRAME] = "INSERT INTO frame VALUES(?,?,?)",
	[INSERT_ARGUMENT] = "INSERT INTO argument VALUES(?,?,?,?,?)",
	[INSERT_NESTED] = "INSERT OR REPLACE INTO nested VALUES(?,?)",
	[INSERT_FUNCTION] = "INSERT OR IGNORE INTO function VALUES(?,?,?,?)",
	[INSERT_PARAMETER] = "INSERT OR IGNORE INTO parameter VALUES(?,?,?,?,?)",
};

/* Texts and stacks found last: what repeats does so soon. */
#define CACHE 4096u
struct cached {
	sqlite3_int64 id; /* 0: empty */
	size_t size;
	void *bytes;
};

struct database {
	sqlite3 *db;
	struct vgpu_nest *nest;
	sqlite3_stmt *statement[STATEMENTS];
	sqlite3_stmt *kind[VGPU_EVENT_KINDS];
	struct cached texts[CACHE], stacks[CACHE];
	uint64_t functions[8][VGPU_MODEL_FUNCTIONS / 64]; /* that have a row */
	int error;
};

static int database_enter(void *data, const struct vgpu_event *event, enum vgpu_tree_mark mark,
			  struct vgpu_nest_call *call);
static int database_resume(void *data, const struct vgpu_event *event, struct vgpu_nest_call *call);
static const struct vgpu_nest_ops nest_ops = { .enter = database_enter, .resume = database_resume };

/* The first failure sticks. */
static int check(struct database *database, int result)
{
	int cause = 0;

	if (result == SQLITE_OK || result == SQLITE_ROW || result == SQLITE_DONE || database->error)
		return database->error;
	switch (result & 0xff) {
	case SQLITE_FULL:
		database->error = -ENOSPC;
		break;
	case SQLITE_NOMEM:
		database->error = -ENOMEM;
		break;
	default:
		sqlite3_file_control(database->db, NULL, SQLITE_FCNTL_LAST_ERRNO, &cause);
		database->error = cause > 0 ? -cause : -EIO;
	}
	return database->error;
}

static void run(struct database *database, const char *sql)
{
	if (!database->error)
		check(database, sqlite3_exec(database->db, sql, NULL, NULL, NULL));
}

static void prepare(struct database *database, sqlite3_stmt **out, const char *sql)
{
	if (!database->error)
		check(database, sqlite3_prepare_v3(database->db, sql, -1, SQLITE_PREPARE_PERSISTENT, out, NULL));
}

static void step(struct database *database, sqlite3_stmt *statement)
{
	if (!database->error)
		check(database, sqlite3_step(statement));
	sqlite3_reset(statement);
}

static void database_close(void *exporter)
{
	struct database *database = exporter;

	vgpu_nest_close(database->nest);
	for (unsigned i = 0; i < STATEMENTS; i++)
		sqlite3_finalize(database->statement[i]);
	for (unsigned i = 0; i < VGPU_EVENT_KINDS; i++)
		sqlite3_finalize(database->kind[i]);
	for (unsigned i = 0; i < CACHE; i++) {
		free(database->texts[i].bytes);
		free(database->stacks[i].bytes);
	}
	sqlite3_close(database->db);
	free(database);
}

static void prepare_kind(struct database *database, uint32_t kind)
{
	struct vgpu_text sql = { 0 };

	vgpu_sqlite_insert(&sql, kind);
	if (sql.failed)
		database->error = -ENOMEM;
	prepare(database, &database->kind[kind], vgpu_text_string(&sql));
	vgpu_text_free(&sql);
}

static int database_open(void **out, const struct vgpu_export_to *to)
{
	struct database *database = calloc(1, sizeof(*database));
	struct vgpu_text sql = { 0 };
	int err;

	if (!database)
		return -ENOMEM;
	if (vgpu_nest_open(&database->nest, &nest_ops, database))
		database->error = -ENOMEM;
	check(database, sqlite3_open_v2(to->path, &database->db, SQLITE_OPEN_READWRITE, NULL));
	/* The file gets its name when it is whole: there is nothing to roll back to. */
	run(database, "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA locking_mode=EXCLUSIVE;"
		      "PRAGMA cache_size=-16384; PRAGMA temp_store=FILE; BEGIN");
	vgpu_sqlite_tables(&sql);
	if (sql.failed)
		database->error = -ENOMEM;
	run(database, vgpu_text_string(&sql));
	vgpu_text_free(&sql);
	for (unsigned i = 0; i < STATEMENTS; i++)
		prepare(database, &database->statement[i], statements[i]);
	for (uint32_t kind = 0; kind < VGPU_EVENT_KINDS; kind++)
		if (vgpu_event_kind(kind))
			prepare_kind(database, kind);
	err = database->error;
	if (err)
		database_close(database);
	else
		*out = database;
	return err;
}

/* ---- what repeats is kept once ---- */

static sqlite3_int64 intern(struct database *database, struct cached *cache, enum statement find,
			    enum statement insert, const void *bytes, size_t size, bool *fresh)
{
	sqlite3_stmt *statement = database->statement[find];
	uint64_t hash = UINT64_C(0xcbf29ce484222325);
	struct cached *cached;

	*fresh = false;
	for (size_t i = 0; i < size; i++)
		hash = (hash ^ ((const uint8_t *)bytes)[i]) * UINT64_C(0x100000001b3);
	cached = &cache[hash >> 40 & (CACHE - 1)];
	if (cached->id && cached->size == size && !memcmp(cached->bytes, bytes, size))
		return cached->id;
	free(cached->bytes);
	cached->id = 0;
	cached->size = size;
	cached->bytes = malloc(size + 1);
	if (!cached->bytes) {
		database->error = -ENOMEM;
		return 0;
	}
	memcpy(cached->bytes, bytes, size);
	for (unsigned again = 0; again < 2 && !database->error; again++) {
		int result;

		if (find == FIND_TEXT)
			sqlite3_bind_text(statement, 1, bytes, (int)size, SQLITE_STATIC);
		else
			sqlite3_bind_blob(statement, 1, bytes, (int)size, SQLITE_STATIC);
		result = sqlite3_step(statement);
		check(database, result);
		if (!again && result == SQLITE_ROW) {
			cached->id = sqlite3_column_int64(statement, 0);
			sqlite3_reset(statement);
			break;
		}
		sqlite3_reset(statement);
		if (again) {
			cached->id = sqlite3_last_insert_rowid(database->db);
			*fresh = true;
		}
		statement = database->statement[insert];
	}
	return cached->id;
}

static void bind_interned_text(struct database *database, sqlite3_stmt *statement, int place, const char *string)
{
	bool fresh;

	if (string)
		sqlite3_bind_int64(statement, place, intern(database, database->texts, FIND_TEXT, INSERT_TEXT, string,
							    strlen(string), &fresh));
	else
		sqlite3_bind_null(statement, place);
}

static void bind_stack(struct database *database, sqlite3_stmt *statement, int place, const struct vgpu_words *words)
{
	sqlite3_stmt *frame = database->statement[INSERT_FRAME];
	sqlite3_int64 id;
	bool fresh;

	if (!words->count) {
		sqlite3_bind_null(statement, place);
		return;
	}
	id = intern(database, database->stacks, FIND_STACK, INSERT_STACK, words->words, words->count * sizeof(uint64_t),
		    &fresh);
	for (uint32_t i = 0; fresh && i < words->count; i++) {
		sqlite3_bind_int64(frame, 1, id);
		sqlite3_bind_int64(frame, 2, i);
		sqlite3_bind_int64(frame, 3, (sqlite3_int64)words->words[i]);
		step(database, frame);
	}
	sqlite3_bind_int64(statement, place, id);
}

/* ---- one event ---- */

static void put_item(struct database *database, const struct vgpu_event *event, const char *field, uint32_t position,
		     const char *string, uint64_t word)
{
	sqlite3_stmt *statement = database->statement[INSERT_ITEM];

	sqlite3_bind_int64(statement, 1, (sqlite3_int64)event->number);
	sqlite3_bind_text(statement, 2, field, -1, SQLITE_STATIC);
	sqlite3_bind_int64(statement, 3, position);
	if (string)
		sqlite3_bind_text(statement, 4, string, -1, SQLITE_STATIC);
	else
		sqlite3_bind_int64(statement, 4, (sqlite3_int64)word);
	step(database, statement);
}

static void put_items(struct database *database, const struct vgpu_event *event, const struct vgpu_field *field)
{
	const void *at = (const uint8_t *)event + field->offset;
	const char *string = NULL;
	uint32_t i = 0;

	if (field->type == VGPU_FIELD_STRINGS)
		while ((string = vgpu_strings_next(at, string)))
			put_item(database, event, field->name, i++, string, 0);
	else
		for (const struct vgpu_words *words = at; i < words->count; i++)
			put_item(database, event, field->name, i, NULL, words->words[i]);
}

static void bind_field(struct database *database, sqlite3_stmt *statement, int place, const struct vgpu_event *event,
		       const struct vgpu_field *field)
{
	const void *at = (const uint8_t *)event + field->offset;

	switch (field->type) {
	case VGPU_FIELD_U8:
		sqlite3_bind_int64(statement, place, *(const uint8_t *)at);
		return;
	case VGPU_FIELD_U16:
		sqlite3_bind_int64(statement, place, *(const uint16_t *)at);
		return;
	case VGPU_FIELD_U32:
		sqlite3_bind_int64(statement, place, *(const uint32_t *)at);
		return;
	case VGPU_FIELD_I32:
		sqlite3_bind_int64(statement, place, *(const int32_t *)at);
		return;
	case VGPU_FIELD_U64:
	case VGPU_FIELD_I64:
		sqlite3_bind_int64(statement, place, *(const sqlite3_int64 *)at);
		return;
	case VGPU_FIELD_ID16:
		sqlite3_bind_blob(statement, place, at, 16, SQLITE_STATIC);
		return;
	case VGPU_FIELD_DATA:
		if (((const struct vgpu_data *)at)->size)
			sqlite3_bind_blob(statement, place, ((const struct vgpu_data *)at)->bytes,
					  (int)((const struct vgpu_data *)at)->size, SQLITE_STATIC);
		else
			sqlite3_bind_null(statement, place);
		return;
	case VGPU_FIELD_STRING:
		if (vgpu_sqlite_column(event->kind, field) == VGPU_SQLITE_TEXT_ID)
			bind_interned_text(database, statement, place, *(const char *const *)at);
		else if (*(const char *const *)at)
			sqlite3_bind_text(statement, place, *(const char *const *)at, -1, SQLITE_STATIC);
		else
			sqlite3_bind_null(statement, place);
		return;
	case VGPU_FIELD_WORDS:
		bind_stack(database, statement, place, at);
		return;
	}
}

static void put_function(struct database *database, uint32_t id)
{
	uint32_t library = VGPU_FUNCTION_LIBRARY(id), number = VGPU_FUNCTION_NUMBER(id);
	const struct vgpu_function *function = vgpu_function_find(id);
	sqlite3_stmt *statement = database->statement[INSERT_FUNCTION];

	if (!function)
		return;
	if (library < 8 && number < VGPU_MODEL_FUNCTIONS) {
		uint64_t *word = &database->functions[library][number / 64], bit = UINT64_C(1) << number % 64;

		if (*word & bit)
			return;
		*word |= bit;
	}
	sqlite3_bind_int64(statement, 1, id);
	sqlite3_bind_int64(statement, 2, library);
	sqlite3_bind_text(statement, 3, function->name, -1, SQLITE_STATIC);
	sqlite3_bind_int(statement, 4, !!(function->flags & VGPU_FUNCTION_STATUS));
	step(database, statement);
	statement = database->statement[INSERT_PARAMETER];
	for (uint32_t i = 0; i < function->nparams; i++) {
		sqlite3_bind_int64(statement, 1, id);
		sqlite3_bind_int64(statement, 2, i);
		sqlite3_bind_text(statement, 3, function->params[i].name, -1, SQLITE_STATIC);
		sqlite3_bind_text(statement, 4, function->params[i].type->name, -1, SQLITE_STATIC);
		sqlite3_bind_int(statement, 5, function->params[i].direction);
		step(database, statement);
	}
}

static void bind_json(sqlite3_stmt *statement, int place, struct json_object *values, const char *name)
{
	struct json_object *value;

	if (!values || !json_object_object_get_ex(values, name, &value))
		sqlite3_bind_null(statement, place);
	else
		sqlite3_bind_text(statement, place,
				  json_object_to_json_string_ext(value, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE),
				  -1, SQLITE_TRANSIENT);
}

static void put_arguments(struct database *database, const struct vgpu_event *event)
{
	const struct vgpu_function *function = vgpu_function_find(event->call.function);
	uint32_t count = event->call.args.count;
	sqlite3_stmt *statement = database->statement[INSERT_ARGUMENT];
	struct json_object *object, *in = NULL, *out = NULL;

	if (function && function->nparams > count)
		count = function->nparams;
	if (!count)
		return;
	object = json_object_new_object();
	vgpu_json_call(object, &event->call, event->kind == VGPU_EVENT_PENDING);
	json_object_object_get_ex(object, "in", &in);
	json_object_object_get_ex(object, "out", &out);
	for (uint32_t i = 0; i < count; i++) {
		const char *name = function && i < function->nparams ? function->params[i].name : "";

		sqlite3_bind_int64(statement, 1, (sqlite3_int64)event->number);
		sqlite3_bind_int64(statement, 2, i);
		if (i < event->call.args.count)
			sqlite3_bind_int64(statement, 3, (sqlite3_int64)event->call.args.words[i]);
		else
			sqlite3_bind_null(statement, 3);
		bind_json(statement, 4, in, name);
		bind_json(statement, 5, out, name);
		step(database, statement);
	}
	json_object_put(object);
}

static int database_event(void *exporter, const struct vgpu_event *event)
{
	struct database *database = exporter;
	const struct vgpu_kind *kind = vgpu_event_kind(event->kind);
	sqlite3_stmt *statement = database->statement[INSERT_EVENT];
	int place = 1, err;

	if (!kind)
		return 0;
	sqlite3_bind_int64(statement, 1, (sqlite3_int64)event->number);
	sqlite3_bind_int64(statement, 2, event->kind);
	for (uint32_t i = 1; i < vgpu_event_common.count; i++)
		bind_field(database, statement, (int)i + 2, event, &vgpu_event_common.fields[i]);
	step(database, statement);
	statement = database->kind[event->kind];
	sqlite3_bind_int64(statement, place++, (sqlite3_int64)event->number);
	for (uint32_t i = 0; i < kind->count; i++)
		if (vgpu_sqlite_column(event->kind, &kind->fields[i]) == VGPU_SQLITE_ITEMS)
			put_items(database, event, &kind->fields[i]);
		else if (vgpu_sqlite_column(event->kind, &kind->fields[i]) != VGPU_SQLITE_ARGUMENTS)
			bind_field(database, statement, place++, event, &kind->fields[i]);
	step(database, statement);
	if (event->kind == VGPU_EVENT_CALL || event->kind == VGPU_EVENT_PENDING) {
		put_function(database, event->call.function);
		put_arguments(database, event);
	}
	err = vgpu_nest_event(database->nest, event);
	return database->error ? database->error : err;
}

static int put_nested(struct database *database, const struct vgpu_event *event, const struct vgpu_nest_call *call)
{
	sqlite3_stmt *statement = database->statement[INSERT_NESTED];

	if (!call->parent)
		return 0;
	sqlite3_bind_int64(statement, 1, (sqlite3_int64)event->number);
	sqlite3_bind_int64(statement, 2, (sqlite3_int64)call->parent->number);
	step(database, statement);
	return database->error;
}

static int database_enter(void *data, const struct vgpu_event *event, enum vgpu_tree_mark mark,
			  struct vgpu_nest_call *call)
{
	(void)mark;
	return put_nested(data, event, call);
}

static int database_resume(void *data, const struct vgpu_event *event, struct vgpu_nest_call *call)
{
	return put_nested(data, event, call);
}

static int database_end(void *exporter)
{
	struct database *database = exporter;
	int err = vgpu_nest_end(database->nest);

	run(database, vgpu_sqlite_indexes);
	run(database, vgpu_sqlite_views);
	run(database, "COMMIT");
	return database->error ? database->error : err;
}

const struct vgpu_exporter vgpu_exporter_sqlite = {
	.name = "sqlite",
	.help = "an SQLite database with indexes and views",
	.use = "sqlite3 opens it: SELECT * FROM function_totals; docs/sqlite-schema.md says what is where",
	.makes = VGPU_EXPORT_FILE,
	.open = database_open,
	.event = database_event,
	.end = database_end,
	.close = database_close,
};
