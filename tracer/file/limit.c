// SPDX-License-Identifier: Apache-2.0
/* A trace file that is held to a size: the first part of a recording, or the newest. */
#include "tracer/file/writer.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* Parts of the limit: for what ends the recording, for the dictionary, for what is carried on to the next file. */
#define RESERVE_PART 16
#define POOL_PART 16
#define KEPT_PART 4
#define KEPT_MAX (UINT64_C(64) << 20)
#define BLOCK_PART 32
/* The next file is begun when this one has so much: it then gets as much before both together are too large. */
#define NEXT_PART 3
/* A block with one GAP event in it, and the END. */
#define GAP_BYTES 512u

static bool next_open(const struct vgpu_vgt_writer *writer)
{
	return writer->next.blocks.fd >= 0;
}

static void give_up_next(struct vgpu_vgt_writer *writer)
{
	if (!next_open(writer))
		return;
	vgpu_blocks_close(&writer->next.blocks);
	unlink(writer->limit.next_path);
	/* Not at once again: whatever was in the way may go. */
	writer->limit.next_try =
	    vgpu_blocks_size(&writer->file.blocks) + writer->limit.bytes / RESERVE_PART;
}

int vgpu_vgt_limit(struct vgpu_vgt_writer *writer, uint64_t bytes, enum vgpu_vgt_keep keep)
{
	struct vgpu_limit *limit = &writer->limit;
	struct vgpu_event_gap gap = { .limit = bytes,
				      .reason = keep == VGPU_VGT_KEEP_LAST ? VGPU_GAP_LAST
									   : VGPU_GAP_FIRST };
	struct stat st;
	int err;

	if (bytes < VGPU_VGT_LIMIT_LEAST ||
	    (keep == VGPU_VGT_KEEP_LAST && writer->file.blocks.events))
		return -EINVAL;
	limit->reserve = bytes / RESERVE_PART;
	if (vgpu_blocks_size(&writer->file.blocks) > bytes - limit->reserve)
		return -EFBIG;
	if (keep == VGPU_VGT_KEEP_LAST) {
		/* The file itself, where the path is a link to it. */
		limit->path = realpath(writer->path, NULL);
		if (!limit->path || asprintf(&limit->next_path, "%s.next", limit->path) < 0)
			return -ENOMEM;
		if (!fstat(writer->file.blocks.fd, &st))
			limit->mode = st.st_mode & 07777;
		/* Now rather than in a week: whether it can be written. An earlier recording may have left it behind. */
		err = vgpu_blocks_create(&writer->next.blocks, limit->next_path);
		if (err)
			return err;
		give_up_next(writer);
	}
	if (bytes / BLOCK_PART < writer->block_bytes)
		writer->block_bytes = bytes / BLOCK_PART;
	if (bytes / POOL_PART < VGPU_POOL_BYTES)
		writer->encoder.pool.size_max = bytes / POOL_PART;
	limit->kept.bytes_max = bytes / KEPT_PART < KEPT_MAX ? bytes / KEPT_PART : KEPT_MAX;
	limit->kept.gap = writer->file.gap = gap;
	limit->next_try = bytes / NEXT_PART;
	limit->bytes = bytes;
	limit->keep = keep;
	return 0;
}

bool vgpu_vgt_full(const struct vgpu_vgt_writer *writer, int *why)
{
	if (why)
		*why = writer->limit.why;
	return writer->limit.full;
}

void vgpu_vgt_gap(const struct vgpu_vgt_writer *writer, struct vgpu_event_gap *out)
{
	*out = writer->file.gap;
}

/* ---- what is not there ---- */

static void miss(struct vgpu_part *part, const struct vgpu_event_gap *more, uint64_t number)
{
	vgpu_gap_add(&part->gap, more);
	if (number > part->gap_number)
		part->gap_number = number;
}

