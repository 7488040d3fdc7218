// SPDX-License-Identifier: Apache-2.0
/* Compares two stories: process by process, thread by thread, call by call; and says what follows from what. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tracer/diff/story.h"

/* ---- who stands for whom ---- */

struct twin {
	uint64_t from, to;
	uint32_t place;
};

struct twins {
	struct twin *table; /* a power of two; from 0: empty */
	uint32_t mask, count;
};

static struct twin *twin_at(const struct twins *twins, uint64_t from)
{
	uint64_t at = from * UINT64_C(0x9e3779b97f4a7c15) >> 32;

	while (twins->table[at & twins->mask].from && twins->table[at & twins->mask].from != from)
		at++;
	return &twins->table[at & twins->mask];
}

static uint64_t twin_of(const struct twins *twins, uint64_t from)
{
	return twins->table ? twin_at(twins, from)->to : 0;
}

static bool twin_set(struct twins *twins, uint64_t from, uint64_t to)
{
	struct twin *at;

	if (!twins->table || (twins->count + 1) * 2 > twins->mask) {
		struct twins grown = { .mask = twins->table ? twins->mask * 2 + 1 : 255 };

		grown.table = calloc((size_t)grown.mask + 1, sizeof(*grown.table));
		if (!grown.table)
			return false;
		for (uint32_t i = 0; twins->table && i <= twins->mask; i++)
			if (twins->table[i].from)
				*twin_at(&grown, twins->table[i].from) = twins->table[i];
		grown.count = twins->count;
		free(twins->table);
		*twins = grown;
	}
	at = twin_at(twins, from);
	twins->count += !at->from;
	at->from = from;
	at->to = to;
	return true;
}

/* ---- one pair of processes ---- */

/* Two calls that stand for each other. */
struct pair {
	const struct story_item *a, *b;
	uint32_t thread, sequence;
};

/* Depths of a thread's items, those of both traces in one order. */
struct line {
	uint32_t thread;
	uint8_t *depth;
	uint32_t count;
};

struct comparison {
	const struct story *a, *b;
	const struct story_process *pa, *pb;
	struct differences *out;
	uint32_t first; /* of this process's in out */
	struct pair *pairs;
	uint32_t pair_count, pair_room;
	struct line *lines;
	uint32_t line_count;
	struct twins a_to_b, b_to_a;
	bool no_memory;
};

static struct difference *add(struct comparison *c, enum difference_kind kind)
{
	static struct difference nobody;
	struct differences *out = c->out;

	if (out->count == out->room) {
		uint32_t room = out->room ? out->room * 2 : 64;
		void *grown = realloc(out->list, room * sizeof(*out->list));

		if (!grown) {
			c->no_memory = true;
			return &nobody;
		}
		out->list = grown;
		out->room = room;
	}
	out->list[out->count] = (struct difference){ .kind = kind, .process_a = c->pa ? c->pa->number : 0,
						     .process_b = c->pb ? c->pb->number : 0 };
	return &out->list[out->count++];
}

static void add_pair(struct comparison *c, const struct pair *pair)
{
	if (c->pair_count == c->pair_room) {
		uint32_t room = c->pair_room ? c->pair_room * 2 : 1024;
		void *grown = realloc(c->pairs, room * sizeof(*c->pairs));

		if (!grown) {
			c->no_memory = true;
			return;
		}
		c->pairs = grown;
		c->pair_room = room;
	}
	c->pairs[c->pair_count++] = *pair;
}

static void add_single(struct comparison *c, enum difference_kind kind, const struct story_item *item, uint32_t thread,
		       uint32_t sequence, uint64_t time_ns)
{
	struct difference *d = add(c, kind);

	d->a = kind == DIFFERENCE_ONLY_A ? item->number : 0;
	d->b = kind == DIFFERENCE_ONLY_B ? item->number : 0;
	d->depth = item->depth;
	d->thread = thread;
	d->sequence = sequence;
	d->time_ns = time_ns;
}

