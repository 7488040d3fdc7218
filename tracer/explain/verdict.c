// SPDX-License-Identifier: Apache-2.0
/* The answer in one headline, and what it rests on. Says nothing that was not observed. */
#include "tracer/explain/verdict.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tracer/explain/chain.h"
#include "tracer/explain/discovery.h"
#include "tracer/explain/print.h"
#include "tracer/model/call.h"
#include "tracer/model/left_out.h"
#include "tracer/model/library.h"
#include "tracer/model/names.h"

/* Processes named one by one; the others are counted. */
#define PROCESSES_SHOWN 6u

struct vgpu_verdict {
	struct vgpu_sink sink;
	struct vgpu_model *model;
	struct vgpu_evidence_set *evidence;
	struct vgpu_discovery *discoveries;
	uint32_t count;
};

static const struct vgpu_sink_ops verdict_ops;

int vgpu_verdict_open(struct vgpu_verdict **out, struct vgpu_model *model)
{
	*out = calloc(1, sizeof(**out));
	if (!*out)
		return -ENOMEM;
	(*out)->sink.ops = &verdict_ops;
	(*out)->model = model;
	if (vgpu_evidence_open(&(*out)->evidence, model)) {
		free(*out);
		*out = NULL;
		return -ENOMEM;
	}
	return 0;
}

struct vgpu_sink *vgpu_verdict_sink(struct vgpu_verdict *verdict)
{
	return &verdict->sink;
}

void vgpu_verdict_close(struct vgpu_verdict *verdict)
{
	if (!verdict)
		return;
	vgpu_evidence_close(verdict->evidence);
	free(verdict->discoveries);
	free(verdict);
}

int vgpu_verdict_copy(struct vgpu_verdict **out, const struct vgpu_verdict *from, struct vgpu_model *model)
{
	struct vgpu_verdict *to = calloc(1, sizeof(*to));

	*out = NULL;
	if (!to)
		return -ENOMEM;
	to->sink.ops = &verdict_ops;
	to->model = model;
	to->discoveries = malloc((from->count + 1) * sizeof(*to->discoveries));
	if (!to->discoveries || vgpu_evidence_copy(&to->evidence, from->evidence, model)) {
		vgpu_verdict_close(to);
		return -ENOMEM;
	}
	to->count = from->count;
	if (to->count)
		memcpy(to->discoveries, from->discoveries, to->count * sizeof(*to->discoveries));
	*out = to;
	return 0;
}

