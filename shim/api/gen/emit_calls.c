/* SPDX-License-Identifier: Apache-2.0 */
/* LIB_calls.h and LIB_ids.h: typed entry points, and the functions' ids. */
#include "shim/api/gen/gen.h"

static void emit_struct(const char *folder, const struct api *api)
{
	struct out *out = out_open(folder, "%s_calls.h", api->name);
	unsigned i;

	put_head(out, api, "entry points by name; laid out as vgpu_library.entry.");
	put(out, "#ifndef VGPU_GEN_%s_CALLS_H\n#define VGPU_GEN_%s_CALLS_H\n\n", api->name,
	    api->name);
	put(out, "#include \"gen/%s_types.h\"\n\nstruct vgpu_%s_calls {\n\tvoid *_0;\n", api->name,
	    api->name);
	for (i = 1; i <= api->count; i++) {
		const struct function *function = api->functions[i];

		if (!function) {
			put(out, "\tvoid *_%u;\n", i);
			continue;
		}
		put(out, "\t");
		put_type(out, function->result);
		put(out, "(*%s)(", function->name);
		put_params(out, function, true);
		put(out, ");\n");
	}
	put(out,
	    "};\n_Static_assert(sizeof(struct vgpu_%s_calls) == %u * sizeof(void *), "
	    "\"layout\");\n\n#endif\n",
	    api->name, api->count + 1);
	out_close(out);
}

static void emit_ids(const char *folder, const struct api *api)
{
	struct out *out = out_open(folder, "%s_ids.h", api->name);
	unsigned i;

	put_head(out, api, "function ids.");
	put(out, "#ifndef VGPU_GEN_%s_IDS_H\n#define VGPU_GEN_%s_IDS_H\n\n", api->name, api->name);
	for (i = 1; i <= api->count; i++) {
		if (api->functions[i])
			put(out, "#define VGPU_FN_%s 0x%xu\n", api->functions[i]->name,
			    VGPU_FUNCTION(api->id, i));
	}
	put(out, "\n#endif\n");
	out_close(out);
}

void emit_calls(const char *folder, const struct api *api)
{
	emit_struct(folder, api);
	emit_ids(folder, api);
}
