// SPDX-License-Identifier: Apache-2.0
/* What a stream of events has said so far. */
#include "tracer/model/model.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tracer/model/call.h"
#include "tracer/model/container.h"
#include "tracer/model/filter.h"
#include "tracer/model/gap.h"

/* A stream that names more processes than this is damaged. */
#define PROCESSES_MAX 1000000u

static const struct vgpu_sink_ops model_ops;

int vgpu_model_open(struct vgpu_model **out)
{
	*out = calloc(1, sizeof(**out));
	if (!*out)
		return -ENOMEM;
	(*out)->sink.ops = &model_ops;
	return 0;
}

static void process_free(struct vgpu_model_process *process)
{
	if (!process)
		return;
	for (uint32_t i = 0; i < process->library_count; i++) {
		free(process->libraries[i].backend);
		free(process->libraries[i].path);
	}
	free(process->comm);
	free(process->exe);
	free(process->argv);
	free(process->label);
	free(process->container);
	free(process->presence_why);
	free(process);
}

void vgpu_model_close(struct vgpu_model *model)
{
	if (!model)
		return;
	for (uint32_t i = 0; i < model->process_count; i++)
		process_free(model->processes[i]);
	for (uint32_t i = 0; i < model->answer_count; i++) {
		free(model->answers[i].soname);
		free(model->answers[i].path);
		free(model->answers[i].where);
		free(model->answers[i].note);
	}
	for (uint32_t i = 0; i < model->ring_count; i++)
		free(model->rings[i].path);
	for (unsigned i = 0; i < sizeof(model->coverage) / sizeof(model->coverage[0]); i++) {
		free(model->coverage[i].how);
		free(model->coverage[i].why);
	}
	for (uint32_t i = 0; i < model->unplaced_count; i++) {
		free(model->unplaced[i].probe);
		free(model->unplaced[i].why);
	}
	free(model->processes);
	free(model->answers);
	free(model->rings);
	free(model->device);
	free(model->inject);
	free(model->ring_dir);
	free(model->directory);
	free(model->command);
	free(model->filter);
	vgpu_filter_free(model->passes);
	free(model);
}

/* Takes a copy; NULL stays NULL. false: no memory. */
static bool copy(char **out, const char *string)
{
	char *fresh = string ? strdup(string) : NULL;

	if (string && !fresh)
		return false;
	free(*out);
	*out = fresh;
	return true;
}

static bool copy_bytes(char **out, uint32_t *out_size, const struct vgpu_strings *strings)
{
	char *fresh = malloc(strings->size + 1);

	if (!fresh)
		return false;
	if (strings->size)
		memcpy(fresh, strings->bytes, strings->size);
	fresh[strings->size] = '\0';
	free(*out);
	*out = fresh;
	*out_size = strings->size;
	return true;
}

static uint8_t copy_build_id(uint8_t *out, const struct vgpu_data *data)
{
	uint8_t size = data->size > 20 ? 20 : data->size;

	if (size)
		memcpy(out, data->bytes, size);
	return size;
}

struct vgpu_model_process *vgpu_model_process(const struct vgpu_model *model, uint32_t number)
{
	return number && number <= model->process_count ? model->processes[number - 1] : NULL;
}

static struct vgpu_model_process *process_get(struct vgpu_model *model, uint32_t number)
{
	if (!number || number > PROCESSES_MAX)
		return NULL;
	if (number > model->process_count) {
		uint32_t count = number + number / 2 + 8;
		void *grown = realloc(model->processes, count * sizeof(*model->processes));

		if (!grown)
			return NULL;
		model->processes = grown;
		memset(model->processes + model->process_count, 0,
		       (count - model->process_count) * sizeof(*model->processes));
		model->process_count = count;
	}
	if (!model->processes[number - 1]) {
		model->processes[number - 1] = calloc(1, sizeof(struct vgpu_model_process));
		if (model->processes[number - 1])
			model->processes[number - 1]->number = number;
	}
	return model->processes[number - 1];
}

/* comm is cut at 15 characters; where the executable's name goes on, take that. */
static const char *name_of(const struct vgpu_model_process *process)
{
	const char *base = process->exe ? strrchr(process->exe, '/') : NULL;

	base = base ? base + 1 : process->exe;
	if (process->comm && process->comm[0]) {
		if (base && strlen(process->comm) == 15 && !strncmp(base, process->comm, 15))
			return base;
		return process->comm;
	}
	return base && *base ? base : "process";
}

