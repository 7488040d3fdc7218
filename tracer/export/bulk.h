/* SPDX-License-Identifier: Apache-2.0 */
/* Runs of bulk calls (a library that registers its thousands of kernels) gathered into one line. */
#ifndef VGPU_EXPORT_BULK_H
#define VGPU_EXPORT_BULK_H

#include <stdbool.h>
#include <stdint.h>

#include "tracer/model/event.h"
#include "tracer/model/text.h"

#define VGPU_BULK_KINDS 8u

/* Starts zeroed. */
struct vgpu_bulk {
	uint32_t process;
	uint32_t thread;
	uint64_t total;
	uint64_t time_ns; /* of the first */
	unsigned kinds;
	struct {
		uint32_t function;
		uint64_t calls;
	} kind[VGPU_BULK_KINDS];
};

/* Takes a call into the run. false: it must be shown by itself (and the run before it). */
bool vgpu_bulk_take(struct vgpu_bulk *bulk, const struct vgpu_event *event);
/* Appends `9,012 registrations: 8,600 __cudaRegisterFunction, 412 __cudaRegisterVar`, and empties the run. */
void vgpu_bulk_format(struct vgpu_bulk *bulk, struct vgpu_text *out);

#endif
