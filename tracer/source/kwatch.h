/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel observer as a source: its records become events, and what its processes map is probed. */
#ifndef VGPU_SOURCE_KWATCH_H
#define VGPU_SOURCE_KWATCH_H

#include <stdbool.h>
#include <sys/types.h>

#include "tracer/model/filter.h"
#include "tracer/model/stream.h"
#include "tracer/source/roster.h"

/* One thread uses it. */
struct vgpu_kwatch;

struct vgpu_kwatch_options {
	struct vgpu_roster *roster;
	uint32_t method;      /* enum vgpu_kernel_method */
	uint32_t ring_bytes;  /* of each CPU, 0: a default */
	uint32_t descriptors; /* bits of the descriptors whose writes are recorded, 0: none */
	const char *wait;     /* programs of that name are followed when they start; NULL: none */
	bool everyone;        /* every process that calls a probed function, not only those followed */
	const struct vgpu_filter *filter; /* calls that do not pass need not be emitted; NULL: all are wanted */
	bool no_files;        /* do not record which files about GPUs are opened */
	bool stop;            /* threads may be stopped for a moment to see which calls they are in */
	bool foreign_only;    /* leave libraries of ours alone, which keep rings */
	bool objects;         /* OBJECT of each file that is mapped as code: where the link observer does not tell */
	bool no_linker;       /* leave dlopen, dlsym and the linker's errors alone */
	bool returns;         /* libraries and probes: also where C++ exceptions may pass, which a return probe stops */
	const char *const *libraries; /* shell patterns of further library files, ends with NULL; NULL: none */
	const char *const *probes;    /* "LIB:FUNCTION(int,ptr,str)->int", ends with NULL; NULL: none */
	/* A process ended, and EXIT is about to be emitted: what it left elsewhere must be read now. May be NULL. */
	void (*ending)(void *data, struct vgpu_known *known);
	void *data;
	char *why;            /* where an error is explained; may be NULL */
	size_t why_size;
};

/* options are copied, what they point to is not. 0, or -errno with the reason in options->why. */
int vgpu_kwatch_open(struct vgpu_kwatch **out, const struct vgpu_kwatch_options *options);
void vgpu_kwatch_close(struct vgpu_kwatch *watch); /* takes NULL; probes go at once */

/* Says that the observer is on, from now. */
void vgpu_kwatch_start(struct vgpu_kwatch *watch, struct vgpu_stream *stream);
/*
 * Follows a process and its descendants, those it has and those to come; probes what they map.
 * Emits START and CONTEXT of those that the roster lacks. 0 or -errno (-ESRCH).
 */
int vgpu_kwatch_process(struct vgpu_kwatch *watch, pid_t pid, struct vgpu_stream *stream);
/* Probes one file, whoever maps it; emits PROBES. Its probes are there before anybody calls. 0 or -errno. */
int vgpu_kwatch_file(struct vgpu_kwatch *watch, const char *path, struct vgpu_stream *stream);
/*
 * Probes what a program started with these variables (values, or NULL) would get under the names of
 * the GPU libraries, and the linker itself: so that no call is missed between mapping and probing.
 */
void vgpu_kwatch_candidates(struct vgpu_kwatch *watch, const char *preload, const char *library_path,
			   struct vgpu_stream *stream);

/*
 * Emits what is new. all: also the newest, which else are held back until the next poll (to be used
 * when nothing more will come). Returns the number of records, or -errno.
 */
int vgpu_kwatch_poll(struct vgpu_kwatch *watch, bool all, struct vgpu_stream *stream);
/* Every record of what ended before this moment (CLOCK_MONOTONIC, ns) was emitted. */
uint64_t vgpu_kwatch_complete(const struct vgpu_kwatch *watch);
/* Takes the probes away, emits what is left, the totals, and that the observer is off. */
void vgpu_kwatch_finish(struct vgpu_kwatch *watch, struct vgpu_stream *stream);

struct vgpu_kwatch_totals {
	unsigned processes; /* followed, not ended */
	unsigned ever;      /* followed so far */
	unsigned files;     /* probed */
	unsigned functions;
	uint64_t attach_ns; /* all of it */
	uint64_t detach_ns; /* after vgpu_kwatch_finish */
	uint64_t calls;     /* emitted so far */
};
void vgpu_kwatch_totals(const struct vgpu_kwatch *watch, struct vgpu_kwatch_totals *out);
/* The rung in use: "multi", "tracefs". */
const char *vgpu_kwatch_method(const struct vgpu_kwatch *watch);

#endif
