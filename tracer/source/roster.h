/* SPDX-License-Identifier: Apache-2.0 */
/* Gives every process its number in the stream, whichever source meets it first. */
#ifndef VGPU_SOURCE_ROSTER_H
#define VGPU_SOURCE_ROSTER_H

#include <stdbool.h>
#include <stdint.h>

#include "tracer/model/stream.h"
#include "tracer/source/proc.h"

struct vgpu_known {
	struct vgpu_known *next; /* in the roster's order */
	uint32_t number;
	int32_t pid;         /* in our namespace; 0: not visible from it */
	int32_t ns_pid;
	uint64_t start_time; /* 0: not known (gone before we could look) */
	uint64_t pid_ns;
	uint32_t execs;
	uint64_t start_ns;
	bool in_session;
	bool followed; /* the process observer watches it, and says when it ends */
	bool ended;
	bool gone; /* was seen to be gone, once; see vgpu_rings_reap */
	/* the process observer's */
	uint32_t presence; /* enum vgpu_presence */
	uint32_t libraries;
	uint32_t looks;
	uint64_t last_look_ns;
	uint64_t next_look_ns;
	const char *why; /* static text */
	char comm[64];
	uint32_t shape;  /* of its command line, to notice an exec */
	bool has_ring;
	uint64_t exec_ns; /* when it last became another program, by the process observer; 0: not since it is followed */
	uint32_t again;   /* times that the auditor executed the same program again: no news to anyone */
	uint64_t link_ns; /* when its latest ring of the link observer began, 0: there is none */
	const char *link_why; /* why it cannot be, where that is known; static text */
	uint32_t family; /* number of the process that executed the program it runs: its own, or what it was forked from */
	/* Programs it became, as each observer counted them: who is first says so, the others keep silent. */
	uint32_t execs_followed, execs_kernel;
};

struct vgpu_roster;

int vgpu_roster_open(struct vgpu_roster **out);
void vgpu_roster_close(struct vgpu_roster *roster); /* takes NULL */
struct vgpu_known *vgpu_roster_first(const struct vgpu_roster *roster);

/* One that has not ended, by its pid in our namespace; NULL. */
struct vgpu_known *vgpu_roster_live(const struct vgpu_roster *roster, int32_t pid);
/*
 * By what its ring says: pid in its own namespace, start time, namespace (0: any). start_time 0
 * never matches. Ended ones too.
 */
struct vgpu_known *vgpu_roster_find(const struct vgpu_roster *roster, int32_t ns_pid, uint64_t start_time,
				    uint64_t pid_ns);
/* One that only its ring told of, by its pid; ended ones too; the latest. NULL. */
struct vgpu_known *vgpu_roster_unfollowed(const struct vgpu_roster *roster, int32_t pid);
/* A new one, with the next number; NULL: no memory. The roster owns it. */
struct vgpu_known *vgpu_roster_add(struct vgpu_roster *roster);

/*
 * Emits START (or, after an exec, EXEC) from what /proc said; also fills in what `known` lacks.
 * witness says how it was noticed.
 */
void vgpu_roster_emit(struct vgpu_roster *roster, struct vgpu_known *known, const struct vgpu_proc *proc,
		      uint32_t kind, uint64_t time_ns, uint32_t observer, const char *witness,
		      struct vgpu_stream *stream);

/* The last number given to a thread: whoever meets a new one takes the next. */
uint32_t *vgpu_roster_threads(struct vgpu_roster *roster);
/* Before the first process: a stream that goes on has given these numbers already. */
void vgpu_roster_start(struct vgpu_roster *roster, uint32_t processes, uint32_t threads);

/* /proc/sys/kernel/random/boot_id, zero when not readable. */
void vgpu_boot_id(uint8_t out[16]);

#endif
