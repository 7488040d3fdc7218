// SPDX-License-Identifier: Apache-2.0
/* Interned call stacks: each distinct one stored once, found again by its hash, without a lock. */
#include "shim/ring/ring.h"

#include <string.h>

#define PROBES 32u

/* Two chains at a time: one would wait for each of its own multiplications. */
static uint64_t hash_frames(const uint64_t *frames, uint32_t count)
{
	const uint64_t factor = UINT64_C(0xff51afd7ed558ccd);
	uint64_t even = UINT64_C(0x9e3779b97f4a7c15) * (count + 1), odd = ~even;

	for (uint32_t i = 0; i + 1 < count; i += 2) {
		even = (even ^ frames[i]) * factor;
		odd = (odd ^ frames[i + 1]) * factor;
		even ^= even >> 32;
		odd ^= odd >> 32;
	}
	if (count & 1)
		even = (even ^ frames[count - 1]) * factor;
	even = (even ^ odd << 1) * factor;
	return even ^ even >> 32;
}

/* Gives the store another chunk; the first one begins with the table. One thread at a time, others go without. */
static int grow(struct vgpu_arena *arena)
{
	uint32_t idle = 0, chunk, start = sizeof(struct vgpu_chunk);

	if (!__atomic_compare_exchange_n(&arena->stacks_growing, &idle, 1, 0, __ATOMIC_ACQUIRE,
					 __ATOMIC_RELAXED))
		return -1;
	chunk = vgpu_arena_take(arena, 0);
	if (chunk) {
		uint32_t base = chunk * VGPU_CHUNK_BYTES;

		if (!arena->stacks_table)
			start += VGPU_STACK_TABLE * sizeof(uint32_t);
		vgpu_arena_publish(arena, chunk, VGPU_CHUNK_STACKS);
		__atomic_store_n(&arena->stacks_limit, 0, __ATOMIC_RELEASE);
		__atomic_store_n(&arena->stacks_offset, base + start, __ATOMIC_RELEASE);
		__atomic_store_n(&arena->stacks_limit, base + VGPU_CHUNK_BYTES, __ATOMIC_RELEASE);
		if (!arena->stacks_table)
			__atomic_store_n(&arena->stacks_table, base + (uint32_t)sizeof(struct vgpu_chunk),
					 __ATOMIC_RELEASE);
	}
	__atomic_store_n(&arena->stacks_growing, 0, __ATOMIC_RELEASE);
	return chunk ? 0 : -1;
}

/* Room by compare-and-swap: offset and limit may belong to different chunks for a moment while the store grows. */
static uint32_t reserve(struct vgpu_arena *arena, uint32_t bytes)
{
	for (int tries = 0; tries < 2; tries++) {
		uint32_t offset = __atomic_load_n(&arena->stacks_offset, __ATOMIC_ACQUIRE);

		for (;;) {
			uint32_t limit = __atomic_load_n(&arena->stacks_limit, __ATOMIC_ACQUIRE);

			if (!offset || offset + bytes > limit ||
			    offset / VGPU_CHUNK_BYTES != (limit - 1) / VGPU_CHUNK_BYTES)
				break;
			if (__atomic_compare_exchange_n(&arena->stacks_offset, &offset, offset + bytes, 0,
							__ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
				return offset;
		}
		if (tries || grow(arena))
			break;
	}
	return 0;
}

static struct vgpu_stack *stack_at(struct vgpu_arena *arena, uint32_t offset)
{
	return (struct vgpu_stack *)((uint8_t *)arena + offset);
}

static int same(const struct vgpu_stack *stack, uint64_t hash, const uint64_t *frames, uint32_t count)
{
	return __atomic_load_n(&stack->state, __ATOMIC_ACQUIRE) == VGPU_STATE_COMMITTED &&
	       stack->hash == hash && stack->count == count &&
	       !memcmp(stack->frame, frames, count * sizeof(*frames));
}

uint32_t vgpu_stack_intern(struct vgpu_arena *arena, const uint64_t *frames, uint32_t count)
{
	uint64_t hash = hash_frames(frames, count);
	uint32_t *table, offset, mine = 0;
	struct vgpu_stack *stack;

	if (!__atomic_load_n(&arena->stacks_table, __ATOMIC_ACQUIRE))
		if (grow(arena) || !__atomic_load_n(&arena->stacks_table, __ATOMIC_ACQUIRE))
			goto dropped;
	table = (uint32_t *)((uint8_t *)arena + arena->stacks_table);
	for (uint32_t i = 0; i < PROBES; i++) {
		uint32_t *slot = &table[(hash + i) % VGPU_STACK_TABLE];

		offset = __atomic_load_n(slot, __ATOMIC_ACQUIRE);
		if (!offset && !mine) {
			mine = reserve(arena, sizeof(*stack) + count * sizeof(*frames));
			if (!mine)
				break;
			stack = stack_at(arena, mine);
			stack->hash = hash;
			stack->count = count;
			memcpy(stack->frame, frames, count * sizeof(*frames));
			__atomic_store_n(&stack->state, VGPU_STATE_COMMITTED, __ATOMIC_RELEASE);
		}
		if (!offset && __atomic_compare_exchange_n(slot, &offset, mine, 0, __ATOMIC_ACQ_REL,
							   __ATOMIC_ACQUIRE))
			return mine;
		if (same(stack_at(arena, offset), hash, frames, count))
			return offset;
	}
	if (mine)
		return mine; /* written, but not findable: stored once more next time */
dropped:
	__atomic_fetch_add(&arena->stacks_dropped, 1, __ATOMIC_RELAXED);
	return 0;
}
