// SPDX-License-Identifier: Apache-2.0
/* Writes a trace file: blocks, each whole or not there. */
#include "tracer/file/vgt.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include "tracer/file/encode.h"
#include "tracer/file/reader.h"

/* A block's content, about: large enough to pack well, small enough to be read for a few events in it. */
#define BLOCK_BYTES (256u << 10)
/* Level 3 takes half as long again for 3 % less: see tests/bench. */
#define PACK_LEVEL 1
/* The smallest content that is worth packing. */
#define PACK_LEAST 64u

struct vgpu_vgt_writer {
	struct vgpu_sink sink;
	int fd;
	struct vgpu_encoder encoder;
	ZSTD_CCtx *packer;
	struct vgpu_wire out;     /* whole blocks that are not on disk yet */
	struct vgpu_wire heads;   /* of all blocks on disk and in out, for the index */
	uint32_t unwritten_heads; /* bytes of them that are of blocks in out */
	struct vgpu_vgt_block open; /* counts of the block that events go to */
	uint64_t opened_ns;       /* when its first event came */
	uint64_t events;
	uint64_t offset;          /* bytes on disk */
};

static const struct vgpu_sink_ops writer_ops;

static void open_block(struct vgpu_vgt_writer *writer)
{
	writer->open = (struct vgpu_vgt_block){ .kind = VGPU_VGT_EVENTS };
	vgpu_encoder_begin(&writer->encoder);
}

static int writer_new(struct vgpu_vgt_writer **out)
{
	struct vgpu_vgt_writer *writer = calloc(1, sizeof(*writer));

	if (!writer)
		return -ENOMEM;
	writer->sink.ops = &writer_ops;
	writer->fd = -1;
	writer->packer = ZSTD_createCCtx();
	*out = writer;
	if (!writer->packer || vgpu_encoder_open(&writer->encoder))
		return -ENOMEM;
	ZSTD_CCtx_setParameter(writer->packer, ZSTD_c_compressionLevel, PACK_LEVEL);
	open_block(writer);
	return 0;
}

