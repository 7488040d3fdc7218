/* SPDX-License-Identifier: Apache-2.0 */
/* A cell of comma-separated values as RFC 4180 has it. */
#ifndef VGPU_EXPORT_CSV_TEXT_H
#define VGPU_EXPORT_CSV_TEXT_H

#include "tracer/model/text.h"

/* Appends the cell, quoted where it has to be; an empty text comes out as "", which is not the empty cell. */
void vgpu_csv_cell(struct vgpu_text *out, const char *bytes, size_t size);

#endif
