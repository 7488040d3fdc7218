/* SPDX-License-Identifier: Apache-2.0 */
/* vgpu-gen: makes of the description (shim/api) everything that the build needs of it. */
#include <stdlib.h>
#include <string.h>

#include "shim/api/gen/gen.h"

#define APIS_MAX 8

static int usage(void)
{
	fputs("usage: vgpu-gen -o FOLDER [-n WRAPPER-FILES] [-l LADDER.api] LIBRARY.api...\n",
	      stderr);
	return 2;
}

static int fail(void)
{
	fprintf(stderr, "%s\n", gen_error_text);
	return 1;
}

int main(int argc, char **argv)
{
	const char *folder = NULL, *ladder_path = NULL;
	struct ladder *ladder = NULL;
	struct api *apis[APIS_MAX];
	unsigned napis = 0, i, files = 4;
	int n;

	for (n = 1; n < argc && argv[n][0] == '-' && n + 1 < argc; n += 2) {
		if (!strcmp(argv[n], "-o"))
			folder = argv[n + 1];
		else if (!strcmp(argv[n], "-l"))
			ladder_path = argv[n + 1];
		else if (!strcmp(argv[n], "-n") && atoi(argv[n + 1]) > 0)
			files = (unsigned)atoi(argv[n + 1]);
		else
			return usage();
	}
	if (!folder || n >= argc || argc - n > APIS_MAX)
		return usage();
	for (; n < argc; n++, napis++) {
		if (api_parse(&apis[napis], argv[n]))
			return fail();
		if (napis && apis[napis]->id <= apis[napis - 1]->id) {
			gen_error(apis[napis]->at,
				  "libraries must be given in the order of their numbers");
			return fail();
		}
	}
	if (ladder_path && ladder_parse(&ladder, ladder_path, apis[0]))
		return fail();
	for (i = 0; i < napis; i++) {
		emit_types(folder, apis[i]);
		emit_proto(folder, apis[i]);
		emit_calls(folder, apis[i]);
		emit_wrappers(folder, apis[i], files);
		emit_thunks(folder, apis[i]);
		emit_library(folder, apis[i]);
		emit_check(folder, apis[i]);
	}
	emit_schema(folder, apis, napis);
	if (ladder)
		emit_ladder(folder, ladder, apis[0]);
	return 0;
}
