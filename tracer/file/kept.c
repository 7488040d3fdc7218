// SPDX-License-Identifier: Apache-2.0
/* What later events refer to, kept when the blocks it lies in are given up. */
#include "tracer/file/kept.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tracer/model/copy.h"

static const uint8_t ranks[VGPU_EVENT_KINDS] = {
	[VGPU_EVENT_HOST] = VGPU_RANK_WHOLE,       [VGPU_EVENT_SESSION] = VGPU_RANK_WHOLE,
	[VGPU_EVENT_ANSWER] = VGPU_RANK_WHOLE,     [VGPU_EVENT_COVERAGE] = VGPU_RANK_WHOLE,
	[VGPU_EVENT_FACT] = VGPU_RANK_WHOLE,       [VGPU_EVENT_KERNEL_LOSS] = VGPU_RANK_WHOLE,
	[VGPU_EVENT_PROBES] = VGPU_RANK_WHOLE,     [VGPU_EVENT_START] = VGPU_RANK_NAME,
	[VGPU_EVENT_EXEC] = VGPU_RANK_NAME,        [VGPU_EVENT_EXIT] = VGPU_RANK_PROCESS,
	[VGPU_EVENT_PRESENCE] = VGPU_RANK_PROCESS, [VGPU_EVENT_RING] = VGPU_RANK_NAME,
	[VGPU_EVENT_LIBRARY] = VGPU_RANK_PROCESS,  [VGPU_EVENT_LOSS] = VGPU_RANK_PROCESS,
	[VGPU_EVENT_OBJECT] = VGPU_RANK_PROCESS,   [VGPU_EVENT_CONTEXT] = VGPU_RANK_PROCESS,
	[VGPU_EVENT_OBSERVER] = VGPU_RANK_PROCESS, [VGPU_EVENT_CRASH] = VGPU_RANK_PROCESS,
	[VGPU_EVENT_CALL] = VGPU_RANK_CALL,        [VGPU_EVENT_PENDING] = VGPU_RANK_CALL,
	[VGPU_EVENT_TEXT] = VGPU_RANK_HAPPENED,    [VGPU_EVENT_GATE] = VGPU_RANK_HAPPENED,
	[VGPU_EVENT_SEARCH] = VGPU_RANK_HAPPENED,  [VGPU_EVENT_UNLOAD] = VGPU_RANK_HAPPENED,
	[VGPU_EVENT_LINKED] = VGPU_RANK_HAPPENED,  [VGPU_EVENT_DL] = VGPU_RANK_HAPPENED,
	[VGPU_EVENT_BOUND] = VGPU_RANK_HAPPENED,   [VGPU_EVENT_FILE] = VGPU_RANK_HAPPENED,
	[VGPU_EVENT_OUTPUT] = VGPU_RANK_HAPPENED,  [VGPU_EVENT_IMAGE] = VGPU_RANK_HAPPENED,
	[VGPU_EVENT_LOG] = VGPU_RANK_HAPPENED,     [VGPU_EVENT_GAP] = VGPU_RANK_HAPPENED,
};

enum vgpu_rank vgpu_rank_of(const struct vgpu_event *event)
{
	return event->kind < VGPU_EVENT_KINDS ? ranks[event->kind] : VGPU_RANK_CALL;
}

static void miss(struct vgpu_kept *kept, const struct vgpu_event *event)
{
	vgpu_gap_note(&kept->gap, event);
	if (event->number > kept->gap_number)
		kept->gap_number = event->number;
}

static void drop(struct vgpu_kept *kept, struct vgpu_kept_entry *entry)
{
	miss(kept, entry->event);
	kept->bytes -= entry->size;
	free(entry->event);
	entry->event = NULL;
}

static void close_up(struct vgpu_kept *kept)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < kept->count; i++)
		if (kept->entries[i].event)
			kept->entries[count++] = kept->entries[i];
	kept->count = count;
}

