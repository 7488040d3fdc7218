// SPDX-License-Identifier: Apache-2.0
/* What an ELF file is. */
#include "tracer/source/elf.h"

#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <libelf.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shim/entry/library.h"

static void read_notes(Elf *elf, const GElf_Phdr *phdr, struct vgpu_elf *out)
{
	Elf_Data *data = elf_getdata_rawchunk(elf, phdr->p_offset, phdr->p_filesz,
					      phdr->p_align == 8 ? ELF_T_NHDR8 : ELF_T_NHDR);
	size_t at = 0, next, name, desc;
	GElf_Nhdr note;

	while (data && (next = gelf_getnote(data, at, &note, &name, &desc)) > 0) {
		const char *owner = (const char *)data->d_buf + name;
		const char *bytes = (const char *)data->d_buf + desc;

		if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 && !memcmp(owner, "GNU", 4)) {
			out->build_id_size = note.n_descsz < sizeof(out->build_id) ? note.n_descsz
										  : sizeof(out->build_id);
			memcpy(out->build_id, bytes, out->build_id_size);
		} else if (note.n_type == VGPU_NOTE_LIBRARY && note.n_namesz == sizeof(VGPU_NOTE_OWNER) &&
			   !memcmp(owner, VGPU_NOTE_OWNER, sizeof(VGPU_NOTE_OWNER)) &&
			   note.n_descsz >= sizeof(struct vgpu_note_library)) {
			struct vgpu_note_library ours;

			memcpy(&ours, bytes, sizeof(ours));
			out->library = ours.library;
			out->core_abi = ours.core_abi;
			out->schema_hash = ours.schema_hash;
		}
		at = next;
	}
}

static void read_section(Elf *elf, Elf_Scn *section, struct vgpu_elf *out)
{
	Elf_Data *data = elf_getdata(section, NULL);
	GElf_Shdr shdr;
	GElf_Sym symbol;
	GElf_Dyn dyn;

	if (!data || !gelf_getshdr(section, &shdr) || !shdr.sh_entsize)
		return;
	for (size_t i = 0; i < shdr.sh_size / shdr.sh_entsize && i < 1u << 20; i++) {
		if (shdr.sh_type == SHT_DYNSYM) {
			if (gelf_getsym(data, i, &symbol) && symbol.st_shndx != SHN_UNDEF &&
			    GELF_ST_TYPE(symbol.st_info) == STT_FUNC && GELF_ST_BIND(symbol.st_info) != STB_LOCAL)
				out->symbols++;
		} else if (gelf_getdyn(data, i, &dyn) && dyn.d_tag == DT_SONAME) {
			const char *name = elf_strptr(elf, shdr.sh_link, dyn.d_un.d_val);

			snprintf(out->soname, sizeof(out->soname), "%s", name ? name : "");
		}
	}
}

int vgpu_elf_read(const char *path, struct vgpu_elf *out)
{
	Elf_Scn *section = NULL;
	size_t count = 0;
	Elf *elf = NULL;
	GElf_Ehdr ehdr;
	GElf_Phdr phdr;
	GElf_Shdr shdr;
	struct stat st;
	int fd, err = -ENOEXEC;

	memset(out, 0, sizeof(*out));
	elf_version(EV_CURRENT);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		goto out;
	elf = elf_begin(fd, ELF_C_READ, NULL);
	if (!elf || elf_kind(elf) != ELF_K_ELF || !gelf_getehdr(elf, &ehdr))
		goto out;
	err = 0;
	out->is64 = gelf_getclass(elf) == ELFCLASS64;
	out->machine = ehdr.e_machine;
	elf_getphdrnum(elf, &count);
	for (size_t i = 0; i < count && gelf_getphdr(elf, i, &phdr); i++) {
		if (phdr.p_type == PT_NOTE)
			read_notes(elf, &phdr, out);
		out->interpreter |= phdr.p_type == PT_INTERP;
		out->dynamic |= phdr.p_type == PT_INTERP || phdr.p_type == PT_DYNAMIC;
	}
	while ((section = elf_nextscn(elf, section)))
		if (gelf_getshdr(section, &shdr) && (shdr.sh_type == SHT_DYNSYM || shdr.sh_type == SHT_DYNAMIC))
			read_section(elf, section, out);
out:
	elf_end(elf);
	close(fd);
	return err;
}

uint64_t vgpu_elf_before(const char *path, uint64_t offset)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	uint64_t before = offset;
	Elf64_Phdr segments[64];
	Elf64_Ehdr head;
	ssize_t n = 0;

	if (fd < 0)
		return before;
	if (pread(fd, &head, sizeof(head), 0) == sizeof(head) && !memcmp(head.e_ident, ELFMAG, SELFMAG) &&
	    head.e_ident[EI_CLASS] == ELFCLASS64 && head.e_phentsize == sizeof(*segments))
		n = pread(fd, segments, (head.e_phnum < 64 ? head.e_phnum : 64) * sizeof(*segments), (off_t)head.e_phoff);
	for (ssize_t i = 0; i < n / (ssize_t)sizeof(*segments); i++)
		if (segments[i].p_type == PT_LOAD && segments[i].p_flags & PF_X &&
		    (segments[i].p_offset & ~UINT64_C(4095)) == offset)
			before = segments[i].p_vaddr & ~UINT64_C(4095);
	close(fd);
	return before;
}
