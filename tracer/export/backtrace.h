/* SPDX-License-Identifier: Apache-2.0 */
/* What is at the addresses of a trace: the file that an observer saw there, and its symbols on this machine. */
#ifndef VGPU_EXPORT_BACKTRACE_H
#define VGPU_EXPORT_BACKTRACE_H

#include "tracer/model/stream.h"
#include "tracer/model/text.h"

struct vgpu_backtrace;

/* debug and errors: as of vgpu_symbols_open. */
int vgpu_backtrace_open(struct vgpu_backtrace **out, const char *debug, const struct vgpu_look *look);
void vgpu_backtrace_close(struct vgpu_backtrace *backtrace); /* takes NULL */
/* Learns from all events; to be added before whoever asks. */
struct vgpu_sink *vgpu_backtrace_sink(struct vgpu_backtrace *backtrace);
/* As `frame` of struct vgpu_text_options: appends `name+0x1f (file.c:12)  libfoo.so`. */
void vgpu_backtrace_frame(void *data, const struct vgpu_event *event, uint64_t address, struct vgpu_text *out);

#endif
