/* SPDX-License-Identifier: Apache-2.0 */
/* x86-64: time-stamp counter and unlocked xadd. */
#ifndef VGPU_ENTRY_ARCH_X86_64_H
#define VGPU_ENTRY_ARCH_X86_64_H

#include <stdint.h>

static inline uint64_t vgpu_arch_counter(void)
{
	return __builtin_ia32_rdtsc();
}

/* Wants a line to write to; an address without memory behind it does no harm, and processors that cannot do it pass over. */
static inline void vgpu_arch_want(const void *place)
{
	__asm__ volatile("prefetchw %0" : : "m"(*(const char *)place));
}

/* One instruction, so a signal handler on this thread comes before or after it; no lock, since no other thread writes here. */
static inline uint32_t vgpu_arch_add32(uint32_t *value, uint32_t addend)
{
	__asm__ volatile("xaddl %0, %1" : "+r"(addend), "+m"(*value) : : "cc", "memory");
	return addend;
}

static inline uint64_t vgpu_arch_add64(uint64_t *value, uint64_t addend)
{
	__asm__ volatile("xaddq %0, %1" : "+r"(addend), "+m"(*value) : : "cc", "memory");
	return addend;
}

#endif
