// SPDX-License-Identifier: Apache-2.0
/* Export as a trace in the Common Trace Format 1.8, which babeltrace2 and Trace Compass read. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tracer/export/ctf_metadata.h"
#include "tracer/export/export.h"
#include "tracer/export/out.h"
#include "tracer/model/call.h"
#include "tracer/model/names.h"

#define PACKET_BYTES   65536u
#define BUFFERED_BYTES (16u << 20) /* in all lanes; more than this, and all are written */

/*
 * Within a stream of the format time never goes back, but a trace's events come when they are known:
 * a call when it returned, with the time of its entry. So an event goes to the lane whose last event
 * is the latest that is not after it, and where there is none begins a new lane, a stream of its own.
 * As many lanes come about as calls are nested and threads were read one after the other. Readers
 * merge them by time.
 */
struct lane {
	uint64_t last_ns;
	uint32_t file;
	uint64_t begin_ns, packets;
	struct vgpu_text packet; /* its events, without the head */
};

struct ctf {
	const char *path;
	struct lane *lanes; /* by last_ns, ascending */
	uint32_t count, room;
	size_t buffered;
	struct vgpu_text event;
	bool has_clock;
	int64_t offset_ns; /* of UTC from the clock */
};

static void ctf_close(void *exporter)
{
	struct ctf *ctf = exporter;

	for (uint32_t i = 0; i < ctf->count; i++)
		vgpu_text_free(&ctf->lanes[i].packet);
	vgpu_text_free(&ctf->event);
	free(ctf->lanes);
	free(ctf);
}

static int ctf_open(void **out, const struct vgpu_export_to *to)
{
	struct ctf *ctf = calloc(1, sizeof(*ctf));

	if (!ctf)
		return -ENOMEM;
	ctf->path = to->path;
	*out = ctf;
	return 0;
}

/* ---- files ---- */

static int write_to(const struct ctf *ctf, const char *name, const void *head, size_t head_size,
		    const struct vgpu_text *text)
{
	struct vgpu_out *out;
	char path[4200];
	int err;

	snprintf(path, sizeof(path), "%s/%s", ctf->path, name);
	out = calloc(1, sizeof(*out));
	if (!out)
		return -ENOMEM;
	out->fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	err = out->fd < 0 ? -errno : 0;
	if (!err) {
		vgpu_out_write(out, head, head_size);
		vgpu_out_write(out, vgpu_text_string(text), text->size);
		err = vgpu_out_flush(out);
		if (close(out->fd) && !err)
			err = -errno;
	}
	free(out);
	return err;
}

static int write_packet(struct ctf *ctf, struct lane *lane)
{
	struct vgpu_ctf_packet head = { .magic = VGPU_CTF_MAGIC, .begin_ns = lane->begin_ns, .end_ns = lane->last_ns,
					.sequence = lane->packets };
	char name[32];
	int err;

	if (!lane->packet.size)
		return 0;
	head.content_bits = head.packet_bits = (sizeof(head) + lane->packet.size) * 8;
	snprintf(name, sizeof(name), "lane_%u", lane->file);
	err = write_to(ctf, name, &head, sizeof(head), &lane->packet);
	ctf->buffered -= lane->packet.size;
	lane->packets++;
	vgpu_text_free(&lane->packet);
	return err;
}

/* ---- lanes ---- */

static struct lane *lane_for(struct ctf *ctf, uint64_t time_ns)
{
	uint32_t low = 0, high = ctf->count;

	/* The first lane that has gone further than this event. */
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (ctf->lanes[middle].last_ns <= time_ns)
			low = middle + 1;
		else
			high = middle;
	}
	if (low)
		return &ctf->lanes[low - 1];
	if (ctf->count == ctf->room) {
		uint32_t room = ctf->room ? ctf->room * 2 : 16;
		void *grown = realloc(ctf->lanes, room * sizeof(*ctf->lanes));

		if (!grown)
			return NULL;
		ctf->lanes = grown;
		ctf->room = room;
	}
	memmove(ctf->lanes + 1, ctf->lanes, ctf->count * sizeof(*ctf->lanes));
	ctf->lanes[0] = (struct lane){ .file = ctf->count++ };
	return &ctf->lanes[0];
}

static int put_event(struct ctf *ctf, uint64_t time_ns)
{
	struct lane *lane = lane_for(ctf, time_ns);
	int err = 0;

	if (!lane || ctf->event.failed)
		return -ENOMEM;
	if (!lane->packet.size)
		lane->begin_ns = time_ns;
	lane->last_ns = time_ns;
	vgpu_text_add(&lane->packet, ctf->event.bytes, ctf->event.size);
	if (lane->packet.failed)
		return -ENOMEM;
	ctf->buffered += ctf->event.size;
	if (lane->packet.size >= PACKET_BYTES)
		return write_packet(ctf, lane);
	for (uint32_t i = 0; !err && ctf->buffered > BUFFERED_BYTES && i < ctf->count; i++)
		err = write_packet(ctf, &ctf->lanes[i]);
	return err;
}

/* ---- an event's bytes, as the metadata describes them ---- */

static void put(struct ctf *ctf, const void *bytes, size_t size)
{
	vgpu_text_add(&ctf->event, bytes, size);
}

