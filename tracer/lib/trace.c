// SPDX-License-Identifier: Apache-2.0
/* libvgpu-trace: opens files, rings and running processes, and goes through their events. */
#include "tracer/lib/trace.h"

#include <errno.h>
#include <json-c/json.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "shim/ring/reader.h"
#include "tracer/model/copy.h"
#include "tracer/source/find.h"
#include "tracer/source/host.h"

/* How often rings are looked at, and a file where no notice of changes is to be had. */
#define RINGS_MS 10
#define FILE_MS  200

static int queue_event(struct vgpu_sink *sink, const struct vgpu_event *event)
{
	struct vgpu_trace_queue *queue = (struct vgpu_trace_queue *)sink;

	if (queue->count == queue->room) {
		size_t room = queue->room ? queue->room * 2 : 256;
		void *grown = realloc(queue->events, room * sizeof(*queue->events));

		if (!grown)
			return -ENOMEM;
		queue->events = grown;
		queue->room = room;
	}
	queue->rings |= event->kind == VGPU_EVENT_RING;
	queue->events[queue->count] = vgpu_event_copy(event);
	return queue->events[queue->count] ? (queue->count++, 0) : -ENOMEM;
}

static const struct vgpu_sink_ops queue_ops = { .event = queue_event };

/* ---- what is meant ---- */

static bool is_number(const char *what)
{
	return *what && strlen(what) < 10 && strspn(what, "0123456789") == strlen(what);
}

static bool is_ring(const char *path)
{
	struct vgpu_ring *ring;
	int err = vgpu_ring_open_file(&ring, path);

	if (!err)
		vgpu_ring_close(ring);
	/* One of another version is one all the same: whoever opens it is told so. */
	return !err || err == -EPROTONOSUPPORT;
}

/* Rings that processes of that number or name have, or left. */
static void find(const char *what, struct vgpu_find *found)
{
	struct vgpu_rings_options options = { 0 };
	struct vgpu_roster *roster = NULL;
	struct vgpu_rings *rings = NULL;
	struct vgpu_stream nobody = { 0 };

	memset(found, 0, sizeof(*found));
	if (!vgpu_roster_open(&roster)) {
		options.roster = roster;
		if (!vgpu_rings_open(&rings, &options))
			vgpu_find_rings(found, rings, is_number(what) ? atoi(what) : 0, is_number(what) ? NULL : what, &nobody);
	}
	vgpu_rings_close(rings);
	vgpu_roster_close(roster);
}

/* enum vgpu_trace_source, and the reader where it is a file. */
static int identify(const char *what, struct vgpu_vgt_reader **file)
{
	struct vgpu_find found;
	int err;

	*file = NULL;
	/* A file is meant where there is one; but a program's own name is often a file's, too. */
	if (!strchr(what, '/') && (is_number(what) || access(what, F_OK)))
		return VGPU_TRACE_PROCESSES;
	err = vgpu_vgt_open(file, what);
	if (err != -EPROTO)
		return err ? err : VGPU_TRACE_FILE;
	if (is_ring(what))
		return VGPU_TRACE_RING;
	if (strchr(what, '/'))
		return err;
	find(what, &found);
	return found.rings ? VGPU_TRACE_PROCESSES : err;
}

int vgpu_trace_source(const char *what)
{
	struct vgpu_vgt_reader *file;
	int source = identify(what, &file);

	vgpu_vgt_reader_close(file);
	return source;
}

void vgpu_trace_processes(const char *what, unsigned *matched, unsigned *denied)
{
	struct vgpu_find found;

	find(what, &found);
	*matched = found.matched;
	*denied = found.denied;
}

/* ---- opening ---- */

static int open_ring(struct vgpu_trace *trace)
{
	struct vgpu_rings_options options = { 0 };
	int err = vgpu_roster_open(&trace->roster);

	options.roster = trace->roster;
	if (!err)
		err = vgpu_rings_open(&trace->rings, &options);
	if (err)
		return err;
	vgpu_host_emit(&trace->stream);
	err = vgpu_rings_add_file(trace->rings, trace->what, &trace->stream);
	if (!err)
		vgpu_coverage_emit(&trace->stream, VGPU_OBSERVER_RING, 1, 0, NULL);
	return err;
}

