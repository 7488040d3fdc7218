/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of the simulated NVML share: one file a subject. */
#ifndef VGPU_TESTS_SIM_NVML_H
#define VGPU_TESTS_SIM_NVML_H

#include "gen/nvml_calls.h"
#include "sim_client.h"

extern void *nvml; /* the library */
extern nvmlDevice_t device;

#define N(name) CLIENT(nvml, struct vgpu_nvml_calls, name)
#define OK(call) ck_assert_int_eq((call), NVML_SUCCESS)
#define IS(code, call) ck_assert_int_eq((call), NVML_ERROR_##code)
#define UINT(name) uint_of(N(name))

/* Two devices, of which the file makes every value differ: sim_nvml_values.c. */
#define CARDS 2
#define EACH(i) for (int i = 0; i < CARDS; i++)
#define VERSION(type, version) (unsigned)(sizeof(type) | (version) << 24)
/* Nothing of what a call should fill in is there by chance. */
#define CLEAN(value) memset(&(value), 0x5a, sizeof(value))
extern nvmlDevice_t cards[CARDS];
void start_unlike(void);

/* Opens the library with these devices (text of a device file; NULL: the default); `device` is the first. */
void start(const char *devices);

unsigned uint_of(nvmlReturn_t (*get)(nvmlDevice_t, unsigned *));

TCase *value_tests(void);
TCase *system_tests(void);
/* Root's alone, as most of what sets is. */
TCase *clock_tests(void);
TCase *state_tests(void);
TCase *session_tests(void);

#endif
