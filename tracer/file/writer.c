// SPDX-License-Identifier: Apache-2.0
/* Writes a trace file: blocks, each whole or not there. */
#include "tracer/file/writer.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "tracer/file/reader.h"

/* A block's content, about: large enough to pack well, small enough to be read for a few events in it. */
#define BLOCK_BYTES (256u << 10)
/* Level 3 takes half as long again for 3 % less: see tests/bench. */
#define PACK_LEVEL 1
/* The smallest content that is worth packing. */
#define PACK_LEAST 64u

static const struct vgpu_sink_ops writer_ops;

void vgpu_writer_open_block(struct vgpu_vgt_writer *writer)
{
	writer->open = (struct vgpu_vgt_block){ .kind = VGPU_VGT_EVENTS };
	writer->open_calls = 0;
	vgpu_encoder_begin(&writer->encoder);
}

static int writer_new(struct vgpu_vgt_writer **out, const char *path)
{
	struct vgpu_vgt_writer *writer = calloc(1, sizeof(*writer));

	if (!writer)
		return -ENOMEM;
	writer->sink.ops = &writer_ops;
	writer->file.blocks.fd = writer->next.blocks.fd = -1;
	writer->block_bytes = BLOCK_BYTES;
	writer->packer = ZSTD_createCCtx();
	writer->path = strdup(path);
	*out = writer;
	if (!writer->packer || !writer->path || vgpu_encoder_open(&writer->encoder))
		return -ENOMEM;
	ZSTD_CCtx_setParameter(writer->packer, ZSTD_c_compressionLevel, PACK_LEVEL);
	vgpu_writer_open_block(writer);
	return 0;
}

int vgpu_vgt_create(struct vgpu_vgt_writer **out, const char *path)
{
	struct vgpu_vgt_writer *writer = NULL;
	int err = writer_new(&writer, path);

	if (!err)
		err = vgpu_blocks_create(&writer->file.blocks, path);
	if (err)
		vgpu_vgt_close(writer);
	else
		*out = writer;
	return err;
}

