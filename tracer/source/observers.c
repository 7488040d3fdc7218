// SPDX-License-Identifier: Apache-2.0
/* The observers of running processes from outside, together. */
#include "tracer/source/observers.h"

#include <string.h>
#include <unistd.h>

#include "tracer/source/host.h"

#define LOOK_NS UINT64_C(50000000)

/* The kernel saw a process end: what it left in its rings comes before that is said. */
static void ending(void *data, struct vgpu_known *known)
{
	struct vgpu_observers *on = data;
	char path[512];

	for (unsigned i = 0; vgpu_rings_place(i, geteuid(), path, sizeof(path)); i++)
		if (path[0] && known->ns_pid)
			vgpu_rings_scan(on->rings, path, known->ns_pid, known->start_time, true, on->stream);
	vgpu_rings_finish(on->rings, known->number, on->stream);
}

int vgpu_observers_open(struct vgpu_observers *on, const struct vgpu_kwatch_options *kernel,
			uint64_t pending_ns, struct vgpu_stream *out)
{
	struct vgpu_rings_options rings = { .pending_ns = pending_ns, .patient = kernel != NULL };
	struct vgpu_kwatch_options watch;
	int err;

	memset(on, 0, sizeof(*on));
	on->stream = out;
	err = vgpu_roster_open(&on->roster);
	if (!err && kernel) {
		watch = *kernel;
		watch.roster = on->roster;
		watch.ending = ending;
		watch.data = on;
		err = vgpu_kwatch_open(&on->kernel, &watch);
	}
	rings.roster = on->roster;
	if (!err)
		err = vgpu_rings_open(&on->rings, &rings);
	if (!err && kernel && !kernel->foreign_only) {
		err = vgpu_merge_open(&on->merge, out);
		if (!err)
			err = vgpu_stream_add(&on->to, vgpu_merge_sink(on->merge));
		on->stream = &on->to;
	}
	return err;
}

void vgpu_observers_close(struct vgpu_observers *on)
{
	vgpu_kwatch_close(on->kernel);
	vgpu_rings_close(on->rings);
	vgpu_merge_close(on->merge);
	vgpu_roster_close(on->roster);
	memset(on, 0, sizeof(*on));
}

/* A ring is made at a process's first call of ours, which may come at any time. */
static void look_for_rings(struct vgpu_observers *on, uint64_t now)
{
	on->looked_ns = now;
	for (struct vgpu_known *known = vgpu_roster_first(on->roster); known; known = known->next)
		if (!known->ended && !known->has_ring)
			vgpu_rings_add_process(on->rings, known->pid, on->stream);
}

int vgpu_observers_poll(struct vgpu_observers *on)
{
	uint64_t now = vgpu_now_ns();
	bool look = now >= on->next_look_ns;
	int count, seen = 0;

	if (look)
		on->next_look_ns = now + LOOK_NS;
	if (look && on->kernel)
		look_for_rings(on, now);
	count = vgpu_rings_poll(on->rings, on->stream);
	if (count < 0)
		return count;
	if (look)
		vgpu_rings_reap(on->rings, on->stream);
	if (!on->link && vgpu_rings_observer(on->rings, VGPU_OBSERVER_LINK)) {
		on->link = true;
		vgpu_coverage_emit(on->stream, VGPU_OBSERVER_LINK, 1, 0, NULL);
	}
	if (on->kernel)
		seen = vgpu_kwatch_poll(on->kernel, false, on->stream);
	if (on->merge) {
		/* A ring that was not looked for may hold calls of any time since. */
		vgpu_merge_complete(on->merge, VGPU_OBSERVER_RING, on->looked_ns);
		vgpu_merge_complete(on->merge, VGPU_OBSERVER_KERNEL,
				    vgpu_kwatch_complete(on->kernel));
	}
	return count + (seen > 0 ? seen : 0);
}

void vgpu_observers_finish(struct vgpu_observers *on)
{
	if (on->kernel)
		vgpu_kwatch_finish(on->kernel, on->stream);
	vgpu_rings_poll(on->rings, on->stream);
	vgpu_rings_finish(on->rings, 0, on->stream);
}
