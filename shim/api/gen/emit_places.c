/* SPDX-License-Identifier: Apache-2.0 */
/* In LIB_library.c: where each parameter and member lies and what results are called, for faults on demand. */
#include <string.h>

#include "shim/api/gen/gen.h"

#define NO_CAPACITY 255u

static void put_value(struct out *out, const struct param *param, const char *member,
		      const struct type *type, unsigned index, uint32_t offset)
{
	const struct type *base = type_base(type);
	char kind = base->kind == VGPU_TYPE_FLOAT ? 'f' : 'o';

	if (base->kind == VGPU_TYPE_ARRAY && type_base(base->element)->kind == VGPU_TYPE_CHAR) {
		put(out, "\t\"%s%s%s t %u %u %u\\n\"\n", param->name, *member ? "." : "", member, index,
		    offset, base->size);
		return;
	}
	if (base->size > 8 || base->members || base->kind == VGPU_TYPE_ARRAY)
		return;
	put(out, "\t\"%s%s%s %c %u %u %u\\n\"\n", param->name, *member ? "." : "", member, kind, index,
	    offset, base->size);
}

static void put_members(struct out *out, const struct param *param, const struct type *type,
			unsigned index, uint32_t offset)
{
	const struct member *member;

	for (member = type_base(type)->members; member; member = member->next) {
		if (!*member->name)
			put_members(out, param, member->type, index, offset + member->offset);
		else
			put_value(out, param, member->name, member->type, index, offset + member->offset);
	}
}

/*
 * A line a value: name, kind, parameter, offset, size. Kinds: w a word that came in, s a string that
 * came in; o an integer and f a float behind a pointer, t text in place of size bytes there, c text
 * there for which parameter "size" says how much room there is.
 */
static void put_param(struct out *out, const struct function *function, unsigned index)
{
	const struct param *param = &function->params[index];
	const struct type *base = type_base(param->type);

	if (base->kind != VGPU_TYPE_POINTER) {
		if (!base->members)
			put(out, "\t\"%s w %u 0 %u\\n\"\n", param->name, index, base->size);
		return;
	}
	if (param->direction == VGPU_IN) {
		put(out, "\t\"%s %c %u 0 8\\n\"\n", param->name,
		    param->capture == VGPU_CAPTURE_STRING ? 's' : 'w', index);
		return;
	}
	if (param->capture == VGPU_CAPTURE_STRING && !param->indirect) {
		unsigned room = param->count.param >= 0 && param->count.name ? (unsigned)param->count.param
									     : NO_CAPACITY;

		put(out, "\t\"%s c %u 0 %u\\n\"\n", param->name, index, room);
	} else if (type_base(base->element)->members) {
		put_members(out, param, base->element, index, 0);
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
