/* SPDX-License-Identifier: Apache-2.0 */
/* Private to source/kwatch*.c: what its parts share. */
#ifndef VGPU_SOURCE_KWATCH_PRIVATE_H
#define VGPU_SOURCE_KWATCH_PRIVATE_H

#include "tracer/source/kernel/kernel.h"
#include "tracer/source/maps.h"
#include "tracer/source/kwatch.h"
#include "tracer/source/unwind.h"
#include "tracer/source/kwatch_probe.h"

#define KWATCH_BUCKETS 256u

/* The raw stack of the record that comes next, unwound. */
struct kwatch_stack {
	uint32_t tid, slot; /* whose it is; slot ~0: a signal's */
	uint64_t ordinal;
	uint32_t count;     /* 0: none */
	enum vgpu_stack_end end;
	uint64_t words[VGPU_UNWIND_FRAMES];
	uint8_t *raw;       /* as recorded, where it could not be unwound */
	size_t raw_size;
};

struct kwatch_thread {
	uint32_t tid;    /* first pid namespace */
	uint32_t number; /* in the stream */
	uint64_t pending_upto; /* calls in flight below this ordinal were reported */
};

struct kwatch_process {
	struct kwatch_process *next; /* in its bucket */
	uint32_t pid;               /* first pid namespace */
	uint64_t start_ns;          /* CLOCK_BOOTTIME */
	struct vgpu_known *known;
	bool stale;                 /* may map files that were not looked at */
	bool gone;                  /* was seen to be gone, once */
	bool maps_old;              /* maps may have changed since */
	struct vgpu_maps *maps;     /* NULL: not read */
	struct vgpu_mapping *seen;  /* as they were mapped; still known when it is gone */
	uint32_t seen_count, seen_room;
	char unsettled[512];        /* was probed while it was mapped; "": nothing */
	uint64_t unsettled_ns;      /* when the probes were there */
	uint64_t hashed;            /* bytes of its device code */
	char start_error[160];      /* the linker's last words at its start */
	struct vgpu_unwind *unwind; /* NULL: none of its stacks was unwound of late */
	uint64_t unwound_at;        /* the higher, the later */
	struct kwatch_stack *stack; /* NULL: none was recorded yet */
	struct kwatch_thread *threads;
	uint32_t thread_count, thread_room;
};

#define KWATCH_CGROUPS 32u

/* Control groups whose name was read once: of who is gone before anybody can look. */
struct kwatch_cgroup {
	uint64_t id;
	char path[512];
};

struct vgpu_kwatch {
	struct vgpu_kwatch_options options;
	struct kwatch_cgroup cgroups[KWATCH_CGROUPS];
	unsigned next_cgroup;
	struct vgpu_kernel *kernel;
	struct kwatch_probe *probes;
	unsigned probe_count;
	struct kwatch_process *bucket[KWATCH_BUCKETS];
	struct kwatch_process *last; /* of the last record */
	struct vgpu_kwatch_totals totals;
	uint64_t started_ns;
	uint64_t next_look_ns, next_inflight_ns;
	uint64_t unwound; /* stacks so far */
	bool last_look; /* report all calls in flight, of whatever age */
	bool any_stale;
	bool polling;
	struct vgpu_stream *stream; /* during a poll */
};

/* ---- processes ---- */

/* The process of a record, made and started where it is not known yet; NULL: no memory. */
struct kwatch_process *kwatch_process_get(struct vgpu_kwatch *watch, const struct vgpu_bpf_head *head);
/* One that is there already when it is first followed. NULL: gone, or no memory. */
struct kwatch_process *kwatch_process_existing(struct vgpu_kwatch *watch, pid_t pid);
void kwatch_process_record(struct vgpu_kwatch *watch, const struct vgpu_bpf_process *record);
/* It is gone, and no record said so. */
void kwatch_process_gone(struct vgpu_kwatch *watch, struct kwatch_process *process);
void kwatch_processes_free(struct vgpu_kwatch *watch);
/* NULL: no memory. fresh: another thread than the one that had this number before. */
struct kwatch_thread *kwatch_thread_get(struct vgpu_kwatch *watch, struct kwatch_process *process, uint32_t tid,
					bool fresh);
