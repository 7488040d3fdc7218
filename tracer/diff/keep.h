/* SPDX-License-Identifier: Apache-2.0 */
/* Keeps what processes tell in a file for a while: differences are looked up again by the numbers of events. */
#ifndef VGPU_DIFF_KEEP_H
#define VGPU_DIFF_KEEP_H

#include "tracer/model/stream.h"

struct vgpu_keep;

int vgpu_keep_open(struct vgpu_keep **out); /* 0 or -errno */
struct vgpu_sink *vgpu_keep_sink(struct vgpu_keep *keep);
/* Writes what is left of it. What is at the path may then be read. 0 or -errno. */
int vgpu_keep_finish(struct vgpu_keep *keep);
const char *vgpu_keep_path(const struct vgpu_keep *keep);
void vgpu_keep_close(struct vgpu_keep *keep); /* removes the file; takes NULL */

#endif
