// SPDX-License-Identifier: Apache-2.0
/* What is at the addresses of a trace. */
#include "tracer/export/backtrace.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tracer/model/objects.h"
#include "tracer/source/symbols.h"

struct vgpu_backtrace {
	struct vgpu_sink sink;
	struct vgpu_look look;
	struct vgpu_objects *objects;
	struct vgpu_symbols *symbols;
	uint64_t latest; /* number of an event */
};

static int learn(struct vgpu_sink *sink, const struct vgpu_event *event)
{
	struct vgpu_backtrace *backtrace = (struct vgpu_backtrace *)sink;

	/* Whoever goes back in a recording comes by once more. */
	if (event->number && event->number <= backtrace->latest)
		return 0;
	backtrace->latest = event->number;
	return vgpu_objects_learn(backtrace->objects, event);
}

static const struct vgpu_sink_ops backtrace_ops = { .event = learn };

int vgpu_backtrace_open(struct vgpu_backtrace **out, const char *debug, const struct vgpu_look *look)
{
	struct vgpu_backtrace *backtrace = calloc(1, sizeof(*backtrace));
	int err = backtrace ? vgpu_objects_open(&backtrace->objects) : -ENOMEM;

	if (!err) {
		backtrace->sink.ops = &backtrace_ops;
		backtrace->look = *look;
		err = vgpu_symbols_open(&backtrace->symbols, debug);
	}
	if (!err) {
		*out = backtrace;
		return 0;
	}
	vgpu_backtrace_close(backtrace);
	return err;
}

void vgpu_backtrace_close(struct vgpu_backtrace *backtrace)
{
	if (!backtrace)
		return;
	vgpu_objects_close(backtrace->objects);
	vgpu_symbols_close(backtrace->symbols);
	free(backtrace);
}

struct vgpu_sink *vgpu_backtrace_sink(struct vgpu_backtrace *backtrace)
{
	return &backtrace->sink;
}

void vgpu_backtrace_frame(void *data, const struct vgpu_event *event, uint64_t address, struct vgpu_text *out)
{
	static const char *const why[] = {
		[VGPU_SYMBOLS_OTHER] = "  (the file there now is another build)",
		[VGPU_SYMBOLS_GONE] = "  (there is no such file here)",
	};
	struct vgpu_backtrace *backtrace = data;
	enum vgpu_symbols_found found;
	struct vgpu_text name = { 0 };
	struct vgpu_object_at at;
	const char *base;

	if (!vgpu_objects_at(backtrace->objects, event->process, address, event->time_ns, &at)) {
		vgpu_text_printf(out, "0x%" PRIx64 "  (which file is there was not observed)", address);
		return;
	}
	/* A crash's first frame is where it was. */
	found = (event->kind == VGPU_EVENT_CRASH && address == event->crash.ip ? vgpu_symbols_format_exact : vgpu_symbols_format)(
		backtrace->symbols, at.path, at.build_id, at.build_id_size, at.offset, &name);
	base = strrchr(at.path, '/');
	base = base && !backtrace->look.full ? base + 1 : at.path;
	if (found == VGPU_SYMBOLS_NAME) {
		vgpu_text_escape(out, &backtrace->look, vgpu_text_string(&name), name.size, false);
		vgpu_text_puts(out, "  ");
		vgpu_text_escape(out, &backtrace->look, base, strlen(base), false);
	} else {
		vgpu_text_escape(out, &backtrace->look, base, strlen(base), false);
		vgpu_text_printf(out, "+0x%" PRIx64 "%s", at.offset, found < sizeof(why) / sizeof(why[0]) && why[found] ? why[found] : "");
	}
	vgpu_text_free(&name);
}
