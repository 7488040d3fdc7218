/* SPDX-License-Identifier: Apache-2.0 */
/* Functions of a library file, and where in the file their code is. */
#include "tracer/source/kernel/private.h"

#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

uint32_t vgpu_kernel_library_of(const char *path)
{
	static const struct {
		const char *begins;
		uint32_t library;
	} table[] = {
		{ "libvgpu-cuda.so", VGPU_LIBRARY_CUDA },
		{ "libnvidia-ml.so", VGPU_LIBRARY_NVML },
		{ "libvgpu-nvml.so", VGPU_LIBRARY_NVML },
		{ "libcudart.so.13", VGPU_LIBRARY_CUDART13 },
		{ "libvgpu-cudart13.so", VGPU_LIBRARY_CUDART13 },
		{ "libcudart", VGPU_LIBRARY_CUDART12 }, /* and older ones, which share most of it */
		{ "libvgpu-cudart12.so", VGPU_LIBRARY_CUDART12 },
		{ "libcuda.", VGPU_LIBRARY_CUDA },
		{ "libcuda-", VGPU_LIBRARY_CUDA },
	};
	const char *name = strrchr(path, '/');

	name = name ? name + 1 : path;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (!strncmp(name, table[i].begins, strlen(table[i].begins)))
			return table[i].library;
	}
	return 0;
}

static uint32_t note_library(Elf *elf)
{
	Elf_Scn *section = NULL;
	GElf_Shdr header;

	while ((section = elf_nextscn(elf, section))) {
		size_t at = 0, name, data;
		GElf_Nhdr note;
		Elf_Data *bytes;

		if (!gelf_getshdr(section, &header) || header.sh_type != SHT_NOTE)
			continue;
		bytes = elf_getdata(section, NULL);
		while (bytes && (at = gelf_getnote(bytes, at, &note, &name, &data))) {
			struct vgpu_note_library library;

			if (note.n_type != VGPU_NOTE_LIBRARY || note.n_namesz != sizeof(VGPU_NOTE_OWNER) ||
			    memcmp((char *)bytes->d_buf + name, VGPU_NOTE_OWNER, sizeof(VGPU_NOTE_OWNER)) ||
			    note.n_descsz < sizeof(library))
				continue;
			memcpy(&library, (char *)bytes->d_buf + data, sizeof(library));
			return library.library;
		}
	}
	return 0;
}

static uint32_t soname_library(Elf *elf)
{
	Elf_Scn *section = NULL;
	GElf_Shdr header;
	GElf_Dyn dyn;

	while ((section = elf_nextscn(elf, section))) {
		Elf_Data *bytes;

		if (!gelf_getshdr(section, &header) || header.sh_type != SHT_DYNAMIC || !header.sh_entsize)
			continue;
		bytes = elf_getdata(section, NULL);
		for (int i = 0; bytes && gelf_getdyn(bytes, i, &dyn); i++) {
			const char *name;

			if (dyn.d_tag != DT_SONAME)
				continue;
			name = elf_strptr(elf, header.sh_link, dyn.d_un.d_ptr);
			return name ? vgpu_kernel_library_of(name) : 0;
		}
	}
	return 0;
}

/* File offset of code at a virtual address, and how much of the file follows there. */
static bool to_offset(Elf *elf, uint64_t address, uint64_t *offset, uint64_t *room)
{
	GElf_Phdr segment;
	size_t n;

	if (elf_getphdrnum(elf, &n))
		return false;
	for (size_t i = 0; i < n; i++) {
		if (!gelf_getphdr(elf, i, &segment) || segment.p_type != PT_LOAD || !(segment.p_flags & PF_X))
			continue;
		if (address < segment.p_vaddr || address - segment.p_vaddr >= segment.p_filesz)
			continue;
		*offset = address - segment.p_vaddr + segment.p_offset;
		*room = segment.p_filesz - (address - segment.p_vaddr);
		return true;
	}
	return false;
}

static int add(struct kernel_symbols *out, uint32_t *room, const char *name, uint64_t offset)
{
	struct kernel_symbol *list;

	if (out->count == *room) {
		*room = *room ? *room * 2 : 256;
		list = realloc(out->list, *room * sizeof(*list));
		if (!list)
			return -ENOMEM;
		out->list = list;
	}
	memset(&out->list[out->count], 0, sizeof(*list));
	out->list[out->count].name = strdup(name);
	if (!out->list[out->count].name)
		return -ENOMEM;
	out->list[out->count++].offset = offset;
	return 0;
}

static int read_table(Elf *elf, int fd, uint32_t type, const struct vgpu_kernel_target *target,
		      struct kernel_symbols *out, uint32_t *list_room)
{
	bool (*want)(void *data, const char *name) =
		type == SHT_SYMTAB && target->want_static ? target->want_static : target->want;
	Elf_Scn *section = NULL;
	GElf_Shdr header;
	GElf_Sym symbol;
	int err = 0;

