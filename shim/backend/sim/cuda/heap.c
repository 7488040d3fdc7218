/* SPDX-License-Identifier: Apache-2.0 */
/* Blocks on the heap: see heap.h. */
#include "shim/backend/sim/cuda/heap.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct block {
	struct block *next, *before;
	size_t size;
	size_t pad; /* what follows is aligned as malloc aligns */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct block *first;
static struct block *inherited; /* keeps the parent's list reachable in the child */

static void link_in(struct block *block)
{
	block->before = NULL;
	block->next = first;
	if (first)
		first->before = block;
	first = block;
}

static void take_out(struct block *block)
{
	if (block->next)
		block->next->before = block->before;
	if (block->before)
		block->before->next = block->next;
	else if (first == block)
		first = block->next;
}

void *heap_get(size_t size)
{
	struct block *block;

	if (size > SIZE_MAX / 2)
		return NULL;
	block = calloc(1, sizeof(*block) + size);
	if (!block)
		return NULL;
	block->size = size;
	pthread_mutex_lock(&lock);
	link_in(block);
	pthread_mutex_unlock(&lock);
	return block + 1;
}

void *heap_resize(void *old, size_t size)
{
	struct block *block = old;
	void *wider;

	if (!old)
		return heap_get(size);
	if (size <= block[-1].size)
		return old;
	wider = heap_get(size);
	if (!wider)
		return NULL;
	memcpy(wider, old, block[-1].size);
	heap_free(old);
	return wider;
}

void *heap_copy(const void *from, size_t size)
{
	void *block = heap_get(size);

	if (block && size)
		memcpy(block, from, size);
	return block;
}

void heap_free(void *pointer)
{
	struct block *block = pointer;

	if (!block)
		return;
	block--;
	pthread_mutex_lock(&lock);
	take_out(block);
	pthread_mutex_unlock(&lock);
	free(block);
}

void heap_forget(void)
{
	pthread_mutex_init(&lock, NULL);
	if (first)
		inherited = first;
	first = NULL;
	(void)inherited;
}