static void compare_thread(struct comparison *c, const struct story_thread *a, const struct story_thread *b)
{
	int64_t *match = malloc((a->count + 1) * sizeof(*match));
	struct line *lines = realloc(c->lines, (c->line_count + 1) * sizeof(*lines)), *line;
	uint32_t a_apart, b_apart, i = 0, k = 0;
	uint64_t time_ns = a->count ? a->items[0].time_ns : 0;

	if (lines)
		c->lines = lines;
	if (!match || !lines || vgpu_story_align(a->items, a->count, b->items, b->count, match, &a_apart, &b_apart)) {
		c->no_memory = true;
		free(match);
		return;
	}
	line = &c->lines[c->line_count++];
	*line = (struct line){ a->number, malloc((size_t)a->count + b->count + 1), 0 };
	if (!line->depth)
		c->no_memory = true;
	while (!c->no_memory && (i < a_apart || k < b_apart)) {
		uint32_t sequence = line->count;

		if (i < a_apart && match[i] < 0) {
			time_ns = a->items[i].time_ns;
			line->depth[line->count++] = a->items[i].depth;
			add_single(c, DIFFERENCE_ONLY_A, &a->items[i++], a->number, sequence, time_ns);
		} else if (k < b_apart && (i == a_apart || k < match[i])) {
			line->depth[line->count++] = b->items[k].depth;
			add_single(c, DIFFERENCE_ONLY_B, &b->items[k++], a->number, sequence, time_ns);
		} else {
			time_ns = a->items[i].time_ns;
			line->depth[line->count++] = a->items[i].depth;
			add_pair(c, &(struct pair){ &a->items[i++], &b->items[k++], a->number, sequence });
		}
	}
	if (!c->no_memory && (a_apart < a->count || b_apart < b->count)) {
		struct difference *d = add(c, DIFFERENCE_APART);

		d->a = a_apart < a->count ? a->items[a_apart].number : 0;
		d->b = b_apart < b->count ? b->items[b_apart].number : 0;
		d->count = (uint64_t)(a->count - a_apart) + (b->count - b_apart);
		d->thread = a->number;
		d->sequence = line->count;
		d->time_ns = time_ns;
	}
	free(match);
}

/* Whether the handles of two calls are the same ones; new ones become each other's twins. */
static bool same_identities(struct comparison *c, const struct story_item *a, const struct story_item *b)
{
	const struct story_identity *x = c->a->identities + a->identity, *y = c->b->identities + b->identity;
	bool same = a->identities == b->identities;

	for (uint16_t i = 0; same && i < a->identities; i++) {
		uint64_t twin = twin_of(&c->a_to_b, x[i].value), back = twin_of(&c->b_to_a, y[i].value);

		if (x[i].place != y[i].place)
			return false;
		/* What comes back may be an old number for somebody new. */
		if (!(x[i].flags & STORY_IDENTITY_OUT) && (twin || back) && (twin != y[i].value || back != x[i].value)) {
			same = false;
			break;
		}
		if (!twin_set(&c->a_to_b, x[i].value, y[i].value) || !twin_set(&c->b_to_a, y[i].value, x[i].value))
			c->no_memory = true;
	}
	return same;
}

static int by_time(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;

	if (x->a->time_ns != y->a->time_ns)
		return x->a->time_ns < y->a->time_ns ? -1 : 1;
	if (x->thread != y->thread)
		return x->thread < y->thread ? -1 : 1;
	return x->sequence < y->sequence ? -1 : x->sequence > y->sequence;
}

static void compare_pairs(struct comparison *c)
{
	qsort(c->pairs, c->pair_count, sizeof(*c->pairs), by_time);
	for (uint32_t i = 0; i < c->pair_count && !c->no_memory; i++) {
		const struct pair *pair = &c->pairs[i];
		bool same = same_identities(c, pair->a, pair->b);
		enum difference_kind kind = DIFFERENCES;
		struct difference *d;

		if (pair->a->unfinished != pair->b->unfinished)
			kind = DIFFERENCE_UNFINISHED;
		else if (pair->a->unfinished)
			continue;
		else if (pair->a->result != pair->b->result)
			kind = DIFFERENCE_RESULT;
		else if (pair->a->plain != pair->b->plain)
			kind = DIFFERENCE_VALUE;
		else if (!same)
			kind = DIFFERENCE_IDENTITY;
		if (kind == DIFFERENCES)
			continue;
		d = add(c, kind);
		d->a = pair->a->number;
		d->b = pair->b->number;
		d->depth = pair->a->depth;
		d->thread = pair->thread;
		d->sequence = pair->sequence;
		d->time_ns = pair->a->time_ns;
	}
}

