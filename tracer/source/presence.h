/* SPDX-License-Identifier: Apache-2.0 */
/* Whether our libraries are in a process, and if not, why. */
#ifndef VGPU_SOURCE_PRESENCE_H
#define VGPU_SOURCE_PRESENCE_H

#include <stdint.h>

#include "tracer/model/stream.h"
#include "tracer/source/roster.h"

struct vgpu_presence_cache;

int vgpu_presence_open(struct vgpu_presence_cache **out);
void vgpu_presence_close(struct vgpu_presence_cache *cache); /* takes NULL */

/*
 * The libraries of ours that a process maps, by their ELF notes whatever their names: bits
 * 1 << enum vgpu_library_id. -errno when its maps cannot be read or are empty (gone).
 */
int vgpu_presence_libraries(struct vgpu_presence_cache *cache, pid_t pid);
/*
 * Why they cannot be there, where the process shows it: a static program, another class, a changed
 * environment that has none of these in LD_PRELOAD, LD_LIBRARY_PATH, LD_AUDIT (NULL: not looked for).
 * Static text, or NULL.
 */
const char *vgpu_presence_obstacle(pid_t pid, const char *preload, const char *library_path, const char *audit);
/* Emits what is known of a process now. ended_ns: when it ended, 0: it runs. */
void vgpu_presence_emit(const struct vgpu_known *known, uint64_t ended_ns, struct vgpu_stream *stream);

#endif
