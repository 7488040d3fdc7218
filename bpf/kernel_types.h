/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The few fields of the kernel's structures that are read, relocated at load to where this kernel has them. */
#ifndef VGPU_BPF_KERNEL_TYPES_H
#define VGPU_BPF_KERNEL_TYPES_H

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct ns_common {
	unsigned int inum;
};

struct pid_namespace {
	struct ns_common ns;
};

struct upid {
	int nr;
	struct pid_namespace *ns;
};

struct pid {
	unsigned int level;
	struct upid numbers[1];
};

struct signal_struct {
	struct {
		int counter;
	} live;
	int group_exit_code;
	struct pid *pids[4]; /* [1]: of the thread group */
};

struct xol_area {
	unsigned long vaddr;
};

struct uprobes_state {
	struct xol_area *xol_area;
};

struct mm_struct {
	unsigned long arg_start, arg_end, env_start, env_end;
	struct uprobes_state uprobes_state;
	struct file *exe_file;
	unsigned long start_code, end_code;
};

struct return_instance {
	unsigned long stack; /* where the return address is */
	unsigned long orig_ret_vaddr;
	struct return_instance *next;
};

struct uprobe_task {
	struct return_instance *return_instances;
	unsigned long vaddr;
};

struct trace_uprobe {
	unsigned long offset;
};

struct uprobe_dispatch_data {
	struct trace_uprobe *tu;
};

struct cred {
	struct {
		unsigned int val;
	} uid;
};

struct qstr {
	const unsigned char *name;
};

struct dentry {
	struct qstr d_name;
	struct dentry *d_parent;
};

struct vfsmount {
	struct dentry *mnt_root;
};

struct mount {
	struct mount *mnt_parent;
	struct dentry *mnt_mountpoint;
	struct vfsmount mnt;
};

struct path {
	struct vfsmount *mnt;
	struct dentry *dentry;
};

struct fs_struct {
	struct path root;
};

struct super_block {
	unsigned int s_dev;
};

struct inode {
	struct super_block *i_sb;
	unsigned short i_mode;
	unsigned int i_rdev;
	unsigned long i_ino;
};

struct file {
	struct path f_path;
	struct inode *f_inode;
};

struct fdtable {
	unsigned int max_fds;
	struct file **fd;
};

struct files_struct {
	struct fdtable *fdt;
};

struct vm_area_struct {
	unsigned long vm_start, vm_end;
	unsigned long vm_pgoff;
	struct file *vm_file;
};

struct bpf_iter__task {
	struct task_struct *task;
};

struct task_struct {
	struct files_struct *files;
	struct fs_struct *fs;
	const struct cred *cred;
	int pid;
	int tgid;
	int exit_code;
	__u64 start_boottime;
	char comm[16];
	struct mm_struct *mm;
	struct signal_struct *signal;
	struct task_struct *group_leader;
	struct task_struct *real_parent;
	struct pid *thread_pid;
	struct uprobe_task *utask;
	struct bpf_local_storage *bpf_storage;
};

struct linux_binprm {
	const char *filename;
};

struct k_sigaction {
	struct {
		void *sa_handler;
	} sa;
};

#pragma clang attribute pop

#endif
