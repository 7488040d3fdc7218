// SPDX-License-Identifier: Apache-2.0
/* Export as Chrome's trace events (JSON), which Perfetto and chrome://tracing open. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tracer/export/export.h"
#include "tracer/export/json_event.h"
#include "tracer/export/json_text.h"
#include "tracer/export/out.h"
#include "tracer/model/call.h"
#include "tracer/model/demangle.h"
#include "tracer/model/kernels.h"
#include "tracer/model/memory.h"
#include "tracer/model/nest.h"

/* Numbers that no process has: the kernel's greatest pid is 2^22. */
#define PID_RECORDING 1000000000 /* events of no process */
#define PID_AGAIN     1100000000 /* and up: processes whose pid another one of the trace has, too */
#define TID_STREAMS   1200000000 /* and up: tracks of streams */

/* A launch by the runtime's or the driver's function, until it is known whether it goes on below. */
struct launch {
	uint32_t process, thread;
	uint64_t flow;   /* number of the outermost launch call */
	uint32_t level;  /* of the call seen last in this flow */
	uint64_t end_ns;
	uint64_t stream;
	const char *kernel; /* NULL: not on record */
};

struct seen_thread {
	uint32_t process;
	int32_t tid;
};

struct chrome {
	struct vgpu_out out;
	struct vgpu_model *model;
	struct vgpu_nest *nest;
	struct vgpu_kernels *kernels;
	struct vgpu_memory *memory;
	bool any;
	int32_t *pids; /* by process number; 0: not given yet */
	uint32_t pid_count;
	struct seen_thread *threads; /* whose names were written; open addressing, tid 0: free */
	uint32_t thread_count, thread_room;
	struct launch *launches;
	uint32_t launch_count, launch_room;
};

static int chrome_enter(void *data, const struct vgpu_event *event, enum vgpu_tree_mark mark,
			struct vgpu_nest_call *call);
static int chrome_resume(void *data, const struct vgpu_event *event, struct vgpu_nest_call *call);
static int chrome_leave(void *data, struct vgpu_nest_call *call);
static const struct vgpu_nest_ops nest_ops = { .enter = chrome_enter, .resume = chrome_resume,
					       .leave = chrome_leave };

static void chrome_close(void *exporter)
{
	struct chrome *chrome = exporter;

	vgpu_nest_close(chrome->nest);
	vgpu_kernels_close(chrome->kernels);
	vgpu_memory_close(chrome->memory);
	free(chrome->pids);
	free(chrome->threads);
	free(chrome->launches);
	free(chrome);
}

static int chrome_open(void **out, const struct vgpu_export_to *to)
{
	struct chrome *chrome = calloc(1, sizeof(*chrome));

	if (!chrome)
		return -ENOMEM;
	chrome->out.fd = to->fd;
	chrome->model = to->model;
	if (vgpu_nest_open(&chrome->nest, &nest_ops, chrome) || vgpu_kernels_open(&chrome->kernels) ||
	    vgpu_memory_open(&chrome->memory)) {
		chrome_close(chrome);
		return -ENOMEM;
	}
	vgpu_out_puts(&chrome->out, "{\"displayTimeUnit\":\"ns\",\"traceEvents\":[");
	*out = chrome;
	return 0;
}

/* ---- one trace event ---- */

static void put(struct chrome *chrome, struct json_object *object)
{
	vgpu_out_puts(&chrome->out, chrome->any ? ",\n" : "\n");
	chrome->any = true;
	vgpu_out_json(&chrome->out, object);
}

/* The format's unit is the microsecond; three decimals keep each ns. */
static struct json_object *json_us(uint64_t ns)
{
	char text[40];

	snprintf(text, sizeof(text), "%" PRIu64 ".%03u", ns / 1000, (unsigned)(ns % 1000));
	return json_object_new_double_s(ns / 1e3, text);
}

static struct json_object *begin(const char *phase, const char *name, const char *category, int64_t pid, int64_t tid,
				 uint64_t time_ns)
{
	struct json_object *object = json_object_new_object();

	json_object_object_add(object, "ph", json_object_new_string(phase));
	json_object_object_add(object, "name", vgpu_json_string(name));
	json_object_object_add(object, "cat", json_object_new_string(category));
	json_object_object_add(object, "pid", json_object_new_int64(pid));
	json_object_object_add(object, "tid", json_object_new_int64(tid));
	json_object_object_add(object, "ts", json_us(time_ns));
	return object;
}

static void put_name(struct chrome *chrome, const char *what, const char *key, int64_t pid, int64_t tid,
		     const char *name)
{
	struct json_object *object = begin("M", what, "__metadata", pid, tid, 0), *args = json_object_new_object();

	json_object_object_add(args, key, vgpu_json_string(name));
	json_object_object_add(object, "args", args);
	put(chrome, object);
}

