// SPDX-License-Identifier: Apache-2.0
/* Where a process has its rings: /proc/PID/maps. */
#include "shim/ring/reader.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shim/ring/reader_state.h"

struct mapping {
	uint64_t start, end, offset, inode;
	char *path;
};

/* Cuts a line of maps into its fields; path points into it. */
static int parse(char *line, struct mapping *out)
{
	unsigned major, minor;
	char rights[5];
	int at = 0;
	char *from, *to;

	line[strcspn(line, "\n")] = '\0';
	if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %" SCNx64 " %x:%x %" SCNu64 "%n", &out->start,
		   &out->end, rights, &out->offset, &major, &minor, &out->inode, &at) < 7)
		return 0;
	out->path = line + at + strspn(line + at, " ");
	/* The kernel writes a line feed in a name as \012, and nothing else so. */
	for (from = to = out->path; *from; to++) {
		if (!strncmp(from, "\\012", 4)) {
			*to = '\n';
			from += 4;
		} else {
			*to = *from++;
		}
	}
	*to = '\0';
	return out->end > out->start;
}

/* 0: no ring; 1: a file that is there; 2: a memfd, or a file without a name. Cuts " (deleted)" off. */
static int ring_kind(char *path)
{
	static const char memory[] = "/memfd:vgpu-ring", deleted[] = " (deleted)";
	size_t n = strlen(path);
	int kind = 1;
	char *name;

	if (!strncmp(path, memory, sizeof(memory) - 1) &&
	    (!path[sizeof(memory) - 1] || !strcmp(path + sizeof(memory) - 1, deleted)))
		return 2;
	if (n > sizeof(deleted) && !strcmp(path + n - (sizeof(deleted) - 1), deleted)) {
		path[n - (sizeof(deleted) - 1)] = '\0';
		kind = 2;
	}
	name = strrchr(path, '/');
	if (!name || (strncmp(name, "/vgpu-", 6) && strncmp(name, "/link-", 6)) || !isdigit((unsigned char)name[6]))
		return 0;
	n = strlen(name);
	return n > 5 && !strcmp(name + n - 5, ".ring") ? kind : 0;
}

static FILE *open_maps(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/maps", (int)pid);
	return fopen(path, "re");
}

int vgpu_ring_places(pid_t pid, struct vgpu_ring_place *out, int max)
{
	FILE *maps = open_maps(pid);
	uint64_t inode = 0, end = 0, bytes = 0;
	char *line = NULL;
	size_t room = 0;
	int found = 0;

	if (!maps)
		return errno == ENOENT ? -ESRCH : -errno;
	while (getline(&line, &room, maps) > 0) {
		struct mapping m;
		int kind;

		if (!parse(line, &m) || !(kind = ring_kind(m.path)))
			continue;
		if (m.offset) {
			/* The rest of a mapping that was cut in pieces (mprotect, madvise). */
			if (found && found <= max && m.inode == inode && m.start == end && m.offset == bytes)
				out[found - 1].bytes += m.end - m.start;
		} else {
			if (found < max) {
				memset(&out[found], 0, sizeof(out[found]));
				out[found].base = m.start;
				out[found].bytes = m.end - m.start;
				if (kind == 1 && strlen(m.path) < sizeof(out[found].path))
					strcpy(out[found].path, m.path);
			}
			found++;
			inode = m.inode;
			bytes = 0;
		}
		bytes += m.end - m.start;
		end = m.end;
	}
	free(line);
	fclose(maps);
	return found;
}

/* The mapping that begins at base, of a ring. */
static int find_mapping(pid_t pid, uint64_t base, uint64_t *end, uint64_t *inode)
{
	FILE *maps = open_maps(pid);
	char *line = NULL;
	size_t room = 0;
	int found = 0;

	while (maps && !found && getline(&line, &room, maps) > 0) {
		struct mapping m;

		if (!parse(line, &m) || m.start != base || !ring_kind(m.path))
			continue;
		*end = m.end;
		*inode = m.inode;
		found = 1;
	}
	free(line);
	if (maps)
		fclose(maps);
	return found;
}

static int gone(pid_t pid)
{
	return kill(pid, 0) && errno == ESRCH;
}

/*
 * The file was there to be opened, whether or not its header is whole yet. Where it is not, its maker is at
 * work on it: what may be read in memory a moment later would be gone with the process, the file is not.
 */
static int is_file(int err)
{
	return !err || err == -EPROTO || err == -EPROTONOSUPPORT;
}

int vgpu_ring_open_place(struct vgpu_ring **out, pid_t pid, const struct vgpu_ring_place *place)
{
	uint64_t end, inode;
	struct stat st;
	char path[sizeof(place->path) + 64];
	int err;

	*out = NULL;
	if (!find_mapping(pid, place->base, &end, &inode))
		return gone(pid) ? -ESRCH : -ENOENT;
	/* The very file that is mapped, whatever its name is now: but only root may. */
	snprintf(path, sizeof(path), "/proc/%d/map_files/%" PRIx64 "-%" PRIx64, (int)pid, place->base, end);
	err = vgpu_ring_open_file(out, path);
	if (is_file(err))
		return err;
	if (place->path[0]) {
		snprintf(path, sizeof(path), "/proc/%d/root%s", (int)pid, place->path);
		if (!lstat(path, &st) && S_ISREG(st.st_mode) && st.st_ino == inode) {
			err = vgpu_ring_open_file(out, path);
			if (is_file(err))
				return err;
		}
	}
	return vgpu_ring_open_memory(out, pid, place->base, place->bytes);
}
