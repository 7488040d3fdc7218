// SPDX-License-Identifier: Apache-2.0
/* vgpu-trace top: running processes. */
#include <errno.h>
#include <stdlib.h>

#include "tracer/cli/target.h"
#include "tracer/cli/top_parts.h"
#include "tracer/export/backtrace.h"

struct live_source {
	struct vgpu_top_source source;
	struct vgpu_watch *watch;
	const struct vgpu_top_shown *shown;
	char why[256];
};

static int live_poll(struct vgpu_top_source *source, struct vgpu_stream *stream, unsigned max)
{
	struct live_source *live = (struct live_source *)source;
	struct vgpu_watch_options options = {
		.pid = vgpu_target_pid(live->shown->word),
		.name = live->shown->word,
		.kernel = live->shown->kernel,
		.background = !live->shown->once,
		.why = live->why,
		.why_size = sizeof(live->why),
	};
	int err = 0;

	(void)max;
	if (!live->watch && live->shown->places)
		vgpu_stream_add(stream, vgpu_backtrace_sink(live->shown->places));
	if (!live->watch)
		err = vgpu_watch_open(&live->watch, &options, stream, NULL);
	if (!err)
		err = vgpu_watch_poll(live->watch);
	if (err < 0)
		return err;
	/* What there is now, and no more. */
	if (live->shown->once)
		return -ENODATA;
	return vgpu_watch_opening(live->watch);
}

static const char *live_trouble(const struct vgpu_top_source *source)
{
	const struct live_source *live = (const struct live_source *)source;

	return live->why[0] ? live->why : NULL;
}

static void live_close(struct vgpu_top_source *source)
{
	struct live_source *live = (struct live_source *)source;

	vgpu_watch_close(live->watch);
	free(live);
}

static const struct vgpu_top_source_ops live_ops = {
	.poll = live_poll, .trouble = live_trouble, .close = live_close,
};

int vgpu_top_processes_open(void *data, struct vgpu_top_source **out)
{
	struct live_source *live = calloc(1, sizeof(*live));

	if (!live)
		return -ENOMEM;
	live->source.ops = &live_ops;
	live->shown = data;
	*out = &live->source;
	return 0;
}
