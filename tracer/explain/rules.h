/* SPDX-License-Identifier: Apache-2.0 */
/* The rules: one table in parts, a row a cause. */
#ifndef VGPU_EXPLAIN_RULES_H
#define VGPU_EXPLAIN_RULES_H

#include "tracer/explain/chain.h"

/* Where a rule is tried. */
struct vgpu_rule_place {
	const struct vgpu_evidence_set *set;
	const struct vgpu_seen_process *process;
	const struct vgpu_model_process *model; /* NULL: the stream says nothing of it */
	const struct vgpu_chain *chain; /* profile, pass, reached and states are there; broken is not */
	const char *backend; /* what answers in our libraries there: "sim", "forward"; NULL: they took no call */
	const struct vgpu_explanation *explanation; /* the chains of other processes, NULL on the first round */
};

/* What a row can say by itself. All that is set must hold. */
struct vgpu_rule_when {
	const char *refused;    /* a load that was refused, and not made good: pattern of the linker's words */
	const char *not_refused; /* and not these; several are parted by '|' */
	int32_t code;           /* and with this errno; 0: any */
	uint32_t missing;       /* bits 1 << enum vgpu_part of the object that the words name; 0: any */
	const char *call;       /* functions one of which failed … */
	int32_t codes[6];       /* … first with one of these; all 0: with any */
	const char *mapped;     /* pattern of the path of a GPU library that is mapped */
	bool facts_known;       /* the machine was looked at */
	bool visible;           /* the environment hides no device */
};

struct vgpu_rule {
	const char *id, *title;
	enum vgpu_step step;
	const char *needs;  /* in words: what must have been observed */
	struct vgpu_rule_when when;
	bool (*holds)(const struct vgpu_rule_place *place, struct vgpu_finding *finding); /* NULL: `when` says all */
	bool whatever;      /* holds even where a later step was reached: the wrong library, say */
	const char *say;    /* the headline; %a %b %n %r as in struct vgpu_finding */
	const char *todo;
	const char *why;    /* what people take it for, or why it is silent; may be NULL */
};

/* By number from 0; NULL past the last. The order is that of precedence within a step. */
const struct vgpu_rule *vgpu_rule_at(unsigned i);
const struct vgpu_rule *vgpu_rule_find(const char *id);
bool vgpu_rule_holds(const struct vgpu_rule *rule, const struct vgpu_rule_place *place, struct vgpu_finding *finding);
/* A text of a rule with what was found put in; the shell and terminals are safe from it. */
void vgpu_rule_format(struct vgpu_text *out, const struct vgpu_look *look, const char *text,
		      const struct vgpu_finding *finding);
/* docs/rules.md */
void vgpu_rules_document(struct vgpu_text *out);

/* The parts of the table, each ends with a row without an id. */
extern const struct vgpu_rule vgpu_rules_inject[], vgpu_rules_host[], vgpu_rules_link[], vgpu_rules_call[],
	vgpu_rules_device[], vgpu_rules_client[];

#endif