static void compare_exits(struct comparison *c)
{
	const struct vgpu_model_process *a = vgpu_model_process(c->a->model, c->pa->number);
	const struct vgpu_model_process *b = vgpu_model_process(c->b->model, c->pb->number);
	struct difference *d;

	/* What was not seen is no difference. */
	if (!a || !b || !a->ended || !b->ended || a->exit.how == VGPU_EXIT_SEEN || b->exit.how == VGPU_EXIT_SEEN ||
	    (a->exit.how == b->exit.how && a->exit.status == b->exit.status))
		return;
	d = add(c, DIFFERENCE_EXIT);
	d->time_ns = a->end_ns;
	d->thread = UINT32_MAX;
	d->sequence = UINT32_MAX;
}

static const struct story_thread *thread_of(const struct story_process *process, const char *role)
{
	for (uint32_t i = 0; i < process->count; i++)
		if (!strcmp(process->threads[i].role, role))
			return &process->threads[i];
	return NULL;
}

static void compare_threads(struct comparison *c)
{
	static const struct story_thread nothing;

	for (uint32_t t = 0; t < c->pa->count; t++) {
		const struct story_thread *a = &c->pa->threads[t], *b = thread_of(c->pb, a->role);

		/* What the linker refused in one trace alone is told line by line. */
		if (b || !a->number) {
			compare_thread(c, a, b ? b : &nothing);
		} else {
			struct difference *d = add(c, DIFFERENCE_THREAD_A);

			d->count = a->count;
			d->thread = a->number;
			d->a = a->count ? a->items[0].number : 0;
			d->time_ns = a->count ? a->items[0].time_ns : 0;
		}
	}
	for (uint32_t t = 0; t < c->pb->count; t++) {
		const struct story_thread *b = &c->pb->threads[t];
		struct difference *d;

		if (thread_of(c->pa, b->role))
			continue;
		if (!b->number) {
			compare_thread(c, &nothing, b);
			continue;
		}
		d = add(c, DIFFERENCE_THREAD_B);
		d->count = b->count;
		d->thread = UINT32_MAX - 1 - b->number;
		d->b = b->count ? b->items[0].number : 0;
		d->time_ns = UINT64_MAX;
	}
}

/* ---- what follows from what ---- */

static int in_order(const void *a, const void *b)
{
	const struct difference *x = a, *y = b;

	if (x->time_ns != y->time_ns)
		return x->time_ns < y->time_ns ? -1 : 1;
	if (x->thread != y->thread)
		return x->thread < y->thread ? -1 : 1;
	return x->sequence < y->sequence ? -1 : x->sequence > y->sequence;
}

/* Whether y was called by x. */
static bool inside(const struct comparison *c, const struct difference *y, const struct difference *x)
{
	const struct line *line = NULL;

	if (y->thread != x->thread || y->sequence <= x->sequence || y->depth <= x->depth)
		return false;
	for (uint32_t i = 0; i < c->line_count; i++)
		if (c->lines[i].thread == x->thread)
			line = &c->lines[i];
	for (uint32_t at = x->sequence + 1; line && at < line->count && at < y->sequence; at++)
		if (line->depth[at] <= x->depth)
			return false;
	return line != NULL;
}

/*
 * The first one stands by itself, unless something that it called is different: then that does. All
 * others of the process come after it, and may follow from it.
 */
static void find_cause(struct comparison *c)
{
	struct difference *list = c->out->list + c->first;
	uint32_t count = c->out->count - c->first, cause = 0;

	if (!count)
		return;
	qsort(list, count, sizeof(*list), in_order);
	for (uint32_t i = 0; i < count; i++)
		if (inside(c, &list[i], &list[cause]))
			cause = i;
	for (uint32_t i = 0; i < count; i++)
		list[i].follows = i == cause ? 0 : c->first + cause + 1;
}

