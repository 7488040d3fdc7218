// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The kernel observer: probes on library functions, and the life of the processes that call them. */
#include <linux/bpf.h>
#include <stdbool.h>

#include "bpf/arch.h"
#include "bpf/kernel_types.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "bpf/call.h"
#include "bpf/link.h"
#include "bpf/process.h"
#include "bpf/syscall.h"

/* "Dual BSD/GPL" is the kernel's word for the licence above: its helpers ask for it. */
char LICENSE[] SEC("license") = "Dual BSD/GPL";

extern bool bpf_session_is_return(void) __ksym __weak;

/* Which function: by the probe's cookie, or by the place of the probe that fired. */
static __always_inline bool find_slot(struct pt_regs *regs, struct task_struct *task, __u32 *slot)
{
	struct uprobe_dispatch_data *data;
	struct vgpu_bpf_place place;
	__u32 *found;

	if (vgpu_cookies) {
		*slot = (__u32)bpf_get_attach_cookie(regs);
		return true;
	}
	/* A traceprobe's handler leaves a pointer to what it was called for. */
	data = (void *)BPF_CORE_READ(task, utask, vaddr);
	place.library = bpf_get_attach_cookie(regs);
	place.offset = BPF_CORE_READ(data, tu, offset);
	found = bpf_map_lookup_elem(&places, &place);
	if (!found)
		return false;
	*slot = *found;
	return true;
}

/* NULL: none of its calls was seen. Most that are not followed have no storage at all, and a look is cheaper than a call. */
static __always_inline struct thread *my_thread(struct task_struct *task)
{
	return task->bpf_storage ? bpf_task_storage_get(&threads, task, 0, 0) : 0;
}

/* A thread without a state of its own: all that is done in processes that are not followed. */
static __always_inline bool may_begin(struct pt_regs *regs, struct task_struct *task)
{
	if (vgpu_everyone || !vgpu_cookies || is_followed(task->tgid))
		return true;
	return vgpu_hold && bpf_get_attach_cookie(regs) & VGPU_BPF_COOKIE_ANYONE;
}

/* What a session's program says at an entry: 1 spares the thread the trap at the return. */
static __always_inline int entered(struct pt_regs *regs)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct thread *thread = my_thread(task);
	const struct vgpu_bpf_function *function;
	__u32 slot;

	if (!thread && !may_begin(regs, task))
		return 1;
	if (!find_slot(regs, task, &slot))
		return 1;
	function = bpf_map_lookup_elem(&functions, &slot);
	if (!function)
		return 1;
	if (function->op == VGPU_BPF_OP_SETTLE) {
		settle(regs, task);
		return 1;
	}
	if (function->op)
		return link_entry(regs, task, thread, function);
	return call_entry(regs, task, thread, slot, function);
}

static __always_inline int returned(struct pt_regs *regs)
{
	struct task_struct *task = bpf_get_current_task_btf();
	const struct vgpu_bpf_function *function;
	struct thread *thread;
	__u32 slot;

	/* First, since others are here too where entries and returns are probed apart. */
	thread = my_thread(task);
	if (!thread || !find_slot(regs, task, &slot))
		return 0;
	function = bpf_map_lookup_elem(&functions, &slot);
	if (!function)
		return 0;
	if (function->op)
		return link_return(regs, task, thread);
	return call_return(regs, task, thread, slot, function);
}

/* Either these two, each on probes of its own, */
SEC("uprobe.s")
int vgpu_entry(struct pt_regs *regs)
{
	entered(regs);
	return 0; /* 1 would take the probe out of this process */
}

SEC("uretprobe.s")
int vgpu_return(struct pt_regs *regs)
{
	return returned(regs);
}

/* or this one on both: the kernel then asks at each entry whether the return is to be seen at all. */
SEC("uprobe.s")
int vgpu_session(struct pt_regs *regs)
{
	if (bpf_session_is_return())
		return returned(regs);
	return entered(regs);
}
