/* SPDX-License-Identifier: Apache-2.0 */
/* Private to file/writer.c and limit.c: a trace file being written. */
#ifndef VGPU_FILE_WRITER_H
#define VGPU_FILE_WRITER_H

#include <zstd.h>

#include "tracer/file/blocks.h"
#include "tracer/file/encode.h"
#include "tracer/file/kept.h"

/* A file, and what was seen and is not in it. */
struct vgpu_part {
	struct vgpu_blocks blocks;
	struct vgpu_event_gap gap;
	uint64_t gap_number;  /* of the latest event of the gap */
	uint64_t gap_written; /* events of the gap that a GAP event told of */
	bool gap_open;        /* that one said that it goes on */
};

struct vgpu_limit {
	uint64_t bytes;   /* 0: there is none */
	uint64_t reserve; /* of them, for what ends the recording */
	enum vgpu_vgt_keep keep;
	bool full;
	int why; /* it is full because no room could be made */
	char *path, *next_path;
	uint32_t mode;          /* of the file, for the one that takes its place */
	uint64_t next_try;      /* bytes of the file at which the next one is begun */
	struct vgpu_wire metas; /* LAST: all META blocks so far, each with its head */
	struct vgpu_kept kept;  /* LAST */
};

struct vgpu_vgt_writer {
	struct vgpu_sink sink;
	struct vgpu_encoder encoder;
	ZSTD_CCtx *packer;
	struct vgpu_wire packed;    /* content of the last block packed, where it got smaller */
	struct vgpu_part file;      /* what is at the path */
	struct vgpu_part next;      /* what will take its place; LAST only */
	struct vgpu_vgt_block open; /* counts of the block that events go to */
	uint64_t open_calls;
	uint64_t open_number; /* of its last event */
	uint64_t opened_ns;   /* when its first event came */
	size_t block_bytes;
	char *path; /* as it was given */
	struct vgpu_limit limit;
};

/* Packs a block's content. The bytes are the writer's until the next one. 0 or -errno. */
int vgpu_writer_pack(struct vgpu_vgt_writer *writer, struct vgpu_vgt_block *head,
		     const uint8_t *bytes, size_t size, const uint8_t **stored);
/* The open block gets the event, and nothing else happens. */
int vgpu_writer_encode(struct vgpu_vgt_writer *writer, const struct vgpu_event *event);
void vgpu_writer_open_block(struct vgpu_vgt_writer *writer);
/* What was defined and is in no block yet, as a block of every file. */
int vgpu_writer_put_meta(struct vgpu_vgt_writer *writer);

/* ---- limit.c ---- */

/* Before an event is taken. 1: it is, 0: it was counted, -errno. */
int vgpu_limit_event(struct vgpu_vgt_writer *writer, const struct vgpu_event *event);
/* A block is about to be added. 1; 0: there is no room for it, its events were counted; -EFBIG: it cannot be done without. */
int vgpu_limit_block(struct vgpu_vgt_writer *writer, const struct vgpu_vgt_block *head);
/* Before what is in out is written: begins the next file, or puts it in the place of this one. */
int vgpu_limit_turn(struct vgpu_vgt_writer *writer);
/* Writing failed. true: there may be room now. */
bool vgpu_limit_relieve(struct vgpu_vgt_writer *writer, int err);
/* The recording ends: tells of what is not there. */
int vgpu_limit_end(struct vgpu_vgt_writer *writer);
/* A block of so many bytes more, and the END, are within the limit. */
bool vgpu_limit_fits(const struct vgpu_vgt_writer *writer, uint64_t bytes);
void vgpu_limit_close(struct vgpu_vgt_writer *writer);

#endif
