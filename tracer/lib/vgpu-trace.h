/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libvgpu-trace: reads what vgpu-trace recorded, from a file or from a running process.
 *
 *	struct vgpu_trace *trace;
 *
 *	if (!vgpu_trace_open(&trace, "discovery.vgt"))
 *		while (vgpu_trace_next(trace) == 1)
 *			puts(vgpu_trace_text(trace));
 *	vgpu_trace_close(trace);
 *
 * A trace is at one event at a time; all that is asked for is of that event, and every string is valid
 * until the next event is asked for. One thread a trace at a time, and while traces of other versions are
 * open one thread for all of them. Errors are negative errno values. Nothing is printed.
 */
#ifndef VGPU_TRACE_H
#define VGPU_TRACE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define VGPU_TRACE_API __attribute__((visibility("default")))

struct vgpu_trace;

/* Where events come from: a recorded file, a ring that a process left, processes by number or name. */
enum vgpu_trace_source { VGPU_TRACE_FILE, VGPU_TRACE_RING, VGPU_TRACE_PROCESSES };

/*
 * what: the path of a trace file, or of a ring that a process left; or a process's number or name: what
 * the rings of those, and of all that descends from them, hold, also after they ended. -ENOENT or
 * -ESRCH: there is none; -EPROTO: a file that is neither; -EPROTONOSUPPORT: of a version that this
 * library cannot read; -EBADMSG: its head is damaged; -EMEDIUMTYPE: of another byte order; -EACCES.
 */
VGPU_TRACE_API int vgpu_trace_open(struct vgpu_trace **trace, const char *what);
VGPU_TRACE_API void vgpu_trace_close(struct vgpu_trace *trace); /* takes NULL */
/* enum vgpu_trace_source of what would be opened, or the error of a file; whether processes have a record shows when they are. */
VGPU_TRACE_API int vgpu_trace_source(const char *what);
/* Running processes that are meant, and how many of them may not be looked into: more about -ESRCH and -EACCES. */
VGPU_TRACE_API void vgpu_trace_processes(const char *what, unsigned *matched, unsigned *denied);

/*
 * 1: there is a next event, and the trace is at it; 0: there is none, for the present; -EBADMSG: the
 * file is damaged or cut off here, and what came before is good.
 */
VGPU_TRACE_API int vgpu_trace_next(struct vgpu_trace *trace);
/*
 * Looks for what came since 0 was returned (or -EBADMSG: what is cut off may be half written), in a file
 * or rings that are being written. 1: there is more.
 */
VGPU_TRACE_API int vgpu_trace_again(struct vgpu_trace *trace);
/* Waits until there may be more, at most so long (-1: as long as is good), or for a signal. Then look again. */
VGPU_TRACE_API void vgpu_trace_wait(struct vgpu_trace *trace, int timeout_ms);
/* Of processes: nothing more is waited for. The calls that are running and what was lost are the last events. 1: there are some. */
VGPU_TRACE_API int vgpu_trace_finish(struct vgpu_trace *trace);
/* 1: the recording was ended properly; of processes: all have ended, or finish was called. */
VGPU_TRACE_API int vgpu_trace_complete(const struct vgpu_trace *trace);

/* Events in the file, without reading them; 0 of processes. */
VGPU_TRACE_API uint64_t vgpu_trace_events(const struct vgpu_trace *trace);
/* Number of the last event handed out or passed over: the last whole one where a file is damaged. */
VGPU_TRACE_API uint64_t vgpu_trace_position(const struct vgpu_trace *trace);
/* Earliest and latest time in a file, by its index. -ENODATA: there are no events; -ENOTSUP: no file. */
VGPU_TRACE_API int vgpu_trace_times(const struct vgpu_trace *trace, uint64_t *from_ns, uint64_t *upto_ns);
/*
 * What a newer version wrote and this one has no name for; filled while reading. 1, or 0 past the last.
 * field NULL: all events of that kind, of which so many were passed over.
 */
VGPU_TRACE_API int vgpu_trace_unknown(const struct vgpu_trace *trace, unsigned index, const char **kind,
				      const char **field, uint64_t *events);

/*
 * Files: the next event will be the one of that number, or the first after it; the first of the first
 * block (some thousand events) that reaches the time; the one so many before the end. By the index:
 * nothing in between is read. -ENOTSUP of processes.
 */
