/* SPDX-License-Identifier: Apache-2.0 */
/* Cubins: ELF files whose symbols are kernels and globals, with NVIDIA's notes on each kernel. */
#include <elf.h>
#include <string.h>

#include "shim/backend/sim/cuda/image.h"

#define MACHINE_CUDA 190
#define OTHER_ENTRY 0x10  /* st_other: a kernel, not a device function */
#define OTHER_MANAGED 0x4 /* a __managed__ variable */

/* Notes in the sections .nv.info and .nv.info.KERNEL. */
enum { NOTE_MAX_THREADS = 0x05, NOTE_FRAME = 0x11, NOTE_PARAM = 0x17, NOTE_REGISTERS = 0x2f };
enum { NOTE_WITH_BYTES = 4 };

struct cubin {
	struct image *image;
	const Elf64_Shdr *sections;
	uint32_t section_count;
	const char *names; /* of sections */
	uint64_t names_size;
};

uint64_t image_cubin_bytes(const void *at, uint64_t size)
{
	Elf64_Ehdr head;
	uint64_t end, segments;

	if (size < sizeof(head))
		return 0;
	memcpy(&head, at, sizeof(head));
	if (memcmp(head.e_ident, ELFMAG, SELFMAG) || head.e_ident[EI_CLASS] != ELFCLASS64 ||
	    head.e_machine != MACHINE_CUDA || head.e_shentsize != sizeof(Elf64_Shdr) ||
	    __builtin_add_overflow(head.e_shoff, head.e_shnum * sizeof(Elf64_Shdr), &end) ||
	    __builtin_add_overflow(head.e_phoff, (uint64_t)head.e_phnum * head.e_phentsize,
				   &segments))
		return 0;
	if (segments > end)
		end = segments;
	return end <= size ? end : 0;
}

/* Where the version stands moved with the 8th ABI. */
uint32_t image_cubin_version(const void *at)
{
	Elf64_Ehdr head;

	memcpy(&head, at, sizeof(head));
	return head.e_ident[EI_ABIVERSION] >= 8 ? head.e_flags >> 8 & 0xff : head.e_flags & 0xff;
}

static const void *bytes_of(const struct cubin *cubin, const Elf64_Shdr *section)
{
	if (section->sh_type == SHT_NOBITS || section->sh_offset > cubin->image->size ||
	    section->sh_size > cubin->image->size - section->sh_offset)
		return NULL;
	return cubin->image->data + section->sh_offset;
}

static const char *text_at(const char *table, uint64_t size, uint64_t offset)
{
	return offset < size && memchr(table + offset, '\0', size - offset) ? table + offset : "";
}

static const char *name_of(const struct cubin *cubin, const Elf64_Shdr *section)
{
	return text_at(cubin->names, cubin->names_size, section->sh_name);
}

static struct image_kernel *kernel_named(struct image *image, const char *name)
{
	return (struct image_kernel *)image_kernel(image, name);
}

static uint32_t word_at(const unsigned char *at)
{
	uint32_t word;

	memcpy(&word, at, sizeof(word));
	return word;
}

static bool read_symbol(const struct cubin *cubin, const Elf64_Sym *symbol, const char *name)
{
	const Elf64_Shdr *section;
	const char *where;

	if (!*name || !symbol->st_shndx || symbol->st_shndx >= cubin->section_count)
		return true;
	section = &cubin->sections[symbol->st_shndx];
	where = name_of(cubin, section);
	if (ELF64_ST_TYPE(symbol->st_info) == STT_FUNC && symbol->st_other & OTHER_ENTRY)
		return image_add_kernel(cubin->image, name) != NULL;
	if (ELF64_ST_TYPE(symbol->st_info) == STT_OBJECT &&
	    (!strncmp(where, ".nv.global", 10) || !strcmp(where, ".nv.constant3"))) {
		struct image_global *global = image_add_global(cubin->image, name);
		const char *bytes = bytes_of(cubin, section);

		if (!global)
			return false;
		global->size = symbol->st_size;
		global->managed = symbol->st_other & OTHER_MANAGED;
		global->constant = !strcmp(where, ".nv.constant3");
		if (bytes && symbol->st_value <= section->sh_size &&
		    symbol->st_size <= section->sh_size - symbol->st_value)
			global->init = bytes + symbol->st_value;
	}
	return true;
}

