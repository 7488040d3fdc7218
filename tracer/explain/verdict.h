/* SPDX-License-Identifier: Apache-2.0 */
/* The answer in one headline, and what it rests on. A sink. */
#ifndef VGPU_EXPLAIN_VERDICT_H
#define VGPU_EXPLAIN_VERDICT_H

#include "tracer/model/model.h"
#include "tracer/model/text.h"

struct vgpu_verdict;

enum vgpu_verdict_kind {
	VGPU_VERDICT_FOUND,
	VGPU_VERDICT_CPU,       /* a call was seen to refuse */
	VGPU_VERDICT_NOT_KNOWN, /* the deciding calls were not observed, or not made */
};

/* The model must get every event before this sink does, and outlive it. */
int vgpu_verdict_open(struct vgpu_verdict **out, struct vgpu_model *model);
struct vgpu_sink *vgpu_verdict_sink(struct vgpu_verdict *verdict);
void vgpu_verdict_close(struct vgpu_verdict *verdict);
/* The same again, of a copy of the model, to come back to. 0 or -ENOMEM. */
int vgpu_verdict_copy(struct vgpu_verdict **out, const struct vgpu_verdict *from, struct vgpu_model *model); /* takes NULL */

enum vgpu_verdict_kind vgpu_verdict_kind(const struct vgpu_verdict *verdict);
/* Appends the headline and the lines beneath it, each with its newline; the chain where it is broken or not known. */
void vgpu_verdict_format(const struct vgpu_verdict *verdict, const struct vgpu_look *look, struct vgpu_text *out);

/* What `explain` is to say besides. */
struct vgpu_verdict_options {
	bool json;
	bool all_rules; /* instead: every rule, and why it holds or not */
	/* As in struct vgpu_text_options; NULL: no stacks are shown. */
	void (*frame)(void *frame_data, const struct vgpu_event *event, uint64_t address, struct vgpu_text *out);
	void *frame_data;
};
/* The same with the chain in any case. 0 or -ENOMEM. */
int vgpu_verdict_explain(const struct vgpu_verdict *verdict, const struct vgpu_look *look,
			 const struct vgpu_verdict_options *options, struct vgpu_text *out);

#endif
