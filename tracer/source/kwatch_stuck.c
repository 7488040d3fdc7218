// SPDX-License-Identifier: Apache-2.0
/* Calls that were under way when the kernel observer came: found by unwinding the threads that may be in one. */
#include "tracer/source/kwatch_private.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

/* 0: libunwind-ptrace was missing when this was built. */
#if VGPU_HAVE_UNWIND_PTRACE
#include <libunwind-ptrace.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#endif

#define FRAMES_MAX	64u
#define THREADS_MAX	1024u
#define STACK_BYTES	65536u

#if VGPU_HAVE_UNWIND_PTRACE

struct frames {
	uint64_t ip[FRAMES_MAX], sp[FRAMES_MAX];
	unsigned count;
};

/* A GPU library that is not ours: calls into ours are in the ring, with all they were given. */
static bool is_of_interest(const struct vgpu_mapping *mapping)
{
	return mapping && mapping->code && vgpu_kernel_library_of(mapping->path) &&
	       !strstr(mapping->path, "/libvgpu-");
}

static bool maps_any(const struct kwatch_process *process)
{
	for (size_t i = 0; i < vgpu_maps_count(process->maps); i++)
		if (is_of_interest(vgpu_maps_at(process->maps, i)))
			return true;
	return false;
}

/* A thread that waits in the kernel shows its stack pointer without being stopped. */
static bool may_be_in_call(const struct kwatch_process *process, int32_t tid)
{
	uint64_t *stack, sp, pc;
	char path[64], text[256];
	const char *end;
	struct iovec to, from;
	bool found = false;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%u/task/%d/syscall", process->pid, tid);
	if (vgpu_proc_file(path, text, sizeof(text)) <= 0)
		return false;
	end = strrchr(text, ' ');
	if (!strncmp(text, "running", 7) || !end)
		return true;
	pc = strtoull(end, NULL, 16);
	while (end > text && *--end != ' ')
		;
	sp = strtoull(end, NULL, 16);
	if (is_of_interest(vgpu_maps_find(process->maps, pc)))
		return true;
	stack = malloc(STACK_BYTES);
	to = (struct iovec){ stack, STACK_BYTES };
	from = (struct iovec){ (void *)(uintptr_t)sp, STACK_BYTES };
	n = stack ? process_vm_readv(process->pid, &to, 1, &from, 1, 0) : -1;
	for (ssize_t i = 0; i < n / 8 && !found; i++)
		found = is_of_interest(vgpu_maps_find(process->maps, stack[i]));
	/* Less of it than asked for: the stack's end is near, and a partial read gives nothing on some kernels. */
	if (n <= 0 && stack)
		found = true;
	free(stack);
	return found;
}

static int unwind(int32_t tid, struct frames *out)
{
	unw_addr_space_t space;
	unw_cursor_t cursor;
	unw_word_t word;
	void *context;
	int status;

	out->count = 0;
	if (ptrace(PTRACE_SEIZE, tid, NULL, NULL))
		return -errno;
	if (ptrace(PTRACE_INTERRUPT, tid, NULL, NULL) || waitpid(tid, &status, __WALL) != tid || !WIFSTOPPED(status)) {
		ptrace(PTRACE_DETACH, tid, NULL, NULL);
		return -ESRCH;
	}
	space = unw_create_addr_space(&_UPT_accessors, 0);
	context = space ? _UPT_create(tid) : NULL;
	if (context && !unw_init_remote(&cursor, space, context)) {
		do {
			if (unw_get_reg(&cursor, UNW_REG_IP, &word))
				break;
			out->ip[out->count] = word;
			if (unw_get_reg(&cursor, UNW_REG_SP, &word))
				break;
			out->sp[out->count++] = word;
		} while (out->count < FRAMES_MAX && unw_step(&cursor) > 0);
	}
	/* A signal that came meanwhile is passed on. */
	ptrace(PTRACE_DETACH, tid, NULL, (void *)(uintptr_t)(WSTOPSIG(status) == SIGTRAP ? 0 : WSTOPSIG(status)));
	if (context)
		_UPT_destroy(context);
	if (space)
		unw_destroy_addr_space(space);
	return 0;
}

static void emit_stuck(struct vgpu_kwatch *watch, struct kwatch_process *process, int32_t tid,
		       const struct frames *frames, unsigned i, unsigned depth)
{
	const struct vgpu_mapping *mapping = vgpu_maps_find(process->maps, frames->ip[i] - (i > 0));
	struct kwatch_thread *thread = kwatch_thread_get(watch, process, tid, false);
	uint64_t stack[FRAMES_MAX], offset = frames->ip[i] - (i > 0) - mapping->from + mapping->offset;
	const struct vgpu_function *function;
	char symbol[256];
	struct vgpu_event event = {
		.kind = VGPU_EVENT_PENDING,
		.observer = VGPU_OBSERVER_KERNEL,
		.process = process->known->number,
		.tid = tid,
	};

	if (!thread || !kwatch_symbol(mapping->path, process->pid, offset, symbol, sizeof(symbol)))
		return;
	symbol[strcspn(symbol, "+")] = '\0';
	function = vgpu_function_by_name(vgpu_kernel_library_of(mapping->path), symbol);
	event.call = (struct vgpu_event_call){
		.function = function ? function->id : 0,
		.depth = depth,
		.thread = thread->number,
		.caller = i + 1 < frames->count ? frames->ip[i + 1] : 0,
		/* Where the return address lies. */
		.sp = i + 1 < frames->count ? frames->sp[i + 1] - 8 : 0,
		.name = function ? NULL : symbol,
		.object = mapping->path,
		.before = 1,
	};
	for (unsigned k = i; k < frames->count; k++)
		stack[event.call.stack.count++] = frames->ip[k];
	event.call.stack.words = stack;
	vgpu_stream_emit(watch->stream, &event);
}

static void look_at_thread(struct vgpu_kwatch *watch, struct kwatch_process *process, int32_t tid)
{
	struct frames frames;
	unsigned depth = 0;

	if (!may_be_in_call(process, tid) || unwind(tid, &frames))
		return;
	/* From the outermost inwards: entry points only, that is, frames called from another file. */
	for (unsigned i = frames.count; i-- > 0;) {
		const struct vgpu_mapping *mapping = vgpu_maps_find(process->maps, frames.ip[i] - (i > 0));
		const struct vgpu_mapping *caller =
			i + 1 < frames.count ? vgpu_maps_find(process->maps, frames.ip[i + 1] - 1) : NULL;

		if (is_of_interest(mapping) && !(caller && !strcmp(caller->path, mapping->path)))
			emit_stuck(watch, process, tid, &frames, i, depth++);
	}
}

void kwatch_stuck_look(struct vgpu_kwatch *watch, struct kwatch_process *process)
{
	unsigned threads = 0;
	struct dirent *entry;
	char path[64];
	DIR *dir;

	if (!process->maps || !maps_any(process))
		return;
	snprintf(path, sizeof(path), "/proc/%u/task", process->pid);
	dir = opendir(path);
	while (dir && (entry = readdir(dir)) && threads < THREADS_MAX) {
		if (atoi(entry->d_name) <= 0)
			continue;
		look_at_thread(watch, process, atoi(entry->d_name));
		threads++;
	}
	if (dir)
		closedir(dir);
}

#else

void kwatch_stuck_look(struct vgpu_kwatch *watch, struct kwatch_process *process)
{
	(void)watch;
	(void)process;
}

#endif
