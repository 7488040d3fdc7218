// SPDX-License-Identifier: Apache-2.0
/* The texts of dlerror, and dlsym's misses: no callback of the audit interface has them. */
#include "shim/audit/audit.h"

#include <sys/mman.h>
#include <errno.h>

#include "shim/audit/sys.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

/*
 * libc calls the linker through a table of pointers, _rtld_global_ro. Five of them have followed
 * each other in all versions from 2.34 to 2.42: _dl_mcount, which the linker exports,
 * _dl_lookup_symbol_x, _dl_open, _dl_close and _dl_catch_error. Every failure of libc's dl*
 * functions passes the last one, with the function that failed and its arguments.
 */
enum { SLOT_CLOSE = 3, SLOT_CATCH = 4 };

enum anchor { /* value of NO_ERROR_TEXT: which one is missing */
	ANCHOR_NONE = 0,
	ANCHOR_SYMBOLS = 1,  /* the linker exports neither of the two names */
	ANCHOR_LIBC = 2,     /* no libc */
	ANCHOR_MCOUNT = 3,   /* not in the table */
	ANCHOR_POINTERS = 4, /* what follows it are no functions of the linker */
	ANCHOR_DLCLOSE = 5,  /* libc's dlclose does not use the place where _dl_close would be */
	ANCHOR_PROTECT = 6,  /* the table cannot be written */
};

typedef int catch_error(const char **object, const char **text, bool *allocated,
			void (*operate)(void *), void *arguments);

/* What _dl_catch_error is told to run, for one libc: each namespace has its own copy. */
struct libc_ops {
	const struct link_map *map; /* NULL: free */
	uintptr_t op[VGPU_LINK_OP_DLVSYM + 1];
};
#define LIBCS_MAX 8u

static catch_error *original;
static uintptr_t dl_close;
static struct libc_ops libcs[LIBCS_MAX];

/* The arguments as libc passes them, by kind of call. */
union call {
	struct {
		const char *file;
		int mode;
		const struct link_map *opened;
		const void *caller;
	} dlopen;
	struct {
		long name_space;
		const char *file;
		int mode;
		const struct link_map *opened;
		const void *caller;
	} dlmopen;
	struct {
		uint64_t handle;
		const char *symbol;
		const void *caller;
	} dlsym;
	struct {
		uint64_t handle;
		const char *symbol, *version;
		const void *caller;
	} dlvsym;
};

static enum vgpu_link_op op_of(uintptr_t operate)
{
	if (operate == dl_close)
		return VGPU_LINK_OP_DLCLOSE;
	for (unsigned i = 0; i < LIBCS_MAX; i++) {
		if (!__atomic_load_n(&libcs[i].map, __ATOMIC_ACQUIRE))
			continue;
		for (unsigned op = VGPU_LINK_OP_DLOPEN; op <= VGPU_LINK_OP_DLVSYM; op++)
			if (libcs[i].op[op] == operate)
				return op;
	}
	return VGPU_LINK_OP_OTHER;
}

