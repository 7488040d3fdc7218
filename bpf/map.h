/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Files that followed processes map as code; and a moment for the tracer to probe one before it is called. */
#ifndef VGPU_BPF_MAP_H
#define VGPU_BPF_MAP_H

#include "bpf/call.h"

#define PATH_PARTS 16u
#define PART_ROOM  128u
#define PARTS_ROOM (PATH_PARTS * PART_ROOM)

/* The names from a file up to the process's root, one after the other. Returns their bytes. */
static __noinline __u32 put_parts(__u8 *to, struct task_struct *task, struct file *file)
{
	struct dentry *dentry = BPF_CORE_READ(file, f_path.dentry), *root = BPF_CORE_READ(task, fs, root.dentry), *parent;
	struct vfsmount *mnt = BPF_CORE_READ(file, f_path.mnt);
	struct mount *mount, *above;
	__u32 size = 0, i;
	long n;

	for (i = 0; i < PATH_PARTS; i++) {
		if (dentry == root)
			break;
		if (dentry == BPF_CORE_READ(mnt, mnt_root)) {
			mount = (void *)mnt - bpf_core_field_offset(struct mount, mnt);
			above = BPF_CORE_READ(mount, mnt_parent);
			if (above == mount)
				break;
			dentry = BPF_CORE_READ(mount, mnt_mountpoint);
			mnt = (void *)above + bpf_core_field_offset(struct mount, mnt);
			continue;
		}
		parent = BPF_CORE_READ(dentry, d_parent);
		if (parent == dentry || size > PARTS_ROOM - PART_ROOM)
			break;
		n = bpf_probe_read_kernel_str(to + size, PART_ROOM, BPF_CORE_READ(dentry, d_name.name));
		if (n <= 0 || n > PART_ROOM)
			break;
		size += n;
		dentry = parent;
	}
	return size;
}

/* Its name is one of those that the tracer probes. */
static __always_inline bool is_wanted(struct file *file)
{
	char name[VGPU_BPF_NAME];
	__u32 i, k;

	__builtin_memset(name, 0, sizeof(name));
	bpf_probe_read_kernel_str(name, sizeof(name), BPF_CORE_READ(file, f_path.dentry, d_name.name));
	for (i = 0; i < VGPU_BPF_NAMES; i++) {
		if (!vgpu_names[i].used)
			return false;
		for (k = 0; k < VGPU_BPF_NAME; k++) {
			if (!vgpu_names[i].begins[k])
				return true;
			if (vgpu_names[i].begins[k] != name[k])
				break;
		}
	}
	return false;
}

/* Until the tracer has looked, its thread is to wait when the linker is done with mapping: see settle. */
static __always_inline bool must_wait(struct file *file)
{
	struct vgpu_bpf_file key = {
		.inode = BPF_CORE_READ(file, f_inode, i_ino),
		.device = BPF_CORE_READ(file, f_inode, i_sb, s_dev),
	};
	__u32 tid = bpf_get_current_pid_tgid(), one = 1;

	if (!vgpu_hold || bpf_map_lookup_elem(&probed, &key) || !bpf_map_lookup_elem(&settling, &tid))
		return false;
	return !bpf_map_update_elem(&held, &tid, &one, BPF_ANY);
}

static __always_inline int seen_map(struct task_struct *task, struct file *file, __u64 start, __u64 length, __u64 offset,
				    __u16 flags)
{
	struct vgpu_bpf_map *record;
	struct scratch *scratch;
	__u32 size, pid, one = 1;

	if (!file)
		return 0;
	pid = bpf_get_current_pid_tgid() >> 32;
	if (is_wanted(file)) {
		if (!is_followed(pid))
			bpf_map_update_elem(&followed, &pid, &one, BPF_ANY);
		flags |= VGPU_BPF_MAP_WANTED;
		if (must_wait(file))
			flags |= VGPU_BPF_MAP_WAITS;
	} else if (!is_followed(pid)) {
		return 0;
	}
	scratch = my_scratch(task);
	if (!scratch) {
		struct vgpu_bpf_totals *total = my_totals();

		if (total)
			count(&total->other_dropped);
		return 0;
	}
	record = (void *)scratch->bytes;
	put_head(&record->head, task, VGPU_BPF_MAP, 0);
	record->head.flags = flags;
	record->start = start;
	record->length = length;
	record->offset = offset;
	record->probed_ns = 0;
	record->inode = BPF_CORE_READ(file, f_inode, i_ino);
	record->device = BPF_CORE_READ(file, f_inode, i_sb, s_dev);
	size = put_parts((__u8 *)(record + 1), task, file);
	record->size = size;
	size = (sizeof(*record) + size + 7) & ~7u;
	record->head.size = size;
	if (size > VGPU_BPF_BYTES_MAX)
		size = VGPU_BPF_BYTES_MAX;
	emit(scratch->bytes, size, false);
	return 0;
}

