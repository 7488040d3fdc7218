// SPDX-License-Identifier: Apache-2.0
/* gpu_overhead: what a launch and a copy cost, and under forward the same calls past our library, in one process. */
#include <dlfcn.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "gen/cuda_types.h"
#include "shim/entry/arch/arch.h"

/* Slices are short, so that what moves on the machine moves under both ways alike; and many, so that 1 % can be told. */
#define LAUNCHES 500 /* fewer than the driver queues: none waits for the device */
#define COPIES 20
#define GETS 2000
#define PAIRS 2001
#define NUMBERS (1u << 16)

/* Our own: adds one to each number; and a kernel that does nothing. */
static const char ptx[] =
    ".version 6.4\n.target sm_52\n.address_size 64\n"
    ".visible .entry nothing()\n{\n\tret;\n}\n"
    ".visible .entry add_one(.param .u64 at, .param .u32 n)\n{\n"
    "\t.reg .pred %p<2>;\n\t.reg .b32 %r<8>;\n\t.reg .b64 %rd<5>;\n"
    "\tld.param.u64 %rd1, [at];\n\tld.param.u32 %r1, [n];\n"
    "\tmov.u32 %r2, %ctaid.x;\n\tmov.u32 %r3, %ntid.x;\n\tmov.u32 %r4, %tid.x;\n"
    "\tmad.lo.s32 %r5, %r2, %r3, %r4;\n\tsetp.ge.u32 %p1, %r5, %r1;\n\t@%p1 bra done;\n"
    "\tcvta.to.global.u64 %rd2, %rd1;\n\tmul.wide.u32 %rd3, %r5, 4;\n\tadd.s64 %rd4, %rd2, %rd3;\n"
    "\tld.global.u32 %r6, [%rd4];\n\tadd.u32 %r7, %r6, 1;\n\tst.global.u32 [%rd4], %r7;\n"
    "done:\n\tret;\n}\n";

struct way {
	const char *name;
	void *handle;
	CUresult (*launch)(CUfunction, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned,
			   unsigned, CUstream, void **, void **);
	CUresult (*synchronise)(void);
	CUresult (*to_device)(CUdeviceptr, const void *, size_t);
	CUresult (*to_host)(void *, CUdeviceptr, size_t);
	CUresult (*get)(CUdevice *, int);
};

enum what { LAUNCH, COPY, GET, WHATS };

static const char *const names[WHATS] = { "launch", "copy of 4 KiB", "cuDeviceGet" };
static const unsigned calls[WHATS] = { LAUNCHES, COPIES, GETS };
/* ns a call, by way and pair of slices. */
static double times[WHATS][2][PAIRS];
static unsigned pairs = PAIRS;

static CUfunction nothing, add_one;
static CUdeviceptr memory;
static unsigned numbers[NUMBERS];

static double now_ns(void)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	return at.tv_sec * 1e9 + at.tv_nsec;
}

static void *need(void *handle, const char *name)
{
	void *symbol = dlsym(handle, name);

	if (!symbol) {
		fprintf(stderr, "gpu_overhead: no %s\n", name);
		exit(1);
	}
	return symbol;
}

static void open_way(struct way *way, const char *name, void *handle)
{
	way->name = name;
	way->handle = handle;
	*(void **)&way->launch = need(handle, "cuLaunchKernel");
	*(void **)&way->synchronise = need(handle, "cuCtxSynchronize");
	*(void **)&way->to_device = need(handle, "cuMemcpyHtoD_v2");
	*(void **)&way->to_host = need(handle, "cuMemcpyDtoH_v2");
	*(void **)&way->get = need(handle, "cuDeviceGet");
}

