// SPDX-License-Identifier: Apache-2.0
/* The lines of the log that are to be shown, by their places: all, or those that pass the filter, with the gap. */
#include "tui/store.h"

/* Where the gap comes among the lines; its index, or UINT64_MAX: there is none. */
static uint64_t gap_index(const struct tui_store *store, uint64_t first, uint64_t latest)
{
	uint32_t low = 0, high = store->row_count;

	if (latest == first)
		return UINT64_MAX;
	if (!store->filter)
		return first;
	while (low < high) {
		uint32_t middle = (low + high) / 2;

		if (store->rows[middle] < first)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

uint64_t tui_store_lines(const struct tui_store *store)
{
	uint64_t first, latest, end;

	tui_log_kept(store->log, &first, &latest, &end);
	return (store->filter ? store->row_count : first + (end - latest)) + (latest > first);
}

uint64_t tui_store_line(const struct tui_store *store, uint64_t index)
{
	uint64_t first, latest, end, gap;

	tui_log_kept(store->log, &first, &latest, &end);
	gap = gap_index(store, first, latest);
	if (index == gap)
		return UINT64_MAX;
	if (index > gap)
		index--;
	if (store->filter)
		return index < store->row_count ? store->rows[index] : UINT64_MAX;
	return index < first ? index : latest + (index - first);
}

uint64_t tui_store_index(const struct tui_store *store, uint64_t sequence)
{
	uint64_t low = 0, high = tui_store_lines(store), first, latest, end, gap;

	tui_log_kept(store->log, &first, &latest, &end);
	gap = gap_index(store, first, latest);
	while (low < high) {
		uint64_t middle = (low + high) / 2;
		uint64_t value = middle == gap ? first : tui_store_line(store, middle);

		if (value < sequence)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

uint64_t tui_store_forgotten(const struct tui_store *store)
{
	uint64_t first, latest, end;

	tui_log_kept(store->log, &first, &latest, &end);
	return latest - first;
}
