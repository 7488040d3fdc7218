// SPDX-License-Identifier: Apache-2.0
/* Events of a block. */
#include "tracer/file/decode.h"

#include <errno.h>

#define SCRATCH_BYTES 65536u

int vgpu_decoder_open(struct vgpu_decoder *decoder)
{
	memset(decoder, 0, sizeof(*decoder));
	decoder->state = calloc(1, sizeof(*decoder->state));
	return decoder->state ? 0 : -ENOMEM;
}

static void chunks_free(struct vgpu_learn_chunk *chunk)
{
	for (struct vgpu_learn_chunk *next; chunk; chunk = next) {
		next = chunk->next;
		free(chunk);
	}
}

void vgpu_decoder_close(struct vgpu_decoder *decoder)
{
	for (uint32_t i = 0; i < decoder->added_count; i++)
		vgpu_function_remove(decoder->added[i]);
	for (unsigned i = 0; i < 8; i++)
		free(decoder->map[i]);
	for (unsigned i = 0; i < 256; i++)
		free(decoder->plans[i]);
	chunks_free(decoder->chunks);
	chunks_free(decoder->scratch);
	free(decoder->entries);
	free(decoder->types);
	free(decoder->enums);
	free(decoder->functions);
	free(decoder->added);
	free(decoder->unknown);
	free(decoder->state);
	memset(decoder, 0, sizeof(*decoder));
}

void vgpu_decoder_begin(struct vgpu_decoder *decoder, const uint8_t *bytes, size_t size)
{
	vgpu_plan_reset(decoder->state);
	decoder->block = bytes;
	decoder->in = (struct vgpu_cut){ .at = bytes, .end = bytes + size };
}

/* 8-byte aligned, until the next event. What was handed out before stays where it is. */
static void *scratch(struct vgpu_decoder *d, size_t size)
{
	size_t words = (size + 7) / 8;
	void *out;

	if (!d->scratch || d->scratch_room - d->scratch_at < words) {
		size_t room = words * 8 > SCRATCH_BYTES ? words : SCRATCH_BYTES / 8;
		struct vgpu_learn_chunk *chunk = malloc(sizeof(*chunk) + room * 8);

		if (!chunk) {
			d->no_memory = true;
			return NULL;
		}
		chunk->next = d->scratch;
		d->scratch = chunk;
		d->scratch_at = 0;
		d->scratch_room = room;
	}
	out = d->scratch->bytes + d->scratch_at;
	d->scratch_at += words;
	return out;
}

static void scratch_reset(struct vgpu_decoder *d)
{
	if (d->scratch && d->scratch->next) {
		/* One that was larger than most: not kept. */
		chunks_free(d->scratch);
		d->scratch = NULL;
		d->scratch_room = 0;
	}
	d->scratch_at = 0;
}

static uint64_t whole(uint8_t type, uint64_t value)
{
	switch (type) {
	case VGPU_FIELD_U8:
		return (uint8_t)value;
	case VGPU_FIELD_U16:
		return (uint16_t)value;
	case VGPU_FIELD_U32:
		return (uint32_t)value;
	case VGPU_FIELD_I32:
		return (int64_t)(int32_t)value;
	}
	return value;
}

static void store(uint8_t type, void *at, uint64_t value)
{
	switch (type) {
	case VGPU_FIELD_U8:
		*(uint8_t *)at = value;
		return;
	case VGPU_FIELD_U16:
		*(uint16_t *)at = value;
		return;
	case VGPU_FIELD_U32:
	case VGPU_FIELD_I32:
		*(uint32_t *)at = value;
		return;
	case VGPU_FIELD_U64:
	case VGPU_FIELD_I64:
		*(uint64_t *)at = value;
		return;
	}
}

struct event_decoder {
	struct vgpu_decoder *d;
	struct vgpu_event *event;
	struct vgpu_plan_slot *kind, *lane, *key;
};

static uint64_t *last_of(struct event_decoder *ed, const struct vgpu_plan_field *field, uint32_t i)
{
	switch (field->coding) {
	case VGPU_CODE_LAST:
	case VGPU_CODE_NEXT:
	case VGPU_CODE_LANE_ID:
	case VGPU_CODE_KEY_ID:
		return field->number < VGPU_PLAN_COMMON ? &ed->d->state->common[field->number] : &ed->kind->last[i];
	case VGPU_CODE_LANE:
	case VGPU_CODE_LANE_NEXT:
		return &ed->lane->last[i];
	case VGPU_CODE_KEY:
	case VGPU_CODE_SHARED:
		return &ed->key->last[i];
	}
	return NULL;
}

static void *place(struct event_decoder *ed, const struct vgpu_plan_field *field)
{
	return field->offset < 0 ? NULL : (uint8_t *)ed->event + field->offset;
}

