// SPDX-License-Identifier: Apache-2.0
/* The discovery chain of every process, and which of them decides. */
#include "tracer/explain/chain.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tracer/explain/discovery.h"
#include "tracer/explain/rules.h"
#include "tracer/model/call.h"
#include "tracer/model/names.h"

#define CUDA_INIT  "cuInit,cudaGetDeviceCount,cudaSetDevice,cudaFree,cuDeviceGetCount"
#define CUDA_CALLS "cuInit,cudaGetDeviceCount,cuDeviceGetCount,cudaSetDevice,cudaFree,cudaMalloc,cudaGetDevice,cuDriverGetVersion,cudaDriverGetVersion"
#define NVML_CALLS "nvmlInit,nvmlInit_v2,nvmlInitWithFlags"

const char *vgpu_step_title(enum vgpu_step step)
{
	static const char *const titles[] = {
		[VGPU_STEP_STARTED] = "started", [VGPU_STEP_SEARCHED] = "library searched", [VGPU_STEP_OPENED] = "opened",
		[VGPU_STEP_SYMBOLS] = "symbols resolved", [VGPU_STEP_CALLED] = "init called",
		[VGPU_STEP_INIT] = "init succeeded", [VGPU_STEP_COUNTED] = "devices counted",
		[VGPU_STEP_PROPERTIES] = "properties plausible", [VGPU_STEP_MEMORY] = "memory known",
		[VGPU_STEP_ACCEPTED] = "accepted by client",
	};

	return step < VGPU_STEPS ? titles[step] : "?";
}

const char *vgpu_step_name(enum vgpu_step step)
{
	static const char *const names[] = {
		[VGPU_STEP_STARTED] = "started", [VGPU_STEP_SEARCHED] = "searched", [VGPU_STEP_OPENED] = "opened",
		[VGPU_STEP_SYMBOLS] = "symbols", [VGPU_STEP_CALLED] = "init-called", [VGPU_STEP_INIT] = "init-succeeded",
		[VGPU_STEP_COUNTED] = "counted", [VGPU_STEP_PROPERTIES] = "properties", [VGPU_STEP_MEMORY] = "memory",
		[VGPU_STEP_ACCEPTED] = "accepted",
	};

	return step < VGPU_STEPS ? names[step] : "?";
}

const char *vgpu_state_name(enum vgpu_state state)
{
	static const char *const names[] = { "not-observed", "yes", "broken", "not-reached" };

	return names[state];
}

/* ---- states ---- */

static void yes(struct vgpu_chain *chain, enum vgpu_step step, uint64_t event)
{
	chain->state[step] = VGPU_STATE_YES;
	if (!chain->event[step])
		chain->event[step] = event;
	if (step > chain->reached)
		chain->reached = step;
}

static bool is_provider(enum vgpu_part part)
{
	return part == VGPU_PART_DRIVER || part == VGPU_PART_RUNTIME || part == VGPU_PART_MONITOR || part == VGPU_PART_BACKEND;
}

/* Libraries: what was opened and whole. A preload is in every program, and shows nothing of what this one wanted. */
static void states_of_link(struct vgpu_chain *chain, const struct vgpu_seen_process *process)
{
	bool backend = vgpu_profile_rows[chain->profile].backend;

	if (process->link_started || (!process->link && process->ended && !process->start_error))
		yes(chain, VGPU_STEP_STARTED, process->link_event);
	for (uint32_t i = 0; i < process->searches.count; i++)
		if (is_provider(process->searches.at[i].part) && !process->searches.at[i].preload)
			yes(chain, VGPU_STEP_SEARCHED, process->searches.at[i].first_event);
	for (uint32_t i = 0; i < process->loads.count; i++) {
		const struct vgpu_seen_load *load = &process->loads.at[i];

		if (is_provider(load->part))
			yes(chain, VGPU_STEP_SEARCHED, load->event);
		if (load->failed && load->error && !load->mended &&
		    (strstr(load->error, "undefined symbol") || strstr(load->error, "version `")))
			yes(chain, VGPU_STEP_OPENED, load->event);
		if (load->failed || (backend ? load->part != VGPU_PART_BACKEND : !is_provider(load->part)))
			continue;
		yes(chain, VGPU_STEP_OPENED, load->event);
		yes(chain, VGPU_STEP_SYMBOLS, load->event);
	}
	for (uint32_t i = 0; i < process->objects.count; i++) {
		const struct vgpu_seen_object *object = &process->objects.at[i];

		if (object->preload)
			continue;
		if (is_provider(object->part))
			yes(chain, VGPU_STEP_SEARCHED, object->event);
		if (process->link_started && process->initialising && object->part == VGPU_PART_BACKEND)
			yes(chain, VGPU_STEP_OPENED, object->event);
		/* Linked with it: there was no dlopen to succeed. */
		if (!process->loads.count && !backend && process->link_started && !object->gone && is_provider(object->part) &&
		    !process->loading) {
			yes(chain, VGPU_STEP_OPENED, object->event);
			if (!process->initialising)
				yes(chain, VGPU_STEP_SYMBOLS, object->event);
		}
	}
	/* A function that was asked for and is not there, and nothing was called after. */
	if (chain->state[VGPU_STEP_SYMBOLS] == VGPU_STATE_YES && !process->calls.count)
		for (uint32_t i = process->symbols.count; i--;)
			if (process->symbols.at[i].missing && !process->symbols.at[i].found_later) {
				chain->state[VGPU_STEP_SYMBOLS] = VGPU_STATE_UNKNOWN;
				chain->reached = VGPU_STEP_OPENED;
				break;
			}
}

