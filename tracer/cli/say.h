/* SPDX-License-Identifier: Apache-2.0 */
/* What the program says to the person at the terminal; the only place that prints. */
#ifndef VGPU_CLI_SAY_H
#define VGPU_CLI_SAY_H

#include <stdbool.h>
#include <stddef.h>

#include "tracer/model/text.h"

/* "vgpu-trace: …" on stderr: subject and cause. Foreign bytes in the arguments are made harmless. */
void vgpu_say_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* A further line beneath it, indented: what to do. */
void vgpu_say_more(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* While held, what is said is kept, since the terminal shows something else; said when it is let go. */
void vgpu_say_hold(bool hold);

/* How text for this descriptor should look: the locale's characters; colour on a terminal without NO_COLOR. */
void vgpu_look_for(int fd, struct vgpu_look *look);

/* Writes all of it; a reader that went away is no error. */
void vgpu_say_write(int fd, const char *bytes, size_t size);
/* For struct vgpu_text_options and its like: data is the descriptor, cast. Buffered for stdout. */
void vgpu_say_line(void *data, const char *bytes, size_t size);
/* Writes what vgpu_say_line buffered. false: it could not be written (a full disk); was reported. */
bool vgpu_say_flush(void);

#endif
