/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a process writes to descriptors that are recorded: up to 4 KiB of each write, however it is handed over. */
#ifndef VGPU_BPF_OUTPUT_H
#define VGPU_BPF_OUTPUT_H

#include "bpf/process.h"

enum output_form {
	OUTPUT_BYTES,   /* address, length */
	OUTPUT_VECTOR,  /* struct iovec[], how many */
	OUTPUT_MESSAGE, /* struct msghdr */
	OUTPUT_MOVED,   /* from another descriptor: the kernel alone has seen it */
};

#define PIECE 2048u
#define VECTORS 64u
#define OUTPUT_UNREAD (1u << 31) /* beside the bytes gathered so far */

struct vector {
	__u64 base, length;
};

/* How struct msghdr begins. */
struct message {
	__u64 name, name_size, vector, count;
};

/* Never across a page, since one may be there and the next not. Four pieces are 4 KiB from anywhere. */
__noinline __u32 add_output(struct scratch *scratch, __u32 at, __u64 from, __u64 length)
{
	__u32 i, n;

	if (!scratch)
		return at;
	for (i = 0; i < 4; i++) {
		if (!length || at >= VGPU_BPF_BLOB_MAX)
			return at;
		n = 4096 - (from & 4095);
		if (n > PIECE)
			n = PIECE;
		if (n > VGPU_BPF_BLOB_MAX - at)
			n = VGPU_BPF_BLOB_MAX - at;
		if (n > length)
			n = length;
		barrier_var(n);
		if (!n || n > PIECE)
			return at;
		if (bpf_probe_read_user(&scratch->bytes[sizeof(struct vgpu_bpf_write) + at], n,
					(void *)from))
			return at | OUTPUT_UNREAD;
		at += n;
		from += n;
		length -= n;
	}
	return at;
}

/* Of `written` bytes, where that is known; else *length gets what was to be written. */
static __always_inline __u32 add_vector(struct scratch *scratch, __u64 from, __u64 count,
					long written, __u64 *length)
{
	__u64 left = written;
	struct vector vector;
	__u32 at = 0, i;

	for (i = 0; i < VECTORS; i++) {
		if (i >= count || !left || (at & OUTPUT_UNREAD) ||
		    (at >= VGPU_BPF_BLOB_MAX && written >= 0))
			break;
		if (bpf_probe_read_user(&vector, sizeof(vector),
					(void *)(from + i * sizeof(vector)))) {
			at |= OUTPUT_UNREAD;
			break;
		}
		if (written < 0)
			*length += vector.length;
		else if (vector.length > left)
			vector.length = left;
		at = add_output(scratch, at, vector.base, vector.length);
		if (written >= 0)
			left -= vector.length;
	}
	return at;
}

/* from, count: as the form has it. */
__noinline int seen_output(__u64 fd, __u64 from, __u64 count, long written, __u32 form)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct scratch *scratch = my_scratch(task);
	struct vgpu_bpf_write *record;
	struct message message;
	__u32 at = 0, size;
	__u64 length;

	/* What moved nothing may be anything, the wrong sort of descriptor at that: it is tried another way then. */
	if (form == OUTPUT_MOVED && written <= 0)
		return 0;
	if (!scratch) {
		lost();
		return 0;
	}
	length = written < 0 ? 0 : written;
	switch (form) {
	case OUTPUT_BYTES:
		if (written < 0)
			length = count;
		at = add_output(scratch, 0, from, length);
		break;
	case OUTPUT_MESSAGE:
		if (bpf_probe_read_user(&message, sizeof(message), (void *)from)) {
			at = OUTPUT_UNREAD;
			break;
		}
		from = message.vector;
		count = message.count;
		/* fall through */
	case OUTPUT_VECTOR:
		at = add_vector(scratch, from, count, written, &length);
		break;
	default:
		at = OUTPUT_UNREAD;
		break;
	}
	record = (void *)scratch->bytes;
	put_head(&record->head, task, VGPU_BPF_WRITE, 0);
	record->head.flags = at & OUTPUT_UNREAD ? VGPU_BPF_WRITE_UNREAD : 0;
	record->fd = fd;
	put_descriptor(&record->target, task, fd);
	record->address = from;
	record->full_size = length;
	size = at & ~OUTPUT_UNREAD;
	if (size > VGPU_BPF_BLOB_MAX)
		size = VGPU_BPF_BLOB_MAX;
	record->size = size;
	size = (sizeof(*record) + size + 7) & ~7u;
	record->head.size = size;
	if (size > VGPU_BPF_BYTES_MAX)
		size = VGPU_BPF_BYTES_MAX;
	emit(scratch->bytes, size, false);
	return 0;
}

#endif
