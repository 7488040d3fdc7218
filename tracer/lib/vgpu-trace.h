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

/*
 * what: the path of a trace file, or a process's number or name (what its ring holds, also after it
 * ended). -ENOENT or -ESRCH: there is none; -EPROTO: a file that is no trace; -EPROTONOSUPPORT: of a
 * version that this library cannot read; -EACCES.
 */
VGPU_TRACE_API int vgpu_trace_open(struct vgpu_trace **trace, const char *what);
VGPU_TRACE_API void vgpu_trace_close(struct vgpu_trace *trace); /* takes NULL */

/*
 * 1: there is a next event, and the trace is at it; 0: there is none, for the present; -EBADMSG: the
 * file is damaged or cut off here, and what came before is good.
 */
VGPU_TRACE_API int vgpu_trace_next(struct vgpu_trace *trace);
/* Looks for what came since 0 was returned, in a file or a ring that is being written. 1: there is more. */
VGPU_TRACE_API int vgpu_trace_again(struct vgpu_trace *trace);
/* 1: the recording was ended properly. */
VGPU_TRACE_API int vgpu_trace_complete(const struct vgpu_trace *trace);
/* Events in the file, without reading them; 0 of a process. */
VGPU_TRACE_API uint64_t vgpu_trace_events(const struct vgpu_trace *trace);
/* The next event will be the one of that number, or the first after it. Files only; else -ENOTSUP. */
VGPU_TRACE_API int vgpu_trace_seek(struct vgpu_trace *trace, uint64_t number);
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

#ifdef __cplusplus
}
#endif

#endif
