// SPDX-License-Identifier: Apache-2.0
/* Gathers what the link observer, the ring and the kernel observer say of libraries: a row a process and name. */
#include "tui/libraries.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "shim/api/schema.h"

#define ROWS_MAX 4096u

static void row_free(struct tui_library *row)
{
	free(row->name);
	free(row->path);
	free(row->error);
	free(row->wanted_by);
	free(row->backend);
	free(row->note);
	for (uint32_t i = 0; i < row->missing_count; i++)
		free(row->missing_name[i]);
}

void tui_libraries_clear(struct tui_libraries *libraries)
{
	for (uint32_t i = 0; i < libraries->count; i++)
		row_free(&libraries->rows[i]);
	free(libraries->rows);
	memset(libraries, 0, sizeof(*libraries));
}

static bool own(char **at)
{
	return !*at || (*at = strdup(*at));
}

int tui_libraries_copy(struct tui_libraries *to, const struct tui_libraries *from)
{
	bool whole = true;

	*to = *from;
	to->room = from->count;
	to->rows = from->count ? malloc(from->count * sizeof(*to->rows)) : NULL;
	if (!to->rows) {
		to->count = to->room = 0;
		return from->count ? -ENOMEM : 0;
	}
	memcpy(to->rows, from->rows, from->count * sizeof(*to->rows));
	for (uint32_t i = 0; i < to->count; i++) {
		struct tui_library *row = &to->rows[i];
		char **strings[] = { &row->name, &row->path, &row->error, &row->wanted_by, &row->backend, &row->note };

		for (unsigned k = 0; k < sizeof(strings) / sizeof(strings[0]); k++)
			whole &= own(strings[k]);
		for (uint32_t k = 0; k < row->missing_count; k++)
			whole &= own(&row->missing_name[k]);
	}
	if (!whole)
		tui_libraries_clear(to);
	return whole ? 0 : -ENOMEM;
}

static const char *base(const char *path)
{
	const char *slash = path ? strrchr(path, '/') : NULL;

	return slash ? slash + 1 : path ? path : "?";
}

static void set(char **out, const char *value)
{
	char *fresh;

	if (!value || !*value || (*out && !strcmp(*out, value)))
		return;
	fresh = strdup(value);
	if (!fresh)
		return;
	free(*out);
	*out = fresh;
}

/* The row of a process and a file name, made where there is none. NULL: no memory, or too many. */
static struct tui_library *row_get(struct tui_libraries *libraries, const struct vgpu_event *event, const char *path,
				   bool answer)
{
	uint32_t process = answer ? 0 : event->process;
	const char *name = base(path);
	struct tui_library *row;

	for (uint32_t i = libraries->count; i--;) {
		row = &libraries->rows[i];
		if (row->process == process && row->answer == answer && !strcmp(row->name, name))
			return row;
	}
	if (libraries->count == ROWS_MAX) {
		libraries->full = true;
		return NULL;
	}
	if (libraries->count == libraries->room) {
		uint32_t room = libraries->room ? libraries->room * 2 : 32;
		void *grown = realloc(libraries->rows, room * sizeof(*libraries->rows));

		if (!grown)
			return NULL;
		libraries->rows = grown;
		libraries->room = room;
	}
	row = &libraries->rows[libraries->count];
	memset(row, 0, sizeof(*row));
	row->name = strdup(name);
	if (!row->name)
		return NULL;
	row->process = process;
	row->answer = answer;
	row->first_ns = event->time_ns;
	row->event = event->number;
	libraries->count++;
	return row;
}

static struct tui_library *row_of_object(struct tui_libraries *libraries, uint32_t process, uint64_t object)
{
	for (uint32_t i = libraries->count; i--;)
		if (libraries->rows[i].process == process && libraries->rows[i].object == object)
			return &libraries->rows[i];
	return NULL;
}

static void on_search(struct tui_libraries *libraries, const struct vgpu_event *event)
{
	const struct vgpu_event_search *search = &event->search;
	struct tui_library *row;

	/* Those without a vendor are the C library's and the like: not asked about. */
	if (!search->vendor && !(search->flags & (VGPU_OBJECT_GPU | VGPU_OBJECT_REDIRECTED)))
		return;
	row = row_get(libraries, event, search->path, false);
	if (!row)
		return;
	/* The name as it was asked for comes first, and is no place. */
	row->searched += !(search->origin & VGPU_ORIGIN_ASKED) || strchr(search->path ? search->path : "", '/');
	row->there += (search->flags & VGPU_OBJECT_STATTED) && !search->error;
	set(&row->wanted_by, search->requester);
	if (search->flags & VGPU_OBJECT_REDIRECTED)
		set(&row->note, "redirected by us");
}

