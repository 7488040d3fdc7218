// SPDX-License-Identifier: Apache-2.0
/* Opt-in call stacks, taken in the process by libunwind, which is loaded only for that. */
#include "shim/entry/call.h"

#include <dlfcn.h>
#include <errno.h>

#include "shim/entry/core.h"
#include "shim/ring/ring.h"

static int (*backtrace_fn)(void **frames, int count);

/* Frames of ours at the top are dropped: they end where the caller's address is found. */
#define OWN_FRAMES_MAX 6

int vgpu_stacks_open(void)
{
	void *library;

	if (backtrace_fn)
		return 0;
	library = dlopen("libunwind.so.8", RTLD_NOW | RTLD_LOCAL);
	if (!library)
		return -ENOENT;
	backtrace_fn = (int (*)(void **, int))dlsym(library, "unw_backtrace");
	return backtrace_fn ? 0 : -ENOENT;
}

uint64_t *vgpu_call_stack(uint64_t caller, uint64_t *place)
{
	void *frames[VGPU_STACK_FRAMES + OWN_FRAMES_MAX];
	uint32_t want = vgpu_local.stacks + OWN_FRAMES_MAX, offset = 0;
	int saved_errno = errno, count, skip;

	count = backtrace_fn(frames, want);
	for (skip = 0; skip < count && skip < OWN_FRAMES_MAX; skip++)
		if ((uintptr_t)frames[skip] == caller)
			break;
	if (skip == OWN_FRAMES_MAX)
		skip = 0; /* the caller is not in sight: better a frame too many */
	if (count > skip) {
		uint32_t n = count - skip;

		if (n > vgpu_local.stacks)
			n = vgpu_local.stacks;
		offset = vgpu_stack_intern((struct vgpu_arena *)vgpu_local.arena,
					   (const uint64_t *)(void *)(frames + skip), n);
	}
	errno = saved_errno;
	return vgpu_put_blob(place, VGPU_BLOB_STACK, VGPU_BLOB_OUT, &offset, sizeof(offset), offset != 0);
}