/*
 * Never an empty one: babeltrace2 2.0 shows in its place what an earlier event had there. The fields
 * `absent` and `empty` tell which texts are no texts.
 */
static void put_string(struct ctf *ctf, const char *string)
{
	if (!string)
		string = "(none)";
	else if (!*string)
		string = "(empty)";
	put(ctf, string, strlen(string) + 1);
}

static void put_field(struct ctf *ctf, const struct vgpu_event *event, const struct vgpu_field *field)
{
	const void *at = (const uint8_t *)event + field->offset;
	const struct vgpu_words *words = at;
	const struct vgpu_data *data = at;
	const char *string = NULL;
	uint32_t count = 0;

	switch (field->type) {
	case VGPU_FIELD_STRING:
		put_string(ctf, *(const char *const *)at);
		return;
	case VGPU_FIELD_STRINGS:
		while ((string = vgpu_strings_next(at, string)))
			count++;
		put(ctf, &count, sizeof(count));
		while ((string = vgpu_strings_next(at, string)))
			put_string(ctf, string);
		return;
	case VGPU_FIELD_DATA:
		put(ctf, &data->size, sizeof(data->size));
		if (data->size)
			put(ctf, data->bytes, data->size);
		return;
	case VGPU_FIELD_WORDS:
		put(ctf, &words->count, sizeof(words->count));
		if (words->count)
			put(ctf, words->words, words->count * sizeof(uint64_t));
		return;
	default:
		put(ctf, at, vgpu_field_size(field->type));
	}
}

static void put_call(struct ctf *ctf, const struct vgpu_event *event)
{
	static const struct vgpu_look plain = { .utf8 = true };
	const struct vgpu_function *function = vgpu_function_find(event->call.function);
	const struct vgpu_api *api = vgpu_api_find(VGPU_FUNCTION_LIBRARY(event->call.function));
	struct vgpu_value_place place = { .look = &plain, .process = event->process };
	struct vgpu_text text = { 0 };

	put_string(ctf, function ? function->name : event->call.name);
	put_string(ctf, api ? api->name : NULL);
	put_string(ctf, event->kind == VGPU_EVENT_CALL && vgpu_call_format_result(&text, &place, &event->call)
				? vgpu_text_string(&text)
				: NULL);
	vgpu_text_clear(&text);
	vgpu_call_format(&text, &place, &event->call, event->kind == VGPU_EVENT_PENDING);
	put_string(ctf, vgpu_text_string(&text));
	ctf->event.failed |= text.failed;
	vgpu_text_free(&text);
}

static int ctf_event(void *exporter, const struct vgpu_event *event)
{
	struct ctf *ctf = exporter;
	const struct vgpu_kind *kind = vgpu_event_kind(event->kind);
	uint16_t id = event->kind;
	uint64_t absent = 0, empty = 0;

	if (!kind)
		return 0;
	if (event->kind == VGPU_EVENT_HOST && !ctf->has_clock) {
		ctf->has_clock = true;
		ctf->offset_ns = (int64_t)(event->host.realtime_ns - event->host.monotonic_ns);
	}
	vgpu_text_clear(&ctf->event);
	put(ctf, &id, sizeof(id));
	put(ctf, &event->time_ns, sizeof(event->time_ns));
	for (uint32_t i = 0; i < vgpu_event_common.count; i++)
		if (vgpu_ctf_has_common(&vgpu_event_common.fields[i]))
			put_field(ctf, event, &vgpu_event_common.fields[i]);
	for (uint32_t i = 0; i < kind->count; i++) {
		const char *const *text = (const void *)((const uint8_t *)event + kind->fields[i].offset);

		if (kind->fields[i].type != VGPU_FIELD_STRING)
			continue;
		absent |= (uint64_t)!*text << i;
		empty |= (uint64_t)(*text && !**text) << i;
	}
	put(ctf, &absent, sizeof(absent));
	put(ctf, &empty, sizeof(empty));
	if (event->kind == VGPU_EVENT_CALL || event->kind == VGPU_EVENT_PENDING)
		put_call(ctf, event);
	for (uint32_t i = 0; i < kind->count; i++)
		put_field(ctf, event, &kind->fields[i]);
	return put_event(ctf, event->time_ns);
}

static int ctf_end(void *exporter)
{
	struct ctf *ctf = exporter;
	struct vgpu_text metadata = { 0 };
	int err = 0;

	for (uint32_t i = 0; !err && i < ctf->count; i++)
		err = write_packet(ctf, &ctf->lanes[i]);
	vgpu_ctf_metadata(&metadata, ctf->offset_ns);
	if (!err)
		err = metadata.failed ? -ENOMEM : write_to(ctf, "metadata", "", 0, &metadata);
	vgpu_text_free(&metadata);
	return err;
}

const struct vgpu_exporter vgpu_exporter_ctf = {
	.name = "ctf",
	.help = "a Common Trace Format 1.8 trace, a directory",
	.use = "babeltrace2 prints it; Trace Compass opens it",
	.makes = VGPU_EXPORT_DIRECTORY,
	.open = ctf_open,
	.event = ctf_event,
	.end = ctf_end,
	.close = ctf_close,
};
