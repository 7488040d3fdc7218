/* SPDX-License-Identifier: Apache-2.0 */
/* What this kernel can and this process may do. */
#include "tracer/source/kernel/private.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Of linux/capability.h; headers of 5.8 and later have the last two. */
enum { CAPABILITY_SYS_ADMIN = 21, CAPABILITY_PERFMON = 38, CAPABILITY_BPF = 39 };

void kernel_say(char *why, size_t size, const char *format, ...)
{
	va_list list;

	if (!why || !size)
		return;
	va_start(list, format);
	vsnprintf(why, size, format, list);
	va_end(list);
}

uint64_t kernel_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * UINT64_C(1000000000) + now.tv_nsec;
}

static uint64_t capabilities(void)
{
	unsigned long long set = 0;
	char line[256];
	FILE *file = fopen("/proc/self/status", "re");

	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "CapEff: %llx", &set) == 1)
			break;
	}
	if (file)
		fclose(file);
	return set;
}

/* The first user namespace maps all numbers onto themselves. */
static bool is_first_user_namespace(void)
{
	unsigned inside, outside, count;
	FILE *file = fopen("/proc/self/uid_map", "re");
	bool first = true;

	if (file && fscanf(file, "%u %u %u", &inside, &outside, &count) == 3)
		first = !inside && !outside && count == UINT32_MAX;
	if (file)
		fclose(file);
	return first;
}

unsigned vgpu_kernel_lacks(void)
{
	uint64_t set = capabilities();

	if (set >> CAPABILITY_SYS_ADMIN & 1)
		return 0;
	return (set >> CAPABILITY_BPF & 1 ? 0 : VGPU_KERNEL_NEEDS_BPF) |
	       (set >> CAPABILITY_PERFMON & 1 ? 0 : VGPU_KERNEL_NEEDS_PERFMON);
}

int vgpu_kernel_permitted(char *why, size_t size)
{
	unsigned lacks = vgpu_kernel_lacks();
	bool bpf = !(lacks & VGPU_KERNEL_NEEDS_BPF), perfmon = !(lacks & VGPU_KERNEL_NEEDS_PERFMON);

	if (!bpf || !perfmon) {
		kernel_say(why, size, "the kernel observer lacks %s%s%s; run as root, or: setcap cap_bpf,cap_perfmon+ep vgpu-trace",
			   bpf ? "" : "CAP_BPF", bpf || perfmon ? "" : " and ", perfmon ? "" : "CAP_PERFMON");
		return -EPERM;
	}
	if (!is_first_user_namespace()) {
		kernel_say(why, size, "the kernel observer needs CAP_BPF and CAP_PERFMON of the first user namespace; "
				      "this process has those of a container");
		return -EPERM;
	}
	return 0;
}

static int load_code(const struct bpf_insn *code, size_t count, uint32_t type, uint32_t attach, uint32_t flags)
{
	LIBBPF_OPTS(bpf_prog_load_opts, options, .expected_attach_type = attach, .prog_flags = flags);
	int fd = bpf_prog_load(type, NULL, "Dual BSD/GPL", code, count, &options);

	return fd < 0 ? -errno : fd;
}

static int load(uint32_t type, uint32_t attach, uint32_t flags)
{
	/* r0 = 0; exit */
	const struct bpf_insn code[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K },
		{ .code = BPF_JMP | BPF_EXIT },
	};

	return load_code(code, 2, type, attach, flags);
}

static int probe_load(void)
{
	int fd = load(BPF_PROG_TYPE_KPROBE, 0, 0);

	if (fd >= 0)
		close(fd);
	return fd < 0 ? fd : 0;
}

int kernel_sleep_probe(void)
{
	int fd = load(BPF_PROG_TYPE_KPROBE, 0, BPF_F_SLEEPABLE);

	if (fd >= 0)
		close(fd);
	return fd < 0 ? fd : 0;
}

