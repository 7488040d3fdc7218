// SPDX-License-Identifier: Apache-2.0
/* What was seen of each process that bears on its GPU discovery. */
#include "tracer/explain/evidence.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tracer/explain/discovery.h"
#include "tracer/explain/evidence_parts.h"
#include "tracer/model/filter.h"
#include "tracer/model/gap.h"
#include "tracer/model/names.h"

/* Streams that name more are damaged. */
#define PROCESSES_MAX 1000000u

/* ---- processes ---- */

static struct vgpu_seen_process *process_get(struct vgpu_evidence_set *set, uint32_t number)
{
	if (!number || number > PROCESSES_MAX)
		return NULL;
	if (number > set->process_count) {
		uint32_t count = number + number / 2 + 8;
		void *grown = realloc(set->processes, count * sizeof(*set->processes));

		if (!grown)
			return NULL;
		set->processes = grown;
		memset(set->processes + set->process_count, 0, (count - set->process_count) * sizeof(*set->processes));
		set->process_count = count;
	}
	if (!set->processes[number - 1]) {
		struct vgpu_seen_process *process = calloc(1, sizeof(*process));

		if (!process)
			return NULL;
		process->pool = vgpu_seen_pool_open();
		if (!process->pool) {
			free(process);
			return NULL;
		}
		process->number = number;
		process->model = set->model;
		process->count = -1;
		set->processes[number - 1] = process;
	}
	return set->processes[number - 1];
}

/* Another program, or the same anew: nothing that was seen before holds for it. */
static void process_reset(struct vgpu_seen_process *process)
{
	struct vgpu_seen_process fresh = { .number = process->number, .model = process->model,
					   .pool = process->pool, .count = -1 };

	vgpu_seen_pool_empty(process->pool);
	*process = fresh;
}

static void process_free(struct vgpu_seen_process *process)
{
	if (!process)
		return;
	vgpu_seen_pool_close(process->pool);
	free(process);
}

const char *vgpu_seen_env(const struct vgpu_seen_process *process, const char *name)
{
	size_t size = strlen(name);

	for (uint32_t at = 0; process->env && at < process->env_size; at += strlen(process->env + at) + 1)
		if (!strncmp(process->env + at, name, size) && process->env[at + size] == '=')
			return process->env + at + size + 1;
	return NULL;
}

int vgpu_seen_hidden(const struct vgpu_seen_process *process)
{
	const char *value = vgpu_seen_env(process, "CUDA_VISIBLE_DEVICES");

	if (!process->has_env)
		return -1;
	if (!value || (value[0] == '0' && (!value[1] || value[1] == ',')))
		return 0;
	return !*value || *value == '-' ? 1 : -1;
}

bool vgpu_seen_fault(int32_t signal)
{
	switch (signal) {
	case SIGILL:
	case SIGTRAP:
	case SIGABRT:
	case SIGBUS:
	case SIGFPE:
	case SIGSEGV:
	case SIGSYS:
		return true;
	}
	return false;
}

const struct vgpu_seen_call *vgpu_seen_call(const struct vgpu_seen_process *process, const char *names)
{
	for (uint32_t i = 0; i < process->calls.count; i++)
		if (process->calls.at[i].name && vgpu_name_matches(names, process->calls.at[i].name))
			return &process->calls.at[i];
	return NULL;
}

const struct vgpu_seen_object *vgpu_seen_object(const struct vgpu_seen_process *process, enum vgpu_part part)
{
	for (uint32_t i = 0; i < process->objects.count; i++)
		if (process->objects.at[i].part == part && !process->objects.at[i].gone)
			return &process->objects.at[i];
	return NULL;
}

bool vgpu_seen_gap(const struct vgpu_seen_process *process)
{
	return vgpu_gap_touches(&process->model->gap, process->start_ns, process->ended ? process->end_ns : UINT64_MAX);
}

bool vgpu_seen_discovery_known(const struct vgpu_seen_process *process)
{
	static const char *const deciding[] = { "cuInit", "cuDeviceGetCount", "cudaGetDeviceCount", "nvmlInit_v2",
						"nvmlDeviceGetCount_v2" };
	const struct vgpu_model *model = process->model;

	if (vgpu_seen_gap(process) || (model->filter && !model->passes))
		return false;
	for (unsigned i = 0; model->passes && i < sizeof(deciding) / sizeof(deciding[0]); i++)
		if (vgpu_filter_of_function(model->passes, deciding[i], 0) != VGPU_FILTER_ALWAYS)
			return false;
	return true;
}

bool vgpu_seen_all_calls(const struct vgpu_seen_process *process, uint32_t function)
{
	const struct vgpu_function *known = vgpu_function_find(function);
	const struct vgpu_model *model = process->model;

	if (!model->filter)
		return true;
	return model->passes && known &&
	       vgpu_filter_of_function(model->passes, known->name, VGPU_FUNCTION_LIBRARY(function)) == VGPU_FILTER_ALWAYS;
}

