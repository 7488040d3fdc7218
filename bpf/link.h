/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* dlopen and its like, and the dynamic linker's error texts. */
#ifndef VGPU_BPF_LINK_H
#define VGPU_BPF_LINK_H

#include "bpf/capture.h"
#include "bpf/identity.h"

/*
 * glibc looks at the return address of dlopen, dlmopen, dlsym and dlvsym, so those get entry probes
 * only. What came of them is seen where they all pass through, _dl_catch_error(objname, errstring,
 * mallocedp, operate, args): args holds the result, behind what the operation was given.
 */
static __always_inline __u32 result_offset(__u32 op)
{
	switch (op) {
	case VGPU_BPF_OP_DLOPEN:
		return 16;
	case VGPU_BPF_OP_DLMOPEN:
	case VGPU_BPF_OP_DLSYM:
		return 24;
	case VGPU_BPF_OP_DLVSYM:
		return 32;
	}
	return 0;
}

#define TEXT_ROOM 1024u

static __always_inline __u32 put_text(struct scratch *scratch, __u32 offset, __u64 from, __u16 *size)
{
	long n;

	*size = 0;
	if (!from || offset > OFFSET_MAX)
		return offset;
	n = read_text(&scratch->bytes[offset], TEXT_ROOM, from);
	if (n <= 0 || n > TEXT_ROOM)
		return offset;
	*size = n;
	return offset + n;
}

static __noinline int emit_link(struct task_struct *task, struct passage *passage, __u64 leave_ns, __u64 object, __u64 error)
{
	struct scratch *scratch = my_scratch(task);
	struct vgpu_bpf_totals *total;
	struct vgpu_bpf_link *link;
	__u64 name = 0;
	__u32 size = sizeof(*link), offset, op = passage->op;

	if (!scratch) {
		total = my_totals();
		if (total)
			count(&total->other_dropped);
		return 0;
	}
	link = (void *)scratch->bytes;
	put_head(&link->head, task, VGPU_BPF_LINK, 0);
	link->head.time_ns = passage->time_ns;
	link->op = op;
	link->code = passage->code;
	link->leave_ns = leave_ns;
	link->handle = 0;
	link->result = 0;
	link->caller = passage->caller;
	link->mode = 0;
	link->pad = 0;
	switch (op) {
	case VGPU_BPF_OP_DLOPEN:
		name = passage->word[0];
		link->mode = passage->word[1];
		break;
	case VGPU_BPF_OP_DLMOPEN:
		link->handle = passage->word[0];
		name = passage->word[1];
		link->mode = passage->word[2];
		break;
	case VGPU_BPF_OP_DLSYM:
	case VGPU_BPF_OP_DLVSYM:
		name = passage->word[1];
		/* fall through */
	case VGPU_BPF_OP_DLCLOSE:
		link->handle = passage->word[0];
		break;
	case VGPU_BPF_OP_ERROR:
	case VGPU_BPF_OP_EXCEPTION:
		link->code = passage->word[0];
		name = passage->word[2];
		break;
	}
	offset = result_offset(op);
	if (leave_ns && !error && offset)
		read_user(&link->result, sizeof(link->result), passage->args + offset);
	size = put_text(scratch, size, name, &link->name_size);
	size = put_text(scratch, size, error, &link->error_size);
	size = put_text(scratch, size, object, &link->object_size);
	size = (size + 7) & ~7u;
	link->head.size = size;
	if (size > VGPU_BPF_BYTES_MAX)
		size = VGPU_BPF_BYTES_MAX;
	emit(scratch->bytes, size, false);
	return 0;
}