/* ---- processes and threads ---- */

static int64_t pid_of(struct chrome *chrome, uint32_t process)
{
	const struct vgpu_model_process *known = vgpu_model_process(chrome->model, process);
	int32_t pid;

	if (!process)
		return PID_RECORDING;
	/* A stream that names more processes than this is damaged. */
	if (process > 1000000)
		return PID_AGAIN + (int64_t)(process % 100000000);
	if (process < chrome->pid_count && chrome->pids[process])
		return chrome->pids[process];
	if (process >= chrome->pid_count) {
		uint32_t count = process * 2 + 16;
		void *grown = realloc(chrome->pids, count * sizeof(*chrome->pids));

		if (!grown) {
			chrome->out.error = -ENOMEM;
			return PID_AGAIN + (int64_t)process;
		}
		chrome->pids = grown;
		memset(chrome->pids + chrome->pid_count, 0, (count - chrome->pid_count) * sizeof(*chrome->pids));
		chrome->pid_count = count;
	}
	pid = known && known->pid > 0 ? known->pid : PID_AGAIN + (int32_t)process;
	for (uint32_t i = 0; i < chrome->pid_count; i++)
		if (chrome->pids[i] == pid)
			pid = PID_AGAIN + (int32_t)process;
	chrome->pids[process] = pid;
	return pid;
}

static int64_t tid_of(struct chrome *chrome, const struct vgpu_event *event)
{
	return event->tid ? event->tid : pid_of(chrome, event->process);
}

static int thread_add(struct chrome *chrome, uint32_t process, int32_t tid, bool *fresh)
{
	uint32_t at;

	if (chrome->thread_count * 2 >= chrome->thread_room) {
		struct seen_thread *old = chrome->threads;
		uint32_t old_room = chrome->thread_room;

		chrome->thread_room = old_room ? old_room * 2 : 256;
		chrome->threads = calloc(chrome->thread_room, sizeof(*old));
		chrome->thread_count = 0;
		for (uint32_t i = 0; chrome->threads && i < old_room; i++)
			if (old[i].tid)
				thread_add(chrome, old[i].process, old[i].tid, fresh);
		free(old);
		if (!chrome->threads) {
			chrome->thread_room = 0;
			return -ENOMEM;
		}
	}
	at = (process * 2654435761u ^ (uint32_t)tid * 40503u) & (chrome->thread_room - 1);
	for (; chrome->threads[at].tid; at = (at + 1) & (chrome->thread_room - 1))
		if (chrome->threads[at].tid == tid && chrome->threads[at].process == process) {
			*fresh = false;
			return 0;
		}
	chrome->threads[at] = (struct seen_thread){ process, tid };
	chrome->thread_count++;
	*fresh = true;
	return 0;
}

static void name_track(struct chrome *chrome, uint32_t process, int64_t tid, const char *name)
{
	bool fresh = false;
	int err = thread_add(chrome, process, (int32_t)tid, &fresh);

	if (err)
		chrome->out.error = err;
	else if (fresh)
		put_name(chrome, "thread_name", "name", pid_of(chrome, process), tid, name);
}

static void name_process(struct chrome *chrome, const struct vgpu_event *event)
{
	const struct vgpu_model_process *process = vgpu_model_process(chrome->model, event->process);
	struct vgpu_strings argv = process ? (struct vgpu_strings){ process->argv, process->argv_size }
					   : (struct vgpu_strings){ 0 };
	struct vgpu_text words = { 0 };
	const char *word = NULL;

	put_name(chrome, "process_name", "name", pid_of(chrome, event->process), pid_of(chrome, event->process),
		 vgpu_model_label(chrome->model, event->process));
	while ((word = vgpu_strings_next(&argv, word)) && words.size < 200) {
		vgpu_text_puts(&words, words.size ? " " : "");
		vgpu_text_puts(&words, word);
	}
	if (words.size)
		put_name(chrome, "process_labels", "labels", pid_of(chrome, event->process),
			 pid_of(chrome, event->process), vgpu_text_string(&words));
	vgpu_text_free(&words);
}

/* ---- launches: a flow from the runtime's call by the driver's to the stream ---- */

static void put_flow(struct chrome *chrome, const char *phase, uint64_t id, int64_t pid, int64_t tid, uint64_t time_ns)
{
	struct json_object *object = begin(phase, "launch", "launch", pid, tid, time_ns);
	char text[24];

	snprintf(text, sizeof(text), "0x%" PRIx64, id);
	json_object_object_add(object, "id", json_object_new_string(text));
	/* It binds to the slice that it lies in, not to the next one. */
	if (phase[0] != 's')
		json_object_object_add(object, "bp", json_object_new_string("e"));
	put(chrome, object);
}

