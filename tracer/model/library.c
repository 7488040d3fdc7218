// SPDX-License-Identifier: Apache-2.0
/* Which library answers, as a person reads it. */
#include "tracer/model/library.h"

#include <string.h>

void vgpu_build_id_format(struct vgpu_text *out, const uint8_t *build_id, unsigned size, bool full)
{
	unsigned shown = full || size <= 8 ? size : 8;

	if (!size) {
		vgpu_text_puts(out, "no build id");
		return;
	}
	vgpu_text_puts(out, "build id ");
	for (unsigned i = 0; i < shown; i++)
		vgpu_text_printf(out, "%02x", build_id[i]);
}

/* Of a file that anybody may have written. */
static void add(struct vgpu_text *out, const struct vgpu_look *look, const char *before, const char *string,
		const char *after)
{
	vgpu_text_puts(out, before);
	vgpu_text_escape(out, look, string, strlen(string), false);
	vgpu_text_puts(out, after);
}

void vgpu_answer_format(struct vgpu_text *out, const struct vgpu_look *look, const struct vgpu_model_answer *answer)
{
	size_t start = out->size;

	add(out, look, "", answer->soname ? answer->soname : "?", "");
	vgpu_text_pad(out, start, 19);
	if (!answer->path) {
		vgpu_text_puts(out, " is not to be found");
		if (answer->where)
			add(out, look, " (looked in ", answer->where, ")");
	} else {
		vgpu_text_puts(out, " ");
		vgpu_text_back_arrow(out, look);
		vgpu_text_puts(out, " ");
		vgpu_text_escape(out, look, answer->path, strlen(answer->path), false);
		vgpu_text_puts(out, "  ");
		if (answer->error)
			vgpu_text_printf(out, "not usable: %s", strerror(answer->error));
		else
			vgpu_text_puts(out, answer->library ? "ours" : "foreign");
		vgpu_text_puts(out, ", ");
		vgpu_build_id_format(out, answer->build_id, answer->build_id_size, look->full);
		if (answer->symbols)
			vgpu_text_printf(out, ", %u function%s", answer->symbols, answer->symbols == 1 ? "" : "s");
		if (answer->where)
			add(out, look, " (by ", answer->where, ")");
	}
	if (answer->note)
		add(out, look, "; ", answer->note, "");
}