/* Totals up to now, a file mapped again: the one before says nothing more. */
static bool replaces(const struct vgpu_event *event, const struct vgpu_event *earlier)
{
	if (event->kind != earlier->kind || event->process != earlier->process)
		return false;
	switch (event->kind) {
	case VGPU_EVENT_LOSS:
		return event->loss.ring == earlier->loss.ring;
	case VGPU_EVENT_KERNEL_LOSS:
		return event->kernel_loss.cpu == earlier->kernel_loss.cpu;
	case VGPU_EVENT_OBJECT:
		return event->object.path && earlier->object.path &&
		       !strcmp(event->object.path, earlier->object.path);
	case VGPU_EVENT_COVERAGE:
		return event->coverage.observer == earlier->coverage.observer &&
		       event->coverage.on == earlier->coverage.on;
	}
	return false;
}

/* What the event makes of others: superseded, or of a process or library that is gone. */
static void settle(struct vgpu_kept *kept, const struct vgpu_event *event)
{
	bool changed = false;

	if (event->kind != VGPU_EVENT_EXIT && event->kind != VGPU_EVENT_UNLOAD &&
	    event->kind != VGPU_EVENT_LOSS && event->kind != VGPU_EVENT_KERNEL_LOSS &&
	    event->kind != VGPU_EVENT_COVERAGE && event->kind != VGPU_EVENT_OBJECT)
		return;
	for (uint32_t i = 0; i < kept->count; i++) {
		struct vgpu_kept_entry *entry = &kept->entries[i];

		if (replaces(event, entry->event)) {
			drop(kept, entry);
			changed = true;
		} else if (event->kind == VGPU_EVENT_EXIT &&
			   entry->event->process == event->process &&
			   (entry->rank == VGPU_RANK_PROCESS || entry->rank == VGPU_RANK_NAME)) {
			entry->rank = VGPU_RANK_ENDED;
		} else if (event->kind == VGPU_EVENT_UNLOAD &&
			   entry->event->process == event->process &&
			   entry->event->kind == VGPU_EVENT_OBJECT &&
			   entry->event->object.object == event->object.object &&
			   entry->event->object.from == event->object.from) {
			entry->rank = VGPU_RANK_HAPPENED;
		}
	}
	if (changed)
		close_up(kept);
}

/* More than is needed just now, so that the next event does not ask again. */
static void make_room(struct vgpu_kept *kept, size_t size)
{
	size_t aim = kept->bytes_max - kept->bytes_max / 4;

	if (kept->bytes + size <= kept->bytes_max)
		return;
	for (uint32_t rank = VGPU_RANK_HAPPENED; rank < VGPU_RANK_WHOLE; rank++)
		for (uint32_t i = 0; i < kept->count && kept->bytes + size > aim; i++)
			if (kept->entries[i].event && kept->entries[i].rank == rank)
				drop(kept, &kept->entries[i]);
	close_up(kept);
}

int vgpu_kept_add(struct vgpu_kept *kept, const struct vgpu_event *event)
{
	struct vgpu_kept_entry entry = { .rank = vgpu_rank_of(event) };

	if (entry.rank == VGPU_RANK_CALL) {
		miss(kept, event);
		return 0;
	}
	settle(kept, event);
	if (event->kind == VGPU_EVENT_EXIT)
		entry.rank = VGPU_RANK_ENDED;
	entry.size = vgpu_event_size(event);
	make_room(kept, entry.size);
	if (kept->bytes + entry.size > kept->bytes_max) {
		miss(kept, event);
		return 0;
	}
	if (kept->count == kept->room) {
		uint32_t room = kept->room ? kept->room * 2 : 256;
		struct vgpu_kept_entry *grown = realloc(kept->entries, room * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		kept->entries = grown;
		kept->room = room;
	}
	entry.event = vgpu_event_copy(event);
	if (!entry.event)
		return -ENOMEM;
	kept->bytes += entry.size;
	kept->entries[kept->count++] = entry;
	return 0;
}

void vgpu_kept_free(struct vgpu_kept *kept)
{
	for (uint32_t i = 0; i < kept->count; i++)
		free(kept->entries[i].event);
	free(kept->entries);
	*kept = (struct vgpu_kept){ .count = 0 };
}
