/* SPDX-License-Identifier: Apache-2.0 */
/* Private to cli/run*.c: the kernel observer of a run, where it is wanted and permitted. */
#ifndef VGPU_CLI_RUN_KERNEL_H
#define VGPU_CLI_RUN_KERNEL_H

#include <stdbool.h>

#include "tracer/cli/run.h"

/* After all sinks: what two observers see of one call is merged before it gets there. 0, or -errno after reporting it. */
int vgpu_run_kernel_open(struct vgpu_run *run);
void vgpu_run_kernel_close(struct vgpu_run *run);
/* The command waits for its sign: probes what it would get, follows it; or says why not. */
void vgpu_run_kernel_start(struct vgpu_run *run);
/* now: a moment before the rings were read. all: also the newest records. Returns how many there were. */
int vgpu_run_kernel_poll(struct vgpu_run *run, uint64_t now, bool all);
void vgpu_run_kernel_finish(struct vgpu_run *run);

#endif
