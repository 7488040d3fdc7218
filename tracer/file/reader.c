// SPDX-License-Identifier: Apache-2.0
/* Reads a trace file, up to its last whole frame. */
#include "tracer/file/vgt.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tracer/file/codec.h"

struct vgpu_vgt_reader {
	FILE *file;
	uint64_t *payload; /* words, so that it is aligned for the decoder */
	size_t room;
	uint64_t events;
	bool complete;
	int error; /* 1: the end was reached */
};

int vgpu_vgt_open(struct vgpu_vgt_reader **out, const char *path)
{
	struct vgpu_vgt_reader *reader = calloc(1, sizeof(*reader));
	struct vgpu_vgt_head head;
	struct stat st;
	int err = -EPROTO;

	if (!reader)
		return -ENOMEM;
	reader->file = fopen(path, "re");
	if (!reader->file || fstat(fileno(reader->file), &st)) {
		err = -errno;
		goto out;
	}
	if (S_ISDIR(st.st_mode)) {
		err = -EISDIR;
		goto out;
	}
	if (fread(&head, 1, sizeof(head), reader->file) != sizeof(head) ||
	    memcmp(head.magic, VGPU_VGT_MAGIC, sizeof(head.magic)))
		goto out;
	if (head.order != VGPU_VGT_ORDER) {
		err = -EMEDIUMTYPE;
		goto out;
	}
	if (head.version != VGPU_VGT_VERSION) {
		err = -EPROTONOSUPPORT;
		goto out;
	}
	*out = reader;
	return 0;
out:
	vgpu_vgt_reader_close(reader);
	return err;
}

void vgpu_vgt_reader_close(struct vgpu_vgt_reader *reader)
{
	if (!reader)
		return;
	if (reader->file)
		fclose(reader->file);
	free(reader->payload);
	free(reader);
}

uint64_t vgpu_vgt_read(const struct vgpu_vgt_reader *reader)
{
	return reader->events;
}

bool vgpu_vgt_complete(const struct vgpu_vgt_reader *reader)
{
	return reader->complete;
}

/* Reads one frame whole; 1, 0 at the end of the file, -errno. */
static int read_frame(struct vgpu_vgt_reader *reader, struct vgpu_vgt_frame *frame)
{
	size_t n = fread(frame, 1, sizeof(*frame), reader->file);
	uint32_t crc;

	if (n != sizeof(*frame))
		return ferror(reader->file) ? -EIO : n ? -EBADMSG : 0;
	if (frame->magic != VGPU_VGT_FRAME || frame->length > VGPU_VGT_MAX || frame->length % 8)
		return -EBADMSG;
	if (frame->length > reader->room) {
		uint64_t *grown = realloc(reader->payload, frame->length);

		if (!grown)
			return -ENOMEM;
		reader->payload = grown;
		reader->room = frame->length;
	}
	if (frame->length && fread(reader->payload, 1, frame->length, reader->file) != frame->length)
		return ferror(reader->file) ? -EIO : -EBADMSG;
	crc = vgpu_crc32(0, &frame->length, sizeof(*frame) - offsetof(struct vgpu_vgt_frame, length));
	return vgpu_crc32(crc, reader->payload, frame->length) == frame->crc ? 1 : -EBADMSG;
}

int vgpu_vgt_next(struct vgpu_vgt_reader *reader, struct vgpu_event *event)
{
	struct vgpu_vgt_frame frame;
	int err;

	if (reader->error)
		return reader->error == 1 ? 0 : reader->error;
	do {
		err = read_frame(reader, &frame);
		if (err == 1 && frame.kind == VGPU_VGT_END) {
			reader->complete = frame.length == 8 && *reader->payload == reader->events;
			if (!reader->complete)
				err = -EBADMSG;
		}
	} while (err == 1 && frame.kind == VGPU_VGT_END);
	if (err == 1) {
		/* Something was appended after an end: it is complete only with an end of its own. */
		reader->complete = false;
		err = vgpu_event_decode(frame.kind, (const uint8_t *)reader->payload, frame.length, event);
		if (!err) {
			reader->events++;
			return 1;
		}
	}
	reader->error = err ? err : 1;
	return err;
}
