/* SPDX-License-Identifier: Apache-2.0 */
/* Private to source/kernel/: what its parts share. */
#ifndef VGPU_SOURCE_KERNEL_PRIVATE_H
#define VGPU_SOURCE_KERNEL_PRIVATE_H

#include <sys/stat.h>

#include "tracer/source/kernel/kernel.h"

#define KERNEL_SLOTS 16384u
#define KERNEL_LINKS 32u

/* A place in a file where a probe goes. */
struct kernel_point {
	uint64_t offset;
	uint32_t slot;
	bool on_return; /* a return probe too */
	bool anyone;    /* concerns processes that are not followed, too */
	int error;      /* the kernel would not have it */
};

/* What one batch of probes hangs on, both directions. */
struct kernel_batch {
	struct kernel_batch *next;
	int entry_fd, return_fd;             /* BPF links; -1: none. Of a session the first alone, for both */
	int entry_event_fd, return_event_fd; /* tracefs: perf events; -1 */
	uint32_t entry_event, return_event;  /* tracefs: their numbers, 0: none */
};

/* A file that is probed. */
struct kernel_library {
	struct kernel_library *next;
	char *path;
	char *shown; /* path, or what its functions are reported to lie in */
	dev_t device;
	ino_t inode;
	uint32_t number; /* from 1: the cookie of its events */
	uint32_t flags;  /* of its target */
	struct kernel_batch *batches;
};

struct kernel_slot {
	struct vgpu_kernel_function function;
	char *name;
};

struct kernel_ring {
	int fd;
	uint64_t *consumer;       /* a page of its own, written by us */
	const uint64_t *producer; /* a page, then the data twice over */
	const uint8_t *data;
	uint64_t mask;
};

/* A record that was taken out of its ring and waits for its turn. */
struct kernel_waiting {
	uint64_t time_ns;
	size_t at; /* in `held` */
};

struct vgpu_kernel {
	struct bpf_object *object;
	int entry_fd, return_fd; /* programs; of sessions: both the same */
	int functions_fd, places_fd, followed_fd, hits_fd, totals_fd, held_fd, probed_fd;
	int (*mapped)(void *data, const struct vgpu_bpf_map *map);
	void *mapped_data;
	uint32_t method;
	bool sleeps;
	bool session;            /* one link for entries and returns */
	int tracefs_fd;          /* the root of a tracefs, -1 */
	uint32_t events;         /* defined so far */
	bool functions; /* system calls are seen in their functions, not at the tracepoint of all */
	struct bpf_link *links[KERNEL_LINKS]; /* of the tracepoints */
	unsigned link_count;
	struct kernel_library *libraries;
	uint32_t library_count;
	struct kernel_slot *slots;
	uint32_t slot_count;
	struct kernel_ring *rings;
	unsigned ring_count, cpus;
	uint8_t *held;
	size_t held_size, held_room;
	struct kernel_waiting *waiting;
	size_t waiting_count, waiting_room;
	uint8_t *blobs; /* of the record being delivered */
	uint64_t complete_ns;
};

/* Has the kernel take the programs that these options need: by kernel->cpus, method, sleeps and functions. */
int kernel_load(struct vgpu_kernel *kernel, const struct vgpu_kernel_options *options);

/* ---- attaching ---- */

/*
 * One rung of the ladder. Attaches all points of a library in one direction or none of them: 0, or
 * -errno of the first that the kernel refused.
 */
struct kernel_rung {
	int (*attach)(struct vgpu_kernel *kernel, struct kernel_library *library, const struct kernel_point *points,
		      uint32_t count, struct kernel_batch *batch);
	/* Ends one direction: blocks for some 40 ms. Batches may be ended by several threads at a time. */
	void (*end)(struct kernel_batch *batch, bool on_return);
	/* After both ends: takes away what they were made of. May be NULL. */
	void (*forget)(struct vgpu_kernel *kernel, struct kernel_batch *batch);
};
extern const struct kernel_rung kernel_multi, kernel_tracefs;

/* Takes away what observers that were killed left behind: see struct vgpu_kernel_leftovers. */
void kernel_tracefs_sweep(int tracefs_fd);
/* A descriptor of a tracefs root, mounted for this process alone where none is; or -errno. */
int kernel_tracefs_open(void);
/* BPF_LINK_CREATE with attributes that libbpf and the headers may not know yet: a descriptor, or -1 with errno. */
int kernel_link_create(const void *attr, size_t size);

/* What BPF_LINK_CREATE takes for many probes at once. */
struct kernel_multi_attr {
	uint32_t prog_fd, target_fd, attach_type, flags;
	uint64_t path, offsets, ref_ctr_offsets, cookies;
	uint32_t count, uprobe_flags, pid, pad;
};
_Static_assert(sizeof(struct kernel_multi_attr) == 64, "the kernel's layout");
#define KERNEL_ATTACH_MULTI   48 /* BPF_TRACE_UPROBE_MULTI */
#define KERNEL_ATTACH_SESSION 57 /* BPF_TRACE_UPROBE_SESSION */

/* 0 where one link can hold many probes. */
int kernel_multi_probe(void);
/* 0 where such a link can hold entries and returns, and the first decide on the second. */
int kernel_session_probe(void);
/* 0 where probes may fault pages in. */
int kernel_sleep_probe(void);
/* 0 where a program can be put at the end of one of the kernel's functions. */
int kernel_function_probe(void);

/* ---- files ---- */

struct kernel_symbol {
	char *name;
	uint64_t offset; /* in the file */
	uint8_t code[16];
	uint8_t code_size;
};

struct kernel_symbols {
	struct kernel_symbol *list; /* by offset, each offset once */
	uint32_t count;
	uint32_t aliases;
	uint32_t library; /* by its note or name */
	bool ours;        /* by its note */
	bool throws;      /* has what it takes for exceptions to pass through it */
};

/* Functions of an ELF file that want() likes; of several names for one place the one that the description has. */
int kernel_symbols_read(const char *path, const struct vgpu_kernel_target *target, struct kernel_symbols *out);
void kernel_symbols_free(struct kernel_symbols *symbols);

/* ---- captures ---- */

/* What is recorded of a function, for the kernel side; false: part of it does not fit and is left out. */
bool kernel_capture_compile(const struct vgpu_function *function, struct vgpu_bpf_function *out);
/* A record's raw words as the ring has them; and its blobs with those of structs passed by value. */
void kernel_capture_convert(struct vgpu_kernel *kernel, const struct vgpu_bpf_call *call, struct vgpu_kernel_record *out);

/* ---- rings ---- */

int kernel_ring_open(struct kernel_ring *ring, uint32_t bytes);
void kernel_ring_close(struct kernel_ring *ring);

void kernel_say(char *why, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));
uint64_t kernel_now_ns(void);

#endif
