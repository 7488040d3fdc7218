// SPDX-License-Identifier: Apache-2.0
/* Events into a block: of each field only what could not be foretold. */
#include "tracer/file/encode.h"

#include <errno.h>

#include "shim/api/schema.h"

/* An event's own bytes: no more than a quarter of what a block may be. */
#define EVENT_MAX (1u << 20)

struct event_encoder {
	struct vgpu_encoder *e;
	const struct vgpu_event *event;
	struct vgpu_plan_slot *kind, *lane, *key;
	uint64_t present;
	size_t bulk; /* bytes that do not shrink to a reference */
	uint64_t number[VGPU_PLAN_FIELDS]; /* what is written for a field that is present */
	int err;
};

int vgpu_encoder_open(struct vgpu_encoder *encoder)
{
	memset(encoder, 0, sizeof(*encoder));
	encoder->state = calloc(1, sizeof(*encoder->state));
	if (!encoder->state)
		return -ENOMEM;
	for (uint32_t kind = 1; kind < VGPU_EVENT_KINDS; kind++) {
		encoder->file_kind[kind] = kind;
		vgpu_plan_own(&encoder->plans[kind], kind);
	}
	vgpu_plan_reset(encoder->state);
	return 0;
}

void vgpu_encoder_close(struct vgpu_encoder *encoder)
{
	for (uint32_t kind = 0; kind < VGPU_EVENT_KINDS; kind++)
		free(encoder->steps[kind]);
	free(encoder->meta.bytes);
	free(encoder->events.bytes);
	free(encoder->state);
	vgpu_pool_free(&encoder->pool);
	vgpu_describer_free(&encoder->describer);
	memset(encoder, 0, sizeof(*encoder));
}

void vgpu_encoder_begin(struct vgpu_encoder *encoder)
{
	encoder->events.size = 0;
	vgpu_plan_reset(encoder->state);
}

static void put_kind(struct vgpu_encoder *e, uint32_t kind)
{
	const struct vgpu_plan *plan = &e->plans[kind];
	const struct vgpu_kind *own = vgpu_event_kind(kind);

	e->kinds_written |= UINT64_C(1) << kind;
	vgpu_wire_number(&e->meta, VGPU_META_KIND);
	vgpu_wire_number(&e->meta, e->file_kind[kind]);
	vgpu_wire_string(&e->meta, own->name);
	vgpu_wire_number(&e->meta, plan->count);
	for (uint32_t i = 0; i < plan->count; i++) {
		const struct vgpu_plan_field *field = &plan->fields[i];
		const struct vgpu_kind *part = field->number < VGPU_PLAN_COMMON ? &vgpu_event_common : own;

		vgpu_wire_number(&e->meta, field->number);
		vgpu_wire_number(&e->meta, field->type);
		vgpu_wire_number(&e->meta, field->coding);
		for (uint32_t k = 0; k < part->count; k++)
			if (part->fields[k].number == field->number)
				vgpu_wire_string(&e->meta, part->fields[k].name);
	}
}

enum base { BASE_NONE, BASE_COMMON, BASE_KIND, BASE_LANE, BASE_KEY, BASES };

static enum base base_of(const struct vgpu_plan_field *field)
{
	switch (field->coding) {
	case VGPU_CODE_LAST:
	case VGPU_CODE_NEXT:
	case VGPU_CODE_LANE_ID:
	case VGPU_CODE_KEY_ID:
		return field->number < VGPU_PLAN_COMMON ? BASE_COMMON : BASE_KIND;
	case VGPU_CODE_LANE:
	case VGPU_CODE_LANE_NEXT:
		return BASE_LANE;
	case VGPU_CODE_KEY:
	case VGPU_CODE_SHARED:
		return BASE_KEY;
	}
	return BASE_NONE;
}

static bool is_number(uint8_t type)
{
	return type <= VGPU_FIELD_I64;
}