const char *vgpu_model_label(struct vgpu_model *model, uint32_t number)
{
	struct vgpu_model_process *process = vgpu_model_process(model, number);
	const char *name;
	char text[128];

	if (!process)
		return "?";
	if (process->label)
		return process->label;
	name = name_of(process);
	snprintf(text, sizeof(text), "%s", name);
	for (uint32_t i = 0; i < model->process_count; i++) {
		const struct vgpu_model_process *other = model->processes[i];

		if (other && other != process && other->label && !strcmp(other->label, text)) {
			snprintf(text, sizeof(text), "%.100s(%d)", name, process->pid);
			break;
		}
	}
	process->label = strdup(text);
	return process->label ? process->label : "?";
}

const struct vgpu_model_library *vgpu_model_library(const struct vgpu_model_process *process, uint32_t library)
{
	for (uint32_t i = 0; process && i < process->library_count; i++)
		if (process->libraries[i].library == library)
			return &process->libraries[i];
	return NULL;
}

const char *vgpu_backend_made_up(const char *backend)
{
	return !backend ? NULL : !strcmp(backend, "sim") ? "SIMULATED" : !strcmp(backend, "replay") ? "REPLAYED" : NULL;
}

const char *vgpu_model_backend(const struct vgpu_model_process *process, uint32_t library)
{
	const struct vgpu_model_library *l = vgpu_model_library(process, library);

	return l && l->backend && l->backend[0] ? l->backend : NULL;
}

bool vgpu_model_observed(const struct vgpu_model *model, uint32_t observer, const struct vgpu_model_coverage **out)
{
	const struct vgpu_model_coverage *coverage = NULL;

	for (unsigned bit = 0; bit < sizeof(model->coverage) / sizeof(model->coverage[0]); bit++)
		if (observer == 1u << bit)
			coverage = &model->coverage[bit];
	if (out)
		*out = coverage;
	return coverage && coverage->known && coverage->on;
}

void vgpu_model_losses(const struct vgpu_model *model, struct vgpu_event_loss *out)
{
	memset(out, 0, sizeof(*out));
	for (uint32_t i = 0; i < model->ring_count; i++) {
		const struct vgpu_event_loss *loss = &model->rings[i].loss;

		out->dropped += loss->dropped;
		out->overwritten += loss->overwritten;
		out->refused += loss->refused;
		out->threads_refused += loss->threads_refused;
		out->recycled += loss->recycled;
		out->log_dropped += loss->log_dropped;
		out->stacks_dropped += loss->stacks_dropped;
		out->unwound += loss->unwound;
		if (loss->grow_errno)
			out->grow_errno = loss->grow_errno;
	}
}

/* ---- one function for each kind of event ---- */

/* A part of the recording without one does not make another part whole. */
static int add_filter(struct vgpu_model *model, const char *text)
{
	bool another = model->filter && strcmp(model->filter, text);
	struct vgpu_filter_error error;

	vgpu_filter_free(model->passes);
	model->passes = NULL;
	if (!another && vgpu_filter_parse(&model->passes, text, &error) == -ENOMEM)
		return -ENOMEM;
	return copy(&model->filter, text) ? 0 : -ENOMEM;
}

static int add_session(struct vgpu_model *model, const struct vgpu_event *event)
{
	const struct vgpu_event_session *session = &event->session;

	model->has_session = true;
	model->attached = session->attached;
	model->mode = session->mode;
	if (session->filter && add_filter(model, session->filter))
		return -ENOMEM;
	return copy(&model->device, session->device) && copy(&model->inject, session->inject) &&
		       copy(&model->ring_dir, session->ring_dir) && copy(&model->directory, session->directory) &&
		       copy_bytes(&model->command, &model->command_size, &session->command)
		   ? 0
		   : -ENOMEM;
}

/* Of one gap the latest says all; another part of the recording may have one of its own. */
static void add_gap(struct vgpu_model *model, const struct vgpu_event_gap *gap)
{
	if (model->gap_latest.from_ns != gap->from_ns)
		vgpu_gap_add(&model->gap_earlier, &model->gap_latest);
	model->gap_latest = *gap;
	model->gap = model->gap_earlier;
	vgpu_gap_add(&model->gap, gap);
}

