/* SPDX-License-Identifier: Apache-2.0 */
/* The trace file: written as a sink, read forwards or from anywhere. Its layout is in docs/trace-format.md. */
#ifndef VGPU_FILE_VGT_H
#define VGPU_FILE_VGT_H

#include <stdbool.h>
#include <stdint.h>

#include "tracer/model/stream.h"

/* ---- on disk ---- */

#define VGPU_VGT_MAGIC     "vgptrace"
#define VGPU_VGT_VERSION   2u
#define VGPU_VGT_ORDER     UINT32_C(0x01020304)
#define VGPU_VGT_BLOCK     UINT32_C(0x4b424756) /* "VGBK" */
#define VGPU_VGT_PLAIN_MAX (4u << 20) /* a block's content, unpacked */

struct vgpu_vgt_head {
	char magic[8];
	uint32_t version;
	uint32_t order; /* as the writer's machine stores VGPU_VGT_ORDER */
	uint64_t reserved;
	uint32_t reserved2;
	uint32_t crc; /* of what is before it */
};
_Static_assert(sizeof(struct vgpu_vgt_head) == 32, "on disk");

enum vgpu_vgt_block_kind {
	VGPU_VGT_META = 1,   /* what the blocks after it refer to */
	VGPU_VGT_EVENTS = 2,
	VGPU_VGT_INDEX = 3,  /* the heads of all blocks before it */
	VGPU_VGT_END = 4,    /* the recording was ended properly: events in all, offset of the INDEX block */
};

enum vgpu_vgt_packing {
	VGPU_VGT_STORED = 0,
	VGPU_VGT_ZSTD = 1,
};

/* Followed by `stored` bytes. */
struct vgpu_vgt_block {
	uint32_t magic;
	uint32_t head_crc;   /* of what follows in this head */
	uint32_t crc;        /* of the stored bytes */
	uint16_t kind;       /* enum vgpu_vgt_block_kind */
	uint16_t packing;    /* enum vgpu_vgt_packing */
	uint32_t stored;
	uint32_t plain;      /* bytes when unpacked, at most VGPU_VGT_PLAIN_MAX */
	uint32_t events;     /* in it */
	uint32_t kinds;      /* bit K: there are events of kind K (31: or higher) */
	uint64_t offset;     /* of this head in the file: a block elsewhere is not one */
	uint64_t first;      /* EVENTS: number of its first event; END: offset of the INDEX, 0: none */
	uint64_t from_ns;    /* EVENTS: earliest time in it; END: events in the file */
	uint64_t upto_ns;    /* latest */
	uint64_t processes;  /* bit N % 64: there are events of process N */
};
_Static_assert(sizeof(struct vgpu_vgt_block) == 72, "on disk");

/* ---- writing ---- */

struct vgpu_vgt_writer;

/*
 * Creates the file (0666 less umask), or empties a trace or an empty file. -EEXIST: there is
 * something else at that path. 0 or -errno.
 */
int vgpu_vgt_create(struct vgpu_vgt_writer **out, const char *path);
/*
 * Goes on where a trace ends: behind its last whole block, whether or not it was ended properly.
 * The events to come must be numbered from vgpu_vgt_written + 1. Errors as of vgpu_vgt_open.
 */
int vgpu_vgt_append(struct vgpu_vgt_writer **out, const char *path);
/*
 * The sink. When a write fails it cuts the file back to its last whole block and takes nothing
 * more: sink->error then says why.
 */
struct vgpu_sink *vgpu_vgt_sink(struct vgpu_vgt_writer *writer);
/* Writes what is buffered, as a block. 0 or -errno; also done once enough for a block is buffered. */
int vgpu_vgt_flush(struct vgpu_vgt_writer *writer);
/* The same, but only where something has waited for at least age_ns. Cheap: for every turn of a loop. */
int vgpu_vgt_flush_after(struct vgpu_vgt_writer *writer, uint64_t age_ns);
uint64_t vgpu_vgt_written(const struct vgpu_vgt_writer *writer); /* events on disk or in the buffer */

enum vgpu_vgt_keep {
	VGPU_VGT_KEEP_FIRST, /* when it is full, what comes is counted only */
	VGPU_VGT_KEEP_LAST,  /* what is newest, and what it refers to: older blocks are given up */
};
#define VGPU_VGT_LIMIT_LEAST (UINT64_C(1) << 20)

/*
 * Holds the recording to so many bytes on disk, at least the above; before the first event. What is not
 * kept is counted in a GAP event. LAST writes PATH.next beside the file and puts it in its place when
 * the file is full: at any moment what is at PATH can be read, and both together are within the limit.
 * 0; -EFBIG: the file that is gone on with is larger; -EINVAL: too small, or LAST of a file that is gone
 * on with; as vgpu_vgt_create: of PATH.next.
 */
