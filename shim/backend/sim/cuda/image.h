/* SPDX-License-Identifier: Apache-2.0 */
/* Device code as far as a driver is asked about it: names of kernels and globals, and their sizes. */
#ifndef VGPU_SIM_CUDA_IMAGE_H
#define VGPU_SIM_CUDA_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct image_param {
	uint32_t offset;
	uint32_t size;
};

struct image_kernel {
	const char *name;
	uint32_t registers;   /* 0: not told */
	uint32_t max_threads; /* of a block; 0: not told */
	uint32_t shared_bytes;
	uint32_t local_bytes;
	uint32_t param_count;
	struct image_param *params; /* by index */
};

struct image_global {
	const char *name;
	uint64_t size;
	const void *init; /* size bytes, or NULL: zeroes; of text, memory of the image's own */
	bool managed;
	bool constant;
};

struct image {
	char *data; /* a copy of the chosen code: names and first values lie in it */
	uint64_t size;
	bool text;        /* PTX */
	uint32_t version; /* of the code: 90 is sm_90 or compute_90 */
	uint32_t kernel_count;
	uint32_t global_count;
	struct image_kernel *kernels;
	struct image_global *globals;
};

enum image_result {
	IMAGE_GOOD,
	IMAGE_INVALID,  /* not device code */
	IMAGE_NO_MATCH, /* none of it is for this device */
	IMAGE_UNREAD,   /* its compression is not known here */
	IMAGE_NO_MEMORY,
};

/*
 * What lies at `at`: a wrapper as nvcc embeds it, a fat binary, a cubin or PTX; `size` bounds it,
 * UINT64_MAX where only the code itself says how long it is. `version` is the device's compute
 * capability, 90 for 9.0. Of a fat binary the code that a driver would choose: a cubin of the same
 * major version and no newer minor one, else the newest PTX that is no newer.
 *
 * image_check looks at headers alone. image_read copies: the caller frees with image_free.
 */
enum image_result image_check(const void *at, uint64_t size, uint32_t version);
enum image_result image_read(struct image **out, const void *at, uint64_t size, uint32_t version);
void image_free(struct image *image);

const struct image_kernel *image_kernel(const struct image *image, const char *name);
const struct image_global *image_global(const struct image *image, const char *name);

/* ---- between the files image*.c ---- */

/* Add one, zeroed but for its name, which must live as long as the image; NULL: no memory. */
struct image_kernel *image_add_kernel(struct image *image, const char *name);
struct image_global *image_add_global(struct image *image, const char *name);

/* One more parameter in place `index`; false: no memory, or no such place. */
bool image_set_param(struct image_kernel *kernel, uint32_t index, uint32_t offset, uint32_t size);

/* Fill *image from image->data. */
enum image_result image_parse_cubin(struct image *image);
enum image_result image_parse_ptx(struct image *image);

/* Sizes and versions out of headers: 0 where it is none. */
uint64_t image_cubin_bytes(const void *at, uint64_t size);
uint32_t image_cubin_version(const void *at);
uint32_t image_ptx_version(const char *text, uint64_t size);

/* Exactly `size` bytes come out; false otherwise, or where the build lacks the decoder. */
bool image_inflate_lz4(const void *from, uint64_t from_size, void *to, uint64_t size);
bool image_inflate_zstd(const void *from, uint64_t from_size, void *to, uint64_t size);

#endif
