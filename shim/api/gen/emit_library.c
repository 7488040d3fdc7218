/* SPDX-License-Identifier: Apache-2.0 */
/* LIB_library.c: struct vgpu_library, its tables, the stubs for what is not there, and the ELF note. */
#include <string.h>

#include "shim/api/gen/gen.h"

#define STUBS_MAX 64u

struct stub {
	const struct type *result;
	bool has_value;
	int64_t value;
};

/* Two sets of stubs: what a backend does not do, and what a library lacks. */
enum stub_kind { UNSUPPORTED, MISSING };

static const struct {
	const char *name, *flag;
} kinds[] = {
	[UNSUPPORTED] = { "unsupported", "VGPU_CALL_UNSUPPORTED" },
	[MISSING] = { "missing", "VGPU_CALL_NO_SYMBOL" },
};

/* The stub that a function shares with all others of its result. */
static unsigned stub_of(struct stub *stubs, unsigned *count, const struct api *api,
			const struct function *function, enum stub_kind kind)
{
	struct stub want = { .result = function->result,
			     .has_value = function->has_unsupported,
			     .value = function->unsupported };
	unsigned i;

	if (!want.has_value && (function->flags & VGPU_FUNCTION_STATUS)) {
		want.has_value = true;
		want.value = kind == MISSING ? api->missing : api->unsupported;
	}
	for (i = 0; i < *count; i++) {
		if (stubs[i].result == want.result && stubs[i].has_value == want.has_value &&
		    stubs[i].value == want.value)
			return i;
	}
	if (*count < STUBS_MAX)
		stubs[(*count)++] = want;
	return *count - 1;
}

static void emit_stub(struct out *out, const struct stub *stub, unsigned i, enum stub_kind kind)
{
	const struct type *base = type_base(stub->result);

	put(out, "static ");
	put_type(out, stub->result);
	put(out, "%s_%u(void)\n{\n\tvgpu_call_mark(%s);\n", kinds[kind].name, i,
	    kinds[kind].flag);
	if (base->kind == VGPU_TYPE_VOID)
		;
	else if (stub->has_value)
		put(out, "\treturn (%s)%lld;\n", stub->result->name, (long long)stub->value);
	else if (base->kind == VGPU_TYPE_POINTER && base->constant &&
		 type_base(base->element)->kind == VGPU_TYPE_CHAR)
		put(out, "\treturn \"not %s\";\n", kind == MISSING ? "there" : "supported");
	else if (base->members)
		put(out, "\treturn (%s){ 0 };\n", stub->result->name);
	else
		put(out, "\treturn 0;\n");
	put(out, "}\n\n");
}

static void emit_stubs(struct out *out, const struct api *api, enum stub_kind kind)
{
	struct stub stubs[STUBS_MAX];
	unsigned i, count = 0;

	for (i = 1; i <= api->count; i++) {
		if (api->functions[i])
			stub_of(stubs, &count, api, api->functions[i], kind);
	}
	put(out, "/* One for each kind of result: a caller that passes more arguments does no "
		 "harm. */\n");
	for (i = 0; i < count; i++)
		emit_stub(out, &stubs[i], i, kind);
	put(out, "static void *const %s[] = {\n\tNULL,\n", kinds[kind].name);
	for (i = 1; i <= api->count; i++) {
		if (api->functions[i])
			put(out, "\t(void *)%s_%u,\n", kinds[kind].name,
			    stub_of(stubs, &count, api, api->functions[i], kind));
		else
			put(out, "\tNULL,\n");
	}
	put(out, "};\n\n");
}

static void emit_tables(struct out *out, const struct api *api)
{
	unsigned i;

	for (i = 1; i <= api->count; i++) {
		if (api->functions[i])
			put(out,
			    "extern void vgpu_thunk_%s(void) "
			    "__attribute__((visibility(\"hidden\")));\n",
			    api->functions[i]->name);
	}
	put(out, "\nstatic void *const entry[] = {\n\tNULL,\n");
	for (i = 1; i <= api->count; i++) {
		if (api->functions[i])
			put(out, "\t(void *)vgpu_thunk_%s,\n", api->functions[i]->name);
		else
			put(out, "\tNULL,\n");
	}
	put(out, "};\n\nstatic const char *const names[] = {\n\tNULL,\n");
	for (i = 1; i <= api->count; i++) {
		if (api->functions[i])
			put(out, "\t\"%s\",\n", api->functions[i]->name);
		else
			put(out, "\tNULL,\n");
	}
	put(out, "};\n\nvoid *vgpu_dispatch[%u];\n\n", api->count + 1);
}

/* In assembly, since C has no constant for a distance between two objects. */
static void emit_note(struct out *out, const struct api *api)
{
	put(out,
	    "__attribute__((used)) static void note(void)\n{\n"
	    "\t__asm__ volatile(\".pushsection .note.vgpu, \\\"a\\\", @note\\n\"\n"
	    "\t\t\t \"\\t.balign 8\\n\"\n"
	    "\t\t\t \"\\t.long %%c0, %%c1, %%c2\\n\"\n"
	    "\t\t\t \"\\t.asciz \\\"\" VGPU_NOTE_OWNER \"\\\"\\n\"\n"
	    "\t\t\t \"\\t.balign 4\\n\"\n"
	    "\t\t\t \"\\t.long %%c3, %u\\n\"\n"
	    "\t\t\t \"\\t.quad vgpu_library - .\\n\"\n"
	    "\t\t\t \"\\t.quad 0x%016llx\\n\"\n"
	    "\t\t\t \"\\t.popsection\\n\"\n"
	    "\t\t\t :\n"
	    "\t\t\t : \"i\"(sizeof(VGPU_NOTE_OWNER)), \"i\"(sizeof(struct vgpu_note_library)),\n"
	    "\t\t\t   \"i\"(VGPU_NOTE_LIBRARY), \"i\"(VGPU_CORE_ABI));\n}\n",
	    api->id, (unsigned long long)api->hash);
}

void emit_library(const char *folder, const struct api *api)
{
	struct out *out = out_open(folder, "%s_library.c", api->name);

	put_head(out, api, "the library's descriptor.");
	put(out, "#include \"gen/%s_types.h\"\n#include \"shim/api/wrap.h\"\n\n", api->name);
	put(out,
	    "extern struct vgpu_core vgpu_core_own __attribute__((visibility(\"hidden\")));\n\n");
	emit_stubs(out, api, UNSUPPORTED);
	emit_stubs(out, api, MISSING);
	emit_tables(out, api);
	emit_places(out, api);
	put(out,
	    "struct vgpu_library vgpu_library = {\n\t.id = %u,\n\t.count = %u,\n\t.name = "
	    "\"%s\",\n",
	    api->id, api->count, api->name);
	put(out, "\t.file = \"%s\",\n\t.soname = \"%s\",\n\t.schema_hash = UINT64_C(0x%016llx),\n",
	    api->file, api->soname, (unsigned long long)api->hash);
	put(out, "\t.entry = entry,\n\t.names = names,\n\t.dispatch = vgpu_dispatch,\n"
		 "\t.unsupported = unsupported,\n\t.core = &vgpu_core_own,\n"
		 "\t.missing = missing,\n\t.parameters = parameters,\n"
		 "\t.results = results,\n};\n\n");
	emit_note(out, api);
	out_close(out);
}
