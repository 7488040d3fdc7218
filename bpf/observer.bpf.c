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

/* Which function: by the probe's cookie, or by the place of the probe that fired. */
static __always_inline bool find_slot(struct pt_regs *regs, struct task_struct *task, __u32 *slot)
{
	struct uprobe_dispatch_data *data;
	struct vgpu_bpf_place place;
	__u32 *found;

	if (vgpu_cookies) {
		*slot = bpf_get_attach_cookie(regs);
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

SEC("uprobe.s")
int vgpu_entry(struct pt_regs *regs)
{
	struct task_struct *task = bpf_get_current_task_btf();
	const struct vgpu_bpf_function *function;
	__u32 slot;

	if (!find_slot(regs, task, &slot))
		return 0;
	function = bpf_map_lookup_elem(&functions, &slot);
	if (!function)
		return 0;
	if (function->op == VGPU_BPF_OP_SETTLE)
		return settle(regs, task);
	if (function->op)
		return link_entry(regs, task, function);
	return call_entry(regs, task, slot, function);
}

SEC("uretprobe.s")
int vgpu_return(struct pt_regs *regs)
{
	struct task_struct *task = bpf_get_current_task_btf();
	const struct vgpu_bpf_function *function;
	struct thread *thread;
	__u32 slot;

	/* First, since that is all that a process that is not followed pays for. */
	thread = bpf_task_storage_get(&threads, task, 0, 0);
	if (!thread || !find_slot(regs, task, &slot))
		return 0;
	function = bpf_map_lookup_elem(&functions, &slot);
	if (!function)
		return 0;
	if (function->op)
		return link_return(regs, task, thread);
	return call_return(regs, task, thread, slot, function);
}
