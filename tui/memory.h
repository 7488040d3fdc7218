/* SPDX-License-Identifier: Apache-2.0 */
/* Device memory by process, as far as calls tell: what was allocated and freed, what the interfaces said is free. */
#ifndef TUI_MEMORY_H
#define TUI_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

#include "tracer/model/event.h"
#include "tui/history.h"

/* Of one process. Starts zeroed. */
struct tui_memory_state {
	uint64_t now_bytes, peak_bytes;
	uint64_t allocations, frees, failed;
	uint64_t failed_bytes;      /* asked for by the last that failed */
	uint64_t told_free, told_total; /* by the last call that asked; told_ns 0: none did */
	uint64_t told_ns;
	struct tui_history history; /* of now_bytes */
	uint64_t mark_now_bytes, mark_allocations, mark_frees;
};

struct tui_memory;

int tui_memory_open(struct tui_memory **out);
/* Whether its calls change, or tell of, memory. */
bool tui_memory_follows(const struct tui_memory *memory, uint32_t function);
void tui_memory_close(struct tui_memory *memory); /* takes NULL */
/* The same books again. Those of nobody (`kept` true) take no more room than what is in them, and take no calls. */
int tui_memory_copy(struct tui_memory **out, const struct tui_memory *from, bool kept);
void tui_memory_clear(struct tui_memory *memory);
/* Takes a CALL that the process made. */
void tui_memory_call(struct tui_memory *memory, struct tui_memory_state *state, const struct tui_clock *clock,
		     const struct vgpu_event *event);
/* The process ended, or became another program: what it had is free. */
void tui_memory_end(struct tui_memory *memory, struct tui_memory_state *state, const struct tui_clock *clock,
		    const struct vgpu_event *event);
/* Allocations that found no room in the books; their sizes are not part of any figure. */
uint64_t tui_memory_unfollowed(const struct tui_memory *memory);

#endif