static int encode_gap(struct vgpu_vgt_writer *writer, struct vgpu_part *part, uint64_t number, bool open)
{
	struct vgpu_event event = {
		.kind = VGPU_EVENT_GAP,
		.observer = VGPU_OBSERVER_TRACER,
		.number = number,
		.time_ns = open ? part->gap.from_ns : part->gap.upto_ns,
		.gap = part->gap,
	};

	if (open)
		event.gap.upto_ns = VGPU_GAP_OPEN;
	part->gap_open = open;
	part->gap_written = part->gap.events;
	return vgpu_writer_encode(writer, &event);
}

static uint64_t end_of_room(const struct vgpu_vgt_writer *writer)
{
	return writer->limit.bytes - writer->limit.reserve;
}

int vgpu_limit_event(struct vgpu_vgt_writer *writer, const struct vgpu_event *event)
{
	struct vgpu_limit *limit = &writer->limit;
	struct vgpu_event_gap one = { .reason = VGPU_GAP_FIRST, .limit = limit->bytes };

	if (!limit->bytes)
		return 1;
	if (!limit->full) {
		int err =
		    limit->keep == VGPU_VGT_KEEP_LAST ? vgpu_kept_add(&limit->kept, event) : 0;

		return err ? err : 1;
	}
	/* What tells how it ended, while there is room for it. */
	if (vgpu_rank_of(event) > VGPU_RANK_HAPPENED && vgpu_blocks_size(&writer->file.blocks) +
								writer->encoder.events.size +
								writer->encoder.meta.size <
							    limit->bytes - limit->reserve / 2)
		return 1;
	vgpu_gap_note(&one, event);
	miss(&writer->file, &one, event->number);
	/* Said at once: whoever reads it after a crash must know. */
	return writer->file.gap_written ? 0 : encode_gap(writer, &writer->file, event->number, true);
}

bool vgpu_limit_fits(const struct vgpu_vgt_writer *writer, uint64_t bytes)
{
	return !writer->limit.bytes ||
	       vgpu_blocks_size(&writer->file.blocks) + bytes + sizeof(struct vgpu_vgt_block) <=
		   writer->limit.bytes;
}

int vgpu_limit_block(struct vgpu_vgt_writer *writer, const struct vgpu_vgt_block *head)
{
	struct vgpu_limit *limit = &writer->limit;
	struct vgpu_event_gap gap = { .reason = writer->file.gap.reason,
				      .events = head->events,
				      .calls = writer->open_calls,
				      .from_ns = head->from_ns,
				      .upto_ns = head->upto_ns,
				      .limit = limit->bytes };
	/* Room stays for a block that tells of a gap, which is one of one event. */
	uint64_t bytes = sizeof(*head) + head->stored + (head->events == 1 ? 0 : GAP_BYTES);
	bool fits = next_open(writer)
			? vgpu_blocks_size(&writer->next.blocks) + bytes <= end_of_room(writer)
			: vgpu_limit_fits(writer, bytes);

	if (!limit->bytes || fits)
		return 1;
	/* What events refer to must be there. */
	if (head->kind == VGPU_VGT_META)
		return -EFBIG;
	limit->full = limit->keep == VGPU_VGT_KEEP_FIRST;
	miss(&writer->file, &gap, writer->open_number);
	if (next_open(writer))
		miss(&writer->next, &gap, writer->open_number);
	return 0;
}

/* ---- the next file ---- */

static int put_state(struct vgpu_vgt_writer *writer)
{
	struct vgpu_vgt_block head = writer->open;
	const uint8_t *stored;
	/* Whatever is new in the dictionary is for both files. */
	int err = vgpu_writer_put_meta(writer);

	if (!err)
		err = vgpu_writer_pack(writer, &head, writer->encoder.events.bytes,
				       writer->encoder.events.size, &stored);
	if (!err)
		err = vgpu_blocks_add(&writer->next.blocks, head, stored);
	vgpu_writer_open_block(writer);
	return err;
}

