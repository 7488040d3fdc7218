/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of libvgpu-trace share. */
#ifndef VGPU_LIB_TRACE_H
#define VGPU_LIB_TRACE_H

#include <stdbool.h>

#include "tracer/file/vgt.h"
#include "tracer/lib/vgpu-trace.h"
#include "tracer/model/filter.h"
#include "tracer/model/model.h"
#include "tracer/model/text.h"
#include "tracer/source/ring.h"
#include "tracer/source/watch.h"

struct json_object;

/* Events of rings come many at a time: those that were not asked for yet. */
struct vgpu_trace_queue {
	struct vgpu_sink sink;
	struct vgpu_event **events;
	size_t count, at, room;
	bool rings; /* one was found */
};

struct vgpu_trace {
	/* one of these */
	struct vgpu_vgt_reader *file;
	struct vgpu_watch *watch;
	struct vgpu_rings *rings; /* of one that was left */

	char *what;
	int notify;                /* of changes of the file; -1: there is none */
	struct vgpu_roster *roster;
	struct vgpu_trace_queue queue;
	struct vgpu_stream stream; /* into the queue */
	bool finished;             /* nothing comes into it any more */

	struct vgpu_model *model;  /* NULL: whoever reads keeps what he needs */
	struct vgpu_filter *filter;
	struct vgpu_event event;   /* kind NONE: at none */
	struct vgpu_event *kept;   /* what an event of the queue points into */
	struct vgpu_text text;
	struct json_object *json;
};

#endif
