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
	/*
	 * Of something recorded; both NULL: it can only be read anew from its beginning. The next event is to
	 * be the one of that number, or the first after it; what was over goes on. 0 or -errno.
	 */
	int (*seek)(struct vgpu_top_source *source, uint64_t number);
	/* How much there will be, as far as that is known; 0: it is not. */
	void (*extent)(const struct vgpu_top_source *source, uint64_t *events, uint64_t *length_ns);
	/*
	 * Of a program that the giver started; all NULL: nobody did. Its name while it runs, else NULL; how it
	 * ended, "exited with 3"; and what the user wants as he leaves while it runs: that it ends, too, or goes on.
	 */
	const char *(*running)(const struct vgpu_top_source *source);
	const char *(*ending)(const struct vgpu_top_source *source);
	void (*leave)(struct vgpu_top_source *source, bool end);
	/*
	 * Of something live, NULL: nothing of it is in a hurry. A descriptor that becomes readable when something
	 * is to be read that may soon be gone, -1: there is none; *most_ms: then it is polled at least so often.
	 */
	int (*urgent)(const struct vgpu_top_source *source, int *most_ms);
};
struct vgpu_top_source {
	const struct vgpu_top_source_ops *ops;
};

struct vgpu_top_options {
	const char *target;   /* as the user named it */
	bool live;            /* running processes; else what was recorded, through whose time one can move */
	const char *view;     /* by its name; NULL: the one of the settings, or the first */
	const char *filter;   /* to begin with; NULL: none */
	const char *at;       /* of a recording: read up to there, tui_app_go_to_word has the words; NULL: all of it */
	bool utf8, colour;
	bool settings;        /* read, and keep, what the user chose */
	uint64_t log_bytes;   /* of lines that are kept; 0: enough */
	uint64_t past_step;   /* events between the moments that are kept to go back to; 0: as many as is good */
	const char *output;   /* a file that what the program writes goes to; NULL: it is not ours */
	/* Begins at the beginning; called again to go back in time, where it cannot seek. 0 or -errno. */
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
	/* The same again, of a copy of the model, to go back in time. 0 or -errno. NULL: nobody can. */
	int (*explain_copy)(void **out, const void *explain, struct vgpu_model *model);
	/* Appends what is at an address of an event's process, as function and file; NULL: addresses are shown. */
	void (*frame)(void *frame_data, const struct vgpu_event *event, uint64_t address, struct vgpu_text *out);
	void *frame_data;
	/* As struct tui_store_options has it; may be NULL. */
	int (*note)(const struct vgpu_event *event, const struct vgpu_look *look, struct vgpu_text *out);
};

/* Whether it is one that `at` may be. */
bool vgpu_top_time(const char *word);
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
