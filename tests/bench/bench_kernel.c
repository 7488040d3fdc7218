// SPDX-License-Identifier: Apache-2.0
/* What the kernel observer costs: attaching and detaching, a hit, and those who are not traced. */
#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "tests/bench/bench_hit.h"
#include "tests/bench/bench_slope.h"
#include "tests/bench/bench_slope_target.h"
#include "tracer/source/kernel/private.h"

#define LINKS 100

static const char *const libraries[] = { "cuda", "nvml", "cudart13", "cudart12" };

static double now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1e9 + now.tv_nsec;
}

static uint32_t attach_all(struct vgpu_kernel *kernel, const char *folder, double *ns)
{
	struct vgpu_kernel_attached attached;
	uint32_t functions = 0;
	char path[1024];

	*ns = 0;
	for (size_t i = 0; i < sizeof(libraries) / sizeof(libraries[0]); i++) {
		snprintf(path, sizeof(path), "%s/libvgpu-%s.so", folder, libraries[i]);
		if (vgpu_kernel_attach(kernel, path, NULL, &attached))
			continue;
		functions += attached.functions;
		*ns += attached.attach_ns;
	}
	return functions;
}

/* One perf event a function and direction, as most tools attach. */
static void per_function(const char *path, const struct vgpu_kernel *kernel, double *attach_ns, double *detach_ns)
{
	struct perf_event_attr attr = { .size = sizeof(attr) };
	FILE *type = fopen("/sys/bus/event_source/devices/uprobe/type", "re");
	unsigned number = 0;
	int fds[LINKS * 2], count = 0;
	double start;

	if (type && fscanf(type, "%u", &number) != 1)
		number = 0;
	if (type)
		fclose(type);
	attr.type = number;
	attr.config1 = (uintptr_t)path;
	start = now_ns();
	for (uint32_t slot = 0; slot < LINKS && slot < vgpu_kernel_functions(kernel); slot++)
		for (int on_return = 0; on_return < 2; on_return++) {
			attr.config2 = vgpu_kernel_function(kernel, slot)->offset;
			attr.config = on_return;
			fds[count] = syscall(__NR_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
			count += fds[count] >= 0;
		}
	*attach_ns = now_ns() - start;
	start = now_ns();
	while (count > 0)
		close(fds[--count]);
	*detach_ns = now_ns() - start;
}

static double best_system_call(void)
{
	double best = 1e18;

	for (int round = 0; round < BENCH_ROUNDS; round++) {
		double start = bench_cpu_ns();

		for (int i = 0; i < BENCH_CALLS * 2; i++)
			syscall(__NR_getppid);
		start = (bench_cpu_ns() - start) / BENCH_CALLS / 2;
		best = start < best ? start : best;
	}
	return best;
}

static void attaching(const char *folder, uint32_t method, bool apart)
{
	struct vgpu_kernel *kernel = bench_open_kernel(method, apart);
	double attach_ns, detach_ns, one_attach_ns, one_detach_ns;
	uint32_t functions;
	char path[1024];

	if (!kernel)
		return;
	functions = attach_all(kernel, folder, &attach_ns);
	snprintf(path, sizeof(path), "%s/libvgpu-cuda.so", folder);
	detach_ns = vgpu_kernel_detach(kernel);
	printf("%-8s %u functions, both directions: attached in %.1f ms, detached in %.1f ms\n",
	       vgpu_kernel_session(kernel) ? "session" : vgpu_kernel_method_name(method), functions, attach_ns / 1e6, detach_ns / 1e6);
	if (method == VGPU_KERNEL_MULTI && !apart) {
		per_function(path, kernel, &one_attach_ns, &one_detach_ns);
		printf("%-8s %u functions, an event each: attached in %.1f ms, detached in %.1f ms (%.0f times as long to "
		       "detach, per function)\n",
		       "events", LINKS, one_attach_ns / 1e6, one_detach_ns / 1e6,
		       one_detach_ns / LINKS / (detach_ns / functions));
	}
	vgpu_kernel_close(kernel);
}

/* A program that does nothing at the tracepoint of all system calls: what this kernel itself takes. */
static double best_empty_system_call(void)
{
	const struct bpf_insn code[] = { { .code = BPF_ALU64 | BPF_MOV | BPF_K }, { .code = BPF_JMP | BPF_EXIT } };
	int program = bpf_prog_load(BPF_PROG_TYPE_RAW_TRACEPOINT, NULL, "Dual BSD/GPL", code, 2, NULL);
	int link = bpf_raw_tracepoint_open("sys_exit", program);
	double best = best_system_call();

	if (link >= 0)
		close(link);
	if (program >= 0)
		close(program);
	return link < 0 ? 0 : best;
}

/* Two ways to see three system calls: at their functions, where the kernel permits that, or at the tracepoint of all. */
static void system_calls(bool all)
{
	struct vgpu_kernel_options options = { .ring_bytes = 1u << 20, .descriptors = 4, .files = true, .all_syscalls = all };
	double plain = best_system_call(), observed, empty = all ? best_empty_system_call() : 0;
	struct vgpu_kernel *kernel;

	if (vgpu_kernel_open(&kernel, &options))
		return;
	observed = best_system_call();
	all = !vgpu_kernel_hooks_functions(kernel);
	vgpu_kernel_close(kernel);
	printf("a system call %.0f ns; while output and files are recorded somewhere on the machine, at %s, %+.0f ns; "
	       "afterwards %+.0f ns\n",
	       plain, all ? "the tracepoint of all system calls" : "the functions of three", observed - plain,
	       best_system_call() - plain);
	if (empty > 0)
		printf("a program that does nothing at that tracepoint: %+.0f ns\n", empty - plain);
}

int main(int argc, char **argv)
{
	char why[256];

	if (argc == 2 && !strcmp(argv[1], "slope-child"))
		return bench_slope_child();
	if (argc >= 3 && argc <= 5 && !strcmp(argv[1], "slope"))
		return bench_slope(atof(argv[2]), argc > 3 ? atof(argv[3]) : 10, argc > 4 && !strcmp(argv[4], "calm"));
	if (argc == 3 && !strcmp(argv[2], "syscalls")) {
		system_calls(false);
		system_calls(true);
		return 0;
	}
	if (argc == 3 && !strcmp(argv[2], "hits")) {
		bench_hits(argv[1]);
		return 0;
	}
	if (argc != 2 || vgpu_kernel_permitted(why, sizeof(why))) {
		printf("SKIPPED: %s\n", argc != 2 ? "usage: bench_kernel LIBRARY-FOLDER [hits|syscalls] | "
						    "slope SECONDS [INTERVAL [calm]]" : why);
		return 77;
	}
	attaching(argv[1], VGPU_KERNEL_MULTI, false);
	attaching(argv[1], VGPU_KERNEL_MULTI, true);
	attaching(argv[1], VGPU_KERNEL_TRACEFS, false);
	bench_hits(argv[1]);
	system_calls(false);
	system_calls(true);
	return 0;
}
