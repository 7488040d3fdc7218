// SPDX-License-Identifier: Apache-2.0
/* What a file says of the functions in it: signatures, types, enumerations, each once. */
#include <errno.h>

#include "shim/api/schema.h"
#include "tracer/file/encode.h"

/* Asked for, and not known. */
#define UNKNOWN 0x80

/* Number + 1 of what is listed; 0: it is not. */
static uint32_t find(const void *const *list, uint32_t count, const void *what)
{
	for (uint32_t i = count; i--;)
		if (list[i] == what)
			return i + 1;
	return 0;
}

static bool append(const void ***list, uint32_t *count, uint32_t *room, const void *what)
{
	if (*count == *room) {
		uint32_t more = *room ? *room * 2 : 64;
		const void **grown = realloc(*list, more * sizeof(*grown));

		if (!grown)
			return false;
		*list = grown;
		*room = more;
	}
	(*list)[(*count)++] = what;
	return true;
}

static void put_optional(struct vgpu_wire *meta, const char *string)
{
	vgpu_wire_number(meta, string ? 1 : 0);
	if (string)
		vgpu_wire_string(meta, string);
}

/* Reference to an enumeration: its number + 1 in the file; 0: none. */
static uint32_t put_enum(struct vgpu_describer *d, const struct vgpu_enum *e, struct vgpu_wire *meta)
{
	uint32_t known = e ? find(d->enums, d->enum_count, e) : 0;

	if (!e || known)
		return e ? d->enum_base + known : 0;
	if (!append(&d->enums, &d->enum_count, &d->enum_room, e)) {
		meta->failed = true;
		return 0;
	}
	vgpu_wire_number(meta, VGPU_META_ENUM);
	vgpu_wire_string(meta, e->name ? e->name : "");
	vgpu_wire_number(meta, e->is_flags);
	vgpu_wire_number(meta, e->count);
	for (uint32_t i = 0; i < e->count; i++) {
		vgpu_wire_string(meta, e->constants[i].name);
		vgpu_wire_number(meta, vgpu_zigzag(e->constants[i].value));
	}
	return d->enum_base + d->enum_count;
}

/* Gives the type a number; what it consists of is written once all that it refers to have theirs. */
static uint32_t number_type(struct vgpu_describer *d, const struct vgpu_type *type, struct vgpu_wire *meta)
{
	uint32_t known = type ? find(d->types, d->type_count, type) : 0;

	if (!type || known)
		return type ? d->type_base + known : 0;
	if (!append(&d->types, &d->type_count, &d->type_room, type)) {
		meta->failed = true;
		return 0;
	}
	return d->type_base + d->type_count;
}

static bool has_members(const struct vgpu_type *type)
{
	return type->kind == VGPU_TYPE_STRUCT || type->kind == VGPU_TYPE_UNION;
}

static void put_type(struct vgpu_describer *d, const struct vgpu_type *type, struct vgpu_wire *meta)
{
	uint32_t enumeration = put_enum(d, type->enumeration, meta);

	vgpu_wire_number(meta, VGPU_META_TYPE);
	vgpu_wire_string(meta, type->name ? type->name : "");
	vgpu_wire_number(meta, type->kind);
	vgpu_wire_number(meta, type->size);
	vgpu_wire_number(meta, enumeration);
	vgpu_wire_number(meta, number_type(d, type->element, meta));
	vgpu_wire_number(meta, type->count);
	if (!has_members(type))
		return;
	for (uint32_t i = 0; i < type->count; i++) {
		const struct vgpu_member *member = &type->members[i];

		vgpu_wire_string(meta, member->name);
		vgpu_wire_number(meta, number_type(d, member->type, meta));
		vgpu_wire_number(meta, member->offset);
		vgpu_wire_number(meta, member->bit_offset);
		vgpu_wire_number(meta, member->bit_size);
	}
}

static void put_api(struct vgpu_describer *d, uint32_t library, struct vgpu_wire *meta)
{
	const struct vgpu_api *api = vgpu_api_find(library);
	uint32_t status;

	if (!api || d->apis & 1u << (library & 31))
		return;
	d->apis |= 1u << (library & 31);
	status = put_enum(d, api->status, meta);
	vgpu_wire_number(meta, VGPU_META_API);
	vgpu_wire_number(meta, library);
	vgpu_wire_string(meta, api->name);
	vgpu_wire_string(meta, api->title);
	vgpu_wire_string(meta, api->soname);
	put_optional(meta, api->version_node);
	vgpu_wire_add(meta, &api->schema_hash, sizeof(api->schema_hash));
	vgpu_wire_number(meta, status);
}

static void put_function(struct vgpu_describer *d, const struct vgpu_function *f, struct vgpu_wire *meta)
{
	vgpu_wire_number(meta, VGPU_META_FUNCTION);
	vgpu_wire_number(meta, f->id);
	vgpu_wire_number(meta, f->flags);
	vgpu_wire_number(meta, f->since);
	vgpu_wire_string(meta, f->name);
	vgpu_wire_number(meta, number_type(d, f->result, meta));
	vgpu_wire_number(meta, f->nparams);
	for (uint32_t i = 0; i < f->nparams; i++) {
		const struct vgpu_param *p = &f->params[i];

		vgpu_wire_string(meta, p->name);
		vgpu_wire_number(meta, number_type(d, p->type, meta));
		vgpu_wire_number(meta, p->direction);
		vgpu_wire_number(meta, p->capture);
		vgpu_wire_number(meta, p->redact);
		vgpu_wire_number(meta, p->always);
		vgpu_wire_number(meta, vgpu_zigzag(p->count_param));
		vgpu_wire_number(meta, vgpu_zigzag(p->limit_param));
		vgpu_wire_number(meta, p->versioned);
		vgpu_wire_number(meta, p->size);
		vgpu_wire_number(meta, p->fixed_count);
	}
}

int vgpu_describe_function(struct vgpu_describer *d, uint32_t function, struct vgpu_wire *meta)
{
	uint32_t library = VGPU_FUNCTION_LIBRARY(function), number = VGPU_FUNCTION_NUMBER(function);
	uint32_t types = d->type_count;
	const struct vgpu_function *f;
	uint8_t *answer;

	if (library >= 8)
		return 0;
	if (!d->functions[library]) {
		d->functions[library] = calloc(65536, 1);
		if (!d->functions[library])
			return -ENOMEM;
	}
	answer = &d->functions[library][number];
	if (*answer)
		return *answer & ~UNKNOWN;
	f = vgpu_function_find(function);
	*answer = !f ? UNKNOWN : f->flags & VGPU_FUNCTION_LOOKUP ? VGPU_DESCRIBED_LOOKUP : VGPU_DESCRIBED;
	if (!f)
		return 0;
	put_api(d, library, meta);
	put_function(d, f, meta);
	/* A type met on the way is put after: references may point forward within a block. */
	for (; types < d->type_count; types++)
		put_type(d, d->types[types], meta);
	return meta->failed ? -ENOMEM : *answer;
}

void vgpu_describer_free(struct vgpu_describer *d)
{
	free(d->types);
	free(d->enums);
	for (unsigned i = 0; i < 8; i++)
		free(d->functions[i]);
	memset(d, 0, sizeof(*d));
}
