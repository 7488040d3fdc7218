/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Calls of probed functions: a frame at entry, one record at return. */
#ifndef VGPU_BPF_CALL_H
#define VGPU_BPF_CALL_H

#include "bpf/image.h"
#include "bpf/stack.h"

#define HEAD_BYTES sizeof(struct vgpu_bpf_call)

/* Fills in all but the blobs; returns where those go. */
static __always_inline __u32 put_call(struct scratch *scratch, struct thread *thread, struct frame *frame,
				      const struct vgpu_bpf_function *function, __u32 depth)
{
	struct vgpu_bpf_call *call = (void *)scratch->bytes;
	__u32 words = function->words;

	if (words > VGPU_BPF_WORDS)
		words = VGPU_BPF_WORDS;
	call->head.kind = VGPU_BPF_CALL;
	call->head.flags = frame->flags;
	call->head.time_ns = frame->enter_ns;
	call->head.start_ns = thread->start_ns;
	call->head.tid = thread->tid;
	call->head.pid = thread->pid;
	call->head.ns_tid = thread->ns_tid;
	call->head.ns_pid = thread->ns_pid;
	call->slot = frame->slot;
	call->function = function->id;
	call->depth = depth;
	call->words = words;
	call->pad = 0;
	call->pad2 = 0;
	call->ordinal = frame->ordinal;
	call->leave_ns = 0;
	call->caller = frame->word[VGPU_BPF_CALLER];
	call->sp = frame->sp;
	call->result = 0;
	__builtin_memcpy(call + 1, frame->word, sizeof(frame->word));
	return HEAD_BYTES + words * 8;
}

static __always_inline void emit_call(struct scratch *scratch, __u32 size, __u32 cpu, bool is_call)
{
	((struct vgpu_bpf_head *)scratch->bytes)->size = size;
	if (size > VGPU_BPF_BYTES_MAX)
		size = VGPU_BPF_BYTES_MAX;
	emit_to(cpu, scratch->bytes, size, is_call);
}

/* With the depth: the call is in flight still, and whoever asks only looks on. */
#define ABANDON_LIVE 0x100u

/* A call that will not return: its words, and what is known of its first string. */
__noinline int abandon(struct thread *thread, struct frame *frame, __u32 depth)
{
	bool live = depth & ABANDON_LIVE;

	const struct vgpu_bpf_function *function;
	struct vgpu_bpf_totals *total;
	struct vgpu_bpf_blob *blob;
	struct scratch *scratch;
	__u32 slot, offset;

	if (!thread || !frame)
		return 0;
	scratch = my_scratch(bpf_get_current_task_btf());
	slot = frame->slot;
	function = bpf_map_lookup_elem(&functions, &slot);
	if (!scratch || !function) {
		total = my_totals();
		if (total && !live)
			count(&total->dropped);
		return 0;
	}
	offset = put_call(scratch, thread, frame, function, depth & (ABANDON_LIVE - 1));
	if (live)
		((struct vgpu_bpf_call *)scratch->bytes)->head.flags |= VGPU_BPF_CALL_PENDING | VGPU_BPF_CALL_LIVE;
	if (frame->text_size && offset <= OFFSET_MAX) {
		blob = (void *)&scratch->bytes[offset];
		blob->param = function->text_param;
		blob->flags = VGPU_BPF_BLOB_IN | VGPU_BPF_BLOB_ENTRY;
		blob->size = frame->text_size;
		blob->full_size = frame->text_size;
		if (frame->text_size == VGPU_BPF_TEXT - 1) {
			blob->flags |= VGPU_BPF_BLOB_TRUNCATED;
			blob->full_size++;
		}
		__builtin_memcpy(blob + 1, frame->text, VGPU_BPF_TEXT);
		offset += sizeof(*blob) + ((frame->text_size + 7) & ~7u);
	}
	emit_call(scratch, offset, bpf_get_smp_processor_id(), !live);
	return 0;
}

/* The return address, where a return probe has put its trampoline in the place of it. */
static __always_inline __u64 true_caller(struct task_struct *task, __u64 caller, bool *hijacked)
{
	*hijacked = false;
	if (caller & 4095) /* a trampoline begins its page */
		return caller;
	if (caller != BPF_CORE_READ(task, mm, uprobes_state.xol_area, vaddr))
		return caller;
	*hijacked = true;
	return BPF_CORE_READ(task, utask, return_instances, orig_ret_vaddr);
}

