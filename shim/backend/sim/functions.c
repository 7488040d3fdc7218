/* SPDX-License-Identifier: Apache-2.0 */
/* What of each library the simulation does: see functions.h. */
#include "shim/backend/sim/functions.h"

#include <fnmatch.h>
#include <string.h>

/* By shell pattern, the first that matches; what is not here does what its documentation says. */
static const struct {
	const char *library; /* a pattern too */
	const char *name;
	const char *lacks;
} partly[] = {
	{ "cuda*", "*Launch*Kernel*", "the kernel does not run" },
	{ "cuda", "cuLaunch*", "the kernel does not run" },
	{ "cuda*", "cu*GraphLaunch*", "its kernels do not run" },
	{ "cuda*", "__cudaLaunch*", "the kernel does not run" },
	{ "cuda", "cuStreamWaitValue*", "a wait that is not satisfied passes" },
	{ "cuda", "cuStreamBatchMemOp*", "a wait that is not satisfied passes" },
	{ "cuda", "cuGraph*BatchMemOpNode*", "a wait that is not satisfied passes" },
	{ "cuda*", "cu*GraphConditionalHandleCreate", "conditional nodes are not there" },
	{ "cuda*", "cu*Graph*AddNode*", "conditional and semaphore nodes are not there" },
	{ "cuda*", "cu*MemPoolCreate", "pools that other processes can open are not there" },
	{ "cuda", "cuMemCreate", "handles that other processes can open are not there" },
	{ "cuda", "cuCtxCreate_v4", "contexts for graphics are ordinary ones" },
	{ "cuda*", "cu*Occupancy*", "an estimate from registers, threads and shared memory" },
	{ "cuda*", "cu*MemcpyBatchAsync*", "attributes of the copies are only checked" },
	{ "cuda*", "cu*Memcpy3DBatchAsync*", "attributes of the copies are only checked" },
};

_Bool vgpu_sim_function_is(const char *library, const char *name)
{
	for (const struct vgpu_sim_functions *of = vgpu_sim_functions; of->library; of++) {
		if (strcmp(of->library, library))
			continue;
		for (const char *const *each = of->names; *each; each++)
			if (!strcmp(*each, name))
				return 1;
	}
	return 0;
}

const char *vgpu_sim_function_lacks(const char *library, const char *name)
{
	if (!vgpu_sim_function_is(library, name))
		return NULL;
	for (size_t i = 0; i < sizeof(partly) / sizeof(partly[0]); i++)
		if (!fnmatch(partly[i].library, library, 0) && !fnmatch(partly[i].name, name, 0))
			return partly[i].lacks;
	return NULL;
}
