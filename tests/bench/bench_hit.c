// SPDX-License-Identifier: Apache-2.0
/* What a hit of a probe costs: in a process that is traced and in one that is not, beside probes that do nothing. */
#include "tests/bench/bench_hit.h"

#include <bpf/bpf.h>
#include <dlfcn.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tracer/source/kernel/private.h"

double bench_cpu_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return now.tv_sec * 1e9 + now.tv_nsec;
}

static int take(void *data, const struct vgpu_kernel_record *record)
{
	uint64_t *calls = data;

	*calls += record->head->kind == VGPU_BPF_CALL;
	return 0;
}

struct vgpu_kernel *bench_open_kernel(uint32_t method, bool apart)
{
	char why[512] = "";
	struct vgpu_kernel_options options = { .method = method, .ring_bytes = 16u << 20, .no_session = apart,
					       .why = why, .why_size = sizeof(why) };
	struct vgpu_kernel *kernel = NULL;

	if (vgpu_kernel_open(&kernel, &options))
		printf("  (%s)\n", why);
	return kernel;
}

/* Between the rounds the records are taken out of the rings: there is room for those of one, as `attach` has. */
static double best_call(struct vgpu_kernel *kernel, int (*function)(int *), uint64_t *calls)
{
	double best = 1e18;
	int count;

	for (int round = 0; round < BENCH_ROUNDS; round++) {
		double start = bench_cpu_ns();

		for (int i = 0; i < BENCH_CALLS; i++)
			function(&count);
		start = (bench_cpu_ns() - start) / BENCH_CALLS;
		best = start < best ? start : best;
		while (vgpu_kernel_drain(kernel, true, take, calls) > 0)
			;
	}
	return best;
}

static unsigned long offset_of(const struct vgpu_kernel *kernel, const char *name)
{
	for (uint32_t slot = 0; slot < vgpu_kernel_functions(kernel); slot++) {
		const struct vgpu_kernel_function *function = vgpu_kernel_function(kernel, slot);

		if (!strcmp(function->name, name))
			return function->offset;
	}
	return 0;
}

/*
 * A program that does nothing, at the entry and the return of a function: what this kernel itself
 * takes. In a session it may say at the entry that the return is not wanted.
 */
static double best_empty(const char *path, struct vgpu_kernel *kernel, int (*function)(int *), bool unwanted)
{
	const struct bpf_insn code[] = { { .code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = unwanted },
					 { .code = BPF_JMP | BPF_EXIT } };
	uint32_t type = vgpu_kernel_session(kernel) ? KERNEL_ATTACH_SESSION : KERNEL_ATTACH_MULTI;
	LIBBPF_OPTS(bpf_prog_load_opts, options, .expected_attach_type = (enum bpf_attach_type)type,
		    .prog_flags = vgpu_kernel_sleeps(kernel) ? BPF_F_SLEEPABLE : 0);
	int program = bpf_prog_load(BPF_PROG_TYPE_KPROBE, NULL, "Dual BSD/GPL", code, 2, &options);
	int links[2] = { -1, -1 }, count = type == KERNEL_ATTACH_SESSION ? 1 : 2;
	unsigned long offset = offset_of(kernel, "cuDeviceGetCount");
	uint64_t calls = 0;
	double best = 0;

	for (int i = 0; i < count; i++) {
		struct kernel_multi_attr attr = {
			.prog_fd = program, .attach_type = type, .path = (uintptr_t)path,
			.offsets = (uintptr_t)&offset, .count = 1, .uprobe_flags = i,
		};

		links[i] = kernel_link_create(&attr, sizeof(attr));
	}
	if (links[0] >= 0 && links[count - 1] >= 0)
		best = best_call(kernel, function, &calls);
	for (int i = 0; i < count; i++)
		if (links[i] >= 0)
			close(links[i]);
	if (program >= 0)
		close(program);
	return best;
}

static void hits(const char *path, bool apart, int (*function)(int *))
{
	struct vgpu_kernel *kernel = bench_open_kernel(VGPU_KERNEL_MULTI, apart);
	double plain, trap, hit, empty, empty_trap;
	struct vgpu_bpf_totals totals;
	uint64_t calls = 0;

	if (!kernel)
		return;
	plain = best_call(kernel, function, &calls);
	if ((!apart && !vgpu_kernel_session(kernel)) || vgpu_kernel_attach(kernel, path, NULL, NULL)) {
		vgpu_kernel_close(kernel);
		return;
	}
	trap = best_call(kernel, function, &calls);
	vgpu_kernel_follow(kernel, getpid());
	function(&(int){ 0 });
	hit = best_call(kernel, function, &calls);
	vgpu_kernel_detach(kernel);
	empty = best_empty(path, kernel, function, false);
	empty_trap = best_empty(path, kernel, function, !apart);
	while (vgpu_kernel_drain(kernel, true, take, &calls) > 0)
		;
	vgpu_kernel_totals(kernel, &totals);
	printf("%s: a call with its record in the ring %.0f ns; and traced by the kernel +%.0f ns, of these %.0f for probes "
	       "that do nothing and %.0f the observer's (%.2f times as much as without it); %llu records, %llu dropped\n",
	       apart ? "apart" : "session", plain, hit - plain, empty - plain, hit - empty, (hit - plain) / (empty - plain),
	       (unsigned long long)calls, (unsigned long long)totals.dropped);
	printf("%s: not traced +%.0f ns, of these %.0f for probes that do nothing%s and %.0f the observer's\n",
	       apart ? "apart" : "session", trap - plain, empty_trap - plain, apart ? "" : " at the entry alone",
	       trap - empty_trap);
	vgpu_kernel_close(kernel);
}

void bench_hits(const char *folder)
{
	int (*function)(int *);
	char path[1024];
	void *library;

	snprintf(path, sizeof(path), "%s/libvgpu-cuda.so", folder);
	setenv("VGPU_TRACE_DIR", "/dev/shm", 0);
	library = dlopen(path, RTLD_NOW);
	if (!library)
		return;
	*(void **)&function = dlsym(library, "cuDeviceGetCount");
	((int (*)(unsigned))dlsym(library, "cuInit"))(0);
	hits(path, false, function);
	hits(path, true, function);
}
