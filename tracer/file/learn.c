// SPDX-License-Identifier: Apache-2.0
/* META blocks: the dictionary, the kinds of event, and descriptions of functions. Nothing in them is trusted. */
#include <errno.h>
#include <stdio.h>

#include "tracer/file/decode.h"

#define CHUNK_BYTES 65536u
#define PARAMS_MAX  128u
#define MEMBERS_MAX 4096u
#define DEPTH_MAX   32u

void *vgpu_decoder_keep(struct vgpu_decoder *d, size_t size)
{
	size_t words = (size + 7) / 8;
	void *out;

	if (size > VGPU_LEARN_BYTES - d->learned)
		return NULL;
	if (!d->chunks || d->chunk_room - d->chunk_at < words) {
		size_t room = words * 8 > CHUNK_BYTES ? words : CHUNK_BYTES / 8;
		struct vgpu_learn_chunk *chunk = malloc(sizeof(*chunk) + room * 8);

		if (!chunk) {
			d->no_memory = true;
			return NULL;
		}
		chunk->next = d->chunks;
		d->chunks = chunk;
		d->chunk_at = 0;
		d->chunk_room = room;
	}
	out = d->chunks->bytes + d->chunk_at;
	d->chunk_at += words;
	d->learned += words * 8;
	memset(out, 0, words * 8);
	return out;
}

static bool grow(void *list, uint32_t *room, uint32_t need, size_t size)
{
	uint32_t more = *room ? *room : 64;
	void *grown;

	if (need <= *room)
		return true;
	while (more < need)
		more *= 2;
	grown = realloc(*(void **)list, more * size);
	if (!grown)
		return false;
	memset((uint8_t *)grown + *room * size, 0, (more - *room) * size);
	*(void **)list = grown;
	*room = more;
	return true;
}

static bool fail(struct vgpu_cut *in)
{
	in->bad = true;
	return false;
}

/* A name of the interface: printed as it is, so it is held to printable characters. */
static const char *take_name(struct vgpu_decoder *d, struct vgpu_cut *in)
{
	uint64_t size = vgpu_cut_number(in);
	const uint8_t *bytes = size <= 1024 ? vgpu_cut_bytes(in, size) : NULL;
	char *name = bytes ? vgpu_decoder_keep(d, size + 1) : NULL;

	if (!name) {
		in->bad = true;
		return "";
	}
	for (uint64_t i = 0; i < size; i++)
		if (bytes[i] < ' ' || bytes[i] > '~')
			in->bad = true;
	memcpy(name, bytes, size);
	return name;
}

static uint64_t take_below(struct vgpu_cut *in, uint64_t limit)
{
	uint64_t number = vgpu_cut_number(in);

	if (number < limit)
		return number;
	in->bad = true;
	return 0;
}

/* ---- one function a record ---- */

static bool learn_string(struct vgpu_decoder *d, struct vgpu_cut *in)
{
	uint64_t size = take_below(in, VGPU_POOL_ENTRY + 1);
	const uint8_t *bytes = vgpu_cut_bytes(in, size);
	uint8_t *copy;

	if (!bytes || in->bad || d->entry_count == VGPU_POOL_ENTRIES || d->entry_bytes + size > VGPU_POOL_BYTES)
		return fail(in);
	if (!grow(&d->entries, &d->entry_room, d->entry_count + 1, sizeof(*d->entries))) {
		d->no_memory = true;
		return false;
	}
	copy = vgpu_decoder_keep(d, size + 1);
	if (!copy)
		return fail(in);
	memcpy(copy, bytes, size);
	d->entries[d->entry_count++] = (struct vgpu_entry){ copy, size, !memchr(copy, '\0', size) };
	d->entry_bytes += size;
	return true;
}

