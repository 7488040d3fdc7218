// SPDX-License-Identifier: Apache-2.0
/* Lets through the calls that pass a filter. */
#include "tracer/model/sieve.h"

/* Who runs and what was done to them is wanted for any part. */
static bool about_all(const struct vgpu_event *event)
{
	return !event->process || event->kind == VGPU_EVENT_START || event->kind == VGPU_EVENT_EXEC;
}

static int sieve_event(struct vgpu_sink *sink, const struct vgpu_event *event)
{
	struct vgpu_sieve *sieve = (struct vgpu_sieve *)sink;
	bool is_call = event->kind == VGPU_EVENT_CALL || event->kind == VGPU_EVENT_PENDING;

	if (sieve->place && !is_call && !about_all(event) && !vgpu_filter_pass(sieve->place, event, sieve->model))
		return 0;
	if (sieve->filter && is_call && !vgpu_filter_pass(sieve->filter, event, sieve->model))
		return 0;
	return sieve->behind->ops->event(sieve->behind, event);
}

static int sieve_end(struct vgpu_sink *sink)
{
	struct vgpu_sieve *sieve = (struct vgpu_sieve *)sink;

	return sieve->behind->ops->end ? sieve->behind->ops->end(sieve->behind) : 0;
}

static const struct vgpu_sink_ops sieve_ops = { .event = sieve_event, .end = sieve_end };

void vgpu_sieve_init(struct vgpu_sieve *sieve, const struct vgpu_filter *filter, const struct vgpu_model *model,
		     struct vgpu_sink *behind)
{
	*sieve = (struct vgpu_sieve){ .sink = { .ops = &sieve_ops }, .behind = behind, .filter = filter, .model = model };
}
