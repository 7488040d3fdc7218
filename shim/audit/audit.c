// SPDX-License-Identifier: Apache-2.0
/* The link observer: what the dynamic linker calls, as rtld-audit(7) has it. */
#include "shim/audit/audit.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <fcntl.h>

#include "shim/audit/sys.h"
#include "shim/entry/library.h"

#ifndef MADV_WIPEONFORK
#define MADV_WIPEONFORK 18
#endif

#define PUBLIC __attribute__((visibility("default")))

/* la_symbind64 exists from this version on without a cost for every call (glibc 2.35). */
#define AUDIT_VERSION 2u

/* A cookie is the object's link_map, which is aligned, and these. */
#define COOKIE_GPU  1u
#define COOKIE_LIBC 2u
#define COOKIE_MASK 15u

/* Room that must be free after a file event, for what comes without one: at first, later, and all symbols of a GPU library. */
#define ROOM_SEARCH  4096u
#define ROOM_LOADED  32768u
#define ROOM_BINDING 262144u

struct audit audit;

static const struct link_map *object_of(const uintptr_t *cookie)
{
	return (const struct link_map *)(*cookie & ~(uintptr_t)COOKIE_MASK);
}

static bool cookie_is(const uintptr_t *cookie, unsigned what)
{
	return *cookie & what;
}

