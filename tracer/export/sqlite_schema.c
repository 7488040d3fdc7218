// SPDX-License-Identifier: Apache-2.0
/* The tables of an exported database. */
#include "tracer/export/sqlite_schema.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "shim/api/schema.h"

static const char fixed_tables[] =
	"CREATE TABLE meta(key TEXT PRIMARY KEY, value);"
	"CREATE TABLE kind(id INTEGER PRIMARY KEY, name TEXT);"
	"CREATE TABLE observers(bit INTEGER PRIMARY KEY, name TEXT);"
	"CREATE TABLE api(id INTEGER PRIMARY KEY, name TEXT, soname TEXT, title TEXT);"
	"CREATE TABLE status(api INTEGER REFERENCES api(id), code INTEGER, name TEXT,"
	" PRIMARY KEY(api, code)) WITHOUT ROWID;"
	"CREATE TABLE function(id INTEGER PRIMARY KEY, api INTEGER REFERENCES api(id), name TEXT,"
	" returns_status INTEGER);"
	"CREATE TABLE parameter(function INTEGER REFERENCES function(id), position INTEGER, name TEXT, type TEXT,"
	" direction INTEGER, PRIMARY KEY(function, position)) WITHOUT ROWID;"
	"CREATE TABLE string(id INTEGER PRIMARY KEY, value TEXT UNIQUE);"
	"CREATE TABLE stack(id INTEGER PRIMARY KEY, words BLOB UNIQUE);"
	"CREATE TABLE frame(stack INTEGER REFERENCES stack(id), position INTEGER, address INTEGER,"
	" PRIMARY KEY(stack, position)) WITHOUT ROWID;"
	"CREATE TABLE event(number INTEGER PRIMARY KEY, kind INTEGER REFERENCES kind(id), observer INTEGER,"
	" process INTEGER, tid INTEGER, time_ns INTEGER, time_error_ns INTEGER);"
	"CREATE TABLE item(number INTEGER REFERENCES event(number), field TEXT, position INTEGER, value,"
	" PRIMARY KEY(number, field, position)) WITHOUT ROWID;"
	"CREATE TABLE argument(number INTEGER REFERENCES event(number), position INTEGER, word INTEGER,"
	" in_value TEXT, out_value TEXT, PRIMARY KEY(number, position)) WITHOUT ROWID;"
	"CREATE TABLE nested(number INTEGER PRIMARY KEY REFERENCES event(number),"
	" parent INTEGER REFERENCES event(number));";

const char vgpu_sqlite_indexes[] =
	"CREATE INDEX event_by_kind ON event(kind);"
	"CREATE INDEX event_by_time ON event(process, time_ns);"
	"CREATE INDEX call_by_function ON call(function);"
	"CREATE INDEX call_by_thread ON call(thread, ordinal);"
	"CREATE INDEX call_by_result ON call(function, result) WHERE result<>0;"
	"CREATE INDEX nested_by_parent ON nested(parent);";

const char vgpu_sqlite_views[] =
	/* The program that a process is, at last. */
	"CREATE VIEW processes AS SELECT p.process, s.pid, s.comm, s.exe,"
	" (SELECT group_concat(value, ' ') FROM (SELECT value FROM item WHERE item.number=p.number AND field='argv'"
	" ORDER BY position)) AS command, p.started_ns, x.time_ns AS ended_ns, t.how AS exit_how, t.status AS exit_status"
	" FROM (SELECT process, max(number) AS number, min(time_ns) AS started_ns FROM event WHERE kind IN"
	" (SELECT id FROM kind WHERE name IN ('start', 'exec')) GROUP BY process) p"
	" JOIN (SELECT number, pid, comm, exe FROM start UNION ALL SELECT number, pid, comm, exe FROM exec) s"
	" ON s.number=p.number LEFT JOIN (exit t JOIN event x ON x.number=t.number) ON x.process=p.process;"
	"CREATE VIEW calls AS SELECT e.number, e.process, e.tid, n.value AS thread_name, e.time_ns, c.duration_ns,"
	" l.name AS library, coalesce(f.name, u.value) AS function,"
	" CASE WHEN f.returns_status THEN (c.result & 0xffffffff) - ((c.result & 0x80000000) << 1) ELSE c.result END"
	" AS result, s.name AS status, coalesce(f.returns_status AND c.result & 0xffffffff AND NOT c.flags & 16, 0)"
	" AS failed, c.depth, x.parent, c.caller, c.flags"
	" FROM call c JOIN event e ON e.number=c.number LEFT JOIN function f ON f.id=c.function"
	" LEFT JOIN api l ON l.id=f.api LEFT JOIN string n ON n.id=c.thread_name"
	" LEFT JOIN string u ON u.id=c.name LEFT JOIN nested x ON x.number=c.number"
	" LEFT JOIN status s ON f.returns_status AND s.api=f.api AND"
	" s.code=(c.result & 0xffffffff) - ((c.result & 0x80000000) << 1);"
	"CREATE VIEW failed_calls AS SELECT * FROM calls WHERE failed;"
	"CREATE VIEW arguments AS SELECT a.number, f.name AS function, a.position, p.name, p.type, a.word, a.in_value,"
	" a.out_value FROM argument a JOIN (SELECT number, function FROM call UNION ALL"
	" SELECT number, function FROM pending) c ON c.number=a.number"
	" LEFT JOIN function f ON f.id=c.function LEFT JOIN parameter p ON p.function=c.function AND p.position=a.position;"
	"CREATE VIEW function_totals AS SELECT library, function, count(*) AS calls, sum(failed) AS failed,"
	" sum(duration_ns) AS total_ns, avg(duration_ns) AS mean_ns, max(duration_ns) AS max_ns,"
	" min(time_ns) AS first_ns, max(time_ns) AS last_ns FROM calls GROUP BY library, function;"
	"CREATE VIEW results AS SELECT library, function, result, status, count(*) AS calls FROM calls"
	" GROUP BY library, function, result;";