int vgpu_vgt_limit(struct vgpu_vgt_writer *writer, uint64_t bytes, enum vgpu_vgt_keep keep);
/* Nothing but what ends the recording is taken any more. *why: 0 the limit, -errno: no room could be made. */
bool vgpu_vgt_full(const struct vgpu_vgt_writer *writer, int *why);
/* All that was seen and is not in the file. */
struct vgpu_event_gap;
void vgpu_vgt_gap(const struct vgpu_vgt_writer *writer, struct vgpu_event_gap *out);
void vgpu_vgt_close(struct vgpu_vgt_writer *writer); /* flushes; takes NULL */

/* ---- reading: one thread a reader; memory does not grow with the file, but for 72 bytes a block ---- */

struct vgpu_vgt_reader;

struct vgpu_vgt_summary {
	uint64_t events;     /* in whole blocks */
	uint64_t from_ns, upto_ns; /* over all events; 0: there are none */
	uint64_t bytes;      /* of the file */
	uint64_t whole;      /* of them, up to the end of the last whole block */
	uint32_t blocks;
	bool complete;       /* the recording was ended properly */
	bool indexed;        /* no walk through the file was needed */
};

/*
 * 0 or -errno. -EPROTO: not a trace; -EPROTONOSUPPORT: another version; -EMEDIUMTYPE: another byte
 * order; -EBADMSG: its head is damaged.
 */
int vgpu_vgt_open(struct vgpu_vgt_reader **out, const char *path);
void vgpu_vgt_reader_close(struct vgpu_vgt_reader *reader); /* takes NULL */
/*
 * 1 and the next event; it and all it points to are valid until the next call. 0 at the end;
 * -EBADMSG where the file is damaged or cut off: what came before is good. -errno when it cannot be
 * read. Function ids are this program's; a function that it does not know, or knows differently, has
 * an id that vgpu_function_find knows until the reader is closed.
 */
int vgpu_vgt_next(struct vgpu_vgt_reader *reader, struct vgpu_event *event);
/* Events handed out or passed over, from the file's beginning; after the end: whether the recording was ended properly. */
uint64_t vgpu_vgt_read(const struct vgpu_vgt_reader *reader);
uint64_t vgpu_vgt_last(const struct vgpu_vgt_reader *reader); /* number of the last event that was read, 0: none */
bool vgpu_vgt_complete(const struct vgpu_vgt_reader *reader);
void vgpu_vgt_summary(const struct vgpu_vgt_reader *reader, struct vgpu_vgt_summary *out);

/*
 * From here on only events of the kinds whose bits are set (1 << enum vgpu_event_kind), and of one
 * process (0: all): blocks without any are not read. A view's start: all but calls, over the whole
 * file, cheap even where there are millions; then seek, and all kinds.
 */
void vgpu_vgt_only(struct vgpu_vgt_reader *reader, uint32_t kinds, uint32_t process);
#define VGPU_VGT_ALL   UINT32_MAX
#define VGPU_VGT_CALLS (1u << VGPU_EVENT_CALL | 1u << VGPU_EVENT_PENDING)

/*
 * Calls outside of this time need not be handed out: blocks that have nothing else and lie outside are
 * passed over. What is no call comes in any case: what processes and libraries there are must be known.
 */
void vgpu_vgt_window(struct vgpu_vgt_reader *reader, uint64_t from_ns, uint64_t upto_ns);

/*
 * The next event will be: the one of that number, or the first after it; the first of the first
 * block that reaches `time_ns` or later; the one `events` before the end (the first, where there
 * are fewer). Seeking clears an end or an error met. 0 or -errno as of next.
 */
int vgpu_vgt_seek_number(struct vgpu_vgt_reader *reader, uint64_t number);
int vgpu_vgt_seek_time(struct vgpu_vgt_reader *reader, uint64_t time_ns);
int vgpu_vgt_seek_last(struct vgpu_vgt_reader *reader, uint64_t events);

/* Looks for blocks written since (by a recording that goes on); next then hands them out. 1: there are some. */
int vgpu_vgt_again(struct vgpu_vgt_reader *reader);

/* What the file has and this program does not know; false past the last. Filled while reading. */
struct vgpu_vgt_unknown {
	const char *kind;  /* name of a kind of event */
	const char *field; /* of a field in it; NULL: all of the kind */
	uint64_t events;   /* of such a kind, passed over so far; 0 for a field */
};
bool vgpu_vgt_unknown(const struct vgpu_vgt_reader *reader, uint32_t index, struct vgpu_vgt_unknown *out);

#endif
