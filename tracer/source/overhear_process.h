/* SPDX-License-Identifier: Apache-2.0 */
/* Private to source/overhear*.c: the process that answers, and what it sends. */
#ifndef VGPU_SOURCE_OVERHEAR_PROCESS_H
#define VGPU_SOURCE_OVERHEAR_PROCESS_H

#include <stdint.h>

/* Of one write at most; the rest is counted in full_size. */
#define OVERHEAR_BYTES 16384u

/* A message; what was written follows. */
struct overhear_piece {
	uint64_t time_ns;
	uint64_t full_size;
	uint64_t lost; /* pieces so far that found no room */
	int32_t pid, tid;
	int32_t error; /* errno: nothing will be heard, and this is the only message; 0 */
	uint32_t pad;
	char target[256];
};

/* Its main: takes the listener from `listener`, answers until nobody has the filter any more, tells `pieces`. */
int vgpu_overhear_process(int pieces, int listener);

#endif
