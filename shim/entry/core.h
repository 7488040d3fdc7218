/* SPDX-License-Identifier: Apache-2.0 */
/* The process's core: one arena, one clock, one ring a thread, for all of our libraries in a process. */
#ifndef VGPU_ENTRY_CORE_H
#define VGPU_ENTRY_CORE_H

#include <stddef.h>
#include <stdint.h>

#include "shim/entry/library.h"
#include "shim/ring/layout.h"

/*
 * Every library holds this code and one struct vgpu_core. At its first call a library looks at all
 * libraries with our ELF note (in link-map order, so all agree) and takes the core of the first one
 * with its own VGPU_CORE_ABI. It reaches that core only through the function pointers in it. The
 * layout of this struct is part of VGPU_CORE_ABI.
 */
struct vgpu_once {
	uint32_t state; /* 0 not run, 1 running, 2 done */
	int32_t pid;    /* who runs it: a fork in between leaves it running for ever */
	int32_t tid;
};

enum vgpu_core_mode {
	VGPU_CORE_OFF = 1, /* switched off, or no arena could be made */
	VGPU_CORE_ON = 2,
};

/* Words of the page that a fork empties (MADV_WIPEONFORK): one a library, then the core's own. */
#define VGPU_WIPE_CORE   VGPU_LIBRARIES        /* 1: the arena is this process's */
#define VGPU_WIPE_WORDS  (VGPU_LIBRARIES + 1)

struct vgpu_core {
	uint32_t abi;         /* VGPU_CORE_ABI */
	uint32_t mode;        /* enum vgpu_core_mode, once started */
	struct vgpu_once once;
	struct vgpu_once refork;
	uint32_t generation;  /* one more in each forked child */
	uint32_t stacks;      /* frames of opt-in stacks, 0: off */
	uint32_t counter;     /* enum vgpu_counter */
	uint32_t libraries;   /* joined so far */
	int32_t pid;
	uint32_t pad;
	struct vgpu_arena *arena;
	uint32_t *wipe;

	int (*start)(struct vgpu_core *core);     /* 0 when this core is usable; runs once, others wait */
	int (*forked)(struct vgpu_core *core);    /* in a child: makes its own arena; runs once, others wait */
	struct vgpu_thread *(*thread_open)(struct vgpu_core *core);  /* the calling thread's ring, made at need; one more user */
	void (*thread_close)(struct vgpu_core *core);                /* one user less */
};

#pragma GCC visibility push(hidden)

/* The core that this library offers. */
extern struct vgpu_core vgpu_core_own;

/* 1: run it now, then call vgpu_once_end; 0: it has been run; -1: it is being run by this very thread. Waits for other threads. */
int vgpu_once_begin(struct vgpu_once *once);
void vgpu_once_end(struct vgpu_once *once);

/* A loaded object that carries our note. */
struct vgpu_found {
	const struct vgpu_library *library; /* its descriptor */
	const char *path;                   /* as the loader knows it */
	uint64_t base;
	const uint8_t *build_id;
	uint32_t build_id_size;
};
/*
 * Walks the objects of this namespace that carry our note and this core ABI; stops when visit returns not 0, and returns that.
 * Takes the loader's own lock for a moment: only at a first call.
 */
int vgpu_found_each(int (*visit)(const struct vgpu_found *found, void *data), void *data);

/* Loads libunwind for opt-in stacks. 0 or -errno. */
int vgpu_stacks_open(void);

#pragma GCC visibility pop
#endif
