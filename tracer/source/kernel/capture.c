/* SPDX-License-Identifier: Apache-2.0 */
/* The description's parameters as the kernel side reads them (System V ABI, x86-64), and its records as the ring has them. */
#include "tracer/source/kernel/private.h"

#include <string.h>

#define NOWHERE VGPU_BPF_NONE

/* Where the caller puts each parameter: a place among struct vgpu_bpf_call's words. */
struct places {
	uint8_t at[VGPU_ARGS_MAX];
	uint32_t words; /* to be recorded */
	bool hidden;    /* the first register points at room for the result */
};

_Static_assert(sizeof(struct vgpu_bpf_blob) == sizeof(struct vgpu_blob), "one form of blobs");
_Static_assert((int)VGPU_BPF_BLOB_IN == (int)VGPU_BLOB_IN && (int)VGPU_BPF_BLOB_OUT == (int)VGPU_BLOB_OUT &&
	       (int)VGPU_BPF_BLOB_TRUNCATED == (int)VGPU_BLOB_TRUNCATED &&
	       (int)VGPU_BPF_BLOB_ABSENT == (int)VGPU_BLOB_ABSENT &&
	       VGPU_BPF_PARAM_RESULT == VGPU_BLOB_RESULT && VGPU_BPF_BLOB_MAX == VGPU_BLOB_MAX,
	       "one form of blobs");

static bool is_aggregate(const struct vgpu_type *type)
{
	return type->kind == VGPU_TYPE_STRUCT || type->kind == VGPU_TYPE_UNION || type->kind == VGPU_TYPE_UUID ||
	       type->kind == VGPU_TYPE_BYTES || type->kind == VGPU_TYPE_ARRAY;
}

/* Which eightbytes of a small aggregate hold anything that is not floating point: bits. */
static uint32_t integer_parts(const struct vgpu_type *type, uint32_t offset)
{
	uint32_t bits = 0;

	if (type->kind == VGPU_TYPE_STRUCT || type->kind == VGPU_TYPE_UNION) {
		for (uint32_t i = 0; i < type->count; i++)
			bits |= integer_parts(type->members[i].type, offset + type->members[i].offset);
		return bits;
	}
	if (type->kind == VGPU_TYPE_ARRAY && type->element) {
		for (uint32_t i = 0; i < type->count; i++)
			bits |= integer_parts(type->element, offset + i * type->element->size);
		return bits;
	}
	if (type->kind == VGPU_TYPE_FLOAT || !type->size)
		return 0;
	for (uint32_t i = offset / 8; i <= (offset + type->size - 1) / 8 && i < 32; i++)
		bits |= 1u << i;
	return bits;
}

static void find_places(const struct vgpu_function *function, struct places *out)
{
	uint32_t registers = 0, stack = 0, vectors = 0, used = 0;

	out->hidden = is_aggregate(function->result) && function->result->size > 16;
	if (out->hidden)
		registers = used = 1;
	for (uint32_t i = 0; i < function->nparams && i < VGPU_ARGS_MAX; i++) {
		const struct vgpu_type *type = function->params[i].type;
		uint32_t parts = 1, integers = 1, wanted;

		out->at[i] = NOWHERE;
		if (is_aggregate(type)) {
			parts = (type->size + 7) / 8;
			integers = parts <= 2 ? integer_parts(type, 0) : 0;
		} else if (type->kind == VGPU_TYPE_FLOAT) {
			integers = 0;
		}
		wanted = __builtin_popcount(integers);
		if (parts <= 2 && registers + wanted <= VGPU_BPF_REGISTERS && vectors + parts - wanted <= 8) {
			/* Vector registers are not to be seen from a probe. */
			if (wanted == parts)
				out->at[i] = registers;
			registers += wanted;
			vectors += parts - wanted;
			if (registers > used)
				used = registers;
			continue;
		}
		if (stack + parts <= VGPU_BPF_STACK)
			out->at[i] = VGPU_BPF_CALLER + 1 + stack;
		stack += parts;
	}
	if (stack > VGPU_BPF_STACK)
		stack = VGPU_BPF_STACK;
	out->words = stack ? VGPU_BPF_CALLER + 1 + stack : used;
}

static bool is_small_inout(const struct vgpu_param *param)
{
	return param->direction == VGPU_INOUT && param->capture == VGPU_CAPTURE_FIXED && param->size <= 8 &&
	       !param->versioned;
}

