// SPDX-License-Identifier: Apache-2.0
/* What a call says apart from addresses, times and numbers that change from run to run. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tracer/diff/story.h"
#include "tracer/model/call.h"
#include "tracer/model/names.h"

struct digest {
	struct story *story;
	struct story_item *item;
	uint64_t hash;
	uint32_t place;
	bool out, failed;
};

static uint64_t mix(uint64_t hash, uint64_t word)
{
	hash = (hash ^ word) * UINT64_C(0xff51afd7ed558ccd);
	return hash ^ hash >> 32;
}

static uint64_t mix_bytes(uint64_t hash, const void *bytes, size_t size)
{
	const uint8_t *at = bytes;
	uint64_t word;

	for (; size >= 8; size -= 8, at += 8) {
		memcpy(&word, at, 8);
		hash = mix(hash, word);
	}
	word = 0;
	if (size)
		memcpy(&word, at, size);
	return mix(hash, word ^ (uint64_t)size << 56);
}

static uint64_t mix_text(uint64_t hash, const char *text)
{
	return text ? mix_bytes(hash, text, strlen(text)) : mix(hash, 1);
}

static void identity(struct digest *d, uint64_t value)
{
	struct story *story = d->story;

	d->place++;
	/* That there is none is a plain fact. */
	if (!value || d->item->identities == UINT16_MAX) {
		d->hash = mix(d->hash, 2);
		return;
	}
	if (story->identity_count == story->identity_room) {
		uint32_t room = story->identity_room ? story->identity_room * 2 : 4096;
		void *grown = realloc(story->identities, room * sizeof(*story->identities));

		if (!grown) {
			d->failed = true;
			return;
		}
		story->identities = grown;
		story->identity_room = room;
	}
	story->identities[story->identity_count++] =
		(struct story_identity){ value, d->out ? STORY_IDENTITY_OUT : 0, d->place };
	d->item->identities++;
	d->hash = mix(d->hash, 3);
}

static bool has_addresses(const struct vgpu_type *type, unsigned depth)
{
	switch (type->kind) {
	case VGPU_TYPE_HANDLE:
	case VGPU_TYPE_POINTER:
	case VGPU_TYPE_FUNCTION:
		return true;
	case VGPU_TYPE_ARRAY:
		return depth > 8 || has_addresses(type->element, depth + 1);
	case VGPU_TYPE_STRUCT:
	case VGPU_TYPE_UNION:
		for (uint32_t i = 0; i < type->count; i++)
			if (depth > 8 || has_addresses(type->members[i].type, depth + 1))
				return true;
	}
	return false;
}

static void digest_value(struct digest *d, const struct vgpu_type *type, const uint8_t *bytes, size_t size,
			 unsigned depth);

/* By members: what lies between them is not anybody's value. */
static void digest_struct(struct digest *d, const struct vgpu_type *type, const uint8_t *bytes, size_t size,
			  unsigned depth)
{
	for (uint32_t i = 0; i < type->count; i++) {
		const struct vgpu_member *m = &type->members[i];
		uint64_t word = 0;

		if (m->offset > size || size - m->offset < m->type->size)
			continue;
		if (!m->bit_size) {
			digest_value(d, m->type, bytes + m->offset, m->type->size, depth + 1);
			continue;
		}
		memcpy(&word, bytes + m->offset, m->type->size < 8 ? m->type->size : 8);
		word >>= m->bit_offset;
		d->hash = mix(d->hash, m->bit_size < 64 ? word & ((UINT64_C(1) << m->bit_size) - 1) : word);
	}
}

static void digest_array(struct digest *d, const struct vgpu_type *element, const uint8_t *bytes, size_t size,
			 unsigned depth)
{
	if (element->kind == VGPU_TYPE_CHAR) {
		d->hash = mix_bytes(d->hash, bytes, strnlen((const char *)bytes, size));
		return;
	}
	if (!element->size) {
		d->hash = mix_bytes(d->hash, bytes, size);
		return;
	}
	for (size_t at = 0; at + element->size <= size; at += element->size)
		digest_value(d, element, bytes + at, element->size, depth + 1);
}

static void digest_value(struct digest *d, const struct vgpu_type *type, const uint8_t *bytes, size_t size,
			 unsigned depth)
{
	uint64_t word = 0;

	if (depth > 16)
		return;
	memcpy(&word, bytes, size < 8 ? size : 8);
	switch (type->kind) {
	case VGPU_TYPE_STRUCT:
		digest_struct(d, type, bytes, size, depth);
		return;
	case VGPU_TYPE_UNION:
		/* Which of its members is meant is not known. */
		if (!has_addresses(type, 0))
			d->hash = mix_bytes(d->hash, bytes, size);
		return;
	case VGPU_TYPE_ARRAY:
		digest_array(d, type->element, bytes, size, depth);
		return;
	case VGPU_TYPE_HANDLE:
		identity(d, word);
		return;
	case VGPU_TYPE_POINTER:
	case VGPU_TYPE_FUNCTION:
		d->hash = mix(d->hash, word != 0);
		return;
	}
	d->hash = mix_bytes(d->hash, bytes, size);
}

