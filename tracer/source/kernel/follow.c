/* SPDX-License-Identifier: Apache-2.0 */
/* Which processes are observed, and what of theirs is probed. */
#include "tracer/source/kernel/private.h"

#include <bpf/bpf.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Parent of a process, 0: it is gone. */
static pid_t parent_of(pid_t pid)
{
	char path[64], text[512], *end;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return 0;
	text[n] = '\0';
	/* The name before it may hold anything, parentheses too. */
	end = strrchr(text, ')');
	return end && strlen(end) > 4 ? atoi(end + 4) : 0;
}

static int mark(struct vgpu_kernel *kernel, pid_t pid)
{
	uint32_t key = pid, one = 1;

	return bpf_map_update_elem(kernel->followed_fd, &key, &one, BPF_ANY) ? -errno : 0;
}

bool vgpu_kernel_follows(const struct vgpu_kernel *kernel, pid_t pid)
{
	uint32_t key = pid, value;

	return !bpf_map_lookup_elem(kernel->followed_fd, &key, &value);
}

int vgpu_kernel_follow(struct vgpu_kernel *kernel, pid_t pid)
{
	struct dirent *entry;
	bool more = true;
	char path[64];
	DIR *dir;
	int err;

	snprintf(path, sizeof(path), "/proc/%d", (int)pid);
	if (access(path, F_OK))
		return -ESRCH;
	/* Before its descendants are looked for: children made from now on are marked by the kernel side. */
	err = mark(kernel, pid);
	while (!err && more) {
		more = false;
		dir = opendir("/proc");
		if (!dir)
			return -errno;
		while (!err && (entry = readdir(dir))) {
			pid_t child = atoi(entry->d_name);

			if (child <= 0 || vgpu_kernel_follows(kernel, child) || !vgpu_kernel_follows(kernel, parent_of(child)))
				continue;
			err = mark(kernel, child);
			more = true;
		}
		closedir(dir);
	}
	return err;
}

static bool is_linker(const char *name)
{
	return !strncmp(name, "libc.so.", 8) || !strncmp(name, "libc-2.", 7) || !strncmp(name, "ld-linux", 8) ||
	       !strncmp(name, "ld-2.", 5) || !strncmp(name, "libdl.so.", 9) || !strncmp(name, "libdl-2.", 8);
}

/* Through map_files, where it may be used: the very file that is mapped, whatever lies at that path now. */
static int attach_mapped(struct vgpu_kernel *kernel, pid_t pid, const char *range, const char *path,
			 const struct vgpu_kernel_target *target)
{
	struct vgpu_kernel_attached attached;
	char place[600];
	int err;

	snprintf(place, sizeof(place), "/proc/%d/root%s", (int)pid, path);
	err = vgpu_kernel_attach(kernel, place, target, &attached);
	if (err == -ENOENT || err == -EACCES) {
		snprintf(place, sizeof(place), "/proc/%d/map_files/%s", (int)pid, range);
		err = vgpu_kernel_attach(kernel, place, target, &attached);
	}
	return err ? err : attached.functions > 0;
}

int vgpu_kernel_attach_process(struct vgpu_kernel *kernel, pid_t pid)
{
	char line[1024];
	int attached = 0;
	FILE *file;

	snprintf(line, sizeof(line), "/proc/%d/maps", (int)pid);
	file = fopen(line, "re");
	if (!file)
		return -errno;
	while (fgets(line, sizeof(line), file)) {
		struct vgpu_kernel_target target = { 0 };
		char range[64], rights[8], path[512];
		const char *name;
		int n;

		if (sscanf(line, "%63s %7s %*s %*s %*s %511[^\n]", range, rights, path) != 3 || rights[2] != 'x' ||
		    path[0] != '/')
			continue;
		name = strrchr(path, '/') + 1;
		target.library = vgpu_kernel_library_of(path);
		if (is_linker(name))
			target.flags = VGPU_KERNEL_LINKER;
		else if (!target.library)
			continue;
		n = attach_mapped(kernel, pid, range, path, &target);
		attached += n > 0;
	}
	fclose(file);
	return attached;
}
