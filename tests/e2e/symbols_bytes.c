/* SPDX-License-Identifier: Apache-2.0 */
/* Prints each exported function of a library; fails where one does not begin as entry thunks do. */
#include <elf.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const unsigned char first[6] = { 0x90, 0x0f, 0x1f, 0x44, 0x00, 0x00 };

static const unsigned char *bytes_at(const unsigned char *file, size_t size, uint64_t address)
{
	const Elf64_Ehdr *head = (const void *)file;
	const Elf64_Phdr *segment = (const void *)(file + head->e_phoff);
	int i;

	for (i = 0; i < head->e_phnum; i++, segment++) {
		uint64_t offset = address - segment->p_vaddr + segment->p_offset;

		if (segment->p_type == PT_LOAD && address >= segment->p_vaddr &&
		    address - segment->p_vaddr < segment->p_filesz &&
		    offset + sizeof(first) <= size)
			return file + offset;
	}
	return NULL;
}

static int check(const unsigned char *file, size_t size)
{
	const Elf64_Ehdr *head = (const void *)file;
	const Elf64_Shdr *sections = (const void *)(file + head->e_shoff);
	int i, bad = 0;

	for (i = 0; i < head->e_shnum; i++) {
		const Elf64_Sym *symbol = (const void *)(file + sections[i].sh_offset);
		const char *names = (const char *)file + sections[sections[i].sh_link].sh_offset;
		uint64_t n =
		    sections[i].sh_entsize ? sections[i].sh_size / sections[i].sh_entsize : 0;

		if (sections[i].sh_type != SHT_DYNSYM)
			continue;
		for (; n--; symbol++) {
			const char *name = names + symbol->st_name;
			const unsigned char *bytes;

			if (symbol->st_shndx == SHN_UNDEF || symbol->st_shndx == SHN_ABS)
				continue;
			bytes = bytes_at(file, size, symbol->st_value);
			puts(name);
			if (ELF64_ST_TYPE(symbol->st_info) != STT_FUNC || !symbol->st_size) {
				fprintf(stderr, "%s is no function with a size\n", name);
				bad++;
			} else if (symbol->st_value % 16) {
				fprintf(stderr, "%s is not 16-byte aligned\n", name);
				bad++;
			} else if (!bytes || memcmp(bytes, first, sizeof(first))) {
				fprintf(stderr, "%s does not begin 90 0f 1f 44 00 00\n", name);
				bad++;
			}
		}
	}
	return bad;
}

int main(int argc, char **argv)
{
	int fd = argc == 2 ? open(argv[1], O_RDONLY) : -1;
	struct stat status;
	unsigned char *file;

	if (fd < 0 || fstat(fd, &status)) {
		fputs("usage: symbols_bytes LIBRARY\n", stderr);
		return 2;
	}
	file = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (file == MAP_FAILED || memcmp(file, ELFMAG, SELFMAG)) {
		fprintf(stderr, "%s is no ELF file\n", argv[1]);
		return 2;
	}
	return check(file, (size_t)status.st_size) ? 1 : 0;
}
