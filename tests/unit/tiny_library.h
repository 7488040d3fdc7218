/* SPDX-License-Identifier: Apache-2.0 */
/* A library of three entry points, linked into the test: the entry layer and the ring without the generator. */
#ifndef TESTS_UNIT_TINY_LIBRARY_H
#define TESTS_UNIT_TINY_LIBRARY_H

#include <stdint.h>

#include "shim/entry/library.h"

#define TINY_GET  VGPU_FUNCTION(VGPU_LIBRARY_CUDA, 1)
#define TINY_CALL VGPU_FUNCTION(VGPU_LIBRARY_CUDA, 2)
#define TINY_DATA VGPU_FUNCTION(VGPU_LIBRARY_CUDA, 3)

/* *out = value * 3 + 1; returns value ^ 0x55. */
int tiny_get(int *out, int value, uint64_t tag);
/* Calls back from within the call. */
int tiny_call(void (*function)(void *data), void *data);
/* Passes bytes in: a blob of run-time size. */
int tiny_data(const void *data, uint64_t size, const char *name);

#endif
