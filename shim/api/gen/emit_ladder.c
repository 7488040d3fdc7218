/* SPDX-License-Identifier: Apache-2.0 */
/* ladder.c: the table of shim/api/ladder.h. */
#include <stdlib.h>
#include <string.h>

#include "shim/api/gen/gen.h"

static int compare(const void *a, const void *b)
{
	const struct rung *left = a, *right = b;
	int order = strcmp(left->name, right->name);

	return order ? order : left->version - right->version;
}

static unsigned id_of(const struct api *api, const char *name)
{
	unsigned i;

	for (i = 1; name && i <= api->count; i++) {
		if (api->functions[i] && !strcmp(api->functions[i]->name, name))
			return VGPU_FUNCTION(api->id, i);
	}
	return 0;
}

void emit_ladder(const char *folder, const struct ladder *ladder, const struct api *api)
{
	struct out *out = out_open(folder, "ladder.c");
	unsigned i;

	qsort(ladder->rungs, ladder->count, sizeof(*ladder->rungs), compare);
	put_head(out, api, "what a lookup by name and version selects.");
	put(out, "#include \"shim/api/ladder.h\"\n\nconst struct vgpu_rung vgpu_ladder[] = {\n");
	for (i = 0; i < ladder->count; i++) {
		const struct rung *rung = &ladder->rungs[i];

		put(out, "\t{ \"%s\", %d, 0x%x, 0x%x },\n", rung->name, rung->version,
		    id_of(api, rung->symbol), id_of(api, rung->per_thread));
	}
	put(out, "};\nconst uint32_t vgpu_ladder_count = %u;\n", ladder->count);
	out_close(out);
}
