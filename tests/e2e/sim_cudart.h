/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of the simulated runtime share; compiled for 12 and for 13. */
#ifndef VGPU_TESTS_SIM_CUDART_H
#define VGPU_TESTS_SIM_CUDART_H

#if SIM_CUDART == 12
#include "gen/cudart12_calls.h"
typedef struct vgpu_cudart12_calls calls;
#define RUNTIME_FILE "libvgpu-cudart12.so"
#define RUNTIME_NAME "cudart12"
#define PROPERTIES cudaGetDeviceProperties_v2
#define V2(name) RTX(name##_v2)
#else
#include "gen/cudart13_calls.h"
typedef struct vgpu_cudart13_calls calls;
#define RUNTIME_FILE "libvgpu-cudart13.so"
#define RUNTIME_NAME "cudart13"
#define PROPERTIES cudaGetDeviceProperties
#define V2(name) RTX(name)
#endif
#include "sim_client.h"

extern void *runtime; /* the runtime's library */

#define RT(name) CLIENT(runtime, calls, name)
#define NAME(x) NAME_(x)
#define NAME_(x) #x
#define RTX(name) ((__typeof__(((calls *)NULL)->name))client_symbol(runtime, NAME(name)))
#define GOOD(call) ck_assert_int_eq(call, cudaSuccess)
#define FAILS(code, call) ck_assert_int_eq(call, code)
#define MIB ((size_t)1 << 20)
#define GIB ((size_t)1 << 30)

/* Opens the runtime with these devices (text of a device file; NULL: the default). */
void start(const char *devices);

/* Registers PTX with kernels `first` and `second` and variables, as nvcc's start-up code does. */
extern char stub_first, stub_second, shadow_table, shadow_counter;
extern int *shadow_managed;
void **register_code(void);

size_t free_now(void);

TCase *graph_tests(void);
TCase *memory_tests(void);
TCase *rest_tests(void);

#endif
