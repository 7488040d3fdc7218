/* SPDX-License-Identifier: Apache-2.0 */
/* Which file an address of a process lies in. */
#ifndef VGPU_SOURCE_MAPS_H
#define VGPU_SOURCE_MAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct vgpu_maps;

struct vgpu_mapping {
	uint64_t from, to; /* addresses */
	uint64_t offset;   /* of `from` in the file */
	uint64_t inode;
	bool code;         /* executable */
	const char *path;  /* as the process sees it; "" of memory without a file */
};

/* What /proc/PID/maps says now: files only. 0 or -errno; -ESRCH: the process is gone, or has no memory any more. */
int vgpu_maps_read(struct vgpu_maps **out, pid_t pid);
void vgpu_maps_free(struct vgpu_maps *maps); /* takes NULL */
/* NULL: no file is mapped there (or maps is NULL). Valid until maps is freed. */
const struct vgpu_mapping *vgpu_maps_find(const struct vgpu_maps *maps, uint64_t address);
size_t vgpu_maps_count(const struct vgpu_maps *maps);
const struct vgpu_mapping *vgpu_maps_at(const struct vgpu_maps *maps, size_t index);

#endif
