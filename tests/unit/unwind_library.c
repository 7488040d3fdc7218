/* SPDX-License-Identifier: Apache-2.0 */
/* One of a chain of libraries without frame pointers: UNWIND_NUMBER says which. */
#include "tests/unit/unwind_library.h"

#include <alloca.h>
#include <string.h>

#define NAME2(n) unwind_library_##n
#define NAME(n) NAME2(n)

static __attribute__((noinline)) int inner(int turns, unwind_leaf *leaf);

#if UNWIND_NUMBER == 1
/* Room of a fixed size. */
static __attribute__((noinline)) int inner(int turns, unwind_leaf *leaf)
{
	volatile char room[600];

	memset((char *)room, turns, sizeof(room));
	return unwind_library_2(turns, leaf) + room[turns];
}
#elif UNWIND_NUMBER == 2
/* Room whose size is known only now: its own frame is found by a register that it saves. */
static __attribute__((noinline)) int inner(int turns, unwind_leaf *leaf)
{
	volatile char *room = alloca(64 * (turns + 1));

	room[turns] = 1;
	return unwind_library_3(turns, leaf) + room[turns];
}
#else
/* Itself, many times, with all registers in use that a callee must save. */
static __attribute__((noinline)) int inner(int turns, unwind_leaf *leaf)
{
	volatile int a = turns, b = a + 1, c = b + 1, d = c + 1;
	int w = a * 3, x = b * 5, y = c * 7, z = d * 11;

	if (turns)
		w += inner(turns - 1, leaf);
	else
		leaf();
	return w + x * 2 + y * 3 + z * 4;
}
#endif

int NAME(UNWIND_NUMBER)(int turns, unwind_leaf *leaf)
{
	return inner(turns, leaf) + 1;
}
