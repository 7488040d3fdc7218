/* SPDX-License-Identifier: Apache-2.0 */
/* Percentiles of any number of values in a few KiB, with a known error. */
#ifndef VGPU_MODEL_HISTOGRAM_H
#define VGPU_MODEL_HISTOGRAM_H

#include <stdint.h>

/*
 * Values are counted in buckets: each alone below 128, then 64 buckets for each power of two. What
 * comes out of a bucket is its middle, so a percentile is off by at most 1/128 (0.8 %); count, sum,
 * least and greatest are exact. At most 64 × 64 × 8 bytes, in practice some KiB: only powers of two
 * that occurred have buckets.
 */
#define VGPU_HISTOGRAM_ERROR (1.0 / 128)

/* Starts zeroed. */
struct vgpu_histogram {
	uint64_t count, sum, least, greatest;
	uint64_t *power[59]; /* [0]: values below 128; else values from 64 << i */
};

/* 0 or -ENOMEM: then it was not counted. */
int vgpu_histogram_add(struct vgpu_histogram *histogram, uint64_t value);
int vgpu_histogram_merge(struct vgpu_histogram *into, const struct vgpu_histogram *from);
/* The least value such that `percent` of all (above 0, at most 100) are not above it; 0 when there is none. */
uint64_t vgpu_histogram_percentile(const struct vgpu_histogram *histogram, double percent);
uint64_t vgpu_histogram_mean(const struct vgpu_histogram *histogram);
void vgpu_histogram_free(struct vgpu_histogram *histogram); /* empties it; takes an empty one */

#endif
