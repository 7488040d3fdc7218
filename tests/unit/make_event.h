/* SPDX-License-Identifier: Apache-2.0 */
/* Events made by hand, for tests. */
#ifndef VGPU_TESTS_MAKE_EVENT_H
#define VGPU_TESTS_MAKE_EVENT_H

#include "tracer/model/event.h"

/*
 * Every field of a kind set to something that is its own, by the tables: `seed` makes different
 * events different. What it points to lies in static memory of `make_event_slot` 0 to 3.
 */
void make_event_filled(struct vgpu_event *event, uint32_t kind, unsigned seed, unsigned slot);

/* A call of a function by name, as it comes out of a ring. Add arguments and blobs in order. */
struct made_call {
	struct vgpu_event event;
	uint64_t words[16];
	_Alignas(8) uint8_t blobs[8192];
};
void make_call(struct made_call *call, const char *function, uint64_t result);
void make_call_arg(struct made_call *call, uint64_t word);
void make_call_blob(struct made_call *call, uint8_t param, uint8_t flags, const void *bytes, uint16_t size,
		    uint32_t full);
/* Parameter number by name; fails the test when there is none. */
uint8_t made_param(const char *function, const char *name);

#endif
