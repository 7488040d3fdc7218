// SPDX-License-Identifier: Apache-2.0
/* The functions that a compiler may call by itself, for a library without libc. */
#include "shim/audit/sys.h"

/* String instructions: no vector registers, which belong to the caller inside the linker. */
void *memcpy(void *restrict to, const void *restrict from, size_t bytes)
{
	void *place = to;

	__asm__ volatile("rep movsb" : "+D"(place), "+S"(from), "+c"(bytes) : : "memory");
	return to;
}

void *memmove(void *to, const void *from, size_t bytes)
{
	uint8_t *t = to;
	const uint8_t *f = from;

	if (t <= f || t >= f + bytes)
		return memcpy(to, from, bytes);
	while (bytes--)
		((volatile uint8_t *)t)[bytes] = f[bytes];
	return to;
}

void *memset(void *to, int value, size_t bytes)
{
	void *place = to;

	__asm__ volatile("rep stosb" : "+D"(place), "+c"(bytes) : "a"(value) : "memory");
	return to;
}

int memcmp(const void *a, const void *b, size_t bytes)
{
	const volatile uint8_t *x = a, *y = b;

	for (; bytes; bytes--, x++, y++) {
		uint8_t left = *x, right = *y;

		if (left != right)
			return left - right;
	}
	return 0;
}

size_t strlen(const char *text)
{
	const volatile char *end = text;

	while (*end)
		end++;
	return (size_t)(end - text);
}
