// SPDX-License-Identifier: Apache-2.0
/* Where a caller puts each parameter (System V ABI, x86-64), and what of it tells one call from another. */
#include "tracer/source/replay_places.h"

#include <string.h>

#include "tracer/model/names.h"

#define REGISTERS 6u
#define VECTORS 8u

/* Nobody's driver is asked to prove itself here, and no pointer into memory that is not there is handed out. */
static const char left_out[] =
    "cuGetExportTable,cuMemHostAlloc,cuMemAllocHost,cuMemAllocHost_v2,cuMemAllocManaged,"
    "cuMemHostRegister*,cuMemcpyDtoH*,cuMemHostGetDevicePointer*,cuPointerGetAttribute*,"
    "cuMemPoolGetAttribute,cuMemRangeGetAttribute*,cuIpc*,"
    "cuMemExport*";

bool replay_is_left_out(const struct vgpu_function *function, const struct vgpu_event_call *call)
{
	return !call->result && vgpu_name_matches(left_out, function->name);
}

/* An address of the process would never be the same again. */
static bool has_pointer(const struct vgpu_type *type)
{
	switch (type->kind) {
	case VGPU_TYPE_POINTER:
	case VGPU_TYPE_FUNCTION:
	case VGPU_TYPE_UNION:
		return true;
	case VGPU_TYPE_ARRAY:
		return type->element && has_pointer(type->element);
	case VGPU_TYPE_STRUCT:
		for (uint32_t i = 0; i < type->count; i++)
			if (has_pointer(type->members[i].type))
				return true;
		break;
	}
	return false;
}

static bool is_small_inout(const struct vgpu_param *param)
{
	return param->direction == VGPU_INOUT && param->capture == VGPU_CAPTURE_FIXED &&
	       param->size <= 8 && !param->versioned;
}

/* What tells calls apart by a parameter, and how many bytes of what it points to. */
static void choose(const struct vgpu_function *function, uint32_t i, struct vgpu_replay_place *out)
{
	const struct vgpu_param *param = &function->params[i];
	const struct vgpu_type *element = param->type->element;

	if (param->type->kind == VGPU_TYPE_FUNCTION || param->capture == VGPU_CAPTURE_VALUE)
		return;
	if (param->type->kind != VGPU_TYPE_POINTER) {
		out->what = VGPU_REPLAY_WORD;
		out->size = param->type->size < 8 ? param->type->size : 8;
		return;
	}
	/* Whoever passes NULL does not want that value. */
	out->what = param->direction == VGPU_IN && param->capture == VGPU_CAPTURE_WORD
			? VGPU_REPLAY_IGNORED
			: VGPU_REPLAY_PRESENT;
	if (param->capture == VGPU_CAPTURE_STRING) {
		if (param->direction == VGPU_IN)
			out->what = VGPU_REPLAY_TEXT_IN;
		else if (param->count_param >= 0)
			out->room = param->count_param;
		return;
	}
	if (param->versioned) {
		/* Of what is in it only the version is sure to have been there before the call. */
		out->what = VGPU_REPLAY_BYTES_IN;
		out->size = 4;
	} else if (param->capture == VGPU_CAPTURE_FIXED &&
		   (param->direction == VGPU_IN || is_small_inout(param)) && element &&
		   !has_pointer(element)) {
		out->what = VGPU_REPLAY_BYTES_IN;
		out->size = param->size < VGPU_BLOB_MAX ? param->size : VGPU_BLOB_MAX;
	} else if (param->capture == VGPU_CAPTURE_ARRAY && param->direction != VGPU_OUT &&
		   element && element->size >= 4 && !has_pointer(element) &&
		   param->count_param >= 0 && param->limit_param < 0 &&
		   function->params[param->count_param].type->kind != VGPU_TYPE_POINTER) {
		/* The first number of the first: what is asked for. */
		out->what = VGPU_REPLAY_BYTES_IN;
		out->size = 4;
		out->count = param->count_param;
	}
}

static bool is_aggregate(const struct vgpu_type *type)
{
	return type->kind == VGPU_TYPE_STRUCT || type->kind == VGPU_TYPE_UNION ||
	       type->kind == VGPU_TYPE_UUID || type->kind == VGPU_TYPE_BYTES ||
	       type->kind == VGPU_TYPE_ARRAY;
}

uint32_t replay_places(const struct vgpu_function *function,
		       struct vgpu_replay_place out[VGPU_ARGS_MAX])
{
	uint32_t registers = 0, vectors = 0, stack = 0, i;

	for (i = 0; i < function->nparams && i < VGPU_ARGS_MAX; i++) {
		const struct vgpu_type *type = function->params[i].type;
		uint32_t words = is_aggregate(type) ? (type->size + 7) / 8 : 1;

		out[i] = (struct vgpu_replay_place){ .count = VGPU_REPLAY_NONE,
						     .room = VGPU_REPLAY_NONE };
		choose(function, i, &out[i]);
		if (type->kind == VGPU_TYPE_FLOAT && vectors < VECTORS) {
			out[i].where = VGPU_REPLAY_VECTOR;
			out[i].index = vectors++;
		} else if (type->kind != VGPU_TYPE_FLOAT && words <= 2 &&
			   registers + words <= REGISTERS) {
			out[i].where = VGPU_REPLAY_REGISTER;
			out[i].index = registers;
			registers += words;
		} else {
			out[i].where = VGPU_REPLAY_STACK;
			out[i].index = stack;
			stack += words;
		}
	}
	return i;
}

static uint64_t cut(uint64_t value, unsigned size)
{
	return size >= 8 ? value : value & ((UINT64_C(1) << 8 * size) - 1);
}

uint64_t replay_hash(const struct vgpu_function *function, const struct vgpu_event_call *call,
		     uint32_t thread)
{
	uint64_t hash = vgpu_replay_begin(VGPU_FUNCTION_NUMBER(function->id), thread);
	struct vgpu_replay_place places[VGPU_ARGS_MAX];
	uint32_t count = replay_places(function, places);

	for (uint32_t i = 0; i < count; i++) {
		uint64_t word = i < call->args.count ? call->args.words[i] : 0;
		const struct vgpu_blob *blob;
		uint64_t size;

		if (places[i].what == VGPU_REPLAY_IGNORED)
			continue;
		hash = vgpu_replay_mix(hash, places[i].what == VGPU_REPLAY_WORD
						 ? cut(word, places[i].size)
						 : word != 0);
		if (!word || (places[i].what != VGPU_REPLAY_TEXT_IN &&
			      places[i].what != VGPU_REPLAY_BYTES_IN))
			continue;
		if (places[i].count != VGPU_REPLAY_NONE &&
		    (places[i].count >= call->args.count ||
		     !cut(call->args.words[places[i].count], places[places[i].count].size)))
			continue;
		blob = vgpu_event_find_blob(call, i, VGPU_BLOB_IN);
		if (!blob)
			blob = vgpu_event_find_blob(call, i, VGPU_BLOB_OUT);
		size = blob ? blob->size : 0;
		if (places[i].what == VGPU_REPLAY_BYTES_IN && size > places[i].size)
			size = places[i].size;
		hash = vgpu_replay_mix_bytes(hash, blob ? (const void *)(blob + 1) : "", size);
	}
	return vgpu_replay_end(hash);
}
