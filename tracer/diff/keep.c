// SPDX-License-Identifier: Apache-2.0
/* Keeps what processes tell in a file for a while. */
#include "tracer/diff/keep.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tracer/file/vgt.h"

struct vgpu_keep {
	struct vgpu_vgt_writer *writer;
	char path[64]; /* "": there is no file */
};

int vgpu_keep_open(struct vgpu_keep **out)
{
	struct vgpu_keep *keep = calloc(1, sizeof(*keep));
	int fd, err;

	if (!keep)
		return -ENOMEM;
	snprintf(keep->path, sizeof(keep->path), "%s/vgpu-diff-XXXXXX", access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm");
	fd = mkstemp(keep->path);
	err = fd < 0 ? -errno : 0;
	if (err)
		keep->path[0] = '\0';
	else
		close(fd);
	if (!err)
		err = vgpu_vgt_create(&keep->writer, keep->path);
	if (err) {
		vgpu_keep_close(keep);
		return err;
	}
	*out = keep;
	return 0;
}

struct vgpu_sink *vgpu_keep_sink(struct vgpu_keep *keep)
{
	return vgpu_vgt_sink(keep->writer);
}

int vgpu_keep_finish(struct vgpu_keep *keep)
{
	int err = vgpu_vgt_sink(keep->writer)->error;

	vgpu_vgt_close(keep->writer);
	keep->writer = NULL;
	return err;
}

const char *vgpu_keep_path(const struct vgpu_keep *keep)
{
	return keep->path;
}

void vgpu_keep_close(struct vgpu_keep *keep)
{
	if (!keep)
		return;
	vgpu_vgt_close(keep->writer);
	if (keep->path[0])
		unlink(keep->path);
	free(keep);
}
