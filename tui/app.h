/* SPDX-License-Identifier: Apache-2.0 */
/* The dashboard without a terminal: takes keys and events, draws to a surface. Private to tui/ and its tests. */
#ifndef TUI_APP_H
#define TUI_APP_H

#include <stdbool.h>
#include <stdint.h>

#include "tracer/model/model.h"
#include "tui/keys.h"
#include "tui/prompt.h"
#include "tui/store.h"
#include "tui/surface.h"
#include "tui/top.h"
#include "tui/view.h"

/* Where a view stands. */
struct tui_list {
	uint64_t selected, top;
	uint64_t key;   /* of the selected line; 0: the first, whichever it is */
	bool follow;    /* the last line, whichever it is */
	unsigned sort;
	bool reverse;
	int sideways;
};

/* Text over the view: a detail, the help. */
struct tui_pager {
	bool open;
	char title[160];
	struct vgpu_text text;
	struct vgpu_text wrapped; /* as it was drawn */
	int columns;              /* that it was wrapped for; 0: it changed */
	int top, lines;           /* of wrapped */
};

/* What a click on a stretch of the frame does. */
struct tui_spot {
	int row, from, to;
	enum tui_action action;
};

struct tui_past;
struct tui_settle;

struct tui_app {
	struct vgpu_top_options options;
	struct vgpu_look look;        /* for what is formatted: colours, which the surface takes as styles */
	/* what is read, from where */
	struct vgpu_top_source *source;
	struct vgpu_stream stream;
	struct vgpu_alike alike;      /* what of it is counted only */
	struct vgpu_model *model;
	struct tui_store *store;
	void *explain;
	bool caught_up;               /* all that was there at first has been read */
	bool over;                    /* nothing more will come */
	int source_error;
	char trouble[256];            /* what is wrong with the source */
	/* time */
	uint64_t now_ns;              /* given by tui_app_tick */
	uint64_t sample_ns[8], sample_events[8]; /* for the rate; the oldest is at sample % 8 */
	unsigned sample;
	uint64_t rate;                /* events a second */
	uint64_t total_events, total_ns; /* of a recording, once it was read to its end */
	uint64_t playing_ns;          /* the moment it plays at; 0: it does not */
	uint64_t goal_events, goal_ns; /* it is read on up to here; both UINT64_MAX: to its end */
	struct tui_past *past;        /* NULL: it must be read anew to go back */
	struct tui_settle *settle;    /* time.c: gone back, and not there yet */
	unsigned filter_turn;         /* goes up with every filter set */
	/* what is shown */
	unsigned view;
	struct tui_list list[TUI_VIEWS_MAX];
	const void **rows;            /* of the present table */
	uint64_t row_count, row_room;
	bool paused, diff, quit;
	bool leaving;                 /* asked whether the program is to end, too */
	struct vgpu_text verdict;     /* as last asked for */
	struct vgpu_text verdict_wrapped;
	int verdict_columns;          /* that it was wrapped for; 0: it changed */
	uint64_t verdict_ns, verdict_events;
	char filter[256];             /* its text, "": none */
	char search[256];
	struct tui_prompt prompt;
	struct tui_pager pager;
	char message[256];
	bool message_bad;
	uint64_t message_ns;          /* until when it is shown */
	bool redraw;                  /* all of the screen, not only what changed */
	struct tui_spot spots[64];
	unsigned spot_count;
	int body_row, body_rows;      /* where lines are drawn */
	int cursor_row, cursor_column; /* -1: hidden */
	unsigned label_columns;       /* of processes' names in the log */
	int columns;                  /* of the surface drawn last */
	bool once;                    /* drawn as text: words where there are pictures */
	bool settings_changed;
};

int tui_app_open(struct tui_app **out, const struct vgpu_top_options *options);
void tui_app_close(struct tui_app *app); /* takes NULL */

/* Takes in what is there, at most about `max` events. Returns 1: there is more at once; 0: not now; -errno: over. */
int tui_app_feed(struct tui_app *app, unsigned max);
/* The time is now; called before a frame and whenever something may be due. */
void tui_app_tick(struct tui_app *app, uint64_t now_ns);
void tui_app_key(struct tui_app *app, uint32_t key);

