/* SPDX-License-Identifier: Apache-2.0 */
/* Device code that calls load by a file's name: IMAGE events from the calls, whoever observed them. */
#ifndef VGPU_SOURCE_IMAGE_FILE_H
#define VGPU_SOURCE_IMAGE_FILE_H

#include "tracer/model/model.h"
#include "tracer/model/stream.h"

/* The files are read when the call is told of: what they held at the time of the call may have been something else. */
struct vgpu_image_files;

/* The model must get every event before this does. 0 or -ENOMEM. */
int vgpu_image_files_open(struct vgpu_image_files **out, const struct vgpu_model *model);
void vgpu_image_files_close(struct vgpu_image_files *files); /* takes NULL */
/* The last sink of the stream that it emits into: the others get the call first, then its image. */
struct vgpu_sink *vgpu_image_files_sink(struct vgpu_image_files *files);
/* Where the images go; NULL, as at first: nowhere. */
void vgpu_image_files_to(struct vgpu_image_files *files, struct vgpu_stream *stream);

#endif
