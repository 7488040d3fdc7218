/* SPDX-License-Identifier: Apache-2.0 */
/* The init gate: a policy by which some processes are told that there is no GPU. Off unless $VGPU_GATE says otherwise. */
#ifndef VGPU_ENTRY_GATE_H
#define VGPU_ENTRY_GATE_H

#include "shim/entry/library.h"

/*
 * VGPU_GATE="WORD WORD…": a process is let in only where every word holds.
 *
 *	comm=PATTERN|PATTERN…	its name is like one of them ('*' stands for anything)
 *	age=MS			it has been there for so many milliseconds (counted in the kernel's clock ticks)
 *
 * The decision is taken once, at a library's first call in a process; what may not initialise gets a stub in the
 * dispatch table, so nothing costs anything later. Each decision is a GATE record with its reason, where there is a
 * policy at all. Called after a backend filled the table, and again in a forked child.
 */
void vgpu_gate_open(const struct vgpu_library *library, void **dispatch)
    __attribute__((visibility("hidden")));

#endif
