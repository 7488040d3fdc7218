/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel observer: calls, links, forks and ends of processes, seen from outside of them. */
#ifndef VGPU_SOURCE_KERNEL_H
#define VGPU_SOURCE_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "bpf/record.h"
#include "shim/api/schema.h"
#include "shim/ring/layout.h"

/* One thread uses an observer. Everything it attached goes away with it, also where it is killed. */
struct vgpu_kernel;

enum vgpu_kernel_method {
	VGPU_KERNEL_AUTO = 0,
	VGPU_KERNEL_MULTI = 1,   /* one link for all probes of a library: Linux 6.6 */
	VGPU_KERNEL_TRACEFS = 2, /* one trace event for them: Linux 5.15 */
};
const char *vgpu_kernel_method_name(uint32_t method);

struct vgpu_kernel_options {
	uint32_t method;      /* enum vgpu_kernel_method */
	uint32_t ring_bytes;  /* of each CPU, 0: 1 MiB; rounded up to a power of two */
	bool everyone;        /* every process that calls a probed function, not only those followed */
	const char *wait;     /* a program of that name is followed when it starts; NULL: none */
	bool no_sleep;        /* as on kernels whose probes cannot fault pages in */
	bool no_session;      /* as on kernels before 6.13: entries and returns are probed apart */
	bool frames;          /* stacks: of signals, and of what a function returns to one place for the first time */
	bool files;           /* which files about GPUs are opened, and what came of it */
	bool all_syscalls;    /* these two at the tracepoint of all system calls, even where there is better */
	const char *const *names; /* how the names of files begin that are to be probed when mapped; ends with NULL */
	bool hold;            /* a thread that maps such a file waits a moment for `mapped`, 100 ms at most */
	/*
	 * Such a file was mapped: called as soon as that is known, out of turn, to probe it. Returns 0
	 * where all of it was probed before. May be NULL.
	 */
	int (*mapped)(void *data, const struct vgpu_bpf_map *map);
	void *mapped_data;
	/* Only some calls, of those that return: */
	bool only_failed;     /* those that failed, where the function has a status */
	uint64_t least_ns;    /* those that took so long */
	uint32_t only_tid;    /* those of a thread, as its own pid namespace has it; 0: of all */
	uint32_t descriptors; /* bits of the descriptors whose writes are recorded, 0: none */
	char *why;            /* where an error is explained; may be NULL */
	size_t why_size;
};

/* 0, or -errno with the reason in options->why: what is missing, by name. */
int vgpu_kernel_open(struct vgpu_kernel **out, const struct vgpu_kernel_options *options);
void vgpu_kernel_close(struct vgpu_kernel *kernel); /* takes NULL */
/* The method in use. */
uint32_t vgpu_kernel_method(const struct vgpu_kernel *kernel);
/* false: values on pages that are not there are "not readable". */
bool vgpu_kernel_sleeps(const struct vgpu_kernel *kernel);
/* true: one link has entries and returns; who is not followed pays for the entry alone. */
bool vgpu_kernel_session(const struct vgpu_kernel *kernel);
/* true: recording output and files costs only the system calls concerned; false: all of the machine, some 100 ns. */
bool vgpu_kernel_hooks_functions(const struct vgpu_kernel *kernel);

/*
 * Has a record made of every call that is in flight now (VGPU_BPF_CALL_LIVE), to be drained as all
 * others. One that is entered or left meanwhile may be missing, or be there though it has returned.
 */
int vgpu_kernel_inflight(struct vgpu_kernel *kernel);

/* This process (a number as the caller's pid namespace has it), its descendants, and those it has already. */
int vgpu_kernel_follow(struct vgpu_kernel *kernel, pid_t pid);
/* It is followed. */
bool vgpu_kernel_follows(const struct vgpu_kernel *kernel, pid_t pid);

/* ---- what is probed ---- */

