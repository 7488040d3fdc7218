// SPDX-License-Identifier: Apache-2.0
/* One function, instrumented as uftrace wants it. Run by bench_call under `uftrace record`. */
#include "tests/bench/bench.h"

static int __attribute__((noinline)) traced(int *value, int attribute, int device)
{
	int result = bench_get_attribute(value, attribute, device);

	__asm__ volatile("" ::: "memory");
	return result;
}

static void __attribute__((no_instrument_function)) many(unsigned calls)
{
	int value;

	for (unsigned i = 0; i < calls; i++)
		traced(&value, 75, 0);
}

int __attribute__((no_instrument_function)) main(void)
{
	bench_loop(many, 9, 100000);
	return 0;
}
