// SPDX-License-Identifier: Apache-2.0
/* Finds rings of processes by number or name. */
#include "tracer/source/find.h"

#include <dirent.h>
#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shim/ring/reader.h"
#include "tracer/source/proc.h"

struct search {
	struct vgpu_find *find;
	struct vgpu_rings *rings;
	pid_t pid;
	const char *name;
	struct vgpu_stream *stream;
};

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static int live_process(pid_t pid, void *data)
{
	struct search *search = data;
	struct vgpu_proc proc;
	int added;

	if (search->pid ? pid != search->pid : pid == getpid())
		return 0;
	if (vgpu_proc_read(pid, &proc)) {
		vgpu_proc_free(&proc);
		return 0;
	}
	if (!search->name || !strcmp(proc.comm, search->name) || !strcmp(base_name(proc.exe), search->name) ||
	    (proc.argv_size && !strcmp(base_name(proc.argv), search->name))) {
		search->find->matched++;
		added = vgpu_rings_add_process(search->rings, pid, search->stream);
		if (added > 0)
			search->find->rings += added;
		else if (added == -EACCES || added == -EPERM)
			search->find->denied++;
	}
	vgpu_proc_free(&proc);
	return 0;
}

static bool ring_matches(const struct search *search, const char *path)
{
	const struct vgpu_process *process;
	struct vgpu_ring *ring;
	bool matches;

	if (vgpu_ring_open_file(&ring, path))
		return false;
	process = &vgpu_ring_arena(ring)->process;
	matches = search->pid ? process->pid == search->pid
			      : !search->name || !strcmp(process->comm, search->name) ||
				    !strcmp(base_name(process->exe), search->name);
	vgpu_ring_close(ring);
	return matches;
}

static void directory(const char *path, void *data)
{
	struct search *search = data;
	DIR *dir = opendir(path);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		char file[1024];

		if (strncmp(entry->d_name, "vgpu-", 5) && strncmp(entry->d_name, "link-", 5))
			continue;
		snprintf(file, sizeof(file), "%s/%s", path, entry->d_name);
		if (ring_matches(search, file) && !vgpu_rings_add_file(search->rings, file, search->stream))
			search->find->rings++;
	}
	if (dir)
		closedir(dir);
}

void vgpu_find_directories(void (*each)(const char *path, void *data), void *data)
{
	/* As shim/ring/arena.c chooses them, with those of recordings (session-…) and of services beneath. */
	static const char *const patterns[] = {
		"/dev/shm/vgpu-trace-*", "/dev/shm/vgpu-trace-*/session-*/ring", "/run/user/*/vgpu-trace",
		"/run/user/*/vgpu-trace/session-*/ring", "/run/vgpu-trace", "/run/vgpu-trace/session-*",
		"/run/private/vgpu-trace",
	};
	const char *own = getenv("VGPU_TRACE_DIR"), *runtime = getenv("XDG_RUNTIME_DIR");
	char pattern[1024];
	glob_t found = { 0 };
	int flags = GLOB_NOSORT;

	if (own && *own && !glob(own, flags | GLOB_NOMAGIC, NULL, &found))
		flags |= GLOB_APPEND;
	if (runtime && *runtime && strncmp(runtime, "/run/user/", 10)) {
		snprintf(pattern, sizeof(pattern), "%.900s/vgpu-trace", runtime);
		if (!glob(pattern, flags, NULL, &found))
			flags |= GLOB_APPEND;
		snprintf(pattern, sizeof(pattern), "%.900s/vgpu-trace/session-*/ring", runtime);
		if (!glob(pattern, flags, NULL, &found))
			flags |= GLOB_APPEND;
	}
	for (unsigned i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++)
		if (!glob(patterns[i], flags, NULL, &found))
			flags |= GLOB_APPEND;
	for (size_t i = 0; i < found.gl_pathc; i++)
		each(found.gl_pathv[i], data);
	globfree(&found);
}

void vgpu_find_rings(struct vgpu_find *find, struct vgpu_rings *rings, pid_t pid, const char *name,
		     struct vgpu_stream *stream)
{
	struct search search = { find, rings, pid, name, stream };

	if (pid)
		live_process(pid, &search);
	else
		vgpu_proc_each(live_process, &search);
	vgpu_find_directories(directory, &search);
}
