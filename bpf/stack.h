/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Raw stacks: of calls that fail or are the first of their kind, and of signals. */
#ifndef VGPU_BPF_STACK_H
#define VGPU_BPF_STACK_H

#include "bpf/identity.h"

/* A second of one CPU: so many leave most of a ring to what else there is. */
#define STACKS_PLAIN 128u
#define STACKS_FAILED 256u

static __always_inline bool may_afford(bool failed)
{
	struct stack_budget *budget;
	__u64 second = bpf_ktime_get_ns() >> 30;
	__u32 zero = 0;

	budget = bpf_map_lookup_elem(&stack_budget, &zero);
	if (!budget)
		return false;
	if (budget->second != second) {
		budget->second = second;
		budget->stacks = 0;
	}
	if (budget->stacks >= (failed ? STACKS_FAILED : STACKS_PLAIN))
		return false;
	budget->stacks++;
	return true;
}

/* The first time that a function returns this to one place tells as much as the thousandth. */
static __always_inline bool wants_stack(struct thread *thread, const struct frame *frame,
					const struct vgpu_bpf_function *function, __u32 result)
{
	struct stack_seen seen = { .slot = frame->slot,
				   .result = frame->failed ? result : 0,
				   .caller = frame->word[VGPU_BPF_CALLER] };
	__u32 mark = (seen.caller * 0x9e3779b97f4a7c15ull >> 32) ^ (seen.slot * 0x85ebca6bu) ^
		     (seen.result << 7);
	__u32 place = (mark >> 16) & (MARKS - 1);
	__u8 one = 1;

	/* Nearly always it is among the latest of this thread, and that is all it costs. */
	if (thread->mark[place] == mark ||
	    (!frame->failed && (function->flags & VGPU_BPF_FUNCTION_BULK)))
		return false;
	if (!bpf_map_lookup_elem(&stacks_seen, &seen)) {
		if (!may_afford(frame->failed))
			return false;
		bpf_map_update_elem(&stacks_seen, &seen, &one, BPF_ANY);
		thread->mark[place] = mark;
		return true;
	}
	thread->mark[place] = mark;
	return false;
}

struct stack_room {
	struct vgpu_bpf_raw_stack head;
	__u8 bytes[VGPU_BPF_RAW_BYTES];
};

/* Where return probes have put their trampoline, the program's own return addresses come back. */
static __always_inline void put_returns(struct task_struct *task, struct stack_room *room, __u64 sp,
					__u32 done)
{
	struct return_instance *instance = BPF_CORE_READ(task, utask, return_instances);
	__u64 trampoline = BPF_CORE_READ(task, mm, uprobes_state.xol_area, vaddr), offset, *word;
	__u32 i;

	for (i = 0; i < VGPU_BPF_RETURNS; i++) {
		if (!instance || !trampoline)
			break;
		offset = BPF_CORE_READ(instance, stack) - sp;
		if (offset < done && done - offset >= 8 && !(offset & 7)) {
			offset &= VGPU_BPF_RAW_BYTES - 8;
			barrier_var(offset);
			word = (__u64 *)&room->bytes[offset];
			if (*word == trampoline)
				*word = BPF_CORE_READ(instance, orig_ret_vaddr);
		}
		instance = BPF_CORE_READ(instance, next);
	}
}

/* Copies what is above head->registers.sp; into the ring of the CPU that the record it belongs to goes to. */
static __noinline int put_stack(struct task_struct *task, const struct vgpu_bpf_raw_stack *head,
				__u32 cpu)
{
	struct vgpu_bpf_totals *total = my_totals();
	__u64 sp = head->registers.sp;
	struct stack_room *room = 0;
	__u32 done = 0, i, n;
	void *ring;

	ring = bpf_map_lookup_elem(&rings, &cpu);
	if (ring)
		room = bpf_ringbuf_reserve(ring, sizeof(*room), 0);
	if (!room) {
		if (total)
			count(&total->other_dropped);
		return 0;
	}
	room->head = *head;
	/* A page at a time, up to where there is no stack any more. */
	for (i = 0; i < VGPU_BPF_RAW_BYTES / 4096; i++) {
		n = 4096 - ((sp + done) & 4095);
		barrier_var(n);
		if (n > 4096 || done > VGPU_BPF_RAW_BYTES - 4096)
			break;
		if (bpf_probe_read_user(&room->bytes[done], n, (void *)(sp + done)))
			break;
		done += n;
	}
	put_returns(task, room, sp, done);
	done &= ~7u;
	room->head.size = done;
	room->head.head.size = sizeof(room->head) + done;
	bpf_ringbuf_submit(room, BPF_RB_NO_WAKEUP);
	if (total)
		count(&total->other_emitted);
	return 0;
}

/* Of a call, as it is right behind its return. */
static __always_inline void put_call_stack(struct pt_regs *regs, struct task_struct *task,
					   struct thread *thread, struct frame *frame,
					   __u64 time_ns, __u32 cpu)
{
	struct vgpu_bpf_raw_stack head = {
		.head = { .kind = VGPU_BPF_RAW_STACK,
			  .time_ns = time_ns,
			  .start_ns = thread->start_ns,
			  .tid = thread->tid,
			  .pid = thread->pid,
			  .ns_tid = thread->ns_tid,
			  .ns_pid = thread->ns_pid },
		.ordinal = frame->ordinal,
		.slot = frame->slot,
	};

	ARCH_PUT_REGISTERS(&head.registers, regs);
	head.registers.ip = frame->word[VGPU_BPF_CALLER];
	head.registers.sp = frame->sp + 8;
	put_stack(task, &head, cpu);
}

#endif