static bool learn_enum(struct vgpu_decoder *d, struct vgpu_cut *in)
{
	struct vgpu_enum *e = vgpu_decoder_keep(d, sizeof(*e));
	struct vgpu_constant *constants;

	if (!e || d->enum_count == VGPU_META_MAX || !grow(&d->enums, &d->enum_room, d->enum_count + 1, sizeof(*d->enums)))
		return fail(in);
	e->name = take_name(d, in);
	e->is_flags = take_below(in, 2);
	e->count = take_below(in, (uint64_t)(in->end - in->at) + 1);
	constants = vgpu_decoder_keep(d, e->count * sizeof(*constants));
	if (!constants)
		return fail(in);
	for (uint32_t i = 0; i < e->count && !in->bad; i++) {
		constants[i].name = take_name(d, in);
		constants[i].value = vgpu_unzigzag(vgpu_cut_number(in));
		/* Code that leaves out what all names have in common counts on there being one. */
		if (!constants[i].name[0])
			return fail(in);
	}
	e->constants = constants;
	d->enums[d->enum_count++] = e;
	return !in->bad;
}

static const struct vgpu_enum *enum_ref(struct vgpu_decoder *d, struct vgpu_cut *in)
{
	uint64_t number = vgpu_cut_number(in);

	/* An enumeration comes before whatever refers to it. */
	if (number <= d->enum_count)
		return number ? d->enums[number - 1] : NULL;
	in->bad = true;
	return NULL;
}

/* Types may refer to each other in circles: one that is not described yet is empty so far. */
static struct vgpu_type *type_at(struct vgpu_decoder *d, struct vgpu_cut *in, uint64_t number)
{
	if (!number || in->bad)
		return NULL;
	if (number > VGPU_META_MAX || !grow(&d->types, &d->type_room, number, sizeof(*d->types))) {
		in->bad = true;
		return NULL;
	}
	if (!d->types[number - 1])
		d->types[number - 1] = vgpu_decoder_keep(d, sizeof(struct vgpu_type));
	if (!d->types[number - 1])
		in->bad = true;
	if (number > d->type_highest)
		d->type_highest = number;
	return d->types[number - 1];
}

static bool sizes_fit(const struct vgpu_type *type)
{
	switch (type->kind) {
	case VGPU_TYPE_VOID:
	case VGPU_TYPE_BYTES:
		return true;
	case VGPU_TYPE_STRUCT:
	case VGPU_TYPE_UNION:
		return type->count <= MEMBERS_MAX;
	case VGPU_TYPE_ARRAY:
	case VGPU_TYPE_POINTER:
		return type->element && (type->kind == VGPU_TYPE_ARRAY || type->size <= 8);
	case VGPU_TYPE_FLOAT:
		return type->size == 4 || type->size == 8;
	case VGPU_TYPE_UUID:
		return type->size == 16;
	}
	return type->size && type->size <= 8;
}

static bool learn_type(struct vgpu_decoder *d, struct vgpu_cut *in)
{
	struct vgpu_type *type = type_at(d, in, (uint64_t)d->type_count + 1);
	struct vgpu_member *members;

	if (!type)
		return fail(in);
	d->type_count++;
	type->name = take_name(d, in);
	type->kind = take_below(in, VGPU_TYPE_BYTES + 1);
	type->size = take_below(in, UINT64_C(1) << 31);
	type->enumeration = enum_ref(d, in);
	type->element = type_at(d, in, vgpu_cut_number(in));
	type->count = take_below(in, UINT64_C(1) << 31);
	if (in->bad || !sizes_fit(type))
		return fail(in);
	if (type->kind != VGPU_TYPE_STRUCT && type->kind != VGPU_TYPE_UNION)
		return true;
	members = vgpu_decoder_keep(d, type->count * sizeof(*members));
	if (!members)
		return fail(in);
	for (uint32_t i = 0; i < type->count && !in->bad; i++) {
		members[i].name = take_name(d, in);
		members[i].type = type_at(d, in, vgpu_cut_number(in));
		members[i].offset = take_below(in, UINT64_C(1) << 31);
		members[i].bit_offset = take_below(in, 64);
		members[i].bit_size = take_below(in, 65);
		if (!members[i].type || members[i].bit_offset + members[i].bit_size > 64)
			return fail(in);
	}
	type->members = members;
	return !in->bad;
}