static void states_of_calls(struct vgpu_chain *chain, const struct vgpu_seen_process *process)
{
	bool monitor = vgpu_profile_rows[chain->profile].monitor;
	const char *names = monitor ? NVML_CALLS : CUDA_INIT;
	const struct vgpu_seen_call *runtime = vgpu_seen_call(process, "cudaGetDeviceCount");
	bool runtime_refused = !monitor && runtime && runtime->failures && !runtime->success;

	for (uint32_t i = 0; i < process->calls.count; i++) {
		const struct vgpu_seen_call *call = &process->calls.at[i];
		uint64_t event = call->success ? call->success : call->failure;

		if (!vgpu_name_matches(monitor ? "nvml*" : CUDA_CALLS, call->name) &&
		    !vgpu_name_matches("cuGetProcAddress*", call->name))
			continue;
		for (unsigned step = VGPU_STEP_STARTED; step <= VGPU_STEP_SYMBOLS; step++)
			yes(chain, step, event);
		if (vgpu_name_matches(monitor ? "nvml*" : CUDA_INIT, call->name))
			yes(chain, VGPU_STEP_CALLED, event);
		if (vgpu_name_matches(names, call->name) && call->success)
			yes(chain, VGPU_STEP_INIT, call->success);
	}
	for (uint32_t i = 0; i < process->pending.count; i++)
		if (process->pending.at[i].name && vgpu_name_matches("cu*,nvml*", process->pending.at[i].name)) {
			for (unsigned step = VGPU_STEP_STARTED; step <= VGPU_STEP_SYMBOLS; step++)
				yes(chain, step, process->pending.at[i].event);
			if (vgpu_name_matches(names, process->pending.at[i].name))
				yes(chain, VGPU_STEP_CALLED, process->pending.at[i].event);
		}
	if (process->count > 0 && !runtime_refused && (monitor || process->count_layer != VGPU_LAYER_NVML)) {
		yes(chain, VGPU_STEP_CALLED, process->count_event);
		yes(chain, VGPU_STEP_INIT, process->count_event);
		yes(chain, VGPU_STEP_COUNTED, process->count_event);
	}
}

/* Where nothing came, an observer may have seen that nothing came. */
static void states_unreached(struct vgpu_chain *chain, const struct vgpu_evidence_set *set,
			     const struct vgpu_seen_process *process)
{
	bool link = vgpu_seen_link_known(process) && process->ended;
	bool calls = vgpu_seen_calls_known(set, process) && process->ended;

	for (unsigned step = 0; step < VGPU_STEPS; step++) {
		if (chain->state[step] != VGPU_STATE_UNKNOWN)
			continue;
		/* What came before the link that broke was passed, or it could not have broken. */
		if (chain->broken.rule && !chain->broken.rule->whatever && step < chain->broken.rule->step) {
			chain->state[step] = VGPU_STATE_YES;
			continue;
		}
		if (step <= chain->reached)
			continue;
		if (chain->broken.rule && step > chain->broken.rule->step)
			chain->state[step] = VGPU_STATE_UNREACHED;
		else if (step <= VGPU_STEP_SYMBOLS ? link : calls)
			chain->state[step] = VGPU_STATE_UNREACHED;
	}
}

