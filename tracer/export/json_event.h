/* SPDX-License-Identifier: Apache-2.0 */
/* Events as JSON objects: every field by its name, a call's values by the names of its parameters. */
#ifndef VGPU_EXPORT_JSON_EVENT_H
#define VGPU_EXPORT_JSON_EVENT_H

#include <json-c/json.h>
#include <stdbool.h>

#include "tracer/model/event.h"

/* Each makes an object that the caller owns. */

/* NULL for a kind this program does not know, and where there is no memory. raw: with the call's blobs in hexadecimal. */
struct json_object *vgpu_json_event(const struct vgpu_event *event, bool raw);
/*
 * Adds what a call's numbers mean: "name" and "library" of its function, "status", "in" and "out" with
 * the values by the names of the parameters, "resolved". pending: nothing came back yet.
 */
void vgpu_json_call(struct json_object *object, const struct vgpu_event_call *call, bool pending);
/* One field; NULL is JSON's null. */
struct json_object *vgpu_json_field(const struct vgpu_event *event, const struct vgpu_field *field);

#endif
