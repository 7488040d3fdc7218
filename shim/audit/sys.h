/* SPDX-License-Identifier: Apache-2.0 */
/* All that the auditor has in place of a C library: raw system calls of x86-64 and a few string functions. */
#ifndef VGPU_AUDIT_SYS_H
#define VGPU_AUDIT_SYS_H

#include <stddef.h>
#include <stdint.h>
#include <asm/unistd.h>

#if !defined(__x86_64__) || defined(__ILP32__)
#error "the auditor knows x86-64 only"
#endif

/* -errno on failure. errno itself is the program's, and is never touched. */
static inline long sys6(long n, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
}

#define sys_0(n)          sys6(n, 0, 0, 0, 0, 0, 0)
#define sys_1(n, a)       sys6(n, (long)(a), 0, 0, 0, 0, 0)
#define sys_2(n, a, b)    sys6(n, (long)(a), (long)(b), 0, 0, 0, 0)
#define sys_3(n, a, b, c) sys6(n, (long)(a), (long)(b), (long)(c), 0, 0, 0)
#define sys_4(n, a, b, c, d) sys6(n, (long)(a), (long)(b), (long)(c), (long)(d), 0, 0)

static inline uint64_t sys_counter(void)
{
	return __builtin_ia32_rdtsc();
}

/* A 32-bit word of the calling thread's descriptor. */
static inline uint32_t sys_thread_word(uint32_t offset)
{
	uint32_t value;

	__asm__ volatile("movl %%fs:(%1), %0" : "=r"(value) : "r"((uint64_t)offset));
	return value;
}

/* Emitted by compilers, too. */
#pragma GCC visibility push(hidden)
void *memcpy(void *restrict to, const void *restrict from, size_t bytes);
void *memmove(void *to, const void *from, size_t bytes);
void *memset(void *to, int value, size_t bytes);
int memcmp(const void *a, const void *b, size_t bytes);
size_t strlen(const char *text);
#pragma GCC visibility pop

static inline int sys_equal(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *a == *b;
}

/* What follows prefix in text; NULL where text begins otherwise. */
static inline const char *sys_after(const char *text, const char *prefix)
{
	while (*prefix)
		if (*text++ != *prefix++)
			return NULL;
	return text;
}

static inline const char *sys_basename(const char *path)
{
	const char *name = path;

	for (; *path; path++)
		if (*path == '/')
			name = path + 1;
	return name;
}

/* The number in decimal at `to`, NUL-terminated; returns the place of the NUL. At most 21 bytes. */
static inline char *sys_decimal(char *to, uint64_t value)
{
	char digits[20];
	int n = 0;

	do
		digits[n++] = (char)('0' + value % 10);
	while (value /= 10);
	while (n)
		*to++ = digits[--n];
	*to = '\0';
	return to;
}

/* Copies text and its NUL; returns the place of the NUL. */
static inline char *sys_put(char *to, const char *text)
{
	while ((*to = *text++))
		to++;
	return to;
}

#endif
