/* SPDX-License-Identifier: Apache-2.0 */
/* A line that the user types. */
#ifndef TUI_PROMPT_H
#define TUI_PROMPT_H

#include <stdbool.h>
#include <stdint.h>

#include "tui/surface.h"

enum tui_asked { TUI_ASK_NOTHING, TUI_ASK_SEARCH, TUI_ASK_FILTER, TUI_ASK_EXPORT, TUI_ASK_TIME };

struct tui_prompt {
	enum tui_asked asked;
	char text[256]; /* UTF-8 */
	unsigned at;    /* cursor, a byte of text */
	char last[TUI_ASK_TIME + 1][256]; /* answers given before, for the arrow up */
	char error[160]; /* of the answer */
};

enum tui_answer { TUI_ANSWER_NOT_YET, TUI_ANSWER_GIVEN, TUI_ANSWER_NONE };

void tui_prompt_ask(struct tui_prompt *prompt, enum tui_asked asked, const char *text);
enum tui_answer tui_prompt_key(struct tui_prompt *prompt, uint32_t key);
/* Draws it on a row, what is wrong with it above, and stores the column of the cursor. */
void tui_prompt_draw(const struct tui_prompt *prompt, struct tui_surface *surface, int row, int *column);

#endif
