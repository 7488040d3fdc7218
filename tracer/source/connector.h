/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's process connector: fork, exec and exit as they happen, where we may listen. */
#ifndef VGPU_SOURCE_CONNECTOR_H
#define VGPU_SOURCE_CONNECTOR_H

#include <stdint.h>
#include <sys/types.h>

enum vgpu_connector_what {
	VGPU_CONNECTOR_FORK, /* a process, not a thread */
	VGPU_CONNECTOR_EXEC,
	VGPU_CONNECTOR_EXIT, /* of its first thread */
	VGPU_CONNECTOR_LOST, /* messages were lost: look around */
};

struct vgpu_connector_event {
	enum vgpu_connector_what what;
	int32_t pid;
	int32_t parent;   /* FORK */
	int32_t status;   /* EXIT: as wait(2) has it */
	uint64_t time_ns; /* CLOCK_MONOTONIC */
};

/* A descriptor to poll, or -errno. That it really delivers must be tried: namespaces may keep it silent. */
int vgpu_connector_open(void);
/* 1 and *event, 0: none waiting, -errno. Events of threads are passed over. */
int vgpu_connector_next(int fd, struct vgpu_connector_event *event);

#endif
