// SPDX-License-Identifier: Apache-2.0
/* Percentiles of any number of values in a few KiB. */
#include "tracer/model/histogram.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS 64u
#define EXACT   128u /* values below this have buckets of their own */
#define POWERS  (sizeof(((struct vgpu_histogram *)0)->power) / sizeof(uint64_t *))

static unsigned buckets_of(unsigned power)
{
	return power ? BUCKETS : EXACT;
}

static unsigned power_of(uint64_t value)
{
	/* The highest bit of 128 is bit 7: power 1. */
	return value < EXACT ? 0 : 63 - __builtin_clzll(value) - 6;
}

static unsigned bucket_of(uint64_t value, unsigned power)
{
	return power ? (value >> power) & (BUCKETS - 1) : value;
}

static uint64_t middle_of(unsigned power, unsigned bucket)
{
	return power ? ((uint64_t)(BUCKETS + bucket) << power) + (UINT64_C(1) << (power - 1)) : bucket;
}

static uint64_t *room_for(struct vgpu_histogram *histogram, unsigned power)
{
	if (!histogram->power[power])
		histogram->power[power] = calloc(buckets_of(power), sizeof(uint64_t));
	return histogram->power[power];
}

int vgpu_histogram_add(struct vgpu_histogram *histogram, uint64_t value)
{
	unsigned power = power_of(value);
	uint64_t *buckets = room_for(histogram, power);

	if (!buckets)
		return -ENOMEM;
	buckets[bucket_of(value, power)]++;
	if (!histogram->count++ || value < histogram->least)
		histogram->least = value;
	if (value > histogram->greatest)
		histogram->greatest = value;
	histogram->sum += value;
	return 0;
}

int vgpu_histogram_merge(struct vgpu_histogram *into, const struct vgpu_histogram *from)
{
	if (!from->count)
		return 0;
	for (unsigned power = 0; power < POWERS; power++) {
		if (!from->power[power])
			continue;
		if (!room_for(into, power))
			return -ENOMEM;
		for (unsigned i = 0; i < buckets_of(power); i++)
			into->power[power][i] += from->power[power][i];
	}
	if (!into->count || from->least < into->least)
		into->least = from->least;
	if (from->greatest > into->greatest)
		into->greatest = from->greatest;
	into->count += from->count;
	into->sum += from->sum;
	return 0;
}

uint64_t vgpu_histogram_percentile(const struct vgpu_histogram *histogram, double percent)
{
	double exact = (double)histogram->count * percent / 100;
	uint64_t wanted = (uint64_t)exact, seen = 0;

	wanted += (double)wanted < exact;
	if (!wanted)
		wanted = 1;
	if (wanted >= histogram->count)
		return histogram->greatest;
	for (unsigned power = 0; power < POWERS; power++)
		for (unsigned i = 0; histogram->power[power] && i < buckets_of(power); i++) {
			uint64_t value;

			seen += histogram->power[power][i];
			if (seen < wanted)
				continue;
			value = middle_of(power, i);
			if (value < histogram->least)
				return histogram->least;
			return value > histogram->greatest ? histogram->greatest : value;
		}
	return histogram->greatest;
}

uint64_t vgpu_histogram_mean(const struct vgpu_histogram *histogram)
{
	return histogram->count ? histogram->sum / histogram->count : 0;
}

void vgpu_histogram_free(struct vgpu_histogram *histogram)
{
	for (unsigned power = 0; power < POWERS; power++)
		free(histogram->power[power]);
	memset(histogram, 0, sizeof(*histogram));
}
