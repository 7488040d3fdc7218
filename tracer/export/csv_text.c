// SPDX-License-Identifier: Apache-2.0
/* A cell of comma-separated values. */
#include "tracer/export/csv_text.h"

#include <string.h>

static bool needs_quotes(const char *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (strchr(",\"\r\n", bytes[i]))
			return true;
	/* Outer blanks are lost by some readers. */
	return !size || bytes[0] == ' ' || bytes[size - 1] == ' ';
}

void vgpu_csv_cell(struct vgpu_text *out, const char *bytes, size_t size)
{
	if (!needs_quotes(bytes, size)) {
		vgpu_text_add(out, bytes, size);
		return;
	}
	vgpu_text_add(out, "\"", 1);
	for (size_t i = 0; i < size; i++)
		vgpu_text_add(out, bytes[i] == '"' ? "\"\"" : &bytes[i], bytes[i] == '"' ? 2 : 1);
	vgpu_text_add(out, "\"", 1);
}
