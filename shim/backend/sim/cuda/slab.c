/* SPDX-License-Identifier: Apache-2.0 */
/* Counting memory in slabs: see slab.h. */
#include "shim/backend/sim/cuda/slab.h"

#include <pthread.h>

#include "shim/backend/sim/cuda/heap.h"
#include "shim/backend/sim/cuda/memory.h"

#define UNITS (SLAB_BYTES / SLAB_UNIT)

struct slab {
	struct slab *next;
	const struct object *owner;
	const struct cuda_device *device;
	uint32_t used; /* units */
	bool taken[UNITS];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct slab *slabs; /* the oldest first */

/* The first free run of so many units; UNITS: none. */
static uint32_t find_run(const struct slab *slab, uint32_t units)
{
	uint32_t run = 0;

	for (uint32_t i = 0; UNITS - slab->used >= units && i < UNITS; i++) {
		run = slab->taken[i] ? 0 : run + 1;
		if (run == units)
			return i + 1 - units;
	}
	return UNITS;
}

static void mark(const struct slab_place *place, bool taken)
{
	for (uint32_t i = 0; i < place->units; i++)
		place->slab->taken[place->unit + i] = taken;
	place->slab->used += taken ? place->units : -place->units;
}

static bool share(struct cuda_device *device, const struct object *owner, struct slab_place *place)
{
	struct slab **last;

	for (last = &slabs; *last; last = &(*last)->next) {
		if ((*last)->owner != owner || (*last)->device != device)
			continue;
		place->unit = find_run(*last, place->units);
		if (place->unit < UNITS)
			break;
	}
	if (!*last) {
		struct slab *slab = heap_get(sizeof(*slab));

		if (!slab || !cuda_charge(device, SLAB_BYTES)) {
			heap_free(slab);
			return false;
		}
		slab->owner = owner;
		slab->device = device;
		place->unit = 0;
		*last = slab;
	}
	place->slab = *last;
	mark(place, true);
	return true;
}

bool slab_charge(struct cuda_device *device, const struct object *owner, uint64_t size,
		 struct slab_place *place)
{
	bool done;

	*place = (struct slab_place){ .units = (uint32_t)(cuda_round_up(size, SLAB_BYTES) /
							  SLAB_BYTES) };
	if (size > SLAB_SMALL)
		return cuda_charge(device, place->units * SLAB_BYTES);
	place->units = (uint32_t)(cuda_round_up(size, SLAB_UNIT) / SLAB_UNIT);
	pthread_mutex_lock(&lock);
	done = share(device, owner, place);
	pthread_mutex_unlock(&lock);
	return done;
}

void slab_discharge(struct cuda_device *device, const struct slab_place *place)
{
	struct slab **link;

	if (!place->slab) {
		cuda_discharge(device, place->units * SLAB_BYTES);
		return;
	}
	pthread_mutex_lock(&lock);
	mark(place, false);
	if (!place->slab->used) {
		for (link = &slabs; *link != place->slab; link = &(*link)->next)
			;
		*link = place->slab->next;
		heap_free(place->slab);
		cuda_discharge(device, SLAB_BYTES);
	}
	pthread_mutex_unlock(&lock);
}

void slab_forget(void)
{
	pthread_mutex_init(&lock, NULL);
	slabs = NULL;
}
