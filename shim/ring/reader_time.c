// SPDX-License-Identifier: Apache-2.0
/* From the raw counter to the kernel's clocks: piecewise linear through the anchors. */
#include "shim/ring/reader.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "shim/entry/arch/arch.h"
#include "shim/ring/reader_state.h"

/*
 * How much the kernel is taken to steer its clock against the counter, in millionths of the
 * distance to the anchor: between two anchors, and outside of them.
 */
#define STEER_INSIDE_PPM  1u
#define STEER_OUTSIDE_PPM 10u
/* The reader's own anchors are this far apart at least. */
#define OWN_ANCHOR_NS UINT64_C(1000000000)
/* Outside of the anchors the slope comes from a stretch of this many, so that their errors weigh little. */
#define SLOPE_ANCHORS 4u

static uint64_t clock_ns(clockid_t id)
{
	struct timespec ts;

	if (clock_gettime(id, &ts))
		return 0;
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static uint64_t raw(const struct vgpu_ring *ring)
{
	return ring->arena.counter == VGPU_COUNTER_TSC ? vgpu_arch_counter() : clock_ns(CLOCK_MONOTONIC);
}

/* Index of the first anchor past this counter. */
static uint32_t anchor_past(const struct vgpu_ring *ring, uint64_t counter)
{
	uint32_t low = 0, high = ring->anchors_count;

	while (low < high) {
		uint32_t middle = (low + high) / 2;

		if (ring->anchors[middle].counter <= counter)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* An anchor that runs against its neighbours (a counter that was set back) is left out. */
static void anchor_insert(struct vgpu_ring *ring, const struct vgpu_anchor *anchor)
{
	uint32_t at = anchor_past(ring, anchor->counter);
	struct vgpu_anchor *anchors = ring->anchors;

	if (at && (anchors[at - 1].counter == anchor->counter ||
		   anchors[at - 1].monotonic_ns >= anchor->monotonic_ns))
		return;
	if (at < ring->anchors_count && anchors[at].monotonic_ns <= anchor->monotonic_ns)
		return;
	if (ring->anchors_count == READER_ANCHORS_MAX) {
		/* Every second one goes; the first and the last stay. */
		uint32_t kept = 1;

		for (uint32_t i = 2; i < ring->anchors_count; i += 2)
			anchors[kept++] = anchors[i];
		anchors[kept++] = anchors[ring->anchors_count - 1];
		ring->anchors_count = kept;
		at = anchor_past(ring, anchor->counter);
	}
	memmove(anchors + at + 1, anchors + at, (ring->anchors_count - at) * sizeof(*anchors));
	anchors[at] = *anchor;
	ring->anchors_count++;
	ring->line->upto = 0;
}

static bool same_boot(const struct vgpu_ring *ring)
{
	static const uint8_t none[16];
	uint8_t id[16] = { 0 };
	char text[64];
	unsigned nibbles = 0;
	ssize_t n = -1;
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);

	if (fd >= 0) {
		n = read(fd, text, sizeof(text));
		close(fd);
	}
	for (ssize_t i = 0; i < n && nibbles < 32; i++) {
		static const char digits[] = "0123456789abcdef";
		const char *digit = text[i] ? strchr(digits, text[i]) : NULL;

		if (!digit)
			continue;
		id[nibbles / 2] = (uint8_t)(id[nibbles / 2] << 4 | (digit - digits));
		nibbles++;
	}
	return nibbles == 32 && memcmp(id, none, 16) && !memcmp(id, ring->arena.process.boot_id, 16);
}

/* The same clocks: not those of a time namespace, which are shifted. Steps of the real time make it doubtful, and then: no. */
static bool same_clocks(const struct vgpu_ring *ring, const struct vgpu_anchor *own)
{
	const struct vgpu_anchor *first = &ring->anchors[0];
	int64_t boot = (int64_t)(own->boottime_ns - first->boottime_ns);
	int64_t real = (int64_t)(own->realtime_ns - first->realtime_ns);
	int64_t off;

	if (boot < 0 || __builtin_sub_overflow(real, boot, &off) || off == INT64_MIN)
		return false;
	return llabs(off) < 1000000000 + boot / 1000 && own->counter > first->counter &&
	       own->monotonic_ns > first->monotonic_ns;
}

/* A process that lived for a moment left one anchor only: the reader's own one gives it a scale. */
static void own_anchor(struct vgpu_ring *ring)
{
	struct vgpu_anchor best = { .error = UINT32_MAX };
	uint64_t now = clock_ns(CLOCK_MONOTONIC);

	if (!ring->own_anchors || !ring->anchors_count ||
	    (ring->own_anchor_ns && now - ring->own_anchor_ns < OWN_ANCHOR_NS))
		return;
	if (ring->own_anchors < 0 && !same_boot(ring)) {
		ring->own_anchors = 0;
		return;
	}
	ring->own_anchor_ns = now;
	for (int i = 0; i < 3; i++) {
		uint64_t before = raw(ring), monotonic = clock_ns(CLOCK_MONOTONIC);
		uint64_t boottime = clock_ns(CLOCK_BOOTTIME), realtime = clock_ns(CLOCK_REALTIME);
		uint64_t after = raw(ring);

		if (after - before < best.error) {
			best.error = (uint32_t)(after - before);
			best.counter = before + (after - before) / 2;
			best.monotonic_ns = monotonic;
			best.boottime_ns = boottime;
			best.realtime_ns = realtime;
		}
	}
	best.error = (best.error + 1) / 2;
	if (ring->own_anchors < 0)
		ring->own_anchors = same_clocks(ring, &best);
	if (ring->own_anchors > 0)
		anchor_insert(ring, &best);
}

void reader_anchors_take(struct vgpu_ring *ring, const struct vgpu_anchor *again)
{
	uint32_t seen = ring->anchors_seen;

	for (uint32_t i = 0; i < VGPU_ANCHORS; i++) {
		const struct vgpu_anchor *anchor = &ring->arena.anchor[i];

		if (!anchor->sequence || (ring->anchors_count && anchor->sequence <= ring->anchors_seen) ||
		    memcmp(anchor, &again[i], sizeof(*anchor)))
			continue;
		anchor_insert(ring, anchor);
		if (anchor->sequence > seen)
			seen = anchor->sequence;
	}
	ring->anchors_seen = seen;
	own_anchor(ring);
}

/* distance × over / under, rounded to nearest, held within 64 bits. */
static uint64_t scale(uint64_t distance, uint64_t over, uint64_t under)
{
	unsigned __int128 product = (unsigned __int128)distance * over + under / 2;

	under = under ? under : 1;
	if (product <= UINT64_MAX)
		return (uint64_t)product / under;
	product /= under;
	return product > UINT64_MAX ? UINT64_MAX : (uint64_t)product;
}

static uint64_t add(uint64_t a, uint64_t b)
{
	uint64_t sum;

	return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}

static uint64_t shifted(uint64_t from, uint64_t by, bool up)
{
	if (up)
		return add(from, by);
	return from > by ? from - by : 0;
}

/* The clock that read `a` at counter `from` and `b` at `to`, at `counter`. */
static uint64_t on_line(uint64_t a, uint64_t b, uint64_t from, uint64_t to, uint64_t counter)
{
	uint64_t rise = b > a ? b - a : a - b, step;
	bool up = b >= a;

	step = scale(counter >= from ? counter - from : from - counter, rise, to - from);
	if (counter < from)
		up = !up;
	return shifted(a, step, up);
}

static uint64_t apart(uint64_t a, uint64_t b)
{
	return a > b ? a - b : b - a;
}

/* The line that holds at this counter. Needs two anchors. Mostly it is the one of the call before. */
static const struct reader_line *line_at(const struct vgpu_ring *ring, uint64_t counter)
{
	struct reader_line *line = ring->line;
	const struct vgpu_anchor *a, *b;
	uint32_t past, last = ring->anchors_count - 1;
	uint64_t error_a, error_b;

	if (counter >= line->from && counter < line->upto)
		return line;
	past = anchor_past(ring, counter);
	line->inside = past && past <= last;
	line->from = past ? ring->anchors[past - 1].counter : 0;
	line->upto = past <= last ? ring->anchors[past].counter : UINT64_MAX;
	if (line->inside) {
		a = &ring->anchors[past - 1];
		b = &ring->anchors[past];
	} else if (past) {
		a = &ring->anchors[last > SLOPE_ANCHORS ? last - SLOPE_ANCHORS : 0];
		b = &ring->anchors[last];
	} else {
		a = &ring->anchors[0];
		b = &ring->anchors[last < SLOPE_ANCHORS ? last : SLOPE_ANCHORS];
	}
	line->a = a;
	line->b = b;
	line->ticks = b->counter - a->counter;
	line->ns = b->monotonic_ns - a->monotonic_ns;
	error_a = scale(a->error, line->ns, line->ticks) + 1;
	error_b = scale(b->error, line->ns, line->ticks) + 1;
	line->slope_ns = add(error_a, error_b);
	line->error_ns = error_a > error_b ? error_a : error_b;
	/* A clock that was set, or a suspend, somewhere between the two. */
	line->error_ns = add(line->error_ns, apart(b->realtime_ns - a->realtime_ns, line->ns));
	line->error_ns = add(line->error_ns, apart(b->boottime_ns - a->boottime_ns, line->ns));
	return line;
}

/* One anchor and no scale: a counter runs at 0.75 GHz or faster; the error says what that is worth. */
static void from_one(const struct vgpu_ring *ring, uint64_t counter, struct vgpu_ring_time *out)
{
	const struct vgpu_anchor *a = &ring->anchors[0];
	bool exact = ring->arena.counter == VGPU_COUNTER_MONOTONIC;
	uint64_t ticks = apart(counter, a->counter), ns = exact ? ticks : ticks / 3;
	bool up = counter >= a->counter;

	out->monotonic_ns = shifted(a->monotonic_ns, ns, up);
	out->boottime_ns = shifted(a->boottime_ns, ns, up);
	out->realtime_ns = shifted(a->realtime_ns, ns, up);
	out->error_ns = exact ? a->error + scale(ticks, STEER_OUTSIDE_PPM, 1000000) : add(ticks, a->error);
}

int vgpu_ring_monotonic(const struct vgpu_ring *ring, uint64_t counter, struct vgpu_ring_time *out)
{
	const struct reader_line *line;
	const struct vgpu_anchor *a, *b;
	uint64_t distance, nearest, from_a, from_b;

	memset(out, 0, sizeof(*out));
	if (!ring->anchors_count)
		return -ENODATA;
	if (ring->anchors_count == 1) {
		from_one(ring, counter, out);
		return 0;
	}
	line = line_at(ring, counter);
	a = line->a;
	b = line->b;
	out->monotonic_ns = on_line(a->monotonic_ns, b->monotonic_ns, a->counter, b->counter, counter);
	from_a = apart(counter, a->counter);
	from_b = apart(counter, b->counter);
	nearest = from_a < from_b ? from_a : from_b;
	distance = scale(nearest, line->ns, line->ticks);
	out->error_ns =
	    add(line->error_ns,
		scale(distance, line->inside ? STEER_INSIDE_PPM : STEER_OUTSIDE_PPM, 1000000));
	if (!line->inside)
		out->error_ns = add(out->error_ns, scale(nearest, line->slope_ns, line->ticks));
	return 0;
}

int vgpu_ring_time(const struct vgpu_ring *ring, uint64_t counter, struct vgpu_ring_time *out)
{
	const struct vgpu_anchor *a, *b;
	int err = vgpu_ring_monotonic(ring, counter, out);

	if (err || ring->anchors_count == 1)
		return err;
	a = line_at(ring, counter)->a;
	b = line_at(ring, counter)->b;
	out->boottime_ns = on_line(a->boottime_ns, b->boottime_ns, a->counter, b->counter, counter);
	out->realtime_ns = on_line(a->realtime_ns, b->realtime_ns, a->counter, b->counter, counter);
	return 0;
}

uint64_t vgpu_ring_duration_ns(const struct vgpu_ring *ring, uint64_t enter, uint64_t leave)
{
	const struct reader_line *line;

	if (leave <= enter)
		return 0;
	if (ring->arena.counter == VGPU_COUNTER_MONOTONIC)
		return leave - enter;
	if (ring->anchors_count < 2)
		return ring->anchors_count ? (leave - enter) / 3 : 0;
	line = line_at(ring, enter);
	return scale(leave - enter, line->ns, line->ticks);
}

double vgpu_ring_tick_ns(const struct vgpu_ring *ring, uint64_t counter)
{
	const struct reader_line *line;

	if (ring->arena.counter == VGPU_COUNTER_MONOTONIC)
		return 1;
	if (ring->anchors_count < 2)
		return ring->anchors_count ? 1.0 / 3 : 0;
	line = line_at(ring, counter);
	return line->ticks ? (double)line->ns / (double)line->ticks : 0;
}
