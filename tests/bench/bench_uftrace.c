// SPDX-License-Identifier: Apache-2.0
/* One function, instrumented as uftrace wants it. Run by bench_call and bench_trace under `uftrace record`. */
#include <stdlib.h>

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

/* With a number: so many calls and nothing else. */
int __attribute__((no_instrument_function)) main(int argc, char **argv)
{
	if (argc > 1) {
		many(strtoul(argv[1], NULL, 0));
		return 0;
	}
	bench_loop(many, 9, 100000);
	return 0;
}
