// SPDX-License-Identifier: Apache-2.0
/* Reads mapped objects: symbols by hash table, program headers through the linker's own pointer to them. */
#include "shim/audit/audit.h"
#include "shim/audit/sys.h"

/* How much of a link_map is looked through; it is larger in every version. */
#define LINK_MAP_BYTES 1024u

static uint32_t phdr_offset; /* in struct link_map: l_phdr, l_entry, l_phnum follow each other; 0: not known */

void audit_elf_read(struct audit_elf *elf, const struct link_map *map)
{
	uintptr_t strings = 0, symbols = 0, gnu = 0, sysv = 0;
	uint64_t soname = 0;
	bool named = false;

	*elf = (struct audit_elf){ .base = map->l_addr, .soname = "" };
	for (const ElfW(Dyn) *d = map->l_ld; d && d->d_tag != DT_NULL; d++) {
		/* The linker relocates these in place, but for objects whose table is read-only (the vDSO). */
		uintptr_t address = d->d_un.d_ptr < map->l_addr ? d->d_un.d_ptr + map->l_addr :
								  d->d_un.d_ptr;

		switch (d->d_tag) {
		case DT_STRTAB:
			strings = address;
			break;
		case DT_SYMTAB:
			symbols = address;
			break;
		case DT_GNU_HASH:
			gnu = address;
			break;
		case DT_HASH:
			sysv = address;
			break;
		case DT_SONAME:
			soname = d->d_un.d_val;
			named = true;
			break;
		case DT_FLAGS:
			elf->flags = d->d_un.d_val;
			break;
		default:
			break;
		}
	}
	if (!strings || !symbols)
		return;
	elf->strings = (const char *)strings;
	elf->symbols = (const ElfW(Sym) *)symbols;
	elf->gnu_hash = (const uint32_t *)gnu;
	elf->sysv_hash = (const uint32_t *)sysv;
	if (named)
		elf->soname = elf->strings + soname;
}

static bool is(const struct audit_elf *elf, const ElfW(Sym) *symbol, const char *name)
{
	return symbol->st_shndx != SHN_UNDEF && sys_equal(elf->strings + symbol->st_name, name);
}

/* The table: buckets, first symbol in it, words of the filter, its shift; filter; buckets; chains. */
static const ElfW(Sym) *find_gnu(const struct audit_elf *elf, const char *name)
{
	const uint32_t *table = elf->gnu_hash, *buckets, *chain;
	uint32_t hash = 5381, index, words = table[2];
	const ElfW(Addr) *filter = (const ElfW(Addr) *)(table + 4);
	ElfW(Addr) word;

	for (const char *p = name; *p; p++)
		hash = hash * 33 + (unsigned char)*p;
	if (!table[0] || !words)
		return NULL;
	word = filter[hash / 64 & (words - 1)];
	if (!(word >> (hash & 63) & word >> (hash >> (table[3] & 31) & 63) & 1))
		return NULL;
	buckets = (const uint32_t *)(filter + words);
	chain = buckets + table[0];
	index = buckets[hash % table[0]];
	if (index < table[1])
		return NULL;
	for (;; index++) {
		uint32_t other = chain[index - table[1]];

		if ((other | 1) == (hash | 1) && is(elf, &elf->symbols[index], name))
			return &elf->symbols[index];
		if (other & 1)
			return NULL;
	}
}

static const ElfW(Sym) *find_sysv(const struct audit_elf *elf, const char *name)
{
	const uint32_t *buckets = elf->sysv_hash + 2, *chain = buckets + elf->sysv_hash[0];
	uint32_t hash = 0, left = elf->sysv_hash[1];

	for (const char *p = name; *p; p++) {
		hash = (hash << 4) + (unsigned char)*p;
		hash = (hash ^ (hash >> 24 & 0xf0)) & 0x0fffffff;
	}
	if (!elf->sysv_hash[0])
		return NULL;
	for (uint32_t i = buckets[hash % elf->sysv_hash[0]]; i && left--; i = chain[i])
		if (is(elf, &elf->symbols[i], name))
			return &elf->symbols[i];
	return NULL;
}

const ElfW(Sym) *audit_elf_find(const struct audit_elf *elf, const char *name)
{
	if (!elf->symbols)
		return NULL;
	if (elf->gnu_hash)
		return find_gnu(elf, name);
	return elf->sysv_hash ? find_sysv(elf, name) : NULL;
}

/*
 * link_map is private past its first fields. The program's own holds three values next to each other
 * that the kernel told us, too; nothing else looks like them.
 */
bool audit_phdr_learn(const struct link_map *main_map)
{
	uint64_t phdr = audit_stack_aux(&audit.stack, AT_PHDR);
	uint64_t entry = audit_stack_aux(&audit.stack, AT_ENTRY);
	uint64_t count = audit_stack_aux(&audit.stack, AT_PHNUM);
	const uint64_t *words = (const uint64_t *)main_map;

	for (uint32_t i = 5; phdr && entry && i + 2 < LINK_MAP_BYTES / 8; i++) {
		if (words[i] == phdr && words[i + 1] == entry && (words[i + 2] & 0xffff) == count) {
			phdr_offset = i * 8;
			return true;
		}
	}
	return false;
}

const ElfW(Phdr) *audit_phdr(const struct link_map *map, unsigned *count)
{
	const uint8_t *bytes = (const uint8_t *)map;
	const ElfW(Phdr) *phdr;

	*count = 0;
	if (!phdr_offset)
		return NULL;
	phdr = *(const ElfW(Phdr) *const *)(bytes + phdr_offset);
	if (phdr)
		*count = *(const uint16_t *)(bytes + phdr_offset + 16);
	return phdr;
}

bool audit_phdr_is_code(const struct link_map *map, uintptr_t address)
{
	unsigned count;
	const ElfW(Phdr) *phdr = audit_phdr(map, &count);

	for (unsigned i = 0; i < count; i++) {
		uintptr_t from = map->l_addr + phdr[i].p_vaddr;

		if (phdr[i].p_type == PT_LOAD && (phdr[i].p_flags & PF_X) && address >= from &&
		    address < from + phdr[i].p_memsz)
			return true;
	}
	return false;
}
