/* SPDX-License-Identifier: Apache-2.0 */
/* The blocks of a trace file being written: those on disk, those that are to go there, and their index. */
#ifndef VGPU_FILE_BLOCKS_H
#define VGPU_FILE_BLOCKS_H

#include "tracer/file/vgt.h"
#include "tracer/file/wire.h"

/* fd -1 and all else zero: there is no file. */
struct vgpu_blocks {
	int fd;
	struct vgpu_wire out;     /* whole blocks that are not on disk yet */
	struct vgpu_wire heads;   /* of all blocks on disk and in out, for the index */
	uint32_t unwritten_heads; /* bytes of them that are of blocks in out */
	uint64_t events;          /* in all of them */
	uint64_t offset;          /* bytes on disk */
};

/*
 * Opens a file to be written: a new one (0666 less umask), or one that is empty or a trace, which is
 * emptied; and writes the head. -EEXIST: there is something else at that path. 0 or -errno; after an
 * error there is no file.
 */
int vgpu_blocks_create(struct vgpu_blocks *blocks, const char *path);
/* Appends a block to out. Of the head all that tells of its content is filled in; the place in the file is filled in here. */
int vgpu_blocks_add(struct vgpu_blocks *blocks, struct vgpu_vgt_block head, const uint8_t *stored);
/*
 * Writes out. What is on disk afterwards ends with a whole block, whatever happened; what could not be
 * written is in out still. 0 or -errno.
 */
int vgpu_blocks_write(struct vgpu_blocks *blocks);
/* Gives up what is in out. */
void vgpu_blocks_forget(struct vgpu_blocks *blocks);
/* Bytes, those in out included. */
uint64_t vgpu_blocks_size(const struct vgpu_blocks *blocks);
void vgpu_blocks_close(struct vgpu_blocks *blocks);

#endif