/* All of it, at an offset. *done: bytes that are there even when it failed. */
static int write_all(int fd, const uint8_t *bytes, size_t size, uint64_t offset, size_t *done)
{
	for (*done = 0; *done < size;) {
		ssize_t n = pwrite(fd, bytes + *done, size - *done, offset + *done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -EIO;
		*done += n;
	}
	return 0;
}

int vgpu_vgt_create(struct vgpu_vgt_writer **out, const char *path)
{
	struct vgpu_vgt_head head = { .version = VGPU_VGT_VERSION, .order = VGPU_VGT_ORDER };
	struct vgpu_vgt_writer *writer = NULL;
	char magic[sizeof(head.magic)];
	struct stat st;
	size_t done;
	int err = writer_new(&writer);

	if (err)
		goto out;
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
	head.crc = vgpu_crc32(0, &head, offsetof(struct vgpu_vgt_head, crc));
	err = write_all(writer->fd, (const uint8_t *)&head, sizeof(head), 0, &done);
	if (!err) {
		writer->offset = sizeof(head);
		*out = writer;
		return 0;
	}
	if (ftruncate(writer->fd, 0))
		err = err ? err : -errno;
out:
	vgpu_vgt_close(writer);
	return err;
}

int vgpu_vgt_append(struct vgpu_vgt_writer **out, const char *path)
{
	struct vgpu_vgt_writer *writer = NULL;
	struct vgpu_vgt_reader *reader = NULL;
	int err = vgpu_vgt_open(&reader, path);

	if (err)
		return err;
	err = writer_new(&writer);
	if (!err)
		/* All that was defined so far: what is appended may refer to it. */
		err = vgpu_vgt_carry_on(reader, &writer->encoder, &writer->heads, &writer->offset, &writer->events);
	vgpu_vgt_reader_close(reader);
	if (err)
		goto out;
	writer->fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (writer->fd < 0 || ftruncate(writer->fd, writer->offset)) {
		err = -errno;
		goto out;
	}
	*out = writer;
	return 0;
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

/* Appends a block to out. The rest of the head is the caller's. */
static int put_block(struct vgpu_vgt_writer *writer, struct vgpu_vgt_block head, const uint8_t *bytes, size_t size)
{
	size_t bound = ZSTD_compressBound(size), packed = size;
	uint8_t *at;

	if (size > VGPU_VGT_PLAIN_MAX)
		return -E2BIG;
	if (!vgpu_wire_room(&writer->out, sizeof(head) + bound))
		return -ENOMEM;
	at = writer->out.bytes + writer->out.size + sizeof(head);
	head.packing = VGPU_VGT_STORED;
	if (size >= PACK_LEAST) {
		packed = ZSTD_compress2(writer->packer, at, bound, bytes, size);
		if (ZSTD_isError(packed))
			return -ENOMEM;
		head.packing = VGPU_VGT_ZSTD;
	} else if (size) {
		memcpy(at, bytes, size);
	}
	head.magic = VGPU_VGT_BLOCK;
	head.stored = packed;
	head.plain = size;
	head.offset = writer->offset + writer->out.size;
	head.crc = vgpu_crc32(0, at, packed);
	head.head_crc = vgpu_crc32(0, &head.crc, sizeof(head) - offsetof(struct vgpu_vgt_block, crc));
	memcpy(at - sizeof(head), &head, sizeof(head));
	writer->out.size += sizeof(head) + packed;
	vgpu_wire_add(&writer->heads, &head, sizeof(head));
	writer->unwritten_heads += sizeof(head);
	return writer->heads.failed ? -ENOMEM : 0;
}

/* Bytes of out that make whole blocks within its first `size`, and the events in the blocks that are lost. */
static size_t whole_blocks(const struct vgpu_vgt_writer *writer, size_t size, uint64_t *lost)
{
	const uint8_t *heads = writer->heads.bytes + writer->heads.size - writer->unwritten_heads;
	size_t at = 0;

	*lost = 0;
	for (size_t i = 0; i < writer->unwritten_heads; i += sizeof(struct vgpu_vgt_block)) {
		struct vgpu_vgt_block head;

		memcpy(&head, heads + i, sizeof(head));
		if (!*lost && at + sizeof(head) + head.stored <= size)
			at += sizeof(head) + head.stored;
		else
			*lost += head.events;
	}
	return at;
}

/* Writes out. What is on disk afterwards ends with a whole block, whatever happened. */
static int write_out(struct vgpu_vgt_writer *writer)
{
	uint64_t lost = 0;
	size_t done;
	int err = write_all(writer->fd, writer->out.bytes, writer->out.size, writer->offset, &done);

	if (err) {
		done = whole_blocks(writer, done, &lost);
		if (ftruncate(writer->fd, writer->offset + done))
			err = err ? err : -errno;
		writer->events -= lost;
	}
	writer->offset += done;
	writer->out.size = 0;
	writer->unwritten_heads = 0;
	return err;
}

static int close_block(struct vgpu_vgt_writer *writer)
{
	struct vgpu_encoder *encoder = &writer->encoder;
	int err = 0;

	if (!writer->open.events)
		return 0;
	if (encoder->meta.size)
		err = put_block(writer, (struct vgpu_vgt_block){ .kind = VGPU_VGT_META }, encoder->meta.bytes,
				encoder->meta.size);
	encoder->meta.size = 0;
	if (!err)
		err = put_block(writer, writer->open, encoder->events.bytes, encoder->events.size);
	open_block(writer);
	return err;
}

int vgpu_vgt_flush(struct vgpu_vgt_writer *writer)
{
	int err = close_block(writer);

	return err ? err : write_out(writer);
}

int vgpu_vgt_flush_after(struct vgpu_vgt_writer *writer, uint64_t age_ns)
{
	return writer->open.events && vgpu_now_ns() - writer->opened_ns >= age_ns ? vgpu_vgt_flush(writer) : 0;
}

static int writer_event(struct vgpu_sink *sink, const struct vgpu_event *event)
{
	struct vgpu_vgt_writer *writer = (struct vgpu_vgt_writer *)sink;
	struct vgpu_vgt_block *open = &writer->open;
	int err = vgpu_encode(&writer->encoder, event);
	uint32_t kind;

	if (err)
		return err;
	if (!open->events++) {
		writer->opened_ns = vgpu_now_ns();
		open->first = event->number;
		open->from_ns = event->time_ns;
		open->upto_ns = event->time_ns;
	}
	kind = writer->encoder.file_kind[event->kind];
	open->kinds |= 1u << (kind < 31 ? kind : 31);
	open->processes |= UINT64_C(1) << event->process % 64;
	if (event->time_ns < open->from_ns)
		open->from_ns = event->time_ns;
	if (event->time_ns > open->upto_ns)
		open->upto_ns = event->time_ns;
	writer->events++;
	return writer->encoder.events.size + writer->encoder.meta.size >= BLOCK_BYTES ? vgpu_vgt_flush(writer) : 0;
}

static int writer_end(struct vgpu_sink *sink)
{
	struct vgpu_vgt_writer *writer = (struct vgpu_vgt_writer *)sink;
	struct vgpu_vgt_block end = { .kind = VGPU_VGT_END };
	int err;

	if (sink->error)
		return sink->error;
	err = close_block(writer);
	if (err)
		return err;
	end.from_ns = writer->events;
	/* One too long for a block is left out: a reader then goes from head to head. */
	if (writer->heads.size && writer->heads.size <= VGPU_VGT_PLAIN_MAX) {
		end.first = writer->offset + writer->out.size;
		err = put_block(writer, (struct vgpu_vgt_block){ .kind = VGPU_VGT_INDEX }, writer->heads.bytes,
				writer->heads.size);
	}
	if (!err)
		err = put_block(writer, end, NULL, 0);
	return err ? err : write_out(writer);
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
	ZSTD_freeCCtx(writer->packer);
	vgpu_encoder_close(&writer->encoder);
	free(writer->out.bytes);
	free(writer->heads.bytes);
	free(writer);
}

static const struct vgpu_sink_ops writer_ops = { .event = writer_event, .end = writer_end };