#define MUST(call)                                                                                 \
	do {                                                                                       \
		int result_ = (call);                                                              \
		if (result_) {                                                                     \
			fprintf(stderr, "gpu_overhead: %s: %d\n", #call, result_);                 \
			exit(1);                                                                   \
		}                                                                                  \
	} while (0)

static void prepare(void *handle)
{
	CUresult (*init)(unsigned) = need(handle, "cuInit");
	CUresult (*get)(CUdevice *, int) = need(handle, "cuDeviceGet");
	CUresult (*retain)(CUcontext *, CUdevice) = need(handle, "cuDevicePrimaryCtxRetain");
	CUresult (*set)(CUcontext) = need(handle, "cuCtxSetCurrent");
	CUresult (*load)(CUmodule *, const void *) = need(handle, "cuModuleLoadData");
	CUresult (*function)(CUfunction *, CUmodule, const char *) =
	    need(handle, "cuModuleGetFunction");
	CUresult (*allocate)(CUdeviceptr *, size_t) = need(handle, "cuMemAlloc_v2");
	CUcontext context;
	CUmodule module;
	CUdevice device;

	MUST(init(0));
	MUST(get(&device, 0));
	MUST(retain(&context, device));
	MUST(set(context));
	MUST(load(&module, ptx));
	MUST(function(&nothing, module, "nothing"));
	MUST(function(&add_one, module, "add_one"));
	MUST(allocate(&memory, sizeof(numbers)));
}

static void compute(const struct way *way)
{
	unsigned n = NUMBERS, wrong = 0;
	void *parameters[] = { &memory, &n };
	unsigned long long sum = 0;

	for (unsigned i = 0; i < NUMBERS; i++)
		numbers[i] = i * 3;
	MUST(way->to_device(memory, numbers, sizeof(numbers)));
	for (int i = 0; i < 5; i++)
		MUST(way->launch(add_one, NUMBERS / 256, 1, 1, 256, 1, 1, 0, NULL, parameters,
				 NULL));
	MUST(way->to_host(numbers, memory, sizeof(numbers)));
	for (unsigned i = 0; i < NUMBERS; i++) {
		wrong += numbers[i] != i * 3 + 5;
		sum += numbers[i];
	}
	printf("computed\tvia %s\tsum %llu\t%u wrong\n", way->name, sum, wrong);
}

/* One slice; the device is idle when it begins, and is waited for outside of it. */
static double slice(struct way *way, enum what what)
{
	CUdevice device;
	double start;

	way->synchronise();
	start = now_ns();
	switch (what) {
	case LAUNCH:
		for (unsigned i = 0; i < LAUNCHES; i++)
			way->launch(nothing, 1, 1, 1, 1, 1, 1, 0, NULL, NULL, NULL);
		break;
	case COPY:
		for (unsigned i = 0; i < COPIES; i++)
			way->to_device(memory, numbers, 4096);
		break;
	default:
		for (unsigned i = 0; i < GETS; i++)
			way->get(&device, 0);
	}
	return (now_ns() - start) / calls[what];
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The value that a share of them lies below. */
static double at_share(const double *sorted, double share)
{
	return sorted[(unsigned)(share * (pairs - 1) + 0.5)];
}

/*
 * What is compared is each slice with its neighbour. The 95 % bounds of a median are order
 * statistics: right whatever the distribution.
 */
static void tell(enum what what, unsigned count)
{
	static double sorted[2][PAIRS], more[PAIRS], ratio[PAIRS];
	double bound = 0.98 / sqrt(pairs);

	for (unsigned i = 0; i < pairs; i++) {
		more[i] = times[what][0][i] - times[what][1][i];
		ratio[i] = count == 2 ? times[what][0][i] / times[what][1][i] : 1;
	}
	memcpy(sorted, times[what], sizeof(sorted));
	for (unsigned way = 0; way < count; way++)
		qsort(sorted[way], pairs, sizeof(double), compare);
	qsort(more, pairs, sizeof(double), compare);
	qsort(ratio, pairs, sizeof(double), compare);
	for (unsigned way = 0; way < count; way++)
		printf("median\t%s\tvia %s\t%.1f ns\tquartiles %.1f to %.1f\n", names[what],
		       way ? "the library behind" : "libcuda.so.1", at_share(sorted[way], 0.5),
		       at_share(sorted[way], 0.25), at_share(sorted[way], 0.75));
	if (count == 2)
		printf("ratio\t%s\tours to direct %.4f (95 %%: %.4f to %.4f)\t%+.1f ns (95 %%: "
		       "%+.1f to %+.1f)\t%u pairs of slices\n",
		       names[what], at_share(ratio, 0.5), at_share(ratio, 0.5 - bound),
		       at_share(ratio, 0.5 + bound), at_share(more, 0.5),
		       at_share(more, 0.5 - bound), at_share(more, 0.5 + bound), pairs);
}

/* What a record's two times cost at least. */
static void tell_counter(void)
{
	double start = now_ns();
	unsigned long long sum = 0;

	for (unsigned i = 0; i < 1000000; i++)
		sum += vgpu_arch_counter();
	printf("counter\t%.1f ns a reading%s\n", (now_ns() - start) / 1000000,
	       sum ? "" : ", stands still");
}

/* usage: gpu_overhead [launch|copy|get [PAIRS]] */
int main(int argc, char **argv)
{
	static const char *const words[WHATS] = { "launch", "copy", "get" };
	const char *behind = getenv("VGPU_FORWARD_CUDA");
	struct way ways[2];
	unsigned count = 1;
	void *handle = dlopen("libcuda.so.1", RTLD_NOW);

	if (!handle) {
		fprintf(stderr, "gpu_overhead: %s\n", dlerror());
		return 77;
	}
	open_way(&ways[0], "libcuda.so.1", handle);
	prepare(handle);
	/* Under forward the genuine library is loaded already, and works in the same context. */
	handle = behind ? dlopen(behind, RTLD_NOW | RTLD_NOLOAD) : NULL;
	if (handle)
		open_way(&ways[count++], "the library behind", handle);
	for (unsigned i = 0; i < count; i++)
		compute(&ways[i]);
	if (argc > 2 && atoi(argv[2]) > 0 && atoi(argv[2]) < PAIRS)
		pairs = (unsigned)atoi(argv[2]);
	for (enum what what = 0; what < WHATS; what++) {
		if (argc > 1 && strcmp(argv[1], words[what]))
			continue;
		/* ours, theirs, theirs, ours, …: neither is always the one that comes after the other. */
		for (unsigned pair = 0; pair < pairs; pair++)
			for (unsigned i = 0; i < count; i++) {
				unsigned way = (i + pair) % count;

				times[what][way][pair] = slice(&ways[way], what);
			}
		tell(what, count);
	}
	tell_counter();
	return 0;
}
