// SPDX-License-Identifier: Apache-2.0
/*
 * Trace files that were changed: libFuzzer's entry, or a fixed number of mutations from a seed. Half
 * of them are changed as accidents do it: every event that is still handed out must be as it was
 * written. Half are changed behind the checksums, as somebody would who means harm: nothing may break.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zstd.h>

#include "shim/api/schema.h"
#include "tests/fuzz/fuzz.h"
#include "tracer/export/text.h"
#include "tracer/file/vgt.h"
#include "tracer/file/wire.h"
#include "tracer/model/copy.h"

#define EVENTS_MAX 400u

static uint64_t state = 1;
static volatile uint64_t sink;
static struct vgpu_event *written[EVENTS_MAX];
static unsigned written_count;
static char path[64];

static uint64_t rnd(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

/* ---- a trace with something of everything ---- */

static void fill(struct vgpu_event *event, const struct vgpu_field *field, uint64_t *room)
{
	uint8_t *at = (uint8_t *)event + field->offset;
	char *text = (char *)room;

	for (unsigned i = 0; i < 4; i++)
		room[i] = rnd();
	switch (field->type) {
	case VGPU_FIELD_STRING:
		snprintf(text, 32, "%s %u", field->name, (unsigned)rnd() % 5);
		*(const char **)at = text;
		return;
	case VGPU_FIELD_STRINGS:
		*(struct vgpu_strings *)at = (struct vgpu_strings){ "one\0two", 8 };
		return;
	case VGPU_FIELD_DATA:
		*(struct vgpu_data *)at = (struct vgpu_data){ (uint8_t *)room, 1 + rnd() % 32 };
		return;
	case VGPU_FIELD_WORDS:
		*(struct vgpu_words *)at = (struct vgpu_words){ room, 1 + rnd() % 4 };
		return;
	}
	memcpy(at, room, vgpu_field_size(field->type));
}

/* A call of a function of the description, with out-values of the right size and any content. */
static void make_call(struct vgpu_event *event, uint64_t *room)
{
	const struct vgpu_api *api = vgpu_apis[rnd() % 4];
	const struct vgpu_function *function = &api->functions[rnd() % 40 * 7 % api->count];
	uint8_t *blobs = (uint8_t *)(room + 16);
	uint32_t size = 0;

	event->kind = VGPU_EVENT_CALL;
	event->call = (struct vgpu_event_call){ .function = function->id, .thread = 1 + rnd() % 3, .thread_name = "main",
						.ordinal = event->number, .duration_ns = rnd() % 1000,
						.result = rnd() % 3 ? 0 : rnd() % 1000 };
	for (uint32_t i = 0; i < function->nparams && i < VGPU_ARGS_MAX; i++) {
		const struct vgpu_type *type = function->params[i].type;
		struct vgpu_blob blob = { .param = i, .flags = function->params[i].direction & VGPU_OUT ? VGPU_BLOB_OUT
													  : VGPU_BLOB_IN };

		room[i] = rnd();
		event->call.args.count++;
		if (type->kind != VGPU_TYPE_POINTER || !type->element->size || type->element->size > 2000 ||
		    size + type->element->size > 8000)
			continue;
		blob.size = type->element->size;
		blob.full_size = blob.size;
		memcpy(blobs + size, &blob, sizeof(blob));
		for (unsigned k = 0; k < blob.size; k++)
			blobs[size + sizeof(blob) + k] = rnd();
		size += sizeof(blob) + ((blob.size + 7u) & ~7u);
	}
	event->call.args.words = room;
	event->call.blobs = (struct vgpu_data){ blobs, size };
}

