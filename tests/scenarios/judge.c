// SPDX-License-Identifier: Apache-2.0
/*
 * judge FILE RULE: that rule, and no other, is the verdict; and with any one observer taken away never another cause.
 * judge --trees FILE LIST: of each "PID RULE" of the list, what that process and its descendants show has that rule as
 * the verdict, or is not known; a third word, "known", wants the rule.
 */
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

/* Processes of one tree: of the stream's numbers those that descend from a pid's. NULL: all. */
struct tree {
	int32_t pid;
	uint8_t in[65536];
};

static bool belongs(struct tree *tree, const struct vgpu_event *event)
{
	if (!tree || !event->process)
		return true;
	if (event->process >= sizeof(tree->in))
		return false;
	if (event->kind == VGPU_EVENT_START && (event->start.pid == tree->pid || (event->start.parent < sizeof(tree->in) &&
										 tree->in[event->start.parent])))
		tree->in[event->process] = 1;
	return tree->in[event->process];
}

static struct vgpu_explanation *explain(const char *path, uint32_t observer, struct tree *tree, struct vgpu_model **model,
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
		if (!hidden(&event, observer) && belongs(tree, &event))
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

static int judge_trees(const char *path, const char *list)
{
	unsigned known = 0, unknown = 0, wrong = 0;
	char line[256], want[128], how[16];
	FILE *file = fopen(list, "r");
	int pid;

	while (file && fgets(line, sizeof(line), file)) {
		struct tree tree = { 0 };
		struct vgpu_evidence_set *set;
		struct vgpu_model *model;
		struct vgpu_explanation *explanation;
		const char *got;
		bool right;

		how[0] = '\0';
		if (sscanf(line, "%d %127s %15s", &pid, want, how) < 2)
			return 2;
		tree.pid = pid;
		explanation = explain(path, 0, &tree, &model, &set);
		got = verdict_of(explanation);
		right = !strcmp(got, want);
		known += right;
		/* What a client made of a device that was found is not seen then, but that it was found. */
		if (!right && !how[0])
			right = !strcmp(got, "UNKNOWN") || (!strncmp(want, "CLIENT-", 7) && !strcmp(got, "FOUND"));
		unknown += right && strcmp(got, want);
		wrong += !right;
		if (strcmp(got, want))
			printf("%s%s (process %d): %s\n", right ? "" : "WRONG: ", want, pid, got);
		vgpu_explanation_free(explanation);
		vgpu_evidence_close(set);
		vgpu_model_close(model);
	}
	if (!file || fclose(file) || !known)
		return 2;
	printf("%u known, %u not known, %u wrong\n", known, unknown, wrong);
	return wrong != 0;
}

int main(int argc, char **argv)
{
	const char *want;
	int bad = 0;

	if (argc == 4 && !strcmp(argv[1], "--trees"))
		return judge_trees(argv[2], argv[3]);
	if (argc != 3)
		return 2;
	want = argv[2];
	for (unsigned i = 0; i < sizeof(blinds) / sizeof(blinds[0]); i++) {
		struct vgpu_evidence_set *set;
		struct vgpu_model *model;
		struct vgpu_explanation *explanation = explain(argv[1], blinds[i].observer, NULL, &model, &set);
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
