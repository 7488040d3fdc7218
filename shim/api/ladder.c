/* SPDX-License-Identifier: Apache-2.0 */
/* Lookup in the ladder. Runs in the traced process too: no allocation, no stdio. */
#include "shim/api/ladder.h"

#include <string.h>

#include "shim/api/schema.h"

uint32_t vgpu_ladder_find(const char *name, int version, int per_thread, int *too_new)
{
	uint32_t low = 0, high = vgpu_ladder_count;
	const struct vgpu_rung *best = NULL;

	if (too_new)
		*too_new = 0;
	if (!name)
		return 0;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (strcmp(vgpu_ladder[middle].name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < vgpu_ladder_count && !strcmp(vgpu_ladder[low].name, name); low++) {
		if (vgpu_ladder[low].version <= version)
			best = &vgpu_ladder[low];
		else if (!best && too_new)
			*too_new = 1;
	}
	if (!best)
		return 0;
	return per_thread && best->per_thread ? best->per_thread : best->function;
}
