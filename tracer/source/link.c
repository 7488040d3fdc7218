// SPDX-License-Identifier: Apache-2.0
/* The link observer's records as events. */
#include "tracer/source/link.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shim/audit/layout.h"
#include "tracer/model/text.h"

/* A program has some hundred objects; a ring that names more is damaged, or of no use to remember. */
#define OBJECTS_MAX  16384u
#define CHILDREN_MAX 4096u
/* Of a record whose time is that of the kernel's last tick. */
#define COARSE_NS UINT64_C(10000000)

struct object {
	uint64_t object, from, to;
	char *path;
};

struct child {
	uint16_t fork;
	uint32_t process;
};

struct vgpu_link_state {
	struct vgpu_roster *roster;
	struct object *objects;
	uint32_t objects_count, objects_room;
	struct child *children;
	uint32_t children_count;
	uint64_t last_ns; /* of the item before */
	/* the start, until all of it is there */
	bool starting;
	uint64_t start_ns, start_error_ns;
	uint32_t start_flags;
	struct vgpu_text env, argv;
	char *stderr_target, *exec_name, *comm;
};

struct vgpu_link_state *vgpu_link_open(struct vgpu_roster *roster)
{
	struct vgpu_link_state *link = calloc(1, sizeof(*link));

	if (link)
		link->roster = roster;
	return link;
}

void vgpu_link_close(struct vgpu_link_state *link)
{
	if (!link)
		return;
	for (uint32_t i = 0; i < link->objects_count; i++)
		free(link->objects[i].path);
	free(link->objects);
	free(link->children);
	vgpu_text_free(&link->env);
	vgpu_text_free(&link->argv);
	free(link->stderr_target);
	free(link->exec_name);
	free(link->comm);
	free(link);
}

bool vgpu_link_is_item(const struct vgpu_ring_item *item)
{
	return item->event.kind >= VGPU_LINK_START;
}

void vgpu_link_item_time(struct vgpu_ring_item *item)
{
	const struct vgpu_link_record *head = (const void *)item->event.link;
	struct vgpu_link_state *link = item->state->link;

	memset(&item->time, 0, sizeof(item->time));
	if (item->event.record_bytes < sizeof(*head) || !head->counter) {
		item->time.monotonic_ns = link->last_ns;
		item->time.error_ns = COARSE_NS;
	} else if (head->flags & VGPU_LINK_COARSE) {
		item->time.monotonic_ns = head->counter;
		item->time.error_ns = COARSE_NS;
	} else if (vgpu_ring_time(item->state->ring, head->counter, &item->time)) {
		item->time.monotonic_ns = link->last_ns;
		item->time.error_ns = COARSE_NS;
	}
	/* Records lie in the order of what happened; a time that is too early by a tick must not part them. */
	if (item->time.monotonic_ns < link->last_ns)
		item->time.monotonic_ns = link->last_ns;
	link->last_ns = item->time.monotonic_ns;
	item->key_ns = item->time.monotonic_ns;
}

/* ---- objects ---- */

static struct object *object_find(const struct vgpu_link_state *link, uint64_t object)
{
	for (uint32_t i = link->objects_count; i-- && object;)
		if (link->objects[i].object == object)
			return &link->objects[i];
	return NULL;
}

static const char *object_path(const struct vgpu_link_state *link, uint64_t object)
{
	const struct object *found = object_find(link, object);

	return found ? found->path : NULL;
}

static const char *object_at(const struct vgpu_link_state *link, uint64_t address)
{
	for (uint32_t i = link->objects_count; i--;)
		if (address >= link->objects[i].from && address < link->objects[i].to)
			return link->objects[i].path;
	return NULL;
}

static void object_add(struct vgpu_link_state *link, const struct vgpu_event_object *from)
{
	struct object *object = object_find(link, from->object);

	if (!object) {
		if (link->objects_count == OBJECTS_MAX)
			return;
		if (link->objects_count == link->objects_room) {
			uint32_t room = link->objects_room ? link->objects_room * 2 : 32;
			void *grown = realloc(link->objects, room * sizeof(*link->objects));

			if (!grown)
				return;
			link->objects = grown;
			link->objects_room = room;
		}
		object = &link->objects[link->objects_count++];
		memset(object, 0, sizeof(*object));
	}
	free(object->path);
	*object = (struct object){ from->object, from->from, from->to, from->path ? strdup(from->path) : NULL };
}

