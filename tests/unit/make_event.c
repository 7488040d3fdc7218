// SPDX-License-Identifier: Apache-2.0
/* Events made by hand, for tests. */
#include "tests/unit/make_event.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

#include "shim/api/schema.h"

static char strings[4][64][48];
static uint64_t words[4][64][8];

static void fill(struct vgpu_event *event, const struct vgpu_field *field, unsigned seed, unsigned slot, unsigned at)
{
	uint8_t *place = (uint8_t *)event + field->offset;
	char *string = strings[slot][at];
	uint64_t *word = words[slot][at];

	snprintf(string, sizeof(strings[0][0]), "%s %u\n\xc3\xa4", field->name, seed);
	for (unsigned i = 0; i < 8; i++)
		word[i] = (uint64_t)seed * 1000003 + at * 101 + i + UINT64_C(0xf000000000000000);
	switch (field->type) {
	case VGPU_FIELD_STRING:
		*(const char **)place = string;
		return;
	case VGPU_FIELD_STRINGS:
		*(struct vgpu_strings *)place = (struct vgpu_strings){ string, strlen(string) + 1 };
		return;
	case VGPU_FIELD_DATA:
		*(struct vgpu_data *)place = (struct vgpu_data){ (uint8_t *)word, 1 + (seed + at) % 63 };
		return;
	case VGPU_FIELD_WORDS:
		*(struct vgpu_words *)place = (struct vgpu_words){ word, 1 + (seed + at) % 7 };
		return;
	case VGPU_FIELD_U8:
		*place = 1 + (seed + at) % 255;
		return;
	case VGPU_FIELD_U16:
		*(uint16_t *)place = 1 + seed * 7 + at;
		return;
	case VGPU_FIELD_U32:
	case VGPU_FIELD_I32:
		*(uint32_t *)place = 0x80000000u + seed * 31 + at;
		return;
	case VGPU_FIELD_U64:
	case VGPU_FIELD_I64:
		*(uint64_t *)place = word[0];
		return;
	case VGPU_FIELD_ID16:
		memcpy(place, word, 16);
		return;
	}
	ck_abort_msg("a field type without a test: %u", field->type);
}

void make_event_filled(struct vgpu_event *event, uint32_t kind, unsigned seed, unsigned slot)
{
	const struct vgpu_kind *own = vgpu_event_kind(kind);
	unsigned at = 0;

	memset(event, 0, sizeof(*event));
	event->kind = kind;
	for (uint32_t i = 0; i < vgpu_event_common.count; i++)
		fill(event, &vgpu_event_common.fields[i], seed, slot, at++);
	for (uint32_t i = 0; i < own->count; i++)
		fill(event, &own->fields[i], seed, slot, at++);
}

void make_call(struct made_call *call, const char *name, uint64_t result)
{
	const struct vgpu_function *function = vgpu_function_by_name(0, name);

	ck_assert_msg(function != NULL, "no function %s", name);
	memset(call, 0, sizeof(*call));
	call->event.kind = VGPU_EVENT_CALL;
	call->event.observer = VGPU_OBSERVER_RING;
	call->event.process = 1;
	call->event.time_ns = 1000000;
	call->event.call.function = function->id;
	call->event.call.thread = 1;
	call->event.call.duration_ns = 400;
	call->event.call.result = result;
	call->event.call.args.words = call->words;
	call->event.call.blobs.bytes = call->blobs;
}

void make_call_arg(struct made_call *call, uint64_t word)
{
	call->words[call->event.call.args.count++] = word;
}

void make_call_blob(struct made_call *call, uint8_t param, uint8_t flags, const void *bytes, uint16_t size,
		    uint32_t full)
{
	struct vgpu_blob blob = { .param = param, .flags = flags, .size = size, .full_size = full };
	uint8_t *at = call->blobs + call->event.call.blobs.size;

	memcpy(at, &blob, sizeof(blob));
	memcpy(at + sizeof(blob), bytes, size);
	call->event.call.blobs.size += sizeof(blob) + ((size + 7u) & ~7u);
}

uint8_t made_param(const char *function, const char *name)
{
	const struct vgpu_function *f = vgpu_function_by_name(0, function);

	ck_assert_msg(f != NULL, "no function %s", function);
	for (uint32_t i = 0; i < f->nparams; i++)
		if (!strcmp(f->params[i].name, name))
			return i;
	ck_abort_msg("%s has no parameter %s", function, name);
}
