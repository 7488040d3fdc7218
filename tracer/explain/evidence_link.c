// SPDX-License-Identifier: Apache-2.0
/* Evidence from the dynamic linker: what was searched, opened, refused, bound, and what is mapped. */
#include <errno.h>
#include <string.h>

#include "tracer/explain/discovery.h"
#include "tracer/explain/evidence_parts.h"

void vgpu_seen_forget_link(struct vgpu_seen_process *process)
{
	process->link_started = process->loading = process->initialising = false;
	process->start_missing = process->preload_missing = NULL;
	process->loads.count = process->symbols.count = process->objects.count = process->searches.count = 0;
	process->loads.more = process->symbols.more = process->objects.more = process->searches.more = 0;
}

static const char *base_name(const char *path)
{
	const char *slash = path ? strrchr(path, '/') : NULL;

	return slash ? slash + 1 : path;
}

/* Whether LD_PRELOAD has that very word. */
bool vgpu_seen_in_preload(const struct vgpu_seen_process *process, const char *path)
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
	bool there, preload = !process->link_started && vgpu_seen_in_preload(process, event->search.path);

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

/* The same file, as the other observer told of it: only the linker knows handles. */
static struct vgpu_seen_object *same_object(struct vgpu_seen_process *process, const struct vgpu_event *event)
{
	bool link = event->observer & VGPU_OBSERVER_LINK;

	for (uint32_t i = process->objects.count; i--;) {
		struct vgpu_seen_object *object = &process->objects.at[i];

		if (object->inode && object->inode == event->object.inode && object->device == event->object.device &&
		    !object->gone && !object->handle == link)
			return object;
	}
	return NULL;
}

static void add_object(struct vgpu_seen_process *process, const struct vgpu_event *event)
{
	const struct vgpu_event_object *from = &event->object;
	enum vgpu_part part = vgpu_vendor_part(from->soname);
	struct vgpu_seen_object *object;

	/* What the linker is about is told by the link observer alone. */
	if (event->observer & VGPU_OBSERVER_LINK) {
		process->start_missing = NULL;
		process->loading = true;
		process->loading_event = event->number;
	}
	if (!part)
		part = vgpu_vendor_part(from->path);
	if (!part && from->flags & VGPU_OBJECT_GPU)
		part = from->flags & VGPU_OBJECT_BY_EXPORT ? VGPU_PART_DRIVER : VGPU_PART_HELPER;
	if (!part || from->flags & VGPU_OBJECT_MAIN)
		return;
	object = same_object(process, event);
	if (object && !(event->observer & VGPU_OBSERVER_LINK))
		return;
	if (!object)
		object = VGPU_SEEN_ADD(process->pool, process->objects);
	if (!object)
		return;
	object->event = event->number;
	object->time_ns = event->time_ns;
	object->path = vgpu_seen_keep(process->pool, from->path);
	object->soname = vgpu_seen_keep(process->pool, from->soname);
	object->handle = from->object;
	object->preload = !process->link_started && vgpu_seen_in_preload(process, from->path);
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

void vgpu_seen_add_link(struct vgpu_seen_process *process, const struct vgpu_event *event)
{
	switch (event->kind) {
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
	}
}
