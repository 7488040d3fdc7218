// SPDX-License-Identifier: Apache-2.0
/* The dictionary of a file being written: each string and each stack once. */
#include <errno.h>

#include "tracer/file/encode.h"

static uint64_t hash_of(const uint8_t *bytes, size_t size)
{
	uint64_t hash = size * UINT64_C(0x9e3779b97f4a7c15), word;

	for (; size >= 8; size -= 8, bytes += 8) {
		memcpy(&word, bytes, 8);
		hash = (hash ^ word) * UINT64_C(0xff51afd7ed558ccd);
		hash ^= hash >> 32;
	}
	word = 0;
	if (size)
		memcpy(&word, bytes, size);
	hash = (hash ^ word) * UINT64_C(0xff51afd7ed558ccd);
	return hash ^ hash >> 29;
}

static bool is_entry(const struct vgpu_pool *pool, uint32_t entry, const void *bytes, size_t size)
{
	return pool->start[entry + 1] - pool->start[entry] == size &&
	       !memcmp(pool->bytes + pool->start[entry], bytes, size);
}

static bool grow_table(struct vgpu_pool *pool)
{
	uint32_t places = pool->mask ? (pool->mask + 1) * 2 : 1024;
	uint32_t *table = calloc(places, sizeof(*table));

	if (!table)
		return false;
	for (uint32_t entry = 0; entry < pool->count; entry++) {
		uint32_t at = hash_of(pool->bytes + pool->start[entry], pool->start[entry + 1] - pool->start[entry]);

		while (table[at & (places - 1)])
			at++;
		table[at & (places - 1)] = entry + 1;
	}
	free(pool->table);
	pool->table = table;
	pool->mask = places - 1;
	return true;
}

static bool grow(struct vgpu_pool *pool, size_t size)
{
	if (pool->count + 2 > pool->start_room) {
		uint32_t room = pool->start_room ? pool->start_room * 2 : 256;
		uint32_t *start = realloc(pool->start, room * sizeof(*start));

		if (!start)
			return false;
		if (!pool->start_room)
			start[0] = 0;
		pool->start = start;
		pool->start_room = room;
	}
	if (pool->size + size > pool->room) {
		size_t room = pool->room ? pool->room * 2 : 16384;
		uint8_t *bytes = realloc(pool->bytes, room < pool->size + size ? pool->size + size : room);

		if (!bytes)
			return false;
		pool->bytes = bytes;
		pool->room = room < pool->size + size ? pool->size + size : room;
	}
	return (pool->count + 1) * 2 <= pool->mask || grow_table(pool);
}

int64_t vgpu_pool_put(struct vgpu_pool *pool, const void *bytes, size_t size, bool *fresh)
{
	uint32_t at = hash_of(bytes, size);

	*fresh = false;
	if (size > VGPU_POOL_ENTRY)
		return -ENOSPC;
	for (; pool->table && pool->table[at & pool->mask]; at++)
		if (is_entry(pool, pool->table[at & pool->mask] - 1, bytes, size))
			return pool->table[at & pool->mask] - 1;
	if (pool->count == VGPU_POOL_ENTRIES || pool->size + size > (pool->size_max ? pool->size_max : VGPU_POOL_BYTES))
		return -ENOSPC;
	if (!grow(pool, size))
		return -ENOMEM;
	memcpy(pool->bytes + pool->size, bytes, size);
	pool->size += size;
	pool->start[++pool->count] = pool->size;
	for (at = hash_of(bytes, size); pool->table[at & pool->mask]; at++)
		;
	pool->table[at & pool->mask] = pool->count;
	*fresh = true;
	return pool->count - 1;
}

void vgpu_pool_free(struct vgpu_pool *pool)
{
	free(pool->bytes);
	free(pool->start);
	free(pool->table);
	memset(pool, 0, sizeof(*pool));
}
