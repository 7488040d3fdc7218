// SPDX-License-Identifier: Apache-2.0
/* Device code that calls were given: its headers as the kernel side read them, its hash from where it lies. */
#include <sys/types.h>

#include "tracer/source/kwatch_private.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "tracer/source/image.h"

/* Records wait in the rings meanwhile: a hash of more would lose some. */
#define IMAGE_BYTES (UINT64_C(4) << 20)
#define PROCESS_BYTES (UINT64_C(64) << 20)

/* Where the bytes are to be had: in the file that is mapped there, else in the process. */
struct place {
	int fd; /* -1: the process */
	pid_t pid;
	uint64_t at; /* address, or offset in the file */
};

static ssize_t read_place(void *data, uint64_t offset, void *to, size_t size)
{
	const struct place *place = data;
	struct iovec local = { to, size },
		     remote = { (void *)(uintptr_t)(place->at + offset), size };
	ssize_t n;

	if (place->fd >= 0)
		return pread(place->fd, to, size, (off_t)(place->at + offset));
	n = process_vm_readv(place->pid, &local, 1, &remote, 1, 0);
	return n < 0 ? -errno : n;
}

/* What was read then must still be there; else it is something else that would be hashed. */
static bool is_same(struct place *place, const struct vgpu_bpf_image *image)
{
	/* A fat binary's own header, and that of its first code; of text what there was of it. */
	size_t size = image->entries ? 16 + 64 : strnlen((const char *)(image + 1), image->size);
	uint8_t now[VGPU_BPF_IMAGE_BYTES];

	if (!image->entries && size < 64 && image->size >= 64 &&
	    !memcmp(image + 1, ELFMAG, SELFMAG))
		size = 64;
	return size <= sizeof(now) && size <= image->size && size &&
	       read_place(place, 0, now, size) == (ssize_t)size && !memcmp(now, image + 1, size);
}

static int open_mapped(const struct kwatch_process *process, const struct vgpu_bpf_image *image)
{
	const struct vgpu_mapping *mapping = NULL;
	char path[1200];
	struct stat st;
	int fd;

	/* By its inode: after an end the maps are those of the last look. */
	for (size_t i = 0; i < vgpu_maps_count(process->maps) && !mapping; i++)
		if (vgpu_maps_at(process->maps, i)->inode == image->mapping.inode)
			mapping = vgpu_maps_at(process->maps, i);
	if (!mapping)
		mapping = kwatch_map_inode(process, image->mapping.inode);
	if (!mapping)
		return -1;
	snprintf(path, sizeof(path), "/proc/%u/root%s", process->pid, mapping->path);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		fd = open(mapping->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd >= 0 &&
	    (fstat(fd, &st) || st.st_ino != image->mapping.inode || !S_ISREG(st.st_mode))) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static uint64_t hash(struct kwatch_process *process, const struct vgpu_bpf_image *image,
		     const struct vgpu_image *described, uint8_t out[32])
{
	struct place place = { .fd = -1, .pid = (pid_t)process->pid };
	uint64_t hashed = 0;

	/* What is none has no end that could be found. */
	if (process->hashed >= PROCESS_BYTES || !strcmp(described->format, "unknown"))
		return 0;
	if (image->mapping.inode) {
		kwatch_where(process, image->address);
		place.fd = open_mapped(process, image);
		place.at = image->address - image->mapping.start + image->mapping.offset;
	}
	if (place.fd >= 0 && is_same(&place, image))
		hashed = vgpu_image_hash(read_place, &place, described->size, IMAGE_BYTES, out);
	if (place.fd >= 0)
		close(place.fd);
	place = (struct place){ .fd = -1, .pid = (pid_t)process->pid, .at = image->address };
	if (!hashed && vgpu_proc_alive(process->pid, process->known->start_time) &&
	    is_same(&place, image))
		hashed = vgpu_image_hash(read_place, &place, described->size, IMAGE_BYTES, out);
	process->hashed += hashed;
	return hashed;
}

void kwatch_image(struct vgpu_kwatch *watch, struct kwatch_process *process,
		  const struct vgpu_bpf_image *record)
{
	const struct vgpu_kernel_function *function =
	    vgpu_kernel_function(watch->kernel, record->slot);
	const struct vgpu_mapping *caller = kwatch_where(process, record->caller);
	struct vgpu_image image;
	uint8_t sha[32];
	struct vgpu_event event = {
		.kind = VGPU_EVENT_IMAGE,
		.observer = VGPU_OBSERVER_KERNEL,
		.process = process->known->number,
		.tid = (int32_t)record->head.ns_tid,
		.time_ns = record->head.time_ns,
	};

	vgpu_image_describe(&image, (const uint8_t *)(record + 1), record->size, record->entries);
	event.image = (struct vgpu_event_image){
		.function = function ? function->id : 0,
		.size = image.size,
		.hashed = hash(process, record, &image, sha),
		.cubin = { image.cubin, image.cubin_size },
		.ptx = { image.ptx, image.ptx_size },
		.object = caller ? caller->path : NULL,
		.format = image.format,
	};
	if (event.image.hashed)
		event.image.hash = (struct vgpu_data){ sha, sizeof(sha) };
	/* Text says nothing of its size: what was read to its end is it. */
	if (!image.size && !strcmp(image.format, "ptx") && event.image.hashed < IMAGE_BYTES)
		event.image.size = event.image.hashed;
	vgpu_stream_emit(watch->stream, &event);
}
