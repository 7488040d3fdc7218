/* SPDX-License-Identifier: Apache-2.0 */
/* The places that the dynamic linker tried for one library (some fifty for one that is not there) gathered into one line. */
#ifndef VGPU_EXPORT_SEARCHES_H
#define VGPU_EXPORT_SEARCHES_H

#include <stdbool.h>
#include <stdint.h>

#include "tracer/model/event.h"
#include "tracer/model/text.h"

enum vgpu_searches_way {
	VGPU_SEARCHES_LINKER, /* by its own account */
	VGPU_SEARCHES_OPENED, /* by the kernel's */
	VGPU_SEARCHES_LOOKED, /* the same, and they were not to be opened */
};

/* Starts zeroed. */
struct vgpu_searches {
	uint32_t process;
	int32_t tid;
	uint64_t time_ns;  /* of the first place */
	uint32_t held;     /* events, 0: nothing to show */
	uint32_t places;   /* a name without directory is none */
	uint32_t unknown;  /* of those: nobody looked whether there is something */
	uint32_t origins;  /* enum vgpu_origin, or-ed */
	enum vgpu_searches_way way;
	char name[256];    /* file name without directories */
	char requester[256];
	struct vgpu_text found; /* the last place that had a file, and how it was come by */
};

/*
 * Takes a SEARCH into the run, or a FILE whose name is a library's. false: it is no search, or of another library, process or requester
 * than the run is: show the run, then ask again.
 */
bool vgpu_searches_take(struct vgpu_searches *searches, const struct vgpu_event *event);
/* Whether a FILE event is about a shared library, by its name. */
bool vgpu_searches_library(const struct vgpu_event *event);
/* Whether the run is worth no line: the first place had it, and what becomes of it is told by itself. */
bool vgpu_searches_plain(const struct vgpu_searches *searches);
/* Appends `search   libcuda.so.1  in 46 places (run path, default directories): in none of them`, and empties the run. */
void vgpu_searches_format(struct vgpu_searches *searches, const struct vgpu_look *look, struct vgpu_text *out);
void vgpu_searches_free(struct vgpu_searches *searches);

#endif
