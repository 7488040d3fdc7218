/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of the auditor share. Nothing here is seen outside of it. */
#ifndef VGPU_AUDIT_AUDIT_H
#define VGPU_AUDIT_AUDIT_H

#include <stdbool.h>
#include <link.h>

#include "shim/audit/layout.h"

/*
 * Everything runs inside the dynamic linker, most of it under its lock, in any thread and on any
 * stack, small ones included: frames of a few hundred bytes, but for what runs only before the
 * program's first instruction (start, exec). No libc, no TLS, errno is not touched.
 *
 * System calls are made, and the processor's counter is read, only before the first CONSISTENT, and
 * later only where the linker makes such calls itself (la_objsearch, la_objopen): a program may
 * have given them up. Symbols bound and failures are recorded without.
 */
#pragma GCC visibility push(hidden)

/* What the kernel put on the stack of the new program. */
struct audit_stack {
	uint64_t argc;
	char **argv, **env;
	const ElfW(auxv_t) *auxv;
	char *arg_start, *arg_end; /* the arguments' strings, NULL: not known */
};

struct audit {
	struct vgpu_arena *arena;      /* NULL: nothing is recorded; only the TLS watch is on */
	struct vgpu_link_start *start;
	uint32_t *family;              /* in a page that a fork wipes: 0 in a new child, see record.c */
	uint32_t tid_offset;           /* of the thread's id in its descriptor, 0: not known */
	uint32_t counter;              /* enum vgpu_counter */
	uint32_t opened;
	uint32_t activity;             /* being done: enum of la_activity */
	bool started;                  /* past the first CONSISTENT */
	bool plain_noted;
	struct audit_stack stack;
	const struct link_map *main_map, *linker, *libc;
};
extern struct audit audit;

/* ---- record.c ---- */

/*
 * Room for a record of that kind: `fixed` bytes, then its strings (NULL: ""). All zero but for its
 * head. NULL when there is no ring or no room; what is not about GPUs has less of it. Commit it.
 */
#define AUDIT_PLAIN (1u << 16) /* among the flags: such a record of that kind may be dropped for others, too */
void *audit_record_room(enum vgpu_link_kind kind, size_t fixed, size_t text_bytes, unsigned flags,
			enum vgpu_link_vendor vendor);
void *audit_record(enum vgpu_link_kind kind, size_t fixed, const char *const *texts, unsigned count,
		   unsigned flags, enum vgpu_link_vendor vendor);
void audit_commit(void *record);
void audit_note(enum vgpu_link_kind kind, enum vgpu_link_reason reason, long code, uint64_t value,
		uint64_t limit, uint64_t given, const char *text);
/* A forked child that has not written yet; that it ends is not worth a record. */
bool audit_new_child(void);

/* ---- arena.c ---- */

/* Makes the ring in that directory; 0 or -errno. */
int audit_arena_open(const char *directory, const char *session, struct vgpu_process *process);
/* Makes sure that `room` bytes can be written, as far as the file goes. Only where system calls are allowed. */
void audit_arena_grow(uint32_t room);

/* ---- clock.c ---- */

void audit_clock_open(uint64_t vdso);
uint32_t audit_clock_kind(void); /* enum vgpu_counter */
uint64_t audit_clock_now(void);    /* only where system calls are allowed */
uint64_t audit_clock_coarse(void); /* CLOCK_MONOTONIC at the last tick, 0: not to be had; no system call, no counter */
void audit_clock_anchor(void);

/* ---- start.c ---- */

/* Takes the stack apart. */
void audit_stack_read(struct audit_stack *stack, uint64_t *start);
uint64_t audit_stack_aux(const struct audit_stack *stack, uint64_t type); /* 0: not there */
const char *audit_stack_env(const struct audit_stack *stack, const char *name);
/* This process's stack, start time and parent; 0 or -errno where /proc does not say. */
int audit_stack_find(struct vgpu_process *process);
/* The rest of who it is, and the machine's clock. */
void audit_identity_read(struct vgpu_process *process);
/* START and the TEXT records. */
void audit_start_record(unsigned version);

/* ---- elf.c ---- */

struct audit_elf {
	uintptr_t base;
	const ElfW(Sym) *symbols;
	const char *strings;
	const uint32_t *gnu_hash, *sysv_hash;
	const char *soname; /* "": none */
	uint64_t flags;     /* DT_FLAGS */
};
void audit_elf_read(struct audit_elf *elf, const struct link_map *map);
/* The defined symbol of that name, any version; NULL: none. */
const ElfW(Sym) *audit_elf_find(const struct audit_elf *elf, const char *name);

/* Finds where a link_map has its program headers; false: this linker is not understood. */
bool audit_phdr_learn(const struct link_map *main_map);
const ElfW(Phdr) *audit_phdr(const struct link_map *map, unsigned *count);
/* Whether the address lies in code of that object. */
bool audit_phdr_is_code(const struct link_map *map, uintptr_t address);

/* ---- tls.c ---- */

/* Looks at the environment that a former self left, and hides it from the program. */
void audit_tls_start(void);
/* Counts an object; may not return: the program starts again. */
void audit_tls_object(const struct link_map *map, const struct audit_elf *elf, bool is_main);
void audit_tls_consistent(void);
bool audit_tls_again(void);
/* Executes the program again, without this auditor. Returns when that does not work. */
void audit_exec_without(enum vgpu_link_reason reason, uint64_t value, uint64_t limit, const char *text);

/* ---- exec.c ---- */

/* Executes the program again with these variables added (NULL: none), or without us in LD_AUDIT. Returns -errno. */
long audit_exec(const char *const add[2], bool without);

/* ---- error.c ---- */

/* Before the program's first constructor. */
void audit_error_install(void);
/* Another libc was mapped (dlmopen), or goes. */
void audit_error_libc(const struct link_map *map, bool opened);

/* ---- redirect.c ---- */

void audit_redirect_start(void);
/* The file to load in place of that name; NULL: the name itself. */
const char *audit_redirect(const char *name, const struct link_map *requester);

/* ---- vendors.c ---- */

struct audit_gpu {
	enum vgpu_link_vendor vendor; /* NONE: not about GPUs */
	bool bind;                    /* its symbols are worth a record each */
};
struct audit_gpu audit_gpu_file(const char *path);
enum vgpu_link_vendor audit_gpu_symbol(const char *name);
/* By what a library exports. */
struct audit_gpu audit_gpu_exports(const struct audit_elf *elf);
bool audit_env_wanted(const char *variable);

#pragma GCC visibility pop
#endif