int vgpu_vgt_append(struct vgpu_vgt_writer **out, const char *path)
{
	struct vgpu_vgt_writer *writer = NULL;
	struct vgpu_vgt_reader *reader = NULL;
	struct vgpu_blocks *blocks;
	int err = vgpu_vgt_open(&reader, path);

	if (err)
		return err;
	err = writer_new(&writer, path);
	blocks = writer ? &writer->file.blocks : NULL;
	if (!err)
		/* All that was defined so far: what is appended may refer to it. */
		err = vgpu_vgt_carry_on(reader, &writer->encoder, &blocks->heads, &blocks->offset,
					&blocks->events);
	vgpu_vgt_reader_close(reader);
	if (err)
		goto out;
	blocks->fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (blocks->fd < 0 || ftruncate(blocks->fd, blocks->offset)) {
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
	return writer->file.blocks.events + writer->open.events;
}

int vgpu_writer_pack(struct vgpu_vgt_writer *writer, struct vgpu_vgt_block *head,
		     const uint8_t *bytes, size_t size, const uint8_t **stored)
{
	size_t bound = ZSTD_compressBound(size), packed = size;

	if (size > VGPU_VGT_PLAIN_MAX)
		return -E2BIG;
	*stored = bytes;
	head->packing = VGPU_VGT_STORED;
	if (size >= PACK_LEAST) {
		writer->packed.size = 0;
		if (!vgpu_wire_room(&writer->packed, bound))
			return -ENOMEM;
		packed = ZSTD_compress2(writer->packer, writer->packed.bytes, bound, bytes, size);
		if (ZSTD_isError(packed))
			return -ENOMEM;
		*stored = writer->packed.bytes;
		head->packing = VGPU_VGT_ZSTD;
	}
	head->magic = VGPU_VGT_BLOCK;
	head->stored = packed;
	head->plain = size;
	head->crc = vgpu_crc32(0, *stored, packed);
	return 0;
}

/* To every file that there is. */
static int put_block(struct vgpu_vgt_writer *writer, struct vgpu_vgt_block head,
		     const uint8_t *bytes, size_t size)
{
	const uint8_t *stored;
	int err = vgpu_writer_pack(writer, &head, bytes, size, &stored);

	if (!err)
		err = vgpu_limit_block(writer, &head);
	if (err <= 0)
		return err;
	err = vgpu_blocks_add(&writer->file.blocks, head, stored);
	if (!err && writer->next.blocks.fd >= 0)
		err = vgpu_blocks_add(&writer->next.blocks, head, stored);
	if (err || head.kind != VGPU_VGT_META || writer->limit.keep != VGPU_VGT_KEEP_LAST)
		return err;
	vgpu_wire_add(&writer->limit.metas, &head, sizeof(head));
	vgpu_wire_add(&writer->limit.metas, stored, head.stored);
	return writer->limit.metas.failed ? -ENOMEM : 0;
}

int vgpu_writer_put_meta(struct vgpu_vgt_writer *writer)
{
	struct vgpu_wire *meta = &writer->encoder.meta;
	int err = meta->size ? put_block(writer, (struct vgpu_vgt_block){ .kind = VGPU_VGT_META },
					 meta->bytes, meta->size)
			     : 0;

	meta->size = 0;
	return err;
}

static int close_block(struct vgpu_vgt_writer *writer)
{
	int err = 0;

	if (!writer->open.events)
		return 0;
	err = vgpu_writer_put_meta(writer);
	if (!err)
		err = put_block(writer, writer->open, writer->encoder.events.bytes,
				writer->encoder.events.size);
	vgpu_writer_open_block(writer);
	return err;
}

static int write_out(struct vgpu_vgt_writer *writer)
{
	int err = vgpu_limit_turn(writer);

	if (!err)
		err = vgpu_blocks_write(&writer->file.blocks);
	if (err && vgpu_limit_relieve(writer, err))
		err = vgpu_blocks_write(&writer->file.blocks);
	if (err)
		vgpu_blocks_forget(&writer->file.blocks);
	return err;
}

int vgpu_vgt_flush(struct vgpu_vgt_writer *writer)
{
	int err = close_block(writer);

	return err ? err : write_out(writer);
}

int vgpu_vgt_flush_after(struct vgpu_vgt_writer *writer, uint64_t age_ns)
{
	return writer->open.events && vgpu_now_ns() - writer->opened_ns >= age_ns
		   ? vgpu_vgt_flush(writer)
		   : 0;
}

int vgpu_writer_encode(struct vgpu_vgt_writer *writer, const struct vgpu_event *event)
{
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
	writer->open_calls += event->kind == VGPU_EVENT_CALL;
	writer->open_number = event->number;
	return 0;
}

static int writer_event(struct vgpu_sink *sink, const struct vgpu_event *event)
{
	struct vgpu_vgt_writer *writer = (struct vgpu_vgt_writer *)sink;
	int err = vgpu_limit_event(writer, event);

	if (err <= 0)
		return err;
	err = vgpu_writer_encode(writer, event);
	if (err)
		return err;
	return writer->encoder.events.size + writer->encoder.meta.size >= writer->block_bytes
		   ? vgpu_vgt_flush(writer)
		   : 0;
}

/* What says where all blocks are, unless it would be one too long: a reader then goes from head to head. */
static int put_index(struct vgpu_vgt_writer *writer, struct vgpu_vgt_block *end)
{
	struct vgpu_blocks *blocks = &writer->file.blocks;
	struct vgpu_vgt_block head = { .kind = VGPU_VGT_INDEX };
	const uint8_t *stored;
	int err;

	if (!blocks->heads.size || blocks->heads.size > VGPU_VGT_PLAIN_MAX)
		return 0;
	err = vgpu_writer_pack(writer, &head, blocks->heads.bytes, blocks->heads.size, &stored);
	if (err || !vgpu_limit_fits(writer, sizeof(head) + head.stored))
		return err;
	end->first = vgpu_blocks_size(blocks);
	return vgpu_blocks_add(blocks, head, stored);
}

static int writer_end(struct vgpu_sink *sink)
{
	struct vgpu_vgt_writer *writer = (struct vgpu_vgt_writer *)sink;
	struct vgpu_vgt_block end = { .kind = VGPU_VGT_END };
	const uint8_t *stored;
	int err;

	if (sink->error)
		return sink->error;
	err = vgpu_limit_end(writer);
	if (!err)
		err = vgpu_vgt_flush(writer);
	if (err)
		return err;
	end.from_ns = writer->file.blocks.events;
	err = put_index(writer, &end);
	if (!err)
		err = vgpu_writer_pack(writer, &end, NULL, 0, &stored);
	if (!err)
		err = vgpu_blocks_add(&writer->file.blocks, end, NULL);
	return err ? err : vgpu_blocks_write(&writer->file.blocks);
}

void vgpu_vgt_close(struct vgpu_vgt_writer *writer)
{
	if (!writer)
		return;
	if (writer->file.blocks.fd >= 0 && !writer->sink.error)
		vgpu_vgt_flush(writer);
	vgpu_limit_close(writer);
	vgpu_blocks_close(&writer->file.blocks);
	ZSTD_freeCCtx(writer->packer);
	vgpu_encoder_close(&writer->encoder);
	free(writer->packed.bytes);
	free(writer->path);
	free(writer);
}

static const struct vgpu_sink_ops writer_ops = { .event = writer_event, .end = writer_end };
