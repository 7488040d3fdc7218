// SPDX-License-Identifier: Apache-2.0
/* Editing one line. */
#include "tui/prompt.h"

#include <stdio.h>
#include <string.h>

#include "tui/keys.h"

static const char *const labels[] = {
	[TUI_ASK_SEARCH] = "search: ", [TUI_ASK_FILTER] = "filter: ", [TUI_ASK_EXPORT] = "write to: ",
	[TUI_ASK_TIME] = "go to time: ",
};

void tui_prompt_ask(struct tui_prompt *prompt, enum tui_asked asked, const char *text)
{
	prompt->asked = asked;
	snprintf(prompt->text, sizeof(prompt->text), "%s", text ? text : "");
	prompt->at = (unsigned)strlen(prompt->text);
	prompt->error[0] = '\0';
}

static unsigned before(const char *text, unsigned at)
{
	while (at && ((unsigned char)text[--at] & 0xc0) == 0x80)
		;
	return at;
}

static unsigned after(const char *text, unsigned at)
{
	if (text[at])
		at++;
	while (((unsigned char)text[at] & 0xc0) == 0x80)
		at++;
	return at;
}

static void erase(struct tui_prompt *prompt, unsigned from, unsigned to)
{
	memmove(prompt->text + from, prompt->text + to, strlen(prompt->text + to) + 1);
	prompt->at = from;
}

static void insert(struct tui_prompt *prompt, uint32_t key)
{
	unsigned char bytes[4];
	size_t length = strlen(prompt->text), size = 0;

	if (key < 32 || key == 127 || key >= 0x110000 || (key >= 0xd800 && key < 0xe000))
		return;
	if (key < 0x80) {
		bytes[size++] = (unsigned char)key;
	} else if (key < 0x800) {
		bytes[size++] = (unsigned char)(0xc0 | key >> 6);
		bytes[size++] = (unsigned char)(0x80 | (key & 63));
	} else if (key < 0x10000) {
		bytes[size++] = (unsigned char)(0xe0 | key >> 12);
		bytes[size++] = (unsigned char)(0x80 | (key >> 6 & 63));
		bytes[size++] = (unsigned char)(0x80 | (key & 63));
	} else {
		bytes[size++] = (unsigned char)(0xf0 | key >> 18);
		bytes[size++] = (unsigned char)(0x80 | (key >> 12 & 63));
		bytes[size++] = (unsigned char)(0x80 | (key >> 6 & 63));
		bytes[size++] = (unsigned char)(0x80 | (key & 63));
	}
	if (length + size >= sizeof(prompt->text))
		return;
	memmove(prompt->text + prompt->at + size, prompt->text + prompt->at, length - prompt->at + 1);
	memcpy(prompt->text + prompt->at, bytes, size);
	prompt->at += (unsigned)size;
}

enum tui_answer tui_prompt_key(struct tui_prompt *prompt, uint32_t key)
{
	unsigned at = prompt->at;

	prompt->error[0] = '\0';
	switch (key) {
	case TUI_KEY_ENTER:
		snprintf(prompt->last[prompt->asked], sizeof(prompt->last[0]), "%s", prompt->text);
		return TUI_ANSWER_GIVEN;
	case TUI_KEY_ESCAPE:
	case 'C' & 31:
	case 'G' & 31:
		prompt->asked = TUI_ASK_NOTHING;
		return TUI_ANSWER_NONE;
	case TUI_KEY_BACKSPACE:
		erase(prompt, before(prompt->text, at), at);
		break;
	case TUI_KEY_DELETE:
	case 'D' & 31:
		erase(prompt, at, after(prompt->text, at));
		break;
	case TUI_KEY_LEFT:
	case 'B' & 31:
		prompt->at = before(prompt->text, at);
		break;
	case TUI_KEY_RIGHT:
	case 'F' & 31:
		prompt->at = after(prompt->text, at);
		break;
	case TUI_KEY_HOME:
	case 'A' & 31:
		prompt->at = 0;
		break;
	case TUI_KEY_END:
	case 'E' & 31:
		prompt->at = (unsigned)strlen(prompt->text);
		break;
	case 'U' & 31:
		erase(prompt, 0, at);
		break;
	case 'K' & 31:
		prompt->text[at] = '\0';
		break;
	case 'W' & 31:
		while (at && prompt->text[at - 1] == ' ')
			at--;
		while (at && prompt->text[at - 1] != ' ')
			at--;
		erase(prompt, at, prompt->at);
		break;
	case TUI_KEY_UP:
		tui_prompt_ask(prompt, prompt->asked, prompt->last[prompt->asked]);
		break;
	default:
		insert(prompt, key);
	}
	return TUI_ANSWER_NOT_YET;
}

void tui_prompt_draw(const struct tui_prompt *prompt, struct tui_surface *surface, int row, int *column)
{
	char head[256];
	int start = (int)strlen(labels[prompt->asked]), room = surface->columns - start - 1, at;

	tui_surface_fill(surface, row, 0, -1, TUI_PLAIN);
	tui_surface_text(surface, row, 0, surface->columns, TUI_KEY, labels[prompt->asked]);
	snprintf(head, sizeof(head), "%.*s", (int)prompt->at, prompt->text);
	at = tui_columns(surface, head);
	tui_surface_text_from(surface, row, start, surface->columns, TUI_PLAIN, prompt->text, at > room ? at - room : 0);
	*column = start + (at > room ? room : at);
	if (prompt->error[0]) {
		tui_surface_fill(surface, row - 1, 0, -1, TUI_PLAIN);
		tui_surface_text(surface, row - 1, start, surface->columns, TUI_BAD, prompt->error);
	}
}
