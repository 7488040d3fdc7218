/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Files about GPUs that a process opens or asks for. */
#ifndef VGPU_BPF_FILE_H
#define VGPU_BPF_FILE_H

#include "bpf/process.h"

#define OPEN_PATH 256u
#define FOUR(a, b, c, d) ((__u32)(a) | (__u32)(b) << 8 | (__u32)(c) << 16 | (__u32)(d) << 24)

/* Devices and kernel files are told apart here, since some programs open these all the time; the tracer knows the rest. */
static __always_inline bool is_gpu_node(__u32 word)
{
	return word == FOUR('n', 'v', 'i', 'd') || word == FOUR('d', 'x', 'g', 0) ||
	       word == FOUR('k', 'f', 'd', 0) || word == FOUR('d', 'r', 'i', '/');
}

static __always_inline bool may_be_about_gpus(const char *text)
{
	__u32 words[5];

	bpf_probe_read_kernel(words, sizeof(words), text);
	if (words[0] == FOUR('/', 'd', 'e', 'v') && (words[1] & 0xff) == '/') {
		bpf_probe_read_kernel(words, 4, text + 5);
		return is_gpu_node(words[0]);
	}
	if (words[0] == FOUR('/', 'p', 'r', 'o'))
		return words[1] == FOUR('c', '/', 'd', 'r');
	if (words[0] == FOUR('/', 's', 'y', 's'))
		return words[1] == FOUR('/', 'm', 'o', 'd');
	return true;
}

/* kind: VGPU_BPF_OPEN_LOOK or 0. */
__noinline int seen_path(__u64 name, __u64 flags, long result, __u16 kind)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct scratch *scratch = my_scratch(task);
	struct vgpu_bpf_open *record;
	__u32 size;
	long n;

	if (!scratch) {
		lost();
		return 0;
	}
	record = (void *)scratch->bytes;
	n = bpf_probe_read_user_str(record + 1, OPEN_PATH, (void *)name);
	if (n <= 1 || n > OPEN_PATH || !may_be_about_gpus((const char *)(record + 1)))
		return 0;
	put_head(&record->head, task, VGPU_BPF_OPEN, 0);
	record->head.flags = kind;
	record->flags = flags;
	record->error = result < 0 ? -result : 0;
	record->pad = 0;
	record->size = n - 1;
	size = (sizeof(*record) + n - 1 + 7) & ~7u;
	record->head.size = size;
	if (size > VGPU_BPF_BYTES_MAX)
		size = VGPU_BPF_BYTES_MAX;
	emit(scratch->bytes, size, false);
	return 0;
}

#endif
