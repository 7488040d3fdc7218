/* SPDX-License-Identifier: Apache-2.0 */
/* Two witnesses compared, as a table for people. */
#ifndef VGPU_EXPORT_WITNESS_H
#define VGPU_EXPORT_WITNESS_H

#include "tracer/model/text.h"
#include "tracer/model/witness.h"

/* Appends the rows and what follows from them, in lines. */
void vgpu_witness_format(enum vgpu_witness_verdict verdict, const struct vgpu_witness_sums *sums,
			 const struct vgpu_witness_row *rows, uint32_t count,
			 struct vgpu_text *out);

#endif
