/* SPDX-License-Identifier: Apache-2.0 */
/* What a command is to read: a file, a process by its number, processes by their name. */
#ifndef VGPU_CLI_TARGET_H
#define VGPU_CLI_TARGET_H

#include "tracer/model/stream.h"

struct vgpu_find;
struct vgpu_target;

enum vgpu_target_what {
	VGPU_TARGET_TRACE,     /* a recorded file */
	VGPU_TARGET_RING,      /* a ring that a process left */
	VGPU_TARGET_PROCESSES, /* by number or name */
};

/* Finds out what `word` means and opens it. Returns 0, or reports what is wrong and returns -errno. */
int vgpu_target_open(struct vgpu_target **out, const char *word);
/*
 * Emits everything there is. Returns 0, or -errno after reporting it; what could be read has been
 * emitted all the same.
 */
int vgpu_target_read(struct vgpu_target *target, struct vgpu_stream *stream);
enum vgpu_target_what vgpu_target_what(const struct vgpu_target *target);
/* Reports that none of the processes meant has a record, and why as far as `find` tells; returns -ESRCH. */
int vgpu_target_say_no_process(const char *word, const struct vgpu_find *find);
/* The number that the word is; 0: it is a name. */
int vgpu_target_pid(const char *word);
/*
 * From now on read goes on with what comes until the recording, or the last of the processes, ends or
 * somebody interrupts us (SIGINT, SIGTERM). idle is called whenever there is nothing for the moment.
 */
void vgpu_target_follow(struct vgpu_target *target, void (*idle)(void *data), void *data);
/* How many there are, 0: not known before they are read. */
uint64_t vgpu_target_events(const struct vgpu_target *target);
void vgpu_target_close(struct vgpu_target *target); /* takes NULL */

#endif
