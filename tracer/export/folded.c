// SPDX-License-Identifier: Apache-2.0
/* Export as folded stacks, for flame graphs: frames joined by semicolons, and the ns spent there. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tracer/export/export.h"
#include "tracer/export/out.h"
#include "tracer/model/call.h"
#include "tracer/model/nest.h"
#include "tracer/model/objects.h"
#include "tracer/source/symbols.h"

/* Different stacks that are summed up at a time. Readers add up what has the same stack on several lines. */
#define STACKS_MAX 65536u
#define PLACES     (2 * STACKS_MAX)

struct stack {
	char *frames;
	uint64_t ns;
};

/* A flame graph has few places, and finding a name takes long. */
#define NAMES 4096u
struct name {
	char path[200];
	uint64_t offset;
	char text[160];
};

struct folded {
	struct vgpu_out out;
	struct vgpu_model *model;
	struct vgpu_nest *nest;
	struct vgpu_objects *objects;
	struct vgpu_symbols *symbols; /* NULL: built without libdw */
	struct name *names;   /* of places in files, looked up last */
	struct stack *stacks; /* open addressing */
	uint32_t count;
};

static int folded_enter(void *data, const struct vgpu_event *event, enum vgpu_tree_mark mark,
			struct vgpu_nest_call *call);
static int folded_leave(void *data, struct vgpu_nest_call *call);
static const struct vgpu_nest_ops nest_ops = { .enter = folded_enter, .leave = folded_leave };

static void folded_close(void *exporter)
{
	struct folded *folded = exporter;

	/* Leaves what is open, which is added to the stacks. */
	vgpu_nest_close(folded->nest);
	for (uint32_t i = 0; folded->stacks && i < PLACES; i++)
		free(folded->stacks[i].frames);
	free(folded->stacks);
	free(folded->names);
	vgpu_symbols_close(folded->symbols);
	vgpu_objects_close(folded->objects);
	free(folded);
}

static int folded_open(void **out, const struct vgpu_export_to *to)
{
	struct folded *folded = calloc(1, sizeof(*folded));

	if (!folded)
		return -ENOMEM;
	folded->out.fd = to->fd;
	folded->model = to->model;
	folded->stacks = calloc(PLACES, sizeof(*folded->stacks));
	folded->names = calloc(NAMES, sizeof(*folded->names));
	if (vgpu_symbols_open(&folded->symbols, NULL))
		folded->symbols = NULL;
	if (!folded->stacks || !folded->names || vgpu_nest_open(&folded->nest, &nest_ops, folded) ||
	    vgpu_objects_open(&folded->objects)) {
		folded_close(folded);
		return -ENOMEM;
	}
	*out = folded;
	return 0;
}

/* ---- the sums ---- */

static int by_frames(const void *a, const void *b)
{
	const struct stack *x = a, *y = b;

	/* Free places last. */
	if (!x->frames || !y->frames)
		return !x->frames - !y->frames;
	return strcmp(x->frames, y->frames);
}

static int write_stacks(struct folded *folded)
{
	qsort(folded->stacks, PLACES, sizeof(*folded->stacks), by_frames);
	for (uint32_t i = 0; i < folded->count; i++) {
		char number[32];

		snprintf(number, sizeof(number), " %" PRIu64 "\n", folded->stacks[i].ns);
		vgpu_out_puts(&folded->out, folded->stacks[i].frames);
		vgpu_out_puts(&folded->out, number);
		free(folded->stacks[i].frames);
	}
	memset(folded->stacks, 0, PLACES * sizeof(*folded->stacks));
	folded->count = 0;
	return folded->out.error;
}

static int add(struct folded *folded, const char *frames, uint64_t ns)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);
	struct stack *stack;

	for (const char *c = frames; *c; c++)
		hash = (hash ^ (unsigned char)*c) * UINT64_C(0x100000001b3);
	for (uint32_t at = (hash >> 20) & (PLACES - 1);; at = (at + 1) & (PLACES - 1)) {
		stack = &folded->stacks[at];
		if (!stack->frames || !strcmp(stack->frames, frames))
			break;
	}
	if (!stack->frames) {
		stack->frames = strdup(frames);
		if (!stack->frames)
			return -ENOMEM;
		folded->count++;
	}
	stack->ns += ns;
	return folded->count == STACKS_MAX ? write_stacks(folded) : folded->out.error;
}

/* ---- frames ---- */

/* A frame must hold neither the separator nor a line's end. */
static void add_frame(struct vgpu_text *frames, const char *name)
{
	if (frames->size)
		vgpu_text_add(frames, ";", 1);
	for (; *name; name++)
		vgpu_text_add(frames, strchr(";\n\r", *name) ? ":" : name, 1);
}