static int verdict_event(struct vgpu_sink *sink, const struct vgpu_event *event)
{
	struct vgpu_verdict *verdict = (struct vgpu_verdict *)sink;
	struct vgpu_discovery *grown;
	int err = verdict->evidence->sink.ops->event(&verdict->evidence->sink, event);

	if (err)
		return err;
	if (event->kind != VGPU_EVENT_CALL && event->kind != VGPU_EVENT_PENDING)
		return 0;
	for (uint32_t i = verdict->count; i--;)
		if (verdict->discoveries[i].process == event->process) {
			vgpu_discovery_add(&verdict->discoveries[i], event);
			return 0;
		}
	grown = realloc(verdict->discoveries, (verdict->count + 1) * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	verdict->discoveries = grown;
	vgpu_discovery_start(&grown[verdict->count], event->process);
	vgpu_discovery_add(&grown[verdict->count++], event);
	return 0;
}

static const struct vgpu_sink_ops verdict_ops = { .event = verdict_event };

/* The process that decides: the first that found a device, else the first that was refused. */
static const struct vgpu_discovery *decider(const struct vgpu_verdict *verdict, enum vgpu_discovery_state *state,
					    enum vgpu_layer *layer)
{
	static const enum vgpu_discovery_state order[] = {
		VGPU_DISCOVERY_FOUND, VGPU_DISCOVERY_REFUSED, VGPU_DISCOVERY_EMPTY, VGPU_DISCOVERY_STUCK,
	};

	for (unsigned i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		for (uint32_t k = 0; k < verdict->count; k++) {
			*state = vgpu_discovery_state(&verdict->discoveries[k], layer);
			if (*state == order[i])
				return &verdict->discoveries[k];
		}
	*state = VGPU_DISCOVERY_NONE;
	return NULL;
}

/* All that came of it is on record. */
static bool is_known(const struct vgpu_verdict *verdict, const struct vgpu_discovery *discovery)
{
	return vgpu_seen_discovery_known(verdict->evidence->processes[discovery->process - 1]);
}

static enum vgpu_verdict_kind kind_of(const struct vgpu_explanation *explanation, enum vgpu_discovery_state state, bool known)
{
	if (explanation->outcome == VGPU_OUTCOME_CPU)
		return VGPU_VERDICT_CPU;
	switch (state) {
	case VGPU_DISCOVERY_FOUND:
		return VGPU_VERDICT_FOUND;
	case VGPU_DISCOVERY_REFUSED:
	case VGPU_DISCOVERY_EMPTY:
		return known ? VGPU_VERDICT_CPU : VGPU_VERDICT_NOT_KNOWN;
	default:
		return VGPU_VERDICT_NOT_KNOWN;
	}
}

enum vgpu_verdict_kind vgpu_verdict_kind(const struct vgpu_verdict *verdict)
{
	struct vgpu_explanation *explanation;
	enum vgpu_verdict_kind kind = VGPU_VERDICT_NOT_KNOWN;
	enum vgpu_discovery_state state;
	enum vgpu_layer layer;
	const struct vgpu_discovery *discovery = decider(verdict, &state, &layer);

	if (!vgpu_explain(&explanation, verdict->evidence)) {
		kind = kind_of(explanation, state, discovery && is_known(verdict, discovery));
		vgpu_explanation_free(explanation);
	}
	return kind;
}

/* ---- pieces ---- */

static void add_process(const struct vgpu_verdict *verdict, const struct vgpu_look *look, uint32_t number,
			struct vgpu_text *out)
{
	const struct vgpu_model_process *process = vgpu_model_process(verdict->model, number);
	const char *label = vgpu_model_label(verdict->model, number);

	vgpu_text_escape(out, look, label, strlen(label), false);
	if (process && !strchr(label, '('))
		vgpu_text_printf(out, "(%d)", process->pid);
}

static void add_evidence(const struct vgpu_evidence *evidence, struct vgpu_text *out)
{
	const struct vgpu_api *api = vgpu_api_find(VGPU_FUNCTION_LIBRARY(evidence->function));

	vgpu_call_format_name(out, evidence->function);
	vgpu_text_puts(out, " returned ");
	vgpu_result_format(out, api ? api->status : NULL, evidence->result);
}

/* What has to be said of whoever answered; NULL: nothing. */
static const char *made_up(const struct vgpu_verdict *verdict, const struct vgpu_discovery *discovery, uint32_t function)
{
	const struct vgpu_model_process *process = vgpu_model_process(verdict->model, discovery->process);
	const char *backend = vgpu_model_backend(process, VGPU_FUNCTION_LIBRARY(function));

	return vgpu_backend_made_up(backend);
}

static void add_made_up(const char *word, struct vgpu_text *out)
{
	if (word)
		vgpu_text_printf(out, " (%s)", word);
}

static void add_found(const struct vgpu_verdict *verdict, const struct vgpu_look *look,
		      const struct vgpu_discovery *discovery, enum vgpu_layer layer, struct vgpu_text *out)
{
	const struct vgpu_layer_state *state = &discovery->layer[layer];
	const struct vgpu_model_process *process = vgpu_model_process(verdict->model, discovery->process);

	vgpu_text_colour(out, look, VGPU_COLOUR_GOOD);
	vgpu_text_puts(out, "GPU FOUND");
	add_made_up(made_up(verdict, discovery, state->counted.function), out);
	vgpu_text_colour(out, look, VGPU_COLOUR_PLAIN);
	vgpu_text_puts(out, "  by ");
	add_process(verdict, look, discovery->process, out);
	/* The first that is on record is the first only where all are. */
	if (process && process->start_ns && state->counted.leave_ns > process->start_ns && !vgpu_left_out(verdict->model)) {
		vgpu_text_puts(out, " in ");
		vgpu_text_duration(out, look, state->counted.leave_ns - process->start_ns);
	}
	vgpu_text_printf(out, ": %" PRId64 " device%s", state->count, state->count == 1 ? "" : "s");
	if (discovery->name[0]) {
		vgpu_text_puts(out, ", ");
		vgpu_text_escape(out, look, discovery->name, strlen(discovery->name), false);
	}
	if (discovery->major >= 0)
		vgpu_text_printf(out, ", compute %" PRId64 ".%" PRId64, discovery->major,
				 discovery->minor < 0 ? 0 : discovery->minor);
	if (discovery->memory_bytes) {
		vgpu_text_puts(out, ", ");
		vgpu_text_bytes(out, discovery->memory_bytes);
	}
	vgpu_text_puts(out, "\n");
	if (discovery->unfinished.number) {
		vgpu_text_puts(out, "  but it ended inside ");
		vgpu_call_format_name(out, discovery->unfinished.function);
		vgpu_text_printf(out, ", which never returned (event %" PRIu64 ")\n", discovery->unfinished.number);
	}
	if (discovery->error.number) {
		vgpu_text_puts(out, vgpu_left_out(verdict->model) ? "  first error on record: " : "  first error: ");
		add_evidence(&discovery->error, out);
		vgpu_text_printf(out, " (event %" PRIu64 ")\n", discovery->error.number);
	}
}

static void add_refused(const struct vgpu_verdict *verdict, const struct vgpu_look *look,
			const struct vgpu_discovery *discovery, enum vgpu_layer layer,
			enum vgpu_discovery_state how, struct vgpu_text *out)
{
	const struct vgpu_layer_state *state = &discovery->layer[layer];
	const struct vgpu_evidence *at = how == VGPU_DISCOVERY_EMPTY ? &state->counted : &state->failed;
	bool known = is_known(verdict, discovery);

	vgpu_text_colour(out, look, known ? VGPU_COLOUR_BAD : VGPU_COLOUR_WARN);
	/* Without NVML a program can compute all the same. And whoever was refused may have been let in later. */
	vgpu_text_puts(out, !known ? "NOT KNOWN" : layer == VGPU_LAYER_NVML ? "NO GPU" : "CPU MODE");
	add_made_up(made_up(verdict, discovery, at->function), out);
	vgpu_text_colour(out, look, VGPU_COLOUR_PLAIN);
	vgpu_text_puts(out, !known ? ", what came of it is not on record: "
			    : layer == VGPU_LAYER_NVML ? ", as NVML has it: "
						       : ": ");
	if (how == VGPU_DISCOVERY_EMPTY) {
		vgpu_call_format_name(out, at->function);
		vgpu_text_puts(out, " found 0 devices");
	} else {
		add_evidence(at, out);
	}
	vgpu_text_puts(out, " in ");
	add_process(verdict, look, discovery->process, out);
	vgpu_text_printf(out, " (event %" PRIu64 ")\n", at->number);
	if (how == VGPU_DISCOVERY_REFUSED && state->cause.number) {
		vgpu_text_puts(out, "  because inside it ");
		add_evidence(&state->cause, out);
		vgpu_text_printf(out, " (event %" PRIu64 ")\n", state->cause.number);
	}
}

static void add_stuck(const struct vgpu_verdict *verdict, const struct vgpu_look *look,
		      const struct vgpu_discovery *discovery, struct vgpu_text *out)
{
	bool ended = discovery->unfinished.number;
	const struct vgpu_evidence *at = ended ? &discovery->unfinished : &discovery->running;

	vgpu_text_colour(out, look, VGPU_COLOUR_WARN);
	vgpu_text_puts(out, "NOT KNOWN");
	vgpu_text_colour(out, look, VGPU_COLOUR_PLAIN);
	vgpu_text_puts(out, ": ");
	add_process(verdict, look, discovery->process, out);
	vgpu_text_puts(out, ended ? " ended inside " : " is still inside ");
	vgpu_call_format_name(out, at->function);
	vgpu_text_printf(out, " (event %" PRIu64 ")\n", at->number);
}

/* Nothing decided it. Why not, as far as that was seen. */
static void add_nothing(const struct vgpu_verdict *verdict, const struct vgpu_look *look, struct vgpu_text *out)
{
	const struct vgpu_model *model = verdict->model;
	uint32_t in = 0, started = 0;

	for (uint32_t i = 0; i < model->process_count; i++) {
		started += model->processes[i] && model->processes[i]->started;
		in += model->processes[i] && model->processes[i]->presence == VGPU_PRESENCE_IN;
	}
	vgpu_text_colour(out, look, VGPU_COLOUR_WARN);
	vgpu_text_puts(out, "NOT KNOWN");
	vgpu_text_colour(out, look, VGPU_COLOUR_PLAIN);
	if (vgpu_left_out(model)) {
		vgpu_text_puts(out, model->calls ? ": nothing that is on record says whether there is a device.\n"
						 : ": no GPU call is on record, which does not say that none was made.\n");
	} else if (model->calls) {
		vgpu_text_puts(out, ": GPU functions were called, but none that says whether there is a device.\n");
	} else if (model->attached) {
		vgpu_text_puts(out, ": no GPU function was called while it was observed.\n");
		vgpu_text_puts(out, "  To know     what it did before: start it anew while `vgpu-trace attach --wait NAME` runs.\n");
	} else if (model->has_session && model->mode == VGPU_SHIM_NONE &&
		   vgpu_model_observed(model, VGPU_OBSERVER_KERNEL, NULL)) {
		vgpu_text_puts(out, ": no GPU function was called in a library that the kernel observer knew of.\n");
		vgpu_text_puts(out, "  To know     which libraries it watched: `dump` of the trace says so, line by line (probes).\n");
	} else if (model->has_session && model->mode == VGPU_SHIM_NONE) {
		vgpu_text_puts(out, ": nothing was put into the program, so its GPU calls were not observed.\n");
		vgpu_text_puts(out, "  To know     `vgpu-trace run --shim sim -- …` puts the simulated device in place of the\n"
				    "              program's own libraries, and records every call.\n");
	} else if (model->has_session && in) {
		vgpu_text_printf(out,
				 ": no GPU function was called, though our libraries were in %u of %u process%s.\n", in,
				 started, started == 1 ? "" : "es");
		vgpu_text_puts(out, "  To know     see what the program does instead: it may decide by files, or look for\n"
				    "              other libraries than these");
		if (model->inject && strcmp(model->inject, "both"))
			vgpu_text_printf(out, " (put in by %s only; try `--inject both`)", model->inject);
		vgpu_text_puts(out, ".\n");
	} else if (model->has_session) {
		vgpu_text_puts(out, ": no GPU function was called, and our libraries were seen in no process.\n");
		vgpu_text_puts(out, "  To know     see below why not; ");
		vgpu_text_puts(out, model->inject && strcmp(model->inject, "both")
					? "`--inject both` puts them in by both ways.\n"
					: "a program that never asks for a GPU library looks the same.\n");
	} else {
		vgpu_text_puts(out, ": there are no calls on record.\n");
	}
}

/* ---- the lines beneath ---- */

static void add_unobserved(const struct vgpu_verdict *verdict, const struct vgpu_look *look, struct vgpu_text *out)
{
	for (unsigned bit = 0; bit < 5; bit++) {
		const struct vgpu_model_coverage *coverage = &verdict->model->coverage[bit];

		if (coverage->known && !coverage->on && coverage->why)
			vgpu_text_printf(out, "not observed: %s: %s\n", vgpu_observer_name(1u << bit), coverage->why);
	}
	for (uint32_t i = 0; i < verdict->model->unplaced_count; i++) {
		const struct vgpu_model_unplaced *unplaced = &verdict->model->unplaced[i];

		vgpu_text_puts(out, "not observed: the probe ");
		vgpu_text_escape(out, look, unplaced->probe, strlen(unplaced->probe), false);
		vgpu_text_puts(out, " ");
		vgpu_text_escape(out, look, unplaced->why, strlen(unplaced->why), false);
		vgpu_text_puts(out, "\n");
	}
}

/* A reader who comes later finds nothing of these. */
static void add_vanishing(const struct vgpu_verdict *verdict, struct vgpu_text *out)
{
	const struct vgpu_model *model = verdict->model;
	unsigned count = 0;

	for (uint32_t i = 0; i < model->ring_count; i++)
		count += model->rings[i].place == VGPU_PLACE_MEMFD;
	if (count)
		vgpu_text_printf(out, "%u ring%s in memory only, since no directory could be written: gone when the process ends\n",
				 count, count == 1 ? " is" : "s are");
}

static void add_mode(const struct vgpu_verdict *verdict, const struct vgpu_look *look, struct vgpu_text *out)
{
	const struct vgpu_model *model = verdict->model;
	bool named = false;

	if (!model->has_session || model->attached)
		return;
	if (model->mode == VGPU_SHIM_SIM)
		vgpu_text_printf(out, "mode sim: the GPU is SIMULATED; put in by %s; device %s\n",
				 !model->inject				? "?"
				 : !strcmp(model->inject, "path")	? "LD_LIBRARY_PATH"
				 : !strcmp(model->inject, "preload") ? "LD_PRELOAD"
								     : "LD_LIBRARY_PATH and LD_PRELOAD",
				 model->device ? model->device : "NVIDIA H100 80GB HBM3 (built in)");
	else if (vgpu_shim_puts_in(model->mode))
		vgpu_text_printf(out, model->mode == VGPU_SHIM_REPLAY
					      ? "mode replay: every answer is REPLAYED from %s\n"
					      : "mode forward: ours were in front of the libraries in %s, which answered\n",
				 model->device ? model->device : "?");
	else
		vgpu_text_printf(out, "mode %s: nothing of the program's was replaced\n",
				 vgpu_shim_mode_name(model->mode));
	for (uint32_t i = 0; i < model->process_count; i++) {
		const struct vgpu_model_process *process = model->processes[i];

		for (uint32_t k = 0; process && k < process->library_count; k++) {
			const struct vgpu_model_library *library = &process->libraries[k];
			const struct vgpu_api *api = vgpu_api_find(library->library);
			bool before = false;

			for (uint32_t j = 0; j < i && !before; j++) {
				const struct vgpu_model_library *other =
					vgpu_model_library(model->processes[j], library->library);

				before = other && other->path && library->path && !strcmp(other->path, library->path);
			}
			if (before)
				continue;
			vgpu_text_printf(out, "answered: %s ", api ? api->soname : "?");
			vgpu_text_back_arrow(out, look);
			vgpu_text_puts(out, " ");
			vgpu_text_escape(out, look, library->path ? library->path : "?",
					 strlen(library->path ? library->path : "?"), false);
			vgpu_text_puts(out, "  ours, ");
			vgpu_build_id_format(out, library->build_id, library->build_id_size, look->full);
			if (library->backend)
				vgpu_text_printf(out, ", by %s", library->backend);
			vgpu_text_puts(out, "\n");
			named = true;
		}
	}
	for (uint32_t i = 0; !named && i < model->answer_count; i++) {
		vgpu_text_puts(out, model->mode == VGPU_SHIM_NONE ? "would answer: " : "put in: ");
		vgpu_answer_format(out, look, &model->answers[i]);
		vgpu_text_puts(out, "\n");
	}
}

static void add_presence(const struct vgpu_verdict *verdict, const struct vgpu_look *look, struct vgpu_text *out)
{
	const struct vgpu_model *model = verdict->model;
	uint32_t started = 0, in = 0, shown = 0, left = 0;

	if (!model->has_session || model->attached || model->mode == VGPU_SHIM_NONE)
		return;
	for (uint32_t i = 0; i < model->process_count; i++) {
		const struct vgpu_model_process *process = model->processes[i];

		started += process && process->started;
		in += process && process->started && (process->presence == VGPU_PRESENCE_IN || process->calls);
	}
	vgpu_text_printf(out, "our libraries were in %u of %u process%s", in, started, started == 1 ? "" : "es");
	for (uint32_t i = 0; i < model->process_count; i++) {
		const struct vgpu_model_process *process = model->processes[i];

		if (!process || !process->started || process->presence == VGPU_PRESENCE_IN || process->calls)
			continue;
		if (shown == PROCESSES_SHOWN) {
			left++;
			continue;
		}
		vgpu_text_puts(out, shown++ ? "; " : ": ");
		vgpu_text_puts(out, process->presence == VGPU_PRESENCE_OUT ? "not in " : "not observed: ");
		add_process(verdict, look, process->number, out);
		if (process->presence_why)
			vgpu_text_printf(out, ": %s", process->presence_why);
	}
	if (left)
		vgpu_text_printf(out, "; and %u more", left);
	vgpu_text_puts(out, "\n");
}

/* The first line or lines: what it comes to. */
static void add_head(const struct vgpu_verdict *verdict, const struct vgpu_explanation *explanation,
		     const struct vgpu_look *look, struct vgpu_text *out)
{
	const struct vgpu_model_process *process =
		explanation->decider ? vgpu_model_process(verdict->model, explanation->decider->process) : NULL;
	const struct vgpu_discovery *discovery;
	enum vgpu_discovery_state state, other;
	enum vgpu_layer layer;
	const char *word, *made_up_by = NULL;
	unsigned more = 0;

	for (uint32_t i = 0; process && i < process->library_count; i++)
		if ((word = vgpu_backend_made_up(process->libraries[i].backend)) && (!made_up_by || strcmp(word, "SIMULATED")))
			made_up_by = word;
	if (vgpu_explanation_headline(explanation, look, made_up_by, out))
		return;
	discovery = decider(verdict, &state, &layer);
	switch (state) {
	case VGPU_DISCOVERY_FOUND:
		add_found(verdict, look, discovery, layer, out);
		break;
	case VGPU_DISCOVERY_REFUSED:
	case VGPU_DISCOVERY_EMPTY:
		add_refused(verdict, look, discovery, layer, state, out);
		break;
	case VGPU_DISCOVERY_STUCK:
		add_stuck(verdict, look, discovery, out);
		break;
	default:
		add_nothing(verdict, look, out);
	}
	/* Another process's different fate is news; the same again is not. */
	for (uint32_t i = 0; i < verdict->count && more < 3; i++) {
		if (&verdict->discoveries[i] == discovery)
			continue;
		other = vgpu_discovery_state(&verdict->discoveries[i], &layer);
		if (other == state || other == VGPU_DISCOVERY_NONE)
			continue;
		vgpu_text_puts(out, "also: ");
		if (other == VGPU_DISCOVERY_STUCK)
			add_stuck(verdict, look, &verdict->discoveries[i], out);
		else
			add_refused(verdict, look, &verdict->discoveries[i], layer, other, out);
		more++;
	}
}

static void add_foot(const struct vgpu_verdict *verdict, const struct vgpu_look *look, struct vgpu_text *out)
{
	vgpu_counts_format(verdict->model, look, out);
	add_mode(verdict, look, out);
	add_presence(verdict, look, out);
	add_unobserved(verdict, look, out);
	vgpu_left_out_format(out, look, verdict->model, "");
	add_vanishing(verdict, out);
}

void vgpu_verdict_format(const struct vgpu_verdict *verdict, const struct vgpu_look *look, struct vgpu_text *out)
{
	struct vgpu_explanation *explanation;

	if (vgpu_explain(&explanation, verdict->evidence)) {
		out->failed = true;
		return;
	}
	add_head(verdict, explanation, look, out);
	if (explanation->outcome == VGPU_OUTCOME_CPU ||
	    (explanation->outcome == VGPU_OUTCOME_UNKNOWN && explanation->decider && explanation->decider->attempted)) {
		vgpu_explanation_format(explanation, look, out);
		vgpu_text_puts(out, "\n");
	}
	add_foot(verdict, look, out);
	vgpu_explanation_free(explanation);
}

int vgpu_verdict_explain(const struct vgpu_verdict *verdict, const struct vgpu_look *look,
			 const struct vgpu_verdict_options *options, struct vgpu_text *out)
{
	static const struct vgpu_look plain = { .utf8 = true };
	struct vgpu_explanation *explanation;
	struct vgpu_text head = { 0 };
	int err = vgpu_explain(&explanation, verdict->evidence);

	if (err)
		return err;
	explanation->frame = options->frame;
	explanation->frame_data = options->frame_data;
	if (options->json) {
		add_head(verdict, explanation, &plain, &head);
		if (head.size)
			head.bytes[strcspn(head.bytes, "\n")] = '\0';
		err = vgpu_explanation_json(explanation, vgpu_text_string(&head), out);
		vgpu_text_free(&head);
	} else if (options->all_rules) {
		vgpu_explanation_all_rules(explanation, look, out);
	} else {
		add_head(verdict, explanation, look, out);
		vgpu_explanation_format(explanation, look, out);
		vgpu_text_puts(out, "\n");
		add_foot(verdict, look, out);
	}
	vgpu_explanation_free(explanation);
	return err;
}
