// SPDX-License-Identifier: Apache-2.0
/* What was seen of each process that bears on its GPU discovery. */
#include "tracer/explain/evidence.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tracer/explain/discovery.h"
#include "tracer/explain/evidence_parts.h"
#include "tracer/model/names.h"

/* ---- memory: strings and lists that go together ---- */

#define POOL_BLOCK 8192u
/* Streams that name more are damaged. */
#define PROCESSES_MAX 1000000u

struct pool_block {
	struct pool_block *next;
	size_t used, size;
	char bytes[];
};

struct vgpu_pool {
	struct pool_block *blocks;
};

static void *pool_take(struct vgpu_pool *pool, size_t size)
{
	struct pool_block *block = pool->blocks;
	void *at;

	size = (size + 7) & ~(size_t)7;
	if (!block || block->size - block->used < size) {
		size_t room = size > POOL_BLOCK ? size : POOL_BLOCK;

		block = malloc(sizeof(*block) + room);
		if (!block)
			return NULL;
		*block = (struct pool_block){ pool->blocks, 0, room };
		pool->blocks = block;
	}
	at = block->bytes + block->used;
	block->used += size;
	return at;
}

const char *vgpu_seen_keep_bytes(struct vgpu_pool *pool, const char *bytes, size_t size)
{
	char *at = bytes ? pool_take(pool, size + 1) : NULL;

	if (!at)
		return NULL;
	memcpy(at, bytes, size);
	at[size] = '\0';
	return at;
}

const char *vgpu_seen_keep(struct vgpu_pool *pool, const char *text)
{
	return text ? vgpu_seen_keep_bytes(pool, text, strlen(text)) : NULL;
}

static void pool_empty(struct vgpu_pool *pool)
{
	for (struct pool_block *block = pool->blocks, *next; block; block = next) {
		next = block->next;
		free(block);
	}
	pool->blocks = NULL;
}

/* Lists double, so old places stay behind in the pool. */
void *vgpu_seen_list_add(struct vgpu_pool *pool, void **at, uint32_t *count, uint32_t *more, size_t size)
{
	if (*count == VGPU_SEEN_MAX) {
		(*more)++;
		return NULL;
	}
	if (!(*count & (*count - 1))) {
		size_t room = *count ? *count * 2 : 1;
		void *fresh = pool_take(pool, room * size);

		if (!fresh)
			return NULL;
		if (*count)
			memcpy(fresh, *at, *count * size);
		*at = fresh;
	}
	memset((char *)*at + *count * size, 0, size);
	return (char *)*at + (*count)++ * size;
}
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
		process->pool = calloc(1, sizeof(*process->pool));
		if (!process->pool) {
			free(process);
			return NULL;
		}
		process->number = number;
		process->count = -1;
		set->processes[number - 1] = process;
	}
	return set->processes[number - 1];
}

/* Another program, or the same anew: nothing that was seen before holds for it. */
static void process_reset(struct vgpu_seen_process *process)
{
	struct vgpu_seen_process fresh = { .number = process->number, .pool = process->pool, .count = -1 };

	pool_empty(process->pool);
	*process = fresh;
}

