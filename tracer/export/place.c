// SPDX-License-Identifier: Apache-2.0
/* Where an export goes until it is whole. */
#include "tracer/export/place.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct vgpu_export_place {
	char *final;
	char *path;
	bool directory, replace, committed;
};

static int look(const struct vgpu_export_place *place)
{
	struct stat st;

	if (lstat(place->final, &st))
		return errno == ENOENT ? 0 : -errno;
	/* rename refuses a directory with something in it by itself. */
	if (!place->replace || (place->directory ? !S_ISDIR(st.st_mode) : !S_ISREG(st.st_mode)))
		return -EEXIST;
	return 0;
}

static int create(struct vgpu_export_place *place)
{
	mode_t mask = umask(0);
	int fd;

	umask(mask);
	if (place->directory)
		return mkdtemp(place->path) && !chmod(place->path, 0777 & ~mask) ? 0 : -errno;
	fd = mkostemp(place->path, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	fchmod(fd, 0666 & ~mask);
	close(fd);
	return 0;
}

int vgpu_export_place_open(struct vgpu_export_place **out, const char *path, bool directory, bool replace)
{
	struct vgpu_export_place *place = calloc(1, sizeof(*place));
	size_t size;
	int err = -ENOMEM;

	if (!place)
		return -ENOMEM;
	place->directory = directory;
	place->replace = replace;
	place->final = strdup(path);
	if (!place->final)
		goto fail;
	/* out/ is out. */
	for (size = strlen(path); directory && size > 1 && place->final[size - 1] == '/';)
		place->final[--size] = '\0';
	err = look(place);
	if (err)
		goto fail;
	err = asprintf(&place->path, "%s.XXXXXX", place->final) < 0 ? -ENOMEM : 0;
	if (err) {
		place->path = NULL;
		goto fail;
	}
	err = create(place);
	if (err) {
		free(place->path);
		place->path = NULL;
		goto fail;
	}
	*out = place;
	return 0;
fail:
	vgpu_export_place_close(place);
	return err;
}

const char *vgpu_export_place_path(const struct vgpu_export_place *place)
{
	return place->path;
}

int vgpu_export_place_commit(struct vgpu_export_place *place)
{
	int err = look(place);

	if (err)
		return err;
	if (rename(place->path, place->final))
		return errno == ENOTEMPTY ? -EEXIST : -errno;
	place->committed = true;
	return 0;
}

/* Exports make directories of files only. */
static void remove_directory(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			unlinkat(dirfd(dir), entry->d_name, 0);
	if (dir)
		closedir(dir);
	rmdir(path);
}

void vgpu_export_place_close(struct vgpu_export_place *place)
{
	if (!place)
		return;
	if (place->path && !place->committed) {
		if (place->directory)
			remove_directory(place->path);
		else
			unlink(place->path);
	}
	free(place->path);
	free(place->final);
	free(place);
}
