// SPDX-License-Identifier: Apache-2.0
/* Reads a trace file, up to its last whole block. */
#include "tracer/file/vgt.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include "tracer/file/decode.h"
#include "tracer/file/reader.h"

static int read_at(int fd, void *bytes, size_t size, uint64_t offset)
{
	for (size_t done = 0; done < size;) {
		ssize_t n = pread(fd, (uint8_t *)bytes + done, size - done, offset + done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			return -EBADMSG;
		done += n;
	}
	return 0;
}

static bool head_valid(const struct vgpu_vgt_block *head, uint64_t offset)
{
	return head->magic == VGPU_VGT_BLOCK && head->offset == offset && head->plain <= VGPU_VGT_PLAIN_MAX &&
	       head->stored <= ZSTD_COMPRESSBOUND(VGPU_VGT_PLAIN_MAX) &&
	       vgpu_crc32(0, &head->crc, sizeof(*head) - offsetof(struct vgpu_vgt_block, crc)) == head->head_crc;
}

static bool fit(uint8_t **bytes, size_t *room, size_t size)
{
	uint8_t *grown;

	if (size <= *room)
		return true;
	grown = realloc(*bytes, size);
	if (!grown)
		return false;
	*bytes = grown;
	*room = size;
	return true;
}

/* The content of a block, in reader->plain. 0, -EBADMSG, -ENOMEM, -errno. */
static int unpack(struct vgpu_vgt_reader *reader, const struct vgpu_vgt_block *head)
{
	const uint8_t *stored;
	size_t n;
	int err;

	if (!fit(&reader->stored, &reader->stored_room, sizeof(*head) + head->stored) ||
	    !fit(&reader->plain, &reader->plain_room, head->plain + 1u))
		return -ENOMEM;
	err = read_at(reader->fd, reader->stored, sizeof(*head) + head->stored, head->offset);
	if (err)
		return err;
	stored = reader->stored + sizeof(*head);
	/* The head as well: what is known of it may be from the index. */
	if (memcmp(reader->stored, head, sizeof(*head)) || vgpu_crc32(0, stored, head->stored) != head->crc)
		return -EBADMSG;
	if (head->packing == VGPU_VGT_STORED) {
		if (head->stored != head->plain)
			return -EBADMSG;
		memcpy(reader->plain, stored, head->plain);
		return 0;
	}
	if (head->packing != VGPU_VGT_ZSTD)
		return -EBADMSG;
	n = ZSTD_decompressDCtx(reader->unpacker, reader->plain, head->plain, stored, head->stored);
	return n == head->plain ? 0 : -EBADMSG;
}

/* ---- finding the blocks ---- */

static int add_block(struct vgpu_vgt_reader *reader, const struct vgpu_vgt_block *head)
{
	if (head->kind != VGPU_VGT_META && head->kind != VGPU_VGT_EVENTS)
		return 0;
	if (reader->count == reader->room) {
		uint32_t room = reader->room ? reader->room * 2 : 64;
		struct vgpu_vgt_block *grown = realloc(reader->blocks, room * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		reader->blocks = grown;
		reader->room = room;
	}
	reader->blocks[reader->count++] = *head;
	if (head->kind == VGPU_VGT_EVENTS)
		reader->total += head->events;
	return 0;
}

/* The heads as the END block leads to them. 0; -EBADMSG: there is no index to be trusted. */
static int use_index(struct vgpu_vgt_reader *reader)
{
	uint64_t offset = sizeof(struct vgpu_vgt_head), total = 0;
	struct vgpu_vgt_block end, index, head;
	int err;

	if (reader->bytes < offset + sizeof(end))
		return -EBADMSG;
	err = read_at(reader->fd, &end, sizeof(end), reader->bytes - sizeof(end));
	if (err || !head_valid(&end, reader->bytes - sizeof(end)) || end.kind != VGPU_VGT_END || !end.first ||
	    end.first > reader->bytes - 2 * sizeof(end))
		return -EBADMSG;
	err = read_at(reader->fd, &index, sizeof(index), end.first);
	if (err || !head_valid(&index, end.first) || index.kind != VGPU_VGT_INDEX ||
	    index.offset + sizeof(index) + index.stored != end.offset || unpack(reader, &index) ||
	    index.plain % sizeof(head))
		return -EBADMSG;
	for (uint32_t at = 0; at < index.plain; at += sizeof(head)) {
		memcpy(&head, reader->plain + at, sizeof(head));
		if (!head_valid(&head, offset) || (head.kind != VGPU_VGT_META && head.kind != VGPU_VGT_EVENTS))
			return -EBADMSG;
		offset += sizeof(head) + head.stored;
		total += head.kind == VGPU_VGT_EVENTS ? head.events : 0;
	}
	if (offset != end.first || total != end.from_ns)
		return -EBADMSG;
	for (uint32_t at = 0; at < index.plain; at += sizeof(head)) {
		memcpy(&head, reader->plain + at, sizeof(head));
		err = add_block(reader, &head);
		if (err)
			return err;
	}
	reader->end = reader->bytes;
	reader->complete = reader->indexed = true;
	return 0;
}

/* Goes from head to head, from reader->end on. 0 or -errno; reader->tail says what stopped it. */
static int walk(struct vgpu_vgt_reader *reader)
{
	struct vgpu_vgt_block head;
	int err;

	reader->tail = 0;
	while (reader->end < reader->bytes) {
		/* After an end nothing more is expected. */
		if (reader->complete || reader->bytes - reader->end < sizeof(head)) {
			reader->tail = -EBADMSG;
			return 0;
		}
		err = read_at(reader->fd, &head, sizeof(head), reader->end);
		if (err)
			return err;
		if (!head_valid(&head, reader->end) || head.stored > reader->bytes - reader->end - sizeof(head)) {
			reader->tail = -EBADMSG;
			return 0;
		}
		/* Nobody else will look at these two. */
		if ((head.kind == VGPU_VGT_INDEX && unpack(reader, &head)) ||
		    (head.kind == VGPU_VGT_END && (head.from_ns != reader->total || head.stored))) {
			reader->tail = -EBADMSG;
			return 0;
		}
		reader->complete = head.kind == VGPU_VGT_END;
		err = add_block(reader, &head);
		if (err)
			return err;
		reader->end += sizeof(head) + head.stored;
	}
	return 0;
}

int vgpu_vgt_open(struct vgpu_vgt_reader **out, const char *path)
{
	struct vgpu_vgt_reader *reader = calloc(1, sizeof(*reader));
	struct vgpu_vgt_head head;
	struct stat st;
	int err;

	if (!reader)
		return -ENOMEM;
	reader->kinds = VGPU_VGT_ALL;
	reader->window_upto_ns = UINT64_MAX;
	reader->path = strdup(path);
	reader->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (reader->fd < 0 || fstat(reader->fd, &st)) {
		err = -errno;
		goto out;
	}
	err = S_ISDIR(st.st_mode) ? -EISDIR : -EPROTO;
	if (!S_ISREG(st.st_mode) || read_at(reader->fd, &head, sizeof(head), 0) ||
	    memcmp(head.magic, VGPU_VGT_MAGIC, sizeof(head.magic)))
		goto out;
	err = head.order != VGPU_VGT_ORDER       ? -EMEDIUMTYPE
	      : head.version != VGPU_VGT_VERSION ? -EPROTONOSUPPORT
	      : head.crc != vgpu_crc32(0, &head, offsetof(struct vgpu_vgt_head, crc)) ? -EBADMSG
										      : 0;
	if (err)
		goto out;
	reader->bytes = st.st_size;
	reader->end = sizeof(head);
	reader->unpacker = ZSTD_createDCtx();
	err = reader->unpacker ? vgpu_decoder_open(&reader->decoder) : -ENOMEM;
	if (err)
		goto out;
	err = use_index(reader);
	if (err == -EBADMSG)
		err = walk(reader);
	if (err)
		goto out;
	*out = reader;
	return 0;
out:
	vgpu_vgt_reader_close(reader);
	return err;
}

void vgpu_vgt_reader_close(struct vgpu_vgt_reader *reader)
{
	if (!reader)
		return;
	if (reader->fd >= 0)
		close(reader->fd);
	ZSTD_freeDCtx(reader->unpacker);
	vgpu_decoder_close(&reader->decoder);
	free(reader->blocks);
	free(reader->stored);
	free(reader->plain);
	free(reader->path);
	free(reader);
}

/* Another file took the place of this one, with what is newer: goes on there. */
static int change_over(struct vgpu_vgt_reader *reader)
{
	struct vgpu_vgt_reader *there, old = *reader;
	int err = reader->path ? vgpu_vgt_open(&there, reader->path) : -ENOMEM;

	if (err)
		return err == -ENOENT ? 0 : err;
	there->kinds = old.kinds;
	there->process = old.process;
	there->window_from_ns = old.window_from_ns;
	there->window_upto_ns = old.window_upto_ns;
	vgpu_vgt_seek_number(there, old.last + 1);
	there->last = old.last;
	*reader = *there;
	*there = old;
	vgpu_vgt_reader_close(there);
	return 1;
}

int vgpu_vgt_again(struct vgpu_vgt_reader *reader)
{
	uint32_t before = reader->count;
	struct stat st;
	int err;

	if (fstat(reader->fd, &st))
		return -errno;
	reader->bytes = st.st_size;
	err = walk(reader);
	if (err)
		return err;
	if (reader->error == 1 || reader->error == -EBADMSG)
		reader->error = 0;
	return reader->count == before && !st.st_nlink && !reader->complete ? change_over(reader) : reader->count > before;
}

void vgpu_vgt_summary(const struct vgpu_vgt_reader *reader, struct vgpu_vgt_summary *out)
{
	*out = (struct vgpu_vgt_summary){
		.events = reader->total, .bytes = reader->bytes, .whole = reader->end, .blocks = reader->count,
		.complete = reader->complete, .indexed = reader->indexed,
	};
	for (uint32_t i = 0; i < reader->count; i++) {
		const struct vgpu_vgt_block *block = &reader->blocks[i];

		if (block->kind != VGPU_VGT_EVENTS || !block->events)
			continue;
		if (!out->from_ns || block->from_ns < out->from_ns)
			out->from_ns = block->from_ns;
		if (block->upto_ns > out->upto_ns)
			out->upto_ns = block->upto_ns;
	}
}

uint64_t vgpu_vgt_read(const struct vgpu_vgt_reader *reader)
{
	return reader->position;
}

uint64_t vgpu_vgt_last(const struct vgpu_vgt_reader *reader)
{
	return reader->last;
}

bool vgpu_vgt_complete(const struct vgpu_vgt_reader *reader)
{
	return reader->complete && reader->error >= 0;
}

bool vgpu_vgt_unknown(const struct vgpu_vgt_reader *reader, uint32_t index, struct vgpu_vgt_unknown *out)
{
	if (index >= reader->decoder.unknown_count)
		return false;
	*out = reader->decoder.unknown[index];
	return true;
}

/* ---- reading on ---- */

int vgpu_vgt_learn(struct vgpu_vgt_reader *reader, uint32_t upto)
{
	int err = 0;

	for (; !err && reader->learned < upto; reader->learned += !err) {
		const struct vgpu_vgt_block *block = &reader->blocks[reader->learned];

		if (block->kind != VGPU_VGT_META)
			continue;
		err = unpack(reader, block);
		if (!err)
			err = vgpu_decoder_learn(&reader->decoder, reader->plain, block->plain);
	}
	return err;
}

/* As the bits of a block's head have them: the file may number kinds in another way. */
static uint32_t kinds_of_file(const struct vgpu_vgt_reader *reader, uint32_t own)
{
	uint32_t kinds = 0;

	for (unsigned kind = 0; kind < 256; kind++) {
		const struct vgpu_plan *plan = reader->decoder.plans[kind];

		if (plan && own >> (plan->kind & 31) & 1)
			kinds |= 1u << (kind < 31 ? kind : 31);
	}
	return kinds;
}

static bool block_wanted(const struct vgpu_vgt_reader *reader, const struct vgpu_vgt_block *block)
{
	if (block->kind != VGPU_VGT_EVENTS)
		return false;
	if (reader->process && !(block->processes >> reader->process % 64 & 1))
		return false;
	if ((block->from_ns > reader->window_upto_ns || block->upto_ns < reader->window_from_ns) &&
	    !(block->kinds & ~(kinds_of_file(reader, VGPU_VGT_CALLS) & ~(1u << 31))))
		return false;
	return reader->kinds == VGPU_VGT_ALL || block->kinds & kinds_of_file(reader, reader->kinds);
}

/* Opens the next block with something in it. 1, 0 at the end, -errno. */
static int open_next(struct vgpu_vgt_reader *reader)
{
	int err;

	reader->open = false;
	for (; reader->at < reader->count; reader->at++) {
		const struct vgpu_vgt_block *block = &reader->blocks[reader->at];

		if (block->kind != VGPU_VGT_EVENTS)
			continue;
		err = vgpu_vgt_learn(reader, reader->at);
		if (err)
			return err;
		if (!block_wanted(reader, block)) {
			reader->position += block->events;
			continue;
		}
		err = unpack(reader, block);
		if (err)
			return err;
		vgpu_decoder_begin(&reader->decoder, reader->plain, block->plain);
		reader->left = block->events;
		reader->open = true;
		reader->at++;
		return 1;
	}
	return reader->tail;
}

static void count_unknown(struct vgpu_vgt_reader *reader, uint32_t kind)
{
	struct vgpu_decoder *d = &reader->decoder;

	for (uint32_t i = 0; i < d->unknown_count; i++)
		if (!d->unknown[i].field && !strcmp(d->unknown[i].kind, d->kind_names[kind]))
			d->unknown[i].events++;
}

int vgpu_vgt_next(struct vgpu_vgt_reader *reader, struct vgpu_event *event)
{
	uint32_t kind = 0;
	int err;

	if (reader->error)
		return reader->error == 1 ? 0 : reader->error;
	for (;;) {
		err = 1;
		if (!reader->open)
			err = open_next(reader);
		if (err != 1)
			break;
		err = vgpu_decode(&reader->decoder, event, &kind);
		if (!err) {
			/* As many as its head says, or something is wrong. */
			err = reader->left ? -EBADMSG : 0;
			reader->open = false;
			if (err)
				break;
			continue;
		}
		if (err < 0 || !reader->left) {
			err = err < 0 ? err : -EBADMSG;
			break;
		}
		reader->left--;
		reader->position++;
		if (reader->from && event->number < reader->from)
			continue;
		reader->from = 0;
		if (reader->skip) {
			reader->skip--;
			continue;
		}
		if (event->kind == VGPU_EVENT_NONE)
			count_unknown(reader, kind);
		reader->last = event->number;
		if (!(reader->kinds >> (event->kind & 31) & 1) ||
		    (reader->process && event->process != reader->process))
			continue;
		return 1;
	}
	reader->open = false;
	reader->error = err ? err : 1;
	return err;
}

void vgpu_vgt_only(struct vgpu_vgt_reader *reader, uint32_t kinds, uint32_t process)
{
	reader->kinds = kinds;
	reader->process = process;
}

void vgpu_vgt_window(struct vgpu_vgt_reader *reader, uint64_t from_ns, uint64_t upto_ns)
{
	reader->window_from_ns = from_ns;
	reader->window_upto_ns = upto_ns;
}

/* ---- seeking ---- */

static void go_to(struct vgpu_vgt_reader *reader, uint32_t block, uint64_t number, uint64_t skip)
{
	reader->at = block;
	reader->open = false;
	reader->error = 0;
	reader->from = number;
	reader->skip = skip;
	reader->position = 0;
	for (uint32_t i = 0; i < block; i++)
		if (reader->blocks[i].kind == VGPU_VGT_EVENTS)
			reader->position += reader->blocks[i].events;
}

int vgpu_vgt_seek_number(struct vgpu_vgt_reader *reader, uint64_t number)
{
	uint32_t block = 0, low = 0, high = reader->count;

	/* The last block that begins at it or before. */
	while (low < high) {
		uint32_t middle = low + (high - low) / 2, at = middle;

		while (at < high && reader->blocks[at].kind != VGPU_VGT_EVENTS)
			at++;
		if (at < high && reader->blocks[at].first <= number) {
			block = at;
			low = at + 1;
		} else {
			high = middle;
		}
	}
	go_to(reader, block, number, 0);
	return 0;
}

int vgpu_vgt_seek_time(struct vgpu_vgt_reader *reader, uint64_t time_ns)
{
	uint32_t block = 0;

	while (block < reader->count &&
	       (reader->blocks[block].kind != VGPU_VGT_EVENTS || reader->blocks[block].upto_ns < time_ns))
		block++;
	go_to(reader, block, 0, 0);
	return 0;
}

int vgpu_vgt_seek_last(struct vgpu_vgt_reader *reader, uint64_t events)
{
	uint32_t block = reader->count;
	uint64_t behind = 0;

	while (block && behind < events) {
		block--;
		if (reader->blocks[block].kind == VGPU_VGT_EVENTS)
			behind += reader->blocks[block].events;
	}
	go_to(reader, block, 0, behind > events ? behind - events : 0);
	return 0;
}
