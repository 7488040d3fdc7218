/* SPDX-License-Identifier: Apache-2.0 */
/* Buffered writing of bytes; the first failure sticks. */
#ifndef VGPU_EXPORT_OUT_H
#define VGPU_EXPORT_OUT_H

#include <json-c/json.h>
#include <stddef.h>

#include "tracer/model/text.h"

#define VGPU_OUT_BYTES 65536u

/* Starts zeroed but for fd, which is not owned. */
struct vgpu_out {
	int fd;
	int error; /* -errno of the first failure: nothing more is written then */
	size_t used;
	char bytes[VGPU_OUT_BYTES];
};

void vgpu_out_write(struct vgpu_out *out, const void *bytes, size_t size);
void vgpu_out_puts(struct vgpu_out *out, const char *string);
/* Writes the object without blanks and releases it; NULL and a lack of memory are an error. */
void vgpu_out_json(struct vgpu_out *out, struct json_object *object);
/* Writes what is buffered. 0 or the error. */
int vgpu_out_flush(struct vgpu_out *out);

#endif
