/* SPDX-License-Identifier: Apache-2.0 */
/* LIB_thunks.S and LIB.map: the exported entry points. */
#include "shim/api/gen/gen.h"

static void emit_map(const char *folder, const struct api *api)
{
	struct out *out = out_open(folder, "%s.map", api->name);
	unsigned i;

	put_head(out, api, "what is exported.");
	put(out, "%s%s{\nglobal:\n", api->node ? api->node : "", api->node ? " " : "");
	for (i = 1; i <= api->count; i++) {
		if (api->functions[i])
			put(out, "\t%s;\n", api->functions[i]->name);
	}
	put(out, "local:\n\t*;\n};\n");
	out_close(out);
}

void emit_thunks(const char *folder, const struct api *api)
{
	struct out *out = out_open(folder, "%s_thunks.S", api->name);
	unsigned i;

	put_head(out, api, "entry thunks.");
	put(out, "#include \"shim/entry/arch/thunk.S\"\n\n\t.text\n");
	for (i = 1; i <= api->count; i++) {
		const char *name = api->functions[i] ? api->functions[i]->name : NULL;

		if (!name)
			continue;
		put(out, "VGPU_THUNK %s, %u\n", name, i);
		/* Our own address of it: the exported name may be answered by another library. */
		put(out,
		    "\t.globl\tvgpu_thunk_%s\n\t.hidden\tvgpu_thunk_%s, "
		    "vgpu_wrap_%s\n\t.set\tvgpu_thunk_%s, %s\n",
		    name, name, name, name, name);
	}
	put(out, "\n\t.section .note.GNU-stack,\"\",@progbits\n");
	out_close(out);
	emit_map(folder, api);
}