static struct launch *launch_of(struct chrome *chrome, uint32_t process, uint32_t thread)
{
	for (uint32_t i = 0; i < chrome->launch_count; i++)
		if (chrome->launches[i].process == process && chrome->launches[i].thread == thread)
			return &chrome->launches[i];
	return NULL;
}

/*
 * What was handed to the stream, when the launch returned: a mark of 1 ns, since when the kernel ran
 * was not observed.
 */
static void end_launch(struct chrome *chrome, struct launch *launch)
{
	int64_t pid = pid_of(chrome, launch->process), tid = TID_STREAMS + (int64_t)(launch->stream * 2654435761u % 100000000);
	struct json_object *object, *args = json_object_new_object();
	char name[64], *plain = launch->kernel ? vgpu_demangle(launch->kernel) : NULL;

	snprintf(name, sizeof(name), launch->stream ? "stream 0x%" PRIx64 ": launches" : "default stream: launches",
		 launch->stream);
	name_track(chrome, launch->process, tid, name);
	object = begin("X", plain ? plain : launch->kernel ? launch->kernel : "kernel (name not on record)", "launch", pid,
		       tid, launch->end_ns);
	if (plain)
		json_object_object_add(args, "symbol", vgpu_json_string(launch->kernel));
	free(plain);
	json_object_object_add(object, "dur", json_us(1));
	json_object_object_add(args, "note", json_object_new_string("handed over; when it ran was not observed"));
	json_object_object_add(object, "args", args);
	put(chrome, object);
	put_flow(chrome, "f", launch->flow, pid, tid, launch->end_ns);
	*launch = chrome->launches[--chrome->launch_count];
}

static int begin_launch(struct chrome *chrome, const struct vgpu_event *event, const struct vgpu_nest_call *call,
			const char *kernel)
{
	static const char *const streams[] = { "hStream", "stream", "config.hStream", "config.stream" };
	struct launch *launch = launch_of(chrome, event->process, event->call.thread);
	int64_t pid = pid_of(chrome, event->process), tid = tid_of(chrome, event);

	if (launch && call->level > launch->level) {
		put_flow(chrome, "t", launch->flow, pid, tid, call->start_ns);
	} else {
		if (launch)
			end_launch(chrome, launch);
		if (chrome->launch_count == chrome->launch_room) {
			uint32_t room = chrome->launch_room ? chrome->launch_room * 2 : 16;
			void *grown = realloc(chrome->launches, room * sizeof(*chrome->launches));

			if (!grown)
				return -ENOMEM;
			chrome->launches = grown;
			chrome->launch_room = room;
		}
		launch = &chrome->launches[chrome->launch_count++];
		*launch = (struct launch){ .process = event->process, .thread = event->call.thread, .flow = call->number };
		put_flow(chrome, "s", launch->flow, pid, tid, call->start_ns);
	}
	launch->level = call->level;
	launch->end_ns = call->end_ns == UINT64_MAX ? call->start_ns : call->end_ns;
	if (kernel)
		launch->kernel = kernel;
	for (unsigned i = 0; i < sizeof(streams) / sizeof(streams[0]); i++)
		if (vgpu_call_integer(&event->call, streams[i], &launch->stream))
			break;
	return 0;
}

/* ---- calls ---- */

static const char *category(const struct vgpu_event *event)
{
	const struct vgpu_api *api = vgpu_api_find(VGPU_FUNCTION_LIBRARY(event->call.function));

	return api ? api->name : "foreign";
}

static int chrome_enter(void *data, const struct vgpu_event *event, enum vgpu_tree_mark mark,
			struct vgpu_nest_call *call)
{
	struct chrome *chrome = data;
	struct launch *launch = launch_of(chrome, event->process, event->call.thread);
	int64_t pid = pid_of(chrome, event->process), tid = tid_of(chrome, event);
	struct vgpu_text name = { 0 };
	struct json_object *object;
	const char *kernel;

	/* A launch that this call is not inside has gone where it goes. */
	if (launch && call->level <= launch->level && call->start_ns >= launch->end_ns)
		end_launch(chrome, launch);
	name_track(chrome, event->process, tid,
		   event->call.thread_name && event->call.thread_name[0] ? event->call.thread_name
									 : vgpu_model_label(chrome->model, event->process));
	if (!event->call.function && event->call.name)
		vgpu_text_puts(&name, event->call.name);
	else
		vgpu_call_format_name(&name, event->call.function);
	object = begin(mark == VGPU_TREE_UNFINISHED ? "B" : "X", vgpu_text_string(&name), category(event), pid, tid,
		       call->start_ns);
	vgpu_text_free(&name);
	if (mark != VGPU_TREE_UNFINISHED)
		json_object_object_add(object, "dur", json_us(call->end_ns - call->start_ns));
	if (event->kind == VGPU_EVENT_CALL && vgpu_call_failed(&event->call))
		json_object_object_add(object, "cname", json_object_new_string("terrible"));
	json_object_object_add(object, "args", vgpu_json_event(event, false));
	put(chrome, object);
	/* For the end of one that has not returned. */
	call->id = event->time_ns + event->call.duration_ns;
	if (mark == VGPU_TREE_UNFINISHED) {
		int64_t *track = malloc(2 * sizeof(*track));

		if (!track)
			return -ENOMEM;
		track[0] = pid;
		track[1] = tid;
		call->data = track;
	}
	/* A launch that was refused started nothing; of one in flight nobody knows. */
	if (mark == VGPU_TREE_WHOLE && vgpu_kernels_launched(chrome->kernels, event, &kernel) &&
	    !vgpu_call_failed(&event->call) && !(event->call.flags & VGPU_CALL_UNWOUND))
		return begin_launch(chrome, event, call, kernel);
	return chrome->out.error;
}

