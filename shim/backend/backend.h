/* SPDX-License-Identifier: Apache-2.0 */
/* What answers the calls: a backend fills a library's dispatch table once, before the first call goes through. */
#ifndef VGPU_BACKEND_BACKEND_H
#define VGPU_BACKEND_BACKEND_H

#include <stdbool.h>

#include "shim/entry/library.h"

struct vgpu_backend {
	const char *name; /* at most 15 characters: as $VGPU_BACKEND and the trace spell it */
	/*
	 * Called once for each library (and again in a forked child: fork == 1), from the first call
	 * of any entry point, with nothing of ours locked. Fills dispatch[1 … library->count]; places
	 * left NULL get library->unsupported. Returns 0 or -errno; on an error every call of the
	 * library gets its not-supported value and the trace says why. `say` takes a line for the trace
	 * (level 0 note, 1 warning, 2 error), never for the program's output.
	 */
	int (*open)(const struct vgpu_library *library, void **dispatch, int fork,
		    void (*say)(int level, const char *format, ...) __attribute__((format(printf, 2, 3))));
	/*
	 * NULL: never. The library, whose file own_path is, is what another copy of it stands in front
	 * of: then it answers by the first backend and records nothing, since the one in front does.
	 */
	bool (*is_behind)(const struct vgpu_library *library, const char *own_path);
};

extern const struct vgpu_backend vgpu_backend_sim __attribute__((visibility("hidden")));
/* Passes each call on to the library that $VGPU_FORWARD_CUDA (…_NVML, …_CUDART13, …_CUDART12) names by absolute path. */
extern const struct vgpu_backend vgpu_backend_forward __attribute__((visibility("hidden")));

/*
 * Answers for the driver and NVML from the file that $VGPU_REPLAY names (shim/api/replay.h); a runtime of ours
 * is the simulated one, which asks the driver.
 */
extern const struct vgpu_backend vgpu_backend_replay __attribute__((visibility("hidden")));

/*
 * The entry points of one of our libraries that is loaded in this process (ours by ELF note), or
 * is loaded from the same directory now; NULL and errno otherwise. So a simulated runtime reaches
 * the driver's entry points, and those calls are recorded as nested.
 */
const struct vgpu_library *vgpu_library_find(uint32_t library) __attribute__((visibility("hidden")));

#endif
