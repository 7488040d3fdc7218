/* SPDX-License-Identifier: Apache-2.0 */
/* The container that a control group is of, by the names that the usual engines give. */
#ifndef VGPU_MODEL_CONTAINER_H
#define VGPU_MODEL_CONTAINER_H

#include <stddef.h>

/*
 * "docker 0123456789ab", "podman …", "kubernetes …", with as much of the id as those print
 * themselves; of a path as in /proc/PID/cgroup. NULL: none that is known. The result is in room.
 */
const char *vgpu_container_name(const char *cgroup, char *room, size_t size);

#endif
