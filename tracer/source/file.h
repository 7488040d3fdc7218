/* SPDX-License-Identifier: Apache-2.0 */
/* A recorded trace as a source. */
#ifndef VGPU_SOURCE_FILE_H
#define VGPU_SOURCE_FILE_H

#include "tracer/file/vgt.h"
#include "tracer/model/stream.h"

/*
 * Takes the reader over: closing the source closes it. 0 or -ENOMEM. poll returns -ENODATA at the
 * end, -EBADMSG where the file is damaged.
 */
int vgpu_file_source_open(struct vgpu_source **out, struct vgpu_vgt_reader *reader);

#endif
