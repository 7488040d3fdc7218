/* SPDX-License-Identifier: Apache-2.0 */
/* What generated wrappers use beside the call path: sizes that only the program knows. */
#ifndef VGPU_API_WRAP_H
#define VGPU_API_WRAP_H

#include "shim/entry/call.h"

extern void *vgpu_dispatch[] __attribute__((visibility("hidden")));

/* Text up to its NUL or to room, never more than can be kept and be seen to be cut. */
static inline size_t vgpu_text_bytes(const char *text, uint64_t room)
{
	return text ? strnlen(text, room > VGPU_BLOB_MAX + 1 ? VGPU_BLOB_MAX + 1 : room) : 0;
}

/* A struct that begins with its version, whose low 24 bits are the size that the caller has. */
static inline size_t vgpu_versioned_bytes(const void *data, size_t size)
{
	uint32_t version, stated;

	if (!data)
		return 0;
	memcpy(&version, data, sizeof(version));
	stated = version & 0xffffff;
	if (stated < sizeof(version))
		return sizeof(version);
	return stated < size ? stated : size;
}

/* Counts as the interfaces pass them: negative ones are none. */
static inline uint64_t vgpu_count(int64_t n)
{
	return n > 0 ? (uint64_t)n : 0;
}

static inline uint64_t vgpu_lesser(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

#endif
