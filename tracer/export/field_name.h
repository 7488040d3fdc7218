/* SPDX-License-Identifier: Apache-2.0 */
/* What a field is called where an event's own fields and those of all events stand side by side. */
#ifndef VGPU_EXPORT_FIELD_NAME_H
#define VGPU_EXPORT_FIELD_NAME_H

#include "tracer/model/event.h"

#define VGPU_FIELD_NAME_MAX 64

/* Its name; KIND_NAME where all events have one of that name ("coverage_observer"). */
void vgpu_field_name(uint32_t kind, const struct vgpu_field *field, char name[VGPU_FIELD_NAME_MAX]);

#endif