__noinline int read_smalls(struct frame *frame, const struct vgpu_bpf_function *function)
{
	__u32 i, n;

	if (!frame || !function)
		return 0;
	n = function->captures;
	for (i = 0; i < VGPU_BPF_CAPTURES; i++) {
		const struct vgpu_bpf_capture *c = &function->capture[i];
		__u32 small = c->small & (VGPU_BPF_SMALLS - 1);
		__u64 from, value = 0;

		if (i >= n)
			break;
		if (!(c->flags & VGPU_BPF_CAPTURE_AT_ENTRY))
			continue;
		from = word_of(frame, c->word);
		if (from && !read_user(&value, c->size <= 8 ? c->size : 8, from))
			frame->small_read |= 1 << small;
		frame->small[small] = value;
	}
	return 0;
}

static __always_inline __u64 next_ordinal(struct thread *thread, const struct vgpu_bpf_function *function)
{
	return function->flags & VGPU_BPF_FUNCTION_OURS ? thread->ordinal_ours++ : thread->ordinal++;
}

/* Returns 1 where the call's return need not be seen. */
static __always_inline int call_entry(struct pt_regs *regs, struct task_struct *task, struct thread *thread, __u32 slot,
				      const struct vgpu_bpf_function *function)
{
	struct vgpu_bpf_totals *total;
	struct vgpu_bpf_hits *hit;
	struct frame *frame;
	__u64 sp = ARCH_SP(regs), caller = 0, now;
	__u32 depth, i, stack, words;
	bool hijacked = false;
	long length, error;

	if (!thread) {
		thread = thread_start(task);
		if (!thread)
			return 1;
	}
	now = bpf_ktime_get_ns();
	hit = bpf_map_lookup_elem(&hits, &slot);
	if (hit)
		count(&hit->entries);
	/* Frames below this one's are gone: the program jumped out of them. */
	depth = thread->depth;
	for (i = 0; i < VGPU_BPF_FRAMES; i++) {
		if (!depth)
			break;
		frame = &thread->frame[(depth - 1) & (VGPU_BPF_FRAMES - 1)];
		if (frame->sp > sp)
			break;
		if (frame->sp == sp) {
			/* The same place: reached by a jump from there (a return probe is on it), or anew. */
			bpf_probe_read_user(&caller, sizeof(caller), (void *)sp);
			true_caller(task, caller, &hijacked);
			if (hijacked)
				break;
		}
		depth--;
		frame->flags |= VGPU_BPF_CALL_UNWOUND;
		abandon(thread, frame, depth);
	}
	thread->depth = depth;
	if (depth >= VGPU_BPF_FRAMES) {
		next_ordinal(thread, function);
		total = my_totals();
		if (total)
			count(&total->deep);
		return 0;
	}
	frame = &thread->frame[depth & (VGPU_BPF_FRAMES - 1)];
	frame->slot = slot;
	frame->flags = 0;
	frame->small_read = 0;
	frame->failed = 0;
	frame->ordinal = next_ordinal(thread, function);
	frame->sp = sp;
	frame->word[0] = ARCH_ARG1(regs);
	frame->word[1] = ARCH_ARG2(regs);
	frame->word[2] = ARCH_ARG3(regs);
	frame->word[3] = ARCH_ARG4(regs);
	frame->word[4] = ARCH_ARG5(regs);
	frame->word[5] = ARCH_ARG6(regs);
	words = function->words;
	stack = words > VGPU_BPF_CALLER ? words - VGPU_BPF_CALLER : 1;
	if (stack > 1 + VGPU_BPF_STACK)
		stack = 1 + VGPU_BPF_STACK;
	/* One word to the stack: for memory of a map the kernel looks twice as long whether it may be written. */
	if (stack == 1) {
		error = bpf_probe_read_user(&caller, sizeof(caller), (void *)sp);
		frame->word[VGPU_BPF_CALLER] = caller;
	} else {
		error = bpf_probe_read_user(&frame->word[VGPU_BPF_CALLER], stack * 8, (void *)sp);
	}
	if (error)
		frame->flags |= VGPU_BPF_CALL_NO_STACK;
	else
		frame->word[VGPU_BPF_CALLER] = true_caller(task, frame->word[VGPU_BPF_CALLER], &hijacked);
	if (hijacked)
		frame->flags |= VGPU_BPF_CALL_CHAINED;
	frame->text_size = 0;
	if (function->text_word < VGPU_BPF_WORDS && frame->word[function->text_word]) {
		length = read_text(frame->text, sizeof(frame->text), frame->word[function->text_word]);
		if (length > 0)
			frame->text_size = length;
	}
	if (function->flags & VGPU_BPF_FUNCTION_SMALLS)
		read_smalls(frame, function);
	if (function->flags & VGPU_BPF_FUNCTION_IMAGE)
		seen_image(frame, function->image_word);
	frame->enter_ns = now;
	if (function->flags & VGPU_BPF_FUNCTION_ENTRY) {
		frame->flags |= VGPU_BPF_CALL_ENTRY;
		if (vgpu_frames && wants_stack(thread, frame, function, 0))
			put_call_stack(regs, task, thread, frame, now, bpf_get_smp_processor_id());
		abandon(thread, frame, depth);
		return 1;
	}
	thread->depth = depth + 1;
	return 0;
}