static int prepare(struct vgpu_encoder *e, uint32_t kind)
{
	const struct vgpu_plan *plan = &e->plans[kind];
	struct vgpu_encoder_steps *steps = calloc(1, sizeof(*steps));

	if (!steps)
		return -ENOMEM;
	steps->lane = steps->key = -1;
	for (uint32_t i = 0; i < plan->count; i++) {
		const struct vgpu_plan_field *field = &plan->fields[i];
		enum base base = base_of(field);
		size_t size = vgpu_field_size(field->type);

		if (!is_number(field->type)) {
			steps->others[steps->other_count++] = i;
			continue;
		}
		if (field->coding == VGPU_CODE_LANE_ID)
			steps->lane = steps->number_count;
		else if (field->coding == VGPU_CODE_KEY_ID)
			steps->key = steps->number_count;
		steps->numbers[steps->number_count++] = (struct vgpu_encoder_number){
			.at = field->offset + (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? size - 8 : 0),
			.shift = 64 - 8 * size,
			.negative = field->type == VGPU_FIELD_I32,
			.field = i,
			.base = base,
			.place = base == BASE_NONE ? 0 : base == BASE_COMMON ? field->number : i,
			.step = field->coding == VGPU_CODE_NEXT || field->coding == VGPU_CODE_LANE_NEXT,
		};
	}
	e->steps[kind] = steps;
	return 0;
}

/* Eight bytes before the end of a number lie within the event: it begins with two of four. */
_Static_assert(offsetof(struct vgpu_event, kind) == 0 && sizeof(struct vgpu_event) >= 16, "numbers are read with what is before them");

static uint64_t load(const struct vgpu_event *event, const struct vgpu_encoder_number *number)
{
	uint64_t value;

	memcpy(&value, (const uint8_t *)event + number->at, sizeof(value));
	return number->negative ? (uint64_t)((int64_t)value >> number->shift) : value >> number->shift;
}

static void encode_numbers(struct event_encoder *ee, const struct vgpu_encoder_steps *steps)
{
	struct vgpu_plan_state *state = ee->e->state;
	uint64_t none[1] = { 0 };
	uint64_t *const bases[BASES] = { none, state->common, ee->kind->last, ee->lane->last, ee->key->last };

	for (uint32_t n = 0; n < steps->number_count; n++) {
		const struct vgpu_encoder_number *number = &steps->numbers[n];
		uint64_t *last = &bases[number->base][number->place];
		uint64_t value = load(ee->event, number), foretold = *last + number->step;

		*last = value;
		none[0] = 0;
		ee->present |= (uint64_t)(value != foretold) << number->field;
		ee->number[number->field] = vgpu_zigzag(value - foretold);
	}
}

/* Where the value that foretells this one is kept; NULL: nowhere. */
static uint64_t *last_of(struct event_encoder *ee, const struct vgpu_plan_field *field, uint32_t i)
{
	switch (base_of(field)) {
	case BASE_COMMON:
		return &ee->e->state->common[field->number];
	case BASE_KIND:
		return &ee->kind->last[i];
	case BASE_LANE:
		return &ee->lane->last[i];
	case BASE_KEY:
		return &ee->key->last[i];
	default:
		return NULL;
	}
}

/* A reference to bytes in the dictionary, or in place where that is full. */
static uint64_t reference(struct event_encoder *ee, const void *bytes, size_t size)
{
	struct vgpu_encoder *e = ee->e;
	bool fresh;
	int64_t entry = vgpu_pool_put(&e->pool, bytes, size, &fresh);

	if (entry < 0) {
		if (entry != -ENOSPC)
			ee->err = entry;
		ee->bulk += size;
		return VGPU_REF_HERE;
	}
	if (fresh) {
		vgpu_wire_number(&e->meta, VGPU_META_STRING);
		vgpu_wire_bytes(&e->meta, bytes, size);
	}
	return entry + VGPU_REF_POOL;
}

static bool is_same(const struct vgpu_pool *pool, uint64_t last, const void *bytes, size_t size)
{
	uint64_t entry = last - VGPU_REF_POOL;

	return last >= VGPU_REF_POOL && pool->start[entry + 1] - pool->start[entry] == size &&
	       !memcmp(pool->bytes + pool->start[entry], bytes, size);
}

static void encode_reference(struct event_encoder *ee, const struct vgpu_plan_field *field, uint32_t i,
			     const void *bytes, size_t size)
{
	uint64_t *last = last_of(ee, field, i), before = last ? *last : VGPU_REF_NONE;
	uint64_t now = !bytes ? VGPU_REF_NONE : is_same(&ee->e->pool, before, bytes, size) ? before : reference(ee, bytes, size);

	if (now != before) {
		ee->present |= UINT64_C(1) << i;
		ee->number[i] = now;
	}
	if (last && now != VGPU_REF_HERE)
		*last = now;
}

