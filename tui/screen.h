/* SPDX-License-Identifier: Apache-2.0 */
/* The terminal: shows a surface, hands out keys. The only user of curses is behind it. */
#ifndef TUI_SCREEN_H
#define TUI_SCREEN_H

#include <stdbool.h>
#include <stdint.h>

#include "tui/app.h"
#include "tui/surface.h"

struct tui_screen;

/* What a wait ended with, or-ed. */
enum tui_wake {
	TUI_WAKE_KEY = 1 << 0,     /* there may be keys */
	TUI_WAKE_RESIZED = 1 << 1, /* or came back from being stopped: draw everything */
	TUI_WAKE_GONE = 1 << 2,    /* the terminal is not there any more */
	TUI_WAKE_SOURCE = 1 << 4,  /* the descriptor that was waited for, too, is readable */
	TUI_WAKE_SIGNAL = 1 << 3,  /* asked to end: see tui_screen_signal */
};

/*
 * Takes the terminal of standard input and output. -ENOTTY, -ENOTSUP (it cannot place a cursor),
 * -ENOSYS (built without curses), or another -errno. Sets signal handlers: one screen a process.
 * From here on a signal that kills restores the terminal first.
 */
int tui_screen_open(struct tui_screen **out, bool colour);
/* Gives it back as it was; takes NULL. gone: it is not there, nothing is written. */
void tui_screen_close(struct tui_screen *screen, bool gone);
void tui_screen_size(struct tui_screen *screen, int *rows, int *columns);
/* Shows what changed since the last time; all: everything. Cursor row -1: none. */
void tui_screen_show(struct tui_screen *screen, const struct tui_surface *surface, int cursor_row, int cursor_column,
		     bool all);
/* Waits at most so long, for `fd` too (-1: none); returns enum tui_wake. A stop (Ctrl-Z) and its end happen in here. */
unsigned tui_screen_wait(struct tui_screen *screen, int fd, int timeout_ms);
/*
 * The next key, TUI_KEY_NONE: there is none. A mouse's doing is TUI_KEY_LAST, with *what, *row and
 * *column set.
 */
uint32_t tui_screen_key(struct tui_screen *screen, enum tui_mouse *what, int *row, int *column);
int tui_screen_signal(const struct tui_screen *screen);

#endif