	while (!err && (section = elf_nextscn(elf, section))) {
		Elf_Data *bytes;

		if (!gelf_getshdr(section, &header) || header.sh_type != type)
			continue;
		bytes = elf_getdata(section, NULL);
		for (int i = 0; !err && bytes && gelf_getsym(bytes, i, &symbol); i++) {
			uint64_t offset, room;
			const char *name;
			uint32_t before;
			ssize_t n;

			/* An indirect function's code is its resolver, which runs in ld.so: not a call. */
			if (GELF_ST_TYPE(symbol.st_info) != STT_FUNC || symbol.st_shndx == SHN_UNDEF)
				continue;
			name = elf_strptr(elf, header.sh_link, symbol.st_name);
			if (!name || !*name || (want && !want(target->data, name)))
				continue;
			if ((target->flags & VGPU_KERNEL_KNOWN) && !vgpu_function_by_name(out->library, name))
				continue;
			if (!to_offset(elf, symbol.st_value, &offset, &room))
				continue;
			before = out->count;
			err = add(out, list_room, name, offset);
			if (err || before == out->count)
				continue;
			n = pread(fd, out->list[before].code, room < 16 ? room : 16, offset);
			out->list[before].code_size = n > 0 ? n : 0;
		}
	}
	return err;
}

static uint32_t sorting_library;

static int by_offset(const void *a, const void *b)
{
	const struct kernel_symbol *x = a, *y = b;
	bool known_x, known_y;

	if (x->offset != y->offset)
		return x->offset < y->offset ? -1 : 1;
	known_x = vgpu_function_by_name(sorting_library, x->name);
	known_y = vgpu_function_by_name(sorting_library, y->name);
	if (known_x != known_y)
		return known_x ? -1 : 1;
	return strcmp(x->name, y->name);
}

static void unite(struct kernel_symbols *out)
{
	uint32_t kept = 0;

	if (!out->count)
		return;
	sorting_library = out->library;
	qsort(out->list, out->count, sizeof(*out->list), by_offset);
	for (uint32_t i = 1; i < out->count; i++) {
		if (out->list[i].offset == out->list[kept].offset) {
			if (strcmp(out->list[i].name, out->list[kept].name))
				out->aliases++;
			free(out->list[i].name);
		} else {
			out->list[++kept] = out->list[i];
		}
	}
	out->count = kept + 1;
}

/* Tables for exceptions: whatever is called in there may throw through its functions. */
static bool may_throw(Elf *elf)
{
	Elf_Scn *section = NULL;
	GElf_Shdr header;
	bool any = false;
	size_t names;

	if (elf_getshdrstrndx(elf, &names))
		return true;
	while ((section = elf_nextscn(elf, section))) {
		const char *name = gelf_getshdr(section, &header) ? elf_strptr(elf, names, header.sh_name) : NULL;

		any = true;
		if (name && !strncmp(name, ".gcc_except_table", strlen(".gcc_except_table")))
			return true;
	}
	/* Without sections nothing can be said. */
	return !any;
}

int kernel_symbols_read(const char *path, const struct vgpu_kernel_target *target, struct kernel_symbols *out)
{
	uint32_t room = 0;
	GElf_Ehdr header;
	Elf *elf = NULL;
	int fd, err;

	memset(out, 0, sizeof(*out));
	elf_version(EV_CURRENT);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	err = -ENOEXEC;
	elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	if (!elf || elf_kind(elf) != ELF_K_ELF || !gelf_getehdr(elf, &header) || header.e_machine != EM_X86_64 ||
	    gelf_getclass(elf) != ELFCLASS64)
		goto out;
	out->library = target->library;
	if (!(target->flags & VGPU_KERNEL_LINKER)) {
		uint32_t ours = note_library(elf);

		out->ours = ours != 0;
		if (ours)
			out->library = ours;
		if (!out->library)
			out->library = soname_library(elf);
		if (!out->library)
			out->library = vgpu_kernel_library_of(path);
	}
	if (target->flags & VGPU_KERNEL_ENTRIES)
		out->throws = may_throw(elf);
	err = read_table(elf, fd, SHT_DYNSYM, target, out, &room);
	if (!err && (target->flags & VGPU_KERNEL_STATICS))
		err = read_table(elf, fd, SHT_SYMTAB, target, out, &room);
	if (!err)
		unite(out);
out:
	if (err)
		kernel_symbols_free(out);
	elf_end(elf);
	close(fd);
	return err;
}

void kernel_symbols_free(struct kernel_symbols *symbols)
{
	for (uint32_t i = 0; i < symbols->count; i++)
		free(symbols->list[i].name);
	free(symbols->list);
	symbols->list = NULL;
	symbols->count = 0;
}
