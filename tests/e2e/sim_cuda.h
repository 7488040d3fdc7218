/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of the simulated driver share: one file a family of entry points. */
#ifndef VGPU_TESTS_SIM_CUDA_H
#define VGPU_TESTS_SIM_CUDA_H

#include "gen/cuda_calls.h"
#include "sim_client.h"

extern void *cuda; /* the driver's library */

#define CU(name) CLIENT(cuda, struct vgpu_cuda_calls, name)
#define OK(call) ck_assert_int_eq(call, CUDA_SUCCESS)
#define IS(code, call) ck_assert_int_eq(call, code)

#define MIB ((size_t)1 << 20)
#define GIB ((size_t)1 << 30)

/* Opens the driver with these devices (text of a device file; NULL: the default). */
void start(const char *devices);

/* And a context of the first device, current in this thread. */
CUcontext start_context(void);

size_t free_bytes(void);

TCase *device_tests(void);
TCase *memory_tests(void);
TCase *endurance_tests(void);
TCase *module_tests(void);
TCase *graph_tests(void);
TCase *capture_tests(void);
TCase *pool_tests(void);
TCase *array_tests(void);
TCase *stream_tests(void);
TCase *copy_tests(void);
TCase *settings_tests(void);

#endif
