/* SPDX-License-Identifier: Apache-2.0 */
/* LIB_proto.h and LIB_sim.c: what a backend's source defines, and the table of what was defined. */
#include "shim/api/gen/gen.h"

static void emit_prototypes(const char *folder, const struct api *api)
{
	struct out *out = out_open(folder, "%s_proto.h", api->name);
	unsigned i;

	put_head(out, api, "the simulated functions.");
	put(out, "#ifndef VGPU_GEN_%s_PROTO_H\n#define VGPU_GEN_%s_PROTO_H\n\n", api->name,
	    api->name);
	put(out, "#include \"gen/%s_types.h\"\n\n#pragma GCC visibility push(hidden)\n", api->name);
	for (i = 1; i <= api->count; i++) {
		const struct function *function = api->functions[i];

		if (!function)
			continue;
		put_type(out, function->result);
		put(out, "sim_%s(", function->name);
		put_params(out, function, true);
		put(out, ");\n");
	}
	put(out, "#pragma GCC visibility pop\n\n#endif\n");
	out_close(out);
}

static void emit_table(const char *folder, const struct api *api)
{
	struct out *out = out_open(folder, "%s_sim.c", api->name);
	unsigned i;

	put_head(out, api, "the simulated functions there are, by number.");
	put(out, "#include \"gen/%s_proto.h\"\n\n", api->name);
	for (i = 1; i <= api->count; i++) {
		if (api->functions[i])
			put(out, "#pragma weak sim_%s\n", api->functions[i]->name);
	}
	put(out,
	    "\nextern void *const vgpu_sim_table[%u] __attribute__((visibility(\"hidden\")));\n"
	    "void *const vgpu_sim_table[%u] = {\n",
	    api->count + 1, api->count + 1);
	for (i = 1; i <= api->count; i++) {
		if (api->functions[i])
			put(out, "\t[%u] = (void *)sim_%s,\n", i, api->functions[i]->name);
	}
	put(out, "};\n");
	out_close(out);
}

void emit_proto(const char *folder, const struct api *api)
{
	emit_prototypes(folder, api);
	emit_table(folder, api);
}
