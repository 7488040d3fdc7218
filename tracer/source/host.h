/* SPDX-License-Identifier: Apache-2.0 */
/* Facts of this machine, and of what is not observed on it, as events. */
#ifndef VGPU_SOURCE_HOST_H
#define VGPU_SOURCE_HOST_H

#include "tracer/model/stream.h"

void vgpu_host_emit(struct vgpu_stream *stream);
/* An observer is on since a moment (how), or off (why). */
void vgpu_coverage_emit(struct vgpu_stream *stream, uint32_t observer, int on, uint64_t since_ns, const char *text);
/* What answers a name when a program is started with these variables; NULL: they are not set. */
void vgpu_answer_emit(struct vgpu_stream *stream, const char *soname, const char *preload, const char *library_path);

#endif
