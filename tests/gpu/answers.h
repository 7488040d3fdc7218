/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of gpu_answers share: the libraries asked, and a line of the table. */
#ifndef VGPU_TESTS_GPU_ANSWERS_H
#define VGPU_TESTS_GPU_ANSWERS_H

#include <stdbool.h>
#include <stdint.h>

#include "gen/cuda_calls.h"
#include "gen/nvml_calls.h"
#include "shim/api/schema.h"

/*
 * A line is SECTION, SUBJECT, RESULT, VALUE, with tabs between; RESULT is the code's name. Values that
 * would tell one machine from another (UUIDs, serial numbers, host names) are replaced by what they
 * look like.
 */
void row(const char *section, const char *subject, const char *result, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
const char *status_name(uint32_t library, int64_t result);
/* The value of a type at bytes, in one line. Valid until the next call. */
const char *show(const struct vgpu_type *type, const char *name, const void *bytes, size_t size, uint8_t redact);

/* All entry points, NULL where the library exports none. Filled by load_…; false: no such library. */
extern struct vgpu_cuda_calls cu;
extern struct vgpu_nvml_calls nv;
extern void *cuda_handle, *nvml_handle;
bool load_cuda(void);
bool load_nvml(void);

/*
 * Calls ask(0), ask(1), … until it returns false, in a child process: one that crashes or hangs costs
 * its own line (section, "item N") and no other. begin, if not NULL, runs first in each child.
 */
void in_children(const char *section, void (*begin)(void), bool (*ask)(unsigned i));

int answers_driver(void);
int answers_exports(void);
int answers_lookups(void);
int answers_nvml(void);
int answers_runtime(void);
int answers_misuse(void);

#endif