/* Where a descriptor leads, as readlink of /proc/PID/fd has it, as far as that is known; NULL: it is closed. */
const char *kwatch_descriptor(const struct vgpu_bpf_descriptor *descriptor, uint32_t pid, uint32_t number, char *room,
			      size_t size);
/* The file an address lies in, where that can still be found out. */
const struct vgpu_mapping *kwatch_where(struct kwatch_process *process, uint64_t address);

/* ---- files ---- */

/* Looks into a process for files to be probed. */
void kwatch_files_scan(struct vgpu_kwatch *watch, struct kwatch_process *process);
/* One that a process maps. Returns 1 where it was not probed before, 0, or -errno. */
int kwatch_files_mapped(struct vgpu_kwatch *watch, uint32_t pid, const struct vgpu_mapping *mapping);
bool kwatch_files_wanted(struct vgpu_kwatch *watch, const char *path);
/* Says that calls of it may have been missed. */
void kwatch_files_late(struct vgpu_kwatch *watch, const struct kwatch_process *process, const char *path);

/* ---- what is mapped ---- */

/* How the names of files begin that are to be probed: the members point into the options. */
void kwatch_map_names(const struct vgpu_kwatch_options *options, char names[VGPU_BPF_NAMES][VGPU_BPF_NAME + 1],
		      const char *list[VGPU_BPF_NAMES + 1]);
/* Out of turn, while its thread waits; see struct vgpu_kernel_options. */
int kwatch_map_new(void *data, const struct vgpu_bpf_map *map);
void kwatch_map_record(struct vgpu_kwatch *watch, struct kwatch_process *process, const struct vgpu_bpf_map *map);
/* It went on from there: what was probed meanwhile was late, unless it is known to have waited. */
void kwatch_map_settle(struct vgpu_kwatch *watch, struct kwatch_process *process);
/* What it maps already. */
void kwatch_map_before(struct vgpu_kwatch *watch, struct kwatch_process *process);
/* A child has what its parent had. */
void kwatch_map_inherit(struct kwatch_process *process, const struct kwatch_process *parent);
void kwatch_map_forget(struct kwatch_process *process);
/* NULL: not seen. */
const struct vgpu_mapping *kwatch_map_find(const struct kwatch_process *process, uint64_t address);
const struct vgpu_mapping *kwatch_map_inode(const struct kwatch_process *process, uint64_t inode);

/* ---- stacks ---- */

void kwatch_stack_record(struct vgpu_kwatch *watch, struct kwatch_process *process, const struct vgpu_bpf_raw_stack *raw);
/* Of a call or a signal (slot ~0) whose record is there; NULL: it has none. Valid until the next record. */
const struct kwatch_stack *kwatch_stack_take(struct kwatch_process *process, uint32_t tid, uint32_t slot, uint64_t ordinal);
/* Of the program that it ran until now. */
void kwatch_stack_forget(struct kwatch_process *process);

/* ---- calls from before ---- */

/* Stops the threads that may be in a GPU library's function, one at a time and for a moment, and emits PENDING. */
void kwatch_stuck_look(struct vgpu_kwatch *watch, struct kwatch_process *process);

/* ---- device code ---- */

void kwatch_image(struct vgpu_kwatch *watch, struct kwatch_process *process, const struct vgpu_bpf_image *image);

/* ---- records ---- */

/* vgpu_kernel_take; data is the struct vgpu_kwatch. */
int kwatch_record(void *data, const struct vgpu_kernel_record *record);

/* ---- names ---- */

/* "cuModuleLoad+0x1c" of a place in a file; NULL: not known (path may be NULL then). */
const char *kwatch_symbol(const char *path, uint32_t pid, uint64_t offset, char *room, size_t size);

bool kwatch_variable_wanted(const char *variable);
uint32_t kwatch_vendor(const char *name);

#endif