static bool learn_function(struct vgpu_decoder *d, struct vgpu_cut *in)
{
	struct vgpu_function *f = vgpu_decoder_keep(d, sizeof(*f));
	struct vgpu_param *params;

	if (!f || d->function_count == VGPU_META_MAX ||
	    !grow(&d->functions, &d->function_room, d->function_count + 1, sizeof(*d->functions)))
		return fail(in);
	f->id = take_below(in, UINT64_C(1) << 32);
	f->flags = vgpu_cut_number(in);
	f->since = vgpu_cut_number(in);
	f->name = take_name(d, in);
	f->result = type_at(d, in, vgpu_cut_number(in));
	f->nparams = take_below(in, PARAMS_MAX);
	params = vgpu_decoder_keep(d, f->nparams * sizeof(*params));
	if (!params || !f->name[0] || VGPU_FUNCTION_LIBRARY(f->id) >= 8)
		return fail(in);
	for (uint32_t i = 0; i < f->nparams && !in->bad; i++) {
		params[i].name = take_name(d, in);
		params[i].type = type_at(d, in, vgpu_cut_number(in));
		params[i].direction = take_below(in, VGPU_INOUT + 1);
		params[i].capture = take_below(in, VGPU_CAPTURE_VALUE + 1);
		params[i].redact = take_below(in, 256);
		params[i].always = take_below(in, 256);
		params[i].count_param = vgpu_unzigzag(vgpu_cut_number(in));
		params[i].limit_param = vgpu_unzigzag(vgpu_cut_number(in));
		params[i].versioned = take_below(in, 256);
		params[i].size = vgpu_cut_number(in);
		params[i].fixed_count = vgpu_cut_number(in);
		if (!params[i].type || params[i].count_param >= (int)f->nparams ||
		    params[i].limit_param >= (int)f->nparams)
			return fail(in);
	}
	f->params = params;
	d->functions[d->function_count++] = f;
	return !in->bad;
}

static void note_unknown(struct vgpu_decoder *d, const char *kind, const char *field)
{
	for (uint32_t i = 0; i < d->unknown_count; i++)
		if (!strcmp(d->unknown[i].kind, kind) && !d->unknown[i].field == !field &&
		    (!field || !strcmp(d->unknown[i].field, field)))
			return;
	if (grow(&d->unknown, &d->unknown_room, d->unknown_count + 1, sizeof(*d->unknown)))
		d->unknown[d->unknown_count++] = (struct vgpu_vgt_unknown){ .kind = kind, .field = field };
}

static bool is_number(uint8_t type)
{
	return type <= VGPU_FIELD_I64;
}

/* The field of that name, whatever its number; common ones are those with low numbers. */
static const struct vgpu_field *field_named(uint32_t kind, uint16_t number, const char *name)
{
	const struct vgpu_kind *part = number < VGPU_PLAN_COMMON ? &vgpu_event_common : vgpu_event_kind(kind);

	for (uint32_t i = 0; part && i < part->count; i++)
		if (!strcmp(part->fields[i].name, name))
			return &part->fields[i];
	return NULL;
}

static bool learn_kind(struct vgpu_decoder *d, struct vgpu_cut *in)
{
	uint64_t number = take_below(in, 256);
	char *name = (char *)take_name(d, in);
	uint64_t count = take_below(in, VGPU_PLAN_FIELDS + 1);
	struct vgpu_plan *plan;

	/* Blocks are read in any order: what a number means never changes. */
	if (in->bad || d->plans[number])
		return fail(in);
	plan = malloc(sizeof(*plan));
	if (!plan) {
		d->no_memory = true;
		return false;
	}
	memset(plan, 0, sizeof(*plan));
	d->plans[number] = plan;
	d->kind_names[number] = name;
	for (uint32_t kind = 1; kind < VGPU_EVENT_KINDS; kind++)
		if (vgpu_event_kind(kind) && !strcmp(vgpu_event_kind(kind)->name, name))
			plan->kind = kind;
	if (!plan->kind)
		note_unknown(d, name, NULL);
	for (uint64_t i = 0; i < count && !in->bad; i++) {
		struct vgpu_plan_field *field = &plan->fields[i];
		const struct vgpu_field *own;
		const char *field_name;

		field->number = take_below(in, UINT16_MAX + 1);
		field->type = take_below(in, VGPU_FIELD_WORDS + 1);
		field->coding = take_below(in, VGPU_CODES);
		field_name = take_name(d, in);
		if (in->bad || !vgpu_plan_valid(field->type, field->coding))
			return fail(in);
		own = field_named(plan->kind, field->number, field_name);
		/* A number may have become wider; what is no number any more is not the same thing. */
		if (own && own->type != field->type && !(is_number(own->type) && is_number(field->type)))
			own = NULL;
		if (!own && plan->kind)
			note_unknown(d, name, field_name);
		field->offset = own ? (int32_t)own->offset : -1;
		field->own = own ? own->type : field->type;
		field->function = own && own->number >= VGPU_PLAN_COMMON && !strcmp(own->name, "function");
	}
	plan->count = count;
	vgpu_plan_finish(plan);
	return !in->bad;
}

