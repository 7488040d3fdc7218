/* SPDX-License-Identifier: Apache-2.0 */
/* Private to cli/top*.c: what the dashboard shows comes from, and what is said of it. */
#ifndef VGPU_CLI_TOP_PARTS_H
#define VGPU_CLI_TOP_PARTS_H

#include "tracer/source/watch.h"
#include "tui/top.h"

struct vgpu_backtrace;

struct vgpu_top_shown {
	const char *word; /* FILE, PID or NAME */
	enum vgpu_watch_kernel kernel;
	bool once;
	struct vgpu_backtrace *places; /* learns what is at the addresses of stacks; NULL: nobody does */
};

/* For struct vgpu_top_options: data is a struct vgpu_top_shown. A recording; running processes. */
int vgpu_top_recording_open(void *data, struct vgpu_top_source **out);
int vgpu_top_processes_open(void *data, struct vgpu_top_source **out);

/* Sets what explains a trace, and words of its events that are no calls. */
void vgpu_top_words(struct vgpu_top_options *top);

#endif
