// SPDX-License-Identifier: Apache-2.0
/* The raw counter and the anchors that tie it to the kernel's clocks. */
#include "shim/ring/ring.h"

#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "shim/entry/arch/arch.h"
#include "shim/ring/anchor.h"

/* Clock sources that the kernel reads from the processor's counter. */
static const char *const counter_sources[] = { "tsc", "kvm-clock", "hyperv_clocksource_tsc_page",
					       "arch_sys_counter" };

enum vgpu_counter vgpu_clock_kind(void)
{
	char name[64];
	ssize_t n = -1;
	int fd = open("/sys/devices/system/clocksource/clocksource0/current_clocksource",
		      O_RDONLY | O_CLOEXEC);

	if (fd >= 0) {
		n = read(fd, name, sizeof(name) - 1);
		close(fd);
	}
	if (n <= 0)
		return VGPU_COUNTER_MONOTONIC;
	name[n] = '\0';
	name[strcspn(name, "\n")] = '\0';
	for (size_t i = 0; i < sizeof(counter_sources) / sizeof(*counter_sources); i++)
		if (!strcmp(name, counter_sources[i]))
			return VGPU_COUNTER_TSC;
	return VGPU_COUNTER_MONOTONIC;
}

static uint64_t clock_ns(clockid_t id)
{
	struct timespec ts;

	if (clock_gettime(id, &ts))
		return 0;
	return (uint64_t)ts.tv_sec * 1000000000u + ts.tv_nsec;
}

uint64_t vgpu_clock_monotonic(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

static uint64_t raw(const struct vgpu_arena *arena)
{
	return arena->counter == VGPU_COUNTER_TSC ? vgpu_arch_counter() : vgpu_clock_monotonic();
}

uint64_t vgpu_clock_anchor(struct vgpu_arena *arena)
{
	uint64_t step = arena->counter == VGPU_COUNTER_TSC ? VGPU_ANCHOR_TICKS : VGPU_ANCHOR_CLOCK_NS;
	uint64_t due = __atomic_load_n(&arena->next_anchor, __ATOMIC_RELAXED), now = raw(arena), count;
	struct vgpu_anchor best = { .error = UINT32_MAX };

	/* One anchor an interval for all threads: two must not write one slot. */
	if (now < due || !__atomic_compare_exchange_n(&arena->next_anchor, &due, now + step, 0,
						      __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
		return due > now ? due : now + step;
	count = __atomic_fetch_add(&arena->anchor_count, 1, __ATOMIC_RELAXED);
	/* Of three tries the one with the narrowest bracket: an interrupt or a VM exit widens it. */
	for (int i = 0; i < 3; i++) {
		uint64_t before = raw(arena);
		uint64_t boottime = clock_ns(CLOCK_BOOTTIME);
		uint64_t monotonic = clock_ns(CLOCK_MONOTONIC);
		uint64_t realtime = clock_ns(CLOCK_REALTIME);
		uint64_t after = raw(arena), half = (after - before + 1) / 2;

		if (half < best.error) {
			best.error = half;
			best.counter = before + (after - before) / 2;
			best.monotonic_ns = monotonic;
			best.boottime_ns = boottime;
			best.realtime_ns = realtime;
		}
	}
	vgpu_anchor_write(arena, count, &best);
	return now + step;
}
