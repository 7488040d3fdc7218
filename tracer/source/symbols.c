// SPDX-License-Identifier: Apache-2.0
/* Names and source lines of addresses, by libdw. */
#include "tracer/source/symbols.h"

#include <errno.h>

#if !VGPU_HAVE_DW

int vgpu_symbols_open(struct vgpu_symbols **out, const char *debug)
{
	(void)debug;
	*out = NULL;
	return -ENOTSUP;
}

void vgpu_symbols_close(struct vgpu_symbols *symbols)
{
	(void)symbols;
}

enum vgpu_symbols_found vgpu_symbols_format(struct vgpu_symbols *symbols, const char *path, const uint8_t *build_id,
					    unsigned build_id_size, uint64_t offset, struct vgpu_text *out)
{
	(void)symbols, (void)path, (void)build_id, (void)build_id_size, (void)offset, (void)out;
	return VGPU_SYMBOLS_NONE;
}

enum vgpu_symbols_found vgpu_symbols_format_exact(struct vgpu_symbols *symbols, const char *path, const uint8_t *build_id,
						  unsigned build_id_size, uint64_t offset, struct vgpu_text *out)
{
	return vgpu_symbols_format(symbols, path, build_id, build_id_size, offset, out);
}

#else

#include <elfutils/libdwfl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tracer/model/demangle.h"

#define SYSTEM_DEBUG "/usr/lib/debug"

struct module {
	struct module *next;
	char *path;
	uint8_t build_id[64];
	unsigned build_id_size;
	Dwfl *dwfl;
	Dwfl_Module *module;
	GElf_Addr bias;
	enum vgpu_symbols_found why; /* there is no module */
};

struct vgpu_symbols {
	struct module *modules;
	char *debug;       /* as it was given, or the system's */
	char *search;      /* as libdw wants it: also beside the file itself */
	Dwfl_Callbacks callbacks;
};

int vgpu_symbols_open(struct vgpu_symbols **out, const char *debug)
{
	struct vgpu_symbols *symbols = calloc(1, sizeof(*symbols));

	*out = symbols;
	if (!symbols)
		return -ENOMEM;
	symbols->debug = strdup(debug ? debug : SYSTEM_DEBUG);
	if (!symbols->debug || asprintf(&symbols->search, ":.debug:%s", symbols->debug) < 0) {
		symbols->search = NULL;
		vgpu_symbols_close(symbols);
		*out = NULL;
		return -ENOMEM;
	}
	symbols->callbacks = (Dwfl_Callbacks){
		.find_elf = dwfl_build_id_find_elf,
		.find_debuginfo = dwfl_standard_find_debuginfo,
		.section_address = dwfl_offline_section_address,
		.debuginfo_path = &symbols->search,
	};
	return 0;
}

static void module_free(struct module *module)
{
	if (module->dwfl)
		dwfl_end(module->dwfl);
	free(module->path);
	free(module);
}

void vgpu_symbols_close(struct vgpu_symbols *symbols)
{
	if (!symbols)
		return;
	for (struct module *module = symbols->modules, *next; module; module = next) {
		next = module->next;
		module_free(module);
	}
	free(symbols->debug);
	free(symbols->search);
	free(symbols);
}

/* Opens the file as the module, when it is the build that is meant. */
static bool open_module(struct vgpu_symbols *symbols, struct module *module, const char *path)
{
	const unsigned char *bits;
	GElf_Addr at;
	int size;

	module->dwfl = dwfl_begin(&symbols->callbacks);
	if (!module->dwfl)
		return false;
	module->module = dwfl_report_offline(module->dwfl, path, path, -1);
	if (module->module && !dwfl_report_end(module->dwfl, NULL, NULL) &&
	    dwfl_module_getelf(module->module, &module->bias)) {
		size = dwfl_module_build_id(module->module, &bits, &at);
		if (!module->build_id_size ||
		    (size == (int)module->build_id_size && !memcmp(bits, module->build_id, size)))
			return true;
		module->why = VGPU_SYMBOLS_OTHER;
	}
	dwfl_end(module->dwfl);
	module->dwfl = NULL;
	module->module = NULL;
	return false;
}

