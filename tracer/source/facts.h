/* SPDX-License-Identifier: Apache-2.0 */
/* What this machine has for GPUs, as FACT events: device nodes, modules, versions. */
#ifndef VGPU_SOURCE_FACTS_H
#define VGPU_SOURCE_FACTS_H

#include "tracer/model/stream.h"

/*
 * Emits one event each, whether there or not: "node" (value MAJOR:MINOR; error: errno of opening it,
 * where that has no effect on the device), "driver" (version of NVIDIA's loaded module), "module"
 * ("loaded"), "major" (number of nvidia-uvm as /proc/devices has it), "file" (its first line),
 * "cgroup" and "container" of this process. Looks at this process's own namespaces and cgroup.
 */
void vgpu_facts_emit(struct vgpu_stream *stream);

#endif
