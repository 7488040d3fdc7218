/* SPDX-License-Identifier: Apache-2.0 */
/* Address ranges in sorted arrays, many readers at a time. */
#include "shim/backend/sim/cuda/range.h"

#include <pthread.h>
#include <string.h>
#include <sys/mman.h>

struct range_table {
	pthread_rwlock_t lock;
	struct range *range; /* sorted by start, without overlap */
	size_t count;
	size_t room;
	uint64_t next_id;
};

struct range_table range_allocations = { .lock = PTHREAD_RWLOCK_INITIALIZER };
struct range_table range_reservations = { .lock = PTHREAD_RWLOCK_INITIALIZER };

/* The first range whose end lies above address. */
static size_t search(const struct range_table *table, uint64_t address)
{
	size_t low = 0, high = table->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct range *r = &table->range[middle];

		if (r->start + r->mapped <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool grow(struct range_table *table)
{
	size_t room = table->room ? table->room * 2 : 1024;
	void *range;

	if (table->room)
		range = mremap(table->range, table->room * sizeof(struct range),
			       room * sizeof(struct range), MREMAP_MAYMOVE);
	else
		range = mmap(NULL, room * sizeof(struct range), PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (range == MAP_FAILED)
		return false;
	table->range = range;
	table->room = room;
	return true;
}

bool range_add(struct range_table *table, const struct range *range)
{
	bool done = false;
	size_t i;

	pthread_rwlock_wrlock(&table->lock);
	i = search(table, range->start);
	if (i < table->count && table->range[i].start < range->start + range->mapped)
		goto out;
	if (table->count == table->room && !grow(table))
		goto out;
	memmove(&table->range[i + 1], &table->range[i], (table->count - i) * sizeof(struct range));
	table->range[i] = *range;
	table->range[i].id = ++table->next_id;
	table->count++;
	done = true;
out:
	pthread_rwlock_unlock(&table->lock);
	return done;
}

bool range_find(struct range_table *table, uint64_t address, struct range *found)
{
	bool done = false;
	size_t i;

	pthread_rwlock_rdlock(&table->lock);
	i = search(table, address);
	if (i < table->count && table->range[i].start <= address) {
		*found = table->range[i];
		done = true;
	}
	pthread_rwlock_unlock(&table->lock);
	return done;
}

static void take(struct range_table *table, size_t i, struct range *taken)
{
	*taken = table->range[i];
	table->count--;
	memmove(&table->range[i], &table->range[i + 1], (table->count - i) * sizeof(struct range));
}

bool range_take(struct range_table *table, uint64_t address, unsigned kinds, struct range *taken)
{
	bool done = false;
	size_t i;

	pthread_rwlock_wrlock(&table->lock);
	i = search(table, address);
	if (i < table->count && table->range[i].start == address &&
	    kinds >> table->range[i].kind & 1) {
		take(table, i, taken);
		done = true;
	}
	pthread_rwlock_unlock(&table->lock);
	return done;
}

bool range_take_owned(struct range_table *table, const struct object *owner, struct range *taken)
{
	bool done = false;

	pthread_rwlock_wrlock(&table->lock);
	/* from the end: what follows is moved, so this keeps freeing all of an owner's cheap */
	for (size_t i = table->count; i-- > 0 && !done;) {
		if (table->range[i].owner == owner) {
			take(table, i, taken);
			done = true;
		}
	}
	pthread_rwlock_unlock(&table->lock);
	return done;
}

bool range_covers(struct range_table *table, uint64_t address, uint64_t size, uint32_t access)
{
	uint64_t end, at = address;

	if (__builtin_add_overflow(address, size, &end))
		return false;
	pthread_rwlock_rdlock(&table->lock);
	for (size_t i = search(table, address); i < table->count && at < end; i++) {
		const struct range *r = &table->range[i];

		if (r->start > at || (r->access & access) != access)
			break;
		at = r->start + r->size;
		if (at < r->start + r->mapped)
			break;
	}
	pthread_rwlock_unlock(&table->lock);
	return at >= end;
}

bool range_touches(struct range_table *table, uint64_t address, uint64_t size)
{
	bool touches;
	size_t i;

	pthread_rwlock_rdlock(&table->lock);
	i = search(table, address);
	touches = i < table->count && table->range[i].start < address + size;
	pthread_rwlock_unlock(&table->lock);
	return touches;
}

void range_set_access(struct range_table *table, uint64_t address, uint64_t size, uint32_t access)
{
	pthread_rwlock_wrlock(&table->lock);
	for (size_t i = search(table, address); i < table->count; i++) {
		struct range *r = &table->range[i];

		if (r->start >= address + size)
			break;
		if (r->start >= address && r->start + r->mapped <= address + size)
			r->access = access;
	}
	pthread_rwlock_unlock(&table->lock);
}

void range_change(struct range_table *table, uint64_t address, uint64_t size,
		  void (*change)(struct range *range, const void *data), const void *data)
{
	pthread_rwlock_wrlock(&table->lock);
	for (size_t i = search(table, address);
	     i < table->count && table->range[i].start < address + size; i++)
		change(&table->range[i], data);
	pthread_rwlock_unlock(&table->lock);
}

static void forget(struct range_table *table)
{
	pthread_rwlock_init(&table->lock, NULL);
	table->count = 0;
}

void range_forget(void)
{
	forget(&range_allocations);
	forget(&range_reservations);
}
