/* SPDX-License-Identifier: Apache-2.0 */
/* What a recording does not have since it was not wanted: of that nothing is known, above all not that it was absent. */
#ifndef VGPU_MODEL_LEFT_OUT_H
#define VGPU_MODEL_LEFT_OUT_H

#include "tracer/model/model.h"
#include "tracer/model/text.h"

/* By a filter, or to hold the file to a size. */
bool vgpu_left_out(const struct vgpu_model *model);
/* A line for each of them, each begun with `indent`; nothing where all is there. */
void vgpu_left_out_format(struct vgpu_text *out, const struct vgpu_look *look, const struct vgpu_model *model,
			  const char *indent);

#endif
