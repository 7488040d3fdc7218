/* SPDX-License-Identifier: Apache-2.0 */
/* Device code: for which architectures it is, by its headers. Reads foreign bytes, and trusts none of them. */
#ifndef VGPU_SOURCE_IMAGE_H
#define VGPU_SOURCE_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tracer/model/event.h"

#define VGPU_IMAGE_NAMES 1024u
#define VGPU_IMAGE_FAT	 0xba55ed50u /* how a fat binary begins */
#define VGPU_IMAGE_ENTRY 64u /* bytes of the header of each code in it */

struct vgpu_image {
	const char *format; /* "fatbin", "cubin", "ptx", "unknown" */
	uint64_t size;      /* 0: not known from this */
	char cubin[VGPU_IMAGE_NAMES],
	    ptx[VGPU_IMAGE_NAMES]; /* "sm_90", "compute_90", NUL-terminated each, each once */
	uint32_t cubin_size, ptx_size;
};

/*
 * What begins with these bytes. entries: not the bytes as they lie there, but a fat binary's header
 * with so many headers of its codes right behind it.
 */
void vgpu_image_describe(struct vgpu_image *image, const uint8_t *bytes, size_t size,
			 uint32_t entries);

/* Reads up to size bytes at offset; the number of bytes, or -errno. */
typedef ssize_t (*vgpu_image_read)(void *data, uint64_t offset, void *to, size_t size);
/*
 * SHA-256 of the first `size` bytes, or where that is 0 of those before a NUL; of `limit` bytes at most.
 * How many bytes it covers, 0: nothing could be read.
 */
uint64_t vgpu_image_hash(vgpu_image_read read, void *data, uint64_t size, uint64_t limit,
			 uint8_t hash[32]);

#endif
