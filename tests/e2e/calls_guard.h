/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that ends where no one may read: what a wrapper reads too far kills the test. */
#ifndef VGPU_TESTS_CALLS_GUARD_H
#define VGPU_TESTS_CALLS_GUARD_H

#include <stddef.h>

/* size bytes of pattern, the last of them before an inaccessible page; slot 0 … 31, each reused by the next call. */
void *guard_place(unsigned slot, size_t size);
/* The address of an inaccessible page. */
void *guard_wall(void);

#endif
