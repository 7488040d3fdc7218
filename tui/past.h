/* SPDX-License-Identifier: Apache-2.0 */
/* What the dashboard had read of a recording at moments all along it, to go back to, in bounded memory. */
#ifndef TUI_PAST_H
#define TUI_PAST_H

#include "tui/app.h"

struct tui_past;

struct tui_moment {
	uint64_t events;   /* that had been read */
	uint64_t since_ns; /* how far in time that was */
	uint64_t number;   /* of the last of them */
	unsigned filter;   /* tui_app.filter_turn: which one counted */
	struct vgpu_model *model;
	struct tui_store *store; /* without its log */
	void *explain;
	struct tui_log_mark *log;
};

/* step: so many events between two moments at first; 0: as many as is good. */
int tui_past_open(struct tui_past **out, uint64_t step);
void tui_past_close(struct tui_past *past, const struct vgpu_top_options *options); /* takes NULL */
/* Keeps the present moment where it is time for one; when memory is short, every second goes. */
void tui_past_note(struct tui_past *past, struct tui_app *app);
/*
 * The last moment from which the log is whole by the time that so many events have been read, or so much
 * time has gone (UINT64_MAX for the other one). NULL: the beginning.
 */
const struct tui_moment *tui_past_before(const struct tui_past *past, uint64_t events,
					 uint64_t since_ns);
/* Its model, store (without a log) and explanation once more, to be gone on with. 0 or -errno. */
int tui_moment_copy(const struct tui_moment *moment, const struct tui_app *app,
		    struct tui_moment *out);

#endif