/* The program itself, which the kernel maps. */
static __always_inline void seen_program(struct task_struct *task)
{
	struct vgpu_bpf_mapping mapping, *to = &mapping;
	struct mm_struct *mm = BPF_CORE_READ(task, mm);
	__u64 start = BPF_CORE_READ(mm, start_code), end = BPF_CORE_READ(mm, end_code);

	put_mapping(to, task, start);
	if (!mapping.start)
		mapping.start = start & ~4095ull;
	seen_map(task, BPF_CORE_READ(mm, exe_file), mapping.start, ((end + 4095) & ~4095ull) - mapping.start, mapping.offset,
		 VGPU_BPF_MAP_PROGRAM);
}

struct interpreter {
	__u64 start, end, offset;
	struct file *file;
};

static long found_interpreter(struct task_struct *task, struct vm_area_struct *vma, struct interpreter *to)
{
	to->start = BPF_CORE_READ(vma, vm_start);
	to->end = BPF_CORE_READ(vma, vm_end);
	to->offset = BPF_CORE_READ(vma, vm_pgoff) << 12;
	to->file = BPF_CORE_READ(vma, vm_file);
	return 0;
}

/* And its dynamic linker, where a program begins that has one. */
static __always_inline void seen_interpreter(struct task_struct *task)
{
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(task);
	struct mm_struct *mm = BPF_CORE_READ(task, mm);
	struct interpreter found = {};
	__u64 ip = 0;

	if (!vgpu_find_vma)
		return;
	bpf_probe_read_kernel(&ip, sizeof(ip), &ARCH_IP(regs));
	if (ip >= BPF_CORE_READ(mm, start_code) && ip < BPF_CORE_READ(mm, end_code))
		return;
	bpf_find_vma(task, ip, found_interpreter, &found, 0);
	seen_map(task, found.file, found.start, found.end - found.start, found.offset, 0);
}

#define HOLD_NS	   100000000ull
#define HOLD_TURNS (1u << 23)

struct waiting {
	__u64 until, sp;
	__u32 tid, pad;
};

static long wait_turn(__u32 turn, struct waiting *waiting)
{
	char byte;

	/* For the sake of what it does on its way: it lets others run. Probing waits for that. */
	bpf_copy_from_user_task(&byte, 1, (void *)waiting->sp, bpf_get_current_task_btf(), 0);
	if (!bpf_map_lookup_elem(&held, &waiting->tid))
		return 1;
	return bpf_ktime_get_ns() > waiting->until;
}

/*
 * At _dl_debug_state everything is mapped, and nothing of it has been called. Where a file of the
 * names that are probed is new, the thread waits here for the tracer; a moment at most, and by
 * itself: whatever becomes of the tracer, it goes on.
 */
static __always_inline int settle(struct pt_regs *regs, struct task_struct *task)
{
	struct waiting waiting = { .tid = bpf_get_current_pid_tgid(), .sp = ARCH_SP(regs) };
	struct vgpu_bpf_map record;
	__u32 one = 1;

	if (!vgpu_hold)
		return 0;
	/* It is passed before anything is mapped, too. */
	bpf_map_update_elem(&settling, &waiting.tid, &one, BPF_ANY);
	if (!bpf_map_lookup_elem(&held, &waiting.tid))
		return 0;
	waiting.until = bpf_ktime_get_ns() + HOLD_NS;
	bpf_loop(HOLD_TURNS, wait_turn, &waiting, 0);
	bpf_map_delete_elem(&held, &waiting.tid);
	__builtin_memset(&record, 0, sizeof(record));
	put_head(&record.head, task, VGPU_BPF_MAP, sizeof(record));
	record.head.flags = VGPU_BPF_MAP_SETTLED;
	emit(&record, sizeof(record), false);
	return 0;
}

#endif
