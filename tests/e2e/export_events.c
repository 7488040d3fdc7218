// SPDX-License-Identifier: Apache-2.0
/*
 * Events of every kind with every field set, and nested calls, put through an exporter; and what went in, in
 * plain form, so that a script can compare it with what an independent reader gets out.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>
#include <unistd.h>

#include "shim/api/schema.h"
#include "tests/unit/make_event.h"
#include "tracer/export/export.h"

static struct vgpu_stream stream;
static struct vgpu_export *export;
static uint64_t number;
static int expecting; /* print what goes in, too */

/* ---- what went in: a line an event, `kind field=value field=value`, bytes in hexadecimal ---- */

static void print_bytes(const void *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		printf("%02x", ((const uint8_t *)bytes)[i]);
}

static void print_field(const struct vgpu_event *event, const struct vgpu_field *field)
{
	const uint8_t *at = (const uint8_t *)event + field->offset;
	const struct vgpu_strings *strings = (const void *)at;
	const struct vgpu_words *words = (const void *)at;
	const struct vgpu_data *data = (const void *)at;
	const char *string = NULL;

	printf("\t%s=", field->name);
	switch (field->type) {
	case VGPU_FIELD_U8:
		printf("i%u", *at);
		return;
	case VGPU_FIELD_U16:
		printf("i%u", *(const uint16_t *)at);
		return;
	case VGPU_FIELD_U32:
		printf("i%u", *(const uint32_t *)at);
		return;
	case VGPU_FIELD_I32:
		printf("i%d", *(const int32_t *)at);
		return;
	case VGPU_FIELD_U64:
		printf("i%" PRIu64, *(const uint64_t *)at);
		return;
	case VGPU_FIELD_I64:
		printf("i%" PRId64, *(const int64_t *)at);
		return;
	case VGPU_FIELD_ID16:
		printf("d");
		print_bytes(at, 16);
		return;
	case VGPU_FIELD_DATA:
		printf("d");
		print_bytes(data->bytes, data->size);
		return;
	case VGPU_FIELD_STRING:
		string = *(const char *const *)at;
		printf("%s", string ? "s" : "n");
		print_bytes(string, string ? strlen(string) : 0);
		return;
	case VGPU_FIELD_STRINGS:
		printf("l");
		for (const char *end = strings->bytes + strings->size, *s = strings->bytes; s < end; s += strlen(s) + 1) {
			printf(",");
			print_bytes(s, strlen(s));
		}
		return;
	case VGPU_FIELD_WORDS:
		printf("w");
		for (uint32_t i = 0; i < words->count; i++)
			printf(",%" PRIu64, words->words[i]);
		return;
	}
	printf("?");
}

static void emit(struct vgpu_event *event)
{
	const struct vgpu_kind *kind = vgpu_event_kind(event->kind);

	event->number = ++number;
	if (expecting) {
		printf("%s", kind->name);
		for (uint32_t i = 0; i < vgpu_event_common.count; i++)
			print_field(event, &vgpu_event_common.fields[i]);
		printf("\t|");
		for (uint32_t i = 0; i < kind->count; i++)
			print_field(event, &kind->fields[i]);
		printf("\n");
	} else {
		vgpu_stream_emit(&stream, event);
	}
}

/* ---- every kind, several times: full, with other values, and with all that may be missing missing ---- */

static void all_kinds(void)
{
	for (unsigned round = 0; round < 3; round++)
		for (uint32_t kind = 1; kind < VGPU_EVENT_KINDS; kind++) {
			struct vgpu_event event;

			make_event_filled(&event, kind, kind * 7 + round, 0);
			if (round == 2) {
				memset(&event, 0, sizeof(event));
				event.kind = kind;
				/* A text that is empty is not one that is absent. */
				for (uint32_t i = 0; i < vgpu_event_kind(kind)->count; i++) {
					const struct vgpu_field *field = &vgpu_event_kind(kind)->fields[i];

					if (field->type == VGPU_FIELD_STRING && i % 2)
						*(const char **)((uint8_t *)&event + field->offset) = "";
				}
			}
			/* What exporters compute with has to make sense; all times differ, and go to and fro. */
			event.process = 1 + round;
			event.tid = 100 + (int32_t)round;
			event.time_ns = UINT64_C(5000000000) + kind * 1000 + (kind % 3) * 5000 + round * 17;
			if (kind == VGPU_EVENT_START || kind == VGPU_EVENT_EXEC)
				event.start.parent = 0;
			if (kind == VGPU_EVENT_HOST) {
				event.host.monotonic_ns = UINT64_C(4999000000);
				event.host.realtime_ns = UINT64_C(1700000000123456789);
			}
			if (kind == VGPU_EVENT_CALL || kind == VGPU_EVENT_PENDING) {
				event.call.depth = 0;
				event.call.thread = 1;
				event.call.ordinal = number;
				event.call.duration_ns = 10;
				/* Random bytes are no blobs: they must come through all the same. */
				if (kind == VGPU_EVENT_PENDING)
					event.call.ended = 1;
			}
			emit(&event);
		}
}