static bool learn_api(struct vgpu_decoder *d, struct vgpu_cut *in)
{
	uint64_t number = take_below(in, 8);
	const char *name = take_name(d, in);
	const struct vgpu_api *own = vgpu_api_by_name(name);

	take_name(d, in); /* its title */
	take_name(d, in); /* its file's name */
	if (vgpu_cut_number(in))
		take_name(d, in);
	vgpu_cut_bytes(in, sizeof(uint64_t)); /* the hash of its description: functions are compared one by one */
	enum_ref(d, in);
	if (in->bad)
		return false;
	d->apis[number] = (struct vgpu_learned_api){ true, own ? own->library : number };
	return true;
}

/* ---- what makes a description harmless ---- */

/*
 * How deep values lie within a value of this type; more than DEPTH_MAX: perhaps without end.
 * pad[0] keeps what was found out: 1 while it is being looked at, the depth + 2 then.
 */
static unsigned depth_of(struct vgpu_type *type, unsigned above)
{
	unsigned deepest = 0;

	if (type->pad[0] > 1)
		return type->pad[0] - 2;
	if (type->pad[0] || above > DEPTH_MAX)
		return DEPTH_MAX + 1;
	type->pad[0] = 1;
	if (type->kind == VGPU_TYPE_ARRAY)
		deepest = depth_of((struct vgpu_type *)type->element, above + 1) + 1;
	for (uint32_t i = 0; (type->kind == VGPU_TYPE_STRUCT || type->kind == VGPU_TYPE_UNION) && i < type->count; i++) {
		unsigned depth = depth_of((struct vgpu_type *)type->members[i].type, above + 1) + 1;

		if (depth > deepest)
			deepest = depth;
		if (deepest > DEPTH_MAX)
			break;
	}
	type->pad[0] = deepest > DEPTH_MAX ? DEPTH_MAX + 3 : deepest + 2;
	return deepest;
}

/* A value lies within the bytes of what holds it, and nothing holds itself. */
static bool check_types(const struct vgpu_decoder *d, uint32_t first)
{
	for (uint32_t i = first; i < d->type_count; i++) {
		const struct vgpu_type *type = d->types[i];

		if (type->kind == VGPU_TYPE_ARRAY && (uint64_t)type->element->size * type->count > type->size)
			return false;
		for (uint32_t k = 0; (type->kind == VGPU_TYPE_STRUCT || type->kind == VGPU_TYPE_UNION) && k < type->count; k++) {
			const struct vgpu_member *member = &type->members[k];

			if ((uint64_t)member->offset + member->type->size > type->size ||
			    (member->bit_size && member->type->size > 8))
				return false;
		}
	}
	for (uint32_t i = first; i < d->type_count; i++)
		if (depth_of(d->types[i], 0) > DEPTH_MAX)
			return false;
	return true;
}

static bool (*const records[])(struct vgpu_decoder *d, struct vgpu_cut *in) = {
	[VGPU_META_STRING] = learn_string, [VGPU_META_ENUM] = learn_enum, [VGPU_META_TYPE] = learn_type,
	[VGPU_META_FUNCTION] = learn_function, [VGPU_META_KIND] = learn_kind, [VGPU_META_API] = learn_api,
};

int vgpu_decoder_learn(struct vgpu_decoder *d, const uint8_t *bytes, size_t size)
{
	struct vgpu_cut in = { .at = bytes, .end = bytes + size };
	uint32_t first = d->type_count;

	while (in.at < in.end && !in.bad) {
		uint64_t record = vgpu_cut_number(&in);

		if (!record || record >= sizeof(records) / sizeof(records[0]) || !records[record](d, &in))
			in.bad = true;
	}
	if (d->no_memory)
		return -ENOMEM;
	if (in.bad || d->type_highest > d->type_count || !check_types(d, first))
		return -EBADMSG;
	return vgpu_decoder_map(d);
}
