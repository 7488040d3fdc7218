// SPDX-License-Identifier: Apache-2.0
/* Stacks that the kernel observer copied: unwound when they come, while the files they lead through are there. */
#include "tracer/source/kwatch_private.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What is known of the files of so many processes is kept; each file is a descriptor of ours. */
#define PROCESSES_MAX 4u

/* Now, or, of one that it has no more, as it was mapped. */
static const struct vgpu_mapping *find(void *data, uint64_t address)
{
	const struct vgpu_mapping *mapping = kwatch_where(data, address);

	return mapping ? mapping : kwatch_map_find(data, address);
}

static int open_regular(const char *path, uint64_t inode)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	if (fd >= 0 && !fstat(fd, &st) && S_ISREG(st.st_mode) && (!inode || st.st_ino == inode))
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

static int open_file(void *data, const struct vgpu_mapping *mapping)
{
	const struct kwatch_process *process = data;
	char path[1300];
	int fd;

	/* This one is what is mapped, also where it was deleted. */
	snprintf(path, sizeof(path), "/proc/%u/map_files/%llx-%llx", process->pid,
		 (unsigned long long)mapping->from, (unsigned long long)mapping->to);
	fd = open_regular(path, 0);
	if (fd >= 0)
		return fd;
	snprintf(path, sizeof(path), "/proc/%u/root%s", process->pid, mapping->path);
	fd = open_regular(path, mapping->inode);
	return fd >= 0 ? fd : open_regular(mapping->path, mapping->inode);
}

static const struct vgpu_unwind_ops ops = { .find = find, .open = open_file };

/* Of the others, the one that was used least lately is forgotten. */
static void make_room(struct vgpu_kwatch *watch)
{
	struct kwatch_process *oldest = NULL;
	unsigned count = 0;

	for (unsigned i = 0; i < KWATCH_BUCKETS; i++)
		for (struct kwatch_process *process = watch->bucket[i]; process;
		     process = process->next) {
			if (!process->unwind)
				continue;
			count++;
			if (!oldest || process->unwound_at < oldest->unwound_at)
				oldest = process;
		}
	if (count < PROCESSES_MAX)
		return;
	vgpu_unwind_close(oldest->unwind);
	oldest->unwind = NULL;
}

static void keep_raw(struct kwatch_stack *stack, const struct vgpu_bpf_raw_stack *raw)
{
	stack->raw_size = sizeof(raw->registers) + raw->size;
	stack->raw = malloc(stack->raw_size);
	if (stack->raw)
		memcpy(stack->raw, &raw->registers, stack->raw_size);
	else
		stack->raw_size = 0;
}

void kwatch_stack_record(struct vgpu_kwatch *watch, struct kwatch_process *process,
			 const struct vgpu_bpf_raw_stack *raw)
{
	bool signal = raw->head.flags & VGPU_BPF_RAW_STACK_SIGNAL;
	struct kwatch_stack *stack = process->stack;

	if (!stack)
		stack = process->stack = calloc(1, sizeof(*stack));
	if (!stack)
		return;
	free(stack->raw);
	*stack = (struct kwatch_stack){ .tid = raw->head.tid,
					.slot = signal ? ~0u : raw->slot,
					.ordinal = signal ? 0 : raw->ordinal };
	if (!process->unwind) {
		make_room(watch);
		if (vgpu_unwind_open(&process->unwind, &ops, process)) {
			keep_raw(stack, raw);
			return;
		}
	}
	process->unwound_at = ++watch->unwound;
	stack->count = vgpu_unwind_stack(process->unwind, &raw->registers, raw + 1, raw->size,
					 stack->words, &stack->end);
}

const struct kwatch_stack *kwatch_stack_take(struct kwatch_process *process, uint32_t tid,
					     uint32_t slot, uint64_t ordinal)
{
	struct kwatch_stack *stack = process->stack;

	if (!stack || stack->tid != tid || stack->slot != slot || stack->ordinal != ordinal ||
	    !(stack->count || stack->raw))
		return NULL;
	stack->tid = 0;
	return stack;
}

void kwatch_stack_forget(struct kwatch_process *process)
{
	if (process->stack)
		free(process->stack->raw);
	free(process->stack);
	process->stack = NULL;
	vgpu_unwind_close(process->unwind);
	process->unwind = NULL;
}
