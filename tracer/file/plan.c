// SPDX-License-Identifier: Apache-2.0
/* Which field of which kind is foretold from what. */
#include <string.h>

#include "tracer/file/plan.h"

/* Only calls are many. Fields without a row: PLAIN, or LAST where they are common. */
static const struct {
	const char *name;
	uint8_t coding;
} call_codings[] = {
	{ "thread", VGPU_CODE_LANE_ID }, { "function", VGPU_CODE_KEY_ID },
	{ "observer", VGPU_CODE_LANE }, { "process", VGPU_CODE_LANE }, { "tid", VGPU_CODE_LANE },
	{ "time_error_ns", VGPU_CODE_LANE }, { "flags", VGPU_CODE_KEY }, { "depth", VGPU_CODE_KEY },
	{ "thread_name", VGPU_CODE_LANE }, { "ordinal", VGPU_CODE_LANE_NEXT }, { "duration_ns", VGPU_CODE_KEY },
	{ "caller", VGPU_CODE_KEY }, { "sp", VGPU_CODE_KEY }, { "result", VGPU_CODE_KEY },
	{ "args", VGPU_CODE_KEY }, { "blobs", VGPU_CODE_KEY }, { "stack", VGPU_CODE_SHARED },
	{ "name", VGPU_CODE_KEY }, { "object", VGPU_CODE_KEY },
};

static uint8_t coding_of(const struct vgpu_field *field, bool call)
{
	for (size_t i = 0; call && i < sizeof(call_codings) / sizeof(call_codings[0]); i++)
		if (!strcmp(call_codings[i].name, field->name))
			return call_codings[i].coding;
	if (!strcmp(field->name, "number"))
		return VGPU_CODE_NEXT;
	return field->number < VGPU_PLAN_COMMON ? VGPU_CODE_LAST : VGPU_CODE_PLAIN;
}

static void add(struct vgpu_plan *plan, const struct vgpu_field *field, bool call)
{
	plan->fields[plan->count++] = (struct vgpu_plan_field){
		.number = field->number,
		.type = field->type,
		.coding = coding_of(field, call),
		.own = field->type,
		.function = field->number >= VGPU_PLAN_COMMON && !strcmp(field->name, "function"),
		.offset = field->offset,
	};
}

bool vgpu_plan_own(struct vgpu_plan *plan, uint32_t kind)
{
	bool call = kind == VGPU_EVENT_CALL || kind == VGPU_EVENT_PENDING;
	const struct vgpu_kind *own = vgpu_event_kind(kind);

	memset(plan, 0, sizeof(*plan));
	if (!own || own->count + vgpu_event_common.count > VGPU_PLAN_FIELDS)
		return false;
	plan->kind = kind;
	/* What others are foretold by comes before them. */
	for (unsigned pass = 0; pass < 2; pass++) {
		const struct vgpu_kind *parts[] = { &vgpu_event_common, own };

		for (unsigned part = 0; part < 2; part++)
			for (uint32_t i = 0; i < parts[part]->count; i++) {
				uint8_t coding = coding_of(&parts[part]->fields[i], call);

				if ((coding == VGPU_CODE_LANE_ID || coding == VGPU_CODE_KEY_ID) == !pass)
					add(plan, &parts[part]->fields[i], call);
			}
	}
	vgpu_plan_finish(plan);
	return true;
}

bool vgpu_plan_valid(uint8_t type, uint8_t coding)
{
	switch (type) {
	case VGPU_FIELD_U8:
	case VGPU_FIELD_U16:
	case VGPU_FIELD_U32:
	case VGPU_FIELD_I32:
	case VGPU_FIELD_U64:
	case VGPU_FIELD_I64:
		return coding < VGPU_CODE_SHARED;
	case VGPU_FIELD_STRING:
	case VGPU_FIELD_STRINGS:
		return coding == VGPU_CODE_PLAIN || coding == VGPU_CODE_LAST || coding == VGPU_CODE_LANE ||
		       coding == VGPU_CODE_KEY;
	case VGPU_FIELD_DATA:
	case VGPU_FIELD_WORDS:
		return coding == VGPU_CODE_PLAIN || coding == VGPU_CODE_KEY || coding == VGPU_CODE_SHARED;
	case VGPU_FIELD_ID16:
		return coding == VGPU_CODE_PLAIN;
	}
	return false;
}

void vgpu_plan_finish(struct vgpu_plan *plan)
{
	plan->foretold = 0;
	plan->function = -1;
	for (uint32_t i = 0; i < plan->count; i++) {
		if (plan->fields[i].coding != VGPU_CODE_PLAIN)
			plan->foretold |= UINT64_C(1) << i;
		if (plan->fields[i].function && plan->fields[i].own == VGPU_FIELD_U32)
			plan->function = plan->fields[i].offset;
	}
}

void vgpu_plan_reset(struct vgpu_plan_state *state)
{
	memset(state->common, 0, sizeof(state->common));
	if (!++state->generation) {
		memset(state->kinds, 0, sizeof(state->kinds));
		memset(state->lanes, 0, sizeof(state->lanes));
		memset(state->keys, 0, sizeof(state->keys));
		state->generation = 1;
	}
}
