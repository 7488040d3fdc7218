/* SPDX-License-Identifier: Apache-2.0 */
/* Finds the row of a table of functions, given by name, for a call: in one step. */
#ifndef VGPU_MODEL_ROWS_H
#define VGPU_MODEL_ROWS_H

#include <stddef.h>
#include <stdint.h>

#include "tracer/model/event.h"
#include "tracer/model/model.h"

struct vgpu_rows {
	const char *table;
	size_t stride;
	uint8_t row[8][VGPU_MODEL_FUNCTIONS]; /* by library and number: 1 + index, 0: none */
};

/*
 * The table's rows begin with the function's name (const char *); at most 255. A name stands for
 * that function in all libraries, and for its variants for another default stream (…_ptsz, …_ptds).
 */
void vgpu_rows_init(struct vgpu_rows *rows, const void *table, size_t stride, unsigned count);
/* The row for a CALL or PENDING event; NULL: none. */
const void *vgpu_rows_find(const struct vgpu_rows *rows, const struct vgpu_event *event);

#endif
