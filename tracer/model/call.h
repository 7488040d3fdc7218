/* SPDX-License-Identifier: Apache-2.0 */
/* A call as a person reads it, and its values as a program asks for them. */
#ifndef VGPU_MODEL_CALL_H
#define VGPU_MODEL_CALL_H

#include <stdbool.h>

#include "shim/api/schema.h"
#include "tracer/model/event.h"
#include "tracer/model/value.h"

/* The function's name, or "library 1, function 4711" for one that this program's tables lack. */
void vgpu_call_format_name(struct vgpu_text *out, uint32_t function);

/*
 * Appends `cuDeviceGetAttribute(pi → 1, VIRTUAL_MEMORY_MANAGEMENT_SUPPORTED, dev=0)`; of a
 * pending call what went in. place->function is set by this function.
 */
void vgpu_call_format(struct vgpu_text *out, struct vgpu_value_place *place, const struct vgpu_event_call *call,
		      bool pending);
/* Appends `CUDA_SUCCESS`, `CUDA_ERROR_NO_DEVICE (100)`; nothing for void. false: nothing was appended. */
bool vgpu_call_format_result(struct vgpu_text *out, struct vgpu_value_place *place,
			     const struct vgpu_event_call *call);
/* Appends ` [not supported by sim]` and the like; backend may be NULL. */
void vgpu_call_format_flags(struct vgpu_text *out, const struct vgpu_event_call *call, const char *backend);

/* It returned a status, and that was not success. */
bool vgpu_call_failed(const struct vgpu_event_call *call);

/* Learns from a call what its handles are called: an NVML device by its UUID. */
void vgpu_call_learn(struct vgpu_handles *handles, uint32_t process, const struct vgpu_event_call *call);

/* ---- values by name ---- */

/* Index of a parameter, -1: none of that name. */
int vgpu_function_param(const struct vgpu_function *function, const char *name);
/*
 * What came back in (or went into) a parameter, "param" or "param.member": its type, and bytes that
 * lie in the event. false when it is not on record. For a scalar argument the bytes are those of its word.
 */
bool vgpu_call_value(const struct vgpu_event_call *call, const char *path, const struct vgpu_type **type,
		     const uint8_t **bytes, size_t *size);
/* The same as an integer, or as text (at most size - 1 bytes, NUL-terminated). false: not on record. */
bool vgpu_call_integer(const struct vgpu_event_call *call, const char *path, uint64_t *value);
bool vgpu_call_string(const struct vgpu_event_call *call, const char *path, char *text, size_t size);

#endif
