/* SPDX-License-Identifier: Apache-2.0 */
/* The trace file, provisional: a head, then one checked frame an event. */
#ifndef VGPU_FILE_VGT_H
#define VGPU_FILE_VGT_H

#include <stdbool.h>
#include <stdint.h>

#include "tracer/model/stream.h"

#define VGPU_VGT_MAGIC   "vgptrace"
#define VGPU_VGT_VERSION 1u
#define VGPU_VGT_ORDER   UINT32_C(0x01020304)
#define VGPU_VGT_FRAME   UINT32_C(0x52464756) /* "VGFR" */
#define VGPU_VGT_END     0xffffu              /* kind of the last frame: the recording was ended properly */
#define VGPU_VGT_MAX     (1u << 20)           /* payload of one frame */

struct vgpu_vgt_head {
	char magic[8];
	uint32_t version;
	uint32_t order; /* as the writer's machine stores VGPU_VGT_ORDER */
	uint64_t pad[2];
};
_Static_assert(sizeof(struct vgpu_vgt_head) == 32, "on disk");

/* Followed by length bytes: the fields of codec.h. */
struct vgpu_vgt_frame {
	uint32_t magic;
	uint32_t crc;    /* of what follows in this head, and the payload */
	uint32_t length; /* multiple of 8, at most VGPU_VGT_MAX */
	uint16_t kind;   /* enum vgpu_event_kind, or VGPU_VGT_END */
	uint16_t version;
};
_Static_assert(sizeof(struct vgpu_vgt_frame) == 16, "on disk");

/* ---- writing ---- */

struct vgpu_vgt_writer;

/*
 * Creates the file (0666 less umask), or empties a trace or an empty file. -EEXIST: there is
 * something else at that path. 0 or -errno.
 */
int vgpu_vgt_create(struct vgpu_vgt_writer **out, const char *path);
/*
 * The sink. When a write fails it cuts the file back to its last whole frame and takes nothing
 * more: sink->error then says why.
 */
struct vgpu_sink *vgpu_vgt_sink(struct vgpu_vgt_writer *writer);
/* Writes what is buffered. 0 or -errno; also done once a buffer is full. */
int vgpu_vgt_flush(struct vgpu_vgt_writer *writer);
uint64_t vgpu_vgt_written(const struct vgpu_vgt_writer *writer); /* events on disk or in the buffer */
void vgpu_vgt_close(struct vgpu_vgt_writer *writer); /* flushes; takes NULL */

/* ---- reading ---- */

struct vgpu_vgt_reader;

/* 0 or -errno. -EPROTO: not a trace; -EPROTONOSUPPORT: another version; -EMEDIUMTYPE: another byte order. */
int vgpu_vgt_open(struct vgpu_vgt_reader **out, const char *path);
void vgpu_vgt_reader_close(struct vgpu_vgt_reader *reader); /* takes NULL */
/*
 * 1 and the next event, which is valid until the next call; 0 at the end; -EBADMSG where the file
 * is damaged or cut off: what came before is good. -errno when it cannot be read.
 */
int vgpu_vgt_next(struct vgpu_vgt_reader *reader, struct vgpu_event *event);
/* Events handed out so far; after the end: whether the recording was ended properly. */
uint64_t vgpu_vgt_read(const struct vgpu_vgt_reader *reader);
bool vgpu_vgt_complete(const struct vgpu_vgt_reader *reader);

#endif