/* Data under a key: the same bytes as there were is a bit. Where they lie is filled in when they are written. */
static void encode_data(struct event_encoder *ee, const struct vgpu_plan_field *field, uint32_t i,
			const struct vgpu_data *data)
{
	uint64_t *last = last_of(ee, field, i);
	uint32_t size = data->bytes ? data->size : 0;

	if (last && (uint32_t)*last == size &&
	    (!size || !memcmp(ee->e->events.bytes + (*last >> 32), data->bytes, size)))
		return;
	if (!last && !size)
		return;
	ee->present |= UINT64_C(1) << i;
	ee->number[i] = size;
	ee->bulk += size;
}

static void encode_words(struct event_encoder *ee, const struct vgpu_plan_field *field, uint32_t i,
			 const struct vgpu_words *words)
{
	const struct vgpu_plan_slot *slot = field->coding == VGPU_CODE_KEY ? ee->key : NULL;
	uint32_t count = words->words ? words->count : 0;

	if (slot ? slot->words == count && count <= VGPU_PLAN_WORDS &&
		       (!count || !memcmp(slot->word, words->words, count * sizeof(uint64_t)))
		 : !count)
		return;
	ee->present |= UINT64_C(1) << i;
	ee->number[i] = count;
	ee->bulk += (size_t)count * VGPU_WIRE_NUMBER;
}

/* One that is no number. */
static void encode_field(struct event_encoder *ee, const struct vgpu_plan_field *field, uint32_t i)
{
	static const uint8_t zero[16];
	const void *at = (const uint8_t *)ee->event + field->offset;

	switch (field->type) {
	case VGPU_FIELD_STRING: {
		const char *string = *(const char *const *)at;

		encode_reference(ee, field, i, string, string ? strlen(string) : 0);
		return;
	}
	case VGPU_FIELD_STRINGS: {
		const struct vgpu_strings *strings = at;

		encode_reference(ee, field, i, strings->size ? strings->bytes : NULL, strings->size);
		return;
	}
	case VGPU_FIELD_DATA: {
		const struct vgpu_data *data = at;

		if (field->coding == VGPU_CODE_SHARED)
			encode_reference(ee, field, i, data->size ? data->bytes : NULL, data->size);
		else
			encode_data(ee, field, i, data);
		return;
	}
	case VGPU_FIELD_WORDS: {
		const struct vgpu_words *words = at;

		if (field->coding == VGPU_CODE_SHARED)
			encode_reference(ee, field, i, words->count ? words->words : NULL,
					 words->count * sizeof(uint64_t));
		else
			encode_words(ee, field, i, words);
		return;
	}
	case VGPU_FIELD_ID16:
		if (memcmp(at, zero, sizeof(zero)))
			ee->present |= UINT64_C(1) << i;
		return;
	}
}

static void write_words(struct event_encoder *ee, const struct vgpu_plan_field *field, const struct vgpu_words *words,
			uint32_t count)
{
	struct vgpu_plan_slot *slot = field->coding == VGPU_CODE_KEY ? ee->key : NULL;
	struct vgpu_wire *out = &ee->e->events;

	vgpu_wire_number(out, count);
	for (uint32_t k = 0; k < count; k++) {
		uint64_t foretold = slot && k < VGPU_PLAN_WORDS ? slot->word[k] : 0;

		vgpu_wire_number(out, vgpu_zigzag(words->words[k] - foretold));
		if (slot && k < VGPU_PLAN_WORDS)
			slot->word[k] = words->words[k];
	}
	if (slot)
		slot->words = count;
}

