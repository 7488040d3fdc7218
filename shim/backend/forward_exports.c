// SPDX-License-Identifier: Apache-2.0
/* What the library behind us exports, read from its own tables and not asked of the loader. */
#include <elf.h>
#include <link.h>
#include <string.h>

#include "shim/backend/forward.h"

struct exports {
	const ElfW(Sym) *symbols;
	const char *strings;
	const uint32_t *hash; /* DT_GNU_HASH; NULL: none */
	const ElfW(Dyn) *dynamic;
};

static struct exports exports_of(const struct link_map *map)
{
	struct exports of = { .dynamic = map->l_ld };

	for (const ElfW(Dyn) *entry = map->l_ld; entry->d_tag != DT_NULL; entry++) {
		/* The loader has made addresses of these already. */
		if (entry->d_tag == DT_SYMTAB)
			of.symbols = (const void *)entry->d_un.d_ptr;
		else if (entry->d_tag == DT_STRTAB)
			of.strings = (const void *)entry->d_un.d_ptr;
		else if (entry->d_tag == DT_GNU_HASH)
			of.hash = (const void *)entry->d_un.d_ptr;
	}
	return of;
}

static bool has(const struct exports *of, const char *name)
{
	uint32_t hash = 5381, buckets, first, index;
	const uint32_t *chain;

	if (!of->hash || !of->symbols || !of->strings)
		return false;
	for (const char *c = name; *c; c++)
		hash = hash * 33 + (uint8_t)*c;
	buckets = of->hash[0];
	first = of->hash[1];
	chain = of->hash + 4 + of->hash[2] * (sizeof(ElfW(Addr)) / 4) + buckets;
	index = buckets ? of->hash[4 + of->hash[2] * (sizeof(ElfW(Addr)) / 4) + hash % buckets] : 0;
	if (index < first)
		return false;
	for (;; index++) {
		uint32_t found = chain[index - first];

		if ((found | 1) == (hash | 1) && of->symbols[index].st_shndx != SHN_UNDEF &&
		    !strcmp(of->strings + of->symbols[index].st_name, name))
			return true;
		if (found & 1)
			return false;
	}
}

#define NEEDED_MAX 32u

/* The target and what it names as needed: where dlsym would look. */
static struct exports places[1 + NEEDED_MAX];
static unsigned place_count;

void forward_exports_open(const struct link_map *target)
{
	const struct link_map *map = target;

	places[0] = exports_of(target);
	place_count = 1;
	while (map->l_prev)
		map = map->l_prev;
	for (; map && place_count <= NEEDED_MAX; map = map->l_next) {
		const char *slash = strrchr(map->l_name, '/');

		for (const ElfW(Dyn) *entry = target->l_ld; slash && places[0].strings && entry->d_tag != DT_NULL; entry++)
			if (entry->d_tag == DT_NEEDED && !strcmp(places[0].strings + entry->d_un.d_val, slash + 1)) {
				places[place_count++] = exports_of(map);
				break;
			}
	}
}

bool forward_exports(const char *name, bool or_needed)
{
	/* Without that table nothing can be told here, and dlsym has to. */
	if (!places[0].hash)
		return or_needed;
	for (unsigned i = 0; i < (or_needed ? place_count : 1); i++)
		if (has(&places[i], name))
			return true;
	return false;
}
