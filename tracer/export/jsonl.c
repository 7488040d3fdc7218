// SPDX-License-Identifier: Apache-2.0
/* Export as JSON lines: an object an event, with every field. */
#include <errno.h>
#include <stdlib.h>

#include "tracer/export/export.h"
#include "tracer/export/json_event.h"
#include "tracer/export/out.h"

static int jsonl_open(void **out, const struct vgpu_export_to *to)
{
	struct vgpu_out *jsonl = calloc(1, sizeof(*jsonl));

	if (!jsonl)
		return -ENOMEM;
	jsonl->fd = to->fd;
	*out = jsonl;
	return 0;
}

static int jsonl_event(void *exporter, const struct vgpu_event *event)
{
	struct vgpu_out *jsonl = exporter;

	if (!vgpu_event_kind(event->kind))
		return 0;
	vgpu_out_json(jsonl, vgpu_json_event(event, true));
	vgpu_out_puts(jsonl, "\n");
	return jsonl->error;
}

static int jsonl_end(void *exporter)
{
	return vgpu_out_flush(exporter);
}

const struct vgpu_exporter vgpu_exporter_jsonl = {
	.name = "jsonl",
	.help = "a JSON object an event, one a line, with every field",
	.makes = VGPU_EXPORT_STREAM,
	.open = jsonl_open,
	.event = jsonl_event,
	.end = jsonl_end,
	.close = free,
};