static struct vgpu_bpf_count count_of(const struct vgpu_function *function, const struct places *places, int index,
				      const uint8_t *small)
{
	struct vgpu_bpf_count count = { .small = NOWHERE };
	const struct vgpu_type *type;

	if (index < 0 || (uint32_t)index >= function->nparams || index >= (int)VGPU_ARGS_MAX)
		return count;
	type = function->params[index].type;
	count.flags = VGPU_BPF_COUNT_SET;
	count.word = places->at[index];
	if (type->kind == VGPU_TYPE_POINTER && type->element) {
		count.flags |= VGPU_BPF_COUNT_POINTER;
		count.small = small[index];
		type = type->element;
	}
	if (type->size == 8)
		count.flags |= VGPU_BPF_COUNT_WIDE;
	if (type->kind == VGPU_TYPE_INT)
		count.flags |= VGPU_BPF_COUNT_SIGNED;
	return count;
}

static struct vgpu_bpf_capture *add(struct vgpu_bpf_function *out, bool *whole)
{
	if (out->captures == VGPU_BPF_CAPTURES) {
		*whole = false;
		return NULL;
	}
	return &out->capture[out->captures++];
}

static void compile_param(const struct vgpu_function *function, const struct places *places, uint32_t i,
			  const uint8_t *small, struct vgpu_bpf_function *out, bool *whole)
{
	const struct vgpu_param *param = &function->params[i];
	bool status = function->flags & VGPU_FUNCTION_STATUS;
	struct vgpu_bpf_capture *capture;

	if (param->capture == VGPU_CAPTURE_WORD || param->capture == VGPU_CAPTURE_VALUE || places->at[i] == NOWHERE)
		return;
	if (small[i] != NOWHERE) {
		capture = add(out, whole);
		if (!capture)
			return;
		*capture = (struct vgpu_bpf_capture){
			.kind = VGPU_BPF_CAPTURE_FIXED,
			.flags = VGPU_BPF_CAPTURE_AT_ENTRY,
			.param = i,
			.blob_flags = VGPU_BPF_BLOB_IN,
			.word = places->at[i],
			.small = small[i],
			.size = param->size,
		};
		out->flags |= VGPU_BPF_FUNCTION_SMALLS;
	}
	capture = add(out, whole);
	if (!capture)
		return;
	*capture = (struct vgpu_bpf_capture){
		.param = i,
		.blob_flags = param->direction == VGPU_IN ? VGPU_BPF_BLOB_IN : VGPU_BPF_BLOB_OUT,
		.word = places->at[i],
		.small = NOWHERE,
		.size = param->size,
		.fixed_count = param->fixed_count,
		.count = count_of(function, places, param->count_param, small),
		.limit = count_of(function, places, param->limit_param, small),
	};
	if (status && param->direction == VGPU_OUT && !param->always)
		capture->flags |= VGPU_BPF_CAPTURE_OK_ONLY;
	switch (param->capture) {
	case VGPU_CAPTURE_STRING:
		capture->kind = VGPU_BPF_CAPTURE_STRING;
		if (param->type->kind == VGPU_TYPE_POINTER && param->type->element &&
		    param->type->element->kind == VGPU_TYPE_POINTER)
			capture->kind = VGPU_BPF_CAPTURE_INDIRECT;
		if (param->direction == VGPU_IN && out->text_word == NOWHERE) {
			out->text_word = places->at[i];
			out->text_param = i;
		}
		break;
	case VGPU_CAPTURE_ARRAY:
		capture->kind = VGPU_BPF_CAPTURE_ARRAY;
		capture->size = param->type->element ? param->type->element->size : 1;
		/* The function need not have looked at more before it failed. */
		if (status && param->direction != VGPU_OUT && param->count_param >= 0)
			capture->flags |= VGPU_BPF_CAPTURE_FIRST;
		break;
	case VGPU_CAPTURE_BYTES:
		capture->kind = VGPU_BPF_CAPTURE_ARRAY;
		capture->size = 1;
		if (status && param->count_param >= 0)
			capture->flags |= VGPU_BPF_CAPTURE_OK_ONLY;
		break;
	default:
		capture->kind = param->versioned ? VGPU_BPF_CAPTURE_VERSIONED : VGPU_BPF_CAPTURE_FIXED;
		break;
	}
}

static void compile_result(const struct vgpu_function *function, const struct places *places,
			   struct vgpu_bpf_function *out, bool *whole)
{
	const struct vgpu_type *type = function->result;
	struct vgpu_bpf_capture capture = {
		.flags = VGPU_BPF_CAPTURE_RESULT,
		.param = VGPU_BPF_PARAM_RESULT,
		.blob_flags = VGPU_BPF_BLOB_OUT,
		.word = NOWHERE,
		.small = NOWHERE,
		.size = type->size,
	}, *place;

