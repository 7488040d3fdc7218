// SPDX-License-Identifier: Apache-2.0
/* One call seen by two observers becomes one event with two witnesses. */
#include "tracer/model/merge.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shim/api/schema.h"
#include "tracer/model/copy.h"

/* A ring may be found this long after its first call was made. */
#define SLACK_NS UINT64_C(250000000)
/* What the two clocks may differ by beyond the stated error. */
#define ERROR_NS UINT64_C(1000)
/* And early in a process's life, before the ring's clock has its first anchors. */
#define EARLY_NS UINT64_C(2000000)
#define BUCKETS	 1024u
/* The distance of ordinals is doubted after so many calls in turn that fit but for it. */
#define DOUBTS_MAX 8

enum side { RING, KERNEL, SIDES };

struct item {
	struct item *next;       /* in the order of arrival */
	struct item *later;      /* of the same thread and side, waiting */
	struct vgpu_event *event;
	struct thread *thread;   /* while it waits; NULL: it may go */
	uint64_t leave_ns;
};

struct thread {
	struct thread *next; /* in its bucket */
	uint32_t process;
	int32_t tid;
	uint32_t number;     /* that the ring gave it, 0: none yet */
	bool paired;         /* distance is known */
	uint8_t doubts;
	int64_t distance;    /* ring's ordinal less the kernel's, of the last pair */
	struct item *waiting[SIDES], **end[SIDES];
};

/* A library of ours that is probed. */
struct probed {
	char *path;
	uint32_t library;
	uint64_t since_ns;
};

struct vgpu_merge {
	struct vgpu_sink sink;
	struct vgpu_stream *to;
	struct item *first, **last;
	struct thread *bucket[BUCKETS];
	struct probed *probed;
	unsigned probed_count;
	uint64_t complete_ns[SIDES];
	struct vgpu_merge_counts counts;
	uint8_t told[VGPU_LIBRARIES + 1][2048 / 8]; /* functions whose difference was reported */
};

static const struct vgpu_sink_ops merge_ops;

int vgpu_merge_open(struct vgpu_merge **out, struct vgpu_stream *to)
{
	struct vgpu_merge *merge = calloc(1, sizeof(*merge));

	if (!merge)
		return -ENOMEM;
	merge->sink.ops = &merge_ops;
	merge->to = to;
	merge->last = &merge->first;
	*out = merge;
	return 0;
}

struct vgpu_sink *vgpu_merge_sink(struct vgpu_merge *merge)
{
	return &merge->sink;
}

void vgpu_merge_counts(const struct vgpu_merge *merge, struct vgpu_merge_counts *out)
{
	*out = merge->counts;
}

void vgpu_merge_format(const struct vgpu_merge *merge, struct vgpu_text *out)
{
	const struct vgpu_merge_counts *counts = &merge->counts;

	if (!counts->both && !counts->ring_only && !counts->kernel_only)
		return;
	vgpu_text_puts(out, "witnesses: ");
	vgpu_text_count(out, counts->both);
	vgpu_text_puts(out, counts->both == 1 ? " call seen by ring and kernel, " : " calls seen by ring and kernel, ");
	vgpu_text_count(out, counts->ring_only);
	vgpu_text_puts(out, " by the ring only, ");
	vgpu_text_count(out, counts->kernel_only);
	vgpu_text_puts(out, " by the kernel only");
	if (counts->different)
		vgpu_text_printf(out, "; of %" PRIu64 " THEY SAW DIFFERENT VALUES", counts->different);
	vgpu_text_puts(out, "\n");
}

static void item_free(struct item *item)
{
	free(item->event);
	free(item);
}

void vgpu_merge_close(struct vgpu_merge *merge)
{
	if (!merge)
		return;
	for (struct item *item = merge->first, *next; item; item = next) {
		next = item->next;
		item_free(item);
	}
	for (unsigned i = 0; i < BUCKETS; i++)
		for (struct thread *thread = merge->bucket[i], *next; thread; thread = next) {
			next = thread->next;
			free(thread);
		}
	for (unsigned i = 0; i < merge->probed_count; i++)
		free(merge->probed[i].path);
	free(merge->probed);
	free(merge);
}

/* ---- threads ---- */

static struct thread **bucket_of(struct vgpu_merge *merge, uint32_t process, int32_t tid)
{
	return &merge->bucket[(process * 31 + (uint32_t)tid) % BUCKETS];
}

static struct thread *thread_find(struct vgpu_merge *merge, uint32_t process, int32_t tid)
{
	struct thread *thread = *bucket_of(merge, process, tid);

	while (thread && (thread->process != process || thread->tid != tid))
		thread = thread->next;
	return thread;
}

