/* SPDX-License-Identifier: Apache-2.0 */
/* Names of numbers: enumeration constants, flags, results. */
#ifndef VGPU_MODEL_NAMES_H
#define VGPU_MODEL_NAMES_H

#include <stdbool.h>
#include <stdint.h>

#include "shim/api/schema.h"
#include "tracer/model/text.h"

/* Bytes that all constants of an enumeration begin with and that can be left out (CU_DEVICE_ATTRIBUTE_). */
unsigned vgpu_enum_prefix(const struct vgpu_enum *enumeration);

/*
 * Appends the constant's name without the common prefix, or the flags or-ed with | and what is left
 * in hexadecimal, or the number. Returns true when all of the value had a name.
 */
bool vgpu_enum_format(struct vgpu_text *out, const struct vgpu_enum *enumeration, int64_t value);

/* Appends a result code whole: CUDA_SUCCESS, CUDA_ERROR_NO_DEVICE (100), "error 4711". */
void vgpu_result_format(struct vgpu_text *out, const struct vgpu_enum *status, int64_t value);

/*
 * Whether an integer of this type and parameter or member name counts bytes. function may be NULL. All are of
 * a description, and are told apart by where they are.
 */
bool vgpu_name_is_bytes(const struct vgpu_type *type, const char *name, const char *function);

/* Shell patterns without regard to files: *, ? and [sets]; several may be given, separated by commas. */
bool vgpu_name_matches(const char *patterns, const char *name);

#endif
