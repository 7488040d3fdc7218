/* SPDX-License-Identifier: Apache-2.0 */
/* A library whose start crashes. */
#include <stddef.h>

static int *volatile nowhere;

__attribute__((constructor)) static void start(void)
{
	*nowhere = 1;
}