enum vgpu_kernel_target_flags {
	VGPU_KERNEL_LINKER = 1 << 0,  /* not its functions, but dlopen, dlsym and the errors of the dynamic linker */
	VGPU_KERNEL_STATICS = 1 << 1, /* functions of the symbol table too, not only exported ones */
	VGPU_KERNEL_KNOWN = 1 << 2,   /* only functions that the description knows */
	VGPU_KERNEL_ENTRIES = 1 << 3, /* no return probes where C++ exceptions may pass: they do not get past one */
};

struct vgpu_kernel_target {
	uint32_t flags;   /* enum vgpu_kernel_target_flags */
	uint32_t library; /* whose description fits: enum vgpu_library_id; 0: by what the file says it is */
	const char *shown; /* reported as path of its functions; NULL: the path that was given */
	/* Only those it returns true for; NULL: all. */
	bool (*want)(void *data, const char *name);
	/* STATICS: of those that only the symbol table has; NULL: as want. */
	bool (*want_static)(void *data, const char *name);
	/* Types of a function that the description lacks; what it returns stays until the observer is closed. NULL: none. */
	const struct vgpu_function *(*schema)(void *data, const char *name);
	void *data;
};

/* What became of one attach. */
struct vgpu_kernel_attached {
	uint32_t library;   /* enum vgpu_library_id, 0: none of ours fits */
	uint32_t functions; /* that are probed */
	uint32_t aliases;   /* further names of the same functions */
	uint32_t known;     /* of functions: those with types */
	uint32_t moved;     /* probed behind their first instruction: endbr64, or a nop that must not be probed */
	bool entries;       /* no returns, since exceptions may pass: see VGPU_KERNEL_ENTRIES */
	uint32_t emulated;  /* cheap ones: their instruction is not stepped over */
	uint32_t refused;   /* that the kernel would not probe */
	int refused_error;  /* why, -errno of the last */
	char refused_name[64];
	uint64_t attach_ns;
};

/*
 * Probes a library or program file for every process that maps it, now or later. A file (device and
 * inode) that is probed already is left as it is: 0, with functions 0. out and target may be NULL.
 * -ENOENT: nothing in it to probe.
 */
int vgpu_kernel_attach(struct vgpu_kernel *kernel, const char *path, const struct vgpu_kernel_target *target,
		       struct vgpu_kernel_attached *out);
/* The GPU libraries, libc and ld.so that a process maps. Returns how many files were attached anew, or -errno. */
int vgpu_kernel_attach_process(struct vgpu_kernel *kernel, pid_t pid);
/* It is given device code, of which a record is made as well. */
bool vgpu_kernel_takes_image(const char *function);
/* Takes all probes away; what is in the rings stays to be drained. Returns the time it took, in ns. */
uint64_t vgpu_kernel_detach(struct vgpu_kernel *kernel);
/* The library that a file name stands for: enum vgpu_library_id, 0: none. */
uint32_t vgpu_kernel_library_of(const char *path);

/* ---- prediction, without attaching ---- */

enum vgpu_first_instruction {
	VGPU_FIRST_UNKNOWN = 0,
	VGPU_FIRST_EMULATED = 1, /* nop, push, call, jmp: about 0.4 µs a hit */
	VGPU_FIRST_STEPPED = 2,  /* any other: 0.9 µs on bare metal, 14 µs in a virtual machine */
	VGPU_FIRST_REFUSED = 3,  /* int3, hlt: cannot be probed; Linux notices only in files that are mapped */
};

struct vgpu_kernel_prediction {
	uint32_t functions;
	uint32_t emulated;
	uint32_t stepped;
	uint32_t moved;
	uint32_t refused;
};
int vgpu_kernel_predict(const char *path, const struct vgpu_kernel_target *target, struct vgpu_kernel_prediction *out);

/*
 * Where a function whose code begins with these bytes is probed: bytes behind its start. A
 * multi-byte nop is passed over: the kernel would rewrite it in a way that a fork does not survive.
 */
