// SPDX-License-Identifier: Apache-2.0
/* Gathers the places where one library was looked for. */
#include "tracer/export/searches.h"

#include <stdio.h>
#include <string.h>

static const struct {
	uint32_t origin;
	const char *one;  /* of the place that had it */
	const char *many; /* of several places */
} origins[] = {
	{ VGPU_ORIGIN_LIBPATH, "LD_LIBRARY_PATH", "LD_LIBRARY_PATH" },
	{ VGPU_ORIGIN_RUNPATH, "run path", "run path" },
	{ VGPU_ORIGIN_CACHE, "ld.so.cache", "ld.so.cache" },
	{ VGPU_ORIGIN_DEFAULT, "default directory", "default directories" },
	{ VGPU_ORIGIN_SECURE, "secure directory", "secure directories" },
};

static const char *base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash[1] ? slash + 1 : path;
}

/* What both kinds of event say of a place. */
struct place {
	const char *path, *instead, *requester;
	uint32_t origin;
	bool looked; /* whether there is something is known … */
	int32_t error; /* … 0: there is */
};

static bool place_of(const struct vgpu_event *event, struct place *place)
{
	const struct vgpu_event_search *search = &event->search;

	if (event->kind == VGPU_EVENT_SEARCH && search->path) {
		bool redirected = search->flags & VGPU_OBJECT_REDIRECTED && search->instead;

		*place = (struct place){ .path = search->path, .instead = redirected ? search->instead : NULL,
					 .requester = search->requester ? base(search->requester) : "",
					 .origin = search->origin,
					 .looked = search->flags & VGPU_OBJECT_STATTED || redirected,
					 .error = redirected ? 0 : search->error };
		return true;
	}
	if (event->kind == VGPU_EVENT_FILE && vgpu_searches_library(event)) {
		*place = (struct place){ .path = event->file.path, .requester = "", .looked = true,
					 .error = event->file.error };
		return true;
	}
	return false;
}

bool vgpu_searches_library(const struct vgpu_event *event)
{
	const char *name = event->file.path ? base(event->file.path) : "", *so = strstr(name, ".so");

	return so && (!so[3] || so[3] == '.');
}

static enum vgpu_searches_way way_of(const struct vgpu_event *event)
{
	return event->kind != VGPU_EVENT_FILE ? VGPU_SEARCHES_LINKER :
	       event->file.looked ? VGPU_SEARCHES_LOOKED : VGPU_SEARCHES_OPENED;
}

bool vgpu_searches_take(struct vgpu_searches *searches, const struct vgpu_event *event)
{
	struct place place;

	if (!place_of(event, &place))
		return false;
	if (!searches->held) {
		searches->process = event->process;
		searches->tid = event->tid;
		searches->time_ns = event->time_ns;
		searches->way = way_of(event);
		searches->places = searches->unknown = searches->origins = 0;
		snprintf(searches->name, sizeof(searches->name), "%s", base(place.path));
		snprintf(searches->requester, sizeof(searches->requester), "%s", place.requester);
		vgpu_text_clear(&searches->found);
	} else if (searches->process != event->process || searches->tid != event->tid ||
		   searches->way != way_of(event) ||
		   strncmp(searches->name, base(place.path), sizeof(searches->name) - 1) ||
		   strncmp(searches->requester, place.requester, sizeof(searches->requester) - 1)) {
		return false;
	}
	searches->held++;
	/* To the linker a name without a directory is what was asked for, not yet a place. */
	if (searches->way == VGPU_SEARCHES_LINKER && !strchr(place.path, '/') && !place.instead)
		return true;
	searches->places++;
	searches->origins |= place.origin;
	if (!place.looked) {
		searches->unknown++;
	} else if (!place.error) {
		vgpu_text_clear(&searches->found);
		vgpu_text_puts(&searches->found, place.instead ? place.instead : place.path);
	}
	return true;
}

static void put_origins(const struct vgpu_searches *searches, bool found, struct vgpu_text *out)
{
	const char *separator = " (";

	for (unsigned i = 0; i < sizeof(origins) / sizeof(origins[0]); i++)
		if (searches->origins & origins[i].origin) {
			vgpu_text_printf(out, "%s%s", separator, found ? origins[i].one : origins[i].many);
			separator = ", ";
		}
	if (separator[0] == ',')
		vgpu_text_puts(out, ")");
}

bool vgpu_searches_plain(const struct vgpu_searches *searches)
{
	return searches->places == 1 && searches->found.size > 0;
}

void vgpu_searches_format(struct vgpu_searches *searches, const struct vgpu_look *look, struct vgpu_text *out)
{
	static const char *const begins[] = { [VGPU_SEARCHES_LINKER] = "search   ",
					      [VGPU_SEARCHES_OPENED] = "file     ",
					      [VGPU_SEARCHES_LOOKED] = "file     asked for " };
	bool found = searches->found.size > 0;

	vgpu_text_puts(out, begins[searches->way]);
	vgpu_text_escape(out, look, searches->name, strlen(searches->name), false);
	if (searches->requester[0]) {
		vgpu_text_puts(out, " for ");
		vgpu_text_escape(out, look, searches->requester, strlen(searches->requester), false);
	}
	searches->held = 0;
	if (!searches->places) {
		vgpu_text_puts(out, "  by its name alone");
		return;
	}
	vgpu_text_printf(out, "  in %u place%s", searches->places, searches->places == 1 ? "" : "s");
	put_origins(searches, found && searches->places == 1, out);
	vgpu_text_puts(out, ": ");
	if (found) {
		vgpu_text_escape(out, look, searches->found.bytes, searches->found.size, false);
		vgpu_text_puts(out, " is there");
	} else if (searches->unknown) {
		vgpu_text_puts(out, "whether it is there was not observed");
	} else {
		vgpu_text_colour(out, look, VGPU_COLOUR_BAD);
		vgpu_text_puts(out, "not there");
		vgpu_text_colour(out, look, VGPU_COLOUR_PLAIN);
	}
}

void vgpu_searches_free(struct vgpu_searches *searches)
{
	vgpu_text_free(&searches->found);
}
