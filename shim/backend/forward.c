// SPDX-License-Identifier: Apache-2.0
/* The backend "forward": every call goes to another library, named by its absolute path. */
#include "shim/backend/forward.h"

#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "shim/backend/backend.h"
#include "shim/entry/call.h"

typedef void (*say_function)(int level, const char *format, ...) __attribute__((format(printf, 2, 3)));

struct forward_state forward;

/* Who answers for which of our libraries. */
static const char *const variables[] = {
	[VGPU_LIBRARY_CUDA] = "VGPU_FORWARD_CUDA",
	[VGPU_LIBRARY_NVML] = "VGPU_FORWARD_NVML",
	[VGPU_LIBRARY_CUDART13] = "VGPU_FORWARD_CUDART13",
	[VGPU_LIBRARY_CUDART12] = "VGPU_FORWARD_CUDART12",
};

/* Had the program loaded the target itself, these of its exports would have taken the place of libc's. */
static const char *const interposed[] = {
	"dlopen", "dlsym", "dlclose", "open", "openat", "open64", "fopen", "read", "write", "close", "ioctl",
	"mmap", "munmap", "malloc", "calloc", "realloc", "free", "stat", "access", "getenv", "fork", "execve",
	"pthread_create", "sigaction", "exit",
};

static const char *target_path(const struct vgpu_library *library)
{
	const char *path = secure_getenv(variables[library->id]);

	return path && path[0] == '/' ? path : NULL;
}

struct find {
	const void *address;      /* one inside it, or */
	const struct link_map *map;
	struct forward_range range;
};

static int find_object(struct dl_phdr_info *info, size_t size, void *data)
{
	struct find *find = data;
	uint64_t start = UINT64_MAX, end = 0;

	(void)size;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &info->dlpi_phdr[i];

		if (segment->p_type != PT_LOAD)
			continue;
		if (info->dlpi_addr + segment->p_vaddr < start)
			start = info->dlpi_addr + segment->p_vaddr;
		if (info->dlpi_addr + segment->p_vaddr + segment->p_memsz > end)
			end = info->dlpi_addr + segment->p_vaddr + segment->p_memsz;
	}
	if (start >= end)
		return 0;
	find->range = (struct forward_range){ start, end - start };
	if (find->map)
		return info->dlpi_addr == find->map->l_addr && (uint64_t)(uintptr_t)find->map->l_ld - start < end - start;
	return forward_within(&find->range, find->address);
}

static bool is_behind(const struct vgpu_library *library, const char *own_path)
{
	const char *path = target_path(library);
	struct stat own, target;

	return path && !stat(path, &target) && !stat(own_path, &own) && own.st_dev == target.st_dev &&
	       own.st_ino == target.st_ino;
}

static int load(const char *path, say_function say)
{
	struct find own = { .address = &vgpu_library }, target = { 0 };
	struct link_map *map;

	/*
	 * By itself: its calls of its own functions must not come back to our wrappers, and its
	 * symbols must not become the program's. For good: pointers into it are handed out.
	 */
	forward.handle = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND | RTLD_NODELETE);
	if (!forward.handle) {
		const char *why = dlerror();

		say(2, "forward: %s cannot be loaded: %s", path, why ? why : "no reason given");
		return -ELIBACC;
	}
	if (dlinfo(forward.handle, RTLD_DI_LINKMAP, &map))
		return -ELIBACC;
	target.map = map;
	forward_exports_open(map);
	if (dl_iterate_phdr(find_object, &own))
		forward.own = own.range;
	if (dl_iterate_phdr(find_object, &target))
		forward.target = target.range;
	if (forward.own.start == forward.target.start) {
		say(2, "forward: %s is this very library; it cannot stand behind itself", path);
		return -ELOOP;
	}
	return 0;
}

/* The target's own address of a function; never ours, in which the search may end where the target names us as needed. */
static void *find_symbol(const char *name)
{
	void *symbol = NULL;

	/* To ask dlsym for what is not there would be a search of ours in the link observer's record. */
	if (forward_exports(name, true))
		symbol = dlsym(forward.handle, name);
	return symbol && !forward_within(&forward.own, symbol) ? symbol : NULL;
}

static void say_missing(const char *path, uint32_t missing, say_function say)
{
	const struct vgpu_library *library = forward.library;
	char names[600] = "";
	size_t used = 0;

	for (uint32_t i = 1; missing && i <= library->count; i++) {
		if (!library->names[i] || forward.symbol[i])
			continue;
		if (used + strlen(library->names[i]) + 8 > sizeof(names)) {
			strcpy(names + used, ", ...");
			break;
		}
		used += (size_t)sprintf(names + used, "%s%s", used ? ", " : "", library->names[i]);
	}
	say(missing ? 1 : 0, "forward: %s is answered by %s, which lacks %u of our %u entry points%s%s",
	    library->soname, path, missing, library->count, missing ? ": " : "", names);
}

static void say_interposed(const char *path, say_function say)
{
	char names[300] = "";
	size_t used = 0;

	for (size_t i = 0; i < sizeof(interposed) / sizeof(interposed[0]); i++)
		if (forward_exports(interposed[i], false) && used + 20 < sizeof(names))
			used += (size_t)sprintf(names + used, "%s%s", used ? ", " : "", interposed[i]);
	if (used)
		say(1, "forward: %s also exports %s: in the program's own use these would have taken the place of libc's, "
		       "and here they do not",
		    path, names);
}

static int forward_open(const struct vgpu_library *library, void **dispatch, int fork, say_function say)
{
	const char *path = target_path(library);
	uint32_t missing = 0;
	int err;

	/* A forked child has the same library behind it, in whatever state that makes of itself. */
	if (fork && forward.handle)
		return 0;
	forward.library = library;
	forward.dispatch = dispatch;
	if (library->count >= FORWARD_FUNCTIONS)
		return -E2BIG;
	if (!path)
		say(2, "forward: $%s names no absolute path", variables[library->id]);
	err = path ? load(path, say) : -ENOENT;
	for (uint32_t i = 1; i <= library->count; i++) {
		void *symbol = !err && library->names[i] ? find_symbol(library->names[i]) : NULL;
		void *lookup = symbol ? forward_lookup(library->names[i], symbol) : NULL;

		forward.symbol[i] = symbol;
		dispatch[i] = lookup ? lookup : symbol ? symbol : library->missing[i];
		missing += library->names[i] && !symbol;
	}
	if (err)
		return err;
	vgpu_local.target = forward.target.start;
	vgpu_local.target_size = forward.target.size;
	say_missing(path, missing, say);
	say_interposed(path, say);
	return 0;
}

const struct vgpu_backend vgpu_backend_forward = {
	.name = "forward",
	.open = forward_open,
	.is_behind = is_behind,
};
