/* SPDX-License-Identifier: Apache-2.0 */
/* The backend "sim": hands the library it is linked into its simulated implementations. */
#include "shim/backend/sim/sim.h"

#include "shim/backend/backend.h"

static int sim_open(const struct vgpu_library *library, void **dispatch, int fork,
		    void (*say)(int level, const char *format, ...))
{
	int err = sim_start(fork != 0, say);

	/* without devices to answer from, every call is left to its not-supported value */
	for (uint32_t i = 1; i <= library->count; i++)
		dispatch[i] = err ? NULL : vgpu_sim_table[i];
	return err;
}

const struct vgpu_backend vgpu_backend_sim = {
	.name = "sim",
	.open = sim_open,
};