static void decode_number(struct event_decoder *ed, const struct vgpu_plan_field *field, uint32_t i, bool present)
{
	struct vgpu_plan_state *state = ed->d->state;
	uint64_t *last = last_of(ed, field, i), value = last ? *last : 0;

	if (field->coding == VGPU_CODE_NEXT || field->coding == VGPU_CODE_LANE_NEXT)
		value++;
	if (present)
		value += vgpu_unzigzag(vgpu_cut_number(&ed->d->in));
	value = whole(field->type, value);
	if (last)
		*last = value;
	if (field->coding == VGPU_CODE_LANE_ID)
		ed->lane = vgpu_plan_slot(state, &state->lanes[value % VGPU_PLAN_LANES]);
	else if (field->coding == VGPU_CODE_KEY_ID)
		ed->key = vgpu_plan_slot(state, &state->keys[vgpu_plan_key(value)]);
	if (field->offset >= 0)
		store(field->own, place(ed, field), value);
}

/* Hands what a reference leads to to the event. false: it is no value of that type. */
static bool give(struct event_decoder *ed, const struct vgpu_plan_field *field, const uint8_t *bytes, uint32_t size,
		 bool text)
{
	void *at = place(ed, field);

	switch (field->type) {
	case VGPU_FIELD_STRING:
		if (!text)
			return false;
		if (at)
			*(const char **)at = (const char *)bytes;
		return true;
	case VGPU_FIELD_STRINGS:
		if (!size || bytes[size - 1])
			return false;
		if (at)
			*(struct vgpu_strings *)at = (struct vgpu_strings){ (const char *)bytes, size };
		return true;
	case VGPU_FIELD_DATA:
		if (at && size)
			*(struct vgpu_data *)at = (struct vgpu_data){ bytes, size };
		return size > 0;
	case VGPU_FIELD_WORDS:
		if (!size || size % sizeof(uint64_t))
			return false;
		if (at)
			*(struct vgpu_words *)at = (struct vgpu_words){ (const void *)bytes, size / 8 };
		return true;
	}
	return false;
}

static bool decode_reference(struct event_decoder *ed, const struct vgpu_plan_field *field, uint32_t i, bool present)
{
	struct vgpu_decoder *d = ed->d;
	uint64_t *last = last_of(ed, field, i), number = last ? *last : VGPU_REF_NONE;

	if (present)
		number = vgpu_cut_number(&d->in);
	if (number == VGPU_REF_NONE) {
		if (last)
			*last = number;
		return true;
	}
	if (number == VGPU_REF_HERE) {
		uint64_t size = vgpu_cut_number(&d->in);
		const uint8_t *bytes = vgpu_cut_bytes(&d->in, size);
		uint8_t *copy;

		if (!bytes || !present)
			return false;
		copy = scratch(d, size + 1);
		if (!copy)
			return false;
		memcpy(copy, bytes, size);
		copy[size] = '\0';
		return give(ed, field, copy, size, !memchr(copy, '\0', size));
	}
	if (number - VGPU_REF_POOL >= d->entry_count)
		return false;
	if (last)
		*last = number;
	return give(ed, field, d->entries[number - VGPU_REF_POOL].bytes, d->entries[number - VGPU_REF_POOL].size,
		    d->entries[number - VGPU_REF_POOL].text);
}

static bool decode_data(struct event_decoder *ed, const struct vgpu_plan_field *field, uint32_t i, bool present)
{
	struct vgpu_decoder *d = ed->d;
	uint64_t *last = last_of(ed, field, i), size;
	const uint8_t *bytes;
	uint8_t *copy;

	if (present) {
		size = vgpu_cut_number(&d->in);
		bytes = vgpu_cut_bytes(&d->in, size);
		if (!bytes)
			return false;
		if (last)
			*last = (uint64_t)(bytes - d->block) << 32 | size;
	} else {
		size = last ? (uint32_t)*last : 0;
		bytes = d->block + (last ? *last >> 32 : 0);
		/* In a file that was made up, another kind's field may have been there. */
		if ((last ? *last >> 32 : 0) + size > (uint64_t)(d->in.end - d->block))
			return false;
	}
	if (!size || field->offset < 0)
		return true;
	/* Blobs are read in place: they need their alignment. */
	copy = scratch(d, size);
	if (!copy)
		return false;
	memcpy(copy, bytes, size);
	*(struct vgpu_data *)place(ed, field) = (struct vgpu_data){ copy, size };
	return true;
}

