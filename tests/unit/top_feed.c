// SPDX-License-Identifier: Apache-2.0
/* The dashboard on events made by hand. */
#include "tests/unit/top_feed.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shim/api/schema.h"
#include "tracer/model/copy.h"

#define BASE UINT64_C(1000000000)

struct feed {
	struct vgpu_event **events;
	size_t count;
	uint64_t now_ns;
	uint64_t ordinal[16];
	struct made_call call;
	bool live;
	size_t emitted; /* by all its sources */
};

struct feed_source {
	struct vgpu_top_source source;
	struct feed *feed;
	size_t at;
};

struct feed *feed_new(void)
{
	struct feed *feed = calloc(1, sizeof(*feed));

	ck_assert_ptr_nonnull(feed);
	feed->now_ns = BASE;
	return feed;
}

void feed_free(struct feed *feed)
{
	for (size_t i = 0; i < feed->count; i++)
		free(feed->events[i]);
	free(feed->events);
	free(feed);
}

size_t feed_length(const struct feed *feed)
{
	return feed->count;
}

void feed_event(struct feed *feed, const struct vgpu_event *event)
{
	void *grown = realloc(feed->events, (feed->count + 1) * sizeof(*feed->events));

	ck_assert_ptr_nonnull(grown);
	feed->events = grown;
	feed->events[feed->count] = vgpu_event_copy(event);
	ck_assert_ptr_nonnull(feed->events[feed->count]);
	feed->events[feed->count]->number = feed->count + 1;
	if (!feed->events[feed->count]->time_ns)
		feed->events[feed->count]->time_ns = feed->now_ns;
	feed->count++;
	feed->now_ns += 1000;
}

void feed_emit(struct feed *feed, struct vgpu_stream *stream)
{
	for (size_t i = 0; i < feed->count; i++)
		vgpu_stream_emit(stream, feed->events[i]);
}

void feed_process(struct feed *feed, uint32_t number, uint32_t parent, const char *name)
{
	char argv[64];
	struct vgpu_event event = { .kind = VGPU_EVENT_START, .observer = VGPU_OBSERVER_PROCESS, .process = number };

	event.start.pid = event.start.ns_pid = (int32_t)(4700 + number);
	event.start.parent = parent;
	event.start.comm = name;
	event.start.exe = "/usr/bin/program";
	event.start.in_session = 1;
	snprintf(argv, sizeof(argv), "%s%cserve", name, 0);
	event.start.argv = (struct vgpu_strings){ argv, (uint32_t)strlen(name) + 7 };
	feed_event(feed, &event);
}

void feed_exit(struct feed *feed, uint32_t number, uint32_t how, int32_t status)
{
	struct vgpu_event event = { .kind = VGPU_EVENT_EXIT, .process = number };

	event.exit.how = how;
	event.exit.status = status;
	event.exit.lived_ns = 230000000;
	feed_event(feed, &event);
}

struct made_call *feed_begin(struct feed *feed, uint32_t process, const char *function, uint64_t result)
{
	make_call(&feed->call, function, result);
	feed->call.event.process = process;
	feed->call.event.tid = (int32_t)(4700 + process);
	feed->call.event.time_ns = feed->now_ns;
	feed->call.event.call.thread = process;
	feed->call.event.call.ordinal = feed->ordinal[process % 16]++;
	return &feed->call;
}

void feed_call(struct feed *feed)
{
	feed_event(feed, &feed->call.event);
}

void feed_simple(struct feed *feed, uint32_t process, const char *function, uint64_t result)
{
	feed_begin(feed, process, function, result);
	feed_call(feed);
}

static void memory(struct feed *feed, uint32_t process, uint64_t address, uint64_t size, uint64_t result)
{
	struct made_call *call = feed_begin(feed, process, "cuMemAlloc_v2", result);

	make_call_arg(call, 0x7ffd00000000);
	make_call_arg(call, size);
	if (!result)
		make_call_blob(call, 0, VGPU_BLOB_OUT, &address, 8, 8);
	feed_call(feed);
}

