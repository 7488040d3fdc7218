/* SPDX-License-Identifier: Apache-2.0 */
/* LIB_types.h: the interface's C types, with their layouts asserted. */
#include <string.h>

#include "shim/api/gen/gen.h"

static void emit_handle(struct out *out, const struct type *type)
{
	if (!strcmp(type->tag, "void"))
		put(out, "typedef %svoid *%s;\n", type->constant ? "const " : "", type->name);
	else
		put(out, "typedef %sstruct %s *%s;\n", type->constant ? "const " : "", type->tag,
		    type->name);
}

static void emit_enum(struct out *out, const struct type *type)
{
	const struct constant *constant;

	put(out, "\ntypedef enum %s {\n", type->name);
	for (constant = type->constants; constant; constant = constant->next) {
		if (constant->value > INT32_MAX)
			put(out, "\t%s = 0x%llxu,\n", constant->name,
			    (unsigned long long)constant->value);
		else if (constant->value == INT32_MIN)
			put(out, "\t%s = -2147483647 - 1,\n", constant->name);
		else
			put(out, "\t%s = %lld,\n", constant->name, (long long)constant->value);
	}
	put(out, "} %s;\n_Static_assert(sizeof(%s) == 4, \"an enumeration is an int\");\n",
	    type->name, type->name);
}

/* Aliases and callbacks name other types, so those come first. */
static void emit_name(struct out *out, struct type *type)
{
	struct argument *argument;

	while (type->kind == VGPU_TYPE_POINTER)
		type = type->element;
	if (type->state == 3 || type->shown)
		return;
	if (type->alias) {
		type->state = 3;
		emit_name(out, type->alias);
		put(out, "typedef ");
		put_type(out, type->alias);
		put(out, "%s;\n", type->name);
	} else if (type->kind == VGPU_TYPE_FUNCTION) {
		type->state = 3;
		emit_name(out, type->result);
		for (argument = type->arguments; argument; argument = argument->next)
			emit_name(out, argument->type);
		put(out, "typedef ");
		put_type(out, type->result);
		put(out, "(*%s)(", type->name);
		for (argument = type->arguments; argument; argument = argument->next)
			put(out, "%s%s", argument->type->name, argument->next ? ", " : "");
		put(out, "%s);\n", type->arguments ? "" : "void");
	}
}

static void emit_members(struct out *out, const struct type *type, int depth)
{
	const struct member *member;

	for (member = type->members; member; member = member->next) {
		const struct type *of = member->type;

		while (of->kind == VGPU_TYPE_ARRAY)
			of = of->element;
		put(out, "%.*s", depth, "\t\t\t\t\t\t\t\t");
		if (of->anonymous) {
			put(out, "%s {\n", of->kind == VGPU_TYPE_UNION ? "union" : "struct");
			emit_members(out, of, depth + 1);
			put(out, "%.*s}%s", depth, "\t\t\t\t\t\t\t\t", *member->name ? " " : "");
		} else {
			put_type(out, of);
		}
		put(out, "%s", member->name);
		for (of = member->type; of->kind == VGPU_TYPE_ARRAY; of = of->element)
			put(out, "[%u]", of->count);
		put(out, ";\n");
	}
}

void put_offsets(struct out *out, const char *keyword, const struct type *top,
		 const struct type *type, const char *path, uint32_t base)
{
	const struct member *member;

	for (member = type->members; member; member = member->next) {
		const char *name = *path && *member->name ? gen_format("%s.%s", path, member->name)
				   : *path                ? path
							  : member->name;

		if (*member->name)
			put(out, "%s(offsetof(%s, %s) == %u, \"%s.%s\");\n", keyword, top->name,
			    name, base + member->offset, top->name, name);
		if (member->type->anonymous && member->type->kind != VGPU_TYPE_ARRAY)
			put_offsets(out, keyword, top, member->type, name, base + member->offset);
	}
}

static void emit_struct(struct out *out, struct type *type)
{
	const struct member *member;

	if (type->state == 3)
		return;
	type->state = 3;
	for (member = type->members; member; member = member->next) {
		struct type *of = member->type;

		while (of->kind == VGPU_TYPE_ARRAY || of->alias)
			of = of->alias ? of->alias : of->element;
		if (of->members)
			emit_struct(out, of);
	}
	if (type->anonymous)
		return;
	put(out, "\n%s %s {\n", type->kind == VGPU_TYPE_UNION ? "union" : "struct", type->name);
	emit_members(out, type, 1);
	put(out, "}");
	if (type->stated_align)
		put(out, " __attribute__((aligned(%u)))", type->stated_align);
	put(out, ";\n_Static_assert(sizeof(%s) == %u, \"layout\");\n", type->name, type->size);
	put_offsets(out, "_Static_assert", type, type, "", 0);
}

void emit_types(const char *folder, struct api *api)
{
	struct out *out = out_open(folder, "%s_types.h", api->name);
	struct type *type;

	put_head(out, api, "types.");
	put(out, "#ifndef VGPU_GEN_%s_TYPES_H\n#define VGPU_GEN_%s_TYPES_H\n\n", api->name,
	    api->name);
	put(out, "#include <stdbool.h>\n#include <stddef.h>\n#include <stdint.h>\n\n");
	for (type = api->types; type; type = type->next) {
		if (type->kind == VGPU_TYPE_HANDLE && type->tag)
			emit_handle(out, type);
	}
	for (type = api->types; type; type = type->next) {
		if (type->kind == VGPU_TYPE_ENUM && !type->alias && !type->shown)
			emit_enum(out, type);
	}
	put(out, "\n");
	for (type = api->types; type; type = type->next) {
		if (type->members && !type->alias && !type->anonymous)
			put(out, "typedef %s %s %s;\n",
			    type->kind == VGPU_TYPE_UNION ? "union" : "struct", type->name,
			    type->name);
	}
	put(out, "\n");
	for (type = api->types; type; type = type->next)
		emit_name(out, type);
	for (type = api->types; type; type = type->next) {
		if (type->members && !type->alias)
			emit_struct(out, type);
	}
	put(out, "\n#endif\n");
	out_close(out);
}
