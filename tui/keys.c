// SPDX-License-Identifier: Apache-2.0
/* The table of keys. */
#include "tui/keys.h"

#include <stdio.h>

#define CONTROL(letter) ((letter) & 31)

const struct tui_binding tui_bindings[] = {
	{ TUI_DO_UP, { TUI_KEY_UP, 'k' }, "one line up", NULL },
	{ TUI_DO_DOWN, { TUI_KEY_DOWN, 'j' }, "one line down", NULL },
	{ TUI_DO_LEFT, { TUI_KEY_LEFT, 'h' }, "sideways; in a table: sort by the column before", NULL },
	{ TUI_DO_RIGHT, { TUI_KEY_RIGHT, 'l' }, "sideways; in a table: sort by the column after", NULL },
	{ TUI_DO_PAGE_UP, { TUI_KEY_PAGE_UP, CONTROL('B'), CONTROL('U') }, "one page up", NULL },
	{ TUI_DO_PAGE_DOWN, { TUI_KEY_PAGE_DOWN, CONTROL('F'), CONTROL('D') }, "one page down", NULL },
	{ TUI_DO_TOP, { TUI_KEY_HOME, 'g' }, "to the first line", NULL },
	{ TUI_DO_BOTTOM, { TUI_KEY_END, 'G' }, "to the last line, and follow what comes", NULL },
	{ TUI_DO_NEXT_VIEW, { TUI_KEY_TAB }, "the next view", NULL },
	{ TUI_DO_LAST_VIEW, { TUI_KEY_BACK_TAB }, "the view before", NULL },
	{ TUI_DO_HELP, { '?', TUI_KEY_F1 }, "this page", "Help" },
	{ TUI_DO_DETAIL, { TUI_KEY_ENTER, TUI_KEY_F2 }, "all there is about the line", "Detail" },
	{ TUI_DO_BACK, { TUI_KEY_ESCAPE, TUI_KEY_BACKSPACE }, "back from there; forget what was searched for", NULL },
	{ TUI_DO_SEARCH, { '/', TUI_KEY_F3 }, "search for text (* and ? match any)", "Search" },
	{ TUI_DO_FIND_NEXT, { 'n' }, "the next match", NULL },
	{ TUI_DO_FIND_LAST, { 'N' }, "the match before", NULL },
	{ TUI_DO_NEXT_ERROR, { 'x' }, "the next line that tells of an error", NULL },
	{ TUI_DO_LAST_ERROR, { 'X' }, "the one before", NULL },
	{ TUI_DO_FILTER, { 'f', '\\', TUI_KEY_F4 }, "filter calls: fn ~ \"cuMem*\" && dur > 1ms", "Filter" },
	{ TUI_DO_NO_FILTER, { 'F' }, "no filter", NULL },
	{ TUI_DO_PAUSE, { ' ', TUI_KEY_F5 }, "hold the picture, counting goes on; of a recording: play on", "Pause" },
	{ TUI_DO_SORT, { 's', TUI_KEY_F6 }, "sort by the next column", "Sort" },
	{ TUI_DO_SORT_BACK, { 'S' }, "sort by the column before", NULL },
	{ TUI_DO_REVERSE, { 'r', 'I' }, "turn the order round", NULL },
	{ TUI_DO_MARK, { 'm', TUI_KEY_F7 }, "mark this moment", "Mark" },
	{ TUI_DO_DIFF, { 'd', TUI_KEY_F8 }, "show what changed since the mark", "Diff" },
	{ TUI_DO_EXPORT, { 'e', TUI_KEY_F9 }, "write what is shown to a file", "Export" },
	{ TUI_DO_EARLIER, { ',' }, "of a recording: one event back in time", NULL },
	{ TUI_DO_LATER, { '.' }, "of a recording: one event on", NULL },
	{ TUI_DO_BIT_EARLIER, { '[' }, "of a recording: a five hundredth back in time", NULL },
	{ TUI_DO_BIT_LATER, { ']' }, "of a recording: a five hundredth on", NULL },
	{ TUI_DO_MUCH_EARLIER, { '<' }, "of a recording: a twentieth back in time", NULL },
	{ TUI_DO_MUCH_LATER, { '>' }, "of a recording: a twentieth on", NULL },
	{ TUI_DO_BEGINNING, { '{' }, "of a recording: to its beginning", NULL },
	{ TUI_DO_END, { '}' }, "of a recording: to its end", NULL },
	{ TUI_DO_TIME, { ':', 't' }, "of a recording: to a time: 1.5s, 200ms, -10ms, 50%, #1200 (event)", NULL },
	{ TUI_DO_OUTPUT, { 'o' }, "of a program that top started: what it wrote", NULL },
	{ TUI_DO_REDRAW, { CONTROL('L') }, "draw the screen anew", NULL },
	{ TUI_DO_QUIT, { 'q', CONTROL('C'), TUI_KEY_F10 }, "leave", "Quit" },
	{ TUI_DO_NOTHING, { 0 }, NULL, NULL },
};

enum tui_action tui_action_of(uint32_t key)
{
	/* The views' own keys, in the order of their table. */
	if (key >= '1' && key <= '9')
		return (enum tui_action)(TUI_DO_VIEW + (key - '1'));
	for (const struct tui_binding *binding = tui_bindings; binding->help; binding++)
		for (unsigned i = 0; i < TUI_KEYS_EACH && binding->keys[i]; i++)
			if (binding->keys[i] == key)
				return binding->action;
	return TUI_DO_NOTHING;
}

const char *tui_key_name(uint32_t key, char room[16])
{
	static const char *const names[] = {
		[TUI_KEY_UP - TUI_KEY_NONE] = "Up", [TUI_KEY_DOWN - TUI_KEY_NONE] = "Down",
		[TUI_KEY_LEFT - TUI_KEY_NONE] = "Left", [TUI_KEY_RIGHT - TUI_KEY_NONE] = "Right",
		[TUI_KEY_PAGE_UP - TUI_KEY_NONE] = "PgUp", [TUI_KEY_PAGE_DOWN - TUI_KEY_NONE] = "PgDn",
		[TUI_KEY_HOME - TUI_KEY_NONE] = "Home", [TUI_KEY_END - TUI_KEY_NONE] = "End",
		[TUI_KEY_ENTER - TUI_KEY_NONE] = "Enter", [TUI_KEY_ESCAPE - TUI_KEY_NONE] = "Esc",
		[TUI_KEY_BACKSPACE - TUI_KEY_NONE] = "Backspace", [TUI_KEY_DELETE - TUI_KEY_NONE] = "Delete",
		[TUI_KEY_TAB - TUI_KEY_NONE] = "Tab", [TUI_KEY_BACK_TAB - TUI_KEY_NONE] = "Shift-Tab",
	};

	if (key >= TUI_KEY_F1 && key <= TUI_KEY_F10)
		snprintf(room, 16, "F%u", (unsigned)(key - TUI_KEY_F1 + 1));
	else if (key > TUI_KEY_NONE && key < TUI_KEY_F1)
		snprintf(room, 16, "%s", names[key - TUI_KEY_NONE]);
	else if (key == ' ')
		snprintf(room, 16, "space");
	else if (key > 0 && key < 32)
		snprintf(room, 16, "^%c", (char)(key + 64));
	else
		snprintf(room, 16, "%c", key < 127 ? (char)key : '?');
	return room;
}