/* What the devices said counts for as much as no rule has anything against it. */
static void states_of_devices(struct vgpu_chain *chain, const struct vgpu_seen_process *process)
{
	enum vgpu_step end = chain->broken.rule ? chain->broken.rule->step : VGPU_STEPS;

	if (chain->state[VGPU_STEP_COUNTED] != VGPU_STATE_YES)
		return;
	for (uint32_t i = 0; i < process->devices.count; i++) {
		const struct vgpu_seen_device *device = &process->devices.at[i];

		if (end > VGPU_STEP_PROPERTIES && (device->name[0] || device->has_major || device->has_uuid))
			yes(chain, VGPU_STEP_PROPERTIES, device->event);
		if (end > VGPU_STEP_MEMORY && device->has_memory && device->total)
			yes(chain, VGPU_STEP_MEMORY, device->memory_event);
	}
}

/* ---- rules ---- */

static bool wants_rules(const struct vgpu_chain *chain, const struct vgpu_rule_place *place)
{
	return chain->attempted || vgpu_profile_rows[chain->profile].backend || (place->model && !place->model->parent);
}

static const char *backend_of(const struct vgpu_model_process *model)
{
	static const uint32_t libraries[] = { VGPU_LIBRARY_CUDA, VGPU_LIBRARY_CUDART13, VGPU_LIBRARY_CUDART12, VGPU_LIBRARY_NVML };
	const char *found = NULL;

	for (unsigned i = 0; i < 4 && !found; i++)
		found = vgpu_model_backend(model, libraries[i]);
	return found;
}

static void try_rules(struct vgpu_explanation *explanation, struct vgpu_chain *chain, const struct vgpu_seen_process *process)
{
	struct vgpu_rule_place place = {
		.set = explanation->set,
		.process = process,
		.model = vgpu_model_process(explanation->set->model, chain->process),
		.chain = chain,
		.explanation = explanation,
	};
	const struct vgpu_rule *rule;
	struct vgpu_finding finding;
	const struct vgpu_seen_call *init = vgpu_seen_call(process, "cuInit");
	bool counted = chain->state[VGPU_STEP_COUNTED] == VGPU_STATE_YES, memory = false;

	place.backend = backend_of(place.model);
	if (!wants_rules(chain, &place))
		return;
	for (uint32_t i = 0; i < process->devices.count; i++)
		memory |= process->devices.at[i].has_memory && process->devices.at[i].total;
	for (unsigned i = 0; (rule = vgpu_rule_at(i)); i++) {
		/* Where the driver refused to begin, all that failed later did so for that, whether or not its reason is known. */
		if (init && init->failures && !init->success && rule->step > VGPU_STEP_INIT && !rule->whatever)
			continue;
		/*
		 * With a device in hand, what might have gone wrong before did not; a call may still hang, and a
		 * library be the wrong one.
		 */
		if (counted && rule->step < VGPU_STEP_PROPERTIES && (rule->step != VGPU_STEP_CALLED || memory) &&
		    !(rule->whatever && rule->step == VGPU_STEP_OPENED))
			continue;
		/* A client that went on to ask for memory did not give up on a refusal before. */
		if (memory && rule->step == VGPU_STEP_PROPERTIES && rule->when.call)
			continue;
		if (chain->broken.rule && rule->step >= chain->broken.rule->step)
			continue;
		if (vgpu_rule_holds(rule, &place, &finding))
			chain->broken = finding;
	}
	if (chain->broken.rule) {
		chain->state[chain->broken.rule->step] = VGPU_STATE_BROKEN;
		chain->event[chain->broken.rule->step] = chain->broken.event;
		for (unsigned step = chain->broken.rule->step + 1; step < VGPU_STEPS; step++)
			if (chain->broken.rule->whatever && chain->state[step] == VGPU_STATE_YES)
				continue;
	}
}

static bool attempted(const struct vgpu_chain *chain, const struct vgpu_seen_process *process)
{
	bool provider = false;

	for (uint32_t i = 0; i < process->searches.count; i++)
		provider |= is_provider(process->searches.at[i].part) && !process->searches.at[i].preload;
	for (uint32_t i = 0; i < process->objects.count; i++)
		provider |= is_provider(process->objects.at[i].part) && !process->objects.at[i].preload;
	return provider || process->preload_missing || process->loads.count || process->calls.count || process->pending.count ||
	       (vgpu_profile_rows[chain->profile].backend);
}

/* ---- which one decides ---- */

static bool is_cuda(const struct vgpu_chain *chain)
{
	return chain->attempted && chain->profile != VGPU_PROFILE_MONITOR && chain->profile != VGPU_PROFILE_NONE &&
	       chain->profile != VGPU_PROFILE_SERVE && chain->profile != VGPU_PROFILE_OTHER;
}

