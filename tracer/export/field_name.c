// SPDX-License-Identifier: Apache-2.0
/* What a field is called. */
#include "tracer/export/field_name.h"

#include <stdio.h>
#include <string.h>

void vgpu_field_name(uint32_t kind, const struct vgpu_field *field, char name[VGPU_FIELD_NAME_MAX])
{
	for (uint32_t i = 0; i < vgpu_event_common.count; i++)
		if (!strcmp(vgpu_event_common.fields[i].name, field->name)) {
			snprintf(name, VGPU_FIELD_NAME_MAX, "%s_%s", vgpu_event_kind(kind)->name, field->name);
			return;
		}
	snprintf(name, VGPU_FIELD_NAME_MAX, "%s", field->name);
}
