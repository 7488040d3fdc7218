/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Where an architecture's calls have their arguments, result and return address. */
#ifndef VGPU_BPF_ARCH_H
#define VGPU_BPF_ARCH_H

#include <linux/types.h>
#include <asm/ptrace.h>

#ifdef __TARGET_ARCH_x86
#define ARCH_ARG1(regs)   ((regs)->rdi)
#define ARCH_ARG2(regs)   ((regs)->rsi)
#define ARCH_ARG3(regs)   ((regs)->rdx)
#define ARCH_ARG4(regs)   ((regs)->rcx)
#define ARCH_ARG5(regs)   ((regs)->r8)
#define ARCH_ARG6(regs)   ((regs)->r9)
#define ARCH_SP(regs)     ((regs)->rsp)
#define ARCH_BP(regs)     ((regs)->rbp)
#define ARCH_IP(regs)     ((regs)->rip)
#define ARCH_RESULT(regs) ((regs)->rax)
#define ARCH_PUT_REGISTERS(to, regs)                                                               \
	do {                                                                                       \
		(to)->ip = (regs)->rip;                                                            \
		(to)->sp = (regs)->rsp;                                                            \
		(to)->bp = (regs)->rbp;                                                            \
		(to)->bx = (regs)->rbx;                                                            \
		(to)->r12 = (regs)->r12;                                                           \
		(to)->r13 = (regs)->r13;                                                           \
		(to)->r14 = (regs)->r14;                                                           \
		(to)->r15 = (regs)->r15;                                                           \
	} while (0)
/* At a return the return address has been popped: its place is what identifies the call. */
#define ARCH_RETURN_SP(regs) ((regs)->rsp - 8)
#define ARCH_SYSCALL "__x64_sys_" /* and a call's name: the kernel's function for it */
#define ARCH_SYS_WRITE 1
#define ARCH_SYS_OPEN 2
#define ARCH_SYS_STAT 4
#define ARCH_SYS_LSTAT 6
#define ARCH_SYS_MMAP 9
#define ARCH_SYS_PWRITE 18
#define ARCH_SYS_WRITEV 20
#define ARCH_SYS_ACCESS 21
#define ARCH_SYS_SENDFILE 40
#define ARCH_SYS_SENDTO 44
#define ARCH_SYS_SENDMSG 46
#define ARCH_SYS_OPENAT 257
#define ARCH_SYS_FSTATAT 262
#define ARCH_SYS_FACCESSAT 269
#define ARCH_SYS_SPLICE 275
#define ARCH_SYS_VMSPLICE 278
#define ARCH_SYS_PWRITEV 296
#define ARCH_SYS_COPY_RANGE 326
#define ARCH_SYS_PWRITEV2 328
#define ARCH_SYS_STATX 332
#define ARCH_SYS_OPENAT2 437
#define ARCH_SYS_FACCESSAT2 439
/* The registers of a system call are those that the tracepoint points at: kernel memory. */
#define ARCH_SYSCALL_ARG(regs, field)                                                              \
	({                                                                                         \
		__u64 value_ = 0;                                                                  \
		bpf_probe_read_kernel(&value_, sizeof(value_), &(regs)->field);                    \
		value_;                                                                            \
	})
#define ARCH_SYSCALL_ARG1(regs) ARCH_SYSCALL_ARG(regs, rdi)
#define ARCH_SYSCALL_ARG2(regs) ARCH_SYSCALL_ARG(regs, rsi)
#define ARCH_SYSCALL_ARG3(regs) ARCH_SYSCALL_ARG(regs, rdx)
#define ARCH_SYSCALL_ARG5(regs) ARCH_SYSCALL_ARG(regs, r8)
#define ARCH_SYSCALL_ARG6(regs) ARCH_SYSCALL_ARG(regs, r9)
#else
#error "the kernel observer knows x86-64 only"
#endif

#endif
