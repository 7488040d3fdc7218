/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What pointers show, read as the table of functions says. */
#ifndef VGPU_BPF_CAPTURE_H
#define VGPU_BPF_CAPTURE_H

#include "bpf/maps.h"

/*
 * Functions that are not static are verified once, not anew in each turn of the loops that call
 * them: a matter of two thousand milliseconds or ten. Their pointers may be NULL, says the kernel.
 *
 * barrier_var() keeps clang from testing one copy of a number and using another, or from dropping a
 * mask after a test: Linux 6.1 does not see through that, and refuses the program.
 */

/* A blob of the greatest size fits behind any offset up to here: its head, 4097 bytes and a NUL. */
#define OFFSET_MAX (VGPU_BPF_BYTES_MAX - 8 - 4104 - 8)

/* The page is there nearly always; where it is not, and probes may sleep, it is faulted in. */
static __always_inline long read_user(void *to, __u32 size, __u64 from)
{
	long error = bpf_probe_read_user(to, size, (void *)from);

	if (error && vgpu_sleepable)
		error = bpf_copy_from_user(to, size, (void *)from);
	return error;
}

/* Length without its NUL, at most room - 1; or negative. A string of up to 4 KiB lies on two pages at most. */
static __always_inline long read_text(void *to, __u32 room, __u64 from)
{
	long n = bpf_probe_read_user_str(to, room, (void *)from);
	char byte;

	if (n <= 0 && vgpu_sleepable) {
		bpf_copy_from_user(&byte, 1, (void *)from);
		n = bpf_probe_read_user_str(to, room, (void *)from);
		if (n <= 0) {
			bpf_copy_from_user(&byte, 1, (void *)((from | 4095) + 1));
			n = bpf_probe_read_user_str(to, room, (void *)from);
		}
	}
	return n > 0 ? n - 1 : n < 0 ? n : -1;
}

static __always_inline __u64 word_of(struct frame *frame, __u32 i)
{
	return i < VGPU_BPF_WORDS ? frame->word[i] : 0;
}

static __always_inline __u64 as_count(__u64 value, __u8 flags)
{
	if (!(flags & VGPU_BPF_COUNT_WIDE))
		value = flags & VGPU_BPF_COUNT_SIGNED ? (__u64)(__s64)(__s32)value : (__u32)value;
	return (flags & VGPU_BPF_COUNT_SIGNED) && (__s64)value < 0 ? 0 : value;
}

__noinline __u64 how_many(struct frame *frame, const struct vgpu_bpf_count *c)
{
	__u64 value, before;
	__u8 flags;

	if (!frame || !c)
		return 0;
	flags = c->flags;
	value = word_of(frame, c->word);

	if (flags & VGPU_BPF_COUNT_POINTER) {
		__u64 from = value;

		value = 0;
		if (!from || read_user(&value, flags & VGPU_BPF_COUNT_WIDE ? 8 : 4, from))
			return 0;
	}
	value = as_count(value, flags);
	if ((flags & VGPU_BPF_COUNT_POINTER) && c->small < VGPU_BPF_SMALLS) {
		before = as_count(frame->small[c->small], flags);
		if (before < value)
			value = before;
	}
	return value;
}

static __always_inline __u64 elements(struct frame *frame, const struct vgpu_bpf_capture *c)
{
	__u64 n = c->fixed_count, limit;

	if (c->count.flags & VGPU_BPF_COUNT_SET)
		n = how_many(frame, &c->count);
	if (c->limit.flags & VGPU_BPF_COUNT_SET) {
		limit = how_many(frame, &c->limit);
		if (limit < n)
			n = limit;
	}
	return n;
}

/* Appends one blob at offset; returns where the next one goes. */
__noinline __u32 capture(struct frame *frame, const struct vgpu_bpf_capture *c, struct scratch *scratch,
				__u32 offset, __u64 pointer)
{
	struct vgpu_bpf_blob *blob;
	struct vgpu_bpf_totals *total;
	__u64 full = 0, n;
	__u32 kept, kind;
	__u8 flags, *to;
	long length, error = 0;

	if (!frame || !c || !scratch)
		return offset;
	kind = c->kind;
	flags = c->blob_flags;
	if (offset > OFFSET_MAX) {
		frame->flags |= VGPU_BPF_CALL_TRUNCATED;
		return offset;
	}
	blob = (void *)&scratch->bytes[offset];
	to = (void *)(blob + 1);
	if (!pointer || ((c->flags & VGPU_BPF_CAPTURE_OK_ONLY) && frame->failed)) {
		flags |= VGPU_BPF_BLOB_ABSENT;
		goto out;
	}
	if (c->flags & VGPU_BPF_CAPTURE_AT_ENTRY) {
		__u32 small = c->small & (VGPU_BPF_SMALLS - 1);

		*(__u64 *)to = frame->small[small];
		full = c->size;
		flags |= VGPU_BPF_BLOB_ENTRY;
		if (!(frame->small_read >> small & 1))
			error = -1;
		goto out;
	}
	switch (kind) {
	case VGPU_BPF_CAPTURE_INDIRECT:
		n = 0;
		error = read_user(&n, 8, pointer);
		pointer = n;
		if (error)
			goto out;
		if (!pointer) {
			flags |= VGPU_BPF_BLOB_ABSENT;
			goto out;
		}
		/* fall through */
	case VGPU_BPF_CAPTURE_STRING:
		n = VGPU_BPF_BLOB_MAX + 1;
		if ((c->count.flags & VGPU_BPF_COUNT_SET) || c->fixed_count)
			n = elements(frame, c);
		if (!n)
			goto out;
		if (n > VGPU_BPF_BLOB_MAX + 1)
			n = VGPU_BPF_BLOB_MAX + 1;
		length = read_text(to, n + 1, pointer);
		if (length < 0)
			error = length;
		else
			full = length;
		goto out;
	case VGPU_BPF_CAPTURE_VERSIONED:
		kept = 0;
		error = read_user(&kept, 4, pointer);
		if (error)
			goto out;
		full = kept & 0xffffff;
		if (full < 4)
			full = 4;
		if (full > c->size)
			full = c->size;
		break;
	case VGPU_BPF_CAPTURE_ARRAY:
		n = elements(frame, c);
		if ((c->flags & VGPU_BPF_CAPTURE_FIRST) && frame->failed && n > 1)
			n = 1;
		full = n > VGPU_BPF_BLOB_MAX ? VGPU_BPF_BLOB_MAX + 1 : n * c->size;
		if (full > VGPU_BPF_BLOB_MAX + 1)
			full = VGPU_BPF_BLOB_MAX + 1;
		break;
	default:
		full = c->size;
		break;
	}
	kept = full;
	barrier_var(kept);
	if (kept > VGPU_BPF_BLOB_MAX)
		kept = VGPU_BPF_BLOB_MAX;
	if (kept)
		error = read_user(to, kept, pointer);
out:
	if (error) {
		flags |= VGPU_BPF_BLOB_ABSENT | VGPU_BPF_BLOB_UNREADABLE;
		full = 0;
		total = my_totals();
		if (total)
			count(&total->unreadable);
	}
	kept = full;
	if (kept > VGPU_BPF_BLOB_MAX) {
		kept = VGPU_BPF_BLOB_MAX;
		flags |= VGPU_BPF_BLOB_TRUNCATED;
		frame->flags |= VGPU_BPF_CALL_TRUNCATED;
	}
	blob->param = c->param;
	blob->flags = flags;
	blob->size = kept;
	blob->full_size = full;
	return offset + sizeof(*blob) + ((kept + 7) & ~7u);
}

#endif
