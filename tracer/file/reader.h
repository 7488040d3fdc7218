/* SPDX-License-Identifier: Apache-2.0 */
/* What the writer asks of a reader, to go on where a file ends. */
#ifndef VGPU_FILE_READER_H
#define VGPU_FILE_READER_H

#include "tracer/file/encode.h"
#include "tracer/file/vgt.h"

/*
 * Fills an encoder with what the file defines, and says where its last whole block ends, how many
 * events there are, and what the heads of its blocks are. Errors as of vgpu_vgt_next.
 */
int vgpu_vgt_carry_on(struct vgpu_vgt_reader *reader, struct vgpu_encoder *encoder, struct vgpu_wire *heads,
		      uint64_t *offset, uint64_t *events);

#endif
