// SPDX-License-Identifier: Apache-2.0
/* The blocks of a trace file being written. */
#include "tracer/file/blocks.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

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

int vgpu_blocks_create(struct vgpu_blocks *blocks, const char *path)
{
	struct vgpu_vgt_head head = { .version = VGPU_VGT_VERSION, .order = VGPU_VGT_ORDER };
	char magic[sizeof(head.magic)];
	struct stat st;
	size_t done;
	int err;

	/* Without O_TRUNC and without blocking: a FIFO or a device at that path is looked at first. */
	blocks->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0666);
	if (blocks->fd < 0)
		return errno == ENXIO ? -EEXIST : -errno;
	if (fstat(blocks->fd, &st)) {
		err = -errno;
		goto out;
	}
	/* A slip of the finger must not cost a file that is no trace. */
	if (!S_ISREG(st.st_mode) ||
	    (st.st_size && (pread(blocks->fd, magic, sizeof(magic), 0) != sizeof(magic) ||
			    memcmp(magic, VGPU_VGT_MAGIC, sizeof(magic))))) {
		err = -EEXIST;
		goto out;
	}
	if (ftruncate(blocks->fd, 0)) {
		err = -errno;
		goto out;
	}
	memcpy(head.magic, VGPU_VGT_MAGIC, sizeof(head.magic));
	head.crc = vgpu_crc32(0, &head, offsetof(struct vgpu_vgt_head, crc));
	err = write_all(blocks->fd, (const uint8_t *)&head, sizeof(head), 0, &done);
	if (!err) {
		blocks->offset = sizeof(head);
		return 0;
	}
	if (ftruncate(blocks->fd, 0))
		err = err ? err : -errno;
out:
	close(blocks->fd);
	blocks->fd = -1;
	return err;
}

int vgpu_blocks_add(struct vgpu_blocks *blocks, struct vgpu_vgt_block head, const uint8_t *stored)
{
	uint8_t *at;

	if (!vgpu_wire_room(&blocks->out, sizeof(head) + head.stored) ||
	    !vgpu_wire_room(&blocks->heads, sizeof(head)))
		return -ENOMEM;
	at = blocks->out.bytes + blocks->out.size;
	head.offset = blocks->offset + blocks->out.size;
	head.head_crc =
	    vgpu_crc32(0, &head.crc, sizeof(head) - offsetof(struct vgpu_vgt_block, crc));
	memcpy(at, &head, sizeof(head));
	if (head.stored)
		memcpy(at + sizeof(head), stored, head.stored);
	blocks->out.size += sizeof(head) + head.stored;
	vgpu_wire_add(&blocks->heads, &head, sizeof(head));
	blocks->unwritten_heads += sizeof(head);
	blocks->events += head.events;
	return 0;
}

/* Bytes of out that make whole blocks within its first `size`; *heads: bytes of the heads of those. */
static size_t whole_blocks(const struct vgpu_blocks *blocks, size_t size, uint32_t *heads)
{
	const uint8_t *first = blocks->heads.bytes + blocks->heads.size - blocks->unwritten_heads;
	struct vgpu_vgt_block head;
	size_t at = 0;

	for (*heads = 0; *heads < blocks->unwritten_heads; *heads += sizeof(head)) {
		memcpy(&head, first + *heads, sizeof(head));
		if (at + sizeof(head) + head.stored > size)
			break;
		at += sizeof(head) + head.stored;
	}
	return at;
}

int vgpu_blocks_write(struct vgpu_blocks *blocks)
{
	uint32_t heads;
	size_t done;
	int err = write_all(blocks->fd, blocks->out.bytes, blocks->out.size, blocks->offset, &done);

	if (!err) {
		blocks->offset += done;
		blocks->out.size = 0;
		blocks->unwritten_heads = 0;
		return 0;
	}
	done = whole_blocks(blocks, done, &heads);
	if (ftruncate(blocks->fd, blocks->offset + done))
		err = err ? err : -errno;
	blocks->offset += done;
	blocks->out.size -= done;
	memmove(blocks->out.bytes, blocks->out.bytes + done, blocks->out.size);
	blocks->unwritten_heads -= heads;
	return err;
}

void vgpu_blocks_forget(struct vgpu_blocks *blocks)
{
	struct vgpu_vgt_block head;

	while (blocks->unwritten_heads) {
		blocks->heads.size -= sizeof(head);
		blocks->unwritten_heads -= sizeof(head);
		memcpy(&head, blocks->heads.bytes + blocks->heads.size, sizeof(head));
		blocks->events -= head.events;
	}
	blocks->out.size = 0;
}

uint64_t vgpu_blocks_size(const struct vgpu_blocks *blocks)
{
	return blocks->offset + blocks->out.size;
}

void vgpu_blocks_close(struct vgpu_blocks *blocks)
{
	if (blocks->fd >= 0)
		close(blocks->fd);
	free(blocks->out.bytes);
	free(blocks->heads.bytes);
	*blocks = (struct vgpu_blocks){ .fd = -1 };
}