static void object_remove(struct vgpu_link_state *link, uint64_t object)
{
	struct object *found = object_find(link, object);

	if (!found)
		return;
	free(found->path);
	*found = link->objects[--link->objects_count];
}

/* ---- children that were forked and executed nothing ---- */

static uint32_t process_of(const struct vgpu_ring_state *state, uint16_t fork)
{
	for (uint32_t i = 0; fork && i < state->link->children_count; i++)
		if (state->link->children[i].fork == fork)
			return state->link->children[i].process;
	return state->process;
}

static void child_add(struct vgpu_ring_state *state, const struct vgpu_link_forked *record)
{
	struct vgpu_link_state *link = state->link;
	struct vgpu_known *found = NULL;
	struct child *grown;

	/* The latest of that pid that came after this program began. */
	for (struct vgpu_known *known = vgpu_roster_first(link->roster); known; known = known->next)
		if (known->ns_pid == (int32_t)record->head.tid && known->number != state->process &&
		    (!known->pid_ns || !state->identity.pid_ns || known->pid_ns == state->identity.pid_ns) &&
		    known->start_ns + COARSE_NS >= link->start_ns)
			found = known;
	if (!found || link->children_count == CHILDREN_MAX)
		return;
	/* It may have been forked before it was known that its parent had executed anything. */
	found->family = state->known->family;
	grown = realloc(link->children, (link->children_count + 1) * sizeof(*grown));
	if (!grown)
		return;
	link->children = grown;
	grown[link->children_count++] = (struct child){ (uint16_t)record->number, found->number };
}

/* ---- the start ---- */

static void replace(char **place, const char *text)
{
	free(*place);
	*place = strdup(text);
}

static void take_text(struct vgpu_link_state *link, const struct vgpu_link_text *record)
{
	const char *text = vgpu_link_string(record, 0);

	switch (record->what) {
	case VGPU_LINK_ARGV:
		for (unsigned i = 0; i < record->head.texts; i++) {
			text = vgpu_link_string(record, i);
			vgpu_text_add(&link->argv, text, strlen(text) + 1);
		}
		break;
	case VGPU_LINK_ENV:
		vgpu_text_add(&link->env, text, strlen(text) + 1);
		break;
	case VGPU_LINK_STDERR:
		link->start_flags |= VGPU_CONTEXT_STDERR;
		if (!record->error)
			replace(&link->stderr_target, text);
		break;
	case VGPU_LINK_EXECFN:
		replace(&link->exec_name, text);
		break;
	case VGPU_LINK_COMM:
		replace(&link->comm, text);
		break;
	}
}

/* It was executed and gone before who follows processes could read what it was; here that is known. */
static void emit_missed_exec(const struct vgpu_ring_state *state, struct vgpu_stream *stream)
{
	const struct vgpu_link_state *link = state->link;
	struct vgpu_known *known = state->known;
	struct vgpu_proc proc;

	if (!known->followed || known->execs + known->again > state->identity.instance ||
	    (!vgpu_proc_stat(known->pid, &proc) && proc.start_time == known->start_time && proc.state != 'Z'))
		return;
	/* Missed as well, but the same program: who follows processes counts its execs, too. */
	if (link->start_flags & VGPU_CONTEXT_AGAIN) {
		known->again++;
		return;
	}
	memset(&proc, 0, sizeof(proc));
	proc.pid = known->pid;
	proc.ns_pid = known->ns_pid;
	proc.ppid = state->identity.ppid;
	proc.uid = state->identity.uid;
	proc.start_time = state->identity.start_time;
	proc.pid_ns = state->identity.pid_ns;
	snprintf(proc.comm, sizeof(proc.comm), "%s", link->comm ? link->comm : "");
	snprintf(proc.exe, sizeof(proc.exe), "%s", state->identity.exe);
	proc.argv = link->argv.bytes;
	proc.argv_size = link->argv.size < VGPU_PROC_ARGV_MAX ? (uint32_t)link->argv.size : 0;
	vgpu_roster_emit(link->roster, known, &proc, VGPU_EVENT_EXEC,
			 known->link_ns < link->start_ns ? known->link_ns : link->start_ns, VGPU_OBSERVER_LINK,
			 "link observer", stream);
}