bool vgpu_seen_link_known(const struct vgpu_seen_process *process)
{
	return process->link && !process->link_withdrawn && !vgpu_seen_gap(process);
}

bool vgpu_seen_calls_known(const struct vgpu_evidence_set *set, const struct vgpu_seen_process *process)
{
	const struct vgpu_model_process *model = vgpu_model_process(set->model, process->number);
	bool foreign = false, ours = false;

	/* What was left out on purpose is not absent either. */
	if (process->losses || set->model->filter || vgpu_seen_gap(process))
		return false;
	if (process->kernel)
		return true;
	if (!vgpu_model_observed(set->model, VGPU_OBSERVER_RING, NULL))
		return false;
	for (uint32_t i = 0; i < process->objects.count; i++) {
		enum vgpu_part part = process->objects.at[i].part;

		if (process->objects.at[i].gone ||
		    (part != VGPU_PART_DRIVER && part != VGPU_PART_RUNTIME && part != VGPU_PART_MONITOR))
			continue;
		ours |= process->objects.at[i].library != 0;
		foreign |= !process->objects.at[i].library;
	}
	if (!process->objects.count)
		ours = model && model->presence == VGPU_PRESENCE_IN;
	return (ours || process->ring) && !foreign;
}

/* ---- one function for each kind of event ---- */

static void add_context(struct vgpu_seen_process *process, const struct vgpu_event *event)
{
	const struct vgpu_event_context *context = &event->context;

	/* The auditor executed it again: what it saw the first time was of the same program. */
	if (event->observer & VGPU_OBSERVER_LINK && process->link)
		vgpu_seen_forget_link(process);
	if (event->observer & VGPU_OBSERVER_LINK) {
		process->link = true;
		process->link_event = event->number;
	}
	process->context_event = event->number;
	if (context->flags & VGPU_CONTEXT_ENV && context->env.size) {
		process->env = vgpu_seen_keep_bytes(process->pool, context->env.bytes, context->env.size);
		process->env_size = process->env ? context->env.size : 0;
	}
	process->has_env |= !!(context->flags & VGPU_CONTEXT_ENV);
	if (context->flags & VGPU_CONTEXT_STDERR) {
		process->has_stderr = true;
		process->stderr_target = vgpu_seen_keep(process->pool, context->stderr_target);
	}
}

static void add_text(struct vgpu_pool *pool, void *list, uint64_t event, const char *text, int32_t code)
{
	VGPU_SEEN_LIST(struct vgpu_seen_text, *texts) = list;
	struct vgpu_seen_text *fresh = VGPU_SEEN_ADD(pool, *texts);

	if (fresh)
		*fresh = (struct vgpu_seen_text){ event, vgpu_seen_keep(pool, text), code };
}

static void add_architecture(struct vgpu_seen_process *process, uint64_t event, const char *name)
{
	size_t size = strlen(process->architectures);
	bool ptx = !strncmp(name, "compute_", 8);

	for (uint32_t i = 0; i < process->images.count; i++)
		if (process->images.at[i].text && !strcmp(process->images.at[i].text, name))
			return;
	add_text(process->pool, &process->images, event, name, 0);
	if (size + strlen(name) + 12 < sizeof(process->architectures))
		snprintf(process->architectures + size, sizeof(process->architectures) - size, "%s%s%s", size ? ", " : "", name,
			 ptx ? " (PTX)" : "");
	else if (size + 5 < sizeof(process->architectures) && strcmp(process->architectures + size - 3, "..."))
		strcat(process->architectures, " ...");
}

static void add_images(struct vgpu_seen_process *process, const struct vgpu_event *event)
{
	for (const char *at = NULL; (at = vgpu_strings_next(&event->image.cubin, at));)
		add_architecture(process, event->number, at);
	for (const char *at = NULL; (at = vgpu_strings_next(&event->image.ptx, at));)
		add_architecture(process, event->number, at);
}

static void add_file(struct vgpu_seen_process *process, const struct vgpu_event *event)
{
	const char *path = event->file.path;

	/* Who only asks for a file has not been refused it. */
	if (!event->file.error || !path || event->file.looked)
		return;
	if (vgpu_vendor_part(path) && vgpu_seen_in_preload(process, path)) {
		process->preload_missing = vgpu_seen_keep(process->pool, path);
		process->preload_event = event->number;
	}
	/* A library is looked for in many places, and in most of them it is not. */
	if (vgpu_name_matches("/dev/nvidia*,/dev/dxg,/dev/kfd,/dev/dri/*", path) || (event->file.vendor && event->file.error != ENOENT))
		add_text(process->pool, &process->files, event->number, path, event->file.error);
}