/* Somebody died of a fault, and which look at the device that was is not known. */
static bool doubtful(const struct vgpu_explanation *explanation, const struct vgpu_chain *found)
{
	if (explanation->set->processes[found->process - 1]->has_env)
		return false;
	for (uint32_t i = 0; i < explanation->count; i++) {
		const struct vgpu_chain *chain = &explanation->chains[i];
		const struct vgpu_seen_process *process = explanation->set->processes[chain->process - 1];

		if (chain != found && is_cuda(chain) && process->exit_how == VGPU_EXIT_SIGNAL &&
		    vgpu_seen_fault(process->exit_status))
			return true;
	}
	return false;
}

static void decide(struct vgpu_explanation *explanation)
{
	const struct vgpu_chain *found = NULL, *broken = NULL, *best = NULL;
	bool cuda = false, second = false;

	for (uint32_t i = 0; i < explanation->count; i++) {
		cuda |= is_cuda(&explanation->chains[i]) && explanation->chains[i].reached >= VGPU_STEP_OPENED;
		second |= explanation->chains[i].pass == 2 && explanation->chains[i].attempted;
	}
	for (uint32_t i = 0; i < explanation->count; i++) {
		const struct vgpu_chain *chain = &explanation->chains[i];

		/* NVML's answer is none where somebody wants to compute; the second look confirms the first. */
		if (chain->found && (!cuda || is_cuda(chain)) && (!second || chain->pass == 2) && !found)
			found = chain;
		if (chain->broken.rule && (!broken || chain->reached > broken->reached ||
					   (chain->broken.rule->step == VGPU_STEP_ACCEPTED &&
					    broken->broken.rule->step != VGPU_STEP_ACCEPTED)))
			broken = chain;
		if (chain->attempted && (!best || chain->reached > best->reached))
			best = chain;
	}
	if (found && doubtful(explanation, found)) {
		explanation->decider = found;
		explanation->outcome = VGPU_OUTCOME_UNKNOWN;
		return;
	}
	explanation->decider = found ? found : broken ? broken : best;
	explanation->outcome = found ? VGPU_OUTCOME_FOUND : broken ? VGPU_OUTCOME_CPU : VGPU_OUTCOME_UNKNOWN;
	/* One that came further than the broken one, and where nobody could see on: it may have found its device. */
	if (!found && broken && best && best != broken && best->reached > broken->reached && best->reached >= VGPU_STEP_SYMBOLS &&
	    broken->broken.rule->step <= VGPU_STEP_SYMBOLS) {
		explanation->decider = best;
		explanation->outcome = VGPU_OUTCOME_UNKNOWN;
	}
}

int vgpu_explain(struct vgpu_explanation **out, struct vgpu_evidence_set *set)
{
	struct vgpu_explanation *explanation = calloc(1, sizeof(*explanation));

	if (!explanation)
		return -ENOMEM;
	explanation->set = set;
	explanation->chains = calloc(set->process_count + 1, sizeof(*explanation->chains));
	if (!explanation->chains) {
		free(explanation);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < set->process_count; i++) {
		struct vgpu_chain *chain = &explanation->chains[explanation->count];
		const struct vgpu_seen_process *process = set->processes[i];

		if (!process)
			continue;
		explanation->count++;
		chain->process = process->number;
		chain->profile = vgpu_profile_of(set, process);
		chain->pass = vgpu_profile_pass(process);
		states_of_link(chain, process);
		states_of_calls(chain, process);
		chain->attempted = attempted(chain, process);
		chain->found = chain->state[VGPU_STEP_COUNTED] == VGPU_STATE_YES;
	}
	for (uint32_t i = 0; i < explanation->count; i++) {
		struct vgpu_chain *chain = &explanation->chains[i];
		const struct vgpu_seen_process *process = set->processes[chain->process - 1];

		try_rules(explanation, chain, process);
		states_of_devices(chain, process);
		states_unreached(chain, set, process);
	}
	/* Only now, since a rule may ask what other processes found. */
	for (uint32_t i = 0; i < explanation->count; i++) {
		struct vgpu_chain *chain = &explanation->chains[i];

		if (!chain->found)
			continue;
		chain->found = !chain->broken.rule && !(set->processes[chain->process - 1]->exit_how == VGPU_EXIT_SIGNAL &&
						       vgpu_seen_fault(set->processes[chain->process - 1]->exit_status));
		if (chain->found)
			yes(chain, VGPU_STEP_ACCEPTED, 0);
	}
	decide(explanation);
	*out = explanation;
	return 0;
}

void vgpu_explanation_free(struct vgpu_explanation *explanation)
{
	if (!explanation)
		return;
	free(explanation->chains);
	free(explanation);
}
