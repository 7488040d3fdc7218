/* SPDX-License-Identifier: Apache-2.0 */
/* Keys, what they do, and how that is said: one table for dispatch, the help page and the bottom line. */
#ifndef TUI_KEYS_H
#define TUI_KEYS_H

#include <stdint.h>

/* Characters are themselves; other keys lie above all of Unicode. Control-X is X & 31. */
enum tui_key {
	TUI_KEY_NONE = 0x110000,
	TUI_KEY_UP, TUI_KEY_DOWN, TUI_KEY_LEFT, TUI_KEY_RIGHT,
	TUI_KEY_PAGE_UP, TUI_KEY_PAGE_DOWN, TUI_KEY_HOME, TUI_KEY_END,
	TUI_KEY_ENTER, TUI_KEY_ESCAPE, TUI_KEY_BACKSPACE, TUI_KEY_DELETE,
	TUI_KEY_TAB, TUI_KEY_BACK_TAB,
	TUI_KEY_F1, TUI_KEY_F2, TUI_KEY_F3, TUI_KEY_F4, TUI_KEY_F5, TUI_KEY_F6, TUI_KEY_F7, TUI_KEY_F8,
	TUI_KEY_F9, TUI_KEY_F10,
	TUI_KEY_LAST
};

enum tui_action {
	TUI_DO_NOTHING,
	TUI_DO_VIEW, /* and the ones after it, by the digit */
	TUI_DO_VIEW_LAST = TUI_DO_VIEW + 9,
	TUI_DO_NEXT_VIEW, TUI_DO_LAST_VIEW,
	TUI_DO_UP, TUI_DO_DOWN, TUI_DO_LEFT, TUI_DO_RIGHT,
	TUI_DO_PAGE_UP, TUI_DO_PAGE_DOWN, TUI_DO_TOP, TUI_DO_BOTTOM,
	TUI_DO_DETAIL, TUI_DO_BACK,
	TUI_DO_SEARCH, TUI_DO_FIND_NEXT, TUI_DO_FIND_LAST,
	TUI_DO_NEXT_ERROR, TUI_DO_LAST_ERROR,
	TUI_DO_FILTER, TUI_DO_NO_FILTER,
	TUI_DO_SORT, TUI_DO_SORT_BACK, TUI_DO_REVERSE,
	TUI_DO_PAUSE, TUI_DO_EXPORT, TUI_DO_MARK, TUI_DO_DIFF,
	TUI_DO_EARLIER, TUI_DO_LATER, TUI_DO_BIT_EARLIER, TUI_DO_BIT_LATER, TUI_DO_MUCH_EARLIER, TUI_DO_MUCH_LATER,
	TUI_DO_BEGINNING, TUI_DO_END, TUI_DO_TIME,
	TUI_DO_OUTPUT, TUI_DO_REDRAW, TUI_DO_HELP, TUI_DO_QUIT,
	TUI_ACTIONS
};

#define TUI_KEYS_EACH 4u

struct tui_binding {
	enum tui_action action;
	uint32_t keys[TUI_KEYS_EACH]; /* 0: no more */
	const char *help;
	const char *footer; /* a word for the bottom line, beside its last key; NULL: not there */
};

/* Ends with a row without help. */
extern const struct tui_binding tui_bindings[];

enum tui_action tui_action_of(uint32_t key);
/* "PgUp", "^L", "space", "F10", "x"; in ASCII. */
const char *tui_key_name(uint32_t key, char room[16]);

#endif