static void put(enum vgpu_link_kind kind, enum vgpu_link_op op, int code, const char *object,
		const char *text, const void *arguments)
{
	const union call *call = arguments;
	const char *name = NULL, *version = NULL;
	bool lookup = op == VGPU_LINK_OP_DLSYM || op == VGPU_LINK_OP_DLVSYM;
	enum vgpu_link_vendor vendor = VGPU_VENDOR_NONE;
	struct vgpu_link_call *record;

	if (op == VGPU_LINK_OP_DLOPEN)
		name = call->dlopen.file;
	else if (op == VGPU_LINK_OP_DLMOPEN)
		name = call->dlmopen.file;
	else if (op == VGPU_LINK_OP_DLSYM)
		name = call->dlsym.symbol;
	else if (op == VGPU_LINK_OP_DLVSYM)
		name = call->dlvsym.symbol, version = call->dlvsym.version;
	if (name)
		vendor = lookup ? audit_gpu_symbol(name) : audit_gpu_file(name).vendor;
	if (kind == VGPU_LINK_LOADED && !vendor)
		return;
	record = audit_record(kind, sizeof(*record), (const char *const[]){ name, version, object, text },
			      4, lookup && !vendor ? AUDIT_PLAIN : 0, vendor);
	if (!record)
		return;
	record->op = op;
	record->code = code;
	switch (op) {
	case VGPU_LINK_OP_DLOPEN:
		record->mode = call->dlopen.mode;
		record->handle = kind == VGPU_LINK_LOADED ? (uint64_t)call->dlopen.opened : 0;
		record->caller = (uint64_t)call->dlopen.caller;
		break;
	case VGPU_LINK_OP_DLMOPEN:
		record->name_space = call->dlmopen.name_space;
		record->mode = call->dlmopen.mode;
		record->handle = kind == VGPU_LINK_LOADED ? (uint64_t)call->dlmopen.opened : 0;
		record->caller = (uint64_t)call->dlmopen.caller;
		break;
	case VGPU_LINK_OP_DLSYM:
		record->handle = call->dlsym.handle;
		record->caller = (uint64_t)call->dlsym.caller;
		break;
	case VGPU_LINK_OP_DLVSYM:
		record->handle = call->dlvsym.handle;
		record->caller = (uint64_t)call->dlvsym.caller;
		break;
	case VGPU_LINK_OP_DLCLOSE:
		record->handle = (uint64_t)arguments;
		break;
	default:
		break;
	}
	audit_commit(record);
}

/* What it found is read, and nothing else is done: the call is the program's. */
static int hook(const char **object, const char **text, bool *allocated, void (*operate)(void *),
		void *arguments)
{
	int code = original(object, text, allocated, operate, arguments);
	enum vgpu_link_op op;

	if (*text) {
		put(VGPU_LINK_FAILED, op_of((uintptr_t)operate), code, *object, *text, arguments);
	} else {
		op = op_of((uintptr_t)operate);
		if (op == VGPU_LINK_OP_DLOPEN || op == VGPU_LINK_OP_DLMOPEN)
			put(VGPU_LINK_LOADED, op, 0, NULL, NULL, arguments);
	}
	return code;
}

/*
 * libc's dlsym and its like pass a function of their own, which has no name: the one code address
 * that they load (lea target(%rip), %rdi) before the call.
 */
static uintptr_t passed_by(const struct link_map *map, const struct audit_elf *libc, const char *name)
{
	const ElfW(Sym) *symbol = audit_elf_find(libc, name);
	const uint8_t *code;
	uintptr_t found = 0;

	if (!symbol || symbol->st_size < 8 || symbol->st_size > 4096)
		return 0;
	code = (const uint8_t *)(libc->base + symbol->st_value);
	if (!audit_phdr_is_code(map, (uintptr_t)code) ||
	    !audit_phdr_is_code(map, (uintptr_t)code + symbol->st_size - 1))
		return 0;
	for (uint64_t i = 0; i + 7 <= symbol->st_size; i++) {
		uintptr_t target;
		int32_t distance;

		if (code[i] != 0x48 || code[i + 1] != 0x8d || code[i + 2] != 0x3d)
			continue;
		memcpy(&distance, code + i + 3, sizeof(distance));
		target = (uintptr_t)(code + i + 7) + (intptr_t)distance;
		if (!audit_phdr_is_code(map, target))
			continue;
		if (found && found != target)
			return 0;
		found = target;
	}
	return found;
}

void audit_error_libc(const struct link_map *map, bool opened)
{
	struct audit_elf elf;
	struct libc_ops *free_place = NULL;
	bool whole;

	for (unsigned i = 0; i < LIBCS_MAX; i++) {
		if (libcs[i].map == map)
			__atomic_store_n(&libcs[i].map, NULL, __ATOMIC_RELEASE);
		if (!libcs[i].map && !free_place)
			free_place = &libcs[i];
	}
	if (!opened || !free_place)
		return;
	audit_elf_read(&elf, map);
	free_place->op[VGPU_LINK_OP_DLOPEN] = passed_by(map, &elf, "dlopen");
	free_place->op[VGPU_LINK_OP_DLMOPEN] = passed_by(map, &elf, "dlmopen");
	free_place->op[VGPU_LINK_OP_DLSYM] = passed_by(map, &elf, "dlsym");
	free_place->op[VGPU_LINK_OP_DLVSYM] = passed_by(map, &elf, "dlvsym");
	whole = true;
	for (unsigned op = VGPU_LINK_OP_DLOPEN; op <= VGPU_LINK_OP_DLVSYM; op++) {
		whole = whole && free_place->op[op];
		/* Two calls that seem to pass the same function: neither is understood. */
		for (unsigned other = VGPU_LINK_OP_DLOPEN; other < op; other++)
			whole = whole && free_place->op[other] != free_place->op[op];
	}
	if (!whole) {
		audit_note(VGPU_LINK_NOTE, VGPU_LINK_NO_OP, 0, 0, 0, 0, map->l_name);
		return;
	}
	__atomic_store_n(&free_place->map, map, __ATOMIC_RELEASE);
}