/* `main` where the file here has a name there; else `libapp.so+0x1234`. */
static const char *name_place(struct folded *folded, const struct vgpu_object_at *at)
{
	const char *path = at->path;
	uint64_t offset = at->offset;
	struct name *name = &folded->names[(offset * UINT64_C(0x9e3779b97f4a7c15)) >> 52 & (NAMES - 1)];
	struct vgpu_text text = { 0 };
	const char *end = NULL;

	if (name->offset == offset && name->path[0] && !strcmp(name->path, path))
		return name->text;
	if (folded->symbols && vgpu_symbols_format(folded->symbols, path, at->build_id, at->build_id_size, offset, &text) ==
				       VGPU_SYMBOLS_NAME)
		/* All places of a function are one frame. */
		end = strstr(vgpu_text_string(&text), "+0x");
	if (end)
		snprintf(name->text, sizeof(name->text), "%.*s", (int)(end - text.bytes), text.bytes);
	else
		snprintf(name->text, sizeof(name->text), "%s+0x%" PRIx64, strrchr(path, '/') ? strrchr(path, '/') + 1 : path,
			 offset);
	vgpu_text_free(&text);
	/* One with a longer path is looked up each time. */
	name->offset = offset;
	snprintf(name->path, sizeof(name->path), "%s", strlen(path) < sizeof(name->path) ? path : "");
	return name->text;
}

static void add_recorded(struct folded *folded, struct vgpu_text *frames, const struct vgpu_event *event)
{
	for (uint32_t i = event->call.stack.count; i--;) {
		uint64_t address = event->call.stack.words[i];
		struct vgpu_object_at at;
		char text[24];

		if (vgpu_objects_at(folded->objects, event->process, address, event->time_ns, &at)) {
			add_frame(frames, name_place(folded, &at));
		} else {
			snprintf(text, sizeof(text), "0x%" PRIx64, address);
			add_frame(frames, text);
		}
	}
}

static int folded_enter(void *data, const struct vgpu_event *event, enum vgpu_tree_mark mark,
			struct vgpu_nest_call *call)
{
	struct folded *folded = data;
	struct vgpu_text frames = { 0 }, name = { 0 };
	/* The kernel observer has the first of many alike only: to weigh that one apart would say that it is another. */
	bool recorded = event->call.stack.count && !(event->observer & VGPU_OBSERVER_KERNEL);

	(void)mark;
	/* The recorded stack has everything beneath; else the calls that this one is in. */
	if (call->parent && call->parent->data && !recorded) {
		vgpu_text_puts(&frames, call->parent->data);
	} else {
		add_frame(&frames, vgpu_model_label(folded->model, event->process));
		if (recorded)
			add_recorded(folded, &frames, event);
	}
	if (!event->call.function && event->call.name)
		vgpu_text_puts(&name, event->call.name);
	else
		vgpu_call_format_name(&name, event->call.function);
	add_frame(&frames, vgpu_text_string(&name));
	vgpu_text_free(&name);
	if (frames.failed) {
		vgpu_text_free(&frames);
		return -ENOMEM;
	}
	call->data = frames.bytes;
	/* How long one that never returned took is known only as far as it was watched. */
	call->id = call->end_ns == UINT64_MAX ? event->call.duration_ns : 0;
	return 0;
}

static int folded_leave(void *data, struct vgpu_nest_call *call)
{
	uint64_t whole = call->end_ns == UINT64_MAX ? call->id : call->end_ns - call->start_ns;
	int err = 0;

	if (call->data)
		err = add(data, call->data, whole > call->inner_ns ? whole - call->inner_ns : 0);
	free(call->data);
	call->data = NULL;
	return err;
}

static int folded_learn(void *exporter, const struct vgpu_event *event)
{
	return vgpu_objects_learn(((struct folded *)exporter)->objects, event);
}

static int folded_event(void *exporter, const struct vgpu_event *event)
{
	return vgpu_nest_event(((struct folded *)exporter)->nest, event);
}

static int folded_end(void *exporter)
{
	struct folded *folded = exporter;
	int err = vgpu_nest_end(folded->nest);

	if (!err)
		err = write_stacks(folded);
	return err ? err : vgpu_out_flush(&folded->out);
}

const struct vgpu_exporter vgpu_exporter_folded = {
	.name = "folded",
	.help = "folded stacks for flame graphs, weighted by ns; calls only",
	.use = "flamegraph.pl --countname=ns makes a picture of it; so do inferno and speedscope",
	.makes = VGPU_EXPORT_STREAM,
	.open = folded_open,
	.learn = folded_learn,
	.event = folded_event,
	.end = folded_end,
	.close = folded_close,
};
