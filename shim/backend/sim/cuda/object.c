/* SPDX-License-Identifier: Apache-2.0 */
/* Handles: see object.h. */
#include "shim/backend/sim/cuda/object.h"

#include <pthread.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>

#define CHUNK_BYTES (UINT64_C(4) << 20)
#define CHUNKS 256u
#define PER_CHUNK (CHUNK_BYTES / OBJECT_BYTES)

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char *chunk[CHUNKS];
static uint32_t chunks; /* published after chunk[] */
static uint64_t used;   /* slots ever handed out */
static uint64_t serial;
/* Oldest first: a handle that was freed is not at once somebody else's. */
static struct object *free_first, *free_last;

static struct object *at(uint64_t index)
{
	return (struct object *)(chunk[index / PER_CHUNK] + index % PER_CHUNK * OBJECT_BYTES);
}

static struct object *take(void)
{
	struct object *object = free_first;

	if (object) {
		free_first = object->next;
		if (!free_first)
			free_last = NULL;
		return object;
	}
	if (used == chunks * PER_CHUNK) {
		void *base;

		if (chunks == CHUNKS)
			return NULL;
		base = mmap(NULL, CHUNK_BYTES, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		if (base == MAP_FAILED)
			return NULL;
		chunk[chunks] = base;
		__atomic_store_n(&chunks, chunks + 1, __ATOMIC_RELEASE);
	}
	return at(used++);
}

void *object_new(enum object_kind kind, struct object *owner)
{
	struct object *object;

	pthread_mutex_lock(&lock);
	object = take();
	if (object) {
		memset((char *)object + sizeof(*object), 0, OBJECT_BYTES - sizeof(*object));
		__atomic_store_n(&object->owner, owner, __ATOMIC_RELAXED);
		object->next = NULL;
		__atomic_store_n(&object->serial, ++serial, __ATOMIC_RELAXED);
		__atomic_store_n(&object->kind, kind, __ATOMIC_RELEASE);
	}
	pthread_mutex_unlock(&lock);
	return object;
}

void object_free(void *pointer)
{
	struct object *object = pointer;

	if (!object)
		return;
	pthread_mutex_lock(&lock);
	__atomic_store_n(&object->kind, OBJECT_FREE, __ATOMIC_RELEASE);
	__atomic_store_n(&object->owner, NULL, __ATOMIC_RELAXED);
	object->next = NULL;
	if (free_last)
		free_last->next = object;
	else
		free_first = object;
	free_last = object;
	pthread_mutex_unlock(&lock);
}

void *object_get(const void *handle, enum object_kind kind)
{
	uint32_t n = __atomic_load_n(&chunks, __ATOMIC_ACQUIRE);

	for (uint32_t i = 0; i < n; i++) {
		uintptr_t offset = (uintptr_t)handle - (uintptr_t)chunk[i];

		if (offset >= CHUNK_BYTES)
			continue;
		if (offset % OBJECT_BYTES)
			return NULL;
		struct object *object = (struct object *)(chunk[i] + offset);

		return __atomic_load_n(&object->kind, __ATOMIC_ACQUIRE) == kind ? object : NULL;
	}
	return NULL;
}

void object_each_owned(struct object *owner, void (*each)(struct object *object))
{
	uint64_t n;

	pthread_mutex_lock(&lock);
	n = used;
	pthread_mutex_unlock(&lock);
	for (uint64_t i = 0; i < n; i++) {
		struct object *object = at(i);

		if (__atomic_load_n(&object->kind, __ATOMIC_ACQUIRE) != OBJECT_FREE &&
		    __atomic_load_n(&object->owner, __ATOMIC_RELAXED) == owner)
			each(object);
	}
}

void *object_walk(enum object_kind kind, uint64_t *place)
{
	uint64_t n;

	pthread_mutex_lock(&lock);
	n = used;
	pthread_mutex_unlock(&lock);
	while (*place < n) {
		struct object *object = at((*place)++);

		if (__atomic_load_n(&object->kind, __ATOMIC_ACQUIRE) == kind)
			return object;
	}
	return NULL;
}

void object_forget(void)
{
	pthread_mutex_init(&lock, NULL);
	chunks = 0;
	used = 0;
	free_first = free_last = NULL;
	/* serial goes on: a parent's frame never matches a child's object */
}