static int probe_map(enum bpf_map_type type, uint32_t bytes)
{
	int fd = bpf_map_create(type, NULL, 0, 0, bytes, NULL);

	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

static int probe_ring(void)
{
	return probe_map(BPF_MAP_TYPE_RINGBUF, 4096);
}

static int probe_types(void)
{
	return access("/sys/kernel/btf/vmlinux", R_OK) ? -errno : 0;
}

/* A link to "/" is refused for what it is (EBADF) only by kernels that know of such links. Closes the program. */
static int try_link(int program, uint32_t type)
{
	struct kernel_multi_attr attr = { .attach_type = type };
	unsigned long offset = 0;
	int link, err;

	if (program < 0)
		return program;
	attr.prog_fd = program;
	attr.path = (uintptr_t)"/";
	attr.offsets = (uintptr_t)&offset;
	attr.count = 1;
	link = kernel_link_create(&attr, sizeof(attr));
	err = link < 0 ? -errno : 0;
	if (link >= 0)
		close(link);
	close(program);
	return err == -EBADF ? 0 : err ? err : -EINVAL;
}

int kernel_multi_probe(void)
{
	return try_link(load(BPF_PROG_TYPE_KPROBE, KERNEL_ATTACH_MULTI, 0), KERNEL_ATTACH_MULTI);
}

int kernel_session_probe(void)
{
	/* Calls the kernel's function that tells an entry from a return. */
	struct bpf_insn code[] = {
		{ .code = BPF_JMP | BPF_CALL, .src_reg = BPF_PSEUDO_KFUNC_CALL },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K },
		{ .code = BPF_JMP | BPF_EXIT },
	};

	code[0].imm = libbpf_find_vmlinux_btf_id("bpf_session_is_return", BPF_TRACE_FEXIT);
	if (code[0].imm < 0)
		return code[0].imm;
	return try_link(load_code(code, 3, BPF_PROG_TYPE_KPROBE, KERNEL_ATTACH_SESSION, 0), KERNEL_ATTACH_SESSION);
}

int kernel_function_probe(void)
{
	const struct bpf_insn code[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	LIBBPF_OPTS(bpf_prog_load_opts, options, .expected_attach_type = BPF_TRACE_FEXIT);
	int id = libbpf_find_vmlinux_btf_id("__x64_sys_write", BPF_TRACE_FEXIT), program, link, err;

	if (id < 0)
		return id;
	options.attach_btf_id = id;
	program = bpf_prog_load(BPF_PROG_TYPE_TRACING, NULL, "Dual BSD/GPL", code, 2, &options);
	if (program < 0)
		return -errno;
	/* A kernel may take the program and then not be able to hang it up. */
	link = bpf_raw_tracepoint_open(NULL, program);
	err = link < 0 ? -errno : 0;
	if (link >= 0)
		close(link);
	close(program);
	return err;
}

static int probe_tracefs(void)
{
	int fd = kernel_tracefs_open();

	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

const struct vgpu_kernel_feature *vgpu_kernel_features(size_t *count)
{
	static struct vgpu_kernel_feature table[] = {
		{ "types", "the kernel's own type information (CONFIG_DEBUG_INFO_BTF)", 0 },
		{ "probes", "BPF programs on user-space probes", 0 },
		{ "ring", "ring buffers (Linux 5.8)", 0 },
		{ "sleepable", "values on pages that are not in memory yet (Linux 6.0)", 0 },
		{ "multi", "all probes of a library in one link (Linux 6.6)", 0 },
		{ "session", "a hit costs processes that are not traced half as much: the entry alone (Linux 6.13)", 0 },
		{ "tracefs", "all probes of a library in one trace event (before Linux 6.6)", 0 },
		{ "functions", "output and files at no cost to other system calls", 0 },
	};
	static int (*const probes[])(void) = { probe_types,	   probe_load,		 probe_ring,	kernel_sleep_probe,
					       kernel_multi_probe, kernel_session_probe, probe_tracefs, kernel_function_probe };

	_Static_assert(sizeof(table) / sizeof(table[0]) == sizeof(probes) / sizeof(probes[0]), "a probe each");
	for (size_t i = 0; i < sizeof(probes) / sizeof(probes[0]); i++)
		table[i].error = probes[i]();
	*count = sizeof(probes) / sizeof(probes[0]);
	return table;
}
