/* SPDX-License-Identifier: Apache-2.0 */
/* schema.c: the tables of shim/api/schema.h. */
#include "shim/api/gen/gen.h"

static int shown_kind(const struct type *type)
{
	const struct type *base = type_base(type);

	if (type->shown)
		return VGPU_TYPE_ENUM;
	if (type->kind == VGPU_TYPE_HANDLE)
		return VGPU_TYPE_HANDLE;
	return base->kind;
}

static const struct type *enumeration_of(const struct type *type)
{
	const struct type *base = type->shown ? type_base(type->shown) : type_base(type);

	return base->constants ? base : NULL;
}

static void number(struct api *api)
{
	struct type *type;
	int n = 0;

	for (type = api->types; type; type = type->next)
		type->index = n++;
}

static void emit_constants(struct out *out, const struct api *api)
{
	const struct constant *constant;
	const struct type *type;

	for (type = api->types; type; type = type->next) {
		if (!type->constants)
			continue;
		put(out, "static const struct vgpu_constant %s_c%d[] = {\n", api->name,
		    type->index);
		for (constant = type->constants; constant; constant = constant->next)
			put(out, "\t{ \"%s\", %lld },\n", constant->name,
			    (long long)constant->value);
		put(out, "};\nstatic const struct vgpu_enum %s_e%d = { \"%s\", %s_c%d, %u, %d };\n",
		    api->name, type->index, type->name, api->name, type->index, type->nconstants,
		    type->is_flags);
	}
}

static void emit_members(struct out *out, const struct api *api)
{
	const struct member *member;
	const struct type *type;

	for (type = api->types; type; type = type->next) {
		if (!type->members)
			continue;
		put(out, "static const struct vgpu_member %s_m%d[] = {\n", api->name, type->index);
		for (member = type->members; member; member = member->next)
			put(out, "\t{ \"%s\", &%s_t[%d], %u, 0, 0 },\n", member->name, api->name,
			    member->type->index, member->offset);
		put(out, "};\n");
	}
}

static void emit_type(struct out *out, const struct api *api, const struct type *type)
{
	const struct type *base = type_base(type), *names = enumeration_of(type);

	put(out, "\t{ .name = \"%s\", .kind = %d, .size = %u", type->name, shown_kind(type),
	    type->size);
	if (names)
		put(out, ", .enumeration = &%s_e%d", api->name, names->index);
	if (base->element)
		put(out, ", .element = &%s_t[%d]", api->name, base->element->index);
	if (base->kind == VGPU_TYPE_ARRAY)
		put(out, ", .count = %u", base->count);
	if (base->members)
		put(out, ", .count = %u, .members = %s_m%d", base->nmembers, api->name,
		    base->index);
	put(out, " },\n");
}

static void emit_params(struct out *out, const struct api *api, const struct function *function)
{
	unsigned i;

	put(out, "static const struct vgpu_param %s_p%u[] = {\n", api->name, function->number);
	for (i = 0; i < function->nparams; i++) {
		const struct param *param = &function->params[i];

		put(out, "\t{ \"%s\", &%s_t[%d], %d, %d, %d, %d, %d, %d, %d, 0, %u, %u },\n",
		    param->name, api->name, param->type->index, param->direction, param->capture,
		    param->redact, param->always, param->count.set ? param->count.param : -1,
		    param->limit.set ? param->limit.param : -1, param->versioned, param->size,
		    param->count.set && !param->count.name ? param->count.fixed : 0);
	}
	put(out, "};\n");
}

static void emit_api(struct out *out, struct api *api)
{
	const struct type *type;
	unsigned i, n = 0;
	int types = 0;

	number(api);
	for (type = api->types; type; type = type->next)
		types++;
	emit_constants(out, api);
	put(out, "static const struct vgpu_type %s_t[%d];\n", api->name, types);
	emit_members(out, api);
	put(out, "static const struct vgpu_type %s_t[%d] = {\n", api->name, types);
	for (type = api->types; type; type = type->next)
		emit_type(out, api, type);
	put(out, "};\n");
	for (i = 1; i <= api->count; i++) {
		if (api->functions[i] && api->functions[i]->nparams)
			emit_params(out, api, api->functions[i]);
	}
	put(out, "static const struct vgpu_function %s_f[] = {\n", api->name);
	for (i = 1; i <= api->count; i++) {
		const struct function *function = api->functions[i];

		if (!function)
			continue;
		n++;
		put(out, "\t{ 0x%x, %u, \"%s\", &%s_t[%d], ", VGPU_FUNCTION(api->id, i),
		    function->flags, function->name, api->name, function->result->index);
		if (function->nparams)
			put(out, "%s_p%u, ", api->name, i);
		else
			put(out, "NULL, ");
		put(out, "%u, %u },\n", function->nparams, function->since);
	}
	put(out, "};\nstatic const struct vgpu_api %s_api = {\n", api->name);
	put(out, "\t.library = %u,\n\t.count = %u,\n\t.name = \"%s\",\n\t.title = \"%s\",\n",
	    api->id, n, api->name, api->title);
	put(out, "\t.file = \"%s\",\n\t.soname = \"%s\",\n", api->file, api->soname);
	if (api->node)
		put(out, "\t.version_node = \"%s\",\n", api->node);
	if (enumeration_of(api->status))
		put(out, "\t.status = &%s_e%d,\n", api->name, enumeration_of(api->status)->index);
	put(out, "\t.schema_hash = UINT64_C(0x%016llx),\n\t.functions = %s_f,\n};\n\n",
	    (unsigned long long)api->hash, api->name);
}

void emit_schema(const char *folder, struct api *const *apis, unsigned napis)
{
	struct out *out = out_open(folder, "schema.c");
	unsigned i;

	put_head(out, NULL, "The description as tables.");
	put(out, "#include \"shim/api/schema.h\"\n\n");
	for (i = 0; i < napis; i++)
		emit_api(out, apis[i]);
	put(out, "const struct vgpu_api *const vgpu_apis[] = {\n");
	for (i = 0; i < napis; i++)
		put(out, "\t&%s_api,\n", apis[i]->name);
	put(out, "\tNULL,\n};\n");
	out_close(out);
}
