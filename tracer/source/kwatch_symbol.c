// SPDX-License-Identifier: Apache-2.0
/* The function that a place in a file lies in. */
#include "tracer/source/kwatch_private.h"

#include <fcntl.h>
#include <gelf.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Virtual address of an offset in the file; false: it is in no segment. */
static bool to_address(Elf *elf, uint64_t offset, uint64_t *address)
{
	GElf_Phdr segment;
	size_t n;

	if (elf_getphdrnum(elf, &n))
		return false;
	for (size_t i = 0; i < n; i++) {
		if (!gelf_getphdr(elf, i, &segment) || segment.p_type != PT_LOAD || offset < segment.p_offset ||
		    offset - segment.p_offset >= segment.p_filesz)
			continue;
		*address = offset - segment.p_offset + segment.p_vaddr;
		return true;
	}
	return false;
}

static const char *find(Elf *elf, uint64_t address, char *room, size_t size)
{
	Elf_Scn *section = NULL;
	GElf_Shdr header;
	GElf_Sym symbol;

	while ((section = elf_nextscn(elf, section))) {
		Elf_Data *bytes;

		if (!gelf_getshdr(section, &header) || (header.sh_type != SHT_SYMTAB && header.sh_type != SHT_DYNSYM))
			continue;
		bytes = elf_getdata(section, NULL);
		for (int i = 0; bytes && gelf_getsym(bytes, i, &symbol); i++) {
			const char *name;

			if (GELF_ST_TYPE(symbol.st_info) != STT_FUNC || address < symbol.st_value ||
			    address - symbol.st_value >= symbol.st_size)
				continue;
			name = elf_strptr(elf, header.sh_link, symbol.st_name);
			if (!name)
				continue;
			if (address == symbol.st_value)
				snprintf(room, size, "%s", name);
			else
				snprintf(room, size, "%s+0x%llx", name, (unsigned long long)(address - symbol.st_value));
			return room;
		}
	}
	return NULL;
}

const char *kwatch_symbol(const char *path, uint32_t pid, uint64_t offset, char *room, size_t size)
{
	const char *found = NULL;
	char place[1200];
	uint64_t address;
	Elf *elf;
	int fd;

	if (!path)
		return NULL;
	snprintf(place, sizeof(place), "/proc/%u/root%s", pid, path);
	elf_version(EV_CURRENT);
	fd = open(place, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	if (elf && elf_kind(elf) == ELF_K_ELF && to_address(elf, offset, &address))
		found = find(elf, address, room, size);
	elf_end(elf);
	close(fd);
	return found;
}
