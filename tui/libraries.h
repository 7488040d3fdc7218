/* SPDX-License-Identifier: Apache-2.0 */
/* Libraries by process: what was searched, opened, refused; symbols bound and missing; which of ours took calls. */
#ifndef TUI_LIBRARIES_H
#define TUI_LIBRARIES_H

#include <stdbool.h>
#include <stdint.h>

#include "tracer/model/event.h"

#define TUI_MISSING_MAX 32u

struct tui_library {
	uint32_t process; /* 0: would answer whoever asks (an ANSWER) */
	char *name;       /* file name without folders, as it was asked for */
	char *path;       /* that was opened, or would be; NULL: none */
	uint32_t searched; /* names that were tried for it */
	uint32_t there;    /* of those: there was something, as far as was looked */
	bool opened, closed, ours, answer, probed;
	uint32_t library; /* ours: enum vgpu_library_id */
	uint32_t refused; /* times that opening it was refused */
	char *error;      /* the linker's words, of the last */
	int32_t code;
	uint64_t bound;   /* symbols of GPU interfaces found in it */
	uint64_t missing; /* lookups that found nothing */
	char *missing_name[TUI_MISSING_MAX]; /* the first ones, each once */
	uint32_t missing_count;
	char *wanted_by;  /* who asked for it, or for the missing symbol */
	char *backend;    /* ours: what answers */
	char *note;
	uint64_t object;  /* its handle, 0: not known */
	uint64_t first_ns;
	uint64_t event;   /* number of the event that said most of it */
};

struct tui_libraries {
	struct tui_library *rows;
	uint32_t count, room;
	uint64_t others;  /* objects opened that are no GPU library */
	bool full;        /* there are more than are kept */
};

void tui_libraries_clear(struct tui_libraries *libraries);
/* Over what is zeroed; the copy goes its own way. 0 or -ENOMEM. */
int tui_libraries_copy(struct tui_libraries *to, const struct tui_libraries *from);
/* Takes any event. 0 or -ENOMEM. */
int tui_libraries_event(struct tui_libraries *libraries, const struct vgpu_event *event);

#endif
