// SPDX-License-Identifier: Apache-2.0
/* How many calls are on record, by whom they were observed, and how many were lost. */
#include <inttypes.h>
#include <string.h>

#include "tracer/explain/print.h"

static void add_losses(const struct vgpu_model *model, const struct vgpu_look *look, struct vgpu_text *out)
{
	const struct vgpu_model_coverage *kernel;
	struct vgpu_event_loss loss;
	uint64_t lost, kernel_lost = 0;

	vgpu_model_losses(model, &loss);
	if (vgpu_model_observed(model, VGPU_OBSERVER_KERNEL, &kernel))
		kernel_lost = kernel->lost;
	lost = loss.dropped + loss.overwritten + loss.refused + loss.recycled + kernel_lost;
	if (lost)
		vgpu_text_colour(out, look, VGPU_COLOUR_BAD);
	vgpu_text_count(out, lost);
	vgpu_text_puts(out, lost == 1 ? " call lost" : " calls lost");
	if (lost) {
		vgpu_text_printf(out,
				 " (%" PRIu64 " without room, %" PRIu64 " overwritten unread, %" PRIu64
				 " of threads without a ring, %" PRIu64 " of ended threads",
				 loss.dropped, loss.overwritten, loss.refused, loss.recycled);
		if (kernel_lost)
			vgpu_text_printf(out, "; %" PRIu64 " records of the kernel observer", kernel_lost);
		vgpu_text_puts(out, ")");
		vgpu_text_colour(out, look, VGPU_COLOUR_PLAIN);
	}
	if (loss.log_dropped)
		vgpu_text_printf(out, ", %" PRIu64 " notes lost", loss.log_dropped);
	if (loss.stacks_dropped)
		vgpu_text_printf(out, ", %" PRIu64 " stacks lost", loss.stacks_dropped);
	if (loss.grow_errno)
		vgpu_text_printf(out, " (a ring could not grow: %s)", strerror(loss.grow_errno));
}

void vgpu_counts_format(const struct vgpu_model *model, const struct vgpu_look *look, struct vgpu_text *out)
{
	static const uint32_t observers[] = { VGPU_OBSERVER_RING, VGPU_OBSERVER_LINK, VGPU_OBSERVER_KERNEL,
					      VGPU_OBSERVER_PROCESS };
	const char *separator = "";

	vgpu_text_count(out, model->calls);
	vgpu_text_puts(out, model->calls == 1 ? " call of " : " calls of ");
	vgpu_text_count(out, model->functions);
	vgpu_text_puts(out, model->functions == 1 ? " function, " : " functions, ");
	vgpu_text_count(out, model->failed);
	vgpu_text_puts(out, model->failed == 1 ? " error" : " errors");
	if (model->unsupported) {
		vgpu_text_puts(out, " (");
		vgpu_text_count(out, model->unsupported);
		vgpu_text_puts(out, " not supported by the backend)");
	}
	vgpu_text_puts(out, " ");
	vgpu_text_dot(out, look);
	vgpu_text_puts(out, " observers: ");
	for (unsigned i = 0; i < sizeof(observers) / sizeof(observers[0]); i++) {
		const struct vgpu_model_coverage *coverage;

		if (!vgpu_model_observed(model, observers[i], &coverage))
			continue;
		vgpu_text_printf(out, "%s%s", separator, vgpu_observer_name(observers[i]));
		if (coverage->how)
			vgpu_text_printf(out, " (%s)", coverage->how);
		separator = ", ";
	}
	vgpu_text_puts(out, *separator ? " " : "none ");
	vgpu_text_dot(out, look);
	vgpu_text_puts(out, " ");
	add_losses(model, look, out);
	vgpu_text_puts(out, "\n");
}
