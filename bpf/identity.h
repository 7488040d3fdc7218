/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Who a thread is. */
#ifndef VGPU_BPF_IDENTITY_H
#define VGPU_BPF_IDENTITY_H

#include "bpf/maps.h"

/* A thread's number in its own pid namespace; the array's last element is found by its size in this kernel. */
static __always_inline void innermost(struct pid *pid, __u32 *number, __u32 *inode)
{
	struct pid_namespace *ns = 0;
	__u32 level, nr = 0;
	void *upid;

	level = BPF_CORE_READ(pid, level);
	upid = (void *)pid + bpf_core_field_offset(pid->numbers) + level * bpf_core_type_size(struct upid);
	bpf_probe_read_kernel(&nr, sizeof(nr), upid + bpf_core_field_offset(struct upid, nr));
	*number = nr;
	if (!inode)
		return;
	bpf_probe_read_kernel(&ns, sizeof(ns), upid + bpf_core_field_offset(struct upid, ns));
	*inode = BPF_CORE_READ(ns, ns.inum);
}

static __always_inline bool is_followed(__u32 pid)
{
	return bpf_map_lookup_elem(&followed, &pid) != 0;
}

static __always_inline void put_head(struct vgpu_bpf_head *head, struct task_struct *task, __u16 kind, __u32 size)
{
	head->size = size;
	head->kind = kind;
	head->flags = 0;
	head->time_ns = bpf_ktime_get_ns();
	head->start_ns = BPF_CORE_READ(task, group_leader, start_boottime);
	head->tid = BPF_CORE_READ(task, pid);
	head->pid = BPF_CORE_READ(task, tgid);
	innermost(BPF_CORE_READ(task, thread_pid), &head->ns_tid, 0);
	innermost(BPF_CORE_READ(task, signal, pids[1]), &head->ns_pid, 0);
}

static __always_inline void put_process(struct vgpu_bpf_process *record, struct task_struct *task, __u16 kind)
{
	struct task_struct *parent;

	put_head(&record->head, task, kind, sizeof(*record));
	parent = BPF_CORE_READ(task, group_leader, real_parent, group_leader);
	record->parent = BPF_CORE_READ(parent, pid);
	record->parent_start_ns = BPF_CORE_READ(parent, start_boottime);
	innermost(BPF_CORE_READ(task, thread_pid), &record->head.ns_tid, &record->pid_ns);
	record->cgroup = bpf_get_current_cgroup_id();
	record->uid = BPF_CORE_READ(task, cred, uid.val);
	record->exit_code = 0;
	record->path_size = record->argv_size = record->env_size = record->pad = 0;
	bpf_probe_read_kernel(record->comm, sizeof(record->comm), &task->comm);
}

/* The state of this thread; made at its first call, where its process is one that is followed. */
static __noinline struct thread *thread_start(struct task_struct *task)
{
	struct vgpu_bpf_process record;
	struct vgpu_bpf_totals *total;
	__u32 one = 1, pid = bpf_get_current_pid_tgid() >> 32;
	struct thread *thread;

	if (!is_followed(pid)) {
		if (!vgpu_everyone)
			return 0;
		bpf_map_update_elem(&followed, &pid, &one, BPF_ANY);
	}
	thread = bpf_task_storage_get(&threads, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!thread) {
		total = my_totals();
		if (total)
			count(&total->stateless);
		return 0;
	}
	put_process(&record, task, VGPU_BPF_THREAD);
	thread->start_ns = record.head.start_ns;
	thread->tid = record.head.tid;
	thread->pid = record.head.pid;
	thread->ns_tid = record.head.ns_tid;
	thread->ns_pid = record.head.ns_pid;
	emit(&record, sizeof(record), false);
	return thread;
}

#endif
