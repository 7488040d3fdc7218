// SPDX-License-Identifier: Apache-2.0
/* Which file an address of a process lies in. */
#include "tracer/source/maps.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct vgpu_maps {
	struct vgpu_mapping *list; /* by address, as the kernel has them */
	size_t count, room;
};

static int add(struct vgpu_maps *maps, const struct vgpu_mapping *mapping, const char *path)
{
	const struct vgpu_mapping *before = maps->count ? &maps->list[maps->count - 1] : NULL;
	struct vgpu_mapping *grown;

	if (maps->count == maps->room) {
		maps->room = maps->room ? maps->room * 2 : 64;
		grown = realloc(maps->list, maps->room * sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		maps->list = grown;
		before = maps->count ? &maps->list[maps->count - 1] : NULL;
	}
	grown = &maps->list[maps->count];
	*grown = *mapping;
	/* The parts of one file share its name. */
	grown->path = before && !strcmp(before->path, path) ? before->path : strdup(path);
	if (!grown->path)
		return -ENOMEM;
	maps->count++;
	return 0;
}

int vgpu_maps_read(struct vgpu_maps **out, pid_t pid)
{
	struct vgpu_maps *maps = calloc(1, sizeof(*maps));
	char *line = NULL, name[64];
	size_t room = 0, lines = 0;
	FILE *file;
	int err = 0;

	*out = NULL;
	if (!maps)
		return -ENOMEM;
	snprintf(name, sizeof(name), "/proc/%d/maps", (int)pid);
	file = fopen(name, "re");
	if (!file) {
		err = errno == ENOENT ? -ESRCH : -errno;
		free(maps);
		return err;
	}
	while (!err && getline(&line, &room, file) > 0) {
		struct vgpu_mapping mapping = { 0 };
		char rights[8];
		int at = 0;

		lines++;
		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %7s %" SCNx64 " %*s %" SCNu64 " %n", &mapping.from,
			   &mapping.to, rights, &mapping.offset, &mapping.inode, &at) < 5 || !at || line[at] != '/')
			continue;
		line[strcspn(line, "\n")] = '\0';
		mapping.code = rights[2] == 'x';
		err = add(maps, &mapping, line + at);
	}
	free(line);
	fclose(file);
	if (!err && !lines)
		err = -ESRCH;
	if (err)
		vgpu_maps_free(maps);
	else
		*out = maps;
	return err;
}

void vgpu_maps_free(struct vgpu_maps *maps)
{
	if (!maps)
		return;
	for (size_t i = 0; i < maps->count; i++)
		if (!i || maps->list[i].path != maps->list[i - 1].path)
			free((char *)(uintptr_t)maps->list[i].path);
	free(maps->list);
	free(maps);
}

const struct vgpu_mapping *vgpu_maps_find(const struct vgpu_maps *maps, uint64_t address)
{
	size_t low = 0, high = maps ? maps->count : 0;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (address < maps->list[middle].from)
			high = middle;
		else if (address >= maps->list[middle].to)
			low = middle + 1;
		else
			return &maps->list[middle];
	}
	return NULL;
}

size_t vgpu_maps_count(const struct vgpu_maps *maps)
{
	return maps ? maps->count : 0;
}

const struct vgpu_mapping *vgpu_maps_at(const struct vgpu_maps *maps, size_t index)
{
	return index < vgpu_maps_count(maps) ? &maps->list[index] : NULL;
}