/* What the notes say of one kernel, or in .nv.info of the one that a symbol's number names. */
static bool read_notes(const struct cubin *cubin, const Elf64_Shdr *section,
		       struct image_kernel *kernel, const Elf64_Sym *symbols, uint64_t count,
		       const char *strings, uint64_t strings_size)
{
	const unsigned char *at = bytes_of(cubin, section), *end;

	if (!at)
		return true;
	for (end = at + section->sh_size; end - at >= 4;) {
		unsigned format = at[0], note = at[1];
		uint64_t size = format == NOTE_WITH_BYTES ? (uint64_t)(at[2] | at[3] << 8) : 0;
		const unsigned char *value = at + 4;
		struct image_kernel *about = kernel;

		if (size > (uint64_t)(end - value))
			return true;
		at = value + size;
		if (!about && size >= 8 && word_at(value) < count)
			about =
			    kernel_named(cubin->image, text_at(strings, strings_size,
							       symbols[word_at(value)].st_name));
		if (!about || format != NOTE_WITH_BYTES)
			continue;
		if (note == NOTE_PARAM && size >= 12 && kernel) {
			uint32_t place = word_at(value + 4);

			/* ordinal and offset share a word, the size is the last one's upper bits */
			if (!image_set_param(about, place & 0xffff, place >> 16,
					     word_at(value + 8) >> 18))
				return false;
		} else if (note == NOTE_MAX_THREADS && size >= 12 && kernel) {
			about->max_threads =
			    word_at(value) * word_at(value + 4) * word_at(value + 8);
		} else if (note == NOTE_REGISTERS && size >= 8 && !kernel) {
			about->registers = word_at(value + 4);
		} else if (note == NOTE_FRAME && size >= 8 && !kernel) {
			about->local_bytes = word_at(value + 4);
		}
	}
	return true;
}

enum image_result image_parse_cubin(struct image *image)
{
	struct cubin cubin = { .image = image };
	const Elf64_Sym *symbols = NULL;
	const char *strings = NULL;
	uint64_t count = 0, strings_size = 0;
	Elf64_Ehdr head;

	if (!image_cubin_bytes(image->data, image->size))
		return IMAGE_INVALID;
	memcpy(&head, image->data, sizeof(head));
	if (head.e_shoff % _Alignof(Elf64_Shdr) || head.e_shstrndx >= head.e_shnum)
		return IMAGE_INVALID;
	cubin.sections = (const Elf64_Shdr *)(const void *)(image->data + head.e_shoff);
	cubin.section_count = head.e_shnum;
	cubin.names = bytes_of(&cubin, &cubin.sections[head.e_shstrndx]);
	if (!cubin.names)
		return IMAGE_INVALID;
	cubin.names_size = cubin.sections[head.e_shstrndx].sh_size;

	for (uint32_t i = 0; i < cubin.section_count; i++) {
		const Elf64_Shdr *section = &cubin.sections[i];

		if (section->sh_type != SHT_SYMTAB || section->sh_link >= cubin.section_count ||
		    section->sh_offset % _Alignof(Elf64_Sym))
			continue;
		symbols = bytes_of(&cubin, section);
		strings = bytes_of(&cubin, &cubin.sections[section->sh_link]);
		if (!symbols || !strings)
			return IMAGE_INVALID;
		count = section->sh_size / sizeof(*symbols);
		strings_size = cubin.sections[section->sh_link].sh_size;
	}
	for (uint64_t i = 0; i < count; i++)
		if (!read_symbol(&cubin, &symbols[i],
				 text_at(strings, strings_size, symbols[i].st_name)))
			return IMAGE_NO_MEMORY;
	for (uint32_t i = 0; i < cubin.section_count; i++) {
		const Elf64_Shdr *section = &cubin.sections[i];
		const char *name = name_of(&cubin, section);
		struct image_kernel *kernel = NULL;

		if (!strncmp(name, ".nv.shared.", 11)) {
			kernel = kernel_named(image, name + 11);
			if (kernel)
				kernel->shared_bytes = (uint32_t)section->sh_size;
		} else if (!strncmp(name, ".nv.info", 8)) {
			if (name[8] == '.')
				kernel = kernel_named(image, name + 9);
			if ((name[8] != '.' || kernel) &&
			    !read_notes(&cubin, section, kernel, symbols, count, strings,
					strings_size))
				return IMAGE_NO_MEMORY;
		}
	}
	return IMAGE_GOOD;
}