static void write_field(struct event_encoder *ee, const struct vgpu_plan_field *field, uint32_t i)
{
	const void *at = (const uint8_t *)ee->event + field->offset;
	struct vgpu_wire *out = &ee->e->events;
	uint64_t number = ee->number[i], *last;

	if (field->type == VGPU_FIELD_ID16) {
		vgpu_wire_add(out, at, 16);
		return;
	}
	if (field->type == VGPU_FIELD_WORDS && field->coding != VGPU_CODE_SHARED) {
		write_words(ee, field, at, number);
		return;
	}
	vgpu_wire_number(out, number);
	if (field->type == VGPU_FIELD_DATA && field->coding != VGPU_CODE_SHARED) {
		last = last_of(ee, field, i);
		if (last)
			*last = (uint64_t)out->size << 32 | number;
		vgpu_wire_add(out, ((const struct vgpu_data *)at)->bytes, number);
		return;
	}
	if (number != VGPU_REF_HERE)
		return;
	switch (field->type) {
	case VGPU_FIELD_STRING:
		vgpu_wire_string(out, *(const char *const *)at);
		break;
	case VGPU_FIELD_STRINGS:
		vgpu_wire_bytes(out, ((const struct vgpu_strings *)at)->bytes, ((const struct vgpu_strings *)at)->size);
		break;
	case VGPU_FIELD_DATA:
		vgpu_wire_bytes(out, ((const struct vgpu_data *)at)->bytes, ((const struct vgpu_data *)at)->size);
		break;
	case VGPU_FIELD_WORDS:
		vgpu_wire_bytes(out, ((const struct vgpu_words *)at)->words,
				((const struct vgpu_words *)at)->count * sizeof(uint64_t));
		break;
	}
}

static int describe(struct vgpu_encoder *e, const struct vgpu_plan *plan, const struct vgpu_event *event)
{
	const struct vgpu_blob *blob;
	uint32_t id;
	int found;

	memcpy(&id, (const uint8_t *)event + plan->function, sizeof(id));
	found = id ? vgpu_describe_function(&e->describer, id, &e->meta) : 0;
	if (found != VGPU_DESCRIBED_LOOKUP || event->kind != VGPU_EVENT_CALL)
		return found < 0 ? found : 0;
	blob = vgpu_event_find_blob(&event->call, VGPU_BLOB_RESOLVED, 0);
	if (!blob || blob->size != sizeof(id))
		return 0;
	memcpy(&id, blob + 1, sizeof(id));
	found = vgpu_describe_function(&e->describer, id, &e->meta);
	return found < 0 ? found : 0;
}

int vgpu_encode(struct vgpu_encoder *e, const struct vgpu_event *event)
{
	struct event_encoder ee; /* number[] is not worth clearing each time */
	const struct vgpu_encoder_steps *steps;
	const struct vgpu_plan *plan;
	uint32_t lane, key;
	int err;

	if (event->kind >= VGPU_EVENT_KINDS || !e->plans[event->kind].count)
		return -EINVAL;
	plan = &e->plans[event->kind];
	if (!(e->kinds_written >> event->kind & 1))
		put_kind(e, event->kind);
	err = plan->function >= 0 ? describe(e, plan, event) : 0;
	if (!err && !e->steps[event->kind])
		err = prepare(e, event->kind);
	if (err)
		return err;
	steps = e->steps[event->kind];
	ee.e = e;
	ee.event = event;
	ee.present = ee.bulk = 0;
	ee.err = 0;
	ee.kind = vgpu_plan_slot(e->state, &e->state->kinds[e->file_kind[event->kind]]);
	lane = steps->lane >= 0 ? load(event, &steps->numbers[steps->lane]) % VGPU_PLAN_LANES : 0;
	key = steps->key >= 0 ? vgpu_plan_key(load(event, &steps->numbers[steps->key])) : 0;
	ee.lane = vgpu_plan_slot(e->state, &e->state->lanes[lane]);
	ee.key = vgpu_plan_slot(e->state, &e->state->keys[key]);
	encode_numbers(&ee, steps);
	for (uint32_t n = 0; n < steps->other_count; n++)
		encode_field(&ee, &plan->fields[steps->others[n]], steps->others[n]);
	if (ee.bulk > EVENT_MAX)
		return -E2BIG;
	vgpu_wire_number(&e->events, e->file_kind[event->kind]);
	vgpu_wire_number(&e->events, ee.present);
	for (uint64_t left = ee.present; left; left &= left - 1) {
		uint32_t i = __builtin_ctzll(left);

		write_field(&ee, &plan->fields[i], i);
	}
	return ee.err ? ee.err : e->events.failed || e->meta.failed ? -ENOMEM : 0;
}
