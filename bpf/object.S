/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Embeds the compiled kernel side. */
	.section .rodata
	.balign 16
	.globl vgpu_bpf_object, vgpu_bpf_object_end
	.hidden vgpu_bpf_object, vgpu_bpf_object_end
vgpu_bpf_object:
	.incbin VGPU_BPF_OBJECT
vgpu_bpf_object_end:
	.section .note.GNU-stack, "", %progbits
