// SPDX-License-Identifier: Apache-2.0
/* Writes a trace file. */
#include "tracer/file/vgt.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tracer/file/codec.h"

#define BUFFER_BYTES (256u << 10)

struct vgpu_vgt_writer {
	struct vgpu_sink sink;
	int fd;
	struct vgpu_text buffer; /* whole frames that are not on disk yet */
	struct vgpu_text frame;
	uint64_t events;
	uint64_t buffered; /* events in the buffer */
	off_t offset;      /* bytes on disk */
};

static const struct vgpu_sink_ops writer_ops;

int vgpu_vgt_create(struct vgpu_vgt_writer **out, const char *path)
{
	struct vgpu_vgt_head head = { .version = VGPU_VGT_VERSION, .order = VGPU_VGT_ORDER };
	struct vgpu_vgt_writer *writer = calloc(1, sizeof(*writer));
	char magic[sizeof(head.magic)];
	struct stat st;
	int err;

	if (!writer)
		return -ENOMEM;
	writer->sink.ops = &writer_ops;
	/* Without O_TRUNC and without blocking: a FIFO or a device at that path is looked at first. */
	writer->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0666);
	if (writer->fd < 0) {
		err = errno == ENXIO ? -EEXIST : -errno;
		goto out;
	}
	if (fstat(writer->fd, &st)) {
		err = -errno;
		goto out;
	}
	/* A slip of the finger must not cost a file that is no trace. */
	if (!S_ISREG(st.st_mode) ||
	    (st.st_size && (pread(writer->fd, magic, sizeof(magic), 0) != sizeof(magic) ||
			    memcmp(magic, VGPU_VGT_MAGIC, sizeof(magic))))) {
		err = -EEXIST;
		goto out;
	}
	if (ftruncate(writer->fd, 0)) {
		err = -errno;
		goto out;
	}
	memcpy(head.magic, VGPU_VGT_MAGIC, sizeof(head.magic));
	vgpu_text_add(&writer->buffer, (const char *)&head, sizeof(head));
	err = vgpu_vgt_flush(writer);
	if (!err) {
		*out = writer;
		return 0;
	}
out:
	vgpu_vgt_close(writer);
	return err;
}

struct vgpu_sink *vgpu_vgt_sink(struct vgpu_vgt_writer *writer)
{
	return &writer->sink;
}

uint64_t vgpu_vgt_written(const struct vgpu_vgt_writer *writer)
{
	return writer->events;
}

/* Bytes of `buffer` that make whole frames within the first `size`, and how many events they hold. */
static size_t whole_frames(const struct vgpu_text *buffer, size_t size, uint64_t *events)
{
	size_t at = 0;

	*events = 0;
	while (size - at >= sizeof(struct vgpu_vgt_frame)) {
		const struct vgpu_vgt_frame *frame = (const void *)(buffer->bytes + at);
		size_t whole = sizeof(*frame) + frame->length;

		if (whole > size - at)
			break;
		at += whole;
		++*events;
	}
	return at;
}

int vgpu_vgt_flush(struct vgpu_vgt_writer *writer)
{
	size_t done = 0;

	while (done < writer->buffer.size) {
		ssize_t n = pwrite(writer->fd, writer->buffer.bytes + done, writer->buffer.size - done,
				   writer->offset + done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			int err = n ? -errno : -EIO;
			uint64_t kept = 0;
			size_t whole = writer->offset ? whole_frames(&writer->buffer, done, &kept) : 0;

			/* What is on disk ends with a whole frame, or the reader reports damage. */
			if (ftruncate(writer->fd, writer->offset + whole))
				err = err ? err : -errno;
			writer->offset += whole;
			writer->events -= writer->buffered - kept;
			writer->buffered = 0;
			vgpu_text_clear(&writer->buffer);
			return err;
		}
		done += n;
	}
	writer->offset += done;
	writer->buffered = 0;
	vgpu_text_clear(&writer->buffer);
	return 0;
}

static int put_frame(struct vgpu_vgt_writer *writer, uint16_t kind)
{
	struct vgpu_vgt_frame head = {
		.magic = VGPU_VGT_FRAME,
		.length = writer->frame.size,
		.kind = kind,
		.version = 1,
	};
	size_t before = writer->buffer.size;

	if (writer->frame.failed || writer->frame.size > VGPU_VGT_MAX)
		return writer->frame.failed ? -ENOMEM : -E2BIG;
	head.crc = vgpu_crc32(0, &head.length, sizeof(head) - offsetof(struct vgpu_vgt_frame, length));
	head.crc = vgpu_crc32(head.crc, writer->frame.bytes, writer->frame.size);
	vgpu_text_add(&writer->buffer, (const char *)&head, sizeof(head));
	vgpu_text_add(&writer->buffer, vgpu_text_string(&writer->frame), writer->frame.size);
	if (writer->buffer.failed) {
		writer->buffer.size = before;
		return -ENOMEM;
	}
	writer->events++;
	writer->buffered++;
	return writer->buffer.size >= BUFFER_BYTES ? vgpu_vgt_flush(writer) : 0;
}

static int writer_event(struct vgpu_sink *sink, const struct vgpu_event *event)
{
	struct vgpu_vgt_writer *writer = (struct vgpu_vgt_writer *)sink;
	int err;

	vgpu_text_clear(&writer->frame);
	err = vgpu_event_encode(event, &writer->frame);
	return err ? err : put_frame(writer, event->kind);
}

static int writer_end(struct vgpu_sink *sink)
{
	struct vgpu_vgt_writer *writer = (struct vgpu_vgt_writer *)sink;
	int err;

	if (sink->error)
		return sink->error;
	vgpu_text_clear(&writer->frame);
	vgpu_text_add(&writer->frame, (const char *)&writer->events, sizeof(writer->events));
	err = put_frame(writer, VGPU_VGT_END);
	if (!err) {
		writer->events--;
		err = vgpu_vgt_flush(writer);
	}
	return err;
}

void vgpu_vgt_close(struct vgpu_vgt_writer *writer)
{
	if (!writer)
		return;
	if (writer->fd >= 0) {
		if (!writer->sink.error)
			vgpu_vgt_flush(writer);
		close(writer->fd);
	}
	vgpu_text_free(&writer->buffer);
	vgpu_text_free(&writer->frame);
	free(writer);
}

static const struct vgpu_sink_ops writer_ops = { .event = writer_event, .end = writer_end };
