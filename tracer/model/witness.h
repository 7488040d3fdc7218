/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether the ring and the kernel observer tell the same of the calls that both should have seen,
 * function by function. A sink; it is to get what a merge put out, or what a file kept of that.
 *
 * Both should have seen a call into a library of ours whose file is probed, of a process that has a
 * ring, entered after the probes were there and left before they were taken away.
 */
#ifndef VGPU_MODEL_WITNESS_H
#define VGPU_MODEL_WITNESS_H

#include <stdbool.h>

#include "tracer/model/stream.h"

struct vgpu_witness;

struct vgpu_witness_row {
	uint32_t function;
	uint64_t ring, kernel, both;
	bool different; /* of some call they saw other values */
};

struct vgpu_witness_sums {
	uint64_t ring, kernel, both;
	uint64_t outside;   /* calls that only one of them could see, by when they were made */
	uint64_t ring_lost; /* calls that are not on record, as each of them counted */
	uint64_t kernel_lost;
	bool two; /* both were on, and a library of ours was probed */
	bool different;
};

enum vgpu_witness_verdict {
	VGPU_WITNESS_EQUAL,
	VGPU_WITNESS_LOST,  /* what one lacks is what it counted as lost */
	VGPU_WITNESS_WRONG, /* one of them is wrong */
	VGPU_WITNESS_ALONE, /* there is nothing to compare */
};

int vgpu_witness_open(struct vgpu_witness **out);
struct vgpu_sink *vgpu_witness_sink(struct vgpu_witness *witness);
void vgpu_witness_close(struct vgpu_witness *witness); /* takes NULL */

/* After the last event. rows by function, until the witness is closed. */
enum vgpu_witness_verdict vgpu_witness_finish(struct vgpu_witness *witness,
					      struct vgpu_witness_sums *sums,
					      const struct vgpu_witness_row **rows,
					      uint32_t *count);

#endif
