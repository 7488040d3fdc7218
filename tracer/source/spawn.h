/* SPDX-License-Identifier: Apache-2.0 */
/* Starts the command, held back until it is being followed. */
#ifndef VGPU_SOURCE_SPAWN_H
#define VGPU_SOURCE_SPAWN_H

#include <signal.h>
#include <sys/types.h>

#include "tracer/source/inject.h"

struct vgpu_spawn {
	pid_t pid;
	int signals;  /* signalfd: SIGCHLD and what is passed on to the command */
	int go;       /* closing it without a word makes the child give up */
	int error;    /* the child's errno, if it cannot execute */
	void (*prepare)(void *data); /* called in the child before it executes; NULL: nothing */
	void *prepare_data;
	sigset_t old_mask;
	struct sigaction old_pipe, old_xfsz;
};

/*
 * Blocks the signals that are passed on, ignores SIGPIPE and SIGXFSZ (in this process only), forks.
 * The child has the caller's signals, descriptors and environment, and `environment` set in it.
 * 0 or -errno.
 */
int vgpu_spawn_hold(struct vgpu_spawn *spawn, char **argv, const struct vgpu_environment *environment, int count);
/* Lets it go. 0 once it executes, or -errno of execvp; then it ends with 127 and must be reaped. */
int vgpu_spawn_go(struct vgpu_spawn *spawn);
void vgpu_spawn_close(struct vgpu_spawn *spawn);

#endif
