/* SPDX-License-Identifier: Apache-2.0 */
/* Which library answers, as a person reads it. */
#ifndef VGPU_MODEL_LIBRARY_H
#define VGPU_MODEL_LIBRARY_H

#include "tracer/model/model.h"
#include "tracer/model/text.h"

/* Appends "libcuda.so.1 ← /usr/lib/…  foreign, build id 5c01…, 415 functions (by ld.so.cache)". */
void vgpu_answer_format(struct vgpu_text *out, const struct vgpu_look *look, const struct vgpu_model_answer *answer);
/* "build id " and the first 16 hexadecimal digits (full: all), or "no build id". */
void vgpu_build_id_format(struct vgpu_text *out, const uint8_t *build_id, unsigned size, bool full);

#endif