static void process_free(struct vgpu_seen_process *process)
{
	if (!process)
		return;
	pool_empty(process->pool);
	free(process->pool);
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

bool vgpu_seen_link_known(const struct vgpu_seen_process *process)
{
	return process->link && !process->link_withdrawn;
}

bool vgpu_seen_calls_known(const struct vgpu_evidence_set *set, const struct vgpu_seen_process *process)
{
	const struct vgpu_model_process *model = vgpu_model_process(set->model, process->number);
	bool foreign = false, ours = false;

	if (process->losses)
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

static void forget_link(struct vgpu_seen_process *process)
{
	process->link_started = process->loading = process->initialising = false;
	process->start_missing = process->preload_missing = NULL;
	process->loads.count = process->symbols.count = process->objects.count = process->searches.count = 0;
	process->loads.more = process->symbols.more = process->objects.more = process->searches.more = 0;
}

static void add_context(struct vgpu_seen_process *process, const struct vgpu_event *event)
{
	const struct vgpu_event_context *context = &event->context;

	/* The auditor executed it again: what it saw the first time was of the same program. */
	if (event->observer & VGPU_OBSERVER_LINK && process->link)
		forget_link(process);
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

static const char *base_name(const char *path)
{
	const char *slash = path ? strrchr(path, '/') : NULL;

	return slash ? slash + 1 : path;
}

/* Whether LD_PRELOAD has that very word. */
static bool in_preload(const struct vgpu_seen_process *process, const char *path)
{
	const char *at = vgpu_seen_env(process, "LD_PRELOAD");
	size_t size = path ? strlen(path) : 0;

	for (; at && size && (at = strstr(at, path)); at += size)
		if (!at[size] || at[size] == ':' || at[size] == ' ')
			return true;
	return false;
}

static void add_search(struct vgpu_seen_process *process, const struct vgpu_event *event)
{
	const char *name = base_name(event->search.path);
	enum vgpu_part part = vgpu_vendor_part(name);
	struct vgpu_seen_search *search = NULL;
	bool there, preload = !process->link_started && in_preload(process, event->search.path);

	if (!process->link_started && name && !preload) {
		process->start_missing = vgpu_seen_keep(process->pool, name);
		process->start_missing_event = event->number;
	}
	if (!part)
		return;
	if (preload && event->search.flags & VGPU_OBJECT_STATTED && event->search.error) {
		process->preload_missing = vgpu_seen_keep(process->pool, event->search.path);
		process->preload_event = event->number;
	}
	for (uint32_t i = 0; i < process->searches.count && !search; i++)
		if (!strcmp(process->searches.at[i].name, name))
			search = &process->searches.at[i];
	if (!search) {
		search = VGPU_SEEN_ADD(process->pool, process->searches);
		if (!search)
			return;
		search->name = vgpu_seen_keep(process->pool, name);
		search->part = part;
		search->first_event = event->number;
		search->requester = vgpu_seen_keep(process->pool, event->search.requester);
		search->preload = true;
	}
	search->preload &= preload;
	search->last_event = event->number;
	if (!(event->search.flags & VGPU_OBJECT_STATTED))
		return;
	search->tried++;
	there = !event->search.error;
	search->found += there;
	if (there && !search->there)
		search->there = vgpu_seen_keep(process->pool, event->search.path);
	if (!there)
		search->last = vgpu_seen_keep(process->pool, event->search.path);
	if (!there && event->search.error != ENOENT && event->search.error != ENOTDIR)
		search->error = event->search.error;
}

static void add_object(struct vgpu_seen_process *process, const struct vgpu_event *event)
{
	const struct vgpu_event_object *from = &event->object;
	enum vgpu_part part = vgpu_vendor_part(from->soname);
	struct vgpu_seen_object *object;

	process->start_missing = NULL;
	process->loading = true;
	process->loading_event = event->number;
	if (!part)
		part = vgpu_vendor_part(from->path);
	if (!part && from->flags & VGPU_OBJECT_GPU)
		part = from->flags & VGPU_OBJECT_BY_EXPORT ? VGPU_PART_DRIVER : VGPU_PART_HELPER;
	if (!part || from->flags & VGPU_OBJECT_MAIN)
		return;
	object = VGPU_SEEN_ADD(process->pool, process->objects);
	if (!object)
		return;
	object->event = event->number;
	object->time_ns = event->time_ns;
	object->path = vgpu_seen_keep(process->pool, from->path);
	object->soname = vgpu_seen_keep(process->pool, from->soname);
	object->handle = from->object;
	object->preload = !process->link_started && in_preload(process, from->path);
	object->device = from->device;
	object->inode = from->inode;
	object->part = part;
	object->library = from->library;
	object->flags = from->flags;
	object->build_id_size = from->build_id.size > 20 ? 20 : from->build_id.size;
	if (object->build_id_size)
		memcpy(object->build_id, from->build_id.bytes, object->build_id_size);
}

static void add_unload(struct vgpu_seen_process *process, const struct vgpu_event *event)
{
	/* At its end a program unloads everything; what counts is what it had. */
	for (uint32_t i = process->objects.count; i--;)
		if (process->objects.at[i].handle == event->object.object && !process->objects.at[i].gone &&
		    !process->objects.at[i].linked) {
			process->objects.at[i].gone = true;
			return;
		}
}

static void add_linked(struct vgpu_seen_process *process, const struct vgpu_event *event)
{
	process->loading = false;
	if (event->linked.flags & VGPU_OBJECT_STARTED)
		process->link_started = true;
	if (event->linked.activity != 1)
		return;
	for (uint32_t i = 0; i < process->objects.count; i++) {
		struct vgpu_seen_object *object = &process->objects.at[i];

		if (object->linked || object->gone)
			continue;
		/* Constructors run now, unless a symbol is missing. */
		if (process->link_started && !(event->linked.flags & VGPU_OBJECT_STARTED)) {
			process->initialising = true;
			process->initialising_path = object->path;
			process->initialising_event = object->event;
		}
	}
}

static void objects_linked(struct vgpu_seen_process *process)
{
	for (uint32_t i = 0; i < process->objects.count; i++)
		process->objects.at[i].linked |= !process->objects.at[i].gone;
}

/* "…: undefined symbol: NAME, version X": NAME. */
static const char *missing_symbol(struct vgpu_pool *pool, const char *error)
{
	static const char words[] = "undefined symbol: ";
	const char *at = error ? strstr(error, words) : NULL;

	if (!at)
		return NULL;
	at += sizeof(words) - 1;
	return vgpu_seen_keep_bytes(pool, at, strcspn(at, ", \t("));
}

static void add_load(struct vgpu_seen_process *process, const struct vgpu_event *event)
{
	const struct vgpu_event_dl *dl = &event->dl;
	enum vgpu_part part = vgpu_vendor_part(dl->name);
	struct vgpu_seen_load *load;

	process->loading = false;
	process->initialising = false;
	if (!dl->failed)
		objects_linked(process);
	if (!part && dl->failed && dl->vendor)
		part = VGPU_PART_HELPER;
	if (!part && dl->failed && vgpu_vendor_part(dl->object_name))
		part = VGPU_PART_HELPER;
	if (!part)
		return;
	for (uint32_t i = 0; i < process->loads.count && !dl->failed; i++)
		process->loads.at[i].mended |= process->loads.at[i].part == part;
	load = VGPU_SEEN_ADD(process->pool, process->loads);
	if (!load)
		return;
	*load = (struct vgpu_seen_load){
		.event = event->number,
		.name = vgpu_seen_keep(process->pool, dl->name),
		.error = vgpu_seen_keep(process->pool, dl->error),
		.object_name = vgpu_seen_keep(process->pool, dl->object_name),
		.caller = vgpu_seen_keep(process->pool, dl->caller_object),
		.part = part,
		.failed = dl->failed,
		.code = dl->code,
		.symbol = missing_symbol(process->pool, dl->error),
	};
	for (uint32_t i = 0; i + 1 < process->loads.count && dl->failed; i++)
		if (process->loads.at[i].part == part && !process->loads.at[i].failed)
			load->mended = true;
}

static void add_symbol(struct vgpu_seen_process *process, uint64_t event, const char *name, const char *version,
		       const char *from, const char *to, bool missing)
{
	struct vgpu_seen_symbol *symbol = NULL;

	if (!name || vgpu_vendor_layer(name) == VGPU_LAYERS)
		return;
	for (uint32_t i = 0; i < process->symbols.count; i++) {
		if (strcmp(process->symbols.at[i].name, name))
			continue;
		process->symbols.at[i].found_later |= !missing;
		if (process->symbols.at[i].missing == missing)
			symbol = &process->symbols.at[i];
	}
	if (symbol || !(symbol = VGPU_SEEN_ADD(process->pool, process->symbols)))
		return;
	*symbol = (struct vgpu_seen_symbol){
		.event = event,
		.name = vgpu_seen_keep(process->pool, name),
		.version = vgpu_seen_keep(process->pool, version),
		.from = vgpu_seen_keep(process->pool, from),
		.to = vgpu_seen_keep(process->pool, to),
		.missing = missing,
	};
}

static void add_dl(struct vgpu_seen_process *process, const struct vgpu_event *event)
{
	const struct vgpu_event_dl *dl = &event->dl;

	switch (dl->op) {
	case VGPU_DL_DLOPEN:
	case VGPU_DL_DLMOPEN:
		add_load(process, event);
		break;
	case VGPU_DL_DLSYM:
	case VGPU_DL_DLVSYM:
		/* The object that lacks it is in the linker's words. */
		if (dl->failed)
			add_symbol(process, event->number, dl->name, dl->version, dl->caller_object,
				   dl->object_name, true);
		break;
	case VGPU_DL_START:
		if (!dl->failed)
			break;
		process->start_error = vgpu_seen_keep(process->pool, dl->error);
		process->start_error_object = vgpu_seen_keep(process->pool, dl->object_name);
		process->start_error_event = event->number;
		break;
	}
}

static void add_text(struct vgpu_pool *pool, void *list, uint64_t event, const char *text, int32_t code)
{
	VGPU_SEEN_LIST(struct vgpu_seen_text, *texts) = list;
	struct vgpu_seen_text *fresh = VGPU_SEEN_ADD(pool, *texts);

	if (fresh)
		*fresh = (struct vgpu_seen_text){ event, vgpu_seen_keep(pool, text), code };
}

static void add_images(struct vgpu_seen_process *process, const struct vgpu_event *event)
{
	for (const char *at = NULL; (at = vgpu_strings_next(&event->image.cubin, at));)
		add_text(process->pool, &process->images, event->number, at, 0);
	for (const char *at = NULL; (at = vgpu_strings_next(&event->image.ptx, at));)
		add_text(process->pool, &process->images, event->number, at, 0);
}

static void add_file(struct vgpu_seen_process *process, const struct vgpu_event *event)
{
	const char *path = event->file.path;

	if (!event->file.error || !path)
		return;
	if (vgpu_vendor_part(path) && in_preload(process, path)) {
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
		add_search(process, event);
		break;
	case VGPU_EVENT_OBJECT:
		add_object(process, event);
		break;
	case VGPU_EVENT_UNLOAD:
		add_unload(process, event);
		break;
	case VGPU_EVENT_LINKED:
		add_linked(process, event);
		break;
	case VGPU_EVENT_DL:
		add_dl(process, event);
		break;
	case VGPU_EVENT_BOUND:
		add_symbol(process, event->number, event->bound.symbol, NULL, event->bound.from, event->bound.to, false);
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
	set->pool = calloc(1, sizeof(*set->pool));
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
	pool_empty(set->pool);
	free(set->pool);
	free(set);
}
