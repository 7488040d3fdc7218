/* SPDX-License-Identifier: Apache-2.0 */
/* What the calls of one process said of its GPUs: initialised, counted, named, or refused, and by which call. */
#ifndef VGPU_EXPLAIN_DISCOVERY_H
#define VGPU_EXPLAIN_DISCOVERY_H

#include <stdbool.h>
#include <stdint.h>

#include "tracer/model/event.h"

/* Which interface was asked; a runtime's answer counts for more than the driver's, NVML's for less. */
enum vgpu_layer {
	VGPU_LAYER_RUNTIME,
	VGPU_LAYER_DRIVER,
	VGPU_LAYER_NVML,
	VGPU_LAYERS
};

/* A call as evidence. */
struct vgpu_evidence {
	uint64_t number; /* of its event, 0: none */
	uint32_t function;
	uint32_t thread;
	uint32_t depth;
	int32_t result;
	uint64_t enter_ns, leave_ns;
};

struct vgpu_layer_state {
	uint64_t calls;
	struct vgpu_evidence init;   /* the first that succeeded */
	struct vgpu_evidence counted; /* the first that gave the highest number of devices so far */
	int64_t count;               /* that number; meaningless without counted */
	struct vgpu_evidence failed; /* the first of initialising or counting that failed */
	struct vgpu_evidence cause;  /* the innermost failing call within `failed` */
};

struct vgpu_discovery {
	uint32_t process;
	uint32_t library; /* enum vgpu_library_id that counted */
	struct vgpu_layer_state layer[VGPU_LAYERS];
	char name[96];    /* of device 0, "": not asked */
	int64_t major, minor; /* compute capability, -1: not asked */
	uint64_t memory_bytes; /* 0: not asked */
	struct vgpu_evidence error;    /* the first failing call of any sort that says something of the device */
	struct vgpu_evidence unfinished; /* a call that its process ended in */
	struct vgpu_evidence running;    /* a call that had not returned when last looked at */
};

void vgpu_discovery_start(struct vgpu_discovery *discovery, uint32_t process);
/* Takes a CALL or PENDING event of the process. */
void vgpu_discovery_add(struct vgpu_discovery *discovery, const struct vgpu_event *event);

enum vgpu_discovery_state {
	VGPU_DISCOVERY_NONE,   /* nothing was asked that decides */
	VGPU_DISCOVERY_FOUND,
	VGPU_DISCOVERY_REFUSED, /* a call failed */
	VGPU_DISCOVERY_EMPTY,  /* zero devices, with success */
	VGPU_DISCOVERY_STUCK,  /* the process ended, or still is, inside a call that decides */
};

/* The layer that decides is stored in *layer. */
enum vgpu_discovery_state vgpu_discovery_state(const struct vgpu_discovery *discovery, enum vgpu_layer *layer);

#endif
