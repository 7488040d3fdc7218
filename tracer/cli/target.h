/* SPDX-License-Identifier: Apache-2.0 */
/* What a command is to read: a file, a process by its number, processes by their name. */
#ifndef VGPU_CLI_TARGET_H
#define VGPU_CLI_TARGET_H

#include "tracer/lib/vgpu-trace.h"
#include "tracer/model/filter.h"
#include "tracer/model/stream.h"

struct vgpu_target;

/* Finds out what `word` means and opens it. Returns 0, or reports what is wrong and returns -errno. */
int vgpu_target_open(struct vgpu_target **out, const char *word);
/*
 * Emits everything there is. Returns 0, or -errno after reporting it; what could be read has been
 * emitted all the same.
 */
int vgpu_target_read(struct vgpu_target *target, struct vgpu_stream *stream);
enum vgpu_trace_source vgpu_target_source(const struct vgpu_target *target);
/* Reports that none of the processes meant has a record, and why as far as can be told; returns -ESRCH. */
int vgpu_target_say_no_process(const char *word);
/* Reports why it cannot be read, by the error of vgpu_trace_open; returns that. */
int vgpu_target_say_cannot_read(const char *word, int err);
/* The number that the word is; 0: it is a name. */
int vgpu_target_pid(const char *word);
/*
 * From now on read goes on with what comes until the recording, or the last of the processes, ends or
 * somebody interrupts us (SIGINT, SIGTERM). idle is called whenever there is nothing for the moment.
 */
void vgpu_target_follow(struct vgpu_target *target, void (*idle)(void *data), void *data);
/* Only what passes is needed (NULL: everything): calls of other times are not even read. */
void vgpu_target_narrow(struct vgpu_target *target, const struct vgpu_filter *filter);
/* How many there are, 0: not known before they are read. */
uint64_t vgpu_target_events(const struct vgpu_target *target);
void vgpu_target_close(struct vgpu_target *target); /* takes NULL */

#endif
