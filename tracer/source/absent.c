// SPDX-License-Identifier: Apache-2.0
/* Why a file has no function of a name: by its symbol tables and its debug information. */
#include "tracer/source/absent.h"

#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#if VGPU_HAVE_DW
#include <dwarf.h>
#include <elfutils/libdw.h>
#endif

#define SYSTEM_DEBUG "/usr/lib/debug"
#define NAME_ROOM sizeof(((struct vgpu_absent *)0)->near[0])
/* A few seconds; of more it cannot be said where the name was inlined. */
#define ENTRIES_MAX 20000000u
#define DEPTH_MAX 64u

struct look {
	struct vgpu_absent *out;
	const char *name;
	unsigned score[VGPU_ABSENT_NEAR];
	bool imported;
	uint32_t entries; /* of debug information */
};

/* ---- names that are like it ---- */

static unsigned distance(const char *a, const char *b)
{
	unsigned row[NAME_ROOM + 1], n = strlen(b);

	for (unsigned k = 0; k <= n; k++)
		row[k] = k;
	for (unsigned i = 0; a[i]; i++) {
		unsigned before = row[0]++;

		for (unsigned k = 0; k < n; k++) {
			unsigned here = row[k + 1], best = before + (a[i] != b[k]);

			best = here + 1 < best ? here + 1 : best;
			best = row[k] + 1 < best ? row[k] + 1 : best;
			row[k + 1] = best;
			before = here;
		}
	}
	return row[n];
}

/* The lower, the likelier; what the compiler made of it ("f.constprop.0") first, then what has it within. */
static unsigned score(const char *wanted, const char *name)
{
	size_t n = strlen(wanted), size = strlen(name);
	unsigned far;

	if (!strncmp(name, wanted, n) && name[n] == '.')
		return 0;
	if (strstr(name, wanted) || (size > 3 && strstr(wanted, name)))
		return 1;
	if (size >= NAME_ROOM || n >= NAME_ROOM)
		return UINT32_MAX;
	far = distance(wanted, name);
	return far <= 1 + n / 4 ? 1 + far : UINT32_MAX;
}

static void keep_near(struct look *look, const char *name)
{
	unsigned own = score(look->name, name), at = look->out->near_count;

	if (own == UINT32_MAX)
		return;
	for (unsigned i = 0; i < look->out->near_count; i++)
		if (!strncmp(look->out->near[i], name, NAME_ROOM - 1))
			return;
	while (at && own < look->score[at - 1])
		at--;
	if (at == VGPU_ABSENT_NEAR)
		return;
	if (look->out->near_count < VGPU_ABSENT_NEAR)
		look->out->near_count++;
	for (unsigned i = look->out->near_count - 1; i > at; i--) {
		memcpy(look->out->near[i], look->out->near[i - 1], NAME_ROOM);
		look->score[i] = look->score[i - 1];
	}
	snprintf(look->out->near[at], NAME_ROOM, "%s", name);
	look->score[at] = own;
}

static void look_through(struct look *look, Elf *elf, uint32_t type)
{
	Elf_Scn *section = NULL;
	GElf_Shdr header;
	GElf_Sym symbol;

	while ((section = elf_nextscn(elf, section))) {
		Elf_Data *bytes;

		if (!gelf_getshdr(section, &header) || header.sh_type != type)
			continue;
		bytes = elf_getdata(section, NULL);
		look->out->table |= type == SHT_SYMTAB;
		for (int i = 0; bytes && gelf_getsym(bytes, i, &symbol); i++) {
			const char *name = elf_strptr(elf, header.sh_link, symbol.st_name);

			if (!name || !*name)
				continue;
			if (symbol.st_shndx == SHN_UNDEF) {
				look->imported |= type == SHT_DYNSYM && !strcmp(name, look->name);
				continue;
			}
			if (GELF_ST_TYPE(symbol.st_info) != STT_FUNC)
				continue;
			look->out->exported += type == SHT_DYNSYM;
			keep_near(look, name);
		}
	}
}

/* ---- debug information ---- */

#if VGPU_HAVE_DW
static void count_inlined(struct look *look, Dwarf_Die *entry, unsigned depth)
{
	Dwarf_Die child;

	if (depth == DEPTH_MAX || dwarf_child(entry, &child))
		return;
	do {
		if (++look->entries > ENTRIES_MAX)
			return;
		if (dwarf_tag(&child) == DW_TAG_inlined_subroutine) {
			const char *name = dwarf_diename(&child);

			look->out->places += name && !strcmp(name, look->name);
		}
		count_inlined(look, &child, depth + 1);
	} while (!dwarf_siblingof(&child, &child));
}

static void look_through_debug(struct look *look, Elf *elf)
{
	Dwarf *dwarf = dwarf_begin_elf(elf, DWARF_C_READ, NULL);
	Dwarf_Off at = 0, next;
	size_t header;

	while (dwarf && !dwarf_nextcu(dwarf, at, &next, &header, NULL, NULL, NULL)) {
		Dwarf_Die unit;

		if (dwarf_offdie(dwarf, at + header, &unit)) {
			look->out->debug = true;
			count_inlined(look, &unit, 0);
		}
		at = next;
	}
	if (look->entries > ENTRIES_MAX)
		look->out->debug = false;
	dwarf_end(dwarf);
}
#else
static void look_through_debug(struct look *look, Elf *elf)
{
	(void)look;
	(void)elf;
}
#endif

