/* SPDX-License-Identifier: Apache-2.0 */
/* The discovery chain of a process: how far it came, where it broke, by which rule. CLI, JSON and views share it. */
#ifndef VGPU_EXPLAIN_CHAIN_H
#define VGPU_EXPLAIN_CHAIN_H

#include "tracer/explain/evidence.h"
#include "tracer/model/text.h"

enum vgpu_step {
	VGPU_STEP_STARTED,
	VGPU_STEP_SEARCHED,
	VGPU_STEP_OPENED,
	VGPU_STEP_SYMBOLS,
	VGPU_STEP_CALLED,  /* init called */
	VGPU_STEP_INIT,    /* and succeeded */
	VGPU_STEP_COUNTED,
	VGPU_STEP_PROPERTIES,
	VGPU_STEP_MEMORY,
	VGPU_STEP_ACCEPTED,
	VGPU_STEPS
};

enum vgpu_state {
	VGPU_STATE_UNKNOWN, /* not observed */
	VGPU_STATE_YES,
	VGPU_STATE_BROKEN,
	VGPU_STATE_UNREACHED, /* known: an observer was watching, and it did not come to it */
};

/* What sort of program it is: that says what it needs, and what is normal for it. */
enum vgpu_profile {
	VGPU_PROFILE_OTHER,
	VGPU_PROFILE_OLLAMA_A, /* serve opens the driver itself */
	VGPU_PROFILE_OLLAMA_B, /* runner children */
	VGPU_PROFILE_OLLAMA_C, /* llama-server and gpu-discover children */
	VGPU_PROFILE_SERVE,    /* the parent of those: it is normal that it opens no GPU library */
	VGPU_PROFILE_GGML,     /* llama.cpp and what is built on it */
	VGPU_PROFILE_CUDA,     /* a program on a CUDA runtime or on the driver */
	VGPU_PROFILE_MONITOR,  /* NVML only */
	VGPU_PROFILE_NONE,     /* nothing about GPUs was seen of it */
	VGPU_PROFILES
};

struct vgpu_profile_row {
	const char *name, *title;
	bool backend;   /* it finds its GPU through a backend library that it searches for */
	bool monitor;   /* NVML is what it lives on */
	const char *normal; /* what is normal for it and no fault; NULL: nothing to say */
};
extern const struct vgpu_profile_row vgpu_profile_rows[VGPU_PROFILES];

struct vgpu_rule;

/* A rule that holds, with what it rests on. */
struct vgpu_finding {
	const struct vgpu_rule *rule;
	uint64_t event;      /* the first that shows it, 0: an absence */
	uint64_t event2;     /* another one, 0: none */
	const char *a, *b, *c; /* what the rule's texts call %a, %b, %c; strings of the evidence, or NULL */
	int64_t n;           /* %n */
	uint32_t function;   /* %r: result n of that function */
};

struct vgpu_chain {
	uint32_t process;
	enum vgpu_profile profile;
	uint32_t pass;       /* Ollama's second look at a device: 2; else 1 */
	enum vgpu_state state[VGPU_STEPS];
	uint64_t event[VGPU_STEPS]; /* that shows it, 0: none */
	enum vgpu_step reached;     /* the furthest step with YES */
	struct vgpu_finding broken; /* rule NULL: no rule holds */
	bool found;                 /* devices were counted, and nothing is wrong with them */
	bool attempted;             /* it tried for a GPU */
};

enum vgpu_outcome {
	VGPU_OUTCOME_FOUND,
	VGPU_OUTCOME_CPU,
	VGPU_OUTCOME_UNKNOWN,
};

struct vgpu_explanation {
	struct vgpu_evidence_set *set;
	struct vgpu_chain *chains; /* of every process that is on record */
	uint32_t count;
	enum vgpu_outcome outcome;
	const struct vgpu_chain *decider; /* NULL: there is none */
	/* Appends what is at an address of an event's process, for stacks; NULL (as it is made): they are not shown. */
	void (*frame)(void *frame_data, const struct vgpu_event *event, uint64_t address, struct vgpu_text *out);
	void *frame_data;
};

/* Builds it from what the sink has got so far; 0 or -errno. The evidence must outlive it. */
int vgpu_explain(struct vgpu_explanation **out, struct vgpu_evidence_set *set);
void vgpu_explanation_free(struct vgpu_explanation *explanation); /* takes NULL */

const char *vgpu_step_title(enum vgpu_step step); /* "library searched" */
const char *vgpu_step_name(enum vgpu_step step);  /* "searched" */
const char *vgpu_state_name(enum vgpu_state state);

/* What was seen at a step, in words; "" where there is nothing to say. */
void vgpu_chain_describe(const struct vgpu_explanation *explanation, const struct vgpu_chain *chain, enum vgpu_step step,
			 const struct vgpu_look *look, struct vgpu_text *out);
/* Why it is not known whether a step was reached. */
void vgpu_chain_unobserved(const struct vgpu_explanation *explanation, const struct vgpu_chain *chain,
			   enum vgpu_step step, struct vgpu_text *out);

/* ---- profiles.c ---- */
enum vgpu_profile vgpu_profile_of(const struct vgpu_evidence_set *set, const struct vgpu_seen_process *process);
uint32_t vgpu_profile_pass(const struct vgpu_seen_process *process);

#endif