static void put_end(struct chrome *chrome, struct vgpu_nest_call *call, uint64_t time_ns, struct json_object *args)
{
	const int64_t *track = call->data;
	struct json_object *object = begin("E", "", "", track[0], track[1], time_ns);

	json_object_object_add(object, "args", args);
	put(chrome, object);
	free(call->data);
	call->data = NULL;
}

static int chrome_resume(void *data, const struct vgpu_event *event, struct vgpu_nest_call *call)
{
	struct chrome *chrome = data;

	if (call->data)
		put_end(chrome, call, call->end_ns, vgpu_json_event(event, false));
	return chrome->out.error;
}

static int chrome_leave(void *data, struct vgpu_nest_call *call)
{
	struct chrome *chrome = data;

	/* Seen in flight, and never seen to return: it ends where it was seen last. */
	if (call->data)
		put_end(chrome, call, call->id > call->last_ns ? call->id : call->last_ns, json_object_new_object());
	return chrome->out.error;
}

/* ---- everything else ---- */

static int chrome_learn(void *exporter, const struct vgpu_event *event)
{
	struct chrome *chrome = exporter;
	struct json_object *object, *args;
	uint64_t bytes;
	bool changed;
	int err = vgpu_kernels_learn(chrome->kernels, event);

	if (!err)
		err = vgpu_memory_add(chrome->memory, event, &changed, &bytes);
	if (err || !changed)
		return err;
	object = begin("C", "device memory allocated", "memory", pid_of(chrome, event->process),
		       pid_of(chrome, event->process),
		       event->time_ns + (event->kind == VGPU_EVENT_CALL ? event->call.duration_ns : 0));
	args = json_object_new_object();
	json_object_object_add(args, "bytes", json_object_new_uint64(bytes));
	json_object_object_add(object, "args", args);
	put(chrome, object);
	return chrome->out.error;
}

static int chrome_event(void *exporter, const struct vgpu_event *event)
{
	struct chrome *chrome = exporter;
	const struct vgpu_kind *kind = vgpu_event_kind(event->kind);
	struct json_object *object;
	int err;

	if (!kind)
		return 0;
	err = vgpu_nest_event(chrome->nest, event);
	if (event->kind == VGPU_EVENT_CALL || event->kind == VGPU_EVENT_PENDING)
		return err ? err : chrome->out.error;
	if (event->kind == VGPU_EVENT_START || event->kind == VGPU_EVENT_EXEC)
		name_process(chrome, event);
	object = begin("i", kind->name, kind->name, pid_of(chrome, event->process), tid_of(chrome, event),
		       event->time_ns);
	json_object_object_add(object, "s", json_object_new_string(event->tid ? "t" : "p"));
	json_object_object_add(object, "args", vgpu_json_event(event, false));
	put(chrome, object);
	return err ? err : chrome->out.error;
}

static int chrome_end(void *exporter)
{
	struct chrome *chrome = exporter;
	int err = vgpu_nest_end(chrome->nest);

	while (chrome->launch_count)
		end_launch(chrome, &chrome->launches[0]);
	put_name(chrome, "process_name", "name", PID_RECORDING, PID_RECORDING, "the recording");
	vgpu_out_puts(&chrome->out, "\n],\"otherData\":{\"made by\":\"vgpu-trace " VGPU_VERSION
				    "\",\"clock\":\"CLOCK_MONOTONIC\"}}\n");
	return err ? err : vgpu_out_flush(&chrome->out);
}

const struct vgpu_exporter vgpu_exporter_chrome = {
	.name = "chrome",
	.help = "JSON that Perfetto and chrome://tracing open",
	.use = "open it in https://ui.perfetto.dev (it stays on this machine)",
	.makes = VGPU_EXPORT_STREAM,
	.open = chrome_open,
	.learn = chrome_learn,
	.event = chrome_event,
	.end = chrome_end,
	.close = chrome_close,
};
