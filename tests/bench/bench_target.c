// SPDX-License-Identifier: Apache-2.0
/* The function that the competitors trace. */
#include "tests/bench/bench.h"

int bench_get_attribute(int *value, int attribute, int device)
{
	static volatile int table[128];

	if (!value || device || attribute <= 0 || attribute >= 128)
		return 1;
	*value = table[attribute];
	return 0;
}