enum tui_mouse { TUI_MOUSE_CLICK, TUI_MOUSE_DOUBLE, TUI_MOUSE_UP, TUI_MOUSE_DOWN };
void tui_app_mouse(struct tui_app *app, enum tui_mouse what, int row, int column);

/* Draws everything. The surface has its size already. */
void tui_app_draw(struct tui_app *app, struct tui_surface *surface);
/* The lines of what is shown, in words: for `--once` and export. */
void tui_app_text(struct tui_app *app, int columns, const struct vgpu_look *look, struct vgpu_text *out);

/* ---- for views, and between app_*.c ---- */

const struct tui_view *tui_app_view(const struct tui_app *app);
struct tui_list *tui_app_list(struct tui_app *app);
uint64_t tui_app_count(struct tui_app *app);
/* Prepares the present view's lines and finds the selected one among them. */
void tui_app_prepare(struct tui_app *app);
void tui_app_show(struct tui_app *app, unsigned view);
void tui_app_select(struct tui_app *app, uint64_t index);
/* A line at the bottom for a while. */
void tui_app_say(struct tui_app *app, bool bad, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Of a recording: to where so many events have been read. What is far off is read in turns: tui_app_read. 0 or -errno. */
int tui_app_go_to(struct tui_app *app, uint64_t events);
/* The same to a time since the beginning. */
int tui_app_go_to_time(struct tui_app *app, uint64_t since_ns);
/* The same to where a word says: "1.5s", "200ms", "+1s" and "-10ms" from here, "50%", "#1200" (events). -EINVAL: it says nothing. */
int tui_app_go_to_word(struct tui_app *app, const char *word);
/* Plays it on. */
void tui_app_play(struct tui_app *app, uint64_t length_ns);
/* Reads on to where it is to go, a piece of it. Returns 1: there is more to do; 0: it is there. */
int tui_app_read(struct tui_app *app);
/* Its keys: a step; the prompt, and the answer to it. */
void tui_time_move(struct tui_app *app, enum tui_action action);
void tui_time_ask(struct tui_app *app);
void tui_time_answered(struct tui_app *app);
/* How much of the way there has been read; -1: it is there, or nobody knows. */
int tui_app_percent(const struct tui_app *app);
/* All that was read, gone; nothing read yet; and what is there gets what is read. */
void tui_app_forget(struct tui_app *app);
int tui_app_fresh(struct tui_app *app);
void tui_app_join(struct tui_app *app);
void tui_app_settle_free(struct tui_app *app);
/* The filter in force, on what is there now: to find its lines, and where asked to, to count them. */
void tui_app_filter_again(struct tui_app *app, bool count);
/* 0 or -EINVAL (prompt.error says why). "": none. */
int tui_app_filter(struct tui_app *app, const char *text);
/* A line's text, without colours. */
void tui_app_line(struct tui_app *app, uint64_t index, struct vgpu_text *out);

void tui_pager_open(struct tui_app *app, const char *title);
/* One line more of it. */
void tui_pager_line(struct tui_app *app, const char *format, ...) __attribute__((format(printf, 2, 3)));
void tui_help(struct tui_app *app);
/* What the program that was started wrote, the last of it. */
void tui_output(struct tui_app *app);
/* All about the call of a line of the log. */
void tui_detail_call(struct tui_app *app, const struct tui_entry *entry);
/* The function's own line of documentation, and its prototype. */
void tui_detail_function(struct tui_app *app, uint32_t function);

/* Appends text with lines of at most so many columns; returns how many lines. Ends in a line break. */
int tui_wrap(const char *text, int columns, struct vgpu_text *out);
/* "0.212345" since the beginning. */
void tui_time(const struct tui_app *app, uint64_t time_ns, struct vgpu_text *out);
/* A process's name and pid, made harmless. */
void tui_process_name(struct tui_app *app, uint32_t number, struct vgpu_text *out);
/* Foreign text. */
void tui_escape(const struct tui_app *app, const char *string, struct vgpu_text *out);

/* Settings: 0 or -errno; a file that is not there is none. */
int tui_settings_read(struct tui_app *app);
int tui_settings_write(struct tui_app *app);
/* $XDG_CONFIG_HOME/vgpu-trace/top.conf, else below ~/.config. false: there is no such place. */
bool tui_settings_path(char *path, size_t size);

#endif
