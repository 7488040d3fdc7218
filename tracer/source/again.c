// SPDX-License-Identifier: Apache-2.0
/* The last words of the auditor's rings: "executed the program again". */
#include "tracer/source/again.h"

#include <stdio.h>

#include "shim/audit/layout.h"
#include "shim/ring/reader.h"

/* When the program was executed again, with the auditor or without it: the last thing that was written. 0: it was not. */
static uint64_t again_ns(struct vgpu_ring *ring)
{
	struct vgpu_ring_event event;
	struct vgpu_ring_time time;
	uint64_t found = 0;

	while (vgpu_ring_poll(ring) > 0)
		while (vgpu_ring_next(ring, &event) == 1) {
			const struct vgpu_link_note *note = (const void *)event.link;

			found = 0;
			if ((event.kind == VGPU_LINK_REEXEC || event.kind == VGPU_LINK_WITHDRAWN) &&
			    event.record_bytes >= sizeof(*note) &&
			    !vgpu_ring_time(ring, note->head.counter, &time))
				found = time.monotonic_ns;
		}
	return found;
}

enum vgpu_again vgpu_again_look(const char *directory, const struct vgpu_known *known,
				uint64_t before_ns, uint64_t time_ns)
{
	enum vgpu_again result = VGPU_AGAIN_UNKNOWN;
	struct vgpu_ring *ring;
	char path[1024];

	/* One for each program that it became: their names are counted, see shim/audit/layout.h. */
	for (unsigned n = 0;; n++) {
		uint64_t began_ns, at_ns;

		snprintf(path, sizeof(path), "%.900s/link-%d-%llu-%u.ring", directory,
			 known->ns_pid, (unsigned long long)known->start_time, n);
		if (vgpu_ring_open_file(&ring, path))
			return result;
		began_ns = vgpu_ring_arena(ring)->anchor[0].monotonic_ns;
		at_ns = again_ns(ring);
		vgpu_ring_close(ring);
		if (at_ns > before_ns && at_ns < time_ns)
			return VGPU_AGAIN_YES;
		if (result != VGPU_AGAIN_FIRST)
			result = began_ns > time_ns ? VGPU_AGAIN_FIRST : VGPU_AGAIN_NO;
	}
}