void vgpu_link_emit_rest(struct vgpu_ring_state *state, struct vgpu_stream *stream)
{
	struct vgpu_link_state *link = state->link;
	struct vgpu_event event = {
		.kind = VGPU_EVENT_CONTEXT,
		.observer = VGPU_OBSERVER_LINK,
		.process = state->process,
	};

	if (!link || !link->starting)
		return;
	link->starting = false;
	emit_missed_exec(state, stream);
	event.time_ns = link->start_ns;
	event.time_error_ns = link->start_error_ns;
	event.context = (struct vgpu_event_context){
		.flags = link->start_flags | VGPU_CONTEXT_ENV,
		.env = { link->env.bytes, (uint32_t)link->env.size },
		.stderr_target = link->stderr_target,
		.exec_name = link->exec_name,
		.argv = { link->argv.bytes, (uint32_t)link->argv.size },
		.comm = link->comm,
	};
	vgpu_stream_emit(stream, &event);
}

/* ---- one function for each sort of record ---- */

static uint32_t object_flags(const struct vgpu_link_record *head)
{
	static const struct {
		uint16_t link;
		uint32_t object;
	} flags[] = {
		{ VGPU_LINK_GPU, VGPU_OBJECT_GPU },
		{ VGPU_LINK_MAIN, VGPU_OBJECT_MAIN },
		{ VGPU_LINK_LINKER, VGPU_OBJECT_LINKER },
		{ VGPU_LINK_BY_EXPORT, VGPU_OBJECT_BY_EXPORT },
		{ VGPU_LINK_STARTED, VGPU_OBJECT_STARTED },
		{ VGPU_LINK_REDIRECTED, VGPU_OBJECT_REDIRECTED },
		{ VGPU_LINK_STATTED, VGPU_OBJECT_STATTED },
	};
	uint32_t result = 0;

	for (unsigned i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (head->flags & flags[i].link)
			result |= flags[i].object;
	return result;
}

static const char *given(const char *text)
{
	return *text ? text : NULL;
}

static void make_search(struct vgpu_event *event, const struct vgpu_ring_state *state, const void *record)
{
	const struct vgpu_link_searched *r = record;

	event->kind = VGPU_EVENT_SEARCH;
	event->search = (struct vgpu_event_search){
		.path = vgpu_link_string(r, 0),
		.instead = given(vgpu_link_string(r, 1)),
		.requester = object_path(state->link, r->object),
		.object = r->object,
		.origin = r->origin,
		.flags = object_flags(&r->head),
		.vendor = r->head.vendor,
		.error = r->error,
		.mode = r->mode,
		.device = r->device,
		.inode = r->inode,
		.size = r->size,
	};
}

static void make_object(struct vgpu_event *event, const struct vgpu_ring_state *state, const void *record)
{
	const struct vgpu_link_opened *r = record;
	const char *path = vgpu_link_string(r, 0);

	/* The linker has no name for the program itself. */
	if (!*path && r->head.flags & VGPU_LINK_MAIN)
		path = state->identity.exe;
	event->kind = VGPU_EVENT_OBJECT;
	event->object = (struct vgpu_event_object){
		.path = given(path),
		.soname = given(vgpu_link_string(r, 1)),
		.object = r->object,
		.base = r->base,
		.from = r->from,
		.to = r->to,
		.flags = object_flags(&r->head),
		.vendor = r->head.vendor,
		.library = r->head.flags & VGPU_LINK_OURS ? r->ours : 0,
		.build_id = { r->build_id, r->build_id_size <= sizeof(r->build_id) ? r->build_id_size : 0 },
		.device = r->device,
		.inode = r->inode,
		.size = r->size,
		.mode = r->mode,
		.error = r->error,
		.name_space = r->name_space,
		.tls_size = r->tls_size,
		.tls_align = r->tls_align,
	};
	object_add(state->link, &event->object);
}

static void make_unload(struct vgpu_event *event, const struct vgpu_ring_state *state, const void *record)
{
	const struct vgpu_link_closed *r = record;

	event->kind = VGPU_EVENT_UNLOAD;
	event->object = (struct vgpu_event_object){
		.path = object_path(state->link, r->object),
		.object = r->object,
		.base = r->base,
		.flags = object_flags(&r->head),
		.vendor = r->head.vendor,
	};
}

static void make_linked(struct vgpu_event *event, const struct vgpu_ring_state *state, const void *record)
{
	const struct vgpu_link_consistent *r = record;

	(void)state;
	event->kind = VGPU_EVENT_LINKED;
	event->linked = (struct vgpu_event_linked){ object_flags(&r->head), r->opened, r->activity };
}

static void make_bound(struct vgpu_event *event, const struct vgpu_ring_state *state, const void *record)
{
	const struct vgpu_link_bound *r = record;

	event->kind = VGPU_EVENT_BOUND;
	event->bound = (struct vgpu_event_bound){
		.symbol = vgpu_link_string(r, 0),
		.from = object_path(state->link, r->from),
		.to = object_path(state->link, r->to),
		.from_object = r->from,
		.to_object = r->to,
		.address = r->address,
		.vendor = r->head.vendor,
		.by_dlsym = !!(r->head.flags & VGPU_LINK_DLSYM),
	};
}

static void make_dl(struct vgpu_event *event, const struct vgpu_ring_state *state, const void *record)
{
	static char error[2 * VGPU_LINK_TEXT_MAX];
	const struct vgpu_link_call *r = record;
	bool failed = r->head.word.kind == VGPU_LINK_FAILED;

	if (failed)
		vgpu_link_dlerror(r, error, sizeof(error));
	event->kind = VGPU_EVENT_DL;
	event->dl = (struct vgpu_event_dl){
		.op = r->op <= VGPU_LINK_OP_DLCLOSE ? r->op : VGPU_DL_OTHER,
		.failed = failed,
		.name = given(vgpu_link_string(r, 0)),
		.version = given(vgpu_link_string(r, 1)),
		.error = failed ? error : NULL,
		.object_name = given(vgpu_link_string(r, 2)),
		.caller_object = object_at(state->link, r->caller),
		.code = r->code,
		.vendor = r->head.vendor,
		.handle = failed ? r->handle : 0,
		.result = failed ? 0 : r->handle,
		.caller = r->caller,
		.mode = r->mode,
		.name_space = r->name_space,
	};
}

static const char *reason_text(uint32_t reason)
{
	static const char *const texts[] = {
		[VGPU_LINK_NO_ERROR_TEXT] = "error texts of the dynamic linker are not observed: this libc is not understood",
		[VGPU_LINK_NO_OP] = "which call failed is not observed: this libc's dlopen is not understood",
		[VGPU_LINK_PLAIN_DROPPED] = "no room: what is not about GPUs is not recorded from here on",
		[VGPU_LINK_NO_OBJECTS] = "addresses and build ids of objects are not observed",
		[VGPU_LINK_NO_REDIRECT] = "a library of ours could not be put in",
		[VGPU_LINK_OLD_GLIBC] = "withdrew: this glibc (before 2.35) would be slower, and link otherwise, under any auditor",
		[VGPU_LINK_TLS_SIZE] = "static TLS of its libraries is larger than glibc provides under an auditor",
		[VGPU_LINK_TLS_ALIGN] = "static TLS of its libraries is aligned more than glibc can under an auditor",
		[VGPU_LINK_LAYOUT] = "withdrew: this dynamic linker is not understood",
		[VGPU_LINK_EXEC_FAILED] = "withdrew: the program could not be executed again",
		[VGPU_LINK_NOT_IN_LD_AUDIT] = "cannot take itself out of LD_AUDIT",
		[VGPU_LINK_TLS_MALLOC] = "withdrew: this program's malloc cannot live under an auditor",
	};

	return reason < sizeof(texts) / sizeof(texts[0]) && texts[reason] ? texts[reason] : "a reason that this version does not know";
}

static void make_note(struct vgpu_event *event, const struct vgpu_ring_state *state, const void *record)
{
	const struct vgpu_link_note *r = record;
	uint32_t kind = r->head.word.kind;

	(void)state;
	event->kind = VGPU_EVENT_OBSERVER;
	event->note = (struct vgpu_event_observer_note){
		.about = VGPU_OBSERVER_LINK,
		/* Executed again with room for TLS, the next ring goes on; without the auditor, nothing does. */
		.withdrawn = kind == VGPU_LINK_WITHDRAWN || (kind == VGPU_LINK_REEXEC && !r->given),
		.reason = r->reason,
		.code = r->code,
		.value = r->value,
		.limit = r->limit,
		.subject = given(vgpu_link_string(r, 0)),
		.text = kind == VGPU_LINK_REEXEC && r->given ? "executed the program again, with room for its libraries' static TLS"
							     : reason_text(r->reason),
	};
}

static const struct {
	size_t size;
	void (*make)(struct vgpu_event *event, const struct vgpu_ring_state *state, const void *record);
} records[] = {
	[VGPU_LINK_START - VGPU_LINK_START] = { sizeof(struct vgpu_link_start), NULL },
	[VGPU_LINK_TEXT - VGPU_LINK_START] = { sizeof(struct vgpu_link_text), NULL },
	[VGPU_LINK_SEARCHED - VGPU_LINK_START] = { sizeof(struct vgpu_link_searched), make_search },
	[VGPU_LINK_OPENED - VGPU_LINK_START] = { sizeof(struct vgpu_link_opened), make_object },
	[VGPU_LINK_CLOSED - VGPU_LINK_START] = { sizeof(struct vgpu_link_closed), make_unload },
	[VGPU_LINK_CONSISTENT - VGPU_LINK_START] = { sizeof(struct vgpu_link_consistent), make_linked },
	[VGPU_LINK_BOUND - VGPU_LINK_START] = { sizeof(struct vgpu_link_bound), make_bound },
	[VGPU_LINK_FAILED - VGPU_LINK_START] = { sizeof(struct vgpu_link_call), make_dl },
	[VGPU_LINK_LOADED - VGPU_LINK_START] = { sizeof(struct vgpu_link_call), make_dl },
	[VGPU_LINK_NOTE - VGPU_LINK_START] = { sizeof(struct vgpu_link_note), make_note },
	[VGPU_LINK_WITHDRAWN - VGPU_LINK_START] = { sizeof(struct vgpu_link_note), make_note },
	[VGPU_LINK_REEXEC - VGPU_LINK_START] = { sizeof(struct vgpu_link_note), make_note },
	[VGPU_LINK_FORKED - VGPU_LINK_START] = { sizeof(struct vgpu_link_forked), NULL },
};

void vgpu_link_emit_item(const struct vgpu_ring_item *item, struct vgpu_stream *stream)
{
	struct vgpu_ring_state *state = item->state;
	const struct vgpu_link_record *head = (const void *)item->event.link;
	uint32_t kind = item->event.kind - VGPU_LINK_START;
	struct vgpu_event event = {
		.observer = VGPU_OBSERVER_LINK,
		.time_ns = item->time.monotonic_ns,
		.time_error_ns = item->time.error_ns,
	};

	/* A newer auditor's: skipped, as layout.h has it. */
	if (kind >= sizeof(records) / sizeof(records[0]) || item->event.record_bytes < records[kind].size ||
	    head->text_at < records[kind].size)
		return;
	switch (item->event.kind) {
	case VGPU_LINK_START:
		state->link->starting = true;
		state->link->start_ns = item->time.monotonic_ns;
		state->link->start_error_ns = item->time.error_ns;
		state->link->start_flags = head->flags & VGPU_LINK_AGAIN ? VGPU_CONTEXT_AGAIN : 0;
		return;
	case VGPU_LINK_TEXT:
		take_text(state->link, (const void *)head);
		return;
	}
	vgpu_link_emit_rest(state, stream);
	if (item->event.kind == VGPU_LINK_FORKED) {
		child_add(state, (const void *)head);
		return;
	}
	event.process = process_of(state, head->fork);
	event.tid = (int32_t)head->tid;
	records[kind].make(&event, state, head);
	vgpu_stream_emit(stream, &event);
	/* A forked child's mappings are its own; the parent's stay known. */
	if (item->event.kind == VGPU_LINK_CLOSED && !head->fork)
		object_remove(state->link, ((const struct vgpu_link_closed *)(const void *)head)->object);
}

void vgpu_link_emit_absent(uint32_t process, int code, const char *text, struct vgpu_stream *stream)
{
	struct vgpu_event event = {
		.kind = VGPU_EVENT_OBSERVER,
		.observer = VGPU_OBSERVER_TRACER,
		.process = process,
		.note = { .about = VGPU_OBSERVER_LINK, .withdrawn = 1, .code = code, .text = text },
	};

	vgpu_stream_emit(stream, &event);
}
