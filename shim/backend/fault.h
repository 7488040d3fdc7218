/* SPDX-License-Identifier: Apache-2.0 */
/* Faults on demand: entry points that fail, hang, lie or are missing because the device file says so. */
#ifndef VGPU_BACKEND_FAULT_H
#define VGPU_BACKEND_FAULT_H

#include <stdint.h>

#include "shim/entry/library.h"

#pragma GCC visibility push(hidden)

/*
 * Reads the [fault] sections of $VGPU_DEVICE, and puts stubs in the places of the dispatch table
 * that they name; everything else stays as it is and costs nothing. Called after a backend filled the
 * table: at a library's first call, and again in a forked child, where calls are counted from 1.
 */
void vgpu_fault_open(const struct vgpu_library *library, void **dispatch,
		     void (*say)(int level, const char *format, ...) __attribute__((format(printf, 2, 3))));

/* For a backend that changes a place of the table later on: the stub, where there is one, stays in front. */
void vgpu_fault_replace(const struct vgpu_library *library, uint32_t number, void *function);

enum vgpu_fault_answer { VGPU_FAULT_NONE, VGPU_FAULT_MISSING, VGPU_FAULT_NULL };
/* What cuGetProcAddress is to say of an entry point. */
enum vgpu_fault_answer vgpu_fault_lookup(uint32_t function);

#pragma GCC visibility pop
#endif