static void digest_blob(struct digest *d, const struct vgpu_param *param, const struct vgpu_blob *blob)
{
	const uint8_t *bytes = (const uint8_t *)(blob + 1);
	const struct vgpu_type *type = param->type;

	d->hash = mix(d->hash, blob->flags);
	if (blob->flags & VGPU_BLOB_ABSENT)
		return;
	d->out = blob->flags & VGPU_BLOB_OUT;
	if (param->capture == VGPU_CAPTURE_STRING) {
		d->hash = mix_bytes(d->hash, bytes, strnlen((const char *)bytes, blob->size));
		return;
	}
	if (type->kind == VGPU_TYPE_POINTER && type->element && param->capture != VGPU_CAPTURE_VALUE)
		type = type->element;
	if (type->kind == VGPU_TYPE_VOID)
		d->hash = mix_bytes(d->hash, bytes, blob->size);
	else if (param->capture == VGPU_CAPTURE_ARRAY || param->capture == VGPU_CAPTURE_BYTES)
		digest_array(d, type, bytes, blob->size, 0);
	else
		digest_value(d, type, bytes, blob->size, 0);
	d->out = false;
}

static bool ignored(const struct story *story, const struct vgpu_function *function, const char *param)
{
	char name[256];
	size_t n = strlen(function->name), m = strlen(param);

	if (!story->ignore || n + m + 2 > sizeof(name))
		return false;
	memcpy(name, function->name, n);
	name[n] = '.';
	memcpy(name + n + 1, param, m + 1);
	return vgpu_name_matches(story->ignore, name);
}

static void digest_params(struct digest *d, const struct vgpu_function *function, const struct vgpu_event_call *call)
{
	const struct vgpu_blob *blob;
	size_t at = 0;

	for (uint32_t i = 0; i < function->nparams && i < call->args.count; i++) {
		const struct vgpu_param *param = &function->params[i];

		/* A struct that was passed by value is in its blob. */
		if (!ignored(d->story, function, param->name) && param->type->size && param->type->size <= 8 &&
		    param->capture != VGPU_CAPTURE_VALUE)
			digest_value(d, param->type, (const uint8_t *)&call->args.words[i], param->type->size, 0);
	}
	while ((blob = vgpu_event_blob(call, &at))) {
		uint32_t id;

		if (blob->param < function->nparams) {
			if (!ignored(d->story, function, function->params[blob->param].name))
				digest_blob(d, &function->params[blob->param], blob);
		} else if (blob->param == VGPU_BLOB_RESOLVED && blob->size == sizeof(id)) {
			const struct vgpu_function *resolved;

			memcpy(&id, blob + 1, sizeof(id));
			resolved = vgpu_function_find(id);
			d->hash = resolved ? mix_text(d->hash, resolved->name) : mix(d->hash, id != 0);
		}
	}
}

static uint64_t digest_result(struct digest *d, const struct vgpu_function *function, const struct vgpu_event_call *call)
{
	const struct vgpu_type *type = function ? function->result : NULL;
	uint64_t before = d->hash, result;

	if (!type || type->kind == VGPU_TYPE_VOID || call->flags & VGPU_CALL_UNWOUND)
		return 0;
	/* A handle that is returned goes with the values. */
	d->out = true;
	if (type->size && type->size <= 8)
		digest_value(d, type, (const uint8_t *)&call->result, type->size, 0);
	d->out = false;
	result = d->hash;
	d->hash = before;
	return result ^ before;
}

static int digest_call(struct digest *d, const struct vgpu_event *event)
{
	const struct vgpu_event_call *call = &event->call;
	const struct vgpu_function *function = vgpu_function_find(call->function);
	const char *name = function ? function->name : call->name;

	d->item->depth = call->depth;
	d->item->unfinished = event->kind == VGPU_EVENT_PENDING;
	d->item->key = mix_text(mix(VGPU_FUNCTION_LIBRARY(call->function), call->depth), name);
	d->hash = mix(d->item->key, call->flags & (VGPU_CALL_UNSUPPORTED | VGPU_CALL_NO_SYMBOL | VGPU_CALL_UNWOUND));
	/* Of a call that did not return there is nothing to compare but what went in, and that is not all on record. */
	if (d->item->unfinished)
		return 0;
	if (function)
		digest_params(d, function, call);
	d->item->plain = d->hash;
	d->hash = 7;
	d->item->result = digest_result(d, function, call);
	return d->failed ? -ENOMEM : 0;
}

int vgpu_story_digest(struct story *story, struct story_item *item, const struct vgpu_event *event)
{
	struct digest d = { .story = story, .item = item };

	*item = (struct story_item){ .number = event->number, .time_ns = event->time_ns,
				     .identity = story->identity_count };
	switch (event->kind) {
	case VGPU_EVENT_DL:
		item->key = mix_text(mix(100, event->dl.op), event->dl.name);
		item->result = mix_text(event->dl.failed, event->dl.error);
		return 0;
	case VGPU_EVENT_CRASH:
		item->key = mix(101, event->crash.signal);
		item->plain = mix_text(0, event->crash.function_name);
		return 0;
	}
	return digest_call(&d, event);
}
