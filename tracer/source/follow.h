/* SPDX-License-Identifier: Apache-2.0 */
/* The process observer: the command and all its descendants, and whether our libraries got into each. */
#ifndef VGPU_SOURCE_FOLLOW_H
#define VGPU_SOURCE_FOLLOW_H

#include <stdbool.h>

#include "tracer/model/stream.h"
#include "tracer/source/roster.h"

struct vgpu_follow;

struct vgpu_follow_options {
	struct vgpu_roster *roster;
	bool look;      /* look into the processes for our libraries */
	bool execs_told; /* another observer says when a process becomes another program: polling need not */
	bool poll_only; /* do not use the kernel's process connector */
	/* Values of which a process's environment must hold one, or it was changed; NULL: not looked for. */
	const char *preload;
	const char *library_path;
	const char *redirect; /* a third one: the auditor, where it puts our libraries in */
	const char *audit;    /* the auditor, NULL: the link observer is off; says where it is not, and why */
	const char *link_dir; /* where the auditor's records lie */
	/* A followed process is about to be reported as ended: whatever it left must be read now. */
	void (*ending)(void *data, struct vgpu_known *known);
	/* It maps one of our libraries, and no ring of it was found yet. */
	void (*mapped)(void *data, struct vgpu_known *known);
	void *data;
};

/* Makes this process the reaper of orphaned descendants. options are copied, what they point to is not. */
int vgpu_follow_open(struct vgpu_follow **out, const struct vgpu_follow_options *options);
void vgpu_follow_close(struct vgpu_follow *follow); /* takes NULL */
/* The command was forked and waits for a sign: it is the root of what is followed. Emits START and COVERAGE. */
int vgpu_follow_start(struct vgpu_follow *follow, pid_t pid, struct vgpu_stream *stream);
/*
 * It was let go at that time, and executes. argv: its command line, for when it is gone before that
 * can be read. Emits EXEC.
 */
void vgpu_follow_executes(struct vgpu_follow *follow, char **argv, uint64_t time_ns, struct vgpu_stream *stream);
/* A descriptor that becomes readable when something happens, -1: poll every few milliseconds. */
int vgpu_follow_fd(const struct vgpu_follow *follow);
void vgpu_follow_poll(struct vgpu_follow *follow, struct vgpu_stream *stream);
/* A child is a zombie and about to be reaped, with that wait status. */
void vgpu_follow_reaping(struct vgpu_follow *follow, pid_t pid, int status, struct vgpu_stream *stream);
/* The recording ends: says what is known of those that still run. Returns how many do. */
unsigned vgpu_follow_finish(struct vgpu_follow *follow, struct vgpu_stream *stream);
/* Followed processes that have not ended. */
unsigned vgpu_follow_live(const struct vgpu_follow *follow);

#endif