/* Whether dlclose reads the table at that offset. */
static bool dlclose_reads(const struct link_map *map, uint32_t offset)
{
	struct audit_elf elf;
	const ElfW(Sym) *symbol;
	const uint8_t *code;

	audit_elf_read(&elf, map);
	symbol = audit_elf_find(&elf, "dlclose");
	if (!symbol || symbol->st_size < 4 || symbol->st_size > 4096)
		return false;
	code = (const uint8_t *)(elf.base + symbol->st_value);
	if (!audit_phdr_is_code(map, (uintptr_t)code) ||
	    !audit_phdr_is_code(map, (uintptr_t)code + symbol->st_size - 1))
		return false;
	for (uint64_t i = 0; i + 4 <= symbol->st_size; i++)
		if (!memcmp(code + i, &offset, sizeof(offset)))
			return true;
	return false;
}

static enum anchor find_slot(uintptr_t **out)
{
	const ElfW(Sym) *mcount, *table;
	struct audit_elf elf;
	uintptr_t *slots, address;
	uint64_t count, i;

	if (!audit.linker)
		return ANCHOR_SYMBOLS;
	audit_elf_read(&elf, audit.linker);
	mcount = audit_elf_find(&elf, "_dl_mcount");
	table = audit_elf_find(&elf, "_rtld_global_ro");
	if (!mcount || !table)
		return ANCHOR_SYMBOLS;
	if (!audit.libc)
		return ANCHOR_LIBC;
	slots = (uintptr_t *)(elf.base + table->st_value);
	address = elf.base + mcount->st_value;
	count = table->st_size / sizeof(*slots);
	for (i = 0; i + SLOT_CATCH < count && slots[i] != address; i++)
		;
	if (i + SLOT_CATCH >= count)
		return ANCHOR_MCOUNT;
	for (unsigned k = 1; k <= SLOT_CATCH; k++)
		if (!audit_phdr_is_code(audit.linker, slots[i + k]))
			return ANCHOR_POINTERS;
	if (!dlclose_reads(audit.libc, (uint32_t)((i + SLOT_CLOSE) * sizeof(*slots))))
		return ANCHOR_DLCLOSE;
	dl_close = slots[i + SLOT_CLOSE];
	*out = &slots[i + SLOT_CATCH];
	return ANCHOR_NONE;
}

/* The table is made read-only when the linker has relocated itself; if that is still to come, it stays writable. */
static enum anchor replace(uintptr_t *slot, uintptr_t value)
{
	uintptr_t page = (uintptr_t)slot & ~(uintptr_t)4095;
	bool writable = !sys_3(__NR_madvise, page, 4096, MADV_POPULATE_WRITE);

	if (!writable && sys_3(__NR_mprotect, page, 4096, PROT_READ | PROT_WRITE))
		return ANCHOR_PROTECT;
	__atomic_store_n(slot, value, __ATOMIC_RELEASE);
	if (!writable)
		sys_3(__NR_mprotect, page, 4096, PROT_READ);
	return ANCHOR_NONE;
}

void audit_error_install(void)
{
	uintptr_t *slot = NULL;
	enum anchor missing = find_slot(&slot);

	if (!missing) {
		original = (catch_error *)*slot;
		missing = replace(slot, (uintptr_t)hook);
	}
	if (missing)
		audit_note(VGPU_LINK_NOTE, VGPU_LINK_NO_ERROR_TEXT, 0, missing, 0, 0, NULL);
	else
		audit_error_libc(audit.libc, true);
}
