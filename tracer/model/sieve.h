/* SPDX-License-Identifier: Apache-2.0 */
/* A sink in front of another: lets through the calls that pass a filter, and what is no call. */
#ifndef VGPU_MODEL_SIEVE_H
#define VGPU_MODEL_SIEVE_H

#include "tracer/model/filter.h"
#include "tracer/model/stream.h"

struct vgpu_sieve {
	struct vgpu_sink sink;
	struct vgpu_sink *behind;
	const struct vgpu_filter *filter; /* NULL: everything passes */
	const struct vgpu_filter *place; /* may be set after init: what is no call must pass it, unless it tells of the whole */
	const struct vgpu_model *model;
};

/* Nothing is owned. */
void vgpu_sieve_init(struct vgpu_sieve *sieve, const struct vgpu_filter *filter, const struct vgpu_model *model,
		     struct vgpu_sink *behind);

#endif
