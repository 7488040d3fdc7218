/* SPDX-License-Identifier: Apache-2.0 */
/* What of each library the simulation does: by name, for lists and tests. */
#ifndef VGPU_SIM_FUNCTIONS_H
#define VGPU_SIM_FUNCTIONS_H

#include <stddef.h>

/*
 * Names in the order of strcmp, NULL at the end; generated from the objects that were built. A name that
 * is no entry point's (sim_start and the like) is there too: ask for entry points.
 */
struct vgpu_sim_functions {
	const char *library; /* "cuda"; NULL: the end of the table */
	const char *const *names;
};

extern const struct vgpu_sim_functions vgpu_sim_functions[];

/*
 * What is missing from an entry point that is simulated ("the kernel does not run"); NULL: nothing. Static
 * text.
 */
const char *vgpu_sim_function_lacks(const char *library, const char *name);

/* Whether it is simulated at all. */
_Bool vgpu_sim_function_is(const char *library, const char *name);

#endif