static int add_answer(struct vgpu_model *model, const struct vgpu_event *event)
{
	const struct vgpu_event_answer *from = &event->answer;
	struct vgpu_model_answer *answer, *grown;

	grown = realloc(model->answers, (model->answer_count + 1) * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	model->answers = grown;
	answer = &model->answers[model->answer_count++];
	memset(answer, 0, sizeof(*answer));
	answer->library = from->library;
	answer->symbols = from->symbols;
	answer->error = from->error;
	answer->build_id_size = copy_build_id(answer->build_id, &from->build_id);
	return copy(&answer->soname, from->soname) && copy(&answer->path, from->path) &&
		       copy(&answer->where, from->where) && copy(&answer->note, from->note)
		   ? 0
		   : -ENOMEM;
}

static int add_coverage(struct vgpu_model *model, const struct vgpu_event *event)
{
	const struct vgpu_event_coverage *from = &event->coverage;

	for (unsigned bit = 0; bit < sizeof(model->coverage) / sizeof(model->coverage[0]); bit++) {
		struct vgpu_model_coverage *coverage = &model->coverage[bit];

		if (from->observer != 1u << bit)
			continue;
		/* A later event with on 0 ends what an earlier one began: it was on until then. */
		if (coverage->known && coverage->on && !from->on) {
			coverage->until_ns = event->time_ns;
			coverage->lost = from->lost;
			return from->why ? copy(&coverage->why, from->why) ? 0 : -ENOMEM : 0;
		}
		coverage->known = true;
		coverage->on = from->on;
		coverage->since_ns = from->since_ns;
		coverage->lost = from->lost;
		return copy(&coverage->how, from->how) && copy(&coverage->why, from->why) ? 0 : -ENOMEM;
	}
	return 0;
}

static int add_process(struct vgpu_model *model, const struct vgpu_event *event)
{
	const struct vgpu_event_process *from = &event->start;
	struct vgpu_model_process *process = process_get(model, event->process);
	const struct vgpu_model_process *parent;

	if (!process)
		return event->process > PROCESSES_MAX ? 0 : -ENOMEM;
	process->started = true;
	process->parent = from->parent;
	process->pid = from->pid ? from->pid : from->ns_pid;
	process->ppid = from->ppid;
	process->execs = from->execs;
	process->in_session = from->in_session;
	process->start_ns = event->time_ns;
	free(process->label);
	process->label = NULL;
	parent = event->kind == VGPU_EVENT_START ? vgpu_model_process(model, from->parent) : NULL;
	if (parent && !copy(&process->container, parent->container))
		return -ENOMEM;
	return copy(&process->comm, from->comm) && copy(&process->exe, from->exe) &&
		       copy_bytes(&process->argv, &process->argv_size, &from->argv)
		   ? 0
		   : -ENOMEM;
}

static int add_context(struct vgpu_model_process *process, const struct vgpu_event *event)
{
	char name[64];

	/* What did not look has nothing to say. */
	if (!event->context.cgroup)
		return 0;
	return copy(&process->container, vgpu_container_name(event->context.cgroup, name, sizeof(name))) ? 0 : -ENOMEM;
}

static int add_presence(struct vgpu_model_process *process, const struct vgpu_event *event)
{
	process->presence = event->presence.presence;
	process->present_libraries = event->presence.libraries;
	return copy(&process->presence_why, event->presence.why) ? 0 : -ENOMEM;
}

static int add_ring(struct vgpu_model *model, const struct vgpu_event *event)
{
	struct vgpu_model_ring *ring, *grown;

	grown = realloc(model->rings, (model->ring_count + 1) * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	model->rings = grown;
	ring = &model->rings[model->ring_count++];
	memset(ring, 0, sizeof(*ring));
	ring->number = event->number;
	ring->process = event->process;
	ring->place = event->ring.place;
	for (uint32_t i = 0; i < event->ring.place_errno.count && i < 4; i++)
		ring->place_errno[i] = event->ring.place_errno.words[i];
	return copy(&ring->path, event->ring.path) ? 0 : -ENOMEM;
}

static void add_loss(struct vgpu_model *model, const struct vgpu_event *event)
{
	for (uint32_t i = model->ring_count; i--;)
		if ((uint32_t)model->rings[i].number == event->loss.ring) {
			model->rings[i].loss = event->loss;
			return;
		}
}

static int add_library(struct vgpu_model *model, struct vgpu_model_process *process, const struct vgpu_event *event)
{
	const struct vgpu_event_library *from = &event->library;
	const struct vgpu_api *api = vgpu_api_find(from->library);
	struct vgpu_model_library *library = (void *)vgpu_model_library(process, from->library);

	if (!api || api->schema_hash != from->schema_hash)
		model->foreign_schema = true;
	if (!library) {
		if (process->library_count == VGPU_LIBRARIES)
			return 0;
		library = &process->libraries[process->library_count++];
	}
	library->library = from->library;
	library->schema_hash = from->schema_hash;
	library->build_id_size = copy_build_id(library->build_id, &from->build_id);
	return copy(&library->backend, from->backend) && copy(&library->path, from->path) ? 0 : -ENOMEM;
}

static void add_call(struct vgpu_model *model, struct vgpu_model_process *process, const struct vgpu_event *event)
{
	uint32_t library = VGPU_FUNCTION_LIBRARY(event->call.function);
	uint32_t number = VGPU_FUNCTION_NUMBER(event->call.function);
	bool failed = vgpu_call_failed(&event->call);

	if (library < 8 && number < VGPU_MODEL_FUNCTIONS) {
		uint64_t *word = &model->seen[library][number / 64], bit = UINT64_C(1) << number % 64;

		model->functions += !(*word & bit);
		*word |= bit;
	}
	model->calls++;
	model->failed += failed;
	model->unsupported += !!(event->call.flags & VGPU_CALL_UNSUPPORTED);
	if (!process)
		return;
	process->calls++;
	process->failed += failed;
	process->unsupported += !!(event->call.flags & VGPU_CALL_UNSUPPORTED);
	if (!process->first_call_ns || event->time_ns < process->first_call_ns)
		process->first_call_ns = event->time_ns;
	if (event->time_ns + event->call.duration_ns > process->last_call_ns)
		process->last_call_ns = event->time_ns + event->call.duration_ns;
}

static int add_unplaced(struct vgpu_model *model, const struct vgpu_event *event)
{
	struct vgpu_model_unplaced *unplaced = &model->unplaced[model->unplaced_count];

	if (model->unplaced_count == VGPU_MODEL_UNPLACED || !event->note.subject || !event->note.text)
		return 0;
	model->unplaced_count++;
	return copy(&unplaced->probe, event->note.subject) && copy(&unplaced->why, event->note.text) ? 0 : -ENOMEM;
}

void vgpu_model_alike(struct vgpu_model *model, uint32_t number, uint64_t calls, uint64_t time_ns)
{
	struct vgpu_model_process *process = process_get(model, number);

	model->events += calls;
	model->calls += calls;
	if (time_ns > model->last_ns)
		model->last_ns = time_ns;
	if (!process)
		return;
	process->calls += calls;
	if (time_ns > process->last_call_ns)
		process->last_call_ns = time_ns;
}

static int model_event(struct vgpu_sink *sink, const struct vgpu_event *event)
{
	struct vgpu_model *model = (struct vgpu_model *)sink;
	struct vgpu_model_process *process = event->process ? process_get(model, event->process) : NULL;

	model->events++;
	if (!model->first_ns || event->time_ns < model->first_ns)
		model->first_ns = event->time_ns;
	if (event->time_ns > model->last_ns)
		model->last_ns = event->time_ns;
	switch (event->kind) {
	case VGPU_EVENT_HOST:
		model->realtime_offset_ns = event->host.realtime_ns - event->host.monotonic_ns;
		return 0;
	case VGPU_EVENT_SESSION:
		return add_session(model, event);
	case VGPU_EVENT_ANSWER:
		return add_answer(model, event);
	case VGPU_EVENT_COVERAGE:
		return add_coverage(model, event);
	case VGPU_EVENT_START:
	case VGPU_EVENT_EXEC:
		return add_process(model, event);
	case VGPU_EVENT_RING:
		return add_ring(model, event);
	case VGPU_EVENT_LOSS:
		add_loss(model, event);
		return 0;
	case VGPU_EVENT_GAP:
		add_gap(model, &event->gap);
		return 0;
	case VGPU_EVENT_CALL:
		add_call(model, process, event);
		return 0;
	case VGPU_EVENT_OBSERVER:
		return vgpu_unplaced(event) ? add_unplaced(model, event) : 0;
	}
	if (!process)
		return 0;
	switch (event->kind) {
	case VGPU_EVENT_EXIT:
		process->ended = true;
		process->exit = event->exit;
		process->end_ns = event->time_ns;
		return 0;
	case VGPU_EVENT_PRESENCE:
		return add_presence(process, event);
	case VGPU_EVENT_CONTEXT:
		return add_context(process, event);
	case VGPU_EVENT_LIBRARY:
		return add_library(model, process, event);
	case VGPU_EVENT_PENDING:
		process->pending++;
		return 0;
	}
	return 0;
}

static const struct vgpu_sink_ops model_ops = { .event = model_event };
