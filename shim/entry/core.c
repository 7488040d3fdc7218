// SPDX-License-Identifier: Apache-2.0
/* The core that a library offers to its process: starts once, restarts in forked children, hands out threads' rings. */
#include "shim/entry/core.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "shim/ring/ring.h"

/*
 * The calling thread's ring in this core. One word a library: under an auditor the dynamic linker has
 * 288 bytes for the TLS of all preloaded libraries and libc together, or must start again with more.
 */
static __thread struct vgpu_thread *mine __attribute__((tls_model("initial-exec")));

/* secure_getenv: a setuid program's caller must not choose where it writes. */
static const char *setting(const char *name)
{
	const char *value = secure_getenv(name);

	return value && *value ? value : NULL;
}

static int switched_off(void)
{
	const char *value = setting("VGPU_TRACE");

	return value && (!strcmp(value, "off") || !strcmp(value, "0"));
}

static uint32_t stack_frames(void)
{
	const char *value = setting("VGPU_TRACE_STACKS");
	long frames = value ? strtol(value, NULL, 10) : 0;

	if (frames <= 0 || vgpu_stacks_open())
		return 0;
	return frames < (long)VGPU_STACK_FRAMES ? frames : VGPU_STACK_FRAMES;
}

static int open_arena(struct vgpu_core *core, uint64_t forked_from)
{
	struct vgpu_arena_options options = {
		.trace_dir = setting("VGPU_TRACE_DIR"),
		.runtime_dir = setting("XDG_RUNTIME_DIR"),
		.session = setting("VGPU_TRACE_SESSION"),
		.forked_from = forked_from,
	};

	core->arena = vgpu_arena_create(&options);
	if (!core->arena)
		return -1;
	core->counter = core->arena->counter;
	return 0;
}

/* A page that a fork empties: a file mapping cannot have that property, so the arena does not. */
static uint32_t *open_wipe(void)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED)
		return NULL;
	if (madvise(page, 4096, MADV_WIPEONFORK)) {
		munmap(page, 4096);
		return NULL;
	}
	return page;
}

static int core_start(struct vgpu_core *core)
{
	int run = vgpu_once_begin(&core->once);

	if (run < 0)
		return -1;
	if (!run)
		return 0;
	core->mode = VGPU_CORE_OFF;
	if (!switched_off()) {
		core->wipe = open_wipe();
		if (core->wipe && !open_arena(core, 0)) {
			core->stacks = stack_frames();
			core->pid = getpid();
			core->wipe[VGPU_WIPE_CORE] = 1;
			core->mode = VGPU_CORE_ON;
		}
	}
	vgpu_once_end(&core->once);
	return 0;
}

/*
 * The parent's arena stays mapped in the child, and is never written: a call that was in progress
 * across the fork (from a callback, from a signal handler) still holds pointers into it.
 */
static int core_forked(struct vgpu_core *core)
{
	int32_t pid = getpid();
	int run;

	if (core->refork.state == 2 && core->pid != pid)
		core->refork.state = 0;
	run = vgpu_once_begin(&core->refork);
	if (run < 0)
		return -1;
	if (!run)
		return core->mode == VGPU_CORE_ON ? 0 : -1;
	if (core->pid != pid || !__atomic_load_n(&core->wipe[VGPU_WIPE_CORE], __ATOMIC_ACQUIRE)) {
		uint64_t parent = core->pid;

		core->generation++;
		if (open_arena(core, parent))
			core->mode = VGPU_CORE_OFF;
		core->pid = pid;
		__atomic_store_n(&core->wipe[VGPU_WIPE_CORE], 1, __ATOMIC_RELEASE);
	}
	vgpu_once_end(&core->refork);
	return core->mode == VGPU_CORE_ON ? 0 : -1;
}

/* false after a fork: then it is the parent's, in the parent's arena. */
static int is_of(const struct vgpu_core *core, const struct vgpu_thread *thread)
{
	uintptr_t arena = (uintptr_t)core->arena, at = (uintptr_t)thread;

	return at >= arena && at - arena < (uintptr_t)VGPU_ARENA_CHUNKS * VGPU_CHUNK_BYTES;
}

static struct vgpu_thread *core_thread_open(struct vgpu_core *core)
{
	if (!mine || !is_of(core, mine)) {
		mine = vgpu_thread_open(core->arena);
		if (!mine)
			return NULL;
		mine->users = 0;
	}
	mine->users++;
	return mine;
}

static void core_thread_close(struct vgpu_core *core)
{
	if (!mine || !is_of(core, mine) || --mine->users)
		return;
	vgpu_thread_close(core->arena, mine);
	mine = NULL;
}

struct vgpu_core vgpu_core_own = {
	.abi = VGPU_CORE_ABI,
	.start = core_start,
	.forked = core_forked,
	.thread_open = core_thread_open,
	.thread_close = core_thread_close,
};