static void add_of_process(struct vgpu_seen_process *process, const struct vgpu_event *event)
{
	switch (event->kind) {
	case VGPU_EVENT_START:
		process->start_ns = event->time_ns;
		break;
	case VGPU_EVENT_EXEC:
		/* The linker's records of this very program may have been read before. */
		if (!process->link || process->executed)
			process_reset(process);
		process->executed = true;
		process->start_ns = event->time_ns;
		break;
	case VGPU_EVENT_EXIT:
		process->ended = true;
		process->exit_how = event->exit.how;
		process->exit_status = event->exit.status;
		process->exit_event = event->number;
		process->end_ns = event->time_ns;
		break;
	case VGPU_EVENT_CONTEXT:
		add_context(process, event);
		break;
	case VGPU_EVENT_SEARCH:
	case VGPU_EVENT_OBJECT:
	case VGPU_EVENT_UNLOAD:
	case VGPU_EVENT_LINKED:
	case VGPU_EVENT_DL:
	case VGPU_EVENT_BOUND:
		vgpu_seen_add_link(process, event);
		break;
	case VGPU_EVENT_OBSERVER:
		if (event->note.about != VGPU_OBSERVER_LINK || !event->note.withdrawn)
			break;
		process->link_withdrawn = true;
		process->link_why = vgpu_seen_keep(process->pool, event->note.text);
		break;
	case VGPU_EVENT_CALL:
		vgpu_seen_add_call(process, event);
		break;
	case VGPU_EVENT_PENDING:
		vgpu_seen_add_pending(process, event);
		break;
	case VGPU_EVENT_GATE:
		add_text(process->pool, &process->gates, event->number, event->gate.reason, event->gate.result);
		break;
	case VGPU_EVENT_FILE:
		add_file(process, event);
		break;
	case VGPU_EVENT_OUTPUT:
		process->said |= event->output.descriptor == STDERR_FILENO;
		break;
	case VGPU_EVENT_IMAGE:
		add_images(process, event);
		break;
	case VGPU_EVENT_CRASH:
		process->crash = true;
		process->crash_event = event->number;
		process->crash_signal = event->crash.signal;
		process->crash_object = vgpu_seen_keep(process->pool, event->crash.object);
		process->crash_symbol = vgpu_seen_keep(process->pool, event->crash.symbol);
		process->crash_initialising = vgpu_seen_keep(process->pool, event->crash.initialising);
		vgpu_seen_add_stack(process, event, &event->crash.stack, event->crash.stack_end);
		break;
	case VGPU_EVENT_LOSS:
		if (event->observer & VGPU_OBSERVER_RING)
			process->losses = event->loss.dropped + event->loss.overwritten + event->loss.refused;
		break;
	}
}

static int evidence_event(struct vgpu_sink *sink, const struct vgpu_event *event)
{
	struct vgpu_evidence_set *set = (struct vgpu_evidence_set *)sink;
	struct vgpu_seen_process *process;
	struct vgpu_seen_fact *fact;
	struct vgpu_seen_log *log;

	switch (event->kind) {
	case VGPU_EVENT_FACT:
		fact = VGPU_SEEN_ADD(set->pool, set->facts);
		if (fact)
			*fact = (struct vgpu_seen_fact){ event->number, vgpu_seen_keep(set->pool, event->fact.name),
							 vgpu_seen_keep(set->pool, event->fact.subject),
							 vgpu_seen_keep(set->pool, event->fact.value), event->fact.error };
		return 0;
	case VGPU_EVENT_LOG:
		log = VGPU_SEEN_ADD(set->pool, set->logs);
		if (log)
			*log = (struct vgpu_seen_log){ event->number, event->log.line_number,
						       vgpu_seen_keep(set->pool, event->log.line) };
		return 0;
	}
	if (!event->process)
		return 0;
	process = process_get(set, event->process);
	if (!process)
		return event->process > PROCESSES_MAX ? 0 : -ENOMEM;
	add_of_process(process, event);
	return 0;
}

static const struct vgpu_sink_ops evidence_ops = { .event = evidence_event };

int vgpu_evidence_open(struct vgpu_evidence_set **out, struct vgpu_model *model)
{
	struct vgpu_evidence_set *set = calloc(1, sizeof(*set));

	if (!set)
		return -ENOMEM;
	set->pool = vgpu_seen_pool_open();
	if (!set->pool) {
		free(set);
		return -ENOMEM;
	}
	set->sink.ops = &evidence_ops;
	set->model = model;
	*out = set;
	return 0;
}

void vgpu_evidence_close(struct vgpu_evidence_set *set)
{
	if (!set)
		return;
	for (uint32_t i = 0; i < set->process_count; i++)
		process_free(set->processes[i]);
	free(set->processes);
	vgpu_seen_pool_close(set->pool);
	free(set);
}
