/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that ends where no one may read. */
#include "tests/e2e/calls_guard.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define SLOTS 32
#define ROOM 65536u
#define PAGE 4096u

static char *area(void)
{
	static char *base;
	unsigned i;

	if (base)
		return base;
	base = mmap(NULL, SLOTS * (ROOM + PAGE), PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (base == MAP_FAILED) {
		perror("mmap");
		exit(2);
	}
	for (i = 0; i < SLOTS; i++)
		mprotect(base + i * (ROOM + PAGE) + ROOM, PAGE, PROT_NONE);
	return base;
}

void *guard_place(unsigned slot, size_t size)
{
	char *end = area() + slot * (ROOM + PAGE) + ROOM;
	size_t i;

	if (slot >= SLOTS || size > ROOM) {
		fprintf(stderr, "no room for %zu bytes in slot %u\n", size, slot);
		exit(2);
	}
	for (i = 0; i < size; i++)
		end[(ptrdiff_t)i - (ptrdiff_t)size] = (char)(0x21 + (slot * 7 + i) % 90);
	return end - size;
}

void *guard_wall(void)
{
	return area() + ROOM;
}
