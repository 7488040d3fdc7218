/* SPDX-License-Identifier: Apache-2.0 */
/* A quantity over time in few numbers: the last minute of something live, or the whole of something recorded. */
#ifndef TUI_HISTORY_H
#define TUI_HISTORY_H

#include <stdbool.h>
#include <stdint.h>

#define TUI_HISTORY 60

/* How time is cut, for all histories of a store alike. */
struct tui_clock {
	bool slides;      /* live: the last TUI_HISTORY slots; else slots grow so that all of it fits */
	uint64_t start_ns; /* of slot 0; 0: nothing came yet */
	uint64_t slot_ns;
	uint32_t doublings; /* times slot_ns was doubled */
	uint64_t now;      /* slot of the latest moment */
};

/* Starts zeroed. */
struct tui_history {
	uint32_t doublings; /* those it has taken part in */
	bool high;          /* keeps each slot's highest value, and the last one goes on; else adds up */
	uint64_t at;        /* slot of the last value */
	uint64_t value[TUI_HISTORY]; /* by slot % TUI_HISTORY */
};

void tui_clock_start(struct tui_clock *clock, bool slides);
/* Moves on to a moment; an earlier one changes nothing. */
void tui_clock_move(struct tui_clock *clock, uint64_t time_ns);
void tui_history_add(struct tui_history *history, const struct tui_clock *clock, uint64_t time_ns, uint64_t value);
/* The values in the order of time, the last being now's; returns how many slots there have been (at most TUI_HISTORY). */
int tui_history_values(const struct tui_history *history, const struct tui_clock *clock, uint64_t values[TUI_HISTORY]);
/* The same in at most `width` values: of something live the latest, of something recorded all, put together. */
int tui_history_fit(const struct tui_history *history, const struct tui_clock *clock, uint64_t values[TUI_HISTORY],
		    int width);

#endif
