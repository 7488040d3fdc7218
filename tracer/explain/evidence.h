/* SPDX-License-Identifier: Apache-2.0 */
/* What was seen of each process that bears on its GPU discovery: condensed, bounded, with event numbers. */
#ifndef VGPU_EXPLAIN_EVIDENCE_H
#define VGPU_EXPLAIN_EVIDENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "tracer/model/event.h"
#include "tracer/model/model.h"

/* What kind of library a name, a path or a SONAME stands for; from the vendor tables (vendors.c). */
enum vgpu_part {
	VGPU_PART_NONE,
	VGPU_PART_DRIVER,  /* libcuda.so.1 */
	VGPU_PART_RUNTIME, /* libcudart.so.N */
	VGPU_PART_MONITOR, /* libnvidia-ml.so.1 */
	VGPU_PART_BACKEND, /* a client's own GPU backend: libggml-cuda.so */
	VGPU_PART_HELPER,  /* what those need: libcublas.so.N, libggml-base.so */
};

/* A load that was asked for: dlopen of a GPU library, or of one that names a GPU library in its refusal. */
struct vgpu_seen_load {
	uint64_t event;
	const char *name, *error, *object_name, *caller;
	const char *symbol; /* that the linker's words say is missing, NULL: none */
	enum vgpu_part part;
	bool failed, mended; /* mended: another load of the same part succeeded */
	int32_t code;
};

struct vgpu_seen_symbol {
	uint64_t event;
	const char *name, *version, *from, *to;
	bool missing, found_later;
};

struct vgpu_seen_object {
	uint64_t event, time_ns;
	const char *path, *soname;
	uint64_t handle, device, inode;
	enum vgpu_part part;
	uint32_t library; /* ours */
	uint32_t flags;
	uint8_t build_id[20], build_id_size;
	bool gone, linked;
	bool preload; /* LD_PRELOAD names it: it is there whether or not the program wants it */
};

/* All that was tried for one file name. */
struct vgpu_seen_search {
	uint64_t first_event, last_event;
	const char *name;  /* without its directory */
	const char *there; /* the first of them that is there, NULL: none */
	const char *last;  /* the last one tried */
	const char *requester;
	enum vgpu_part part;
	uint32_t tried, found;
	int32_t error;     /* of the last that is not there, other than ENOENT */
	bool preload;      /* only ever for LD_PRELOAD */
};

struct vgpu_seen_call {
	uint32_t function;
	const char *name;
	uint64_t calls, failures;
	uint64_t success, failure; /* the first of each: event numbers */
	int32_t result;            /* of the first failure */
	int32_t last;              /* the latest result */
	uint64_t last_event;
	uint64_t first_ns, failed_ns; /* of the first, of the first that failed */
	bool nested;               /* only ever made by another traced call */
	uint8_t tells;             /* what it is asked for; evidence_calls.c */
	uint32_t device_rows;      /* the same of devices, a bit a row */
};

struct vgpu_seen_device {
	uint64_t event;
	uint32_t layer;   /* enum vgpu_layer */
	int64_t key;      /* ordinal, or handle */
	char name[96], pci[32], uuid_text[96];
	uint8_t uuid[16];
	bool has_uuid, has_pci, has_memory, has_major, has_minor;
	uint64_t uuid_event, pci_event, memory_event, major_event;
	int64_t major, minor;
	char capability[16]; /* "8.6"; "": not asked for */
	int64_t processors; /* -1: not asked */
	uint32_t library;   /* enum vgpu_library_id of whose structure it is */
	uint64_t total, free;
	bool has_free;
};

struct vgpu_seen_pending {
	uint64_t event, duration_ns;
	uint32_t function;
	const char *name;
	bool ended, before; /* before: it was in it when the observer came */
};

/* Of a call that was the first of its function to fail, of one that hangs, or of a crash. */
struct vgpu_seen_stack {
	uint64_t event, time_ns;
	uint32_t kind;  /* enum vgpu_event_kind */
	uint32_t count, end; /* end: enum vgpu_stack_end */
	const uint64_t *words;
};

struct vgpu_seen_text {
	uint64_t event;
	const char *text;
	int32_t code;
};

struct vgpu_pool;

/* Arrays of at most so many; what is past that is counted in `more`. */
#define VGPU_SEEN_MAX 256u
#define VGPU_SEEN_LIST(type, name)  \
	struct {                    \
		type *at;           \
		uint32_t count, more; \
	} name

