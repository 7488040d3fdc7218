// SPDX-License-Identifier: Apache-2.0
/* One function with two LTTng-UST tracepoints. Run by bench_call within a session. */
#define LTTNG_UST_TRACEPOINT_CREATE_PROBES
#define LTTNG_UST_TRACEPOINT_DEFINE
#include "bench_lttng.h"

#include "tests/bench/bench.h"

static int __attribute__((noinline)) traced(int *value, int attribute, int device)
{
	int result;

	lttng_ust_tracepoint(vgpu_bench, enter, value, attribute, device);
	result = bench_get_attribute(value, attribute, device);
	lttng_ust_tracepoint(vgpu_bench, leave, result, *value);
	return result;
}

static void many(unsigned calls)
{
	int value = 0;

	for (unsigned i = 0; i < calls; i++)
		traced(&value, 75, 0);
}

int main(void)
{
	bench_loop(many, 9, 100000);
	return 0;
}
