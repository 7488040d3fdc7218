// SPDX-License-Identifier: Apache-2.0
/* Lines up two lists of calls: Myers' greedy algorithm, within a bound. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tracer/diff/story.h"

/* Insertions and deletions up to which two lists are lined up: its square is the work. */
#define EDITS_MAX 3000

/* Furthest a reached on each diagonal, for every number of edits. */
struct rounds {
	int32_t *reached[EDITS_MAX + 1]; /* [d]: diagonals -d … d */
};

static void rounds_free(struct rounds *rounds)
{
	for (unsigned d = 0; d <= EDITS_MAX; d++)
		free(rounds->reached[d]);
	free(rounds);
}

static int32_t at(const struct rounds *rounds, int d, int k)
{
	return k < -d || k > d ? -1 : rounds->reached[d][k + d];
}

/* Where diagonal k begins with its dth edit: by leaving out one of a, or of b. */
static int32_t begin(const struct rounds *rounds, int d, int k, bool *from_b)
{
	int32_t right = at(rounds, d - 1, k - 1), down = at(rounds, d - 1, k + 1);

	*from_b = k == -d || (k != d && right < down);
	return *from_b ? down : right < 0 ? -1 : right + 1;
}

/* From the end back, along what was reached. */
static void trace_back(const struct rounds *rounds, int d, int k, int32_t x, uint32_t skip, int64_t *match)
{
	for (; d > 0; d--) {
		bool from_b;
		int32_t start = begin(rounds, d, k, &from_b);

		while (x > start) {
			x--;
			match[skip + x] = skip + x - k;
		}
		x = from_b ? start : start - 1;
		k += from_b ? 1 : -1;
	}
	while (x > 0) {
		x--;
		match[skip + x] = skip + x - k;
	}
}

int vgpu_story_align(const struct story_item *a, uint32_t a_count, const struct story_item *b, uint32_t b_count,
		     int64_t *match, uint32_t *a_apart, uint32_t *b_apart)
{
	struct rounds *rounds = calloc(1, sizeof(*rounds));
	uint32_t skip = 0, tail = 0;
	int32_t n, m;
	int d;

	*a_apart = a_count;
	*b_apart = b_count;
	if (!rounds)
		return -ENOMEM;
	for (uint32_t i = 0; i < a_count; i++)
		match[i] = -1;
	while (skip < a_count && skip < b_count && a[skip].key == b[skip].key) {
		match[skip] = skip;
		skip++;
	}
	while (tail < a_count - skip && tail < b_count - skip &&
	       a[a_count - 1 - tail].key == b[b_count - 1 - tail].key) {
		tail++;
		match[a_count - tail] = b_count - tail;
	}
	n = a_count - skip - tail;
	m = b_count - skip - tail;
	a += skip;
	b += skip;
	for (d = 0; d <= EDITS_MAX; d++) {
		rounds->reached[d] = malloc((2 * d + 1) * sizeof(int32_t));
		if (!rounds->reached[d]) {
			rounds_free(rounds);
			return -ENOMEM;
		}
		for (int k = -d; k <= d; k += 2) {
			bool from_b;
			int32_t x = d ? begin(rounds, d, k, &from_b) : 0;

			/* Off the edge: nowhere. */
			if (x < 0 || x > n || x - k > m || x - k < 0)
				x = -1;
			while (x >= 0 && x < n && x - k < m && a[x].key == b[x - k].key)
				x++;
			rounds->reached[d][k + d] = x;
			if (k + 1 <= d)
				rounds->reached[d][k + 1 + d] = -1;
			if (x == n && x - k == m) {
				trace_back(rounds, d, k, x, skip, match);
				rounds_free(rounds);
				return 0;
			}
		}
	}
	/* Too different: only what is alike at the beginning counts. */
	for (uint32_t i = a_count - tail; i < a_count; i++)
		match[i] = -1;
	*a_apart = skip;
	*b_apart = skip;
	rounds_free(rounds);
	return 0;
}
