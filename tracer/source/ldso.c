// SPDX-License-Identifier: Apache-2.0
/* Which file the dynamic linker would take for a library's name. */
#include "tracer/source/ldso.h"

#include <elf.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tracer/source/elf.h"

/* /etc/ld.so.cache, glibc 2.32 and later: sysdeps/generic/dl-cache.h. */
#define CACHE_PATH  "/etc/ld.so.cache"
#define CACHE_MAGIC "glibc-ld.so.cache1.1"
#define CACHE_MAX   (64u << 20)

struct cache_entry {
	int32_t flags;
	uint32_t key;   /* offsets of strings in the file */
	uint32_t value;
	uint32_t os_version;
	uint64_t hwcap;
};

struct cache_head {
	char magic[20];
	uint32_t count;
	uint32_t strings_bytes;
	uint8_t flags;
	uint8_t pad[3];
	uint32_t extension;
	uint32_t unused[3];
};
_Static_assert(sizeof(struct cache_head) == 48 && sizeof(struct cache_entry) == 24, "as on disk");

static const char *const default_directories[] = {
#if defined(__x86_64__)
	"/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu",
#elif defined(__aarch64__)
	"/lib/aarch64-linux-gnu", "/usr/lib/aarch64-linux-gnu",
#endif
	"/lib64", "/usr/lib64", "/lib", "/usr/lib",
};

#if defined(__x86_64__)
#define MACHINE EM_X86_64
#elif defined(__aarch64__)
#define MACHINE EM_AARCH64
#else
#define MACHINE EM_NONE
#endif

static int usable(const char *path)
{
	struct vgpu_elf elf;

	return !vgpu_elf_read(path, &elf) && elf.is64 && (MACHINE == EM_NONE || elf.machine == MACHINE);
}

static int take(const char *path, const char *where, struct vgpu_ldso_answer *out)
{
	char real[PATH_MAX];

	if (!usable(path))
		return 0;
	snprintf(out->path, sizeof(out->path), "%.1023s", realpath(path, real) ? real : path);
	snprintf(out->where, sizeof(out->where), "%s", where);
	return 1;
}

/* A preloaded file answers for a name that it has as SONAME, wherever it lies. */
static int find_preload(const char *soname, const char *preload, struct vgpu_ldso_answer *out)
{
	while (*preload) {
		size_t n = strcspn(preload, ": \t\n");
		struct vgpu_elf elf;
		char path[PATH_MAX];

		if (n && n < sizeof(path)) {
			memcpy(path, preload, n);
			path[n] = '\0';
			if (strchr(path, '/') && !vgpu_elf_read(path, &elf) && !strcmp(elf.soname, soname) &&
			    take(path, "LD_PRELOAD", out))
				return 1;
		}
		preload += n + (preload[n] != '\0');
	}
	return 0;
}

static int find_path(const char *soname, const char *library_path, struct vgpu_ldso_answer *out)
{
	for (;;) {
		size_t n = strcspn(library_path, ":;");
		char path[PATH_MAX];

		/* An empty entry is the current directory. */
		if (n + strlen(soname) + 2 < sizeof(path)) {
			snprintf(path, sizeof(path), "%.*s%s%s", (int)n, library_path, n ? "/" : "./", soname);
			if (take(path, "LD_LIBRARY_PATH", out))
				return 1;
		}
		if (!library_path[n])
			return 0;
		library_path += n + 1;
	}
}

static int find_in_cache(const char *soname, const char *bytes, size_t size, struct vgpu_ldso_answer *out)
{
	const struct cache_head *head = (const void *)bytes;
	const struct cache_entry *entries = (const void *)(head + 1);

	if (size < sizeof(*head) || memcmp(head->magic, CACHE_MAGIC, sizeof(head->magic)) ||
	    head->count > (size - sizeof(*head)) / sizeof(*entries))
		return 0;
	for (uint32_t i = 0; i < head->count; i++) {
		uint32_t key = entries[i].key, value = entries[i].value;

		if (key >= size || value >= size || !memchr(bytes + key, '\0', size - key) ||
		    !memchr(bytes + value, '\0', size - value) || strcmp(bytes + key, soname))
			continue;
		if (take(bytes + value, "ld.so.cache", out))
			return 1;
	}
	return 0;
}

static int find_cache(const char *soname, struct vgpu_ldso_answer *out)
{
	int fd = open(CACHE_PATH, O_RDONLY | O_CLOEXEC), found = 0;
	struct stat st;
	char *bytes;
	ssize_t n;

	if (fd < 0)
		return 0;
	if (!fstat(fd, &st) && st.st_size > 0 && st.st_size < (off_t)CACHE_MAX) {
		bytes = malloc(st.st_size);
		n = bytes ? read(fd, bytes, st.st_size) : -1;
		if (n > 0)
			found = find_in_cache(soname, bytes, n, out);
		free(bytes);
	}
	close(fd);
	return found;
}

int vgpu_ldso_find(const char *soname, const char *preload, const char *library_path, struct vgpu_ldso_answer *out)
{
	memset(out, 0, sizeof(*out));
	if (preload && find_preload(soname, preload, out))
		return 1;
	if (library_path && *library_path && find_path(soname, library_path, out))
		return 1;
	if (find_cache(soname, out))
		return 1;
	for (unsigned i = 0; i < sizeof(default_directories) / sizeof(default_directories[0]); i++) {
		char path[PATH_MAX];

		snprintf(path, sizeof(path), "%s/%s", default_directories[i], soname);
		if (take(path, "a default directory", out))
			return 1;
	}
	return 0;
}
