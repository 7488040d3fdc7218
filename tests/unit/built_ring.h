/* SPDX-License-Identifier: Apache-2.0 */
/* An arena built by hand and the ring that reads it: one of each a test. */
#ifndef VGPU_TESTS_BUILT_RING_H
#define VGPU_TESTS_BUILT_RING_H

#include "shim/ring/reader.h"
#include "tests/unit/arena_builder.h"
#include "tests/unit/unit.h"

extern char path[64];          /* where the arena is saved */
extern struct built arena;     /* of six chunks */
extern struct vgpu_ring *ring; /* NULL at the start */

/* This program's case, in which every test has these anew. */
TCase *built_case(const char *name);

/* Saves the arena and polls it; the ring stays open from the first time on. */
int poll_built(void);
/* The next event; there must be one. */
struct vgpu_ring_event next(void);
void no_more(void);

#endif
