// SPDX-License-Identifier: Apache-2.0
/* Events that were seen and are not on record, since a file was held to a size. */
#include "tracer/model/gap.h"

void vgpu_gap_note(struct vgpu_event_gap *gap, const struct vgpu_event *event)
{
	struct vgpu_event_gap one = { .reason = gap->reason,
				      .events = 1,
				      .from_ns = event->time_ns,
				      .upto_ns = event->time_ns,
				      .limit = gap->limit };

	one.calls = event->kind == VGPU_EVENT_CALL;
	vgpu_gap_add(gap, &one);
}

void vgpu_gap_add(struct vgpu_event_gap *gap, const struct vgpu_event_gap *more)
{
	if (!more->events)
		return;
	if (!gap->events || more->from_ns < gap->from_ns)
		gap->from_ns = more->from_ns;
	if (!gap->events || more->upto_ns > gap->upto_ns)
		gap->upto_ns = more->upto_ns;
	gap->events += more->events;
	gap->calls += more->calls;
	gap->reason = more->reason;
	gap->limit = more->limit;
}

bool vgpu_gap_touches(const struct vgpu_event_gap *gap, uint64_t from_ns, uint64_t upto_ns)
{
	return gap->events && from_ns <= gap->upto_ns && upto_ns >= gap->from_ns;
}

void vgpu_gap_format(struct vgpu_text *out, const struct vgpu_look *look,
		     const struct vgpu_event_gap *gap)
{
	bool open = gap->upto_ns == VGPU_GAP_OPEN;

	if (open) {
		vgpu_text_puts(out, "what came from here on: the file was full");
	} else {
		vgpu_text_count(out, gap->events);
		vgpu_text_puts(out, gap->events == 1 ? " event" : " events");
		if (gap->upto_ns > gap->from_ns) {
			vgpu_text_puts(out, " within ");
			vgpu_text_duration(out, look, gap->upto_ns - gap->from_ns);
		}
		if (gap->calls) {
			vgpu_text_puts(out, ", ");
			vgpu_text_count(out, gap->calls);
			vgpu_text_puts(out, gap->calls == 1 ? " of them a call" : " of them calls");
		}
		vgpu_text_puts(out, gap->reason == VGPU_GAP_FIRST ? ": the file was full" : ": newer ones took their place");
	}
	vgpu_text_puts(out, " (--max-size ");
	vgpu_text_bytes(out, gap->limit);
	vgpu_text_puts(out, ")");
}