void feed_story(struct feed *feed)
{
	struct vgpu_event event = { .kind = VGPU_EVENT_COVERAGE };
	struct made_call *call;
	uint32_t count = 1;

	event.coverage.observer = VGPU_OBSERVER_RING;
	event.coverage.on = 1;
	feed_event(feed, &event);
	feed_process(feed, 1, 0, "serve");
	feed_process(feed, 2, 1, "runner");
	event = (struct vgpu_event){ .kind = VGPU_EVENT_LIBRARY, .process = 2 };
	event.library.library = VGPU_LIBRARY_CUDA;
	event.library.path = "/opt/libvgpu-cuda.so";
	event.library.backend = "sim";
	event.library.schema_hash = vgpu_api_find(VGPU_LIBRARY_CUDA)->schema_hash;
	feed_event(feed, &event);
	call = feed_begin(feed, 2, "cuInit", 0);
	make_call_arg(call, 0);
	feed_call(feed);
	call = feed_begin(feed, 2, "cuDeviceGetCount", 0);
	make_call_arg(call, 0x7ffd00000000);
	make_call_blob(call, 0, VGPU_BLOB_OUT, &count, 4, 4);
	feed_call(feed);
	feed_simple(feed, 2, "cuDriverGetVersion", 0);
	feed_simple(feed, 2, "cuDriverGetVersion", 0);
	feed_simple(feed, 2, "cuDriverGetVersion", 0);
	feed_simple(feed, 2, "cuDeviceGet", 101);
	memory(feed, 2, 0x10000000, UINT64_C(64) << 20, 0);
	memory(feed, 2, 0, UINT64_C(900) << 30, 2);
	event = (struct vgpu_event){ .kind = VGPU_EVENT_SEARCH, .process = 2, .observer = VGPU_OBSERVER_LINK };
	event.search.path = "/usr/lib/libcudart.so.13";
	event.search.vendor = 1;
	event.search.origin = VGPU_ORIGIN_DEFAULT;
	event.search.flags = VGPU_OBJECT_GPU | VGPU_OBJECT_STATTED;
	event.search.error = ENOENT;
	feed_event(feed, &event);
	event = (struct vgpu_event){ .kind = VGPU_EVENT_DL, .process = 2, .observer = VGPU_OBSERVER_LINK };
	event.dl.op = VGPU_DL_DLOPEN;
	event.dl.failed = 1;
	event.dl.vendor = 1;
	event.dl.name = "libggml-cuda.so";
	event.dl.error = "undefined symbol: cuGetErrorString";
	feed_event(feed, &event);
	feed_exit(feed, 2, VGPU_EXIT_SIGNAL, 9);
}

/* ---- as a source ---- */

static int feed_poll(struct vgpu_top_source *source, struct vgpu_stream *stream, unsigned max)
{
	struct feed_source *from = (struct feed_source *)source;

	for (; max-- && from->at < from->feed->count; from->feed->emitted++)
		vgpu_stream_emit(stream, from->feed->events[from->at++]);
	if (from->at < from->feed->count)
		return 1;
	return from->feed->live ? 0 : -ENODATA;
}

static void feed_close(struct vgpu_top_source *source)
{
	free(source);
}

static int feed_seek(struct vgpu_top_source *source, uint64_t number)
{
	struct feed_source *from = (struct feed_source *)source;

	from->at = number ? number - 1 : 0;
	return 0;
}

static const struct vgpu_top_source_ops feed_ops = { .poll = feed_poll, .close = feed_close };
static const struct vgpu_top_source_ops seeking_ops = { .poll = feed_poll, .close = feed_close, .seek = feed_seek };

size_t feed_emitted(const struct feed *feed)
{
	return feed->emitted;
}

static int feed_open(void *data, struct vgpu_top_source **out)
{
	struct feed_source *source = calloc(1, sizeof(*source));

	ck_assert_ptr_nonnull(source);
	source->source.ops = &feed_ops;
	source->feed = data;
	*out = &source->source;
	return 0;
}

