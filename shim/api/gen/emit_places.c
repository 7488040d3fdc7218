/* SPDX-License-Identifier: Apache-2.0 */
/* In LIB_library.c: where each parameter and member lies and what results are called, for faults on demand. */
#include <string.h>

#include "shim/api/gen/gen.h"

#define NO_CAPACITY 255u
#define REGISTERS 6u /* that take integers and pointers; past them count the words on the stack */
#define VECTORS 128u /* from here on the registers that take floats */

/*
 * Where the calling convention puts a parameter: a large result's address goes in front. No struct that these
 * interfaces pass by value has floats in it.
 */
static unsigned place_of(const struct function *function, unsigned wanted)
{
	const struct type *result = function->result ? type_base(function->result) : NULL;
	unsigned integers = result && result->members && result->size > 16, vectors = 0,
		 stack = REGISTERS;
	unsigned place = 0;

	for (unsigned i = 0; i <= wanted; i++) {
		const struct type *type = type_base(function->params[i].type);
		unsigned words = type->size ? (type->size + 7) / 8 : 1;

		if (type->kind == VGPU_TYPE_FLOAT && vectors < 8)
			place = VECTORS + vectors++;
		else if (type->kind != VGPU_TYPE_FLOAT && words <= 2 &&
			 integers + words <= REGISTERS)
			place = integers, integers += words;
		else
			place = stack, stack += words;
	}
	return place;
}

static void put_value(struct out *out, const struct param *param, const char *member,
		      const struct type *type, unsigned index, uint32_t offset)
{
	const struct type *base = type_base(type);
	char kind = base->kind == VGPU_TYPE_FLOAT ? 'f' : 'o';

	if (base->kind == VGPU_TYPE_ARRAY && type_base(base->element)->kind == VGPU_TYPE_CHAR) {
		put(out, "\t\"%s%s%s t %u %u %u\\n\"\n", param->name, *member ? "." : "", member,
		    index, offset, base->size);
		return;
	}
	if (base->size > 8 || base->members || base->kind == VGPU_TYPE_ARRAY)
		return;
	put(out, "\t\"%s%s%s %c %u %u %u\\n\"\n", param->name, *member ? "." : "", member, kind,
	    index, offset, base->size);
}

/* What is behind a pointer; by value: words of the call itself. */
static void put_members(struct out *out, const struct param *param, const struct type *type,
			unsigned index, uint32_t offset, bool by_value)
{
	const struct member *member;

	for (member = type_base(type)->members; member; member = member->next) {
		if (!*member->name)
			put_members(out, param, member->type, index, offset + member->offset,
				    by_value);
		else if (!by_value)
			put_value(out, param, member->name, member->type, index,
				  offset + member->offset);
		else if (type_base(member->type)->size <= 8 && !type_base(member->type)->members &&
			 type_base(member->type)->kind != VGPU_TYPE_ARRAY)
			put(out, "\t\"%s.%s w %u %u %u\\n\"\n", param->name, member->name, index,
			    offset + member->offset, type_base(member->type)->size);
	}
}

/*
 * A line a value: name, kind, place of the parameter, offset, size. Kinds: w a word that came in, v a
 * float that came in, s a string that came in; o an integer and f a float behind a pointer, t text in place of size bytes there, c text
 * there for which parameter "size" says how much room there is.
 */
static void put_param(struct out *out, const struct function *function, unsigned number)
{
	const struct param *param = &function->params[number];
	const struct type *base = type_base(param->type);
	unsigned index = place_of(function, number);

	if (base->members) {
		put_members(out, param, base, index, 0, true);
		return;
	}
	if (base->kind != VGPU_TYPE_POINTER) {
		put(out, "\t\"%s %c %u 0 %u\\n\"\n", param->name,
		    base->kind == VGPU_TYPE_FLOAT ? 'v' : 'w', index, base->size);
		return;
	}
	if (param->direction == VGPU_IN) {
		put(out, "\t\"%s %c %u 0 8\\n\"\n", param->name,
		    param->capture == VGPU_CAPTURE_STRING ? 's' : 'w', index);
		return;
	}
	if (param->capture == VGPU_CAPTURE_STRING && !param->indirect) {
		unsigned room = param->count.param >= 0 && param->count.name
				    ? place_of(function, (unsigned)param->count.param)
				    : NO_CAPACITY;

		put(out, "\t\"%s c %u 0 %u\\n\"\n", param->name, index, room);
	} else if (type_base(base->element)->members) {
		put_members(out, param, base->element, index, 0, false);
	} else if (type_base(base->element)->kind != VGPU_TYPE_VOID) {
		put_value(out, param, "", base->element, index, 0);
	}
}

void emit_places(struct out *out, const struct api *api)
{
	const struct constant *constant;
	unsigned i, k;

	put(out, "/* A text for each number from 1, one behind the other. */\n"
		 "static const char parameters[] =\n");
	for (i = 1; i <= api->count; i++) {
		for (k = 0; api->functions[i] && k < api->functions[i]->nparams; k++)
			put_param(out, api->functions[i], k);
		put(out, "\t\"\\0\"\n");
	}
	put(out, ";\n\nstatic const char results[] =\n");
	for (constant = type_base(api->status)->constants; constant; constant = constant->next)
		put(out, "\t\"%s %lld\\n\"\n", constant->name, (long long)constant->value);
	put(out, ";\n\n");
}
