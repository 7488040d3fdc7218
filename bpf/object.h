/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The compiled kernel side, as it lies in the program. */
#ifndef VGPU_BPF_OBJECT_H
#define VGPU_BPF_OBJECT_H

extern const unsigned char vgpu_bpf_object[] __attribute__((visibility("hidden")));
extern const unsigned char vgpu_bpf_object_end[] __attribute__((visibility("hidden")));

#endif
