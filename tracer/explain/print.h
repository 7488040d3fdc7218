/* SPDX-License-Identifier: Apache-2.0 */
/* An explanation as a person reads it, and as a program does. */
#ifndef VGPU_EXPLAIN_PRINT_H
#define VGPU_EXPLAIN_PRINT_H

#include "tracer/explain/chain.h"

/* "CPU MODE: …" with its newline; false: the explanation has no headline of its own (found, not known). */
bool vgpu_explanation_headline(const struct vgpu_explanation *explanation, const struct vgpu_look *look, const char *made_up,
			       struct vgpu_text *out);
/* The chain of who decides, the rule, the other processes, the log. */
void vgpu_explanation_format(const struct vgpu_explanation *explanation, const struct vgpu_look *look, struct vgpu_text *out);
/* A line a rule: whether it holds, and why not. */
void vgpu_explanation_all_rules(const struct vgpu_explanation *explanation, const struct vgpu_look *look, struct vgpu_text *out);
/* One JSON object, with its newline. verdict: the whole text of the first line. 0 or -ENOMEM. */
int vgpu_explanation_json(const struct vgpu_explanation *explanation, const char *headline, struct vgpu_text *out);

/* ---- counts.c: the line of counts beneath a verdict ---- */
void vgpu_counts_format(const struct vgpu_model *model, const struct vgpu_look *look, struct vgpu_text *out);

#endif