uint32_t vgpu_first_instruction(const uint8_t *code, size_t size, uint32_t *first);

/* ---- what was seen ---- */

struct vgpu_kernel_function {
	uint32_t slot;
	uint32_t id;              /* VGPU_FUNCTION(), 0: not in the description */
	const char *name;
	const char *path;         /* of its library: see struct vgpu_kernel_target */
	uint64_t offset;          /* of the function in the file */
	const struct vgpu_function *schema; /* NULL: raw arguments */
	bool ours;                /* its library has a ring */
};
/* NULL: no such slot. Valid until the observer is closed. */
const struct vgpu_kernel_function *vgpu_kernel_function(const struct vgpu_kernel *kernel, uint32_t slot);
uint32_t vgpu_kernel_functions(const struct vgpu_kernel *kernel); /* slots in use: [0, n) */

struct vgpu_kernel_record {
	const struct vgpu_bpf_head *head; /* the record as it came; 8-byte aligned */
	/* Of a call, as the ring would have it: words by parameter, and blobs (struct vgpu_blob). */
	const struct vgpu_kernel_function *function;
	uint64_t args[VGPU_ARGS_MAX];
	uint32_t nargs;
	uint32_t blobs_size;
	const uint8_t *blobs;
	uint16_t call_flags; /* enum vgpu_call_flags */
};

/* Returns 0 to go on; anything else ends the draining, which returns it. The record is valid during the call. */
typedef int (*vgpu_kernel_take)(void *data, const struct vgpu_kernel_record *record);
/* Every record of what ended before this moment (CLOCK_MONOTONIC, ns) was delivered; see vgpu_kernel_drain. */
uint64_t vgpu_kernel_complete(const struct vgpu_kernel *kernel);
/*
 * Takes what the rings hold, of all CPUs by time: a record comes after all that ended before it,
 * but for those whose thread was interrupted between its clock and the ring. The newest are held
 * back until the next call; `all` delivers them too. To be called every few milliseconds.
 * Returns the number of records, or -errno.
 */
int vgpu_kernel_drain(struct vgpu_kernel *kernel, bool all, vgpu_kernel_take take, void *data);

/* Sums over all CPUs. */
int vgpu_kernel_hits(const struct vgpu_kernel *kernel, uint32_t slot, struct vgpu_bpf_hits *out);
int vgpu_kernel_totals(const struct vgpu_kernel *kernel, struct vgpu_bpf_totals *out);
/* The same of one CPU; -ENOENT: there is none of that number. */
int vgpu_kernel_totals_cpu(const struct vgpu_kernel *kernel, uint32_t cpu, struct vgpu_bpf_totals *out);

/* ---- what killed observers left behind ---- */

/* Definitions of trace events, which do nothing; links go with their process. The next observer takes them away. */
struct vgpu_kernel_leftovers {
	unsigned definitions;
	unsigned owners; /* processes that made them and are no more */
	pid_t owner[8];  /* the first of these */
};
/* Looks, and takes nothing away. 0 or -errno: tracefs cannot be looked into. */
int vgpu_kernel_leftovers(struct vgpu_kernel_leftovers *out);

/* ---- what this machine permits ---- */

struct vgpu_kernel_feature {
	const char *name;
	const char *purpose;
	int error; /* 0: there; -errno */
};
/* The table of features, probed now; *count gets its length. */
const struct vgpu_kernel_feature *vgpu_kernel_features(size_t *count);
enum vgpu_kernel_capability {
	VGPU_KERNEL_NEEDS_BPF = 1 << 0,
	VGPU_KERNEL_NEEDS_PERFMON = 1 << 1,
};
/* The capabilities that this process lacks: enum vgpu_kernel_capability, or-ed. */
unsigned vgpu_kernel_lacks(void);
/* 0, or -EPERM with the missing capabilities named in why. */
int vgpu_kernel_permitted(char *why, size_t size);

#endif
