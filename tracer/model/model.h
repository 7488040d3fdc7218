/* SPDX-License-Identifier: Apache-2.0 */
/* What a stream of events has said so far: session, processes, libraries, counts. A sink. */
#ifndef VGPU_MODEL_MODEL_H
#define VGPU_MODEL_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "tracer/model/event.h"
#include "tracer/model/stream.h"

/* Room for every number that a library's functions may have soon. */
#define VGPU_MODEL_FUNCTIONS 2048u

struct vgpu_model_library {
	uint32_t library; /* enum vgpu_library_id */
	uint64_t schema_hash;
	char *backend;
	char *path;
	uint8_t build_id[20];
	uint8_t build_id_size;
};

struct vgpu_model_process {
	uint32_t number;
	uint32_t parent; /* 0: none in this stream */
	int32_t pid;     /* as the tracer sees it; else as it sees itself */
	int32_t ppid;
	uint32_t execs;
	bool in_session;
	bool started;    /* false: only ever mentioned */
	char *comm;
	char *exe;
	char *argv;      /* NUL-separated */
	uint32_t argv_size;
	char *label;     /* see vgpu_model_label */
	char *container; /* "docker 3f2a9c0b1d4e": its own, else its parent's; NULL: none that is known */
	uint64_t start_ns; /* of its present program */
	bool ended;
	struct vgpu_event_exit exit;
	uint64_t end_ns;
	uint32_t presence; /* enum vgpu_presence */
	uint32_t present_libraries;
	char *presence_why;
	uint64_t calls, failed, unsupported, pending;
	uint64_t first_call_ns, last_call_ns;
	struct vgpu_model_library libraries[VGPU_LIBRARIES]; /* that took a call */
	uint32_t library_count;
};

struct vgpu_model_answer {
	char *soname, *path, *where, *note;
	uint32_t library;
	uint32_t symbols;
	int32_t error;
	uint8_t build_id[20];
	uint8_t build_id_size;
};

struct vgpu_model_coverage {
	bool known, on;
	uint64_t since_ns, until_ns, lost;
	char *how, *why;
};

struct vgpu_model_ring {
	uint64_t number; /* of the RING event */
	uint32_t process;
	uint32_t place;
	int32_t place_errno[4];
	char *path;
	struct vgpu_event_loss loss;
};

struct vgpu_filter;

/* A probe of the user's own that was never placed: what was not called of it was not observed. */
struct vgpu_model_unplaced {
	char *probe, *why; /* "libx.so:send", "was never placed: …" */
};

#define VGPU_MODEL_UNPLACED 64u

struct vgpu_model {
	struct vgpu_sink sink;
	struct vgpu_model_process **processes; /* by number - 1; places may be NULL */
	uint32_t process_count;
	struct vgpu_model_answer *answers;
	uint32_t answer_count;
	struct vgpu_model_ring *rings;
	uint32_t ring_count;
	struct vgpu_model_coverage coverage[8]; /* by bit of enum vgpu_observer */
	struct vgpu_model_unplaced unplaced[VGPU_MODEL_UNPLACED];
	uint32_t unplaced_count;
	bool has_session;
	bool attached; /* to what was running: nothing was put in */
	uint32_t mode; /* enum vgpu_shim_mode */
	char *device, *inject, *ring_dir, *directory;
	char *command; /* NUL-separated */
	uint32_t command_size;
	uint64_t realtime_offset_ns; /* add to time_ns; 0: not known */
	uint64_t first_ns, last_ns;
	uint64_t calls, failed, unsupported, functions, events;
	uint64_t seen[8][VGPU_MODEL_FUNCTIONS / 64];
	struct vgpu_event_gap gap, gap_latest, gap_earlier; /* what was seen and is not on record; of all parts, the latest, those before */
	char *filter;  /* only calls for which this holds are on record; NULL: all */
	struct vgpu_filter *passes; /* the same; NULL: there is none, or this program cannot tell what passes */
	bool foreign_schema; /* a library was described by tables other than ours */
};

int vgpu_model_open(struct vgpu_model **out);
void vgpu_model_close(struct vgpu_model *model); /* takes NULL */
/* The same again, which goes its own way from here on. What is added to these structures is added to model_copy.c. */
int vgpu_model_copy(struct vgpu_model **out, const struct vgpu_model *from);
/* So many calls more, as one that it had as an event; the latest entered at that time. */
void vgpu_model_alike(struct vgpu_model *model, uint32_t process, uint64_t calls, uint64_t time_ns);

/* NULL when the stream did not mention it. */
struct vgpu_model_process *vgpu_model_process(const struct vgpu_model *model, uint32_t number);
/*
 * Its short name: the command's, "runner"; with the pid where another process had the name before,
 * "runner(4718)". Stays what it is until the process becomes another program.
 */
const char *vgpu_model_label(struct vgpu_model *model, uint32_t number);
/* The library's entry of a process, NULL: it took no call there. */
const struct vgpu_model_library *vgpu_model_library(const struct vgpu_model_process *process, uint32_t library);
/* What answers the library's calls there: "sim"; NULL: not known. */
/* The word for what a backend's answers are, where they are no GPU's: "SIMULATED", "REPLAYED"; else NULL. Takes NULL. */
const char *vgpu_backend_made_up(const char *backend);
const char *vgpu_model_backend(const struct vgpu_model_process *process, uint32_t library);
/* Everything that was lost, over all rings. */
void vgpu_model_losses(const struct vgpu_model *model, struct vgpu_event_loss *out);
/* Whether an observer was on at all; its state in *out (may be NULL). */
bool vgpu_model_observed(const struct vgpu_model *model, uint32_t observer, const struct vgpu_model_coverage **out);

#endif