/* ---- the debug file of one that has nothing itself ---- */

static int open_by_build_id(Elf *elf)
{
	Elf_Scn *section = NULL;
	GElf_Shdr header;

	while ((section = elf_nextscn(elf, section))) {
		size_t at = 0, name, data;
		Elf_Data *bytes;
		GElf_Nhdr note;

		if (!gelf_getshdr(section, &header) || header.sh_type != SHT_NOTE)
			continue;
		bytes = elf_getdata(section, NULL);
		while (bytes && (at = gelf_getnote(bytes, at, &note, &name, &data))) {
			const uint8_t *id = (const uint8_t *)bytes->d_buf + data;
			char path[256] = SYSTEM_DEBUG "/.build-id/";
			size_t n = strlen(path);

			if (note.n_type != NT_GNU_BUILD_ID || note.n_namesz != 4 ||
			    note.n_descsz < 2 || note.n_descsz > 64 ||
			    memcmp((const char *)bytes->d_buf + name, "GNU", 4))
				continue;
			for (unsigned i = 0; i < note.n_descsz; i++)
				n += snprintf(path + n, sizeof(path) - n, i == 1 ? "/%02x" : "%02x",
					      id[i]);
			snprintf(path + n, sizeof(path) - n, ".debug");
			return open(path, O_RDONLY | O_CLOEXEC);
		}
	}
	return -1;
}

static int open_by_link(Elf *elf, const char *path)
{
	/* before and behind the file's own directory */
	static const char *const places[][2] = { { "", "" },
						 { "", "/.debug" },
						 { SYSTEM_DEBUG, "" } };
	const char *slash = strrchr(path, '/'), *link = NULL;
	Elf_Scn *section = NULL;
	GElf_Shdr header;
	size_t names;
	int fd = -1;

	if (!slash || elf_getshdrstrndx(elf, &names))
		return -1;
	while (!link && (section = elf_nextscn(elf, section))) {
		const char *name =
		    gelf_getshdr(section, &header) ? elf_strptr(elf, names, header.sh_name) : NULL;
		Elf_Data *bytes =
		    name && !strcmp(name, ".gnu_debuglink") ? elf_rawdata(section, NULL) : NULL;

		if (bytes && bytes->d_size && memchr(bytes->d_buf, 0, bytes->d_size))
			link = bytes->d_buf;
	}
	/* A name only: whoever made the file is not to send us anywhere. */
	if (!link || strchr(link, '/'))
		return -1;
	for (size_t i = 0; fd < 0 && i < sizeof(places) / sizeof(places[0]); i++) {
		char place[4096];

		snprintf(place, sizeof(place), "%s%.*s%s/%s", places[i][0], (int)(slash - path),
			 path, places[i][1], link);
		fd = open(place, O_RDONLY | O_CLOEXEC);
	}
	return fd;
}

static void look_through_debug_file(struct look *look, Elf *elf, const char *path)
{
	bool table = look->out->table;
	int fd = open_by_build_id(elf);
	Elf *other;

	if (fd < 0)
		fd = open_by_link(elf, path);
	if (fd < 0)
		return;
	other = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	if (other && elf_kind(other) == ELF_K_ELF) {
		if (!table)
			look_through(look, other, SHT_SYMTAB);
		look_through_debug(look, other);
	}
	elf_end(other);
	close(fd);
}

int vgpu_absent_look(struct vgpu_absent *out, int fd, const char *path, const char *name)
{
	struct look look = { .out = out, .name = name };
	GElf_Ehdr header;
	Elf *elf;

	memset(out, 0, sizeof(*out));
	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	if (!elf || elf_kind(elf) != ELF_K_ELF || !gelf_getehdr(elf, &header)) {
		elf_end(elf);
		return -ENOEXEC;
	}
	look_through(&look, elf, SHT_DYNSYM);
	look_through(&look, elf, SHT_SYMTAB);
	look_through_debug(&look, elf);
	if (!out->table || !out->debug)
		look_through_debug_file(&look, elf, path);
	elf_end(elf);
	out->reason = out->places     ? VGPU_UNPLACED_INLINED
		      : look.imported ? VGPU_UNPLACED_IMPORTED
		      : !out->table   ? VGPU_UNPLACED_STRIPPED
				      : VGPU_UNPLACED_UNKNOWN;
	return 0;
}

void vgpu_absent_say(const struct vgpu_absent *absent, const char *path, struct vgpu_text *out)
{
	switch (absent->reason) {
	case VGPU_UNPLACED_INLINED:
		vgpu_text_printf(out,
				 "in %s it was inlined at %u place%s, and has no code of its own",
				 path, absent->places, absent->places == 1 ? "" : "s");
		break;
	case VGPU_UNPLACED_IMPORTED:
		vgpu_text_printf(out, "%s calls it and does not have it: it is another library's",
				 path);
		break;
	case VGPU_UNPLACED_STRIPPED:
		vgpu_text_printf(out,
				 "%s is stripped: it names only the %u function%s that it exports",
				 path, absent->exported, absent->exported == 1 ? "" : "s");
		break;
	default:
		vgpu_text_printf(out, "%s has no function of that name", path);
		if (!absent->debug)
			vgpu_text_puts(
			    out,
			    " (without debug information it is not known whether it was inlined)");
		break;
	}
	for (unsigned i = 0; i < absent->near_count; i++)
		vgpu_text_printf(out, "%s%s", i ? ", " : "; it has ", absent->near[i]);
}
