// SPDX-License-Identifier: Apache-2.0
/* Finds our libraries in this process by their ELF note, whatever their files are called. */
#include "shim/entry/core.h"

#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <limits.h>
#include <link.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shim/backend/backend.h"

struct walk {
	int (*visit)(const struct vgpu_found *found, void *data);
	void *data;
};

/* Looks through one PT_NOTE segment for our note and for the build id. */
static void read_notes(const uint8_t *at, size_t left, struct vgpu_found *found)
{
	while (left >= sizeof(ElfW(Nhdr))) {
		const ElfW(Nhdr) *note = (const void *)at;
		size_t name = (note->n_namesz + 3u) & ~3u, desc = (note->n_descsz + 3u) & ~3u;
		const uint8_t *payload = at + sizeof(*note) + name;

		if (sizeof(*note) + name + desc > left)
			return;
		if (note->n_type == VGPU_NOTE_LIBRARY && note->n_namesz == sizeof(VGPU_NOTE_OWNER) &&
		    !memcmp(note + 1, VGPU_NOTE_OWNER, sizeof(VGPU_NOTE_OWNER)) &&
		    note->n_descsz >= sizeof(struct vgpu_note_library)) {
			struct vgpu_note_library ours;

			/* Notes are aligned to 4 bytes, its fields to 8. */
			memcpy(&ours, payload, sizeof(ours));
			if (ours.core_abi == VGPU_CORE_ABI)
				found->library = (const void *)(payload + offsetof(struct vgpu_note_library, descriptor) +
								ours.descriptor);
		} else if (note->n_type == NT_GNU_BUILD_ID && note->n_namesz == 4 &&
			   !memcmp(note + 1, "GNU", 4)) {
			found->build_id = payload;
			found->build_id_size = note->n_descsz;
		}
		at += sizeof(*note) + name + desc;
		left -= sizeof(*note) + name + desc;
	}
}

static int visit_object(struct dl_phdr_info *info, size_t size, void *data)
{
	struct walk *walk = data;
	struct vgpu_found found = { .path = info->dlpi_name, .base = info->dlpi_addr };

	(void)size;
	for (int i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_NOTE)
			read_notes((const uint8_t *)info->dlpi_addr + info->dlpi_phdr[i].p_vaddr,
				   info->dlpi_phdr[i].p_memsz, &found);
	return found.library ? walk->visit(&found, walk->data) : 0;
}

int vgpu_found_each(int (*visit)(const struct vgpu_found *found, void *data), void *data)
{
	struct walk walk = { visit, data };

	return dl_iterate_phdr(visit_object, &walk);
}

struct wanted {
	uint32_t library;
	const struct vgpu_library *found;
};

static int match(const struct vgpu_found *found, void *data)
{
	struct wanted *wanted = data;

	if (found->library->id != wanted->library)
		return 0;
	wanted->found = found->library;
	return 1;
}

static const char *file_of(uint32_t library)
{
	static const char *const files[] = {
		[VGPU_LIBRARY_CUDA] = "libvgpu-cuda.so",
		[VGPU_LIBRARY_NVML] = "libvgpu-nvml.so",
		[VGPU_LIBRARY_CUDART13] = "libvgpu-cudart13.so",
		[VGPU_LIBRARY_CUDART12] = "libvgpu-cudart12.so",
	};

	return library < sizeof(files) / sizeof(*files) ? files[library] : NULL;
}

static const char *soname_of(uint32_t library)
{
	static const char *const names[] = {
		[VGPU_LIBRARY_CUDA] = "libcuda.so.1",
		[VGPU_LIBRARY_NVML] = "libnvidia-ml.so.1",
		[VGPU_LIBRARY_CUDART13] = "libcudart.so.13",
		[VGPU_LIBRARY_CUDART12] = "libcudart.so.12",
	};

	return names[library];
}

/* Loads the file of that name from the directory that `neighbour` lies in. */
static bool load_beside(const char *neighbour, const char *file)
{
	const char *slash = strrchr(neighbour, '/');
	char path[PATH_MAX];

	return slash && (size_t)snprintf(path, sizeof(path), "%.*s/%s", (int)(slash - neighbour),
					 neighbour, file) < sizeof(path) &&
	       dlopen(path, RTLD_NOW | RTLD_LOCAL);
}

const struct vgpu_library *vgpu_library_find(uint32_t library)
{
	struct wanted wanted = { .library = library };
	const char *file = file_of(library);
	char real[PATH_MAX];
	Dl_info self;

	if (vgpu_found_each(match, &wanted))
		return wanted.found;
	/* by our own name; behind the link we were loaded through; under the name that we stand for */
	if (file && dladdr(&vgpu_library, &self) &&
	    (load_beside(self.dli_fname, file) ||
	     (realpath(self.dli_fname, real) && load_beside(real, file)) ||
	     load_beside(self.dli_fname, soname_of(library))) &&
	    vgpu_found_each(match, &wanted))
		return wanted.found;
	errno = ENOENT;
	return NULL;
}
