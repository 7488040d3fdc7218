/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of an exported database, made from the tables of the events' fields. */
#ifndef VGPU_EXPORT_SQLITE_SCHEMA_H
#define VGPU_EXPORT_SQLITE_SCHEMA_H

#include "tracer/model/event.h"
#include "tracer/model/text.h"

/* In PRAGMA user_version. Raised when something is renamed or removed, not when something is added. */
#define VGPU_SQLITE_VERSION 1

enum vgpu_sqlite_column {
	VGPU_SQLITE_VALUE,     /* a column with the value */
	VGPU_SQLITE_TEXT_ID,   /* a column with the id of a row in `string` */
	VGPU_SQLITE_STACK_ID,  /* a column with the id of a row in `stack` */
	VGPU_SQLITE_ITEMS,     /* rows in `item` */
	VGPU_SQLITE_ARGUMENTS, /* rows in `argument` */
};
enum vgpu_sqlite_column vgpu_sqlite_column(uint32_t kind, const struct vgpu_field *field);

/* Appends the statements that make the tables, and fill those that are the same for every trace. */
void vgpu_sqlite_tables(struct vgpu_text *sql);
/* Appends the statement that inserts an event's row in its kind's table: number, then the columns in order. */
void vgpu_sqlite_insert(struct vgpu_text *sql, uint32_t kind);
extern const char vgpu_sqlite_indexes[], vgpu_sqlite_views[];

#endif
