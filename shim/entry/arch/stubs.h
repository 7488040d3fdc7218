/* SPDX-License-Identifier: Apache-2.0 */
/* Where the dispatch table points for a function whose type is not known there: one stub a function number, one common part. */

/*
 * The common part has the arguments of a function whose type it does not know. It saves all argument
 * registers in a frame (shim/backend/stub.h), asks vgpu_fault_enter or vgpu_replay_enter, and then jumps on to the function
 * (nothing was changed), returns a result of its own, or, for a fault, calls the function with a copy of
 * the arguments on the stack and lets vgpu_fault_leave change what came back.
 */
#if defined(__x86_64__)
#define INTEGERS 0   /* 6 words */
#define VECTORS  48  /* 8 words */
#define RESULT   112 /* rax, rdx, xmm0 */
#define TARGET   136
#define STACK    144
#define NUMBER   152
#define FRAME    160
#define COPIED   16  /* words: more than any function takes on the stack */

	.macro VGPU_STUBS what
	.text
	.p2align 4
	.globl	vgpu_\what\()_stubs
	.hidden	vgpu_\what\()_stubs
	.type	vgpu_\what\()_stubs, @function
vgpu_\what\()_stubs:
	.set	number, 0
	.rept	1024
	.byte	0x68                    /* push number, always in its long form */
	.long	number
	.byte	0xe9                    /* jmp \what\()_common */
	.long	\what\()_common - . - 4
	.p2align 4
	.set	number, number + 1
	.endr
	.size	vgpu_\what\()_stubs, . - vgpu_\what\()_stubs

	.type	\what\()_common, @function
\what\()_common:
	.cfi_startproc
	.cfi_def_cfa_offset 16
	push	%rbp
	.cfi_def_cfa_offset 24
	.cfi_offset rbp, -24
	mov	%rsp, %rbp
	.cfi_def_cfa_register rbp
	sub	$FRAME, %rsp
	and	$-16, %rsp
	mov	%rdi, INTEGERS(%rsp)
	mov	%rsi, INTEGERS + 8(%rsp)
	mov	%rdx, INTEGERS + 16(%rsp)
	mov	%rcx, INTEGERS + 24(%rsp)
	mov	%r8, INTEGERS + 32(%rsp)
	mov	%r9, INTEGERS + 40(%rsp)
	movsd	%xmm0, VECTORS(%rsp)
	movsd	%xmm1, VECTORS + 8(%rsp)
	movsd	%xmm2, VECTORS + 16(%rsp)
	movsd	%xmm3, VECTORS + 24(%rsp)
	movsd	%xmm4, VECTORS + 32(%rsp)
	movsd	%xmm5, VECTORS + 40(%rsp)
	movsd	%xmm6, VECTORS + 48(%rsp)
	movsd	%xmm7, VECTORS + 56(%rsp)
	lea	24(%rbp), %rax
	mov	%rax, STACK(%rsp)
	mov	8(%rbp), %rax
	mov	%rax, NUMBER(%rsp)
	mov	%rsp, %rdi
	call	vgpu_\what\()_enter
	mov	%rsp, %r10              /* the frame */
	cmp	$1, %eax
	je	\what\()_own_result
	.ifc	\what, fault
	jg	\what\()_call_and_change
	.endif
	mov	TARGET(%r10), %r11
	call	\what\()_arguments
	leave
	.cfi_remember_state
	.cfi_def_cfa rsp, 16
	add	$8, %rsp
	.cfi_def_cfa_offset 8
	jmp	*%r11
	.cfi_restore_state

	.ifc	\what, fault
\what\()_call_and_change:
	lea	24(%rbp), %rsi
	sub	$COPIED * 8, %rsp
	mov	%rsp, %rdi
	mov	$COPIED, %ecx
	rep	movsq
	mov	TARGET(%r10), %r11
	call	\what\()_arguments
	call	*%r11
	add	$COPIED * 8, %rsp
	mov	%rax, RESULT(%rsp)
	mov	%rdx, RESULT + 8(%rsp)
	movsd	%xmm0, RESULT + 16(%rsp)
	mov	%rsp, %rdi
	call	vgpu_\what\()_leave
	mov	%rsp, %r10
	.endif
\what\()_own_result:
	mov	RESULT(%r10), %rax
	mov	RESULT + 8(%r10), %rdx
	movsd	RESULT + 16(%r10), %xmm0
	leave
	.cfi_remember_state
	.cfi_def_cfa rsp, 16
	add	$8, %rsp
	.cfi_def_cfa_offset 8
	ret
	.cfi_restore_state

	/* The registers as they came in; r10 is the frame, r11 is kept. */
\what\()_arguments:
	mov	INTEGERS(%r10), %rdi
	mov	INTEGERS + 8(%r10), %rsi
	mov	INTEGERS + 16(%r10), %rdx
	mov	INTEGERS + 24(%r10), %rcx
	mov	INTEGERS + 32(%r10), %r8
	mov	INTEGERS + 40(%r10), %r9
	movsd	VECTORS(%r10), %xmm0
	movsd	VECTORS + 8(%r10), %xmm1
	movsd	VECTORS + 16(%r10), %xmm2
	movsd	VECTORS + 24(%r10), %xmm3
	movsd	VECTORS + 32(%r10), %xmm4
	movsd	VECTORS + 40(%r10), %xmm5
	movsd	VECTORS + 48(%r10), %xmm6
	movsd	VECTORS + 56(%r10), %xmm7
	ret
	.cfi_endproc
	.size	\what\()_common, . - \what\()_common
	.hidden	vgpu_\what\()_enter
	.ifc	\what, fault
	.hidden	vgpu_\what\()_leave
	.endif
	.endm
#else
#error "vgpu-trace: no stubs for this architecture yet (x86_64 has some)"
#endif
