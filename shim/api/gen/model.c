/* SPDX-License-Identifier: Apache-2.0 */
/* Types: found by their spelling, resolved behind aliases, laid out as C does. */
#include "shim/api/gen/gen.h"

#include <string.h>

static const struct {
	const char *name;
	int kind;
	uint32_t size;
} builtins[] = {
	{ "void", VGPU_TYPE_VOID, 0 },
	{ "bool", VGPU_TYPE_BOOL, 1 },
	{ "char", VGPU_TYPE_CHAR, 1 },
	{ "signed char", VGPU_TYPE_INT, 1 },
	{ "unsigned char", VGPU_TYPE_UINT, 1 },
	{ "short", VGPU_TYPE_INT, 2 },
	{ "unsigned short", VGPU_TYPE_UINT, 2 },
	{ "int", VGPU_TYPE_INT, 4 },
	{ "unsigned int", VGPU_TYPE_UINT, 4 },
	{ "long", VGPU_TYPE_INT, 8 },
	{ "unsigned long", VGPU_TYPE_UINT, 8 },
	{ "long long", VGPU_TYPE_INT, 8 },
	{ "unsigned long long", VGPU_TYPE_UINT, 8 },
	{ "size_t", VGPU_TYPE_UINT, 8 },
	{ "float", VGPU_TYPE_FLOAT, 4 },
	{ "double", VGPU_TYPE_FLOAT, 8 },
};

static struct type *add(struct api *api, const char *name, struct place at)
{
	struct type *type = gen_alloc(sizeof(*type));

	type->name = gen_format("%s", name);
	type->kind = TYPE_UNKNOWN;
	type->index = -1;
	type->at = at;
	*api->types_end = type;
	api->types_end = &type->next;
	return type;
}

static struct type *look(struct api *api, const char *name)
{
	struct type *type;

	for (type = api->types; type; type = type->next) {
		if (!strcmp(type->name, name) && !type->shown && !type->anonymous && !type->variant)
			return type;
	}
	return NULL;
}

struct type *type_find(struct api *api, const char *name, struct place at)
{
	struct type *type = look(api, name);
	unsigned i;

	if (type)
		return type;
	type = add(api, name, at);
	for (i = 0; i < sizeof(builtins) / sizeof(builtins[0]); i++) {
		if (strcmp(builtins[i].name, name))
			continue;
		type->kind = builtins[i].kind;
		type->size = type->align = builtins[i].size;
		type->builtin = true;
	}
	return type;
}

struct type *type_pointer(struct api *api, struct type *to, bool constant, struct place at)
{
	const char *star = to->kind == VGPU_TYPE_POINTER ? "*" : " *";
	bool outer = constant && to->kind == VGPU_TYPE_POINTER;
	const char *name = outer      ? gen_format("%sconst *", to->name)
			   : constant ? gen_format("const %s%s", to->name, star)
				      : gen_format("%s%s", to->name, star);
	struct type *type = look(api, name);

	if (type)
		return type;
	type = add(api, name, at);
	type->kind = VGPU_TYPE_POINTER;
	type->size = type->align = sizeof(void *);
	type->element = to;
	type->constant = constant;
	return type;
}

struct type *type_array(struct api *api, struct type *of, uint32_t count, struct place at)
{
	const char *name = gen_format("%s[%u]", of->name, count);
	struct type *type = of->anonymous ? NULL : look(api, name);

	if (type)
		return type;
	type = add(api, name, at);
	type->kind = VGPU_TYPE_ARRAY;
	type->element = of;
	type->count = count;
	type->anonymous = of->anonymous;
	return type;
}

struct type *type_flags(struct api *api, struct type *integer, struct type *enumeration,
			struct place at)
{
	struct type *type;

