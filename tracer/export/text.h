/* SPDX-License-Identifier: Apache-2.0 */
/* Events as lines for people. A sink. */
#ifndef VGPU_EXPORT_TEXT_H
#define VGPU_EXPORT_TEXT_H

#include <stdbool.h>

#include "tracer/model/model.h"
#include "tracer/model/text.h"

struct vgpu_text_export;

struct vgpu_text_options {
	struct vgpu_look look;
	struct vgpu_model *model; /* gets every event before this sink does */
	bool times;               /* seconds since the recording began, before each line */
	const char *functions;    /* only calls whose names match, patterns separated by commas; NULL: all */
	bool errors;              /* only calls that failed, did not return, or are not supported */
	bool backtrace;           /* with frame: beneath each call its stack, or its caller where there is none */
	/*
	 * Appends what is at a return address of the event's process; each frame of a crash's stack then
	 * gets a line of its own. NULL: no such lines.
	 */
	void (*frame)(void *frame_data, const struct vgpu_event *event, uint64_t address, struct vgpu_text *out);
	void *frame_data;
	/* Takes one line, with its newline. */
	void (*line)(void *data, const char *bytes, size_t size);
	void *data;
};

/* Keeps a copy of the options; strings in them are not copied. */
int vgpu_text_export_open(struct vgpu_text_export **out, const struct vgpu_text_options *options);
struct vgpu_sink *vgpu_text_export_sink(struct vgpu_text_export *text);
void vgpu_text_export_close(struct vgpu_text_export *text); /* takes NULL */

#endif
