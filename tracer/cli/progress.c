// SPDX-License-Identifier: Apache-2.0
/* How far a long job is, on a terminal. */
#include "tracer/cli/progress.h"

#include <unistd.h>

#include "tracer/cli/say.h"
#include "tracer/model/stream.h"

#define BAR_COLUMNS 30u

void vgpu_progress_begin(struct vgpu_progress *progress, uint64_t total)
{
	*progress = (struct vgpu_progress){ .total = total, .begun_ns = vgpu_now_ns(), .terminal = isatty(STDERR_FILENO) };
	progress->shown_ns = progress->begun_ns + 400000000;
}

void vgpu_progress_show(struct vgpu_progress *progress, uint64_t done)
{
	uint64_t now = progress->terminal ? vgpu_now_ns() : 0;
	struct vgpu_text line = { 0 };
	struct vgpu_look look;

	if (!progress->terminal || now < progress->shown_ns + 100000000)
		return;
	progress->shown_ns = now;
	progress->shown = true;
	vgpu_look_for(STDERR_FILENO, &look);
	vgpu_text_puts(&line, "\r\033[K");
	if (progress->total) {
		uint64_t part = done < progress->total ? done : progress->total;
		unsigned full = (double)part / (double)progress->total * BAR_COLUMNS;

		vgpu_text_puts(&line, "[");
		for (unsigned i = 0; i < BAR_COLUMNS; i++)
			vgpu_text_puts(&line, i < full ? look.utf8 ? "█" : "#" : " ");
		vgpu_text_printf(&line, "] %3u %%  ", (unsigned)((double)part / (double)progress->total * 100));
	}
	vgpu_text_count(&line, done);
	vgpu_text_puts(&line, " events, ");
	vgpu_text_count(&line, (double)done / (double)(now - progress->begun_ns) * 1e9);
	vgpu_text_puts(&line, "/s");
	vgpu_say_write(STDERR_FILENO, vgpu_text_string(&line), line.size);
	vgpu_text_free(&line);
}

void vgpu_progress_end(struct vgpu_progress *progress)
{
	if (progress->shown)
		vgpu_say_write(STDERR_FILENO, "\r\033[K", 4);
}
