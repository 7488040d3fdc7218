/* SPDX-License-Identifier: Apache-2.0 */
/* The exported entry point: what the kernel observer attaches to, and where "off" ends. */

/*
 * nop; nop5: a kernel probe at +0 is on an instruction that is emulated, never single-stepped.
 * Off (vgpu_local.mode == VGPU_MODE_OFF, 1) costs the load and the branch below.
 */
#if defined(__x86_64__)
	.macro VGPU_THUNK name, number
	.p2align 4
	.globl	\name
	.type	\name, @function
\name:
	.cfi_startproc
	.byte	0x90, 0x0f, 0x1f, 0x44, 0x00, 0x00
	cmpl	$1, vgpu_local(%rip)
	jne	vgpu_wrap_\name
	jmp	*vgpu_dispatch + 8 * \number (%rip)
	.cfi_endproc
	.size	\name, . - \name
	.endm
#else
#error "vgpu-trace: no entry thunk for this architecture yet (x86_64 has one)"
#endif
	.hidden	vgpu_local
	.hidden	vgpu_dispatch
