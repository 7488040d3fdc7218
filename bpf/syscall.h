/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * System calls, at their ends: the arguments are still there, and what came of them is known. Either
 * a program at the end of each of their functions, which costs only who calls them; or, where the
 * kernel has no such probes or does not permit them, the tracepoint of all system calls, which costs
 * every one of the machine.
 */
#ifndef VGPU_BPF_SYSCALL_H
#define VGPU_BPF_SYSCALL_H

#include "bpf/file.h"
#include "bpf/output.h"

#define PROT_EXEC 4

static __always_inline int ended_mmap(struct pt_regs *regs, long result)
{
	struct task_struct *task;

	if (!(regs->rdx & PROT_EXEC) || (__s32)regs->r8 < 0 || (unsigned long)result >= -4095ul ||
	    (!vgpu_everyone && !is_followed(current_pid())))
		return 0;
	task = bpf_get_current_task_btf();
	return seen_map(task, file_of(task, ARCH_SYSCALL_ARG5(regs)), result,
			ARCH_SYSCALL_ARG2(regs), ARCH_SYSCALL_ARG6(regs), 0);
}

static __always_inline int ended_write(struct pt_regs *regs, __u64 fd, long result, __u32 form)
{
	if (fd >= 32 || !(vgpu_descriptors >> fd & 1) || !is_followed(current_pid()))
		return 0;
	return seen_output(fd, ARCH_SYSCALL_ARG2(regs), ARCH_SYSCALL_ARG3(regs), result, form);
}

static __always_inline bool files_wanted(void)
{
	return vgpu_files && is_followed(current_pid());
}

/* struct open_how begins with the flags. */
static __always_inline __u64 flags_of(__u64 how)
{
	__u64 flags = 0;

	bpf_probe_read_user(&flags, sizeof(flags), (void *)how);
	return flags;
}

#define A1 ARCH_SYSCALL_ARG1(regs)
#define A2 ARCH_SYSCALL_ARG2(regs)
#define A3 ARCH_SYSCALL_ARG3(regs)

#define WRITES(fd, form) ended_write(regs, fd, result, form)
#define OPENS(name, flags) (files_wanted() ? seen_path(name, flags, result, 0) : 0)
#define LOOKS(name) (files_wanted() ? seen_path(name, 0, result, VGPU_BPF_OPEN_LOOK) : 0)

/* Name, the kernel's function, and what its end tells. The tracer has a table of the programs: kernel.c. */
#define SYSCALLS(X)                                                                                \
	X(MMAP, mmap, ended_mmap(regs, result))                                                    \
	X(WRITE, write, WRITES(A1, OUTPUT_BYTES))                                                  \
	X(PWRITE, pwrite64, WRITES(A1, OUTPUT_BYTES))                                              \
	X(WRITEV, writev, WRITES(A1, OUTPUT_VECTOR))                                               \
	X(PWRITEV, pwritev, WRITES(A1, OUTPUT_VECTOR))                                             \
	X(PWRITEV2, pwritev2, WRITES(A1, OUTPUT_VECTOR))                                           \
	X(VMSPLICE, vmsplice, WRITES(A1, OUTPUT_VECTOR))                                           \
	X(SENDTO, sendto, WRITES(A1, OUTPUT_BYTES))                                                \
	X(SENDMSG, sendmsg, WRITES(A1, OUTPUT_MESSAGE))                                            \
	X(SENDFILE, sendfile64, WRITES(A1, OUTPUT_MOVED))                                          \
	X(SPLICE, splice, WRITES(A3, OUTPUT_MOVED))                                                \
	X(COPY_RANGE, copy_file_range, WRITES(A3, OUTPUT_MOVED))                                   \
	X(OPEN, open, OPENS(A1, A2))                                                               \
	X(OPENAT, openat, OPENS(A2, A3))                                                           \
	X(OPENAT2, openat2, OPENS(A2, flags_of(A3)))                                               \
	X(ACCESS, access, LOOKS(A1))                                                               \
	X(FACCESSAT, faccessat, LOOKS(A2))                                                         \
	X(FACCESSAT2, faccessat2, LOOKS(A2))                                                       \
	X(STAT, newstat, LOOKS(A1))                                                                \
	X(LSTAT, newlstat, LOOKS(A1))                                                              \
	X(FSTATAT, newfstatat, LOOKS(A2))                                                          \
	X(STATX, statx, LOOKS(A2))

#define AT_END(number, name, ended)                                                                \
	SEC("fexit/" ARCH_SYSCALL #name)                                                           \
	int BPF_PROG(vgpu_##name, struct pt_regs *regs, long result)                               \
	{                                                                                          \
		return ended;                                                                      \
	}
SYSCALLS(AT_END)

#define NUMBERS 512u
#define AS_WATCHED(number, name, ended) [ARCH_SYS_##number] = 1,
static const __u8 watched[NUMBERS] = { SYSCALLS(AS_WATCHED) };

#define AS_CASE(number, name, ended)                                                               \
	case ARCH_SYS_##number:                                                                    \
		return ended;

SEC("tp_btf/sys_exit")
int BPF_PROG(vgpu_syscall, struct pt_regs *regs, long result)
{
	__u64 number =
	    regs->orig_rax; /* directly: every system call pays for this line and the next */

	if (!watched[number & (NUMBERS - 1)])
		return 0;
	switch (number) {
		SYSCALLS(AS_CASE)
	}
	return 0;
}

#endif