VGPU_TRACE_API int vgpu_trace_seek(struct vgpu_trace *trace, uint64_t number);
VGPU_TRACE_API int vgpu_trace_seek_time(struct vgpu_trace *trace, uint64_t time_ns);
VGPU_TRACE_API int vgpu_trace_seek_last(struct vgpu_trace *trace, uint64_t events);
/*
 * Files: wanted 0, calls are passed over from here on, and blocks with nothing else are not read. A
 * view of a file's end in no time: first all but calls, so that it is known which processes there are;
 * then seek_last, and calls again.
 */
VGPU_TRACE_API void vgpu_trace_calls(struct vgpu_trace *trace, int wanted);
/* Files: calls outside of this time need not come: blocks with nothing else and outside of it are not read. */
VGPU_TRACE_API void vgpu_trace_window(struct vgpu_trace *trace, uint64_t from_ns, uint64_t upto_ns);
/*
 * From now on only calls, and of them only those that the expression lets through: 'fn ~ "cuMem*" &&
 * ret != 0'; NULL: everything again. -EINVAL: *column (may be NULL) is where it is wrong, from 1.
 */
VGPU_TRACE_API int vgpu_trace_filter(struct vgpu_trace *trace, const char *expression, unsigned *column);

/* ---- of the event that the trace is at ---- */

VGPU_TRACE_API uint64_t vgpu_trace_number(const struct vgpu_trace *trace); /* its place, from 1 */
VGPU_TRACE_API uint64_t vgpu_trace_time_ns(const struct vgpu_trace *trace); /* CLOCK_MONOTONIC; of a call: when it was entered */
VGPU_TRACE_API const char *vgpu_trace_kind(const struct vgpu_trace *trace); /* "call", "start", "exit", "dl", … */
VGPU_TRACE_API const char *vgpu_trace_process(struct vgpu_trace *trace); /* "runner", "runner(4718)"; NULL: of none */
VGPU_TRACE_API int vgpu_trace_pid(const struct vgpu_trace *trace);
VGPU_TRACE_API int vgpu_trace_tid(const struct vgpu_trace *trace);

/* Of a call; NULL or 0 otherwise. */
VGPU_TRACE_API const char *vgpu_trace_function(const struct vgpu_trace *trace); /* "cuInit" */
VGPU_TRACE_API const char *vgpu_trace_library(const struct vgpu_trace *trace);  /* "cuda", "nvml", "cudart13", "cudart12" */
VGPU_TRACE_API int64_t vgpu_trace_result(const struct vgpu_trace *trace);
VGPU_TRACE_API const char *vgpu_trace_status(const struct vgpu_trace *trace);   /* "CUDA_ERROR_NO_DEVICE"; NULL: returns none */
VGPU_TRACE_API int vgpu_trace_failed(const struct vgpu_trace *trace);           /* 1: it returned an error */
VGPU_TRACE_API int vgpu_trace_returned(const struct vgpu_trace *trace);         /* 0: it was still running, or never did */
VGPU_TRACE_API uint64_t vgpu_trace_duration_ns(const struct vgpu_trace *trace);
VGPU_TRACE_API unsigned vgpu_trace_depth(const struct vgpu_trace *trace);       /* calls it is nested in */

/*
 * What came back in a parameter, or else went into it: "count", "prop.major". 0, or -ENOENT: it is not
 * on record. A string is cut to size - 1 bytes and NUL-terminated.
 */
VGPU_TRACE_API int vgpu_trace_argument(const struct vgpu_trace *trace, const char *name, uint64_t *value);
VGPU_TRACE_API int vgpu_trace_argument_text(const struct vgpu_trace *trace, const char *name, char *text, size_t size);

/* The whole event: as a person reads it; as one JSON object, in the words of `vgpu-trace dump --json`. */
VGPU_TRACE_API const char *vgpu_trace_text(struct vgpu_trace *trace);
VGPU_TRACE_API const char *vgpu_trace_json(struct vgpu_trace *trace);

/*
 * For code that is built with vgpu-trace's own sources, as its commands are: the event as they have it
 * (tracer/model/event.h; its layout changes with them), until the next is asked for; NULL: at none. After bare nothing is kept of what
 * events said, which is faster; processes then have no names here, and there is no filter.
 */
struct vgpu_event;
VGPU_TRACE_API struct vgpu_event *vgpu_trace_event(struct vgpu_trace *trace);
VGPU_TRACE_API void vgpu_trace_bare(struct vgpu_trace *trace);

#ifdef __cplusplus
}
#endif

#endif