static struct thread *thread_get(struct vgpu_merge *merge, uint32_t process, int32_t tid)
{
	struct thread *thread = thread_find(merge, process, tid), **bucket;

	if (thread)
		return thread;
	thread = calloc(1, sizeof(*thread));
	if (!thread)
		return NULL;
	thread->process = process;
	thread->tid = tid;
	for (int side = 0; side < SIDES; side++)
		thread->end[side] = &thread->waiting[side];
	bucket = bucket_of(merge, process, tid);
	thread->next = *bucket;
	*bucket = thread;
	return thread;
}

/* Those of a process that ended; nothing of it is waiting. */
static void forget_threads(struct vgpu_merge *merge, uint32_t process)
{
	for (unsigned i = 0; i < BUCKETS; i++)
		for (struct thread **at = &merge->bucket[i], *thread = *at; thread; thread = *at) {
			if (thread->process == process && !thread->waiting[RING] && !thread->waiting[KERNEL]) {
				*at = thread->next;
				free(thread);
			} else {
				at = &thread->next;
			}
		}
}

static enum side side_of(const struct vgpu_event *event)
{
	return event->observer & VGPU_OBSERVER_KERNEL ? KERNEL : RING;
}

/*
 * Those that had left before `before_ns` stay without a second witness. Each observer tells a thread's calls in
 * the order in which they left, but for those of one look at it, which come in the order of entry.
 */
static void resign(struct vgpu_merge *merge, struct thread *thread, enum side side, uint64_t before_ns)
{
	struct item **at = &thread->waiting[side], *item;

	while ((item = *at) != NULL) {
		if (item->event->kind == VGPU_EVENT_PENDING || item->leave_ns >= before_ns) {
			at = &item->later;
			continue;
		}
		*at = item->later;
		item->thread = NULL;
		merge->counts.ring_only += side == RING;
		merge->counts.kernel_only += side == KERNEL;
	}
	thread->end[side] = at;
}

/* It waits no longer. */
static void unlist(struct item *item)
{
	struct thread *thread = item->thread;
	enum side side = side_of(item->event);
	struct item **at = &thread->waiting[side];

	while (*at != item)
		at = &(*at)->later;
	*at = item->later;
	if (!*at)
		thread->end[side] = at;
	item->thread = NULL;
}

/* ---- out ---- */

static void put(struct vgpu_merge *merge, struct vgpu_event *event)
{
	struct thread *thread;

	/* A thread has one number, whoever saw its call. */
	if ((event->kind == VGPU_EVENT_CALL || event->kind == VGPU_EVENT_PENDING) &&
	    event->observer == VGPU_OBSERVER_KERNEL) {
		thread = thread_find(merge, event->process, event->tid);
		if (thread && thread->number)
			event->call.thread = thread->number;
	}
	vgpu_stream_emit(merge->to, event);
	if (event->kind == VGPU_EVENT_EXIT)
		forget_threads(merge, event->process);
}

static void hand_out(struct vgpu_merge *merge, bool all)
{
	struct item *item;

	while ((item = merge->first) != NULL) {
		if (item->thread) {
			enum side side = side_of(item->event);

			if (!all && item->leave_ns + SLACK_NS >= merge->complete_ns[side == RING ? KERNEL : RING])
				return;
			merge->counts.ring_only += side == RING;
			merge->counts.kernel_only += side == KERNEL;
			unlist(item);
		}
		merge->first = item->next;
		if (!merge->first)
			merge->last = &merge->first;
		put(merge, item->event);
		item_free(item);
	}
}

void vgpu_merge_complete(struct vgpu_merge *merge, uint32_t observer, uint64_t ns)
{
	merge->complete_ns[observer == VGPU_OBSERVER_KERNEL ? KERNEL : RING] = ns;
	hand_out(merge, false);
}

/* ---- two of one ---- */

static uint64_t leave_of(const struct vgpu_event *event)
{
	return event->time_ns + event->call.duration_ns;
}

static bool same_call(const struct vgpu_event *a, const struct vgpu_event *b)
{
	return a->kind == b->kind && a->call.function == b->call.function && a->call.sp == b->call.sp &&
	       a->call.ended == b->call.ended;
}

/*
 * The kernel's probe is passed before the ring's clock is read, and again after: by how many ns the
 * ring's call is not within the kernel's.
 */
static uint64_t outside(const struct vgpu_event *ring, const struct vgpu_event *kernel)
{
	uint64_t sum = kernel->time_ns > ring->time_ns ? kernel->time_ns - ring->time_ns : 0;

	if (ring->kind == VGPU_EVENT_PENDING || kernel->call.flags & VGPU_CALL_UNWOUND)
		return sum;
	return sum + (leave_of(ring) > leave_of(kernel) ? leave_of(ring) - leave_of(kernel) : 0);
}

