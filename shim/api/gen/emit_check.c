/* SPDX-License-Identifier: Apache-2.0 */
/*
 * LIB_check.cc: the description against a toolkit's own headers, in the language where their type
 * names need no keyword. A test compiles it where there is a toolkit.
 */
#include <string.h>

#include "shim/api/gen/gen.h"

/* Headers that a toolkit only includes: where one is missing, its names are left out. */
static const char *foreign(const char *name)
{
	if (strstr(name, "EGL") || strstr(name, "Egl"))
		return "EGL";
	if (strstr(name, "VDPAU") || strstr(name, "Vdp"))
		return "VDPAU";
	return strstr(name, "GL") ? "GL" : NULL;
}

static void emit_if(struct out *out, const char *name)
{
	if (foreign(name))
		put(out, "#ifndef VGPU_CHECK_SKIP_%s\n", foreign(name));
}

static void emit_endif(struct out *out, const char *name)
{
	if (foreign(name))
		put(out, "#endif\n");
}

static bool is_internal(const struct function *function)
{
	size_t n = strlen(function->name);

	/* Entry points without a declaration of their own. */
	return !strncmp(function->name, "__", 2) ||
	       (n > 5 && (!strcmp(function->name + n - 5, "_ptsz") ||
			  !strcmp(function->name + n - 5, "_ptds")));
}

void emit_check(const char *folder, const struct api *api)
{
	struct out *out = out_open(folder, "%s_check.cc", api->name);
	const struct constant *constant;
	const struct type *type;
	unsigned i;

	put_head(out, api, "the description against a toolkit's headers.");
	put(out, "#include <cstddef>\n#include <type_traits>\n\n#include VGPU_CHECK_HEADER\n\n");
	/* A cast that only an exactly matching declaration allows, overloaded or not. */
	put(out, "#define SAME(function, ...) \\\n\ttypedef "
		 "decltype(static_cast<std::add_pointer<__VA_ARGS__>::type>"
		 "(&function)) same_##function\n\n");
	for (type = api->types; type; type = type->next) {
		if (type->shown || type->anonymous || type->builtin ||
		    type->kind == VGPU_TYPE_POINTER || type->kind == VGPU_TYPE_ARRAY)
			continue;
		emit_if(out, type->name);
		if (type->size)
			put(out, "static_assert(sizeof(%s) == %u, \"%s\");\n", type->name,
			    type->size, type->name);
		if (type->members && !type->alias)
			put_offsets(out, "static_assert", type, type, "", 0);
		for (constant = type->constants; constant; constant = constant->next)
			put(out, "static_assert((unsigned)%s == (unsigned)%lldLL, \"%s\");\n",
			    constant->name, (long long)constant->value, constant->name);
		emit_endif(out, type->name);
	}
	for (i = 1; i <= api->count; i++) {
		const struct function *function = api->functions[i];

		if (!function || is_internal(function))
			continue;
		emit_if(out, function->name);
		put(out, "SAME(%s, %s(", function->name, function->result->name);
		put_params(out, function, false);
		put(out, "));\n");
		emit_endif(out, function->name);
	}
	out_close(out);
}
