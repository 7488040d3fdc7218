/* SPDX-License-Identifier: Apache-2.0 */
/* Events as JSON, one object a line: every field by its name, calls with their values by name. A sink. */
#ifndef VGPU_EXPORT_JSON_H
#define VGPU_EXPORT_JSON_H

#include "tracer/model/model.h"

struct vgpu_json_export;

struct vgpu_json_options {
	const char *functions; /* as in struct vgpu_text_options */
	bool errors;
	bool raw; /* also the blobs of calls, in hexadecimal */
	void (*line)(void *data, const char *bytes, size_t size);
	void *data;
};

int vgpu_json_export_open(struct vgpu_json_export **out, const struct vgpu_json_options *options);
struct vgpu_sink *vgpu_json_export_sink(struct vgpu_json_export *json);
void vgpu_json_export_close(struct vgpu_json_export *json); /* takes NULL */

#endif
