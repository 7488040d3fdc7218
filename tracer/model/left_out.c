// SPDX-License-Identifier: Apache-2.0
/* What a recording does not have since it was not wanted. */
#include "tracer/model/left_out.h"

#include "tracer/model/gap.h"

bool vgpu_left_out(const struct vgpu_model *model)
{
	return model->filter || model->gap.events;
}

void vgpu_left_out_format(struct vgpu_text *out, const struct vgpu_look *look, const struct vgpu_model *model,
			  const char *indent)
{
	if (model->filter) {
		vgpu_text_puts(out, indent);
		vgpu_text_colour(out, look, VGPU_COLOUR_WARN);
		vgpu_text_puts(out, "filtered: recorded with -e ");
		vgpu_text_shell_word(out, look, model->filter);
		vgpu_text_puts(out, "; of calls that do not pass it nothing is known");
		vgpu_text_colour(out, look, VGPU_COLOUR_PLAIN);
		vgpu_text_puts(out, "\n");
	}
	if (model->gap.events) {
		vgpu_text_puts(out, indent);
		vgpu_text_colour(out, look, VGPU_COLOUR_WARN);
		vgpu_text_puts(out, "not kept: ");
		vgpu_gap_format(out, look, &model->gap);
		vgpu_text_colour(out, look, VGPU_COLOUR_PLAIN);
		vgpu_text_puts(out, "\n");
	}
}
