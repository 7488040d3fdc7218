// SPDX-License-Identifier: Apache-2.0
/* The raw counter and its anchors; the kernel's clocks are read through the vDSO, as any program reads them. */
#include "shim/audit/audit.h"

#include <fcntl.h>
#include <time.h>

#include "shim/audit/sys.h"
#include "shim/ring/anchor.h"

/* Clock sources that the kernel reads from the processor's counter. */
static const char counter_sources[][32] = { "tsc", "kvm-clock", "hyperv_clocksource_tsc_page" };

static long (*vdso_gettime)(long id, struct timespec *out);

void audit_clock_open(uint64_t vdso)
{
	const ElfW(Ehdr) *header = (const ElfW(Ehdr) *)vdso;
	const ElfW(Phdr) *phdr;
	struct link_map map = { 0 };
	const ElfW(Sym) *symbol;
	struct audit_elf elf;
	bool based = false;

	if (!vdso)
		return;
	phdr = (const ElfW(Phdr) *)(vdso + header->e_phoff);
	for (unsigned i = 0; i < header->e_phnum; i++) {
		if (phdr[i].p_type == PT_LOAD && !based) {
			map.l_addr = vdso + phdr[i].p_offset - phdr[i].p_vaddr;
			based = true;
		} else if (phdr[i].p_type == PT_DYNAMIC) {
			map.l_ld = (ElfW(Dyn) *)(vdso + phdr[i].p_offset);
		}
	}
	if (!based || !map.l_ld)
		return;
	audit_elf_read(&elf, &map);
	symbol = audit_elf_find(&elf, "__vdso_clock_gettime");
	if (symbol)
		vdso_gettime = (long (*)(long, struct timespec *))(map.l_addr + symbol->st_value);
}

uint32_t audit_clock_kind(void)
{
	char name[64];
	long n, fd = sys_4(__NR_openat, AT_FDCWD,
			   "/sys/devices/system/clocksource/clocksource0/current_clocksource",
			   O_RDONLY | O_CLOEXEC, 0);

	if (fd < 0)
		return VGPU_COUNTER_MONOTONIC;
	n = sys_3(__NR_read, fd, name, sizeof(name) - 1);
	sys_1(__NR_close, fd);
	if (n > 0 && name[n - 1] == '\n')
		n--;
	name[n > 0 ? n : 0] = '\0';
	for (size_t i = 0; i < sizeof(counter_sources) / sizeof(*counter_sources); i++)
		if (sys_equal(name, counter_sources[i]))
			return VGPU_COUNTER_TSC;
	return VGPU_COUNTER_MONOTONIC;
}

static uint64_t clock_ns(int id)
{
	struct timespec ts = { 0, 0 };

	if (!vdso_gettime || vdso_gettime(id, &ts))
		sys_2(__NR_clock_gettime, id, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

uint64_t audit_clock_now(void)
{
	return audit.counter == VGPU_COUNTER_TSC ? sys_counter() : clock_ns(CLOCK_MONOTONIC);
}

uint64_t audit_clock_coarse(void)
{
	struct timespec ts;

	if (!vdso_gettime || vdso_gettime(CLOCK_MONOTONIC_COARSE, &ts))
		return 0;
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

void audit_clock_anchor(void)
{
	struct vgpu_arena *arena = audit.arena;
	struct vgpu_anchor best = { .error = UINT32_MAX };
	uint64_t count = __atomic_fetch_add(&arena->anchor_count, 1, __ATOMIC_RELAXED);

	/* Of three tries the one with the narrowest bracket: an interrupt widens it. */
	for (int i = 0; i < 3; i++) {
		uint64_t before = audit_clock_now(), monotonic = clock_ns(CLOCK_MONOTONIC);
		uint64_t after = audit_clock_now(), half = (after - before + 1) / 2;

		if (half < best.error) {
			best.error = (uint32_t)half;
			best.counter = before + (after - before) / 2;
			best.monotonic_ns = monotonic;
			best.boottime_ns = clock_ns(CLOCK_BOOTTIME);
			best.realtime_ns = clock_ns(CLOCK_REALTIME);
		}
	}
	vgpu_anchor_write(arena, count, &best);
}
