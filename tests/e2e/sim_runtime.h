/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of the simulated runtime share: one file a family; compiled for 12 and for 13. */
#ifndef VGPU_TESTS_SIM_RUNTIME_H
#define VGPU_TESTS_SIM_RUNTIME_H

#if SIM_CUDART == 12
#include "gen/cudart12_calls.h"
typedef struct vgpu_cudart12_calls calls;
#define RUNTIME_NAME "cudart12"
/* what 13 calls by the plain name and 12 by that of a later version */
#define SINCE(name, version) name##_v##version
#define PROPERTIES cudaGetDeviceProperties_v2
#define V2(name) RTX(name##_v2)
#else
#include "gen/cudart13_calls.h"
typedef struct vgpu_cudart13_calls calls;
#define RUNTIME_NAME "cudart13"
#define SINCE(name, version) name
#define PROPERTIES cudaGetDeviceProperties
#define V2(name) RTX(name)
#endif
#define RUNTIME_FILE "libvgpu-" RUNTIME_NAME ".so"
#include "sim_client.h"

extern void *runtime; /* the runtime's library */

#define RT(name) CLIENT(runtime, calls, name)
/* The same for a name that is a macro's result. */
#define RT_NAME(x) RT_NAME_(x)
#define RT_NAME_(x) #x
#define RTX(name) ((__typeof__(((calls *)NULL)->name))client_symbol(runtime, RT_NAME(name)))

#define OK(call) ck_assert_int_eq(call, cudaSuccess)
#define IS(code, call) ck_assert_int_eq(call, code)

/* What the interface's headers define and its description has no constants for. */
enum { cudaDeviceScheduleSpin = 1, cudaDeviceScheduleYield = 2 };
enum { cudaHostAllocPortable = 1, cudaHostAllocMapped = 2, cudaHostRegisterMapped = 2 };
enum { cudaMemAttachGlobal = 1, cudaMemAttachSingle = 4, cudaCpuDeviceId = -1 };

#define MIB ((size_t)1 << 20)
#define GIB ((size_t)1 << 30)

/* Opens the runtime with these devices (text of a device file; NULL: the default). */
void start(const char *devices);

size_t free_bytes(void);

/* Device memory of that size, every byte of it `value`; and whether all bytes are that. */
void *filled(size_t size, int value);
_Bool is_filled(const void *device, size_t size, int value);

/*
 * Device code as nvcc registers it: kernels "first" and "second" (one int, one pointer), "bounded" (at most
 * 64 threads, 2048 bytes of shared memory), variables "table" (256 ints), "limit" (a constant int, 7),
 * "shared" (managed, 64 bytes). Returns the registration's handle.
 */
void **register_code(void);
extern const char code_text[];
extern char first_stub, second_stub, bounded_stub;
extern int table_shadow[256], limit_shadow;
extern void *shared_shadow;

/* PTX with kernels `first` and `second` and variables of 64, 4 and 4 bytes, the last managed. */
extern char stub_first, stub_second, shadow_table, shadow_counter;
extern int *shadow_managed;
void **register_table(void);

TCase *program_tests(void);
TCase *program_graph_tests(void);
TCase *program_memory_tests(void);
TCase *program_rest_tests(void);
TCase *device_tests(void);
TCase *memory_tests(void);
TCase *array_tests(void);
TCase *pool_tests(void);
TCase *stream_tests(void);
TCase *graph_tests(void);
TCase *graph_node_tests(void);
TCase *code_tests(void);
TCase *error_tests(void);

#endif
