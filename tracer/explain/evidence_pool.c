// SPDX-License-Identifier: Apache-2.0
/* Memory of the evidence: strings and lists that go together. */
#include <stdlib.h>
#include <string.h>

#include "tracer/explain/evidence_parts.h"

/* Most processes leave little behind, and there may be thousands: the first block is small, each other twice as large. */
#define POOL_FIRST 512u
#define POOL_BLOCK 8192u

struct pool_block {
	struct pool_block *next;
	size_t used, size;
	char bytes[];
};

struct vgpu_pool {
	struct pool_block *blocks;
};

struct vgpu_pool *vgpu_seen_pool_open(void)
{
	return calloc(1, sizeof(struct vgpu_pool));
}

void *vgpu_seen_room(struct vgpu_pool *pool, size_t size)
{
	struct pool_block *block = pool->blocks;
	void *at;

	size = (size + 7) & ~(size_t)7;
	if (!block || block->size - block->used < size) {
		size_t room = block ? block->size * 2 : POOL_FIRST;

		room = room > POOL_BLOCK ? POOL_BLOCK : room;
		room = room > size ? room : size;
		block = malloc(sizeof(*block) + room);
		if (!block)
			return NULL;
		*block = (struct pool_block){ pool->blocks, 0, room };
		pool->blocks = block;
	}
	at = block->bytes + block->used;
	block->used += size;
	return at;
}

const char *vgpu_seen_keep_bytes(struct vgpu_pool *pool, const char *bytes, size_t size)
{
	char *at = bytes ? vgpu_seen_room(pool, size + 1) : NULL;

	if (!at)
		return NULL;
	memcpy(at, bytes, size);
	at[size] = '\0';
	return at;
}

const char *vgpu_seen_keep(struct vgpu_pool *pool, const char *text)
{
	return text ? vgpu_seen_keep_bytes(pool, text, strlen(text)) : NULL;
}

void vgpu_seen_pool_empty(struct vgpu_pool *pool)
{
	for (struct pool_block *block = pool->blocks, *next; block; block = next) {
		next = block->next;
		free(block);
	}
	pool->blocks = NULL;
}

/* Lists double, so old places stay behind in the pool. */
void *vgpu_seen_list_add(struct vgpu_pool *pool, void **at, uint32_t *count, uint32_t *more,
			 size_t size)
{
	if (*count == VGPU_SEEN_MAX) {
		(*more)++;
		return NULL;
	}
	if (!(*count & (*count - 1))) {
		size_t room = *count ? *count * 2 : 1;
		void *fresh = vgpu_seen_room(pool, room * size);

		if (!fresh)
			return NULL;
		if (*count)
			memcpy(fresh, *at, *count * size);
		*at = fresh;
	}
	memset((char *)*at + *count * size, 0, size);
	return (char *)*at + (*count)++ * size;
}

void vgpu_seen_pool_close(struct vgpu_pool *pool)
{
	vgpu_seen_pool_empty(pool);
	free(pool);
}

void vgpu_seen_add_stack(struct vgpu_seen_process *process, const struct vgpu_event *event, const struct vgpu_words *stack,
			 uint32_t end)
{
	struct vgpu_seen_stack *seen;
	uint64_t *words;

	if (!stack->count)
		return;
	words = vgpu_seen_room(process->pool, stack->count * sizeof(*words));
	seen = words ? VGPU_SEEN_ADD(process->pool, process->stacks) : NULL;
	if (!seen)
		return;
	memcpy(words, stack->words, stack->count * sizeof(*words));
	*seen = (struct vgpu_seen_stack){ .event = event->number, .time_ns = event->time_ns, .kind = event->kind,
					  .count = stack->count, .end = end, .words = words };
}

const struct vgpu_seen_stack *vgpu_seen_stack(const struct vgpu_seen_process *process, uint64_t event)
{
	for (uint32_t i = 0; event && i < process->stacks.count; i++)
		if (process->stacks.at[i].event == event)
			return &process->stacks.at[i];
	return NULL;
}
