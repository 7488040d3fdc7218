// SPDX-License-Identifier: Apache-2.0
/* The trace's own format: a part of a trace, or one that was redacted. */
#include <stdlib.h>

#include "tracer/export/export.h"
#include "tracer/file/vgt.h"

static int file_open(void **out, const struct vgpu_export_to *to)
{
	return vgpu_vgt_create((struct vgpu_vgt_writer **)out, to->path);
}

static int file_event(void *exporter, const struct vgpu_event *event)
{
	struct vgpu_sink *sink = vgpu_vgt_sink(exporter);

	if (!sink->error)
		sink->error = sink->ops->event(sink, event);
	return sink->error;
}

static int file_end(void *exporter)
{
	struct vgpu_sink *sink = vgpu_vgt_sink(exporter);

	return sink->ops->end(sink);
}

static void file_close(void *exporter)
{
	vgpu_vgt_close(exporter);
}

const struct vgpu_exporter vgpu_exporter_vgt = {
	.name = "vgt",
	.help = "a trace again: with --redact one that can be given away, with -e a part of it",
	.makes = VGPU_EXPORT_FILE,
	.open = file_open,
	.event = file_event,
	.end = file_end,
	.close = file_close,
};