/* One program that one process ran: an exec begins another. */
struct vgpu_seen_process {
	uint32_t number;
	const struct vgpu_model *model;
	struct vgpu_pool *pool;
	/* context */
	bool has_env, has_stderr, executed;
	const char *env; /* NUL-separated */
	uint32_t env_size;
	const char *stderr_target;
	bool said; /* what it wrote there was recorded */
	uint64_t context_event;
	/* link observer */
	bool link, link_started, link_withdrawn;
	const char *link_why; /* why it was not there */
	uint64_t link_event;
	bool loading; /* objects were mapped since the last LINKED */
	uint64_t loading_event;
	bool initialising; /* LINKED came, and the dlopen that it belongs to has not returned */
	const char *initialising_path;
	uint64_t initialising_event;
	const char *preload_missing; /* a GPU library that LD_PRELOAD names, and that is not there */
	uint64_t preload_event;
	const char *start_missing; /* during the start: the last name that was not found */
	uint64_t start_missing_event;
	const char *start_error, *start_error_object; /* the linker's last words to a program that never started */
	uint64_t start_error_event;
	VGPU_SEEN_LIST(struct vgpu_seen_load, loads);
	VGPU_SEEN_LIST(struct vgpu_seen_symbol, symbols); /* by dlsym: GPU symbols */
	VGPU_SEEN_LIST(struct vgpu_seen_object, objects); /* GPU libraries */
	VGPU_SEEN_LIST(struct vgpu_seen_search, searches);
	/* calls */
	bool ring, kernel; /* calls of this process were observed, by whom */
	VGPU_SEEN_LIST(struct vgpu_seen_call, calls);
	VGPU_SEEN_LIST(struct vgpu_seen_device, devices);
	VGPU_SEEN_LIST(struct vgpu_seen_pending, pending);
	VGPU_SEEN_LIST(struct vgpu_seen_text, gates);
	VGPU_SEEN_LIST(struct vgpu_seen_text, lookups); /* cuGetProcAddress: names not found, or NULL in spite of a status that says found (code -1) */
	VGPU_SEEN_LIST(struct vgpu_seen_text, files); /* opens of GPU device nodes that failed */
	VGPU_SEEN_LIST(struct vgpu_seen_text, images); /* architectures of device code, each once: "sm_90", "compute_90" */
	char architectures[192]; /* the same as one text, cut where it is long; "": no device code was seen */
	VGPU_SEEN_LIST(struct vgpu_seen_stack, stacks);
	uint64_t losses;
	int64_t count; /* devices, the highest that was counted; -1: never counted */
	uint64_t count_event;
	uint32_t count_layer;
	uint64_t launch_event;   /* the first launch that was refused with more than 48 KiB of shared memory, 0: none */
	uint32_t launch_bytes, launch_function;
	int64_t driver_version, runtime_version; /* 0: not asked */
	uint64_t driver_version_event;
	/* the end */
	bool ended;
	uint32_t exit_how;
	int32_t exit_status;
	uint64_t exit_event, end_ns, start_ns;
	bool crash;
	uint64_t crash_event;
	const char *crash_object, *crash_symbol, *crash_initialising; /* the library whose dlopen it was in, NULL: none */
	int32_t crash_signal;
};

struct vgpu_seen_fact {
	uint64_t event;
	const char *name, *subject, *value;
	int32_t error;
};

struct vgpu_seen_log {
	uint64_t event, line;
	const char *text;
};

/* A sink: all processes of a stream, and what is known of the machine. */
struct vgpu_evidence_set {
	struct vgpu_sink sink;
	struct vgpu_model *model;
	struct vgpu_pool *pool;
	struct vgpu_seen_process **processes; /* by number - 1; places may be NULL */
	uint32_t process_count;
	VGPU_SEEN_LIST(struct vgpu_seen_fact, facts);
	VGPU_SEEN_LIST(struct vgpu_seen_log, logs);
};

/* The model must get every event before this does, and outlive it. */
int vgpu_evidence_open(struct vgpu_evidence_set **out, struct vgpu_model *model);
void vgpu_evidence_close(struct vgpu_evidence_set *set); /* takes NULL */
/* The same again, of a copy of the model. Each pointer in these structures has its place in evidence_copy.c. */
int vgpu_evidence_copy(struct vgpu_evidence_set **out, const struct vgpu_evidence_set *from, struct vgpu_model *model);

/* A variable of the process as its observers saw it; NULL: not set, or not known (see has_env). */
const char *vgpu_seen_env(const struct vgpu_seen_process *process, const char *name);
/*
 * Whether CUDA_VISIBLE_DEVICES leaves no device: 1 (empty, -1), 0 (not set, or the first one is named
 * first), -1: that depends on the devices, or the environment is not known.
 */
int vgpu_seen_hidden(const struct vgpu_seen_process *process);
/* A signal that tells of a fault of the program's own: not one that somebody sent to end it. */
bool vgpu_seen_fault(int32_t signal);
/* A call by its name (patterns with commas), the first that was recorded; NULL: none. */
const struct vgpu_seen_call *vgpu_seen_call(const struct vgpu_seen_process *process, const char *names);
/* The stack of an event, NULL: none is kept. */
const struct vgpu_seen_stack *vgpu_seen_stack(const struct vgpu_seen_process *process, uint64_t event);
/* A library of that part that stayed mapped, NULL: none. */
const struct vgpu_seen_object *vgpu_seen_object(const struct vgpu_seen_process *process, enum vgpu_part part);
/* Whether calls into what the process loaded were observed from its start, so that none means none. */
bool vgpu_seen_calls_known(const struct vgpu_evidence_set *set, const struct vgpu_seen_process *process);
/* Whether something that this program did may have been seen and not be on record, since the file was held to a size. */
bool vgpu_seen_gap(const struct vgpu_seen_process *process);
/*
 * Whether all that says if a device was found is on record, unless it was lost: then what is not there
 * may be a reason. Neither a filter nor a gap left any of it out.
 */
bool vgpu_seen_discovery_known(const struct vgpu_seen_process *process);
/* Whether the recording's filter, if it has one, lets all calls of a function through. */
bool vgpu_seen_all_calls(const struct vgpu_seen_process *process, uint32_t function);
/* Whether the dynamic linker was observed there from the start. */
bool vgpu_seen_link_known(const struct vgpu_seen_process *process);

/* ---- vendors.c: names, as data ---- */
enum vgpu_part vgpu_vendor_part(const char *path);
/* "the CUDA driver", "NVIDIA's management library" */
const char *vgpu_part_title(enum vgpu_part part);
/* Which layer a call belongs to by its name: "cuda…" runtime, "cu…" driver, "nvml…" NVML; VGPU_LAYERS: none. */
uint32_t vgpu_vendor_layer(const char *function);

#endif
