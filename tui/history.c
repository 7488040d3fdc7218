// SPDX-License-Identifier: Apache-2.0
/* Histories: sixty slots, which slide or double. */
#include "tui/history.h"

#include <string.h>

#define SECOND UINT64_C(1000000000)

void tui_clock_start(struct tui_clock *clock, bool slides)
{
	*clock = (struct tui_clock){ .slides = slides, .slot_ns = slides ? SECOND : SECOND / 1000000 };
}

void tui_clock_move(struct tui_clock *clock, uint64_t time_ns)
{
	uint64_t slot;

	if (!clock->start_ns)
		clock->start_ns = clock->slides ? time_ns - time_ns % SECOND : time_ns;
	if (time_ns < clock->start_ns)
		return;
	while (!clock->slides && (time_ns - clock->start_ns) / clock->slot_ns >= TUI_HISTORY) {
		clock->slot_ns *= 2;
		clock->doublings++;
		clock->now /= 2;
	}
	slot = (time_ns - clock->start_ns) / clock->slot_ns;
	if (slot > clock->now)
		clock->now = slot;
}

static uint64_t merged(const struct tui_history *history, uint64_t a, uint64_t b)
{
	return history->high ? a > b ? a : b : a + b;
}

/* Follows the clock's doublings, and goes on to a slot. */
static void follow(struct tui_history *history, const struct tui_clock *clock, uint64_t slot)
{
	if (clock->doublings - history->doublings >= 32) {
		memset(history->value, 0, sizeof(history->value));
		history->doublings = clock->doublings;
		history->at = 0;
	}
	for (; history->doublings != clock->doublings; history->doublings++) {
		for (int i = 0; i < TUI_HISTORY / 2; i++)
			history->value[i] = merged(history, history->value[2 * i], history->value[2 * i + 1]);
		memset(history->value + TUI_HISTORY / 2, 0, sizeof(history->value) / 2);
		history->at /= 2;
	}
	if (slot <= history->at)
		return;
	if (slot - history->at > TUI_HISTORY)
		history->at = slot - TUI_HISTORY;
	while (history->at < slot) {
		uint64_t last = history->value[history->at % TUI_HISTORY];

		history->at++;
		history->value[history->at % TUI_HISTORY] = history->high ? last : 0;
	}
}

void tui_history_add(struct tui_history *history, const struct tui_clock *clock, uint64_t time_ns, uint64_t value)
{
	uint64_t slot = time_ns > clock->start_ns ? (time_ns - clock->start_ns) / clock->slot_ns : 0;

	if (slot > clock->now)
		slot = clock->now;
	follow(history, clock, slot);
	if (history->at - slot >= TUI_HISTORY)
		return; /* older than what is kept */
	if (history->high) {
		/* What it is now, and at most what it was within the slot. */
		uint64_t *place = &history->value[slot % TUI_HISTORY];

		*place = slot == history->at && value < *place ? *place : value;
	} else {
		history->value[slot % TUI_HISTORY] += value;
	}
}

int tui_history_values(const struct tui_history *history, const struct tui_clock *clock, uint64_t values[TUI_HISTORY])
{
	struct tui_history now = *history;
	int count = clock->now + 1 < TUI_HISTORY ? (int)clock->now + 1 : TUI_HISTORY;

	follow(&now, clock, clock->now);
	for (int i = 0; i < count; i++)
		values[i] = now.value[(clock->now + 1 - count + i) % TUI_HISTORY];
	return count;
}

int tui_history_fit(const struct tui_history *history, const struct tui_clock *clock, uint64_t values[TUI_HISTORY],
		    int width)
{
	int count = tui_history_values(history, clock, values);

	if (count <= width || width < 1)
		return count;
	if (clock->slides) {
		memmove(values, values + count - width, (size_t)width * sizeof(*values));
		return width;
	}
	for (int i = 0; i < width; i++) {
		int from = i * count / width, to = (i + 1) * count / width;
		uint64_t value = values[from];

		while (++from < to)
			value = merged(history, value, values[from]);
		values[i] = value;
	}
	return width;
}
