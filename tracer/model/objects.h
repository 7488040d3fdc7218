/* SPDX-License-Identifier: Apache-2.0 */
/* Which file an address of a process lies in, where an observer saw that file being mapped. */
#ifndef VGPU_MODEL_OBJECTS_H
#define VGPU_MODEL_OBJECTS_H

#include <stdbool.h>

#include "tracer/model/event.h"

struct vgpu_objects;

int vgpu_objects_open(struct vgpu_objects **out);
void vgpu_objects_close(struct vgpu_objects *objects); /* takes NULL */
/* Takes any event; learns from OBJECT, UNLOAD, EXEC, LIBRARY and PROBES. 0 or -ENOMEM. */
int vgpu_objects_learn(struct vgpu_objects *objects, const struct vgpu_event *event);
/*
 * The file at an address, as it was mapped at a time (before the first mapping that was seen there,
 * that one), and the address's offset from its load address. false: no observer saw it.
 */
bool vgpu_objects_find(const struct vgpu_objects *objects, uint32_t process, uint64_t address, uint64_t time_ns,
		       const char **path, uint64_t *offset);


struct vgpu_object_at {
	const char *path;
	const uint8_t *build_id; /* size 0: it has none, or that is not known */
	unsigned build_id_size;
	uint64_t offset; /* from its load address */
};

/* The same, with what tells one build of the file from another. All of it is valid until the next learn. */
bool vgpu_objects_at(const struct vgpu_objects *objects, uint32_t process, uint64_t address, uint64_t time_ns,
		     struct vgpu_object_at *out);

#endif