int feed_open_seeking(void *data, struct vgpu_top_source **out)
{
	int err = feed_open(data, out);

	(*out)->ops = &seeking_ops;
	return err;
}

static int note(const struct vgpu_event *event, const struct vgpu_look *look, struct vgpu_text *out)
{
	(void)look;
	if (event->kind != VGPU_EVENT_EXIT && event->kind != VGPU_EVENT_DL)
		return -1;
	vgpu_text_puts(out, event->kind == VGPU_EVENT_EXIT ? "killed by SIGKILL" : "refused libggml-cuda.so");
	return 2;
}

static int explain_open(void **out, struct vgpu_model *model)
{
	*out = model;
	return 0;
}

static int explain_event(struct vgpu_sink *sink, const struct vgpu_event *event)
{
	(void)sink;
	(void)event;
	return 0;
}

static struct vgpu_sink *explain_sink(void *explain)
{
	static const struct vgpu_sink_ops ops = { .event = explain_event };
	static struct vgpu_sink sink = { .ops = &ops };

	(void)explain;
	return &sink;
}

static void explain_format(void *explain, const struct vgpu_look *look, struct vgpu_text *out)
{
	const struct vgpu_model *model = explain;

	vgpu_text_colour(out, look, VGPU_COLOUR_BAD);
	vgpu_text_puts(out, "CPU MODE: the first of a long line of words that no screen of eighty columns has room for\n");
	vgpu_text_colour(out, look, VGPU_COLOUR_PLAIN);
	vgpu_text_printf(out, "  ✗ a device was refused (event %d)\n  %u calls\n", 10, (unsigned)model->calls);
}

static void explain_close(void *explain)
{
	(void)explain;
}

struct tui_app *feed_app(struct feed *feed, bool live, const char *view)
{
	struct vgpu_top_options options = {
		.target = "discovery.vgt", .live = live, .view = view, .utf8 = true, .colour = true, .open = feed_open,
		.data = feed, .note = note, .explain_open = explain_open, .explain_sink = explain_sink,
		.explain_format = explain_format, .explain_close = explain_close,
	};
	struct tui_app *app;

	feed->live = live;
	ck_assert_int_eq(tui_app_open(&app, &options), 0);
	tui_app_tick(app, BASE);
	return app;
}

void feed_all(struct tui_app *app)
{
	while (tui_app_feed(app, 7) == 1)
		;
}

char *frame(struct tui_app *app, int rows, int columns, bool utf8)
{
	struct tui_surface surface = { .utf8 = utf8 };
	struct vgpu_look look = { .utf8 = utf8 };
	struct vgpu_text text = { 0 };
	char *copy;

	ck_assert_int_eq(tui_surface_resize(&surface, rows, columns), 0);
	tui_app_draw(app, &surface);
	for (int y = 0; y < rows; y++) {
		tui_surface_row(&surface, y, &look, &text);
		vgpu_text_puts(&text, "\n");
	}
	copy = strdup(vgpu_text_string(&text));
	vgpu_text_free(&text);
	tui_surface_free(&surface);
	return copy;
}

void frame_has(struct tui_app *app, int rows, int columns, const char *wanted)
{
	char *text = frame(app, rows, columns, true);

	ck_assert_msg(strstr(text, wanted) != NULL, "no '%s' in\n%s", wanted, text);
	free(text);
}

void frame_lacks(struct tui_app *app, int rows, int columns, const char *unwanted)
{
	char *text = frame(app, rows, columns, true);

	ck_assert_msg(strstr(text, unwanted) == NULL, "'%s' in\n%s", unwanted, text);
	free(text);
}

void type(struct tui_app *app, const char *keys)
{
	for (; *keys; keys++)
		tui_app_key(app, *keys == '\r' ? TUI_KEY_ENTER : *keys == '\033' ? TUI_KEY_ESCAPE : *keys == '\177' ? TUI_KEY_BACKSPACE
					       : (uint32_t)(unsigned char)*keys);
}
