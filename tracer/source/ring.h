/* SPDX-License-Identifier: Apache-2.0 */
/* Rings as a source: finds those of a session or of a process, turns their records into events. */
#ifndef VGPU_SOURCE_RING_H
#define VGPU_SOURCE_RING_H

#include <stdbool.h>
#include <stdint.h>

#include "tracer/model/stream.h"
#include "tracer/source/roster.h"

struct vgpu_rings;

struct vgpu_rings_options {
	struct vgpu_roster *roster;
	const char *session;     /* only rings of this session are taken from directories; NULL: any */
	uint64_t since;          /* rings of processes started before are passed over; clock ticks since boot */
	uint64_t pending_ns;     /* report calls that have been in flight for this long; 0: all at once */
	/* Others follow the processes, and may be behind: let them be the first to say that one ended. */
	bool patient;
	/* A ring of a process that the roster lacks was found: whoever follows processes may be behind. May be NULL. */
	void (*unknown)(void *data);
	void *data;
	bool remove;             /* remove a ring's file once its process is gone and it was read to the end */
};

/* options->roster and ->session are kept, not copied. */
int vgpu_rings_open(struct vgpu_rings **out, const struct vgpu_rings_options *options);
void vgpu_rings_close(struct vgpu_rings *rings); /* takes NULL */

/* One ring by its file. 0, -EALREADY, or -errno as vgpu_ring_open_file. */
int vgpu_rings_add_file(struct vgpu_rings *rings, const char *path, struct vgpu_stream *stream);
/* The rings that a live process maps. Returns how many were new, or -errno of the last that failed. */
int vgpu_rings_add_process(struct vgpu_rings *rings, pid_t pid, struct vgpu_stream *stream);
/*
 * All of the session in a directory that are not known yet; ns_pid: only of that process, 0: of all;
 * start: in clock ticks, 0: not known, and another process of that number may be taken for it.
 * `force`: also when the directory seems unchanged.
 */
void vgpu_rings_scan(struct vgpu_rings *rings, const char *directory, int32_t ns_pid, uint64_t start, bool force,
		     struct vgpu_stream *stream);

/* Emits what is new, in the order of time over all rings. Returns how many events, or -ENOMEM. */
int vgpu_rings_poll(struct vgpu_rings *rings, struct vgpu_stream *stream);
/*
 * A process is gone: reads its rings to the end, emits the calls it died in and the losses, closes
 * them and removes their files. number 0: all rings, of live processes too (those are neither
 * reported dead nor removed).
 */
void vgpu_rings_finish(struct vgpu_rings *rings, uint32_t number, struct vgpu_stream *stream);
/* Rings whose processes nobody follows: finishes those that are gone, and emits their EXIT. */
void vgpu_rings_reap(struct vgpu_rings *rings, struct vgpu_stream *stream);

/* Whether a ring of this observer (enum vgpu_observer) was found so far. */
bool vgpu_rings_observer(const struct vgpu_rings *rings, uint32_t observer);
/* Emits what every open ring has lost up to now, where that is more than was said before. */
void vgpu_rings_losses(struct vgpu_rings *rings, struct vgpu_stream *stream);

unsigned vgpu_rings_count(const struct vgpu_rings *rings); /* open now */
uint64_t vgpu_rings_calls(const struct vgpu_rings *rings); /* emitted so far */
/* Rings that were found and could not be opened, and the last reason (-errno). */
unsigned vgpu_rings_unreadable(const struct vgpu_rings *rings, int *error);

/*
 * Where rings of `uid` fall back to: $XDG_RUNTIME_DIR/vgpu-trace ("" where it is not set) and
 * /dev/shm/vgpu-trace-UID. false: index past the last.
 */
bool vgpu_rings_place(unsigned index, uint32_t uid, char *path, size_t size);

#endif
