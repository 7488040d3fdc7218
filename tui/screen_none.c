// SPDX-License-Identifier: Apache-2.0
/* In place of screen.c where ncursesw is missing. */
#include "tui/screen.h"

#include <errno.h>

int tui_screen_open(struct tui_screen **out, bool colour)
{
	(void)colour;
	*out = NULL;
	return -ENOSYS;
}

void tui_screen_close(struct tui_screen *screen, bool gone)
{
	(void)screen;
	(void)gone;
}

void tui_screen_size(struct tui_screen *screen, int *rows, int *columns)
{
	(void)screen;
	*rows = 24;
	*columns = 80;
}

void tui_screen_show(struct tui_screen *screen, const struct tui_surface *surface, int cursor_row, int cursor_column,
		     bool all)
{
	(void)screen;
	(void)surface;
	(void)cursor_row;
	(void)cursor_column;
	(void)all;
}

unsigned tui_screen_wait(struct tui_screen *screen, int fd, int timeout_ms)
{
	(void)screen;
	(void)fd;
	(void)timeout_ms;
	return TUI_WAKE_GONE;
}

uint32_t tui_screen_key(struct tui_screen *screen, enum tui_mouse *what, int *row, int *column)
{
	(void)screen;
	(void)what;
	(void)row;
	(void)column;
	return TUI_KEY_NONE;
}

int tui_screen_signal(const struct tui_screen *screen)
{
	(void)screen;
	return 0;
}
