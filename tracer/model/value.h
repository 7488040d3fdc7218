/* SPDX-License-Identifier: Apache-2.0 */
/* Prints one value by its type: scalars, names, strings, structs, from bytes that may be cut short. */
#ifndef VGPU_MODEL_VALUE_H
#define VGPU_MODEL_VALUE_H

#include <stdint.h>

#include "shim/api/schema.h"
#include "tracer/model/handles.h"
#include "tracer/model/text.h"

/* Where a value stands. */
struct vgpu_value_place {
	const struct vgpu_look *look;
	struct vgpu_handles *handles; /* may be NULL */
	uint32_t process;
	const char *function; /* name, may be NULL */
};

/*
 * Appends the value of `type` whose first `size` bytes lie at `bytes` (any alignment), of `full`
 * bytes in all. name is the parameter's or member's, and may be NULL. Never reads past size; what
 * is missing is shown as "?", what was cut as "…(4096 of 10000 bytes)".
 */
void vgpu_value_format(struct vgpu_text *out, const struct vgpu_value_place *place, const struct vgpu_type *type,
		       const char *name, const void *bytes, size_t size, size_t full);
/* `size` bytes of elements of a type, as an array: [1, 2, …]. Text where the elements are characters. */
void vgpu_value_format_array(struct vgpu_text *out, const struct vgpu_value_place *place,
			     const struct vgpu_type *element, const char *name, const void *bytes, size_t size,
			     size_t full);
/* A NUL-terminated string in at most size bytes, quoted. */
void vgpu_value_format_string(struct vgpu_text *out, const struct vgpu_value_place *place, const void *bytes,
			      size_t size, size_t full);
/* Bytes without inner structure. */
void vgpu_value_format_bytes(struct vgpu_text *out, const struct vgpu_value_place *place, const void *bytes,
			     size_t size, size_t full);

/*
 * The member of a struct by name (of nested anonymous ones, too): *type, and its offset; -1 when
 * there is none.
 */
long vgpu_type_member(const struct vgpu_type *type, const char *name, const struct vgpu_type **member);
/* An integer of at most 8 bytes; 0 where it does not fit. Sign-extended when the type is signed. */
uint64_t vgpu_value_integer(const struct vgpu_type *type, const void *bytes, size_t size);

#endif