/* DIR/.build-id/ab/cdef….debug, in each directory of debug files. */
static bool open_by_build_id(struct vgpu_symbols *symbols, struct module *module)
{
	char id[2 * sizeof(module->build_id) + 2], path[4096];
	const char *at = symbols->debug;

	if (module->build_id_size < 2)
		return false;
	for (unsigned i = 0, n = 0; i < module->build_id_size; i++)
		n += snprintf(id + n, sizeof(id) - n, i == 1 ? "/%02x" : "%02x", module->build_id[i]);
	while (*at) {
		int n = strcspn(at, ":");

		snprintf(path, sizeof(path), "%.*s/.build-id/%s.debug", n, at, id);
		if (n && !access(path, R_OK) && open_module(symbols, module, path))
			return true;
		at += n + (at[n] == ':');
	}
	return false;
}

/* File and line of an address, NULL: not known. clang writes no table of which unit has which addresses. */
static const char *source_of(Dwfl_Module *module, Dwarf_Addr address, int *number)
{
	Dwfl_Line *line = dwfl_module_getsrc(module, address);
	Dwarf_Die *unit = NULL;
	Dwarf_Line *found;
	Dwarf_Addr bias;

	if (line)
		return dwfl_lineinfo(line, NULL, number, NULL, NULL, NULL);
	while ((unit = dwfl_module_nextcu(module, unit, &bias))) {
		if (dwarf_haspc(unit, address - bias) != 1)
			continue;
		found = dwarf_getsrc_die(unit, address - bias);
		return found && !dwarf_lineno(found, number) ? dwarf_linesrc(found, NULL, NULL) : NULL;
	}
	return NULL;
}

static struct module *module_of(struct vgpu_symbols *symbols, const char *path, const uint8_t *build_id, unsigned size)
{
	struct module *module;

	if (size > sizeof(module->build_id))
		size = 0;
	for (module = symbols->modules; module; module = module->next)
		if (!strcmp(module->path, path) && module->build_id_size == size &&
		    (!size || !memcmp(module->build_id, build_id, size)))
			return module;
	module = calloc(1, sizeof(*module));
	if (!module)
		return NULL;
	module->path = strdup(path);
	if (!module->path) {
		free(module);
		return NULL;
	}
	if (size)
		memcpy(module->build_id, build_id, size);
	module->build_id_size = size;
	module->why = access(path, F_OK) ? VGPU_SYMBOLS_GONE : VGPU_SYMBOLS_NONE;
	if (!open_module(symbols, module, path))
		open_by_build_id(symbols, module);
	module->next = symbols->modules;
	symbols->modules = module;
	return module;
}

/* back: 1, the place is what a call returns to; it is looked for so many bytes earlier. */
static enum vgpu_symbols_found format(struct vgpu_symbols *symbols, const char *path, const uint8_t *build_id,
				      unsigned build_id_size, uint64_t offset, unsigned back, struct vgpu_text *out)
{
	struct module *module = module_of(symbols, path, build_id, build_id_size);
	GElf_Addr address, into;
	const char *name, *file;
	char *plain;
	GElf_Sym symbol;
	int number;

	if (!module || !module->module)
		return module ? module->why : VGPU_SYMBOLS_NONE;
	/* A return address is behind its call, which may be a function's last instruction. */
	address = offset + module->bias - back;
	name = dwfl_module_addrinfo(module->module, address, &into, &symbol, NULL, NULL, NULL);
	if (!name)
		return VGPU_SYMBOLS_NONE;
	plain = vgpu_demangle(name);
	vgpu_text_printf(out, "%s+0x%" PRIx64, plain ? plain : name, (uint64_t)into + back);
	free(plain);
	file = source_of(module->module, address, &number);
	if (file) {
		const char *slash = strrchr(file, '/');

		vgpu_text_printf(out, " (%s:%d)", slash ? slash + 1 : file, number);
	}
	return VGPU_SYMBOLS_NAME;
}

enum vgpu_symbols_found vgpu_symbols_format(struct vgpu_symbols *symbols, const char *path, const uint8_t *build_id,
					    unsigned build_id_size, uint64_t offset, struct vgpu_text *out)
{
	return format(symbols, path, build_id, build_id_size, offset, 1, out);
}

enum vgpu_symbols_found vgpu_symbols_format_exact(struct vgpu_symbols *symbols, const char *path, const uint8_t *build_id,
						  unsigned build_id_size, uint64_t offset, struct vgpu_text *out)
{
	return format(symbols, path, build_id, build_id_size, offset, 0, out);
}

#endif
