/* SPDX-License-Identifier: Apache-2.0 */
/* The schema hash: FNV-1a over a canonical text of what a reader of records depends on. */
#include "shim/api/gen/gen.h"

static void canon_type(struct out *out, const struct type *type)
{
	const struct constant *constant;
	const struct member *member;

	put(out, "type %s %d %u %s", type->name, type->kind, type->size,
	    type->alias ? type->alias->name : "-");
	if (type->shown)
		put(out, " shown %s", type->shown->name);
	if (type->element)
		put(out, " of %s %u", type->element->name, type->count);
	put(out, "\n");
	for (constant = type->constants; constant; constant = constant->next)
		put(out, "\t%s %lld\n", constant->name, (long long)constant->value);
	for (member = type->members; member; member = member->next)
		put(out, "\t%u %s %s\n", member->offset, member->type->name, member->name);
}

static void canon_function(struct out *out, const struct function *function)
{
	unsigned i;

	put(out, "%u %s %s %u\n", function->number, function->result->name, function->name,
	    function->flags);
	for (i = 0; i < function->nparams; i++) {
		const struct param *param = &function->params[i];

		put(out, "\t%s %s %d %d %d %d %d %d %d\n", param->type->name, param->name,
		    param->direction, param->capture, param->always, param->redact,
		    param->count.set ? param->count.param : -2, param->indirect,
		    param->type->shown ? 1 : 0);
		put(out, "\t\t%d %u %u %d\n", param->versioned, param->size, param->count.fixed,
		    param->limit.set ? param->limit.param : -2);
	}
}

uint64_t api_hash(struct api *api)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);
	struct out *out = out_memory();
	const struct type *type;
	const char *text;
	unsigned i;

	put(out, "library %u %s\n", api->id, api->name);
	for (type = api->types; type; type = type->next)
		canon_type(out, type);
	for (i = 1; i <= api->count; i++) {
		if (api->functions[i])
			canon_function(out, api->functions[i]);
	}
	for (text = out_text(out); *text; text++)
		hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
	out_close(out);
	return hash;
}