static bool decode_words(struct event_decoder *ed, const struct vgpu_plan_field *field, bool present)
{
	struct vgpu_decoder *d = ed->d;
	struct vgpu_plan_slot *slot = field->coding == VGPU_CODE_KEY ? ed->key : NULL;
	uint64_t count = present ? vgpu_cut_number(&d->in) : slot ? slot->words : 0, *words;

	if (!count) {
		if (slot)
			slot->words = 0;
		return true;
	}
	/* A word takes a byte at the least. */
	if (present ? count > (uint64_t)(d->in.end - d->in.at) : count > VGPU_PLAN_WORDS)
		return false;
	words = scratch(d, count * sizeof(*words));
	if (!words)
		return false;
	for (uint64_t k = 0; k < count; k++) {
		uint64_t word = slot && k < VGPU_PLAN_WORDS ? slot->word[k] : 0;

		if (present)
			word += vgpu_unzigzag(vgpu_cut_number(&d->in));
		words[k] = word;
		if (slot && k < VGPU_PLAN_WORDS)
			slot->word[k] = word;
	}
	if (slot)
		slot->words = count;
	if (field->offset >= 0)
		*(struct vgpu_words *)place(ed, field) = (struct vgpu_words){ words, count };
	return true;
}

static bool decode_field(struct event_decoder *ed, const struct vgpu_plan_field *field, uint32_t i, bool present)
{
	const uint8_t *bytes;

	switch (field->type) {
	case VGPU_FIELD_DATA:
		if (field->coding != VGPU_CODE_SHARED)
			return decode_data(ed, field, i, present);
		return decode_reference(ed, field, i, present);
	case VGPU_FIELD_WORDS:
		if (field->coding != VGPU_CODE_SHARED)
			return decode_words(ed, field, present);
		return decode_reference(ed, field, i, present);
	case VGPU_FIELD_STRING:
	case VGPU_FIELD_STRINGS:
		return decode_reference(ed, field, i, present);
	case VGPU_FIELD_ID16:
		bytes = vgpu_cut_bytes(&ed->d->in, 16);
		if (bytes && field->offset >= 0)
			memcpy(place(ed, field), bytes, 16);
		return bytes;
	}
	decode_number(ed, field, i, present);
	return true;
}

static uint32_t translated(const struct vgpu_decoder *d, uint32_t id)
{
	uint32_t library = VGPU_FUNCTION_LIBRARY(id);

	return library < 8 && d->map[library] && d->map[library][VGPU_FUNCTION_NUMBER(id)]
		   ? d->map[library][VGPU_FUNCTION_NUMBER(id)]
		   : id;
}

/* The file's numbers of functions become ours; also of an entry point that a lookup handed out. */
static void translate(struct vgpu_decoder *d, const struct vgpu_plan *plan, struct vgpu_event *event)
{
	const struct vgpu_blob *blob;
	uint32_t id;

	if (plan->function >= 0) {
		memcpy(&id, (uint8_t *)event + plan->function, sizeof(id));
		id = translated(d, id);
		memcpy((uint8_t *)event + plan->function, &id, sizeof(id));
	}
	if (event->kind != VGPU_EVENT_CALL)
		return;
	blob = vgpu_event_find_blob(&event->call, VGPU_BLOB_RESOLVED, 0);
	if (!blob || blob->size != sizeof(id))
		return;
	memcpy(&id, blob + 1, sizeof(id));
	id = translated(d, id);
	memcpy((void *)(blob + 1), &id, sizeof(id)); /* in our own copy */
}

int vgpu_decode(struct vgpu_decoder *d, struct vgpu_event *event, uint32_t *file_kind)
{
	struct event_decoder ed = { .d = d, .event = event };
	const struct vgpu_plan *plan;
	uint64_t kind, present;

	if (d->in.at == d->in.end)
		return 0;
	scratch_reset(d);
	kind = vgpu_cut_number(&d->in);
	present = vgpu_cut_number(&d->in);
	plan = kind < 256 ? d->plans[kind] : NULL;
	if (d->in.bad || !plan || (plan->count < 64 && present >> plan->count))
		return -EBADMSG;
	memset(event, 0, sizeof(*event));
	event->kind = plan->kind;
	*file_kind = kind;
	ed.kind = vgpu_plan_slot(d->state, &d->state->kinds[kind]);
	ed.lane = vgpu_plan_slot(d->state, &d->state->lanes[0]);
	ed.key = vgpu_plan_slot(d->state, &d->state->keys[0]);
	for (uint64_t left = present | plan->foretold; left; left &= left - 1) {
		uint32_t i = __builtin_ctzll(left);

		if (!decode_field(&ed, &plan->fields[i], i, present >> i & 1))
			return d->no_memory ? -ENOMEM : -EBADMSG;
	}
	if (d->in.bad)
		return -EBADMSG;
	if (d->translates)
		translate(d, plan, event);
	return 1;
}