static int open_processes(struct vgpu_trace *trace)
{
	struct vgpu_watch_options options = { .kernel = VGPU_WATCH_KERNEL_OFF };
	struct vgpu_find found = { 0 };
	int err;

	options.pid = is_number(trace->what) ? atoi(trace->what) : 0;
	options.name = trace->what;
	err = vgpu_watch_open(&trace->watch, &options, &trace->stream, &found);
	if (!err)
		err = vgpu_trace_again(trace);
	if (err < 0)
		return err;
	/* A child of theirs may have one. */
	if (trace->queue.rings)
		return 0;
	return found.matched && found.denied == found.matched ? -EACCES : -ESRCH;
}

int vgpu_trace_open(struct vgpu_trace **out, const char *what)
{
	struct vgpu_trace *trace = calloc(1, sizeof(*trace));
	int err;

	if (!trace)
		return -ENOMEM;
	trace->notify = -1;
	trace->queue.sink.ops = &queue_ops;
	vgpu_stream_add(&trace->stream, &trace->queue.sink);
	trace->what = strdup(what);
	err = trace->what ? vgpu_model_open(&trace->model) : -ENOMEM;
	if (!err)
		err = identify(what, &trace->file);
	if (err == VGPU_TRACE_RING)
		err = open_ring(trace);
	else if (err == VGPU_TRACE_PROCESSES)
		err = open_processes(trace);
	if (!err && trace->rings)
		err = vgpu_trace_again(trace);
	if (err < 0) {
		vgpu_trace_close(trace);
		return err;
	}
	*out = trace;
	return 0;
}

void vgpu_trace_close(struct vgpu_trace *trace)
{
	if (!trace)
		return;
	for (size_t i = trace->queue.at; i < trace->queue.count; i++)
		free(trace->queue.events[i]);
	free(trace->queue.events);
	free(trace->kept);
	if (trace->notify >= 0)
		close(trace->notify);
	vgpu_vgt_reader_close(trace->file);
	vgpu_watch_close(trace->watch);
	vgpu_rings_close(trace->rings);
	vgpu_roster_close(trace->roster);
	vgpu_filter_free(trace->filter);
	vgpu_model_close(trace->model);
	vgpu_text_free(&trace->text);
	json_object_put(trace->json);
	free(trace->what);
	free(trace);
}

/* ---- going on ---- */

static int next(struct vgpu_trace *trace)
{
	struct vgpu_trace_queue *queue = &trace->queue;

	if (trace->file)
		return vgpu_vgt_next(trace->file, &trace->event);
	free(trace->kept);
	trace->kept = NULL;
	if (queue->at == queue->count)
		return queue->sink.error;
	trace->kept = queue->events[queue->at++];
	trace->event = *trace->kept;
	return 1;
}

static bool passes(const struct vgpu_trace *trace)
{
	const struct vgpu_event *event = &trace->event;

	return !trace->filter || ((event->kind == VGPU_EVENT_CALL || event->kind == VGPU_EVENT_PENDING) &&
				  vgpu_filter_pass(trace->filter, event, trace->model));
}

int vgpu_trace_next(struct vgpu_trace *trace)
{
	int err;

	while ((err = next(trace)) == 1) {
		/* One that this version has no name for. */
		if (trace->event.kind == VGPU_EVENT_NONE)
			continue;
		if (!trace->model)
			return 1;
		err = trace->model->sink.ops->event(&trace->model->sink, &trace->event);
		if (err)
			break;
		if (passes(trace))
			return 1;
	}
	trace->event.kind = VGPU_EVENT_NONE;
	return err;
}

static int more(const struct vgpu_trace *trace)
{
	const struct vgpu_trace_queue *queue = &trace->queue;

	return queue->sink.error ? queue->sink.error : queue->at < queue->count;
}

int vgpu_trace_finish(struct vgpu_trace *trace)
{
	if (trace->file || trace->finished)
		return trace->file ? 0 : more(trace);
	if (trace->watch) {
		vgpu_watch_finish(trace->watch);
	} else {
		vgpu_rings_reap(trace->rings, &trace->stream);
		vgpu_rings_finish(trace->rings, 0, &trace->stream);
	}
	trace->finished = true;
	return more(trace);
}

int vgpu_trace_again(struct vgpu_trace *trace)
{
	struct vgpu_trace_queue *queue = &trace->queue;
	int err;

	if (trace->file)
		return vgpu_vgt_again(trace->file);
	if (queue->at == queue->count)
		queue->at = queue->count = 0;
	if (trace->finished)
		return more(trace);
	if (trace->watch) {
		err = vgpu_watch_poll(trace->watch);
		if (err < 0 && err != -ENODATA)
			return err;
		return vgpu_watch_live(trace->watch) ? more(trace) : vgpu_trace_finish(trace);
	}
	vgpu_rings_poll(trace->rings, &trace->stream);
	vgpu_rings_reap(trace->rings, &trace->stream);
	return vgpu_rings_count(trace->rings) ? more(trace) : vgpu_trace_finish(trace);
}

