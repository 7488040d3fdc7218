/* SPDX-License-Identifier: Apache-2.0 */
/* Reads an arena from outside: a live process's, a dead one's file. Trusts nothing in it. */
#ifndef VGPU_RING_READER_H
#define VGPU_RING_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "shim/ring/layout.h"

/*
 * A reader copies (pread or process_vm_readv) and never maps: the traced process may truncate or
 * rewrite its ring at any moment. Every offset, count and size is checked against what was copied;
 * nothing in an arena makes these functions read outside their own memory, loop without end, or
 * return a record whose bytes were not whole. One thread a reader.
 */
struct vgpu_ring;

/* 0 or -errno. -EPROTO: not a ring of ours; -EPROTONOSUPPORT: a core ABI this reader does not know. */
int vgpu_ring_open_file(struct vgpu_ring **out, const char *path);
/* The ring mapped at [base, base + bytes) in a live process, for rings that have no file (memfd). */
int vgpu_ring_open_memory(struct vgpu_ring **out, pid_t pid, uint64_t base, size_t bytes);
void vgpu_ring_close(struct vgpu_ring *ring); /* takes NULL */

/* A mapped ring of a process, as /proc/PID/maps names it. */
struct vgpu_ring_place {
	uint64_t base;
	uint64_t bytes;
	char path[512]; /* as the process sees it; "" for a memfd ring */
};
/*
 * Rings mapped in a process; returns how many there are (at most max are filled in) or -errno. A
 * forked child that made no call yet still maps its parent's ring: compare vgpu_ring_arena()->process.
 */
int vgpu_ring_places(pid_t pid, struct vgpu_ring_place *out, int max);
/* Opens one of them, by file through /proc/PID/root where that works, else by memory. -EPROTO: its header is not written yet. */
int vgpu_ring_open_place(struct vgpu_ring **out, pid_t pid, const struct vgpu_ring_place *place);

/*
 * Copies what is new since the last poll. Returns the number of new events (they are then handed
 * out by vgpu_ring_next), or -errno (-ESRCH: a memory ring whose process is gone). Events keep
 * until the next poll. Cheap when nothing is new.
 */
int vgpu_ring_poll(struct vgpu_ring *ring);

/*
 * For whoever only counts calls that are like others: such a call is counted as read, and not handed
 * out by vgpu_ring_next. During a poll like() is asked for a call and all that it called, each with its
 * record (checked as those handed out are, `bytes` in all); where it says yes to each, count() is called
 * for each, else all are handed out. Calls with a gap before them are not asked for.
 */
struct vgpu_ring_light {
	bool (*like)(void *data, uint32_t thread, const struct vgpu_call_record *call, size_t bytes);
	void (*count)(void *data, uint32_t thread, const struct vgpu_call_record *call, size_t bytes);
	void *data;
	uint64_t least;        /* polls with fewer new calls hand out all of them */
	uint32_t newest_bytes; /* the newest of a thread are handed out in any case: so many bytes */
};
/* From now on; NULL: nobody. Must stay where it is. */
void vgpu_ring_lighten(struct vgpu_ring *ring, const struct vgpu_ring_light *light);

struct vgpu_ring_event {
	uint32_t kind;          /* enum vgpu_record_kind */
	uint32_t thread;        /* identifies the thread within this ring, never reused by another; 0: the process log */
	int32_t tid;
	const char *thread_name;
	union {
		const struct vgpu_call_record *call;
		const struct vgpu_library_record *library;
		const struct vgpu_text_record *text;
		const struct vgpu_gate_record *gate;
		/* kinds 16 to 31, of an arena whose observer is VGPU_OBSERVER_LINK: as shim/audit/layout.h has them */
		const struct vgpu_word *link;
	};
	const uint64_t *args;   /* CALL: call->nargs words */
	const uint8_t *blobs;   /* CALL: iterate with vgpu_ring_blob */
	size_t blob_bytes;
	size_t text_bytes;      /* others: length of the trailing string, which is NUL-terminated */
	size_t record_bytes;    /* of the whole record; link->size8 says the same */
};

/* 1 and *event, 0 when there are no more. Process log first, then calls in the order of entry, over all threads. */
int vgpu_ring_next(struct vgpu_ring *ring, struct vgpu_ring_event *event);

/* Iterates an event's blobs: *at starts at 0. Returns NULL at the end. The data follows the header returned. */
const struct vgpu_blob *vgpu_ring_blob(const struct vgpu_ring_event *event, size_t *at);

/* The header as last copied; strings in it are NUL-terminated, counts are within bounds. */
const struct vgpu_arena *vgpu_ring_arena(const struct vgpu_ring *ring);

/* A call entered and not returned, as of the last poll. */
struct vgpu_ring_pending {
	uint32_t thread;
	int32_t tid;
	const char *thread_name;
	uint32_t depth;
	const struct vgpu_inflight *call; /* text is NUL-terminated */
};
/* 1 and *out for index 0, 1, …; 0 past the last. A call whose record was already read is not pending. */
int vgpu_ring_pending(const struct vgpu_ring *ring, uint32_t index, struct vgpu_ring_pending *out);

struct vgpu_ring_thread {
	uint32_t thread;
	int32_t tid;
	char name[16];
	uint64_t start, end;    /* raw counter; end 0: not known to have ended */
	uint64_t calls;         /* entered */
	uint64_t read;          /* records handed out so far */
	uint64_t dropped, overwritten, unwound;
	uint64_t missed;        /* overwritten before this reader came by; part of overwritten */
};
int vgpu_ring_thread(const struct vgpu_ring *ring, uint32_t index, struct vgpu_ring_thread *out);

/* Everything that was called and is not among the events, in one place. */
struct vgpu_ring_losses {
	uint64_t dropped;          /* no room, or a signal at the wrong moment */
	uint64_t overwritten;      /* before this reader read them */
	uint64_t refused;          /* calls of threads that got no room, or made while starting */
	uint64_t threads_refused;
	uint64_t recycled;         /* records of ended threads whose room was taken, unread */
	uint64_t log_dropped;
	uint64_t stacks_dropped;
};
void vgpu_ring_losses(const struct vgpu_ring *ring, struct vgpu_ring_losses *out);

/* Frames of an interned stack (VGPU_BLOB_STACK); NULL where it is not whole. Valid until the next poll. */
const uint64_t *vgpu_ring_stack(struct vgpu_ring *ring, uint32_t offset, uint32_t *count);

struct vgpu_ring_time {
	uint64_t monotonic_ns;
	uint64_t boottime_ns;
	uint64_t realtime_ns;
	uint64_t error_ns; /* the true time lies within ± this */
};
/* Converts a raw counter through the anchors around it. -ENODATA when there is no anchor. */
int vgpu_ring_time(const struct vgpu_ring *ring, uint64_t counter, struct vgpu_ring_time *out);
/* The same without the other two clocks (0 or of no meaning): for whoever has millions to convert. */
int vgpu_ring_monotonic(const struct vgpu_ring *ring, uint64_t counter, struct vgpu_ring_time *out);
/* The length of [enter, leave] in ns. */
uint64_t vgpu_ring_duration_ns(const struct vgpu_ring *ring, uint64_t enter, uint64_t leave);

/* What a unit of the counter is worth around there. 0: not known. */
double vgpu_ring_tick_ns(const struct vgpu_ring *ring, uint64_t counter);

#endif
