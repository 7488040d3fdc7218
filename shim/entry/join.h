/* SPDX-License-Identifier: Apache-2.0 */
/* How this library becomes part of the process's core. */
#ifndef VGPU_ENTRY_JOIN_H
#define VGPU_ENTRY_JOIN_H

#include <stdint.h>

struct vgpu_core;

#pragma GCC visibility push(hidden)

/*
 * Opens the backend and joins the core, once; again in a forked child. Afterwards dispatch is
 * filled and vgpu_local holds. Returns the core when calls are to be recorded, else NULL.
 */
struct vgpu_core *vgpu_join(void);

/* The core joined, NULL before. */
extern struct vgpu_core *vgpu_joined;

/* The calling thread has its ring now: have it closed when the thread ends. */
void vgpu_join_thread(void);

/*
 * The library behind us called this function of ours from within itself without end: it opens the
 * driver by its name, and got us. From now on it is told that there is none, and the trace says so.
 */
void vgpu_join_break(uint32_t function);

/* Counts a call that is not recorded since its thread has no ring. */
void vgpu_join_count_refused(void);

#pragma GCC visibility pop
#endif
