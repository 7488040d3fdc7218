/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 (FIPS 180-4), by parts. */
#ifndef VGPU_MODEL_SHA256_H
#define VGPU_MODEL_SHA256_H

#include <stddef.h>
#include <stdint.h>

#define VGPU_SHA256_BYTES 32

struct vgpu_sha256 {
	uint32_t state[8];
	uint64_t size; /* bytes so far */
	uint8_t block[64];
};

void vgpu_sha256_begin(struct vgpu_sha256 *sha);
void vgpu_sha256_add(struct vgpu_sha256 *sha, const void *bytes, size_t size);
void vgpu_sha256_end(struct vgpu_sha256 *sha, uint8_t out[VGPU_SHA256_BYTES]);

#endif
