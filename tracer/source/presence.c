// SPDX-License-Identifier: Apache-2.0
/* Whether our libraries are in a process. */
#include "tracer/source/presence.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tracer/source/elf.h"

/* One mapped file that was looked at: by device and inode as maps has them. */
struct looked {
	unsigned major, minor;
	unsigned long inode;
	uint32_t library;
};

struct vgpu_presence_cache {
	struct looked *files;
	unsigned count, room;
};

int vgpu_presence_open(struct vgpu_presence_cache **out)
{
	*out = calloc(1, sizeof(**out));
	return *out ? 0 : -ENOMEM;
}

void vgpu_presence_close(struct vgpu_presence_cache *cache)
{
	if (!cache)
		return;
	free(cache->files);
	free(cache);
}

static uint32_t library_of(struct vgpu_presence_cache *cache, pid_t pid, const struct looked *file, const char *path)
{
	char name[PATH_MAX + 32];
	struct vgpu_elf elf;

	for (unsigned i = 0; i < cache->count; i++)
		if (cache->files[i].inode == file->inode && cache->files[i].major == file->major &&
		    cache->files[i].minor == file->minor)
			return cache->files[i].library;
	if (cache->count == cache->room) {
		unsigned room = cache->room ? cache->room * 2 : 64;
		void *grown = realloc(cache->files, room * sizeof(*cache->files));

		if (!grown)
			return 0;
		cache->files = grown;
		cache->room = room;
	}
	/* As the process sees the path, containers included. */
	snprintf(name, sizeof(name), "/proc/%d/root%s", pid, path);
	cache->files[cache->count] = *file;
	cache->files[cache->count].library = vgpu_elf_read(name, &elf) ? 0 : elf.library;
	return cache->files[cache->count++].library;
}

int vgpu_presence_libraries(struct vgpu_presence_cache *cache, pid_t pid)
{
	char name[64], line[PATH_MAX + 256];
	int libraries = 0, lines = 0;
	FILE *maps;

	snprintf(name, sizeof(name), "/proc/%d/maps", pid);
	maps = fopen(name, "re");
	if (!maps)
		return errno == ENOENT ? -ESRCH : -errno;
	while (fgets(line, sizeof(line), maps)) {
		struct looked file = { 0 };
		char perms[8] = "";
		int path = 0;
		size_t n = strlen(line);

		lines++;
		if (n && line[n - 1] == '\n')
			line[n - 1] = '\0';
		if (sscanf(line, "%*x-%*x %7s %*x %x:%x %lu %n", perms, &file.major, &file.minor, &file.inode, &path) != 4 ||
		    !file.inode || !strchr(perms, 'x') || !path || line[path] != '/')
			continue;
		libraries |= 1 << library_of(cache, pid, &file, line + path);
	}
	fclose(maps);
	return lines ? libraries & ~1 : -ESRCH;
}

const char *vgpu_presence_obstacle(pid_t pid, const char *preload, const char *library_path, const char *audit)
{
	const struct {
		const char *name, *value;
	} signs[] = { { "LD_PRELOAD", preload }, { "LD_LIBRARY_PATH", library_path }, { "LD_AUDIT", audit } };
	static char value[64 << 10];
	struct vgpu_elf elf;
	char path[64];
	int has;

	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	if (!vgpu_elf_read(path, &elf)) {
		if (!elf.is64)
			return "a 32-bit program; our libraries are 64-bit";
		if (!elf.interpreter)
			return "a static program: no dynamic linker runs in it";
	}
	if (vgpu_proc_secure(pid) == 1)
		return "it runs with raised privileges (set-user-id or capabilities), where LD_* is ignored";
	for (unsigned i = 0; i < sizeof(signs) / sizeof(signs[0]); i++) {
		if (!signs[i].value)
			continue;
		has = vgpu_proc_getenv(pid, signs[i].name, value, sizeof(value));
		if (has < 0 || (has && strstr(value, signs[i].value)))
			return NULL;
	}
	return preload || library_path || audit ? "its environment lacks our variables: something between cleared them"
						: NULL;
}

void vgpu_presence_emit(const struct vgpu_known *known, uint64_t ended_ns, struct vgpu_stream *stream)
{
	struct vgpu_event event = {
		.kind = VGPU_EVENT_PRESENCE,
		.observer = VGPU_OBSERVER_PROCESS,
		.process = known->number,
		.presence = {
			.presence = known->presence,
			.libraries = known->libraries,
			.looks = known->looks,
			.last_look_ns = known->last_look_ns,
			.why = known->why,
		},
	};
	char why[128];

	if (known->has_ring)
		event.presence.presence = VGPU_PRESENCE_IN;
	if (event.presence.presence == VGPU_PRESENCE_IN) {
		event.presence.why = NULL;
	} else if (known->why) {
		event.presence.presence = VGPU_PRESENCE_OUT;
	} else if (!known->looks) {
		event.presence.presence = VGPU_PRESENCE_UNKNOWN;
		snprintf(why, sizeof(why), "lived %.1f ms, too short for a look into it",
			 ended_ns > known->start_ns ? (ended_ns - known->start_ns) / 1e6 : 0.0);
		event.presence.why = ended_ns ? why : "not looked into yet";
	} else if (ended_ns > known->last_look_ns) {
		snprintf(why, sizeof(why), "not there at the last look, %.0f ms before its end",
			 (ended_ns - known->last_look_ns) / 1e6);
		event.presence.why = why;
	}
	vgpu_stream_emit(stream, &event);
}
