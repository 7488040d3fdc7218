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

/* Place of the caller among the frames, count where it is not in sight. */
static int find_caller(void *const *frames, int count, uint64_t caller)
{
	int at = 0;

	while (at < count && (uintptr_t)frames[at] != caller)
		at++;
	return at;
}

uint64_t *vgpu_call_stack(uint64_t caller, uint64_t *place)
{
	/* How many are ours depends on the compiler: the most seen so far is asked for, since each costs as much as one that is kept. */
	static uint32_t own_frames = 1;
	void *frames[VGPU_STACK_FRAMES + OWN_FRAMES_MAX];
	uint32_t own = __atomic_load_n(&own_frames, __ATOMIC_RELAXED), offset = 0;
	int saved_errno = errno, count, skip;

	count = backtrace_fn(frames, vgpu_local.stacks + own);
	skip = find_caller(frames, count, caller);
	if (skip > (int)own || (skip == count && own < OWN_FRAMES_MAX)) {
		count = backtrace_fn(frames, vgpu_local.stacks + OWN_FRAMES_MAX);
		skip = find_caller(frames, count, caller);
		own = skip <= OWN_FRAMES_MAX ? skip : OWN_FRAMES_MAX;
		__atomic_store_n(&own_frames, own, __ATOMIC_RELAXED);
	}
	if (skip > OWN_FRAMES_MAX || skip == count)
		skip = 0; /* better a frame too many */
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
