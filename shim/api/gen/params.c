/* SPDX-License-Identifier: Apache-2.0 */
/* What is recorded of each parameter, decided and checked once all types are known. */
#include "shim/api/gen/gen.h"

#include <string.h>

static int resolve_count(const struct function *function, const struct param *param,
			 struct count *count)
{
	const struct type *type;
	unsigned i;

	if (!count->set || !count->name)
		return 0;
	for (i = 0; i < function->nparams; i++) {
		if (!strcmp(function->params[i].name, count->name))
			break;
	}
	if (i == function->nparams)
		return gen_error(param->at, "'%s': there is no parameter '%s'", param->name,
				 count->name);
	type = type_base(function->params[i].type);
	if (type->kind == VGPU_TYPE_POINTER) {
		if (function->params[i].capture != VGPU_CAPTURE_FIXED)
			return gen_error(param->at,
					 "'%s': '%s' is not captured, so it cannot count",
					 param->name, count->name);
		type = type_base(type->element);
	}
	if (type->kind != VGPU_TYPE_INT && type->kind != VGPU_TYPE_UINT)
		return gen_error(param->at, "'%s': '%s' is no integer", param->name, count->name);
	count->param = (int)i;
	return 0;
}

/* What an unannotated pointer means. */
static int choose(struct param *param, const struct type *type)
{
	const struct type *to = type_base(type->element);

	if (to->kind == VGPU_TYPE_VOID && !param->capture) {
		param->direction = VGPU_IN;
		return 0;
	}
	if (type->constant && to->kind == VGPU_TYPE_CHAR && !param->capture) {
		param->direction = VGPU_IN;
		param->capture = VGPU_CAPTURE_STRING;
		return 0;
	}
	if (!type->constant || to->kind == VGPU_TYPE_POINTER)
		return gen_error(param->at, "'%s': a '%s' must be in, out, inout or opaque",
				 param->name, type->name);
	param->direction = VGPU_IN;
	if (!param->capture)
		param->capture = VGPU_CAPTURE_FIXED;
	return 0;
}

static int resolve_string(struct param *param, const struct type *type)
{
	const struct type *to = type_base(type->element);

	if (to->kind == VGPU_TYPE_POINTER) {
		param->indirect = true;
		to = type_base(to->element);
		if (param->direction != VGPU_OUT || param->count.set)
			return gen_error(param->at,
					 "'%s': text behind a 'const char **' is [out,string]",
					 param->name);
	} else if (param->direction != VGPU_IN && !param->count.set) {
		return gen_error(param->at, "'%s': an out string needs its room: string=N",
				 param->name);
	}
	if (to->kind != VGPU_TYPE_CHAR)
		return gen_error(param->at, "'%s': '%s' is no text", param->name, type->name);
	return 0;
}

static int resolve_fixed(struct param *param, const struct type *type)
{
	const struct type *to = type_base(type->element);

	if (!to->size)
		return gen_error(param->at, "'%s': the size of '%s' is not known", param->name,
				 to->name);
	if (param->size > to->size)
		return gen_error(param->at, "'%s': '%s' has only %u bytes", param->name, to->name,
				 to->size);
	if (param->versioned) {
		const struct member *first = to->members;

		if (!first || type_base(first->type)->kind != VGPU_TYPE_UINT ||
		    first->type->size != 4)
			return gen_error(param->at, "'%s': '%s' does not begin with a version",
					 param->name, to->name);
	}
	if (!param->size)
		param->size = to->size;
	return 0;
}

static int resolve_pointer(const struct function *function, struct param *param,
			   const struct type *type)
{
	if (!param->direction && choose(param, type))
		return -1;
	if (param->direction != VGPU_IN && type->constant &&
	    type_base(type->element)->kind != VGPU_TYPE_POINTER)
		return gen_error(param->at, "'%s': '%s' cannot be written", param->name,
				 type->name);
	if (param->direction == VGPU_INOUT)
		param->always = true;
	if (param->direction == VGPU_OUT && !param->always &&
	    !(function->flags & VGPU_FUNCTION_STATUS))
		return gen_error(param->at, "'%s': '%s' returns no status, so out needs always",
				 param->name, function->name);
	if (!param->capture && type_base(type->element)->kind != VGPU_TYPE_VOID)
		param->capture = VGPU_CAPTURE_FIXED;
	switch (param->capture) {
	case VGPU_CAPTURE_WORD:
		if (param->direction != VGPU_IN)
			return gen_error(param->at, "'%s': what is behind a '%s' needs bytes=N",
					 param->name, type->name);
		return 0;
	case VGPU_CAPTURE_STRING:
		return resolve_string(param, type);
	case VGPU_CAPTURE_FIXED:
		return resolve_fixed(param, type);
	case VGPU_CAPTURE_ARRAY:
		if (!type_base(type->element)->size)
			return gen_error(param->at, "'%s': the size of '%s' is not known",
					 param->name, type->element->name);
		return 0;
	default:
		return 0;
	}
}

int params_resolve(struct api *api, struct function *function)
{
	const struct type *result = type_base(function->result);
	unsigned i;

	if (type_base(api->status) == result && api->status->kind == VGPU_TYPE_ENUM)
		function->flags |= VGPU_FUNCTION_STATUS;
	for (i = 0; i < function->nparams; i++) {
		struct param *param = &function->params[i];
		const struct type *type = type_base(param->type);

		if (type->kind == VGPU_TYPE_POINTER) {
			if (!param->opaque && resolve_pointer(function, param, type))
				return -1;
			continue;
		}
		if (param->direction || param->capture || param->versioned || param->size)
			return gen_error(param->at,
					 "'%s' is no pointer: its value is always recorded",
					 param->name);
		if (param->type->shown && param->type->shown->kind != VGPU_TYPE_ENUM &&
		    type_base(param->type->shown)->kind != VGPU_TYPE_ENUM)
			return gen_error(param->at, "'%s' is no enumeration",
					 param->type->shown->name);
		param->direction = VGPU_IN;
		if (type->kind == VGPU_TYPE_STRUCT || type->kind == VGPU_TYPE_UNION ||
		    type->kind == VGPU_TYPE_UUID) {
			param->capture = VGPU_CAPTURE_VALUE;
			param->size = type->size;
		}
	}
	for (i = 0; i < function->nparams; i++) {
		struct param *param = &function->params[i];

		if (resolve_count(function, param, &param->count) ||
		    resolve_count(function, param, &param->limit))
			return -1;
	}
	return 0;
}
