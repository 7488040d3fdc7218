/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Device code that a call is given: what its headers say, while they are there. */
#ifndef VGPU_BPF_IMAGE_H
#define VGPU_BPF_IMAGE_H

#include "bpf/capture.h"
#include "bpf/identity.h"

static __noinline long found_mapping(struct task_struct *task, struct vm_area_struct *vma,
				     struct vgpu_bpf_mapping **data)
{
	struct vgpu_bpf_mapping *mapping = *data;
	struct file *file = BPF_CORE_READ(vma, vm_file);

	if (!mapping)
		return 0;
	mapping->start = BPF_CORE_READ(vma, vm_start);
	mapping->offset = BPF_CORE_READ(vma, vm_pgoff) << 12;
	if (!file)
		return 0;
	mapping->inode = BPF_CORE_READ(file, f_inode, i_ino);
	bpf_probe_read_kernel_str(mapping->name, sizeof(mapping->name),
				  BPF_CORE_READ(file, f_path.dentry, d_name.name));
	return 0;
}

static __always_inline void put_mapping(struct vgpu_bpf_mapping *mapping, struct task_struct *task,
					__u64 address)
{
	mapping->start = mapping->offset = mapping->inode = 0;
	mapping->name[0] = 0;
	if (vgpu_find_vma)
		bpf_find_vma(task, address, found_mapping, &mapping, 0);
}

/* As nvcc writes them: a wrapper that points at the code, a fat binary's header, and that of each code in it. */
#define IMAGE_WRAPPER 0x466243b1u
#define IMAGE_FAT 0xba55ed50u

struct image_wrapper {
	__u32 magic, version;
	__u64 data;
};

struct image_fat {
	__u32 magic;
	__u16 version, header_size;
	__u64 size;
};

#define IMAGE_ENTRY 64u

struct image_entry {
	__u16 kind, version;
	__u32 header_size;
	__u64 size;
};

#define IMAGE_ROOM                                                                                 \
	(sizeof(struct vgpu_bpf_image) + sizeof(struct image_fat) +                                \
	 VGPU_BPF_IMAGE_ENTRIES * IMAGE_ENTRY)
_Static_assert(IMAGE_ROOM <= VGPU_BPF_BYTES_MAX &&
		   sizeof(struct vgpu_bpf_image) + VGPU_BPF_IMAGE_BYTES <= IMAGE_ROOM,
	       "a record");

/* Headers of the codes of a fat binary at `from`; how many. */
static __always_inline __u32 put_entries(struct vgpu_bpf_image *record, __u64 from,
					 const struct image_fat *fat)
{
	__u8 *to = (__u8 *)(record + 1) + sizeof(*fat);
	__u64 at = from + fat->header_size, end = at + fat->size;
	struct image_entry *entry;
	__u32 i;

	for (i = 0; i < VGPU_BPF_IMAGE_ENTRIES; i++) {
		if (at + IMAGE_ENTRY > end)
			return i;
		entry = (void *)(to + i * IMAGE_ENTRY);
		if (read_user(entry, IMAGE_ENTRY, at) || entry->header_size < IMAGE_ENTRY)
			return i;
		at += entry->header_size + entry->size;
	}
	record->more = at + IMAGE_ENTRY <= end;
	return i;
}

__noinline int seen_image(struct frame *frame, __u32 word)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct vgpu_bpf_totals *total;
	struct image_wrapper wrapper;
	struct vgpu_bpf_image *record;
	struct scratch *scratch;
	struct image_fat *fat;
	__u32 size;
	__u64 at;

	if (!frame)
		return 0;
	at = word_of(frame, word);
	scratch = my_scratch(task);
	if (!at || !scratch) {
		total = my_totals();
		if (at && total)
			count(&total->other_dropped);
		return 0;
	}
	record = (void *)scratch->bytes;
	put_head(&record->head, task, VGPU_BPF_IMAGE, 0);
	record->slot = frame->slot;
	record->entries = record->more = 0;
	record->caller = frame->word[VGPU_BPF_CALLER];
	if (!read_user(&wrapper, sizeof(wrapper), at) && wrapper.magic == IMAGE_WRAPPER)
		at = wrapper.data;
	record->address = at;
	put_mapping(&record->mapping, task, at);
	fat = (void *)(record + 1);
	size = 0;
	if (!read_user(fat, sizeof(*fat), at)) {
		if (fat->magic == IMAGE_FAT) {
			record->entries = put_entries(record, at, fat);
			size = sizeof(*fat) + record->entries * IMAGE_ENTRY;
		} else {
			size = VGPU_BPF_IMAGE_BYTES;
			if (read_user(fat, size, at)) {
				/* Near the end of what is mapped: to the end of this page. */
				size = 4096 - (at & 4095);
				if (size > VGPU_BPF_IMAGE_BYTES)
					size = VGPU_BPF_IMAGE_BYTES;
				if (bpf_probe_read_user(fat, size, (void *)at))
					size = 0;
			}
		}
	}
	record->size = size;
	size = (sizeof(*record) + size + 7) & ~7u;
	record->head.size = size;
	if (size > IMAGE_ROOM)
		size = IMAGE_ROOM;
	emit(scratch->bytes, size, false);
	return 0;
}

#endif
