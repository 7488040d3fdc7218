// SPDX-License-Identifier: Apache-2.0
/* A recorded trace as a source. */
#include "tracer/source/file.h"

#include <errno.h>
#include <stdlib.h>

/* Events handed on at one poll. */
#define BATCH 4096

struct file_source {
	struct vgpu_source source;
	struct vgpu_vgt_reader *reader;
};

static int file_poll(struct vgpu_source *source, struct vgpu_stream *stream)
{
	struct file_source *file = (struct file_source *)source;
	struct vgpu_event event;
	int err;

	for (int i = 0; i < BATCH; i++) {
		err = vgpu_vgt_next(file->reader, &event);
		if (err != 1)
			return err ? err : -ENODATA;
		vgpu_stream_emit(stream, &event);
	}
	return 1;
}

static void file_close(struct vgpu_source *source)
{
	struct file_source *file = (struct file_source *)source;

	vgpu_vgt_reader_close(file->reader);
	free(file);
}

static const struct vgpu_source_ops file_ops = { .poll = file_poll, .close = file_close };

int vgpu_file_source_open(struct vgpu_source **out, struct vgpu_vgt_reader *reader)
{
	struct file_source *file = calloc(1, sizeof(*file));

	if (!file)
		return -ENOMEM;
	file->source.ops = &file_ops;
	file->reader = reader;
	*out = &file->source;
	return 0;
}
