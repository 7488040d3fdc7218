// SPDX-License-Identifier: Apache-2.0
/* C++ names of kernels as they are in the source, by __cxa_demangle of libstdc++. */
#include "tracer/model/demangle.h"

#include <ctype.h>
#include <dlfcn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define NAME_MAX_BYTES 1023u
/* A part may stand for all before it, twice: so many double it sixteen times at most. */
#define REFERENCES_MAX 32u

typedef char *demangle(const char *name, char *buffer, size_t *size, int *status);

/* Loaded, not linked: everybody who has C++ programs has it, and nobody needs a C++ compiler to build this. */
static demangle *find(void)
{
	static demangle *found;
	static bool looked;

	if (!looked) {
		void *library = dlopen("libstdc++.so.6", RTLD_LAZY | RTLD_LOCAL);

		looked = true;
		if (library)
			*(void **)&found = dlsym(library, "__cxa_demangle");
	}
	return found;
}

static bool is_harmless(const char *name)
{
	unsigned references = 0;

	for (const char *at = name; *at; at++) {
		const char *end = at + 1;

		if (*at != 'S' && *at != 'T')
			continue;
		while (isdigit((unsigned char)*end) || isupper((unsigned char)*end))
			end++;
		references += *end == '_';
	}
	return references <= REFERENCES_MAX && strlen(name) <= NAME_MAX_BYTES;
}

char *vgpu_demangle(const char *name)
{
	demangle *with;
	int status;

	if (strncmp(name, "_Z", 2) || !is_harmless(name))
		return NULL;
	with = find();
	return with ? with(name, NULL, NULL, &status) : NULL;
}