enum vgpu_sqlite_column vgpu_sqlite_column(uint32_t kind, const struct vgpu_field *field)
{
	bool call = kind == VGPU_EVENT_CALL || kind == VGPU_EVENT_PENDING;

	if (field->type == VGPU_FIELD_STRINGS)
		return VGPU_SQLITE_ITEMS;
	if (field->type == VGPU_FIELD_WORDS)
		return !call			      ? VGPU_SQLITE_ITEMS
		       : strcmp(field->name, "args") ? VGPU_SQLITE_STACK_ID
						     : VGPU_SQLITE_ARGUMENTS;
	/* Of calls there are many, of the rest few. */
	return call && field->type == VGPU_FIELD_STRING ? VGPU_SQLITE_TEXT_ID : VGPU_SQLITE_VALUE;
}

static void add_name(struct vgpu_text *sql, const char *name)
{
	vgpu_text_puts(sql, "\"");
	for (; *name; name++)
		vgpu_text_add(sql, *name == ' ' ? "_" : name, 1);
	vgpu_text_puts(sql, "\"");
}

static void add_columns(struct vgpu_text *sql, uint32_t kind)
{
	const struct vgpu_kind *k = vgpu_event_kind(kind);

	for (uint32_t i = 0; i < k->count; i++) {
		static const char *const types[] = { [VGPU_SQLITE_TEXT_ID] = " INTEGER REFERENCES string(id)",
						     [VGPU_SQLITE_STACK_ID] = " INTEGER REFERENCES stack(id)" };
		enum vgpu_sqlite_column column = vgpu_sqlite_column(kind, &k->fields[i]);
		uint8_t type = k->fields[i].type;

		if (column == VGPU_SQLITE_ITEMS || column == VGPU_SQLITE_ARGUMENTS)
			continue;
		vgpu_text_puts(sql, ", ");
		add_name(sql, k->fields[i].name);
		if (column != VGPU_SQLITE_VALUE)
			vgpu_text_puts(sql, types[column]);
		else
			vgpu_text_puts(sql, type == VGPU_FIELD_STRING				     ? " TEXT"
					    : type == VGPU_FIELD_DATA || type == VGPU_FIELD_ID16 ? " BLOB"
												     : " INTEGER");
	}
}

static void add_status(struct vgpu_text *sql, const struct vgpu_api *api)
{
	for (uint32_t i = 0; api->status && i < api->status->count; i++)
		vgpu_text_printf(sql, "INSERT OR IGNORE INTO status VALUES(%u,%" PRId64 ",'%s');", api->library,
				 api->status->constants[i].value, api->status->constants[i].name);
}

void vgpu_sqlite_tables(struct vgpu_text *sql)
{
	vgpu_text_printf(sql, "PRAGMA user_version=%d;", VGPU_SQLITE_VERSION);
	vgpu_text_puts(sql, fixed_tables);
	vgpu_text_puts(sql, "INSERT INTO meta VALUES('made by','vgpu-trace " VGPU_VERSION "'),"
			    "('times','ns of CLOCK_MONOTONIC; host.realtime_ns - host.monotonic_ns makes them UTC');");
	for (uint32_t kind = 0; kind < VGPU_EVENT_KINDS; kind++) {
		if (!vgpu_event_kind(kind))
			continue;
		vgpu_text_printf(sql, "INSERT INTO kind VALUES(%u,'%s');CREATE TABLE ", kind, vgpu_event_kind(kind)->name);
		add_name(sql, vgpu_event_kind(kind)->name);
		vgpu_text_puts(sql, "(number INTEGER PRIMARY KEY REFERENCES event(number)");
		add_columns(sql, kind);
		vgpu_text_puts(sql, ");");
	}
	for (uint32_t bit = 1; bit <= VGPU_OBSERVER_TRACER; bit <<= 1)
		vgpu_text_printf(sql, "INSERT INTO observers VALUES(%u,'%s');", bit, vgpu_observer_name(bit));
	for (unsigned a = 0; vgpu_apis[a]; a++) {
		vgpu_text_printf(sql, "INSERT INTO api VALUES(%u,'%s','%s','%s');", vgpu_apis[a]->library,
				 vgpu_apis[a]->name, vgpu_apis[a]->soname, vgpu_apis[a]->title);
		add_status(sql, vgpu_apis[a]);
	}
}

void vgpu_sqlite_insert(struct vgpu_text *sql, uint32_t kind)
{
	const struct vgpu_kind *k = vgpu_event_kind(kind);

	vgpu_text_puts(sql, "INSERT INTO ");
	add_name(sql, k->name);
	vgpu_text_puts(sql, " VALUES(?");
	for (uint32_t i = 0; i < k->count; i++) {
		enum vgpu_sqlite_column column = vgpu_sqlite_column(kind, &k->fields[i]);

		if (column != VGPU_SQLITE_ITEMS && column != VGPU_SQLITE_ARGUMENTS)
			vgpu_text_puts(sql, ",?");
	}
	vgpu_text_puts(sql, ")");
}