/* What was defined, what is known of machine and processes, and that the rest is not there. No block is open. */
static int begin_next(struct vgpu_vgt_writer *writer)
{
	const struct vgpu_kept *kept = &writer->limit.kept;
	struct vgpu_part *next = &writer->next;
	struct vgpu_vgt_block head;
	bool told = !kept->gap.events;
	int err = vgpu_blocks_create(&next->blocks, writer->limit.next_path);

	if (err)
		return err;
	if (writer->limit.mode)
		fchmod(next->blocks.fd, writer->limit.mode);
	next->gap = kept->gap;
	next->gap_number = kept->gap_number;
	next->gap_written = 0;
	next->gap_open = false;
	for (size_t at = 0; !err && at < writer->limit.metas.size;
	     at += sizeof(head) + head.stored) {
		memcpy(&head, writer->limit.metas.bytes + at, sizeof(head));
		err = vgpu_blocks_add(&next->blocks, head,
				      writer->limit.metas.bytes + at + sizeof(head));
	}
	for (uint32_t i = 0; !err && i < kept->count; i++) {
		const struct vgpu_event *event = kept->entries[i].event;

		if (!told && event->number > next->gap_number)
			err = encode_gap(writer, next, next->gap_number, false);
		told |= event->number > next->gap_number;
		if (!err)
			err = vgpu_writer_encode(writer, event);
		if (!err && writer->encoder.events.size >= writer->block_bytes)
			err = put_state(writer);
	}
	if (!err && !told)
		err = encode_gap(writer, next, next->gap_number, false);
	if (!err && writer->open.events)
		err = put_state(writer);
	return err;
}

static int take_its_place(struct vgpu_vgt_writer *writer)
{
	int err = vgpu_blocks_write(&writer->next.blocks);

	if (!err && rename(writer->limit.next_path, writer->limit.path))
		err = -errno;
	if (err)
		return err;
	vgpu_blocks_close(&writer->file.blocks);
	writer->file = writer->next;
	memset(&writer->next, 0, sizeof(writer->next));
	writer->next.blocks.fd = -1;
	writer->limit.next_try = writer->limit.bytes / NEXT_PART;
	return 0;
}

static uint64_t both(const struct vgpu_vgt_writer *writer)
{
	return vgpu_blocks_size(&writer->file.blocks) +
	       (next_open(writer) ? vgpu_blocks_size(&writer->next.blocks) : 0);
}

int vgpu_limit_turn(struct vgpu_vgt_writer *writer)
{
	struct vgpu_limit *limit = &writer->limit;
	int err = 0;

	if (!limit->bytes || limit->full)
		return 0;
	if (next_open(writer) && both(writer) > end_of_room(writer))
		err = take_its_place(writer);
	if (!err && limit->keep == VGPU_VGT_KEEP_LAST && !next_open(writer) &&
	    vgpu_blocks_size(&writer->file.blocks) >= limit->next_try) {
		err = begin_next(writer);
		if (!err && both(writer) > end_of_room(writer))
			err = -EFBIG;
	}
	if (!err && next_open(writer))
		err = vgpu_blocks_write(&writer->next.blocks);
	if (err) {
		vgpu_writer_open_block(writer);
		give_up_next(writer);
		limit->why = err;
	} else if (next_open(writer)) {
		limit->why = 0;
	}
	/* Without a next file it is full when it is full. */
	if (!next_open(writer) && vgpu_blocks_size(&writer->file.blocks) > end_of_room(writer))
		limit->full = true;
	return 0;
}

bool vgpu_limit_relieve(struct vgpu_vgt_writer *writer, int err)
{
	if (err != -ENOSPC || !next_open(writer))
		return false;
	writer->limit.why = err;
	give_up_next(writer);
	return true;
}

int vgpu_limit_end(struct vgpu_vgt_writer *writer)
{
	struct vgpu_part *file = &writer->file;

	if (file->gap.events == file->gap_written && !file->gap_open)
		return 0;
	/* One that no event in the file has, and none before it is higher. */
	return encode_gap(writer, file, file->gap_number > writer->open_number ? file->gap_number : writer->open_number + 1,
			  false);
}

void vgpu_limit_close(struct vgpu_vgt_writer *writer)
{
	give_up_next(writer);
	vgpu_kept_free(&writer->limit.kept);
	free(writer->limit.metas.bytes);
	free(writer->limit.path);
	free(writer->limit.next_path);
}
