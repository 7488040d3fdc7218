/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Followed processes: fork, exec, exit, and the signals that end them. */
#ifndef VGPU_BPF_PROCESS_H
#define VGPU_BPF_PROCESS_H

#include "bpf/map.h"

static __always_inline __u32 current_pid(void)
{
	return bpf_get_current_pid_tgid() >> 32;
}

static __always_inline void lost(void)
{
	struct vgpu_bpf_totals *total = my_totals();

	if (total)
		count(&total->other_dropped);
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(vgpu_fork, struct task_struct *parent, struct task_struct *child)
{
	struct vgpu_bpf_process record;
	__u32 pid = child->tgid, from = parent->tgid, one = 1;

	if (pid == from || !is_followed(from))
		return 0;
	bpf_map_update_elem(&followed, &pid, &one, BPF_ANY);
	put_process(&record, child, VGPU_BPF_FORK);
	/* real_parent is another one with CLONE_PARENT; who forked is the parent here. */
	record.parent = from;
	record.parent_start_ns = BPF_CORE_READ(parent, group_leader, start_boottime);
	emit(&record, sizeof(record), false);
	return 0;
}

static __always_inline struct file *file_of(struct task_struct *task, __u32 number)
{
	struct fdtable *table = BPF_CORE_READ(task, files, fdt);
	struct file **places, *file = 0;

	if (number >= BPF_CORE_READ(table, max_fds))
		return 0;
	places = BPF_CORE_READ(table, fd);
	bpf_probe_read_kernel(&file, sizeof(file), &places[number]);
	return file;
}

static __always_inline void put_descriptor(struct vgpu_bpf_descriptor *out, struct task_struct *task, __u32 number)
{
	struct file *file = file_of(task, number);
	struct inode *inode;

	__builtin_memset(out, 0, sizeof(*out));
	if (!file)
		return;
	inode = BPF_CORE_READ(file, f_inode);
	out->mode = BPF_CORE_READ(inode, i_mode);
	out->rdev = BPF_CORE_READ(inode, i_rdev);
	out->inode = BPF_CORE_READ(inode, i_ino);
	bpf_probe_read_kernel_str(out->name, sizeof(out->name), BPF_CORE_READ(file, f_path.dentry, d_name.name));
}

#define ARGV_ROOM 1024u
#define ENV_ROOM  4096u
#define PATH_ROOM 1024u

static __always_inline __u32 put_bytes(struct scratch *scratch, __u64 offset, __u64 from, __u64 to, __u32 room,
				       __u16 *size, __u16 *flags, __u16 cut)
{
	__u64 n = to > from ? to - from : 0;

	barrier_var(offset);
	barrier_var(n);
	*size = 0;
	if (n > room) {
		n = room;
		*flags |= cut;
	}
	if (offset > OFFSET_MAX || !n || n > ENV_ROOM)
		return offset;
	if (bpf_probe_read_user(&scratch->bytes[offset], n, (void *)from)) {
		*flags |= VGPU_BPF_PROCESS_UNREADABLE;
		return offset;
	}
	*size = n;
	return offset + n;
}

static __always_inline bool is_waited_for(struct task_struct *task)
{
	char name[16];

	bpf_probe_read_kernel(name, sizeof(name), &task->comm);
	for (__u32 i = 0; i < sizeof(name); i++) {
		if (name[i] != vgpu_wait_name[i])
			return false;
		if (!name[i])
			break;
	}
	return true;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(vgpu_exec, struct task_struct *task, int old_pid, struct linux_binprm *binprm)
{
	struct vgpu_bpf_process *record;
	struct vgpu_bpf_exec *exec;
	struct scratch *scratch;
	struct mm_struct *mm;
	__u32 size, pid, one = 1;
	long n;

	task = bpf_get_current_task_btf();
	pid = bpf_get_current_pid_tgid();
	bpf_map_delete_elem(&settling, &pid);
	if (!is_followed(current_pid())) {
		if (!vgpu_wait_name[0] || !is_waited_for(task))
			return 0;
		pid = current_pid();
		bpf_map_update_elem(&followed, &pid, &one, BPF_ANY);
	}
	/* Calls in flight are gone with the program; a thread that is not the leader takes its number. */
	bpf_task_storage_delete(&threads, task);
	scratch = my_scratch(task);
	if (!scratch) {
		lost();
		return 0;
	}
	exec = (void *)scratch->bytes;
	record = &exec->process;
	put_process(record, task, VGPU_BPF_EXEC);
	put_descriptor(&exec->out, task, 1);
	put_descriptor(&exec->err, task, 2);
	size = sizeof(*exec);
	n = bpf_probe_read_kernel_str(&scratch->bytes[size], PATH_ROOM, BPF_CORE_READ(binprm, filename));
	if (n > 1 && n <= PATH_ROOM) {
		record->path_size = n - 1;
		size += n - 1;
	}
	mm = BPF_CORE_READ(task, mm);
	size = put_bytes(scratch, size, BPF_CORE_READ(mm, arg_start), BPF_CORE_READ(mm, arg_end), ARGV_ROOM,
			 &record->argv_size, &record->head.flags, VGPU_BPF_PROCESS_ARGV_CUT);
	size = put_bytes(scratch, size, BPF_CORE_READ(mm, env_start), BPF_CORE_READ(mm, env_end), ENV_ROOM,
			 &record->env_size, &record->head.flags, VGPU_BPF_PROCESS_ENV_CUT);
	size = (size + 7) & ~7u;
	record->head.size = size;
	if (size > VGPU_BPF_BYTES_MAX)
		size = VGPU_BPF_BYTES_MAX;
	emit(scratch->bytes, size, false);
	seen_program(task);
	seen_interpreter(task);
	return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(vgpu_exit)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct vgpu_bpf_process record;
	struct thread *thread;
	__u32 pid = current_pid(), i, depth;

	if (!is_followed(pid))
		return 0;
	thread = bpf_task_storage_get(&threads, task, 0, 0);
	if (thread) {
		depth = thread->depth;
		for (i = 0; i < VGPU_BPF_FRAMES; i++) {
			struct frame *frame = &thread->frame[i];

			if (i >= depth)
				break;
			frame->flags |= VGPU_BPF_CALL_PENDING;
			abandon(thread, frame, i);
		}
		thread->depth = 0;
	}
	if (BPF_CORE_READ(task, signal, live.counter))
		return 0;
	put_process(&record, task, VGPU_BPF_EXIT);
	record.exit_code = BPF_CORE_READ(task, signal, group_exit_code);
	if (!record.exit_code)
		record.exit_code = BPF_CORE_READ(task, exit_code);
	emit(&record, sizeof(record), false);
	bpf_map_delete_elem(&followed, &pid);
	return 0;
}

/* ---- calls in flight, on request ---- */

SEC("iter/task")
int vgpu_inflight(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct thread *thread;
	__u32 i, depth;

	if (!task)
		return 0;
	thread = bpf_task_storage_get(&threads, task, 0, 0);
	if (!thread)
		return 0;
	depth = thread->depth;
	for (i = 0; i < VGPU_BPF_FRAMES; i++) {
		if (i >= depth)
			break;
		abandon(thread, &thread->frame[i], i | ABANDON_LIVE);
	}
	return 0;
}

/* ---- signals ---- */

/* SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV, SIGSYS */
#define SIGNALS (1u << 4 | 1u << 5 | 1u << 6 | 1u << 7 | 1u << 8 | 1u << 11 | 1u << 31)

static __always_inline void put_signal_stack(struct task_struct *task, struct pt_regs *from,
					     const struct vgpu_bpf_head *of, __u32 cpu)
{
	struct vgpu_bpf_raw_stack head = { .head = *of, .slot = ~0u };
	struct pt_regs regs;

	if (bpf_probe_read_kernel(&regs, sizeof(regs), from))
		return;
	head.head.kind = VGPU_BPF_RAW_STACK;
	head.head.flags = VGPU_BPF_RAW_STACK_SIGNAL;
	ARCH_PUT_REGISTERS(&head.registers, &regs);
	put_stack(task, &head, cpu);
}

SEC("tp_btf/signal_deliver")
int BPF_PROG(vgpu_signal, int signal, void *info, struct k_sigaction *action)
{
	struct {
		__s32 signo, error, code, pad;
		__u64 address;
	} raw;
	struct vgpu_bpf_signal *record;
	struct task_struct *task;
	struct scratch *scratch;
	struct thread *thread;
	struct pt_regs *regs;
	struct frame *frame;
	__u64 name = 0;
	__u32 cpu, depth;

	if (signal < 1 || signal > 31 || !(SIGNALS >> signal & 1) || !is_followed(current_pid()))
		return 0;
	task = bpf_get_current_task_btf();
	scratch = my_scratch(task);
	if (!scratch) {
		lost();
		return 0;
	}
	record = (void *)scratch->bytes;
	put_head(&record->head, task, VGPU_BPF_SIGNAL, 0);
	__builtin_memset(&raw, 0, sizeof(raw));
	if ((__u64)info > 1)
		bpf_probe_read_kernel(&raw, sizeof(raw), info);
	record->signal = signal;
	record->code = raw.code;
	record->address = raw.address;
	record->handler = (__u64)BPF_CORE_READ(action, sa.sa_handler);
	regs = (struct pt_regs *)bpf_task_pt_regs(task);
	bpf_probe_read_kernel(&record->ip, 8, &ARCH_IP(regs));
	bpf_probe_read_kernel(&record->sp, 8, &ARCH_SP(regs));
	record->slot = ~0u;
	record->ordinal = 0;
	record->initialising[0] = 0;
	put_mapping(&record->mapping, task, record->ip);
	thread = bpf_task_storage_get(&threads, task, 0, 0);
	if (thread) {
		if (thread->passages) {
			struct passage *passage = &thread->passage[(thread->passages - 1) & (PASSAGES - 1)];

			name = passage->op == VGPU_BPF_OP_DLOPEN ? passage->word[0] : 0;
		} else if (thread->dl.op == VGPU_BPF_OP_DLOPEN) {
			name = thread->dl.word[0];
		}
	}
	if (name)
		bpf_probe_read_user_str(record->initialising, sizeof(record->initialising), (void *)name);
	depth = thread ? thread->depth : 0;
	if (thread && depth) {
		frame = &thread->frame[(depth - 1) & (VGPU_BPF_FRAMES - 1)];
		record->slot = frame->slot;
		record->ordinal = frame->ordinal;
	}
	record->pad = 0;
	record->head.size = sizeof(*record);
	cpu = bpf_get_smp_processor_id();
	if (vgpu_frames)
		put_signal_stack(task, regs, &record->head, cpu);
	emit_to(cpu, scratch->bytes, sizeof(*record), false);
	return 0;
}

#endif