static bool descends(const struct vgpu_model *model, uint32_t child, uint32_t ancestor)
{
	for (unsigned depth = 0; child && depth < 64; depth++) {
		const struct vgpu_model_process *process = vgpu_model_process(model, child);

		if (child == ancestor)
			return true;
		child = process ? process->parent : 0;
	}
	return false;
}

static bool related(const struct story *a, const struct story *b, const struct difference *x, const struct difference *y)
{
	if (x->process_a && y->process_a)
		return descends(a->model, x->process_a, y->process_a) || descends(a->model, y->process_a, x->process_a);
	return x->process_b && y->process_b &&
	       (descends(b->model, x->process_b, y->process_b) || descends(b->model, y->process_b, x->process_b));
}

/* A parent's difference may follow from its child's, and the other way round: the earlier one stands by itself. */
static void link_processes(const struct story *a, const struct story *b, struct differences *out)
{
	for (uint32_t i = 0; i < out->count; i++) {
		struct difference *d = &out->list[i];
		uint32_t best = 0;

		if (d->follows)
			continue;
		for (uint32_t k = 0; k < out->count; k++) {
			const struct difference *other = &out->list[k];

			if (k == i || other->follows || !related(a, b, d, other))
				continue;
			if (other->time_ns < d->time_ns || (other->time_ns == d->time_ns && k < i))
				if (!best || other->time_ns < out->list[best - 1].time_ns)
					best = k + 1;
		}
		d->follows = best;
	}
	for (uint32_t i = 0; i < out->count; i++) {
		/* To the end of the chain. */
		while (out->list[i].follows && out->list[out->list[i].follows - 1].follows)
			out->list[i].follows = out->list[out->list[i].follows - 1].follows;
		out->own += !out->list[i].follows;
	}
}

/* ---- the whole ---- */

static int compare_processes(const struct story *a, const struct story *b, const struct story_process *pa,
			     const struct story_process *pb, struct differences *out)
{
	struct comparison c = { .a = a, .b = b, .pa = pa, .pb = pb, .out = out, .first = out->count };

	compare_threads(&c);
	compare_pairs(&c);
	compare_exits(&c);
	if (!c.no_memory)
		find_cause(&c);
	for (uint32_t i = 0; i < c.line_count; i++)
		free(c.lines[i].depth);
	free(c.lines);
	free(c.pairs);
	free(c.a_to_b.table);
	free(c.b_to_a.table);
	return c.no_memory ? -ENOMEM : 0;
}

static const struct story_process *process_of(const struct story *story, const char *role)
{
	for (uint32_t i = 0; i < story->count; i++)
		if (!strcmp(story->processes[i].role, role))
			return &story->processes[i];
	return NULL;
}

static int add_process(const struct story *a, const struct story *b, const struct story_process *pa,
		       const struct story_process *pb, struct differences *out)
{
	struct comparison c = { .a = a, .b = b, .pa = pa, .pb = pb, .out = out };
	struct difference *d = add(&c, pa ? DIFFERENCE_PROCESS_A : DIFFERENCE_PROCESS_B);
	const struct vgpu_model_process *known = vgpu_model_process(pa ? a->model : b->model, pa ? pa->number : pb->number);

	d->count = pa ? pa->calls : pb->calls;
	d->time_ns = pa && known ? known->start_ns : UINT64_MAX;
	return c.no_memory ? -ENOMEM : 0;
}

int vgpu_story_compare(const struct story *a, const struct story *b, struct differences *out)
{
	int err = 0;

	for (uint32_t p = 0; p < a->count && !err; p++) {
		const struct story_process *pa = &a->processes[p], *pb = process_of(b, pa->role);

		/* One that made no call is no part of the story; a short one may not even have been seen. */
		if (pb)
			err = compare_processes(a, b, pa, pb, out);
		else if (pa->calls)
			err = add_process(a, b, pa, NULL, out);
	}
	for (uint32_t p = 0; p < b->count && !err; p++)
		if (b->processes[p].calls && !process_of(a, b->processes[p].role))
			err = add_process(a, b, NULL, &b->processes[p], out);
	if (!err)
		link_processes(a, b, out);
	return err;
}

void vgpu_differences_free(struct differences *differences)
{
	free(differences->list);
	memset(differences, 0, sizeof(*differences));
}