static void family_open(void)
{
	long base = sys6(__NR_mmap, 0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (base < 0 && base >= -4095)
		return;
	if (sys_3(__NR_madvise, base, 4096, MADV_WIPEONFORK)) {
		sys_2(__NR_munmap, base, 4096);
		return;
	}
	audit.family = (uint32_t *)base;
	*audit.family = 1;
}

static void record_open(struct vgpu_process *process, unsigned version)
{
	const char *directory = audit_stack_env(&audit.stack, "VGPU_TRACE_DIR");

	if (!directory || !*directory)
		return;
	audit_identity_read(process);
	audit_clock_open(audit_stack_aux(&audit.stack, AT_SYSINFO_EHDR));
	if (audit_arena_open(directory, audit_stack_env(&audit.stack, "VGPU_TRACE_SESSION"), process))
		return;
	family_open();
	audit_start_record(version);
	if (!audit.start)
		audit.arena = NULL;
}

PUBLIC unsigned la_version(unsigned version)
{
	struct vgpu_process process = { 0 };

	if (version < 1)
		return 0;
	if (!audit_stack_find(&process) && !audit_stack_aux(&audit.stack, AT_SECURE)) {
		audit_tls_start();
		record_open(&process, version);
		if (version < AUDIT_VERSION) {
			/*
			 * Any auditor costs every call through a linkage table there, and makes lazy what was
			 * not. To return 0 is not enough: see tls.c.
			 */
			audit_exec_without(VGPU_LINK_OLD_GLIBC, version, AUDIT_VERSION, NULL);
			return 0;
		}
		audit_redirect_start();
	}
	/* Even if nothing is to be recorded: see tls.c. */
	return version < AUDIT_VERSION ? 0 : AUDIT_VERSION;
}

static bool name_is(const char *name, const char *other)
{
	return sys_equal(sys_basename(name), other);
}

PUBLIC char *la_objsearch(const char *name, uintptr_t *cookie, unsigned origin)
{
	const struct link_map *requester = object_of(cookie);
	struct vgpu_link_searched *record;
	enum vgpu_link_vendor vendor;
	const char *other = NULL;
	struct stat st;
	bool statted;
	long err = 0;

	if (origin == VGPU_LINK_ORIGINAL)
		other = audit_redirect(name, requester);
	if (!audit.arena)
		return (char *)(other ? other : name);
	audit_arena_grow(ROOM_SEARCH + (uint32_t)strlen(name));
	vendor = audit_gpu_file(name).vendor;
	/* A bare name is not a file yet. The linker is about to open it: one look more does no harm. */
	statted = (vendor || cookie_is(cookie, COOKIE_GPU)) && sys_basename(name) != name;
	if (statted)
		err = sys_4(__NR_newfstatat, AT_FDCWD, name, &st, 0);
	record = audit_record(VGPU_LINK_SEARCHED, sizeof(*record), (const char *const[]){ name, other },
			      other ? 2 : 1,
			      (statted ? VGPU_LINK_STATTED : 0) | (other ? VGPU_LINK_REDIRECTED : 0), vendor);
	if (record) {
		record->object = (uint64_t)requester;
		record->origin = origin;
		if (statted && !err) {
			record->device = st.st_dev;
			record->inode = st.st_ino;
			record->size = (uint64_t)st.st_size;
			record->mode = st.st_mode;
		}
		record->error = (int32_t)-err;
		audit_commit(record);
	}
	return (char *)(other ? other : name);
}

/* Notes lie in segments of the file that are mapped. */
static void read_notes(struct vgpu_link_opened *record, const uint8_t *at, size_t bytes, size_t align)
{
	const uint8_t *end = at + bytes;

	while ((size_t)(end - at) >= sizeof(ElfW(Nhdr))) {
		const ElfW(Nhdr) *note = (const ElfW(Nhdr) *)at;
		const uint8_t *name = at + sizeof(*note);
		/* What follows the name is aligned from the note's start, not from the name's. */
		size_t name_bytes = ((sizeof(*note) + note->n_namesz + align - 1) & ~(align - 1)) - sizeof(*note);
		size_t bytes_left = (size_t)(end - name);
		const uint8_t *desc = name + name_bytes;

		if (name_bytes > bytes_left || note->n_descsz > bytes_left - name_bytes)
			return;
		if (note->n_type == NT_GNU_BUILD_ID && note->n_namesz == 4 && !memcmp(name, "GNU", 4) &&
		    note->n_descsz <= sizeof(record->build_id)) {
			memcpy(record->build_id, desc, note->n_descsz);
			record->build_id_size = (uint8_t)note->n_descsz;
		}
		if (note->n_type == VGPU_NOTE_LIBRARY && note->n_namesz == sizeof(VGPU_NOTE_OWNER) &&
		    !memcmp(name, VGPU_NOTE_OWNER, sizeof(VGPU_NOTE_OWNER)) &&
		    note->n_descsz >= sizeof(struct vgpu_note_library)) {
			record->ours = (uint8_t)((const struct vgpu_note_library *)desc)->library;
			record->head.flags |= VGPU_LINK_OURS;
		}
		at = desc + ((note->n_descsz + align - 1) & ~(align - 1));
		if (at > end)
			return;
	}
}

static void read_segments(struct vgpu_link_opened *record, const struct link_map *map)
{
	unsigned count;
	const ElfW(Phdr) *phdr = audit_phdr(map, &count);
	uint64_t from = UINT64_MAX, to = 0, readable_to = 0;

	for (unsigned i = 0; i < count; i++) {
		uint64_t end = phdr[i].p_vaddr + phdr[i].p_memsz;

		if (phdr[i].p_type == PT_TLS) {
			record->tls_size = (uint32_t)phdr[i].p_memsz;
			record->tls_align = (uint32_t)phdr[i].p_align;
		}
		if (phdr[i].p_type != PT_LOAD)
			continue;
		if (phdr[i].p_vaddr < from) {
			from = phdr[i].p_vaddr;
			readable_to = phdr[i].p_flags & PF_R ? phdr[i].p_vaddr + phdr[i].p_filesz : 0;
		}
		if (end > to)
			to = end;
	}
	if (from > to)
		return;
	record->from = map->l_addr + from;
	record->to = map->l_addr + to;
	/* Notes are in the first segment of every sane file; elsewhere they are not looked for. */
	for (unsigned i = 0; i < count; i++)
		if (phdr[i].p_type == PT_NOTE && phdr[i].p_vaddr >= from &&
		    phdr[i].p_filesz <= readable_to && phdr[i].p_vaddr <= readable_to - phdr[i].p_filesz)
			read_notes(record, (const uint8_t *)(map->l_addr + phdr[i].p_vaddr), phdr[i].p_filesz,
				   phdr[i].p_align == 8 ? 8 : 4);
}

static void put_opened(const struct link_map *map, long name_space, const char *soname,
		       struct audit_gpu gpu, unsigned flags)
{
	const char *path = map->l_name ? map->l_name : "";
	struct vgpu_link_opened *record;
	struct stat st;
	long err = 0;

	if (gpu.vendor && *path) {
		flags |= VGPU_LINK_STATTED;
		err = sys_4(__NR_newfstatat, AT_FDCWD, path, &st, 0);
	}
	record = audit_record(VGPU_LINK_OPENED, sizeof(*record), (const char *const[]){ path, soname }, 2,
			      flags, gpu.vendor);
	if (!record)
		return;
	record->object = (uint64_t)map;
	record->base = map->l_addr;
	record->name_space = name_space;
	if ((flags & VGPU_LINK_STATTED) && !err) {
		record->device = st.st_dev;
		record->inode = st.st_ino;
		record->size = (uint64_t)st.st_size;
		record->mode = st.st_mode;
	}
	record->error = (int32_t)-err;
	read_segments(record, map);
	audit_commit(record);
}

static void learn(const struct link_map *main_map)
{
	if (audit_phdr_learn(main_map))
		return;
	audit_note(VGPU_LINK_NOTE, VGPU_LINK_NO_OBJECTS, 0, 0, 0, 0, NULL);
	audit_exec_without(VGPU_LINK_LAYOUT, 0, 0, NULL);
}

/* Nothing can be recorded, but the TLS watch is on: the linker knows where the stack is, too. */
static void start_without_proc(const struct audit_elf *linker)
{
	const ElfW(Sym) *symbol = audit_elf_find(linker, "__libc_stack_end");
	uint64_t *start = symbol ? *(uint64_t **)(linker->base + symbol->st_value) : NULL;
	struct audit_elf elf;

	if (!start)
		return;
	audit_stack_read(&audit.stack, start);
	if (audit_stack_aux(&audit.stack, AT_SECURE)) {
		audit.stack = (struct audit_stack){ 0 };
		return;
	}
	audit_tls_start();
	learn(audit.main_map);
	audit_elf_read(&elf, audit.main_map);
	audit_tls_object(audit.main_map, &elf, true);
}

PUBLIC unsigned la_objopen(struct link_map *map, long name_space, uintptr_t *cookie)
{
	bool is_main = !audit.main_map, is_linker = false;
	struct audit_gpu gpu = { VGPU_VENDOR_NONE, false };
	unsigned flags = 0;
	struct audit_elf elf;

	*cookie = (uintptr_t)map;
	audit_elf_read(&elf, map);
	if (is_main) {
		audit.main_map = map;
		flags |= VGPU_LINK_MAIN;
		if (audit.stack.argv)
			learn(map);
	} else if (!audit.linker && name_is(elf.soname, "ld-linux-x86-64.so.2")) {
		audit.linker = map;
		is_linker = true;
		flags |= VGPU_LINK_LINKER;
		if (!audit.stack.argv)
			start_without_proc(&elf);
	} else if (!name_space && !audit.libc && sys_equal(elf.soname, "libc.so.6")) {
		audit.libc = map;
	}
	if (!audit.started && !is_linker)
		audit_tls_object(map, &elf, is_main);
	if (!audit.arena)
		return 0;

	if (!is_main && !is_linker) {
		gpu = audit_gpu_file(map->l_name ? map->l_name : "");
		if (!gpu.vendor)
			gpu = audit_gpu_file(elf.soname);
	}
	if (!gpu.bind) {
		struct audit_gpu exported = audit_gpu_exports(&elf);

		if (exported.vendor) {
			flags |= gpu.vendor ? 0 : VGPU_LINK_BY_EXPORT;
			gpu.bind = exported.bind;
			if (!gpu.vendor)
				gpu.vendor = exported.vendor;
		}
	}
	audit_arena_grow(gpu.bind ? ROOM_BINDING : ROOM_SEARCH);
	audit.opened++;
	put_opened(map, name_space, elf.soname, gpu, flags);
	if (gpu.vendor)
		*cookie |= COOKIE_GPU;
	if (audit.started && sys_equal(elf.soname, "libc.so.6")) {
		audit_error_libc(map, true);
		*cookie |= COOKIE_LIBC;
	}
	return LA_FLG_BINDFROM | (gpu.bind ? LA_FLG_BINDTO : 0);
}

PUBLIC unsigned la_objclose(uintptr_t *cookie)
{
	const struct link_map *map = object_of(cookie);
	struct vgpu_link_closed *record;

	if (cookie_is(cookie, COOKIE_LIBC))
		audit_error_libc(map, false);
	if (audit_new_child())
		return 0;
	record = audit_record(VGPU_LINK_CLOSED, sizeof(*record), NULL, 0, 0,
			      cookie_is(cookie, COOKIE_GPU) ? audit_gpu_file(map->l_name).vendor :
							      VGPU_VENDOR_NONE);
	if (record) {
		record->object = (uint64_t)map;
		record->base = map->l_addr;
		audit_commit(record);
	}
	return 0;
}

PUBLIC void la_activity(uintptr_t *cookie, unsigned activity)
{
	struct vgpu_link_consistent *record;
	unsigned flags = 0;

	if (activity != LA_ACT_CONSISTENT) {
		audit.activity = activity;
		return;
	}
	if (!audit.started) {
		audit_tls_consistent();
		audit.started = true;
		flags = VGPU_LINK_STARTED;
		if (audit.arena)
			audit_error_install();
	}
	if (!audit.arena || (audit.activity == LA_ACT_DELETE && audit_new_child()))
		return;
	/* At exit, which ends a removal, the program may have given up system calls. */
	if (audit.activity == LA_ACT_ADD || flags) {
		audit_arena_grow(flags ? ROOM_SEARCH : ROOM_LOADED);
		audit_clock_anchor();
	}
	record = audit_record(VGPU_LINK_CONSISTENT, sizeof(*record), NULL, 0, flags, VGPU_VENDOR_NONE);
	if (!record)
		return;
	record->object = (uint64_t)object_of(cookie);
	record->opened = audit.opened;
	record->activity = audit.activity;
	audit_commit(record);
}

PUBLIC uintptr_t la_symbind64(ElfW(Sym) *symbol, unsigned index, uintptr_t *from, uintptr_t *to,
			      unsigned *flags, const char *name)
{
	enum vgpu_link_vendor vendor = audit_gpu_symbol(name);
	struct vgpu_link_bound *record;
	bool by_dlsym = *flags & LA_SYMB_DLSYM;

	/* dlsym asks for everything; a linkage table is reported for GPU libraries only. */
	if (by_dlsym && !vendor)
		return symbol->st_value;
	record = audit_record(VGPU_LINK_BOUND, sizeof(*record), &name, 1, by_dlsym ? VGPU_LINK_DLSYM : 0,
			      vendor);
	if (record) {
		record->from = (uint64_t)object_of(from);
		record->to = (uint64_t)object_of(to);
		record->address = symbol->st_value;
		record->index = index;
		audit_commit(record);
	}
	return symbol->st_value;
}
