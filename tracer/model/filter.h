/* SPDX-License-Identifier: Apache-2.0 */
/* The expression language that picks events: fn ~ "cuMem*" && ret != 0 && dur > 1ms. One for every command. */
#ifndef VGPU_MODEL_FILTER_H
#define VGPU_MODEL_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tracer/model/event.h"
#include "tracer/model/model.h"

/*
 * or:         and ('||' and)*
 * and:        not ('&&' not)*
 * not:        '!' not | '(' or ')' | comparison
 * comparison: FIELD [OP VALUE]            a field alone is true when it is not 0 and not empty
 * OP:         == != < <= > >= ~ !~        ~ matches a pattern of * and ?; patterns may be joined by commas
 * VALUE:      "text", word, number, number with a unit (ns us ms s; KiB MiB GiB), 0x…, a constant's name
 *
 * A value that an event does not have makes its comparison false, with any operator.
 */
struct vgpu_filter;

struct vgpu_filter_error {
	unsigned column; /* from 1, in bytes */
	char message[160];
};

/* 0, -EINVAL with *error filled, or -ENOMEM. */
int vgpu_filter_parse(struct vgpu_filter **out, const char *text, struct vgpu_filter_error *error);
void vgpu_filter_free(struct vgpu_filter *filter); /* takes NULL */

/*
 * Whether a CALL or PENDING event passes; other kinds of event pass only when no field of calls is
 * asked for. model names the processes and knows the trace's beginning; it may be NULL, then those
 * fields are absent. The filter is not changed: any number of threads may ask.
 */
bool vgpu_filter_pass(const struct vgpu_filter *filter, const struct vgpu_event *event,
		      const struct vgpu_model *model);

/*
 * A time outside of which nothing passes, in ns since the recording began: all that is of use to skip
 * what need not be read. [0, INT64_MAX]: whatever the time.
 */
void vgpu_filter_window(const struct vgpu_filter *filter, int64_t *from_ns, int64_t *upto_ns);

/* Which calls of a function pass, as far as its name and library say. library: enum vgpu_library_id, 0: not known. */
enum vgpu_filter_answer { VGPU_FILTER_NEVER, VGPU_FILTER_PERHAPS, VGPU_FILTER_ALWAYS };
enum vgpu_filter_answer vgpu_filter_of_function(const struct vgpu_filter *filter, const char *function, uint32_t library);

/* What a call must be to pass, as far as a comparison alone says so; the whole filter may ask for more. */
struct vgpu_filter_needs {
	bool failed;      /* it returned an error */
	uint64_t least_ns; /* it took so long, 0: any time */
	int32_t tid;      /* it is of this thread, 0: any */
};
void vgpu_filter_needs(const struct vgpu_filter *filter, struct vgpu_filter_needs *out);

/* The fields there are, for help and documents: name and what it is; false past the last. */
bool vgpu_filter_field(unsigned index, const char **name, const char **help);

#endif
