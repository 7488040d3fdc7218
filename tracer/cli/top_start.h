/* SPDX-License-Identifier: Apache-2.0 */
/* Private to cli/top*.c: a program that `top -- COMMAND` starts, as a source of the dashboard. */
#ifndef VGPU_CLI_TOP_START_H
#define VGPU_CLI_TOP_START_H

#include "tracer/cli/run.h"
#include "tui/top.h"

struct vgpu_top_start;

/*
 * Starts options->command (options must outlive it). log: the file that what it writes goes to; NULL: one of its
 * own below $TMPDIR. once: no screen is drawn, so it keeps its terminal, and its standard output goes to our
 * standard error. 0, or the exit code; then it was reported, and there is nothing to end.
 */
int vgpu_top_start(struct vgpu_top_start **out, struct vgpu_run_options *options, const char *log, bool once);
/* For struct vgpu_top_options: data is the struct. */
int vgpu_top_start_open(void *data, struct vgpu_top_source **out);
/* Gets what the dashboard gets, from the beginning; before the dashboard opens it. */
void vgpu_top_start_also(struct vgpu_top_start *start, struct vgpu_sink *sink);
/* "ollama serve" */
const char *vgpu_top_start_title(const struct vgpu_top_start *start);
/* NULL: what it writes goes to our standard error. */
const char *vgpu_top_start_log(const struct vgpu_top_start *start);
/*
 * The dashboard is gone. One that still runs gets the signal that we got (0: none), or SIGTERM, unless the user left it
 * running; then this waits for its end. Says what is to be said, and returns the exit code.
 */
int vgpu_top_start_end(struct vgpu_top_start *start, int signal);

#endif
