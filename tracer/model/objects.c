// SPDX-License-Identifier: Apache-2.0
/* Which file an address of a process lies in. */
#include "tracer/model/objects.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct mapped {
	uint32_t process;
	uint64_t from, to, base;
	uint64_t since_ns, until_ns; /* UINT64_MAX: still there */
	char *path;
	uint8_t build_id[20];
	uint8_t build_id_size;
	bool ours;
};

/* Four libraries, and maybe other builds of them. */
#define OWN_MAX 16u

struct vgpu_objects {
	struct mapped *mapped;
	uint32_t count, room;
	struct mapped own[OWN_MAX]; /* where files of ours are: build id and path only */
	uint32_t own_count;
};

int vgpu_objects_open(struct vgpu_objects **out)
{
	*out = calloc(1, sizeof(**out));
	return *out ? 0 : -ENOMEM;
}

void vgpu_objects_close(struct vgpu_objects *objects)
{
	if (!objects)
		return;
	for (uint32_t i = 0; i < objects->count; i++)
		free(objects->mapped[i].path);
	for (uint32_t i = 0; i < objects->own_count; i++)
		free(objects->own[i].path);
	free(objects->mapped);
	free(objects);
}

static bool same_build(const struct mapped *mapped, const struct vgpu_data *id)
{
	return mapped->build_id_size && mapped->build_id_size == id->size &&
	       !memcmp(mapped->build_id, id->bytes, id->size);
}

static int set_path(struct mapped *mapped, const char *path)
{
	char *copy = strdup(path);

	if (!copy)
		return -ENOMEM;
	free(mapped->path);
	mapped->path = copy;
	return 0;
}

static int add(struct vgpu_objects *objects, const struct vgpu_event *event)
{
	const struct vgpu_event_object *object = &event->object;
	struct mapped *fresh;

	if (!object->path || object->to <= object->from)
		return 0;
	if (objects->count == objects->room) {
		uint32_t room = objects->room ? objects->room * 2 : 64;

		fresh = realloc(objects->mapped, room * sizeof(*fresh));
		if (!fresh)
			return -ENOMEM;
		objects->mapped = fresh;
		objects->room = room;
	}
	fresh = &objects->mapped[objects->count];
	*fresh = (struct mapped){ .process = event->process, .from = object->from, .to = object->to,
				  .base = object->base, .since_ns = event->time_ns, .until_ns = UINT64_MAX,
				  .path = strdup(object->path), .ours = object->library != 0 };
	if (!fresh->path)
		return -ENOMEM;
	if (object->build_id.size <= sizeof(fresh->build_id) && object->build_id.size) {
		memcpy(fresh->build_id, object->build_id.bytes, object->build_id.size);
		fresh->build_id_size = object->build_id.size;
	}
	objects->count++;
	for (uint32_t i = 0; i < objects->own_count && fresh->ours; i++)
		if (same_build(fresh, &(struct vgpu_data){ objects->own[i].build_id, objects->own[i].build_id_size }))
			return set_path(fresh, objects->own[i].path);
	return 0;
}

/* base 0 with `all`: everything of the process. Until it surely had gone: the clock has its error. */
static void end(struct vgpu_objects *objects, const struct vgpu_event *event, uint64_t base, bool all)
{
	uint64_t until = event->time_ns + event->time_error_ns;

	for (uint32_t i = 0; i < objects->count; i++) {
		struct mapped *mapped = &objects->mapped[i];

		if (mapped->process == event->process && mapped->until_ns == UINT64_MAX &&
		    mapped->since_ns <= until && (all || mapped->base == base))
			mapped->until_ns = until;
	}
}

/* One of ours is mapped by a link that ends with its session: this is where it is itself. */
static int place_own(struct vgpu_objects *objects, const char *path, const struct vgpu_data *id)
{
	struct mapped *own = NULL;
	int err = 0;

	if (!path || !id->size || id->size > sizeof(own->build_id))
		return 0;
	for (uint32_t i = 0; i < objects->count && !err; i++)
		if (objects->mapped[i].ours && same_build(&objects->mapped[i], id))
			err = set_path(&objects->mapped[i], path);
	for (uint32_t i = 0; i < objects->own_count && !own; i++)
		if (same_build(&objects->own[i], id))
			own = &objects->own[i];
	if (own || err || objects->own_count == OWN_MAX)
		return err;
	own = &objects->own[objects->own_count];
	memcpy(own->build_id, id->bytes, id->size);
	own->build_id_size = id->size;
	err = set_path(own, path);
	objects->own_count += !err;
	return err;
}

int vgpu_objects_learn(struct vgpu_objects *objects, const struct vgpu_event *event)
{
	switch (event->kind) {
	case VGPU_EVENT_LIBRARY:
		return place_own(objects, event->library.path, &event->library.build_id);
	case VGPU_EVENT_PROBES:
		return event->probes.ours ? place_own(objects, event->probes.path, &event->probes.build_id) : 0;
	case VGPU_EVENT_OBJECT:
		return add(objects, event);
	case VGPU_EVENT_UNLOAD:
		end(objects, event, event->object.base, false);
		return 0;
	case VGPU_EVENT_EXEC:
		end(objects, event, 0, true);
		return 0;
	}
	return 0;
}

bool vgpu_objects_at(const struct vgpu_objects *objects, uint32_t process, uint64_t address, uint64_t time_ns,
		     struct vgpu_object_at *out)
{
	const struct mapped *best = NULL;

	for (uint32_t i = 0; i < objects->count; i++) {
		const struct mapped *mapped = &objects->mapped[i];

		if (mapped->process != process || address < mapped->from || address >= mapped->to ||
		    mapped->until_ns < time_ns)
			continue;
		if (!best || (mapped->since_ns <= time_ns ? best->since_ns > time_ns || mapped->since_ns > best->since_ns
							  : mapped->since_ns < best->since_ns))
			best = mapped;
	}
	if (!best)
		return false;
	*out = (struct vgpu_object_at){ best->path, best->build_id, best->build_id_size, address - best->base };
	return true;
}

bool vgpu_objects_find(const struct vgpu_objects *objects, uint32_t process, uint64_t address, uint64_t time_ns,
		       const char **path, uint64_t *offset)
{
	struct vgpu_object_at at;

	if (!vgpu_objects_at(objects, process, address, time_ns, &at))
		return false;
	*path = at.path;
	*offset = at.offset;
	return true;
}