	if (integer->kind == VGPU_TYPE_POINTER) {
		type = add(api, integer->name, at);
		type->kind = VGPU_TYPE_POINTER;
		type->size = type->align = sizeof(void *);
		type->element = type_flags(api, integer->element, enumeration, at);
		type->constant = integer->constant;
		type->variant = true;
		return type;
	}
	for (type = api->types; type; type = type->next) {
		if (type->shown == enumeration && !strcmp(type->name, integer->name))
			return type;
	}
	type = add(api, integer->name, at);
	type->kind = VGPU_TYPE_ENUM;
	type->shown = enumeration;
	type->alias = integer;
	return type;
}

const struct type *type_base(const struct type *type)
{
	while (type->alias && !type->shown)
		type = type->alias;
	return type;
}

static int resolve(struct type *type);

static uint32_t align_up(uint32_t value, uint32_t to)
{
	return to ? (value + to - 1) / to * to : value;
}

static int lay_out(struct type *type)
{
	uint32_t end = 0, align = 1;
	struct member *member;

	for (member = type->members; member; member = member->next) {
		uint32_t place;

		if (resolve(member->type))
			return -1;
		if (!member->type->size)
			return gen_error(member->at, "member '%s': type '%s' is incomplete",
					 member->name, member->type->name);
		place = type->kind == VGPU_TYPE_UNION ? 0 : align_up(end, member->type->align);
		if (place != member->offset)
			return gen_error(member->at,
					 "member '%s' of '%s' is stated at %u but lies at %u",
					 member->name, type->name, member->offset, place);
		if (place + member->type->size > end)
			end = place + member->type->size;
		if (member->type->align > align)
			align = member->type->align;
		type->nmembers++;
	}
	if (type->stated_align > align)
		align = type->stated_align;
	type->align = align;
	type->size = align_up(end, align);
	if (!type->anonymous && type->size != type->stated_size)
		return gen_error(type->at, "'%s' is stated to have %u bytes but has %u", type->name,
				 type->stated_size, type->size);
	return 0;
}

static int resolve(struct type *type)
{
	struct argument *argument;

	if (type->state == 2)
		return 0;
	if (type->state == 1)
		return gen_error(type->at, "type '%s' contains itself", type->name);
	type->state = 1;
	if (type->alias) {
		if (resolve(type->alias))
			return -1;
		type->size = type->alias->size;
		type->align = type->alias->align;
		if (!type->shown)
			type->kind = type->identity ? VGPU_TYPE_HANDLE : type->alias->kind;
	} else if (type->kind == VGPU_TYPE_ARRAY) {
		if (resolve(type->element))
			return -1;
		type->size = type->element->size * type->count;
		type->align = type->element->align;
	} else if (type->kind == VGPU_TYPE_STRUCT || type->kind == VGPU_TYPE_UNION ||
		   type->kind == VGPU_TYPE_UUID) {
		if (lay_out(type))
			return -1;
	} else if (type->kind == TYPE_UNKNOWN) {
		return gen_error(type->at, "unknown type '%s'", type->name);
	}
	type->state = 2;
	/* Only pointed at: may lead back to this type. */
	for (argument = type->arguments; argument; argument = argument->next) {
		if (argument->type->state != 1 && resolve(argument->type))
			return -1;
	}
	if (type->result && type->result->state != 1 && resolve(type->result))
		return -1;
	if (type->kind == VGPU_TYPE_POINTER && type->element->state != 1 && resolve(type->element))
		return -1;
	if (type->kind == VGPU_TYPE_ENUM && !type->alias && !type->nconstants)
		return gen_error(type->at, "enumeration '%s' has no constants", type->name);
	return 0;
}

int api_resolve(struct api *api)
{
	struct type *type;
	unsigned i;

	for (type = api->types; type; type = type->next) {
		if (resolve(type))
			return -1;
	}
	for (i = 1; i <= api->count; i++) {
		if (api->functions[i] && params_resolve(api, api->functions[i]))
			return -1;
	}
	/* params_resolve may have made types of flags */
	for (type = api->types; type; type = type->next) {
		if (resolve(type))
			return -1;
	}
	return 0;
}
