/* SPDX-License-Identifier: Apache-2.0 */
/* Private to replay: which parts of a call tell it from others, in the description's terms and in the file's. */
#ifndef VGPU_SOURCE_REPLAY_PLACES_H
#define VGPU_SOURCE_REPLAY_PLACES_H

#include <stdbool.h>

#include "shim/api/replay.h"
#include "shim/api/schema.h"
#include "tracer/model/event.h"

/* A place for each parameter, at most VGPU_ARGS_MAX; how many. */
uint32_t replay_places(const struct vgpu_function *function,
		       struct vgpu_replay_place out[VGPU_ARGS_MAX]);
/* What vgpu_replay_enter of shim/backend/replay.c will find for the same call. */
uint64_t replay_hash(const struct vgpu_function *function, const struct vgpu_event_call *call,
		     uint32_t thread);
/* A success that cannot be had again: memory, tables of functions, the contents of a device's memory. */
bool replay_is_left_out(const struct vgpu_function *function, const struct vgpu_event_call *call);

#endif
