/* SPDX-License-Identifier: Apache-2.0 */
/* How far a long job is, on a terminal. */
#ifndef VGPU_CLI_PROGRESS_H
#define VGPU_CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct vgpu_progress {
	uint64_t total; /* events, 0: not known */
	uint64_t begun_ns, shown_ns;
	bool terminal, shown;
};

/* Shows nothing unless standard error is a terminal, and nothing in the first half second. */
void vgpu_progress_begin(struct vgpu_progress *progress, uint64_t total);
/* At most some ten times a second; cheap otherwise. */
void vgpu_progress_show(struct vgpu_progress *progress, uint64_t done);
/* Takes the line away. */
void vgpu_progress_end(struct vgpu_progress *progress);

#endif
