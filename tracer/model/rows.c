// SPDX-License-Identifier: Apache-2.0
/* Finds the row of a table of functions for a call. */
#include "tracer/model/rows.h"

#include <string.h>

#include "shim/api/schema.h"

static int is_variant(const char *base, const char *name)
{
	size_t n = strlen(base);

	return !strncmp(name, base, n) && (!name[n] || !strcmp(name + n, "_ptsz") || !strcmp(name + n, "_ptds"));
}

void vgpu_rows_init(struct vgpu_rows *rows, const void *table, size_t stride, unsigned count)
{
	memset(rows, 0, sizeof(*rows));
	rows->table = table;
	rows->stride = stride;
	for (unsigned a = 0; vgpu_apis[a]; a++)
		for (uint32_t i = 0; i < vgpu_apis[a]->count; i++) {
			const struct vgpu_function *f = &vgpu_apis[a]->functions[i];
			uint32_t library = VGPU_FUNCTION_LIBRARY(f->id), number = VGPU_FUNCTION_NUMBER(f->id);

			for (unsigned r = 0; library < 8 && number < VGPU_MODEL_FUNCTIONS && r < count; r++)
				if (is_variant(*(const char *const *)(rows->table + r * stride), f->name))
					rows->row[library][number] = r + 1;
		}
}

const void *vgpu_rows_find(const struct vgpu_rows *rows, const struct vgpu_event *event)
{
	uint32_t library = VGPU_FUNCTION_LIBRARY(event->call.function);
	uint32_t number = VGPU_FUNCTION_NUMBER(event->call.function);
	uint8_t row;

	if ((event->kind != VGPU_EVENT_CALL && event->kind != VGPU_EVENT_PENDING) || library >= 8 ||
	    number >= VGPU_MODEL_FUNCTIONS)
		return NULL;
	row = rows->row[library][number];
	return row ? rows->table + (row - 1) * rows->stride : NULL;
}