static bool values_differ(const struct vgpu_event_call *ring, const struct vgpu_event_call *kernel)
{
	const struct vgpu_function *function = vgpu_function_find(ring->function);
	const struct vgpu_blob *blob, *other;
	size_t at = 0;

	if (ring->result && ring->result != kernel->result)
		return true;
	for (uint32_t i = 0; function && i < function->nparams && i < ring->args.count && i < kernel->args.count; i++)
		/* Vector registers are not to be seen from a probe. */
		if (function->params[i].type->kind != VGPU_TYPE_FLOAT &&
		    ring->args.words[i] != kernel->args.words[i])
			return true;
	while ((blob = vgpu_event_blob(ring, &at))) {
		if (blob->flags & VGPU_BLOB_ABSENT || blob->param >= VGPU_ARGS_MAX)
			continue;
		other = vgpu_event_find_blob(kernel, blob->param, blob->flags & (VGPU_BLOB_IN | VGPU_BLOB_OUT));
		if (other && !(other->flags & VGPU_BLOB_ABSENT) &&
		    memcmp(blob + 1, other + 1, blob->size < other->size ? blob->size : other->size))
			return true;
	}
	return false;
}

static struct item *find_pair(struct thread *thread, const struct vgpu_event *event)
{
	enum side side = side_of(event);
	struct item *item, *best = NULL;
	uint64_t least = UINT64_MAX;

	for (item = thread->waiting[!side]; item; item = item->later) {
		const struct vgpu_event *ring = side == RING ? event : item->event;
		const struct vgpu_event *kernel = side == RING ? item->event : event;
		uint64_t miss;

		if (!same_call(ring, kernel))
			continue;
		if (thread->paired && (int64_t)(ring->call.ordinal - kernel->call.ordinal) == thread->distance)
			return item;
		miss = outside(ring, kernel);
		/* Most likely both have watched this thread from its first call. */
		if (!thread->paired && ring->call.ordinal == kernel->call.ordinal && miss < EARLY_NS)
			return item;
		if (miss > ring->time_error_ns + ERROR_NS || miss >= least ||
		    (event->kind == VGPU_EVENT_CALL && values_differ(&ring->call, &kernel->call)))
			continue;
		least = miss;
		best = item;
	}
	if (best && thread->paired && thread->doubts++ < DOUBTS_MAX)
		return NULL;
	return best;
}

/* The two observers contradict each other: one of them is wrong, and the user must know. */
static int add(struct vgpu_merge *merge, const struct vgpu_event *event, struct thread *thread);

static int report(struct vgpu_merge *merge, const struct vgpu_event *ring, uint64_t event_number)
{
	const struct vgpu_function *function = vgpu_function_find(ring->call.function);
	uint32_t library = VGPU_FUNCTION_LIBRARY(ring->call.function), number = VGPU_FUNCTION_NUMBER(ring->call.function);
	struct vgpu_event event = {
		.kind = VGPU_EVENT_OBSERVER,
		.observer = VGPU_OBSERVER_TRACER,
		.process = ring->process,
		.tid = ring->tid,
		.time_ns = ring->time_ns,
		.number = event_number,
		.note = {
			.about = VGPU_OBSERVER_KERNEL,
			.subject = function ? function->name : NULL,
			.text = "the ring and the kernel observer saw different values of this call; the ring's are shown",
		},
	};

	merge->counts.different++;
	if (library > VGPU_LIBRARIES || number >= 2048 || merge->told[library][number / 8] >> number % 8 & 1)
		return 0;
	merge->told[library][number / 8] |= 1u << number % 8;
	return add(merge, &event, NULL);
}

/* The ring's, with what only the kernel knows. */
static struct vgpu_event *unite(const struct vgpu_event *ring, const struct vgpu_event *kernel, uint64_t number)
{
	struct vgpu_event event = *ring;

	event.observer |= kernel->observer;
	event.number = number;
	event.call.depth = kernel->call.depth;
	event.call.object = kernel->call.object;
	event.call.frames = kernel->call.frames;
	/* Under a return probe the program itself sees the probe's trampoline, and not beyond. */
	if (kernel->call.caller && event.call.stack.count && event.call.stack.words[0] != kernel->call.caller)
		event.call.stack = (struct vgpu_words){ 0 };
	if (kernel->call.stack.count > event.call.stack.count) {
		event.call.stack = kernel->call.stack;
		event.call.stack_end = kernel->call.stack_end;
	}
	if (kernel->call.caller) {
		event.call.caller = kernel->call.caller;
		event.call.flags &= ~VGPU_CALL_CALLER_HIDDEN;
	}
	if (event.kind == VGPU_EVENT_PENDING && !event.call.text) {
		event.call.text = kernel->call.text;
		event.call.text_param = kernel->call.text_param;
	}
	return vgpu_event_copy(&event);
}

