/* SPDX-License-Identifier: Apache-2.0 */
/* What the files that make the lines of text.h share. */
#ifndef VGPU_EXPORT_TEXT_LINE_H
#define VGPU_EXPORT_TEXT_LINE_H

#include "tracer/export/bulk.h"
#include "tracer/export/searches.h"
#include "tracer/export/text.h"
#include "tracer/model/handles.h"
#include "tracer/model/tree.h"

struct vgpu_text_export {
	struct vgpu_sink sink;
	struct vgpu_text_options options;
	struct vgpu_tree *tree;
	struct vgpu_handles *handles;
	struct vgpu_text line;
	struct {
		uint8_t mark; /* execs + 1 when its line was printed */
		bool
		    linked; /* the link observer tells of its libraries: the kernel's account adds nothing for a reader */
	} * shown; /* by process number */
	uint32_t shown_count;
	struct vgpu_bulk bulk;         /* registrations not shown yet */
	struct vgpu_searches searches; /* places not shown yet */
	struct vgpu_text last;         /* the note before, to say nothing twice */
	uint32_t last_process;
	int error;
};

/* The line begins anew, with the time where that is asked for; then the process's name; then it goes out. */
void text_begin(struct vgpu_text_export *text, const struct vgpu_event *event);
void text_label(struct vgpu_text_export *text, const struct vgpu_event *event);
void text_escaped(struct vgpu_text_export *text, const char *string);
void text_put(struct vgpu_text_export *text);

/* Room in `shown` for a process; false: no memory. */
bool text_room(struct vgpu_text_export *text, uint32_t number);
/* `serve(4711) ── runner(4718)  --port 41233`, before the first line about a process. */
void text_process(struct vgpu_text_export *text, uint32_t number);
void text_exit(struct vgpu_text_export *text, const struct vgpu_event *event);

void text_session(struct vgpu_text_export *text);
void text_answer(struct vgpu_text_export *text);
void text_library(struct vgpu_text_export *text, const struct vgpu_event *event);
void text_message(struct vgpu_text_export *text, const struct vgpu_event *event);
void text_gate(struct vgpu_text_export *text, const struct vgpu_event *event);

#endif