/* ---- nested calls ---- */

static void call(const char *name, uint32_t kind, unsigned thread, uint64_t ordinal, unsigned depth, uint64_t start,
		 uint64_t duration, uint64_t result)
{
	const struct vgpu_function *function = vgpu_function_by_name(0, name);
	struct vgpu_event event = { .kind = kind, .process = 1, .tid = 100 + (int)thread,
				    .time_ns = UINT64_C(1000000) + start, .observer = VGPU_OBSERVER_RING };

	if (!function)
		exit(3);
	event.call.function = function->id;
	event.call.thread = thread;
	event.call.ordinal = ordinal;
	event.call.depth = depth;
	event.call.duration_ns = duration;
	event.call.result = result;
	emit(&event);
}

static void nested(void)
{
	struct vgpu_event event = { .kind = VGPU_EVENT_HOST, .observer = VGPU_OBSERVER_TRACER, .time_ns = 1000000 };

	event.host.monotonic_ns = 1000000;
	event.host.realtime_ns = UINT64_C(1700000000000000000);
	emit(&event);
	for (unsigned i = 1; i < 3; i++) {
		event = (struct vgpu_event){ .kind = VGPU_EVENT_START, .process = i, .time_ns = 1000001 };
		event.start.pid = event.start.ns_pid = 100;
		event.start.start_time = 7 + i;
		event.start.parent = i - 1;
		event.start.comm = i == 1 ? "parent" : "child";
		emit(&event);
	}
	/* Three deep; recorded when they return, so the inner ones come first. */
	call("cuInit", VGPU_EVENT_CALL, 1, 2, 2, 120, 10, 0);
	call("cuDeviceGetCount", VGPU_EVENT_CALL, 1, 3, 2, 130, 30, 100);
	call("cuDriverGetVersion", VGPU_EVENT_CALL, 1, 1, 1, 110, 60, 0);
	call("cuDeviceGet", VGPU_EVENT_CALL, 1, 4, 1, 180, 10, 0);
	call("cudaGetDeviceCount", VGPU_EVENT_CALL, 1, 0, 0, 100, 100, 0);
	/* Another thread at the same time; its inner call seems to last longer than the outer one. */
	call("cuMemFree_v2", VGPU_EVENT_CALL, 2, 1, 1, 105, 100, 0);
	call("cudaFree", VGPU_EVENT_CALL, 2, 0, 0, 101, 50, 0);
	/* Seen in flight, with a call inside that returned meanwhile, and then returned. */
	call("cudaMalloc", VGPU_EVENT_PENDING, 1, 5, 0, 300, 20, 0);
	call("cuMemAlloc_v2", VGPU_EVENT_CALL, 1, 6, 1, 310, 40, 2);
	call("cudaMalloc", VGPU_EVENT_CALL, 1, 5, 0, 300, 100, 2);
	/* Its process ended inside. */
	call("cuCtxCreate_v2", VGPU_EVENT_PENDING, 2, 2, 0, 400, 77, 0);
	event = (struct vgpu_event){ .kind = VGPU_EVENT_EXIT, .process = 1, .time_ns = 1000600 };
	event.exit.how = VGPU_EXIT_SIGNAL;
	event.exit.status = 9;
	emit(&event);
}

int main(int argc, char **argv)
{
	const struct vgpu_exporter *exporter = NULL;
	int fd = -1, err;

	if (argc == 3 && !strcmp(argv[1], "expect")) {
		expecting = 1;
		(strcmp(argv[2], "nested") ? all_kinds : nested)();
		return 0;
	}
	for (unsigned i = 0; argc == 4 && vgpu_exporters[i]; i++)
		if (!strcmp(vgpu_exporters[i]->name, argv[1]))
			exporter = vgpu_exporters[i];
	if (!exporter) {
		fprintf(stderr, "usage: export_events expect|FORMAT all|nested OUT\n");
		return 2;
	}
	if (exporter->missing)
		return 77;
	/* A directory is made by the script. */
	if (exporter->makes != VGPU_EXPORT_DIRECTORY) {
		fd = open(argv[3], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
		if (fd < 0)
			return 1;
	}
	err = vgpu_export_open(&export, exporter, NULL, fd, argv[3]);
	if (!err) {
		vgpu_stream_add(&stream, vgpu_export_sink(export));
		(strcmp(argv[2], "nested") ? all_kinds : nested)();
		err = vgpu_export_finish(export);
	}
	vgpu_export_close(export);
	close(fd);
	if (err)
		fprintf(stderr, "%s: %s\n", exporter->name, strerror(-err));
	return err != 0;
}
