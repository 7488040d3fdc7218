/* SPDX-License-Identifier: Apache-2.0 */
/* Blocks on the heap that slots point to, in one list: leak checkers do not look into slots. */
#ifndef VGPU_SIM_CUDA_HEAP_H
#define VGPU_SIM_CUDA_HEAP_H

#include <stddef.h>

/* Zeroed; NULL when the system has no memory. Any thread. */
void *heap_get(size_t size);

/* At least so many bytes, the new ones zeroed; NULL leaves the old block as it was. */
void *heap_resize(void *block, size_t size);

/* A copy; NULL likewise. */
void *heap_copy(const void *from, size_t size);

void heap_free(void *block);

/* In a forked child: the parent's blocks stay where they are, and are nobody's. */
void heap_forget(void);

#endif
