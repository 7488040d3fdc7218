/* SPDX-License-Identifier: Apache-2.0 */
/* The dashboard, as the command `top` starts it: the one header of this folder for those outside it. */
#ifndef TUI_TOP_H
#define TUI_TOP_H

#include <stdbool.h>
#include <stdint.h>

#include "tracer/model/model.h"
#include "tracer/model/stream.h"
#include "tracer/model/text.h"

/* Where events come from. Embedded in the giver's own struct. */
struct vgpu_top_source;
struct vgpu_top_source_ops {
	/*
	 * Emits at most `max` events (a live one: about as many). Returns 1 when there are more at once, 0
	 * when not now, -ENODATA when there will never be more, or another -errno: it is over, and
	 * trouble() says why.
	 */
	int (*poll)(struct vgpu_top_source *source, struct vgpu_stream *stream, unsigned max);
	/* What is wrong with it, one line; NULL: nothing. */
	const char *(*trouble)(const struct vgpu_top_source *source);
	void (*close)(struct vgpu_top_source *source);
};
struct vgpu_top_source {
	const struct vgpu_top_source_ops *ops;
};

struct vgpu_top_options {
	const char *target;   /* as the user named it */
	bool live;            /* running processes; else what was recorded, through whose time one can move */
	const char *view;     /* by its name; NULL: the one of the settings, or the first */
	const char *filter;   /* to begin with; NULL: none */
	bool utf8, colour;
	bool settings;        /* read, and keep, what the user chose */
	/* Begins at the beginning; called again to go back in time. 0 or -errno. */
	int (*open)(void *data, struct vgpu_top_source **out);
	void *data;
	/*
	 * Who explains: opens on a model, gives its sink (fed after the model), appends the verdict and
	 * what it rests on, a line each. All NULL: nobody does.
	 */
	int (*explain_open)(void **out, struct vgpu_model *model);
	struct vgpu_sink *(*explain_sink)(void *explain);
	void (*explain_format)(void *explain, const struct vgpu_look *look, struct vgpu_text *out);
	void (*explain_close)(void *explain);
	/* Appends what is at an address of an event's process, as function and file; NULL: addresses are shown. */
	void (*frame)(void *frame_data, const struct vgpu_event *event, uint64_t address, struct vgpu_text *out);
	void *frame_data;
	/* As struct tui_store_options has it; may be NULL. */
	int (*note)(const struct vgpu_event *event, const struct vgpu_look *look, struct vgpu_text *out);
};

/* The names that `view` may have; NULL past the last. */
const char *vgpu_top_view(unsigned index);

/*
 * Reads everything there is now and appends one view as text, `columns` wide, all of its lines.
 * 0 or -errno; *trouble is set to what was wrong with the source ("" where nothing was).
 */
int vgpu_top_once(const struct vgpu_top_options *options, int columns, const struct vgpu_look *look,
		  struct vgpu_text *out, char *trouble, size_t trouble_size);

/*
 * Runs on the terminal of standard input and output until the user is done. 0, or -errno: -ENOTTY
 * no terminal, -ENOTSUP one that cannot place a cursor, -ENOSYS built without curses, -EPIPE it
 * vanished, -EINTR ended by a signal (*signal says which). The terminal is as it was, whatever
 * happens. Once a process: it sets signal handlers.
 */
int vgpu_top_run(const struct vgpu_top_options *options, int *signal);

#endif
