/* SPDX-License-Identifier: Apache-2.0 */
/* Whether it was the auditor that executed a program again: by its own records, for /proc may be looked at too late. */
#ifndef VGPU_SOURCE_AGAIN_H
#define VGPU_SOURCE_AGAIN_H

#include <stdint.h>

#include "tracer/source/roster.h"

enum vgpu_again {
	VGPU_AGAIN_UNKNOWN, /* it left no records of any program of that process */
	VGPU_AGAIN_NO,
	VGPU_AGAIN_FIRST, /* no, and it has records of the program that was executed then */
	VGPU_AGAIN_YES,
};

/*
 * Of an exec at `time_ns` of that process, whose exec before was at `before_ns` (0: there was none): reads what
 * lies in `directory`, and changes nothing.
 */
enum vgpu_again vgpu_again_look(const char *directory, const struct vgpu_known *known,
				uint64_t before_ns, uint64_t time_ns);

#endif