static void write_trace(void)
{
	static uint64_t room[64][4096];
	struct vgpu_vgt_writer *writer;
	struct vgpu_stream stream = { 0 };

	CHECK(!vgpu_vgt_create(&writer, path));
	vgpu_stream_add(&stream, vgpu_vgt_sink(writer));
	while (written_count < 200) {
		struct vgpu_event event = { .number = written_count + 1, .process = 1 + rnd() % 3, .time_ns = 1000 + written_count };
		uint32_t kind = 1 + rnd() % (VGPU_EVENT_KINDS - 1);
		const struct vgpu_kind *own = vgpu_event_kind(kind);

		if (rnd() % 2) {
			make_call(&event, room[0]);
		} else {
			event.kind = kind;
			for (uint32_t i = 0; i < own->count; i++)
				if (rnd() % 4)
					fill(&event, &own->fields[i], room[i]);
		}
		vgpu_stream_emit(&stream, &event);
		written[written_count++] = vgpu_event_copy(&event);
		if (rnd() % 12 == 0)
			CHECK(!vgpu_vgt_flush(writer));
	}
	vgpu_stream_end(&stream);
	CHECK(!vgpu_vgt_sink(writer)->error);
	vgpu_vgt_close(writer);
}

/* ---- using what is read ---- */

static void take_line(void *data, const char *bytes, size_t size)
{
	(void)data;
	for (size_t i = 0; i < size; i++) {
		/* Whatever is in the file: nothing of it acts on a terminal. */
		CHECK((uint8_t)bytes[i] >= ' ' || bytes[i] == '\n');
		sink += bytes[i];
	}
}

static int read_all(const char *file, bool compare, uint64_t *events)
{
	struct vgpu_text_options options = { .line = take_line, .look = { .utf8 = true, .full = true } };
	struct vgpu_text_export *text = NULL;
	struct vgpu_vgt_summary summary;
	struct vgpu_vgt_reader *reader;
	struct vgpu_vgt_unknown unknown;
	struct vgpu_stream stream = { 0 };
	struct vgpu_event event;
	int err = vgpu_vgt_open(&reader, file);

	*events = 0;
	if (err)
		return err;
	CHECK(!vgpu_model_open(&options.model));
	CHECK(!vgpu_text_export_open(&text, &options));
	vgpu_stream_add(&stream, &options.model->sink);
	vgpu_stream_add(&stream, vgpu_text_export_sink(text));
	vgpu_vgt_summary(reader, &summary);
	while ((err = vgpu_vgt_next(reader, &event)) == 1) {
		const char *field;

		CHECK(++*events <= summary.events);
		CHECK(vgpu_vgt_read(reader) == *events);
		if (compare) {
			CHECK(*events <= written_count);
			CHECK(vgpu_event_equal(&event, written[*events - 1], &field));
		}
		vgpu_stream_emit(&stream, &event);
	}
	vgpu_stream_end(&stream);
	CHECK(err || !compare || vgpu_vgt_read(reader) == summary.events);
	CHECK(!err || !vgpu_vgt_complete(reader));
	for (uint32_t i = 0; vgpu_vgt_unknown(reader, i, &unknown); i++)
		sink += strlen(unknown.kind);
	/* From anywhere, too. */
	for (unsigned i = 0; i < 3; i++) {
		vgpu_vgt_seek_last(reader, rnd() % 50);
		for (unsigned k = 0; k < 20 && vgpu_vgt_next(reader, &event) == 1; k++)
			sink += event.number;
		vgpu_vgt_seek_number(reader, rnd() % 250);
		sink += vgpu_vgt_next(reader, &event);
	}
	vgpu_text_export_close(text);
	vgpu_model_close(options.model);
	vgpu_vgt_reader_close(reader);
	return err;
}

static void put_file(const uint8_t *bytes, size_t size)
{
	FILE *file = fopen(path, "we");

	CHECK(file && fwrite(bytes, 1, size, file) == size && !fclose(file));
}

static size_t get_file(uint8_t *bytes, size_t room)
{
	FILE *file = fopen(path, "re");
	size_t size;

	CHECK(file);
	size = fread(bytes, 1, room, file);
	fclose(file);
	CHECK(size < room);
	return size;
}

/* ---- changing ---- */

static size_t change(uint8_t *bytes, size_t size)
{
	for (unsigned n = 1 + rnd() % 4; n && size; n--) {
		size_t at = rnd() % size, more = rnd() % 64;

		switch (rnd() % 5) {
		case 0:
			bytes[at] ^= 1 << rnd() % 8;
			break;
		case 1:
			bytes[at] = rnd();
			break;
		case 2: /* cut short */
			size = rnd() % 8 ? size : at;
			break;
		case 3: /* bytes from elsewhere */
			if (at + more <= size) {
				size_t from = rnd() % (size - more + 1);

				memmove(bytes + at, bytes + from, more);
			}
			break;
		case 4:
			for (size_t i = at; i < size && i < at + more; i++)
				bytes[i] = rnd() % 2 ? 0xff : rnd();
		}
	}
	return size;
}