	if (type->kind == VGPU_TYPE_POINTER && type->element && type->element->kind == VGPU_TYPE_CHAR)
		capture.kind = VGPU_BPF_CAPTURE_STRING;
	else if (places->hidden)
		capture.kind = VGPU_BPF_CAPTURE_FIXED;
	else
		return;
	place = add(out, whole);
	if (place)
		*place = capture;
}

bool kernel_capture_compile(const struct vgpu_function *function, struct vgpu_bpf_function *out)
{
	uint8_t small[VGPU_ARGS_MAX], smalls = 0;
	struct places places;
	bool whole = true;

	memset(out, 0, sizeof(*out));
	out->text_word = NOWHERE;
	if (!function) {
		/* A function without a description: its registers may all hold something. */
		out->words = VGPU_BPF_REGISTERS;
		out->result_bytes = 8;
		return true;
	}
	find_places(function, &places);
	out->id = function->id;
	out->words = places.words;
	out->result_bytes = function->result->kind == VGPU_TYPE_VOID ? 0 :
			    function->result->size < 8 ? function->result->size : 8;
	if (function->flags & VGPU_FUNCTION_STATUS)
		out->flags |= VGPU_BPF_FUNCTION_STATUS;
	if (function->flags & VGPU_FUNCTION_BULK)
		out->flags |= VGPU_BPF_FUNCTION_BULK;
	memset(small, NOWHERE, sizeof(small));
	for (uint32_t i = 0; i < function->nparams && i < VGPU_ARGS_MAX; i++) {
		if (!is_small_inout(&function->params[i]) || places.at[i] == NOWHERE)
			continue;
		if (smalls < VGPU_BPF_SMALLS)
			small[i] = smalls++;
		else
			whole = false;
	}
	for (uint32_t i = 0; i < function->nparams && i < VGPU_ARGS_MAX; i++)
		compile_param(function, &places, i, small, out, &whole);
	compile_result(function, &places, out, &whole);
	return whole;
}

static uint64_t cut(uint64_t word, uint32_t size)
{
	return size >= 8 ? word : word & ((UINT64_C(1) << size * 8) - 1);
}

static size_t put_blob(uint8_t *to, uint8_t param, uint8_t flags, const void *data, uint32_t size)
{
	struct vgpu_blob blob = { .param = param, .flags = flags, .size = size, .full_size = size };

	memcpy(to, &blob, sizeof(blob));
	memcpy(to + sizeof(blob), data, size);
	memset(to + sizeof(blob) + size, 0, -size & 7);
	return sizeof(blob) + ((size + 7) & ~7u);
}

void kernel_capture_convert(struct vgpu_kernel *kernel, const struct vgpu_bpf_call *call, struct vgpu_kernel_record *out)
{
	static const struct {
		uint16_t ours, ring;
	} flags[] = {
		{ VGPU_BPF_CALL_UNWOUND, VGPU_CALL_UNWOUND },
		{ VGPU_BPF_CALL_ENTRY, VGPU_CALL_UNWOUND | VGPU_CALL_ENTRY_ONLY },
		{ VGPU_BPF_CALL_TRUNCATED, VGPU_CALL_TRUNCATED },
	};
	const uint64_t *words = (const uint64_t *)(call + 1);
	const uint8_t *blobs = (const uint8_t *)(words + call->words);
	uint32_t size = call->head.size - sizeof(*call) - call->words * 8u;
	const struct vgpu_function *function = out->function ? out->function->schema : NULL;
	struct places places;
	size_t at = 0;

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		if (call->head.flags & flags[i].ours)
			out->call_flags |= flags[i].ring;
	}
	out->blobs = blobs;
	out->blobs_size = size;
	if (!function) {
		out->nargs = call->words < VGPU_BPF_REGISTERS ? call->words : VGPU_BPF_REGISTERS;
		memcpy(out->args, words, out->nargs * 8);
		return;
	}
	find_places(function, &places);
	out->nargs = function->nparams < VGPU_ARGS_MAX ? function->nparams : VGPU_ARGS_MAX;
	for (uint32_t i = 0; i < out->nargs; i++) {
		const struct vgpu_type *type = function->params[i].type;
		uint32_t parts = (type->size + 7) / 8;

		if (places.at[i] == NOWHERE || places.at[i] + parts > call->words)
			continue;
		if (!is_aggregate(type)) {
			out->args[i] = cut(words[places.at[i]], type->size);
			continue;
		}
		at += put_blob(kernel->blobs + at, i, VGPU_BLOB_IN, words + places.at[i], type->size);
	}
	if (!at)
		return;
	memcpy(kernel->blobs + at, blobs, size);
	out->blobs = kernel->blobs;
	out->blobs_size = at + size;
}
