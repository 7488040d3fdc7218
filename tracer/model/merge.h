/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One call seen by two observers becomes one event with two witnesses. A sink between the sources
 * and all other sinks.
 *
 * The ring's and the kernel's event of one call are of the same thread, have the same function and
 * stack pointer, and the same distance between their ordinals as the pair before them, since both
 * count also what they drop. Where there was no pair yet, or that distance changed (a library was
 * probed late), the two of the same function and stack pointer of which the ring's lies within the
 * kernel's in time set it. Never by time alone.
 *
 * Events leave in the order in which they came. One that may get a second witness is held back until
 * that came, or cannot come any more.
 */
#ifndef VGPU_MODEL_MERGE_H
#define VGPU_MODEL_MERGE_H

#include "tracer/model/stream.h"
#include "tracer/model/text.h"

struct vgpu_merge;

/* `to` gets what comes out, with the numbers it came with (increasing, with gaps where two became one). */
int vgpu_merge_open(struct vgpu_merge **out, struct vgpu_stream *to);
struct vgpu_sink *vgpu_merge_sink(struct vgpu_merge *merge);
void vgpu_merge_close(struct vgpu_merge *merge); /* takes NULL; what is held back is dropped: end the stream first */

/* This observer's events of whatever ended before ns (CLOCK_MONOTONIC) have all come. Hands out what waits for no more. */
void vgpu_merge_complete(struct vgpu_merge *merge, uint32_t observer, uint64_t ns);

struct vgpu_merge_counts {
	uint64_t both;        /* calls with two witnesses */
	uint64_t ring_only;   /* of those that both should have seen */
	uint64_t kernel_only;
	uint64_t different;   /* of both: result, arguments or values are not the same */
};
/* Appends "witnesses: 214 calls seen by ring and kernel, 0 by the ring only, …" and a newline; nothing where there is nothing to say. */
void vgpu_merge_format(const struct vgpu_merge *merge, struct vgpu_text *out);
void vgpu_merge_counts(const struct vgpu_merge *merge, struct vgpu_merge_counts *out);

#endif