/* All blocks unpacked, one of them changed, with checksums as they should be. */
static size_t reseal(const uint8_t *bytes, size_t size, uint8_t *out, size_t room)
{
	static uint8_t plain[VGPU_VGT_PLAIN_MAX + 1];
	size_t at = sizeof(struct vgpu_vgt_head), to = at;
	unsigned blocks = 0, chosen;
	struct vgpu_vgt_block head;

	memcpy(out, bytes, at);
	for (size_t i = at; i < size; i += sizeof(head) + head.stored, blocks++)
		memcpy(&head, bytes + i, sizeof(head));
	chosen = rnd() % blocks;
	for (unsigned i = 0; at < size; i++) {
		size_t n;

		memcpy(&head, bytes + at, sizeof(head));
		n = head.packing ? ZSTD_decompress(plain, sizeof(plain), bytes + at + sizeof(head), head.stored) : head.stored;
		if (!head.packing)
			memcpy(plain, bytes + at + sizeof(head), n);
		at += sizeof(head) + head.stored;
		/* An index would lead to where blocks were. */
		if (head.kind == VGPU_VGT_INDEX)
			continue;
		if (i == chosen) {
			n = change(plain, n);
			if (rnd() % 4 == 0)
				((uint8_t *)&head)[16 + rnd() % 56] = rnd();
		}
		head.packing = 0;
		head.first = head.kind == VGPU_VGT_END ? 0 : head.first;
		head.stored = head.plain = n;
		head.offset = to;
		head.crc = vgpu_crc32(0, plain, n);
		head.head_crc = vgpu_crc32(0, &head.crc, sizeof(head) - 8);
		CHECK(to + sizeof(head) + n <= room);
		memcpy(out + to, &head, sizeof(head));
		memcpy(out + to + sizeof(head), plain, n);
		to += sizeof(head) + n;
	}
	return to;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint64_t events;

	if (!path[0])
		snprintf(path, sizeof(path), "/dev/shm/fuzz_vgt.%d", (int)getpid());
	put_file(data, size);
	read_all(path, false, &events);
	return 0;
}

#ifndef VGPU_LIBFUZZER
int main(int argc, char **argv)
{
	static uint8_t whole[1u << 20], changed[1u << 22];
	uint64_t rounds = argc > 2 ? strtoull(argv[2], NULL, 0) : 1000, events, refused = 0, read = 0, harmless = 0;
	size_t size;

	state = (argc > 1 ? strtoull(argv[1], NULL, 0) : 1) * UINT64_C(0x9e3779b97f4a7c15) | 1;
	snprintf(path, sizeof(path), "/dev/shm/fuzz_vgt.%d", (int)getpid());
	write_trace();
	size = get_file(whole, sizeof(whole));
	CHECK(!read_all(path, true, &events) && events == written_count);
	for (uint64_t i = 0; i < rounds; i++) {
		size_t n;

		memcpy(changed, whole, size);
		n = change(changed, size);
		put_file(changed, n);
		refused += read_all(path, true, &events) < 0;
		read += events;

		n = reseal(whole, size, changed, sizeof(changed));
		put_file(changed, n);
		harmless += !read_all(path, false, &events);
	}
	printf("%llu accidents: %llu noticed, %llu events read from them, all as they were written\n",
	       (unsigned long long)rounds, (unsigned long long)refused, (unsigned long long)read);
	printf("%llu changes behind the checksums: %llu read to the end, the others refused\n",
	       (unsigned long long)rounds, (unsigned long long)harmless);
	/* Changes that hit what they replaced are few: else this would test nothing. */
	CHECK(refused > rounds * 9 / 10);
	unlink(path);
	for (unsigned i = 0; i < written_count; i++)
		free(written[i]);
	return 0;
}
#endif