static int add(struct vgpu_merge *merge, const struct vgpu_event *event, struct thread *thread)
{
	struct item *item = calloc(1, sizeof(*item));

	if (item)
		item->event = vgpu_event_copy(event);
	if (!item || !item->event) {
		free(item);
		return -ENOMEM;
	}
	*merge->last = item;
	merge->last = &item->next;
	if (thread) {
		enum side side = side_of(event);

		item->thread = thread;
		item->leave_ns = leave_of(event);
		*thread->end[side] = item;
		thread->end[side] = &item->later;
	}
	return 0;
}

static int add_call(struct vgpu_merge *merge, const struct vgpu_event *event)
{
	struct thread *thread = thread_get(merge, event->process, event->tid);
	struct item *pair = thread ? find_pair(thread, event) : NULL;
	enum side side = side_of(event);
	const struct vgpu_event *ring, *kernel;
	struct vgpu_event *both;

	if (!thread)
		return -ENOMEM;
	if (side == RING)
		thread->number = event->call.thread;
	if (!pair)
		return add(merge, event, thread);
	ring = side == RING ? event : pair->event;
	kernel = side == RING ? pair->event : event;
	both = unite(ring, kernel, pair->event->number);
	if (!both)
		return -ENOMEM;
	/* The number of the second of the two is free now. */
	if (event->kind == VGPU_EVENT_CALL && values_differ(&ring->call, &kernel->call) &&
	    report(merge, ring, event->number)) {
		free(both);
		return -ENOMEM;
	}
	thread->paired = true;
	thread->doubts = 0;
	thread->distance = ring->call.ordinal - kernel->call.ordinal;
	merge->counts.both++;
	unlist(pair);
	resign(merge, thread, RING, ring->time_ns);
	resign(merge, thread, KERNEL, kernel->time_ns);
	free(pair->event);
	pair->event = both;
	return 0;
}

/* ---- in ---- */

static int add_probed(struct vgpu_merge *merge, const struct vgpu_event *event)
{
	struct probed *grown = realloc(merge->probed, (merge->probed_count + 1) * sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	merge->probed = grown;
	grown += merge->probed_count;
	*grown = (struct probed){
		.path = strdup(event->probes.path ? event->probes.path : ""),
		.library = event->probes.ours,
		.since_ns = event->time_ns,
	};
	if (!grown->path)
		return -ENOMEM;
	merge->probed_count++;
	/* From here on the kernel counts its functions, too. */
	for (unsigned i = 0; i < BUCKETS; i++)
		for (struct thread *thread = merge->bucket[i]; thread; thread = thread->next)
			thread->paired = false;
	return 0;
}

/* The other observer may have seen it as well. */
static bool may_pair(const struct vgpu_merge *merge, const struct vgpu_event *event)
{
	if (event->kind == VGPU_EVENT_PENDING && !event->call.ended)
		return false;
	for (unsigned i = 0; i < merge->probed_count; i++) {
		const struct probed *probed = &merge->probed[i];

		if (probed->library != VGPU_FUNCTION_LIBRARY(event->call.function))
			continue;
		if (event->observer & VGPU_OBSERVER_KERNEL ? event->call.object && !strcmp(event->call.object, probed->path)
							   : leave_of(event) >= probed->since_ns ||
								     event->kind == VGPU_EVENT_PENDING)
			return true;
	}
	return false;
}

static int merge_event(struct vgpu_sink *sink, const struct vgpu_event *event)
{
	struct vgpu_merge *merge = (struct vgpu_merge *)sink;
	bool call = event->kind == VGPU_EVENT_CALL || event->kind == VGPU_EVENT_PENDING;
	int err = 0;

	if (event->kind == VGPU_EVENT_PROBES && event->probes.ours)
		err = add_probed(merge, event);
	if (!err)
		err = call && may_pair(merge, event) ? add_call(merge, event) : add(merge, event, NULL);
	hand_out(merge, false);
	return err;
}

static int merge_end(struct vgpu_sink *sink)
{
	struct vgpu_merge *merge = (struct vgpu_merge *)sink;

	hand_out(merge, true);
	vgpu_stream_end(merge->to);
	return 0;
}

static const struct vgpu_sink_ops merge_ops = { .event = merge_event, .end = merge_end };
