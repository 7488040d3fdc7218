/* SPDX-License-Identifier: Apache-2.0 */
/* Private to file/reader.c and carry.c: a file being read, and what the writer asks of it to go on where it ends. */
#ifndef VGPU_FILE_READER_H
#define VGPU_FILE_READER_H

#include <zstd.h>

#include "tracer/file/decode.h"
#include "tracer/file/encode.h"
#include "tracer/file/vgt.h"

struct vgpu_vgt_reader {
	int fd;
	struct vgpu_decoder decoder;
	ZSTD_DCtx *unpacker;
	struct vgpu_vgt_block *blocks; /* META and EVENTS, in order */
	uint32_t count, room;
	uint64_t end;      /* of the last whole block that was found */
	uint64_t bytes;    /* of the file, when last looked at */
	uint64_t total;    /* events in blocks */
	int tail;          /* what lies behind `end`: 0 nothing, -EBADMSG */
	bool complete, indexed;
	uint8_t *stored, *plain; /* of the block being read */
	size_t stored_room, plain_room;
	uint32_t learned;  /* blocks before this one: what they define is known */
	uint32_t at;       /* block to be opened next */
	uint32_t left;     /* events of the open one that are still to come */
	bool open;
	uint64_t position; /* events handed out or passed over, from the file's beginning */
	uint64_t from;     /* events before this number are passed over, 0: none */
	uint64_t skip;     /* so many events are passed over */
	uint32_t kinds;    /* wanted */
	uint32_t process;
	uint64_t window_from_ns, window_upto_ns; /* of calls */
	int error;         /* met: 1 the end */
	uint64_t last;     /* number of the last event handed out */
	char *path;
};

/* All that the blocks before `upto` define. Errors as of vgpu_vgt_next. */
int vgpu_vgt_learn(struct vgpu_vgt_reader *reader, uint32_t upto);
/*
 * Fills an encoder with what the file defines, and says where its last whole block ends, how many
 * events there are, and what the heads of its blocks are. Errors as of vgpu_vgt_next.
 */
int vgpu_vgt_carry_on(struct vgpu_vgt_reader *reader, struct vgpu_encoder *encoder, struct vgpu_wire *heads,
		      uint64_t *offset, uint64_t *events);

#endif