/* Returns 1 where the return need not be seen. */
static __always_inline int link_entry(struct pt_regs *regs, struct task_struct *task, struct thread *thread,
				      const struct vgpu_bpf_function *function)
{
	struct passage *passage;
	__u64 object = 0, error = 0;
	__u32 n;

	if (!thread) {
		/* Of everyone, those who call what is probed are followed; what all programs call is no reason. */
		if (vgpu_everyone && !is_followed(bpf_get_current_pid_tgid() >> 32))
			return 1;
		thread = thread_start(task);
		if (!thread)
			return 1;
	}
	if (function->op == VGPU_BPF_OP_CATCH) {
		n = thread->passages;
		/* Those that a jump has left; the kernel's own return probes forget them likewise. */
		if (n && thread->passage[(n - 1) & (PASSAGES - 1)].sp <= ARCH_SP(regs))
			n--;
		if (n && thread->passage[(n - 1) & (PASSAGES - 1)].sp <= ARCH_SP(regs))
			n = 0;
		if (n >= PASSAGES)
			return 1;
		barrier_var(n);
		passage = &thread->passage[n & (PASSAGES - 1)];
		*passage = thread->dl;
		if (!passage->op) {
			passage->op = VGPU_BPF_OP_CATCH;
			passage->code = 0;
			passage->time_ns = bpf_ktime_get_ns();
			passage->caller = 0;
		}
		passage->sp = ARCH_SP(regs);
		passage->object = ARCH_ARG1(regs);
		passage->error = ARCH_ARG2(regs);
		passage->args = ARCH_ARG5(regs);
		thread->dl.op = 0;
		thread->passages = n + 1;
		return 0;
	}
	/* Whoever catches it will tell, and lacks only the errno; uncaught, it ends the program at its start. */
	if (function->op >= VGPU_BPF_OP_ERROR && (thread->passages || thread->dl.op)) {
		n = thread->passages;
		if (n && n <= PASSAGES)
			thread->passage[(n - 1) & (PASSAGES - 1)].code = ARCH_ARG1(regs);
		return 1;
	}
	passage = &thread->dl;
	passage->op = function->op;
	passage->code = 0;
	passage->time_ns = bpf_ktime_get_ns();
	passage->word[0] = ARCH_ARG1(regs);
	passage->word[1] = ARCH_ARG2(regs);
	passage->word[2] = ARCH_ARG3(regs);
	passage->caller = 0;
	read_user(&passage->caller, sizeof(passage->caller), ARCH_SP(regs));
	switch (function->op) {
	case VGPU_BPF_OP_DLCLOSE:
		emit_link(task, passage, 0, 0, 0);
		passage->op = 0;
		break;
	case VGPU_BPF_OP_ERROR:
		emit_link(task, passage, 0, ARCH_ARG2(regs), ARCH_ARG4(regs));
		passage->op = 0;
		break;
	case VGPU_BPF_OP_EXCEPTION:
		/* struct dl_exception begins with the object's name and the text. */
		read_user(&object, sizeof(object), ARCH_ARG2(regs));
		read_user(&error, sizeof(error), ARCH_ARG2(regs) + 8);
		emit_link(task, passage, 0, object, error);
		passage->op = 0;
		break;
	}
	return 1;
}

static __always_inline int link_return(struct pt_regs *regs, struct task_struct *task, struct thread *thread)
{
	__u32 n = thread->passages, i;
	struct passage *passage = 0;
	__u64 object = 0, error = 0;

	for (i = 0; i < PASSAGES; i++) {
		passage = 0;
		if (!n)
			break;
		n--;
		passage = &thread->passage[n & (PASSAGES - 1)];
		if (passage->sp >= ARCH_RETURN_SP(regs))
			break;
	}
	thread->passages = n;
	if (!passage || passage->sp != ARCH_RETURN_SP(regs))
		return 0;
	read_user(&error, sizeof(error), passage->error);
	if (error)
		read_user(&object, sizeof(object), passage->object);
	/* What the linker does for itself is of interest only where it fails. */
	if (error || passage->op != VGPU_BPF_OP_CATCH)
		emit_link(task, passage, bpf_ktime_get_ns(), object, error);
	return 0;
}

#endif