void vgpu_trace_wait(struct vgpu_trace *trace, int timeout_ms)
{
	struct pollfd fd = { .fd = -1, .events = POLLIN };
	char events[4096];
	int most = trace->file ? FILE_MS : RINGS_MS;

	if (trace->file && trace->notify < 0) {
		trace->notify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
		/* What was written before this was noticed is found by the next look all the same. */
		if (trace->notify >= 0 && inotify_add_watch(trace->notify, trace->what, IN_MODIFY | IN_CLOSE_WRITE) < 0) {
			close(trace->notify);
			trace->notify = -1;
		}
	}
	fd.fd = trace->notify;
	poll(&fd, fd.fd >= 0, timeout_ms < 0 || timeout_ms > most ? most : timeout_ms);
	while (fd.fd >= 0 && read(fd.fd, events, sizeof(events)) > 0)
		;
}

int vgpu_trace_complete(const struct vgpu_trace *trace)
{
	return trace->file ? vgpu_vgt_complete(trace->file) : trace->finished;
}

uint64_t vgpu_trace_position(const struct vgpu_trace *trace)
{
	uint64_t read = trace->file ? vgpu_vgt_read(trace->file) : 0, last = trace->file ? vgpu_vgt_last(trace->file) : 0;

	/* Numbers go further than the count where some are not in the file. */
	return trace->file ? last > read ? last : read : trace->event.number;
}

int vgpu_trace_unknown(const struct vgpu_trace *trace, unsigned index, const char **kind, const char **field,
		       uint64_t *events)
{
	struct vgpu_vgt_unknown unknown;

	if (!trace->file || !vgpu_vgt_unknown(trace->file, index, &unknown))
		return 0;
	*kind = unknown.kind;
	*field = unknown.field;
	*events = unknown.events;
	return 1;
}

/* ---- choosing ---- */

uint64_t vgpu_trace_events(const struct vgpu_trace *trace)
{
	struct vgpu_vgt_summary summary = { 0 };

	if (trace->file)
		vgpu_vgt_summary(trace->file, &summary);
	return summary.events;
}

int vgpu_trace_times(const struct vgpu_trace *trace, uint64_t *from_ns, uint64_t *upto_ns)
{
	struct vgpu_vgt_summary summary = { 0 };

	if (!trace->file)
		return -ENOTSUP;
	vgpu_vgt_summary(trace->file, &summary);
	*from_ns = summary.from_ns;
	*upto_ns = summary.upto_ns;
	return summary.events ? 0 : -ENODATA;
}

int vgpu_trace_seek(struct vgpu_trace *trace, uint64_t number)
{
	return trace->file ? vgpu_vgt_seek_number(trace->file, number) : -ENOTSUP;
}

int vgpu_trace_seek_time(struct vgpu_trace *trace, uint64_t time_ns)
{
	return trace->file ? vgpu_vgt_seek_time(trace->file, time_ns) : -ENOTSUP;
}

int vgpu_trace_seek_last(struct vgpu_trace *trace, uint64_t events)
{
	return trace->file ? vgpu_vgt_seek_last(trace->file, events) : -ENOTSUP;
}

void vgpu_trace_calls(struct vgpu_trace *trace, int wanted)
{
	if (trace->file)
		vgpu_vgt_only(trace->file, wanted ? VGPU_VGT_ALL : VGPU_VGT_ALL & ~VGPU_VGT_CALLS, 0);
}

void vgpu_trace_window(struct vgpu_trace *trace, uint64_t from_ns, uint64_t upto_ns)
{
	if (trace->file)
		vgpu_vgt_window(trace->file, from_ns, upto_ns);
}

int vgpu_trace_filter(struct vgpu_trace *trace, const char *expression, unsigned *column)
{
	struct vgpu_filter_error error = { 0 };
	struct vgpu_filter *filter = NULL;
	int err = !trace->model ? -ENOTSUP : expression ? vgpu_filter_parse(&filter, expression, &error) : 0;

	if (column)
		*column = error.column;
	if (err)
		return err;
	vgpu_filter_free(trace->filter);
	trace->filter = filter;
	return 0;
}

void vgpu_trace_bare(struct vgpu_trace *trace)
{
	vgpu_filter_free(trace->filter);
	trace->filter = NULL;
	vgpu_model_close(trace->model);
	trace->model = NULL;
}
