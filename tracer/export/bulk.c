// SPDX-License-Identifier: Apache-2.0
/* Gathers runs of bulk calls. */
#include "tracer/export/bulk.h"

#include <string.h>

#include "shim/api/schema.h"
#include "tracer/model/call.h"

/* Only what tells nothing more by itself: a registration that returned, with nothing odd about it. */
static bool is_plain(const struct vgpu_event *event)
{
	const struct vgpu_function *function;

	if (event->kind != VGPU_EVENT_CALL || event->call.depth || event->call.flags)
		return false;
	function = vgpu_function_find(event->call.function);
	return function && (function->flags & VGPU_FUNCTION_BULK) && !vgpu_call_failed(&event->call);
}

bool vgpu_bulk_take(struct vgpu_bulk *bulk, const struct vgpu_event *event)
{
	unsigned i;

	if (!is_plain(event))
		return false;
	if (bulk->total && (bulk->process != event->process || bulk->thread != event->call.thread))
		return false;
	for (i = 0; i < bulk->kinds; i++)
		if (bulk->kind[i].function == event->call.function)
			break;
	if (i == VGPU_BULK_KINDS)
		return false;
	if (i == bulk->kinds) {
		bulk->kind[i].function = event->call.function;
		bulk->kind[i].calls = 0;
		bulk->kinds++;
	}
	if (!bulk->total++) {
		bulk->process = event->process;
		bulk->thread = event->call.thread;
		bulk->time_ns = event->time_ns;
	}
	bulk->kind[i].calls++;
	return true;
}

void vgpu_bulk_format(struct vgpu_bulk *bulk, struct vgpu_text *out)
{
	vgpu_text_count(out, bulk->total);
	vgpu_text_puts(out, bulk->total == 1 ? " registration: " : " registrations: ");
	for (unsigned i = 0; i < bulk->kinds; i++) {
		if (i)
			vgpu_text_puts(out, ", ");
		vgpu_text_count(out, bulk->kind[i].calls);
		vgpu_text_puts(out, " ");
		vgpu_call_format_name(out, bulk->kind[i].function);
	}
	memset(bulk, 0, sizeof(*bulk));
}