/* Part of the user's filter: what does not pass need not be copied. What is not asked for costs nothing. */
static __always_inline bool call_wanted(const struct thread *thread, const struct frame *frame,
					const struct vgpu_bpf_function *function, __u64 now)
{
	if (vgpu_only_failed && (function->flags & VGPU_BPF_FUNCTION_STATUS) && !frame->failed)
		return false;
	if (vgpu_least_ns && now - frame->enter_ns < vgpu_least_ns)
		return false;
	return !vgpu_only_tid || thread->ns_tid == vgpu_only_tid;
}

static __always_inline int call_return(struct pt_regs *regs, struct task_struct *task, struct thread *thread, __u32 slot,
				       const struct vgpu_bpf_function *function)
{
	struct vgpu_bpf_totals *total;
	struct vgpu_bpf_hits *hit;
	struct vgpu_bpf_call *call;
	struct scratch *scratch;
	struct frame *frame = 0;
	__u64 sp = ARCH_RETURN_SP(regs), result = ARCH_RESULT(regs), now = bpf_ktime_get_ns();
	__u32 depth = thread->depth, i, n, offset, cpu;

	hit = bpf_map_lookup_elem(&hits, &slot);
	if (hit)
		count(&hit->returns);
	for (i = 0; i < VGPU_BPF_FRAMES; i++) {
		frame = 0;
		if (!depth)
			break;
		frame = &thread->frame[(depth - 1) & (VGPU_BPF_FRAMES - 1)];
		if (frame->sp > sp) {
			frame = 0;
			break;
		}
		depth--;
		if (frame->sp == sp && frame->slot == slot)
			break;
		frame->flags |= VGPU_BPF_CALL_UNWOUND;
		abandon(thread, frame, depth);
		frame = 0;
	}
	thread->depth = depth;
	if (!frame) {
		total = my_totals();
		if (total)
			count(&total->unmatched);
		return 0;
	}
	scratch = my_scratch(task);
	if (!scratch) {
		total = my_totals();
		if (total)
			count(&total->dropped);
		return 0;
	}
	switch (function->result_bytes) {
	case 0:
		result = 0;
		break;
	case 1:
		result = (__u8)result;
		break;
	case 2:
		result = (__u16)result;
		break;
	case 4:
		result = (__u32)result;
		break;
	}
	frame->failed = (function->flags & VGPU_BPF_FUNCTION_STATUS) && result;
	if (!call_wanted(thread, frame, function, now)) {
		total = my_totals();
		if (total)
			count(&total->filtered);
		return 0;
	}
	offset = put_call(scratch, thread, frame, function, depth);
	call = (void *)scratch->bytes;
	call->leave_ns = now;
	call->result = result;
	n = function->captures;
	for (i = 0; i < VGPU_BPF_CAPTURES; i++) {
		const struct vgpu_bpf_capture *c = &function->capture[i];

		if (i >= n)
			break;
		offset = capture(frame, c, scratch, offset,
				 c->flags & VGPU_BPF_CAPTURE_RESULT ? result : word_of(frame, c->word));
	}
	cpu = bpf_get_smp_processor_id();
	if (vgpu_frames && wants_stack(thread, frame, function, result))
		put_call_stack(regs, task, thread, frame, now, cpu);
	call->head.flags = frame->flags;
	emit_call(scratch, offset, cpu, true);
	return 0;
}

#endif
