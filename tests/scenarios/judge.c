// SPDX-License-Identifier: Apache-2.0
/* judge FILE RULE: that rule, and no other, is the verdict; and with any one observer taken away never another cause. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tracer/explain/chain.h"
#include "tracer/explain/rules.h"
#include "tracer/file/vgt.h"

/* What is taken away: all that this observer alone has seen, and that it was on. */
static const struct {
	const char *name;
	uint32_t observer;
} blinds[] = {
	{ "nothing", 0 }, { "ring", VGPU_OBSERVER_RING }, { "link", VGPU_OBSERVER_LINK },
	{ "processes", VGPU_OBSERVER_PROCESS }, { "kernel", VGPU_OBSERVER_KERNEL }, { "facts", 1u << 31 },
};

static bool hidden(const struct vgpu_event *event, uint32_t observer)
{
	if (observer == 1u << 31)
		return event->kind == VGPU_EVENT_FACT;
	if (event->kind == VGPU_EVENT_COVERAGE)
		return event->coverage.observer == observer;
	if (event->kind == VGPU_EVENT_OBSERVER)
		return event->note.about == observer;
	return observer && event->observer == observer;
}

static struct vgpu_explanation *explain(const char *path, uint32_t observer, struct vgpu_model **model,
					struct vgpu_evidence_set **set)
{
	struct vgpu_explanation *explanation;
	struct vgpu_vgt_reader *reader;
	struct vgpu_stream stream = { 0 };
	struct vgpu_event event;

	if (vgpu_model_open(model) || vgpu_evidence_open(set, *model) || vgpu_vgt_open(&reader, path))
		exit(2);
	vgpu_stream_add(&stream, &(*model)->sink);
	vgpu_stream_add(&stream, &(*set)->sink);
	while (vgpu_vgt_next(reader, &event) == 1)
		if (!hidden(&event, observer))
			vgpu_stream_emit(&stream, &event);
	vgpu_vgt_reader_close(reader);
	if (vgpu_explain(&explanation, *set))
		exit(2);
	return explanation;
}

/* "FOUND", "UNKNOWN", or the rule. */
static const char *verdict_of(const struct vgpu_explanation *explanation)
{
	if (explanation->outcome == VGPU_OUTCOME_FOUND)
		return "FOUND";
	return explanation->outcome == VGPU_OUTCOME_CPU ? explanation->decider->broken.rule->id : "UNKNOWN";
}

int main(int argc, char **argv)
{
	const char *want;
	int bad = 0;

	if (argc != 3)
		return 2;
	want = argv[2];
	for (unsigned i = 0; i < sizeof(blinds) / sizeof(blinds[0]); i++) {
		struct vgpu_evidence_set *set;
		struct vgpu_model *model;
		struct vgpu_explanation *explanation = explain(argv[1], blinds[i].observer, &model, &set);
		const char *got = verdict_of(explanation);
		bool right = !strcmp(got, want) || (i && !strcmp(got, "UNKNOWN"));

		/* What a client made of a device that was found is not seen then, but that it was found. */
		right |= i && !strncmp(want, "CLIENT-", 7) && !strcmp(got, "FOUND");

		if (right && !i && strcmp(want, "FOUND") && strcmp(want, "UNKNOWN")) {
			const struct vgpu_finding *broken = &explanation->decider->broken;

			/* An absence has no event; whatever was seen has. */
			right = broken->event || !strcmp(want, "LINK-BACKEND-ABSENT") || !strncmp(want, "INJECT-", 7);
			right &= explanation->decider->state[broken->rule->step] == VGPU_STATE_BROKEN;
		}
		/* Of a healthy run no process is found at fault. */
		for (uint32_t k = 0; right && !strcmp(want, "FOUND") && k < explanation->count; k++)
			if (explanation->chains[k].broken.rule) {
				printf("without %s: process %u is found at fault: %s\n", blinds[i].name,
				       explanation->chains[k].process, explanation->chains[k].broken.rule->id);
				bad = 1;
			}
		if (!right) {
			printf("without %s: %s\n", blinds[i].name, got);
			bad = 1;
		}
		vgpu_explanation_free(explanation);
		vgpu_evidence_close(set);
		vgpu_model_close(model);
	}
	return bad;
}
