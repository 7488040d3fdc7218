/* SPDX-License-Identifier: Apache-2.0 */
/* Arrays: elements in rows and slices, in memory that only copies reach. */
#ifndef VGPU_SIM_CUDA_ARRAY_H
#define VGPU_SIM_CUDA_ARRAY_H

#include "shim/backend/sim/cuda/state.h"

#define CUDA_MIP_LEVELS 16u

struct cuda_array {
	struct object object; /* owner: its context */
	CUDA_ARRAY3D_DESCRIPTOR is;
	size_t element; /* bytes of one, all its channels */
	size_t pitch;   /* bytes of a row */
	size_t slice;   /* bytes of a layer or of a depth's step */
	uint64_t address;
	uint64_t bytes;
	bool level; /* of a mipmapped array, which frees it */
};
_Static_assert(sizeof(struct cuda_array) <= OBJECT_BYTES, "a slot holds it");

struct cuda_mipmap {
	struct object object;
	CUDA_ARRAY3D_DESCRIPTOR is;
	uint32_t levels;
	struct cuda_array *level[CUDA_MIP_LEVELS];
};
_Static_assert(sizeof(struct cuda_mipmap) <= OBJECT_BYTES, "a slot holds it");

/* Whether such a box (x and width in bytes) lies within the array. */
bool cuda_array_holds(const struct cuda_array *array, size_t x, size_t y, size_t z, size_t width,
		      size_t height, size_t depth);

/* Bytes of an element of one channel; 0: a format that arrays of plain elements do not have. */
size_t cuda_format_bytes(CUarray_format format);

#endif