static void on_object(struct tui_libraries *libraries, const struct vgpu_event *event)
{
	const struct vgpu_event_object *object = &event->object;
	struct tui_library *row;

	if (!object->vendor && !object->library && !(object->flags & (VGPU_OBJECT_GPU | VGPU_OBJECT_BY_EXPORT))) {
		libraries->others++;
		return;
	}
	row = row_get(libraries, event, object->path, false);
	if (!row)
		return;
	row->opened = true;
	row->closed = false;
	row->object = object->object;
	row->ours |= object->library != 0;
	row->library = object->library ? object->library : row->library;
	row->event = event->number;
	set(&row->path, object->path);
}

static void on_dl(struct tui_libraries *libraries, const struct vgpu_event *event)
{
	const struct vgpu_event_dl *dl = &event->dl;
	bool symbol = dl->op == VGPU_DL_DLSYM || dl->op == VGPU_DL_DLVSYM;
	struct tui_library *row;

	if (!dl->vendor || !dl->failed || !dl->name)
		return;
	if (symbol) {
		row = dl->handle ? row_of_object(libraries, event->process, dl->handle) : NULL;
		if (!row)
			row = row_get(libraries, event, dl->object_name ? dl->object_name : "(global scope)", false);
		if (!row)
			return;
		row->missing++;
		for (uint32_t i = 0; i < row->missing_count; i++)
			if (!strcmp(row->missing_name[i], dl->name))
				return;
		if (row->missing_count < TUI_MISSING_MAX && (row->missing_name[row->missing_count] = strdup(dl->name)))
			row->missing_count++;
		set(&row->wanted_by, dl->caller_object);
		return;
	}
	row = row_get(libraries, event, dl->name, false);
	if (!row)
		return;
	row->refused++;
	row->code = dl->code;
	row->event = event->number;
	set(&row->error, dl->error);
	set(&row->wanted_by, dl->caller_object);
	if (dl->object_name && strcmp(base(dl->object_name), row->name))
		set(&row->note, dl->object_name);
}

static void on_bound(struct tui_libraries *libraries, const struct vgpu_event *event)
{
	struct tui_library *row = event->bound.to_object
				      ? row_of_object(libraries, event->process, event->bound.to_object)
				      : NULL;

	if (!row)
		row = row_get(libraries, event, event->bound.to, false);
	if (row)
		row->bound++;
}

static void on_library(struct tui_libraries *libraries, const struct vgpu_event *event)
{
	const struct vgpu_api *api = vgpu_api_find(event->library.library);
	struct tui_library *row = NULL;

	/* The link observer may have it already, by the name of its file. */
	for (uint32_t i = libraries->count; i-- && !row;)
		if (libraries->rows[i].process == event->process && libraries->rows[i].opened &&
		    libraries->rows[i].library == event->library.library)
			row = &libraries->rows[i];
	if (!row)
		row = row_get(libraries, event, api ? api->soname : event->library.path, false);
	if (!row)
		return;
	row->opened = row->ours = true;
	row->library = event->library.library;
	row->event = event->number;
	set(&row->path, event->library.path);
	set(&row->backend, event->library.backend);
}

static void on_answer(struct tui_libraries *libraries, const struct vgpu_event *event)
{
	struct tui_library *row = row_get(libraries, event, event->answer.soname, true);

	if (!row)
		return;
	set(&row->path, event->answer.path);
	set(&row->wanted_by, event->answer.where);
	set(&row->note, event->answer.note);
	row->code = event->answer.error;
	row->bound = event->answer.symbols;
	row->library = event->answer.library;
	row->ours = event->answer.library != 0;
}

static void on_probes(struct tui_libraries *libraries, const struct vgpu_event *event)
{
	struct tui_library *row = row_get(libraries, event, event->probes.path, false);

	if (!row)
		return;
	row->probed = true;
	row->bound = event->probes.functions;
	row->event = event->number;
	set(&row->path, event->probes.path);
}

static void on_gone(struct tui_libraries *libraries, const struct vgpu_event *event)
{
	for (uint32_t i = 0; i < libraries->count; i++)
		if (libraries->rows[i].process == event->process && libraries->rows[i].opened &&
		    (event->kind != VGPU_EVENT_UNLOAD || libraries->rows[i].object == event->object.object)) {
			libraries->rows[i].closed = true;
			if (event->kind == VGPU_EVENT_UNLOAD)
				libraries->rows[i].object = 0;
		}
}

int tui_libraries_event(struct tui_libraries *libraries, const struct vgpu_event *event)
{
	switch (event->kind) {
	case VGPU_EVENT_SEARCH:
		on_search(libraries, event);
		break;
	case VGPU_EVENT_OBJECT:
		on_object(libraries, event);
		break;
	case VGPU_EVENT_DL:
		on_dl(libraries, event);
		break;
	case VGPU_EVENT_BOUND:
		on_bound(libraries, event);
		break;
	case VGPU_EVENT_LIBRARY:
		on_library(libraries, event);
		break;
	case VGPU_EVENT_ANSWER:
		on_answer(libraries, event);
		break;
	case VGPU_EVENT_PROBES:
		on_probes(libraries, event);
		break;
	case VGPU_EVENT_UNLOAD:
	case VGPU_EVENT_EXEC:
		on_gone(libraries, event);
		break;
	}
	return 0;
}
